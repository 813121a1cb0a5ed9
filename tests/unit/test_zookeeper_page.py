"""What the page on ZooKeeper measures, and the tree without servers that it asks."""

import pytest

from distsys.lab import zookeeper_costs, zookeeper_runs
from distsys.lab.zookeeper_runs import LIMIT, OneTree, read_by, timed, wake_ups
from distsys.services.zookeeper.errors import Code
from distsys.services.zookeeper.requests import (
    CloseSessionRequest,
    CreateRequest,
    DeleteRequest,
    ErrorResponse,
    Event,
    EventType,
    ExistsRequest,
    GetChildrenRequest,
    GetDataRequest,
    Kind,
    SetDataRequest,
    SyncRequest,
    WatchMode,
)
from distsys.services.zookeeper.tree import apply
from distsys.services.zookeeper.witness import Shown

READ, WRITE = GetDataRequest(LIMIT), SetDataRequest(LIMIT, b"20")


@pytest.mark.parametrize(
    ("requests", "leader_ms", "follower_ms"),
    [((READ,), 10, 10), ((WRITE,), 20, 30), ((SyncRequest(LIMIT), READ), 20, 30)],
    ids=["read", "write", "sync and read"],
)
def test_a_request_waits_for_its_messages(requests, leader_ms, follower_ms):
    assert zookeeper_costs.takes_ms("n3", *requests) == leader_ms
    assert [zookeeper_costs.takes_ms(home, *requests) for home in ("n1", "n2")] == [follower_ms] * 2


def test_a_sync_that_trusts_its_leader_is_two_messages_faster():
    asked = SyncRequest(LIMIT), READ
    assert [zookeeper_costs.takes_ms(home, *asked, server="trusting") for home in ("n3", "n1")] == [10, 20]


def test_a_plain_read_costs_the_leader_nothing_and_a_fresh_one_three_messages():
    assert zookeeper_costs.messages("n1", READ) == {"n1": 1, "n2": 0, "n3": 0}
    fresh = SyncRequest(LIMIT), READ
    assert zookeeper_costs.messages("n1", *fresh) == {"n1": 4, "n2": 1, "n3": 3}
    assert zookeeper_costs.messages("n1", *fresh, server="trusting") == {"n1": 3, "n2": 0, "n3": 1}


@pytest.mark.parametrize(("home", "late_ms"), [("n1", 0), ("n1", 50), ("n2", 90)])
def test_an_ephemeral_znode_outlives_its_client_within_the_derived_bounds(home, late_ms):
    for crash_ms in range(400, 800, 60):
        lives = zookeeper_costs.outlives_ms(crash_ms, late_ms, home)
        assert 2 * 1200 / 3 + 20 <= lives <= 1200 + 100 + 20


def test_at_the_leader_no_half_tick_is_added():
    lives = [zookeeper_costs.outlives_ms(crash_ms, home="n3") for crash_ms in range(400, 800, 40)]
    assert 2 * 1200 / 3 + 15 <= min(lives) <= max(lives) <= 1200 + 15


def test_a_short_pause_ends_no_session_and_a_long_one_does():
    moments = range(400, 800, 80)
    assert all(zookeeper_costs.survives(700, after) for after in moments)
    assert not any(zookeeper_costs.survives(1_310, after) for after in moments)


@pytest.mark.parametrize("clients", [1, 2, 5, 12])
def test_the_herd_is_counted(clients):
    line, herd = zookeeper_runs.line(clients), zookeeper_runs.line(clients, herd=True)
    assert line.violation is herd.violation is None
    assert [wake_ups(trace) for trace in (line, herd)] == [clients - 1, clients * (clients - 1) // 2]
    more = (clients - 1) * (clients - 2)
    assert [len(timed(trace, Shown)) for trace in (line, herd)] == [6 * clients - 2, 6 * clients - 2 + more]


def test_an_old_leader_that_trusts_itself_shows_the_past_behind_a_sync():
    ours, trusting = zookeeper_runs.old_leader(), zookeeper_runs.old_leader("trusting")
    assert (ours.violation, read_by(ours, "bob")) == (None, [])
    assert read_by(trusting, "bob") == ["10"]
    assert [one.law for one in trusting.violations] == ["sync shows what was committed"]


# One tree.


def busy_tree() -> OneTree:
    """Return a tree in which much has come and gone."""
    one, job = OneTree(1, 2), CreateRequest("/a/j-", kind=Kind.EPHEMERAL_SEQUENTIAL)
    for who, request in (
        (1, CreateRequest("/a", b"1")),
        (2, job),
        (1, CreateRequest("/b")),
        (1, SetDataRequest("/a", b"2", version=0)),
        (1, SetDataRequest("/a", b"3", version=0)),
        (2, CloseSessionRequest()),
        (1, DeleteRequest("/b")),
    ):
        one.ask(request, who)
    return one


def done_again(one: OneTree, start: int):
    """Return the tree after a tail of the log was done once more."""
    tree = one.tree
    for zxid, header, change in one.log[start:]:
        tree, _, _ = apply(tree, zxid, header, change)
    return tree


def test_each_tail_of_a_log_can_be_done_twice():
    one = busy_tree()
    assert all(done_again(one, start) == one.tree for start in range(len(one.log)))


def test_also_where_a_child_has_come_and_gone_and_another_has_come_since():
    one = busy_tree()
    one.ask(CreateRequest("/a/j-", kind=Kind.EPHEMERAL_SEQUENTIAL))
    assert all(done_again(one, start) == one.tree for start in range(len(one.log)))


def test_one_tree_tells_its_watches():
    one = OneTree(1, 2)
    one.ask(CreateRequest("/a"))
    assert one.ask(ExistsRequest("/b", watch=True)) == ErrorResponse(Code.NO_NODE)
    one.watch("/a", WatchMode.PERSISTENT_RECURSIVE, session=2)
    one.ask(GetChildrenRequest("/a", watch=True))
    for path in ("/b", "/a/x", "/a/y"):
        one.ask(CreateRequest(path))
    assert one.told == [
        (1, Event(EventType.CREATED, "/b")),
        (2, Event(EventType.CREATED, "/a/x")),
        (1, Event(EventType.CHILDREN_CHANGED, "/a")),
        (2, Event(EventType.CREATED, "/a/y")),
    ]
