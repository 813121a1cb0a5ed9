"""The same small tasks on our etcd, ZooKeeper and Chubby, in one simulated network: three servers, 5 ms a message.

>>> takes("etcd", "write", home="leader").delays
4.0
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from distsys.core import systems
from distsys.core.errors import UnknownNameError, shown
from distsys.core.events import Send
from distsys.core.laws import outputs
from distsys.core.node import Inner
from distsys.core.systems import Members, Request, System
from distsys.core.trace import Trace
from distsys.core.units import MS
from distsys.drivers import Simulator, link
from distsys.drivers.faults import Action
from distsys.mutants.chubby import MUTANTS
from distsys.protocols import raft_systems, zab_systems
from distsys.services.chubby import systems as chubby_systems
from distsys.services.chubby.server import ChubbyServer
from distsys.services.etcd.streams import EtcdServer
from distsys.services.etcd.systems import SERVER as ETCD_SERVER
from distsys.services.etcd.systems import STREAMS as ETCD_STREAMS
from distsys.services.zookeeper.server import ZooKeeperServer

from .coordination_cast import ChubbyUser, Did, Do, EtcdUser, ZooKeeperUser

SERVICES = ("etcd", "ZooKeeper", "Chubby")
SERVERS = ("n1", "n2", "n3")
LEADER = {"etcd": "n1", "ZooKeeper": "n3", "Chubby": "n1"}  # with seed 1, and the settings below
FOLLOWER = {"etcd": "n2", "ZooKeeper": "n1", "Chubby": "n1"}  # only the master of Chubby answers
DELAY_MS, LIFE_MS = 5, 2_000  # of a message; of a lease or a session without its client
BEGIN_MS, READY_MS = 1_000, 1_500  # users begin; they have all that they need

_RAFT = {**{name: ETCD_SERVER[name] for name in raft_systems.TIMING}, **ETCD_STREAMS}
_SETTINGS: dict[str, tuple[str, type, dict[str, Any]]] = {
    "etcd": ("voters", EtcdServer, {**_RAFT, "snapshot_every": 0, "commit_ms": 60_000, "window": 4}),
    "ZooKeeper": ("voters", ZooKeeperServer, {**zab_systems.TIMING, "tick_ms": 100, "snapshot_every": 0}),
    "Chubby": (
        "members",
        ChubbyServer,
        {**chubby_systems.TIMING, "election_ms": 300, "heartbeat_ms": 50, "drift_ppm": 1_000},
    ),
}
_BROKEN = {"Chubby": {one.id: one.classes["server"] for one in MUTANTS if one.id == "LOCK-05"}}
_USERS = {"etcd": EtcdUser, "ZooKeeper": ZooKeeperUser, "Chubby": ChubbyUser}


def _system(service: str) -> System:
    """Return the servers of a service, and a user at each home that the option `homes` names."""
    group, server, settings = _SETTINGS[service]

    def members(names: tuple[str, ...], options: Mapping[str, Any]) -> Members:
        lease = {"lease_ms": options["life_ms"]} if service == "Chubby" else {}
        common = {"servers": names, "begin_ms": BEGIN_MS, "life_ms": options["life_ms"]}
        users = {
            f"u{number}": ("user", {**common, "home": home})
            for number, home in enumerate(options["homes"], 1)
        }
        servers: Members = {name: (options["server"], {group: names, **settings, **lease}) for name in names}
        return {**servers, **users}

    return System(
        name=f"coordination-{service.lower()}",
        says=f"Users of {service} that do what they are told.",
        classes={"server": server, "user": _USERS[service], **_BROKEN.get(service, {})},
        members=members,
        laws=(),
        options={"homes": (SERVERS[0],), "life_ms": LIFE_MS, "server": "server"},
        clients=("user",),
    )


SYSTEMS = {service: systems.register(_system(service)) for service in SERVICES}


def known(service: str) -> str:
    """Return a service that is known."""
    if service not in SERVICES:
        raise UnknownNameError(f"service must be one of {', '.join(SERVICES)}, but it is {shown(service)}")
    return service


Told = tuple[float, str, Do]  # when in ms, which user, what


def run(
    service: str,
    homes: Iterable[str],
    until_ms: float,
    told: Iterable[Told] = (),
    script: Iterable[Action] = (),
    *,
    life_ms: int = LIFE_MS,
    server: str = "server",
) -> Trace:
    """Return a run with users at these servers, who do what they are told; each message takes 5 ms."""
    cluster = systems.build(
        SYSTEMS[known(service)].name, nodes=SERVERS, homes=tuple(homes), life_ms=life_ms, server=server
    )
    return Simulator(
        cluster,
        seed=1,
        network=link(delay=DELAY_MS * MS, fifo=True),
        script=script,
        requests=[Request(int(at * MS), user, do) for at, user, do in told],
        until=int(until_ms * MS),
        settle=0,
    ).run()


def did(trace: Trace, user: str = "", what: str = "") -> list[tuple[float, str, Did]]:
    """Return what users did: (when in ms, who, what)."""
    return [
        (step.at / MS, step.node, value)
        for step in trace
        for value in outputs(step, Did)
        if user in ("", step.node) and what in ("", value.what)
    ]


def kind_of(message: Any) -> str:
    """Return the class of a message, or of what a protocol inside says to itself elsewhere."""
    return type(message.message if isinstance(message, Inner) else message).__name__


def sent(trace: Trace) -> list[tuple[str, str, str]]:
    """Return all messages: (from, to, class)."""
    return [
        (step.node, effect.to, kind_of(effect.message))
        for step in trace
        for effect in step.effects[: step.kept]
        if isinstance(effect, Send) and effect.to != step.node
    ]


def homes_of(service: str, *places: str) -> tuple[str, ...]:
    """Return the servers that lead, or follow, in a service."""
    return tuple((LEADER if place == "leader" else FOLLOWER)[known(service)] for place in places)


# What single tasks take.


@dataclass(frozen=True)
class Cost:
    """What a task took, in delays of a message until its user knew that it was done, and in messages."""

    delays: float
    shortest: float
    longest: float
    messages: float


HEARTBEAT_MS = 50
COUNT = 50  # rounds of tasks


def tasks(whats: tuple[str, ...], *, spread: bool) -> list[Told]:
    """Return what u1 is told, fifty times: these tasks, a heartbeat or more apart.

    The rounds come at every phase between two heartbeats, or all at one at which no task meets a heartbeat.
    """
    apart = HEARTBEAT_MS * max(2, len(whats)) + spread
    return [
        (READY_MS + 28 + number * apart + HEARTBEAT_MS * place, "u1", Do(what, str(number)))
        for number in range(COUNT)
        for place, what in enumerate(whats)
    ]


def takes(service: str, *whats: str, home: str = "leader") -> Cost:
    """Return what the last of some tasks takes, which a user does one after the other, fifty times.

    The delays are those of a run in which the tasks come at all phases between two heartbeats. The messages are those
    of a run in which none comes at the same time as a heartbeat, less those of the same run without the last task;
    without Touch, by which a server of ours says from time to time whom it has heard of.
    """
    homes = homes_of(service, home, "leader")
    spread = tasks(whats, spread=True)
    end = spread[-1][0] + 2 * HEARTBEAT_MS
    began = [at for at, _, do in spread if do.what == whats[-1]]
    ended = [at for at, _, _ in did(run(service, homes, end, spread), "u1", whats[-1])]
    times = [(done - at) / DELAY_MS for at, done in zip(began, ended, strict=True)]
    together = tasks(whats, spread=False)
    busy, calm = (
        sum(kind != "Touch" for _, _, kind in sent(run(service, homes, end, told)))
        for told in (together, [one for one in together if one[2].what != whats[-1]])
    )
    return Cost(sum(times) / COUNT, min(times), max(times), (busy - calm) / COUNT)
