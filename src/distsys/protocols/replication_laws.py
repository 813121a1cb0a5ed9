"""What hosts are told by a replication protocol, as laws see it: each place once and in order, and no invented state.

Laws that read the fields of a server believe that it hands over what it says it has applied. Here only what left the
server counts, also in a step that a crash has cut short. A host that embeds its server hears everything inside, and
there is nothing to see.
"""

from __future__ import annotations

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


def told(world: World, last: Map[str, int], place: str) -> Told:
    """Return what the last step told its host; `last` says how far each host had come, `place` what is counted."""
    step, commits = world.step, list[Committed]()
    if step.kind in ("start", "restart"):
        last = last.set(step.node, 0)
    for effect in step.effects[: step.kept]:
        match effect:
            case Output(Restored(snapshot)):
                if not is_handed_over(world, snapshot):
                    return Told(last, tuple(commits), (
                        f"{step.node} restores {snapshot.state!r} as the state after {snapshot.last_index}, "
                        "which no host has handed over as that"
                    ))  # fmt: skip
                last = last.set(step.node, snapshot.last_index)
            case Output(Committed(index, _)):
                due = last.get(step.node, 0) + 1
                if index != due:
                    evidence = f"{step.node} applies {place} {index} where {place} {due} is due"
                    return Told(last, tuple(commits), evidence)
                commits.append(effect.value)
                last = last.set(step.node, index)
    return Told(last, tuple(commits))


def is_handed_over(world: World, snapshot: Snapshot) -> bool:
    """Return whether some host has handed over this state for this place."""
    asked = (message for name in world.names for message in world.asked.get(name, ()))
    return Compact(snapshot.last_index, snapshot.state) in asked
