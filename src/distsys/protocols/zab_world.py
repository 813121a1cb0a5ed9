"""How a law looks at the Zab servers of a run: which one acted, which are up, what it delivered and wrote.

A Zab server is found also where it is embedded in a host under the name `zab`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from distsys.core.events import Effect, Persist
from distsys.core.laws import World, acted
from distsys.core.log import Log
from distsys.core.node import Node
from distsys.core.trace import Step, apply_to_disk
from distsys.core.values import EMPTY, Map

from .zab import Zab
from .zab_messages import Phase, State, Transaction, ZabSnapshot, Zxid

Disks = Map[str, Map[str, Any]]  # memory of a law: the Zab part of each server's disk


def zab_of(node: Node | None) -> Zab | None:
    """Return the Zab server that a node is or embeds as `zab`; None for a client, or a node that is down."""
    inner = node if isinstance(node, Zab) else getattr(node, "zab", None)
    return inner if isinstance(inner, Zab) else None


def acting(world: World) -> Zab | None:
    """Return the Zab server that handled the last step, if it is up and the step is whole."""
    return zab_of(acted(world))


def servers(world: World) -> Iterator[Zab]:
    """Yield all Zab servers that are up."""
    for node in world.nodes.values():
        if (zab := zab_of(node)) is not None:
            yield zab


def is_established(zab: Zab) -> bool:
    """Return whether a server leads an epoch: a quorum has accepted it, and it gives them its history."""
    return zab.state is State.LEADING and zab.phase in (Phase.SYNCHRONISATION, Phase.BROADCAST)


def delivered(zab: Zab, world: World, last: Map[str, int]) -> Iterator[tuple[int, Transaction]]:
    """Yield what a server has delivered since `last` says, by index; a restart begins anew.

    What a snapshot covers is not there any more, and nobody can look at it.
    """
    begun = world.step.kind in ("start", "restart")
    first = 1 if begun else last.get(zab.name, 0) + 1
    for index in range(max(first, zab.history.first_index), zab.last_applied + 1):
        yield index, zab.history[index]


def written(step: Step, disk: Map[str, Any]) -> Iterator[tuple[Effect, Map[str, Any]]]:
    """Yield each effect that a step carried out, with the Zab part of the disk as it is after that effect."""
    for effect in step.effects[: step.kept]:
        if isinstance(effect, Persist):
            changes = {key.rpartition("/")[2]: value for key, value in effect.changes.items()}
            disk = apply_to_disk(disk, Map(changes))
        yield effect, disk


def disks_after(disks: Disks, step: Step) -> Disks:
    """Return all disks as they are after a step."""
    if step.kind == "wipe":
        return disks.remove(step.node)
    before = disk = disks.get(step.node, EMPTY)
    for _, now in written(step, before):
        disk = now
    return disks if disk is before else disks.set(step.node, disk)


def history_on(disk: Map[str, Any]) -> Log[Transaction]:
    """Return the history on a disk."""
    history: Log[Transaction] = disk.get("history", Log())
    return history


def snapshot_on(disk: Map[str, Any]) -> ZabSnapshot:
    """Return the snapshot on a disk."""
    snapshot: ZabSnapshot = disk.get("snapshot", ZabSnapshot())
    return snapshot


def holds(disk: Map[str, Any], zxid: Zxid) -> bool:
    """Return whether the transaction `zxid` is in the history on a disk, or in the snapshot before it."""
    return zxid <= snapshot_on(disk).last_zxid or any(
        transaction.zxid == zxid for transaction in history_on(disk)
    )
