"""What the page on availability says of its figures, held against their runs."""

from itertools import pairwise

import pytest

from distsys.core.events import Note
from distsys.core.operations import INFO, OK
from distsys.drivers import states
from distsys.lab import availability_runs as runs
from distsys.lab.availability_lives import DAY, lives, together
from distsys.lab.availability_parts import with_common_cause
from distsys.services.kv import Put


def where(trace, number):
    step = trace.step(number)
    return step.node, step.kind, step.at / 1000


def notes(trace, number):
    return [effect.text for effect in trace.step(number).effects if isinstance(effect, Note)]


def message(trace, number):
    found = trace.step(number).event.message
    return getattr(found, "message", found)


def said(trace, number):
    """Return the operations that begin or end in a step, as (type, f, value)."""
    found = [effect.value for effect in trace.step(number).effects if hasattr(effect, "value")]
    return [(one.type, one.f, one.value) for one in found]


def loses_one():
    trace = runs.loses_one()
    assert where(trace, 69) == ("n1", "crash", 950)
    assert runs.leader_of(runs.run(runs.cluster(**runs.SLOW), 950)) == "n1"
    assert where(trace, 70)[0::2] == ("ann", 1000)
    assert (message(trace, 74).leader, trace.step(74).event.sender) == ("n1", "n2")
    assert said(trace, 76)[0] == (INFO, "put", 5)
    assert where(trace, 76)[2] == 1200
    assert (trace.step(65).node, trace.step(66).node, trace.step(66).at) == ("n2", "n3", 931_635)
    assert (trace.step(86).node, round((trace.step(86).at - trace.step(66).at) / 1000)) == ("n3", 529)
    assert notes(trace, 92) == ["raft: leads term 2"]
    assert round(trace.step(92).at / 1000 - 950) == 530
    assert said(trace, 103) == [(OK, "put", 7)]
    given_up = [one for one in runs.answers(trace)[1] if one.at > 950_000]
    assert [one.value for one in given_up] == [5, None]
    assert where(trace, 103)[2] == 1530
    assert runs.judged(trace).outcome.name == "OK"


def loses_two():
    trace = runs.loses_two()
    assert [where(trace, number) for number in (69, 70)] == [("n2", "crash", 950), ("n3", "crash", 950)]
    assert message(trace, 72).command == Put("x", 5)
    assert where(trace, 72)[0] == "n1"
    assert notes(trace, 97) == ["raft: steps down in term 1: no majority answers"]
    assert (message(trace, 100).leader, trace.step(100).event.sender) == (None, "n1")
    assert where(trace, 107) == ("n2", "restart", 2000)
    assert notes(trace, 117) == ["raft: leads term 2"]
    assert trace.step(117).node == "n1"
    late = [message(trace, number) for number in (124, 125)]
    assert [(one.session, one.sequence) for one in late] == [("ann.2", 4), ("ann.4", 1)]
    assert said(trace, 129) == [(OK, "get", 7)]
    unanswered = [one for one in runs.answers(trace)[1] if one.at > 950_000]
    assert [one.value for one in unanswered if one.f == "put"] == [5, 7, 9]
    assert not any(950_000 < one.at < 2_129_000 for one in runs.answers(trace)[0])
    assert runs.judged(trace).outcome.name == "OK"
    logs = [entry.command.command for entry in last_log(trace) if hasattr(entry.command, "command")]
    assert [one.value for one in logs if isinstance(one, Put)] == [3, 5, 7, 11, 13]


def last_log(trace):
    return states(trace, lambda node: node.raft.log if hasattr(node, "raft") else ())[-1]["n1"]


def gray():
    trace = runs.gray()
    assert where(trace, 69) == ("ann", "cut", 950)
    assert [type(message(trace, number)).__name__ for number in (75, 76)] == ["Appended", "Appended"]
    assert [trace.step(number).event.sender for number in (75, 76)] == ["n2", "n3"]
    assert (message(trace, 79).leader, trace.step(79).event.sender) == ("n1", "n2")
    assert said(trace, 81)[0] == (INFO, "put", 5)
    assert not any(one.at > 950_000 for one in runs.answers(trace)[0])
    assert not any(
        "leads" in text for step in trace if step.at > 950_000 for text in notes(trace, step.number)
    )


def halves():
    trace = runs.halves()
    assert where(trace, 79) == ("bob", "invoke", 1350)
    assert said(trace, 90) == [(OK, "put", "bob's")]
    assert (trace.step(83).node, trace.step(97).node) == ("n4", "n1")
    assert where(trace, 96) == ("ann", "invoke", 1400)
    assert said(trace, 102) == [(OK, "put", "ann's")]
    assert where(trace, 103)[1:] == ("heal", 1450)
    assert notes(trace, 116) == ["raft: cuts its log after 1"]
    assert trace.step(116).node == "n1"
    assert said(trace, 137) == [(OK, "get", "bob's")]
    assert runs.judged(trace).outcome.name == "ILLEGAL"
    assert trace.violation.law == "state machine safety"


def gaps(lane, until):
    """Return when a lane is down, as (start, end)."""
    ends = [0, *(edge for span in lane for edge in span), until]
    return [(start, end) for start, end in zip(ends[::2], ends[1::2], strict=True) if start < end]


def both():
    until = 40 * DAY
    a, b = lives(2, 2, mttf=9 * DAY, mttr=1 * DAY, until=until)
    of_a, of_b, of_both = (gaps(lane, until) for lane in (a, b, together(2, (a, b))))
    assert [round((end - start) / DAY, 1) for start, end in of_a] == [1.1, 0.5]
    assert (len(of_b), len(of_both)) == (4, 6)
    for start, end in [*of_a, *of_b]:
        assert any(first <= start and end <= last for first, last in of_both)
    assert sum(end - start for start, end in of_both) <= sum(end - start for start, end in [*of_a, *of_b])


def floor():
    def down(common):
        return [1 - with_common_cause(n // 2 + 1, n, 0.001 - common, common) for n in (1, 3, 5, 7, 9)]

    alone = down(0)
    assert all(150 < more / fewer < 450 for more, fewer in pairwise(alone))
    for common in (1e-5, 1e-4):
        one, *others = down(common)
        assert all(common <= share < 1.5 * common for share in others)
        assert one == pytest.approx(0.001, rel=0.01)


CLAIMS = {
    "fig-av-both": both,
    "fig-av-floor": floor,
    "fig-av-one": loses_one,
    "fig-av-two": loses_two,
    "fig-av-gray": gray,
    "fig-av-halves": halves,
}
