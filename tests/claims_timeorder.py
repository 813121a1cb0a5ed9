"""What the page on time and order says of its figures, held against their runs."""

from distsys.algorithms.hybridclock import HybridTime
from distsys.algorithms.snapshot_messages import Got, Marker, Paid, Recorded, Report, Transfer
from distsys.algorithms.truetime import Begin, Committed
from distsys.core.divergence import divergence
from distsys.core.events import Output
from distsys.core.values import Map
from distsys.lab import timeorder_measures as measures
from distsys.lab import timeorder_runs as runs
from distsys.views.cone import cone_of


def outputs(trace, number):
    return [effect.value for effect in trace.step(number).effects if isinstance(effect, Output)]


def where(trace, number):
    step = trace.step(number)
    return step.node, step.kind, step.at / 1000


def message(trace, number):
    return trace.step(number).event.message


def logs():
    trace = runs.parcel()
    lines = {step: (stamp, where, what) for stamp, step, where, what in runs.log(trace)}
    assert lines[7] == (1010, "shop", "order 7 comes")
    assert lines[8] == (730, "bank", "takes the money for 7")
    assert lines[10] == (1170, "depot", "sends parcel 7")
    assert lines[11] == (1070, "shop", "hears: 7 is sent")
    assert lines[12] == (775, "bank", "closes its books")
    assert [trace.step(number).at // 1000 for number in (7, 8, 10, 11)] == [1010, 1030, 1050, 1070]
    assert [what for *_, what in sorted(lines.values())][1] == "closes its books"
    assert max(lines) == 12


def cone():
    trace = runs.talk()
    found = cone_of(trace, 12)
    assert (found.before, found.after, len(trace)) == (7, 8, 29)
    assert found.past == {"cyd": 10, "dan": 12}
    assert found.future == {"dan": 12, "bob": 13, "ann": 29}
    assert [where(trace, number)[0] for number in (5, 10, 12, 14, 17, 29)] == [
        "dan",
        "cyd",
        "dan",
        "cyd",
        "ann",
        "ann",
    ]
    assert round(where(trace, 14)[2] - where(trace, 12)[2]) == 13
    pasts = trace.happened_before()
    assert 12 not in pasts[13]
    assert 14 not in pasts[11]
    assert pasts[16] == {1, 2, 7, 8}
    stamps = measures.stamped(trace)
    assert (stamps[12], stamps[14], stamps[24]) == (6, 5, 6)


def back():
    right, wrong = runs.set_back(), runs.set_back("CLK-05b")
    stamps, other = measures.stamped(right), measures.stamped(wrong)
    assert stamps[3] == other[3] == HybridTime(1_000_000, 0)
    assert (where(right, 6), right.step(6).detail["by"]) == (("ann", "clock", 1020), -50_000)
    assert (right.step(7).event.now, right.step(11).event.now) == (980_000, 1_040_000)
    assert (stamps[7], stamps[8]) == (HybridTime(1_000_000, 1), HybridTime(1_000_000, 2))
    assert (other[7], other[8]) == (HybridTime(980_000, 0), HybridTime(990_000, 0))
    assert stamps[9] == HybridTime(1_050_000, 0)
    assert stamps[11] == HybridTime(1_080_000, 1)
    assert (right.violation, wrong.violation.law, wrong.violation.step) == (None, "clock condition", 7)


def wait():
    right, wrong = runs.photo(), runs.photo(0)
    assert (where(right, 5)[:2], message(right, 6)) == (("ann", "timeout"), Begin("unlist boss"))
    assert (where(right, 6)[::2], where(right, 7)[::2]) == (("east", 101), ("east", 115.001))
    assert outputs(right, 7) == [Committed("unlist boss", 115_000)]
    assert (where(right, 10)[::2], message(right, 10)) == (("west", 118.001), Begin("post photo"))
    assert outputs(right, 11) == [Committed("post photo", 118_001)]
    assert runs.committed(wrong) == {"unlist boss": 115_000, "post photo": 104_000}
    assert where(runs.photo(50), 7)[2] == 108.001
    assert (right.violation, wrong.violation.law) == (None, "external consistency")
    assert divergence(right, wrong) == 6


def money():
    trace = runs.stocktaking()
    assert outputs(trace, 4) == [Paid("ann", 30)]
    assert outputs(trace, 5) == [Paid("bob", 5)]
    assert outputs(trace, 6) == [Recorded(1, 100)]
    assert outputs(trace, 7) == [Paid("cyd", 40)]
    assert outputs(trace, 8) == [Paid("ann", 20)]
    assert outputs(trace, 9) == [Got("bob", 30)]
    assert (message(trace, 12), outputs(trace, 12)) == (Marker(1, 1), [Recorded(1, 75)])
    assert (message(trace, 13), outputs(trace, 13)) == (Transfer(2, 40), [Got("ann", 40)])
    assert outputs(trace, 14) == [Got("cyd", 20)]
    assert outputs(trace, 17) == [Report(1, 100, Map({"bob": (30,), "cyd": (20,)}))]
    assert [runs.reports(trace)[name].balance for name in ("ann", "bob", "cyd")] == [100, 75, 75]
    assert (runs.recorded(trace), measures.markers(trace)) == (300, 6)
    assert trace.violation is None


def late():
    right, wrong = runs.stocktaking(), runs.stocktaking("SNAP-03")
    assert outputs(wrong, 6) == outputs(right, 6) == [Recorded(1, 100)]
    assert outputs(wrong, 7) == [Paid("cyd", 40)]
    assert (where(wrong, 6)[2], where(wrong, 13)) == (14, ("ann", "timeout", 34))
    assert outputs(wrong, 15) == [Recorded(1, 115)]
    assert outputs(right, 12) == [Recorded(1, 75)]
    assert where(right, 12)[2] < where(right, 13)[2]
    assert (runs.recorded(right), runs.recorded(wrong)) == (300, 340)
    assert [violation.law for violation in wrong.violations] == ["consistent cut", "conserved money"]


def ahead():
    found = [
        max(measures.ahead_us(runs.skewed(seed, ms)) for seed in range(10)) for ms in (0, 1, 2, 5, 10, 20, 50)
    ]
    assert found == [0, 0, 990, 3_990, 8_990, 18_990, 48_990]


CLAIMS = {
    "fig-time-logs": logs,
    "fig-time-cone": cone,
    "fig-time-back": back,
    "fig-time-wait": wait,
    "fig-time-money": money,
    "fig-time-late": late,
    "fig-time-ahead": ahead,
}
