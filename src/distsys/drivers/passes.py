"""The passes of the shrinker: each takes a failing schedule and looks for a shorter one that fails as well."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from .hunt import Hunt, Moves
from .performer import Performer
from .schedules import Delivered, Move, TimedOut, class_name, events_in, node_of

# The first passes: less of everything.


def groups(moves: Moves) -> Iterator[tuple[int, ...]]:
    """Yield positions that belong together: by node, by kind, by class of message or timer, by link."""
    families: dict[tuple[Any, ...], list[int]] = {}
    for place, move in enumerate(moves):
        kind = type(move).__name__
        about = move.what if isinstance(move, Delivered) else getattr(move, "timer", "")
        keys: list[tuple[Any, ...]] = [
            ("node", node_of(move)), ("kind", kind), ("kind", kind, node_of(move)), (kind, about),
            (kind, about, node_of(move)),
        ]  # fmt: skip
        if isinstance(move, Delivered):
            keys += [("from", move.sender), ("link", move.sender, move.to)]
        for key in keys:
            families.setdefault(key, []).append(place)
    yield from sorted((tuple(places) for places in families.values()), key=lambda g: (-len(g), g))


def past(moves: Moves, ends: Iterable[int]) -> frozenset[int]:
    """Return the positions of the moves that happened before those at `ends`, and these."""
    by_id = {move.id: place for place, move in enumerate(moves)}
    before: list[list[int]] = []
    last_at: dict[str, int] = {}
    for place, move in enumerate(moves):
        node = node_of(move)
        sources = [last_at[node]] if node in last_at else []
        if isinstance(move, Delivered) and move.source in by_id:
            sources.append(by_id[move.source])
        before.append(sources)
        last_at[node] = place
    seen: set[int] = set()
    left = list(ends)
    while left:
        place = left.pop()
        if place not in seen:
            seen.add(place)
            left.extend(before[place])
    return frozenset(seen)


def without(moves: Moves, gone: Iterable[int]) -> Moves:
    """Return the moves but for those at these positions."""
    out = frozenset(gone)
    return tuple(move for place, move in enumerate(moves) if place not in out)


def coarse(hunt: Hunt, moves: Moves) -> Moves:
    """Keep the causal past of the end where that is enough; then take away whole groups."""
    if moves:
        ends = {node_of(move): place for place, move in enumerate(moves)}
        order = sorted(ends.values(), reverse=True)
        for count in range(1, len(order) + 1):
            found = hunt.fails(without(moves, frozenset(range(len(moves))) - past(moves, order[:count])))
            if found is not None:
                moves = found
                break
    again = True
    while again:
        again = False
        for group in groups(moves):
            found = hunt.fails(without(moves, group)) if len(group) > 1 else None
            if found is not None:
                moves, again = found, True
                break
    return moves


def ddmin(hunt: Hunt, moves: Moves) -> Moves:
    """Return a 1-minimal schedule: chunks are taken away, the biggest and the latest first."""
    size = max(1, len(moves) // 2)
    while moves:
        shorter = False
        start = len(moves) - size
        while start > -size:
            found = hunt.fails(without(moves, range(max(0, start), start + size)))
            if found is not None:
                moves, shorter = found, True
                start = min(start, len(moves)) - size
            else:
                start -= size
        if size == 1 and not shorter:
            break
        size = max(1, min(size // 2, len(moves) // 2)) if size > 1 else 1
    return moves


# The second passes: other moves, in another order.


def possible(hunt: Hunt, moves: Moves) -> list[list[Move]]:
    """Return, for each position, the moves that could happen there: a message under way, a running timer."""
    performer = _Watching(hunt.cluster, moves, seed=hunt.seed, network=hunt.network, skip=True, checked=True)
    performer.run()
    hunt.budget -= len(moves)
    return performer.choices


class _Watching(Performer):
    """Notes before each move what else could happen."""

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self.choices: list[list[Move]] = []

    def _take(self, position: int, move: Any) -> None:
        here: list[Move] = [
            Delivered(s.sender, s.to, class_name(s.message), s.source, s.place, at=self.now)
            for s in self.under_way()
            if self.hosts[s.to].node is not None
        ]
        here += [
            TimedOut(name, timer, at=self.now)
            for name, host in self.hosts.items()
            if host.node is not None
            for timer in host.timers
        ]
        self.choices.append(here)
        super()._take(position, move)


def _pairs(hunt: Hunt, moves: Moves) -> Moves | None:
    for last in range(len(moves) - 1, 0, -1):
        for first in range(last - 1, -1, -1):
            found = hunt.fails(without(moves, (first, last)))
            if found is not None:
                return found
    return None


def _softened(hunt: Hunt, moves: Moves) -> Moves | None:
    """A step without its crash in the middle, if that will do."""
    for place, move in enumerate(moves):
        if getattr(move, "keep", None) is not None:
            whole = changed(move, keep=None)
            found = hunt.fails((*moves[:place], whole, *moves[place + 1 :]))
            if found is not None:
                return found
    return None


def _exchanged(hunt: Hunt, moves: Moves) -> Moves | None:
    """Another move in the place of one, while a second one goes."""
    fresh = max((move.id for move in moves), default=0) + 1
    choices = possible(hunt, moves)
    for place in range(min(len(moves), len(choices))):
        for other in choices[place]:
            new = changed(other, id=fresh)
            for gone in range(len(moves) - 1, -1, -1):
                if gone == place or hunt.budget <= 0:
                    continue
                found = hunt.fails(without((*moves[:place], new, *moves[place + 1 :]), (gone,)))
                if found is not None:
                    return found
    return None


def _reordered(hunt: Hunt, moves: Moves) -> Moves | None:
    """A move at another place, so that a further one can go."""
    for place, move in enumerate(moves):
        for to in range(len(moves)):
            if abs(to - place) < 1 or hunt.budget <= 0:
                continue
            rest = without(moves, (place,))
            found = hunt.fails(retimed((*rest[:to], move, *rest[to:])))
            if found is None:
                continue
            if len(found) < len(moves):
                return found
            for gone in range(len(found)):
                shorter = hunt.fails(without(found, (gone,)))
                if shorter is not None:
                    return shorter
    return None


def changed(move: Move, **fields: Any) -> Move:
    """Return the move with other values in some fields."""
    new: Move = replace(move, **fields)
    return new


def retimed(moves: Moves) -> Moves:
    """Return the moves with times that never go back: the driver's, and each node's own."""
    at, clocks, done = 0, dict[str, int](), []
    for move in moves:
        at = max(at, move.at)
        changes: dict[str, Any] = {"at": at}
        now = getattr(move, "now", None)
        if now is not None:
            node = node_of(move)
            changes["now"] = clocks[node] = max(now, clocks.get(node, 0))
        done.append(changed(move, **changes))
    return tuple(done)


def second(hunt: Hunt, moves: Moves) -> Moves:
    """Pass by pass; whatever makes the schedule shorter starts again with the cheapest."""
    passes = (_softened, _pairs, _reordered, _exchanged)
    again = True
    while again and hunt.budget > 0:
        again = False
        for one in passes:
            found = one(hunt, moves)
            if found is not None and events_in(found) < events_in(moves):
                moves, again = ddmin(hunt, found), True
                break
    return moves
