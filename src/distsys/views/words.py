"""Words for values, messages and steps: short ones for a picture, a full sentence for a reader.

`brief` is what stands beside an event in a picture, where there is room for a dozen letters. `sentence` says
all that a step did, for the table under a picture, for a terminal, and for a person who listens.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Sequence
from dataclasses import fields, is_dataclass
from typing import Any

from distsys.core.events import CancelTimer, Deliver, Effect, Note, Output, Persist, Send, SetTimer, Timeout
from distsys.core.log import Log
from distsys.core.operations import Operation
from distsys.core.trace import Header, Step, Trace
from distsys.core.units import shown_time
from distsys.core.values import Map, order_key


def brief(value: Any, lanes: Sequence[str] = ()) -> str:
    """Return a value as few words; counts of the nodes `lanes` as a vector in their order.

    >>> brief(("n1", 3, Map({"a": None})))
    '(n1, 3, {a: none})'
    >>> brief(Deliver("n1", "hello there"))
    "Deliver(n1, 'hello there', 0)"
    >>> brief(Map({"n3": 2}), ("n1", "n2", "n3"))
    '[0 0 2]'
    """
    if isinstance(value, str):
        return value if value.replace("-", "").replace("_", "").isalnum() else repr(value)
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, enum.Enum):
        return value.name
    if isinstance(value, Operation):  # the records of clients fill a picture: who, how, what, of what, what
        told = (value.type, value.f, value.key, value.value)
        return " ".join([value.process, *(brief(item, lanes) for item in told if item is not None)])
    if is_dataclass(value) and not isinstance(value, type):
        inner = [getattr(value, field.name) for field in fields(value)]
        if len(inner) == 1 and isinstance(inner[0], Map):  # a map with a name, such as a vector clock
            return brief(inner[0], lanes)
        inside = ", ".join(brief(item, lanes) for item in inner)
        return f"{type(value).__name__}({inside})" if inside else type(value).__name__
    return _brief_of_many(value, lanes)


PAYLOADS = ("body", "message", "payload")  # fields that hold what a message carries for somebody else


def layers(message: Any) -> tuple[Any, ...]:
    """Return a message and all that it carries inside, from the outermost to the innermost."""
    found = [message]
    while is_dataclass(found[-1]) and not isinstance(found[-1], type):
        carried = [f.name for f in fields(found[-1]) if f.name in PAYLOADS]
        if not carried or getattr(found[-1], carried[0]) is None:
            break
        found.append(getattr(found[-1], carried[0]))
    return tuple(found)


def label(message: Any, lanes: Sequence[str] = ()) -> str:
    """Return what a message is about: its innermost content, without the envelopes of the layers below.

    >>> from distsys.core.node import Inner
    >>> label(Inner("links", Deliver("n1", "Lunch?")))
    "'Lunch?'"
    """
    return brief(layers(message)[-1], lanes)


def class_names(message: Any) -> tuple[str, ...]:
    """Return the names of the classes of a message and of all that it carries."""
    return tuple(type(layer).__name__ for layer in layers(message))


def _brief_of_many(value: Any, lanes: Sequence[str]) -> str:
    if isinstance(value, Map):
        if lanes and value and all(key in lanes and type(count) is int for key, count in value.items()):
            return "[" + " ".join(str(value.get(name, 0)) for name in lanes) + "]"
        return "{" + ", ".join(f"{brief(key)}: {brief(item, lanes)}" for key, item in value.items()) + "}"
    if isinstance(value, Log):
        return "[" + ", ".join(brief(entry, lanes) for entry in value) + "]"
    if isinstance(value, frozenset):
        return "{" + ", ".join(brief(item, lanes) for item in sorted(value, key=order_key)) + "}"
    if isinstance(value, tuple):
        return "(" + ", ".join(brief(item, lanes) for item in value) + ")"
    return repr(value)


def printable(words: str) -> str:
    r"""Return words for a terminal or a page: one line, nothing that a terminal would obey.

    >>> printable("two\nlines \x1b[31m")
    'two?lines ?[31m'
    """
    return "".join(c if c.isprintable() else "?" for c in words)


def listed(names: Sequence[str]) -> str:
    """Return names as a list in words.

    >>> listed(["n1"]), listed(["n1", "n2", "n3"])
    ('n1', 'n1, n2 and n3')
    """
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def seed_words(header: Header) -> str:
    """Return ", seed 7"; nothing for a run of real processes, which no seed decided."""
    return "" if header.driver.get("kind") == "runtime" else f", seed {header.seed}"


def timer_name(timer: str) -> str:
    """Return the name of a timer without the path of the embedded nodes that lead to it."""
    return timer.rpartition("/")[2]


def span(low: int, high: int) -> str:
    """Return a range of durations: '5 ms', or '10 ms to 20 ms'."""
    return shown_time(low) if low == high else f"{shown_time(low)} to {shown_time(high)}"


def fault_words(step: Step, cause: Send | None) -> str:
    """Return what a step without an event says, as the end of a sentence that may begin with its node."""
    detail = step.detail
    message = label(cause.message) if cause is not None else "a message"
    match step.kind:
        case "drop":
            return f"{message} from {detail.get('from')} to {detail.get('to')} is lost ({_why(step)})"
        case "duplicate":
            return f"the network makes a second copy of {message} from {step.node} to {detail.get('to')}"
        case "partition":
            return (
                f"the network splits: {groups(step)}" if step.detail.get("groups") else "the network splits"
            )
        case "cut":
            return f"messages from {step.node} no longer reach {detail.get('to')}"
        case "heal":
            settle = detail.get("phase") == "settle"
            return "all faults end, and the system may settle" if settle else "the network heals"
        case "link":
            ends = f"from {step.node or 'every node'} to {_everybody(detail.get('to'))}"
            return f"the link {ends} is replaced"
        case "skew":
            return f"the clock of {step.node} {rate(detail.get('ppm', 0))}"
        case "clock":
            by = detail.get("by", 0)
            return (
                f"the clock of {step.node} jumps {'forward' if by >= 0 else 'back'} by {shown_time(abs(by))}"
            )
    if step.kind in TOLD:
        return f"{step.node} {told(step)}"
    return f"{step.node} {_AT_A_NODE.get(step.kind, step.kind)}{_remark(step)}".strip()


def told(step: Step) -> str:
    """Return what a client tells of itself: "asks put x=1", "hears ok"."""
    return " ".join(f"{key} {value}" for key, value in step.detail.items())


def in_atomic_steps(trace: Trace) -> bool:
    """Return whether a run goes in atomic steps of a shared memory: what has one moment is one step."""
    return trace.header.driver.get("kind") == "interleaving"


def _asked_of(step: Step) -> tuple[str, Any, str, Any]:
    """Return who asks which operation of which cell in a step of a memory, and its answer in words, or None."""
    event: Any = step.event
    sent = [effect.message for effect in step.effects if isinstance(effect, Send)]
    answers = [brief(answer.value) for answer in sent if type(answer).__name__ == "Answer"]
    operation = getattr(event.message, "operation", event.message)
    who, cell = getattr(operation, "reader", event.sender), getattr(event.message, "cell", step.node)
    return who, operation, cell, answers[0] if answers else None


def _memory_sentence(step: Step) -> str:
    """Return an operation on a cell as a sentence."""
    who, operation, cell, answer = _asked_of(step)
    where = "" if cell == step.node else f" in {step.node}"
    value = brief(getattr(operation, "value", None))
    if step.kind == "write":
        return f"{who} writes {value} to {cell}{where}"
    if step.kind == "read":
        return f"{who} reads {cell}{where}" + ("" if answer is None else f": {answer}")
    if brief(getattr(operation, "expected", None)) != answer and hasattr(operation, "expected"):
        return f"{who} would swap {cell} to {value}, but {answer} is there"
    return f"{who} swaps {cell} from {answer} to {value}"


def cell_words(step: Step, lanes: Sequence[str] = ()) -> str:
    """Return what happens to a cell: "read 1", "write 2", "swap 1 to 2", "no swap: 1"."""
    message: Any = getattr(step.event, "message", None)
    operation = getattr(message, "operation", message)
    sent = (effect.message for effect in step.effects if isinstance(effect, Send))
    answers = [brief(answer.value, lanes) for answer in sent if type(answer).__name__ == "Answer"]
    value = brief(getattr(operation, "value", None), lanes)
    where = [message.cell] if operation is not message else []
    if step.kind == "write":
        return " ".join(["write", *where, value])
    if step.kind == "read":
        return " ".join(["read", *where, *answers])
    refused = brief(getattr(operation, "expected", None), lanes) not in answers and hasattr(
        operation, "expected"
    )
    return f"no swap: {answers[0]}" if refused else f"swap {answers[0]} to {value}"


TOLD = ("note", "return")  # steps of clients that keep no diary

_AT_A_NODE = {
    "crash": "crashes",
    "pause": "is paused: what reaches it waits",
    "resume": "goes on after the pause",
    "stall": "has a disk that hangs: what it writes waits",
    "unstall": "has a disk that answers again",
    "wipe": "loses its disk",
    "full": "has a full disk",
    "free": "has room on its disk again",
}


def _remark(step: Step) -> str:
    why = step.detail.get("why")
    if step.kind == "crash":
        return "" if why in (None, "crash") else f" ({why})"
    known = step.kind in _AT_A_NODE
    return "" if known or not step.detail else f" {brief(step.detail)}"


def _why(step: Step) -> str:
    why = step.detail.get("why", "lost")
    return {
        "lost": "on the way",
        "partition": "the way is blocked",
        "down": f"{step.detail.get('to')} is down",
    }.get(why, str(why))


def _everybody(name: Any) -> str:
    return "every node" if name in ("*", None) else str(name)


def groups(step: Step) -> str:
    """Return the sides of a partition: 'n1 | n2, n3'."""
    return " | ".join(", ".join(group) for group in step.detail.get("groups", ()))


def rate(ppm: int) -> str:
    """Return how a clock runs.

    >>> rate(200_000), rate(-500), rate(0)
    ('runs 20% fast', 'runs 0.05% slow', 'runs true again')
    """
    if ppm == 0:
        return "runs true again"
    whole, rest = divmod(abs(ppm), 10_000)
    digits = f".{rest:04d}".rstrip("0").rstrip(".")
    return f"runs {whole}{digits}% {'fast' if ppm > 0 else 'slow'}"


def sent_by(trace: Trace, step: Step) -> Send | None:
    """Return the send that a step goes back to, or None."""
    if step.cause is None:
        return None
    effect = trace.step(step.cause[0]).effects[step.cause[1]]
    return effect if isinstance(effect, Send) else None


def effect_words(effects: Sequence[Effect]) -> Iterator[str]:
    """Yield what a node does, one clause for each effect; sends that follow each other are one clause."""
    place = 0
    while place < len(effects):
        effect = effects[place]
        place += 1
        match effect:
            case Send():
                sends = [effect]
                while place < len(effects) and isinstance(following := effects[place], Send):
                    sends.append(following)
                    place += 1
                yield "sends " + ", ".join(_receivers(sends))
            case SetTimer(timer, low, high):
                yield f"sets timer {timer_name(timer)} to {span(low, high)}"
            case CancelTimer(timer):
                yield f"stops timer {timer_name(timer)}"
            case Persist(changes):
                yield f"writes {listed(tuple(changes))} to disk"
            case Output(value):
                yield f"outputs {brief(value)}"
            case Note(text):
                yield f'notes "{text}"'


def _receivers(sends: Sequence[Send]) -> Iterator[str]:
    """Yield 'message to receivers', one part for each message: a broadcast names it once."""
    place = 0
    while place < len(sends):
        content = label(sends[place].message)
        receivers = [sends[place].to]
        while place + len(receivers) < len(sends) and label(sends[place + len(receivers)].message) == content:
            receivers.append(sends[place + len(receivers)].to)
        place += len(receivers)
        yield f"{content} to {listed(receivers)}"


def _beginning(step: Step, atomic: bool) -> str:
    event = step.event
    match step.kind, event:
        case "start", _:
            return f"{step.node} starts"
        case "restart", _:
            return f"{step.node} starts again from its disk"
        case "timeout", Timeout(timer):
            return f"the timer {timer_name(timer)} of {step.node} fires"
        case "invoke", Deliver(sender, message):
            return f"{sender} asks {step.node}: {brief(message)}"
        case (("read" | "write" | "swap"), Deliver()):
            return _memory_sentence(step)
        case "deliver", Deliver(_, message) if atomic and type(message).__name__ == "Answer":
            return f"{step.node} goes on"
        case _, Deliver(sender, message):
            sent = f", sent at step {step.cause[0]}" if step.cause else ""
            return f"{step.node} receives {label(message)} from {sender}{sent}"
    return f"{step.node} handles {brief(event)}"


def sentence(trace: Trace, step: Step) -> str:
    """Return what one step did, as a sentence with its number and time."""
    if step.event is None:
        what = fault_words(step, sent_by(trace, step))
        clauses: list[str] = []
    else:
        atomic = in_atomic_steps(trace)
        effects = step.effects[: step.kept]
        spoken = [each for each in effects if not isinstance(each, Send | SetTimer | CancelTimer)]
        what = _beginning(step, atomic)
        clauses = list(effect_words(spoken if atomic else effects))
    if step.kept < len(step.effects):
        clauses.append(f"stops after {step.kept} of {len(step.effects)} effects")
    if clauses:
        what += "; it " + listed(clauses)
    broken = "".join(
        f" Here the law {v.law!r} is broken: {v.evidence}" for v in trace.violations if v.step == step.number
    )
    full = what[:1].upper() + what[1:] if what.startswith(("the ", "all ", "messages ")) else what
    return printable(f"Step {step.number}, {shown_time(step.at)}: {full}.{broken}")


def sentences(trace: Trace, *, first: int = 1, last: int | None = None) -> tuple[str, ...]:
    """Return one sentence for each step from `first` to `last`, and for each law broken at the end."""
    last = len(trace) if last is None else last
    ending: list[str] = []
    if last >= len(trace):
        ending = [
            printable(f"At the end the law {v.law!r} is broken: {v.evidence}")
            for v in trace.violations
            if v.step == 0
        ]
    return (*(sentence(trace, step) for step in trace.slice(first, last)), *ending)


def verdict(trace: Trace) -> str:
    """Return what the laws said of a run, as a sentence."""
    if trace.violations:
        found = trace.violations[0]
        where = f"at step {found.step}" if found.step else "at the end"
        return printable(f"The law {found.law!r} is broken {where}: {found.evidence}")
    count = len(trace.header.laws)
    if not count:
        return "No law was checked."
    kept = "Its law was kept" if count == 1 else f"All {count} laws were kept"
    return kept + (
        ", as far as the run went: it stopped at its budget of steps." if trace.ended == "budget" else "."
    )
