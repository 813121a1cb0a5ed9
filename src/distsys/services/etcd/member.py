"""A member of the cluster: takes requests of clients, writes through the log, reads by read-index or from what it has.

A client may ask any member. What changes something is proposed; a member that does not lead sends the proposal on to
the one that does. What only reads waits until this member has applied all that was committed when the read began, which
the leader tells (`ReadIndex`), or is answered at once where the client asked for a serializable read. A client that
hears nothing knows nothing: etcd has no sessions, and a request that is asked again may be done again.

What a member has applied goes to its disk from time to time, *together with the index of the last entry in it*, as
one record. After a restart Raft hands it every entry since the last snapshot once more, and the index says which of
them are in the data already. An entry that is applied twice, or never, makes this member differ from the rest for ever.

Source: server/etcdserver/v3_server.go and server/etcdserver/cindex of etcd 3.5.1.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any, ClassVar

from distsys.core.errors import whole_number
from distsys.core.units import MS
from distsys.core.values import EMPTY, Map
from distsys.protocols.raft_reads import Announce, Read, ReadFailed, ReadReady
from distsys.protocols.replication import Committed, Compact, NotLeader, Propose, Restored

from .. import ordered
from ..kv import Call
from ..replicas import RaftReplica
from ..replicated import Reply
from ..service import Service
from . import api, applier, leases, maintenance, mvcc, quota, transactions
from .applier import Applier, State
from .errors import NO_LEADER, NO_SPACE, TIMED_OUT, EtcdError, RejectedError
from .messages import Answer, Ask, Asked, Forward, NotSent, Proposal, ReadIndex, Waiting
from .wellformed import is_well_formed


def sound(call: Call) -> bool:
    """Return whether the numbers of a call are numbers; what it asks is looked at by the applier."""
    return isinstance(call.session, str) and isinstance(call.sequence, int)


def apply(state: State, index: int, command: Any) -> tuple[State, Any, tuple[Any, ...]]:
    """Return the state after an entry, and the answer; an entry that is no proposal changes nothing."""
    if not isinstance(command, Proposal):
        return state, None, ()
    return (*Applier().apply(state, command.request), ())


SERVICE = Service("revisions", State(), apply, sound)
PARTS_MAX = 32  # records of changes beside the backend on the disk
LOCAL = (
    maintenance.StatusRequest, maintenance.HashKVRequest, maintenance.MemberListRequest, api.LeaseLeasesRequest,
)  # fmt: skip


class Member(RaftReplica):
    """A member, without leases that run out and without watches.

    State, durable beside Raft's: the backend with `parts` records of later changes, the leases, the alarms, and
    `applied`, the index of the last entry in them; `life`. Volatile: `state`, `number`, `pending` (proposals of this
    member), `reads`.
    Messages: Call from a client, which gets a Reply; Forward, Ask and Answer between members; NotSent where the driver
    knows that one of these has not left.
    Timers: "backend", after which what was applied goes to the disk; "period", after which requests that have waited
    for all of it are given up.
    Keeps: members equal at an equal index, linearizable operations, one revision for an index.
    Assumes: between two nodes no message arrives twice, as on a connection; they may be lost, late and overtaken.
    """

    service = SERVICE
    applier: ClassVar[Applier] = Applier()

    def __init__(
        self,
        name: str,
        disk: Map[str, Any] = EMPTY,
        *,
        commit_ms: int = 100,
        request_ms: int = 7_000,
        quota_bytes: int = quota.QUOTA_BYTES,
        **settings: Any,
    ) -> None:
        super().__init__(name, disk, **settings)
        self.commit_ms = whole_number("commit_ms", commit_ms)
        self.request_ms = whole_number("request_ms", request_ms, at_least=1)
        self.quota_bytes = whole_number("quota_bytes", quota_bytes, at_least=1)
        self.life: int = disk.get("life", 0)
        self.applied: int = disk.get("applied", 0)
        self.state: State = applier.recovered(disk) if "backend" in disk else State()
        self.base: int | None = disk.get("compacted")  # the compaction that the backend on the disk has seen
        self.parts: int = disk.get("parts", 0)  # and how many records of later changes stand beside it
        self.written = self.state.store.revision
        self.number = self.period = 0
        self.pending: Map[int, Waiting] = Map()
        self.reads: Map[int, Waiting] = Map()
        self.saved = self.applied

    def on_start(self) -> None:
        super().on_start()
        self.life += 1
        self.number = self.life << 32  # an answer to an earlier life finds nobody who waits for it
        self.persist(life=self.life)
        self.set_timer("period", self.request_ms * MS)

    def next_number(self) -> int:
        """Return a number that this member has not used."""
        self.number += 1
        return self.number

    # Requests of clients.

    def on_message(self, sender: str, message: Any) -> None:
        match message:
            case Forward(proposal):
                self.tell(self.inside, Propose(proposal))
            case Ask(number, request):
                self.tell(self.inside, Read(Asked(sender, number, request)))
            case Answer(number, response):
                self.on_answer(number, response)
            case Announce():  # of the driver
                self.tell(self.inside, message)
            case NotSent(Forward(proposal)):
                self.on_not_proposed(proposal)
            case NotSent(Ask(number)):
                self.on_answer(number, NO_LEADER)
            case api.CompactionRequest():  # of an operator who does not wait
                self.propose(message)
            case _:
                super().on_message(sender, message)

    def on_call(self, client: str, call: Call) -> None:
        """Take a request in, at whichever member."""
        request = call.command
        if not sound(call):
            return
        if is_well_formed(request) and not quota.fits(self.state.store, request, self.quota_bytes):
            self.refuse_for_space(client, call)
            return
        try:
            self.applier.check(self.state, request)
        except RejectedError as rejected:
            self.reply(client, call, rejected.error)
            return
        if isinstance(request, LOCAL):
            self.reply(client, call, self.local(request))
        elif transactions.reads_only(request):
            self.read(client, call)
        else:
            self.propose(self.prepared(request), Waiting(client, call, self.period))

    def refuse_for_space(self, client: str, call: Call) -> None:
        """Raise the alarm, and refuse a request when all know of it."""
        alarm = maintenance.AlarmRequest(
            maintenance.AlarmAction.ACTIVATE, member_id(self.name), maintenance.AlarmType.NOSPACE
        )
        self.propose(alarm, Waiting(client, call, self.period, refusal=NO_SPACE))

    def prepared(self, request: Any) -> Any:
        """Return the request as it is proposed; a choice that members must agree upon is made here."""
        return request

    def reply(self, client: str, call: Call, response: Any) -> None:
        """Answer a client."""
        self.send(client, Reply(call.session, call.sequence, response))

    # Writes.

    def propose(self, request: Any, waiting: Waiting | None = None) -> None:
        """Let the log order a request; `waiting` is answered when it is applied here."""
        number = self.next_number()
        if waiting is not None:
            self.pending = self.pending.set(number, waiting)
        self.tell(self.inside, Propose(Proposal(self.name, number, request)))

    def on_not_leader(self, proposal: Proposal, leader: str | None) -> None:
        """Send a proposal of this member on to the leader; one that came from another is lost."""
        if proposal.member != self.name:
            return
        if leader is not None:
            self.send(leader, Forward(proposal))
        else:
            self.on_not_proposed(proposal)

    def on_not_proposed(self, proposal: Proposal) -> None:
        """Say that there is no leader: what was proposed nowhere has certainly not happened, and may be asked again."""
        if proposal.number in self.pending:
            waiting = self.pending[proposal.number]
            self.pending = self.pending.remove(proposal.number)
            self.reply(waiting.client, waiting.call, waiting.refusal or NO_LEADER)

    # Reads.

    def read(self, client: str, call: Call) -> None:
        """Answer a read: at once if it may be behind, else when this member has caught up with what is committed."""
        if transactions.is_serializable(call.command):
            self.reply(client, call, self.looked_up(call.command))
        else:
            self.ask(ReadIndex(), Waiting(client, call, self.period))

    def ask(self, request: Any, waiting: Waiting) -> None:
        """Ask the leader, who may be this member."""
        number, leader = self.next_number(), self.protocol.leader
        if leader is None:
            self.reply(waiting.client, waiting.call, NO_LEADER)
            return
        self.reads = self.reads.set(number, waiting)
        if leader == self.name:
            self.tell(self.inside, Read(Asked(self.name, number, request)))
        else:
            self.send(leader, Ask(number, request))

    def on_confirmed(self, asked: Asked, index: int) -> None:
        """Answer, for this member led when it was asked."""
        self.give(asked, index if isinstance(asked.request, ReadIndex) else self.as_leader(asked.request))

    def give(self, asked: Asked, response: Any) -> None:
        """Hand an answer to the member that asked."""
        if asked.member == self.name:
            self.on_answer(asked.number, response)
        else:
            self.send(asked.member, Answer(asked.number, response))

    def as_leader(self, request: Any) -> Any:
        """Return the response to what only a leader knows."""
        return NO_LEADER

    def on_answer(self, number: int, response: Any) -> None:
        """Pass an answer of the leader on, or wait until the index that it names is applied."""
        waiting = self.reads.get(number)
        if waiting is None:
            return
        if type(response) is int:
            self.reads = self.reads.set(number, replace(waiting, index=response))
            self.answer_reads()
        else:
            self.reads = self.reads.remove(number)
            self.reply(waiting.client, waiting.call, response)

    def answer_reads(self) -> None:
        """Answer the reads whose index is applied."""
        for number, waiting in self.reads.items():
            if 0 < waiting.index <= self.applied:
                self.reads = self.reads.remove(number)
                self.reply(waiting.client, waiting.call, self.looked_up(waiting.call.command))

    def looked_up(self, request: Any) -> Any:
        """Return the response to a request that only reads."""
        return self.applier.apply(self.state, request)[1]

    def local(self, request: Any) -> Any:
        """Return the response to what each member answers for itself."""
        store, raft = self.state.store, self.protocol
        match request:
            case maintenance.StatusRequest():
                alarms = tuple(f"memberID:{a.member_id} alarm:{a.alarm.name} " for a in self.state.alarms)
                return maintenance.StatusResponse(
                    store.revision,
                    raft.leader,
                    raft.current_term,
                    raft.commit_index,
                    self.applied,
                    store.size,
                    alarms if raft.leader is not None else (NO_LEADER.message, *alarms),
                )
            case maintenance.HashKVRequest(revision):
                try:
                    return maintenance.HashKVResponse(
                        store.revision, mvcc.hash_kv(store, revision), store.compacted
                    )
                except RejectedError as rejected:
                    return rejected.error
            case maintenance.MemberListRequest():
                known = (*raft.configuration.voters, *raft.configuration.learners)
                voters = raft.configuration.voters
                members = tuple(
                    maintenance.Member(member_id(m), m, m not in voters) for m in sorted(set(known))
                )
                return maintenance.MemberListResponse(store.revision, members)
        return api.LeaseLeasesResponse(store.revision, leases.ids(self.state.leases))

    def give_up(self) -> None:
        """Answer those who have waited for a whole period; what they asked for may have happened, or may yet."""
        for number, waiting in (*self.pending.items(), *self.reads.items()):
            if waiting.since < self.period:
                self.pending, self.reads = self.pending.remove(number), self.reads.remove(number)
                self.reply(waiting.client, waiting.call, waiting.refusal or TIMED_OUT)
        self.period += 1

    # What Raft says.

    def on_output(self, inner: str, value: Any) -> None:
        match value:
            case Committed(index, entry):
                self.on_committed(index, entry.command)
            case Restored(snapshot):
                self.on_restored(snapshot.last_index, snapshot.state)
            case NotLeader(Proposal() as proposal, leader):
                self.on_not_leader(proposal, leader)
            case ReadReady(Asked() as asked, index):
                self.on_confirmed(asked, index)
            case ReadFailed(Asked() as asked, _):
                self.give(asked, NO_LEADER)

    def on_committed(self, index: int, command: Any) -> None:
        """Apply an entry, unless the data holds it already, and answer who waits for it here."""
        if index <= self.applied:
            return
        before, response = self.state, None
        if isinstance(command, Proposal):
            self.state, response = self.applier.apply(self.state, command.request)
        self.applied = index
        self.save_soon()
        self.on_applied(before, command, response)
        if isinstance(command, Proposal) and command.member == self.name and command.number in self.pending:
            waiting = self.pending[command.number]
            self.pending = self.pending.remove(command.number)
            self.reply(waiting.client, waiting.call, waiting.refusal or response)
        self.answer_reads()

    def on_applied(self, before: State, command: Any, response: Any) -> None:
        """React to an entry that was applied; `before` is the state before it."""

    def on_restored(self, index: int, state: State) -> None:
        """Go on from a snapshot of the leader, unless this member has come further by itself."""
        if index > self.applied:
            self.state, self.applied = state, index
            self.save()
            self.answer_reads()

    # The disk.

    def save_soon(self) -> None:
        """Write what was applied, after a while, and with it what is applied until then."""
        if self.saved == self.applied - 1 or self.commit_ms == 0:
            self.set_timer("backend", self.commit_ms * MS)

    def save(self) -> None:
        """Write what was applied together with the index that says how far it goes: both or neither.

        The backend grows at its end, so only what is new is written; now and then, and after a compaction, all of it.
        """
        store, kept = self.state.store, applier.kept(self.state)
        if store.compacted == self.base and self.parts < PARTS_MAX:
            news = tuple(ordered.items(kept.pop("backend"), (self.written + 1, 0)))
            if news:
                kept[f"part{self.parts}"] = news
                self.parts += 1
        else:
            self.base, self.parts = store.compacted, 0
        self.saved, self.written = self.applied, store.revision
        self.persist(applied=self.applied, parts=self.parts, **kept)

    def on_timeout(self, timer: str) -> None:
        if timer == "backend":
            self.save()
            if self.snapshot_every:
                self.compact()
        elif timer == "period":
            self.set_timer("period", self.request_ms * MS)
            self.give_up()

    def compact(self) -> None:
        """Hand Raft the state in place of the log, when enough has been applied since the last time."""
        raft = self.protocol
        behind = self.applied - raft.last_snapshot.last_index
        if behind >= self.snapshot_every and self.applied <= raft.last_applied:
            self.tell(self.inside, Compact(self.applied, self.state))


def member_id(name: str) -> int:
    """Return the number that a member has in etcd's API: 64 bits, the same everywhere."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big")


def failed(response: Any) -> bool:
    """Return whether an answer says that nothing was done."""
    return isinstance(response, EtcdError) and response != TIMED_OUT
