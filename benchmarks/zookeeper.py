"""Our ZooKeeper beside the real one: python benchmarks/zookeeper.py [--rounds 5] [--data-dir DIR]

How it is measured. Two ensembles of three processes run on this machine at the same time: ours (`distsys serve
zookeeper`) and the real ZooKeeper (Debian's package, as plain processes of Java), both over TCP on the loopback
interface, both with a log in DIR and fsync on. The clients are the unmodified package kazoo in a process of their own,
one for each ensemble; while one is asked the other one has nothing to do. A round asks both for the same, one after
the other, and every second round begins with the other: so what else the machine does hits both. The first round is
not counted.

    serial set        one client, a set after the other, at the server that leads
    serial get        the same with reads, which any server answers by itself; then with a sync before each
    16 clients, set   16 threads in the process of the clients, each a set after the other, spread over the servers

Shown are percentiles of all counted rounds in milliseconds, and the median over rounds of ours / real, of medians (for
16 clients: of sets a second). Before all that it measures what an fsync costs in DIR.

What it does not say. All servers and the clients share the cores and the disk of one machine. Python needs more
processor time for a request than Java, so the figures of many clients are bound by processors, and sooner for ours.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from _contest import CLIENTS, EACH, SERIAL, Contestant, fsyncs, percentiles, report

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "benchmarks"), str(ROOT / "tools")]

KINDS = ("serial set", "serial get", "serial sync and get", f"{CLIENTS} clients, set")


# The clients, in a process of their own: a line of JSON asks for a kind, and a line answers with times in ms.


def clients(addresses: list[str]) -> None:
    """Measure what standard input asks for."""
    from kazoo.client import KazooClient

    def connected(address: str) -> Any:
        client = KazooClient(hosts=address, timeout=30)
        client.start(timeout=60)
        return client

    members = [connected(addresses[number % len(addresses)]) for number in range(CLIENTS)]
    leader = next(each for each in members if "Mode: follower" not in each.command(b"srvr"))
    for number in range(CLIENTS):
        members[0].ensure_path(f"/c{number}")
    for line in sys.stdin:
        began = time.perf_counter()
        times = measured(line.strip(), leader, members)
        print(json.dumps([time.perf_counter() - began, times]), flush=True)
    os._exit(0)  # the ensemble may be gone


def measured(kind: str, leader: Any, members: list[Any]) -> list[float]:
    """Return the times of the calls of a kind, in milliseconds."""
    if kind != KINDS[3]:
        return serial(leader, kind, "/c0", SERIAL)
    found: list[float] = []
    threads = [
        threading.Thread(target=lambda n=n: found.extend(serial(members[n], KINDS[0], f"/c{n}", EACH)))
        for n in range(CLIENTS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def serial(client: Any, kind: str, path: str, count: int) -> list[float]:
    """Return the times of so many calls, one after the other."""
    times = []
    for number in range(count):
        began = time.perf_counter()
        if kind == KINDS[0]:
            client.set(path, b"%d" % number)
        else:
            if kind == KINDS[2]:
                client.sync(path)
            client.get(path)
        times.append(1000 * (time.perf_counter() - began))
    return times


@contextlib.contextmanager
def contestants(folder: str) -> Iterator[list[Contestant]]:
    """Run the ensembles, and give each with its clients."""
    from zookeeper_real import RealZooKeeper, installed

    from distsys.serve import processes

    with contextlib.ExitStack() as stack:
        ours = stack.enter_context(processes("zookeeper", folder=f"{folder}/ours"))
        addresses = [ours.addresses[name] for name in sorted(ours.addresses)]
        found = [Contestant("ours", __file__, addresses, KINDS)]
        stack.callback(found[0].close)
        if installed() is not None:
            real = stack.enter_context(RealZooKeeper(3))
            found.append(Contestant("ZooKeeper", __file__, real.addresses, KINDS))
            stack.callback(found[1].close)
        else:
            print("No ZooKeeper was found: only ours is measured.")
        yield found


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--data-dir")
    chosen = parser.parse_args()
    print(f"Python {sys.version.split()[0]}, {os.cpu_count()} cores", end="")
    print(f", load {os.getloadavg()[0]:.1f}; {chosen.rounds} rounds in turns after one to warm up")
    with tempfile.TemporaryDirectory(dir=chosen.data_dir) as folder:
        print(f"{'':40}{'p50':>9}{'p90':>9}{'p99':>9}{'max':>9}  ms")
        print(f"{'write 200 bytes and fsync':40}{percentiles(fsyncs(folder))}", flush=True)
        with contestants(folder) as found:
            report(found, chosen.rounds)
    return 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["--clients"]:
        clients(sys.argv[2:])
    sys.exit(main())
