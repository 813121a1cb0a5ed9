"""The directed runs of Multi-Paxos: gaps and no-ops, phase 1 for one slot only, lost disks, changes of the members."""

import pytest

from distsys import S
from distsys.core.events import Note, Output
from distsys.drivers import walk
from distsys.lab import multi_paxos_runs as runs
from distsys.protocols.multipaxos_laws import state_machine_safety
from distsys.protocols.paxos_laws import agreement
from distsys.protocols.quorums import quorums_of
from distsys.protocols.replication import Committed, Role

NEW, LAST = ("n2", "n3", "n4"), ("n3", "n4")


def notes(trace):
    """Return (step, node, text) of each note."""
    return [
        (step.number, step.node, effect.text)
        for step in trace
        for effect in step.effects
        if isinstance(effect, Note)
    ]


def test_section_3_a_new_leader_fills_the_gap_with_a_no_op_and_keeps_what_stands_behind_it():
    trace = runs.gap()
    assert trace.violation is None
    assert (20, "n3", "fills the gap at 2") in notes(trace)
    assert runs.applied(trace) == {"n1": ["a", None, "c"], "n2": [], "n3": ["a", None, "c"]}


def test_the_vote_of_the_old_leader_in_the_gap_gives_way_to_the_no_op():
    """Its disk still says b in slot 2: it was not chosen, and its client was told nothing."""
    nodes = runs.after(runs.gap())
    vote = nodes["n1"].votes[2]
    assert (str(vote.ballot), vote.value) == ("1.n1", "b")
    assert nodes["n1"].chosen[2] is None


@pytest.mark.parametrize("mutant", [None, "PAX-08"])
def test_a_decision_is_applied_in_its_turn_and_with_pax_08_before_it(mutant):
    trace = runs.early(mutant, laws=())
    both = ["deposit 100", "add 10 %"]
    first = both if mutant is None else ["add 10 %"]
    assert runs.applied(trace) == {"n1": first, "n2": both, "n3": first}
    judged = runs.early(mutant)
    assert [one.law for one in judged.violations] == ([state_machine_safety.name] if mutant else [])


def test_phase_1_for_all_slots_finds_what_is_chosen_behind_a_gap_and_phase_1_for_one_overwrites_it():
    assert runs.applied(runs.one_slot(laws=runs.SAFE))["n3"] == [None, "b"]
    assert runs.one_slot(laws=runs.SAFE).violation is None
    assert runs.one_slot("PAX-10").violation.law == agreement.name
    assert runs.one_slot("PAX-10", runs.SAFE).violation.law == "P2c"


@pytest.mark.parametrize("run", [runs.wiped, runs.waited])
def test_a_disk_that_forgets_breaks_agreement_whether_or_not_its_server_waits_for_a_whole_instance(run):
    assert run().violation.law == agreement.name
    assert run(runs.SAFE).violation.law == "P2c"


def test_the_server_that_waits_has_seen_a_whole_instance_before_it_votes_again():
    trace = runs.waited()
    back = next(step.number for step in trace if step.kind == "restart")
    asked = next(step.number for step in trace if step.kind == "invoke" and step.number > back)
    seen = next(step.number for step in trace if step.node == "n2" and step.number > asked)
    voted = [step.number for step in trace if step.node == "n2" and step.number > seen]
    assert back < asked < seen < voted[0]
    assert runs.applied(trace)["n2"] == ["a"]


def test_members_that_are_decided_in_slot_1_count_from_slot_1_plus_alpha_on():
    trace = runs.change()
    assert trace.violation is None
    nodes = runs.after(trace)
    assert [nodes["n2"].members_at(slot) for slot in (2, 3)] == [("n1", *NEW), NEW]
    assert (nodes["n1"].role, nodes["n2"].role) == (Role.FOLLOWER, Role.LEADER)
    assert runs.applied(trace)["n2"][2] == "x"
    assert quorums_of(("majority",), NEW).is_phase2_quorum({"n2", "n3"})


def test_new_members_that_count_at_once_decide_a_slot_that_the_old_ones_have_decided():
    assert runs.at_once(laws=runs.SAFE).violation is None
    wrong = runs.at_once("PAX-16")
    assert wrong.violation.law == state_machine_safety.name
    assert wrong.violation.evidence == "n3 applies 'y' in slot 2, where 'x' was applied before"
    nodes = runs.after(runs.at_once())
    assert nodes["n3"].role is Role.CANDIDATE
    assert set(nodes["n3"].promises) == set(LAST)


def test_who_has_left_tells_the_last_decision_and_with_pax_14_nobody_leads_for_90_s():
    assert runs.last_decision().violation is None
    wrong = runs.last_decision("PAX-14")
    assert wrong.violation.evidence == "at the end nobody leads"
    assert wrong.steps[-1].at > 89 * S


def test_a_leader_asks_beyond_what_it_has_applied_and_with_pax_15_a_command_waits_for_90_s():
    right = runs.stale_slot()
    assert right.violation is None
    told = [effect.value for step in right if step.node == "n3" for effect in step.effects
            if isinstance(effect, Output)]  # fmt: skip
    assert [value.index for value in told if isinstance(value, Committed)] == [1, 2]
    wrong = runs.stale_slot("PAX-15")
    assert wrong.violation.evidence == "at the end n3 leads, and has not decided all that it was asked for"
    assert wrong.steps[-1].at > 89 * S


@pytest.mark.parametrize("n", [3, 4, 5, 7])
def test_what_a_command_costs(n):
    assert runs.cost(runs.one_decree(n)) == ((n - 1) * (n + 3), 40, 40)
    assert runs.cost(runs.steady(n)) == (3 * (n - 1), 20, 30)


@pytest.mark.parametrize(("alpha", "batch"), [(1, 1), (3, 1), (8, 1), (1, 4), (2, 5)])
def test_what_many_commands_cost_with_a_window_and_batches(alpha, batch):
    commands, n = 24, 5
    slots = -(-commands // batch)
    messages, leader, everybody = runs.cost(runs.steady(n, commands, alpha=alpha, batch=batch))
    assert messages == 3 * (n - 1) * slots
    assert (leader, everybody) == (20 * -(-slots // alpha), 20 * -(-slots // alpha) + 10)


def test_a_replica_that_was_cut_off_deposes_the_leader_when_it_comes_back():
    first, second = runs.reigns(runs.comes_back())
    assert second[0] > 3 * S
    assert first[1] != second[1]


def test_a_walk_meets_a_gap():
    assert any(text.startswith("fills the gap") for _, _, text in notes(walk("multi-paxos", 85)))
