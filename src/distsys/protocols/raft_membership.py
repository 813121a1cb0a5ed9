"""Raft, part four: the servers change while the cluster runs.

Who votes is itself an entry of the log. A server uses the newest configuration in its log, committed or not, and
that makes the change dangerous: for a while some servers count majorities by the old one and some by the new one.
Two ways keep them from deciding apart:

- *Joint consensus* (section 6 of the paper): between old and new stands a configuration that holds both, in which
  every decision needs a majority of the old **and** a majority of the new. Any change is possible.
- *One server at a time* (chapter 4 of the dissertation): majorities of sets that differ by one server always
  overlap, so no joint configuration is needed. As first published this was wrong: a leader must have committed an
  entry of **its own term** before it changes the members. Otherwise an uncommitted change of an earlier leader,
  of which the new one knows nothing, makes two steps out of one (Ongaro, July 2015). The same rule costs nothing
  in joint consensus.

In both a second change waits until the first is committed. *Learners* get the log and do not vote, so that a new
server can catch up before it counts.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from distsys.core.errors import yes_or_no
from distsys.core.log import Log
from distsys.core.values import EMPTY, Map, record

from .raft_messages import Entry, NotLeader, Role
from .raft_snapshots import Snapshot, SnapshotRaft


@record
class Configuration:
    """Who votes, who learns, and in a joint configuration who voted before and still has to agree."""

    voters: tuple[str, ...]
    learners: tuple[str, ...] = ()
    old_voters: tuple[str, ...] = ()

    def is_joint(self) -> bool:
        """Return whether this stands between an old and a new configuration."""
        return bool(self.old_voters)

    def is_quorum(self, names: frozenset[str]) -> bool:
        """Return whether `names` hold a majority of the voters, and of the old voters where there are some."""
        return all(
            len(names & frozenset(side)) >= len(side) // 2 + 1
            for side in (self.voters, self.old_voters)
            if side
        )

    def having(self, name: str) -> ChangeMembers:
        """Return the change that makes `name` a voter."""
        learners = tuple(other for other in self.learners if other != name)
        return ChangeMembers(tuple(sorted({*self.voters, name})), learners)

    def without(self, name: str) -> ChangeMembers:
        """Return the change that takes `name` out."""
        voters = tuple(other for other in self.voters if other != name)
        return ChangeMembers(voters, tuple(other for other in self.learners if other != name))

    def electors(self) -> tuple[str, ...]:
        """Return all who vote, in order."""
        return tuple(sorted({*self.voters, *self.old_voters}))

    def members(self) -> tuple[str, ...]:
        """Return all who get the log, in order."""
        return tuple(sorted({*self.voters, *self.old_voters, *self.learners}))


@record
class ChangeMembers:
    """From the host: let these be the voters and the learners from now on."""

    voters: tuple[str, ...]
    learners: tuple[str, ...] = ()


@record
class AddServer:
    """From the host: let `name` vote, too; a learner becomes a voter."""

    name: str


@record
class RemoveServer:
    """From the host: let `name` neither vote nor learn any more."""

    name: str


@record
class ChangeRefused:
    """To the host: the members stay as they are, and why."""

    change: ChangeMembers
    why: str


class ReconfigurableRaft(SnapshotRaft):
    """Raft whose members change.

    State beside that of the heart and the snapshots, all derived from log and snapshot: `configuration` and
    `configuration_index`, where it stands. `joint` says which of the two ways is taken. From the host:
    ChangeMembers.
    Outputs: ChangeRefused. A server that is no voter starts no election, once its leaving is committed.
    Source: Ongaro and Ousterhout 2014, section 6; Ongaro 2014, chapter 4; Ongaro, raft-dev, 10 July 2015.
    """

    declared = {**SnapshotRaft.declared, "voters": "configuration"}

    def __init__(
        self,
        name: str,
        disk: Map[str, Any] = EMPTY,
        *,
        voters: tuple[str, ...],
        joint: bool = True,
        **settings: Any,
    ) -> None:
        super().__init__(name, disk, voters=voters, **settings)
        self.joint = yes_or_no("joint", joint)
        self.configuration_index, self.configuration = self.newest_configuration(self.log)

    # Which configuration counts.

    def newest_configuration(
        self, log: Log[Entry], through_index: int | None = None
    ) -> tuple[int, Configuration]:
        """Return the last configuration in a log (up to an index), else the snapshot's, else the first of all."""
        last_index = log.last_index if through_index is None else through_index
        for index in range(last_index, log.before_index, -1):
            if isinstance(log[index].command, Configuration):
                return index, log[index].command
        return self.last_snapshot.last_index, self.last_snapshot.configuration or Configuration(self.voters)

    def configuration_at(self, index: int) -> Configuration:
        return self.newest_configuration(self.log, index)[1]

    def write_log(self, log: Log[Entry]) -> None:
        shared, new = log.since(self.log)
        super().write_log(log)
        if self.configuration_index > shared or any(isinstance(e.command, Configuration) for e in new):
            self.configure()

    def write_snapshot(self, snapshot: Snapshot, log: Log[Entry]) -> None:
        super().write_snapshot(snapshot, log)
        self.configure()

    def configure(self) -> None:
        """Use the newest configuration in the log from now on; a leader begins and ends to replicate accordingly."""
        self.configuration_index, self.configuration = self.newest_configuration(self.log)
        if self.role is Role.LEADER:
            here = {self.name, *self.followers()}
            self.next_index = Map(
                {peer: self.next_index.get(peer, self.log.last_index) for peer in self.followers()}
            )
            self.match_index = Map({name: self.match_index.get(name, 0) for name in sorted(here)})

    def is_quorum(self, names: Iterable[str]) -> bool:
        return self.configuration.is_quorum(frozenset(names))

    def electors(self) -> tuple[str, ...]:
        return tuple(name for name in self.configuration.electors() if name != self.name)

    def followers(self) -> tuple[str, ...]:
        return tuple(name for name in self.configuration.members() if name != self.name)

    def is_voter(self) -> bool:
        """Return whether this server votes, as far as it knows."""
        return self.name in self.configuration.electors()

    def may_stand(self) -> bool:
        """Return whether this server starts elections: a voter does, and one that leaves until that is committed.

        The one that leaves may be the only one that has the change, and with the longer log it refuses all others its
        vote. Its own vote counts only where it is a voter (Ongaro 2014, section 4.2.2).
        """
        if self.is_voter() or self.configuration_index <= self.commit_index:
            return self.is_voter()
        return self.name in self.configuration_at(self.configuration_index - 1).electors()

    def on_election_timeout(self) -> None:
        if self.may_stand():
            super().on_election_timeout()
        else:
            self.restart_election_timer()

    # A change, step by step.

    def on_message(self, sender: str, message: Any) -> None:
        super().on_message(sender, message)
        match message:
            case ChangeMembers():
                self.on_change_members(message)
            case AddServer(name):
                self.on_change_members(self.configuration.having(name))
            case RemoveServer(name):
                self.on_change_members(self.configuration.without(name))

    def on_change_members(self, message: ChangeMembers) -> None:
        """Begin a change, where this server leads and nothing speaks against it."""
        if self.role is not Role.LEADER:
            self.output(NotLeader(message, self.leader))
        elif why := self.objection(message):
            self.output(ChangeRefused(message, why))
        else:
            old = self.configuration.voters
            between = self.joint and set(old) != set(message.voters)
            change = Configuration(message.voters, message.learners, old if between else ())
            self.note(f"changes the members to {', '.join(message.voters)}")
            self.append(Entry(self.current_term, change))

    def objection(self, message: ChangeMembers) -> str:
        """Return why the members may not change so now, or nothing."""
        if not message.voters:
            return "somebody must vote"
        if len(set(message.voters)) < len(message.voters):
            return "each voter stands there once"
        if self.is_changing():
            return "an earlier change is not committed yet"
        if not self.has_committed_in_its_term():
            return "this leader has not yet committed an entry of its own term"
        if not self.joint and len(set(message.voters) ^ set(self.configuration.voters)) > 1:
            return "one voter at a time"
        return ""

    def is_changing(self) -> bool:
        return self.configuration.is_joint() or self.configuration_index > self.commit_index

    def commit(self, index: int) -> None:
        super().commit(index)
        if self.role is not Role.LEADER or self.configuration_index > self.commit_index:
            return
        if self.configuration.is_joint():
            self.append(
                Entry(
                    self.current_term, Configuration(self.configuration.voters, self.configuration.learners)
                )
            )
        elif not self.is_voter():
            self.note(f"steps down in term {self.current_term}: it is no longer a voter")
            self.send_heartbeats()  # so that the others learn that the change is committed
            self.become_follower(None)
