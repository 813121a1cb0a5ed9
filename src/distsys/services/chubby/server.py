"""The rest of a replica: it takes calls, orders what changes something, and keeps the caches of clients consistent.

A read is answered from the master's own state, which it may do because it is sure to be the master. With the answer
the client may keep what it has read. So before a file is written the master tells each client that may have a copy to
forget it, and waits until each has said so, or its session has ended (section 2.7). Meanwhile reads go on, but what
they bring may not be kept: then one round is enough, and no reader ever waits for a writer.

Who writes has dropped its own copy before it asked.

An `Acquire` that waits stays here, outside the log, until the lock looks free. A lock that passes to one of several who
wait is given to the one whose entry comes first; the others wait on.
"""

from __future__ import annotations

from typing import Any

from distsys.core.units import MS
from distsys.core.values import EMPTY, Map, record
from distsys.protocols.replication import Propose, Role

from . import calls, locking
from .calls import Refused
from .cell import APPLIER, Changed, session_name
from .master import Mail, Master
from .talk import Answer, Ask, Elsewhere, Invalidate, Modified, OtherEpoch, Over


@record
class Asker:
    """A call, and who waits for its answer."""

    client: str
    ask: Ask


@record
class Write:
    """A write that waits until no client has a copy; `entered` into the log or not yet."""

    path: str
    asker: Asker
    entered: bool = False


