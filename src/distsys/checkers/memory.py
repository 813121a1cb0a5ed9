"""What clients saw of a memory: who wrote what each read returned. Causal and session checkers start from here.

These checkers look at reads and writes only, and must know *which* write a read saw. So each value may be written once
for a key, and never null, which is the value at the beginning. A history in which that is not so is refused with the
two writes named: without it, to judge even causal consistency is NP-complete (Bouajjani, Enea, Guerraoui & Hamza 2017).

Operations that failed, and crashed reads, show nothing. A crashed write counts when somebody read its value. One that
nobody read is left out: an order that holds it holds as well without it, for it is the last of its process and no
read returns it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .history import Call, History, HistoryError, value_text
from .linearizability import judged
from .same import marked
from .spec import Spec

READS, WRITES = ("read", "get"), ("write", "put")
MODELS = ("register", "key-value", "multi-key")


@dataclass(frozen=True)
class Memory:
    """The reads and writes of a history.

    calls    in the order of their invokes; the others name them by position
    lanes    the calls of each process, in its order
    source   read -> the write it returned; None: it returned what was there at the beginning
    nobody   the reads that returned what nobody wrote
    """

    model: str
    calls: tuple[Call, ...]
    lanes: tuple[tuple[int, ...], ...]
    source: dict[int, int | None]
    nobody: tuple[int, ...]

    def is_write(self, index: int) -> bool:
        """Whether the call is a write."""
        return self.calls[index].f in WRITES

    def writes_by_key(self) -> dict[Any, int]:
        """All writes of each key, as bits."""
        found: dict[Any, int] = {}
        for index, call in enumerate(self.calls):
            if self.is_write(index):
                found[call.key] = found.get(call.key, 0) | 1 << index
        return found


def observed(history: History, spec: Spec | str, steps_max: int, what: str) -> Memory:
    """Return the reads and writes of a history; a `HistoryError` where it holds what `what` cannot be judged with."""
    model, calls = judged(history, spec, steps_max)
    if model.name not in MODELS:
        raise HistoryError(f"{what} is judged for {', '.join(MODELS)}, but the model is {model.name}")
    for call in calls:
        if call.f not in READS + WRITES:
            raise HistoryError(
                f"event {call.start}: {what} is judged for {', '.join(READS + WRITES)}, but {call.process!r} "
                f"invokes {call.f!r}"
            )
    writers = _writers(calls, what)
    read = {(call.key, marked(call.answer)) for call in calls if call.f in READS and call.known}
    kept = tuple(c for c in calls if c.known or (c.f in WRITES and (c.key, marked(c.asked)) in read))
    place = {call.start: index for index, call in enumerate(kept)}
    lanes: dict[str, list[int]] = {}
    source: dict[int, int | None] = {}
    nobody = []
    for index, call in enumerate(kept):
        lanes.setdefault(call.process, []).append(index)
        if call.f in WRITES:
            continue
        writer = writers.get((call.key, marked(call.answer)))
        if writer is None and call.answer is not None:
            nobody.append(index)
        source[index] = None if writer is None else place[writer.start]
    return Memory(model.name, kept, tuple(map(tuple, lanes.values())), source, tuple(nobody))


def _writers(calls: list[Call], what: str) -> dict[tuple[Any, Any], Call]:
    """Return (key, marked value) -> the one write of it."""
    writers: dict[tuple[Any, Any], Call] = {}
    for call in calls:
        if call.f not in WRITES:
            continue
        if call.asked is None:
            raise HistoryError(
                f"event {call.start}: {what} cannot be judged where null is written, the value at the beginning"
            )
        first = writers.setdefault((call.key, marked(call.asked)), call)
        if first is not call:
            raise HistoryError(
                f"event {call.start}: {what} can be judged only where each value is written once for a key, but "
                f"{value_text(call.asked)} is written here and at event {first.start}"
            )
    return writers
