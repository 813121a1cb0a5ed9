"""What the page on Multi-Paxos says of its figures, against their runs."""

from distsys.core.events import Note, Output
from distsys.lab import multi_paxos_runs as runs
from distsys.lab import multi_paxos_tours as tours
from distsys.protocols.multipaxos_messages import Accept, Accepted, Lacks, Prepare, Promise
from distsys.protocols.paxos_laws import agreement
from distsys.protocols.replication import Role


def message(step):
    return getattr(step.event, "message", None)


def notes(trace, number):
    return [effect.text for effect in trace.step(number).effects if isinstance(effect, Note)]


def handed(trace, number):
    """Return the commands that a step hands to its host."""
    effects = trace.step(number).effects
    return [effect.value.entry.command for effect in effects if isinstance(effect, Output)]


def within(tour, trace):
    assert all(stop.step <= len(trace) for stop in tour)


def early():
    wrong, right = runs.early("PAX-08", laws=()), runs.early(laws=())
    within(tours.EARLY, wrong)
    assert not any(step.kind in ("crash", "drop") for step in wrong)
    assert [step.kind for step in wrong][6:8] == ["invoke", "invoke"]
    assert (message(wrong.step(10)).slot, wrong.step(10).node) == (2, "n1")
    assert (handed(wrong, 11), wrong.step(11).node) == (["add 10 %"], "n3")
    assert (handed(wrong, 13), wrong.step(13).node) == ([], "n1")
    assert handed(wrong, 14) + handed(wrong, 15) == ["deposit 100", "add 10 %"]
    assert wrong.step(15).node == "n2"
    assert notes(right, 11) == ["waits for slot 1"]
    assert handed(right, 13) == ["deposit 100", "add 10 %"]


def gap():
    trace = runs.gap()
    within(tours.GAP, trace)
    assert 20 <= len(trace) <= 50
    assert (message(trace.step(12)).slot, handed(trace, 12)) == (1, ["a"])
    assert (message(trace.step(14)).slot, handed(trace, 14)) == (3, [])
    assert notes(trace, 15) == ["waits for slot 1"]
    assert handed(trace, 16) == ["a"]
    assert (trace.step(17).kind, trace.step(17).node) == ("crash", "n1")
    assert isinstance(message(trace.step(19)), Prepare)
    assert message(trace.step(19)).first_slot == 2
    told = message(trace.step(20))
    assert isinstance(told, Promise)
    assert list(told.votes) == [3]
    assert "fills the gap at 2" in notes(trace, 20)
    assert handed(trace, 22) == [None, "c"]
    again = message(trace.step(24))
    assert isinstance(again, Accepted)
    assert (again.slot, again.value, str(again.ballot)) == (3, "c", "2.n3")
    assert isinstance(message(trace.step(28)), Lacks)
    assert handed(trace, 29) == ["a", None, "c"]
    assert not any(getattr(message(step), "value", None) == "b" for step in trace)  # nobody else hears of b


def one_slot():
    wrong, right = runs.one_slot("PAX-10"), runs.one_slot()
    within(tours.ONE_SLOT, wrong)
    assert (message(wrong.step(11)).slot, message(wrong.step(11)).value) == (2, "b")
    assert not message(wrong.step(15)).votes
    assert list(message(right.step(15)).votes) == [2]
    assert handed(wrong, 19) == ["x"]
    last = message(wrong.step(20))
    assert isinstance(last, Accept)
    assert (last.slot, last.value) == (2, "y")
    assert [violation.law for violation in wrong.violations] == [agreement.name]
    assert dict(runs.after(right)["n3"].proposals.items()) == {3: "x", 4: "y"}


def members():
    wrong, right = runs.at_once("PAX-16"), runs.at_once()
    within(tours.AT_ONCE, wrong)
    for trace in (wrong, right):
        assert (message(trace.step(16)).slot, message(trace.step(16)).value) == (2, "x")
        assert message(trace.step(20)).slot == 1
        assert [trace.step(number).node for number in (21, 22)] == ["n3", "n4"]
    assert notes(right, 20) == ["members from slot 3 on: n3, n4"]
    assert handed(right, 20)[1] == "x"
    assert notes(wrong, 25) == ["leads ballot 1.n3"]
    assert (handed(wrong, 28), wrong.step(28).node) == (["y"], "n3")
    n3 = runs.after(right)["n3"]
    assert (n3.role, len(n3.promises), n3.quorums_at(2).q1) == (Role.CANDIDATE, 2, 3)


CLAIMS = {
    "fig-multi-early": early,
    "fig-multi-gap": gap,
    "fig-multi-one-slot": one_slot,
    "fig-multi-members": members,
}
