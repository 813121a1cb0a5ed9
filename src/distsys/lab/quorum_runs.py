"""The runs of the page on quorums: Multi-Paxos with other quorums, measured; CASPaxos, judged.

Each function that makes a run returns the same one on every call.

>>> round_trips("caspaxos"), round_trips("multi-paxos")
(2, 1)
"""

from __future__ import annotations

from typing import Any

from distsys.checkers import History, Verdict, linearizable
from distsys.core import MS, S, Trace, systems
from distsys.core.events import Note, Output
from distsys.core.operations import OK, Operation
from distsys.core.systems import Cluster, Request
from distsys.core.values import Map
from distsys.drivers import (
    Bounds,
    Crash,
    Exploration,
    Exponential,
    SetLink,
    Simulator,
    Uniform,
    explore,
    link,
    perform,
    simulate,
)
from distsys.drivers.schedules import crash, deliver, request, restart, timeout
from distsys.protocols import multipaxos_messages as many
from distsys.protocols import paxos_messages as single
from distsys.protocols.paxos_laws import agreement
from distsys.protocols.replication import Committed, Propose

from .caspaxos import Do, Register
from .raft_words import Story

MEAN = 8 * MS
ANSWERS = {"exponential": link(delay=Exponential(MEAN)), "uniform": link(delay=Uniform(0, 2 * MEAN))}
WAY = 1 * MS  # how long a question takes; only answers differ
PATIENT = {"election_ms": 20_000, "heartbeat_ms": 5_000}  # nothing but what is measured


def servers(*quorums: Any, nodes: int = 5, **options: Any) -> Cluster:
    """Return so many servers of Multi-Paxos with these quorums."""
    return systems.build("multi-paxos", nodes=nodes, quorums=quorums, **options)


def three_crashes(*quorums: Any, back: bool = False) -> Trace:
    """Return a run in which n1 leads, three of five servers crash, and a client asks for x=1.

    With `back`, the leader crashes as well, and two of the first three come back, so that three are up.
    """
    story: Story = (
        timeout("n1", "election"),
        *(deliver("n1", name, many.Prepare) for name in ("n2", "n3", "n4")),
        *(deliver(name, "n1", many.Promise) for name in ("n2", "n3", "n4")),
        *(crash(name) for name in ("n3", "n4", "n5")),
        request("n1", Propose("x=1")),
        deliver("n1", "n2", many.Accept),
        deliver("n2", "n1", many.Accepted),
    )
    if back:
        story += (
            crash("n1"),
            restart("n3"),
            restart("n4"),
            timeout("n2", "election"),
            *(deliver("n2", name, many.Prepare) for name in ("n3", "n4")),
            *(deliver(name, "n2", many.Promise) for name in ("n3", "n4")),
        )
    return perform(servers(*quorums), story, laws=(agreement,))


def without_the_check() -> Exploration:
    """Return what the explorer finds where two of three promise and one decides: PAX-11, with two proposers."""
    two = (Request(0, "n1", single.Propose("x")), Request(0, "n2", single.Propose("y")))
    return explore(
        "paxos", bounds=Bounds(timeouts=0), requests=two, nodes=3, mutant="PAX-11", laws=[agreement]
    )


def decided(run: Trace) -> list[str]:
    """Return the commands that some server has handed to its host, in the order of the run."""
    found = (
        effect.value.entry.command
        for step in run
        for effect in step.effects[: step.kept]
        if isinstance(effect, Output) and isinstance(effect.value, Committed)
    )
    return list(dict.fromkeys(found))


def leaders(run: Trace) -> list[tuple[int, str]]:
    """Return when somebody became the leader, and who."""
    return [
        (step.at, step.node)
        for step in run
        for effect in step.effects
        if isinstance(effect, Note) and effect.text.startswith("leads ballot")
    ]


def first_to_wake(cluster: Cluster, seed: int, down: int = 0) -> tuple[int, str]:
    """Return when the first server wakes to lead, and its name; the last `down` servers are down from the start."""
    run = Simulator(
        cluster,
        seed,
        network=link(delay=WAY),
        script=[Crash(0, name) for name in cluster.names[len(cluster.names) - down :]],
        requests=(),
        laws=(),
        until=41 * S,
        settle=0,
    ).run()
    woke = next(step for step in run if step.kind == "timeout")
    return woke.at, woke.node


def phase_2_times(
    *quorums: Any, answers: str = "exponential", nodes: int = 5, commands: int = 300, seed: int = 1
) -> list[float]:
    """Return, for each of many commands, how many ms its leader waits for answers.

    That is the time from the question to the decision, without the way of the question.
    """
    cluster = servers(*quorums, nodes=nodes, **PATIENT)
    _, leader = first_to_wake(cluster, seed)
    asked = [50 * S + number * 150 * MS for number in range(commands)]
    run = Simulator(
        cluster,
        seed,
        network=link(delay=WAY),
        script=[SetLink(49 * S, "*", leader, ANSWERS[answers])],
        requests=[Request(at, leader, Propose(f"c{number}")) for number, at in enumerate(asked)],
        laws=(),
        until=asked[-1] + 1 * S,
        settle=0,
    ).run()
    when = [
        step.at
        for step in run
        if step.node == leader
        for effect in step.effects
        if isinstance(effect, Output) and isinstance(effect.value, Committed)
    ]
    assert len(when) == commands, f"{len(when)} of {commands} commands were decided"
    return [max(at - since - WAY, 0) / MS for at, since in zip(when, asked, strict=True)]


