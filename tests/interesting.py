"""What must have happened in the runs of a system before "no violation" means anything."""

from collections import Counter

from distsys import Trace, systems
from distsys.algorithms.broadcast_messages import Delivery
from distsys.algorithms.detector_messages import Suspect
from distsys.core import Output
from distsys.protocols.replication import Committed

LOST = ("drop: lost", "drop: partition", "drop: down", "duplicate", "overtaken", "crash", "pause", "skew")

BEYOND_SIGHTS = {  # and each declared sight of the system
    "best-effort-broadcast": (*LOST, "delivered to some"),
    "reliable-broadcast": (*LOST, "outlived its origin"),
    "causal-broadcast": (*LOST, "outlived its origin"),
    "lamport-clock": (*LOST, "restart", "stall", "step cut off"),
    "vector-clock": (*LOST, "restart", "stall", "step cut off"),
    "hybrid-clock": (*LOST, "restart", "stall", "step cut off", "clock"),
    "truetime": ("crash", "pause", "restart", "stall", "step cut off"),  # no message between servers
    "snapshot": ("duplicate", "overtaken", "pause"),
    "heartbeat-detector": (*LOST, "wrongly suspected"),
    "membership": LOST,
    "swim": LOST,
    "gossip": LOST,
    "peterson": (),  # a shared memory loses nothing and has no faults
    "bakery": (),
}


def interesting(system: str) -> tuple[str, ...]:
    """Return what runs of a system must have reached: its sights, what befalls all, and what only whole runs show."""
    sights = (sight.name for sight in systems.find(system).sights)
    tolerates = systems.find(system).tolerates
    lost = tuple(state for state in LOST if state != "duplicate" or state in tolerates)
    usual = (*lost, "restart", "stall") if systems.find(system).restarts else lost
    return (*BEYOND_SIGHTS.get(system, usual), *sights)


def notice(trace: Trace) -> Counter[str]:
    """Return how often a run reached each state that only the whole run shows: what a step shows is a sight."""
    system = trace.header.system
    if system == "heartbeat-detector":
        return of_detector(trace)
    if system in ("zab", "multi-paxos"):
        return Counter(committed=any(isinstance(value, Committed) for _, value in outputs_of(trace)))
    return of_broadcast(trace) if system.endswith("broadcast") else Counter()


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
    for step, value in outputs_of(trace):
        assert isinstance(value, Delivery)
        receivers[value] += 1
        if step.kind == "deliver":
            seen["outlived its origin"] += down.get(value.origin, step.number) < step.number
    everybody = len(trace.header.names) - len(down)
    seen["delivered to some"] += sum(count < everybody for count in receivers.values())
    return seen


def of_detector(trace: Trace) -> Counter[str]:
    down = crashed(trace)
    return Counter(
        {
            "wrongly suspected": sum(
                down.get(value.peer, step.number + 1) > step.number
                for step, value in outputs_of(trace)
                if isinstance(value, Suspect)
            )
        }
    )
