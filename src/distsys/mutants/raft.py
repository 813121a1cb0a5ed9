"""Raft gone wrong: the heart. Each class is one small change that somebody has made, or that the paper warns of."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from distsys.core.log import Log
from distsys.core.systems import NodeMutant
from distsys.core.units import MS
from distsys.core.values import Map
from distsys.protocols.raft import Raft
from distsys.protocols.raft_messages import Appended, AppendEntries, Entry, RequestVote, Role, Vote

PAPER = "Ongaro and Ousterhout 2014"


class ForgetsItsVote(Raft):
    """RAFT-01."""

    def save_term_and_vote(self) -> None:
        self.persist(current_term=self.current_term)


class ForgetsItsTerm(Raft):
    """RAFT-02."""

    def save_term_and_vote(self) -> None:
        self.persist(voted_for=self.voted_for)


class VotesForAnybody(Raft):
    """RAFT-03."""

    def is_up_to_date(self, message: RequestVote) -> bool:
        return True


class ComparesLengthsOnly(Raft):
    """RAFT-04."""

    def is_up_to_date(self, message: RequestVote) -> bool:
        return message.last_index >= self.log.last_index


class CommitsEarlierTerms(Raft):
    """RAFT-05."""

    def maybe_commit(self) -> None:
        ends = {min(index, self.log.last_index) for index in self.match_index.values()}
        for index in sorted(ends, reverse=True):
            if index <= self.commit_index:
                return
            if self.is_quorum(name for name in self.match_index if self.match_index[name] >= index):
                self.commit(index)
                return


class AlwaysCutsItsLog(Raft):
    """RAFT-06."""

    def store(self, prev_index: int, entries: tuple[Entry, ...]) -> None:
        if entries:
            self.write_log(self.log.truncate(prev_index).append(*entries))


class BelievesTheLeadersCommitIndex(Raft):
    """RAFT-07."""

    def on_append_entries(self, sender: str, message: AppendEntries) -> None:
        super().on_append_entries(sender, message)
        if self.leader == sender and self.matches(message.prev_index, message.prev_term):
            self.commit(min(message.commit_index, self.log.last_index))


class DoesNotLookAtThePreviousEntry(Raft):
    """RAFT-08."""

    def matches(self, index: int, term: int) -> bool:
        return index <= self.log.last_index


class AcknowledgesBeforeTheDisk(Raft):
    """RAFT-09."""

    def write_log(self, log: Log[Entry]) -> None:
        self.log = log
        self.set_timer("sync", 20 * MS)

    def on_timeout(self, timer: str) -> None:
        if timer == "sync":
            self.persist(log=self.log)
        else:
            super().on_timeout(timer)


class CountsOldVotes(Raft):
    """RAFT-10."""

    def on_vote(self, sender: str, message: Vote) -> None:
        if self.role is Role.CANDIDATE and message.granted:
            self.votes |= {sender}
            self.maybe_become_leader()


class AcknowledgesItsWholeLog(Raft):
    """RAFT-11."""

    def acknowledge(self, leader: str, last_new: int) -> None:
        self.send(leader, Appended(self.current_term, self.log.last_index))


class HalfIsAMajority(Raft):
    """RAFT-12."""

    def is_quorum(self, names: Iterable[str]) -> bool:
        return len(set(names) & set(self.voters)) >= max(1, len(self.voters) // 2)


class LastIsHasty(Raft):
    """Correct, but one server, the last by name, waits a third as long for a leader: its clock is fast, say."""

    def restart_election_timer(self) -> None:
        hasty = self.name == max(self.voters)
        shortest = self.election_ms * MS // (3 if hasty else 1)
        self.set_timer("election", shortest, 2 * shortest)


class AnyMessageResetsTheTimer(LastIsHasty):
    """RAFT-22. With three servers alike, chance alone soon ends what this begins."""

    def on_message(self, sender: str, message: Any) -> None:
        super().on_message(sender, message)
        if self.role is not Role.LEADER:
            self.restart_election_timer()


class AllWakeTogether(Raft):
    """RAFT-23."""

    def restart_election_timer(self) -> None:
        self.set_timer("election", self.election_ms * MS)


class ForgetsItsVoteAtARestart(Raft):
    """RAFT-25."""

    def on_start(self) -> None:
        super().on_start()
        self.voted_for = None


class TidiesUpAsALeader(Raft):
    """RAFT-26."""

    def send_heartbeats(self) -> None:
        if self.term_at(self.commit_index) != self.current_term:
            self.write_log(self.log.truncate(self.commit_index).append(Entry(self.current_term)))
            self.match_index = self.match_index.set(self.name, self.log.last_index)
            self.next_index = Map(dict.fromkeys(self.next_index, self.log.last_index))
        super().send_heartbeats()


class BeginsWithoutAnEntry(Raft):
    """RAFT-27."""

    def append(self, *entries: Entry) -> None:
        if entries == (Entry(self.current_term),):
            self.match_index = self.match_index.set(self.name, self.log.last_index)
        else:
            super().append(*entries)


DURABLE = "durable before revealed"

MUTANTS = (
    NodeMutant(
        id="RAFT-01",
        title="The vote is not durable",
        system="raft",
        classes={"server": ForgetsItsVote},
        breaks=DURABLE,
        depth=8,
        source=f"{PAPER}, figure 2, persistent state",
        story=(
            "The term is written to disk and the vote is not. After a crash a server does not know of its "
            "vote and may give another one in the same term, so two candidates can win. The law speaks up "
            "before that: a message tells of a vote that is not on the disk."
        ),
        leads_to="election safety",
    ),
    NodeMutant(
        id="RAFT-02",
        title="The term is not durable",
        system="raft",
        classes={"server": ForgetsItsTerm},
        breaks=DURABLE,
        depth=8,
        source=f"{PAPER}, figure 2, persistent state",
        story=(
            "The vote is written to disk and the term is not. A server that crashes comes back in an old "
            "term and may vote again where it has voted before. The law speaks up before that: a message "
            "tells of a term that is not on the disk."
        ),
        leads_to="election safety",
    ),
    NodeMutant(
        id="RAFT-03",
        title="Everybody gets a vote",
        system="raft",
        classes={"server": VotesForAnybody},
        breaks="leader completeness",
        depth=11,
        source=f"{PAPER}, section 5.4.1",
        story=(
            "A voter does not look at the log of the candidate. An entry is committed, and a server that "
            "missed it asks for votes. One who has the entry votes for it, so the new leader lacks what "
            "clients were told is safe."
        ),
    ),
    NodeMutant(
        id="RAFT-04",
        title="The longer log wins",
        system="raft",
        classes={"server": ComparesLengthsOnly},
        breaks="leader completeness",
        klass="D",
        depth=18,
        source=f"{PAPER}, section 5.4.1",
        story=(
            "Logs are compared by length, and the terms of their last entries are not. A deposed leader "
            "keeps an entry that nobody else has, while its successor commits a newer one. The old log is "
            "no shorter, so its owner is elected, without the entry that was committed."
        ),
        seeds_max=5_000,
    ),
    NodeMutant(
        id="RAFT-05",
        title="A leader counts copies of earlier terms",
        system="raft",
        classes={"server": CommitsEarlierTerms},
        breaks="leader completeness",
        klass="D",
        depth=22,
        source=f"{PAPER}, section 5.4.2 and figure 8",
        story=(
            "A leader counts the copies of entries of earlier terms as well. An old entry comes to stand on "
            "a majority and is taken for committed. A server whose last entry is of a later term can still "
            "win the election and replace it: this is figure 8 of the paper."
        ),
        seeds_max=5_000,
        options={"batch": 1},
        scenario="distsys.lab.scenarios_raft:FIGURE_EIGHT",
    ),
    NodeMutant(
        id="RAFT-06",
        title="Every AppendEntries cuts the log",
        system="raft",
        classes={"server": AlwaysCutsItsLog},
        breaks="leader completeness",
        klass="D",
        depth=12,
        source=f"{PAPER}, figure 2, AppendEntries rule 3",
        story=(
            "A follower cuts its log where the entries of a message begin, even if it has them already. An "
            "old, short message comes after a longer one that was acknowledged. It cuts off an entry that "
            "the leader counts as stored, and a server without it can become the leader."
        ),
        seeds_max=5_000,
    ),
    NodeMutant(
        id="RAFT-07",
        title="The leader's commit index is believed",
        system="raft",
        classes={"server": BelievesTheLeadersCommitIndex},
        breaks="state machine safety",
        klass="D",
        depth=15,
        source=f"{PAPER}, figure 2, AppendEntries rule 5",
        story=(
            "A follower takes over the leader's commit index without asking how far their logs agree. A "
            "message shows that the logs agree up to some entry, and says that more is committed. The "
            "follower applies what stands there in its own old tail, and others have applied other entries "
            "at the same place."
        ),
        seeds_max=5_000,
        options={"batch": 1},
        scenario="distsys.lab.scenarios_raft:APPLIES_A_TAIL",
    ),
    NodeMutant(
        id="RAFT-08",
        title="The entry before is not compared",
        system="raft",
        classes={"server": DoesNotLookAtThePreviousEntry},
        breaks="log matching",
        depth=19,
        source=f"{PAPER}, section 5.3",
        story=(
            "A follower does not compare the term of the entry before the new ones. It has an entry of an "
            "old term there, and puts the new leader's entry on top. Now two logs have the same entry at "
            "the end and differ below it."
        ),
    ),
    NodeMutant(
        id="RAFT-09",
        title="Acknowledged, and not yet on the disk",
        system="raft",
        classes={"server": AcknowledgesBeforeTheDisk},
        breaks=DURABLE,
        depth=13,
        source="Ongaro 2014, section 10.2.1",
        story=(
            "A follower acknowledges entries at once and writes them to disk a little later. If it crashes "
            "in between, the leader has counted a copy that is gone. The law speaks up when the "
            "acknowledgement leaves: what it tells of is not on the disk."
        ),
        leads_to="leader completeness",
    ),
    NodeMutant(
        id="RAFT-10",
        title="Late votes count",
        system="raft",
        classes={"server": CountsOldVotes},
        breaks="election safety",
        klass="D",
        depth=8,
        source=f"{PAPER}, section 5.2",
        story=(
            "A candidate counts every vote that comes, also one for an earlier term. It has begun another "
            "election when a late vote of the last one arrives. That is enough to take office in a term "
            "that has a leader already."
        ),
        seeds_max=5_000,
    ),
    NodeMutant(
        id="RAFT-11",
        title="The whole log is acknowledged",
        system="raft",
        classes={"server": AcknowledgesItsWholeLog},
        breaks="leader completeness",
        klass="D",
        depth=18,
        source=f"{PAPER}, figure 2, matchIndex",
        story=(
            "A follower acknowledges its whole log, and not only what the message showed to agree. Its tail "
            "is that of an old leader. The new leader takes it for copies of its own entries and commits "
            "what no majority has."
        ),
        seeds_max=5_000,
        options={"batch": 1},
        scenario="distsys.lab.scenarios_raft:COUNTS_A_TAIL",
    ),
    NodeMutant(
        id="RAFT-12",
        title="Half is a majority",
        system="raft",
        classes={"server": HalfIsAMajority},
        breaks="election safety",
        depth=11,
        source=f"{PAPER}, section 5.2",
        story=(
            "Half of the servers count as a majority: n // 2 of them, and not n // 2 + 1. Two halves need "
            "not have a server in common, so two candidates can win in the same term."
        ),
    ),
    NodeMutant(
        id="RAFT-22",
        title="Every message resets the election timer",
        system="raft",
        classes={"server": AnyMessageResetsTheTimer},
        breaks="one leader in the end",
        klass="L",
        source=f"{PAPER}, section 5.2",
        story=(
            "Every message starts the election timer anew, also a request for a vote that is refused. One "
            "server has a log that is too old to win, and here it waits a third as long as the others, so "
            "it asks again and again. Each request keeps those who could win from trying, and nobody leads."
        ),
        scenario="distsys.lab.scenarios_raft:TOO_OLD_TO_WIN",
    ),
    NodeMutant(
        id="RAFT-23",
        title="All wake together",
        system="raft",
        classes={"server": AllWakeTogether},
        breaks="one leader in the end",
        klass="L",
        source=f"{PAPER}, section 5.2",
        story=(
            "All servers wait equally long before they become candidates. They do so at the same moment, "
            "each votes for itself, and nobody wins. After the same time they try again."
        ),
    ),
    NodeMutant(
        id="RAFT-25",
        title="A restart forgets the vote",
        system="raft",
        classes={"server": ForgetsItsVoteAtARestart},
        breaks="terms and votes are kept",
        source=f"{PAPER}, figure 2, persistent state",
        story=(
            "The vote is on the disk, but what runs at a restart sets it to nothing. A server votes, "
            "crashes, and comes back free to vote for somebody else in the same term."
        ),
    ),
    NodeMutant(
        id="RAFT-26",
        title="A new leader tidies up",
        system="raft",
        classes={"server": TidiesUpAsALeader},
        breaks="leader append-only",
        source=f"{PAPER}, figure 3",
        story=(
            "As long as a leader has committed nothing in its term, it cuts off what it does not know to be "
            "committed before it sends heartbeats. Here that is what a client has just asked for. It could "
            "be committed as well, for a new leader is the last to know. A leader may only append."
        ),
    ),
    NodeMutant(
        id="RAFT-27",
        title="A term begins without an entry",
        system="raft",
        classes={"server": BeginsWithoutAnEntry},
        breaks="everything is committed in the end",
        klass="L",
        source=f"{PAPER}, section 8; Ongaro 2014, section 6.4",
        story=(
            "A new leader writes no entry of its own. What earlier terms left can be committed only under "
            "an entry of this term. While no client asks for anything there is none, and it stays open."
        ),
    ),
)
