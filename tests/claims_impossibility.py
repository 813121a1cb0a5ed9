"""What the page on impossibility says of its figures, held against their runs."""

from distsys.core.events import Output, Send
from distsys.drivers import states
from distsys.lab import impossibility_game as game
from distsys.lab import impossibility_runs as runs


def outputs(trace, number):
    return [effect.value.value for effect in trace.step(number).effects if isinstance(effect, Output)]


def where(trace, number):
    step = trace.step(number)
    return step.node, step.kind, step.at // 1000


def message(trace, number):
    event = trace.step(number).event
    return event.sender, event.message.round, event.message.value


def of(trace, number, field):
    return [states(trace)[number - 1][name][f"shown_{field}"] for name in trace.header.names]


def the_game():
    """The element is compared with the package in tests/unit/test_impossibility_page.py."""
    rows = game.in_words()
    assert [turn for turn, _, _ in rows] == list(range(1, 13))
    assert {said for _, _, said in rows} == {"0 and 1"}
    assert game.BEGIN == "0011"
    assert game.always_a_way()


def worlds():
    dead, slow = runs.worlds().values()
    assert where(dead, 5)[:2] == where(slow, 5)[:2] == ("A", "link")
    assert where(dead, 6) == ("A", "crash", 0)
    assert (where(slow, 6)[0], outputs(slow, 6)) == ("A", [0])
    for run in (dead, slow):
        assert (where(run, 9), outputs(run, 9)) == (("B", "timeout", 31), [1])
        assert (where(run, 10), outputs(run, 10)) == (("C", "timeout", 31), [1])
        assert not any(step.kind == "deliver" for step in run.slice(1, 10))
    assert dead.violation is None
    assert slow.violation.law == "agreement"
    assert [where(slow, number)[2] for number in (11, 12)] == [61, 61]


def split():
    trace = runs.fixed_delays()
    sent = [[e.message.value for e in trace.step(n).effects if isinstance(e, Send)] for n in (9, 10, 11, 12)]
    assert sent == [[0] * 3, [0] * 3, [1] * 3, [1] * 3]
    assert (where(trace, 15)[0], message(trace, 15)) == ("A", ("B", 0, 0))
    assert (where(trace, 17), message(trace, 17)) == (("A", "deliver", 11), ("C", 0, 1))
    assert (of(trace, 17, "round")[0], of(trace, 17, "vote")[0]) == (2, 0)
    assert (of(trace, 20, "vote"), of(trace, 20, "round")) == ([0, 0, 1, 1], [2] * 4)
    assert [where(trace, number)[1:] for number in range(21, 25)] == [("deliver", 16)] * 4
    assert (of(trace, 24, "round"), of(trace, 32, "round")) == ([2] * 4, [3] * 4)
    assert (of(trace, 32, "vote"), len(trace), trace.violation) == ([0, 0, 1, 1], 32, None)
    assert not any(step.kind in ("drop", "crash") for step in trace)


def patient():
    trace = runs.patient()
    assert [where(trace, number)[1:] for number in range(13, 17)] == [("timeout", 9)] * 4
    assert of(trace, 16, "round") == [1] * 4
    assert (of(trace, 24, "round"), of(trace, 24, "vote")) == ([2] * 4, [0, 0, 1, 1])
    assert (where(trace, 36)[2], of(trace, 36, "round")) == (21, [2] * 4)
    assert where(trace, 40)[2] == 26
    assert (of(trace, 40, "round"), of(trace, 40, "vote")) == ([3] * 4, [0] * 4)
    assert [where(trace, number)[1:] for number in range(41, 45)] == [("timeout", 27)] * 4
    assert (where(trace, 53)[0], outputs(trace, 53)) == ("A", [0])
    assert runs.decisions(trace) == dict.fromkeys("ABCD", 0)
    assert sorted(n for n in range(1, 57) if outputs(trace, n)) == [53, 54, 55, 56]


CLAIMS = {
    "fig-imp-game": the_game,
    "fig-imp-worlds": worlds,
    "fig-imp-split": split,
    "fig-imp-patient": patient,
}
