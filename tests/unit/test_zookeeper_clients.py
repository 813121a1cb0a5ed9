"""Clients of ZooKeeper: sessions over connections, operations of a history, and the recipe of a lock."""

import pytest

from distsys.core import Deliver, Output, Send, Start, Timeout
from distsys.core.errors import ArgumentError
from distsys.core.operations import FAIL, INFO, INVOKE, OK, Operation
from distsys.services.zookeeper.errors import Code
from distsys.services.zookeeper.lock_client import LOCK, LockClient, LockGiven, LockTaken
from distsys.services.zookeeper.requests import (
    ChildrenResponse,
    CreateRequest,
    DataResponse,
    DeleteRequest,
    DoneResponse,
    ErrorResponse,
    Event,
    EventType,
    ExistsRequest,
    GetChildrenRequest,
    GetDataRequest,
    PathResponse,
    PingRequest,
    SetDataRequest,
    SetWatchesRequest,
    Stat,
    StatResponse,
    SyncRequest,
)
from distsys.services.zookeeper.server import Answered, Connect, Connected, HangUp, Hear, Noticed, Say
from distsys.services.zookeeper.session_client import SessionClient
from distsys.services.zookeeper.store_client import StoreClient
from distsys.services.zookeeper.witness import Asked, Shown, Told

SESSION = 0x11
NO_NODE = ErrorResponse(Code.NO_NODE)
FOUND = DataResponse(b"x", Stat(version=2))


class Talk:
    """A client, and a server that says what the test wants."""

    def __init__(self, kind=StoreClient, session=SESSION, **settings):
        self.node = kind("c1", servers=("n1", "n2"), **settings)
        self.effects = list(self.node.handle(Start(3)))
        self.sequence = 0
        if session:
            self.hear(Connected(session, 800, b"p", 5))

    def do(self, event):
        effects = self.node.handle(event)
        self.effects += effects
        return effects

    def hear(self, said, sequence=None):
        self.sequence = self.sequence + 1 if sequence is None else sequence
        return self.do(Deliver(self.node.server, Hear(self.node.connection, self.sequence, said)))

    def answer(self, *responses, zxid=9):
        for response in responses:
            self.hear(Answered(self.node.open[0][0], zxid, response))

    def lose(self):
        """Let the connection break, and open the next one to the same session."""
        self.do(Deliver(self.node.server, HangUp(self.node.connection)))
        self.sequence = 0
        self.hear(Connected(self.node.session, 800, b"p", 6))

    def expire(self):
        self.do(Deliver(self.node.server, HangUp(self.node.connection)))
        self.sequence = 0
        self.hear(Connected(0, 0, b""))
        self.sequence = 0

    def sent(self, kind=object):
        found = [effect.message for effect in self.effects if isinstance(effect, Send)]
        return [message for message in found if isinstance(message, kind)]

    def asked(self):
        """Return what was asked since the last time, but pings."""
        found = [say.request for say in self.sent(Say) if not isinstance(say.request, PingRequest)]
        self.effects = [effect for effect in self.effects if not isinstance(effect, Send)]
        return found

    def outputs(self, kind=object):
        return [e.value for e in self.effects if isinstance(e, Output) and isinstance(e.value, kind)]


# A session.


def test_a_client_says_what_it_has_seen_when_it_comes_to_another_server():
    talk = Talk(SessionClient)
    talk.node.handle(Deliver("x", "nonsense"))
    talk.node.zxid = 7
    talk.do(Timeout("silent"))
    last = talk.sent(Connect)[-1]
    assert (last.session, last.password, last.zxid, last.connection) == (SESSION, b"p", 7, 2)
    assert [message.connection for message in talk.sent(HangUp)] == [1]


def test_what_a_server_says_is_taken_in_order_and_once():
    talk = Talk(SessionClient)
    event = Noticed(Event(EventType.CREATED, "/a"))
    talk.node.watched = frozenset({("exist", "/a"), ("data", "/a"), ("child", "/a")})
    talk.do(Timeout("ping"))
    talk.hear(Answered(1, 5, DoneResponse()), sequence=3)
    assert talk.node.zxid == 0
    talk.hear(event, sequence=2)
    talk.hear(event, sequence=2)
    assert (talk.node.zxid, talk.node.expected, talk.node.watched) == (5, 4, frozenset({("child", "/a")}))


def test_it_says_its_ticket_and_counts_by_the_timeout_that_it_was_given():
    talk = Talk(SessionClient, session=0)
    talk.hear(Connected(SESSION, 8_000, b"p", 5))
    talk.do(Timeout("ping"))
    assert talk.sent(Say) == [Say(1, 1, PingRequest(), 5)]
    assert talk.node.granted_ms == 8_000


