"""The explorer beside a naive explorer: transitions a second, in one run (beside TLC: see tlc.py).

Same state space, same counts (asserted), one core. Two contestants:

    ours     `distsys.drivers.explore` and `explore_model`
    naive    the explorer of the tests: whole states, deep copies, nothing interned, nothing remembered

Stateright (Rust) is not run here: its models are programs in Rust, and none of them is the same model.

    .venv/bin/python benchmarks/explorer.py              about half a minute
    .venv/bin/python benchmarks/explorer.py --profile    where our own time goes
"""

from __future__ import annotations

import argparse
import cProfile
import platform
import pstats
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from distsys.core import systems
from distsys.drivers import Bounds, explore, explore_model
from distsys.models.abstract_paxos import abstract_paxos
from distsys.models.commit import two_phase_commit
from naive_explorer import everything

Result = tuple[int, int, float]  # states, transitions, seconds of CPU
RAFT = Bounds(requests=0, timeouts=2, timers={"heartbeat": 0})


def timed(call: Callable[[], tuple[int, int]]) -> Result:
    start = time.process_time()
    states, transitions = call()
    return states, transitions, time.process_time() - start


def ours(system: str, bounds: Bounds, **options: object) -> tuple[int, int]:
    found = explore(system, bounds=bounds, **options)
    assert found.verdict == "HOLDS", found
    return found.states, found.transitions


def model(make: Callable[[], object]) -> tuple[int, int]:
    found = explore_model(make())
    assert found.verdict == "HOLDS", found
    return found.states, found.transitions


def naive(system: str, laws: tuple = (), **bounds: int) -> tuple[int, int]:
    known, transitions, _, _ = everything(systems.build(system), laws=laws, **bounds)
    return len(known), transitions


def show(name: str, runs: list[Result]) -> None:
    states, transitions, _ = runs[0]
    assert all(run[:2] == runs[0][:2] for run in runs), "the same exploration, the same counts"
    seconds = statistics.median(run[2] for run in runs)
    spread = max(run[2] for run in runs) / min(run[2] for run in runs) - 1
    print(
        f"{name:44} {states:9,} states {transitions:10,} transitions {seconds:7.2f} s "
        f"{transitions / seconds:10,.0f} a second (spread {spread:.0%})"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeat", type=int, default=3, help="runs of each contestant (default 3)")
    parser.add_argument("--profile", action="store_true")
    chosen = parser.parse_args()
    if chosen.profile:
        profile = cProfile.Profile()
        profile.runcall(ours, "raft", RAFT, nodes=3)
        pstats.Stats(profile).sort_stats("tottime").print_stats(12)
        return
    print(
        f"{platform.python_implementation()} {platform.python_version()}, CPU time, median of {chosen.repeat}"
    )
    contestants: dict[str, Callable[[], tuple[int, int]]] = {
        "raft, 3 nodes, 2 elections, all laws": lambda: ours("raft", RAFT, nodes=3),
        "raft, the same with symmetry": lambda: ours("raft", RAFT, nodes=3, symmetry=True),
        "raft, 1 timeout, no laws: ours": lambda: ours(
            "raft", Bounds(requests=0, timeouts=1), nodes=3, laws=()
        ),
        "raft, 1 timeout, no laws: naive": lambda: naive("raft", timeouts=1),
        "abstract Paxos, 3 acceptors, 2 ballots": lambda: model(lambda: abstract_paxos(3, 2, 2)),
        "two-phase commit, 6 resource managers": lambda: model(lambda: two_phase_commit(6)),
    }
    runs: dict[str, list[Result]] = {name: [] for name in contestants}
    for _ in range(chosen.repeat):  # in turns, so that what else the machine does falls on all
        for name, call in contestants.items():
            runs[name].append(timed(call))
    for name, results in runs.items():
        show(name, results)
    same = [runs[f"raft, 1 timeout, no laws: {who}"][0][:2] for who in ("ours", "naive")]
    assert same[0] == same[1], "both explorers count the same"


if __name__ == "__main__":
    main()
