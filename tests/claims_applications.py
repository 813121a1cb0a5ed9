"""What the page on applications says of its figures, held against their runs."""

from distsys.core.divergence import divergence
from distsys.core.events import Note, Output
from distsys.drivers import states
from distsys.lab import applications_runs as runs
from distsys.lab.applications import loads
from distsys.lab.applications_cast import (
    WAIT_MS,
    Answer,
    AreYouUp,
    Buy,
    Dial,
    Give,
    Refused,
    Ring,
    Sold,
    Unanswered,
    Up,
    UseSpare,
)
from distsys.lab.applications_orders import Bought, Child, Parent
from distsys.lab.applications_runs import TEST_CALL, desk, emergency, heard, last_three, lost


def outputs(trace, number):
    return [effect.value for effect in trace.step(number).effects if isinstance(effect, Output)]


def notes(trace, number):
    return [effect.text for effect in trace.step(number).effects if isinstance(effect, Note)]


def where(trace, number):
    step = trace.step(number)
    return step.node, step.kind, step.at / 1000


def message(trace, number):
    return trace.step(number).event.message


def sent(trace, number):
    return [(effect.to, effect.message) for effect in trace.step(number).effects if hasattr(effect, "to")]


def counter():
    trace = emergency()
    assert (heard(trace), lost(trace)) == ((1, 2, 3, 4, 5, 6), (7, 8, 9, 10))
    assert sent(trace, 37) == [("east", Ring(6, 6, "phones"))]
    assert message(trace, 38) == Ring(6, 6, "phones")
    assert (message(trace, 41), notes(trace, 41), sent(trace, 41)) == (
        Dial(7),
        ["no key is left for call 7"],
        [],
    )
    assert (message(trace, 43), sent(trace, 43)) == (AreYouUp(), [("watch", Up())])
    assert where(trace, 43)[0] == "main"
    assert (outputs(trace, 45), where(trace, 45)[2] - where(trace, 40)[2]) == ([Unanswered(7)], WAIT_MS)
    assert (outputs(trace, 48), where(trace, 53)[0], message(trace, 53)) == ([Unanswered(8)], "watch", Up())
    assert [step.kind for step in trace if step.node == "spare"] == ["start"]
    assert trace.violation.law == "every call is answered"


def test_call():
    trace = emergency(TEST_CALL)
    assert (heard(trace), lost(trace)) == ((1, 2, 3, 4, 7, 8, 9, 10), (5, 6))
    assert notes(trace, 32) == ["no key is left for call 5"]
    tests = [step for step in trace if step.node == "main" and step.kind == "deliver"]
    assert sum(step.event.sender == "watch" for step in tests[:6]) == 2
    assert (sent(trace, 33), where(trace, 33)[0]) == ([("main", Dial(1003))], "watch")
    assert notes(trace, 34) == ["no key is left for call 1003"]
    assert sent(trace, 38) == [("phones", UseSpare("spare"))]
    assert where(trace, 38)[2] - where(trace, 33)[2] == WAIT_MS
    assert (outputs(trace, 40), where(trace, 36)[2] < where(trace, 38)[2]) == ([Unanswered(6)], True)
    assert (where(trace, 42)[0], sent(trace, 42)) == ("spare", [("west", Ring(1, 7, "phones"))])
    assert message(trace, 44) == Answer(7)


def shops():
    left, right = last_three("copies"), last_three("shares")
    assert divergence(left, right) == 3
    for trace in (left, right):
        assert outputs(trace, 3) + outputs(trace, 4) == [Sold(1), Sold(2)]
    assert (where(left, 8), message(left, 8), outputs(left, 8)) == (
        ("south", "invoke", 210),
        Buy(4),
        [Sold(4)],
    )
    assert (outputs(left, 7), where(left, 7)[2]) == ([Sold(3)], 200)
    assert left.violation.step == 8
    stock = [node["left"] for node in states(left, lambda node: {"left": node.left})[-1].values()]
    assert stock == [0, 0]
    assert (outputs(left, 12), where(left, 12)[0]) == ([Refused(6)], "north")
    assert sent(right, 12) == [("north", Give(6, 0))]
    assert runs.sales(left)[:2] == (4, 2)
    assert (runs.sales(right)[:2], right.violation) == ((3, 3), None)
    north = [value for step in right if step.node == "north" for value in runs.outputs(step, Sold)]
    assert north == [Sold(1), Sold(3)]


def old_server():
    trace = desk(servers=3, until_ms=170)
    assert message(trace, 7) == Parent(1, 100, "P")
    assert [value for step in list(trace)[:11] for value in runs.outputs(step, Bought)] == [
        Bought(1, 50),
        Bought(1, 50),
    ]
    assert (where(trace, 11)[0], sent(trace, 11)) == ("s1", [])
    assert (where(trace, 19)[0], message(trace, 19)) == ("s3", Parent(3, 100, "P"))
    assert trace.violation.step == 26
    assert trace.violation.evidence == "150 shares are bought for order 3, which is for 100"
    parts = [
        step.at / 1000
        for step in trace
        if step.node == "s3" and ("market", Child(3, 50)) in sent(trace, step.number)
    ]
    assert parts == [125, 135, 145, 155, 165]
    assert message(trace, 32) == Child(3, 50)


def rates():
    events = list(loads().values())
    assert events == sorted(events, reverse=True)
    assert events[0] > 100_000_000 * events[-1]
    assert (events[0], round(events[-1]), len(events)) == (1_000_000_000, 8, 10)
    assert [rate < 10_000 for rate in events] == [False] * 7 + [True] * 3


CLAIMS = {
    "fig-app-loads": rates,
    "fig-app-counter": counter,
    "fig-app-test-call": test_call,
    "fig-app-shops": shops,
    "fig-app-desk": old_server,
}
