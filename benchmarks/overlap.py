"""What it pays that disks work at the same time, and that puts share a commit: python benchmarks/overlap.py

How it is measured. Three nodes of `raft-kv` in one process, over TCP on the loopback interface, with their write-ahead
logs in a temporary folder; each commit is made to take some milliseconds longer by a sleep, as on a slower disk.
Clients in the same process put, each a value after the other. *Overlapping*: the entries leave while the leader writes
them (`drivers.early`), as everything does that is served. *In a row*: they leave when it has written them. The two take
turns, so that what else the machine does hits both.

Shown are the median time of a put of one client, and for 16 clients puts a second and how many puts shared a commit of
the leader. Without sharing there would be at most 1000 / (milliseconds of a commit) puts a second.
"""

from __future__ import annotations

import asyncio
import contextlib
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "src"))

from distsys.drivers import runtime as driver
from distsys.drivers.transport import listen
from distsys.serve.supervisor import served_cluster
from distsys.services.kv import Call, Put
from distsys.services.replicated import Reply

COMMITS_MS, ROUNDS, PUTS = (0, 5, 20), 3, 40
KINDS = {"overlapping": driver.reordered, "in a row": lambda node, effects: effects}


@contextlib.asynccontextmanager
async def leader(extra_ms: int) -> AsyncIterator[Any]:
    """Run three nodes, and give the runtime of the one that leads."""
    cluster = served_cluster("raft-kv", nodes=3)
    sockets = {name: listen("127.0.0.1:0") for name in cluster.servers}
    addresses = {name: f"127.0.0.1:{held.getsockname()[1]}" for name, held in sockets.items()}
    with tempfile.TemporaryDirectory() as folder:
        runtimes = [
            driver.Runtime(cluster, name, Path(folder) / name, addresses=addresses, token="benchmark")
            for name in cluster.servers
        ]
        for each in runtimes:
            each.disk.commit = slower(each.disk.commit, extra_ms)  # type: ignore[method-assign]
        tasks = [asyncio.create_task(each.run(sockets[each.name])) for each in runtimes]
        try:
            yield await asyncio.wait_for(leading(runtimes), 60)
        finally:
            for each in runtimes:
                each.stop()
            await asyncio.gather(*tasks)


def slower(commit: Any, extra_ms: int) -> Any:
    """Return a commit that takes longer."""

    def slow(*arguments: Any) -> None:
        time.sleep(extra_ms / 1000)
        commit(*arguments)

    return slow


async def leading(runtimes: list[Any]) -> Any:
    """Return the runtime of the node that leads and has committed something."""
    while True:
        for each in runtimes:
            if each.node.protocol.role.name == "LEADER" and each.node.protocol.commit_index > 0:
                return each
        await asyncio.sleep(0.01)


async def putting(runtime: Any, who: str) -> list[float]:
    """Put one value after the other, and return how long each took, milliseconds."""
    came: asyncio.Queue[Any] = asyncio.Queue()
    runtime.residents[who] = came.put_nowait
    times = []
    for number in range(1, PUTS + 1):
        began = time.perf_counter()
        runtime.deliver(who, Call(who, number, Put(who, number)))
        answer = await came.get()
        assert isinstance(answer, Reply), answer
        times.append(1000 * (time.perf_counter() - began))
    return times


async def measured(extra_ms: int) -> tuple[float, float, float]:
    """Return the median time of one client, then puts a second and puts a commit of sixteen."""
    async with leader(extra_ms) as runtime:
        alone = statistics.median(await putting(runtime, "ann"))
        commits, began = runtime.counters["commits"], time.perf_counter()
        await asyncio.gather(*(putting(runtime, f"c{number}") for number in range(16)))
        took = time.perf_counter() - began
        return alone, 16 * PUTS / took, 16 * PUTS / (runtime.counters["commits"] - commits)


def main() -> None:
    """Measure and print medians."""
    print(
        f"{'a commit takes':18}{'':14}{'one client, ms':>16}{'16 clients, puts/s':>20}{'puts a commit':>15}"
    )
    for extra_ms in COMMITS_MS:
        found: dict[str, list[tuple[float, float, float]]] = {kind: [] for kind in KINDS}
        for _ in range(ROUNDS):
            for kind, order in KINDS.items():
                driver.reordered = order
                found[kind].append(asyncio.run(measured(extra_ms)))
        for kind, each in found.items():
            alone, rate, shared = (statistics.median(part) for part in zip(*each, strict=True))
            print(
                f"{f'an fsync + {extra_ms} ms':18}{kind:14}{alone:16.1f}{rate:20.0f}{shared:15.1f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
