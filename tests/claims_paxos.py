"""What the page on Paxos says of its figures."""

from distsys.core.divergence import divergence
from distsys.core.events import Output
from distsys.lab import paxos_runs, paxos_schemes
from distsys.protocols.paxos_messages import Chosen, Prepare, Reject
from distsys.protocols.raft_world import message_of
from distsys.views.ballots import chosen_on
from distsys.views.rungs import rungs_of


def told(trace):
    """Return {name: value that it told its client}; each tells one at most once between crashes."""
    return {name: found[0].value for name, found in trace.outputs().items() if found}


def ladder(trace):
    """Return [(ballot, asked, {who: for what})] of a run, and {ballot: chosen value}, ballots as text."""
    rungs = rungs_of(trace)
    rows = [
        (str(rung.ballot), rung.asked, {name: [v.value for v in votes] for name, votes in rung.votes.items()})
        for rung in rungs
    ]
    return rows, {str(ballot): value for ballot, value in chosen_on(rungs, trace.header.names).items()}


def schemes():
    one, once, again = (paxos_schemes.attempt(name) for name in ("one voter", "votes once", "votes again"))
    assert not told(one)
    assert (one.steps[5].kind, one.steps[5].node) == ("crash", "p2")
    assert not told(once)
    assert all(step.kind in ("start", "invoke", "deliver") for step in once)
    assert all(found for *_, found in once.messages())
    assert told(again) == {"p1": "x", "p3": "y"}
    assert again.violation.law == "one outcome"


def decision():
    trace = paxos_runs.decision()
    assert trace.violation is None
    assert told(trace) == {"p1": "x", "p2": "x", "p3": "x"}
    learned = {
        step.node: step.number
        for step in trace
        for effect in step.effects
        if isinstance(effect, Output) and isinstance(effect.value, Chosen)
    }
    assert learned == {"p2": 11, "p3": 12, "p1": 13}
    votes = {name: vote.step for rung in rungs_of(trace) for name, (vote,) in rung.votes.items()}
    assert votes == {"p1": 7, "p2": 9, "p3": 10}
    assert len(trace) == 16


def one_rung():
    (rung,) = rungs_of(paxos_runs.decision())
    assert {name: promise.told for name, promise in rung.promises.items()} == dict.fromkeys(paxos_runs.THREE)
    assert ladder(paxos_runs.decision())[1] == {"1.p1": "x"}
    assert rung.voters("x") == set(paxos_runs.THREE)


def takeover():
    trace = paxos_runs.takeover()
    rows, decided = ladder(trace)
    assert rows == [
        ("1.p1", ["x"], {"p1": ["x"], "p2": ["x"]}),
        ("1.p3", ["x"], {"p3": ["x"], "p2": ["x"]}),
    ]
    assert decided == {"1.p1": "x", "1.p3": "x"}
    assert told(trace) == {"p3": "x"}
    crash = next(step.number for step in trace if step.kind == "crash")
    assert not any(isinstance(effect, Output) for step in trace.steps[:crash] for effect in step.effects)


def own_value():
    right, wrong = paxos_runs.takeover(), paxos_runs.takeover("PAX-01")
    assert right.violation is None
    assert wrong.violation.law == "agreement"
    assert divergence(wrong, right) == 11
    assert ladder(wrong)[1] == {"1.p1": "x", "1.p3": "y"}


def highest():
    trace = paxos_runs.old_vote()
    rows, decided = ladder(trace)
    assert trace.violation is None
    assert [row[:2] for row in rows] == [("1.p1", ["x"]), ("1.p3", ["y"]), ("2.p1", ["y"])]
    assert rows[0][2] == {"p1": ["x"]}
    assert decided == {"1.p3": "y", "2.p1": "y"}
    heard = {name: promise.told for name, promise in rungs_of(trace)[2].promises.items()}
    assert {name: (str(ballot), value) for name, (ballot, value) in heard.items()} == {
        "p1": ("1.p1", "x"),
        "p2": ("1.p3", "y"),
    }


def any_vote():
    right, wrong = paxos_runs.old_vote(), paxos_runs.old_vote("PAX-02")
    assert wrong.violation.law == "agreement"
    assert divergence(wrong, right) == 15
    assert ladder(wrong)[1] == {"1.p3": "y", "2.p1": "x"}


def forgotten():
    right, wrong = paxos_runs.forgotten_promise(), paxos_runs.forgotten_promise("PAX-03")
    assert right.violation is None
    assert wrong.violation.law == "agreement"
    assert [step.kind for step in wrong.steps[9:11]] == ["crash", "restart"]
    refused = [message_of(effect) for effect in right.step(12).effects]
    assert [type(message) for message in refused] == [Reject]
    assert ladder(right)[1] == {"1.p3": "y"}
    assert ladder(wrong)[1] == {"1.p1": "x", "1.p3": "y"}


def duel():
    trace = paxos_runs.duel()
    rows, decided = ladder(trace)
    assert not told(trace)
    assert decided == {}
    assert len(rows) == 6
    assert [ballot.split(".")[1] for ballot, *_ in rows] == ["p1", "p3"] * 3
    for ballot, (asked,), votes in rows:
        assert votes == {ballot.split(".")[1]: [asked]}
    assert all("p2" in rung.promises for rung in rungs_of(trace))
    prepares = [step.node for step in trace if any(isinstance(message_of(e), Prepare) for e in step.effects)]
    assert prepares == ["p1", "p3"] * 3
    assert all(step.kind != "crash" for step in trace)


CLAIMS = {
    "fig-paxos-schemes": schemes,
    "fig-paxos-decision": decision,
    "fig-paxos-one-rung": one_rung,
    "fig-paxos-takeover": takeover,
    "fig-paxos-own-value": own_value,
    "fig-paxos-highest": highest,
    "fig-paxos-any-vote": any_vote,
    "fig-paxos-forgotten": forgotten,
    "fig-paxos-duel": duel,
    "fig-paxos-duel-ladder": duel,
}
