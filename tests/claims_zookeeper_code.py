"""What the page on the code of ZooKeeper says of its figure, held against its runs."""

from distsys.core.divergence import divergence
from distsys.core.events import Note, Send
from distsys.lab import zookeeper_code_runs
from distsys.lab.zookeeper_code_runs import Look, used
from distsys.services.zookeeper.connections import Answered, Hear, Noticed
from distsys.services.zookeeper.requests import DataResponse, EventType


def notes(trace, number):
    """Return the notes of a step."""
    return [effect.text for effect in trace.step(number).effects if isinstance(effect, Note)]


def said(trace, number):
    """Return what a server says in a step: (to whom, what), in order."""
    return [
        (effect.to, effect.message.message)
        for effect in trace.step(number).effects
        if isinstance(effect, Send) and isinstance(effect.message, Hear)
    ]


def first():
    right, wrong = zookeeper_code_runs.setting_changes(), zookeeper_code_runs.setting_changes("ZK-04")
    assert right.violation is None
    assert wrong.violation.law == "watch before data"
    assert (used(right), used(wrong)) == (["b:2"], ["a:2"])
    assert isinstance(right.step(28).event.message, Look)
    assert notes(right, 33) == ["host is a"]
    event, answer = said(right, 34)
    assert (event[0], event[1].event.type, event[1].event.path) == ("ann", EventType.DELETED, "/ready")
    assert (answer[0], isinstance(answer[1], Answered)) == ("bob", True)
    assert right.step(38).at - right.step(34).at == 500
    for number in (35, 36, 37):
        ((to, answered),) = said(right, number)
        assert (to, answered.sequence) == ("bob", number - 30)
    ((to, answered),) = said(right, 38)
    assert (to, answered.response.data) == ("ann", b"2")
    assert notes(right, 39) == ["is told: /ready deleted"]
    assert isinstance(right.step(39).event.message.message, Noticed)
    assert isinstance(right.step(44).event.message.message.response, DataResponse)
    assert notes(right, 44) == []
    assert notes(right, 50) == ["uses b:2"]
    assert divergence(right, wrong) == 34
    assert [to for to, _ in said(wrong, 34)] == ["bob"]
    assert notes(wrong, 44) == ["uses a:2"]
    (late,) = [
        step for step in wrong if any(isinstance(what, Noticed) for _, what in said(wrong, step.number))
    ]
    assert late.at - wrong.step(34).at == 1_000


CLAIMS = {"fig-zookeeper-first": first}
