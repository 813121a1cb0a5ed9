"""What a cell promises, judged from outside: by the time of the driver, which no node knows, and by what was applied.

What is true in the cell is what some replica has applied; the furthest counts (`Truth`). It is looked at only after
steps that are whole: who crashed in the middle of one may have applied an entry and told of it, and the others
follow later. So a law about what a client believes waits until the truth has come as far as the entry that the
client was told of.

A law about time takes the time at which a step began. A disk that hangs holds up what a step does, not what was decided
in it.
"""

from __future__ import annotations

from typing import Any

from distsys.core.events import Deliver, Send
from distsys.core.laws import FINALLY, World, acted, law, law_with_memory, outputs
from distsys.core.operations import Operation
from distsys.core.trace import Step
from distsys.core.units import MS
from distsys.core.values import EMPTY, Map, record
from distsys.protocols.multipaxos_leases import Leads

from . import calls
from .calls import Begun
from .cell import Cell, session_name
from .clients import Application, FileClient, FileRead, FileWritten, Guarded
from .library import Library, Standing
from .server import ChubbyServer
from .talk import Answer, Ask, KeptAlive, Modified

PPM = 1_000_000


@record
class Truth:
    """What the replica that has come furthest has applied."""

    index: int = 0
    cell: Cell = Cell()


def acting(world: World) -> ChubbyServer | None:
    """Return the replica that handled the last step, if it is up and the step is whole."""
    node = acted(world)
    return node if isinstance(node, ChubbyServer) else None


def learned(truth: Truth, world: World) -> Truth:
    """Return what is known after a step."""
    replica = acting(world)
    if replica is None or replica.paxos.last_applied <= truth.index:
        return truth
    return Truth(replica.paxos.last_applied, replica.state)


def is_over(cell: Cell, client: str, life: int) -> bool:
    """Return whether a session has been there and has ended."""
    return life <= cell.lives.get(client, 0) and session_name(client, life) not in cell.sessions


def sends(step: Step) -> tuple[Any, ...]:
    """Return the messages that were sent in a step."""
    return tuple(effect.message for effect in step.effects[: step.kept] if isinstance(effect, Send))


def shortest(length_ms: int, replica: ChubbyServer) -> int:
    """Return how long so many milliseconds of a master's clock are at least."""
    return length_ms * MS * PPM // (PPM + replica.paxos.drift_ppm)


# Masters.


@record
class Spoken:
    """The last step that was looked at, and the latest epoch in which a master has spoken."""

    step: int = 0
    epoch: int = 0


@law_with_memory(
    "single master",
    "When a master has granted a lease or answered a read, no master of an earlier epoch does so any more.",
    start=Spoken(),
)
def single_master(memory: Spoken, world: World) -> tuple[Spoken, str | None]:
    """What is said without the log must be said by one at a time; the moment of the decision counts."""
    step = world.step
    if step is None or step.number <= memory.step or step.event is None:
        return memory, None
    epoch = memory.epoch
    for effect in step.effects:
        if isinstance(effect, Send) and says_as_master(step, effect.message):
            if effect.message.epoch < memory.epoch:
                return memory, (
                    f"{step.node} speaks as the master of epoch {effect.message.epoch}, "
                    f"but the master of epoch {memory.epoch} has spoken"
                )
            epoch = max(epoch, effect.message.epoch)
    return (Spoken(step.number, epoch) if epoch > memory.epoch else memory), None


def says_as_master(step: Step, message: Any) -> bool:
    """Return whether a master says this by itself, and not because an entry was applied."""
    asked = step.event.message if isinstance(step.event, Deliver) else None
    reads = isinstance(asked, Ask) and isinstance(asked.request, calls.READS)
    match message:
        case KeptAlive() | Answer(result=Begun()):
            return True
        case Answer():
            return reads
    return False


# Sessions.


@law_with_memory(
    "client lease ends first",
    "A client that relies on its lease has a session.",
    start=Truth(),
)
def client_lease_ends_first(memory: Truth, world: World) -> tuple[Truth, str | None]:
    """Section 2.8: the local lease is a conservative approximation of the master's."""
    truth = learned(memory, world)
    node = acted(world)
    if isinstance(node, Library) and node.standing is Standing.SAFE:
        now = world.step.event.now
        if now < node.lease_until and is_over(truth.cell, node.name, node.life):
            return truth, (
                f"{node.name} relies on its lease until {node.lease_until} us of its clock, which shows {now} us, "
                f"but {node.session} has ended"
            )
    return truth, None


