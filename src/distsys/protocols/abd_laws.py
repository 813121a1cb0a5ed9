"""What ABD promises: the hypotheses of the proof of atomicity, and that clients are served.

That the cell is atomic is judged from outside, over the history of the clients (linearizability to a register). The
laws here look inside, and speak up earlier: they are the lemmas from which the proof makes an order of all operations.
"""

from __future__ import annotations

from typing import Any

from distsys.core.events import Deliver, Persist, Send
from distsys.core.laws import FINALLY, World, law, law_with_memory, outputs
from distsys.core.operations import INVOKE, OK, Operation
from distsys.core.values import EMPTY, Map, record

from .abd import Client, Replica
from .abd_messages import ZERO, Held, Store, Stored, Tag


@record
class Order:
    """The greatest tag of an operation that has ended, and what that was when each open operation began."""

    floor: Tag = ZERO
    began: Map[str, Tag] = EMPTY


@law_with_memory(
    "order of tags",
    "An operation that begins after another has ended has no lower tag, and a write has a higher one.",
    start=Order(),
)
def order_of_tags(memory: Order, world: World) -> tuple[Order, str | None]:
    """The lemma from which atomicity follows: order by tags respects real time."""
    evidence = None
    for operation in outputs(world.step, Operation):
        process = operation.process
        if operation.type == INVOKE:
            memory = Order(memory.floor, memory.began.set(process, memory.floor))
            continue
        before, began = memory.began.get(process, ZERO), memory.began.remove(process)
        client = world.nodes.get(world.step.node)
        if operation.type != OK or not isinstance(client, Client):
            memory = Order(memory.floor, began)
            continue
        tag = client.ended
        memory = Order(max(memory.floor, tag), began)
        if tag < before or (tag == before and operation.f == "write"):
            evidence = f"{process} ends a {operation.f} with tag {tag}, but one with {before} had ended before it began"
    return memory, evidence


@law_with_memory("one value for a tag", "All that is stored under a tag is the same value.", start=EMPTY)
def one_value_for_a_tag(memory: Map[Tag, Any], world: World) -> tuple[Map[Tag, Any], str | None]:
    """Tags name writes, so two writes never share one."""
    step = world.step
    for effect in step.effects[: step.kept]:
        if isinstance(effect, Send) and isinstance(effect.message, Store):
            tag, value = effect.message.tag, effect.message.value
            known = memory.get(tag, value)
            if known != value:
                return memory, f"{step.node} stores {value!r} under {tag}, which is the tag of {known!r}"
            memory = memory.set(tag, value)
    return memory, None


@law_with_memory(
    "copies do not go back",
    "The tag on the disk of a replica never becomes lower, and a replica comes back with what is on its disk.",
    start=EMPTY,
)
def copies_do_not_go_back(memory: Map[str, Tag], world: World) -> tuple[Map[str, Tag], str | None]:
    """What a majority holds is there for all that ask later."""
    step, node = world.step, world.nodes.get(world.step.node)
    kept = memory.get(step.node, ZERO)
    if step.kind in ("start", "restart") and isinstance(node, Replica) and node.tag != kept:
        return memory, f"{step.node} comes back with {node.tag}, and had {kept} on its disk"
    for effect in step.effects[: step.kept]:
        if isinstance(effect, Persist) and "tag" in effect.changes:
            tag = effect.changes["tag"]
            if tag < kept:
                return memory, f"{step.node} goes back from {kept} to {tag}"
            kept = tag
            memory = memory.set(step.node, tag)
    return memory, None


@law_with_memory(
    "durable before revealed",
    "No replica tells of a tag, or says that it has stored one, before it is on its disk.",
    start=EMPTY,
)
def durable_before_revealed(memory: Map[str, Tag], world: World) -> tuple[Map[str, Tag], str | None]:
    """Or a crash takes back what a majority was counted for."""
    step = world.step
    asked = step.event.message if isinstance(step.event, Deliver) else None
    for effect in step.effects[: step.kept]:
        if isinstance(effect, Persist) and "tag" in effect.changes:
            memory = memory.set(step.node, effect.changes["tag"])
        elif isinstance(effect, Send) and isinstance(effect.message, (Held, Stored)):
            told = effect.message.tag if isinstance(effect.message, Held) else getattr(asked, "tag", ZERO)
            kept = memory.get(step.node, ZERO)
            if kept < told:
                return memory, f"{step.node} tells {effect.to} of {told}, but {kept} is on its disk"
    return memory, None


@law("clients are served in the end", "When faults have ended, no operation stays open.", when=FINALLY)
def clients_are_served(world: World) -> str | None:
    """Progress: a majority is up, and what is sent again and again arrives."""
    for node in world.nodes.values():
        if isinstance(node, Client) and (node.open is not None or node.begun < node.operations):
            return (
                f"at the end {node.name} has begun {node.begun} of {node.operations}, and {node.open} is open"
            )
    return None


SAFETY = (order_of_tags, one_value_for_a_tag, copies_do_not_go_back, durable_before_revealed)
ABD_LAWS = (*SAFETY, clients_are_served)
