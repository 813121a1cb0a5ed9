"""`distsys explore`: every order of events in a small cluster, or all states of an abstract model."""

from __future__ import annotations

import argparse
import difflib
import sys
from collections.abc import Callable
from itertools import pairwise
from typing import Any

from distsys.core import systems
from distsys.core.errors import UnknownNameError
from distsys.drivers import Bounds, Exploration, explore, explore_model
from distsys.drivers.exploration import changes, told
from distsys.models import catalogue

from . import commands
from .commands import UsageError, say

ABOUT = """\
Try every order of events in a small cluster, within bounds: each message may come at any moment, each timer that
runs may fire, and the faults that the bounds allow may strike anywhere, also between two effects of one step.
What no bound names does not happen. A broken law comes with a shortest run that breaks it.
The name of an abstract model explores all its states."""

EXAMPLES = """\
examples:
  distsys explore reliable-broadcast --crashes 1
  distsys explore causal-broadcast --requests 2 --mutant CB-01 --draw
  distsys explore raft --timeouts 2 --timer heartbeat=0 --goal leader
  distsys explore abstract-paxos --acceptors 3 --ballots 2 --values 2
models: {models}

exit codes: 0 HOLDS within the bounds; 1 a law is broken, a goal was not reached, or there are more states than
--states-max; 2 the command cannot be used."""

COUNTS = {
    "crashes": "nodes that crash (default 0)",
    "wipes": "crashes, of those, in which the disk is lost (default 0)",
    "losses": "messages that the network loses (default 0)",
    "duplicates": "messages that it doubles (default 0)",
    "timeouts": "timers that fire, over all nodes (default 0)",
    "ticks": "times that the clock moves on (default 0)",
}
MODEL_OPTIONS = ("acceptors", "ballots", "values", "quorum", "rms", "small", "big", "wanted")


def add(subs: Any, make: Callable[..., Any], count: Callable[..., Any], nodes: Callable[[str], Any]) -> None:
    """Add the subcommand to a parser; `make`, `count` and `nodes` are those of `cli.parser`."""
    text = EXAMPLES.format(models=", ".join(sorted(catalogue.MODELS)))
    parser = make(
        subs.add_parser, "explore", help="try every order of events", description=ABOUT, epilog=text
    )
    option = parser.add_argument
    option("protocol", metavar="PROTOCOL", help="the name of a system (see `distsys list`) or of a model")
    option("--nodes", type=nodes, metavar="K", help="how many nodes, or their names (default 3)")
    option("--mutant", metavar="ID", help="explore a known bug in place of the correct system")
    option("--option", action="append", default=[], metavar="NAME=VALUE", help="an option of the system")
    for name, words in COUNTS.items():
        option(f"--{name}", type=count(name), metavar="N", help=words)
    option("--timeouts-each", type=count("timeouts-each"), metavar="N", help="timers that fire at one node")
    limit = "how often the timer NAME may fire at all, such as heartbeat=0"
    option("--timer", action="append", default=[], metavar="NAME=N", help=limit)
    asked = "requests that clients make: the first N of the workload (default 1)"
    option("--requests", type=count("requests"), metavar="N", help=asked)
    option("--in-order", action="store_true", help="the requests come in their order")
    option("--depth", type=count("depth"), metavar="N", help="actions in one run (default: no limit)")
    option("--seed", type=count("seed"), metavar="N", help="the seed of the workload and of the nodes' dice")
    reach = "an interesting state of the system that must be reached, or 'all' (see `distsys list`)"
    option("--goal", action="append", default=[], metavar="NAME", help=reach)
    option("--symmetry", action="store_true", default=None, help="take nodes that play one role for alike")
    most = "give up when there are more states (default 1000000)"
    option("--states-max", type=count("states-max", 1), metavar="N", help=most)
    for name in MODEL_OPTIONS:
        option(f"--{name}", type=count(name), metavar="N", help=f"of a model: {name}")
    option("--save", metavar="FILE", help="write the run that breaks a law")
    drawn = "draw that run: in the terminal, or as SVG into FILE"
    option("--draw", nargs="?", const="-", metavar="FILE.svg", help=drawn)
    option("--quiet", action="store_true", help="print only what went wrong")
    parser.set_defaults(run=run)


def run(chosen: argparse.Namespace) -> int:
    """Explore, print what was found, and keep the run that breaks a law."""
    for path in (chosen.save, chosen.draw):
        if path not in (None, "-"):
            commands.check_folder(path)
    model = chosen.protocol in catalogue.MODELS
    result = _explore_model(chosen) if model else _explore_system(chosen)
    if not (chosen.quiet and result.holds):
        say(str(result))
    if result.trace is not None:
        commands._keep(chosen, result.trace)
    elif result.path:
        say(*_lines(result.path))
    elif (chosen.save or chosen.draw) and not chosen.quiet:
        say("Nothing saved or drawn: no law was broken.")
    return 0 if result.holds else 1


