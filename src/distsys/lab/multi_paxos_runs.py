"""The hand-made runs of the page on Multi-Paxos: every order of events is chosen, so that one idea is seen at a time.

Each function returns a `Trace`, the same one on every call. Those that take a `mutant` perform one schedule with the
correct code or with that mutant; where the two part, moves that cannot happen are left out. A message that no move
delivers is lost.

>>> early("PAX-08").violation.evidence
'n1 applies slot 2 where slot 1 is due'
>>> early().violation is None, gap().violation is None
(True, True)
"""

from __future__ import annotations

from typing import Any

from distsys.core import MS, S, Trace, systems
from distsys.core.events import Note, Output, Send
from distsys.core.laws import Law
from distsys.core.systems import Cluster, Request
from distsys.drivers import Heal, Partition, Simulator, link, perform
from distsys.drivers.replay import states
from distsys.drivers.schedules import Flowed, Move, crash, deliver, request, restart, timeout, wipe
from distsys.protocols.multipaxos_laws import MULTIPAXOS_LAWS, state_machine_safety
from distsys.protocols.multipaxos_messages import (
    Accept,
    Accepted,
    Decided,
    Heartbeat,
    Lacks,
    Members,
    Prepare,
    Promise,
)
from distsys.protocols.paxos_laws import agreement
from distsys.protocols.paxos_messages import Propose as ProposeOne
from distsys.protocols.replication import Committed, Propose

Story = tuple[Move | Flowed, ...]
THREE = ("n1", "n2", "n3")
SAFE = tuple(law for law in MULTIPAXOS_LAWS if law.when != "finally")


def cluster(mutant: str | None = None, **options: Any) -> Cluster:
    """Return servers of Multi-Paxos, three if nothing else is said, the correct ones or those of a mutant."""
    return systems.build("multi-paxos", mutant=mutant, **{"nodes": THREE, **options})


# Words of the stories.


def leads(name: str, *voters: str) -> Story:
    """Return the moves by which `name` gets the promises of `voters` and leads."""
    moves: list[Move | Flowed] = [timeout(name, "election")]
    for voter in voters:
        moves += [deliver(name, voter, Prepare), deliver(voter, name, Promise)]
    return tuple(moves)


def votes(leader: str, voter: str, *, over: int = 0) -> Story:
    """Return the moves by which `voter` gets an Accept that is under way, and the leader its vote."""
    return deliver(leader, voter, Accept, over=over), deliver(voter, leader, Accepted)


def asks(leader: str, *commands: Any) -> Story:
    """Return the moves by which a client asks for these commands."""
    return tuple(request(leader, Propose(command)) for command in commands)


# Agreement in each slot is not enough.

EARLY: Story = (
    *leads("n1", "n2"),
    *asks("n1", "deposit 100", "add 10 %"),
    *votes("n1", "n2", over=1),  # slot 2 is decided first
    deliver("n1", "n3", Decided),
    *votes("n1", "n2"),
    deliver("n1", "n2", Decided, over=1),
    deliver("n1", "n2", Decided),
    deliver("n1", "n3", Decided),
)


def early(mutant: str | None = None, laws: tuple[Law, ...] = (state_machine_safety,)) -> Trace:
    """Return a run in which slot 2 is decided before slot 1; PAX-08 applies it at once."""
    return perform(cluster(mutant), EARLY, laws=laws)


def applied(trace: Trace) -> dict[str, list[Any]]:
    """Return what each server has applied since it last started, in its order.

    >>> applied(early())["n1"]
    ['deposit 100', 'add 10 %']
    """
    done: dict[str, list[Any]] = {}
    for step in trace:
        if step.kind in ("start", "restart"):
            done[step.node] = []
        for effect in step.effects[: step.kept]:
            if isinstance(effect, Output) and isinstance(effect.value, Committed):
                done[step.node].append(effect.value.entry.command)
    return done


def after(trace: Trace) -> dict[str, Any]:
    """Return the servers that are up at the end of a run, by name.

    >>> after(early())["n3"].last_applied
    2
    """
    return states(trace, lambda node: node)[-1]


