"""What the page on consistency models says of its figures, held against their runs."""

from itertools import pairwise

from distsys.checkers import History, linearizable, sequential
from distsys.core.events import Output, Send
from distsys.drivers import states
from distsys.lab import consistency_latency as latency
from distsys.lab import consistency_runs as runs
from distsys.lab.consistency_replicas import Done, Get, Put, Update, Value
from distsys.lab.consistency_stretched import STALE, moved_left


def where(trace, number):
    step = trace.step(number)
    return step.node, step.kind, step.at / 1000


def message(trace, number):
    return trace.step(number).event.message


def sent(trace, number, kind):
    return [
        (effect.to, effect.message)
        for effect in trace.step(number).effects
        if isinstance(effect, Send) and isinstance(effect.message, kind)
    ]


def heard(trace, number):
    effects = trace.step(number).effects
    return [(e.value.process, e.value.type, e.value.value) for e in effects if isinstance(e, Output)]


def holds(trace, number, name):
    return dict(states(trace, lambda node: getattr(node, "shown", None))[number - 1][name])


def doctors():
    trace = runs.doctors()
    assert where(trace, 9) == ("north", "deliver", 12)
    assert [to for to, _ in sent(trace, 9, (Done, Update))] == ["ann", "south"]
    assert trace.step(8).at - trace.step(7).at == 2_000
    assert heard(trace, 12) == [("bob", "ok", None)]
    assert (where(trace, 15)[0], message(trace, 15).key) == ("north", "bob")
    assert trace.step(15).at - trace.step(9).at == 10_000
    assert heard(trace, 17) == [("ann", "ok", None)]
    assert heard(trace, 18) == [("bob", "ok", None)]
    assert isinstance(message(trace, 19), Update)
    assert isinstance(message(trace, 20), Update)
    assert holds(trace, 18, "north") != holds(trace, 18, "south")
    assert holds(trace, 20, "north") == holds(trace, 20, "south") == {"ann": "off", "bob": "off"}
    assert heard(trace, 23) == [("bob", "ok", "off")]
    calls = History.of(trace).calls
    for key in ("ann", "bob"):  # neither key alone is linearizable
        one = History(event for event in History.of(trace) if event.key == key)
        assert not linearizable(one, "key-value").ok
        assert sequential(one, "key-value").ok
    assert len(calls) == 5


def stretched():
    assert not linearizable(STALE, "register").ok
    assert sequential(STALE, "register").ok
    calls = STALE.calls
    assert all(one.before(two) for one, two in pairwise(calls))
    assert [(call.process, call.text) for call in calls] == [
        ("ann", "write 1"), ("ann", "write 2"), ("cyd", "read -> 2"), ("bob", "read -> 1"), ("bob", "read -> 2"),
    ]  # fmt: skip
    assert [ok for _, ok in moved_left(STALE, "bob", 1)].index(True) == 3


def meeting():
    trace = runs.meeting()
    assert message(trace, 9) == Put("room", "A")
    assert message(trace, 10) == Put("time", 10)
    for number, to, count in ((9, "south", 1), (10, "north", 1), (15, "south", 2), (16, "north", 2)):
        ((where_to, update),) = sent(trace, number, Update)
        assert (where_to, update.count) == (to, count)
    assert holds(trace, 22, "north") == holds(trace, 22, "south") == {"room": "B", "time": 9}
    assert holds(trace, 21, "north") != holds(trace, 21, "south")
    assert heard(trace, 27) == [("ann", "ok", "B")]
    assert heard(trace, 28) == [("bob", "ok", "B")]
    assert heard(trace, 33) == [("ann", "ok", 9)]
    assert heard(trace, 34) == [("bob", "ok", 9)]


def session():
    name = "writes-follow-reads"
    plain, mended = runs.session_run(name), runs.session_run(name, name)
    assert message(plain, 9) == message(mended, 9) == Put("x", 1)
    assert heard(plain, 13) == heard(mended, 13) == [("bob", "ok", 1)]
    assert sent(plain, 15, Done)
    assert where(mended, 15)[0] == "south"
    assert mended.step(15).effects == ()
    assert dict(message(mended, 15).need) == {"north": 1}
    assert heard(plain, 19)[0] == ("cyd", "ok", 2)
    assert heard(plain, 22) == [("cyd", "ok", None)]
    assert isinstance(message(plain, 23), Update)
    assert where(plain, 23)[0] == "south"
    (late,) = (step for step in mended if step.node == "south" and step.at == 52_000)
    assert any(isinstance(getattr(e, "message", None), Done) for e in late.effects)


def cap():
    once, majority = runs.partitioned("at once"), runs.partitioned("majority")
    assert once.step(12).kind == majority.step(12).kind == "partition"
    assert sent(once, 14, Done)
    assert not sent(majority, 14, (Done, Value))
    for trace in (once, majority):
        assert [where(trace, number)[:2] for number in (15, 16)] == [("n1", "drop")] * 2
    assert (where(once, 19)[0], message(once, 19)) == ("n3", Get("x"))
    assert heard(once, 20) == [("bob", "ok", None)]
    assert [call.known for call in History.of(once).calls] == [True, True]
    assert [call.known for call in History.of(majority).calls] == [False, True]
    assert runs.judged(majority, "linearizable") == {"linearizable": True}
    assert runs.judged(once, "linearizable") == {"linearizable": False}
    rounds = [type(message(majority, step.number)).__name__ for step in majority if step.node == "n2"
              and step.kind == "deliver"]  # fmt: skip
    assert rounds == ["Query", "Store"]


def old():
    shares = [latency.old_reads(rate, 200) / 200 for rate in (1, 20)]
    assert round(latency.share_old(1, runs.FAR_MS), 2) == 0.04
    assert latency.share_old(20, runs.FAR_MS) > 0.5
    assert shares[0] < 0.1
    assert shares[1] > 0.45


CLAIMS = {
    "fig-cm-doctors": doctors,
    "fig-cm-stretch": stretched,
    "fig-cm-meeting": meeting,
    "fig-cm-session": session,
    "fig-cm-cap": cap,
    "fig-cm-old": old,
}
