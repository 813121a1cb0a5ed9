"""Clients that load a served cluster in a closed loop, and what they reach: measured, so never twice the same.

    with processes("raft-kv", folder=folder) as cluster:
        closed_loop(cluster, clients=8, seconds=1.0).puts_per_s

`throughput()` gives the curve that `benchmarks/runtime.py --curve` has measured and stored.
"""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from distsys.serve import ProcessCluster

FOLDER = Path(__file__).resolve().parent / "data"


@dataclass(frozen=True)
class Load:
    """What so many clients reached: puts a second, how long each took (s), puts a commit of the busiest disk."""

    clients: int
    puts_per_s: float
    times: tuple[float, ...]
    puts_a_commit: float


def closed_loop(cluster: ProcessCluster, clients: int, seconds: float) -> Load:
    """Return what so many clients reach that put, wait for the answer, and put again. All puts must be answered."""
    times: list[float] = []
    ready, begin = threading.Barrier(clients + 1), threading.Barrier(clients + 1)
    done = threading.Event()

    def work(number: int) -> None:
        with cluster.client(f"c{number}", timeout_s=30) as client:
            client.put(f"k{number}", 0)
            ready.wait()
            begin.wait()
            while not done.is_set():
                began = time.perf_counter()
                assert client.put(f"k{number}", number).ok
                times.append(time.perf_counter() - began)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    ready.wait()
    before = commits(cluster)  # while nobody puts: it takes its time, which must not be missing below
    begin.wait()
    began = time.perf_counter()
    done.wait(seconds)  # nobody sets it before: this is how long the measurement lasts
    done.set()
    for thread in threads:
        thread.join()
    took = time.perf_counter() - began
    return Load(clients, len(times) / took, tuple(times), len(times) / max(1, commits(cluster) - before))


def commits(cluster: ProcessCluster) -> int:
    """Return how many commits the busiest disk has done."""
    return max(cluster.look(name).counters["commits"] for name in cluster.addresses)


def throughput(which: str = "throughput") -> dict[str, Any]:
    """Return a stored measurement: when and where it was made, and `points`, each with clients and puts_per_s.

    >>> sorted({point["clients"] for point in throughput()["points"]})[:3]
    [1, 2, 3]
    >>> throughput("throughput-again")["date"] == throughput()["date"]
    True
    """
    stored: dict[str, Any] = json.loads((FOLDER / f"{which}.json").read_text(encoding="utf-8"))
    return stored
