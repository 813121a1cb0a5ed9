"""Valence: which decisions a configuration can still lead to, found backwards in the graph of all of them.

>>> from distsys.lab.impossibility_tries import FirstTwo
>>> from distsys.lab.impossibility_model import first
>>> found = graph(FirstTwo(), "011")
>>> found.said(first(FirstTwo(), "011"))
'bivalent'
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import combinations
from typing import NamedTuple

from .impossibility_model import (
    Algorithm,
    Configuration,
    Letter,
    open_letters,
    runs_of,
    taken,
)

WORDS = ("no decision", "0-valent", "1-valent", "bivalent")


@dataclass(frozen=True)
class Graph:
    """All configurations of an algorithm, with what can happen in each and what can still be decided.

    after     configuration -> what it can lead to in one step, as (name of the step, configuration)
    values    configuration -> a set of bits: 1 if 0 can still be decided, 2 if 1 can
    """

    algorithm: Algorithm
    after: dict[Configuration, tuple[tuple[str, Configuration], ...]]
    values: dict[Configuration, int] = field(default_factory=dict)
    in_step: bool = False

    def said(self, now: Configuration) -> str:
        """Return the valence of a configuration in words."""
        return WORDS[self.values[now]]

    def count(self, word: str) -> int:
        """Return how many configurations have this valence."""
        return sum(WORDS[value] == word for value in self.values.values())


def graph(
    algorithm: Algorithm,
    inputs: str | Iterable[str],
    *,
    crashes: int = 0,
    in_step: bool = False,
    fold: bool = False,
) -> Graph:
    """Return the graph of all configurations from these inputs; it must be finite."""
    model = runs_of(algorithm, inputs, crashes=crashes, in_step=in_step, fold=fold)
    after: dict[Configuration, tuple[tuple[str, Configuration], ...]] = {}
    waiting = deque(model.initial)
    while waiting:
        now = waiting.popleft()
        if now not in after:
            after[now] = tuple(model.next_states(now))
            waiting.extend(then for _, then in after[now])
    return Graph(algorithm, after, _valences(algorithm, after), in_step)


def _valences(
    algorithm: Algorithm, after: dict[Configuration, tuple[tuple[str, Configuration], ...]]
) -> dict[Configuration, int]:
    before: dict[Configuration, list[Configuration]] = {now: [] for now in after}
    for now, found in after.items():
        for _, then in found:
            before[then].append(now)
    values = dict.fromkeys(after, 0)
    for value in (0, 1):
        reach = [now for now in after if value in now.decided(algorithm)]
        while reach:
            now = reach.pop()
            if not values[now] >> value & 1:
                values[now] |= 1 << value
                reach.extend(before[now])
    return values


def stuck(found: Graph) -> list[Configuration]:
    """Return the configurations from which no run leads to a decision of all processes that have not crashed."""
    before: dict[Configuration, list[Configuration]] = {now: [] for now in found.after}
    for now, steps in found.after.items():
        for _, then in steps:
            before[then].append(now)
    good: set[Configuration] = set()
    reach = [
        now
        for now in found.after
        if all(v is not None or me == now.down for me, v in enumerate(now.decided(found.algorithm)))
    ]
    while reach:
        now = reach.pop()
        if now not in good:
            good.add(now)
            reach.extend(before[now])
    return [now for now in found.after if now not in good]


class Diamonds(NamedTuple):
    """How many pairs of letters to two processes were tried, and how many gave two different ends."""

    tried: int
    differ: int


def diamonds(found: Graph) -> Diamonds:
    """Take each pair of letters to two different processes in both orders, in each configuration."""
    algorithm, tried, differ = found.algorithm, 0, 0
    for now in found.after:
        for one, two in combinations(open_letters(algorithm, now), 2):
            if one.to != two.to:
                tried += 1
                there = taken(algorithm, taken(algorithm, now, one), two)
                differ += there != taken(algorithm, taken(algorithm, now, two), one)
    return Diamonds(tried, differ)


def choices(found: Graph) -> Iterator[tuple[Configuration, Letter, str]]:
    """Yield each letter that may be taken in a bivalent configuration, with the valence that it leads to.

    For an algorithm without coins: there a letter leads to one configuration.
    """
    for now, then_all in found.after.items():
        if found.values[now] == 3:
            letters = open_letters(found.algorithm, now, found.in_step)
            for letter, (_, then) in zip(letters, then_all, strict=True):
                yield now, letter, found.said(then)
