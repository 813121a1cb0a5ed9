"""The system `zookeeper`, which is served; and the two in which clients ask an ensemble under faults."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from distsys.core.errors import whole_number
from distsys.core.events import Send
from distsys.core.laws import outputs
from distsys.core.systems import Members, Sight, System
from distsys.core.trace import Step
from distsys.core.units import S
from distsys.protocols import zab_systems
from distsys.protocols.raft_systems import CONSENSUS_FAULTS, noted, received
from distsys.protocols.zab_laws import ZAB_LAWS
from distsys.protocols.zab_messages import Inform, Snap

from .. import service_laws
from .forwarding import StillFollows
from .laws import SERVICE_LAWS, clients_are_served
from .lock_client import LockClient, LockTaken
from .operated import OperatedServer
from .requests import SetWatchesRequest
from .server import Connected, Hear, ZooKeeperServer
from .session_client import SessionClient
from .store_client import StoreClient
from .watch_laws import LOCK_LAWS, WATCH_LAWS
from .witness import Shown, Told

SERVER = {
    "tick_ms": 2_000,
    "reap_ms": 60_000,
    "extended_types": False,
    "snapshot_every": 1_000,
    **zab_systems.TIMING,
}
OPERATED = {"read_only_mode": False, "super_digest": "", "session_ms_max": 0}
FASTER = {**SERVER, "tick_ms": 100, "snapshot_every": 0}
SETTLE = (
    180 * S
)  # measured: where a third of all messages is lost for good, leaders come and go, and clients with them


def members(names: tuple[str, ...], options: Mapping[str, Any]) -> Members:
    """Return the servers."""
    settings = {
        **zab_systems.parts(names, options["observers"]),
        **{option: options[option] for option in SERVER},
    }
    ZooKeeperServer(names[0], **settings)  # a wrong option is answered here, before anything runs
    return dict.fromkeys(names, ("server", settings))


def served(names: tuple[str, ...], options: Mapping[str, Any]) -> Members:
    """Return servers for clients from outside: they can read on where they are cut off."""
    more = {option: options[option] for option in OPERATED}
    return {name: (role, {**settings, **more}) for name, (role, settings) in members(names, options).items()}


ZOOKEEPER = System(
    name="zookeeper",
    says="ZooKeeper on Zab: a tree of znodes with sessions, ephemerals and watches.",
    classes={"server": OperatedServer, "client": SessionClient},
    members=served,
    laws=ZAB_LAWS,
    options={"observers": 0, **OPERATED, **SERVER},
    tolerates=CONSENSUS_FAULTS,
    clients=("client",),
    settle=90 * S,
    settles_early=True,
)


# With clients.


def with_clients(
    kind: type[SessionClient], settings: tuple[str, ...]
) -> Callable[[tuple[str, ...], Mapping[str, Any]], Members]:
    """Return a `members` function: servers, and so many clients of a kind."""

    def members_of(names: tuple[str, ...], options: Mapping[str, Any]) -> Members:
        count = whole_number("clients", options["clients"])
        asks = {"servers": names, **{setting: options[setting] for setting in settings}}
        kind("c1", **asks)
        clients = {f"c{number}": ("client", asks) for number in range(1, count + 1)}
        return {**members(names, options), **clients}

    return members_of


def heard(test: Callable[[Any], bool]) -> Callable[[Step], bool]:
    """Return a test for steps in which a server says something like this to a client."""

    def seen(step: Step) -> bool:
        sent = [effect.message for effect in step.effects[: step.kept] if isinstance(effect, Send)]
        return any(isinstance(message, Hear) and test(message.message) for message in sent)

    return seen


def put_out(kind: type, test: Callable[[Any], bool] = bool) -> Callable[[Step], bool]:
    """Return a test for steps in which a client outputs something of a kind."""

    def seen(step: Step) -> bool:
        return any(test(value) for value in outputs(step, kind))

    return seen


SIGHTS = (
    Sight("leader", "A server leads an epoch.", noted("leads epoch")),
    Sight("session expired", "A leader ends a session that nobody hears of.", noted("session ")),
    Sight(
        "session refused",
        "A client learns that its session has ended.",
        heard(lambda said: isinstance(said, Connected) and not said.timeout_ms),
    ),
    Sight("sync round", "A follower says that it still follows.", received(StillFollows)),
    Sight("watch told", "A client is told of a change.", put_out(Told, lambda told: True)),
    Sight(
        "watches set again",
        "A client takes its watches to another connection.",
        put_out(Shown, lambda shown: isinstance(shown.request, SetWatchesRequest)),
    ),
    Sight("silent", "A client gives a server up.", noted("its server is silent")),
    Sight("observer", "An observer hears of a commit.", received(Inform)),
)


ZAB_ZOOKEEPER = System(
    name="zab-zookeeper",
    says="ZooKeeper on Zab, and clients that change, read and watch the tree.",
    classes={"server": ZooKeeperServer, "client": StoreClient},
    members=with_clients(StoreClient, ("operations", "deeds", "keys", "timeout_ms")),
    laws=(*ZAB_LAWS, service_laws.replicas_agree, *SERVICE_LAWS, *WATCH_LAWS, clients_are_served),
    options={
        "clients": 2,
        "operations": 30,
        "deeds": (),
        "keys": 2,
        "timeout_ms": 600,
        "observers": 0,
        **FASTER,
    },
    tolerates=CONSENSUS_FAULTS,
    clients=("client",),
    history="znodes",
    variants={"observers": (0, 0, 1), "snapshot_every": (0, 4, 16)},
    sights=(
        *SIGHTS,
        Sight("SNAP", "A follower lacks what its leader has dropped.", received(Snap)),
        Sight("behind", "A client is sent away, for it has seen more than the server.", noted("is behind")),
        Sight("session moved", "A server speaks for a session that has left it.", noted("takes nothing")),
        Sight("unknown", "Nobody knows what became of an operation.", service_laws.ended_unknown),
    ),
    settle=SETTLE,
    settles_early=True,
)

ZAB_ZOOKEEPER_LOCKS = System(
    name="zab-zookeeper-locks",
    says="A lock on ZooKeeper on Zab, without herd, and clients that sometimes fall asleep.",
    classes={"server": ZooKeeperServer, "client": LockClient},
    members=with_clients(LockClient, ("rounds", "timeout_ms")),
    laws=(*ZAB_LAWS, service_laws.replicas_agree, *SERVICE_LAWS, *WATCH_LAWS, *LOCK_LAWS),
    options={"clients": 3, "rounds": 3, "timeout_ms": 600, "observers": 0, **FASTER},
    tolerates=CONSENSUS_FAULTS,
    clients=("client",),
    variants={"observers": (0, 0, 1), "snapshot_every": (0, 16)},
    sights=(
        *SIGHTS,
        Sight("locked", "A client gets the lock.", put_out(LockTaken, lambda locked: True)),
        Sight(
            "lost while it waited",
            "A client finds that its session has ended while it waited.",
            noted("has lost its session"),
        ),
    ),
    until=8 * S,
    settle=SETTLE,
    settles_early=True,
)
