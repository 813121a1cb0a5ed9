"""Scopes: small worlds that an exploration exhausts, or in which it finds a known bug.

`TAUGHT` are scopes in which a correct system holds, each exhausted within a minute on one core. `scope_of(mutant)` is a
scope in which that mutant is found, or None where no scope was found in which exploring is the way to find it: its
law holds finally, or its shortest run is too long.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from distsys.algorithms.gossip_messages import Tell
from distsys.algorithms.links import Post
from distsys.algorithms.snapshot_messages import Pay, Take
from distsys.algorithms.truetime import Begin
from distsys.core import systems
from distsys.core.errors import UnknownNameError, shown
from distsys.core.systems import Request, Sight
from distsys.core.units import MS, S
from distsys.drivers import Bounds, Exploration, explore
from distsys.protocols import abd_messages, paxos_messages
from distsys.protocols.raft_messages import Propose
from distsys.protocols.raft_systems import noted

# Goals beside the sights of the systems: random runs reach them too seldom to be asked for them.
RARE = {
    "gap filled": Sight(
        "gap filled", "A leader of Multi-Paxos fills a gap with a no-op.", noted("fills the gap")
    )
}


@dataclass(frozen=True)
class Scope:
    """A system, its options, and the bounds of an exploration; `goals` names the sights that must be reached.

    They are those of the system, and those of `RARE`.
    Nothing is explored below a state in which one of the `prunes` is true.
    """

    system: str
    bounds: Bounds
    options: Mapping[str, Any] = field(default_factory=dict)
    requests: tuple[Request, ...] | None = None
    symmetry: bool = False
    goals: tuple[str, ...] = ()
    prunes: Mapping[str, Callable[[Any], bool]] = field(default_factory=dict)

    def explore(self, mutant: str | None = None, **more: Any) -> Exploration:
        """Explore the scope, the correct system or a mutant; `more` goes to `drivers.explore`."""
        sights = RARE | {sight.name: sight for sight in systems.find(self.system).sights}
        settings = {
            "requests": self.requests,
            "symmetry": self.symmetry,
            "goals": [] if mutant is not None else [sights[name] for name in self.goals],
            "mutant": mutant,
            "prunes": self.prunes,
            **self.options,
            **more,
        }
        return explore(self.system, bounds=self.bounds, **settings)


def _raft(
    requests: tuple[str, ...] = (), goals: tuple[str, ...] = (), symmetry: bool = False, **bounds: Any
) -> Scope:
    """Return a scope of three servers of Raft, in which clients ask n1 only."""
    asked = tuple(Request(0, "n1", Propose(command)) for command in requests)
    return Scope("raft", Bounds(**bounds), {"nodes": 3}, asked, symmetry, goals)


def _elections(n1: int, n2: int, n3: int, heartbeats: int = 0) -> dict[str, Any]:
    """Return bounds on timeouts: how often each server may stand for election."""
    limits = {"election@n1": n1, "election@n2": n2, "election@n3": n3, "heartbeat": heartbeats}
    return {"timeouts": n1 + n2 + n3 + heartbeats, "timers": limits}


def _zab(
    commands: tuple[str, ...] = (), goals: tuple[str, ...] = (), elections: int = 1, **bounds: Any
) -> Scope:
    """Return a scope of two servers of Zab, of which n2 is asked; each may decide so often, and gives up between.

    No vote, ping or knock is repeated: that matters only where something is lost. Two servers, for of three the start
    alone, each message in any order, has more states than a minute has room for.
    """
    asked = tuple(Request(0, "n2", Propose(command)) for command in commands)
    decide, patience = {f"decide@{name}": elections for name in ("n1", "n2")}, elections - 1
    limits = {
        **decide,
        "patience@n1": patience,
        "patience@n2": patience,
        "notify": 0,
        "connect": 0,
        "ping": 0,
    }
    within = Bounds(timeouts=sum(limits.values()), timers=limits, **bounds)
    return Scope("zab", within, {"nodes": 2}, asked, goals=goals)


def _paxos(values: tuple[str, ...] = ("x", "y"), **bounds: Any) -> Scope:
    """Return a scope of three processes of Paxos: n1 is asked for the first value, n2 for the second, and so on."""
    asked = zip(("n1", "n2", "n3"), values, strict=False)
    requests = tuple(Request(0, name, paxos_messages.Propose(value)) for name, value in asked)
    return Scope("paxos", Bounds(**bounds), {"nodes": 3}, requests)


def _slots(
    requests: tuple[tuple[str, str], ...], goals: tuple[str, ...], alpha: int = 2, **bounds: Any
) -> Scope:
    """Return a scope of three servers of Multi-Paxos: each pair asks a server for a command, in this order."""
    asked = tuple(Request(0, name, Propose(command)) for name, command in requests)
    limits = Bounds(in_order=True, **bounds)
    return Scope("multi-paxos", limits, {"nodes": 3, "alpha": alpha}, asked, goals=goals)


def _znodes(deed: str, goals: tuple[str, ...]) -> Scope:
    """Return a scope of two servers of ZooKeeper, and a client that does one thing; timers that repeat do not fire."""
    limits = {"decide": 2, "next@c1": 1, "notify": 0, "connect@n1": 0, "connect@n2": 0}
    within = Bounds(timeouts=3, timers=limits)
    options = {"nodes": 2, "clients": 1, "operations": 1, "deeds": (deed,)}
    return Scope("zab-zookeeper", within, options, (), goals=goals)


def _money(*requests: tuple[str, Any], goals: tuple[str, ...] = (), nodes: int = 3, **bounds: Any) -> Scope:
    """Return a scope of accounts: each pair asks a process for a payment or a snapshot."""
    asked = tuple(Request(0, name, request) for name, request in requests)
    return Scope("snapshot", Bounds(**bounds), {"nodes": nodes}, asked, goals=goals)


def _mail(*bodies: str, goals: tuple[str, ...] = (), **bounds: Any) -> Scope:
    """Return a scope of two processes with links that keep the order, of which n1 posts these bodies to n2."""
    asked = tuple(Request(0, "n1", Post("n2", body)) for body in bodies)
    return Scope("fifo-links", Bounds(in_order=True, **bounds), {"nodes": 2}, asked, goals=goals)


def _stamps(*servers: str, **bounds: Any) -> Scope:
    """Return a scope of two servers with the worst clocks, n1 fast and n2 slow, each asked for one transaction."""
    asked = tuple(Request(0, name, Begin(f"T{number}")) for number, name in enumerate(servers, 1))
    return Scope("truetime", Bounds(**bounds), {"nodes": 2}, asked)


def _cell(goals: tuple[str, ...], ticks: int, operations: int = 1, **timers: int) -> Scope:
    """Return a scope of a cell of Chubby of one server, and a client, whose clocks move by three leases at a time."""
    limits = {"election@n1": 1, "heartbeat": 0, "alive": 0, "retry": 0, **timers}
    within = Bounds(timeouts=sum(limits.values()), timers=limits, ticks=ticks, tick=3 * S)
    options = {"nodes": 1, "clients": 1, "operations": operations, "files": 1}
    return Scope("multipaxos-chubby", within, options, (), goals=goals)


def _reads_one_by_one(world: Any) -> bool:
    """Return whether a read was asked for while another one is open, which then only waits."""
    return bool(getattr(world.nodes.get("r1"), "waiting", ()))


def _two_reads_ended(world: Any) -> bool:
    """Return whether both reads have ended: what is still under way changes no answer."""
    ended = [operation for operation in world.outputs.get("r1", ()) if operation.type == "ok"]
    return len(ended) >= 2


def _cell_of_memory() -> Scope:
    """Return a scope of ABD with three copies: one write, and a reader that reads twice at any moment beside it."""
    asked = (abd_messages.Write("x"), abd_messages.Read(), abd_messages.Read())
    requests = tuple(Request(0, name, what) for name, what in zip(("w", "r1", "r1"), asked, strict=True))
    options = {"nodes": 3, "readers": 1, "operations": 0, "write_back": "unless agreed"}
    prunes = {"a read waits": _reads_one_by_one, "both reads ended": _two_reads_ended}
    return Scope(
        "abd", Bounds(in_order=True), options, requests, goals=("write-back", "agreed"), prunes=prunes
    )


ANY_TWO: dict[str, Any] = {"timeouts": 2, "timers": {"heartbeat": 0}}
ANY_ONE: dict[str, Any] = {"timeouts": 1, "timers": {"heartbeat": 0}}

TAUGHT: dict[str, Scope] = {
    "broadcast with a crash": Scope("reliable-broadcast", Bounds(crashes=1), {"nodes": 3}),
    "broadcast with a crash and a timeout": Scope(
        "reliable-broadcast", Bounds(crashes=1, timeouts=1), {"nodes": 3}
    ),
    "suspicions": Scope("heartbeat-detector", Bounds(timeouts=2), {"nodes": 3}),
    "an election": _raft(goals=("leader",), timeouts=1),
    "two elections": _raft(goals=("leader", "conflicting tail", "gap"), **ANY_TWO),
    "two elections and a crash": _raft(
        goals=("leader", "conflicting tail", "gap"), symmetry=True, crashes=1, **ANY_TWO
    ),
    "a command and a crash": _raft(("x",), ("leader", "gap"), crashes=1, **ANY_ONE),
    "a command and a heartbeat": _raft(("x",), ("leader", "gap"), **_elections(1, 0, 0, 1)),
    "two slots": _slots((("n1", "x"), ("n1", "y")), ("leader", "out of order"), **_elections(1, 0, 0)),
    "a gap in the log": _slots(
        (("n1", "x"), ("n1", "y"), ("n3", "z")),
        ("gap filled", "out of order"),
        depth=10,
        **_elections(1, 0, 1),
    ),
    "ABD, a write and two reads": _cell_of_memory(),
    "Zab, two commands and a crash": _zab(("x", "y"), ("leader", "up to date"), crashes=1),
    "Zab, a command and another epoch": _zab(("x",), ("leader", "up to date", "DIFF"), elections=2),
    "ZooKeeper, requests around the end of a session": _znodes("leave", ("leader", "session refused")),
    "ZooKeeper, a read among changes": _znodes("burst", ("leader", "sync round")),
    "money and a snapshot from two sides": _money(
        ("n1", Pay("n2", 10)), ("n2", Pay("n1", 20)), ("n3", Take(1)), ("n1", Take(1)), goals=("on the way",)
    ),
    "three letters and two crashes": _mail(
        "a", "b", "c", goals=("sent again", "early", "older self"), crashes=2, timeouts=1
    ),
    "Chubby, a lease that ends": _cell(("master", "jeopardy", "expired"), 3, clock=2, act=3, next=1),
    "Chubby, a file that is cached": _cell(("master", "cached"), 1, operations=2, clock=0, act=10, next=4),
}


def _plain(system: str, nodes: int, **bounds: Any) -> Scope:
    return Scope(system, Bounds(**bounds), {"nodes": nodes})


def _rumours(nodes: int, rumours: int, timeouts: int) -> Scope:
    """Return a scope of gossip in which rumours begin at n1."""
    requests = tuple(Request(0, "n1", Tell(f"rumour {number}")) for number in range(1, rumours + 1))
    return Scope("gossip", Bounds(timeouts=timeouts), {"nodes": nodes, "mode": "push"}, requests)


_FOUND: dict[str, Scope] = {
    "ABD-01": TAUGHT["ABD, a write and two reads"],
    "BEB-02": _plain("best-effort-broadcast", 2, duplicates=1),
    "BEB-03": _plain("best-effort-broadcast", 2),
    "RB-02": _plain("reliable-broadcast", 2, requests=2),
    "RB-03": _plain("reliable-broadcast", 3),
    "CB-01": _plain("causal-broadcast", 3, requests=2),
    "CB-02": _plain("causal-broadcast", 3, requests=2),
    "CB-05": _plain("causal-broadcast", 2, requests=2),
    "CB-06": _plain("causal-broadcast", 3, requests=2),
    "CLK-01": _plain("lamport-clock", 2, requests=3),
    "CLK-02": _plain("lamport-clock", 2, requests=3),
    "CLK-02b": _plain("lamport-clock", 2, requests=3),
    "LAM-01": _plain("lamport-clock", 2, requests=2, crashes=1),
    "VEC-01": _plain("vector-clock", 2, requests=3),
    "VEC-02": _plain("vector-clock", 2, requests=3),
    "VEC-03": _plain("vector-clock", 2, requests=2, crashes=1),
    "CLK-05": _plain("hybrid-clock", 2, requests=2),
    "HLC-01": _plain("hybrid-clock", 2, requests=2),
    "HLC-02": _plain("hybrid-clock", 2, requests=1, ticks=1, tick=MS),
    "TT-01": _stamps("n1", "n2"),
    "TT-02": _stamps("n1", "n2", ticks=2, tick=8 * MS, timeouts=2),
    "TT-03": _stamps("n1", "n2", ticks=2, tick=8 * MS, timeouts=2),
    "TT-04": _stamps("n1", "n1", ticks=2, tick=8 * MS, timeouts=2),
    "SNAP-01": _money(("n1", Pay("n2", 10)), ("n3", Take(1))),
    "SNAP-02": _money(("n1", Take(1)), ("n1", Pay("n3", 10)), ("n3", Take(1))),
    "SNAP-03": _money(("n1", Take(1)), ("n1", Pay("n2", 10)), nodes=2, timeouts=1),
    "SNAP-04": _money(("n1", Pay("n2", 10)), ("n3", Take(1))),
    "SNAP-05": _money(("n1", Take(1)), ("n1", Pay("n2", 10)), nodes=2),
    "LINK-02": _mail("a", crashes=1, timeouts=1),
    "LINK-03": _mail("a", crashes=1, timeouts=1),
    "LINK-04": _mail("a", "b"),
    "LINK-06": _mail("a", "b", crashes=1),
    "LINK-07": Scope(
        "fifo-links",
        Bounds(in_order=True, duplicates=1),
        {"nodes": 3},
        tuple(Request(0, who, Post("n3", body)) for who, body in (("n1", "a"), ("n1", "b"), ("n2", "c"))),
    ),
    "FD-04": _plain("heartbeat-detector", 2, timeouts=3),
    "FD-05": _plain("heartbeat-detector", 2, timeouts=3),
    "FD-06": _plain("heartbeat-detector", 2, timeouts=3),
    "MEM-01": _plain("membership", 2),
    "MEM-03": _plain("membership", 2, timeouts=3),
    "MEM-04": _plain("membership", 2, timeouts=3),
    "SWIM-02": _plain("swim", 2, timeouts=4, timers={"helpers": 0}),
    "SWIM-05": _plain("swim", 2, timeouts=2, timers={"helpers": 0}),
    "SWIM-06": _plain("swim", 2, timeouts=4, timers={"helpers": 0}),
    "SWIM-07": _plain("swim", 3, timeouts=5),
    "GOSS-04": _rumours(3, 1, 3),
    "GOSS-05": _rumours(2, 2, 1),
    "MUTEX-01": Scope("peterson", Bounds()),
    "MUTEX-02": Scope("peterson", Bounds()),
    "MUTEX-03": Scope("bakery", Bounds(), {"nodes": ("p1", "p2")}),
    "MUTEX-04": Scope("bakery", Bounds(), {"nodes": ("p1", "p2")}),
    "PAX-01": _paxos(),
    "PAX-02": _paxos(("x", "y", "z")),
    "PAX-03": _paxos(),
    "PAX-04": _paxos(),
    "PAX-05": _paxos(),
    "PAX-06": _paxos(),
    "PAX-07": _paxos(),
    "PAX-08": TAUGHT["a gap in the log"],
    "PAX-09": _paxos(("x",), crashes=1),
    "PAX-10": TAUGHT["a gap in the log"],
    "PAX-11": _paxos(),
    "PAX-12": _paxos(("x",), timeouts=1),
    "RAFT-01": _raft(**ANY_ONE),
    "RAFT-02": _raft(**ANY_ONE),
    "RAFT-03": _raft(**ANY_TWO),
    "RAFT-04": _raft(**_elections(2, 1, 0)),
    "RAFT-06": _raft(("x",), **_elections(1, 1, 0)),
    "RAFT-08": _raft(**_elections(1, 1, 1)),
    "RAFT-09": _raft(**_elections(1, 0, 0)),
    "RAFT-10": _raft(**_elections(2, 0, 1)),
    "RAFT-12": _raft(**_elections(1, 1, 0)),
    "RAFT-25": _raft(crashes=1, **_elections(1, 0, 0)),
    "RAFT-26": _raft(("x",), **_elections(1, 0, 0, 1)),
    "RAFT-43": Scope(
        "raft-members", Bounds(timeouts=2, timers={"election@n1": 2}), {"nodes": 3, "voters": 3}, ()
    ),
    "ZAB-01": _zab(),
    "ZAB-02": _zab(("x",), elections=2),
    "ZAB-04": _zab(("x", "y"), elections=2),
    "ZAB-05": _zab(("x", "y"), elections=2),
    "ZAB-08": _zab(("x",)),
    "ZAB-09": _zab(crashes=1),
    "ZAB-10": _zab(("x", "y")),
    "ZAB-11": _zab(("x", "y")),
}


def scope_of(mutant: str) -> Scope | None:
    """Return a scope in which the mutant is found by its law, or None.

    >>> scope_of("RAFT-12").explore("RAFT-12").actions
    2
    """
    if mutant not in {known.id for known in systems.mutants()}:
        raise UnknownNameError(f"there is no mutant named {shown(mutant)}")
    return _FOUND.get(mutant)
