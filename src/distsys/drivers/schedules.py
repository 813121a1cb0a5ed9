"""Schedules: a run without its clock. Who did what, in which order, and nothing of when.

A simulated run breaks a law after a thousand steps, and most of them have nothing to do with it. To find
those that have, one must be able to leave steps out, and a list of delays and fault times does not allow
that: without one message every later draw of chance is another. A *schedule* does. It is a tuple of moves, each of
which names what it moves: the message that move 4 sent to n2, the election timer of n3. What is not
delivered is lost. A move whose message was never sent, because the move that sent it was left out, is skipped.

A schedule is also the form in which a person writes a scenario. The functions below read as a story:

    (timeout("n1", "election"), deliver("n1", "n2", RequestVote), crash("n2"), restart("n2"))

Here `deliver` takes the oldest message of that class that is under way between the two, and a move that
cannot happen is an error that says what could. All nodes start first, by themselves. A node that reads a clock
sees the reading that its move carries.

What must hold finally needs a time after the faults. With `settle`, everything is healed after the last move, what
nobody delivered is lost, and the cluster then runs by the clock, as in the second phase of the simulator.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from distsys.core.errors import ArgumentError, ArgumentTypeError, instance, several, shown, whole_number
from distsys.core.events import Send
from distsys.core.node import Inner
from distsys.core.trace import HANDLED, Step, Trace
from distsys.core.values import record


@record
class Delivered:
    """A message reaches a node: send number `place` (from 0) to `to` among what the move `source` did at `sender`.

    source  the id of a move; 0 is the first start of the sender; None takes message `place` of those that are under
            way between the two, the oldest first, and only those that are `what`, if it says so
    what    the name of the message's class, for people and for the search of the oldest
    id      by which later moves name this one; 0 is replaced when it is performed, by its position if that is free
    at      time of the driver; a move never happens before the one that stands before it
    now     what the node's own clock shows; None is the time of the driver
    keep    crash in the middle: only so many effects are carried out
    """

    sender: str
    to: str
    what: str = ""
    source: int | None = None
    place: int = 0
    id: int = 0
    at: int = 0
    now: int | None = None
    keep: int | None = None


@record
class TimedOut:
    """The running timer `timer` of a node fires."""

    node: str
    timer: str
    id: int = 0
    at: int = 0
    now: int | None = None
    keep: int | None = None


@record
class Asked:
    """A client outside the cluster asks a node for something."""

    node: str
    message: Any
    id: int = 0
    at: int = 0
    now: int | None = None
    keep: int | None = None


@record
class Crashed:
    """A node stops, between two steps, and loses what it had not persisted."""

    node: str
    id: int = 0
    at: int = 0


@record
class Restarted:
    """A node comes up again from its disk."""

    node: str
    id: int = 0
    at: int = 0
    now: int | None = None
    keep: int | None = None


@record
class Wiped:
    """The disk of a node loses everything, and the node stops if it was up."""

    node: str
    id: int = 0
    at: int = 0


@record
class Flowed:
    """All messages between the `nodes` are delivered, the oldest first, until none is under way; at most `most`.

    For scenarios written by hand: performing it puts the single deliveries in its place.
    """

    nodes: tuple[str, ...]
    most: int = 100


@record
class Scenario:
    """A schedule together with the seed from which the nodes draw when it is performed."""

    moves: tuple[Any, ...]
    seed: int = 0


Move = Delivered | TimedOut | Asked | Crashed | Restarted | Wiped
HANDLING = (Delivered, TimedOut, Asked, Restarted)
MOVES: tuple[type, ...] = (*HANDLING, Crashed, Wiped, Flowed)


# The words of a story.


def deliver(
    sender: str, to: str, kind: type | None = None, *, over: int = 0, at: int = 0, keep: int | None = None
) -> Delivered:
    """The oldest message from `sender` to `to`, of class `kind` where that is given, arrives.

    With `over`, it overtakes so many older ones. With `keep`, the receiver crashes when it has carried out so many of
    the effects that this leads to.

    >>> class RequestVote: ...
    >>> deliver("n1", "n2", RequestVote)
    Delivered(sender='n1', to='n2', what='RequestVote', source=None, place=0, id=0, at=0, now=None, keep=None)
    """
    if kind is not None and not isinstance(kind, type):
        raise ArgumentTypeError(
            f"kind must be the class of a message, such as RequestVote, but it is {shown(kind)}"
        )
    whole_number("over", over)
    return Delivered(sender, to, kind.__name__ if kind else "", place=over, at=at, keep=keep)


def timeout(node: str, timer: str, *, at: int = 0, keep: int | None = None) -> TimedOut:
    """The timer fires."""
    return TimedOut(node, timer, at=at, keep=keep)


def request(node: str, message: Any, *, at: int = 0, keep: int | None = None) -> Asked:
    """A client asks."""
    return Asked(node, message, at=at, keep=keep)


def crash(node: str, *, at: int = 0) -> Crashed:
    """The node stops; for a crash in the middle of a step see `keep` of the other moves."""
    return Crashed(node, at=at)


def restart(node: str, *, at: int = 0) -> Restarted:
    """The node comes up again from its disk."""
    return Restarted(node, at=at)


def wipe(node: str, *, at: int = 0) -> Wiped:
    """The node loses its disk."""
    return Wiped(node, at=at)


def flow(*nodes: str, most: int = 100) -> Flowed:
    """All that is under way between these nodes arrives, and the answers, and the answers to them."""
    return Flowed(nodes, most)


# What a move is about.


def node_of(move: Move) -> str:
    """Return the node at which a move happens."""
    return move.to if isinstance(move, Delivered) else move.node


def innermost(message: Any) -> Any:
    """Return the message itself, without the names of the embedded nodes that it travels under."""
    while type(message) is Inner:
        message = message.message
    return message


def class_name(message: Any) -> str:
    """Return the name of the class of a message, of the innermost where it is one of an embedded node."""
    return type(innermost(message)).__name__


def events_in(moves: Iterable[Move]) -> int:
    """Return how many events a schedule has: a crash in the middle of a step is one more than the step."""
    return sum(1 if getattr(move, "keep", None) is None else 2 for move in moves)


def checked_moves(schedule: Iterable[Any], names: tuple[str, ...]) -> tuple[Any, ...]:
    """Return the schedule as a tuple; an error that names the move and what is wrong with it."""
    moves = tuple(several("schedule", schedule, "moves such as timeout(node, timer)"))
    for position, move in enumerate(moves, 1):
        if type(move) not in MOVES:
            raise ArgumentTypeError(
                f"schedule must hold moves such as timeout(node, timer) or deliver(sender, to), but move {position} "
                f"is {shown(move)} of type {type(move).__name__}"
            )
        if isinstance(move, Flowed):
            named: tuple[str, ...] = move.nodes
        else:
            named = (move.sender, move.to) if isinstance(move, Delivered) else (move.node,)
            whole_number(f"at of move {position}", move.at)
        if getattr(move, "keep", None) is not None:
            whole_number(f"keep of move {position}", move.keep)
        for name in named:
            if name not in names:
                raise ArgumentError(
                    f"move {position} must name nodes of {', '.join(names)}, but it names {shown(name)}"
                )
    return moves


def renumbered(moves: Iterable[Move]) -> tuple[Move, ...]:
    """Return the moves with ids from 1, and with the sources that follow from them."""
    ids: dict[int | None, int] = {0: 0}
    done: list[Move] = []
    for number, move in enumerate(moves, 1):
        ids[move.id] = number
        if isinstance(move, Delivered):
            move = replace(move, source=ids[move.source])
        done.append(replace(move, id=number))
    return tuple(done)


# From a run to its schedule.


def schedule_of(trace: Trace, *, last: int | None = None) -> tuple[Move, ...]:
    """Return the schedule of a run: of all its steps, or of those up to step `last`.

    Losses, partitions, pauses and hanging disks need no move of their own: they only say which message does not
    arrive, and who acts before whom. What a skewed clock showed stands in the moves. A disk without room is a
    crash in the middle of a step.
    """
    if instance("trace", trace, Trace).header.driver.get("kind") == "schedule" and last is None:
        moves: tuple[Move, ...] = trace.header.driver["schedule"]
        return moves
    return tuple(_moves(trace, len(trace) if last is None else last))


def _moves(trace: Trace, last: int) -> Iterator[Move]:
    cut_off: set[str] = set()  # these crash in the middle of a step, which the move of that step says
    for step in trace.steps[:last]:
        name, kept = step.node, step.kept if step.kept < len(step.effects) else None
        if step.kind in HANDLED and step.event is not None:
            if kept is not None:
                cut_off.add(name)
            if step.kind != "start":
                yield _move_of(trace, step, kept)
            elif kept is not None:
                yield Crashed(name, step.number, step.at)
        elif step.kind == "wipe":
            yield Wiped(name, step.number, step.at)
        elif step.kind == "crash":
            if name not in cut_off and step.detail.get("why") not in ("assertion", "disk lost"):
                yield Crashed(name, step.number, step.at)
            cut_off.discard(name)


def _move_of(trace: Trace, step: Step, keep: int | None) -> Move:
    """Return the move of a step at which a node handles an event."""
    event: Any = step.event
    now = None if event.now == step.at else event.now
    match step.kind:
        case "restart":
            return Restarted(step.node, step.number, step.at, now, keep)
        case "timeout":
            return TimedOut(step.node, event.timer, step.number, step.at, now, keep)
        case "invoke":
            return Asked(step.node, event.message, step.number, step.at, now, keep)
    assert step.cause is not None, f"step {step.number} delivers a message that nobody sent"
    sent = trace.step(step.cause[0])
    earlier = sent.effects[: step.cause[1]]
    place = sum(isinstance(effect, Send) and effect.to == step.node for effect in earlier)
    source = 0 if sent.kind == "start" else sent.number
    what = class_name(event.message)
    return Delivered(sent.node, step.node, what, source, place, step.number, step.at, now, keep)


def length(trace: Trace) -> int:
    """Return how many events a run has: deliveries, timeouts, requests, crashes, restarts, lost disks.

    The first starts do not count, nor what comes after everything was healed: that is the same for every run.
    """
    if instance("trace", trace, Trace).header.driver.get("kind") == "schedule":
        return events_in(trace.header.driver["schedule"])
    heal = (step.number for step in trace if step.kind == "heal" and step.detail.get("phase") == "settle")
    return events_in(schedule_of(trace, last=next(heal, len(trace))))
