"""A store on Raft under load: clients that put without a pause, and servers that each message costs time.

The servers are those of `raft-kv`, unchanged. The clients put only, and each waits for its answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from distsys.core import systems
from distsys.core.events import Output
from distsys.core.operations import OK, Operation
from distsys.core.systems import Members
from distsys.core.units import MS, S
from distsys.drivers import Simulator, link
from distsys.protocols.raft_systems import TIMING
from distsys.services import kv
from distsys.services.kv_client import KvClient
from distsys.services.raft_kv import RAFT_KV

SERVICE_US = 200
BEGIN, END = 800 * MS, 1_200 * MS  # an election comes before, and clients find the leader


class Putter(KvClient):
    """Puts without a pause, each time another value under its own key."""

    def choose_a_command(self) -> kv.Command:
        """Return the next put."""
        return kv.Put(self.name, self.sequence)


def _members(names: tuple[str, ...], options: Mapping[str, Any]) -> Members:
    server = {one: options[one] for one in (*TIMING, "reads", "snapshot_every")}
    client = {"servers": names, "operations": 1_000_000, "think_ms": 0, "retry_ms": 150}
    clients: Members = {f"c{number:02}": ("client", client) for number in range(1, options["clients"] + 1)}
    return {**{name: ("server", {"voters": names, **server}) for name in names}, **clients}


SYSTEM = systems.register(
    replace(
        RAFT_KV,
        name="scaled-raft",
        says="A key-value store on Raft, and clients that put without a pause.",
        classes={"server": RAFT_KV.classes["server"], "client": Putter},
        members=_members,
        laws=(),
        options={
            "clients": 24,
            "reads": "index",
            "snapshot_every": 500,
            **TIMING,
            "heartbeat_ms": 100,
            "election_ms": 200,
        },
        workload=lambda names, options, seed: (),
        variants={},
        sights=(),
    )
)


@cache
def raft(servers: int, *, clients: int = 24, seed: int = 1) -> float:
    """Return the puts a second of a store on so many servers, when the leader has long been found."""
    cluster = systems.build("scaled-raft", nodes=servers, clients=clients)
    trace = Simulator(
        cluster,
        seed,
        network=link(delay=1 * MS, fifo=True),
        requests=(),
        laws=(),
        service=dict.fromkeys(cluster.servers, SERVICE_US),
        until=END,
        settle=0,
        steps_max=2_000_000,
    ).run()
    count = sum(
        isinstance(effect, Output) and isinstance(effect.value, Operation) and effect.value.type == OK
        for step in trace
        if step.at > BEGIN
        for effect in step.effects
    )
    return count * S / (END - BEGIN)
