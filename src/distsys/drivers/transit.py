"""`Transit`: the network of one run. Who reaches whom, by which link, and the fate of each message.

A message that meets a partition or a cut is dropped at either end: when it is sent, and when it would
arrive. One that was under way before the cut and arrives after the heal gets through. Sides and cuts add up
until a `Heal` ends them all.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from distsys.core.canonical import encode

from .network import PPM, Link, Uniform, Uniform01

Fate = int | tuple[int, int] | str  # when it arrives, or its two copies do, or why it is dropped


class Transit:
    """The state of the network: cuts, links that differ from the usual one, and what still occupies a link."""

    def __init__(self, names: tuple[str, ...], usual: Link, random: Uniform01) -> None:
        self.names = names
        self.usual = usual
        self.random = random
        self.blocked: set[tuple[str, str]] = set()  # (sender, to)
        self.special: dict[tuple[str, str], Link] = {}
        self.sending_until: dict[tuple[str, str], int] = {}  # on a link with bytes per second
        self.last_arrival: dict[tuple[str, str], int] = {}  # on a fifo link

    def fate(self, sender: str, to: str, message: Any, now: int) -> Fate:
        """Return what becomes of a message that is sent now: its time of arrival, or two, or why it is lost."""
        if self.blocked and (sender, to) in self.blocked:
            return "partition"
        link = self.special.get((sender, to), self.usual) if self.special else self.usual
        random = self.random
        if link.loss_ppm and random() * PPM < link.loss_ppm:
            return "lost"
        delay = link.delay
        if type(delay) is Uniform:  # by far the most used: the draw is written out here
            at = now + delay.low + int(random() * (delay.high - delay.low + 1))
        else:
            at = now + delay.draw(random)
        special = link.reorder_ppm or link.fifo or link.bytes_per_second
        if special:
            at = self._later(sender, to, link, at, message, now)
        if link.duplicate_ppm and random() * PPM < link.duplicate_ppm:
            again = now + delay.draw(random)
            return at, self._later(sender, to, link, again, message, now) if special else again
        return at

    def _later(self, sender: str, to: str, link: Link, at: int, message: Any, now: int) -> int:
        """Return the arrival on a link that holds messages back, sends byte after byte, or keeps order."""
        if link.reorder_ppm and self.random() * PPM < link.reorder_ppm:
            at += int(self.random() * (link.reorder_by + 1))
        if link.bytes_per_second:
            free = max(now, self.sending_until.get((sender, to), 0))
            sent = free + message_bytes(message) * 1_000_000 // link.bytes_per_second
            self.sending_until[sender, to] = sent
            at += sent - now
        if link.fifo:
            at = max(at, self.last_arrival.get((sender, to), 0))
            self.last_arrival[sender, to] = at
        return at

    def divide(self, groups: Sequence[tuple[str, ...]]) -> tuple[tuple[str, ...], ...]:
        """Cut every link between different groups, and return all groups: who is in none forms one more."""
        rest = tuple(name for name in self.names if not any(name in group for group in groups))
        sides = tuple(group for group in (*groups, rest) if group)
        for one in sides:
            for other in sides:
                if one is not other:
                    self.blocked |= {(a, b) for a in one for b in other}
        return sides

    def use(self, sender: str, to: str, link: Link | None) -> None:
        """Let messages take `link` from now on, or the usual link; "*" means every node."""
        for pair in self._pairs(sender, to):
            if link is None:
                self.special.pop(pair, None)
            else:
                self.special[pair] = link

    def _pairs(self, sender: str, to: str) -> Iterable[tuple[str, str]]:
        senders = self.names if sender == "*" else (sender,)
        receivers = self.names if to == "*" else (to,)
        return [(a, b) for a in senders for b in receivers if a != b]

    def heal(self) -> None:
        """End all cuts, and every fault of a link; delays and order are as the run began with."""
        self.blocked.clear()
        self.special.clear()
        self.usual = Link(delay=self.usual.delay, fifo=self.usual.fifo)


def message_bytes(message: Any) -> int:
    """Return the size of a message on a link that counts bytes: the length of its canonical JSON."""
    return len(encode(message).encode())
