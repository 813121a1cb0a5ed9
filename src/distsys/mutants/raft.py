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
        for index in range(self.log.last_index, self.commit_index, -1):
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
        story="A server that voted and crashed comes back and votes again, for somebody else: two leaders in one term.",
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
        story="A server that comes back in an old term votes in terms in which it has voted before.",
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
        story="A server that missed what was committed becomes the leader and overwrites it.",
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
        story="A long tail of an old term, never committed, beats a short log in which something was.",
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
        story="An entry of an old term stands on a majority and is taken for committed, and then it is replaced.",
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
        story="A short message that was overtaken by a long one cuts off what the follower has acknowledged.",
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
        story="A heartbeat says that so much is committed; the follower applies its own, other entries there.",
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
        story="New entries go on top of an old tail, and the logs differ below entries that are the same.",
    ),
    NodeMutant(
        id="RAFT-09",
        title="Acknowledged, and not yet on the disk",
        system="raft",
        classes={"server": AcknowledgesBeforeTheDisk},
        breaks=DURABLE,
        depth=13,
        source="Ongaro 2014, section 10.2.1",
        story="A follower says that it has the entry, crashes, and has it no longer.",
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
        story="A vote of the last election arrives in this one and makes a second leader.",
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
        story="A follower counts its own old tail, and the leader commits entries that the follower does not have.",
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
        story="With n // 2 votes, two candidates can both have enough.",
    ),
    NodeMutant(
        id="RAFT-22",
        title="Every message resets the election timer",
        system="raft",
        classes={"server": AnyMessageResetsTheTimer},
        breaks="one leader in the end",
        klass="L",
        source=f"{PAPER}, section 5.2",
        story="A server whose log is too old to win asks again and again, and keeps those who could win from trying.",
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
        story="With one fixed timeout all servers become candidates at the same moment, again and again.",
    ),
    NodeMutant(
        id="RAFT-25",
        title="A restart forgets the vote",
        system="raft",
        classes={"server": ForgetsItsVoteAtARestart},
        breaks="terms and votes are kept",
        source=f"{PAPER}, figure 2, persistent state",
        story="The vote is on the disk, and the code that reads it back leaves it out.",
    ),
    NodeMutant(
        id="RAFT-26",
        title="A new leader tidies up",
        system="raft",
        classes={"server": TidiesUpAsALeader},
        breaks="leader append-only",
        source=f"{PAPER}, figure 3",
        story="It throws away what is not committed, as it thinks; some of it may be, for it is the last to know.",
    ),
    NodeMutant(
        id="RAFT-27",
        title="A term begins without an entry",
        system="raft",
        classes={"server": BeginsWithoutAnEntry},
        breaks="everything is committed in the end",
        klass="L",
        source=f"{PAPER}, section 8; Ongaro 2014, section 6.4",
        story="What earlier terms left can be committed only under an entry of this term, and nobody writes one.",
    ),
)
