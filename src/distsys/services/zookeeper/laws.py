"""What an ensemble of ZooKeeper promises to its clients: order, sessions, ephemerals, sequence numbers.

ZooKeeper does not promise that a read is fresh. It promises that changes are linearizable (the history of the clients
is judged for that), that each client sees a state that only moves on, and that `sync` makes it move on.
Source: Hunt, Konar, Junqueira and Reed, "ZooKeeper: Wait-free coordination for Internet-scale systems", USENIX ATC
2010, sections 2.2 and 2.3.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from distsys.core.events import Deliver, Timeout
from distsys.core.laws import FINALLY, World, acted, law, law_with_memory, outputs
from distsys.core.units import MS
from distsys.core.values import EMPTY, Map, record

from .. import ordered
from . import paths, reading
from .forwarding import Proposed
from .preparing import Asker
from .requests import (
    ChildrenResponse,
    DataResponse,
    ErrorResponse,
    ExistsRequest,
    GetChildrenRequest,
    GetDataRequest,
    SyncRequest,
)
from .server import Say, ZooKeeperServer
from .store_client import StoreClient
from .tracking import Touch
from .tree import CloseSessionChange, CreateChange, DataTree, SetDataChange
from .truth import TreeTruth, learned
from .witness import Asked, Shown

READS = (GetDataRequest, ExistsRequest, GetChildrenRequest)

# What clients are shown.


@record
class Sights:
    """The truth, and the newest zxid that each session was shown."""

    truth: TreeTruth = TreeTruth()
    newest: Map[int, int] = Map()


@law_with_memory(
    "session order",
    "What a session is shown never goes back, and is what the tree held at that zxid.",
    start=Sights(),
)
def session_order(memory: Sights, world: World) -> tuple[Sights, str | None]:
    """A single system image: whichever server a client asks, time does not go back for it."""
    truth, _ = learned(memory.truth, world)
    newest, evidence = memory.newest, None
    for shown in outputs(world.step, Shown):
        before = newest.get(shown.session, 0)
        if shown.zxid < before:
            evidence = evidence or f"session {shown.session:x} is shown {shown.zxid:x} after {before:x}"
        elif shown.zxid > before:
            newest = newest.set(shown.session, shown.zxid)
        evidence = evidence or not_as_it_was(truth, shown)
    if truth is not memory.truth or newest is not memory.newest:
        memory = Sights(truth, newest)
    return memory, evidence


def not_as_it_was(truth: TreeTruth, shown: Shown) -> str | None:
    """Return what a session should have been shown, where that is known and something else."""
    tree = truth.trees.get(shown.zxid)
    if tree is None or not isinstance(shown.request, READS):
        return None
    right = reading.answer(tree, Asker(shown.session), shown.request)
    if shown.response == right:
        return None
    return (
        f"session {shown.session:x} asks {shown.request} and is shown {shown.response} as of {shown.zxid:x}, "
        f"but that was {right}"
    )


@record
class Syncs:
    """The newest zxid that anybody was shown, and what it was when each sync was asked for."""

    newest: int = 0
    asked: Map[tuple[int, int], int] = Map()


@law_with_memory(
    "sync shows what was committed",
    "A sync is answered with all that any client had been told of when it was asked for.",
    start=Syncs(),
)
def sync_shows_what_was_committed(memory: Syncs, world: World) -> tuple[Syncs, str | None]:
    """So a read behind a sync is no older than what somebody could have told its client about by other means."""
    newest, asked, evidence = memory.newest, memory.asked, None
    for value in outputs(world.step, Asked, Shown):
        if isinstance(value, Asked):
            asked = asked.set((value.session, value.count), newest)
            continue
        newest = max(newest, value.zxid)
        if isinstance(value.request, SyncRequest) and not isinstance(value.response, ErrorResponse):
            due = asked.get((value.session, value.syncs), 0)
            asked = asked.remove((value.session, value.syncs))
            if value.zxid < due:
                evidence = evidence or (
                    f"a sync of session {value.session:x} is answered at {value.zxid:x}, but when it was asked for "
                    f"somebody had been shown {due:x}"
                )
    if newest != memory.newest or asked is not memory.asked:
        memory = Syncs(newest, asked)
    return memory, evidence


# The order of a client.


@record
class Numbers:
    """The truth, and the number of the last change of each session that is committed."""

    truth: TreeTruth = TreeTruth()
    last: Map[int, int] = Map()


def number_of(data: bytes | None) -> tuple[int, int] | None:
    """Return (session, number of its change) of a value that says so.

    >>> number_of(b"1f:3"), number_of(b"x")
    ((31, 3), None)
    """
    session, colon, number = (data or b"").decode().partition(":")
    return (int(session, 16), int(number)) if colon else None


@law_with_memory(
    "changes of a client in its order",
    "The changes of a session are done in the order in which it asked for them, and seen by none of its earlier reads.",
    start=Numbers(),
)
def changes_in_order(memory: Numbers, world: World) -> tuple[Numbers, str | None]:
    """Also where it asked at one server and then at another, and did not wait for answers."""
    truth, news = learned(memory.truth, world)
    last, evidence = memory.last, None
    for done in news:
        change = done.proposed.change
        if isinstance(change, CreateChange | SetDataChange) and (found := number_of(change.data)):
            session, number = found
            if number <= last.get(session, 0):
                evidence = evidence or (
                    f"change {number} of session {session:x} is done after its change {last[session]}"
                )
            last = last.set(session, max(number, last.get(session, 0)))
    for shown in outputs(world.step, Shown):
        evidence = evidence or sees_what_comes_later(truth, shown)
    if truth is not memory.truth:
        memory = Numbers(truth, last)
    return memory, evidence


def sees_what_comes_later(truth: TreeTruth, shown: Shown) -> str | None:
    """Return which change a session sees before it has asked for it, as far as a queue goes."""
    tree = truth.trees.get(shown.zxid, DataTree())
    for data in seen(tree, shown):
        found = number_of(data)
        if found is not None and found[0] == shown.session and found[1] > shown.asked:
            return (
                f"a read of session {shown.session:x} sees its change {found[1]}, but was asked for after change "
                f"{shown.asked}"
            )
    return None


def seen(tree: DataTree, shown: Shown) -> Iterator[bytes | None]:
    """Yield the data of all znodes that an answer tells of."""
    match shown.request, shown.response:
        case GetDataRequest(), DataResponse(data):
            yield data
        case GetChildrenRequest(path), ChildrenResponse(children):
            for name in children:
                node = tree.get(f"{path}/{name}")
                yield node.data if node is not None else None


# The tree.


@law_with_memory(
    "ephemerals end with their session",
    "No tree has an ephemeral znode whose session is not there.",
    start=TreeTruth(),
)
def ephemerals_end(memory: TreeTruth, world: World) -> tuple[TreeTruth, str | None]:
    """Nobody would ever remove it."""
    truth, news = learned(memory, world)
    for done in news:
        for session, path in orphans(done.tree):
            return truth, f"as of {done.zxid:x} there is {path}, but its session {session:x} is not there"
    return truth, None


def orphans(tree: DataTree) -> Iterator[tuple[int, str]]:
    """Yield (session, path) of ephemeral znodes without a session."""
    for (session, path), _ in ordered.items(tree.ephemerals):
        if ordered.get(tree.sessions, session) is None:
            yield session, path


@record
class Sequences:
    """The truth, and the last number under each parent."""

    truth: TreeTruth = TreeTruth()
    last: Map[str, int] = EMPTY


@law_with_memory(
    "sequence numbers grow",
    "Of two sequential znodes under a parent the later has the larger number.",
    start=Sequences(),
)
def sequence_numbers_grow(memory: Sequences, world: World) -> tuple[Sequences, str | None]:
    """As long as the parent lives; also where children have been deleted meanwhile."""
    truth, news = learned(memory.truth, world)
    last, evidence = memory.last, None
    for done in news:
        change = done.proposed.change
        if isinstance(change, CreateChange) and (found := re.search(r"-(\d{10})$", change.path)):
            parent, number = paths.parent_of(change.path), int(found[1])
            if number <= last.get(parent, -1):
                evidence = evidence or f"as of {done.zxid:x} {change.path} comes after {last[parent]}"
            last = last.set(parent, number)
    if truth is not memory.truth:
        memory = Sequences(truth, last)
    return memory, evidence


# Sessions.


@record
class Hearing:
    """For each session the epoch of the leader that has heard of it last, when that was, and its timeout."""

    of: Map[int, tuple[int, int, int]] = Map()


@law_with_memory(
    "session contract",
    "A leader ends no session before the timeout is over since it heard of it, or since it began to lead.",
    start=Hearing(),
)
def session_contract(memory: Hearing, world: World) -> tuple[Hearing, str | None]:
    """The time is counted from when the leader heard; its clock may be a fifth too fast.

    A step whose disk stalls is seen late, when it is whole: what counts is when it began.
    """
    server = acted(world)
    if not isinstance(server, ZooKeeperServer) or not server.leads() or server.ahead is None:
        return memory, None
    epoch, of = server.zab.epoch, memory.of
    sessions = dict(ordered.items(server.ahead.sessions))  # from the step on in which the leader took them
    begins = [session for session in sessions if of.get(session, (0, 0, 0))[0] < epoch]
    for session in (*begins, *heard(server, world.step.event)):
        if session in sessions and of.get(session, (0, 0, 0))[0] <= epoch:
            of = of.set(session, (epoch, world.step.at, sessions[session]))
    session = ended_by_time(server, world)
    if session is not None and session in memory.of:
        since, at, timeout_ms = memory.of[session]
        if since == epoch and world.step.at < at + timeout_ms * MS * 5 // 6:
            evidence = (
                f"{server.name} ends session {session:x} at {world.step.at} us, but heard of it at {at} us, and its "
                f"timeout is {timeout_ms} ms"
            )
            return memory, evidence
    return (memory if of is memory.of else Hearing(of)), None


def heard(server: ZooKeeperServer, event: Any) -> tuple[int, ...]:
    """Return of which sessions a leader hears in a step."""
    match event:
        case Deliver(_, Touch(sessions)):
            return sessions
        case Deliver(client, Say() as say) if client in server.clients:
            connection = server.clients[client]
            right = say.connection == connection.number and say.ticket == connection.ticket
            return (connection.session,) if right else ()
    return ()


def ended_by_time(server: ZooKeeperServer, world: World) -> int | None:
    """Return which session a leader begins to end because a timer has fired."""
    if not isinstance(world.step.event, Timeout) or not world.step.event.timer.startswith("session"):
        return None
    history = server.zab.history
    for transaction in history.slice(history.last_index, history.last_index):
        proposed = transaction.command
        if isinstance(proposed, Proposed) and isinstance(proposed.change, CloseSessionChange):
            return proposed.header.session
    return None


# Progress.


@law(
    "clients are served in the end",
    "When faults have ended, no request of a client stays open.",
    when=FINALLY,
)
def clients_are_served(world: World) -> str | None:
    """Progress, as the clients see it."""
    for node in world.nodes.values():
        if isinstance(node, StoreClient) and (node.done < node.operations or node.is_busy()):
            return (
                f"at the end {node.name} has done {node.done} of {node.operations}, and waits for {node.open}"
            )
    return None


SERVICE_LAWS = (
    session_order,
    sync_shows_what_was_committed,
    changes_in_order,
    ephemerals_end,
    sequence_numbers_grow,
    session_contract,
)
