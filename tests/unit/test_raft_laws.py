"""The laws of Raft raise no alarm where nothing is wrong: each case is a run, or a seed, that once did."""

from types import SimpleNamespace

import pytest

from distsys import S, simulate, systems
from distsys.checkers import History, linearizable
from distsys.core import Deliver, Log, Map, Persist, Start, Timeout
from distsys.core.systems import Request
from distsys.core.trace import Step
from distsys.drivers import Crash, Restart, Simulator, Stall, Unstall
from distsys.mutants.raft_found import MUTANTS, KeepsItsPreVotes, StoreWithLeasesAfterAHandOver
from distsys.protocols.raft import Raft
from distsys.protocols.raft_laws import durable_before_revealed
from distsys.protocols.raft_messages import Appended, AppendEntries, Entry, Propose, Role, Vote
from distsys.protocols.raft_snapshots import Snapshot, SnapshotRaft
from distsys.protocols.raft_stability import PreVote
from distsys.protocols.raft_transfer import TimeoutNow, TransferLeadership
from distsys.services.kv import Call, Get, Put
from distsys.services.raft_store import ReplicatedStore
from distsys.services.replicated import Reply
from raft_nodes import THREE, candidate, disk_of, fire, flow, follower, hear, log_of, sends


def test_what_a_stalled_disk_has_not_taken_was_never_committed():
    """One server alone commits in the step that writes. While its disk stalls, only its memory says so."""
    cluster = systems.build("raft", nodes=1)
    script = (Stall(2 * S, "n1"), Crash(3 * S, "n1"), Unstall(3 * S + 1, "n1"), Restart(3 * S + 2, "n1"))
    requests = (Request(1 * S, "n1", Propose("kept")), Request(2 * S + 1, "n1", Propose("lost")))
    trace = Simulator(cluster, 1, script=script, requests=requests).run()
    cut = [step for step in trace.steps if step.kept < len(step.effects)]
    assert [type(step.effects[step.kept]) for step in cut] == [Persist]
    applied = [value.entry.command for value in trace.outputs()["n1"] if value.entry.command]
    assert applied == ["kept", "kept"]
    assert trace.violations == ()


def test_a_step_that_hung_is_judged_when_it_is_whole():
    cluster = systems.build("raft", nodes=1)
    requests = (Request(2 * S + 1, "n1", Propose("late")),)
    trace = Simulator(cluster, 1, script=(Stall(2 * S, "n1"), Unstall(3 * S, "n1")), requests=requests).run()
    assert "late" in [value.entry.command for value in trace.outputs()["n1"]]
    assert trace.violations == ()


@pytest.mark.parametrize(
    ("system", "seed", "options"),
    [
        ("raft", 20040, {"nodes": 1}),  # what a stalled disk has not taken
        ("raft-kv", 20045, {"nodes": 1}),
        ("raft-members", 20014, {}),  # who leaves must stand
        ("raft-members", 20028, {}),
        ("raft-kv", 20013, {"nodes": 2, "upkeep": 8}),
        ("raft-kv", 20174, {"upkeep": 12, "snapshot_every": 2}),  # the term of who left
        ("raft", 20375, {"nodes": 1}),  # a pause while a step hangs
        ("raft-kv", 20329, {"upkeep": 12, "snapshot_every": 2}),  # a look at the majority across the healing
        ("raft-kv", 20501, {"reads": "lease", "upkeep": 8}),  # a leader that is taken out after the healing
    ],
)
def test_seeds_that_once_failed_keep_every_law(system, seed, options):
    trace = simulate(system, seed, **options)
    assert trace.violations == ()
    if system == "raft-kv":
        assert linearizable(History.of(trace), "key-value")


# The bugs, put back.


def test_put_back_a_new_leader_that_goes_on_to_ask_deposes_itself():
    node = candidate(KeepsItsPreVotes)
    fire(node, "election")
    hear(node, "s2", Vote(1, True))
    assert node.role is Role.LEADER
    hear(node, "s2", PreVote(1, 2, True))
    assert (node.role, node.current_term) == (Role.CANDIDATE, 2)


