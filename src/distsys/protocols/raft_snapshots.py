"""Raft, part three: a snapshot takes the place of the beginning of the log.

A log that only grows fills the disk and makes a restart slow. The host knows its state at an index that it has
applied; Raft keeps that state as a *snapshot*, together with the index and the term of the last entry in it, and
drops the log up to there. A follower that lacks what the leader has dropped gets the snapshot instead of entries.

What can go wrong stands in three lines: only what is applied may go into a snapshot; a snapshot that comes late
must not take the state back; and the log and the snapshot go to the disk as one record.

Source: section 7 of the paper and chapter 5 of the dissertation. A snapshot travels in one message here, not in
chunks.
"""

from __future__ import annotations

from typing import Any

from distsys.core.errors import whole_number
from distsys.core.log import Log
from distsys.core.values import EMPTY, Map, record

from .raft import Raft
from .raft_messages import Entry, Refused


@record
class Snapshot:
    """The state of the host after the entry (last_index, last_term), and the configuration there."""

    last_index: int = 0
    last_term: int = 0
    state: Any = None
    configuration: Any = None


@record
class InstallSnapshot:
    """The leader of `term` sends what its log no longer holds."""

    term: int
    snapshot: Snapshot


@record
class Compact:
    """From the host: this is my state after the entry at `index`; drop the log up to there."""

    index: int
    state: Any

    def __post_init__(self) -> None:
        whole_number("index", self.index)


@record
class Restored:
    """To the host: begin from this snapshot, whatever you hold."""

    snapshot: Snapshot


class SnapshotRaft(Raft):
    """Raft with log compaction.

    State, durable, beside the heart's: `last_snapshot`. Messages: InstallSnapshot, which is answered like
    AppendEntries; from the host Compact. Outputs: Restored, at a start from a snapshot and when one was
    installed.
    Source: Ongaro and Ousterhout 2014, section 7; Ongaro 2014, chapter 5.
    """

    def __init__(self, name: str, disk: Map[str, Any] = EMPTY, **settings: Any) -> None:
        super().__init__(name, disk, **settings)
        self.last_snapshot: Snapshot = disk.get("snapshot", Snapshot())
        covered = self.last_snapshot.last_index
        assert self.log.before_index <= covered, (
            f"the log of {name} begins after {self.log.before_index}, but its snapshot ends at {covered}"
        )
        self.commit_index = self.last_applied = covered

    def on_start(self) -> None:
        super().on_start()
        if self.last_snapshot.last_index:
            self.output(Restored(self.last_snapshot))

    def on_message(self, sender: str, message: Any) -> None:
        super().on_message(sender, message)
        match message:
            case InstallSnapshot():
                self.on_install_snapshot(sender, message)
            case Compact():
                self.on_compact(message)

    def on_compact(self, message: Compact) -> None:
        """Keep the state of the host, if it is one that was applied and is news."""
        if self.last_snapshot.last_index < message.index <= self.last_applied:
            term = self.term_at(message.index)
            configuration = self.configuration_at(message.index)
            snapshot = Snapshot(message.index, term, message.state, configuration)
            self.write_snapshot(snapshot, self.log.compact(message.index))

    def configuration_at(self, index: int) -> Any:
        """Return who the members are after the entry at `index`; a subclass that changes them knows."""
        return None

    def write_snapshot(self, snapshot: Snapshot, log: Log[Entry]) -> None:
        """Make the snapshot and the log that goes on from it durable, both or neither."""
        self.last_snapshot, self.log = snapshot, log
        self.persist(snapshot=snapshot, log=log)

    # The leader.

    def send_append(self, peer: str, entries: tuple[Entry, ...]) -> None:
        if self.next_index[peer] > self.log.before_index:
            super().send_append(peer, entries)
        else:
            self.note(f"sends {peer} a snapshot")
            self.send(peer, InstallSnapshot(self.current_term, self.last_snapshot))
            self.next_index = self.next_index.set(peer, self.last_snapshot.last_index + 1)

    def send_entries(self, peer: str) -> None:
        if self.next_index[peer] <= self.log.before_index:
            self.send_append(peer, ())  # the snapshot first, then what comes after it
        super().send_entries(peer)

    def retry_at(self, message: Refused) -> int:
        if message.prev_index < self.log.before_index:
            return message.conflict_index
        return super().retry_at(message)

    # The follower.

    def on_install_snapshot(self, sender: str, message: InstallSnapshot) -> None:
        """Take the leader's snapshot, unless this server has come further by itself."""
        snapshot = message.snapshot
        if message.term < self.current_term:
            self.send(sender, Refused(self.current_term, snapshot.last_index))
            return
        self.become_follower(sender)
        self.restart_election_timer()
        if snapshot.last_index > self.commit_index:
            self.install(snapshot)
        self.acknowledge(sender, snapshot.last_index)

    def install(self, snapshot: Snapshot) -> None:
        """Replace the state by the snapshot; entries after it stay where the log agrees with it."""
        self.note(f"installs a snapshot up to {snapshot.last_index}")
        agrees = self.matches(snapshot.last_index, snapshot.last_term)
        log = self.log.compact(snapshot.last_index) if agrees else Log(before_index=snapshot.last_index)
        self.write_snapshot(snapshot, log)
        self.commit_index = self.last_applied = snapshot.last_index
        self.output(Restored(snapshot))

    def matches(self, index: int, term: int) -> bool:
        """Return whether the log has that entry; what a snapshot covers is committed, and so the same everywhere."""
        return index < self.log.before_index or super().matches(index, term)

    def store(self, prev_index: int, entries: tuple[Entry, ...]) -> None:
        covered = max(0, self.log.before_index - prev_index)
        super().store(prev_index + covered, entries[covered:])

    def term_at(self, index: int) -> int:
        return (
            self.last_snapshot.last_term if index == self.last_snapshot.last_index else super().term_at(index)
        )