@law_with_memory(
    "no operation on an expired session",
    "A client uses no copy and sends no request under a lock when its session has ended.",
    start=Truth(),
)
def no_operation_on_an_expired_session(memory: Truth, world: World) -> tuple[Truth, str | None]:
    """Section 2.8: in jeopardy the cache is disabled, and calls of the application wait."""
    truth = learned(memory, world)
    node = world.nodes.get(world.step.node)
    if isinstance(node, Library) and node.session and is_over(truth.cell, node.name, node.life):
        under_lock = any(isinstance(message, Guarded) for message in sends(world.step))
        copy = any(isinstance(value, FileRead) and value.cached for value in outputs(world.step))
        if under_lock or copy:
            does = "sends a request under a lock" if under_lock else "reads its cache"
            return truth, f"{node.name} {does} in {node.session}, which has ended"
    return truth, None


@record
class Epochs:
    """The truth, and when its epoch began."""

    truth: Truth = Truth()
    began: int = 0


@law_with_memory(
    "session survives fail-over",
    "A new master ends no session by time before a whole lease has passed.",
    start=Epochs(),
)
def session_survives_fail_over(memory: Epochs, world: World) -> tuple[Epochs, str | None]:
    """Section 2.9: leases are extended to the maximum that the previous master may have been using."""
    truth, before = learned(memory.truth, world), memory.truth
    replica = acting(world)
    if truth is before or replica is None:
        return memory, None
    at, epoch, began = world.step.at, before.cell.epoch, memory.began
    evidence = None
    for index in range(before.index + 1, truth.index + 1):
        match replica.paxos.chosen.get(index):
            case Leads():
                epoch, began = epoch + 1, at
            case calls.Ordered(decided, "", _, calls.Expire(session)) if decided == epoch:
                if at < began + shortest(replica.lease_ms, replica):
                    evidence = f"epoch {epoch} began at {began} us, and {session} is ended at {at} us"
    if epoch != truth.cell.epoch:  # a snapshot has told of more than its entries would
        began, evidence = at, None
    return Epochs(truth, began), evidence


# Files.


@record
class Versions:
    """Path -> the latest version that somebody knows to be there; session -> what that was when its read began."""

    known: Map[str, tuple[int, int]] = EMPTY
    begun: Map[str, tuple[int, int]] = EMPTY


@law_with_memory(
    "cache consistency",
    "A read returns nothing older than what somebody had read or written before it began, cached or not.",
    start=Versions(),
)
def cache_consistency(memory: Versions, world: World) -> tuple[Versions, str | None]:
    """Section 2.7: clients see a consistent view. Known is what was acknowledged, told in an event, or read."""
    known, begun = memory.known, memory.begun
    evidence = None
    node = world.nodes.get(world.step.node)
    name = node.name if isinstance(node, FileClient) else ""
    for value in outputs(world.step):
        match value:
            case Operation(type="invoke", f="get", key=path):
                begun = begun.set(name, known.get(path, (0, 0)))
            case FileRead(path, version, cached):
                if version < begun.get(name, (0, 0)):
                    where = "in its cache" if cached else "at the master"
                    known_then = begun[name]
                    evidence = f"{name} reads version {version} of {path} {where}, but {known_then} was known"
                known = known.set(path, max(version, known.get(path, (0, 0))))
            case FileWritten(path, version):
                known = known.set(path, max(version, known.get(path, (0, 0))))
            case Modified(path, instance, generation):
                known = known.set(path, max((instance, generation), known.get(path, (0, 0))))
    if (known, begun) != (memory.known, memory.begun):
        memory = Versions(known, begun)
    return memory, evidence


# In the end.


@law(
    "clients are served in the end",
    "When faults have ended, each client does all that it wanted.",
    when=FINALLY,
)
def applications_are_served(world: World) -> str | None:
    """Progress, as the applications see it; each has a session at the end."""
    for node in world.nodes.values():
        if isinstance(node, Application):
            wanted = node.operations if isinstance(node, FileClient) else getattr(node, "rounds", 0)
            done = getattr(node, "done", 0)
            if done < wanted or node.open is not None or node.standing is not Standing.SAFE:
                return (
                    f"at the end {node.name} has done {done} of {wanted}, {node.open} is open, "
                    f"and its session is {node.standing.value}"
                )
    return None


SESSION_LAWS = (
    single_master,
    client_lease_ends_first,
    no_operation_on_an_expired_session,
    session_survives_fail_over,
    applications_are_served,
)
FILE_LAWS = (cache_consistency,)
