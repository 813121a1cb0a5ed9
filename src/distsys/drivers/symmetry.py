"""Symmetry: states that differ only in the names of nodes that are alike are explored once.

Three servers that run the same code are interchangeable: a state in which n1 leads is as good as the one in which n2
leads, with all names swapped. The search then keeps one state of each such class, up to n! times fewer.

That is sound only if nothing tells the names apart. The explorer checks what it can: nodes are alike when they play one
role, with arguments that differ by their names only, and no request, no message of a request and no bound names one
of them; and each handler call is made again with two names swapped, and must give the same with these names swapped.
It refuses a protocol that breaks ties by name, and prunes that cut a state off and not the same state with other names.
A goal is asked under all names; where it is reached under other names only, whether it is reached is unknown.
What it does not check: the laws must treat names alike, too, and where a node sends
one message to all its peers, a crash in between keeps the first of them in the order of their names.

Renaming goes through all values. A tuple of names in sorted order is taken for a set, and sorted again: a handler that
means an order by it does not pass the check. What laws remember, what was output and what was asked is never
checked so, and keeps its order. The parts of a text between colons and slashes are names when they are equal to
one ("wait:n2").
"""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Iterable, Mapping, Set
from itertools import pairwise, permutations, product
from typing import Any

from distsys.core.errors import ArgumentError, shown
from distsys.core.events import Deliver, Start, Timeout
from distsys.core.log import Log
from distsys.core.node import Node
from distsys.core.systems import Cluster
from distsys.core.values import RECORDS, Map, tag_of

from .bounds import EACH
from .localsteps import Entry, Local, Message
from .lookout import SeenWorld
from .nodespace import NodeSpace, State

MOST = 5  # nodes that are alike: 120 permutations


class Renaming:
    """A permutation of names that reaches into values; with `ordered`, a sorted tuple of names is no set."""

    def __init__(self, names: tuple[str, ...], places: tuple[int, ...], *, ordered: bool = False) -> None:
        self.places = places  # place -> the place whose name it gets
        self.ordered = ordered
        self.to = {name: names[place] for name, place in zip(names, places, strict=True)}

    def value(self, value: Any) -> Any:
        """Return a value with all names in it exchanged."""
        kind = type(value)
        if kind is str:
            return self.to.get(value) or self._text(value)
        if kind is tuple:
            renamed = tuple([self.value(item) for item in value])
            if self.ordered or not all(type(item) is str and item in self.to for item in value):
                return renamed
            return tuple(sorted(renamed)) if list(value) == sorted(value) else renamed
        if kind is frozenset:
            return frozenset([self.value(item) for item in value])
        if kind is Map:
            return Map([(self.value(key), self.value(item)) for key, item in value.items()])
        if kind is Log:
            entries = [self.value(entry) for entry in value.slice(value.first_index, value.last_index)]
            return Log(entries, before_index=value.before_index)
        if isinstance(value, enum.Enum) or RECORDS.get(tag_of(kind)) is not kind:
            return value
        return kind(*[self.value(getattr(value, field)) for field in kind.__match_args__])

    def _text(self, text: str) -> str:
        for mark in "/:":
            if mark in text:
                return mark.join([self.to.get(part) or self._text(part) for part in text.split(mark)])
        return text

    def node(self, node: Node) -> Node:
        """Return a node with all names in its fields exchanged."""
        twin = node.copy()
        fields = vars(twin)
        for field, value in fields.items():
            fields[field] = self.node(value) if isinstance(value, Node) else self.value(value)
        return twin


