"""Paxos, as abstract as it can be: acceptors, ballots, and the set of all messages that were ever sent.

After Lamport's specification Paxos.tla, action for action. There are no leaders: who leads a ballot is left open,
so any ballot may begin at any time. Nobody crashes, for an acceptor that stops is one that takes no action. The
network is the set of messages, from which nothing is ever removed: a message may be received late, again, or never.

So the model covers all that a network and crashes (with a disk that keeps what an acceptor promised) can do to the
algorithm, and its states are few: for three acceptors, two values and two ballots there are 3,921.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from distsys.core.errors import whole_number
from distsys.core.models import Model

from .voting import Check, Quorums, Votes, invariants_of, quorums_of, values_of

NONE = "none"  # the value of an acceptor that has not voted


# Messages. They have different numbers of fields, so no two of different kinds are equal as tuples.


class Prepare(NamedTuple):
    """Phase 1a: ballot `ballot` begins."""

    ballot: int


class Promise(NamedTuple):
    """Phase 1b: the acceptor takes part in no smaller ballot; its last vote was for `voted` in `voted_ballot`."""

    acceptor: int
    ballot: int
    voted_ballot: int
    voted: str


class Accept(NamedTuple):
    """Phase 2a: acceptors are asked to vote for `value` in `ballot`."""

    ballot: int
    value: str


class Accepted(NamedTuple):
    """Phase 2b: the acceptor votes for `value` in `ballot`."""

    acceptor: int
    ballot: int
    value: str


Message = Prepare | Promise | Accept | Accepted


class Paxos(NamedTuple):
    """For each acceptor the largest ballot it heard of, and its last vote; and all messages that were sent."""

    max_ballot: tuple[int, ...]
    voted_ballot: tuple[int, ...]
    voted: tuple[str, ...]
    messages: frozenset[Message]


def abstract_paxos(
    acceptors: int = 3, values: int = 2, ballots: int = 2, quorum: int | None = None
) -> Model[Paxos]:
    """Return Paxos for so many acceptors, values and ballots; a quorum has by default a majority."""
    quorums = quorums_of(acceptors, quorum)
    return paxos_with(acceptors, quorums, quorums, values, ballots)


def paxos_with(
    acceptors: int, phase1: Quorums, phase2: Quorums, values: int = 2, ballots: int = 2
) -> Model[Paxos]:
    """Return Paxos in which a quorum of `phase1` must promise, and one of `phase2` must vote.

    Nothing asks whether they meet: that is the question (Howard, Malkhi and Spiegelman 2016).
    """
    names = values_of(values)
    whole_number("ballots", ballots, at_least=1)

    def next_states(s: Paxos) -> Iterator[tuple[str, Paxos]]:
        for ballot in range(ballots):
            yield f"Phase1a({ballot})", send(s, Prepare(ballot))
            if Prepare(ballot) in s.messages:
                yield from phase_1b(s, ballot)
            accepts = [Accept(ballot, value) for value in names]
            sent = [accept for accept in accepts if accept in s.messages]
            for accept in sent:
                yield from phase_2b(s, accept)
            for accept in accepts if not sent else ():
                if may_propose(s, phase1, accept):
                    yield f"Phase2a({ballot}, {accept.value})", send(s, accept)

    invariants = invariants_of(phase1, phase2)
    return Model(
        name="abstract-paxos",
        says="Lamport's Paxos: acceptors and the set of all messages that were ever sent.",
        initial=(Paxos((-1,) * acceptors, (-1,) * acceptors, (NONE,) * acceptors, frozenset()),),
        next_states=next_states,
        invariants={name: _of_votes(check) for name, check in invariants.items()},
        source="Lamport, Paxos.tla (TLA+ examples)",
    )


def send(s: Paxos, message: Message) -> Paxos:
    """Return the state in which `message` was sent."""
    return Paxos(s.max_ballot, s.voted_ballot, s.voted, s.messages | {message})


def phase_1b(s: Paxos, ballot: int) -> Iterator[tuple[str, Paxos]]:
    """Each acceptor that has heard of no ballot as large promises, and tells its last vote."""
    for a, heard in enumerate(s.max_ballot):
        if ballot > heard:
            promise = Promise(a, ballot, s.voted_ballot[a], s.voted[a])
            max_ballot = at(s.max_ballot, a, ballot)
            after = Paxos(max_ballot, s.voted_ballot, s.voted, s.messages | {promise})
            yield f"Phase1b(a{a + 1}, {ballot})", after


def may_propose(s: Paxos, quorums: Quorums, accept: Accept) -> bool:
    """Return whether the promises of some quorum allow this value in this ballot (the heart of Phase2a).

    Either nobody in the quorum has voted, or whoever voted last there voted for this value.
    """
    promises = {m.acceptor: m for m in s.messages if type(m) is Promise and m.ballot == accept.ballot}
    for quorum in quorums:
        if all(acceptor in promises for acceptor in quorum):
            answers = [promises[acceptor] for acceptor in quorum]
            last = max(answer.voted_ballot for answer in answers)
            if last == -1 or any(a.voted_ballot == last and a.voted == accept.value for a in answers):
                return True
    return False


def phase_2b(s: Paxos, accept: Accept) -> Iterator[tuple[str, Paxos]]:
    """Each acceptor that has heard of no larger ballot votes."""
    ballot, value = accept
    for a, heard in enumerate(s.max_ballot):
        if ballot >= heard:
            yield (
                f"Phase2b(a{a + 1}, {ballot})",
                Paxos(
                    at(s.max_ballot, a, ballot),
                    at(s.voted_ballot, a, ballot),
                    at(s.voted, a, value),
                    s.messages | {Accepted(a, ballot, value)},
                ),
            )


def at(values: tuple, place: int, value: object) -> tuple:  # type: ignore[type-arg]
    """Return the tuple with another value at one place."""
    return (*values[:place], value, *values[place + 1 :])


def as_votes(s: Paxos) -> Votes:
    """Return the state of `voting` that this state implements: every step is a step of voting, or none."""
    votes: list[set[tuple[int, str]]] = [set() for _ in s.max_ballot]
    for message in s.messages:
        if type(message) is Accepted:
            votes[message.acceptor].add((message.ballot, message.value))
    return Votes(tuple(frozenset(cast) for cast in votes), s.max_ballot)


def _of_votes(check: Check) -> Callable[[Paxos], str | None]:
    return lambda s: check(as_votes(s))
