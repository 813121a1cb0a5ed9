"""The fault vocabulary: everything that a script can do to a cluster, as plain records.

A script is a tuple of actions in any order; each says when. `during` helps to write one by hand,
`drivers.swarm` draws one from a seed. Scripts stand in the header of a trace, so a run that broke
a law can be cut down action by action.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from distsys.core.errors import (
    LONGEST,
    ArgumentError,
    ArgumentTypeError,
    UnknownNameError,
    duration,
    shown,
    whole_number,
)
from distsys.core.systems import Request
from distsys.core.values import record

from .network import PPM, Link


@record
class Crash:
    """The node stops and loses all that it had not persisted; nothing happens to a node that is down.

    With `keep`, it stops in the middle of its next step: only the first `keep` effects are carried out.
    """

    at: int
    node: str
    keep: int | None = None


@record
class Restart:
    """The node comes up again from its disk; nothing happens to a node that is up."""

    at: int
    node: str


@record
class Wipe:
    """The disk of the node loses everything; a node that is up stops."""

    at: int
    node: str


@record
class DiskFull:
    """From now on the node cannot persist: it stops when it tries, as a careful server does."""

    at: int
    node: str


@record
class DiskFree:
    """The disk of the node has room again."""

    at: int
    node: str


@record
class Pause:
    """The node does nothing (a long garbage collection, a stopped virtual machine); messages wait for it."""

    at: int
    node: str


@record
class Resume:
    """The paused node goes on, and first finds all that waited, timers included."""

    at: int
    node: str


@record
class Stall:
    """The disk of the node hangs: a step that persists stops there, its later effects and all events wait."""

    at: int
    node: str


@record
class Unstall:
    """The disk of the node answers again."""

    at: int
    node: str


@record
class Skew:
    """The clock of the node runs fast (ppm > 0) or slow (ppm < 0), and the timers that it sets from now on."""

    at: int
    node: str
    ppm: int


@record
class ClockStep:
    """The clock of the node jumps by `by` microseconds; running timers do not notice."""

    at: int
    node: str
    by: int


@record
class Partition:
    """Nodes in different groups no longer reach each other; nodes that no group names form one more group.

    Messages under way are lost if they would arrive before the `Heal`. Partitions and cuts add up.
    """

    at: int
    groups: tuple[tuple[str, ...], ...]


@record
class Cut:
    """Messages from `sender` no longer reach `to`; the other direction still works."""

    at: int
    sender: str
    to: str


@record
class Heal:
    """All partitions and cuts end. Messages that were sent into them stay lost."""

    at: int


@record
class SetLink:
    """Messages from `sender` to `to` travel by `link` from now on; "*" means every node.

    None is the link that the run began with.
    """

    at: int
    sender: str
    to: str
    link: Link | None


@record
class After:
    """`action` happens directly after step `step`, before all else that is due: how a run is forked.

    What step `step` itself does at once (losses and copies of what it sends) still belongs to it. `action.at`
    counts from there: 0 is the same moment, 50 * MS is 50 ms later.
    """

    step: int
    action: Any


NodeAction = (
    Crash | Restart | Wipe | DiskFull | DiskFree | Pause | Resume | Stall | Unstall | Skew | ClockStep
)
Action = NodeAction | Partition | Cut | Heal | SetLink | Request
Entry = Action | After  # of a script
ACTIONS: tuple[type, ...] = (
    *(Crash, Restart, Wipe, DiskFull, DiskFree, Pause, Resume, Stall, Unstall, Skew, ClockStep),
    *(Partition, Cut, Heal, SetLink, Request),
)

_ENDS: dict[type[Any], type[Any]] = {
    Crash: Restart,
    Wipe: Restart,
    DiskFull: DiskFree,
    Pause: Resume,
    Stall: Unstall,
}


def during(start: int, end: int, kind: type[Any], node: str, **settings: Any) -> tuple[Action, Action]:
    """Return the fault `kind` at `node` from `start` to `end`, with the action that ends it.

    >>> during(1000, 5000, Crash, "n2")
    (Crash(at=1000, node='n2', keep=None), Restart(at=5000, node='n2'))
    """
    if kind not in _ENDS:
        raise ArgumentError(
            f"kind must be one of {', '.join(k.__name__ for k in _ENDS)}, but it is {shown(kind)}"
        )
    return kind(start, node, **settings), _ENDS[kind](end, node)


def ends_a_fault(action: Action) -> bool:
    """Return whether the action only ends a fault; it may come late, when all has ended anyway."""
    return type(action) in (*_ENDS.values(), Heal) or (isinstance(action, SetLink) and action.link is None)


def checked(script: Iterable[Any], names: Sequence[str]) -> tuple[Entry, ...]:
    """Return the script as a tuple; an error that names the action and what is wrong with it."""
    entries: tuple[Any, ...] = tuple(script)
    for entry in entries:
        action = entry
        if type(entry) is After:
            whole_number("After.step", entry.step, at_least=1)
            action = entry.action
        if type(action) not in ACTIONS:
            raise ArgumentTypeError(
                f"script must hold actions such as Crash(at, node), but it holds {shown(action)} "
                f"of type {type(action).__name__}"
            )
        duration(f"{type(action).__name__}.at", action.at)
        for field in ("node", "sender", "to"):
            name = getattr(action, field, None)
            if name is not None and name not in names and not (isinstance(action, SetLink) and name == "*"):
                raise UnknownNameError(
                    f"{type(action).__name__}.{field} must be one of {', '.join(names)}, but it is {shown(name)}"
                )
        _check_settings(action, names)
    return entries


def _check_settings(action: Action, names: Sequence[str]) -> None:
    match action:
        case Crash(keep=keep) if keep is not None:
            whole_number("Crash.keep", keep)
        case Skew(ppm=ppm):
            whole_number("Skew.ppm", ppm, at_least=-PPM // 2, at_most=PPM)
        case ClockStep(by=by):
            whole_number("ClockStep.by", by, at_least=-LONGEST, at_most=LONGEST)
        case Cut(sender=sender, to=to) | SetLink(sender=sender, to=to) if sender == to != "*":
            raise ArgumentError(
                f"{type(action).__name__}.to must be another node than the sender, but it is {to!r}: "
                "what a node sends to itself does not travel"
            )
        case SetLink(link=link) if link is not None and not isinstance(link, Link):
            raise ArgumentTypeError(
                f"SetLink.link must be a Link, made by link(...), but it is {shown(link)}"
            )
        case Partition(groups=groups):
            if type(groups) is not tuple or any(type(group) is not tuple for group in groups):
                raise ArgumentTypeError(
                    'Partition.groups must be a tuple of tuples of names, such as (("n1", "n2"), ("n3",)), '
                    f"but it is {shown(groups)}"
                )
            named = [name for group in groups for name in group]
            for name in named:
                if name not in names:
                    raise UnknownNameError(
                        f"Partition.groups must name nodes of {', '.join(names)}, but it names {shown(name)}"
                    )
                if named.count(name) > 1:
                    raise ArgumentError(
                        f"Partition.groups must name each node once, but {name!r} stands there twice"
                    )
