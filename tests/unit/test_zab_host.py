"""Zab inside a host, by the words that all replication protocols share: states agree, also over snapshots."""

from dataclasses import replace

import pytest

from distsys import simulate, systems
from distsys.core import EMPTY
from distsys.core.laws import law_with_memory
from distsys.core.node import Node
from distsys.core.values import Map
from distsys.mutants.zab import WritesTheEpochFirst
from distsys.protocols.raft_systems import commands
from distsys.protocols.replication import Committed, Compact, Propose, Restored, Role
from distsys.protocols.zab import Zab

EVERY = 2  # commands between two snapshots


class Diary(Node):
    """Keeps all commands in the order in which they are committed; its state is that sequence."""

    below = Zab

    def __init__(self, name, disk=EMPTY, **settings):
        super().__init__(name, disk)
        self.state = ()
        self.zab = self.embed("zab", self.below(name, disk.under("zab"), **settings))

    def on_message(self, sender, message):
        if isinstance(message, Propose):
            self.tell("zab", message)

    def on_output(self, inner, value):
        match value:
            case Committed(index, entry):
                assert index == len(self.state) + 1, "in order, without a gap"
                if entry.command is not None:
                    self.state = (*self.state, entry.command)
                self.set_timer("compact", 0)
            case Restored(snapshot):
                self.state = snapshot.state

    def on_timeout(self, timer):
        if self.zab.last_applied % EVERY == 0:
            self.tell("zab", Compact(self.zab.last_applied, self.state))


@law_with_memory("diaries agree", "Hosts that have applied as much hold the same.", start=Map())
def diaries_agree(memory, world):
    node = world.nodes.get(world.step.node)
    if node is None or world.step.kept < len(world.step.effects):
        return memory, None
    index = node.zab.last_applied
    if memory.get(index, node.state) != node.state:
        return memory, f"after {index}, {node.name} holds {node.state}, another held {memory[index]}"
    return memory.set(index, node.state), None


@pytest.fixture
def diary():
    """Return a function that registers a system of hosts with this class of Zab, and gives its name."""

    def register(kind):
        host = type("Diary", (Diary,), {"below": kind})
        zab = systems.find("zab")
        return systems.register(
            replace(
                zab,
                name="zab-diary",
                classes={"server": host},
                laws=(*zab.laws, diaries_agree),
                workload=commands,
                variants={},
                sights=(),
            )
        ).name

    yield register
    systems._SYSTEMS.pop("zab-diary", None)


@pytest.mark.parametrize("seed", range(12))
def test_hosts_agree_and_the_laws_of_zab_look_inside(diary, seed):
    trace = simulate(diary(Zab), seed)
    assert trace.violations == ()


def test_a_bug_of_the_protocol_is_found_through_the_host(diary):
    name = diary(WritesTheEpochFirst)
    found = [trace.violation.law for seed in range(6) if (trace := simulate(name, seed)).violation]
    assert set(found) == {"history before epoch"}


def test_roles_and_leaders_are_read_as_those_of_any_protocol():
    node = Zab("n1", voters=("n1", "n2"))
    assert (node.role, node.leader, node.last_applied) == (Role.CANDIDATE, None, 0)