# A gap, and who fills it.

GAP: Story = (
    *leads("n1", "n2"),
    deliver("n1", "n3", Prepare),  # n3 has heard of ballot 1; its promise is late
    *asks("n1", "a", "b", "c"),
    *votes("n1", "n2"),
    *votes("n1", "n2", over=1),  # slot 3 overtakes slot 2, whose Accept is lost
    deliver("n1", "n3", Decided, over=1),  # of slot 3
    deliver("n1", "n3", Decided),
    crash("n1"),
    *leads("n3", "n2"),
    *votes("n3", "n2"),
    *votes("n3", "n2"),
    restart("n1"),
    timeout("n3", "heartbeat"),
    deliver("n3", "n1", Heartbeat, over=1),
    deliver("n1", "n3", Lacks),
    deliver("n3", "n1", Decided, over=1),
)


def gap(mutant: str | None = None) -> Trace:
    """Return a run in which slots 1 and 3 are decided, the leader dies, and the next one fills slot 2 with a no-op.

    >>> applied(gap())
    {'n1': ['a', None, 'c'], 'n2': [], 'n3': ['a', None, 'c']}
    """
    return perform(cluster(mutant), GAP, laws=SAFE)


# Phase 1 for all slots, or for one.

ONE_SLOT: Story = (
    *leads("n1", "n2"),
    deliver("n1", "n3", Prepare),
    *asks("n1", "a", "b"),
    *votes("n1", "n2", over=1),  # b is chosen in slot 2
    crash("n1"),
    *leads("n3", "n2"),
    *asks("n3", "x", "y"),
    *votes("n3", "n2"),
    *votes("n3", "n2"),
)


def one_slot(mutant: str | None = None, laws: tuple[Law, ...] = (agreement,)) -> Trace:
    """Return a run in which a leader finds a chosen value behind a gap; with PAX-10 it hears of one slot only."""
    return perform(cluster(mutant), ONE_SLOT, laws=laws, skip=mutant is None)


# A disk that forgets.

WIPED: Story = (
    *leads("n1", "n2"),
    deliver("n1", "n3", Prepare),
    *asks("n1", "x"),
    *votes("n1", "n2"),
    wipe("n2"),
    restart("n2"),
    *leads("n3", "n2"),
    *asks("n3", "y"),
    *votes("n3", "n2"),
)

FIVE = ("n1", "n2", "n3", "n4", "n5")
WAITED: Story = (
    *leads("n1", "n4", "n5"),
    deliver("n1", "n3", Prepare),
    timeout("n3", "election"),
    deliver("n3", "n2", Prepare),
    deliver("n2", "n3", Promise),  # n2 promises ballot 2 to n3
    wipe("n2"),
    restart("n2"),  # from now on n2 does not vote, and watches
    *asks("n1", "a"),
    *votes("n1", "n4"),
    *votes("n1", "n5"),
    deliver("n1", "n2", Decided),  # a whole instance, begun after the restart: n2 may vote again
    deliver("n3", "n5", Prepare),
    deliver("n5", "n3", Promise),  # n3 leads ballot 2, with a promise that n2 has forgotten
    *asks("n1", "x"),
    *votes("n1", "n4"),
    deliver("n1", "n2", Accept, over=1),
    deliver("n2", "n1", Accepted),  # in ballot 1: n1, n4 and n2 choose x in slot 2
    *asks("n3", "y"),
    *votes("n3", "n5", over=1),
    *votes("n3", "n2", over=1),  # in ballot 2: n3, n5 and n2 choose y there
)


def wiped(laws: tuple[Law, ...] = (agreement,)) -> Trace:
    """Return a run of the correct code in which a disk loses everything, and its server goes on at once."""
    return perform(cluster(), WIPED, laws=laws)


def waited(laws: tuple[Law, ...] = (agreement,)) -> Trace:
    """Return a run of the correct code in which a wiped server votes again once it has seen a whole instance."""
    return perform(cluster(nodes=FIVE), WAITED, laws=laws)


