"""What can be typed: subcommands, options, and the help that teaches them."""

from __future__ import annotations

import argparse
from typing import Any, NoReturn

from distsys import __version__
from distsys.core.units import MS, US, S
from distsys.drivers import Crash, Cut, Heal, Partition, Pause, Restart, Resume

from . import check, commands, explore, serve, sweep

OVERVIEW = """\
Run distributed systems under faults, keep the runs, and look at them.

  list       what can be run: systems, their laws, options and known bugs
  simulate   run a system once, or with many seeds, and check its laws
  explore    try every order of events in a small cluster, within bounds
  replay     run the record of a run again and compare
  sweep      run many seeds on all cores, and judge each run
  mutants    hunt known bugs, and say which law catches which
  fork       take a run another way: after step N, now a node crashes
  draw       show a run as a space-time diagram
  check      judge a history of operations: linearizable, causal, ...
  serve      run a system as processes, over TCP and with real disks"""

EXAMPLES = """\
examples:
  distsys list causal-broadcast
  distsys simulate causal-broadcast --seed 7
  distsys simulate causal-broadcast --seeds 200 --mutant CB-01 --save found.trace
  distsys replay found.trace
  distsys fork found.trace --at 12 --crash n2 --save other.trace
  distsys draw found.trace --from 1 --to 30 --svg found.svg

`python -m distsys` is the same as `distsys`.

exit codes: 0 all is well; 1 a law was broken, or a replay differs; 2 the command or its input
cannot be used; 130 stopped with Ctrl-C; 141 the reader of the output went away."""

ABOUT_SEEDS = """\
A seed is a whole number from which all chance of a run is drawn: delays, losses, crashes, timers. The same
command with the same seed gives the same run, byte for byte, on every machine; another seed gives another
run.
With --seeds, many seeds are tried, and the first that breaks a law is shown with the line that repeats it."""

ABOUT_FORKS = """\
Run a recorded simulation again, the same up to step N, and let something else happen directly after that
step, before all else that is due. Several faults happen in the order in which they are typed. The new run is
a trace like any other: it can be saved, replayed, drawn and forked."""

FORK_EXAMPLES = """\
examples:
  distsys fork found.trace --at 12 --crash n2 --draw
  distsys fork found.trace --at 9 --partition 'n1|n2,n3' --save other.trace --quiet
  distsys fork other.trace --at 15 --heal --cut n1,n3"""

SIMULATE_EXAMPLES = """\
examples:
  distsys simulate lamport-clock --seed 7 --nodes ann,bob,cyd --draw
  distsys simulate reliable-broadcast --seeds 500 --until 2s --settle 2s
  distsys simulate paxos --nodes 6 --option quorums=grid,3 --option commands=2
  distsys simulate causal-broadcast --mutant CB-01 --seeds 200 --save found.trace --draw found.svg"""


class Parser(argparse.ArgumentParser):
    """A parser that complains in one line."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong, and where help is."""
        raise commands.UsageError(f"{message} (try `{self.prog} --help`)")


def build() -> Parser:
    """Return the parser of the whole command line."""
    parser: Parser = _parser(Parser, prog="distsys", description=OVERVIEW, epilog=EXAMPLES)
    parser.add_argument("--version", action="version", version=f"distsys {__version__}")
    parser.set_defaults(run=lambda chosen: commands.overview(parser.format_help()))
    subs = parser.add_subparsers(metavar="COMMAND", parser_class=Parser)
    _add_list(subs)
    _add_simulate(subs)
    explore.add(subs, _parser, _count, _nodes)
    _add_replay(subs)
    _add_fork(subs)
    _add_draw(subs)
    check.add(subs, _parser)
    serve.add(subs, _parser, _count, _nodes)
    sweep.add_commands(subs, _parser, _count, _nodes, _duration)
    return parser


def _parser(make: Any, *names: str, **texts: str) -> Any:
    return make(*names, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False, **texts)


def _add_list(subs: Any) -> None:
    text = (
        "Show all systems, or one of them with its options, laws and mutants (known bugs, put in on purpose)."
    )
    parser = _parser(subs.add_parser, "list", help="show what can be run", description=text)
    parser.add_argument("protocol", nargs="?", metavar="PROTOCOL", help="the name of a system")
    parser.set_defaults(run=commands.list_systems)


def _add_simulate(subs: Any) -> None:
    parser = _parser(
        subs.add_parser, "simulate", help="run a system", description=ABOUT_SEEDS, epilog=SIMULATE_EXAMPLES
    )
    add = parser.add_argument
    add("protocol", metavar="PROTOCOL", help="the name of a system, see `distsys list`")
    add(
        "--seed",
        type=_count("seed"),
        default=0,
        metavar="N",
        help="the seed, or the first of many (default 0)",
    )
    add("--seeds", type=_count("seeds", 1), metavar="N", help="try N seeds, one after the other")
    add(
        "--nodes",
        type=_nodes,
        metavar="K",
        help="how many nodes, or their names: 3 or ann,bob,cyd (default 3)",
    )
    add("--mutant", metavar="ID", help="run a known bug in place of the correct system")
    faults = "draw faults from the seed, of the kinds that the system tolerates (default: yes)"
    add("--faults", action=argparse.BooleanOptionalAction, default=True, help=faults)
    add(
        "--until",
        type=_duration,
        metavar="TIME",
        help="length of the phase with faults (default: what the system asks for, mostly 5s)",
    )
    healed = "healed time after it (default: what the system asks for, mostly 5s)"
    add("--settle", type=_duration, metavar="TIME", help=healed)
    add(
        "--option",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="an option of the system, see `list`; commas part a value: quorums=sizes,2,2",
    )
    walk = (
        "a random walk without a clock (no --until, no --settle), where the system's laws do not lean on time"
    )
    add("--walk", action="store_true", help=walk)
    add("--save", metavar="FILE", help="write the trace (with --seeds: of the first seed that breaks a law)")
    drawn = "draw the run: in the terminal, or as SVG into FILE"
    add("--draw", nargs="?", const="-", metavar="FILE.svg", help=drawn)
    add("--quiet", action="store_true", help="print only what went wrong")
    parser.set_defaults(run=commands.simulate)


