"""The hand-made runs of the pages on Zab, and what they measure.

A function that makes a run returns the same `Trace` on every call. The stories are schedules
(`distsys.drivers.schedules`); a message that no move delivers is late, or lost. Three servers start with empty
histories, so n3, the one with the greatest name, leads first.

>>> paxos_without_order().violation.law, paxos_without_order(alpha=1).violation, zab_with_order().violation
('primary order', None, None)
"""

from __future__ import annotations

from typing import Any

from distsys.core import Trace, systems
from distsys.core.events import Output, Send
from distsys.core.laws import World, law_with_memory
from distsys.core.values import EMPTY, Map, record
from distsys.drivers import perform
from distsys.drivers.schedules import Flowed, Move, crash, deliver, request, restart, timeout
from distsys.protocols.multipaxos_laws import MULTIPAXOS_LAWS
from distsys.protocols.multipaxos_messages import NOOP, Accept, Accepted, Decided, Prepare, Promise
from distsys.protocols.replication import Committed, Compact, Propose
from distsys.protocols.zab_laws import local_primary_order, one_leader_in_an_epoch
from distsys.protocols.zab_messages import (
    Ack,
    AckEpoch,
    AckNewLeader,
    Commit,
    Diff,
    FollowerInfo,
    Inform,
    NewEpoch,
    Notification,
    Proposal,
    Snap,
    Trunc,
    Zxid,
)
from distsys.protocols.zab_world import history_on, written

from .scenarios_zab import FIRST_ELECTION, OLD_PROPOSAL, broadcasts, joins

Story = tuple[Move | Flowed, ...]
THREE = ("n1", "n2", "n3")
FIVE, TWELVE, FOUR = "balance = 5", "balance = 12", "balance = 3"
__all__ = [
    "after_the_balance",
    "observed",
    "old_proposal",
    "on_disk",
    "one_epoch",
    "overtaken",
    "paxos_without_order",
    "primary_order",
    "promised_only",
    "returns_by_diff",
    "returns_by_snap",
    "returns_by_trunc",
    "zab_with_order",
]


# Why not plain Paxos.


@record
class Orders:
    """What each leader asked votes for of its own accord, in its order, and what each replica has applied."""

    asked: Map[Any, tuple[Any, ...]] = Map()
    applied: Map[str, frozenset[Any]] = EMPTY


@law_with_memory(
    "primary order",
    "Who applies a command has applied all that its leader had asked votes for before it.",
    start=Orders(),
)
def primary_order(memory: Orders, world: World) -> tuple[Orders, str | None]:
    """Local primary order, asked of Multi-Paxos, which does not promise it; commands must differ."""
    step, asked, applied = world.step, memory.asked, memory.applied
    for effect in step.effects[: step.kept]:
        match effect:
            case Send(_, Accept(ballot, _, value)):
                if value is not NOOP and not any(value in values for values in asked.values()):
                    asked = asked.set(ballot, (*asked.get(ballot, ()), value))
            case Output(Committed(index, entry)):
                known = applied.get(step.node, frozenset())
                for ballot, values in asked.items():
                    before = values[: values.index(entry.command)] if entry.command in values else ()
                    if missing := [value for value in before if value not in known]:
                        return memory, (
                            f"{step.node} applies {entry.command!r} in slot {index}, but never applied "
                            f"{missing[0]!r}, which the leader of ballot {ballot} had asked for before it"
                        )
                applied = applied.set(step.node, known | {entry.command})
    return Orders(asked, applied), None


def paxos_without_order(alpha: int = 8, *, order: bool = True) -> Trace:
    """Return a run of Multi-Paxos in which a change is decided without the one that it was made on.

    n3 asks votes for two changes, and only its own acceptor hears of them; n2 decides another one with n1; n1 then
    leads with n3. With `alpha` 1 a leader asks for one change at a time. Without `order` only the laws of Multi-Paxos
    judge the run.
    """
    story: Story = (
        timeout("n3", "election"),
        deliver("n3", "n2", Prepare),
        deliver("n2", "n3", Promise),
        request("n3", Propose(FIVE)),
        request("n3", Propose(TWELVE)),
        crash("n3"),
        timeout("n2", "election"),
        deliver("n2", "n1", Prepare),
        deliver("n1", "n2", Promise),
        request("n2", Propose(FOUR)),
        deliver("n2", "n1", Accept),
        deliver("n1", "n2", Accepted),
        crash("n2"),
        restart("n3"),
        timeout("n1", "election"),
        deliver("n1", "n3", Prepare),
        deliver("n3", "n1", Promise),
        deliver("n1", "n3", Accept),
        deliver("n3", "n1", Accepted),
        deliver("n1", "n3", Accept),
        deliver("n3", "n1", Accepted),
        deliver("n1", "n3", Decided),
        deliver("n1", "n3", Decided),
    )
    laws = (*MULTIPAXOS_LAWS, primary_order) if order else MULTIPAXOS_LAWS
    return perform(systems.build("multi-paxos", nodes=THREE, alpha=alpha), story, laws=laws, skip=True)


