"""Multi-Paxos, part two: a snapshot takes the place of the first slots.

The host knows its state after a slot that it has applied. The replica keeps that state and forgets votes and decisions
up to there: they are chosen, and will never be asked for in vain, because whoever asks for them gets the snapshot.

What can go wrong: an acceptor that has forgotten its votes must not answer a Prepare or an Accept for these slots as
if it had never voted. It sends the snapshot instead, which says more.

A snapshot travels in one message here.
"""

from __future__ import annotations

from typing import Any

from distsys.core.values import EMPTY, Map

from .multipaxos import MultiPaxos
from .multipaxos_messages import Accept, Heartbeat, InstallSnapshot, Lacks, Prepare
from .replication import Compact, Restored, Snapshot


class SnapshotMultiPaxos(MultiPaxos):
    """Multi-Paxos whose first slots are compacted.

    State, durable, beside the heart's: `last_snapshot`. Messages: InstallSnapshot; from the host Compact. Outputs:
    Restored, at a start from a snapshot and when one was installed.
    """

    def __init__(self, name: str, disk: Map[str, Any] = EMPTY, **settings: Any) -> None:
        super().__init__(name, disk, **settings)
        self.last_snapshot: Snapshot = disk.get("snapshot", Snapshot())
        self.last_applied = self.last_snapshot.last_index

    def on_start(self) -> None:
        super().on_start()
        if self.last_snapshot.last_index:
            self.output(Restored(self.last_snapshot))

    def on_message(self, sender: str, message: Any) -> None:
        super().on_message(sender, message)
        match message:
            case InstallSnapshot(snapshot):
                self.on_install_snapshot(snapshot)
            case Compact():
                self.on_compact(message)

    def on_compact(self, message: Compact) -> None:
        """Keep the state of the host, if it is one that was applied and is news."""
        if self.last_snapshot.last_index < message.index <= self.last_applied:
            configuration = self.configuration_at(message.index)
            self.write_snapshot(Snapshot(message.index, 0, message.state, configuration))

    def configuration_at(self, index: int) -> Any:
        """Return who the members are after a slot; a subclass that changes them knows."""
        return None

    def write_snapshot(self, snapshot: Snapshot) -> None:
        """Make the snapshot durable, and in the same record forget the votes that it covers."""
        covered = snapshot.last_index
        self.last_snapshot = snapshot
        self.votes = Map({slot: vote for slot, vote in self.votes.items() if slot > covered})
        self.chosen = Map({slot: value for slot, value in self.chosen.items() if slot > covered})
        self.persist(snapshot=snapshot, votes=self.votes)

    # Whoever asks for slots that are covered gets the snapshot.

    def is_covered(self, sender: str, slot: int) -> bool:
        """Return whether the snapshot covers a slot; then `sender` gets it."""
        if slot > self.last_snapshot.last_index:
            return False
        self.note(f"sends {sender} a snapshot")
        self.send(sender, InstallSnapshot(self.last_snapshot))
        return True

    def on_prepare(self, sender: str, message: Prepare) -> None:
        if not self.is_covered(sender, message.first_slot):
            super().on_prepare(sender, message)

    def on_accept(self, sender: str, message: Accept) -> None:
        if not self.is_covered(sender, message.slot):
            super().on_accept(sender, message)

    def on_lacks(self, sender: str, message: Lacks) -> None:
        if not self.is_covered(sender, message.first_slot):
            super().on_lacks(sender, message)

    # Whoever gets one.

    def on_install_snapshot(self, snapshot: Snapshot) -> None:
        """Take a snapshot, unless this replica has come further by itself."""
        if snapshot.last_index <= self.last_applied:
            return
        self.note(f"installs a snapshot up to {snapshot.last_index}")
        self.write_snapshot(snapshot)
        self.last_applied = snapshot.last_index
        for slot in self.acceptances:
            if slot <= self.last_applied:
                self.close(slot)
        self.output(Restored(snapshot))
        self.apply()
        self.ask_for_votes()

    def on_heartbeat(self, sender: str, message: Heartbeat) -> None:
        """A leader that is behind gets the snapshot, too."""
        super().on_heartbeat(sender, message)
        if self.leader == sender and message.applied_through < self.last_snapshot.last_index:
            self.is_covered(sender, message.applied_through + 1)
