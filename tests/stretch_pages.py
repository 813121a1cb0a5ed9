"""What the tests of the history that a reader stretches share: cases for the judge of the page, and how to ask it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

from distsys.checkers import History, linearizable, sequential, session
from distsys.core.operations import INVOKE, OK, Operation
from distsys.views.script import FOLDER

MODELS = ("linearizable", "sequential", "sessions", "read-your-writes", "monotonic-reads")
Case = list[dict[str, Any]]  # the operations as the page knows them


def case_of(history: History) -> Case:
    """Return a history as the judge of the page gets it."""
    return [
        {
            "process": call.process,
            "write": call.f in ("put", "write"),
            "key": call.key or "",
            "value": _text(call.asked if call.f in ("put", "write") else call.answer),
            "start": call.start,
            "end": call.end,
        }
        for call in history.calls
    ]


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def history_of(case: Case) -> History:
    """Return the history of such a case."""
    events = []
    for call in case:
        kind, told = ("put", call["value"]) if call["write"] else ("get", None)
        events.append((call["start"], Operation(call["process"], INVOKE, kind, call["key"] or "x", told)))
        heard = None if call["write"] else call["value"]
        events.append((call["end"], Operation(call["process"], OK, kind, call["key"] or "x", heard)))
    return History(event for _, event in sorted(events, key=lambda pair: pair[0]))


def by_the_package(case: Case) -> list[bool]:
    """Return what the package says, in the order of `MODELS`."""
    history = history_of(case)
    return [
        linearizable(history, "key-value").ok,
        sequential(history, "key-value").ok,
        session(history, "key-value").ok,
        session(history, "key-value", guarantees=["read-your-writes"]).ok,
        session(history, "key-value", guarantees=["monotonic-reads"]).ok,
    ]


def by_the_page(node: str, cases: list[Case]) -> list[list[bool]]:
    """Return what the judge of the page says, run by node."""
    judge = (Path(FOLDER) / "stretch.js").read_text(encoding="utf-8")
    ask = (
        f"{judge}\nconst cases = JSON.parse(require('fs').readFileSync(0, 'utf8'));"
        f"const models = {json.dumps(MODELS)};"
        "console.log(JSON.stringify(cases.map((one) => { const found = stretchVerdicts(one);"
        "return models.map((model) => Boolean(found[model])); })));"
    )
    done = subprocess.run(
        [node, "-e", ask], input=json.dumps(cases), capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


def orders(case: Case) -> Iterator[Case]:
    """Yield the case with its ends in every order that keeps the order of each process."""
    ends = {process: [] for process in dict.fromkeys(call["process"] for call in case)}
    for number, call in enumerate(case):
        ends[call["process"]] += [(call["start"], number, "start"), (call["end"], number, "end")]
    lanes = [sorted(lane) for lane in ends.values()]

    def go_on(left: list[int], placed: list[tuple[int, str]]) -> Iterator[Case]:
        if not any(left):
            made = [dict(call) for call in case]
            for place, (number, side) in enumerate(placed, 1):
                made[number][side] = place
            yield made
        for lane, count in enumerate(left):
            if count:
                _, number, side = lanes[lane][-count]
                left[lane] -= 1
                yield from go_on(left, [*placed, (number, side)])
                left[lane] += 1

    yield from go_on([len(lane) for lane in lanes], [])


def answers(case: Case) -> Iterator[Case]:
    """Yield the case with every answer of every read that the page offers."""
    offers = [
        [call["value"]]
        if call["write"]
        else [None, *(other["value"] for other in case if other["write"] and other["key"] == call["key"])]
        for call in case
    ]
    for values in product(*offers):
        yield [{**call, "value": value} for call, value in zip(case, values, strict=True)]