def phase_1_times(*quorums: Any, runs: int = 60, down: int = 1) -> list[float]:
    """Return, for each of many elections, how many ms the candidate waits for promises; `down` servers are down."""
    cluster, times = servers(*quorums, **PATIENT), []
    for seed in range(runs):
        woke, candidate = first_to_wake(cluster, seed, down)
        run = Simulator(
            cluster,
            seed,
            network=link(delay=WAY),
            script=[
                *(Crash(0, name) for name in cluster.names[len(cluster.names) - down :]),
                SetLink(0, "*", candidate, ANSWERS["exponential"]),
            ],
            requests=(),
            laws=(),
            until=woke + 1 * S,
            settle=0,
        ).run()
        (led,) = [at for at, name in leaders(run) if name == candidate]
        times.append(max(led - woke - WAY, 0) / MS)
    return times


def round_trips(system: str) -> int:
    """Return after how many round trips the process that took a command knows that it is decided; delays are equal."""
    if system == "multi-paxos":
        cluster = servers("majority", **PATIENT)
        asked, (_, name) = 50 * S, first_to_wake(cluster, 1)
        command: Any = Propose("x=1")
    else:
        cluster, asked, name, command = systems.build(system, nodes=5), 0, "n1", Do("ann", "write", 1)
    run = Simulator(
        cluster,
        1,
        network=link(delay=WAY),
        requests=[Request(asked, name, command)],
        laws=(),
        until=asked + 100 * WAY,
        settle=0,
    ).run()
    ends = (
        step.at
        for step in run
        if step.node == name
        for effect in step.effects
        if isinstance(effect, Output)
        and (isinstance(effect.value, Committed) or getattr(effect.value, "type", "") == OK)
    )
    return (next(ends) - asked) // (2 * WAY)


# CASPaxos.


def asked_for(votes: list[tuple[int, Any]], f: str, value: Any) -> Any:
    """Return the state for which a proposer asks votes, where a quorum has told these (ballot, state); 0 is no vote.

    >>> asked_for([(1, "a"), (2, "c"), (0, None)], "cas", ("a", "b"))
    'c'
    """
    names = tuple(f"n{number}" for number in range(1, len(votes) + 1))
    node = Register(names[0], acceptors=names)
    node.open = Do("ann", f, value)
    now = single.Ballot(9, names[0])
    node.promises = Map(
        {
            name: single.Promise(now, single.Ballot(ballot, "x"), (state,)) if ballot else single.Promise(now)
            for name, (ballot, state) in zip(names, votes, strict=True)
        }
    )
    return node.value_to_propose()[0]


def judged(run: Trace) -> Verdict:
    """Return whether what the clients of a run have seen is linearizable to a register."""
    return linearizable(History.of(run), "register")


def verdicts(system: str, seeds: int, first: int = 0) -> list[str]:
    """Return for each seed of the swarm whether the history is linearizable to a register: "OK" or "ILLEGAL"."""
    found = []
    for seed in range(first, first + seeds):
        run = simulate(system, seed=seed, nodes=3)
        assert run.violation is None, run.violation
        found.append(judged(run).outcome.name)
    return found


def beaten_in_phase_2(system: str = "caspaxos") -> Trace:
    """Return a run in which ann's write is beaten when one vote is cast; bob reads it, cyd writes, dan reads."""
    story: Story = (
        request("n1", Do("ann", "write", "a")),
        deliver("n1", "n2", single.Prepare),
        deliver("n2", "n1", single.Promise),  # n1 asks for votes for a, and votes itself
        *one_operation(Do("bob", "read")),
        *one_operation(Do("cyd", "write", "b")),
        deliver("n1", "n2", single.Accept),
        deliver("n2", "n1", single.Reject),
    )
    if system != "caspaxos":
        story += (
            timeout("n1", "retry"),
            deliver("n1", "n2", single.Prepare),
            deliver("n2", "n1", single.Promise),
            deliver("n1", "n2", single.Accept),
            deliver("n2", "n1", single.Accepted),
        )
    return perform(systems.build(system, nodes=3), (*story, *one_operation(Do("dan", "read"))), laws=())


def one_operation(do: Do) -> Story:
    """Return the moves of an operation at n3, with the promises of n1 and n2 and the vote of n1."""
    return (
        request("n3", do),
        deliver("n3", "n1", single.Prepare),
        deliver("n3", "n2", single.Prepare),
        deliver("n1", "n3", single.Promise),
        deliver("n3", "n1", single.Accept),
        deliver("n1", "n3", single.Accepted),
    )


def answers_of(run: Trace) -> dict[str, Any]:
    """Return what each operation answered, in the order of the answers; those of which nobody knows are missing."""
    return {
        effect.value.process: effect.value.value
        for step in run
        for effect in step.effects[: step.kept]
        if isinstance(effect, Output) and isinstance(effect.value, Operation) and effect.value.type == OK
    }
