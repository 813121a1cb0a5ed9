"""Paxos gone wrong: one decision. Each class is one small change that somebody has made, or that the paper warns of."""

from __future__ import annotations

from typing import Any

from distsys.core.systems import NodeMutant
from distsys.core.values import EMPTY, Map
from distsys.protocols.paxos import Paxos
from distsys.protocols.paxos_messages import ZERO, Accept, Accepted, Ballot
from distsys.protocols.quorums import Quorums, Sizes

PAPER = "Lamport 2001, Paxos Made Simple"


class ProposesItsOwnValue(Paxos):
    """PAX-01."""

    def value_to_propose(self) -> Any:
        return super().value_to_propose() if self.proposal is None else self.proposal


class TakesTheFirstVote(Paxos):
    """PAX-02."""

    def value_to_propose(self) -> Any:
        votes = [promise for promise in self.promises.values() if promise.voted_ballot != ZERO]
        return votes[0].voted_value if votes else self.proposal


class ForgetsItsPromise(Paxos):
    """PAX-03."""

    def promise(self, ballot: Ballot) -> None:
        self.promised = ballot


class ForgetsItsVote(Paxos):
    """PAX-04."""

    def vote(self, accept: Accept) -> None:
        self.promised = self.voted_ballot = accept.ballot
        self.voted_value = accept.value
        self.persist(promised=accept.ballot)


class VotesInEveryBallot(Paxos):
    """PAX-05."""

    def on_accept(self, sender: str, message: Accept) -> None:
        self.vote(message)
        accepted = Accepted(message.ballot, message.value)
        self.broadcast(self.others(), accepted)
        self.on_accepted(self.name, accepted)


class CountsBallotsOnly(Paxos):
    """PAX-06."""

    def next_ballot(self) -> Ballot:
        return Ballot(super().next_ballot().round, "any")


class CountsVotesOfAllBallots(Paxos):
    """PAX-07."""

    def voters(self, ballot: Ballot) -> frozenset[str]:
        return frozenset(self.votes)


class ComesBackWithAnEmptyDisk(Paxos):
    """PAX-09."""

    def __init__(self, name: str, disk: Map[str, Any] = EMPTY, **settings: Any) -> None:
        super().__init__(name, EMPTY, **settings)


class QuorumsThatNeedNotMeet(Paxos):
    """PAX-11."""

    def choose_quorums(self, choice: tuple[Any, ...]) -> Quorums:
        half = (len(self.acceptors) + 1) // 2
        return Sizes(self.acceptors, half, len(self.acceptors) - half)


class ProposesWhatNobodyAsked(Paxos):
    """PAX-12."""

    def value_to_propose(self) -> Any:
        value = super().value_to_propose()
        return "nothing" if value is None else value


class TriesOnce(Paxos):
    """PAX-13."""

    def restart_retry_timer(self) -> None:
        if self.ballot == ZERO:
            super().restart_retry_timer()


DURABLE = "durable before revealed"

