"""What the page on real processes says of its recorded runs, held against them."""

from distsys.checkers import History, linearizable
from distsys.core.events import Note, Persist, Send
from distsys.drivers import states
from distsys.lab import real_runs
from distsys.protocols.raft_reads import Confirm
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
        17: ("ann", "put x=1"),
        25: ("ann", "ok"),
        36: ("bob", "put x=2"),
        60: ("bob", "ok"),
        82: ("cyd", "get x"),
        92: ("cyd", "2"),
    }
    assert (ms(trace, 17, 25), ms(trace, 36, 60), ms(trace, 36, 43), ms(trace, 43, 49)) == (16, 535, 409, 14)
    assert (ms(trace, 49, 54), ms(trace, 54, 60), ms(trace, 35, 43), ms(trace, 34, 35)) == (84, 28, 440, 0)
    assert trace.step(54).cause == (36, 5)  # bob's fifth try
    assert (trace.header.options["election_ms"], trace.header.options["heartbeat_ms"]) == (400, 150)
    assert round(real_runs.expected_ms(400, 150)) == 458
    kinds = ["crash", "timeout", "timeout", "restart"]
    assert [trace.step(number).kind for number in (35, 41, 43, 81)] == kinds
    assert [trace.step(number).node for number in (35, 41, 43, 81)] == ["n1", "n3", "n3", "n1"]
    assert [trace.step(number).event.timer for number in (41, 43)] == ["raft/alive", "raft/election"]
    assert (trace.step(41).cause, ms(trace, 29, 41)) == ((29, 0), 401)  # its last heartbeat
    assert notes(trace, 49) == ["raft: leads term 2"]
    redirects = [trace.step(number) for number in range(37, 41)]
    assert {(step.node, step.effects[0].to, step.effects[0].message.leader) for step in redirects} == {
        ("n2", "bob", "n1")
    }
    assert [any(isinstance(one, Persist) for one in trace.step(number).effects) for number in (19, 20)] == [
        True,
        True,
    ]
    assert trace.step(24).cause[0] == 20
    after = states(trace, of=term_and_log)
    found = [after[number - 1]["n1"] for number in (81, 90, 99)]
    assert [(term, log.last_index) for term, log in found] == [(1, 2), (2, 2), (2, 4)]
    assert isinstance(message_of(trace.step(90).event), Confirm)
    assert len(message_of(trace.step(99).event).entries) == 2
    down = {step.node for step in trace if step.kind == "drop" and step.detail["why"] == "down"}
    assert down == {"n3"}


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
    assert (told(wrong)[44], told(wrong)[48], told(wrong)[75]) == (
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
        if step.kind == "drop" and 45 < step.number < 48 and isinstance(_sent(wrong, step), Send)
    ]
    assert entry == [("n2", 46), ("n2", 47)]


def _sent(trace, step):
    return trace.step(step.cause[0]).effects[step.cause[1]]


CLAIMS = {"fig-real-killed": killed, "fig-real-info": unknown, "fig-real-early": early}
