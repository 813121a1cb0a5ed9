"""Zab, what a review found: each test failed once, and says what must hold."""

from types import SimpleNamespace

import pytest

from distsys import S, systems
from distsys.core import Deliver, Note, Output
from distsys.core.trace import Step
from distsys.drivers import perform
from distsys.lab.scenarios_zab import KNOCKED_TWICE
from distsys.protocols.replication import Committed, Compact, Restored
from distsys.protocols.zab_laws import total_order
from distsys.protocols.zab_messages import Link, Ping, ZabSnapshot
from zab_nodes import PATIENCE, hear, in_epoch, transactions, z


def test_a_follower_leaves_a_leader_that_has_begun_anew_and_took_an_old_connection_for_a_new_one():
    """It heard pings of its connection and went on following in epoch 1, and nothing ever told it more."""
    trace = perform(systems.build("zab", nodes=3), KNOCKED_TWICE, settle=90 * S)
    assert trace.ended == "complete"
    assert trace.violation is None


def test_a_ping_that_speaks_of_less_than_an_earlier_one_says_nothing():
    node = in_epoch(2)
    up_to = node.link
    assert hear(node, "s3", Ping(Link(up_to.connection, 1))) == ()
    assert hear(node, "s3", Ping(up_to))[0] == PATIENCE


# What laws see: what reached a host counts, also in a step that a crash has cut short.


def world(node, *values, kept=None):
    """Return a world in which `node` has told its host these values, and a host has handed over its state after 4."""
    effects = tuple(Output(value) for value in values)
    step = Step(1, 0, "deliver", node, Deliver("x", "x"), effects, len(effects) if kept is None else kept)
    return SimpleNamespace(step=step, nodes={}, names=("n1", "n2"), asked={"n2": (Compact(4, "four"),)})


def judged(*worlds):
    """Return the first evidence of total order in these steps."""
    memory = total_order.start
    for seen in worlds:
        memory, evidence = total_order.fold(memory, seen)
        if evidence:
            return evidence
    return None


X, Y = transactions("1.1", "2.1")


@pytest.mark.parametrize(
    ("worlds", "evidence"),
    [
        ([world("n1", Committed(1, X)), world("n2", Committed(1, X))], None),
        ([world("n1", Committed(1, X), kept=0), world("n2", Committed(1, Y))], None),
        (
            [world("n1", Committed(1, X), Committed(1, X))],
            "n1 applies transaction 1 where transaction 2 is due",
        ),
        ([world("n1", Committed(2, X))], "n1 applies transaction 2 where transaction 1 is due"),
        ([world("n1", Restored(ZabSnapshot(4, z("1.4"), "four"))), world("n1", Committed(5, Y))], None),
        (
            [world("n1", Restored(ZabSnapshot(5, z("1.5"), "four")))],
            "n1 restores 'four' as the state after 5, which no host has handed over as that",
        ),
        (
            [world("n1", Committed(1, X), Note("commits"), kept=1), world("n2", Committed(1, Y))],
            "n2 delivers 2.1 ('c2.1') at 1, where 1.1 ('c1.1') was delivered before",
        ),
    ],
)
def test_hosts_are_told_the_same_in_order_each_once_and_of_no_state_that_nobody_had(worlds, evidence):
    assert judged(*worlds) == evidence
