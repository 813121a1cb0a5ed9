"""How small sequence numbers may be: every run of a sliding window over a channel that loses, tried.

A sender has up to `window` messages on their way and gives them numbers modulo `numbers`; the receiver takes what
falls into its own window and acknowledges what it expects next. The true places of messages are carried along as
ghosts that neither side can see. All states that can be reached are tried; they are finitely many, for places are
counted from the first message that the sender still needs.

>>> explore(1, 2).broken, explore(1, 1).broken
(False, True)
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

Place = int  # of a message, counted from the first that is not acknowledged
State = tuple[Place, frozenset[Place], tuple[Place, ...], tuple[Place, ...]]
# what the receiver expects next; what it has early; packets on their way; acknowledgements on their way


@dataclass(frozen=True)
class Found:
    """Whether some run hands on a wrong message, after how many steps; how many states were tried, and if all."""

    broken: bool
    steps: int
    states: int
    run: tuple[str, ...] = ()
    complete: bool = False


def explore(
    window: int, numbers: int, *, fifo: bool = True, room: int = 3, states_max: int = 200_000
) -> Found:
    """Return what is found among all runs in which `room` packets and one acknowledgement fit into the channel.

    On a channel that is not `fifo` any packet may come next. A search that ends at `states_max` states is not
    `complete`: that it found nothing says nothing.
    """
    start: State = (0, frozenset(), (), ())
    before: dict[State, tuple[State, str] | None] = {start: None}
    queue = deque([start])
    while queue and len(before) < states_max:
        state = queue.popleft()
        for text, following in _steps(state, window, numbers, fifo, room):
            if following is None:
                run = (*_path(before, state), text)
                return Found(True, len(run), len(before), run)
            if following not in before:
                before[following] = (state, text)
                queue.append(following)
    return Found(False, 0, len(before), complete=not queue)


def _path(before: dict[State, tuple[State, str] | None], state: State) -> tuple[str, ...]:
    found: list[str] = []
    while (link := before[state]) is not None:
        state, text = link
        found.append(text)
    return tuple(reversed(found))


def _steps(state: State, window: int, numbers: int, fifo: bool, room: int) -> list[tuple[str, State | None]]:
    """Return what can happen next; None for the state after a wrong message was handed on or taken for another."""
    expected, early, packets, acks = state
    found: list[tuple[str, State | None]] = []
    if len(packets) < room:
        found += [
            (f"send {place % numbers}", (expected, early, (*packets, place), acks)) for place in range(window)
        ]
    for at in range(len(packets)) if not fifo else range(min(1, len(packets))):
        place, rest = packets[at], packets[:at] + packets[at + 1 :]
        found.append(("lose", (expected, early, rest, acks)))
        found.append(("receive", _receive(place, expected, early, rest, acks, window, numbers)))
    for at in range(len(acks)):
        rest = acks[:at] + acks[at + 1 :]
        found.append(("lose the answer", (expected, early, packets, rest)))
        moved = acks[at] % numbers  # what the sender sees: how far the receiver is, modulo the numbers
        if 0 < moved <= window:
            new, come, way, others = (
                expected - moved,
                frozenset(place - moved for place in early),
                tuple(place - moved for place in packets),
                tuple(place - moved for place in rest),
            )
            found.append(("acknowledge", None if new < 0 else (new, come, way, others)))
    return found


def _receive(
    place: Place,
    expected: Place,
    early: frozenset[Place],
    packets: tuple[Place, ...],
    acks: tuple[Place, ...],
    window: int,
    numbers: int,
) -> State | None:
    """Return the state after the receiver has looked at a packet; it sees the number, and not the place."""
    ahead = (place - expected) % numbers
    if ahead < window:
        if place != expected + ahead:
            return None
        early = early | {place}
        while expected in early:
            early = early - {expected}
            expected += 1
    return (expected, early, packets, acks or (expected,))


def smallest(window: int, at_most: int = 12) -> int | None:
    """Return the smallest count of numbers with which no run goes wrong on a channel that keeps the order, or None.

    >>> smallest(1)
    2
    """
    found = (explore(window, count) for count in range(1, at_most + 1))
    return next((count for count, one in enumerate(found, 1) if one.complete and not one.broken), None)