def test_it_sets_its_watches_again_as_of_what_it_has_seen():
    talk = Talk(SessionClient)
    for request in (GetDataRequest("/a", True), ExistsRequest("/b", True), GetChildrenRequest("/c", True)):
        talk.node.open += ((talk.node.said + 1, request),)
        talk.node.said += 1
    talk.answer(DataResponse(b"", Stat()), NO_NODE, ChildrenResponse(()))
    talk.asked()
    talk.lose()
    assert talk.asked() == [SetWatchesRequest(9, ("/a",), ("/b",), ("/c",))]


def test_with_its_session_it_forgets_its_watches():
    talk = Talk(SessionClient)
    talk.node.watched = frozenset({("data", "/a")})
    talk.expire()
    assert (talk.node.session, talk.node.watched, talk.node.password) == (0, frozenset(), b"")


# A witness.


def test_a_witness_tells_what_it_asks_and_what_it_is_shown():
    talk = Talk(operations=1, deeds=("burst",))
    talk.answer(PathResponse("/s"))
    talk.do(Timeout("next"))
    talk.hear(Noticed(Event(EventType.CREATED, "/a")))
    talk.answer(PathResponse("/s/n-0000000000"), PathResponse("/s"), ChildrenResponse(()))
    assert talk.outputs(Asked) == [Asked(SESSION, 1)]
    assert talk.outputs(Told) == [Told(SESSION, Event(EventType.CREATED, "/a"))]
    last = talk.outputs(Shown)[-1]
    assert last == Shown(SESSION, 9, GetChildrenRequest("/s"), ChildrenResponse(()), 2, 1)


def test_a_client_that_sleeps_hears_nothing_and_says_nothing_until_it_wakes():
    talk = Talk(operations=1, deeds=("sleep",))
    talk.answer(PathResponse("/s"))
    talk.do(Timeout("next"))
    assert talk.do(Timeout("ping")) == talk.do(Timeout("silent")) == talk.hear(Noticed(None)) == ()
    talk.asked()
    talk.do(Timeout("wake"))
    (request,) = talk.asked()
    assert request.path == "/s/e-"


# A history.


@pytest.mark.parametrize(
    ("deed", "requests", "responses", "f", "end"),
    [
        ("get", [SyncRequest, GetDataRequest], [PathResponse("/k0"), FOUND], "get", (OK, ("x", 2))),
        ("get", [SyncRequest, GetDataRequest], [PathResponse("/k0"), NO_NODE], "get", (OK, None)),
        ("create", [CreateRequest], [PathResponse("/k0")], "create", (OK, True)),
        ("create", [CreateRequest], [ErrorResponse(Code.NODE_EXISTS)], "create", (OK, False)),
        ("create", [CreateRequest], [ErrorResponse(Code.SESSION_EXPIRED)], "create", (FAIL, None)),
        ("set", [SetDataRequest], [StatResponse(Stat(version=4))], "set", (OK, 4)),
        ("set", [SetDataRequest], [ErrorResponse(Code.BAD_VERSION)], "set", (OK, False)),
        ("delete", [DeleteRequest], [DoneResponse()], "delete", (OK, True)),
        ("delete", [DeleteRequest], [NO_NODE], "delete", (OK, False)),
    ],
)  # fmt: skip
def test_an_operation_begins_and_ends_in_the_history(deed, requests, responses, f, end):
    talk = Talk(operations=1, keys=1, deeds=(deed,))
    talk.answer(PathResponse("/s"))
    talk.asked()
    talk.do(Timeout("next"))
    assert [type(request) for request in talk.asked()] == requests
    talk.answer(*responses)
    begun, ended = talk.outputs(Operation)
    assert (begun.type, begun.f, begun.key, begun.process) == (INVOKE, f, "/k0", "c1.1")
    assert (ended.type, ended.value) == end


@pytest.mark.parametrize(("deed", "type", "life"), [("get", FAIL, 1), ("create", INFO, 2)])
def test_of_an_operation_that_nobody_answers_only_a_read_has_certainly_not_happened(deed, type, life):
    talk = Talk(operations=1, deeds=(deed,))
    talk.answer(PathResponse("/s"))
    talk.do(Timeout("next"))
    talk.lose()
    assert (talk.outputs(Operation)[-1].type, talk.node.life) == (type, life)
    assert not talk.node.is_busy()


def test_the_values_of_a_session_are_numbered_by_its_changes():
    talk = Talk(operations=1, deeds=("burst",))
    talk.answer(PathResponse("/s"))
    talk.asked()
    talk.do(Timeout("next"))
    assert [r.data for r in talk.asked() if isinstance(r, CreateRequest)] == [
        b"11:2",
        b"11:3",
        b"11:4",
        b"11:5",
    ]


