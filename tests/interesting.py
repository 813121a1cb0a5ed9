"""What must have happened in the runs of a system before "no violation" means anything."""

from collections import Counter

from distsys import Trace, systems
from distsys.algorithms.broadcast_messages import Delivery
from distsys.algorithms.clock_messages import Letter
from distsys.algorithms.detector_messages import Restore, Suspect
from distsys.core import Deliver, Note, Output, Send, Timeout

LOST = ("drop: lost", "drop: partition", "drop: down", "duplicate", "overtaken", "crash", "pause", "skew")

INTERESTING = {
    "best-effort-broadcast": (*LOST, "delivered to some", "sent again"),
    "reliable-broadcast": (*LOST, "sent again", "relay came first", "outlived its origin"),
    "causal-broadcast": (*LOST, "sent again", "held back", "set free", "outlived its origin"),
    "lamport-clock": (*LOST, "restart", "stall", "step cut off", "receipt"),
    "vector-clock": (*LOST, "restart", "stall", "step cut off", "receipt"),
    "heartbeat-detector": (*LOST, "suspected", "wrongly suspected", "taken back"),
    "membership": (*LOST, "members left", "members came back"),
    **{
        name: (*LOST, "restart", "stall", *(sight.name for sight in systems.find(name).sights))
        for name in systems.shipped()
        if systems.find(name).sights
    },
}


def notice(trace: Trace) -> Counter[str]:
    """Return how often a run reached each interesting state that its system can reach."""
    match trace.header.system:
        case "lamport-clock" | "vector-clock":
            return of_clocks(trace)
        case "heartbeat-detector":
            return of_detector(trace)
        case "membership":
            return of_membership(trace)
    if sights := systems.find(trace.header.system).sights:
        return Counter(sight.name for step in trace for sight in sights if sight.seen(step))
    return of_broadcast(trace)


def crashed(trace: Trace) -> dict[str, int]:
    """Return the step at which each crash-stop node stopped."""
    return {step.node: step.number for step in trace if step.kind == "crash"}


def outputs_of(trace: Trace):
    """Yield (step, value) for each output that was carried out."""
    for step in trace:
        for effect in step.effects[: step.kept]:
            if isinstance(effect, Output):
                yield step, effect.value


def of_broadcast(trace: Trace) -> Counter[str]:
    seen: Counter[str] = Counter()
    down = crashed(trace)
    receivers: Counter[object] = Counter()
    at_step: Counter[int] = Counter()
    for step, value in outputs_of(trace):
        assert isinstance(value, Delivery)
        receivers[value] += 1
        at_step[step.number] += 1
        if step.kind == "deliver" and isinstance(step.event, Deliver):
            seen["relay came first"] += step.event.sender != value.origin
            seen["outlived its origin"] += down.get(value.origin, step.number) < step.number
    seen["set free"] += sum(count > 1 for count in at_step.values())
    everybody = len(trace.header.names) - len(down)
    seen["delivered to some"] += sum(count < everybody for count in receivers.values())
    for step in trace:
        if isinstance(step.event, Timeout):
            seen["sent again"] += any(isinstance(effect, Send) for effect in step.effects)
        seen["held back"] += any(isinstance(effect, Note) for effect in step.effects)
    return seen


def of_clocks(trace: Trace) -> Counter[str]:
    seen: Counter[str] = Counter()
    for step in trace:
        seen["step cut off"] += step.event is not None and step.kept < len(step.effects)
        seen["receipt"] += isinstance(step.event, Deliver) and isinstance(step.event.message, Letter)
    return seen


def of_detector(trace: Trace) -> Counter[str]:
    seen: Counter[str] = Counter()
    down = crashed(trace)
    for step, value in outputs_of(trace):
        match value:
            case Suspect(peer):
                seen["suspected"] += 1
                seen["wrongly suspected"] += down.get(peer, step.number + 1) > step.number
            case Restore():
                seen["taken back"] += 1
    return seen


def of_membership(trace: Trace) -> Counter[str]:
    seen: Counter[str] = Counter()
    last: dict[str, int] = {}
    for step, view in outputs_of(trace):
        size = len(view.members)
        seen["members left"] += size < last.get(step.node, size)
        seen["members came back"] += size > last.get(step.node, size)
        last[step.node] = size
    return seen
