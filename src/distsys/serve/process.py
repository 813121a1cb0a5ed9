"""One node as a process, started and told what to do by the supervisor.

It reads its settings as one line of JSON from standard input, and says "ready" on standard output when clients may
come. It stops when standard input ends, so that no process is left behind when the supervisor is gone, however that
ended; and on SIGTERM. Exit codes: 0 it was stopped, 3 it cannot go on, and the last line on standard error says why.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import resource
import signal
import sys
from typing import Any

from distsys.core import systems
from distsys.core.canonical import value_of
from distsys.core.errors import DistsysError
from distsys.core.node import Inner
from distsys.core.systems import Cluster
from distsys.drivers.runtime import Runtime
from distsys.drivers.transport import listen
from distsys.services.etcd.streams import EtcdServer
from distsys.services.kv import Call
from distsys.services.replicated import Replica
from distsys.services.zookeeper.server import ZooKeeperServer

STOPPED, CANNOT = 0, 3
FILES = 4096  # open at a time: connections are files, and many systems allow 1024 unless one asks


def accepts_calls(message: Any) -> bool:
    """Return whether a client may send this to a replica of a service: its calls, and nothing meant for servers."""
    match message:
        case Call(str(), int()):
            return True
    return False


def accepts_proposals(message: Any) -> bool:
    """Return whether a client may send this to a node that is no replica: anything but what embedded nodes say."""
    return not isinstance(message, Inner)


def accepts_of(cluster: Cluster, name: str) -> Any:
    """Return what a node takes from clients."""
    return accepts_calls if issubclass(cluster.kind_of(name), Replica) else accepts_proposals


def cluster_of(settings: dict[str, Any]) -> Cluster:
    """Return the cluster that the settings of a process or of a data directory name."""
    options = {name: value_of(form) for name, form in settings["options"].items()}
    return systems.build(settings["system"], mutant=settings["mutant"], **options)


async def serve(settings: dict[str, Any]) -> None:
    """Run the node that the settings name until standard input ends."""
    cluster, name = cluster_of(settings), settings["name"]
    address = settings["addresses"][name]
    listening = listen(address, beyond_loopback=settings["beyond_loopback"])
    runtime = Runtime(
        cluster,
        name,
        settings["folder"],
        addresses=settings["addresses"],
        token=settings["token"],
        accepts=accepts_of(cluster, name),
        record=settings["record"],
        origin=settings["origin"],
    )
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, runtime.stop)
    loop.add_reader(sys.stdin.fileno(), _stop_at_end_of_input, runtime)
    front = front_of(runtime, settings)
    if front is not None:
        await front.start()
    gc.collect()
    gc.freeze()  # what is there by now stays: to look through all of it takes 40 ms, in which nobody is answered
    try:
        await runtime.run(listening, on_ready=lambda: print("ready", flush=True))
    finally:
        if front is not None:
            await front.stop()


def front_of(runtime: Runtime, settings: dict[str, Any]) -> Any:
    """Return what speaks to clients of the real system in its own protocol, where this node has one."""
    if isinstance(runtime.node, EtcdServer):
        from .etcd.front import Front

        return Front(runtime, settings["addresses"], settings["token"])
    if isinstance(runtime.node, ZooKeeperServer):
        from .zookeeper.front import Front as ZooKeeperFront

        return ZooKeeperFront(runtime, settings["addresses"], settings["token"], settings["origin"])
    return None


def _stop_at_end_of_input(runtime: Runtime) -> None:
    if not os.read(sys.stdin.fileno(), 4096):
        asyncio.get_running_loop().remove_reader(sys.stdin.fileno())
        runtime.stop()


def allow_files(count: int) -> None:
    """Let this process have so many files open at a time, as far as it may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = count if hard == resource.RLIM_INFINITY else min(count, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def main() -> int:
    """Run one node, and return the exit code."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the supervisor
    allow_files(FILES)
    line = b""
    while not line.endswith(b"\n"):
        more = os.read(sys.stdin.fileno(), 65536)
        if not more:
            return STOPPED
        line += more
    try:
        asyncio.run(serve(json.loads(line)))
    except (DistsysError, OSError) as problem:
        sys.stderr.write(f"{' '.join(str(problem).split())}\n")
        return CANNOT
    return STOPPED