def test_a_client_that_leaves_goes_after_the_answer_or_before_it():
    for seed in range(8):
        talk = Talk(operations=1, deeds=("move",))
        talk.node.dice = type(talk.node.dice)(seed)
        talk.answer(PathResponse("/s"))
        talk.do(Timeout("next"))
        if talk.node.is_leaving:
            assert talk.node.connection == 1
            talk.answer(PathResponse("/s/n-0000000000"))
        assert talk.node.connection == 2


def test_a_client_refuses_deeds_that_it_does_not_know():
    with pytest.raises(ArgumentError, match=r"deeds must be among get, create, .*'fly' is not"):
        StoreClient("c1", servers=("n1",), deeds=("get", "fly"))


# A lock.


def locking(**settings):
    """Return a talk with a client that has asked for its znode, and the path that it asked for."""
    talk = Talk(LockClient, **settings)
    talk.answer(PathResponse(LOCK))
    talk.asked()
    talk.do(Timeout("next"))
    (request,) = talk.asked()
    return talk, request.path


def names(*paths):
    return ChildrenResponse(tuple(path.rpartition("/")[2] for path in paths))


def test_the_first_in_the_line_has_the_lock_and_gives_it_back():
    talk, path = locking()
    mine = f"{path}0000000001"
    talk.answer(PathResponse(mine), names("x-0000000002", mine), zxid=7)
    assert talk.outputs(LockTaken) == [LockTaken(SESSION, mine, 7)]
    talk.node.is_asleep = False
    talk.asked()
    talk.do(Timeout("release"))
    assert talk.asked() == [DeleteRequest(mine)]
    talk.answer(DoneResponse())
    assert talk.outputs(LockGiven) == [LockGiven(SESSION, mine)]


def waiting():
    talk, path = locking()
    mine = f"{path}0000000009"
    talk.answer(PathResponse(mine), names("z-0000000001", "a-0000000003", mine))
    assert talk.asked()[-1] == ExistsRequest("/lock/a-0000000003", watch=True)
    talk.answer(StatResponse(Stat()))
    talk.node.is_asleep = False
    return talk, mine


def test_who_is_not_the_first_watches_the_one_before_and_looks_again_when_it_goes():
    talk, mine = waiting()
    talk.hear(Noticed(Event(EventType.DELETED, "/lock/a-0000000003")))
    assert talk.asked() == [GetChildrenRequest(LOCK)]
    talk.answer(names("z-0000000001", mine))
    assert talk.asked() == [ExistsRequest("/lock/z-0000000001", watch=True)]
    assert not talk.outputs(LockTaken)


def test_who_finds_the_one_before_gone_already_looks_again():
    talk, path = locking()
    talk.answer(PathResponse(f"{path}0000000009"), names("z-0000000001", f"{path}0000000009"), NO_NODE)
    assert talk.asked()[-1] == GetChildrenRequest(LOCK)


def test_who_does_not_know_whether_its_znode_was_made_lets_its_server_catch_up_and_looks():
    talk, path = locking()
    talk.lose()
    assert talk.asked() == [SyncRequest(LOCK), GetChildrenRequest(LOCK)]
    talk.answer(PathResponse(LOCK), names(f"{path}0000000001"))
    assert talk.outputs(LockTaken)[0].path == f"{path}0000000001"


def test_who_does_not_find_it_makes_it_again_under_the_same_name():
    talk, path = locking()
    talk.lose()
    talk.asked()
    talk.answer(PathResponse(LOCK), names())
    assert [request.path for request in talk.asked()] == [path]


def test_who_was_releasing_releases_again_and_who_was_looking_looks_again():
    talk, mine = waiting()
    talk.node.doing = "look"
    talk.lose()
    assert GetChildrenRequest(LOCK) in talk.asked()
    talk.node.doing = "release"
    talk.lose()
    assert DeleteRequest(mine) in talk.asked()


def test_with_its_session_a_client_gives_the_lock_up():
    talk, path = locking()
    mine = f"{path}0000000001"
    talk.answer(PathResponse(mine), names(mine))
    talk.node.is_asleep = False
    talk.expire()
    assert talk.outputs(LockGiven) == [LockGiven(SESSION, mine)]
    assert talk.node.doing == ""


def test_where_there_is_no_parent_yet_it_is_made():
    talk, path = locking()
    talk.answer(NO_NODE)
    assert [request.path for request in talk.asked()] == [LOCK, path]


def test_who_finds_its_own_znode_gone_begins_anew():
    talk, path = locking()
    talk.answer(PathResponse(f"{path}0000000001"), names("z-0000000001"))
    assert talk.node.doing == ""
