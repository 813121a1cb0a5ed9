"""What the pages on Zab measure: how soon commands are committed, what recovery moves, how long nobody serves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from distsys.core import MS, Trace, systems
from distsys.core.dice import Dice, derive
from distsys.core.events import Deliver, Effect, Note, Output, Send, Start, Timeout
from distsys.core.log import Log
from distsys.core.systems import Request
from distsys.core.trace import Step
from distsys.core.units import S
from distsys.core.values import Map
from distsys.drivers import Crash, Simulator, link, perform
from distsys.drivers.schedules import crash, flow, request, timeout
from distsys.drivers.transit import message_bytes
from distsys.protocols.replication import Committed, Propose
from distsys.protocols.zab import Zab
from distsys.protocols.zab_messages import Notification, Ping, Transaction, UpToDate, ZabSnapshot, Zxid

PHASES = ("detection", "election", "discovery", "synchronisation")
__all__ = ["PHASES", "commits_in", "last_commit", "outage", "rejoin", "without_service"]


# How soon commands are committed.


def last_commit(system: str, commands: int, delay: int = 10 * MS, *, apart: int = 0, **options: Any) -> int:
    """Return how long after it came the last of some commands is committed at the leader, in microseconds.

    They come together, or `apart` from each other. Nothing is lost, and each message takes `delay`.

    >>> last_commit("multi-paxos", 6, alpha=2), last_commit("zab", 6)
    (60000, 20000)
    """
    cluster = systems.build(system, nodes=3, **options)
    asked = [
        Request(2 * S + number * apart, name, Propose(number + 1))
        for number in range(commands)
        for name in cluster.names  # all are asked, and those that do not lead say so
    ]
    came = 2 * S + (commands - 1) * apart
    run = Simulator(
        cluster,
        1,
        network=link(delay=delay),
        script=(),
        requests=asked,
        laws=(),
        until=came + (2 * commands + 4) * delay,
        settle=0,
    ).run()
    done = min(step.at for step in run for effect in step.effects if commits(effect, commands))
    return done - came


def commits(effect: Effect, command: int) -> bool:
    """Return whether an effect says that a command is committed."""
    return (
        isinstance(effect, Output)
        and isinstance(effect.value, Committed)
        and effect.value.entry.command == command
    )


# What a server that comes back is sent.


def tree(keys: int, commands: int) -> Map[str, int]:
    """Return the state of a host after `commands` commands, each of which sets one of `keys` keys in turn."""
    return Map({f"k{number % keys}": number for number in range(max(0, commands - keys), commands)})


def rejoin(lag: int, *, keys: int = 50, commands: int = 400, kept: int | None = None) -> dict[str, int]:
    """Return how many messages and bytes bring a follower up to date that lacks the last `lag` of `commands` commands.

    With `kept` the leader holds only so many of the last commands, and a snapshot of `keys` keys in place of the
    others. Votes do not count.

    >>> rejoin(1)["messages"], rejoin(200)["messages"], rejoin(200, kept=0)["messages"]
    (7, 7, 7)
    """
    done = [
        Transaction(Zxid(1, number + 1), ("set", f"k{number % keys}", number)) for number in range(commands)
    ]
    epochs = {"accepted_epoch": 1, "current_epoch": 1}
    leader: dict[str, Any] = {**epochs, "history": Log(done)}
    if kept is not None:
        covered = commands - kept
        snapshot = ZabSnapshot(covered, Zxid(1, covered) if covered else Zxid(), tree(keys, covered))
        leader |= {"snapshot": snapshot, "history": Log(done[covered:], before_index=covered)}
    disks = {"l": Map(leader), "f": Map({**epochs, "history": Log(done[: commands - lag])})}
    nodes = {name: Zab(name, disk, voters=("f", "l", "x")) for name, disk in disks.items()}
    counts = {"messages": 0, "bytes": 0}
    elect(nodes, lambda message: count(message, counts))
    assert nodes["f"].last_zxid() == nodes["l"].last_zxid(), "the follower is not up to date"
    return counts


def count(message: Any, counts: dict[str, int]) -> None:
    """Count a message that has to do with the recovery."""
    if not isinstance(message, (Notification, Ping)):
        counts["messages"] += 1
        counts["bytes"] += message_bytes(message)


def elect(nodes: dict[str, Zab], seen: Callable[[Any], None]) -> None:
    """Let two servers that start find each other, elect, and synchronise; `seen` is told of each message."""
    waiting: list[tuple[str, Effect]] = []

    def act(name: str, event: Any) -> None:
        waiting.extend((name, effect) for effect in nodes[name].handle(event))

    def flow_all() -> None:
        while waiting:
            sender, effect = waiting.pop(0)
            if isinstance(effect, Send) and effect.to in nodes:
                seen(effect.message)
                act(effect.to, Deliver(sender, effect.message))

    for name in nodes:
        act(name, Start(0))
    flow_all()
    for name in sorted(nodes, key=lambda name: name != nodes[name].vote.leader):  # the leader decides first
        act(name, Timeout("decide"))
    flow_all()


# How long nobody serves.


def outage(seed: int, delay: Any = 10 * MS) -> Trace:
    """Return a run in which n3 leads, and crashes at a moment that the seed draws from one interval between pings."""
    cluster = systems.build("zab", nodes=("n1", "n2", "n3"))
    offset, _ = Dice(derive(seed, "crash")).below(50 * MS)
    return Simulator(
        cluster,
        seed,
        network=link(delay=delay),
        script=(Crash(1 * S + offset, "n3"),),
        requests=(),
        laws=(),
        until=1_800 * MS,
        settle=0,
    ).run()


def without_service(trace: Trace) -> dict[str, float]:
    """Return how long each phase lasted between the crash of a leader and the next leader that serves, in milliseconds.

    Detection ends when the first server looks for a leader, the election when the next leader has decided, the
    discovery when it enters its epoch, the synchronisation when a quorum has its history.

    >>> [round(part) for part in without_service(outage(1)).values()][1:]
    [70, 20, 20]
    """
    crashed = next(step.number for step in trace if step.kind == "crash")
    later = trace.steps[crashed:]
    entered = next(step for step in later if any(isinstance(effect, Note) for effect in step.effects))
    marks = [
        trace.step(crashed).at,
        min(step.at for step in later if fired(step) == "patience"),
        max(
            step.at
            for step in later
            if step.number < entered.number and step.node == entered.node and fired(step) == "decide"
        ),
        entered.at,
        min(step.at for step in later if any(tells(effect, UpToDate) for effect in step.effects)),
    ]
    return {
        phase: (end - start) / MS for phase, start, end in zip(PHASES, marks[:-1], marks[1:], strict=True)
    }


def fired(step: Step) -> str:
    """Return the timer that fired in a step, or nothing."""
    return step.event.timer if isinstance(step.event, Timeout) else ""


def tells(effect: Effect, kind: type) -> bool:
    """Return whether an effect sends a message of a class."""
    return isinstance(effect, Send) and isinstance(effect.message, kind)


# What a transaction costs.


def commits_in(voters: int, observers: int = 0, down: int = 0) -> dict[str, int]:
    """Return how many messages one transaction takes when all are up to date, and how many servers deliver it.

    `down` voters have crashed before it, the leader not among them.

    >>> commits_in(3), commits_in(3, observers=2), commits_in(3, observers=2, down=2)
    ({'messages': 6, 'delivered': 3}, {'messages': 8, 'delivered': 5}, {'messages': 2, 'delivered': 0})
    """
    names = tuple(f"n{number:02}" for number in range(1, voters + observers + 1))
    leader = names[voters - 1]
    cluster = systems.build("zab", nodes=names, observers=observers)
    everything = flow(*names, most=100_000)
    story: list[Any] = [everything]
    story += [timeout(name, "decide") for name in (leader, *names[: voters - 1])]
    story.append(everything)
    if observers:  # they ask again, and now find a leader
        story += [timeout(name, "notify") for name in names[voters:]]
        story.append(everything)
    story += [crash(name) for name in names[:down]]
    story += [request(leader, Propose("x")), everything]
    run = perform(cluster, story, laws=())
    asked = next(step.number for step in run if step.kind == "invoke")
    sent = sum(isinstance(effect, Send) for step in run if step.number >= asked for effect in step.effects)
    delivered = sum(len(values) for values in run.outputs().values())
    return {"messages": sent, "delivered": delivered}