def _add_replay(subs: Any) -> None:
    text = "Hand the recorded events to the nodes again and compare what they do; simulate again as well."
    parser = _parser(subs.add_parser, "replay", help="run a trace again and compare", description=text)
    parser.add_argument("file", metavar="FILE", help="a trace that `simulate --save` wrote")
    parser.set_defaults(run=commands.replay)


def _add_fork(subs: Any) -> None:
    parser = _parser(
        subs.add_parser, "fork", help="take a run another way", description=ABOUT_FORKS, epilog=FORK_EXAMPLES
    )
    add = parser.add_argument
    add("file", metavar="FILE", help="a trace that `simulate --save` or `fork --save` wrote")
    add("--at", type=_count("at", 1), required=True, metavar="N", help="the last step that stays as it is")
    parser.set_defaults(faults=[])
    for name, fault, words in (
        ("crash", Crash, "stops and loses what it had not persisted"),
        ("restart", Restart, "comes up again from its disk"),
        ("pause", Pause, "does nothing; messages wait for it"),
        ("resume", Resume, "goes on after a pause"),
    ):
        _add_fault(parser, name, _at_node(fault), "NODE", f"the node {words}")
    split = "these groups no longer reach each other, such as 'a,b|c'; the rest is one more group"
    _add_fault(parser, "partition", _partition, "GROUPS", split)
    _add_fault(parser, "cut", _cut, "FROM,TO", "messages from one node no longer reach the other")
    add("--heal", dest="faults", action="append_const", const=Heal(0), help="all partitions and cuts end")
    add("--save", metavar="FILE", help="write the new trace")
    add(
        "--draw",
        nargs="?",
        const="-",
        metavar="FILE.svg",
        help="draw it: in the terminal, or as SVG into FILE",
    )
    add("--quiet", action="store_true", help="print only what went wrong")
    parser.set_defaults(run=commands.fork)


def _add_fault(parser: Any, name: str, read: Any, metavar: str, text: str) -> None:
    """Add an option that puts a fault on the list; they happen in the order in which they are typed."""
    parser.add_argument(f"--{name}", dest="faults", action="append", type=read, metavar=metavar, help=text)


def _at_node(fault: Any) -> Any:
    return lambda text: fault(0, text)


def _partition(text: str) -> Partition:
    """Read 'a,b|c'."""
    return Partition(0, tuple(tuple(group.split(",")) for group in text.split("|")))


def _cut(text: str) -> Cut:
    """Read 'a,b'."""
    names = text.split(",")
    if len(names) != 2:
        raise argparse.ArgumentTypeError(
            f"cut takes two nodes, from and to, such as n1,n2, but it is {text!r}"
        )
    return Cut(0, *names)


def _add_draw(subs: Any) -> None:
    text = "Show a trace as a space-time diagram. Without --from and --to, a long run is cut to 40 steps."
    parser = _parser(subs.add_parser, "draw", help="draw a trace", description=text)
    add = parser.add_argument
    add("file", metavar="FILE", help="a trace that `simulate --save` wrote")
    add("--svg", metavar="OUT", help="write an SVG picture to OUT, not text to the terminal")
    add("--from", dest="first", type=_count("from", 1), metavar="A", help="the first step to draw")
    add("--to", dest="last", type=_count("to", 1), metavar="B", help="the last step to draw")
    add(
        "--without",
        action="append",
        default=[],
        metavar="MESSAGE",
        help="leave out messages of this class, such as Ack",
    )
    parser.set_defaults(run=commands.draw)


def _count(name: str, at_least: int = 0) -> Any:
    """Return a reader of whole numbers that says what would be right."""

    def read(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            number = -1
        if number < at_least:
            raise argparse.ArgumentTypeError(
                f"{name} must be a whole number of at least {at_least}, but it is {text!r}"
            )
        return number

    return read


def _nodes(text: str) -> int | tuple[str, ...]:
    """Read '3' or 'ann,bob,cyd'."""
    return _count("nodes", 1)(text) if text.lstrip("-").isdigit() else tuple(text.split(","))


def _duration(text: str) -> int:
    """Read '2s', '500ms' or '250us' as microseconds."""
    for unit, size in (("us", US), ("ms", MS), ("s", S)):
        head = text.removesuffix(unit)
        if head != text and head.isdigit():
            return int(head) * size
    raise argparse.ArgumentTypeError(
        f"a time is a whole number and a unit, such as 2s, 500ms or 250us, but it is {text!r}"
    )
