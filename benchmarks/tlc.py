"""Lamport's Paxos under our explorer and under TLC: the same model, the same count of states, and what each takes.

The contestants take turns in one run, for each scope:

    ours    `explore_model(abstract_paxos(...))`: the model written in Python, on one core
    TLC     the model checker of TLA+, in Java, with one worker, on the specification Paxos.tla as Lamport published it

Both check the same three invariants (agreement, one value per ballot, votes are safe). For TLC the script writes a
module of a dozen lines that says how many acceptors, values and ballots there are; with it stand the author's own
Paxos.tla, Voting.tla and Consensus.tla, of the public TLA+ examples, which are not part of this project.

Compare the counts, which must be equal and are asserted: distinct states, and the depth of the search. (TLC makes
the state after Phase2a once for each quorum that permits it and ours once, so successors are not compared.) The
times say less: TLC reads a language that it has never seen, keeps a fingerprint of each state, and could keep them
on disk; ours runs code of the same model and keeps all states in memory. Seconds are those of the processor, of all
threads (Java compiles and collects garbage in some of its own); what TLC takes for a model of one state is taken off.

Voting.tla extends two modules of the proof system TLAPS: its folder `library` must be on -DTLA-Library.

    .venv/bin/python benchmarks/tlc.py --specs examples/specifications/Paxos \\
        --tlc 'java -XX:+UseParallelGC -DTLA-Library=tlapm/library -cp tla2tools.jar tlc2.TLC'
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

from distsys.drivers import explore_model
from distsys.models.abstract_paxos import abstract_paxos

SCOPES = ((3, 2, 2), (3, 3, 2), (4, 2, 2), (3, 2, 3))  # acceptors, values, ballots
SPECIFICATIONS = ("Paxos.tla", "Voting.tla", "Consensus.tla")
MODULE = """---- MODULE MC ----
EXTENDS Paxos, FiniteSets
OurAcceptors == 1..{acceptors}
OurValues == {{{values}}}
OurQuorums == {{Q \\in SUBSET OurAcceptors : 2 * Cardinality(Q) > {acceptors}}}
OurBallots == 0..{last}
Agreement == Cardinality(V!chosen) <= 1
OneValuePerBallot == V!OneValuePerBallot
VotesSafe == V!VotesSafe
====
"""
SETTINGS = """SPECIFICATION Spec
CONSTANTS
  Acceptor <- OurAcceptors
  Value <- OurValues
  Quorum <- OurQuorums
  Ballot <- OurBallots
  Ballot <-[Voting] OurBallots
  None = None
INVARIANTS Agreement OneValuePerBallot VotesSafe
CHECK_DEADLOCK FALSE
"""
EMPTY = "---- MODULE MC ----\nVARIABLE x\nInit == x = 0\nNext == x' = x\n====\n"


class Count(NamedTuple):
    """What a contestant has counted; `depth` is the number of states on the longest of all shortest paths."""

    distinct: int
    depth: int


def ours(scope: tuple[int, int, int]) -> tuple[Count, float]:
    """Return our counts of a scope, and the seconds of the processor."""
    start = time.process_time()
    found = explore_model(abstract_paxos(*scope))
    seconds = time.process_time() - start
    assert found.verdict == "HOLDS", found
    return Count(found.states, found.depth + 1), seconds


def run(command: list[str], folder: Path) -> tuple[str, float]:
    """Return what TLC prints, and the seconds of the processor of all its threads together."""
    before = os.times()
    done = subprocess.run(
        [*command, "-workers", "1", "-config", "MC.cfg", "MC"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    after = os.times()
    busy = after.children_user + after.children_system - before.children_user - before.children_system
    if done.returncode:
        raise SystemExit(f"TLC has failed:\n{done.stdout[-2000:]}{done.stderr[-500:]}")
    return done.stdout, busy


def tlc(command: list[str], specs: Path, scope: tuple[int, int, int]) -> tuple[Count, float]:
    """Return TLC's counts of a scope, and its seconds of the processor."""
    acceptors, values, ballots = scope
    names = ", ".join(f'"v{number + 1}"' for number in range(values))
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        for name in SPECIFICATIONS:
            shutil.copy(specs / name, folder)
        (folder / "MC.tla").write_text(
            MODULE.format(acceptors=acceptors, values=names, last=ballots - 1), encoding="utf-8"
        )
        (folder / "MC.cfg").write_text(SETTINGS, encoding="utf-8")
        said, seconds = run(command, folder)
    distinct = re.search(r"^\d+ states generated, (\d+) distinct", said, re.MULTILINE)[1]
    depth = re.search(r"depth of the complete state graph search is (\d+)", said)[1]
    return Count(int(distinct), int(depth)), seconds


def version_of(said: str) -> str:
    """Return the version that TLC gives itself in its banner.

    >>> version_of("TLC2 Version 2.19 of 08 August 2024 (rev: 5a47802)\\nRunning breadth-first search ...")
    'TLC2 Version 2.19 of 08 August 2024 (rev: 5a47802)'
    >>> version_of("no banner")
    'TLC of a version that it does not tell'
    """
    banner = re.search(r"^TLC2 Version .*$", said, re.MULTILINE)
    return banner[0].strip() if banner else "TLC of a version that it does not tell"


def start_of_java(command: list[str]) -> tuple[str, float]:
    """Return the version of TLC, and the seconds of the processor that it takes for a model of one state."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "MC.tla").write_text(EMPTY, encoding="utf-8")
        (folder / "MC.cfg").write_text("INIT Init\nNEXT Next\n", encoding="utf-8")
        said, seconds = run(command, folder)
    return version_of(said), seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tlc", help="the command that runs TLC, without its arguments")
    parser.add_argument("--specs", type=Path, help="the folder that holds Lamport's Paxos.tla")
    parser.add_argument("--repeat", type=int, default=5, help="rounds (default 5)")
    chosen = parser.parse_args()
    if chosen.tlc is None or chosen.specs is None:
        print("tlc.py: skipped, for it needs TLC and Lamport's specifications: --tlc and --specs")
        return
    command = shlex.split(chosen.tlc)
    times: dict[tuple[int, int, int], list[tuple[float, float]]] = {scope: [] for scope in SCOPES}
    counts: dict[tuple[int, int, int], Count] = {}
    starts = []
    for _ in range(chosen.repeat):
        version, seconds = start_of_java(command)
        starts.append(seconds)
        for scope in SCOPES:
            mine, seconds = ours(scope)
            theirs, other = tlc(command, chosen.specs, scope)
            assert mine == theirs == counts.setdefault(scope, mine), f"{scope}: {mine} and {theirs}"
            times[scope].append((seconds, other - starts[-1]))
    print(
        f"{platform.python_implementation()} {platform.python_version()}, {chosen.repeat} rounds in turns, medians"
    )
    print(version)
    print(f"TLC starts in {statistics.median(starts):.2f} s of the processor, which are taken off below")
    for scope in SCOPES:
        a, v, b = scope
        mine, theirs = (statistics.median(column) for column in zip(*times[scope], strict=True))
        ratio = statistics.median(other / seconds for seconds, other in times[scope])
        print(
            f"{a} acceptors, {v} values, {b} ballots: {counts[scope].distinct:9,} states, depth "
            f"{counts[scope].depth}, in both; ours {mine:.2f} s, TLC {theirs:.2f} s, TLC / ours {ratio:.1f}"
        )


if __name__ == "__main__":
    main()
