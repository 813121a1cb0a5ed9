"""The hand-made runs of the page on Paxos: every order of events is chosen, so that one idea is seen at a time.

Each function returns a `Trace`, the same one on every call. They are schedules (`distsys.drivers.schedules`): they say
who does what in which order, and nothing of when. A message that no move delivers is lost. Each run is judged by
the laws that it is about, and with the name of a mutant the same moves are made by broken processes.

>>> takeover().violation is None, takeover("PAX-01").violation.law
(True, 'agreement')
"""

from __future__ import annotations

from distsys.core import Trace, systems
from distsys.core.systems import Cluster
from distsys.drivers import perform
from distsys.drivers.schedules import Flowed, Move, crash, deliver, flow, request, restart, timeout
from distsys.protocols.paxos_laws import agreement
from distsys.protocols.paxos_messages import Accept, Accepted, Prepare, Promise, Propose, Reject

Story = tuple[Move | Flowed, ...]
THREE = ("p1", "p2", "p3")


def cluster(mutant: str | None = None) -> Cluster:
    """Return three processes of Paxos, the correct ones or those of a mutant."""
    return systems.build("paxos", nodes=THREE, mutant=mutant)


def prepares(name: str, *voters: str) -> Story:
    """Return the moves by which the Prepare of `name` reaches each voter, and the answer comes back."""
    pairs = ((deliver(name, voter, Prepare), deliver(voter, name, Promise)) for voter in voters)
    return tuple(move for pair in pairs for move in pair)


def decision(servers: int = 3) -> Trace:
    """Return a run in which p1 proposes x to so many servers, and nothing goes wrong.

    >>> decision().outputs()["p3"][0].value
    'x'
    """
    names = tuple(f"p{number}" for number in range(1, servers + 1))
    story: Story = (request("p1", Propose("x")), flow(*names, most=1_000))
    return perform(systems.build("paxos", nodes=names), story, laws=(agreement,))


def takeover(mutant: str | None = None) -> Trace:
    """Return a run in which x is chosen, nobody knows it, and p3 comes with a value of its own.

    >>> takeover().outputs()["p3"][0].value
    'x'
    """
    story: Story = (
        request("p1", Propose("x")),
        *prepares("p1", "p2"),
        deliver(
            "p1", "p2", Accept
        ),  # p1 and p2 have voted for x: it is chosen, and nobody has heard of both votes
        crash("p1"),
        request("p3", Propose("y")),
        *prepares("p3", "p2"),
        deliver("p3", "p2", Accept),
        deliver("p2", "p3", Accepted, over=1),  # the older one, of ballot 1.p1, is still on its way
    )
    return perform(cluster(mutant), story, laws=(agreement,))


def old_vote(mutant: str | None = None) -> Trace:
    """Return a run with votes for x and for y in two ballots, and a third ballot that hears of both.

    >>> old_vote("PAX-02").violation.step == len(old_vote("PAX-02"))
    True
    """
    story: Story = (
        request("p1", Propose("x")),
        *prepares("p1", "p2"),
        crash("p1"),  # it has voted for x, alone
        request("p3", Propose("y")),
        *prepares("p3", "p2"),
        deliver("p3", "p2", Accept),  # p3 and p2 have voted for y: it is chosen
        restart("p1"),
        timeout("p1", "retry"),
        *prepares("p1", "p2"),
        deliver("p1", "p2", Accept, over=1),  # not the one of ballot 1.p1, which is still on its way
    )
    return perform(cluster(mutant), story, laws=(agreement,))


def forgotten_promise(mutant: str | None = None) -> Trace:
    """Return a run in which p2 promises a higher ballot, crashes, and then hears of an old one.

    >>> forgotten_promise().violation is None, forgotten_promise("PAX-03").violation.law
    (True, 'agreement')
    """
    story: Story = (
        request("p1", Propose("x")),
        *prepares("p1", "p2"),  # p1 asks for x, and the Accept is late
        request("p3", Propose("y")),
        *prepares("p3", "p2"),  # p3 asks for y
        crash("p2"),
        restart("p2"),
        deliver("p1", "p2", Accept),  # now it comes, after a promise to ignore it
        deliver("p3", "p2", Accept),
    )
    return perform(cluster(mutant), story, laws=(agreement,))


def duel(ballots: int = 6) -> Trace:
    """Return a run in which p1 and p3 outbid each other: each prepares just before the other's Accept arrives.

    >>> duel().outputs()
    {'p1': (), 'p2': (), 'p3': ()}
    """
    story: list[Move | Flowed] = [request("p1", Propose("x")), *prepares("p1", "p2")]
    asks, outbids = "p1", "p3"
    for number in range(1, ballots):
        story.append(request(outbids, Propose("y")) if number == 1 else timeout(outbids, "retry"))
        story += prepares(outbids, "p2")
        story += [deliver(asks, "p2", Accept), deliver("p2", asks, Reject)]
        asks, outbids = outbids, asks
    return perform(cluster(), tuple(story), laws=(agreement,))
