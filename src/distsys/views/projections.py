"""What a replay of a run finds out for its picture: declared fields, and the methods that handled each event.

The nodes are built anew and given the same events (`drivers.replay`), so the names are those of the code that ran.
Where the system is not at hand any more there is nothing to show, and the picture does without.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

from distsys.core.canonical import plain
from distsys.core.errors import DistsysError
from distsys.core.node import Node
from distsys.core.trace import Trace
from distsys.drivers.replay import replayed

Change = tuple[int, Any]  # place of the field, form of its value or of what is new in it


@dataclass
class Projection:
    """Of each step what it changed in the declared fields of its node, and which methods ran."""

    fields: tuple[str, ...] = ()
    changes: dict[int, tuple[Change, ...]] = field(default_factory=dict)
    handlers: list[str] = field(default_factory=list)
    handler_of: dict[int, int] = field(default_factory=dict)  # step -> place in `handlers`, from 1


def project(trace: Trace) -> Projection:
    """Return what a replay of `trace` finds out, as far as it gets."""
    found = Projection(
        tuple(dict.fromkeys(name for names in trace.header.declared.values() for name in names))
    )
    before: dict[str, dict[str, Any]] = {}
    try:
        for (step, nodes, _), methods in observed(trace):
            if step.event is None:
                continue
            if methods:
                words = ", ".join(dict.fromkeys(methods))
                if words not in found.handlers:
                    found.handlers.append(words)
                found.handler_of[step.number] = found.handlers.index(words) + 1
            if step.node in nodes:
                shown = trace.header.declared.get(step.node, {})
                now = {name: plain(field_of(nodes[step.node], path)) for name, path in shown.items()}
                old = {} if step.kind in ("start", "restart") else before.get(step.node, {})
                changes = tuple(
                    (found.fields.index(name), change(old.get(name), value))
                    for name, value in now.items()
                    if name not in old or old[name] != value
                )
                if changes:
                    found.changes[step.number] = changes
                before[step.node] = now
    except (DistsysError, AssertionError):
        pass  # the code is not the code of that run: what was found up to here stands
    return found


def observed(trace: Trace) -> Iterator[tuple[Any, list[str]]]:
    """Yield what `replayed` yields, with the names of the `on_...` methods that ran for it, in order."""
    methods: list[str] = []

    def watch(frame: FrameType, event: str, argument: object) -> None:
        code = frame.f_code
        of_protocol = code.co_name.startswith("on_") and not code.co_qualname.startswith("Node.")
        if event == "call" and of_protocol and isinstance(frame.f_locals.get("self"), Node):
            methods.append(code.co_qualname.rpartition("<locals>.")[2])

    steps = replayed(trace)
    while True:
        methods.clear()
        with _profiled(watch):
            try:
                found = next(steps)
            except StopIteration:
                return
        yield found, list(methods)


class _profiled:  # noqa: N801 - read as a keyword: with _profiled(...)
    """Calls `watch` at each call, and puts back what watched before: a profiler, or a tool that measures coverage."""

    def __init__(self, watch: Callable[[FrameType, str, Any], None]) -> None:
        self.watch = watch

    def __enter__(self) -> None:
        self.before = sys.getprofile()
        sys.setprofile(self.watch)

    def __exit__(self, *problem: object) -> None:
        sys.setprofile(self.before)


def field_of(node: Node, path: str) -> Any:
    """Return the value at a path such as "delivered" or "raft.log"; None where there is none."""
    value: Any = node
    for part in path.split("."):
        value = getattr(value, part, None)
    return value


def change(old: Any, new: Any) -> Any:
    """Return `new`, or only what is new in it, as a form of its own.

    A tuple or a log that begins like the one before: {"$tail": [how many stay, item, ...]}. A map that lost no key:
    {"$put": [[key, value], ...]}. A set that lost nothing: {"$more": [item, ...]}.

    >>> change([1, 2, 3], [1, 2, 4])
    {'$tail': [2, 4]}
    >>> change({"$map": [["a", 1], ["b", 2]]}, {"$map": [["a", 1], ["b", 3]]})
    {'$put': [['b', 3]]}
    """
    if isinstance(old, list) and isinstance(new, list):
        return _tail(old, new)
    if not (
        isinstance(old, dict) and isinstance(new, dict) and len(old) == len(new) == 1 and set(old) == set(new)
    ):
        return new
    ((tag, had),) = old.items()
    has = new[tag]
    if tag == "$log":
        return _tail(had, has)
    if tag == "$set" and all(item in has for item in had):
        return {"$more": [item for item in has if item not in had]}
    if tag == "$map" and all(any(key == other for other, _ in has) for key, _ in had):
        return {"$put": [pair for pair in has if pair not in had]}
    return new


def _tail(old: list[Any], new: list[Any]) -> Any:
    shared = 0
    while shared < min(len(old), len(new)) and old[shared] == new[shared]:
        shared += 1
    return {"$tail": [shared, *new[shared:]]} if shared else _whole(new)


def _whole(new: list[Any]) -> Any:
    return {"$tail": [0, *new]}
