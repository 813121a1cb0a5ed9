"""Whole runs that are kept: a change of one byte is a change of the format, of a generator, or of a protocol.

`DISTSYS_WRITE_GOLDEN=1 pytest tests/determinism/test_golden_traces.py` writes them anew; read the difference before
you keep it.
"""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from determinism import busy
from distsys.core import MS, Trace, systems
from distsys.core.systems import Request
from distsys.drivers import (
    ClockStep,
    Crash,
    Exponential,
    Partition,
    SetLink,
    Simulator,
    Skew,
    Stall,
    Swarm,
    Wipe,
    during,
    link,
    replay,
    resimulate,
    simulate,
)

FOLDER = Path(__file__).resolve().parents[1] / "golden" / "traces"


def by_hand() -> Trace:
    """Return a short run in which each fault of the vocabulary has its turn."""
    script = (
        *during(4 * MS, 9 * MS, Stall, "n1"),
        *during(10 * MS, 15 * MS, Crash, "n2", keep=1),
        Partition(12 * MS, (("n3",),)),
        Skew(14 * MS, "n1", -500),
        ClockStep(15 * MS, "n3", 50 * MS),
        Wipe(18 * MS, "n3"),
        SetLink(20 * MS, "n1", "*", link(delay=Exponential(2 * MS), fifo=True, bytes_per_second=100_000)),
    )
    asks = (Request(2 * MS, "n1", busy.Ask("é")), Request(22 * MS, "n1", busy.Ask("b")))
    network = link(delay=(1 * MS, 3 * MS), loss=0.1, duplicate=0.2, reorder=0.1, reorder_by=5 * MS)
    return Simulator(
        systems.build("busy", nodes=3),
        11,
        network=network,
        script=script,
        requests=asks,
        until=26 * MS,
        settle=12 * MS,
    ).run()


RUNS: dict[str, Callable[[], Trace]] = {
    "by-hand": by_hand,
    "swarm-7": lambda: simulate("busy", 7, swarm=Swarm(faults_max=2), until=30 * MS, settle=10 * MS),
}


@pytest.mark.parametrize("name", RUNS)
def test_a_kept_run_comes_out_the_same_to_the_byte(name):
    path = FOLDER / f"{name}.jsonl"
    trace = RUNS[name]()
    if os.environ.get("DISTSYS_WRITE_GOLDEN"):
        trace.save(path)
    assert trace.text().splitlines() == path.read_text(encoding="utf-8").splitlines()
    assert path.read_bytes() == trace.text().encode()


@pytest.mark.parametrize("name", RUNS)
def test_a_kept_run_loads_replays_and_runs_again(name):
    trace = Trace.load(FOLDER / f"{name}.jsonl")
    text = (FOLDER / f"{name}.jsonl").read_bytes().decode()
    assert trace.text() == replay(trace).text() == resimulate(trace).text() == text
