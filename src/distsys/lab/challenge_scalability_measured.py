"""Measures the crawl with ever more workers and stores what came out; the page reads what is stored.

    python -m distsys.lab.challenge_scalability_measured crawl.json --repeats 5 --seconds 4

The repeats are the outer loop, and within each the points come in a shuffled order: else whatever disturbs the machine
for a minute would fall on one number of workers alone.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
from pathlib import Path
from random import Random
from typing import Any

from .challenge_scalability_crawl import FETCH_S, KINDS, ROUND_TRIP_S, crawled

STORED = Path(__file__).resolve().parent / "data" / "crawl.json"
COUNTS = (1, 2, 3, 4, 6, 8, 12, 16)


def stored(path: Path = STORED) -> dict[str, Any]:
    """Return the stored measurement: when, on what, and `points`, each with kind, repeat, workers, pages_per_s.

    >>> sorted({point["kind"] for point in stored()["points"]})
    ['free', 'one', 'rounds']
    """
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def points(kind: str) -> list[tuple[int, float]]:
    """Return (workers, pages a second) of all repeats of one kind, in the order of workers.

    >>> points("free")[0][0], points("free")[-1][0]
    (1, 16)
    """
    return sorted(
        (point["workers"], point["pages_per_s"]) for point in stored()["points"] if point["kind"] == kind
    )


def measured(repeats: int, seconds: float, counts: tuple[int, ...] = COUNTS) -> dict[str, Any]:
    """Measure all kinds with all numbers of workers, again and again."""
    found = []
    for repeat in range(repeats):
        order = [(kind, workers) for kind in KINDS for workers in counts]
        Random(repeat).shuffle(order)
        for kind, workers in order:
            got = crawled(kind, workers, seconds)
            found.append({
                "kind": kind, "workers": workers, "repeat": repeat, "pages": got.pages,
                "pages_per_s": got.pages_per_s,
            })  # fmt: skip
            print(f"{repeat} {kind:6} {workers:3} workers: {got.pages_per_s:7.2f} pages/s", flush=True)
    return {
        "program": "distsys.lab.challenge_scalability_crawl",
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "machine": f"{os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}",
        "load_average": [round(load, 1) for load in os.getloadavg()],
        "nice": os.nice(0),
        "fetch_s": FETCH_S,
        "round_trip_s": ROUND_TRIP_S,
        "seconds": seconds,
        "points": sorted(found, key=lambda point: (point["kind"], point["workers"], point["repeat"])),
    }


def as_text(result: dict[str, Any]) -> str:
    """Return a measurement as JSON with one line for each point, so that differences can be read."""
    head = {key: value for key, value in result.items() if key != "points"}
    lines = ",\n  ".join(json.dumps(point) for point in result["points"])
    return json.dumps(head, indent=1)[:-2] + f',\n "points": [\n  {lines}\n ]\n}}\n'


def main() -> None:
    """Measure, and write the file that is named."""
    parser = argparse.ArgumentParser(description="Measure a crawl with ever more workers.")
    parser.add_argument("path", type=Path)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=4.0)
    arguments = parser.parse_args()
    arguments.path.write_text(as_text(measured(arguments.repeats, arguments.seconds)), encoding="utf-8")


if __name__ == "__main__":
    main()
