"""What the subcommands do. Each takes the parsed arguments and returns an exit code."""

from __future__ import annotations

import argparse
import difflib
import os
import re
import shlex
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from distsys import drivers
from distsys.checkers.judging import judge_of
from distsys.core import systems
from distsys.core.divergence import divergence
from distsys.core.errors import ReplayError, UnknownNameError
from distsys.core.systems import System
from distsys.core.trace import Trace
from distsys.core.units import MS, US, S
from distsys.views import spacetime
from distsys.views.staging import summary
from distsys.views.words import seed_words, verdict

from .progress import with_progress

BESIDE = {"nodes": "--nodes", "quorums": "or sizes,2,2 or grid,3"}  # what `list` shows beside an option
WHOLE = re.compile("-?[0-9]{1,18}")
WINDOW = 40  # steps that are drawn of a long run when nobody says which


class UsageError(Exception):
    """The command cannot be carried out as it was typed."""


def say(*lines: str) -> None:
    """Write lines to standard output."""
    sys.stdout.write("".join(f"{line}\n" for line in lines))


def overview(text: str) -> int:
    """Print what there is."""
    say(text.rstrip())
    return 0


def find(name: str) -> System:
    """Return the system of that name; an error with the closest name where there is none."""
    if name not in systems.names():
        close = difflib.get_close_matches(name, systems.names(), 1, 0.5)
        guess = f"did you mean {close[0]}? " if close else ""
        raise UsageError(f"there is no system named {name!r}; {guess}there are: {', '.join(systems.names())}")
    return systems.find(name)


# list


def list_systems(chosen: argparse.Namespace) -> int:
    """Show all systems, or all about one."""
    if chosen.protocol is None:
        wide = max(map(len, systems.names()), default=0)
        say(*(f"{name:{wide}}  {systems.find(name).says}" for name in systems.names()))
        say("", "`distsys list PROTOCOL` shows the options, laws and mutants of one.")
        return 0
    system = find(chosen.protocol)
    say(f"{system.name}: {system.says}", "", "options (--option NAME=VALUE)")
    for option, default in {"nodes": 3, **system.options}.items():
        more = f"   ({BESIDE[option]})" if option in BESIDE else ""
        say(f"  {option} = {_option_text(default)}{more}")
    say("", "laws")
    say(*(f"  {law.name} ({law.when}): {law.says}" for law in system.laws))
    say(
        "",
        "faults that it must bear",
        f"  {', '.join(system.tolerates) or 'none'}",
        "",
        "mutants (--mutant ID)",
    )
    mutants = systems.mutants(system.name)
    say(*(f"  {mutant.id}: {mutant.title}; breaks {mutant.breaks!r}" for mutant in mutants))
    if not mutants:
        say("  none")
    return 0


def _option_text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


# simulate


def simulate(chosen: argparse.Namespace) -> int:
    """Run one seed or many, check the laws, and keep or draw the run that matters."""
    options = options_of(chosen)
    for path in (chosen.save, chosen.draw):
        if path not in (None, "-"):
            check_folder(path)
    seeds = range(chosen.seed, chosen.seed + (chosen.seeds or 1))
    found: Trace | None = None
    trace: Trace | None = None
    for seed in with_progress(seeds, len(seeds), "seeds"):
        trace = _judged(_run(chosen, seed, options))
        if trace.violation is not None:
            found = trace
            break
    assert trace is not None, "at least one seed is run"
    _report(chosen, trace, found, len(seeds))
    kept = found if chosen.seeds else trace
    if kept is not None:
        _keep(chosen, kept)
    elif (chosen.save or chosen.draw) and not chosen.quiet:
        say("Nothing saved or drawn: no seed broke a law.")
    return 1 if found else 0


def _run(chosen: argparse.Namespace, seed: int, options: dict[str, Any]) -> Trace:
    if chosen.walk:
        return drivers.walk(chosen.protocol, seed, mutant=chosen.mutant, **options)
    return drivers.simulate(
        chosen.protocol,
        seed,
        faults=chosen.faults,
        until=chosen.until,
        settle=chosen.settle,
        mutant=chosen.mutant,
        **options,
    )


def _judged(trace: Trace) -> Trace:
    """Return the run with the verdict of the checker of linearizability, where its clients record a history."""
    judge = judge_of(trace.header.system)
    found = judge(trace) if judge is not None and not trace.violations else ()
    return replace(trace, violations=found) if found else trace


