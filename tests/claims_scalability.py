"""What the page on scalability says of its figures, held against their runs and measurements."""

from distsys.core.events import Output
from distsys.lab import challenge_scalability_cast as cast
from distsys.lab import challenge_scalability_laws as laws
from distsys.lab import challenge_scalability_measured as measured
from distsys.lab import challenge_scalability_runs as runs
from distsys.lab.scalability import Law, bootstrapped, fitted, medians, middle, relative_errors


def handled(trace, name):
    """Return (ms, message) of all that a node has taken."""
    return [
        (step.at / 1000, step.event.message) for step in trace if step.node == name and step.kind == "deliver"
    ]


def ended(trace):
    """Return (ms, client) of all answers that clients had, in order."""
    return [
        (step.at / 1000, step.node)
        for step in trace
        for effect in step.effects
        if isinstance(effect, Output) and isinstance(effect.value, cast.Ended)
    ]


def group():
    three, five = runs.told(3), runs.told(5)
    for trace, count in ((three, 6), (five, 10)):
        assert [at for at, _ in handled(trace, "n1")] == list(range(1, count + 1))
        assert [type(message) for _, message in handled(trace, "n1")[:2]] == [cast.Add] * 2
        assert sum(isinstance(message, cast.Copied) for _, message in handled(trace, "n1")) == count - 2
    assert (three.step(8).node, [effect.to for effect in three.step(8).effects]) == ("n1", ["n2", "n3"])
    assert [handled(three, name)[0][0] for name in ("n2", "n3")] == [2, 2]
    assert not any(step.node in ("n4", "n5") for step in three.steps[5:])
    assert (three.step(11).node, three.step(11).at) == ("n3", 2_000)
    first, second = three.step(13), three.step(15)
    assert (first.at, second.at) == (3_000, 4_000)
    assert (first.event.message, len(first.effects)) == (cast.Copied(1), 0)
    assert second.effects[0].to == "c1"
    assert (three.step(18).node, three.step(18).at) == ("n1", 6_000)


def hot():
    one, four = runs.crowded(True), runs.crowded(False)
    assert [len(handled(one, name)) for name in ("n1", "n2")] == [8, 0]
    assert [len(handled(four, name)) for name in ("n1", "n2")] == [4, 4]
    assert [at for at, _ in handled(one, "n1")] == list(range(1, 9))
    assert {message.key for _, message in handled(one, "n1")} == {0}
    assert (one.step(6).node, one.step(8).node, one.step(8).at) == ("c4", "n1", 2_000)
    assert (one.step(22).at, ended(one)[-1][0], ended(four)[-1][0]) == (9_000, 9, 5)


def forgets():
    broken, right = runs.summed("one"), runs.summed()
    assert (broken.violation.law, broken.violation.step, right.violation) == (
        "a sum misses nothing",
        11,
        None,
    )
    assert (broken.step(5).node, broken.step(5).event.message) == ("n2", cast.Add(1, 1))
    assert [effect.to for effect in broken.step(7).effects if hasattr(effect, "to")] == ["n1"]
    assert broken.step(9).effects[0].message == cast.Answer(2, 0)
    assert [effect.to for effect in right.step(7).effects if hasattr(effect, "to")] == ["n1", "n2"]
    assert [right.step(number).effects[0].message.amount for number in (9, 10)] == [0, 2]


def two_questions():
    strong, weak = laws.amdahl(64, 10 / 74), laws.gustafson(64, 10 / 74)
    assert laws.amdahl(1e12, 10 / 74) < 7.4
    assert 6.7 < strong < 7.4
    assert round(weak, 1) == 55.5


def between():
    law, times = Law(10, 0.05, 0.01), {"fetch": 95.0, "first": 5.0, "each": 1.0}
    free = {n: laws.pages_per_s(n, **times) for n in range(1, 41)}
    lower = {n: law.throughput(n) for n in free}
    best, top = max(free, key=free.get), max(lower, key=lower.get)
    assert (best, round(free[best])) == (9, 77)
    assert (top, round(lower[top])) == (10, 43)
    assert free[40] < 1.06 * lower[40]
    assert all(free[n] > lower[n] * 0.999 for n in free)


def fit():
    points = measured.points("rounds")
    at, law = dict(medians(points)), fitted(medians(points))
    assert (round(at[1], 1), round(at[6], 1), round(at[16], 1)) == (3.1, 7.9, 4.5)
    assert max(at, key=at.get) == 6
    assert round(law.peak) == 5
    assert 5 not in at
    assert max(map(abs, relative_errors(medians(points), law))) < 0.06
    peaks = [one.peak for one in bootstrapped(points, times=400)]
    assert middle(peaks)[1] - middle(peaks)[0] < 1


CLAIMS = {
    "fig-scal-group": group,
    "fig-scal-hot": hot,
    "fig-scal-forgets": forgets,
    "fig-scal-two-questions": two_questions,
    "fig-scal-between": between,
    "fig-scal-fit": fit,
}
