"""Raft: one leader orders the commands, and a majority of logs keeps them.

This is the heart of the protocol, the part that figure 2 of the paper puts on one page. To read it
beside the paper: the fields stand in the order of the box "State", each handler carries the number of the section
that it comes from, and the line order inside a handler is the order on the disk and on the wire.

How it works. Time is cut into *terms*. A server that hears no leader for a while raises its term and asks for
votes; a majority makes it the leader of that term. The leader puts each command at the end of its log and sends
what followers lack; an entry of its own term that a majority holds is *committed*, and with it all before. What
makes this safe is said twice, in two lines that look harmless: a voter refuses a candidate whose log is
behind its own (section 5.4.1), and a leader counts copies only of entries of its own term (section 5.4.2).

Nothing leaves before what it reveals is durable: `persist` stands before `send` in every handler. A crash between
two effects then loses a message, which is allowed, and never a promise.

The other parts of Raft are small subclasses: `raft_stability` (pre-vote, check-quorum), `raft_snapshots`,
`raft_membership`, `raft_transfer`, `raft_reads`; `raft_server` puts them together.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from distsys.core.errors import ArgumentError, ArgumentTypeError, name_text, shown, whole_number
from distsys.core.log import Log
from distsys.core.node import Node
from distsys.core.units import MS
from distsys.core.values import EMPTY, Map

from .raft_messages import (
    Appended,
    AppendEntries,
    Committed,
    Entry,
    NotLeader,
    Propose,
    Refused,
    RequestVote,
    Role,
    Vote,
)


def server_names(argument: str, names: Any) -> tuple[str, ...]:
    """Return `names` if it is a tuple of at least one name, each once, else raise an error that names `argument`."""
    if not isinstance(names, tuple):
        raise ArgumentTypeError(f"{argument} must be a tuple of names, but it is {shown(names)}")
    for name in names:
        name_text(f"a name in {argument}", name)
    if not names or len(set(names)) < len(names):
        raise ArgumentError(
            f"{argument} must name at least one server, and each once, but it is {shown(names)}"
        )
    return names


class Raft(Node):
    """A Raft server.

    State, durable: `current_term`, `voted_for`, `log`. Volatile: `commit_index`, `last_applied`, `role`,
    `leader`; as a candidate `votes`; as a leader `next_index` and `match_index` (the leader's own entry counts
    its own log).
    Messages: RequestVote, Vote, AppendEntries, Appended, Refused; from the host Propose. Outputs: Committed,
    NotLeader.
    Timers: "election", drawn from [election_ms, 2 election_ms]; "heartbeat".
    Keeps: the five properties of figure 3 and durability (see `raft_laws`).
    Assumes: crash and recovery, a disk that keeps what it said it has; messages may be lost, doubled, late and
    overtaken. Progress needs a majority that is up, and messages that take much less time than an election timeout.
    Leaves out: what the subclasses add. A leader learns of a lost entry at its next heartbeat.
    Source: Ongaro and Ousterhout 2014, figure 2 and section 5; the no-op is section 8, back-tracking the end of
    5.3.
    """

    declared = {
        "role": "role",
        "term": "current_term",
        "vote": "voted_for",
        "log": "log",
        "commit": "commit_index",
        "votes": "votes",
        "match": "match_index",
    }
    # A leader's entries may leave while it writes them itself: what it appends it never leads again after a crash.
    sent_early = ((AppendEntries, "log"),)

    def __init__(
        self,
        name: str,
        disk: Map[str, Any] = EMPTY,
        *,
        voters: tuple[str, ...],
        election_ms: int = 300,
        heartbeat_ms: int = 50,
        batch: int = 64,
    ) -> None:
        super().__init__(name, disk)
        self.voters = server_names("voters", voters)
        self.election_ms = whole_number("election_ms", election_ms, at_least=2)
        self.heartbeat_ms = whole_number("heartbeat_ms", heartbeat_ms, at_least=1)
        if heartbeat_ms >= election_ms:
            raise ArgumentError(
                f"heartbeat_ms must be less than election_ms ({election_ms}), or followers give up a leader "
                f"between two heartbeats, but it is {heartbeat_ms}"
            )
        self.batch = whole_number("batch", batch, at_least=1)  # entries in one AppendEntries at most
        # Persistent on all servers.
        self.current_term: int = disk.get("current_term", 0)
        self.voted_for: str | None = disk.get("voted_for")
        self.log: Log[Entry] = disk.get("log", Log())
        # Volatile on all servers.
        self.commit_index = 0
        self.last_applied = 0
        self.role = Role.FOLLOWER
        self.leader: str | None = None
        # Volatile on candidates and leaders.
        self.votes: frozenset[str] = frozenset()
        self.next_index: Map[str, int] = EMPTY
        self.match_index: Map[str, int] = EMPTY

    # Events.

    def on_start(self) -> None:
        self.restart_election_timer()

    def on_timeout(self, timer: str) -> None:
        if timer == "election":
            self.on_election_timeout()
        elif timer == "heartbeat":
            self.send_heartbeats()

    def on_message(self, sender: str, message: Any) -> None:
        if getattr(message, "term", 0) > self.current_term:  # section 5.1, "All Servers"
            self.adopt_term(message.term)
        match message:
            case RequestVote():
                self.on_request_vote(sender, message)
            case Vote():
                self.on_vote(sender, message)
            case AppendEntries():
                self.on_append_entries(sender, message)
            case Appended():
                self.on_appended(sender, message)
            case Refused():
                self.on_refused(sender, message)
            case Propose():
                self.on_propose(message)

    # Terms and roles (section 5.1).

    def adopt_term(self, term: int) -> None:
        """Enter a later term, in which this server has voted for nobody and follows nobody yet."""
        self.current_term, self.voted_for = term, None
        self.save_term_and_vote()
        self.become_follower(None)

    def save_term_and_vote(self) -> None:
        """Make the term and the vote durable: a restart must not let this server vote twice in a term."""
        self.persist(current_term=self.current_term, voted_for=self.voted_for)

    def become_follower(self, leader: str | None) -> None:
        """Follow `leader`, or nobody; a server that led or campaigned stops that."""
        if self.role is Role.LEADER:
            self.cancel_timer("heartbeat")
            self.restart_election_timer()
        self.role, self.leader, self.votes = Role.FOLLOWER, leader, frozenset()
        self.next_index = self.match_index = EMPTY

    def restart_election_timer(self) -> None:
        """Wait for a leader once more; the range is random, so that two servers seldom wake together (5.2)."""
        self.set_timer("election", self.election_ms * MS, 2 * self.election_ms * MS)

    # Elections (sections 5.2 and 5.4.1).

    def on_election_timeout(self) -> None:
        """No leader was heard: ask to become one."""
        self.campaign()

    def campaign(self, transfer: bool = False) -> None:
        """Raise the term, vote for this server, and ask all others for their votes."""
        self.become_follower(None)
        self.role = Role.CANDIDATE
        self.current_term += 1
        self.voted_for = self.name
        self.votes = frozenset({self.name})
        self.save_term_and_vote()
        self.restart_election_timer()
        self.broadcast(
            self.electors(), RequestVote(self.current_term, self.log.last_index, self.last_term(), transfer)
        )
        self.maybe_become_leader()

    def on_request_vote(self, sender: str, message: RequestVote) -> None:
        free = self.voted_for in (None, sender)
        granted = message.term == self.current_term and free and self.is_up_to_date(message)
        if granted:
            self.voted_for = sender
            self.save_term_and_vote()
            self.restart_election_timer()
        self.send(sender, Vote(self.current_term, granted))

    def is_up_to_date(self, message: RequestVote) -> bool:
        """Return whether the candidate's log is no older than this one: the later last term, then the longer log."""
        return (message.last_term, message.last_index) >= (self.last_term(), self.log.last_index)

    def on_vote(self, sender: str, message: Vote) -> None:
        if self.role is Role.CANDIDATE and message.term == self.current_term and message.granted:
            self.votes |= {sender}
            self.maybe_become_leader()

    def maybe_become_leader(self) -> None:
        """Become the leader with the votes of a majority, and begin the term with an empty entry (section 8)."""
        if not self.is_quorum(self.votes):
            return
        self.note(f"leads term {self.current_term}")
        self.role, self.leader = Role.LEADER, self.name
        self.cancel_timer("election")
        self.next_index = Map(dict.fromkeys(self.followers(), self.log.last_index + 1))
        self.match_index = Map(dict.fromkeys(self.followers(), 0))
        self.append(Entry(self.current_term))
        self.set_timer("heartbeat", self.heartbeat_ms * MS)

    # Replication: the leader (section 5.3).

    def on_propose(self, message: Propose) -> None:
        if self.role is Role.LEADER:
            self.append(Entry(self.current_term, message.command))
        else:
            self.output(NotLeader(message.command, self.leader))

    def append(self, *entries: Entry) -> None:
        """Put entries at the end of the leader's log, and send them on."""
        self.write_log(self.log.append(*entries))
        self.match_index = self.match_index.set(self.name, self.log.last_index)
        for peer in self.followers():
            self.send_entries(peer)
        self.maybe_commit()

    def send_heartbeats(self) -> None:
        """Say that the leader is there; a follower that lacks something answers with Refused."""
        for peer in self.followers():
            self.send_append(peer, ())
        self.set_timer("heartbeat", self.heartbeat_ms * MS)

    def send_entries(self, peer: str) -> None:
        """Send what `peer` lacks as far as is known, and take it for arrived until Refused says otherwise."""
        next_index = self.next_index[peer]
        entries = self.log.slice(next_index, next_index + self.batch - 1)
        self.send_append(peer, entries)
        self.next_index = self.next_index.set(peer, next_index + len(entries))

    def send_append(self, peer: str, entries: tuple[Entry, ...]) -> None:
        """Send `entries` as those that come after what `peer` should have."""
        prev_index = self.next_index[peer] - 1
        self.send(
            peer,
            AppendEntries(
                self.current_term, prev_index, self.term_at(prev_index), entries, self.commit_index
            ),
        )

    def on_appended(self, sender: str, message: Appended) -> None:
        if (
            self.role is not Role.LEADER
            or message.term != self.current_term
            or sender not in self.match_index
        ):
            return
        match_index = max(self.match_index[sender], message.match_index)
        self.match_index = self.match_index.set(sender, match_index)
        self.next_index = self.next_index.set(sender, max(self.next_index[sender], match_index + 1))
        self.maybe_commit()
        if self.next_index.get(sender, self.log.last_index + 1) <= self.log.last_index:
            self.send_entries(sender)

    def on_refused(self, sender: str, message: Refused) -> None:
        if (
            self.role is not Role.LEADER
            or message.term != self.current_term
            or sender not in self.match_index
        ):
            return
        if message.prev_index <= self.match_index[sender]:
            return  # an old refusal: the follower has got that place since
        next_index = max(self.match_index[sender] + 1, min(self.retry_at(message), self.next_index[sender]))
        self.next_index = self.next_index.set(sender, next_index)
        self.send_entries(sender)

    def retry_at(self, message: Refused) -> int:
        """Return where to try again: past the leader's own entries of the conflicting term, or before the term."""
        index = min(message.prev_index, self.log.last_index)
        while index > self.log.before_index and self.term_at(index) > message.conflict_term:
            index -= 1
        mine = message.conflict_term and self.term_at(index) == message.conflict_term
        return index + 1 if mine else message.conflict_index

    def maybe_commit(self) -> None:
        """Commit the last entry of this term that a majority holds, and with it all before it (section 5.4.2)."""
        ends = {min(index, self.log.last_index) for index in self.match_index.values()}
        for index in sorted(ends, reverse=True):
            if index <= self.commit_index or self.term_at(index) != self.current_term:
                return  # an entry of an earlier term may still be replaced, however many hold it (figure 8)
            if self.is_quorum(name for name in self.match_index if self.match_index[name] >= index):
                self.commit(index)
                return

    def has_committed_in_its_term(self) -> bool:
        """Return whether an entry of the current term is committed: then this leader knows all that is."""
        return self.term_at(self.commit_index) == self.current_term

    # Replication: the follower (section 5.3).

    def on_append_entries(self, sender: str, message: AppendEntries) -> None:
        if message.term < self.current_term:
            self.send(sender, Refused(self.current_term, message.prev_index))
            return
        self.become_follower(sender)
        self.restart_election_timer()
        if not self.matches(message.prev_index, message.prev_term):
            self.send(sender, self.refusal(message))
            return
        self.store(message.prev_index, message.entries)
        last_new = message.prev_index + len(message.entries)
        self.commit(min(message.commit_index, last_new))
        self.acknowledge(sender, last_new)

    def acknowledge(self, leader: str, last_new: int) -> None:
        """Say how far the log surely equals the leader's; what lies beyond may be a tail of another term."""
        self.send(leader, Appended(self.current_term, last_new))

    def matches(self, index: int, term: int) -> bool:
        """Return whether the log has an entry of `term` at `index`; place 0 is in every log."""
        return index <= self.log.last_index and self.term_at(index) == term

    def refusal(self, message: AppendEntries) -> Refused:
        """Return the answer that lets the leader step back a whole term at a time."""
        index = message.prev_index
        if index > self.log.last_index:
            return Refused(self.current_term, index, 0, self.log.last_index + 1)
        conflict_term = self.term_at(index)
        while index > self.log.first_index and self.term_at(index - 1) == conflict_term:
            index -= 1
        return Refused(self.current_term, message.prev_index, conflict_term, index)

    def store(self, prev_index: int, entries: tuple[Entry, ...]) -> None:
        """Put the entries after `prev_index`; only one that conflicts may cut the log, for a late message is short."""
        for offset, entry in enumerate(entries):
            index = prev_index + 1 + offset
            if index <= self.log.last_index and self.term_at(index) == entry.term:
                continue
            if index <= self.log.last_index:
                self.note(f"cuts its log after {index - 1}")
            self.write_log(self.log.truncate(index - 1).append(*entries[offset:]))
            return

    # The log.

    def write_log(self, log: Log[Entry]) -> None:
        """Make `log` the log, durably."""
        self.log = log
        self.persist(log=log)

    def term_at(self, index: int) -> int:
        """Return the term of the entry at `index`; 0 before the first."""
        return self.log[index].term if index else 0

    def last_term(self) -> int:
        """Return the term of the last entry."""
        return self.term_at(self.log.last_index)

    def commit(self, index: int) -> None:
        """Take all up to `index` for committed, and hand it to the host in order."""
        if index <= self.commit_index:
            return
        self.commit_index = index
        while self.last_applied < self.commit_index:
            self.last_applied += 1
            self.output(Committed(self.last_applied, self.log[self.last_applied]))

    # Who decides. A subclass that changes the members overrides these.

    def is_voter(self) -> bool:
        """Return whether this server votes, as far as it knows."""
        return self.name in self.voters

    def is_changing(self) -> bool:
        """Return whether a change of the members is under way."""
        return False

    def is_quorum(self, names: Iterable[str]) -> bool:
        """Return whether `names` hold a majority of the voters."""
        return len(set(names) & set(self.voters)) >= len(self.voters) // 2 + 1

    def electors(self) -> tuple[str, ...]:
        """Return the other servers whose votes count."""
        return tuple(name for name in self.voters if name != self.name)

    def followers(self) -> tuple[str, ...]:
        """Return the other servers that get the log."""
        return self.electors()
