"""What hosts are told by a replication protocol, as laws see it: each place once and in order, and no invented state.

Laws that read the fields of a server believe that it hands over what it says it has applied. Here only what left the
server counts, also in a step that a crash has cut short. A host that embeds its server hears everything inside: what
it was told must be made up from what can be read (`heard`), and what it hands over is not seen.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from distsys.core.events import Output
from distsys.core.laws import World
from distsys.core.values import Map, record

from .replication import Committed, Compact, Restored, Snapshot


@record
class Told:
    """How far hosts have come after a step, what it told one of them to apply, and what is wrong with it."""

    last: Map[str, int]
    commits: tuple[Committed, ...] = ()
    evidence: str | None = None


def outputs(world: World, reached: int) -> list[Any]:
    """Return what left a server in the last step; how far its host had come makes no difference."""
    return [effect.value for effect in world.step.effects[: world.step.kept] if isinstance(effect, Output)]


def told(
    world: World, last: Map[str, int], place: str, heard: Callable[[World, int], list[Any]] = outputs
) -> Told:
    """Return what the last step told its host; `last` says how far each host had come, `place` what is counted.

    A step that hangs at a stalled disk is looked at twice, cut short and whole. So only a whole step moves a host on;
    after a crash it begins anew in any case.
    """
    step, commits, before = world.step, list[Committed](), last
    if step.kind in ("start", "restart"):
        last = last.set(step.node, 0)
    for value in heard(world, last.get(step.node, 0)):
        match value:
            case Restored(snapshot):
                if heard is outputs and not is_handed_over(world, snapshot):
                    return Told(last, tuple(commits), (
                        f"{step.node} restores {snapshot.state!r} as the state after {snapshot.last_index}, "
                        "which no host has handed over as that"
                    ))  # fmt: skip
                last = last.set(step.node, snapshot.last_index)
            case Committed(index, _):
                due = last.get(step.node, 0) + 1
                if index != due:
                    evidence = f"{step.node} applies {place} {index} where {place} {due} is due"
                    return Told(last, tuple(commits), evidence)
                commits.append(value)
                last = last.set(step.node, index)
    return Told(last if step.kept == len(step.effects) else before, tuple(commits))


def in_the_end(
    memory: str | None,
    world: World,
    missed: Callable[[World], str | None],
    open_: Callable[[World], str | None],
) -> tuple[str | None, str | None]:
    """Fold a law of the end: what was missed in a step is remembered, and what is open is asked for at the end."""
    if world.step is None:
        return memory, memory or open_(world)
    return memory or missed(world), None


def is_handed_over(world: World, snapshot: Snapshot) -> bool:
    """Return whether some host has handed over this state for this place."""
    asked = (message for name in world.names for message in world.asked.get(name, ()))
    return Compact(snapshot.last_index, snapshot.state) in asked
