"""What the page on consistency says of its figures, held against their runs."""

from distsys.core.divergence import divergence
from distsys.core.events import Output
from distsys.drivers import states
from distsys.lab import challenge_consistency_baskets as baskets
from distsys.lab import challenge_consistency_runs as runs
from distsys.lab import challenge_consistency_seats as seats
from distsys.lab.challenge_consistency_shop import Bought, Buy, Got, Sale, Wishes


def outputs(trace, number):
    return [effect.value for effect in trace.step(number).effects if isinstance(effect, Output)]


def where(trace, number):
    step = trace.step(number)
    return step.node, step.kind, step.at / 1000


def message(trace, number):
    return trace.step(number).event.message


def of(trace, number, node, field):
    return states(trace, lambda one: getattr(one, field, None))[number - 1][node]


def seat():
    arrives, lost = seats.last_seat(), seats.last_seat(lost=True)
    assert arrives.header.seed == lost.header.seed
    assert divergence(arrives, lost) == 9
    assert (where(lost, 9), lost.step(9).detail.get("why")) == (("north", "drop", 15), "lost")
    assert where(arrives, 7) == ("ann", "timeout", 10)
    assert (where(arrives, 8)[0], outputs(arrives, 8)) == ("north", [seats.Sold("ann")])
    assert (where(arrives, 11)[0], message(arrives, 11)) == ("south", seats.Gone())
    assert not any(step.node == "south" and step.kind == "deliver" for step in lost.slice(1, 12))
    assert (where(arrives, 14), message(arrives, 14)) == (("south", "deliver", 65), seats.Buy())
    assert outputs(arrives, 15) == [seats.SoldOut()]
    assert outputs(lost, 14) == [seats.Ticket()]
    assert (where(arrives, 13)[2], where(lost, 12)[2]) == (60, 60)
    assert (seats.sold(arrives), seats.sold(lost)) == (("ann",), ("ann", "bob"))
    assert sum(step.kind == "drop" for step in lost) == 1
    assert where(arrives, 9) == where(lost, 10) == ("north", "link", 18)
    assert (where(lost, 15)[0], message(lost, 15)) == ("north", seats.Gone())


def twice():
    trace = runs.answer_lost()
    assert (where(trace, 3), outputs(trace, 3)) == (("ann", "timeout", 10), [Wishes("shoes")])
    assert (where(trace, 5)[0], message(trace, 5)) == ("shop", Buy("shoes", ""))
    assert (where(trace, 6), trace.step(6).detail.get("to")) == (("shop", "drop", 15), "ann")
    assert where(trace, 8) == ("ann", "timeout", 70)
    assert message(trace, 9) == message(trace, 5)
    assert (trace.violation.law, trace.violation.step) == ("each wish is bought at most once", 9)
    assert (message(trace, 10), outputs(trace, 10)[0]) == (Bought("shoes"), Got("shoes"))
    assert runs.ledger(trace) == (Sale("ann", "shoes", ""),) * 2
    assert runs.believes(trace) is True


def crash():
    memory, record = (
        runs.answer_lost("one for each wish", keeps, crash=True)
        for keeps in ("in memory only", "in one record")
    )
    assert (memory.violation.step, record.violation) == (11, None)
    for trace in (memory, record):
        assert [where(trace, number)[1] for number in (5, 6, 8, 9, 10)] == [
            "deliver", "drop", "crash", "restart", "timeout",
        ]  # fmt: skip
        assert message(trace, 11) == Buy("shoes", "ann-1") == message(trace, 5)
    written = [set(trace.step(5).effects[0].changes) for trace in (memory, record)]
    assert written == [{"ledger"}, {"ledger", "done"}]
    assert ("ann-1" in of(memory, 11, "shop", "done"), len(runs.ledger(memory))) == (True, 2)
    assert "ann-1" not in of(memory, 10, "shop", "done")
    assert "ann-1" in of(record, 10, "shop", "done")
    assert len(runs.ledger(record)) == 1
    assert divergence(memory, record) == 5


def unknown():
    request, answer = (runs.world(name, "ask again") for name in ("request lost", "answer lost"))
    assert where(request, 7) == where(answer, 7) == ("ann", "timeout", 110)
    assert [sale.item for sale in of(request, 8, "shop", "ledger")] == ["hat"]
    assert (where(request, 8)[1], where(answer, 9)[1]) == ("drop", "drop")
    assert [sale.item for sale in of(answer, 8, "shop", "ledger")] == ["hat", "shoes"]
    assert where(request, 11) == where(answer, 12) == ("ann", "timeout", 170)
    assert runs.observed(request, "ann", 170) == runs.observed(answer, "ann", 170)
    assert message(request, 12) == message(answer, 13) == Buy("shoes", "ann-2")
    for trace in (request, answer):
        assert sorted(sale.item for sale in runs.ledger(trace)) == ["hat", "shoes"]
        assert runs.believes(trace) is True
    assert Got("shoes") in outputs(request, 13)


def basket():
    trace = baskets.both_add("last writer wins")
    assert (where(trace, 7), where(trace, 8)) == (("ann", "timeout", 10), ("bob", "timeout", 12))
    assert of(trace, 10, "north", "basket") == ("milk",)
    assert of(trace, 10, "south", "basket") == ("bread",)
    assert (of(trace, 10, "north", "stamp"), of(trace, 10, "south", "stamp")) == (
        (15_000, "north"),
        (17_000, "south"),
    )
    assert outputs(trace, 11) == [baskets.Saved("milk")]
    assert outputs(trace, 12) == [baskets.Saved("bread")]
    assert of(trace, 13, "south", "basket") == of(trace, 14, "north", "basket") == ("bread",)
    assert where(trace, 13)[0] == "south"
    assert where(trace, 14)[0] == "north"
    assert trace.violation.law == "what is saved stays"


CLAIMS = {
    "fig-con-seat": seat,
    "fig-con-twice": twice,
    "fig-con-crash": crash,
    "fig-con-unknown": unknown,
    "fig-con-basket": basket,
}
