"""The events of a run as marks: a shape, and a few words beside it."""

from __future__ import annotations

from typing import Any

from distsys.core.errors import DistsysError
from distsys.core.events import Deliver, Note, Output, Timeout
from distsys.core.log import Log
from distsys.core.trace import MEMORY_EVENTS, Step, Trace
from distsys.core.units import shown_time
from distsys.core.values import Map
from distsys.drivers.replay import replayed

from .projections import field_of
from .scene import Line, Mark
from .words import (
    TOLD,
    brief,
    cell_words,
    class_names,
    in_atomic_steps,
    label,
    rate,
    sent_by,
    sentence,
    timer_name,
    told,
)

VECTOR = 6  # most nodes for which counts are shown as a vector
SHORT = 24  # letters; a longer collection of records is shown by how many it holds
QUIET = ("Ack", "Heartbeat")  # classes of messages that are drawn thin
FAULTS = {
    "pause": "pauses",
    "resume": "goes on",
    "stall": "disk hangs",
    "unstall": "disk answers",
    "wipe": "disk wiped",
    "full": "disk full",
    "free": "disk has room",
}


def declared_values(trace: Trace, last: int) -> dict[int, dict[str, Any]]:
    """Return, for each step that a node handles, what the node's declared fields are after it.

    The fields are found by replay; where the system is not at hand any more, there is nothing to show.
    """
    shown: dict[int, dict[str, Any]] = {}
    if not any(trace.header.declared.values()):
        return shown
    try:
        for step, nodes, _ in replayed(trace):
            if step.number > last:
                break
            if step.event is not None and step.node in nodes:
                fields = trace.header.declared.get(step.node, {})
                shown[step.number] = {name: field_of(nodes[step.node], path) for name, path in fields.items()}
    except (DistsysError, AssertionError):
        return {}
    return shown


