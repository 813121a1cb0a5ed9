"""The laws of membership, over the views that each process outputs."""

from __future__ import annotations

from itertools import pairwise

from distsys.core import FINALLY, World, law

from .broadcast_laws import correct, on_new_output


@on_new_output("numbered views", "The views of a process are numbered 1, 2, 3, ...")
def numbered_views(world: World) -> str | None:
    """No view is skipped and none comes twice."""
    for name in world.names:
        for position, view in enumerate(world.outputs[name]):
            if view.number != position + 1:
                return f"{name} outputs {view}, which is its view number {position + 1}"
    return None


@on_new_output("views differ", "Two views of a process in a row have different members.")
def views_differ(world: World) -> str | None:
    """A view brings news."""
    for name in world.names:
        views = world.outputs[name]
        for earlier, later in pairwise(views):
            if earlier.members == later.members:
                return f"{name} outputs {later} after {earlier}: nothing changed"
    return None


@on_new_output("self inclusion", "A process is a member of each of its views.")
def self_inclusion(world: World) -> str | None:
    """Whoever shows a view is alive."""
    for name in world.names:
        for view in world.outputs[name]:
            if name not in view.members:
                return f"{name} outputs {view} and is not in it"
    return None


@law("views are right", "In the end each correct process sees exactly the correct ones.", when=FINALLY)
def views_are_right(world: World) -> str | None:
    """Completeness and accuracy in one; it follows that in the end all views have the same members."""
    alive = correct(world)
    for name in alive:
        last = world.outputs[name][-1]
        if last.members != alive:
            return f"the last view of {name} is {last}, but the correct processes are {alive}"
    return None


MEMBERSHIP_LAWS = (numbered_views, views_differ, self_inclusion, views_are_right)