# The members change.

NEW = Members(("n2", "n3", "n4"))
CHANGE: Story = (
    *leads("n1", "n2", "n3"),
    *asks("n1", NEW),
    *votes("n1", "n2"),
    *votes("n1", "n3"),  # three of four: the change is decided in slot 1
    timeout("n1", "heartbeat"),  # slot 2 gets a no-op, so that slot 3 may come
    *votes("n1", "n2"),
    deliver("n1", "n3", Accept),
    deliver("n3", "n1", Accepted),
    *(deliver("n1", name, Decided) for name in ("n2", "n3") for _ in (1, 2)),
    timeout("n1", "heartbeat"),
    timeout("n2", "election"),
    deliver("n2", "n3", Prepare),
    deliver("n3", "n2", Promise),
    *asks("n2", "x"),
    *votes("n2", "n3"),
)


def change() -> Trace:
    """Return a run in which n1, n2, n3 and n4 become n2, n3 and n4, with a window of two slots."""
    return perform(cluster(nodes=("n1", "n2", "n3", "n4"), alpha=2), CHANGE, laws=SAFE)


AT_ONCE: Story = (
    *leads("n1", "n2", "n5"),
    *asks("n1", Members(("n3", "n4")), "x"),  # slots 1 and 2 are open together
    *votes("n1", "n2", over=1),
    *votes("n1", "n5", over=1),  # three of five: slot 2 is decided first
    *votes("n1", "n2"),
    *votes("n1", "n5"),
    deliver("n1", "n3", Decided, over=1),
    deliver("n1", "n4", Decided, over=1),  # n3 and n4 hear of slot 1 only
    *leads("n3", "n4"),
    *asks("n3", "y"),
    *votes("n3", "n4"),
)


def at_once(mutant: str | None = None, laws: tuple[Law, ...] = (state_machine_safety,)) -> Trace:
    """Return a run in which n3 and n4 become the only members, and have heard of nothing but that (PAX-16)."""
    return perform(cluster(mutant, nodes=FIVE, alpha=2), AT_ONCE, laws=laws, skip=mutant is None)


# Who has left and knows it (PAX-14).

LAST_DECISION: Story = (
    *leads("n4", "n1", "n3"),
    *asks("n4", Members(("n1", "n4"))),
    deliver("n4", "n1", Accept),
    deliver("n4", "n3", Accept),
    deliver("n3", "n4", Accepted),
    deliver("n1", "n4", Accepted),
    timeout("n4", "heartbeat"),
    deliver("n4", "n2", Decided),
    deliver("n4", "n3", Accept),
    deliver("n4", "n1", Decided),
    deliver("n4", "n1", Accept),
    deliver("n3", "n4", Accepted),
    deliver("n1", "n4", Accepted),
    deliver("n4", "n1", Decided),
    deliver("n4", "n2", Decided),
    *asks("n4", Members(("n5",))),
    *votes("n4", "n1"),
    timeout("n4", "heartbeat"),
    *votes("n4", "n1"),
    timeout("n4", "heartbeat"),
)


def last_decision(mutant: str | None = None) -> Trace:
    """Return a run in which n5 becomes the only member and has not heard of it; then 90 s without faults."""
    return perform(cluster(mutant, nodes=FIVE, alpha=2), LAST_DECISION, settle=90 * S, skip=mutant is None)


# Who asks for votes in a slot that it has applied (PAX-15).

STALE_SLOT: Story = (
    *leads("n3", "n1"),
    timeout("n2", "election"),  # in ballot 1.n2, which is lower: n1 would refuse it
    timeout("n2", "election"),
    deliver("n2", "n1", Prepare, over=1),
    deliver("n1", "n2", Promise),
    *asks("n2", Members(("n3",))),
    *votes("n2", "n1"),
    deliver("n2", "n3", Decided),  # n3 leads ballot 1.n3, and is the only member from now on
    deliver("n2", "n1", Decided),
    timeout("n2", "heartbeat"),
    *asks("n3", "x"),
)


