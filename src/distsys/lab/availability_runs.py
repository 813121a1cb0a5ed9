"""The runs of the page on availability: a group that loses one server, or two, and one whose halves both decide."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from distsys.checkers import History, Verdict, linearizable
from distsys.core.operations import INFO, OK, Operation
from distsys.core.systems import Cluster, Request
from distsys.core.trace import Trace
from distsys.core.units import MS
from distsys.drivers import Crash, Cut, Heal, Partition, Restart, Simulator, link, states
from distsys.drivers.faults import Action
from distsys.services import kv

from .availability_cast import CORRECT, HALF, cluster, leads
from .raft_kv_runs import Ask, AskAgain

DELAY_MS = 5


def run(
    who: Cluster,
    until_ms: int,
    script: Iterable[Action] = (),
    *,
    seed: int = 1,
    requests: Iterable[Request] = (),
    laws: Any = (),
    loss: float = 0,
) -> Trace:
    """Return a run in which each message takes 5 ms."""
    return Simulator(
        who,
        seed,
        network=link(delay=DELAY_MS * MS, loss=loss),
        script=script,
        requests=requests,
        laws=laws,
        until=until_ms * MS,
        settle=0,
        stop_on_violation=False,
    ).run()


def leader_of(trace: Trace) -> str:
    """Return who leads at the end of a run, the newest if there are two."""
    found = states(trace, lambda node: node.raft.current_term if leads(node) else -1)[-1]  # type: ignore[attr-defined]
    return max(found, key=lambda name: found[name])


def judged(trace: Trace) -> Verdict:
    """Return whether what the clients of a run heard is linearizable to a key-value store."""
    return linearizable(History.of(trace), "key-value")


def answers(trace: Trace) -> tuple[tuple[Operation, ...], tuple[Operation, ...]]:
    """Return the ends of operations that were answered, and of those that were given up."""
    ends = [value for values in trace.outputs().values() for value in values if isinstance(value, Operation)]
    return tuple(one for one in ends if one.type == OK), tuple(one for one in ends if one.type == INFO)


def probed(trace: Trace, from_ms: int = 0) -> float:
    """Return the share of the probes from a moment on that were answered in time."""
    good, bad = (sum(one.at >= from_ms * MS for one in ends) for ends in answers(trace))
    return good / (good + bad)


SLOW: dict[str, Any] = {"heartbeat_ms": 150, "every_ms": 200, "try_ms": 100}


def loses_one(seed: int = 1) -> Trace:
    """Return a run in which the leader of three crashes at 950 ms, and comes up again at 2,000 ms."""
    who = cluster(**SLOW)
    first = leader_of(run(who, 900, seed=seed))
    script = (Crash(950 * MS, first), Restart(2_000 * MS, first))
    return run(who, 2_400, script, seed=seed)


def loses_two(seed: int = 1) -> Trace:
    """Return a run in which both followers crash at 950 ms, and one of them comes up again at 2,000 ms."""
    who = cluster(**SLOW)
    first = leader_of(run(who, 900, seed=seed))
    others = [name for name in who.servers if name != first]
    script: tuple[Action, ...] = (*(Crash(950 * MS, name) for name in others), Restart(2_000 * MS, others[0]))
    return run(who, 2_700, script, seed=seed)


def gray(seed: int = 1) -> Trace:
    """Return a run in which, from 950 ms on, what ann sends to the leader is lost, and nothing else."""
    who = cluster(**SLOW)
    first = leader_of(run(who, 900, seed=seed))
    return run(who, 1_800, (Cut(950 * MS, "ann", first),), seed=seed)


ROOMS = (("n1", "n2", "ann"), ("n3", "n4", "bob"))


def halves(server: str = HALF, seed: int = 1) -> Trace:
    """Return a run of four servers in two rooms that lose each other from 650 to 1,450 ms; bob writes, and then ann.

    ann stands in the room of n1 and n2, which has the leader, and bob in the other. After the cut both ask again if
    they were not answered, and ann reads.
    """
    who = cluster(server, nodes=4, told=1, heartbeat_ms=150)
    script = (Partition(650 * MS, ROOMS), Heal(1_450 * MS))
    before = leader_of(run(who, 640, seed=seed))
    again = (
        1_600 if server == HALF else 2_000
    )  # where nobody led during the cut, somebody must be elected first
    there, after = (leader_of(run(who, until, script, seed=seed)) for until in (1_340, again))
    there = there if there in ROOMS[1] else "n3"
    requests = (
        Request(1_350 * MS, "bob", Ask(there, kv.Put("x", "bob's"))),
        Request(1_400 * MS, "ann", Ask(before, kv.Put("x", "ann's"))),
        *(Request(again * MS, name, AskAgain(after)) for name in ("bob", "ann")),
        Request((again + 50) * MS, "ann", Ask(after, kv.Get("x"))),
    )
    return run(who, again + 90, script, seed=seed, requests=requests, laws=None)


__all__ = [
    "CORRECT", "DELAY_MS", "HALF", "SLOW", "answers", "gray", "halves", "judged", "leader_of", "loses_one", "loses_two",
    "probed", "run",
]  # fmt: skip