def after_the_balance(trace: Trace) -> dict[str, str]:
    """Return the last change that each server of a run has applied.

    >>> after_the_balance(paxos_without_order(order=False))
    {'n1': 'balance = 12', 'n2': 'balance = 3', 'n3': 'balance = 12'}
    >>> after_the_balance(zab_with_order())
    {'n1': 'balance = 3', 'n2': 'balance = 3', 'n3': 'balance = 3'}
    """
    found = {}
    for name, values in trace.outputs().items():
        if done := [value.entry.command for value in values if isinstance(value, Committed)]:
            found[name] = done[-1]
    return found


# Zab under the same faults.

BOTH_FOLLOW: Story = (*FIRST_ELECTION, *joins("n2", "n3"))  # n3 leads epoch 1
TWO_CHANGES: Story = (request("n3", Propose(FIVE)), request("n3", Propose(TWELVE)))
SECOND_EPOCH: Story = (  # n2 leads epoch 2 with n1
    timeout("n2", "patience"),
    timeout("n1", "patience"),
    deliver("n2", "n1", Notification, over=2),
    deliver("n1", "n2", Notification, over=3),
    timeout("n1", "decide"),
    timeout("n2", "decide"),
    *joins("n1", "n2"),
)
THIRD_ELECTION: Story = (  # n1 and n3 are up, and vote; who wins depends on what counts
    restart("n3"),
    timeout("n1", "patience"),
    deliver("n1", "n3", Notification, over=3),
    deliver("n3", "n1", Notification, over=1),
    deliver("n1", "n3", Notification, over=3),  # with ZAB-03 only: n1 has changed its vote
    timeout("n1", "decide"),
    timeout("n3", "decide"),
)


def zab_with_order(mutant: str | None = None) -> Trace:
    """Return the run of Zab under the faults of `paxos_without_order`; with ZAB-03 the other server wins at the end."""
    story: Story = (
        *BOTH_FOLLOW,
        *TWO_CHANGES,
        crash("n3"),
        *SECOND_EPOCH,
        request("n2", Propose(FOUR)),
        deliver("n2", "n1", Proposal),
        deliver("n1", "n2", Ack),
        crash("n2"),
        *THIRD_ELECTION,
        *(joins("n3", "n1", Trunc) if mutant is None else joins("n1", "n3")),
    )
    return perform(systems.build("zab", nodes=THREE, mutant=mutant), story, skip=True)


def one_epoch() -> Trace:
    """Return a run without faults: an election, one follower that comes up to date, two transactions in flight."""
    story: Story = (
        *FIRST_ELECTION,
        *TWO_CHANGES,
        deliver("n3", "n1", Proposal),
        deliver("n3", "n1", Proposal),
        deliver("n1", "n3", Ack),
        deliver("n1", "n3", Ack),
        deliver("n3", "n1", Commit),
        deliver("n3", "n1", Commit),
    )
    return perform(systems.build("zab", nodes=THREE), story)


def overtaken(mutant: str | None = None) -> Trace:
    """Return a run in which the second of two proposals overtakes the first; with ZAB-11 it is taken as it comes.

    A broken run is judged by local primary order alone, or it would end where the leader commits what no quorum has.
    """
    story: Story = (
        *FIRST_ELECTION,
        *TWO_CHANGES,
        deliver("n3", "n1", Proposal, over=1),
        deliver("n1", "n3", Ack),
        deliver("n3", "n1", Commit),
        deliver("n3", "n1", Proposal),
        deliver("n1", "n3", Ack),
        deliver("n1", "n3", Ack),
        deliver("n3", "n1", Commit),
        deliver("n3", "n1", Commit),
    )
    laws = None if mutant is None else (local_primary_order,)
    return perform(systems.build("zab", nodes=THREE, mutant=mutant), story, laws=laws, skip=True)


def old_proposal(mutant: str | None = None) -> Trace:
    """Return the run of `scenarios_zab.OLD_PROPOSAL`, with ZAB-05 or with the correct code."""
    return perform(systems.build("zab", nodes=THREE, mutant=mutant), OLD_PROPOSAL, skip=True)