def _lines(path: tuple[tuple[str, Any], ...]) -> list[str]:
    """Return a path through a model, a line for each action, with what it changes."""
    lines = [f"  {0:2}  {'initial':24} {told(path[0][1])}"]
    for place, ((_, before), (action, after)) in enumerate(pairwise(path), 1):
        lines.append(f"  {place:2}  {action:24} {changes(before, after)}")
    return lines


def _explore_model(chosen: argparse.Namespace) -> Exploration:
    of_systems = [*COUNTS, "nodes", "mutant", "timeouts_each", "requests", "seed", "symmetry"]
    given = [name for name in of_systems if getattr(chosen, name) is not None]
    given += [name for name in ("option", "timer", "goal") if getattr(chosen, name)]
    if given:
        raise UsageError(f"{chosen.protocol} is a model, which takes no --{given[0].replace('_', '-')}")
    if chosen.save or chosen.draw:
        raise UsageError(f"{chosen.protocol} is a model: it has no nodes, so no run to save or draw")
    options = {name: getattr(chosen, name) for name in _given_of_models(chosen)}
    model = catalogue.build(chosen.protocol, **options)
    with _Line() as line:
        return explore_model(model, depth=chosen.depth, states_max=_states_max(chosen), progress=line.show)


def _given_of_models(chosen: argparse.Namespace) -> list[str]:
    return [name for name in MODEL_OPTIONS if getattr(chosen, name) is not None]


def _states_max(chosen: argparse.Namespace) -> int:
    most: int = 1_000_000 if chosen.states_max is None else chosen.states_max
    return most


def _explore_system(chosen: argparse.Namespace) -> Exploration:
    _find(chosen.protocol)
    if names := _given_of_models(chosen):
        raise UsageError(f"{chosen.protocol} is a system of nodes, which takes no --{names[0]}")
    options = commands.options_of(chosen)
    cluster = systems.build(chosen.protocol, mutant=chosen.mutant, **options)
    counts: dict[str, Any] = {name: getattr(chosen, name) or 0 for name in COUNTS}
    bounds = Bounds(
        **counts,
        timeouts_each=chosen.timeouts_each,
        timers=dict(_timer(text) for text in chosen.timer),
        requests=chosen.requests,
        in_order=chosen.in_order,
        depth=chosen.depth,
    )
    with _Line() as line:
        return explore(
            cluster,
            bounds=bounds,
            goals=_goals(chosen, cluster.system),
            symmetry=bool(chosen.symmetry),
            states_max=_states_max(chosen),
            seed=chosen.seed or 0,
            progress=line.show,
        )


def _find(name: str) -> None:
    """Complain where neither a system nor a model has this name, with the closest name."""
    known = (*systems.names(), *sorted(catalogue.MODELS))
    if name not in known:
        close = difflib.get_close_matches(name, known, 1, 0.5)
        guess = f"did you mean {close[0]}? " if close else ""
        raise UsageError(f"there is no system or model named {name!r}; {guess}there are: {', '.join(known)}")


def _timer(text: str) -> tuple[str, int]:
    name, equals, limit = text.partition("=")
    if not equals or not name or not limit.isdigit():
        raise UsageError(f"--timer is NAME=N, such as --timer heartbeat=0, but it is {text!r}")
    return name, int(limit)


def _goals(chosen: argparse.Namespace, system: systems.System) -> tuple[Any, ...]:
    sights = {sight.name: sight for sight in system.sights}
    names = tuple(sights) if chosen.goal == ["all"] else chosen.goal
    for name in names:
        if name not in sights:
            known = ", ".join(sights) or "none"
            raise UnknownNameError(f"{system.name} has no goal {name!r}; it has: {known}")
    return tuple(sights[name] for name in names)


class _Line:
    """A line on standard error that says how far an exploration is, if that is a terminal."""

    def __enter__(self) -> _Line:
        self.stream = sys.stderr
        self.on = self.stream.isatty()
        return self

    def show(self, states: int, transitions: int, depth: int) -> None:
        """Write the line anew."""
        if self.on:
            self.stream.write(f"\r{states:,} states, {transitions:,} transitions, depth {depth} ")
            self.stream.flush()

    def __exit__(self, *problem: object) -> None:
        if self.on:
            self.stream.write("\r\x1b[K")
            self.stream.flush()
