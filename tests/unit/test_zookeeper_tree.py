"""The tree of ZooKeeper, what the primary makes of a request, and who is told of it."""

import pytest

from distsys.services.zookeeper import reading, tree, watches
from distsys.services.zookeeper.errors import Code
from distsys.services.zookeeper.preparing import Asker, Preparer
from distsys.services.zookeeper.requests import (
    READ_ACL,
    CheckRequest,
    ChildrenResponse,
    CloseSessionRequest,
    CreateRequest,
    CreateSessionRequest,
    DeleteRequest,
    DoneResponse,
    ErrorResponse,
    Event,
    EventType,
    ExistsRequest,
    FailRequest,
    GetChildrenRequest,
    GetDataRequest,
    Kind,
    MultiRequest,
    MultiResponse,
    PathResponse,
    ReapRequest,
    SetDataRequest,
    SetWatchesRequest,
    StatResponse,
    WatchMode,
)
from distsys.services.zookeeper.tree import DataTree, Header
from distsys.services.zookeeper.watches import CHILDREN, DATA, Watches

CREATED, DELETED = EventType.CREATED, EventType.DELETED
CHANGED, BELOW = EventType.DATA_CHANGED, EventType.CHILDREN_CHANGED


class Store:
    """A tree with sessions 1 and 2, to which requests are put."""

    def __init__(self):
        self.tree, self.zxid, self.events = DataTree(), 0, ()
        for session in (1, 2):
            self.ask(CreateSessionRequest(400), session)

    def ask(self, request, session=1, time=0):
        self.zxid += 1
        change = Preparer().change(self.tree, self.zxid, time, Asker(session), request)
        self.tree, response, happened = tree.apply(self.tree, self.zxid, Header(session, time), change)
        self.events = tuple((one.event.type, one.event.path) for one in happened)
        return response

    def code(self, request, session=1):
        response = self.ask(request, session)
        return response.code if isinstance(response, ErrorResponse) else Code.OK

    def make(self, *paths, kind=Kind.PERSISTENT):
        return [self.ask(CreateRequest(path, kind=kind)).path for path in paths]


def test_a_znode_needs_a_parent_and_a_place_of_its_own():
    store = Store()
    assert store.code(CreateRequest("/a/b")) is Code.NO_NODE
    assert store.make("/a", "/a/b") == ["/a", "/a/b"]
    assert store.code(CreateRequest("/a")) is Code.NODE_EXISTS


@pytest.mark.parametrize("path", ["a", "/a/", "//a", "/a/..", "/a\0", ""])
def test_a_path_that_is_none_is_a_bad_argument(path):
    assert Store().code(CreateRequest(path)) in (Code.BAD_ARGUMENTS, Code.NO_NODE)
    assert Store().code(SetDataRequest(path, b"")) in (Code.BAD_ARGUMENTS, Code.NO_NODE)


def test_an_ephemeral_has_no_children_and_goes_with_its_session():
    store = Store()
    store.make("/e", kind=Kind.EPHEMERAL)
    assert store.code(CreateRequest("/e/a")) is Code.NO_CHILDREN_FOR_EPHEMERALS
    store.ask(CloseSessionRequest())
    assert store.events == ((DELETED, "/e"), (BELOW, "/"))
    assert store.tree.get("/e") is None
    assert store.code(CreateRequest("/b")) is Code.SESSION_EXPIRED


def test_a_sequence_number_counts_what_was_ever_created_and_comes_back_never():
    store = Store()
    store.make("/q")
    first, second = store.make("/q/a-", "/q/b-", kind=Kind.PERSISTENT_SEQUENTIAL)
    assert (first, second) == ("/q/a-0000000000", "/q/b-0000000001")
    store.ask(DeleteRequest(second))
    store.make("/q/plain")
    assert store.make("/q/c-", kind=Kind.EPHEMERAL_SEQUENTIAL) == ["/q/c-0000000003"]


def test_versions_begin_at_0_are_raised_by_each_write_and_may_be_expected():
    store = Store()
    store.make("/a")
    assert store.ask(SetDataRequest("/a", b"x", 0)).stat.version == 1
    assert store.code(SetDataRequest("/a", b"y", 0)) is Code.BAD_VERSION
    assert store.code(DeleteRequest("/a", 0)) is Code.BAD_VERSION
    assert store.code(CheckRequest("/a", 1)) is Code.OK
    assert store.code(CheckRequest("/a", 2)) is Code.BAD_VERSION
    assert store.code(DeleteRequest("/a", 1)) is Code.OK
    store.make("/a")
    assert store.tree.get("/a").stat.version == 0


def test_only_a_znode_without_children_is_deleted():
    store = Store()
    store.make("/a", "/a/b")
    assert store.code(DeleteRequest("/a")) is Code.NOT_EMPTY
    assert store.code(DeleteRequest("/x")) is Code.NO_NODE
    assert store.code(DeleteRequest("/")) is Code.BAD_ARGUMENTS
    assert store.code(DeleteRequest("/a/b")) is Code.OK
    assert store.code(DeleteRequest("/a")) is Code.OK


def test_the_stat_of_a_parent_tells_when_a_child_came_or_went():
    store = Store()
    store.make("/a", "/a/b")
    made = store.zxid
    store.ask(SetDataRequest("/a/b", b""))
    assert store.tree.get("/a").stat.pzxid == made
    store.ask(DeleteRequest("/a/b"))
    stat = store.tree.get("/a").public
    assert (stat.pzxid, stat.cversion, stat.num_children, stat.version) == (store.zxid, 2, 0, 0)


