"""What Zab promises at every moment: the properties of the paper, and what its proof leans on.

What must be on the disk stands in `zab_durability`, what must come about in the end in `zab_progress`; `ZAB_LAWS` is
all of it. Each law looks only at the server that handled the last step, for nothing else has changed.

The paper writes a transaction as a value and a zxid, (v, z), and says *broadcast* for what a primary does and
*deliver* for what every server does. Two of its laws speak of the order of what is delivered, and in a replicated log
they look like one: *local* primary order is about the transactions of one epoch, *global* about those of two.
*Primary integrity* is the one that a plain sequence of agreements does not give: a primary broadcasts only when it
has delivered everything that anybody will ever deliver of the epochs before it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from distsys.core.events import Deliver
from distsys.core.laws import World, law, law_with_memory
from distsys.core.log import Log
from distsys.core.values import EMPTY, Map, record

from .raft_world import message_of
from .replication_laws import told
from .zab import Zab
from .zab_durability import DURABILITY
from .zab_messages import Commit, Transaction, UpToDate, Zxid
from .zab_progress import PROGRESS
from .zab_world import (
    Disks,
    acting,
    delivered,
    disks_after,
    history_on,
    is_established,
    servers,
    snapshot_on,
    written,
)


@record
class Broadcasts:
    """All transactions that have ever been on a disk, by zxid, and what is on the disks now."""

    commands: Map[Zxid, Any] = Map()
    disks: Disks = EMPTY
    last: Map[str, int] = EMPTY


@law_with_memory(
    "integrity", "What is delivered was broadcast: by one primary, and with one command.", start=Broadcasts()
)
def integrity(memory: Broadcasts, world: World) -> tuple[Broadcasts, str | None]:
    """If some process delivers (v, z), then some process has broadcast it.

    Only a server that is in epoch e may write a transaction of e that nobody has written before.
    """
    step = world.step
    commands = memory.commands
    known = history_on(memory.disks.get(step.node, EMPTY))
    for _, disk in written(step, memory.disks.get(step.node, EMPTY)):
        history = history_on(disk)
        for transaction in history.since(known)[1] if history is not known else ():
            if (evidence := broadcast_wrongly(step.node, transaction, commands, disk)) is not None:
                return memory, evidence
            commands = commands.set(transaction.zxid, transaction.command)
        known = history
    zab, last = acting(world), memory.last
    if zab is not None:
        for _, transaction in delivered(zab, world, last):
            if commands.get(transaction.zxid, transaction) != transaction.command:
                return memory, f"{zab.name} delivers {said(transaction)}, which nobody has broadcast"
        last = last.set(zab.name, zab.last_applied)
    return Broadcasts(commands, disks_after(memory.disks, step), last), None


def broadcast_wrongly(
    name: str, transaction: Transaction, commands: Map[Zxid, Any], disk: Map[str, Any]
) -> str | None:
    """Return what is wrong when a server writes a transaction: new, of another epoch, or with another command."""
    zxid = transaction.zxid
    if zxid in commands:
        if commands[zxid] == transaction.command:
            return None
        return f"{name} writes {transaction.command!r} as {zxid}, which was {commands[zxid]!r} before"
    if disk.get("current_epoch", 0) != zxid.epoch:
        return f"{name} writes a new transaction {zxid}, but it is in epoch {disk.get('current_epoch', 0)}"
    return None


def said(transaction: Transaction) -> str:
    """Return a transaction in words: its zxid, and the command."""
    return f"{transaction.zxid} ({transaction.command!r})"


@law("a commit finds its proposal", "A follower that is told of a commit has that transaction.")
def a_commit_finds_its_proposal(world: World) -> str | None:
    """Links are FIFO, so the proposal came before; where it did not, a server delivers with a gap."""
    zab = acting(world)
    if zab is None or not isinstance(world.step.event, Deliver) or not zab.entered:
        return None
    message = message_of(world.step.event)
    if not isinstance(message, (Commit, UpToDate)) or not zab.is_connected(zab.leader or "", message.link):
        return None
    if message.link.number > zab.link.number:
        return None  # it came early, and was not looked at yet
    if message.zxid > zab.last_snapshot.last_zxid and not is_held(zab, message.zxid):
        return f"{zab.name} is told that {message.zxid} is committed, but has it not"
    return None


def is_held(zab: Zab, zxid: Zxid) -> bool:
    """Return whether a history has a transaction, also where a bug has put it out of order."""
    in_order = zab.zxid_at(zab.index_up_to(zxid)) == zxid
    return in_order or any(transaction.zxid == zxid for transaction in zab.history)


@record
class Delivered:
    """What servers have delivered: the sequence that all agree on, how far each has come, and how far each host."""

    sequence: Log[Transaction | None] = Log()
    last: Map[str, int] = EMPTY
    hosts: Map[str, int] = EMPTY


@law_with_memory(
    "total order",
    "Of two servers, what one has delivered is the beginning of what the other has delivered.",
    start=Delivered(),
)
def total_order(memory: Delivered, world: World) -> tuple[Delivered, str | None]:
    """The paper's total order and agreement: places are the same, so one of two sequences begins like the other.

    It counts what servers believe to have delivered, and what has reached their hosts: each transaction once.
    """
    now = told(world, memory.hosts, "transaction")
    if now.evidence is not None:
        return memory, now.evidence
    zab, sequence, last = acting(world), memory.sequence, memory.last
    found: list[tuple[int, Any]] = [(commit.index, commit.entry) for commit in now.commits]
    if zab is not None and last.get(zab.name) != zab.last_applied:
        found += delivered(zab, world, last)
        last = last.set(zab.name, zab.last_applied)
    for index, transaction in found:
        while sequence.last_index < index - 1:
            sequence = sequence.append(None)  # only in a snapshot that nobody has seen the inside of
        if index > sequence.last_index:
            sequence = sequence.append(transaction)
        elif (known := sequence[index]) not in (transaction, None):
            assert known is not None, "that is what nobody has seen"
            place = f"at {index}, where {said(known)} was delivered before"
            return memory, f"{world.step.node} delivers {said(transaction)} {place}"
    return Delivered(sequence, last, now.last), None


@record
class Holders:
    """Who has ever had a transaction on its disk, what is on the disks now, and how far each server has come."""

    of: Map[Zxid, frozenset[str]] = Map()
    disks: Disks = EMPTY
    last: Map[str, int] = EMPTY

    def add(self, world: World) -> Holders:
        """Return who has what after a step."""
        step, of = world.step, self.of
        before = self.disks.get(step.node, EMPTY)
        known = history_on(before)
        for _, disk in written(step, before):
            history = history_on(disk)
            for transaction in history.since(known)[1] if history is not known else ():
                of = of.set(transaction.zxid, of.get(transaction.zxid, frozenset()) | {step.node})
            known = history
        return Holders(of, disks_after(self.disks, step), self.last)

    def having(self, zxid: Zxid, names: tuple[str, ...]) -> tuple[str, ...]:
        """Return which of `names` have had a transaction on their disks, in a history or before a snapshot."""
        had = self.of.get(zxid, frozenset())
        return tuple(
            name
            for name in names
            if name in had or zxid <= snapshot_on(self.disks.get(name, EMPTY)).last_zxid
        )


@law_with_memory(
    "only what a quorum has is delivered",
    "Nobody delivers a transaction before a majority of the voters has it on disk.",
    start=Holders(),
)
def only_what_a_quorum_has(memory: Holders, world: World) -> tuple[Holders, str | None]:
    """Phases 2 and 3: what makes a transaction committed. It is judged by the disks, and by nobody's word.

    Observers are no voters, so their disks do not count, and what they are told must be committed already.
    """
    zab, memory = acting(world), memory.add(world)
    if zab is None:
        return memory, None
    for index, transaction in delivered(zab, world, memory.last):
        having = memory.having(transaction.zxid, zab.voters)
        if 2 * len(having) <= len(zab.voters):
            return memory, (
                f"{zab.name} delivers {transaction.zxid} at {index}, but of the voters "
                f"only {' and '.join(having) or 'none'} had it on disk"
            )
    return replace(memory, last=memory.last.set(zab.name, zab.last_applied)), None


@law_with_memory(
    "local primary order",
    "Who delivers a transaction has delivered all that its primary broadcast before it.",
    start=EMPTY,
)
def local_primary_order(memory: Map[str, int], world: World) -> tuple[Map[str, int], str | None]:
    """A primary counts from 1, so a counter that is left out is a transaction that is left out."""
    zab = acting(world)
    if zab is None:
        return memory, None
    for index, transaction in delivered(zab, world, memory):
        before, zxid = zab.zxid_at(index - 1), transaction.zxid
        expected = before.counter + 1 if before.epoch == zxid.epoch else 1
        if zxid.counter != expected:
            return memory, f"{zab.name} delivers {zxid} after {before}"
    return memory.set(zab.name, zab.last_applied), None


@law_with_memory(
    "global primary order",
    "Transactions of an earlier epoch are delivered before those of a later one.",
    start=EMPTY,
)
def global_primary_order(memory: Map[str, int], world: World) -> tuple[Map[str, int], str | None]:
    """If a server delivers both, then in the order of their epochs."""
    zab = acting(world)
    if zab is None:
        return memory, None
    for index, transaction in delivered(zab, world, memory):
        if zab.zxid_at(index - 1).epoch > transaction.zxid.epoch:
            return memory, f"{zab.name} delivers {transaction.zxid} after {zab.zxid_at(index - 1)}"
    return memory.set(zab.name, zab.last_applied), None


@record
class Primaries:
    """How far each primary had delivered when it first broadcast, and how far each epoch has been delivered."""

    begun: Map[int, int] = Map()
    reached: Map[int, int] = Map()
    last: Map[str, int] = EMPTY


@law_with_memory(
    "primary integrity",
    "Before a primary broadcasts, it has delivered all that is ever delivered of earlier epochs.",
    start=Primaries(),
)
def primary_integrity(memory: Primaries, world: World) -> tuple[Primaries, str | None]:
    """A state change of the new primary must not be computed on a state that lacks an old one."""
    zab = acting(world)
    if zab is None:
        return memory, None
    begun, reached = memory.begun, memory.reached
    if is_established(zab) and zab.epoch not in begun and zab.last_zxid().epoch == zab.epoch:
        first = zab.index_up_to(Zxid(zab.epoch, 0)) + 1  # the place of its first transaction
        begun = begun.set(zab.epoch, min(zab.last_applied, first - 1))
    for index, transaction in delivered(zab, world, memory.last):
        reached = reached.set(transaction.zxid.epoch, max(index, reached.get(transaction.zxid.epoch, 0)))
    for epoch, index in begun.items():
        for earlier in (e for e in reached if e < epoch):
            if reached[earlier] > index:
                return memory, (
                    f"the primary of epoch {epoch} had delivered up to {index} when it first broadcast, but the "
                    f"transaction at {reached[earlier]}, of epoch {earlier}, is delivered"
                )
    return Primaries(begun, reached, memory.last.set(zab.name, zab.last_applied)), None


@law_with_memory(
    "one leader in an epoch", "At most one server is established as the leader of an epoch.", start=Map()
)
def one_leader_in_an_epoch(memory: Map[int, str], world: World) -> tuple[Map[int, str], str | None]:
    """Phase 1: a quorum accepts an epoch from one server only."""
    zab = acting(world)
    if zab is None or not is_established(zab):
        return memory, None
    known = memory.get(zab.epoch)
    if known not in (None, zab.name):
        return memory, f"{known} and {zab.name} both lead epoch {zab.epoch}"
    return memory.set(zab.epoch, zab.name), None


@record
class Complete:
    """What was delivered and in which epoch it first was, and how far the leader of each epoch was checked."""

    sequence: Log[Transaction | None] = Log()
    epochs: Log[int] = Log()
    checked: Map[int, int] = Map()


@law_with_memory(
    "leader completeness",
    "What was delivered in an epoch is in the histories of the leaders of all later epochs.",
    start=Complete(),
)
def leader_completeness(memory: Complete, world: World) -> tuple[Complete, str | None]:
    """Every committed transaction is in a history of each quorum, and the leader has the most recent one.

    Leaders of later epochs: one of an older epoch that still believes in itself need not have it.
    """
    zab = acting(world)
    if zab is None:
        return memory, None
    sequence, epochs = memory.sequence, memory.epochs
    for index in range(sequence.last_index + 1, zab.last_applied + 1):
        is_held = index > zab.history.before_index
        sequence = sequence.append(zab.history[index] if is_held else None)
        epochs = epochs.append(zab.current_epoch)
    memory = Complete(sequence, epochs, memory.checked)
    for leader in servers(world):
        if is_established(leader) and memory.checked.get(leader.epoch, -1) < sequence.last_index:
            if (evidence := incomplete(leader, memory)) is not None:
                return memory, evidence
            memory = Complete(sequence, epochs, memory.checked.set(leader.epoch, sequence.last_index))
    return memory, None


def incomplete(leader: Zab, memory: Complete) -> str | None:
    """Return which transaction, delivered in an earlier epoch, a leader lacks."""
    for index in range(leader.history.first_index, memory.sequence.last_index + 1):
        transaction = memory.sequence[index]
        if memory.epochs[index] >= leader.epoch or transaction is None:
            continue
        if index > leader.history.last_index or leader.history[index] != transaction:
            return (
                f"{leader.name} leads epoch {leader.epoch} without {said(transaction)}, "
                f"which was delivered in epoch {memory.epochs[index]}"
            )
    return None


ORDER = (
    integrity,
    a_commit_finds_its_proposal,
    global_primary_order,
    local_primary_order,
    total_order,
)
LEADERS = (primary_integrity, one_leader_in_an_epoch, leader_completeness)
ZAB_LAWS = (*DURABILITY, *ORDER, *LEADERS, only_what_a_quorum_has, *PROGRESS)
