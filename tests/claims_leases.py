"""What the page on leases and fencing says of its figures, held against their runs."""

from distsys.core.divergence import divergence
from distsys.core.events import Note, Output
from distsys.lab import leases_redlock, leases_runs
from distsys.lab.leases_cast import Granted, Holds, Stops, Stored, Write
from distsys.lab.leases_runs import balance_of, stored


def notes(trace, number):
    return [effect.text for effect in trace.step(number).effects if isinstance(effect, Note)]


def outputs(trace, number):
    return [effect.value for effect in trace.step(number).effects if isinstance(effect, Output)]


def where(trace, number):
    step = trace.step(number)
    return step.node, step.kind, step.at / 1000


def message(trace, number):
    return trace.step(number).event.message


def careful():
    trace = leases_runs.paused("nothing")
    assert outputs(trace, 7) == [Holds(1)]
    assert message(trace, 7) == Granted(1, 1)
    assert notes(trace, 12) == ["looks: its lease has 780 ms left"]
    assert where(trace, 12) == ("a", "timeout", 220)
    assert where(trace, 13) == ("a", "pause", 220.5)
    assert where(trace, 25) == ("a", "resume", 1450)
    assert outputs(trace, 17) == [Holds(2)]
    assert outputs(trace, 22) == [Stored(2, 120, 20)]
    assert outputs(trace, 26) == [Stops(1)]
    assert outputs(trace, 28) == [Stored(1, 110, 10)]
    assert trace.violation.law == "no deposit is lost"
    assert trace.violation.step == 28
    assert balance_of(trace) == 110


def fenced():
    right, wrong = leases_runs.paused("writes"), leases_runs.paused("nothing")
    assert (right.violation, wrong.violation.law) == (None, "no deposit is lost")
    assert divergence(right, wrong) == 22
    assert message(right, 28) == Write(1, 110, 10)
    assert notes(right, 28) == ["refuses token 1"]
    assert notes(right, 29) == ["begins again"]
    assert outputs(right, 31) == [Holds(3)]
    assert outputs(right, 36) == [Stored(3, 130, 10)]


def answered():
    right, wrong = leases_runs.answered_late(), leases_runs.answered_late("from the answer")
    assert right.violation is None
    assert (wrong.violation.law, wrong.violation.step) == ("one holder", 14)
    assert where(right, 6)[::2] == ("locks", 5)
    assert where(right, 7)[::2] == ("a", 305)
    assert (outputs(right, 11), where(right, 11)[2]) == ([Stops(1)], 1000)
    assert (outputs(right, 15), outputs(wrong, 14)) == ([Holds(2)], [Holds(2)])
    assert (outputs(wrong, 15), where(wrong, 15)[2]) == ([Stops(1)], 1305)


def unseen():
    left, right = leases_runs.read_then_paused("writes"), leases_runs.read_then_paused("all")
    assert (left.violation.law, right.violation) == ("no deposit is lost", None)
    assert where(left, 18) == where(right, 18) == ("store", "deliver", 1025)
    assert where(left, 20) == ("a", "resume", 1100)
    assert (outputs(left, 23), outputs(left, 27)) == ([Stored(1, 110, 10)], [Stored(2, 120, 20)])
    assert notes(right, 23) == ["refuses token 1"]
    assert stored(left) == [("a", 1, 110), ("b", 2, 120)]
    assert balance_of(right) == 130


def redlock():
    trace = leases_redlock.clock_jumps()
    assert (trace.violation.law, trace.violation.step) == ("one holder", 30)
    assert [where(trace, number)[:2] for number in (12, 20, 21, 25, 30)] == [
        ("c1", "timeout"), ("c1", "deliver"), ("C", "clock"), ("C", "deliver"), ("c2", "deliver"),
    ]  # fmt: skip
    assert [type(value) for value in outputs(trace, 20) + outputs(trace, 30)] == [Holds, Holds]
    assert (where(trace, 31)[2], type(outputs(trace, 31)[0])) == (988, Stops)
    drops = [trace.step(number).kind for number in (13, 14, 23, 24)]
    assert drops == ["drop"] * 4


CLAIMS = {
    "fig-lease-careful": careful,
    "fig-lease-fenced": fenced,
    "fig-lease-answer": answered,
    "fig-lease-unseen": unseen,
    "fig-lease-redlock": redlock,
}
