"""`distsys sweep` and `distsys mutants`: many runs on all cores, and what they found."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from distsys.checkers.judging import judge_of
from distsys.checkers.matrix import WAYS, Row, all_mutants, matrix, store
from distsys.core import systems
from distsys.drivers.sweep import sweep

from .commands import UsageError, check_folder, find, options_of, say
from .progress import bar

ABOUT_SWEEP = """\
Run a system with many seeds on all cores, and judge every run: by the laws of the system, and the history of its
clients by the checker of linearizability. Each broken law comes with the line that repeats the run. The sweep is
red (exit code 1) when a law was broken, a run used up its budget of steps, or something that the system declares
as worth seeing was never seen."""

SWEEP_EXAMPLES = """\
examples:
  distsys sweep causal-broadcast --seeds 300
  distsys sweep raft --seeds 5000 --from 10000 --workers 4
  distsys sweep reliable-broadcast --mutant RB-02 --seeds 50"""

ABOUT_MUTANTS = """\
Hunt known bugs (mutants) with every judge there is, and print which of them catches which bug, after how many
seeds, and how short a run was found. A row is red (exit code 1) when the bug was not caught within its budget, was
caught by another law than it names, or has no short run."""

MUTANTS_EXAMPLES = """\
examples:
  distsys mutants causal-broadcast
  distsys mutants --only CB-01 --only CB-02 --json rows.json
  distsys mutants --store tests/golden/counterexamples"""


def run_sweep(chosen: argparse.Namespace) -> int:
    """Sweep over seeds and print the summary."""
    options = options_of(chosen)
    seeds = range(chosen.first, chosen.first + chosen.seeds)
    result = sweep(
        chosen.protocol, seeds, workers=chosen.workers, mutant=chosen.mutant, judge=judge_of(chosen.protocol),
        progress=bar("seeds"), until=chosen.until, settle=chosen.settle,
        walks=chosen.walk, **options,
    )  # fmt: skip
    say(result.text())
    return 0 if result.ok else 1


def run_mutants(chosen: argparse.Namespace) -> int:
    """Compute the matrix, print it, and keep what was asked for."""
    if chosen.protocol is not None and not systems.value_mutants(chosen.protocol):
        find(chosen.protocol)
    for path in (chosen.json,):
        if path is not None:
            check_folder(path)
    if chosen.store is not None and not Path(chosen.store).is_dir():
        raise UsageError(f"--store must be a folder, but there is no folder {chosen.store}")
    all_mutants(chosen.protocol, chosen.only)  # complain before any work
    rows = matrix(
        chosen.protocol, only=chosen.only, workers=chosen.workers, progress=bar("mutants"), seeds=chosen.seeds
    )
    say(*table(rows))
    if chosen.json is not None:
        text = json.dumps([row.plain() for row in rows], indent=1, ensure_ascii=False, sort_keys=True)
        Path(chosen.json).write_text(text + "\n", encoding="utf-8")
    if chosen.store is not None:
        say(f"{len(store(rows, chosen.store))} runs stored in {chosen.store}")
    return 0 if all(row.green for row in rows) else 1


def table(rows: Sequence[Row]) -> list[str]:
    """Return the matrix as lines: a row for each mutant, then which laws spoke first, and what is wrong."""
    head = ["mutant", "class", *WAYS, "seeds", "events", "law"]
    cells = [head, *(_cells(row) for row in rows)]
    wide = [max(len(line[place]) for line in cells) for place in range(len(head))]
    lines = [
        "  ".join(f"{cell:{width}}" for cell, width in zip(line, wide, strict=True)).rstrip()
        for line in cells
    ]
    red = [row for row in rows if not row.green]
    lines.append("")
    lines += [_before(row) for row in rows if row.before is not None]
    lines += [f"red: {row.mutant.id} ({row.mutant.title}): {'; '.join(row.reds)}" for row in red]
    lengths = sorted(row.length for row in rows if row.length is not None)
    middle = f", half of the runs have at most {lengths[len(lengths) // 2]} events" if lengths else ""
    lines.append(f"{len(rows)} mutants, {len(red)} red{middle}")
    return lines


def _before(row: Row) -> str:
    """Return which other law spoke first of a mutant, and what its own says in the same run."""
    assert row.before is not None, "only where there is one"
    law, seeds, step, own = row.before
    said = "keeps silent" if own is None else f"speaks at step {own}"
    where = f"after {seeds} seed{'s' * (seeds != 1)} at step {step}"
    return (
        f"first: {row.mutant.id}: {law!r} spoke {where}; {row.mutant.breaks!r}, asked by itself there, {said}"
    )


def _cells(row: Row) -> list[str]:
    number = [str(n) if n is not None else "" for n in (row.seeds, row.length)]
    return [
        row.mutant.id,
        row.mutant.klass,
        *(row.caught.get(way, "") for way in WAYS),
        *number,
        row.law or "-",
    ]


def add_commands(subs: Any, make: Any, count: Any, nodes: Any, duration: Any) -> None:
    """Add the two subcommands to the parser, with its readers of numbers, nodes and times."""
    _add_sweep(subs, make, count, nodes, duration)
    _add_mutants(subs, make, count)


def _add_sweep(subs: Any, make: Any, count: Any, nodes: Any, duration: Any) -> None:
    parser = make(
        subs.add_parser,
        "sweep",
        help="run many seeds on all cores",
        description=ABOUT_SWEEP,
        epilog=SWEEP_EXAMPLES,
    )
    add = parser.add_argument
    add("protocol", metavar="PROTOCOL", help="the name of a system, see `distsys list`")
    add("--seeds", type=count("seeds", 1), default=300, metavar="N", help="how many seeds (default 300)")
    add(
        "--from",
        dest="first",
        type=count("from"),
        default=0,
        metavar="SEED",
        help="the first seed (default 0)",
    )
    add(
        "--workers",
        type=count("workers", 1),
        metavar="N",
        help="how many processes (default: one for each core)",
    )
    add("--nodes", type=nodes, metavar="K", help="how many nodes, or their names (default 3)")
    add("--mutant", metavar="ID", help="run a known bug in place of the correct system")
    add("--until", type=duration, metavar="TIME", help="length of the phase with faults, as in `simulate`")
    add("--settle", type=duration, metavar="TIME", help="healed time after it, as in `simulate`")
    text = "an option of the system, see `list`"
    add("--option", action="append", default=[], metavar="NAME=VALUE", help=text)
    text = "random walks without a clock, for systems whose laws do not lean on time"
    add("--walk", action="store_true", help=text)
    parser.set_defaults(run=run_sweep)


def _add_mutants(subs: Any, make: Any, count: Any) -> None:
    parser = make(
        subs.add_parser, "mutants", help="hunt known bugs", description=ABOUT_MUTANTS, epilog=MUTANTS_EXAMPLES
    )
    add = parser.add_argument
    add("protocol", nargs="?", metavar="PROTOCOL", help="the mutants of one system (default: of all)")
    add("--only", action="append", default=[], metavar="ID", help="this mutant; may be given several times")
    add(
        "--seeds",
        type=count("seeds", 1),
        metavar="N",
        help="try at most N seeds (default: as the class says)",
    )
    add(
        "--workers",
        type=count("workers", 1),
        metavar="N",
        help="how many processes (default: one for each core)",
    )
    add("--json", metavar="FILE", help="write the rows as JSON")
    add(
        "--store",
        metavar="FOLDER",
        help="write the run of each mutant, the shortest that was found, into this folder",
    )
    parser.set_defaults(run=run_mutants)
