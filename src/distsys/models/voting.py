"""Voting: how a set of acceptors chooses one value, before anybody sends a message. What Paxos implements.

An acceptor may look at the votes of all others, as no process of a real system can. That leaves the one idea: vote for
a value in a ballot only if no other value was or ever can be chosen in a smaller ballot.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations
from typing import NamedTuple

from distsys.core.errors import whole_number
from distsys.core.models import Model

Vote = tuple[int, str]  # ballot, value
Quorums = tuple[tuple[int, ...], ...]
Check = Callable[["Votes"], str | None]


class Votes(NamedTuple):
    """For each acceptor the votes it has cast, and the ballot below which it casts no more."""

    votes: tuple[frozenset[Vote], ...]
    max_ballot: tuple[int, ...]


def values_of(count: int) -> tuple[str, ...]:
    """Return the names of so many values."""
    return tuple(f"v{number}" for number in range(1, whole_number("values", count, at_least=1) + 1))


def quorums_of(acceptors: int, size: int | None) -> Quorums:
    """Return all sets of `size` acceptors; None takes the smallest majority."""
    whole_number("acceptors", acceptors, at_least=1)
    if size is None:
        size = acceptors // 2 + 1
    whole_number("quorum", size, at_least=1, at_most=acceptors)
    return tuple(combinations(range(acceptors), size))


def chosen(votes: tuple[frozenset[Vote], ...], quorums: Quorums) -> frozenset[Vote]:
    """Return the (ballot, value) pairs for which all acceptors of some quorum have voted.

    >>> chosen((frozenset({(0, "v1")}), frozenset({(0, "v1")}), frozenset()), quorums_of(3, None))
    frozenset({(0, 'v1')})
    """
    return frozenset(
        vote
        for quorum in quorums
        for vote in votes[quorum[0]]
        if all(vote in votes[acceptor] for acceptor in quorum)
    )


def shows_safe_at(s: Votes, quorum: tuple[int, ...], ballot: int, value: str) -> bool:
    """Return whether this quorum shows that no other value can be chosen below `ballot` (ShowsSafeAt).

    None of its acceptors will vote below `ballot` any more, and the last of their votes there is for `value`.
    """
    if any(s.max_ballot[acceptor] < ballot for acceptor in quorum):
        return False
    last = max((b for a in quorum for b, _ in s.votes[a] if b < ballot), default=-1)
    return last == -1 or any((last, value) in s.votes[acceptor] for acceptor in quorum)


def invariants_of(quorums: Quorums, deciding: Quorums | None = None) -> dict[str, Check]:
    """Return the invariants of voting, and agreement, which follows from them.

    `quorums` show that a value is safe, `deciding` choose it; where these are not given, they are the same.
    """

    def agreement(s: Votes) -> str | None:
        values = sorted({value for _, value in chosen(s.votes, quorums if deciding is None else deciding)})
        return f"both {values[0]} and {values[1]} are chosen" if len(values) > 1 else None

    def one_value_per_ballot(s: Votes) -> str | None:
        cast = frozenset().union(*s.votes)
        ballots = [ballot for ballot, _ in cast]
        twice = sorted(ballot for ballot in set(ballots) if ballots.count(ballot) > 1)
        return f"there are votes for two values in ballot {twice[0]}" if twice else None

    def votes_safe(s: Votes) -> str | None:
        for ballot, value in sorted(frozenset().union(*s.votes)):
            for below in range(ballot):
                if not any(all(bound(s, a, below, value) for a in quorum) for quorum in quorums):
                    return f"{value} has a vote in ballot {ballot}, but {below} may still choose another"
        return None

    return {"Agreement": agreement, "OneValuePerBallot": one_value_per_ballot, "VotesSafe": votes_safe}


def bound(s: Votes, acceptor: int, ballot: int, value: str) -> bool:
    """Return whether an acceptor has voted for `value` in `ballot`, or will never vote for another there."""
    if (ballot, value) in s.votes[acceptor]:
        return True
    return s.max_ballot[acceptor] > ballot and all(b != ballot for b, _ in s.votes[acceptor])


def voting(acceptors: int = 3, values: int = 2, ballots: int = 3, quorum: int | None = None) -> Model[Votes]:
    """Return the specification Voting; a quorum has so many acceptors, by default a majority."""
    quorums, names = quorums_of(acceptors, quorum), values_of(values)
    whole_number("ballots", ballots, at_least=1)

    def next_states(s: Votes) -> Iterator[tuple[str, Votes]]:
        for acceptor in range(acceptors):
            for ballot in range(ballots):
                if ballot > s.max_ballot[acceptor]:
                    yield f"IncreaseMaxBal(a{acceptor + 1}, {ballot})", raised(s, acceptor, ballot)
                for value in names:
                    if may_vote(s, acceptor, ballot, value):
                        after = voted(raised(s, acceptor, ballot), acceptor, (ballot, value))
                        yield f"VoteFor(a{acceptor + 1}, {ballot}, {value})", after

    def may_vote(s: Votes, acceptor: int, ballot: int, value: str) -> bool:
        return (
            s.max_ballot[acceptor] <= ballot
            and all(b != ballot for b, _ in s.votes[acceptor])
            and all(v == value for votes in s.votes for b, v in votes if b == ballot)
            and any(shows_safe_at(s, quorum, ballot, value) for quorum in quorums)
        )

    return Model(
        name="voting",
        says="Acceptors that see all votes choose one value; what Paxos implements with messages.",
        initial=(Votes((frozenset(),) * acceptors, (-1,) * acceptors),),
        next_states=next_states,
        invariants=invariants_of(quorums),
        source="Lamport, Voting.tla (TLA+ examples)",
    )


def raised(s: Votes, acceptor: int, ballot: int) -> Votes:
    """Return the state in which an acceptor votes in no ballot smaller than `ballot`."""
    after = (*s.max_ballot[:acceptor], ballot, *s.max_ballot[acceptor + 1 :])
    return s._replace(max_ballot=after)


def voted(s: Votes, acceptor: int, vote: Vote) -> Votes:
    """Return the state in which an acceptor has cast one more vote."""
    votes = s.votes
    return s._replace(votes=(*votes[:acceptor], votes[acceptor] | {vote}, *votes[acceptor + 1 :]))
