"""The laws of Zab: each says no to the run that breaks it, and nothing to a run of the correct code."""

import pytest

from distsys import S, simulate, systems
from distsys.core import Map, Send
from distsys.core.systems import Request
from distsys.drivers import Simulator, perform, walk
from distsys.lab.scenarios_zab import OLD_PROPOSAL
from distsys.mutants.zab import MUTANTS
from distsys.protocols.replication import Committed, NotLeader, Propose
from distsys.protocols.zab import Zab
from distsys.protocols.zab_durability import revealed
from distsys.protocols.zab_laws import ZAB_LAWS
from distsys.protocols.zab_messages import Proposal, Transaction, Zxid
from leaders_asked import HearsNothing, without_faults

FOUND = {  # mutant -> a seed of the swarm that shows it
    "ZAB-01": 0,
    "ZAB-02": 0,
    "ZAB-03": 57,
    "ZAB-04": 2,
    "ZAB-05": 58,
    "ZAB-06": 78,
    "ZAB-07": 58,
    "ZAB-08": 0,
    "ZAB-09": 5,
    "ZAB-10": 3,
    "ZAB-11": 9,
    "ZAB-12": 34,
    "ZAB-13": 0,
    "ZAB-14": 31,
    "ZAB-15": 13,
}
FIRST = {  # another law that speaks before that of the row, which is then asked by itself in the same run
    "ZAB-05": "primary integrity",
    "ZAB-11": "only what a quorum has is delivered",
}
BY_ID = {mutant.id: mutant for mutant in MUTANTS}


@pytest.fixture(autouse=True)
def known(monkeypatch):
    """Let `build` find the mutants, whether or not the package declares them."""
    systems.mutants()
    for mutant in MUTANTS:
        monkeypatch.setitem(systems._MUTANTS, mutant.id, mutant)


@pytest.mark.parametrize(("mutant", "seed"), FOUND.items())
def test_a_law_catches_its_mutant(mutant, seed):
    trace = simulate("zab", seed, mutant=mutant)
    first = FIRST.get(mutant, BY_ID[mutant].breaks)
    assert trace.violation is not None
    assert trace.violation.law == first
    if first != BY_ID[mutant].breaks:
        named = [law for law in ZAB_LAWS if law.name == BY_ID[mutant].breaks]
        alone = simulate("zab", seed, mutant=mutant, laws=named)
        assert [violation.law for violation in alone.violations] == [BY_ID[mutant].breaks]
        assert alone.violation.step >= trace.violation.step, "in the same run, later"
        assert alone.steps[: len(trace)] == trace.steps[: len(alone)]


@pytest.mark.parametrize(("mutant", "seed"), FOUND.items())
def test_the_correct_code_keeps_its_laws_there(mutant, seed):
    assert simulate("zab", seed, **BY_ID[mutant].options).violations == ()


def test_a_late_proposal_of_an_older_epoch_breaks_the_order_of_primaries():
    trace = perform(systems.build("zab", mutant="ZAB-05"), OLD_PROPOSAL)
    assert trace.violation.law == BY_ID["ZAB-05"].breaks
    assert perform(systems.build("zab"), OLD_PROPOSAL).violations == ()


def test_a_proposal_may_leave_before_its_transaction_is_on_the_disk_and_not_before_its_epoch():
    sent = Send("n2", Proposal(2, Transaction(Zxid(2, 1), "x")))
    assert revealed("n1", sent, Map({"current_epoch": 2})) is None
    assert "its disk is in 1" in revealed("n1", sent, Map({"current_epoch": 1}))


def test_each_law_has_a_mutant_that_breaks_it():
    assert {law.name for law in ZAB_LAWS} == {mutant.breaks for mutant in MUTANTS}


@pytest.mark.parametrize("nodes", [1, 2, 3, 5])
@pytest.mark.parametrize("seed", range(5))
def test_no_law_is_broken_in_a_few_runs(nodes, seed):
    assert simulate("zab", seed, nodes=nodes).violations == ()


@pytest.mark.parametrize("seed", range(10))
def test_no_law_is_broken_in_a_few_walks(seed):
    assert walk("zab", seed).violations == ()


@pytest.mark.parametrize("seed", range(5))
def test_no_law_is_broken_with_observers_and_snapshots(seed):
    trace = simulate("zab", seed, nodes=5, observers=2, snapshot_every=2)
    assert trace.violations == ()


@pytest.mark.parametrize("seed", [37, 107])
def test_seeds_that_once_failed_keep_every_law(seed):
    """An answer to the leader was lost, and the pings let the follower wait for ever."""
    assert simulate("zab", seed).violations == ()


def test_without_faults_one_leader_leads_one_epoch_and_everybody_delivers_all():
    cluster = systems.build("zab", nodes=4, observers=1)
    requests = tuple(
        Request(at * S // 4, name, Propose(f"{at}@{name}")) for at in range(4, 12) for name in cluster.names
    )
    trace = Simulator(cluster, 1, requests=requests).run()
    assert trace.violations == ()
    delivered = {
        name: [value.entry for value in values if isinstance(value, Committed)]
        for name, values in trace.outputs().items()
    }
    assert [entry.zxid.counter for entry in delivered["n1"]] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert {entry.zxid.epoch for entry in delivered["n1"]} == {1}
    assert all(delivered[name] == delivered["n1"] for name in cluster.names)


class RefusesAll(Zab):
    """Says that it does not lead, although it does."""

    def may_broadcast(self):
        return False


class Deaf(HearsNothing, Zab):
    """Leads, and does nothing about what it is asked for."""


@pytest.mark.parametrize("kind", [RefusesAll, Deaf])
def test_a_run_in_which_a_leader_takes_nothing_that_it_is_asked_for_is_refused(kind):
    assert without_faults("zab", Zab).violations == ()
    (violation,) = without_faults("zab", kind).violations
    assert violation.law == "everything is delivered in the end"
    assert violation.evidence == "n3 led epoch 1 when it was asked for 'x@n3', and did not take it"


def test_a_run_in_which_nobody_was_asked_while_it_led_is_no_fault():
    """Each command is refused where nobody leads, and none comes again: nearly three runs of ten deliver nothing."""
    trace = simulate("zab", 5)
    asked = [step for step in trace if step.kind == "invoke" and isinstance(step.event.message, Propose)]
    refused = [
        value for values in trace.outputs().values() for value in values if isinstance(value, NotLeader)
    ]
    assert len(refused) == len(asked) > 0
    assert not any(isinstance(value, Committed) for values in trace.outputs().values() for value in values)
    assert trace.violations == ()