def _report(chosen: argparse.Namespace, last: Trace, found: Trace | None, count: int) -> None:
    if found is not None:
        say(
            f"seed {found.header.seed}, {len(found)} steps: {verdict(found)}",
            f"Repeat it: {_repeat(chosen, found)}",
        )
    elif not chosen.quiet and chosen.seeds:
        say(f"{count} seeds, {chosen.seed} to {chosen.seed + count - 1}: {verdict(last)}")
    elif not chosen.quiet:
        say(f"seed {last.header.seed}, {len(last)} steps: {verdict(last)}")


def _repeat(chosen: argparse.Namespace, trace: Trace) -> str:
    """Return the one line that repeats a run."""
    parts = ["python -m distsys simulate", chosen.protocol, f"--seed {trace.header.seed}"]
    if chosen.nodes is not None:
        nodes = chosen.nodes
        parts.append("--nodes " + shlex.quote(str(nodes) if isinstance(nodes, int) else ",".join(nodes)))
    if chosen.mutant is not None:
        parts.append("--mutant " + shlex.quote(chosen.mutant))
    if not chosen.faults:
        parts.append("--no-faults")
    if chosen.walk:
        parts.append("--walk")
    parts.extend(
        f"--{name} {_time(getattr(chosen, name))}"
        for name in ("until", "settle")
        if getattr(chosen, name) not in (None, getattr(find(chosen.protocol), name))
    )
    parts.extend("--option " + shlex.quote(option) for option in chosen.option)
    return " ".join(parts)


def _time(us: int) -> str:
    """Return a time as it is typed."""
    for unit, size in (("s", S), ("ms", MS)):
        if us % size == 0:
            return f"{us // size}{unit}"
    return f"{us // US}us"


def options_of(chosen: argparse.Namespace) -> dict[str, Any]:
    """Return the options of the system, read like their defaults."""
    system = find(chosen.protocol)
    options: dict[str, Any] = {}
    for text in chosen.option:
        name, equals, value = text.partition("=")
        if not equals:
            raise UsageError(f"--option is NAME=VALUE, such as --option nodes=3, but it is {text!r}")
        if name == "nodes":
            raise UsageError("give the nodes as --nodes 5 or --nodes ann,bob,cyd")
        if name not in system.options:
            known = ", ".join(system.options) or "none but --nodes"
            raise UnknownNameError(f"{system.name} has no option {name!r}; it has: {known}")
        options[name] = _like(name, value, system.options[name])
    if chosen.nodes is not None:
        options["nodes"] = chosen.nodes
    systems.build(system.name, mutant=chosen.mutant, **options)  # complain before any work
    return options


def check_folder(path: str) -> None:
    """Complain before a long run, not after it, that its result cannot be written."""
    folder = Path(path).parent
    if not folder.is_dir():
        raise UsageError(f"{path} cannot be written: there is no folder {folder}")
    if Path(path).is_dir():
        raise UsageError(f"{path} cannot be written: it is a folder")


def _like(name: str, text: str, default: Any) -> Any:
    """Return the text of an option as a value of the kind of its default."""
    try:
        if isinstance(default, bool):
            return {"yes": True, "true": True, "no": False, "false": False}[text.lower()]
        if isinstance(default, int):
            return int(text)
    except (KeyError, ValueError):
        kind = "yes or no" if isinstance(default, bool) else "a whole number"
        raise UsageError(f"option {name} must be {kind}, like its default, but it is {text!r}") from None
    if isinstance(default, tuple):
        return _parts(name, text.split(","), default)
    if default is None or isinstance(default, str):
        return text
    raise UsageError(f"option {name} cannot be set from the command line: its default is {default!r}")


