"""What the pages on Chubby say of their figures, held against their runs."""

from distsys.core.divergence import divergence
from distsys.core.events import Note, Output, Send
from distsys.lab import chubby_stories as stories
from distsys.services.chubby.calls import GetContentsAndStat, SetContents
from distsys.services.chubby.library import Expired, Jeopardy, Safe
from distsys.services.chubby.talk import Ask, Elsewhere, FailOver, Invalidate, KeepAlive, OtherEpoch, Over


def notes(trace, number):
    """Return the notes of a step."""
    return [effect.text for effect in trace.step(number).effects if isinstance(effect, Note)]


def outputs(trace, number):
    return [type(one.value) for one in trace.step(number).effects if isinstance(one, Output)]


def sent(trace, number):
    return [one.message for one in trace.step(number).effects if isinstance(one, Send)]


def node_and_ms(trace, number):
    step = trace.step(number)
    return step.node, step.at / 1000


def cut_off():
    right, wrong = stories.cut_off(), stories.cut_off("LOCK-05")
    assert (right.violation, wrong.violation.law) == (None, "cache consistency")
    assert (notes(right, 27), notes(right, 28)) == (["reads n7"], ["reads n7 in its copy"])
    assert sent(right, 28) == []
    assert right.step(29).kind == "partition"
    assert [event for _, event in sent(right, 31)[0].events] == [Invalidate("/primary")]
    assert right.step(32).kind == "drop"
    assert (notes(right, 33), node_and_ms(right, 33)) == (["reads n7 in its copy"], ("ann", 700))
    assert outputs(right, 49) == [Jeopardy]
    assert (node_and_ms(right, 51), node_and_ms(right, 52)) == (("n1", 1605), ("bob", 1610))
    assert notes(right, 52) == ["has written n8"]
    assert right.step(30).at == 600_000
    assert isinstance(right.step(58).event.message, Over)
    assert outputs(right, 58) == [Expired]
    assert notes(right, 71) == ["reads n8"]
    assert divergence(right, wrong) == 31
    assert (notes(wrong, 33), node_and_ms(wrong, 33)) == (["has written n8"], ("bob", 610))
    assert (notes(wrong, 36), wrong.violation.step) == (["reads n7 in its copy"], 36)


def fail_over():
    kept, lost = stories.fail_over(), stories.fail_over(grace_ms=100)
    assert kept.violation is lost.violation is None
    assert (kept.step(77).kind, node_and_ms(kept, 77)) == ("crash", ("n1", 900))
    assert kept.step(80).event.message == Elsewhere("ann.1", "n1")
    assert outputs(kept, 82) == [Jeopardy]
    assert notes(kept, 94) == ["is the master of epoch 2"]
    assert (sent(kept, 98), node_and_ms(kept, 98)) == ([], ("ann", 1400))
    assert (kept.step(102).event.message.epoch, sent(kept, 102)) == (1, [OtherEpoch("ann.1", 2)])
    assert (kept.step(104).event.message.epoch, sent(kept, 104)[0].events) == (2, ((1, FailOver()),))
    assert Safe in outputs(kept, 105)
    assert round((kept.step(105).at - kept.step(82).at) / 1000) == 116
    assert (kept.step(107).event.message.seen, isinstance(kept.step(107).event.message, KeepAlive)) == (
        1,
        True,
    )
    (answered,) = [one for one in kept.steps if notes(kept, one.number) == ["reads n7"] and one.at > 900_000]
    assert answered.number == 109
    assert divergence(kept, lost) == 82  # a timer of another length
    assert (outputs(lost, 82), outputs(lost, 102)) == ([Jeopardy], [Expired])
    assert notes(lost, 94) == ["is the master of epoch 2"]
    assert stories.read(lost, "ann")[-1] == ("n7", False)
    assert stories.timed(lost, "ann", stories.Seen)[-1][0] > 2_400_000
    ended = next(one for one in lost.steps if one.node == "n3" and "Expire(" in repr(one.effects))
    assert ended.at == 1_991_487


def slow():
    wrong = stories.slow_request("LOCK-01")
    fenced, delayed = stories.slow_request(), stories.slow_request("LOCK-01", delay_ms=500)
    assert (wrong.violation.law, wrong.violation.step) == ("fencing", 54)
    assert fenced.violation is delayed.violation is None
    assert notes(wrong, 15) == ["has the lock, generation 1"]
    assert isinstance(wrong.step(24).event.message, Ask)
    assert (wrong.step(24).event.sender, sent(wrong, 24)) == ("c2", [])
    assert outputs(wrong, 37) == [Jeopardy]
    assert node_and_ms(wrong, 46) == ("n1", 1855)
    assert notes(wrong, 48) == ["has the lock, generation 2"]
    assert (wrong.step(50).node, wrong.step(54).node, wrong.step(54).event.sender) == ("r1", "r1", "c1")
    assert stories.stored(wrong) == [("c2", 2), ("c1", 1)]
    assert stories.stored(fenced) == [("c2", 2)]
    assert stories.stored(delayed) == [("c1", 1), ("c2", 2)]


def late():
    right, wrong = stories.late_copy(), stories.late_copy("LOCK-08")
    assert (right.violation, wrong.violation.law, wrong.violation.step) == (None, "cache consistency", 40)
    assert isinstance(right.step(27).event.message.request, GetContentsAndStat)
    assert (sent(right, 27)[0].told, sent(right, 27)[0].cachable) == (1, True)
    assert isinstance(right.step(30).event.message.request, SetContents)
    assert sent(right, 30)[0].events == ((2, Invalidate("/primary")),)
    assert sent(right, 31)[0].seen == 2
    assert notes(right, 33) == ["has written n8"]
    assert (notes(right, 38), notes(wrong, 38)) == (["reads n7"], ["reads n7"])
    assert (right.step(38).at - right.step(27).at) == 200_000
    assert (right.step(41).node, notes(right, 42), notes(right, 43)) == (
        "n1", ["reads n8"], ["reads n8 in its copy"],
    )  # fmt: skip
    assert notes(wrong, 40) == ["reads n7 in its copy"]


CLAIMS = {
    "fig-chubby-cut-off": cut_off,
    "fig-chubby-fail-over": fail_over,
    "fig-chubby-slow": slow,
    "fig-chubby-late": late,
}
