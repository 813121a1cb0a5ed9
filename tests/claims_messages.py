"""What the page on message passing says of its figures, held against their runs."""

from distsys.algorithms.fifolinks import Segment, Upto
from distsys.algorithms.links import Arrival
from distsys.core.divergence import divergence
from distsys.core.events import Output, Send
from distsys.lab import messages_measures as measures
from distsys.lab import messages_runs as runs
from distsys.lab.challenge_consistency_numbers import share_agrees
from distsys.lab.local_views import parted, view
from distsys.lab.messages_cast import Answer, Ask, Decided, GaveUp, Known, Order, Ready, Says


def outputs(trace, number):
    step = trace.step(number)
    return [effect.value for effect in step.effects[: step.kept] if isinstance(effect, Output)]


def sends(trace, number):
    step = trace.step(number)
    return [(effect.to, effect.message) for effect in step.effects[: step.kept] if isinstance(effect, Send)]


def where(trace, number):
    step = trace.step(number)
    return step.node, step.kind, step.at / 1000


def message(trace, number):
    return trace.step(number).event.message


def lost(trace, number):
    """Return who sent what is lost at this step, to whom."""
    detail = trace.step(number).detail
    return detail["from"], detail["to"], detail["why"]


def orders():
    trace = runs.orders()
    assert sends(trace, 3) == [("bar", Order("soup"))]
    assert (message(trace, 4), sends(trace, 4)) == (Order("soup"), [("ann", Ready("soup"))])
    assert lost(trace, 5) == ("bar", "ann", "lost")
    assert sends(trace, 6) == [("bar", Order("fish"))]
    assert lost(trace, 7) == ("ann", "bar", "lost")
    assert (where(trace, 9)[:2], message(trace, 9)) == (("bar", "deliver"), Order("no fish"))
    assert (where(trace, 13), sends(trace, 13)) == (("ann", "timeout", 70), [("bar", Order("soup"))])
    assert where(trace, 3)[2] == 10
    assert (message(trace, 14), lost(trace, 15)) == (Order("soup"), ("bar", "ann", "lost"))
    assert (where(trace, 16)[:2], sends(trace, 16)) == (("ann", "timeout"), [("bar", Order("fish"))])
    assert (where(trace, 17)[0], message(trace, 17)) == ("bar", Order("fish"))
    assert [number for number in range(1, len(trace) + 1) if trace.step(number).cause == (6, 0)] == [7]
    assert runs.dishes(trace) == ("soup", "soup", "fish", "tea")
    assert runs.answered(trace) == ("no fish", "tea", "fish")
    assert len(trace) == 21


def tries():
    for loss in (0.1, 0.3, 0.5):
        first, _, _ = measures.tries(loss, 1000)
        for k in range(1, 7):
            assert share_agrees(sum(one > k for one in first), 1000, loss**k)


def restart():
    right, wrong = runs.restarted(), runs.restarted("LINK-01")
    for trace in (right, wrong):
        assert (message(trace, 8), where(trace, 9)[:2], where(trace, 10)[:2]) == (
            Upto(1, 2),
            ("ann", "crash"),
            ("ann", "restart"),
        )
    assert (message(right, 13), outputs(right, 13)) == (Segment(2, 1, "c"), [Arrival("ann", "c")])
    assert (message(wrong, 13), outputs(wrong, 13)) == (Segment(1, 1, "c"), [])
    assert (sends(wrong, 13), sends(wrong, 14)) == ([("ann", Upto(1, 2))], [("ann", Upto(1, 2))])
    assert outputs(right, 14) == [Arrival("ann", "d")]
    assert outputs(wrong, 14) == []
    assert (message(right, 16), message(wrong, 16)) == (Upto(2, 2), Upto(1, 2))
    assert not runs.last_state(right, "ann", "waiting")
    assert not runs.last_state(wrong, "ann", "waiting")
    assert (right.violation, wrong.violation.law) == (None, "reliable delivery")
    assert [step.kind for step in right.steps[16:]] == ["heal"]


def silent():
    dead, slow = runs.silent("crashed"), runs.silent("slow")
    assert divergence(dead, slow) == 9
    for trace in (dead, slow):
        assert (message(trace, 5), message(trace, 8)) == (Answer(1), Answer(2))
        assert where(trace, 5)[2] - where(trace, 3)[2] == where(trace, 8)[2] - where(trace, 6)[2] == 10
        assert (outputs(trace, 12), outputs(trace, 15)) == ([GaveUp(3, 40)], [GaveUp(4, 40)])
        assert where(trace, 12)[2] - where(trace, 10)[2] == 40
    assert (where(dead, 9)[:2], where(slow, 9)[:2]) == (("bob", "crash"), ("bob", "link"))
    assert message(slow, 11) == Ask(3)
    assert (message(slow, 16), where(slow, 16)) == (Answer(3), ("ann", "deliver", 380))
    assert (len(dead), parted(dead, slow, "ann")) == (15, 16)


def chain():
    two, three = runs.chain(2), runs.chain(3)
    for trace in (two, three):
        assert (sends(trace, 5), where(trace, 6)[:2]) == ([("n2", Known((0,)))], ("n1", "crash"))
        assert (where(trace, 10)[0], message(trace, 10)) == ("n2", Known((0,)))
        assert [to for to, _ in sends(trace, 20)] == ["n1", "n3"]
        assert where(trace, 21)[:2] == ("n2", "crash")
        assert (where(trace, 25)[0], message(trace, 25)) == ("n3", Known((0, 1)))
    assert (outputs(two, 32), outputs(two, 33)) == ([Decided(0)], [Decided(1)])
    assert sends(three, 33) == [(name, Known((1,))) for name in ("n1", "n2", "n3")]
    assert (where(three, 36)[0], message(three, 36)) == ("n4", Known((0, 1)))
    assert (runs.decisions(two), runs.decisions(three)) == ({"n3": 0, "n4": 1}, {"n3": 0, "n4": 0})
    assert sum(step.kind == "crash" for step in three) == 2


def generals():
    chief, bob = runs.generals("chief", {"bob": "retreat"}), runs.generals("bob", {"ann": "retreat"})
    assert sends(chief, 4) == [("ann", Says("attack")), ("bob", Says("retreat"))]
    assert sends(bob, 4) == [("ann", Says("attack")), ("bob", Says("attack"))]
    assert sends(chief, 6) == sends(bob, 6) == [("ann", Says("retreat"))]
    assert where(chief, 8)[0] == "ann"
    assert view(chief, "ann") == view(bob, "ann")
    assert parted(chief, bob, "ann") is None
    assert parted(chief, bob, "bob") == 6
    assert runs.decisions(chief) == {"ann": "retreat", "bob": "retreat"}
    assert runs.decisions(bob) == {"ann": "retreat", "bob": "attack"}
    assert len(chief) == len(bob) == 10


CLAIMS = {
    "fig-messages-orders": orders,
    "fig-messages-tries": tries,
    "fig-messages-restart": restart,
    "fig-messages-silent": silent,
    "fig-messages-chain": chain,
    "fig-messages-generals": generals,
}