class Symmetry:
    """The classes of interchangeable nodes of a space, and the canonical form of its states."""

    def __init__(self, space: NodeSpace) -> None:
        self.space, self.table = space, space.table
        self.names = space.cluster.names
        bounds = space.purses.bounds
        self.groups = alike_nodes(
            space.cluster,
            {request.node for request in space.requests} | bounds.named,
            [request.message for request in space.requests] + [t.partition("@")[0] for t in bounds.timers],
        )
        self.renamings = [Renaming(self.names, places) for places in self._permutations()]
        self.swaps = [self._swap(a, b) for group in self.groups for a, b in pairwise(group)]
        self._images: dict[tuple[str, int, int], int] = {}
        self._entries: dict[tuple[int, int], Entry] = {}
        self._best: dict[int, tuple[int, tuple[int, ...]]] = {}
        self.table.check = self.check

    def _permutations(self) -> list[tuple[int, ...]]:
        result = []
        for choice in product(*(permutations(group) for group in self.groups)):
            places = list(range(len(self.names)))
            for group, order in zip(self.groups, choice, strict=True):
                for place, other in zip(group, order, strict=True):
                    places[place] = other
            result.append(tuple(places))
        return result

    def _swap(self, a: int, b: int) -> Renaming:
        places = list(range(len(self.names)))
        places[a], places[b] = b, a
        return Renaming(self.names, tuple(places))

    def canonical(self, state: State) -> State:
        """Return the one state that stands for all that differ from this one by names alone."""
        conf, net, purse, memories = state
        found = self._best.get(conf)
        if found is None:
            images = [self._image("conf", conf, r) for r in range(len(self.renamings))]
            least = min(images)
            found = self._best[conf] = (least, tuple(r for r, i in enumerate(images) if i == least))
        least, best = found
        return min(
            [
                (
                    least,
                    self._image("net", net, r),
                    self._image("purse", purse, r),
                    self._image("memories", memories, r),
                )
                for r in best
            ]
        )

    def images(self, conf: int) -> list[int]:
        """Return a configuration under all names, its own first."""
        return [self._image("conf", conf, r) for r in range(len(self.renamings))]

    def views(self, conf: int, entry: Entry, kept: int) -> list[SeenWorld]:
        """Return what a goal would see after a step if the nodes had changed names, in every other way."""
        return [
            SeenWorld(self.table, self.space.confs[image], self._renamed_entry(entry, r), kept)
            for r, image in enumerate(self.images(conf))
            if r > 0
        ]

    def _renamed_entry(self, entry: Entry, r: int) -> Entry:
        twin = self._entries.get((entry.key, r))
        if twin is None:
            renaming = self.renamings[r]
            twin = Entry(entry.key, entry.kind, renaming.to[entry.name], entry.now, entry.number)
            twin.event = renaming.value(entry.event)
            twin.effects, twin.detail = renaming.value(entry.effects), renaming.value(entry.detail)
            self._entries[entry.key, r] = twin
        return twin

    def _image(self, what: str, number: int, renaming: int) -> int:
        key = (what, number, renaming)
        found = self._images.get(key)
        if found is None:
            found = self._images[key] = getattr(self, f"_renamed_{what}")(number, self.renamings[renaming])
        return found

    def _renamed_conf(self, conf: int, renaming: Renaming) -> int:
        locals_ = list(self.space.confs[conf])
        after = [0] * len(locals_)
        for place, number in enumerate(locals_):
            after[renaming.places[place]] = self.table.local(renamed(self.table.locals[number], renaming))
        return self.space.conf(tuple(after))

    def _renamed_net(self, net: int, renaming: Renaming) -> int:
        messages = []
        for number in self.table.bundles[net]:
            sender, to, body, cause = self.table.messages[number]
            sender = renaming.to.get(sender, sender)
            message = Message(sender, renaming.places[to], renaming.value(body), cause)
            messages.append(self.table.message(message))
        return self.table.bundle(tuple(sorted(messages)))

    def _renamed_purse(self, purse: int, renaming: Renaming) -> int:
        left = list(self.space.purses.purses[purse].left)
        if not left[EACH]:
            return purse
        each = list(left[EACH])
        for place, count in enumerate(left[EACH]):
            each[renaming.places[place]] = count
        left[EACH] = tuple(each)
        return self.space.purses.number_of(tuple(left))

    def _renamed_memories(self, memories: int, renaming: Renaming) -> int:
        if memories in self.space.lookout.broken:
            return memories
        exactly = Renaming(self.names, renaming.places, ordered=True)  # a law may remember who came first
        return self.space.lookout.number_of(
            tuple([exactly.value(memory) for memory in self.space.lookout.memories[memories]])
        )

    def check(self, before: Local, entry: Entry) -> None:
        """Raise an error unless a handler does the same with two names swapped."""
        event = entry.event
        if event is None or entry.failure is not None:
            return
        for swap in self.swaps:
            name = swap.to[self.names[before.place]]
            match event:
                case Start():
                    node = self.space.cluster.make(name, swap.value(before.disk))
                case Deliver() | Timeout():
                    assert before.node is not None, f"{name} is up"
                    node = swap.node(before.node)
            effects = node.handle(swap.value(event))
            after = self.table.locals[entry.after].node
            assert after is not None, f"{name} is up after its step"
            same = Counter(effects) == Counter(swap.value(effect) for effect in entry.effects)
            if not same or node.snapshot() != swap.node(after).snapshot():
                one, other = (name for name, to in swap.to.items() if name != to)
                raise ArgumentError(
                    f"symmetry must be off: {entry.name} tells names apart. It handles {shown(event, 120)}, and "
                    f"where {one} and {other} have changed names, the same does not come out with the names changed"
                )

    def said(self) -> str:
        """Return what was taken for alike, for the result of an exploration."""
        groups = "; ".join(", ".join(self.names[place] for place in group) for group in self.groups)
        return (
            f"symmetry: taken for alike: {groups or 'no nodes'}; each handler call was checked with names swapped, "
            "goals and prunes were asked under all names; the laws were not checked"
        )


