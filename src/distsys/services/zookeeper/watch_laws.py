"""What ZooKeeper promises of watches, and of the lock that is built on them."""

from __future__ import annotations

from distsys.core.laws import FINALLY, World, law, law_with_memory, outputs
from distsys.core.values import EMPTY, Map, record

from . import paths, reading
from .lock_client import LOCK, LockClient, LockTaken, in_line
from .requests import EventType, WatcherType
from .session_client import SessionClient
from .tree import DataTree
from .truth import TreeTruth, learned
from .watches import DATA, TABLES
from .witness import Shown, Told

Watch = tuple[int, WatcherType, str]  # session, table and path


@record
class Watching:
    """The truth, and as of which zxid each watch was set that has not been told."""

    truth: TreeTruth = TreeTruth()
    since: Map[Watch, int] = Map()

    def of(self, session: int) -> tuple[tuple[Watch, int], ...]:
        """Return the watches of a session."""
        return tuple((watch, zxid) for watch, zxid in self.since.items() if watch[0] == session)


def state_of(tree: DataTree, table: WatcherType, path: str) -> tuple[int, ...] | None:
    """Return what a watch is about: it must be told when this is another."""
    node = tree.get(path)
    if node is None:
        return None
    return (node.stat.czxid, node.stat.mzxid if table is DATA else node.stat.pzxid)


def not_told(truth: TreeTruth, watch: Watch, since: int, zxid: int) -> str | None:
    """Return which change a watch was not told of, between two trees that are known."""
    session, table, path = watch
    before, now = truth.trees.get(since), truth.trees.get(zxid)
    if before is None or now is None or state_of(before, table, path) == state_of(now, table, path):
        return None
    of = "" if table is DATA else "the children of "
    return (
        f"session {session:x} watches {of}{path} since {since:x}, and is not told that it changed by {zxid:x}"
    )


def watched(since: Map[Watch, int], value: Shown | Told) -> Map[Watch, int]:
    """Return the watches after an answer, which may set one, or after one was told."""
    if isinstance(value, Told):
        for table in TABLES[value.event.type]:
            since = since.remove((value.session, table, value.event.path))
    elif (table_ := reading.watch_of(value.request, value.response)) is not None:
        watch = (value.session, table_, value.request.path)
        since = since if watch in since else since.set(watch, value.zxid)
    return since


@law_with_memory(
    "watch before data",
    "No answer shows a client a change that a watch of it should have told, and has not.",
    start=Watching(),
)
def watch_before_data(memory: Watching, world: World) -> tuple[Watching, str | None]:
    """So who acts on a watch never believes something that it could already have seen to be over."""
    truth, _ = learned(memory.truth, world)
    since, evidence = memory.since, None
    for value in outputs(world.step, Shown, Told):
        if isinstance(value, Shown):
            for watch, zxid in Watching(truth, since).of(value.session):
                evidence = evidence or not_told(truth, watch, zxid, value.zxid)
        since = watched(since, value)
    if truth is not memory.truth or since is not memory.since:
        memory = Watching(truth, since)
    return memory, evidence


@law_with_memory(
    "no change is missed",
    "In the end nobody waits for a watch although what it is about has changed.",
    start=Watching(),
    when=FINALLY,
)
def no_change_is_missed(memory: Watching, world: World) -> tuple[Watching, str | None]:
    """Also where a client was between two connections when it changed."""
    truth, _ = learned(memory.truth, world)
    since = memory.since
    for value in outputs(world.step, Shown, Told):
        since = watched(since, value)
    if truth is not memory.truth or since is not memory.since:
        memory = Watching(truth, since)
    if world.step is not None:
        return memory, None
    for node in world.nodes.values():
        if isinstance(node, SessionClient) and node.is_connected:
            for watch, zxid in memory.of(node.session):
                if (evidence := not_told(truth, watch, zxid, truth.zxid)) is not None:
                    return memory, f"at the end {evidence}"
    return memory, None


# Locks.


@record
class Locks:
    """The truth, and who was told that it has the lock as of a tree that is not known yet.

    A server can apply, answer and crash in one step. The others have the entry, and apply it later.
    """

    truth: TreeTruth = TreeTruth()
    waiting: tuple[LockTaken, ...] = ()


@law_with_memory(
    "lock exclusivity",
    "Who gets a lock owns the first znode in the line, as of the zxid of what it was shown.",
    start=Locks(),
)
def lock_exclusivity(memory: Locks, world: World) -> tuple[Locks, str | None]:
    """So two have it as of the same zxid never, whatever their sessions do afterwards."""
    truth, _ = learned(memory.truth, world)
    told = (*memory.waiting, *outputs(world.step, LockTaken))
    waiting = tuple(locked for locked in told if locked.zxid > truth.zxid)
    objections = (not_the_owner(truth, locked) for locked in told if locked not in waiting)
    evidence = next(filter(None, objections), None)
    if truth is not memory.truth or waiting != memory.waiting:
        memory = Locks(truth, waiting)
    return memory, evidence


def not_the_owner(truth: TreeTruth, locked: LockTaken) -> str | None:
    """Return who has the lock that somebody believes to have, if that is somebody else."""
    tree = truth.trees.get(locked.zxid)
    if tree is None:
        return None
    line = in_line(tuple(paths.name_of(path) for path in tree.below(LOCK)))
    first = f"{LOCK}/{line[0]}" if line else None
    node = tree.get(locked.path)
    if first == locked.path and node is not None and node.stat.ephemeral_owner == locked.session:
        return None
    return f"session {locked.session:x} takes the lock with {locked.path} as of {locked.zxid:x}, but {first} is first"


@law_with_memory("no herd", "When a znode in the line goes, at most one client is told.", start=EMPTY)
def no_herd(memory: Map[str, int], world: World) -> tuple[Map[str, int], str | None]:
    """Were all told, all would ask, and a lock with a thousand waiters would cost a thousand answers each time."""
    for told in outputs(world.step, Told):
        path = told.event.path
        if told.event.type is EventType.DELETED and path.startswith(f"{LOCK}/"):
            known = memory.get(path, told.session)
            if known != told.session:
                return memory, f"{path} goes, and sessions {known:x} and {told.session:x} are told"
            memory = memory.set(path, told.session)
    return memory, None


@law("locks are taken in the end", "When faults have ended, everybody gets the lock.", when=FINALLY)
def locks_are_taken(world: World) -> str | None:
    """Progress: nobody waits for a znode that nobody will ever remove."""
    for node in world.nodes.values():
        if isinstance(node, LockClient) and (node.rounds or node.doing):
            return f"at the end {node.name} has {node.rounds} rounds before it, and does {node.doing or 'nothing'!r}"
    return None


WATCH_LAWS = (watch_before_data, no_change_is_missed)
LOCK_LAWS = (lock_exclusivity, no_herd, locks_are_taken)
