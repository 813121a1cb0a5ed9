"""The same faults under three protocols: how the runs of the page on Raft, Multi-Paxos and Zab are made and measured.

What is equal: the servers, the link (every message takes `DELAY`), the election timeout and the time between
heartbeats, and what clients ask: each command is offered to every server at the same moment, once, and the one that
leads takes it. What a script does to "the leader" it does to whoever leads at that moment. What is measured can be
seen by a client: when a command is answered, which is when the server that took it says that it is committed.

>>> run = acted("Raft", "the leader crashes", seed=1)
>>> seen = measure(run)
>>> seen.without_service(BEGIN) > 300 * MS
True
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from distsys.core import MS, S, Trace, systems
from distsys.core.errors import UnknownNameError
from distsys.core.errors import shown as told
from distsys.core.systems import Cluster, Request
from distsys.drivers import (
    Bounds,
    Crash,
    Exploration,
    Heal,
    Partition,
    Restart,
    SetLink,
    Simulator,
    explore,
    link,
)
from distsys.drivers.faults import Action
from distsys.drivers.network import Link
from distsys.protocols.replication import Propose

from .compared_measures import Measured, begins_to_lead, measure

SYSTEMS = {"Raft": "raft", "Multi-Paxos": "multi-paxos", "Zab": "zab"}
OTHERS = {"Raft with pre-vote": "raft-members"}
DELAY, ELECTION, HEARTBEAT, DECIDE = 10 * MS, 300 * MS, 50 * MS, 50 * MS  # DECIDE: only Zab has such a time
BEGIN = 1_500 * MS  # when the fault of a single act begins: by then a run has a leader
Acting = Callable[[int, str, tuple[str, ...]], tuple[Action, ...]]


def cluster_of(protocol: str, servers: int = 3, **options: Any) -> Cluster:
    """Return servers of one of the three protocols, or of `OTHERS`, with the settings that all share."""
    known = SYSTEMS | OTHERS
    if protocol not in known:
        raise UnknownNameError(f"protocol must be one of {', '.join(known)}, but it is {told(protocol)}")
    settings = {"election_ms": ELECTION // MS, "heartbeat_ms": HEARTBEAT // MS, **options}
    if protocol in OTHERS:
        settings = {"voters": servers, **settings}
    return systems.build(known[protocol], nodes=servers, **settings)


def offered(names: Iterable[str], first: int, last: int, every: int) -> tuple[Request, ...]:
    """Return one command after another from `first` to `last`, each offered to all servers at the same moment.

    >>> [(request.at, request.node, request.message.command) for request in offered(("n1", "n2"), 0, 4, 5)]
    [(0, 'n1', 'c1'), (0, 'n2', 'c1')]
    """
    moments = range(first, last + 1, every)
    return tuple(
        Request(at, name, Propose(f"c{number}")) for number, at in enumerate(moments, 1) for name in names
    )


# The acts: what happens to whom.


@dataclass(frozen=True)
class Act:
    """Something that happens in a run: for how long, and what it does to the leader of the moment and the others."""

    says: str
    lasts: int
    does: Acting


LASTS = 800 * MS  # longer than the longest election timeout


def _crash(at: int, leader: str, others: tuple[str, ...]) -> tuple[Action, ...]:
    return Crash(at, leader), Restart(at + LASTS, leader)


def _cut_leader(at: int, leader: str, others: tuple[str, ...]) -> tuple[Action, ...]:
    return Partition(at, ((leader,), others)), Heal(at + LASTS)


def _cut_follower(at: int, leader: str, others: tuple[str, ...]) -> tuple[Action, ...]:
    rest = (leader, *others[1:])
    return Partition(at, ((others[0],), rest)), Heal(at + LASTS)


def _slow(at: int, leader: str, others: tuple[str, ...]) -> tuple[Action, ...]:
    far, slow = others[0], link(delay=10 * DELAY)
    ends = at + LASTS
    return (
        *(SetLink(at, "*", far, slow), SetLink(at, far, "*", slow)),
        *(SetLink(ends, "*", far, None), SetLink(ends, far, "*", None)),
    )


def _all_crash(at: int, leader: str, others: tuple[str, ...]) -> tuple[Action, ...]:
    names = sorted((leader, *others))
    return (*(Crash(at, name) for name in names), *(Restart(at + 200 * MS, name) for name in names))


def _loss(at: int, leader: str, others: tuple[str, ...]) -> tuple[Action, ...]:
    return SetLink(at, "*", "*", link(delay=DELAY, loss=0.2)), SetLink(at + LASTS, "*", "*", None)


ACTS: dict[str, Act] = {
    "the leader crashes": Act("It is down for 800 ms.", LASTS, _crash),
    "the leader is cut off": Act("For 800 ms nobody hears it, and it hears nobody.", LASTS, _cut_leader),
    "a follower is cut off": Act("For 800 ms it is alone; then it comes back.", LASTS, _cut_follower),
    "a follower is slow": Act("For 800 ms its messages take ten times as long.", LASTS, _slow),
    "all crash": Act("All are down for 200 ms.", 200 * MS, _all_crash),
    "messages are lost": Act("For 800 ms the network loses one in five.", LASTS, _loss),
}
SCRIPT = {  # the acts of the one script, by their moments
    1_000 * MS: "the leader crashes",
    2_400 * MS: "the leader is cut off",
    3_800 * MS: "a follower is cut off",
    5_200 * MS: "all crash",
    6_400 * MS: "messages are lost",
}
SCRIPT_ENDS = 7_800 * MS


def leader_at(trace: Trace, at: int) -> str:
    """Return who was the last to begin to lead before a moment."""
    leader = ""
    for step in trace:
        if step.at < at and begins_to_lead(step):
            leader = step.node
    return leader


def scripted(
    cluster: Cluster,
    acts: Mapping[int, str],
    seed: int,
    *,
    until: int,
    requests: tuple[Request, ...],
    network: Link | None = None,
) -> Trace:
    """Return the run in which the acts begin at their moments.

    Who leads at a moment is found by the same run up to there: a fault that comes later changes nothing before it.
    """
    script: tuple[Action, ...] = ()

    def run(until: int) -> Trace:
        asked = tuple(request for request in requests if request.at < until)
        here = tuple(action for action in script if action.at < until)
        return Simulator(
            cluster,
            seed,
            network=network or link(delay=DELAY),
            script=here,
            requests=asked,
            laws=(),
            until=until,
            settle=0,
        ).run()

    for at, name in sorted(acts.items()):
        leader = leader_at(run(at), at) or cluster.names[0]
        others = tuple(other for other in cluster.names if other != leader)
        script += ACTS[name].does(at, leader, others)
    return run(until)


def whole_script(protocol: str, seed: int, *, every: int = 20 * MS) -> Trace:
    """Return the run of `SCRIPT` under a protocol, with a command every 20 ms."""
    cluster = cluster_of(protocol)
    asked = offered(cluster.names, 800 * MS, SCRIPT_ENDS - 1, every)
    return scripted(cluster, SCRIPT, seed, until=SCRIPT_ENDS, requests=asked)


def gaps_of(run: Measured) -> tuple[int, ...]:
    """Return the longest time without an answer in each act of `SCRIPT`, from its fault to the next one."""
    begins = (*SCRIPT, SCRIPT_ENDS)
    return tuple(run.without_service(begin, end) for begin, end in pairwise(begins))


def acted(
    protocol: str, act: str, seed: int, *, before: int = 5, after: int = 700 * MS, network: Link | None = None
) -> Trace:
    """Return the run of a single act: a command every 10 ms, the first of them `before` the fault.

    The fault begins at `moment(seed, before)`. The run ends `after` the last change of the act; a leader that crashes
    stays down here.
    """
    cluster, every = cluster_of(protocol), 10 * MS
    begin = moment(seed, before)
    until = begin + after + (0 if act == "the leader crashes" else ACTS[act].lasts)
    asked = offered(cluster.names, BEGIN - 5 * every, until, every)
    return scripted(cluster, {begin: act}, seed, until=until, requests=asked, network=network)


def shown(protocol: str, seed: int = 25) -> Trace:
    """Return a short run to look at: n3 leads and crashes at 1 s; a command every 100 ms."""
    cluster, until = cluster_of(protocol), 1_480 * MS
    asked = offered(cluster.names, 950 * MS, until - 1, 100 * MS)
    return scripted(cluster, {1 * S: "the leader crashes"}, seed, until=until, requests=asked)


def race(protocol: str, seed: int = 130) -> Trace:
    """Return a run without commands in which n3 crashes at 1 s, and n1 and n2 wake within one delay of each other."""
    return scripted(cluster_of(protocol), {1 * S: "the leader crashes"}, seed, until=1_720 * MS, requests=())


def steps_between(trace: Trace, begin: int, end: int) -> tuple[int, int]:
    """Return the numbers of the first and the last step from `begin` on and before `end`."""
    numbers = [step.number for step in trace if begin <= step.at < end]
    return numbers[0], numbers[-1]


def moment(seed: int, before: int = 5) -> int:
    """Return when the fault of a single act begins: at other phases between two heartbeats in other seeds.

    >>> [(moment(seed) - BEGIN) // MS for seed in (0, 1, 2, 50)]
    [0, 19, 38, 0]
    """
    return BEGIN + (before - 5) * 10 * MS + seed * 19 * MS % HEARTBEAT


# Without faults.


@dataclass(frozen=True)
class Cost:
    """What commands cost without faults, on average: messages by class and writes for each, and the time in delays.

    leader, followers   from the offer to the answer, and until the last follower has applied it, in delays of a link
    idle                messages in each interval between heartbeats, when nothing is asked
    """

    messages: Mapping[str, float]
    writes: float
    leader: float
    followers: float
    idle: float

    @property
    def total(self) -> float:
        """All messages for a command."""
        return sum(self.messages.values())


def cost(protocol: str, servers: int = 3, *, commands: int = 50, seed: int = 1) -> Cost:
    """Return what commands cost that come one by one, every 101 ms: so at every phase between two heartbeats.

    Counted are the messages and writes of a run with commands, without those of the same run without them.

    >>> round(cost("Zab", 5).total)
    12
    """
    cluster, every = cluster_of(protocol, servers), 2 * HEARTBEAT + MS
    last = BEGIN + (commands - 1) * every
    until = last + every
    asked = offered(cluster.names, BEGIN, last, every)
    busy, idle = (
        measure(scripted(cluster, {}, seed, until=until, requests=requests)) for requests in (asked, ())
    )
    number = len(busy.offered)
    more = busy.messages()
    more.subtract(idle.messages())
    answers = [busy.answered[command] - at for command, at in busy.offered.items()]
    heard = [busy.heard[command][-1] - at for command, at in busy.offered.items()]
    return Cost(
        messages={kind: count / number for kind, count in sorted(more.items()) if count},
        writes=(len(busy.writes) - len(idle.writes)) / number,
        leader=sum(answers) / number / DELAY,
        followers=sum(heard) / number / DELAY,
        idle=sum(idle.messages(BEGIN).values()) / ((until - BEGIN) / HEARTBEAT),
    )


# Explored.

LIMITS = {  # once a server may try to lead; in Zab that takes the agreement of two
    "Raft": Bounds(timeouts=1, timers={"heartbeat": 0}),
    "Multi-Paxos": Bounds(timeouts=1, timers={"heartbeat": 0}),
    "Zab": Bounds(timeouts=2, timers={"notify": 0, "connect": 0, "ping": 0, "patience": 0}),
}


def explored(
    protocol: str, servers: int, *, crashes: int = 0, depth: int | None = None, judged: bool = False
) -> Exploration:
    """Return all runs in which the last server is asked for one command, and one attempt is made to lead.

    What a law remembers is part of a state, and the protocols have different laws; so states are counted without
    them, unless the runs are to be `judged`.

    >>> explored("Raft", 2).states
    41
    """
    laws = None if judged else ()
    names = cluster_of(protocol, servers).names
    bounds = replace(LIMITS[protocol], crashes=crashes, depth=depth)
    asked = (Request(0, names[-1], Propose("x")),)
    return explore(SYSTEMS[protocol], nodes=servers, requests=asked, bounds=bounds, laws=laws)
