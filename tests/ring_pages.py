"""A page with one playable ring, as a file, and what the tests of it share."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable

from distsys.algorithms.hashing import Maglev, Ring
from distsys.lab.ring_player import METHODS, placement
from distsys.views.ring_player import RingPlayer
from distsys.views.script import script

RING = "ring"
Side = tuple[int, list[tuple[str, int]]]  # virtual nodes, and (name, weight) in the order of joining
POOL = ("ann", "bob", "cid", "dee", "eve", "fay", "gus", "hal")


def page(figure: RingPlayer) -> str:
    """Return a page that holds nothing but the figure and the script."""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><title>A ring</title></head>'
        f"<body><p>Before.</p>{figure._repr_html_()}<p id='after'>After.</p>"
        f"<script>{script(RING)}</script></body></html>"
    )


def text_of(method: str, now: Side, before: Side | None, pool: Iterable[str] = POOL) -> str:
    """Return a setting as it stands in a link."""
    letters = dict(zip(pool, "abcdefgh", strict=False))
    text = method
    for vnodes, members in (now, *([] if before is None else [before])):
        text += f"-v{vnodes}-" + "".join(
            letters[name] + str(weight) * (weight > 1) for name, weight in members
        )
    return text


def owners(method: str, side: Side, keys: Iterable[str]) -> list[str]:
    """Return what the package says."""
    vnodes, members = side
    return placement(method, dict(members), vnodes).lookup_many(keys)


def entries_of(method: str, side: Side) -> dict[str, str]:
    """Return, by the package, each member's tokens (ring), hashes (rendezvous), slots (Maglev), else its number."""
    vnodes, members = side
    held = placement(method, dict(members), vnodes)
    if isinstance(held, Ring):
        found = Counter(owner for _, owner in held.tokens)
        counts = {name: found[name] for name, _ in members}
    elif isinstance(held, Maglev):
        counts = held.slots()
    else:
        counts = {name: 1 if method == "rendezvous" else number for number, name in enumerate(held.members)}
    return {name: str(count) for name, count in counts.items()}


def random_walk(seed: int, steps: int) -> list[tuple[str, Side, Side | None]]:
    """Return settings (method, now, before): servers join, leave, change their weight, and virtual nodes change."""
    dice = random.Random(seed)
    side: Side = (8, [(name, 1) for name in POOL[:4]])
    found: list[tuple[str, Side, Side | None]] = []
    while len(found) < steps:
        before, (vnodes, members) = side, side
        here = [name for name, _ in members]
        kind = dice.choice(("join", "join", "leave", "weigh", "spread", "anew"))
        if kind == "join" and len(here) < len(POOL):
            newcomer = dice.choice([name for name in POOL if name not in here])
            members = [*members, (newcomer, dice.choice((1, 1, 2, 3, 4)))]
        elif kind == "leave" and len(here) > 1:
            gone = dice.choice(here)
            members = [pair for pair in members if pair[0] != gone]
        elif kind == "weigh":
            heavy = dice.choice(here)
            members = [(name, dice.randint(1, 4) if name == heavy else weight) for name, weight in members]
        elif kind == "spread":
            vnodes = dice.choice((1, 2, 3, 16, 100, 255, 256, dice.randint(1, 256)))
        elif kind == "anew":
            members = [(name, dice.randint(1, 4)) for name in dice.sample(POOL, dice.randint(1, len(POOL)))]
        side = (vnodes, members)
        found.append((dice.choice(METHODS), side, dice.choice((before, before, before, None))))
    return found
