"""Chandy and Lamport's snapshot: a picture of a system that never stands still, in which no money is lost or doubled.

Processes pay each other. To take stock, one of them notes its balance and sends a *marker* on each of its channels;
who gets a marker for the first time does the same at once. What arrives on a channel after the own balance was noted
and before the marker of that channel was on its way, and is noted as the state of the channel.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from distsys.core import EMPTY, MS, Dice, Map, Node, derive, record
from distsys.core.laws import outputs
from distsys.core.systems import Request, Sight, System, alike
from distsys.core.trace import Step

from .snapshot_laws import SNAPSHOT_LAWS
from .snapshot_messages import BEGIN, Got, Marker, Paid, Pay, Recorded, Report, Take, Transfer


@record
class Recording:
    """A snapshot under way at one process: its balance, what each channel held, and the channels still open."""

    balance: int
    channels: Map[str, tuple[int, ...]]
    open: tuple[str, ...]

    def with_amount(self, sender: str, amount: int) -> Recording:
        """Return the recording with one more amount on this channel, if it is open."""
        if sender not in self.open:
            return self
        held = (*self.channels[sender], amount)
        return Recording(self.balance, self.channels.set(sender, held), self.open)

    def without(self, sender: str) -> Recording:
        """Return the recording with this channel closed."""
        return Recording(self.balance, self.channels, tuple(name for name in self.open if name != sender))


class Account(Node):
    """Holds money, pays it to its peers, and takes part in snapshots, of which several may run at once.

    State, all volatile: `balance`; `recordings` as {snapshot: Recording}; of each channel the number of the last
    message `sent` and `received`, and those that came too `early`.
    Messages: Transfer, Marker. Timers: none.
    Keeps: what a snapshot records is a consistent cut with the messages that cross it; so it conserves money.
    Assumes: channels that lose nothing; numbers make them FIFO, and drop copies. No process crashes.
    Leaves out: who collects the reports, and when they may be thrown away.
    Source: Chandy and Lamport 1985, section 3.2 (marker-sending rule, marker-receiving rule).
    """

    declared = {"balance": "balance", "recordings": "recordings"}

    def __init__(self, name: str, disk: Map[str, Any] = EMPTY, *, peers: tuple[str, ...]) -> None:
        super().__init__(name, disk)
        self.peers = peers
        self.balance = BEGIN
        self.recordings: Map[int, Recording] = Map()
        self.sent: Map[str, int] = Map()
        self.received: Map[str, int] = Map()
        self.early: Map[Any, Transfer | Marker] = Map()

    def on_message(self, sender: str, message: Any) -> None:
        match message:
            case Pay(to, amount):
                self.on_pay(to, amount)
            case Take(snapshot):
                self.on_take(snapshot)
            case Transfer() | Marker():
                self.on_arrival(sender, message)

    # Channels that keep the order.

    def post(self, to: str, kind: type, content: int) -> None:
        """Send a message on the channel to `to`, with the next number."""
        self.sent = self.sent.set(to, self.sent.get(to, 0) + 1)
        self.send(to, kind(self.sent[to], content))

    def on_arrival(self, sender: str, message: Transfer | Marker) -> None:
        """Take in what is next on the channel, and what waited for it; a copy is dropped."""
        if message.number > self.received.get(sender, 0):
            self.early = self.early.set((sender, message.number), message)
        while (place := (sender, self.received.get(sender, 0) + 1)) in self.early:
            message = self.early[place]
            self.early = self.early.remove(place)
            self.received = self.received.set(*place)
            self.take_in(sender, message)

    def take_in(self, sender: str, message: Transfer | Marker) -> None:
        """Act on a message that is next on its channel."""
        match message:
            case Transfer(_, amount):
                self.on_transfer(sender, amount)
            case Marker(_, snapshot):
                self.on_marker(sender, snapshot)

    # Money.

    def on_pay(self, to: str, amount: int) -> None:
        """Pay, as far as there is money."""
        amount = min(amount, self.balance)
        if amount:
            self.balance -= amount
            self.output(Paid(to, amount))
            self.post(to, Transfer, amount)

    def on_transfer(self, sender: str, amount: int) -> None:
        """Book the money; where the channel is open, it belongs to its state in the snapshot."""
        self.balance += amount
        self.output(Got(sender, amount))
        self.recordings = Map({key: r.with_amount(sender, amount) for key, r in self.recordings.items()})

    # The snapshot.

    def on_take(self, snapshot: int) -> None:
        """Begin a snapshot, unless it has reached us already."""
        if snapshot not in self.recordings:
            self.record(snapshot)
            self.finish(snapshot)

    def on_marker(self, sender: str, snapshot: int) -> None:
        """The marker-receiving rule: record at the first one; the channel that it came on ends here."""
        if snapshot not in self.recordings:
            self.record(snapshot)
        self.close(snapshot, sender)
        self.finish(snapshot)

    def record(self, snapshot: int) -> None:
        """Note the balance, and send the markers before anything else."""
        channels: Map[str, tuple[int, ...]] = Map(dict.fromkeys(self.peers, ()))
        self.recordings = self.recordings.set(snapshot, Recording(self.balance, channels, self.watched()))
        self.output(Recorded(snapshot, self.balance))
        self.send_markers(snapshot)

    def watched(self) -> tuple[str, ...]:
        """Return the channels whose messages are recorded, each until its marker comes."""
        return self.peers

    def send_markers(self, snapshot: int) -> None:
        """The marker-sending rule: one on each channel, before any further message."""
        for peer in self.peers:
            self.post(peer, Marker, snapshot)

    def close(self, snapshot: int, sender: str) -> None:
        """Stop recording a channel: its marker has come."""
        self.recordings = self.recordings.set(snapshot, self.recordings[snapshot].without(sender))

    def finish(self, snapshot: int) -> None:
        """Report when all channels are closed."""
        recording = self.recordings[snapshot]
        if not recording.open:
            self.output(Report(snapshot, recording.balance, recording.channels))


def payments(names: tuple[str, ...], options: Mapping[str, Any], seed: int) -> tuple[Request, ...]:
    """Return payments between random processes, and two snapshots among them, the first asked for at two places."""
    dice = Dice(derive(seed, "workload"))
    requests = []
    at = 0
    for place in range(options["payments"]):
        pause, dice = dice.below(20 * MS)
        at += pause
        name, dice = dice.choose(names)
        others = tuple(other for other in names if other != name)
        if others:
            to, dice = dice.choose(others)
            amount, dice = dice.below(30)
            requests.append(Request(at, name, Pay(to, 1 + amount)))
        if place in (options["payments"] // 3, options["payments"] // 2):
            for snapshot in (1, 1) if place == options["payments"] // 3 else (2,):
                name, dice = dice.choose(names)
                requests.append(Request(at, name, Take(snapshot)))
    return tuple(requests)


def on_the_way(step: Step) -> bool:
    """Return whether a report holds money that was on its way."""
    return any(any(report.channels.values()) for report in outputs(step, Report))


SNAPSHOT = System(
    name="snapshot",
    says="A picture of processes that pay each other, in which no money is missing and none is doubled.",
    classes={"process": Account},
    members=alike(),
    laws=SNAPSHOT_LAWS,
    options={"payments": 24},
    workload=payments,
    tolerates=("duplicate", "reorder", "slow", "pause", "skew", "clock-step"),  # channels lose nothing
    sights=(Sight("on the way", "A snapshot holds money that was on its way.", on_the_way),),
)