class Marks:
    """Makes the marks of a trace, in the order of its steps, and remembers what it has shown of each node."""

    def __init__(self, trace: Trace, names: tuple[str, ...], last: int) -> None:
        self.trace = trace
        self.lanes = {name: lane for lane, name in enumerate(names)}
        self.short = names if len(names) <= VECTOR else ()  # beyond it a vector is longer than its counts
        self.atomic = in_atomic_steps(trace)
        self.values = declared_values(trace, last)
        self.known: dict[str, dict[str, Any]] = {}  # node -> the values that were shown last

    def skip(self, step: Step) -> None:
        """Take note of a step that is not shown, because it lies before the picture."""
        if step.number in self.values:
            self.known[step.node] = self.values[step.number]

    def mark(self, step: Step) -> Mark:
        """Return the mark of a step that has a node."""
        lane = self.lanes[step.node]
        broken = any(v.step == step.number for v in self.trace.violations)
        shape, head = self._shape(step)
        texts: list[Line] = [head] if head[1] else []
        news = self._news(step)
        if step.event is not None:
            for effect in step.effects[: step.kept]:
                if isinstance(effect, Output) and not self._is_shown(effect.value, news):
                    value = label(effect.value, self.short)
                    texts.append(("out", f"outputs {'it' if head[1].endswith(value) else value}"))
                elif isinstance(effect, Note):
                    texts.append(("note", effect.text))
            if step.kind not in MEMORY_EVENTS:  # else it is said already
                texts.extend(("state", f"{name} {value}") for name, value in news.items())
        if step.kept < len(step.effects):
            texts.append(("fault", f"stops after {step.kept} of {len(step.effects)} effects"))
        other = step.detail.get("from" if shape == "refused" else "to")
        toward = self.lanes.get(other, lane) if isinstance(other, str) else lane
        return Mark(step.number, lane, shape, tuple(texts), sentence(self.trace, step), broken, toward)

    def _shape(self, step: Step) -> tuple[str, Line]:
        event, kind, cause = step.event, step.kind, sent_by(self.trace, step)
        match kind:
            case "start" | "restart":
                return kind, ("what", "" if kind == "start" else "restarts")
            case "timeout":
                assert isinstance(event, Timeout), f"step {step.number} is a timeout without a Timeout"
                return "timeout", ("what", f"timer {timer_name(event.timer)}")
            case "invoke":
                assert isinstance(event, Deliver), f"step {step.number} is a request without a Deliver"
                return "invoke", ("what", f"{event.sender}: {label(event.message, self.short)}")
            case "deliver":
                assert isinstance(event, Deliver), f"step {step.number} is a delivery without a Deliver"
                role = "quiet" if is_quiet(event.message) else "what"
                if self.atomic and step.cause is not None:
                    return "dot", (role, "")  # the answer stands at the cell
                return "dot", (role, label(event.message, self.short))
            case "drop":
                message = label(cause.message, self.short) if cause else "message"
                return loss(step), ("fault", self._drop_words(step, message))
            case "duplicate":
                return "copy", ("fault", f"second copy to {step.detail.get('to')}")
            case "crash":
                full = step.detail.get("why") == "disk full"
                return "crash", ("fault", "disk full, crashes" if full else "crashes")
            case "skew":
                return "clock", ("fault", f"clock {rate(step.detail.get('ppm', 0))}")
            case "clock":
                by = step.detail.get("by", 0)
                return "clock", ("fault", f"clock {'+' if by >= 0 else ''}{shown_time(by)}")
        if kind in FAULTS:
            return "fault", ("fault", FAULTS[kind])
        if kind in TOLD:
            return "cell", ("what", told(step))
        if kind in MEMORY_EVENTS and event is not None:
            return "cell", ("what", cell_words(step, self.short))
        return "cell", ("what", " ".join([kind, *(brief(value) for value in step.detail.values())]))

    def _drop_words(self, step: Step, message: str) -> str:
        to, why = step.detail.get("to"), step.detail.get("why")
        if why == "down":
            return f"{message} lost: {to} is down"
        return f"{message} to {to} {'blocked' if why == 'partition' else 'lost'}"

    def _is_shown(self, value: Any, news: dict[str, str]) -> bool:
        """Return whether an output only says what the declared values beside it say, as a stamp does."""
        return any(len(text) > 3 and text in brief(value, self.short) for text in news.values())

    def _news(self, step: Step) -> dict[str, str]:
        """Return the declared values that this step changed, in words."""
        values = self.values.get(step.number, {})
        before = self.known.get(step.node, {})
        if step.event is not None:
            self.known[step.node] = values
        fresh = step.kind in ("start", "restart")
        return {
            name: _short(value, self.short)
            for name, value in values.items()
            if (fresh and not _is_empty(value)) or (not fresh and before.get(name) != value)
        }


def loss(drop: Step) -> str:
    """Return whether a message was lost on its way, or refused where it arrived."""
    on_the_way = drop.node == drop.detail.get("from") and drop.detail.get("why") != "down"
    return "lost" if on_the_way else "refused"


def _is_empty(value: Any) -> bool:
    """Return whether a declared value says nothing yet."""
    inner = getattr(value, "counts", value)
    return inner is None or (isinstance(inner, (tuple, frozenset, Map, Log)) and not inner)


def is_quiet(message: Any) -> bool:
    """Return whether a message is one of many that say little: an acknowledgement or a heartbeat."""
    return class_names(message)[-1] in QUIET


def _short(value: Any, lanes: tuple[str, ...]) -> str:
    """Return a declared value in a few words; of what is long, how much it holds."""
    if isinstance(value, Log) and len(value) > 4:
        return f"of {value.last_index}, last {brief(value[value.last_index], lanes)}"
    if _is_empty(value) and value is not None:
        return "empty"
    words = brief(value, lanes)
    if isinstance(value, (tuple, frozenset)) and len(words) > SHORT and "(" in words[1:]:
        return "1 item" if len(value) == 1 else f"{len(value)} items"
    return words
