"""Contests of two clusters: each with its clients in a process of their own, asked in turns."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

SERIAL, CLIENTS, EACH = 100, 16, 12  # calls of one client; clients; calls of each of them


class Contestant:
    """A cluster, and the process of its clients: `script --clients ADDRESS ...`, which answers a line with a line.

    kinds  what can be asked for; the last is counted by the calls a second of all clients, the others by their median
    """

    def __init__(self, name: str, script: str, addresses: list[str], kinds: tuple[str, ...]) -> None:
        self.name, self.kinds = name, kinds
        self.process = subprocess.Popen(
            [sys.executable, script, "--clients", *addresses],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.medians: dict[str, list[float]] = {kind: [] for kind in kinds}
        self.times: dict[str, list[float]] = {kind: [] for kind in kinds}

    def ask(self, kind: str, *, counts: bool) -> None:
        """Measure once."""
        assert self.process.stdin is not None, "no pipe"
        assert self.process.stdout is not None, "no pipe"
        self.process.stdin.write(kind + "\n")
        self.process.stdin.flush()
        took, times = json.loads(self.process.stdout.readline())
        if counts:
            rate = len(times) / took
            self.medians[kind].append(rate if kind == self.kinds[-1] else statistics.median(times))
            self.times[kind] += times

    def close(self) -> None:
        """End the clients."""
        assert self.process.stdin is not None, "no pipe"
        self.process.stdin.close()
        self.process.wait()


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
    kinds = found[0].kinds
    for turn in range(rounds + 1):
        for kind in kinds:
            for each in found if turn % 2 else found[::-1]:
                each.ask(kind, counts=turn > 0)
    for kind in kinds:
        for each in found:
            line = f"{f'{kind}, {each.name}':40}{percentiles(each.times[kind])}"
            if kind == kinds[-1]:
                line += f"{statistics.median(each.medians[kind]):9.0f} a second"
            print(line)
        if len(found) == 2:
            ratios = [a / b for a, b in zip(found[0].medians[kind], found[1].medians[kind], strict=True)]
            what = "calls a second" if kind == kinds[-1] else "median time"
            print(
                f"{'':8}ours / {found[1].name}, {what}: {statistics.median(ratios):.2f} "
                f"({min(ratios):.2f} to {max(ratios):.2f})"
            )
