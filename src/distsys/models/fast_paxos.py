"""Fast Paxos, as abstract as it can be: in ballot 0 clients ask the acceptors themselves, later ballots are classic.

After Lamport 2006, "Fast Paxos". In the fast ballot acceptors may vote for different values, so a ballot no longer
stands for one value. A new ballot that hears of several must find the one that may be chosen: `may_be_chosen`, the rule
that the paper calls O4. It is enough where any two fast quorums and any classic one have an acceptor in common, and
any two classic ones, too.

The quorums are given by their sizes, and nothing asks whether they meet.
"""

from __future__ import annotations

from collections.abc import Iterator

from distsys.core.errors import whole_number
from distsys.core.models import Model

from .abstract_paxos import NONE, Accept, Accepted, Paxos, Promise, as_votes, at, phase_2b, send
from .voting import Quorums, chosen, quorums_of, values_of


def fast_paxos(
    acceptors: int = 3, values: int = 2, ballots: int = 2, classic: int | None = None, fast: int | None = None
) -> Model[Paxos]:
    """Return Fast Paxos for so many acceptors, values and ballots, of which the first one is fast.

    A classic quorum has by default a majority, a fast one three quarters, rounded up.
    """
    names = values_of(values)
    classics = quorums_of(acceptors, classic)
    fasts = quorums_of(acceptors, -(-3 * acceptors // 4) if fast is None else fast)
    whole_number("ballots", ballots, at_least=1)

    def next_states(s: Paxos) -> Iterator[tuple[str, Paxos]]:
        for value in names:
            yield from fast_votes(s, value)
        for ballot in range(1, ballots):
            yield from promises(s, ballot)
            sent = [accept for value in names if (accept := Accept(ballot, value)) in s.messages]
            for accept in sent:
                yield from phase_2b(s, accept)
            for value in sorted(allowed(s, ballot, classics, fasts, names)) if not sent else ():
                yield f"Phase2a({ballot}, {value})", send(s, Accept(ballot, value))

    def agreement(s: Paxos) -> str | None:
        votes = as_votes(s).votes
        found = {value for ballot, value in chosen(votes, classics) if ballot > 0}
        found |= {value for ballot, value in chosen(votes, fasts) if ballot == 0}
        return f"both {min(found)} and {max(found)} are chosen" if len(found) > 1 else None

    return Model(
        name="fast-paxos",
        says="Fast Paxos: clients ask acceptors themselves, and a classic ballot mends what collides.",
        initial=(Paxos((-1,) * acceptors, (-1,) * acceptors, (NONE,) * acceptors, frozenset()),),
        next_states=next_states,
        invariants={"Agreement": agreement},
        source="Lamport 2006, Fast Paxos",
    )


def fast_votes(s: Paxos, value: str) -> Iterator[tuple[str, Paxos]]:
    """Each acceptor that has promised nothing and not voted votes for the value that reaches it first."""
    for a, heard in enumerate(s.max_ballot):
        if heard < 0:
            voted = Paxos(
                at(s.max_ballot, a, 0),
                at(s.voted_ballot, a, 0),
                at(s.voted, a, value),
                s.messages | {Accepted(a, 0, value)},
            )
            yield f"FastVote(a{a + 1}, {value})", voted


def promises(s: Paxos, ballot: int) -> Iterator[tuple[str, Paxos]]:
    """Each acceptor that has heard of no ballot as large promises, and tells its last vote."""
    for a, heard in enumerate(s.max_ballot):
        if ballot > heard:
            promise = Promise(a, ballot, s.voted_ballot[a], s.voted[a])
            after = Paxos(at(s.max_ballot, a, ballot), s.voted_ballot, s.voted, s.messages | {promise})
            yield f"Phase1b(a{a + 1}, {ballot})", after


def allowed(
    s: Paxos, ballot: int, classics: Quorums, fasts: Quorums, names: tuple[str, ...]
) -> frozenset[str]:
    """Return the values for which a proposer may ask for votes in a classic ballot, with the promises of a quorum."""
    told = {m.acceptor: m for m in s.messages if type(m) is Promise and m.ballot == ballot}
    found: set[str] = set()
    for quorum in classics:
        if all(a in told for a in quorum):
            last = max(told[a].voted_ballot for a in quorum)
            votes = {a: told[a].voted if told[a].voted_ballot == last > -1 else NONE for a in quorum}
            values = {value for value in votes.values() if value != NONE}
            found |= values if last > 0 else may_be_chosen(votes, fasts) or frozenset(names)
    return frozenset(found)


def may_be_chosen(votes: dict[int, str], fasts: Quorums) -> frozenset[str]:
    """Return the values for which all of some fast quorum may have voted, where a quorum has told these votes (O4).

    Who told nothing may have voted for anything. "none" is an acceptor that has not voted and will not.

    >>> fasts = quorums_of(4, 3)
    >>> may_be_chosen({0: "x", 1: "x", 2: "y"}, fasts), may_be_chosen({0: "x", 1: "y", 2: "none"}, fasts)
    (frozenset({'x'}), frozenset())
    """
    values = sorted(set(votes.values()) - {NONE})
    return frozenset(
        value for value in values if any(all(votes.get(a, value) == value for a in fast) for fast in fasts)
    )
