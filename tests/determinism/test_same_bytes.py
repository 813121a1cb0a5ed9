"""One seed gives the same bytes in any process, whatever PYTHONHASHSEED says and whatever ran before."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from determinism import busy
from distsys.core import MS
from distsys.drivers import Swarm, simulate

ROOT = Path(__file__).resolve().parents[2]
PATHS = (str(ROOT / "tests"), str(ROOT / "src"))


def digests(hash_seed: str, first: int, count: int, until_ms: int) -> list[str]:
    """Return what a process of its own prints, a line a seed."""
    run = subprocess.run(
        [sys.executable, "-m", "determinism.digests", str(first), str(count), str(until_ms)],
        env={**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": os.pathsep.join(PATHS)},
        check=True,
        capture_output=True,
        text=True,
    )
    return run.stdout.splitlines()


def in_two_processes(count: int, until_ms: int) -> tuple[list[str], list[str]]:
    with ThreadPoolExecutor(2) as both:
        one, other = (both.submit(digests, hash_seed, 0, count, until_ms) for hash_seed in ("0", "4242"))
        return one.result(), other.result()


def test_1000_seeds_give_the_same_bytes_in_two_processes_with_different_hash_seeds():
    one, other = in_two_processes(1000, 40)
    assert one == other
    assert len(one) == 1000
    assert len({line.split()[1] for line in one}) == 1000  # and each seed gives another run
    assert sum(int(line.split()[2]) for line in one) > 60_000  # steps


@pytest.mark.long
def test_1000_longer_runs_give_the_same_bytes_in_two_processes(record_property):
    one, other = in_two_processes(1000, 1000)
    assert one == other
    assert len(one) == 1000
    record_property("seeds", "0 to 999")
    record_property("steps", sum(int(line.split()[2]) for line in one))


def test_the_seeds_draw_every_kind_of_fault():
    seen = set()
    for seed in range(120):
        trace = simulate(busy.BUSY.name, seed, swarm=Swarm(faults_max=2), until=40 * MS, settle=20 * MS)
        seen |= {step.kind for step in trace}
        seen |= {step.detail["why"] for step in trace if step.kind in ("crash", "drop")}
        if seen >= EVERYTHING:
            break
    assert seen >= EVERYTHING


EVERYTHING = {
    *(
        "start",
        "restart",
        "deliver",
        "timeout",
        "invoke",
        "crash",
        "pause",
        "resume",
        "stall",
        "unstall",
        "wipe",
    ),
    *("full", "free", "skew", "clock", "drop", "duplicate", "partition", "cut", "heal", "link"),
    *("lost", "down", "partition", "crash", "disk lost", "disk full", "in the middle of a step"),
}


def test_a_run_does_not_depend_on_the_runs_before_it():
    seeds = [3, 8, 5, 3, 8]
    found = {seed: simulate("busy", seed, until=30 * MS, settle=10 * MS).digest() for seed in seeds}
    for seed in reversed(seeds):
        assert simulate("busy", seed, until=30 * MS, settle=10 * MS).digest() == found[seed]
    for line in digests("7", 3, 1, 40):
        trace = simulate("busy", 3, swarm=Swarm(faults_max=2), until=40 * MS, settle=20 * MS)
        assert line.split()[1] == trace.digest()
