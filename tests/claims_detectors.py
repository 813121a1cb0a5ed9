"""What the page on failure detectors and gossip says of its figures, held against their runs."""

from distsys.algorithms.detector import Heartbeat
from distsys.algorithms.detector_messages import Restore, Suspect
from distsys.algorithms.gossip_messages import Push, Rumour
from distsys.algorithms.swim_messages import News, Ping, PingReq, Status
from distsys.core.divergence import divergence
from distsys.core.events import Output, Send, SetTimer
from distsys.core.units import MS
from distsys.lab import detectors_measures as measures
from distsys.lab import detectors_runs as runs
from distsys.lab.local_views import view


def outputs(trace, number):
    return [effect.value for effect in trace.step(number).effects if isinstance(effect, Output)]


def sent(trace, number):
    return [
        (effect.to, type(effect.message)) for effect in trace.step(number).effects if isinstance(effect, Send)
    ]


def where(trace, number):
    step = trace.step(number)
    return step.node, step.kind, step.at / 1000


def timers(trace, number):
    return {e.timer: e.low / 1000 for e in trace.step(number).effects if isinstance(e, SetTimer)}


def same():
    slow, crash = runs.alike(crash=False), runs.alike(crash=True)
    assert where(slow, 12) == where(crash, 12) == ("ann", "deliver", 90)
    assert timers(slow, 12) == {"wait:bob": 75}
    assert where(slow, 13) == ("bob", "link", 95)
    assert where(crash, 13) == ("bob", "crash", 95)
    assert (where(slow, 15), sent(slow, 15)) == (("bob", "timeout", 120), [("ann", Heartbeat)])
    assert (where(slow, 19), outputs(slow, 19)) == (("ann", "timeout", 165), [Suspect("bob")])
    assert (where(crash, 17), outputs(crash, 17)) == (("ann", "timeout", 165), [Suspect("bob")])
    assert view(slow, "ann", 319 * MS) == view(crash, "ann", 319 * MS)
    assert view(slow, "ann", 320 * MS) != view(crash, "ann", 320 * MS)
    assert (where(slow, 30), outputs(slow, 30)) == (("ann", "deliver", 320), [Restore("bob")])
    assert timers(slow, 30) == {"wait:bob": 150}
    assert divergence(slow, crash) == 13


def trade():
    times = measures.arrivals(50_000, 200, 5, 20)
    timeouts = (220, 240, 260, 280, 300, 320)
    found = [measures.measured(times, timeout, 200) for timeout in timeouts]
    wanted = [measures.expected(timeout, 200, 5, 20) for timeout in timeouts]
    for one, other in zip(found, wanted, strict=True):
        assert abs(one.mistakes - other.mistakes) < 0.3 * other.mistakes
        assert abs(one.detection_ms - other.detection_ms) < 1
    assert 100 < found[0].mistakes / found[-1].mistakes < 200
    assert 10 < found[-1].mistakes < 100 < 2_000 < found[0].mistakes
    assert wanted[-1].detection_ms - wanted[0].detection_ms == 100


def crash():
    trace = runs.crashed()
    assert where(trace, 37) == ("dan", "crash", 430)
    assert (where(trace, 39), sent(trace, 39)) == (("bob", "timeout", 600), [("dan", Ping)])
    assert [len(sent(trace, number)) for number in (38, 39, 40)] == [1, 1, 1]
    to_dan = [n for n in range(38, 52) for to, _ in sent(trace, n) if to == "dan"]
    assert to_dan == [39, 47, 48]
    assert where(trace, 42)[:2] == ("dan", "drop")
    assert (where(trace, 46), sent(trace, 46)) == (
        ("bob", "timeout", 660),
        [("cyd", PingReq), ("ann", PingReq)],
    )
    assert sent(trace, 47) == sent(trace, 48) == [("dan", Ping)]
    assert [where(trace, number)[:2] for number in (49, 50)] == [("dan", "drop")] * 2
    suspect = News("dan", 0, Status.SUSPECT)
    assert (where(trace, 52), outputs(trace, 52)) == (("bob", "timeout", 800), [suspect])
    assert sent(trace, 52) == [("ann", Ping)]
    assert trace.step(55).event.message.news == (suspect,)
    assert (where(trace, 55)[:2], outputs(trace, 55)) == (("ann", "deliver"), [suspect])
    assert sent(trace, 53) == [("dan", Ping)]
    assert (where(trace, 66), outputs(trace, 66)) == (("cyd", "timeout", 1000), [suspect])
    assert {at for _, _, at, status, _ in runs.beliefs(trace, "dan") if status == "faulty"} == {
        1400,
        1410,
        1420,
    }


