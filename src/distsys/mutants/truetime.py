"""Broken commit-waits: each tells a client of a timestamp that may still lie in the future for somebody."""

from __future__ import annotations

from typing import Any

from distsys.algorithms.truetime import CommitServer
from distsys.core import Node
from distsys.core.systems import NodeMutant


class DoesNotWait(CommitServer):
    """TT-01: tells the client at once."""

    def wait_us(self, timestamp: int) -> int:
        return 0


class WaitsHalf(CommitServer):
    """TT-02: waits until its own clock has reached the timestamp, and forgets that this clock may be fast."""

    def wait_us(self, timestamp: int) -> int:
        return max(0, timestamp - (self.now + self.error_us) + 1)


class StampsTheMiddle(CommitServer):
    """TT-03: takes the reading itself as the timestamp, not the upper end, and waits for that to pass."""

    def on_begin(self, transaction: Any) -> None:
        self.last = max(self.last + 1, self.clock().latest - self.epsilon)
        self.persist(last=self.last)
        self.waiting = self.waiting.set(transaction, self.last)
        self.commit_what_may()


class ForgetsTheLast(CommitServer):
    """TT-04: does not look at the timestamp that it gave last."""

    def on_begin(self, transaction: Any) -> None:
        self.last = self.clock().latest
        self.persist(last=self.last)
        self.waiting = self.waiting.set(transaction, self.last)
        self.commit_what_may()


def mutant(id: str, title: str, kind: type[Node], breaks: str, source: str, story: str) -> NodeMutant:
    """Return the mutant that swaps the one class of the system."""
    return NodeMutant(id, title, "truetime", {"server": kind}, breaks, source, story, depth=3)


MUTANTS = (
    mutant(
        "TT-01",
        "No commit-wait",
        DoesNotWait,
        "external consistency",
        "Corbett and others 2012, section 4.1.2",
        (
            "A server with a fast clock chooses a timestamp and tells the client at once. The timestamp has not "
            "come yet for anybody else. The client goes to a server with a slow clock, which gives the later "
            "transaction the smaller timestamp."
        ),
    ),
    mutant(
        "TT-02",
        "Half a commit-wait",
        WaitsHalf,
        "external consistency",
        "Corbett and others 2012, section 4.1.2",
        (
            "A server waits until its own clock shows the timestamp. But this clock may be fast, and the clock of "
            "the next server may be slow. So the wait covers one of the two errors, and not the other."
        ),
    ),
    mutant(
        "TT-03",
        "The middle as a timestamp",
        StampsTheMiddle,
        "external consistency",
        "Corbett and others 2012, section 4.1.2 (the start rule)",
        (
            "A server takes what its clock shows as the timestamp, and not the upper end of the interval. The wait "
            "is right: when the client is told, the timestamp has passed. But a later transaction at a server with "
            "a slow clock may get a timestamp that lies further back than its own begin."
        ),
    ),
    mutant(
        "TT-04",
        "The same moment twice",
        ForgetsTheLast,
        "one timestamp each",
        "Corbett and others 2012, section 4.1.2 (timestamps of a leader grow)",
        (
            "A server does not look at the timestamp that it gave last. Two transactions begin while its clock "
            "shows the same. They get the same timestamp, and no reader can say which of the two came first."
        ),
    ),
)
