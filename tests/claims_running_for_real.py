"""What the page on real processes says of its recorded runs, held against them."""

from distsys.checkers import History, linearizable
from distsys.core.events import Note, Persist, Send
from distsys.drivers import states
from distsys.lab import real_runs
from distsys.protocols.raft_world import message_of


def notes(trace, number):
    return [effect.text for effect in trace.step(number).effects if isinstance(effect, Note)]


def told(trace):
    """Return what the clients tell, at their steps."""
    return {
        step.number: (step.node, *step.detail.values()) for step in trace if step.kind in ("note", "return")
    }


def term_and_log(node):
    return node.raft.current_term, node.raft.log


def ms(trace, first, last):
    return round((trace.step(last).at - trace.step(first).at) / 1000)


def killed():
    trace = real_runs.recorded("leader-killed")
    assert trace.violation is None
    assert told(trace) == {
        18: ("ann", "put x=1"),
        25: ("ann", "ok"),
        36: ("bob", "put x=2"),
        61: ("bob", "ok"),
        72: ("cyd", "get x"),
        79: ("cyd", "2"),
    }
    assert (ms(trace, 18, 25), ms(trace, 36, 61), ms(trace, 43, 49)) == (7, 485, 13)
    assert [trace.step(number).kind for number in (35, 43, 71)] == ["crash", "timeout", "restart"]
    assert {trace.step(number).node for number in (35, 71)} == {"n2"}
    assert trace.step(43).node == "n1"
    assert notes(trace, 49) == ["raft: leads term 2"]
    redirects = [trace.step(number).effects[0] for number in range(37, 41)]
    assert {(one.to, one.message.leader) for one in redirects} == {("bob", "n2")}
    acknowledged = [trace.step(number) for number in (20, 24)]
    assert [(step.node, any(isinstance(one, Persist) for one in step.effects)) for step in acknowledged] == [
        ("n3", True),
        ("n2", False),
    ]
    after = states(trace, of=term_and_log)
    assert [(term, log.last_index) for term, log in (after[70]["n2"], after[88]["n2"])] == [(1, 2), (2, 4)]
    assert len(message_of(trace.step(89).event).entries) == 2
    dropped = [step.number for step in trace if step.kind == "drop" and step.number > 71]
    assert dropped == [76, 81]
    assert {trace.step(number).detail["why"] for number in dropped} == {"down"}


def unknown():
    trace = real_runs.recorded("leader-cut-off")
    assert [call.type for call in History.of(trace).calls] == ["ok", "info", "ok"]
    assert told(trace)[35] == ("ann", "put x=2")
    assert told(trace)[48] == ("ann", "nothing, and gives up")
    assert 295 <= ms(trace, 35, 48) <= 310
    (_, before), (_, after) = (states(trace, of=term_and_log)[place]["n2"] for place in (77, 78))
    assert before[3].command.command.value == 2
    assert after[3].command is None  # the first entry of the new leader stands there


def early():
    wrong, right = (real_runs.recorded(name) for name in ("answers-too-early", "leader-cut-off"))
    assert wrong.header.mutant == "RAFT-21"
    assert (wrong.violation, right.violation) == (None, None)
    assert (told(wrong)[35], told(wrong)[39], told(wrong)[78]) == (
        ("ann", "put x=2"),
        ("ann", "ok"),
        ("bob", "1"),
    )
    assert [call.answer for call in History.of(wrong).calls] == [1, 2, 1]
    verdict = linearizable(History.of(wrong), "key-value")
    assert verdict.outcome.name == "ILLEGAL"
    entry = [
        (step.node, step.number)
        for step in wrong
        if step.kind == "drop" and 35 < step.number < 39 and isinstance(_sent(wrong, step), Send)
    ]
    assert entry == [("n3", 37), ("n3", 38)]


def _sent(trace, step):
    return trace.step(step.cause[0]).effects[step.cause[1]]


CLAIMS = {"fig-real-killed": killed, "fig-real-info": unknown, "fig-real-early": early}