def refute():
    right, wrong = runs.asleep(), runs.asleep("SWIM-01")
    suspect, faulty = News("cyd", 0, Status.SUSPECT), News("cyd", 0, Status.FAULTY)
    back = News("cyd", 1, Status.ALIVE)
    assert where(right, 28) == ("cyd", "pause", 430)
    assert where(right, 47) == ("cyd", "resume", 1130)
    assert sent(right, 33) == [("ann", PingReq)]
    assert (where(right, 36), outputs(right, 36)) == (("bob", "timeout", 800), [suspect])
    assert timers(right, 36)["suspect:cyd"] == 600
    assert (where(right, 38)[:2], outputs(right, 38)) == (("ann", "deliver"), [suspect])
    assert sent(right, 41) == sent(right, 42) == [("cyd", Ping)]
    assert right.step(51).event.message.news == (suspect,)
    assert outputs(right, 51) == [back]
    assert (where(right, 58)[0], outputs(right, 58)) == ("ann", [back])
    assert (where(right, 59)[0], outputs(right, 59)) == ("bob", [back])
    assert divergence(right, wrong) == 51
    pings = [s.number for s in wrong if s.kind == "deliver" and s.node == "cyd" and 47 < s.number < 75]
    pings = [n for n in pings if isinstance(wrong.step(n).event.message, Ping)]
    assert len(pings) == 6
    assert all(sent(wrong, n) for n in pings)
    assert (where(wrong, 75), outputs(wrong, 75)) == (("bob", "timeout", 1400), [faulty])
    assert (where(wrong, 78)[0], outputs(wrong, 78)) == ("ann", [faulty])
    assert all(status != "faulty" for _, _, _, status, _ in runs.beliefs(right, "cyd"))


def rumour():
    trace = runs.rumour()
    rain = Rumour("ann", 1, "rain")
    assert outputs(trace, 7) == [rain]
    tellings = {9: "dan", 13: "eve", 17: "bob", 20: "fay", 21: "cyd", 24: "fay"}
    for number in range(8, 25):
        assert sent(trace, number) == ([(tellings[number], Push)] if number in tellings else [])
    assert [(step, who) for step, _, who in runs.learned(trace)] == [
        (7, "ann"),
        (10, "dan"),
        (14, "eve"),
        (18, "bob"),
        (22, "fay"),
        (23, "cyd"),
    ]
    assert (where(trace, 24)[0], where(trace, 25)[:2], outputs(trace, 25)) == ("cyd", ("fay", "deliver"), [])


def spread():
    push, pull, both = (measures.spread(10_000, mode) for mode in ("push", "pull", "push-pull"))
    assert (len(push) - 1, len(pull) - 1, len(both) - 1) == (23, 18, 13)
    assert [10_000 - known for known in pull[-4:]] == [2492, 637, 40, 0]
    assert [10_000 - known for known in push[-5:]] == [39, 19, 9, 1, 0]


CLAIMS = {
    "fig-detect-same": same,
    "fig-detect-trade": trade,
    "fig-detect-crash": crash,
    "fig-detect-refute": refute,
    "fig-detect-rumour": rumour,
    "fig-detect-spread": spread,
}
