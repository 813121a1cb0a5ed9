"""How a request gets its place in the order: from the server that a client asks to the primary, and out to all.

A server that does not lead sends what changes something on to the one that does, and also *questions*, which change
nothing and which only a leader can answer. It numbers all of these within its connection to the leader, and the leader
takes them in this order: so what one client asks, at one server, is done in the order in which it asked, though it did
not wait for answers. The leader prepares each beside the tree *ahead*, and lets Zab broadcast what it found. Every
server applies it; the one that was asked answers.

All of this lives as long as the server follows this leader in this connection. When that ends, whoever waits here will
not be answered: the change may be made, or not, and nobody knows. `on_lost` says so to the layer above.

Source: LeaderRequestProcessor, FollowerRequestProcessor, CommitProcessor and Leader.processSync of ZooKeeper 3.8.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar

from distsys.core.errors import whole_number
from distsys.core.events import Event as NodeEvent
from distsys.core.units import MS
from distsys.core.values import EMPTY, Map
from distsys.protocols.replication import Committed, Compact, Propose, Restored, Role
from distsys.protocols.zab_messages import Phase

from ..replicas import ZabReplica
from ..service import Service
from . import tree
from .forwarding import (
    Answer,
    Forward,
    Proposed,
    Question,
    StillFollows,
    StillLeads,
    SyncPoint,
    Waits,
    zxid_of,
)
from .preparing import Asker, Preparer
from .tree import DataTree, Happened, Header

EARLY_MAX = 1_000  # requests of one server that overtook others
HISTORY_BYTES = 32 * 2**20  # data in the changes of a history, before the tree takes their place


def no_change(state: DataTree, index: int, command: Any) -> tuple[DataTree, Any, tuple[Any, ...]]:
    """Return the state as it is: changes are applied with their zxid, see `Broadcasting.on_delivered`."""
    return state, None, ()


SERVICE = Service("zookeeper", DataTree(), no_change, lambda call: False)


class Broadcasting(ZabReplica):
    """Orders requests and applies what comes of them.

    State, durable: `life`, how often this server has begun. Volatile: `serving`, whom it follows and in which
    connection (itself, where it leads an epoch), None where it does not. `sent`, requests that wait for their change,
    or for an answer of the leader. At a leader: `ahead`; `unprepared`, requests of its own clients; `taken` (server ->
    its connection and the last number taken) and `early`; `round` of the question whether it still leads, who has said
    yes, who waits for it, and who for the next. `heavy`, bytes of data in the changes since the last snapshot.
    Messages: Forward, Answer; StillLeads, StillFollows.
    Timers: "again", after which what is not answered is sent again.
    Keeps: what one server sends on is done once, in order, or not at all from some point on.
    """

    service = SERVICE
    preparer: ClassVar[Preparer] = Preparer()

    def __init__(
        self, name: str, disk: Map[str, Any] = EMPTY, *, again_ms: int = 200, **settings: Any
    ) -> None:
        super().__init__(name, disk, **settings)
        self.again_ms = whole_number("again_ms", again_ms, at_least=1)
        self.life: int = disk.get("life", 0)
        self.depth = 0
        self.serving: tuple[str, int] | None = None
        self.number = 0
        self.sent: Map[int, tuple[Any, Forward]] = Map()
        self.ahead: DataTree | None = None
        self.unprepared: tuple[Forward, ...] = ()
        self.taken: Map[str, tuple[int, int]] = EMPTY
        self.early: Map[tuple[str, int], Forward] = Map()
        self.heavy = 0
        self.round = 0
        self.sure: frozenset[str] = frozenset()
        self.waiting: tuple[Waits, ...] = ()  # of this round
        self.next_round: tuple[Waits, ...] = ()

    def on_start(self) -> None:
        super().on_start()
        self.life += 1
        self.persist(life=self.life)

    # What the layer above hears.

    def on_serving(self) -> None:
        """Begin to serve clients."""

    def on_lost(self) -> None:
        """Stop serving: nobody is answered who waits."""

    def on_leading(self) -> None:
        """Begin to lead: the tree ahead is there."""

    def on_applied(self, zxid: int, proposed: Proposed, answer: Any, events: tuple[Happened, ...]) -> None:
        """React to a change that was applied here."""

    def on_done(self, token: Any, answer: Any) -> None:
        """Take the answer to what was asked under `token`."""

    def on_prepared(self, server: str, proposed: Proposed) -> None:
        """React to what this leader has found to come of a request of a server."""

    def has_left(self, server: str, session: int) -> bool:
        """Return whether the client of a session has gone from this server to another."""
        return False

    def answer_as_leader(self, server: str, question: Any, is_new: bool) -> Any:
        """Return the answer to a question of a server, which may have asked it before."""

    # Whom this server follows.

    def _inside(self, name: str, event: NodeEvent) -> None:
        """Look, when Zab has done all of a step, whether this server still serves; Zab says so to nobody.

        Only then is anything new prepared: what Zab has written in this step must not come after what it writes next.
        """
        self.depth += 1
        super()._inside(name, event)
        self.depth -= 1
        if self.depth == 0:
            self.look_at_zab()
            self.prepare_own()

    def look_at_zab(self) -> None:
        """Notice a new connection to a leader, or the end of one."""
        serving = self.follows()
        if serving == self.serving:
            return
        if self.serving is not None:
            self.lose()
        self.serving = serving
        if serving is not None:
            if self.leads():
                self.ahead = self.state
                self.on_leading()
            self.on_serving()

    def follows(self) -> tuple[str, int] | None:
        """Return the leader and the connection to it; None while there is none or it is not up to date."""
        zab = self.zab
        if zab.phase is not Phase.BROADCAST or zab.leader is None:
            return None
        return (zab.leader, zab.epoch if zab.role is Role.LEADER else zab.link.connection)

    def leads(self) -> bool:
        """Return whether this server leads."""
        return self.serving is not None and self.serving[0] == self.name

    def lose(self) -> None:
        """Forget all that belonged to the leader that was."""
        self.sent, self.ahead, self.unprepared = Map(), None, ()
        self.taken, self.early = EMPTY, Map()
        self.sure, self.waiting, self.next_round = frozenset(), (), ()
        self.number = 0
        self.cancel_timer("again")
        self.on_lost()

    # Asking for a change, or for what only a leader knows.

    def ask(self, question: Question, token: Any) -> None:
        """Ask the leader, who may be this server; `on_done(token, answer)` follows."""
        self.request(Asker(question.session), question, token)

    def request(self, asker: Asker, request: Any, token: Any) -> None:
        """Have something done; `on_done(token, answer)` follows when it is applied here."""
        assert self.serving is not None, f"{self.name} serves nobody"
        self.number += 1
        forward = Forward(self.serving[1], self.zab.current_epoch, self.number, asker, request)
        self.sent = self.sent.set(self.number, (token, forward))
        self.send_again_later()
        if self.leads():
            self.unprepared = (*self.unprepared, forward)
            self.prepare_own()
        else:
            self.send(self.serving[0], forward)

    def send_again_later(self) -> None:
        """Ask again after a while, if nothing comes; a leader waits as well, for the word of a quorum."""
        if len(self.sent) == 1:
            self.set_timer("again", self.again_ms * MS)

    def send_again(self) -> None:
        """Send once more what is not answered: the leader takes each once."""
        if self.serving is None or not self.sent:
            return
        self.set_timer("again", self.again_ms * MS)
        for _, forward in self.sent.values():
            if not self.leads():
                self.send(self.serving[0], forward)
        if self.waiting:
            self.ask_followers()

    # At the leader.

    def prepare_own(self) -> None:
        """Prepare what this leader's own clients have asked."""
        while self.unprepared and self.depth == 0:
            forward, *rest = self.unprepared
            self.unprepared = tuple(rest)
            self.take_up(self.name, forward)

    def on_forward(self, server: str, forward: Forward) -> None:
        """Take the requests of a server in their order."""
        link = self.zab.links.get(server)
        if not self.leads() or link is None:
            return
        if (link.connection, self.zab.epoch) != (forward.connection, forward.epoch):
            return
        connection, number = self.taken.get(server, (0, 0))
        if connection != forward.connection:
            connection, number = forward.connection, 0
            self.early = Map({key: early for key, early in self.early.items() if key[0] != server})
        if forward.number > number and len(self.early) < EARLY_MAX:
            self.early = self.early.set((server, forward.number), forward)
        elif forward.number <= number and isinstance(forward.request, Question):
            self.on_question(server, forward, is_new=False)  # its answer may be lost
        due: list[Forward] = []
        while (server, number + 1) in self.early:
            number += 1
            due.append(self.early[server, number])
            self.early = self.early.remove((server, number))
        self.taken = self.taken.set(server, (connection, number))
        for forward in due:
            self.take_up(server, forward)

    def take_up(self, server: str, forward: Forward) -> None:
        """Take a request in its turn."""
        if isinstance(forward.request, Question):
            self.on_question(server, forward, is_new=True)
        else:
            self.prepare(server, forward)

    def prepare(self, server: str, forward: Forward) -> None:
        """Find what comes of a request, and let it be broadcast."""
        assert self.ahead is not None, f"{self.name} does not lead"
        zxid = zxid_of(self.zab.next_zxid())
        header = Header(forward.asker.session, self.now // MS)
        change = self.change(server, zxid, header, forward)
        proposed = Proposed(server, forward.connection, forward.number, header, change)
        self.ahead, _, _ = tree.apply(self.ahead, zxid, header, change)
        self.on_prepared(server, proposed)
        self.tell(self.inside, Propose(proposed))

    def change(self, server: str, zxid: int, header: Header, forward: Forward) -> Any:
        """Return the state change of a request."""
        assert self.ahead is not None, f"{self.name} does not lead"
        return self.preparer.change(self.ahead, zxid, header.time, forward.asker, forward.request)

    # At every server.

    def on_output(self, inner: str, value: Any) -> None:
        match value:
            case Committed(index, entry):
                self.on_delivered(index, zxid_of(entry.zxid), entry.command)  # type: ignore[attr-defined]
            case Restored(snapshot):
                self.state = snapshot.state

    def on_delivered(self, index: int, zxid: int, proposed: Any) -> None:
        """Apply a change, and answer who waits for it here."""
        if not isinstance(proposed, Proposed):
            self.state = replace(self.state, zxid=zxid)
            return
        self.state, answer, events = tree.apply(self.state, zxid, proposed.header, proposed.change)
        self.on_applied(zxid, proposed, answer, events)
        mine = self.serving is not None and (proposed.server, proposed.connection) == (
            self.name,
            self.serving[1],
        )
        if mine and proposed.number in self.sent:
            token, _ = self.sent[proposed.number]
            self.sent = self.sent.remove(proposed.number)
            self.on_done(token, answer)
        if self.snapshot_every:
            self.heavy += tree.weight(proposed.change)
            self.set_timer("compact", 0)

    def compact(self) -> None:
        """Let the tree stand in place of the history where that has many changes, or a few large ones."""
        before = self.zab.last_snapshot
        if self.heavy >= HISTORY_BYTES:
            self.tell(self.inside, Compact(self.zab.last_applied, self.state))
        else:
            super().compact()
        if self.zab.last_snapshot is not before:
            self.heavy = 0

    # What only a leader knows.

    def on_question(self, server: str, forward: Forward, is_new: bool) -> None:
        """Answer a server."""
        question = forward.request
        if isinstance(question, SyncPoint) and not self.has_left(server, question.session):
            self.on_sync_point(server, forward)
        else:
            self.give(server, forward, self.answer_as_leader(server, question, is_new))

    def give(self, server: str, forward: Forward, response: Any) -> None:
        """Hand an answer to the server that asked."""
        answer = Answer(forward.connection, forward.epoch, forward.number, response)
        if server == self.name:
            self.on_answer(answer)
        else:
            self.send(server, answer)

    def on_answer(self, answer: Answer) -> None:
        """Pass the answer on."""
        token, forward = self.sent.get(answer.number, (None, None))
        if forward is None or (forward.connection, forward.epoch) != (answer.connection, answer.epoch):
            return
        self.sent = self.sent.remove(answer.number)
        self.on_done(token, answer.response)

    # Does this server still lead? A leader that is cut off does not know that there is another. So it asks, and while
    # it has the word of a quorum, given after the question came, nobody else had committed anything when it came.

    def on_sync_point(self, server: str, forward: Forward) -> None:
        """Answer when a quorum has said, from now on, that it follows this leader."""
        waiting = (*self.waiting, *self.next_round)
        if any((waits.server, waits.forward) == (server, forward) for waits in waiting):
            self.ask_followers()  # a message was lost
            return
        waits = Waits(server, forward, zxid_of(self.zab.last_zxid()))
        self.next_round = (*self.next_round, waits)
        self.begin_round()

    def begin_round(self) -> None:
        """Ask the followers, for all that wait by now."""
        if self.waiting or not self.next_round:
            return
        self.waiting, self.next_round = self.next_round, ()
        self.round += 1
        self.sure = frozenset({self.name})
        self.ask_followers()
        self.maybe_sure()

    def ask_followers(self) -> None:
        """Ask all voters that have not said yes in this round."""
        for peer in self.zab.voters:
            if peer not in self.sure:
                self.send(peer, StillLeads(self.zab.epoch, self.round))

    def on_still_leads(self, leader: str, message: StillLeads) -> None:
        """Say yes, where it is so."""
        if (
            self.serving is not None
            and self.serving[0] == leader
            and self.zab.accepted_epoch == message.epoch
        ):
            self.send(leader, StillFollows(message.epoch, message.round))

    def on_still_follows(self, follower: str, message: StillFollows) -> None:
        """Count a yes of this round."""
        if self.leads() and (message.epoch, message.round) == (self.zab.epoch, self.round):
            self.sure |= {follower}
            self.maybe_sure()

    def maybe_sure(self) -> None:
        """With a quorum, answer: whoever waits until it has applied what this leader had proposed is up to date."""
        if self.waiting and self.zab.is_quorum(self.sure):
            waiting, self.waiting = self.waiting, ()
            for waits in waiting:
                self.give(waits.server, waits.forward, waits.zxid)
            self.begin_round()

    def on_message(self, sender: str, message: Any) -> None:
        match message:
            case Forward():
                self.on_forward(sender, message)
            case Answer():
                if self.serving is not None and sender == self.serving[0]:
                    self.on_answer(message)
            case StillLeads():
                self.on_still_leads(sender, message)
            case StillFollows():
                self.on_still_follows(sender, message)
            case _:
                super().on_message(sender, message)

    def on_timeout(self, timer: str) -> None:
        if timer == "again":
            self.send_again()
        else:
            super().on_timeout(timer)