def read_after_a_hand_over_that_failed(kind):
    """Return what the old leader s1 answers to a read, when s2 has been elected and has committed x = new.

    The order to s2 is late: s1 has given up waiting, and has renewed its lease before it arrives.
    """
    nodes = {name: kind(name, voters=THREE, reads="lease") for name in THREE}
    for node in nodes.values():
        node.handle(Start(0))

    def timer(name, which, now, held=(), among=THREE):
        effects = nodes[name].handle(Timeout(f"raft/{which}", now))
        sent = [(name, to, message) for to, message in sends(effects)]
        return flow({n: nodes[n] for n in among}, sent, now, held)

    for name in ("s2", "s3"):
        timer(name, "alive", 300_000, among=(name,))
    timer("s1", "election", 400_000)
    ordered = nodes["s1"].handle(Deliver("client", TransferLeadership("s2"), 450_000))
    late = [("s1", to, message) for to, message in sends(ordered)]
    assert [type(message.message) for _, _, message in late] == [TimeoutNow]
    timer("s1", "transfer", 750_000)
    timer("s1", "heartbeat", 760_000)
    others = {name: nodes[name] for name in ("s2", "s3")}
    flow(others, late, 800_000)  # s1 hears no more: its link is cut
    assert (nodes["s1"].raft.role, nodes["s2"].raft.role) == (Role.LEADER, Role.LEADER)
    answered = flow(others, [("c1", "s2", Call("c1.1", 1, Put("x", "new")))], 810_000)
    assert ("s2", "c1", Reply("c1.1", 1, None)) in answered
    read = nodes["s1"].handle(Deliver("c2", Call("c2.1", 1, Get("x")), 820_000))
    return [message for to, message in sends(read) if to == "c2"]


def test_a_read_after_a_hand_over_that_failed_waits_for_a_majority():
    assert read_after_a_hand_over_that_failed(ReplicatedStore) == []


def test_put_back_a_read_after_a_hand_over_that_failed_is_stale():
    assert read_after_a_hand_over_that_failed(StoreWithLeasesAfterAHandOver) == [Reply("c2.1", 1, None)]


def test_the_rows_of_the_gallery_name_laws_of_their_systems():
    for mutant in MUTANTS:
        system = systems.find(mutant.system)
        assert mutant.breaks in {"linearizability", *(law.name for law in system.laws)}
        for role, kind in mutant.classes.items():
            assert issubclass(kind, system.classes[role])


def test_a_server_that_acknowledges_before_it_has_replaced_its_old_tail_is_caught():
    """Its disk is as long as the leader's log, and holds other entries."""

    class AcknowledgesFirst(Raft):
        def on_append_entries(self, sender, message):
            if message.entries and self.matches(message.prev_index, message.prev_term):
                self.send(sender, Appended(self.current_term, message.prev_index + len(message.entries)))
            super().on_append_entries(sender, message)

    old = Log([Entry(1), Entry(1, "old")])
    node = follower(AcknowledgesFirst, disk_of(2, None, old), name="n1", of="n2")
    event = Deliver("n2", AppendEntries(2, 1, 1, (Entry(2, "new"),), 0))
    effects = node.handle(event)
    step = Step(2, 0, "deliver", "n1", event, effects, len(effects))
    world = SimpleNamespace(step=step, nodes={"n1": node})
    _, evidence = durable_before_revealed.fold(Map({"n1": disk_of(2, None, old)}), world)
    assert evidence == (
        "n1 sends Appended of term 2 to n2 for the entries up to 2, but its disk holds others there"
    )


def test_an_acknowledgement_of_what_a_snapshot_covers_is_no_news():
    log = log_of(1, 1, 1).compact(2)
    disk = disk_of(1, None, log, snapshot=Snapshot(2, 1))
    node = follower(SnapshotRaft, disk, name="n1", of="n2")
    event = Deliver("n2", AppendEntries(1, 0, 0, tuple(log_of(1)), 1))
    effects = node.handle(event)
    step = Step(2, 0, "deliver", "n1", event, effects, len(effects))
    world = SimpleNamespace(step=step, nodes={"n1": node})
    assert durable_before_revealed.fold(Map({"n1": disk}), world)[1] is None
