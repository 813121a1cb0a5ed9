"""Multi-Paxos, part three: the members change, by a command like any other.

Section 3 of "Paxos Made Simple" ends with it: who decides a slot is part of the state, so a command can change it. A
leader opens up to alpha slots before it knows what stands in the first of them. So `Members`, decided in slot i,
counts from slot i + alpha on: when that slot is opened, slot i is applied everywhere where it matters.

What follows from that one rule:

- A leader may open a slot only if it has the promises of a phase-1 quorum of *that* slot's members. Those that are
  new are asked for theirs when they are needed.
- Where no client asks for anything, the leader fills the slots before i + alpha with no-ops.
- A replica that is no member any more neither leads nor stands for election. If it does not know yet, those who know
  tell it what it lacks in place of a promise; else it would outbid every leader.
"""

from __future__ import annotations

from typing import Any

from distsys.core.errors import DistsysError
from distsys.core.values import EMPTY, Map

from .multipaxos_messages import NOOP, ChangeRefused, Lacks, Members, Prepare
from .multipaxos_snapshots import SnapshotMultiPaxos
from .quorums import Quorums, names_of, quorums_of
from .replication import Propose, Role, Snapshot


class ReconfigurableMultiPaxos(SnapshotMultiPaxos):
    """Multi-Paxos with all its parts.

    State beside that of the others, derived from decisions and snapshot: `configurations` (first slot -> members).
    From the host: Propose(Members(names)). Outputs: ChangeRefused.
    Assumes: who has left stays up until a snapshot at the new members covers the change. What is decided is in memory
    only, so after a crash of all who know it, it is found again by the old members, from their votes.
    Source: Lamport 2001, "Paxos Made Simple", section 3, the last paragraphs.
    """

    def __init__(self, name: str, disk: Map[str, Any] = EMPTY, **settings: Any) -> None:
        super().__init__(name, disk, **settings)
        first: Map[int, tuple[str, ...]] = Map({1: self.members})
        self.configurations: Map[int, tuple[str, ...]] = self.last_snapshot.configuration or first

    # Which members count.

    def members_at(self, slot: int) -> tuple[str, ...]:
        """Return who decides a slot, as far as it is known here."""
        return self.configurations[max(first for first in self.configurations if first <= slot)]

    def quorums_at(self, slot: int) -> Quorums | None:
        """Return the quorums of a slot's members; None beyond the slots that may be open."""
        if slot > self.last_applied + self.alpha:
            return None
        return quorums_of(self.choice, self.members_at(slot))

    def electorate(self) -> tuple[str, ...]:
        """Return all who are members in a slot that is not applied yet, or will be."""
        due = self.last_applied + 1
        later = (names for first, names in self.configurations.items() if first > due)
        return tuple(sorted({*self.members_at(due)}.union(*later)))

    def others(self) -> tuple[str, ...]:
        return tuple(name for name in self.electorate() if name != self.name)

    def on_applied(self, slot: int, value: Any) -> None:
        if isinstance(value, Members):
            self.note(f"members from slot {slot + self.alpha} on: {', '.join(value.names)}")
            self.configurations = self.configurations.set(slot + self.alpha, value.names)

    def configuration_at(self, index: int) -> Map[int, tuple[str, ...]]:
        """Return what is known after a slot: the configurations that it and those before it have decided."""
        return Map(
            {first: names for first, names in self.configurations.items() if first <= index + self.alpha}
        )

    def on_install_snapshot(self, snapshot: Snapshot) -> None:
        if snapshot.last_index > self.last_applied:
            self.configurations = snapshot.configuration
        super().on_install_snapshot(snapshot)

    # A change.

    def on_propose(self, message: Propose) -> None:
        change = message.command
        if isinstance(change, Members) and (why := self.objection(change)):
            self.output(ChangeRefused(change, why))
        else:
            super().on_propose(message)

    def objection(self, change: Members) -> str:
        """Return why the members may not be these, or nothing."""
        try:
            quorums_of(self.choice, names_of("names", change.names))
        except DistsysError as error:
            return str(error)
        return ""

    def send_heartbeats(self) -> None:
        """Beside the usual: give up if this replica has left, else let a change that is decided come about."""
        super().send_heartbeats()
        if self.name not in self.electorate():
            self.note(f"steps down in ballot {self.ballot}: it is no longer a member")
            self.become_follower(None)
            return
        missing = max(self.configurations) - self.next_slot - len(self.waiting)
        if missing > 0:
            self.waiting += (NOOP,) * missing
            self.ask_for_votes()
        self.maybe_ask_new_members()

    def maybe_ask_new_members(self) -> None:
        """Phase 1a once more for the next slot, where its members are others than those who promised."""
        quorums = self.quorums_at(self.next_slot)
        if self.role is Role.LEADER and quorums is not None and not quorums.is_phase1_quorum(self.promises):
            new = tuple(name for name in self.others() if name not in self.promises)
            self.broadcast(new, Prepare(self.ballot, self.next_slot))

    # Who has left, and who comes.

    def on_election_timeout(self) -> None:
        """Stand for election, as a member. Others ask the members, who may know less than they do."""
        if self.name in self.electorate():
            super().on_election_timeout()
        else:
            self.broadcast(self.others(), Lacks(self.last_applied + 1))
            self.restart_election_timer()

    def on_prepare(self, sender: str, message: Prepare) -> None:
        """Phase 1b, for a member. Another one is told what it lacks."""
        if sender in self.electorate():
            super().on_prepare(sender, message)
        else:
            self.on_lacks(sender, Lacks(message.first_slot))

    def on_lacks(self, sender: str, message: Lacks) -> None:
        """Answer, and ask back where the other one has come further.

        Without this the last of the old members may know alone who the new ones are, and no new one finds out.
        """
        super().on_lacks(sender, message)
        if message.first_slot > self.last_applied + 1:
            self.send(sender, Lacks(self.last_applied + 1))
