"""The system `zookeeper`: an ensemble, and clients."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from distsys.core.systems import Members, System
from distsys.core.units import S
from distsys.protocols import zab_systems
from distsys.protocols.raft_systems import CONSENSUS_FAULTS
from distsys.protocols.zab_laws import ZAB_LAWS

from .server import ZooKeeperServer
from .session_client import SessionClient

SERVER = {
    "tick_ms": 2_000,
    "reap_ms": 60_000,
    "extended_types": False,
    "snapshot_every": 100,
    **zab_systems.TIMING,
}


def members(names: tuple[str, ...], options: Mapping[str, Any]) -> Members:
    """Return the servers."""
    settings = {
        **zab_systems.parts(names, options["observers"]),
        **{option: options[option] for option in SERVER},
    }
    ZooKeeperServer(names[0], **settings)  # a wrong option is answered here, before anything runs
    return dict.fromkeys(names, ("server", settings))


ZOOKEEPER = System(
    name="zookeeper",
    says="ZooKeeper on Zab: a tree of znodes with sessions, ephemerals and watches.",
    classes={"server": ZooKeeperServer, "client": SessionClient},
    members=members,
    laws=ZAB_LAWS,
    options={"observers": 0, **SERVER},
    tolerates=CONSENSUS_FAULTS,
    clients=("client",),
    settle=90 * S,
    settles_early=True,
)
