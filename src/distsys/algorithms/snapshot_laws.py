"""The laws of a snapshot, judged by what the processes have told of payments, in the order in which they told it.

What a process had paid and got when it told `Recorded` is its side of the cut. The laws never read a recording to
find that out.
"""

from __future__ import annotations

from collections.abc import Callable

from distsys.core import ALWAYS, FINALLY, Law, Map, World, law, record
from distsys.core.laws import outputs

from .snapshot_messages import BEGIN, Got, Paid, Recorded, Report, Take

Channel = tuple[str, str]  # from, to


@record
class Ledger:
    """What has been told so far.

    paid     what each channel was given
    got      how many of these have come
    cut      (snapshot, process) -> what had been paid and got of each channel when it recorded
    reports  (snapshot, process) -> its report
    """

    paid: Map[Channel, tuple[int, ...]] = Map()
    got: Map[Channel, int] = Map()
    cut: Map[tuple[int, str], tuple[Map[Channel, int], Map[Channel, int]]] = Map()
    reports: Map[tuple[int, str], Report] = Map()

    def follow(self, node: str, value: Paid | Got | Recorded | Report) -> Ledger:
        """Return the ledger after one more output of `node`."""
        paid, got, cut, reports = self.paid, self.got, self.cut, self.reports
        match value:
            case Paid(to, amount):
                paid = paid.set((node, to), (*paid.get((node, to), ()), amount))
            case Got(sender, _):
                got = got.set((sender, node), got.get((sender, node), 0) + 1)
            case Recorded(snapshot, _):
                mine: Map[Channel, int] = Map(
                    {channel: len(sums) for channel, sums in paid.items() if channel[0] == node}
                )
                cut = cut.set((snapshot, node), (mine, got))
            case Report(snapshot):
                reports = reports.set((snapshot, node), value)
        return Ledger(paid, got, cut, reports)

    def sides(self, snapshot: int, channel: Channel) -> tuple[int, int] | None:
        """Return how many messages were paid and got on a channel before the cut; None where one is not known."""
        sender, to = channel
        if (snapshot, sender) not in self.cut or (snapshot, to) not in self.cut:
            return None
        return self.cut[snapshot, sender][0].get(channel, 0), self.cut[snapshot, to][1].get(channel, 0)


Judge = Callable[[Ledger, World, str, Recorded | Report], str | None]


def law_on_ledger(name: str, says: str, kind: type[Recorded] | type[Report], judge: Judge) -> Law:
    """Make a law of a function that judges each output of this kind."""

    def fold(ledger: Ledger, world: World) -> tuple[Ledger, str | None]:
        node = world.step.node if world.step else ""
        for value in outputs(world.step, Paid, Got, Recorded, Report):
            ledger = ledger.follow(node, value)
            evidence = judge(ledger, world, node, value) if isinstance(value, kind) else None
            if evidence:
                return ledger, evidence
        return ledger, None

    return Law(name, says, fold, ALWAYS, Ledger())


def no_effect_without_cause(ledger: Ledger, world: World, node: str, value: Recorded | Report) -> str | None:
    """Judge a cut by: what was got before it, was paid before it."""
    for other in world.names:
        for channel in ((other, node), (node, other)):
            sides = ledger.sides(value.snapshot, channel)
            if other != node and sides is not None and sides[1] > sides[0]:
                return (
                    f"snapshot {value.snapshot}: {channel[1]} had got {sides[1]} payments of {channel[0]}, "
                    f"which had made {sides[0]}"
                )
    return None


def crossing_recorded(ledger: Ledger, world: World, node: str, value: Recorded | Report) -> str | None:
    """Judge a report by: what it says of a channel was paid before the cut, and not got before it."""
    assert isinstance(value, Report)
    for sender, said in value.channels.items():
        sides = ledger.sides(value.snapshot, (sender, node))
        if sides is not None:
            crossing = ledger.paid.get((sender, node), ())[sides[1] : sides[0]]
            if crossing != said:
                return (
                    f"snapshot {value.snapshot}: {list(crossing)} was on its way from {sender} to {node}, but "
                    f"{list(said)} is recorded"
                )
    return None


def worth(reports: tuple[Report, ...]) -> int:
    """Return the money in a snapshot: all balances, and all that was on its way."""
    return sum(r.balance + sum(sum(amounts) for amounts in r.channels.values()) for r in reports)


def adds_up(ledger: Ledger, world: World, node: str, value: Recorded | Report) -> str | None:
    """Judge a snapshot that all have reported by its sum."""
    found = [ledger.reports.get((value.snapshot, name)) for name in world.names]
    reports = tuple(report for report in found if report is not None)
    total, there = worth(reports), BEGIN * len(world.names)
    if len(reports) == len(world.names) and total != there:
        return f"snapshot {value.snapshot} holds {total}, but there is {there}"
    return None


@law("every snapshot ends", "Every process reports every snapshot that was asked for.", when=FINALLY)
def every_snapshot_ends(world: World) -> str | None:
    """Judged when all faults are over."""
    for name in world.names:
        for asked in world.asked[name]:
            for other in world.names:
                reports = [value for value in world.outputs[other] if isinstance(value, Report)]
                if isinstance(asked, Take) and asked.snapshot not in [r.snapshot for r in reports]:
                    return f"{other} never reports snapshot {asked.snapshot}, which {name} was asked for"
    return None


SNAPSHOT_LAWS = (
    law_on_ledger(
        "consistent cut",
        "What was received before the cut was sent before the cut.",
        Recorded,
        no_effect_without_cause,
    ),
    law_on_ledger(
        "channel state",
        "Of a channel is recorded what was sent before the cut and received after it.",
        Report,
        crossing_recorded,
    ),
    law_on_ledger(
        "conserved money", "Balances and what is on its way add up to what there is.", Report, adds_up
    ),
    every_snapshot_ends,
)
