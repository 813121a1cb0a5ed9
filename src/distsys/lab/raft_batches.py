"""How a follower of Raft that was cut off catches up, in batches: a run by the clock for the page on performance."""

from __future__ import annotations

from distsys.core import MS, Trace
from distsys.core.events import Deliver, Send
from distsys.core.systems import Request
from distsys.drivers import Heal, Partition, Simulator, link
from distsys.protocols.raft_messages import Appended, AppendEntries, Propose

from .raft_runs import cluster

CUT, BEGIN, HEALED = 400 * MS, 410 * MS, 700 * MS
LACKING = 8  # entries that are written while s3 is cut off


def catch_up(batch: int) -> Trace:
    """Return a run in which s3 is cut off while 8 entries are written, and then catches up; a message takes 5 ms.

    The leader sends at most `batch` entries in a message, and the next ones when it has heard of these. (While it was
    cut off, s3 stood for election; so s1 is elected again first, and its empty entry comes after the others.)
    """
    asked = [Request(BEGIN + number * MS // 4, "s1", Propose(f"x={number}")) for number in range(LACKING)]
    return Simulator(
        cluster(batch=batch, heartbeat_ms=100),
        541,  # s1 is elected with this seed
        network=link(delay=5 * MS),
        script=(Partition(CUT, (("s1", "s2"), ("s3",))), Heal(HEALED)),
        requests=asked,
        laws=(),
        until=2_000 * MS,
        settle=0,
    ).run()


def messages_and_ms(trace: Trace) -> tuple[int, float]:
    """Return how many messages with entries s3 was sent, and how long that took, from the first to its last yes."""
    sent = [
        step.at
        for step in trace
        if step.node == "s1" and step.at > HEALED
        for effect in step.effects
        if isinstance(effect, Send)
        and effect.to == "s3"
        and isinstance(effect.message, AppendEntries)
        and effect.message.entries
    ]
    heard = [
        step.at
        for step in trace
        if step.node == "s1"
        and step.at > sent[0]
        and isinstance(step.event, Deliver)
        and step.event.sender == "s3"
        and isinstance(step.event.message, Appended)
    ]
    done = [at for at in heard if at > sent[-1]]
    return len(sent), (done[0] - sent[0]) / MS