def renamed(local: Local, renaming: Renaming) -> Local:
    """Return the local state of one node as another has it."""
    place, node, disk, timers, outputs, asked, starts = local
    return Local(
        renaming.places[place],
        None if node is None else renaming.node(node),
        renaming.value(disk),
        tuple(sorted(((renaming.value(timer), cause) for timer, cause in timers), key=lambda item: item[0])),
        tuple([renaming.value(output) for output in outputs]),  # in their order, also where they are names
        tuple([renaming.value(message) for message in asked]),
        starts,
    )


def alike_nodes(cluster: Cluster, named: Set[str], values: Iterable[Any] = ()) -> tuple[tuple[int, ...], ...]:
    """Return the groups of places whose nodes are interchangeable, of two nodes or more.

    None of them is `named`, and none of the `values` changes when two of them exchange their names.
    """
    fixed = tuple(values)
    groups: list[list[int]] = []
    for place, name in enumerate(cluster.names):
        if name in named:
            continue
        for group in groups:
            if _same(cluster, cluster.names[group[0]], name, fixed):
                group.append(place)
                break
        else:
            groups.append([place])
    for group in groups:
        if len(group) > MOST:
            raise ArgumentError(
                f"symmetry must be off for more than {MOST} nodes that are alike, but there are {len(group)}"
            )
    return tuple(tuple(group) for group in groups if len(group) > 1)


def _same(cluster: Cluster, one: str, other: str, fixed: tuple[Any, ...]) -> bool:
    """Return whether two nodes differ by their names only, and the `fixed` values treat these alike."""
    exactly = Renaming((one, other), (1, 0), ordered=True)
    if any(exactly.value(value) != value for value in fixed):
        return False
    swap = Renaming((one, other), (1, 0))
    role, arguments = cluster.members[one]
    return cluster.members[other] == (role, _renamed_arguments(swap, arguments))


def _renamed_arguments(swap: Renaming, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of a node with names swapped; a sorted tuple that holds names stays sorted."""
    result = {}
    for key, value in arguments.items():
        after = swap.value(value)
        if type(value) is tuple and all(type(item) is str for item in value) and list(value) == sorted(value):
            after = tuple(sorted(after))
        result[key] = after
    return result
