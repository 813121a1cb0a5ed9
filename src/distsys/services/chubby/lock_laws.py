"""What the locks of a cell promise, judged from outside, like all of `laws`."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from distsys.core.laws import World, acted, law_with_memory, outputs
from distsys.core.values import EMPTY, Map, record

from .cell import Cell
from .clients import Guarded, LockClient, Stored
from .laws import Truth, acting, learned, sends, shortest
from .locking import Mode
from .server import ChubbyServer


@law_with_memory(
    "lock exclusivity",
    "A lock in exclusive mode has one holder, and who sends a request under a lock holds it.",
    start=Truth(),
)
def lock_exclusivity(memory: Truth, world: World) -> tuple[Truth, str | None]:
    """As far as the truth has come: an entry that nobody has applied in a whole step cannot be judged yet."""
    truth = learned(memory, world)
    if truth is not memory:
        for path, file in truth.cell.tree.items():
            if file.lock.mode is Mode.EXCLUSIVE and len(file.lock.holders) > 1:
                return truth, f"the lock of {path} is held by {holders(truth.cell, path)}"
    node = acted(world)
    if isinstance(node, LockClient) and node.held is not None and truth.index >= node.held.index:
        sequencer = node.held.sequencer
        if any(isinstance(message, Guarded) for message in sends(world.step)):
            there = truth.cell.tree.get(sequencer.path)
            place = (there.instance, there.lock.generation) if there is not None else None
            if place != sequencer.place or node.session not in holders(truth.cell, sequencer.path):
                return truth, (
                    f"{node.name} works under {sequencer}, but it is held by "
                    f"{holders(truth.cell, sequencer.path)} in generation {place}"
                )
    return truth, None


def holders(cell: Cell, path: str) -> tuple[str, ...]:
    """Return the sessions that hold a lock."""
    held = cell.tree[path].lock.holders if path in cell.tree else ()
    return tuple(cell.handles[handle].session for handle in held if handle in cell.handles)


@record
class Losses:
    """The truth, and path -> when its lock was last lost, for how long nobody may have it, and its mode then."""

    truth: Truth = Truth()
    lost: Map[str, tuple[int, int, Mode]] = EMPTY


@law_with_memory(
    "lock-delay",
    "When a holder of a lock is lost, nobody acquires it in a conflicting mode before the lock-delay has passed.",
    start=Losses(),
)
def lock_delay(memory: Losses, world: World) -> tuple[Losses, str | None]:
    """Section 2.4. Entry by entry, for a lock may be released and its holder end in one step."""
    truth = learned(memory.truth, world)
    replica = acting(world)
    if truth is memory.truth or replica is None:
        return memory, None
    lost, evidence = memory.lost, None
    cells = passed(memory.truth, replica)
    for before, after in pairwise(cells):
        for path, file in after.tree.items():
            old = before.tree[path].lock if path in before.tree else None
            if old is None:
                continue
            for handle, delay_ms in old.holders.items():
                if delay_ms and before.handles[handle].session not in after.sessions:
                    lost = lost.set(path, (world.step.at, delay_ms, old.mode or Mode.EXCLUSIVE))
            if path in lost and any(handle not in old.holders for handle in file.lock.holders):
                evidence = too_early(lost[path], after, path, world.step.at, replica) or evidence
    return Losses(truth, lost), evidence


def too_early(
    loss: tuple[int, int, Mode], cell: Cell, path: str, at: int, replica: ChubbyServer
) -> str | None:
    """Return why a lock may not be acquired yet that was lost like this."""
    since, delay_ms, mode = loss
    if Mode.EXCLUSIVE not in (mode, cell.tree[path].lock.mode) or at >= since + shortest(delay_ms, replica):
        return None
    lost = f"the lock of {path} was lost at {since} us with a lock-delay of {delay_ms} ms"
    return f"{lost}, and {holders(cell, path)} has it at {at} us"


def passed(before: Truth, replica: ChubbyServer) -> tuple[Cell, ...]:
    """Return the states that a replica has passed through since; none where a snapshot took the place of entries."""
    cells = [before.cell]
    for index in range(before.index + 1, replica.paxos.last_applied + 1):
        if index not in replica.paxos.chosen:
            return ()
        cells.append(replica.service.apply(cells[-1], index, replica.paxos.chosen[index])[0])
    return tuple(cells)


@record
class LastHeld:
    """The truth, and path -> the place of its last sequencer, and who holds its lock alone now."""

    truth: Truth = Truth()
    held: Map[str, tuple[tuple[int, int], frozenset[int]]] = EMPTY


@law_with_memory(
    "lock generation grows",
    "A lock that is acquired after it was free gets a later sequencer than all before.",
    start=LastHeld(),
)
def lock_generation_grows(memory: LastHeld, world: World) -> tuple[LastHeld, str | None]:
    """Section 2.4: what fencing rests on. That a lock was free is seen, or follows where one held it alone."""
    truth = learned(memory.truth, world)
    if truth is memory.truth:
        return memory, None
    held = memory.held
    evidence = None
    for path, file in truth.cell.tree.items():
        lock, none = file.lock, frozenset[int]()
        alone = frozenset(lock.holders) if lock.mode is Mode.EXCLUSIVE else none
        place, before = held.get(path, ((0, 0), none))
        now = (file.instance, lock.generation)
        if lock.holders and now <= place and alone != before:
            evidence = f"the lock of {path} passes to {holders(truth.cell, path)} with {now}, and was held with {place}"
        held = held.set(path, (max(now, place) if lock.holders else place, alone))
    return LastHeld(truth, held), evidence


@law_with_memory(
    "fencing",
    "A server that a lock protects does nothing for an earlier holder after it has done something for a later one.",
    start=EMPTY,
)
def fencing(memory: Map[str, Any], world: World) -> tuple[Map[str, Any], str | None]:
    """Section 2.4: that is what sequencers are for."""
    for value in outputs(world.step):
        if isinstance(value, Stored):
            last = memory.get(value.path, (0, 0))
            if value.place < last:
                return memory, (
                    f"{world.step.node} does a request of {value.by} under {value.path} {value.place}, after {last}"
                )
            memory = memory.set(value.path, value.place)
    return memory, None


LOCK_LAWS = (lock_exclusivity, lock_delay, lock_generation_grows, fencing)
