"""The hand-made runs of the pages on Raft: every order of events is chosen, so that one idea is seen at a time.

Each function returns a `Trace`, the same one on every call. `election` runs by the clock; the others are
schedules (`distsys.drivers.schedules`): they say who does what in which order, and nothing of when. A message that no
move delivers is lost. Each run is judged by the laws that it is about.

>>> figure_eight().violation is None, figure_eight("RAFT-05").violation.law
(True, 'leader completeness')
"""

from __future__ import annotations

from typing import Any

from distsys.core import MS, Trace, systems
from distsys.core.events import Deliver, Send, Start, Timeout
from distsys.core.log import Log
from distsys.core.systems import Cluster, Request
from distsys.core.values import Map
from distsys.drivers import Crash, Restart, Simulator, link, perform
from distsys.drivers.schedules import crash, deliver, flow, request, restart, timeout
from distsys.protocols.raft import Raft
from distsys.protocols.raft_laws import (
    election_safety,
    leader_completeness,
    log_matching,
    state_machine_safety,
)
from distsys.protocols.raft_messages import AppendEntries, Entry, Propose, Refused, RequestVote, Vote

from .raft_words import Story, wins

THREE = ("s1", "s2", "s3")


def cluster(mutant: str | None = None, **options: Any) -> Cluster:
    """Return three servers, the correct ones or those of a mutant."""
    return systems.build("raft", nodes=THREE, mutant=mutant, **options)


def election(seed: int = 541) -> Trace:
    """Return a run by the clock: s1 is elected and crashes; its followers wake within 10 ms of each other."""
    return Simulator(
        cluster(),
        seed,
        network=link(delay=10 * MS),
        script=(Crash(375 * MS, "s1"), Restart(1_060 * MS, "s1")),
        requests=(),
        laws=(election_safety,),
        until=1_130 * MS,
        settle=0,
    ).run()


def log_repair(seed: int = 1) -> Trace:
    """Return a run by the clock: a former leader comes back with an entry that nobody else has, and loses it."""
    return Simulator(
        cluster(heartbeat_ms=100),
        seed,
        network=link(delay=10 * MS),
        script=(Crash(424 * MS, "s1", keep=1), Restart(860 * MS, "s1")),
        requests=(
            Request(400 * MS, "s1", Propose("x=1")),
            Request(425 * MS, "s1", Propose("x=2")),  # on its own disk only: it crashes in this step
            Request(800 * MS, "s2", Propose("x=3")),
        ),
        laws=(log_matching, leader_completeness),
        until=940 * MS,
        settle=0,
    ).run()


def figure_eight(mutant: str | None = None, *, one_more: bool = False) -> Trace:
    """Return the run of figure 8 of the paper with three servers, in batches of one entry.

    With `one_more`, s1 also replicates an entry of its own term before it crashes: part (e) of the figure.
    """
    story: Story = (
        *wins("s1", "s2"),
        flow("s1", "s2", "s3"),  # all have the first entry, and s1 has committed it
        request("s1", Propose("x=1"), keep=1),  # s1 writes x=1 to its disk and crashes: nobody else has it
        timeout(
            "s3", "election"
        ),  # term 2: s3 wins, writes an entry to its disk, and crashes before it is sent
        deliver("s3", "s2", RequestVote),
        deliver("s2", "s3", Vote, keep=3),
        restart("s1"),
        *wins("s1", "s2"),  # term 2 again: s2 has voted
        *wins("s1", "s2"),  # term 3
        deliver("s1", "s2", AppendEntries),
        deliver("s2", "s1", Refused),
        deliver("s1", "s2", AppendEntries),
        deliver("s2", "s1"),  # now x=1, of term 1, stands on two of three servers
        *((deliver("s1", "s2"), deliver("s2", "s1")) if one_more else ()),
        crash("s1"),
        restart("s3"),
        *wins("s3", "s2"),  # term 3: s2 has voted
        *wins("s3", "s2"),  # term 4
        flow("s2", "s3"),
    )
    return perform(cluster(mutant, batch=1), story, laws=(leader_completeness, state_machine_safety))


def two_votes(mutant: str | None = None) -> Trace:
    """Return a run in which a server votes, crashes, and is asked again in the same term."""
    story: Story = (
        timeout("s1", "election"),
        timeout("s2", "election"),
        deliver("s1", "s3", RequestVote),
        deliver("s3", "s1", Vote),
        crash("s3"),
        restart("s3"),
        deliver("s2", "s3", RequestVote),
        deliver("s3", "s2", Vote),
    )
    return perform(cluster(mutant), story, laws=(election_safety,))


def lost_acknowledgement(mutant: str | None = None) -> Trace:
    """Return a run in which a follower acknowledges an entry and crashes at once."""
    story: Story = (
        *wins("s1", "s2", "s3"),
        request("s1", Propose("x=1")),
        flow("s1", "s2"),
        crash("s2"),
        restart("s2"),
        crash("s1"),
        *wins("s3", "s2"),
    )
    return perform(cluster(mutant), story, laws=(leader_completeness,))


class OneStepBack(Raft):
    """Raft without fast back-tracking: a refusal says only that the entry is not there."""

    def refusal(self, message: AppendEntries) -> Refused:
        """Return an answer without the conflicting term: the leader tries the entry before."""
        return Refused(self.current_term, message.prev_index, 0, message.prev_index)


def repair_rounds(kind: type[Raft], leader_terms: tuple[int, ...], follower_terms: tuple[int, ...]) -> int:
    """Return how many AppendEntries a new leader sends until a follower's log equals its own.

    The logs are given by the terms of their entries; no message is lost.

    >>> repair_rounds(Raft, (1, 4, 4), (1, 2, 2, 2)), repair_rounds(OneStepBack, (1, 4, 4), (1, 2, 2, 2))
    (2, 3)
    """
    leader, follower = (
        kind(name, Map({"current_term": 9, "log": Log([Entry(term) for term in terms])}), voters=("f", "l"))
        for name, terms in (("l", leader_terms), ("f", follower_terms))
    )
    nodes, count = {"l": leader, "f": follower}, 0
    for node in nodes.values():
        node.handle(Start(0))
    waiting = [("l", effect) for effect in leader.handle(Timeout("election"))]
    while waiting:
        sender, effect = waiting.pop(0)
        if isinstance(effect, Send):
            count += isinstance(effect.message, AppendEntries)
            answer = nodes[effect.to].handle(Deliver(sender, effect.message))
            waiting += [(effect.to, one) for one in answer]
    assert follower.log == leader.log, "the follower's log was not repaired"
    return count
