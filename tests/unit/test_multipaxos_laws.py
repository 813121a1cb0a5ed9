"""The laws of Multi-Paxos: each speaks up for the mutant that names it, and the evidence says who and where."""

from types import SimpleNamespace

import pytest

from distsys import simulate, systems
from distsys.core import Deliver, Output
from distsys.core.trace import Step
from distsys.mutants.multipaxos import MUTANTS
from distsys.protocols.multipaxos_laws import Applied, state_machine_safety
from distsys.protocols.multipaxos_members import ReconfigurableMultiPaxos
from distsys.protocols.raft_messages import Entry
from distsys.protocols.replication import Committed, Compact, NotLeader, Restored, Snapshot
from leaders_asked import HearsNothing, without_faults


@pytest.fixture(autouse=True)
def known(monkeypatch):
    """Make the mutants known, whether or not they are declared."""
    systems.mutants()
    for mutant in MUTANTS:
        monkeypatch.setitem(systems._MUTANTS, mutant.id, mutant)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.id)
def test_a_mutant_is_caught_by_the_law_that_it_names(mutant):
    for seed in range(50):
        trace = simulate("multi-paxos", seed, mutant=mutant.id)
        if mutant.breaks in [violation.law for violation in trace.violations]:
            break
    assert trace.violation.law == mutant.breaks
    assert simulate("multi-paxos", seed, **mutant.options).violation is None


def step(node, *values):
    """Return a world in which `node` has told its host these values, and a host has handed over its state after 4."""
    effects = tuple(Output(value) for value in values)
    return SimpleNamespace(
        step=Step(1, 0, "deliver", node, Deliver("x", "x"), effects, len(effects)),
        names=("n1", "n2"),
        nodes={},
        asked={"n2": (Compact(4, "four"),)},
    )


def commit(index, command):
    return Committed(index, Entry(0, command))


def judge(*steps):
    """Return the first evidence of state machine safety in these steps."""
    memory = Applied()
    for world in steps:
        memory, evidence = state_machine_safety.fold(memory, world)
        if evidence:
            return evidence
    return None


@pytest.mark.parametrize(
    ("steps", "evidence"),
    [
        ([step("n1", commit(1, "x"), commit(2, "y")), step("n2", commit(1, "x"))], None),
        ([step("n1", commit(2, "y"))], "n1 applies slot 2 where slot 1 is due"),
        (
            [step("n1", commit(1, "x")), step("n2", commit(1, "y"))],
            "n2 applies 'y' in slot 1, where 'x' was applied before",
        ),
        ([step("n1", Restored(Snapshot(4, 0, "four"))), step("n1", commit(5, "x"))], None),
        (
            [step("n1", Restored(Snapshot(4, 0, "four"))), step("n1", commit(6, "x"))],
            "n1 applies slot 6 where slot 5 is due",
        ),
        (
            [step("n1", commit(1, "x"), commit(1, "x"))],
            "n1 applies slot 1 where slot 2 is due",
        ),
        (
            [step("n1", Restored(Snapshot(5, 0, "four")))],
            "n1 restores 'four' as the state after 5, which no host has handed over as that",
        ),
    ],
)
def test_replicas_apply_the_same_in_order_and_a_snapshot_stands_for_what_it_covers(steps, evidence):
    assert judge(*steps) == evidence


def test_a_replica_that_begins_again_begins_at_slot_1():
    again = step("n1", commit(1, "x"))
    again.step = Step(2, 0, "restart", "n1", None, again.step.effects, 1)
    assert judge(step("n1", commit(1, "x"), commit(2, "y")), again) is None


class RefusesAll(ReconfigurableMultiPaxos):
    """Says that it does not lead, although it does."""

    def on_propose(self, message):
        self.output(NotLeader(message.command, None))


class Deaf(HearsNothing, ReconfigurableMultiPaxos):
    """Leads, and does nothing about what it is asked for."""


@pytest.mark.parametrize("kind", [RefusesAll, Deaf])
def test_a_run_in_which_a_leader_takes_nothing_that_it_is_asked_for_is_refused(kind):
    assert without_faults("multi-paxos", ReconfigurableMultiPaxos).violations == ()
    (violation,) = without_faults("multi-paxos", kind).violations
    assert violation.law == "everything is applied in the end"
    assert violation.evidence.endswith("and did not take it")


def test_a_run_in_which_nobody_was_asked_while_it_led_is_no_fault():
    """Each command is refused where nobody leads, and none comes again: one run of six applies nothing."""
    trace = simulate("multi-paxos", 2)
    told = [value for values in trace.outputs().values() for value in values]
    assert len([value for value in told if isinstance(value, NotLeader)]) == 13
    assert not any(isinstance(value, Committed) for value in told)
    assert trace.violations == ()