class ChubbyServer(Master):
    """A replica of a cell, with all its parts.

    State, volatile, beside the master's: `pending` (session -> its call that is in the log), `caching` (path ->
    sessions that may have a copy), `writes` and `waiting` (locks), in the order in which they came.
    Messages: Ask from a client; Answer, OtherEpoch, Over, Elsewhere to it.
    Keeps: each call done once; a read sees all writes that were acknowledged before it began, from a cache as well.
    """

    def __init__(self, name: str, disk: Map[str, Any] = EMPTY, **settings: Any) -> None:
        super().__init__(name, disk, **settings)
        self.pending: Map[str, Asker] = EMPTY
        self.caching: Map[str, frozenset[str]] = EMPTY
        self.writes: tuple[Write, ...] = ()
        self.waiting: tuple[Asker, ...] = ()

    def on_message(self, sender: str, message: Any) -> None:
        super().on_message(sender, message)
        if isinstance(message, Ask):
            self.on_ask(sender, message)
            self.act()

    def begin_epoch(self) -> None:
        """Begin with nothing: who has a copy is not known, so nobody may have one any more."""
        self.pending, self.caching, self.writes, self.waiting = EMPTY, EMPTY, (), ()
        super().begin_epoch()

    def forget(self, session: str) -> None:
        super().forget(session)
        self.pending = self.pending.remove(session)
        for path in self.caching:
            self.no_copy(path, session)
        self.writes = tuple(write for write in self.writes if write.asker.ask.session != session)
        self.waiting = tuple(asker for asker in self.waiting if asker.ask.session != session)

    # Calls.

    def on_ask(self, client: str, ask: Ask) -> None:
        """Take a call in, or say why not; to what may be answered later nothing is said, and the client asks again."""
        if self.paxos.role is not Role.LEADER:
            self.send(client, Elsewhere(ask.session, self.paxos.leader))
        elif not self.is_sure() or not self.takes_calls():
            return
        elif not calls.sound(ask.request):
            self.send(
                client, Answer(ask.session, self.serves, ask.sequence, Refused("there is no such call"))
            )
        elif isinstance(ask.request, calls.BeginSession):
            self.on_begin(Asker(client, ask))
        elif ask.session not in self.state.sessions:
            self.send(client, Over(ask.session))
        elif ask.epoch != self.serves:
            self.send(client, OtherEpoch(ask.session, self.serves))
        elif ask.session not in self.ending and not self.is_known(ask) and not self.is_overtaken(ask):
            self.take_in(Asker(client, ask))

    def takes_calls(self) -> bool:
        """Return whether each session has seen the last fail-over, or has ended."""
        return not self.unflushed

    def on_begin(self, asker: Asker) -> None:
        """Let a session begin, under its own name."""
        request = asker.ask.request
        name = session_name(request.client, request.life)
        if name not in self.ending and name not in self.pending:
            self.enter(name, asker)

    def is_known(self, ask: Ask) -> bool:
        """Return whether a call waits here already."""
        return any(known.sequence == ask.sequence for known in self.asked_by(ask.session))

    def is_overtaken(self, ask: Ask) -> bool:
        """Return whether the client has gone on since: a session has one open call, and this is a late copy of another.

        Taken in, it would get the place of the open call, which would never be answered.
        """
        last = max((known.sequence for known in self.asked_by(ask.session)), default=0)
        return ask.sequence < max(last, self.state.sessions[ask.session].sequence)

    def asked_by(self, session: str) -> tuple[Ask, ...]:
        """Return the calls of a session that wait here."""
        pending = self.pending.get(session)
        askers = (*(write.asker for write in self.writes), *self.waiting, *((pending,) if pending else ()))
        return tuple(asker.ask for asker in askers if asker.ask.session == session)

    def take_in(self, asker: Asker) -> None:
        """Answer what only reads, let a write wait for the caches, enter all else into the log."""
        request = asker.ask.request
        if isinstance(request, calls.READS):
            self.on_read(asker)
        elif self.is_done(asker.ask):
            self.enter(asker.ask.session, asker)
        elif isinstance(request, (calls.SetContents, calls.Delete)) and request.handle in self.state.handles:
            self.on_write(self.state.handles[request.handle].path, asker)
        elif isinstance(request, calls.Acquire) and request.wait:
            self.waiting += (asker,)
        else:
            self.enter(asker.ask.session, asker)

    def is_done(self, ask: Ask) -> bool:
        """Return whether a call was done before, so that only the answer is missing."""
        return ask.sequence <= self.state.sessions[ask.session].sequence

    def enter(self, session: str, asker: Asker) -> None:
        """Let the log order a call."""
        self.pending = self.pending.set(session, asker)
        ask = asker.ask
        self.tell(self.inside, Propose(calls.Ordered(self.serves, ask.session, ask.sequence, ask.request)))

    def on_applied(self, command: Any, result: Any) -> None:
        super().on_applied(command, result)
        if not isinstance(command, calls.Ordered):
            return
        request, name = command.request, command.session
        if isinstance(request, calls.BeginSession):
            name = session_name(request.client, request.life)
        asker = self.pending.get(name)
        if asker is None or asker.ask.sequence != command.sequence:
            return
        self.pending = self.pending.remove(name)
        self.writes = tuple(write for write in self.writes if write.asker.ask != asker.ask)
        if APPLIER.waits(request, result):
            self.waiting += (asker,)
        elif isinstance(result, calls.Begun):
            self.answer_begun(name, asker)
        else:
            self.send(asker.client, self.answer_to(asker.ask, result))

    def answer_begun(self, session: str, asker: Asker) -> None:
        """Tell a client that its session has begun.

        That is a lease, so this must be sure to be the master; and the end of the session must not be under way, as it
        may be where the client asks once more long after the first time.
        """
        if self.is_sure() and session not in self.ending:
            begun = calls.Begun(self.serves, self.lease_ms * MS)
            self.send(asker.client, self.answer_to(asker.ask, begun))

    def answer_to(self, ask: Ask, result: Any, *, cachable: bool = False) -> Answer:
        """Return the answer to a call."""
        told = self.mail.get(ask.session, Mail()).told
        return Answer(ask.session, self.serves, ask.sequence, result, cachable, told)

    # Reads and copies.

    def on_read(self, asker: Asker) -> None:
        """Answer a read at once; what is in a file may be kept, if it is not about to change."""
        ask = asker.ask
        result = self.service_read(ask)
        path = self.cachable_path(ask)
        if path is not None:
            self.caching = self.caching.set(path, self.caching.get(path, frozenset()) | {ask.session})
        self.send(asker.client, self.answer_to(ask, result, cachable=path is not None))

    def service_read(self, ask: Ask) -> Any:
        """Return what a call that only reads finds."""
        return APPLIER.read(self.state, ask.session, ask.request)

    def cachable_path(self, ask: Ask) -> str | None:
        """Return the path of what may be kept: the contents of a file that nobody is about to write, see `may_keep`.

        An ephemeral file may vanish with a session, and no invalidation would come before it.
        """
        handle = self.state.handles.get(getattr(ask.request, "handle", 0))
        if not isinstance(ask.request, calls.GetContentsAndStat) or handle is None:
            return None
        file = self.state.tree.get(handle.path)
        if (
            file is None
            or file.instance != handle.instance
            or file.ephemeral
            or handle.session != ask.session
        ):
            return None
        return handle.path if self.may_keep(ask.session, handle.path) else None

    def may_keep(self, session: str, path: str) -> bool:
        """Return whether nobody is about to write a file, and the session knows that its last copy is old.

        It may have been told so and not have said that it knows, though no write waits for that: who writes has
        dropped its own copy. What it says late would be taken for the word that it has dropped the new copy.
        """
        return not any(write.path == path for write in self.writes) and not self.is_to_forget(session, path)

    def is_to_forget(self, session: str, path: str) -> bool:
        """Return whether a session was told to forget its copy of a file, and has not said that it has."""
        return any(event == Invalidate(path) for _, event in self.mail.get(session, Mail()).events)

    def no_copy(self, path: str, session: str) -> None:
        """Note that a session has no copy of a file any more."""
        left = self.caching.get(path, frozenset()) - {session}
        self.caching = self.caching.set(path, left) if left else self.caching.remove(path)

    def on_event_seen(self, session: str, event: Any) -> None:
        super().on_event_seen(session, event)
        if isinstance(event, Invalidate):
            self.no_copy(event.path, session)

    # Writes.

    def on_write(self, path: str, asker: Asker) -> None:
        """Tell all who may have a copy to forget it, once; `do_what_is_due` enters the write when they have."""
        self.no_copy(path, asker.ask.session)
        for session in sorted(self.caching.get(path, frozenset())):
            if not self.is_to_forget(session, path):
                self.tell_session(session, Invalidate(path))
        self.writes += (Write(path, asker),)

    def may_enter(self, write: Write) -> bool:
        """Return whether no client has a copy any more."""
        return not self.caching.get(write.path)

    def on_changed(self, event: Changed) -> None:
        """Tell the sessions that want to hear of a write, after it has happened (section 2.5)."""
        handles = self.state.handles.values()
        listeners = {h.session for h in handles if h.events and h.path == event.path}
        for session in sorted(listeners & set(self.mail)):
            self.tell_session(session, Modified(event.path, event.instance, event.generation))

    # What there is to do.

    def do_what_is_due(self) -> None:
        """Beside the usual: enter writes that wait for no cache any more, and locks that look free."""
        for write in self.writes:
            if not write.entered and self.may_enter(write):
                entered = Write(write.path, write.asker, entered=True)
                self.writes = tuple(entered if other == write else other for other in self.writes)
                self.enter(write.asker.ask.session, write.asker)
        for asker in self.waiting:
            if asker in self.waiting and not self.obstacle(asker.ask):
                self.waiting = tuple(other for other in self.waiting if other != asker)
                self.enter(asker.ask.session, asker)
        super().do_what_is_due()

    def obstacle(self, ask: Ask) -> str:
        """Return why a lock cannot be acquired now; what is wrong with the call itself is found in the log."""
        handle = self.state.handles.get(ask.request.handle)
        file = self.state.tree.get(handle.path) if handle is not None else None
        return locking.obstacle(file.lock, ask.request.mode) if file is not None else ""
