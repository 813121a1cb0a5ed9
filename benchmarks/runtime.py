"""A served store, measured: python benchmarks/runtime.py [--seconds 3] [--data-dir DIR] [SYSTEM ...]

    python benchmarks/runtime.py --curve FILE [--repeats 3] raft-kv     a latency-throughput curve, as JSON

How it is measured. A cluster of three processes on this machine, each with a write-ahead log in DIR, and clients in
threads of this process, over TCP on the loopback interface. First what an fsync after 200 bytes costs in DIR, just
before. Then one client puts and gets, one call after the other; then 1, 2, 4, 8 and 16 clients put for some seconds
each. Shown are percentiles in milliseconds, calls a second, and how many calls shared a commit of the busiest disk.

A curve goes through 1 to 32 clients, several times in turn, so that what the machine does besides falls on all of them.
The page `chapters/4-code/performance` fits a law to two of them, which lie in `src/distsys/lab/data`.

What it does not say. All processes, and the clients, share the cores and the disk of one machine, so the figures of
many clients are bound by the processor sooner than those of a real cluster, and one fsync waits for another's.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "src"))

from distsys.lab.measured_load import closed_loop
from distsys.serve import ProcessCluster, processes

SYSTEMS = ("raft-kv", "multipaxos-kv", "zab-kv")
SERIAL, CLIENTS = 300, (1, 2, 4, 8, 16)
CURVE = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32)


def percentiles(times: Sequence[float]) -> str:
    """Return the median, the 90th and the 99th percentile and the maximum, milliseconds."""
    ordered = sorted(times)
    at = [ordered[min(len(ordered) - 1, int(len(ordered) * share))] for share in (0.5, 0.9, 0.99, 1.0)]
    return "  ".join(f"{1000 * value:8.2f}" for value in at)


def fsyncs(folder: Path) -> list[float]:
    """Return how long it takes to write 200 bytes and sync them, many times."""
    descriptor = os.open(folder / "probe", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    times = []
    for _ in range(SERIAL):
        began = time.perf_counter()
        os.write(descriptor, bytes(200))
        os.fsync(descriptor)
        times.append(time.perf_counter() - began)
    os.close(descriptor)
    return times


def serial(cluster: ProcessCluster, what: str) -> list[float]:
    """Return how long the calls of one client take, one after the other."""
    times = []
    with cluster.client(timeout_s=30) as client:
        client.put("x", 0)
        for number in range(SERIAL):
            began = time.perf_counter()
            answer = client.put("x", number) if what == "put" else client.get("x")
            times.append(time.perf_counter() - began)
            assert answer.ok, answer
    return times


def curve(system: str, folder: Path, repeats: int, seconds: float) -> dict[str, Any]:
    """Return what so many clients reach, for the page that draws and fits it."""
    probe = sorted(fsyncs(folder))
    points = []
    with processes(system, folder=folder / "data") as cluster:
        serial(cluster, "put")
        for repeat in range(repeats):
            for clients in CURVE:
                load = closed_loop(cluster, clients, seconds)
                ranked = sorted(1000 * value for value in load.times)
                p50, p99 = (round(ranked[int(len(ranked) * share)], 2) for share in (0.5, 0.99))
                mean = round(sum(ranked) / len(ranked), 3)
                points.append(
                    {"repeat": repeat, "clients": clients, "puts_per_s": round(load.puts_per_s, 1), "mean_ms": mean,
                     "p50_ms": p50, "p99_ms": p99, "puts_a_commit": round(load.puts_a_commit, 2)}
                )  # fmt: skip
                print(points[-1], flush=True)
    return {
        "system": system,
        "nodes": 3,
        "date": time.strftime("%Y-%m-%d"),
        "machine": f"{os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}",
        "load_average": [round(load, 1) for load in os.getloadavg()],
        "seconds": seconds,
        "fsync_p50_ms": round(1000 * probe[len(probe) // 2], 2),
        "points": points,
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("systems", nargs="*", default=SYSTEMS)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--curve", type=Path)
    parser.add_argument("--repeats", type=int, default=3)
    chosen = parser.parse_args()
    if chosen.curve:
        with tempfile.TemporaryDirectory(dir=chosen.data_dir) as folder:
            found = curve(chosen.systems[0], Path(folder), chosen.repeats, chosen.seconds)
        rows = ",\n  ".join(json.dumps(point) for point in found.pop("points"))
        head = json.dumps(found, indent=1).rstrip("\n}")
        chosen.curve.write_text(f'{head},\n "points": [\n  {rows}\n ]\n}}\n', encoding="utf-8")
        return
    print(f"{'':28}{'p50':>8}  {'p90':>8}  {'p99':>8}  {'max':>8}  ms")
    for system in chosen.systems:
        with tempfile.TemporaryDirectory(dir=chosen.data_dir) as folder:
            print(f"{'write 200 bytes and fsync':28}{percentiles(fsyncs(Path(folder)))}")
            with processes(system, folder=Path(folder) / "data") as cluster:
                for what in ("put", "get"):
                    print(f"{f'{system}, one client, {what}':28}{percentiles(serial(cluster, what))}")
                for clients in CLIENTS:
                    load = closed_loop(cluster, clients, chosen.seconds)
                    line = f"{f'{system}, {clients} clients, put':28}{percentiles(load.times)}"
                    print(
                        f"{line}  {load.puts_per_s:7.0f} puts/s, {load.puts_a_commit:4.1f} a commit",
                        flush=True,
                    )


if __name__ == "__main__":
    main()
