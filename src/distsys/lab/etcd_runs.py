"""Runs of etcd on Raft for its pages: each shows one idea, by the clock, and is the same on every call.

The members are those of the system `raft-etcd`, correct or one of its mutants; the clients stand in `etcd_cast`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from distsys.core import systems
from distsys.core.errors import several
from distsys.core.events import Output
from distsys.core.systems import Cluster, Members, Request, System
from distsys.core.trace import Trace
from distsys.core.units import MS
from distsys.drivers import Heal, Partition, Pause, Resume, Simulator, link, states
from distsys.mutants import etcd as etcd_mutants
from distsys.protocols.raft_laws import RAFT_LAWS
from distsys.protocols.raft_systems import TIMING
from distsys.services.etcd import mvcc, recipes
from distsys.services.etcd.api import (
    CompactionRequest,
    LeaseGrantRequest,
    LeaseKeepAliveRequest,
    PutRequest,
    RangeRequest,
)
from distsys.services.etcd.applier import Applier, State
from distsys.services.etcd.laws import LOCK_LAWS, MEMBER_LAWS
from distsys.services.etcd.member import Member
from distsys.services.etcd.streams import EtcdServer

from .etcd_cast import Account, Adder, Ask, Cache, Poller, Shown, Teller, Worker, Write

MUTANTS = {one.id: one.classes["server"] for one in etcd_mutants.MUTANTS if "server" in one.classes}
CORRECT, DELAY_MS = "correct", 5
BEGIN_MS = 650  # by then a leader is elected
QUIET = {"snapshot_every": 0, "commit_ms": 60_000}  # what the disk does is another story
LIMIT = recipes.CONFIG + b"limit"


def _members(names: tuple[str, ...], options: Mapping[str, Any]) -> Members:
    """Return the members of the cluster, and of the clients those that the option `cast` names."""
    timing = {one: options[one] for one in TIMING}
    members: Members = {
        name: (options["server"], {"voters": names, **timing, **QUIET, "window": 4}) for name in names
    }
    asks = {"servers": names}
    works = {**asks, "account": "account", "ttl": 1, "work_ms": 200, "quiet_ms": 9_000}
    clients: Members = {
        "ann": ("teller", asks),
        "bob": ("teller", asks),
        "op": ("teller", asks),
        "poller": ("poller", {**asks, "every_ms": options["every_ms"], "begin_ms": BEGIN_MS}),
        "cache": ("cache", {**asks, "quiet_ms": options["quiet_ms"], "begin_ms": BEGIN_MS}),
        "p1": ("worker", {**works, "begin_ms": BEGIN_MS}),
        "p2": ("worker", {**works, "begin_ms": BEGIN_MS + 200}),
        "account": ("account", {"fenced": options["fenced"]}),
        **{f"c{number}": ("adder", {**asks, "times": options["times"]}) for number in range(1, 10)},
    }
    return {**members, **{name: clients[name] for name in several("cast", options["cast"], "names")}}


SYSTEM = systems.register(
    System(
        name="etcd-story",
        says="etcd on Raft, and clients that do as they are told.",
        classes={
            CORRECT: EtcdServer,
            **MUTANTS,
            "teller": Teller,
            "poller": Poller,
            "cache": Cache,
            "worker": Worker,
            "account": Account,
            "adder": Adder,
        },
        members=_members,
        laws=(*RAFT_LAWS, *MEMBER_LAWS, *LOCK_LAWS),
        options={
            "server": CORRECT,
            "cast": ("ann",),
            "every_ms": 100,
            "quiet_ms": 150,
            "fenced": True,
            "times": 1,
            **TIMING,
        },
        clients=("teller", "poller", "cache", "worker", "account", "adder"),
    )
)


def cluster(*cast: str, server: str | None = None, nodes: int = 1, **options: Any) -> Cluster:
    """Return members, correct or of a mutant, and these clients; a member alone sends no heartbeats to see."""
    options.setdefault("heartbeat_ms", 299 if nodes == 1 else 100)
    return systems.build("etcd-story", nodes=nodes, cast=cast, server=server or CORRECT, **options)


def run(who: Cluster, until_ms: int, *told: tuple[float, str, str, Any], script: Any = ()) -> Trace:
    """Return a run without chance in its delays; `told` says (when in ms, to whom, which server, what to ask)."""
    return Simulator(
        who,
        seed=1,
        network=link(delay=DELAY_MS * MS, fifo=True),
        script=script,
        requests=[Request(int(at * MS), name, Ask(server, request)) for at, name, server, request in told],
        until=until_ms * MS,
        settle=0,
    ).run()


class OneCopy:
    """The replicated part of etcd alone, without members: `ask` does a request at once.

    >>> copy = OneCopy()
    >>> copy.ask(PutRequest(b"k", b"v")).header_revision, copy.ask(RangeRequest(b"k")).kvs[0].value
    (2, b'v')
    """

    def __init__(self, applier: Applier | None = None) -> None:
        self.applier, self.state = applier or Applier(), State()

    def ask(self, request: Any) -> Any:
        """Return the answer to a request."""
        self.state, response = self.applier.apply(self.state, request)
        return response


# What is there at the end.


def end_of(trace: Trace, field: str) -> dict[str, Any]:
    """Return a field of each node that has it, at the end of a run."""
    found = states(trace, lambda node: getattr(node, field, None))[-1]
    return {name: value for name, value in found.items() if value is not None}


def store_of(trace: Trace, member: str = "n1") -> State:
    """Return what a member holds at the end of a run."""
    found: State = states(trace, lambda node: node.state if isinstance(node, Member) else None)[-1][member]
    return found


def timed(trace: Trace, name: str, kind: type) -> list[tuple[int, Any]]:
    """Return what a node output, of one class: (when, what)."""
    return [
        (step.at, effect.value)
        for step in trace
        if step.node == name
        for effect in step.effects
        if isinstance(effect, Output) and isinstance(effect.value, kind)
    ]


def setting_of(trace: Trace, name: str, member: str = "n1") -> str:
    """Return the value of a setting in the store of a member at the end of a run."""
    kv = mvcc.get(store_of(trace, member).store, recipes.CONFIG + name.encode())
    return "none" if kv is None else kv.value.decode()


def shown(trace: Trace, name: str) -> list[tuple[int, str | None]]:
    """Return what a client took the setting "limit" to be, one after the other: (revision, value)."""
    return [(value.revision, value.known.get("limit")) for _, value in timed(trace, name, Shown)]


def written(trace: Trace) -> list[tuple[int, str]]:
    """Return what the account took: (token, who)."""
    return [(value.token, value.value) for _, value in timed(trace, "account", Write)]


# The stories.


def missed_change() -> Trace:
    """Return a run in which a setting is wrong for 60 ms: who watches sees it, who polls every 150 ms does not."""
    return run(
        cluster("ann", "poller", "cache", every_ms=150),
        970,
        (640, "ann", "n1", PutRequest(LIMIT, b"10")),
        (820, "ann", "n1", PutRequest(LIMIT, b"0")),
        (880, "ann", "n1", PutRequest(LIMIT, b"10")),
    )


def overtaken(server: str | None = None) -> Trace:
    """Return a run in which a cache is cut off while a setting changes and the history is compacted (ETCD-04)."""
    return run(
        cluster("ann", "cache", server=server),
        1_030,
        (640, "ann", "n1", PutRequest(LIMIT, b"10")),
        (720, "ann", "n1", PutRequest(LIMIT, b"20")),
        (760, "ann", "n1", PutRequest(recipes.CONFIG + b"name", b"x")),
        (800, "ann", "n1", CompactionRequest(4)),
        (1_000, "ann", "n1", PutRequest(recipes.CONFIG + b"name", b"y")),
        script=(Partition(690 * MS, (("cache",), ("n1", "ann"))), Heal(850 * MS)),
    )


def unread(server: str | None = None) -> Trace:
    """Return a run in which a cache is stopped while a setting changes five times, and then reads on (ETCD-05)."""
    changes = tuple((730 + 20 * i, "ann", "n1", PutRequest(LIMIT, b"%d" % (20 + 10 * i))) for i in range(5))
    return run(
        cluster("ann", "cache", server=server, quiet_ms=2_000),
        950,
        (640, "ann", "n1", PutRequest(LIMIT, b"10")),
        *changes,
        (930, "ann", "n1", PutRequest(recipes.CONFIG + b"name", b"x")),
        script=(Pause(720 * MS, "cache"), Resume(900 * MS, "cache")),
    )


def paused_holder(fenced: bool = True) -> Trace:
    """Return a run in which the holder of a lock is paused until its lease is over, and then writes."""
    return run(
        cluster("p1", "p2", "account", fenced=fenced),
        2_040,
        script=(Pause(800 * MS, "p1"), Resume(2_000 * MS, "p1")),
    )


def deposed(server: str | None = None) -> Trace:
    """Return a run in which a leader is cut off, another is elected and renews a lease, and then the cut heals."""
    lease = 7
    return run(
        cluster("ann", server=server, nodes=3),
        3_200,
        (700, "ann", "n1", LeaseGrantRequest(2, lease)),
        (760, "ann", "n1", PutRequest(LIMIT, b"10", lease)),
        (2_200, "ann", "n3", LeaseKeepAliveRequest(lease)),
        (3_000, "ann", "n3", RangeRequest(LIMIT)),
        script=(Partition(900 * MS, (("n1",), ("n2", "n3", "ann"))), Heal(2_000 * MS)),
    )


def stale(serializable: bool) -> Trace:
    """Return a run in which bob reads at a member that is cut off: at once, or as soon as it can be right."""
    return run(
        cluster("ann", "bob", nodes=3),
        1_800,
        (700, "ann", "n1", PutRequest(LIMIT, b"10")),
        (1_000, "ann", "n1", PutRequest(LIMIT, b"20")),
        (1_100, "bob", "n2", RangeRequest(LIMIT, serializable=serializable)),
        script=(Partition(900 * MS, (("n2", "bob"), ("n1", "n3", "ann"))), Heal(1_300 * MS)),
    )


def additions(clients: int, times: int = 1, server: str | None = None, nodes: int = 1) -> Trace:
    """Return a run in which so many clients add one to a counter at once, each so often."""
    cast = tuple(f"c{number}" for number in range(1, clients + 1))
    return run(cluster(*cast, server=server, nodes=nodes, times=times), 700 + 60 * clients * times)