# How a server comes back.


def returns_by_diff() -> Trace:
    """Return a run in which n2 follows late, and lacks two transactions."""
    story: Story = (
        *FIRST_ELECTION,
        *broadcasts("n3", "n1", "a"),
        *broadcasts("n3", "n1", "b"),
        *joins("n2", "n3"),
    )
    return perform(systems.build("zab", nodes=THREE), story)


def returns_by_snap() -> Trace:
    """Return the run of `returns_by_diff`, but the leader has put a snapshot in place of both transactions."""
    story: Story = (
        *FIRST_ELECTION,
        *broadcasts("n3", "n1", "a"),
        *broadcasts("n3", "n1", "b"),
        request("n3", Compact(2, "the state after a, b")),
        *joins("n2", "n3", Snap),
    )
    return perform(systems.build("zab", nodes=THREE), story)


def returns_by_trunc(mutant: str | None = None) -> Trace:
    """Return a run in which a former leader comes back with a transaction that nobody else has; ZAB-07 keeps it."""
    story: Story = (
        *BOTH_FOLLOW,
        request("n3", Propose("a")),  # on the disk of n3 alone
        crash("n3"),
        *SECOND_EPOCH,
        *broadcasts("n2", "n1", "b"),
        restart("n3"),
        deliver("n3", "n2", Notification),
        deliver("n3", "n1", Notification),
        deliver("n2", "n3", Notification, over=3),
        deliver("n1", "n3", Notification, over=3),
        *joins(
            "n3", "n2", Trunc if mutant is None else Diff
        ),  # where it keeps its tail, there is nothing to cut
    )
    return perform(systems.build("zab", nodes=THREE, mutant=mutant), story, skip=True)


# Observers.


def observed() -> Trace:
    """Return a run with three voters and the observer n4: it finds the leader, and hears of a commit.

    >>> [one.entry.command for one in observed().outputs()["n4"]]
    ['a']
    """
    story: Story = (
        *FIRST_ELECTION,
        deliver("n4", "n3", Notification),
        deliver("n4", "n1", Notification),
        deliver("n3", "n4", Notification),
        deliver("n1", "n4", Notification),
        *joins("n4", "n3"),
        *broadcasts("n3", "n1", "a"),
        deliver("n3", "n4", Inform),
    )
    return perform(systems.build("zab", nodes=(*THREE, "n4"), observers=1), story)


# Two epochs.


def promised_only(mutant: str | None = None) -> Trace:
    """Return a run in which n1 accepts an epoch of n3, restarts, and follows n2; its first answer comes late.

    With ZAB-09 n1 has forgotten the epoch that it accepted. Only the law about leaders judges the run.

    >>> promised_only().violation, promised_only("ZAB-09").violation.evidence
    (None, 'n2 and n3 both lead epoch 1')
    """
    story: Story = (
        deliver("n3", "n1", Notification),
        deliver("n1", "n3", Notification, over=1),
        timeout("n1", "decide"),
        timeout("n3", "decide"),
        deliver("n1", "n3", FollowerInfo),
        deliver("n3", "n1", NewEpoch),
        crash("n1"),  # its answer to n3 is late
        restart("n1"),
        deliver("n2", "n1", Notification),
        deliver("n1", "n2", Notification, over=3),
        timeout("n1", "decide"),
        timeout("n2", "decide"),
        *joins("n1", "n2"),
        deliver("n1", "n3", AckEpoch),
    )
    cluster = systems.build("zab", nodes=THREE, mutant=mutant)
    return perform(cluster, story, laws=(one_leader_in_an_epoch,))


def on_disk(trace: Trace, name: str) -> list[tuple[str, int, int, str]]:
    """Return, for each message of a server that promises something, what stood on its disk when it was sent.

    That is the accepted epoch, the current epoch, and the last zxid of the history.

    >>> on_disk(one_epoch(), "n1")[0]
    ('AckEpoch', 1, 0, '0.0')
    """
    disk: Map[str, Any] = EMPTY
    found = []
    for step in trace:
        if step.node != name:
            continue
        for effect, now in written(step, disk):
            disk = now
            if isinstance(effect, Send) and isinstance(
                effect.message, (NewEpoch, AckEpoch, AckNewLeader, Proposal, Ack)
            ):
                history = history_on(disk)
                last = history[history.last_index].zxid if history.last_index else Zxid()
                found.append(
                    (
                        type(effect.message).__name__,
                        disk.get("accepted_epoch", 0),
                        disk.get("current_epoch", 0),
                        str(last),
                    )
                )
    return found
