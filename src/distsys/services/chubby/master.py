"""The master: it keeps sessions alive, ends them when their time is over, and takes over from the master before it.

The master is the leader of Multi-Paxos *with a lease* (`protocols.multipaxos_leases`): while it holds that, nobody else
can be master, and what it reads in its own state is what is so. Without it, it says nothing.

Sessions (section 2.8). A client sends a KeepAlive, and the master lets it wait for a part of the lease, `hold_ms`; then
it answers, and the answer begins a new lease. Whatever the client has to hear travels with it: where there is news, the
answer goes at once. Each event has a number, and is told again until a KeepAlive says that it was seen. A lease that
runs out ends the session: that is decided here and entered into the log, and from the decision on no KeepAlive is
answered any more, or the client would believe in a session that is about to end.

Fail-over (section 2.9). A new master does five things:

1. begins a new epoch with its first entry in the log. When that is applied here all earlier entries are, and calls of
   an older epoch are refused from then on;
2. gives each session a whole lease: the master before it may have done so just before it failed;
3. answers KeepAlives, and tells each session of the fail-over, so that it forgets what it has cached;
4. takes no other call until each session has said that it has seen that, or has ended;
5. lets each lock-delay run from the beginning.

Which step closes which race: without 1 a packet to the old master is taken for one to the new; without 2 a client that
believes in its lease has no session; without 4 a file is written while somebody has a copy that the new master does not
know of.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar

from distsys.core.errors import whole_number
from distsys.core.node import Node
from distsys.core.units import MS
from distsys.core.values import EMPTY, Map, record
from distsys.protocols.multipaxos_leases import Leads, LeasedMultiPaxos
from distsys.protocols.paxos_messages import ZERO
from distsys.protocols.replication import Committed, Propose, Restored, Role

from ..replicas import PaxosReplica
from . import calls
from .cell import SERVICE, Cell, Changed, Ended, Lost, session_name
from .talk import Elsewhere, FailOver, KeepAlive, KeptAlive, OtherEpoch, Over


@record
class Mail:
    """What the master has for a session.

    told    the number of the last event
    events  those that are not known to be seen
    last    the number of the last KeepAlive
    asks    who sent it and waits for the answer, since `since`; None where nobody waits
    """

    told: int = 0
    events: tuple[tuple[int, Any], ...] = ()
    last: int = 0
    asks: str | None = None
    since: int = 0


class Master(PaxosReplica):
    """A replica of a cell, as far as sessions and fail-over go.

    State, durable: that of Multi-Paxos. Volatile: `state`; at the master `claims` (the ballot for which it has
    asked for an epoch), `serves` (its epoch), `leases` (session -> when it ends, by the own clock), `ending`
    (sessions whose end is under way), `mail`, `unflushed` (sessions that have not seen the fail-over), `delays`
    (path -> entry, end).
    Messages: KeepAlive from a client; KeptAlive, OtherEpoch, Over, Elsewhere to it.
    Timers: "act", when there is something to do.
    Keeps: one master at a time; a session outlives the lease that its client believes in.
    Assumes: rates of clocks within `drift_ppm`, clocks that never jump, members that do not change.
    """

    service = SERVICE
    below: ClassVar[type[Node]] = LeasedMultiPaxos
    paxos: LeasedMultiPaxos  # type: ignore[assignment]  # a sibling of what other replicas embed
    state: Cell

    declared = {
        **{name: f"paxos.{field}" for name, field in LeasedMultiPaxos.declared.items()},
        "epoch": "serves",
        "leases": "leases",
    }

    def __init__(
        self,
        name: str,
        disk: Map[str, Any] = EMPTY,
        *,
        lease_ms: int = 1_000,
        hold_ms: int = 500,
        **settings: Any,
    ) -> None:
        super().__init__(name, disk, **settings)
        self.lease_ms = whole_number("lease_ms", lease_ms, at_least=2)
        self.hold_ms = whole_number("hold_ms", hold_ms, at_most=lease_ms)
        self.claim = Leads(name, ZERO)
        self.serves = 0
        self.leases: Map[str, int] = EMPTY
        self.ending: frozenset[str] = frozenset()
        self.mail: Map[str, Mail] = EMPTY
        self.unflushed: frozenset[str] = frozenset()
        self.delays: Map[str, tuple[int, int]] = EMPTY
        self.begins_anew = False  # it leads, and has to begin another epoch
        self.stirred = False  # an entry was applied since the last look at what there is to do

    # Who is the master.

    def is_master(self) -> bool:
        """Return whether this replica leads, in the ballot in which its epoch began, the last that it knows of."""
        return self.paxos.is_own(self.claim) and 0 < self.serves == self.state.epoch

    def is_sure(self) -> bool:
        """Return whether it is the master, and nobody else can be."""
        return self.is_master() and self.paxos.holds_lease(self.now)

    # Events.

    def on_message(self, sender: str, message: Any) -> None:
        if isinstance(message, KeepAlive):
            self.on_keep_alive(sender, message)
            self.act()

    def on_timeout(self, timer: str) -> None:
        if timer == "act":
            self.act()
        else:
            super().on_timeout(timer)

    def on_output(self, inner: str, value: Any) -> None:
        """Take in what Multi-Paxos says. Nothing is proposed here: what it has just written must come first."""
        match value:
            case Committed(index, entry):
                self.on_committed(index, entry.command)
            case Restored(snapshot):
                self.on_restored(snapshot.state)

    def on_restored(self, state: Cell) -> None:
        """Begin from a state that others have come to; what its entries have caused is not known here.

        A leader may be behind, and get a snapshot that covers entries of its own: its first one, so that it would
        wait for ever to be the master, or calls and ends of sessions, which it would wait to see applied. It begins
        a new epoch.
        """
        self.state, self.serves = state, 0
        if self.paxos.role is Role.LEADER:
            self.begins_anew = True
            self.wake()

    def wake(self) -> None:
        """Let there be a step in which to act."""
        self.stirred = True
        self.set_timer("act", 0)

    # The log.

    def propose(self, request: Any) -> None:
        """Let the log order what this master has decided."""
        self.tell(self.inside, Propose(calls.Ordered(self.serves, "", 0, request)))

    def on_committed(self, index: int, command: Any) -> None:
        self.state, result, events = self.service.apply(self.state, index, command)
        if self.snapshot_every:
            self.set_timer("compact", 0)
        if isinstance(command, Leads) and self.is_own(command):
            self.claim = command
            self.begin_epoch()
        elif self.is_master():
            for event in events:
                self.on_event(event)
            self.on_applied(command, result)
            self.wake()

    def is_own(self, claim: Leads) -> bool:
        """Return whether this is what this replica has said of the ballot in which it leads."""
        return self.paxos.is_own(claim)

    def on_event(self, event: Any) -> None:
        """React to what an entry has caused."""
        match event:
            case Ended(session):
                self.forget(session)
            case Lost(path, lost_at, delay_ms):
                self.delays = self.delays.set(path, (lost_at, self.now + delay_ms * MS))
            case Changed():
                self.on_changed(event)

    def on_applied(self, command: Any, result: Any) -> None:
        """React to an entry of this epoch; a session that begins, or is asked for again, has a whole lease."""
        if isinstance(result, calls.Begun):
            name = session_name(command.request.client, command.request.life)
            if name not in self.ending:
                self.mail = self.mail.set(name, self.mail.get(name, Mail()))
                self.leases = self.leases.set(name, self.lease_from_now())

    def on_changed(self, event: Changed) -> None:
        """React to a write."""

    # Fail-over.

    def begin_epoch(self) -> None:
        """Be the master of a new epoch: all sessions live, and none has heard of it."""
        self.serves = self.state.epoch
        self.note(f"is the master of epoch {self.serves}")
        self.ending = frozenset()
        self.unflushed = frozenset(self.state.sessions)
        self.mail = Map(dict.fromkeys(self.state.sessions, Mail(1, ((1, FailOver()),))))
        self.leases = self.first_leases()
        locks = ((path, file.lock) for path, file in self.state.tree.items())
        self.delays = Map(
            {path: (lock.lost_at, self.now + lock.delay_ms * MS) for path, lock in locks if lock.lost}
        )
        self.wake()

    def first_leases(self) -> Map[str, int]:
        """Return a whole lease for each session, the most that the master before this one may have granted."""
        return Map(dict.fromkeys(self.state.sessions, self.lease_from_now()))

    def lease_from_now(self) -> int:
        """Return when a lease that is granted now ends."""
        return self.now + self.lease_ms * MS

    # Sessions.

    def on_keep_alive(self, client: str, message: KeepAlive) -> None:
        """Take a KeepAlive in; `act` answers it in time."""
        session = message.session
        if self.paxos.role is not Role.LEADER:
            self.send(client, Elsewhere(session, self.paxos.leader))
        elif not self.is_sure():
            return
        elif session not in self.state.sessions:
            self.send(client, Over(session))
        elif message.epoch != self.serves:
            self.send(client, OtherEpoch(session, self.serves))
        elif session in self.leases and self.now < self.leases[session] and session not in self.ending:
            mail = self.mail[session]
            if message.number > mail.last:
                mail = replace(mail, last=message.number, asks=client, since=self.now)
            self.mail = self.mail.set(session, mail)
            self.on_seen(session, message.seen)

    def on_seen(self, session: str, seen: int) -> None:
        """Tell what was seen no more."""
        mail = self.mail[session]
        for number, event in mail.events:
            if number <= seen:
                self.on_event_seen(session, event)
        left = tuple((number, event) for number, event in mail.events if number > seen)
        self.mail = self.mail.set(session, replace(mail, events=left))

    def on_event_seen(self, session: str, event: Any) -> None:
        """React to an event that a client has taken in."""
        if isinstance(event, FailOver):
            self.unflushed -= {session}

    def tell_session(self, session: str, event: Any) -> None:
        """Give a session an event."""
        mail = self.mail[session]
        events = (*mail.events, (mail.told + 1, event))
        self.mail = self.mail.set(session, replace(mail, told=mail.told + 1, events=events))

    def has_to_answer(self, session: str, mail: Mail) -> bool:
        """Return whether a KeepAlive that waits has waited long enough."""
        if mail.asks is None or session in self.ending:
            return False
        return bool(mail.events) or self.now >= self.answer_at(session)

    def answer_at(self, session: str) -> int:
        """Return when a KeepAlive is answered if there is no news."""
        return self.leases[session] - (self.lease_ms - self.hold_ms) * MS

    def answer(self, session: str, mail: Mail) -> None:
        """Answer a KeepAlive, and grant a new lease with it."""
        assert mail.asks is not None, f"nobody waits for an answer to {session}"
        self.leases = self.leases.set(session, self.lease_from_now())
        self.mail = self.mail.set(session, replace(mail, asks=None))
        held, lease = self.now - mail.since, self.lease_ms * MS
        self.send(mail.asks, KeptAlive(session, self.serves, mail.last, held, lease, mail.events))

    def forget(self, session: str) -> None:
        """Let go of a session that has ended, and tell its client if it waits."""
        mail = self.mail.get(session, Mail())
        if mail.asks is not None:
            self.send(mail.asks, Over(session))
        self.leases, self.mail = self.leases.remove(session), self.mail.remove(session)
        self.ending -= {session}
        self.unflushed -= {session}

    # What there is to do.

    def act(self) -> None:
        """Do what has become due, and set the timer for what will be."""
        if self.paxos.role is not Role.LEADER:
            return
        if self.begins_anew:
            self.begins_anew = False
            self.tell(self.inside, Propose(Leads(self.name, self.paxos.ballot)))
        self.stirred = True
        while self.stirred and self.is_sure():
            self.stirred = False
            self.do_what_is_due()
        self.set_timer("act", max(0, self.next_due() - self.now))

    def do_what_is_due(self) -> None:
        """End sessions whose lease is over, free locks whose delay is, answer KeepAlives."""
        for session, end in self.leases.items():
            if self.now >= end and session not in self.ending:
                self.ending |= {session}
                self.propose(calls.Expire(session))
        for path, (lost_at, end) in self.delays.items():
            if self.now >= end:
                self.delays = self.delays.remove(path)
                self.propose(calls.FreeLock(path, lost_at))
        for session, mail in self.mail.items():
            if self.has_to_answer(session, mail):
                self.answer(session, mail)

    def next_due(self) -> int:
        """Return when there is something to do next, by the own clock."""
        soon = self.now + self.paxos.heartbeat_ms * MS
        if not self.is_sure():
            return soon
        ends = [end for session, end in self.leases.items() if session not in self.ending]
        ends += [end for _, end in self.delays.values()]
        waits = (session for session, mail in self.mail.items() if mail.asks is not None)
        ends += [self.answer_at(session) for session in waits if session not in self.ending]
        return min(ends, default=self.now + self.lease_ms * MS)