MUTANTS = (
    NodeMutant(
        id="PAX-01",
        title="A proposer insists on its own value",
        system="paxos",
        classes={"process": ProposesItsOwnValue},
        breaks="P2c",
        depth=8,
        source=f"{PAPER}, section 2.2, P2c; a real fix of this bug: NicolasT/paxos commit 4b144a1",
        story=(
            "A proposer does not look at the votes that the promises tell of. A value is voted for, and "
            "perhaps chosen, in one ballot. The next proposer hears of it and asks for votes for a value of its "
            "own, and a quorum gives them."
        ),
        leads_to="agreement",
    ),
    NodeMutant(
        id="PAX-02",
        title="Any vote will do",
        system="paxos",
        classes={"process": TakesTheFirstVote},
        breaks="P2c",
        depth=14,
        source=f"{PAPER}, section 2.2, P2c",
        story=(
            "The promises tell of votes in two ballots, and the proposer takes the first one that it finds "
            "and not the one of the highest ballot. The older vote was never chosen, the newer one may be."
        ),
        leads_to="agreement",
    ),
    NodeMutant(
        id="PAX-03",
        title="A promise is not durable",
        system="paxos",
        classes={"process": ForgetsItsPromise},
        breaks=DURABLE,
        depth=12,
        source=f"{PAPER}, sections 2.2 and 2.5",
        story=(
            "An acceptor keeps its promise in memory only. After a crash it votes in a ballot that it had "
            "promised to ignore. The law speaks up before that: a message tells of a promise that is not on the "
            "disk."
        ),
    ),
    NodeMutant(
        id="PAX-04",
        title="A vote is not durable",
        system="paxos",
        classes={"process": ForgetsItsVote},
        breaks=DURABLE,
        depth=10,
        source=f"{PAPER}, sections 2.2 and 2.5",
        story=(
            "An acceptor keeps its vote in memory only. A value is chosen, an acceptor crashes, and the next "
            "proposer does not hear of the value from it. The law speaks up before that: a message tells of a "
            "vote that is not on the disk."
        ),
        leads_to="agreement",
    ),
    NodeMutant(
        id="PAX-05",
        title="Every Accept gets a vote",
        system="paxos",
        classes={"process": VotesInEveryBallot},
        breaks="promises are kept",
        depth=10,
        source=f"{PAPER}, section 2.2, phase 2b",
        story=(
            "An acceptor does not compare the ballot of an Accept with what it has promised. A late Accept of "
            "a small ballot gets its vote, although a proposer of a higher ballot has been told that it would "
            "not."
        ),
        leads_to="agreement",
    ),
    NodeMutant(
        id="PAX-06",
        title="Ballots that two proposers share",
        system="paxos",
        classes={"process": CountsBallotsOnly},
        breaks="one value in a ballot",
        depth=8,
        source=f"{PAPER}, section 2.5: proposers choose their numbers from disjoint sets",
        story=(
            "Ballots are bare counters. Two proposers use the same one, with a value each. Acceptors cannot "
            "tell them apart, promise to both and vote for both."
        ),
        leads_to="agreement",
    ),
    NodeMutant(
        id="PAX-07",
        title="Votes of different ballots are added up",
        system="paxos",
        classes={"process": CountsVotesOfAllBallots},
        breaks="only what is chosen is learned",
        depth=9,
        source=f"{PAPER}, section 2.3",
        story=(
            "A learner counts who has voted and not in which ballot. One acceptor has voted in an old ballot "
            "and another in a new one, for another value. The learner takes that for a quorum."
        ),
    ),
    NodeMutant(
        id="PAX-09",
        title="An acceptor comes back with an empty disk",
        system="paxos",
        classes={"process": ComesBackWithAnEmptyDisk},
        breaks="promises are kept",
        depth=9,
        source="Chandra, Griesemer and Redstone 2007, Paxos Made Live, disk corruption",
        story=(
            "An acceptor finds that its disk is damaged, starts with an empty one, and votes again at once. It "
            "has forgotten its promises and its votes, so it is no longer one of those in whom quorums meet."
        ),
        leads_to="agreement",
    ),
    NodeMutant(
        id="PAX-11",
        title="Quorums that need not meet",
        system="paxos",
        classes={"process": QuorumsThatNeedNotMeet},
        breaks="agreement",
        depth=11,
        source="Howard, Malkhi and Spiegelman 2016, Flexible Paxos",
        story=(
            "Two acceptors promise and the third decides alone: the sizes of the two quorums add up to the "
            "number of acceptors, and not to more. A value is chosen by somebody of whom the next proposer "
            "never hears."
        ),
    ),
    NodeMutant(
        id="PAX-12",
        title="A value that nobody has proposed",
        system="paxos",
        classes={"process": ProposesWhatNobodyAsked},
        breaks="only what is proposed",
        depth=4,
        source=f"{PAPER}, section 2.1",
        story=(
            "A process that only wants to know the outcome begins a ballot without a value of its own. Nobody "
            "has voted yet, so it asks for votes for a default. All agree on a value that no client has proposed."
        ),
    ),
    NodeMutant(
        id="PAX-13",
        title="Nobody tries again",
        system="paxos",
        classes={"process": TriesOnce},
        breaks="everybody learns in the end",
        klass="L",
        source=f"{PAPER}, section 2.4",
        story=(
            "A proposer begins one ballot and then waits for ever. Its messages are lost, or it is outbid by "
            "another one. Nothing wrong is chosen, and nothing at all is learned."
        ),
    ),
)
