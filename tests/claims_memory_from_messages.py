"""What the page on memory from messages says of its figures, held against their runs."""

from distsys.core.divergence import divergence
from distsys.core.events import Output
from distsys.lab import abd_runs
from distsys.lab.abd_runs import results
from distsys.protocols.abd_messages import Tag


def outputs(trace, number):
    return [effect.value for effect in trace.step(number).effects if isinstance(effect, Output)]


def ended(trace, number):
    return [(value.f, value.type, value.value) for value in outputs(trace, number)]


def where(trace, number):
    step = trace.step(number)
    return step.node, getattr(step.event, "sender", None), step.at / 1000


def message(trace, number):
    return trace.step(number).event.message


def inversion():
    trace = abd_runs.inversion("ABD-01")
    assert (where(trace, 13), message(trace, 13).value) == (("n1", "w", 10), "new")
    assert [where(trace, number)[1] for number in (18, 19)] == ["n1", "n2"]
    assert (where(trace, 19)[2], ended(trace, 19)) == (25, [("read", "ok", "new")])
    assert [where(trace, number)[0] for number in (21, 22, 23)] == ["n1", "n2", "n3"]
    assert [(where(trace, number)[1], message(trace, number).value) for number in (24, 25)] == [
        ("n2", None),
        ("n3", None),
    ]
    assert (where(trace, 20)[2], where(trace, 25)[2], ended(trace, 25)) == (50, 60, [("read", "ok", None)])
    assert (where(trace, 28)[2], ended(trace, 28)) == (210, [("write", "ok", "new")])
    assert [where(trace, number)[2] for number in (26, 27)] == [205, 205]
    assert (trace.violation.law, trace.violation.step) == ("order of tags", 25)


def back():
    off, on = abd_runs.inversion("ABD-01"), abd_runs.inversion()
    assert (divergence(off, on), on.violation) == (19, None)
    assert ended(off, 19) == [("read", "ok", "new")]
    assert ended(on, 19) == []
    assert [where(on, number)[:2] for number in (20, 21)] == [("n1", "r1"), ("n2", "r1")]
    assert (where(on, 23)[2], ended(on, 23)) == (35, [("read", "ok", "new")])
    assert (where(on, 28)[:2], message(on, 28).value) == (("r2", "n2"), "new")
    assert (where(on, 34)[2], ended(on, 34)) == (70, [("read", "ok", "new")])


def tags():
    bare, named = abd_runs.same_number("ABD-03"), abd_runs.same_number()
    assert (divergence(bare, named), named.violation) == (19, None)
    assert [(where(bare, n)[0], message(bare, n).tag) for n in (17, 18, 19, 20)] == [
        ("c1", Tag()), ("c2", Tag()), ("c2", Tag()), ("c1", Tag()),
    ]  # fmt: skip
    assert [(where(bare, n)[:2], message(bare, n).tag, message(bare, n).value) for n in (22, 25)] == [
        (("n2", "c2"), Tag(1, "any"), "y"), (("n2", "c1"), Tag(1, "any"), "x"),
    ]  # fmt: skip
    assert bare.violation.step == 20
    for trace in (bare, named):
        assert results(trace)[:2] == [("c2", "write", "y"), ("c1", "write", "x")]  # before the first read
    assert message(bare, 34).value == "y"
    assert (ended(bare, 41), ended(bare, 56)) == ([("read", "ok", "x")], [("read", "ok", "y")])
    assert (ended(named, 41), ended(named, 56)) == ([("read", "ok", "y")], [("read", "ok", "y")])


def halves():
    half, right = abd_runs.halves("ABD-02"), abd_runs.halves()
    assert (divergence(half, right), right.violation, half.violation.step) == (14, None, 27)
    assert half.step(7).kind == "partition"
    assert half.step(7).detail["groups"] == (("n1", "n2", "w"), ("n3", "n4", "r1"))
    assert ended(half, 14) == [("write", "ok", "new")]
    assert ended(half, 27) == [("read", "ok", None)]
    assert (results(right), len(right)) == ([], 21)


CLAIMS = {
    "fig-abd-inversion": inversion,
    "fig-abd-back": back,
    "fig-abd-tags": tags,
    "fig-abd-halves": halves,
}