def test_who_may_only_read_writes_nothing():
    store = Store()
    store.ask(CreateRequest("/a", acl=READ_ACL))
    assert store.code(SetDataRequest("/a", b"")) is Code.NO_AUTH
    assert store.code(CreateRequest("/a/b")) is Code.NO_AUTH
    assert store.code(DeleteRequest("/a")) is Code.OK, "that is asked of its parent"


def test_a_transaction_is_done_as_a_whole_and_each_part_sees_those_before_it():
    store = Store()
    answer = store.ask(MultiRequest((CreateRequest("/a"), CreateRequest("/a/b"), DeleteRequest("/a/b"))))
    assert answer == MultiResponse((PathResponse("/a"), PathResponse("/a/b"), DoneResponse()))
    assert store.events[0] == (CREATED, "/a")
    assert store.tree.get("/a").stat.czxid == store.zxid


def test_a_transaction_of_which_a_part_fails_leaves_nothing_behind():
    store = Store()
    answer = store.ask(MultiRequest((CreateRequest("/a"), DeleteRequest("/x"), CreateRequest("/b"))))
    codes = [result.code for result in answer.results]
    assert codes == [Code.OK, Code.NO_NODE, Code.RUNTIME_INCONSISTENCY]
    assert (store.tree.get("/a"), store.events) == (None, ())


def test_an_error_takes_a_zxid_like_any_change():
    store = Store()
    assert store.code(FailRequest(Code.UNIMPLEMENTED)) is Code.UNIMPLEMENTED
    assert store.tree.zxid == store.zxid


def test_a_container_is_reaped_when_it_is_empty_again_and_nothing_else_is():
    store = Store()
    store.make("/c", kind=Kind.CONTAINER)
    store.make("/c/a", "/plain")
    assert store.code(ReapRequest("/c")) is Code.NOT_EMPTY
    assert store.code(ReapRequest("/plain")) is Code.BAD_VERSION
    store.ask(DeleteRequest("/c/a"))
    assert store.code(ReapRequest("/c")) is Code.OK
    assert store.tree.get("/c") is None


# Reading.


def test_a_read_is_answered_from_the_tree_with_an_error_where_nothing_is():
    store = Store()
    store.make("/a", "/a/b")
    answers = [
        reading.answer(store.tree, Asker(1), request)
        for request in (GetChildrenRequest("/a"), ExistsRequest("/x"), ExistsRequest("/a"))
    ]
    assert answers[:2] == [ChildrenResponse(("b",)), ErrorResponse(Code.NO_NODE)]
    assert isinstance(answers[2], StatResponse)


@pytest.mark.parametrize(
    ("request_", "response", "table"),
    [
        (GetDataRequest("/a", True), DoneResponse(), DATA),
        (GetDataRequest("/a", True), ErrorResponse(Code.NO_NODE), None),
        (GetDataRequest("/a"), DoneResponse(), None),
        (ExistsRequest("/a", True), ErrorResponse(Code.NO_NODE), DATA),
        (GetChildrenRequest("/a", True), DoneResponse(), CHILDREN),
        (GetChildrenRequest("/a", True), ErrorResponse(Code.NO_NODE), None),
    ],
)
def test_which_read_sets_which_watch(request_, response, table):
    assert reading.watch_of(request_, response) is table


def test_what_was_missed_between_two_connections_is_told_and_the_rest_is_watched_again():
    store = Store()
    store.make("/a", "/b", "/gone", "/p")
    since = store.zxid
    store.ask(SetDataRequest("/a", b"x"))
    store.ask(DeleteRequest("/gone"))
    store.make("/p/c", "/new")
    request = SetWatchesRequest(since, ("/a", "/b", "/gone"), ("/new", "/never"), ("/p", "/b"))
    events = [event and (event.type, event.path) for _, _, event in reading.missed(store.tree, request)]
    assert events == [
        (CHANGED, "/a"), None, (DELETED, "/gone"), (CREATED, "/new"), None, (BELOW, "/p"), None,
    ]  # fmt: skip


# Watches.


def told(table, type, path):
    table, hearers = watches.told(table, Event(type, path))
    return table, hearers


def test_a_watch_is_told_once_and_each_event_goes_to_the_table_that_it_concerns():
    table = watches.added(watches.added(Watches(), DATA, "/a", "c1"), CHILDREN, "/a", "c2")
    assert told(table, BELOW, "/a")[1] == ("c2",)
    assert told(table, CHANGED, "/a")[1] == ("c1",)
    table, hearers = told(table, DELETED, "/a")
    assert hearers == ("c1", "c2")
    assert told(table, CREATED, "/a")[1] == ()


def test_who_watches_in_both_tables_is_told_once_that_the_znode_is_gone():
    table = watches.added(watches.added(Watches(), DATA, "/a", "c1"), CHILDREN, "/a", "c1")
    table, hearers = told(table, DELETED, "/a")
    assert hearers == ("c1",)
    assert table == Watches()


def test_a_persistent_watch_stays_and_a_recursive_one_hears_of_what_is_below():
    table = watches.added(Watches(), DATA, "/a", "c1", WatchMode.PERSISTENT)
    table = watches.added(table, DATA, "/", "c2", WatchMode.PERSISTENT_RECURSIVE)
    for _ in range(2):
        table, hearers = told(table, CHANGED, "/a")
        assert hearers == ("c1", "c2")
    assert told(table, CHANGED, "/b/c")[1] == ("c2",)


def test_the_watches_of_a_connection_go_with_it():
    table = watches.added(watches.added(Watches(), DATA, "/a", "c1"), DATA, "/a", "c2")
    table = watches.forgotten(table, "c1")
    assert (table.of("c1"), table.of("c2")) == ((), ((DATA, "/a"),))
    assert watches.forgotten(table, "c2") == Watches()
