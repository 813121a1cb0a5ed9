"""What a figure carries of a run: the whole trace, small, with the states that a replay found.

    {"v": 1, "head": ..., "shapes": [...], "table": [...], "names": [...], "kinds": [...], "fields": [...],
     "handlers": [...], "laws": {name: sentence}, "steps": [...], "end": {...}}

and `"atomic": true` where each step is an atomic one of a shared memory. `head` is the header; values inside it and
inside steps are packed (`distsys.views.packing`). A step is

    [dt, kind, node, cause, effects, changes, handler, event, detail, kept]

with zeros at its end left out:

    dt       microseconds since the step before
    kind     place in `kinds`
    node     place in `names`, from 1; 0 where there is none
    cause    number of the effect that it goes back to, counted over all effects of the run from 1; 0 for none
    effects  a list of effects, or 0
    changes  [field, value, field, value, ...] of the declared fields of the node that this step changed, or 0;
             `field` is a place in `fields`. A value that begins like the one before may say only what is new
             (see `projections.change`).
    handler  place in `handlers`, from 1: the methods of the protocol that ran
    event    0 where it follows from the cause, a number where its clock reading alone differs by that much,
             else the event
    detail   or 0
    kept     1 + how many effects were carried out, where not all were; else 0

Nothing is lost: the player gives back the file form of the trace byte for byte, so what a reader saves from a
page loads and replays.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from distsys.core import systems
from distsys.core.canonical import plain
from distsys.core.errors import DistsysError, UnknownNameError
from distsys.core.events import Deliver, Send, SetTimer, Timeout
from distsys.core.trace import Step, Trace, place_names

from .packing import Packer
from .projections import project
from .words import in_atomic_steps

VERSION = 1


def payload(trace: Trace) -> dict[str, Any]:
    """Return what a figure carries of `trace`, as JSON types."""
    return _Writer(trace).write()


def as_json(content: Any) -> str:
    r"""Return JSON that may stand inside a script element: no text in it can end the element or begin a comment.

    >>> as_json({"text": "</script><!--"})
    '{"text":"\\u003c/script\\u003e\\u003c!--"}'
    """
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text


class _Writer:
    """Adds all forms to a packer first, then writes the steps."""

    def __init__(self, trace: Trace) -> None:
        self.trace = trace
        self.packer = Packer()
        self.names = place_names(trace.header, trace.steps)
        self.kinds = list(dict.fromkeys(step.kind for step in trace))
        self.projection = project(trace)
        self.first_effect: list[int] = []

    def write(self) -> dict[str, Any]:
        lines = self.trace.text().split("\n")[:-1]  # no other sign ends a line
        head = self.packer.add(json.loads(lines[0]))
        rows = [
            self._row(step, json.loads(line))
            for step, line in zip(self.trace.steps, lines[1:-1], strict=True)
        ]
        return {
            "v": VERSION,
            "names": list(self.names),
            "kinds": self.kinds,
            "fields": list(self.projection.fields),
            "handlers": list(self.projection.handlers),
            "laws": sentences_of_laws(self.trace),
            "shapes": self.packer.shapes,
            "head": self.packer.packed(head),
            "table": self.packer.table,
            "steps": [self._trimmed(row) for row in rows],
            "end": json.loads(lines[-1]),
            **({"atomic": True} if in_atomic_steps(self.trace) else {}),
        }

    def _row(self, step: Step, form: dict[str, Any]) -> list[Any]:
        """Return a step with the numbers of packed values in place of the values."""
        before = self.trace.steps[step.number - 2].at if step.number > 1 else 0
        count = self.first_effect[-1] if self.first_effect else 1
        self.first_effect.append(count + len(step.effects))
        start = [1, *self.first_effect]
        changes = self.projection.changes.get(step.number, ())
        return [
            step.at - before,
            self.kinds.index(step.kind),
            self.names.index(step.node) + 1 if step.node else 0,
            start[step.cause[0] - 1] + step.cause[1] if step.cause else 0,
            [_Ref(self.packer.add(effect)) for effect in form.get("effects", [])],
            [part for field, value in changes for part in (field, _Ref(self.packer.add(value)))],
            self.projection.handler_of.get(step.number, 0),
            self._event(step, form),
            _Ref(self.packer.add(form["detail"])) if "detail" in form else 0,
            step.kept + 1 if step.kept != len(step.effects) else 0,
        ]

    def _event(self, step: Step, form: dict[str, Any]) -> Any:
        """Return 0, or by how much the node's clock differs, or the event."""
        if step.event is None:
            return 0
        expected = follows(self.trace, step)
        if expected is not None and plain(expected) == {**form["event"], "now": step.at}:
            return step.event.now - step.at
        return _Ref(self.packer.add(form["event"]))

    def _trimmed(self, row: Sequence[Any]) -> list[Any]:
        done = [self._done(part) for part in row]
        while done and done[-1] in (0, []):
            done.pop()
        return [0 if part == [] else part for part in done]

    def _done(self, part: Any) -> Any:
        if isinstance(part, _Ref):
            return self.packer.packed(part.number)
        return [self._done(item) for item in part] if isinstance(part, list) else part


class _Ref:
    """The number that a packer gave to a form."""

    __slots__ = ("number",)

    def __init__(self, number: int) -> None:
        self.number = number


def follows(trace: Trace, step: Step) -> Deliver | Timeout | None:
    """Return the event that follows from the cause of a step, with the driver's time as the clock, or None."""
    if step.cause is None:
        return None
    source = trace.step(step.cause[0])
    match source.effects[step.cause[1]], step.event:
        case Send(_, message), Deliver():
            return Deliver(source.node, message, step.at)
        case SetTimer(timer), Timeout():
            return Timeout(timer, step.at)
    return None


def sentences_of_laws(trace: Trace) -> dict[str, str]:
    """Return {name: what it says} of the laws in the header, as far as the system is at hand."""
    try:
        known = {law.name: law.says for law in systems.find(trace.header.system).laws}
    except (UnknownNameError, DistsysError):
        known = {}
    return {name: known.get(name, "") for name in trace.header.laws}
