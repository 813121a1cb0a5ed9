"""Who plays on the page on availability: a client that probes a replicated store, and two servers that are wrong.

The store is that of `raft-kv`: Raft below, a key-value store on top. The client asks on the beat, as a monitor does
that stands where users stand: a probe counts if it is answered before the next one begins. `TwoOfFour` lets half of the
servers decide, and `Liar` answers reads out of its head.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from distsys.core import systems
from distsys.core.errors import whole_number
from distsys.core.operations import INFO, INVOKE, OK
from distsys.core.systems import Cluster, Members
from distsys.core.units import MS
from distsys.core.values import EMPTY, Map
from distsys.protocols.raft_messages import Role
from distsys.protocols.raft_server import RaftServer
from distsys.protocols.raft_systems import TIMING
from distsys.services import kv
from distsys.services.kv_client import KvClient
from distsys.services.raft_kv import RAFT_KV
from distsys.services.raft_store import ReplicatedStore
from distsys.services.replicated import Redirect, Reply

from .raft_kv_runs import Teller, nothing

CORRECT, HALF, LIAR = "correct", "half", "liar"


class Prober(KvClient):
    """Asks on the beat, a put and a get by turns, and gives up when the next beat comes.

    Within a beat it asks the next server every `try_ms`, and goes where a redirect leads.
    Timers: "beat", "try". Outputs: each `Operation`, ok if the answer came in time, and info if nobody knows.
    """

    def __init__(
        self,
        name: str,
        disk: Map[str, Any] = EMPTY,
        *,
        every_ms: int = 100,
        try_ms: int = 50,
        **settings: Any,
    ) -> None:
        super().__init__(name, disk, **settings)
        self.every_ms = whole_number("every_ms", every_ms, at_least=1)
        self.try_ms = whole_number("try_ms", try_ms, at_least=1)

    def on_start(self) -> None:
        """Begin with the first beat."""
        self.begin_a_life()
        self.set_timer("beat", self.every_ms * MS)

    def on_timeout(self, timer: str) -> None:
        """Begin a probe, or ask somebody else."""
        if timer == "try" and self.open is not None:
            self.server = self.servers[(self.servers.index(self.server) + 1) % len(self.servers)]
            self.ask()
        elif timer == "beat":
            if self.open is not None:
                self.report(INFO)
                self.begin_a_life()
            self.sequence += 1
            self.done += 1
            command = kv.Put("x", self.done) if self.done % 2 else kv.Get("x")
            self.open = kv.Call(self.session(), self.sequence, command)
            self.report(INVOKE)
            self.set_timer("beat", self.every_ms * MS)
            self.ask()

    def ask(self) -> None:
        """Send the open probe to the server that this client believes in."""
        self.hops = 0
        self.send(self.server, self.open)
        self.set_timer("try", self.try_ms * MS)

    def on_message(self, sender: str, message: Any) -> None:
        """Take an answer, or ask the leader."""
        match message:
            case Reply(session, sequence, result) if self.is_open(session, sequence):
                self.report(OK, result)
                self.open = None
                self.cancel_timer("try")
            case Redirect(session, sequence, leader) if self.is_open(session, sequence):
                if leader not in (None, self.server) and self.hops < len(self.servers):
                    self.hops += 1
                    self.server = leader
                    self.send(leader, self.open)

    def is_open(self, session: str, sequence: int) -> bool:
        """Return whether this is about the open probe."""
        return self.open is not None and (session, sequence) == (self.open.session, self.open.sequence)


class HalfDecides(RaftServer):
    """RAFT-12 with members that change: half of the servers count as a majority."""

    def is_quorum(self, names: Iterable[str]) -> bool:
        """Return whether half of the voters are among `names`."""
        voters = self.configuration.voters
        return len(set(names) & set(voters)) >= max(1, len(voters) // 2)


class TwoOfFour(ReplicatedStore):
    """A replica over such a Raft."""

    below = HalfDecides


class Liar(ReplicatedStore):
    """As a leader it answers each get at once, and always the same: Byzantine, and very available."""

    def take(self, client: str, call: kv.Call) -> None:
        """Lie about reads, and do all else as it should be done."""
        if isinstance(call.command, kv.Get):
            self.send(client, Reply(call.session, call.sequence, 1))
        else:
            super().take(client, call)


def leads(node: object) -> bool:
    """Return whether a node is a replica whose Raft leads."""
    return isinstance(node, ReplicatedStore) and node.raft.role is Role.LEADER


def _members(names: tuple[str, ...], options: Mapping[str, Any]) -> Members:
    server = {**{one: options[one] for one in TIMING}, "reads": "index"}
    probe = {"every_ms": options["every_ms"], "try_ms": options["try_ms"], "operations": 0}
    clients: Members = (
        {"ann": ("prober", {"servers": names, **probe})}
        if options["told"] == 0
        else {name: ("teller", {"servers": names, "operations": 0}) for name in ("ann", "bob")}
    )
    return {**{name: (options["server"], {"voters": names, **server}) for name in names}, **clients}


SYSTEM = systems.register(
    replace(
        RAFT_KV,
        name="availability-story",
        says="A key-value store on Raft, and a client that probes it, or two that are told what to ask.",
        classes={
            CORRECT: ReplicatedStore,
            HALF: TwoOfFour,
            LIAR: Liar,
            "prober": Prober,
            "teller": Teller,
        },
        members=_members,
        laws=tuple(law for law in RAFT_KV.laws if law.name != "clients are served in the end"),
        options={"server": CORRECT, "every_ms": 100, "try_ms": 50, "told": 0, **TIMING},
        workload=nothing,
        variants={},
        sights=(),
        clients=("prober", "teller"),
    )
)


def cluster(server: str = CORRECT, **options: Any) -> Cluster:
    """Return n1, n2, ... of that kind, and the client ann, or with `told` the clients ann and bob."""
    return systems.build("availability-story", server=server, **options)
