"""How a law looks at the Raft servers of a run: which one acted, which are up, what a step carries.

A Raft server is found also where it is embedded in a host under the name `raft`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from distsys.core.events import Event, Send
from distsys.core.laws import World, acted
from distsys.core.log import Log
from distsys.core.node import Inner, Node

from .raft import Raft


def raft_of(node: Node | None) -> Raft | None:
    """Return the Raft server that a node is or embeds as `raft`; None for a client, or a node that is down."""
    inner = node if isinstance(node, Raft) else getattr(node, "raft", None)
    return inner if isinstance(inner, Raft) else None


def acting(world: World) -> Raft | None:
    """Return the Raft server that handled the last step, if it is up and the step is whole."""
    return raft_of(acted(world))


def servers(world: World) -> Iterator[Raft]:
    """Yield all Raft servers that are up."""
    for node in world.nodes.values():
        if (raft := raft_of(node)) is not None:
            yield raft


def agree(one: Log[Any], other: Log[Any], last_index: int) -> bool:
    """Return whether two logs hold the same entries up to `last_index`, as far as both still hold them."""
    if last_index <= max(one.before_index, other.before_index):
        return True
    if one.before_index == other.before_index:
        return one.truncate(last_index) == other.truncate(last_index)
    first = max(one.first_index, other.first_index)
    return one.slice(first, last_index) == other.slice(first, last_index)


def message_of(carrier: Event | Send | None) -> Any:
    """Return the message of a Send or a Deliver, without the wrapping of an embedded node; else None."""
    message = getattr(carrier, "message", None)
    return message.message if isinstance(message, Inner) else message
