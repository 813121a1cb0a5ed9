"""What the page on persistence says of its figure, held against its runs."""

from distsys.core.divergence import divergence
from distsys.core.events import Output, Persist, Send
from distsys.lab import raft_runs
from distsys.protocols.raft_messages import Appended, RequestVote
from distsys.protocols.raft_world import message_of


def kinds(trace, number):
    """Return the classes of the effects of a step, of messages the class of the message."""
    return [
        type(effect.message if isinstance(effect, Send) else effect) for effect in trace.step(number).effects
    ]


def answer_first():
    right, wrong = raft_runs.lost_acknowledgement(), raft_runs.lost_acknowledgement("RAFT-09")
    assert (right.violation, wrong.violation.law) == (None, "leader completeness")
    (confirms,) = (
        step.number
        for step in right
        if step.node == "s2" and getattr(message_of(step.event), "entries", ()) and step.number > 10
    )
    assert kinds(right, confirms)[-2:] == [Persist, Appended]  # on the disk, then the answer
    assert Persist not in kinds(wrong, confirms)
    assert kinds(wrong, confirms)[-1] is Appended
    for trace in (right, wrong):
        assert any(isinstance(effect, Output) for effect in trace.step(confirms + 2).effects)  # committed
        crash = next(step.number for step in trace if step.kind == "crash")
        assert trace.step(crash).node == "s2"
        assert crash > confirms
    asked = next(
        step.number
        for step in right
        if step.node == "s2" and isinstance(message_of(step.event), RequestVote) and step.number > confirms
    )
    granted = {
        which: next(e.message.granted for e in trace.step(asked).effects if isinstance(e, Send))
        for which, trace in (("right", right), ("wrong", wrong))
    }
    assert granted == {"right": False, "wrong": True}
    assert divergence(right, wrong) is not None


CLAIMS = {"fig-answer-first": answer_first}
