"""Zab, what a review found: each test failed once, and says what must hold."""

from distsys import S, systems
from distsys.drivers import perform
from distsys.drivers.schedules import crash, deliver, flow, restart, timeout
from distsys.lab.scenarios_zab import FIRST_ELECTION, joins
from distsys.protocols.zab_messages import FollowerInfo, Link, Ping
from zab_nodes import PATIENCE, hear, in_epoch

KNOCKED_TWICE = (  # n3 leads epoch 1, restarts, and leads epoch 2 with n1; n2 has noticed nothing
    *FIRST_ELECTION,
    timeout("n2", "connect"),
    *joins("n2", "n3"),
    crash("n3"),
    restart("n3"),
    timeout("n1", "patience"),
    flow("n1", "n3"),
    timeout("n1", "decide"),
    timeout("n3", "decide"),
    flow("n1", "n3"),
    deliver("n2", "n3", FollowerInfo),  # the second one, of the connection that n2 has open
)


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
