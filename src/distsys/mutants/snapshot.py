"""Broken snapshots: each bends one of the two marker rules, or the order of a channel."""

from __future__ import annotations

from typing import Any

from distsys.algorithms.snapshot import Account, Recording
from distsys.algorithms.snapshot_laws import SNAPSHOT_LAWS
from distsys.algorithms.snapshot_messages import Marker, Transfer
from distsys.core import EMPTY, MS, Map, Node
from distsys.core.systems import NodeMutant

from .catalogue import class_by_law


class RecordsNoChannel(Account):
    """SNAP-01: notes its balance at the first marker, and does not watch the other channels."""

    def watched(self) -> tuple[str, ...]:
        return ()


class MarksOneChannel(Account):
    """SNAP-02: sends the marker on its first channel only."""

    def send_markers(self, snapshot: int) -> None:
        self.post(self.peers[0], Marker, snapshot)


class MarksLate(Account):
    """SNAP-03: notes its balance, and sends the markers a moment later."""

    def __init__(self, name: str, disk: Map[str, Any] = EMPTY, *, peers: tuple[str, ...]) -> None:
        super().__init__(name, disk, peers=peers)
        self.owed: tuple[int, ...] = ()

    def send_markers(self, snapshot: int) -> None:
        self.owed = (*self.owed, snapshot)
        self.set_timer("markers", 20 * MS)

    def on_timeout(self, timer: str) -> None:
        for snapshot in self.owed:
            super().send_markers(snapshot)
        self.owed = ()


class ClosesAllAtOnce(Account):
    """SNAP-04: stops recording every channel when the marker of one has come."""

    def close(self, snapshot: int, sender: str) -> None:
        recording = self.recordings[snapshot]
        self.recordings = self.recordings.set(snapshot, Recording(recording.balance, recording.channels, ()))


class TakesThemAsTheyCome(Account):
    """SNAP-05: acts on messages as they arrive, also where one has overtaken another; copies are dropped."""

    def on_arrival(self, sender: str, message: Transfer | Marker) -> None:
        if (sender, message.number) not in self.early:
            self.early = self.early.set((sender, message.number), message)
            self.take_in(sender, message)


class LeavesTheFirstOpen(Account):
    """SNAP-06: records at the first marker, and does not close the channel on which it came."""

    def on_marker(self, sender: str, snapshot: int) -> None:
        if snapshot in self.recordings:
            super().on_marker(sender, snapshot)
        else:
            self.record(snapshot)


def mutant(id: str, title: str, kind: type[Node], breaks: str, source: str, story: str) -> NodeMutant:
    """Return the mutant that swaps the one class of the system."""
    klass = class_by_law(breaks, SNAPSHOT_LAWS)
    return NodeMutant(id, title, "snapshot", {"process": kind}, breaks, source, story, klass=klass, depth=5)


SOURCE = "Chandy and Lamport 1985, section 3.2"

MUTANTS = (
    mutant(
        "SNAP-01",
        "Only balances",
        RecordsNoChannel,
        "conserved money",
        f"{SOURCE} (the marker-receiving rule)",
        (
            "A process notes its balance at the first marker and believes that it is done. Money that was paid "
            "before the cut comes on another channel after it. It stands in no balance and in no channel, so "
            "the snapshot holds too little."
        ),
    ),
    mutant(
        "SNAP-02",
        "A marker for one channel only",
        MarksOneChannel,
        "consistent cut",
        f"{SOURCE} (the marker-sending rule)",
        (
            "A process sends its marker on one channel and forgets the others. Their receivers hear of the "
            "snapshot by a detour, or never, and meanwhile they book what it has paid since. So the cut contains "
            "an effect without its cause."
        ),
    ),
    mutant(
        "SNAP-03",
        "A marker that leaves late",
        MarksLate,
        "consistent cut",
        f"{SOURCE} (the marker-sending rule)",
        (
            "A process notes its balance and sends the markers a moment later. In between it pays. The receiver "
            "books the money before its marker comes, so the snapshot holds the money on both sides."
        ),
    ),
    mutant(
        "SNAP-04",
        "All channels closed at once",
        ClosesAllAtOnce,
        "channel state",
        f"{SOURCE} (the marker-receiving rule)",
        (
            "The marker of one channel comes, and a process stops recording all of them. What still comes on "
            "the others before their markers was on its way at the cut. It is recorded nowhere."
        ),
    ),
    mutant(
        "SNAP-05",
        "Channels without order",
        TakesThemAsTheyCome,
        "consistent cut",
        "Chandy and Lamport 1985, section 2 (channels deliver in the order sent)",
        (
            "A process acts on messages as they arrive. A payment that left after the marker overtakes it. The "
            "receiver has booked it when it notes its balance, and the sender had not paid it when it noted its own."
        ),
    ),
    mutant(
        "SNAP-06",
        "A first channel that is never closed",
        LeavesTheFirstOpen,
        "every snapshot ends",
        f"{SOURCE} (the marker-receiving rule: the first channel is empty)",
        (
            "A process notes its balance at the first marker and goes on to record the channel on which it came. "
            "On that channel no second marker will come. The process waits for it for ever, and so do those "
            "who wait for its report."
        ),
    ),
)