def stale_slot(mutant: str | None = None) -> Trace:
    """Return a run in which a leader hears that others have decided the slot in which it asks next; then 90 s."""
    return perform(cluster(mutant, alpha=1), STALE_SLOT, settle=90 * S, skip=mutant is None)


# What a command costs.


def first_leader(n: int, seed: int, **options: Any) -> tuple[str, int]:
    """Return who leads n servers first, and when, if nobody asks for anything."""
    run = Simulator(
        cluster(nodes=n, election_ms=2_000, heartbeat_ms=1_000, **options),
        seed,
        network=link(delay=10 * MS),
        requests=(),
        laws=(),
        until=4 * S,
        settle=0,
    ).run()
    at, name = reigns(run)[0]
    return name, at


def steady(n: int = 3, commands: int = 1, *, alpha: int = 8, batch: int = 1, seed: int = 1) -> Trace:
    """Return a run of a leader in office that is asked for so many commands at one moment, `batch` to a slot.

    A message takes 10 ms, and there is no heartbeat between the request and the end.
    """
    leader, at = first_leader(n, seed, alpha=alpha)
    values = [tuple(range(first, min(first + batch, commands))) for first in range(0, commands, batch)]
    return Simulator(
        cluster(nodes=n, election_ms=2_000, heartbeat_ms=1_000, alpha=alpha),
        seed,
        network=link(delay=10 * MS),
        requests=[Request(at + 100 * MS, leader, Propose(value)) for value in values],
        laws=(),
        until=at + 950 * MS,
        settle=0,
    ).run()


def one_decree(n: int = 3, seed: int = 1) -> Trace:
    """Return a run of single-decree Paxos: one process of n is asked, and a message takes 10 ms."""
    return Simulator(
        systems.build("paxos", nodes=n),
        seed,
        network=link(delay=10 * MS),
        requests=[Request(0, "n1", ProposeOne("x"))],
        laws=(),
        until=100 * MS,
        settle=0,
    ).run()


def cost(trace: Trace) -> tuple[int, int, int]:
    """Return what the requests of a run cost: messages, and the ms until the one asked, and all, have the outcome.

    >>> cost(one_decree(3)), cost(steady(3))
    ((12, 40, 40), (6, 20, 30))
    """
    asked = [step for step in trace if step.kind == "invoke"]
    since, name = asked[0].at, asked[0].node
    later = [step for step in trace if step.at >= since]
    sent = sum(isinstance(effect, Send) for step in later for effect in step.effects)
    learnt = [(step.node, step.at) for step in later for effect in step.effects if isinstance(effect, Output)]
    there = max(at for node, at in learnt if node == name)
    return sent, (there - since) // MS, (max(at for _, at in learnt) - since) // MS


def touched(trace: Trace) -> dict[str, int]:
    """Return how many messages each server has sent or received since the first request of a run.

    >>> touched(steady(3))
    {'n1': 6, 'n2': 3, 'n3': 3}
    """
    since = next(step.at for step in trace if step.kind == "invoke")
    count = dict.fromkeys(trace.header.names, 0)
    for step in trace:
        if step.at >= since:
            for effect in step.effects:
                if isinstance(effect, Send):
                    count[step.node] += 1
                    count[effect.to] += 1
    return count


def comes_back(seed: int = 1) -> Trace:
    """Return a run without requests in which one follower is cut off for two seconds and comes back."""
    leader, _ = first_leader(3, seed)
    cut = next(name for name in THREE if name != leader)
    rest = tuple(name for name in THREE if name != cut)
    return Simulator(
        cluster(),
        seed,
        network=link(delay=10 * MS),
        script=[Partition(1 * S, ((cut,), rest)), Heal(3 * S)],
        requests=(),
        laws=(),
        until=4 * S,
        settle=0,
    ).run()


def reigns(trace: Trace) -> list[tuple[int, str]]:
    """Return (at, name) for each time that a server begins to lead."""
    return [
        (step.at, step.node)
        for step in trace
        for effect in step.effects
        if isinstance(effect, Note) and effect.text.startswith("leads")
    ]
