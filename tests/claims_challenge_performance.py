"""What the page on the challenge of performance says of its figures, held against their runs and formulas."""

from distsys.core.events import Deliver, Note, Output, Send
from distsys.core.units import MS
from distsys.lab import challenge_performance_loop as loop
from distsys.lab import challenge_performance_queues as queues
from distsys.lab import challenge_performance_runs as runs
from distsys.lab import challenge_performance_tails as tails
from distsys.lab.challenge_performance_cast import Answer, Answered, Ask, GaveUp
from distsys.lab.challenge_performance_hedge import First, Get, Got, TakeBack, answers, story


def where(trace, number):
    step = trace.step(number)
    return step.node, step.kind, step.at / MS


def sent(trace, number):
    return [effect.message for effect in trace.step(number).effects if isinstance(effect, Send)]


def outputs(trace, number):
    return [effect.value for effect in trace.step(number).effects if isinstance(effect, Output)]


def notes(trace, number):
    return [effect.text for effect in trace.step(number).effects if isinstance(effect, Note)]


def storm():
    trace = runs.storm(seed=1)
    asked, worked, good = runs.asked(trace), runs.worked(trace), runs.goodput(trace)
    for counts in (asked, worked, good):
        assert 20 < sum(counts[:5]) / 5 < 30
    assert 65 < sum(asked[8:]) / 22 < 85
    assert 45 < sum(worked[8:]) / 22 < 55
    assert good[8:] == [0] * 22
    pause, resume = (step for step in trace if step.kind in ("pause", "resume"))
    assert (pause.at / 1e6, resume.at / 1e6) == (5, 7)
    assert runs.share(runs.storm(seed=1, hiccup_ms=1_000), 8, 25) == 1


def knee():
    computed = [round(queues.computed_time(0.9, kind), 1) for kind in queues.SERVICES]
    assert computed == [5.5, 10.0, 26.9]
    assert [round(queues.computed_time(load)) for load in (0.5, 0.8, 0.9, 0.95)] == [2, 5, 10, 20]


def fan_out():
    shares = [round(tails.share_slow(100, slow), 2) for slow in (0.01, 0.001, 0.0001)]
    assert shares == [0.63, 0.1, 0.01]
    assert tails.share_slow(500, 0.01) > 0.99


def hedge():
    left, right = story(), story(hedge_ms=None)
    assert outputs(left, 7) == [First(1, "r1", 6 * MS)]
    assert where(left, 9) == ("r1", "deliver", 30.5)
    assert left.step(22).at - left.step(9).at == 130 * MS
    assert sent(left, 22) == [Got(2)]
    assert where(left, 10) == ("client", "timeout", 50)
    assert sent(left, 10) == [Get(2)]
    assert outputs(left, 15) == [First(2, "r2", 26 * MS)]
    assert sent(left, 15) == [TakeBack(2)]
    assert notes(left, 16) == ["is at work on it already"]
    assert outputs(left, 20) == [First(3, "r2", 26 * MS)]
    assert sent(left, 20) == [TakeBack(3)]
    assert where(left, 21)[0] == "r1"
    assert notes(left, 21) == []
    assert left.step(23).at - left.step(8).at == 131 * MS
    assert [first.us // MS for first in answers(right)] == [6, 131, 116]
    assert all(step.at >= 160 * MS for step in right if step.node == "client" and step.number > 10)


def retries():
    trace = runs.small_storm()
    assert [(step.kind, step.at / MS) for step in trace if step.kind in ("pause", "resume")] == [
        ("pause", 12),
        ("resume", 55),
    ]
    assert where(trace, 4) == ("server", "deliver", 11)
    assert where(trace, 5) == ("server", "pause", 12)
    assert sent(trace, 7) == [Ask(1, 2, 60 * MS)]
    assert trace.step(7).at - trace.step(3).at == 25 * MS
    assert where(trace, 9) == ("server", "resume", 55)
    there = sum(
        isinstance(step.event, Deliver) - len(sent(trace, step.number))
        for step in trace
        if step.node == "server" and step.number < 22
    )
    assert trace.step(22).event.message == Ask(4, 1, 95 * MS)
    assert there == 4
    assert trace.step(15).event.message == Answer(1, 1)
    assert outputs(trace, 15) == outputs(trace, 20) == outputs(trace, 26) == []
    assert trace.step(20).event.message == Answer(2, 1)
    assert where(trace, 19) == ("server", "timeout", 65)
    assert where(trace, 14)[2] == 55
    assert sent(trace, 14) == [Ask(2, 2, 80 * MS)]
    assert trace.step(26).event.message == Answer(1, 2)
    assert outputs(trace, 29) == [GaveUp(1)]
    assert sent(trace, 41) == [Answer(1, 3)]
    first = next(
        step for step in trace if step.node == "users" and Ask(4, 1, 95 * MS) in sent(trace, step.number)
    )
    assert trace.step(48).event.message == Answer(4, 1)
    assert trace.step(48).at - first.at == 46 * MS
    done = [
        step.at // MS
        for step in trace
        if step.number <= 53
        for m in sent(trace, step.number)
        if isinstance(m, Answer)
    ]
    assert done == [55, 65, 75, 85, 95, 105, 115, 125]
    assert not any(isinstance(value, Answered) for step in trace for value in outputs(trace, step.number))
    assert runs.totals(trace) == (7, 21, 0)
    assert runs.totals(runs.small_storm(deadlines=True)) == (7, 9, 6)


def circle():
    assert max(loop.fails_next(share / 50, 0.3) for share in range(51)) < 0.01
    for load, ridge in ((0.5, 0.61), (0.9, 0.04)):
        low, middle, high = loop.fixed_points(load)
        assert round(middle, 2) == ridge
        assert low < 0.02
        assert high == 1
        assert loop.fails_next(middle - 0.01, load) < middle - 0.01
        assert loop.fails_next(middle + 0.02, load) > 0.9 or load == 0.9


def hysteresis():
    up = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.3)
    good = loop.sweep(up + up[-2::-1])
    assert all(abs(got - 50 * load) <= 5 for got, load in zip(good, up[:-1], strict=False))
    assert good[len(up) - 1 : -1] == [0] * 8
    assert good[-1] == 10


CLAIMS = {
    "fig-perf-storm": storm,
    "fig-perf-knee": knee,
    "fig-perf-fan-out": fan_out,
    "fig-perf-hedge": hedge,
    "fig-perf-retries": retries,
    "fig-perf-loop": circle,
    "fig-perf-hysteresis": hysteresis,
}
