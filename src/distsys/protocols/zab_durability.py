"""What must stand on the disk of a Zab server, before a message tells of it and across crashes.

The first two laws are those that ZooKeeper has broken, the first one more than once: the acknowledgement went out
before the history was on the disk, or the new epoch was there before the history that belongs to it.
"""

from __future__ import annotations

from typing import Any

from distsys.core.events import Effect, Send
from distsys.core.laws import World, law_with_memory
from distsys.core.log import Log
from distsys.core.values import EMPTY, Map, record

from .raft_world import agree, message_of
from .zab_messages import Ack, AckEpoch, AckNewLeader, NewEpoch, Proposal, Transaction
from .zab_world import Disks, acting, disks_after, history_on, holds, is_established, written


@law_with_memory(
    "an acknowledged NEWLEADER is durable",
    "Who acknowledges NEWLEADER has the epoch and the leader's history on its disk.",
    start=EMPTY,
)
def an_acknowledged_newleader_is_durable(memory: Disks, world: World) -> tuple[Disks, str | None]:
    """Phase 2: a quorum of these acknowledgements commits the whole initial history."""
    step = world.step
    for effect, disk in written(step, memory.get(step.node, EMPTY)):
        message = message_of(effect) if isinstance(effect, Send) else None
        if not isinstance(message, AckNewLeader):
            continue
        says = f"{step.node} acknowledges NEWLEADER of epoch {message.epoch}"
        if disk.get("current_epoch", 0) != message.epoch:
            return memory, f"{says}, but its disk is in epoch {disk.get('current_epoch', 0)}"
        if not holds(disk, message.zxid):
            return memory, f"{says} with a history up to {message.zxid}, but that is not on its disk"
    return disks_after(memory, step), None


@record
class Beginnings:
    """The history with which the leader of each epoch began, and the disks."""

    histories: Map[int, Log[Transaction]] = Map()
    disks: Disks = EMPTY


@law_with_memory(
    "history before epoch",
    "A disk that is in an epoch holds the history with which the leader of that epoch began.",
    start=Beginnings(),
)
def history_before_epoch(memory: Beginnings, world: World) -> tuple[Beginnings, str | None]:
    """Phase 2: the new history and the new epoch are accepted together, in one atomic write.

    With the epoch alone, a server would pass in the next election for one that has the history.
    """
    step, histories = world.step, memory.histories
    before = memory.disks.get(step.node, EMPTY)
    epoch = before.get("current_epoch", 0)
    for _, disk in written(step, before):
        now = disk.get("current_epoch", 0)
        if now > epoch and now in histories:
            begin, history = histories[now], history_on(disk)
            if history.last_index < begin.last_index or not agree(history, begin, begin.last_index):
                return memory, (
                    f"the disk of {step.node} enters epoch {now} without the history of its leader, "
                    f"which goes up to index {begin.last_index}"
                )
        epoch = now
    zab = acting(world)
    if zab is not None and is_established(zab) and zab.epoch not in histories:
        histories = histories.set(zab.epoch, zab.history)
    return Beginnings(histories, disks_after(memory.disks, step)), None


@law_with_memory(
    "durable before revealed",
    "No message leaves a server before the epochs that it speaks of, and what it vouches for, are on the disk.",
    start=EMPTY,
)
def durable_before_revealed(memory: Disks, world: World) -> tuple[Disks, str | None]:
    """Accepted epochs and histories are in stable storage when they are acknowledged.

    A proposal vouches for nothing: its leader may send it while it writes, as ZooKeeper's leaders do, for after a
    crash it leads this epoch no more.
    """
    step = world.step
    for effect, disk in written(step, memory.get(step.node, EMPTY)):
        if (evidence := revealed(step.node, effect, disk)) is not None:
            return memory, evidence
    return disks_after(memory, step), None


def revealed(name: str, effect: Effect, disk: Map[str, Any]) -> str | None:
    """Return what an effect reveals that is not on the disk at that moment."""
    if not isinstance(effect, Send):
        return None
    message = message_of(effect)
    says = f"{name} sends {type(message).__name__} to {effect.to}"
    match message:
        case NewEpoch(epoch) | AckEpoch(epoch=epoch) if disk.get("accepted_epoch", 0) < epoch:
            return f"{says} for epoch {epoch}, but its disk has accepted {disk.get('accepted_epoch', 0)}"
        case AckEpoch(current_epoch=epoch) if disk.get("current_epoch", 0) < epoch:
            return f"{says} from epoch {epoch}, but its disk is in {disk.get('current_epoch', 0)}"
        case Ack(zxid=zxid) | AckEpoch(last_zxid=zxid) if not holds(disk, zxid):
            return f"{says} with a history up to {zxid}, but that is not on its disk"
        case Proposal(epoch=epoch) if disk.get("current_epoch", 0) < epoch:
            return f"{says} in epoch {epoch}, but its disk is in {disk.get('current_epoch', 0)}"
    return None


@law_with_memory(
    "epochs never go back",
    "On its disk neither epoch of a server ever goes back, and a restart finds both again.",
    start=EMPTY,
)
def epochs_never_go_back(memory: Disks, world: World) -> tuple[Disks, str | None]:
    """Who has accepted an epoch follows no leader of an earlier one."""
    step, zab = world.step, acting(world)
    kept = memory.get(step.node, EMPTY)
    if zab is not None and step.kind in ("start", "restart"):
        found = Map({"accepted_epoch": zab.accepted_epoch, "current_epoch": zab.current_epoch})
        if (evidence := gone_back(step.node, kept, found)) is not None:
            return memory, evidence
    for _, disk in written(step, kept):
        if (evidence := gone_back(step.node, kept, disk)) is not None:
            return memory, evidence
        kept = disk
    return disks_after(memory, step), None


def gone_back(name: str, kept: Map[str, Any], now: Map[str, Any]) -> str | None:
    """Return which epoch has gone back, when `now` follows on what the disk `kept`."""
    for key in ("accepted_epoch", "current_epoch"):
        if now.get(key, 0) < kept.get(key, 0):
            return f"{name} goes back from {key} {kept.get(key, 0)} to {now.get(key, 0)}"
    return None


DURABILITY = (
    an_acknowledged_newleader_is_durable,
    history_before_epoch,
    durable_before_revealed,
    epochs_never_go_back,
)