def _parts(name: str, texts: list[str], default: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return the parts of an option: each like that of its default, and those beyond it numbers if they look so."""
    parts = [text.strip() for text in texts]
    typed = [_like(name, part, one) for part, one in zip(parts, default, strict=False)]
    return (*typed, *(int(part) if WHOLE.fullmatch(part) else part for part in parts[len(typed) :]))


def _keep(chosen: argparse.Namespace, trace: Trace) -> None:
    if chosen.save:
        trace.save(chosen.save)
        if not chosen.quiet:
            say(f"Saved: {chosen.save} ({len(trace)} steps, sha256 {trace.digest()[:16]})")
    if chosen.draw == "-":
        _draw_text(trace, *_window(trace, None, None))
    elif chosen.draw:
        _draw_svg(trace, *_window(trace, None, None), chosen.draw, quiet=chosen.quiet)


# replay


def replay(chosen: argparse.Namespace) -> int:
    """Run a trace again, by its events and by its seed, and compare."""
    trace = Trace.load(chosen.file)
    if drivers.replay(trace).text() != trace.text():
        raise ReplayError("the nodes did the same, but the record has other bytes")
    say(
        f"{trace.header.system}{seed_words(trace.header)}: {len(trace)} steps replayed, "
        "same effects, same bytes."
    )
    if trace.header.driver.get("kind") == "simulator":
        if drivers.resimulate(trace).text() != trace.text():
            raise ReplayError(
                "the simulator gives another run for this seed and these settings: the code, or the system's "
                "workload, is not that of the recorded run"
            )
        say("The simulator, run again from the seed, gives the same bytes.")
    elif trace.header.driver.get("kind") == "schedule":
        if drivers.reperform(trace).steps != trace.steps:
            raise ReplayError(
                "the schedule, performed again, gives another run: the code is not that of the run"
            )
        say("The schedule, performed again, gives the same steps.")
    say(verdict(trace))
    return 0


# fork


def fork(chosen: argparse.Namespace) -> int:
    """Take a run another way from a step on, and keep or draw the new one."""
    for path in (chosen.save, chosen.draw):
        if path not in (None, "-"):
            check_folder(path)
    if not chosen.faults:
        raise UsageError("say what happens after that step, such as --crash n2 (try `distsys fork --help`)")
    trace = Trace.load(chosen.file)
    new = drivers.fork(trace, chosen.at, *chosen.faults)
    parts = divergence(trace, new)
    if not chosen.quiet or new.violation is not None:
        where = f"it goes another way at step {parts}" if parts else "nothing changes: that was so already"
        say(
            f"seed {new.header.seed}, forked after step {chosen.at}: {where}.",
            f"{len(new)} steps: {verdict(new)}",
        )
    _keep(chosen, new)
    return 1 if new.violation else 0


# draw


def draw(chosen: argparse.Namespace) -> int:
    """Draw a trace, in the terminal or as SVG."""
    trace = Trace.load(chosen.file)
    if not len(trace):
        raise UsageError(f"{chosen.file} holds a run without any step: there is nothing to draw")
    for name, number in (("--from", chosen.first), ("--to", chosen.last)):
        if number is not None and number > len(trace):
            raise UsageError(f"{name} must be a step of the run, from 1 to {len(trace)}, but it is {number}")
    first, last = _window(trace, chosen.first, chosen.last)
    if first > last:
        raise UsageError(f"--from must not be after --to, but {first} is after {last}")
    without = tuple(chosen.without)
    if chosen.svg:
        _draw_svg(trace, first, last, chosen.svg, without=without)
    else:
        _draw_text(trace, first, last, without=without)
    return 0


def _window(trace: Trace, first: int | None, last: int | None) -> tuple[int, int]:
    """Return the steps to draw: all of a short run, else the end at the broken law, else the beginning."""
    count = len(trace)
    if first is not None or last is not None or count <= WINDOW:
        first = first if first is not None else max(1, (last or count) - WINDOW + 1) if count > WINDOW else 1
        return first, min(last if last is not None else first + WINDOW - 1, count)
    broken = trace.violation.step or count if trace.violation is not None else 0
    last = min(count, max(broken, WINDOW))
    return last - WINDOW + 1, last


def _note_part(trace: Trace, first: int, last: int) -> str:
    whole = (first, last) == (1, len(trace))
    return (
        ""
        if whole
        else f"Steps {first} to {last} of {len(trace)}; --from and --to of `distsys draw` choose others."
    )


def _draw_text(trace: Trace, first: int, last: int, without: tuple[str, ...] = ()) -> None:
    terminal = sys.stdout.isatty()
    colour = terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    columns = max(60, shutil.get_terminal_size((100, 24)).columns) if terminal else 100
    say(spacetime.text(trace, first=first, last=last, without=without, columns=columns, colour=colour))
    if part := _note_part(trace, first, last):
        say(part)


def _draw_svg(
    trace: Trace, first: int, last: int, path: str, *, without: tuple[str, ...] = (), quiet: bool = False
) -> None:
    picture = spacetime.draw(trace, alt=summary(trace, first, last), first=first, last=last, without=without)
    picture.save(Path(path))
    if not quiet:
        say(f"Drawn: {path}. {_note_part(trace, first, last)}".rstrip())
