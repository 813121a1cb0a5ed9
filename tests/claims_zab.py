"""What the page on Zab says of its figures, held against their runs."""

from distsys.core.divergence import divergence
from distsys.core.events import Note
from distsys.lab import zab_runs
from distsys.protocols.zab_messages import Commit, Proposal


def zxids(trace, name):
    """Return the zxids of what a server has delivered, in order."""
    return [str(one.entry.zxid) for one in trace.outputs().get(name, ())]


def notes(trace, number):
    """Return the notes of a step."""
    return [effect.text for effect in trace.step(number).effects if isinstance(effect, Note)]


def paxos():
    trace = zab_runs.paxos_without_order(order=False)
    assert trace.violation is None
    assert zab_runs.after_the_balance(trace) == {
        "n1": "balance = 12",
        "n2": "balance = 3",
        "n3": "balance = 12",
    }
    done = {number: trace.step(number).node for number in (8, 15, 20, 24)}
    assert done == {8: "n3", 15: "n2", 20: "n1", 24: "n1"}
    told = trace.step(20).event.message.votes
    assert [(slot, told[slot].value) for slot in (1, 2)] == [(1, "balance = 5"), (2, "balance = 12")]
    judged = zab_runs.paxos_without_order()
    assert (judged.violation.law, judged.violation.step) == ("primary order", 24)
    assert zab_runs.paxos_without_order(alpha=1).violation is None


def epoch():
    trace = zab_runs.one_epoch()
    assert trace.violation is None
    assert (notes(trace, 12), trace.step(6).node) == (["leads epoch 1"], "n3")
    assert zxids(trace, "n1") == zxids(trace, "n3") == ["1.1", "1.2"]
    kinds = [type(trace.step(number).event.message) for number in (19, 20, 23, 24)]
    assert kinds == [Proposal, Proposal, Commit, Commit]


def order():
    trace = zab_runs.zab_with_order()
    assert trace.violation is None
    assert zab_runs.after_the_balance(trace) == dict.fromkeys(("n1", "n2", "n3"), "balance = 3")
    assert notes(trace, 35) == ["leads epoch 2"]
    assert (notes(trace, 52), trace.step(52).node) == (["leads epoch 3"], "n1")
    assert notes(trace, 53) == ["cuts its history after 0.0"]


def counters():
    wrong, right = zab_runs.zab_with_order("ZAB-03"), zab_runs.zab_with_order()
    assert (wrong.violation.law, wrong.violation.step) == ("leader completeness", 53)
    assert (notes(wrong, 53), wrong.step(53).node) == (["leads epoch 3"], "n3")
    assert divergence(wrong, right) == 46


def old():
    wrong, right = zab_runs.old_proposal("ZAB-05"), zab_runs.old_proposal()
    assert (wrong.violation.law, right.violation) == ("global primary order", None)
    assert zxids(wrong, "n1") == ["2.1", "1.1", "2.2"]
    assert zxids(right, "n1") == ["2.1", "2.2"]
    assert divergence(wrong, right) == 40


CLAIMS = {
    "fig-zab-paxos": paxos,
    "fig-zab-epoch": epoch,
    "fig-zab-order": order,
    "fig-zab-counters": counters,
    "fig-zab-old": old,
}
