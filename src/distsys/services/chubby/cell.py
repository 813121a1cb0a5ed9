"""What all replicas of a cell hold, and how an entry of the log changes it: the same way everywhere, without a clock.

Sessions and handles belong to it, so that they outlive the master. Leases do not: they are promises of one master. So a
session ends, and a lock-delay is over, when an entry says so.

Every entry of a session or of a master carries the *epoch* in which it was made. `Leads` begins the next one, and
entries of earlier ones change nothing any more: what a master decided by its clock is good while it is the master.

A call that is asked again is answered again and not done again: a session has one open call, and its last result is
kept.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from distsys.core.values import EMPTY, Map, record
from distsys.protocols.multipaxos_leases import Leads

from ..service import Service
from . import calls, locking, tree
from .calls import Refused
from .locking import Lock, Sequencer
from .tree import File, Stat, Tree


@record
class Handle:
    """An open file: of which session, which instance of which path, and whether its session hears of changes."""

    session: str
    path: str
    instance: int
    events: bool = False


@record
class Session:
    """A session that lives, and its last call and result."""

    client: str
    sequence: int = 0
    result: Any = None


@record
class Cell:
    """The state: `lives` (client -> its last life, so that no session begins twice), and what the names say."""

    epoch: int = 0
    master: str = ""
    tree: Tree = tree.START
    sessions: Map[str, Session] = EMPTY
    handles: Map[int, Handle] = Map()
    lives: Map[str, int] = EMPTY


# Events: what an entry causes, for the master.


@record
class Ended:
    """A session has ended."""

    session: str


@record
class Lost:
    """A lock was lost, and its delay begins."""

    path: str
    lost_at: int
    delay_ms: int


@record
class Changed:
    """A file has new contents."""

    path: str
    instance: int
    generation: int


Done = tuple[Cell, Any, tuple[Any, ...]]


def session_name(client: str, life: int) -> str:
    """Return the name of a session.

    >>> session_name("c1", 2)
    'c1.2'
    """
    return f"{client}.{life}"


class Applier:
    """Applies entries. A class, so that a mutant can change one rule."""

    def apply(self, state: Cell, index: int, command: Any) -> Done:
        """Return the state after an entry, its result, and the events that it causes."""
        match command:
            case Leads(leader):
                return replace(state, epoch=state.epoch + 1, master=leader), None, ()
            case calls.Ordered(epoch) if epoch != state.epoch:
                return state, None, ()
            case calls.Ordered(_, "", _, request):
                return self.decided(state, index, request)
            case calls.Ordered(_, _, _, calls.BeginSession(client, life) as request) if calls.sound(request):
                return self.begun(state, client, life)
            case calls.Ordered(_, session, sequence, request) if isinstance(sequence, int):
                return self.once(state, index, session, sequence, request)
        return state, None, ()

    def decided(self, state: Cell, index: int, request: Any) -> Done:
        """Apply a decision of the master."""
        match request:
            case calls.Expire(session) if session in state.sessions:
                return self.ended(state, index, session, clean=False)
            case calls.FreeLock(path, lost_at) if path in state.tree:
                lock = state.tree[path].lock
                if lock.lost is not None and lock.lost_at == lost_at:
                    freed = tree.with_lock(state.tree, path, locking.freed(lock))
                    return replace(state, tree=freed), None, ()
        return state, None, ()

    # Sessions.

    def begun(self, state: Cell, client: str, life: int) -> Done:
        """Begin a session; one that was begun before goes on, one that has ended does not come back."""
        name = session_name(client, life)
        if name in state.sessions:
            return state, calls.Begun(state.epoch, 0), ()
        if life <= state.lives.get(client, 0):
            return state, Refused("that session has ended"), ()
        sessions, lives = state.sessions.set(name, Session(client)), state.lives.set(client, life)
        return replace(state, sessions=sessions, lives=lives), calls.Begun(state.epoch, 0), ()

    def ended(self, state: Cell, index: int, session: str, *, clean: bool) -> Done:
        """End a session: its handles go, and what hangs on them."""
        events: tuple[Any, ...] = (Ended(session),)
        for number, handle in state.handles.items():
            if handle.session == session:
                state, lost = self.let_go(state, index, number, clean=clean)
                events += lost
        return replace(state, sessions=state.sessions.remove(session)), None, events

    def let_go(self, state: Cell, index: int, number: int, *, clean: bool) -> tuple[Cell, tuple[Any, ...]]:
        """Take a handle out: its lock is released, or lost; an ephemeral file that nobody has open goes with it."""
        handle = state.handles[number]
        state = replace(state, handles=state.handles.remove(number))
        file = self.file_of(state, handle)
        if file is None:
            return state, ()
        events: tuple[Any, ...] = ()
        if number in file.lock.holders:
            lock = locking.released(file.lock, number) if clean else locking.lost(file.lock, number, index)
            state = replace(state, tree=tree.with_lock(state.tree, handle.path, lock))
            if lock.lost_at == index:
                events = (Lost(handle.path, index, lock.delay_ms),)
        if file.ephemeral and not self.handles_of(state, handle.path, file):
            state = replace(state, tree=state.tree.remove(handle.path))
        return state, events

    def handles_of(self, state: Cell, path: str, file: File) -> tuple[int, ...]:
        """Return the handles of a file."""
        return tuple(n for n, h in state.handles.items() if (h.path, h.instance) == (path, file.instance))

    def file_of(self, state: Cell, handle: Handle) -> File | None:
        """Return the file of a handle, if it is the one that was opened."""
        file = state.tree.get(handle.path)
        return file if file is not None and file.instance == handle.instance else None

    # Calls.

    def once(self, state: Cell, index: int, name: str, sequence: int, request: Any) -> Done:
        """Do a call that was not done before, and keep its result."""
        session = state.sessions.get(name)
        if session is None or sequence < session.sequence:
            return state, None, ()
        if sequence == session.sequence:
            return state, session.result, ()
        if not calls.sound(request):
            return state, Refused("there is no such call"), ()
        if isinstance(request, calls.EndSession):
            return self.ended(state, index, name, clean=True)
        state, result, events = self.execute(state, index, name, request)
        if self.waits(request, result):
            return state, result, events  # and will be entered once more
        sessions = state.sessions.set(name, replace(session, sequence=sequence, result=result))
        return replace(state, sessions=sessions), result, events

    def waits(self, request: Any, result: Any) -> bool:
        """Return whether a call for a lock waits, for somebody has it or lost it a moment ago."""
        waits = isinstance(request, calls.Acquire) and request.wait
        return waits and result in (Refused(locking.HELD), Refused(locking.DELAYED))

    def execute(self, state: Cell, index: int, session: str, request: Any) -> Done:
        """Return the state after a call of a session that lives, its result, and events."""
        if isinstance(request, calls.Open):
            return *self.opened(state, index, session, request), ()
        if isinstance(request, calls.READS):
            return state, self.read(state, session, request), ()
        handle = state.handles.get(request.handle)
        if handle is None or handle.session != session:
            return state, Refused("there is no such handle"), ()
        if isinstance(request, calls.Close):
            state, events = self.let_go(state, index, request.handle, clean=True)
            return state, None, events
        file = self.file_of(state, handle)
        if file is None:
            return state, Refused("the file is gone"), ()
        match request:
            case calls.SetContents(_, contents, generation):
                return self.written(state, handle, file, contents, generation)
            case calls.Delete():
                return *self.deleted(state, handle.path), ()
            case calls.Acquire():
                return *self.acquired(state, index, handle, file, request), ()
            case calls.Release(number):
                return *self.released(state, handle, file, number), ()
        return state, Refused("there is no such call"), ()

    def opened(self, state: Cell, index: int, session: str, request: calls.Open) -> tuple[Cell, Any]:
        """Open a file, or make it; the handle's number is that of the entry."""
        path, files = request.path, state.tree
        new = path not in files
        if new:
            if not request.create:
                return state, Refused("there is no such file")
            if why := tree.objection(files, path, request.create):
                return state, Refused(why)
            files = tree.created(files, path, request.create, request.contents, index)
        handle = Handle(session, path, files[path].instance, request.events)
        state = replace(state, tree=files, handles=state.handles.set(index, handle))
        return state, calls.Opened(index, path, tree.stat(files[path]), new)

    def written(self, state: Cell, handle: Handle, file: File, contents: str, generation: int | None) -> Done:
        """Write a file."""
        if file.directory:
            return state, Refused("a directory holds no contents"), ()
        if generation is not None and generation != file.generation:
            return state, Refused("the file has changed"), ()
        state = replace(state, tree=tree.written(state.tree, handle.path, contents))
        after = state.tree[handle.path]
        return state, tree.stat(after), (Changed(handle.path, after.instance, after.generation),)

    def deleted(self, state: Cell, path: str) -> tuple[Cell, Any]:
        """Delete a file."""
        if path == tree.ROOT or tree.children(state.tree, path):
            return state, Refused("a directory that is not empty stays")
        return replace(state, tree=state.tree.remove(path)), None

    def acquired(
        self, state: Cell, index: int, handle: Handle, file: File, request: calls.Acquire
    ) -> tuple[Cell, Any]:
        """Acquire a lock, if nobody is in the way."""
        if request.handle in file.lock.holders:
            return state, Refused("this handle holds the lock")
        if why := self.obstacle(file.lock, request):
            return state, Refused(why)
        lock = self.next_lock(file.lock, request)
        state = replace(state, tree=tree.with_lock(state.tree, handle.path, lock))
        return state, calls.Acquired(self.sequencer(handle, lock), index)

    def obstacle(self, lock: Lock, request: calls.Acquire) -> str:
        """Return why a lock cannot be acquired now."""
        return locking.obstacle(lock, request.mode)

    def next_lock(self, lock: Lock, request: calls.Acquire) -> Lock:
        """Return the lock with one more holder."""
        return locking.acquired(lock, request.handle, request.mode, request.delay_ms)

    def released(self, state: Cell, handle: Handle, file: File, number: int) -> tuple[Cell, Any]:
        """Release a lock."""
        if number not in file.lock.holders:
            return state, Refused("this handle holds no lock")
        lock = locking.released(file.lock, number)
        return replace(state, tree=tree.with_lock(state.tree, handle.path, lock)), None

    # What changes nothing.

    def read(self, state: Cell, session: str, request: Any) -> Any:
        """Return the answer to a call that only reads."""
        if isinstance(request, calls.CheckSequencer):
            return self.is_valid(state, request.sequencer)
        handle = state.handles.get(request.handle)
        if handle is None or handle.session != session:
            return Refused("there is no such handle")
        file = self.file_of(state, handle)
        if file is None:
            return Refused("the file is gone")
        match request:
            case calls.GetContentsAndStat():
                return calls.Contents(file.contents, self.stat(file))
            case calls.ReadDir():
                return calls.Contents(tree.children(state.tree, handle.path), self.stat(file))
        held = request.handle in file.lock.holders
        return self.sequencer(handle, file.lock) if held else Refused("this handle holds no lock")

    def stat(self, file: File) -> Stat:
        """Return what is told about a file."""
        return tree.stat(file)

    def sequencer(self, handle: Handle, lock: Lock) -> Sequencer:
        """Return the sequencer of a lock that is held."""
        assert lock.mode is not None, f"nobody holds the lock of {handle.path}"
        return Sequencer(handle.path, lock.mode, handle.instance, lock.generation)

    def is_valid(self, state: Cell, sequencer: Sequencer) -> bool:
        """Return whether the lock is held as the sequencer says."""
        file = state.tree.get(sequencer.path)
        if file is None or not file.lock.holders:
            return False
        held = (file.instance, file.lock.generation, file.lock.mode)
        return held == (*sequencer.place, sequencer.mode)


def sound(call: Any) -> bool:
    """Return whether a call makes sense; for the interface of services."""
    return calls.sound(getattr(call, "request", None))


def service(applier: Applier) -> Service:
    """Return the service that an applier makes."""
    return Service("key-value", Cell(), applier.apply, sound)


APPLIER = Applier()
SERVICE = service(APPLIER)
