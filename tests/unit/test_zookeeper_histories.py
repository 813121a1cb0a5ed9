"""The judge of what real clients of ZooKeeper saw: an honest record passes, and each law can fail."""

from dataclasses import replace

import pytest

from distsys.core.operations import FAIL, INFO, INVOKE, OK, Operation
from distsys.core.units import MS
from distsys.serve.zookeeper.exchanges import Began, Heard, Refused, Sent, Stands
from distsys.serve.zookeeper.histories import judged
from distsys.services.zookeeper import requests as api
from distsys.services.zookeeper.requests import (
    ChildrenResponse,
    CloseSessionRequest,
    CreateRequest,
    DeleteRequest,
    GetChildrenRequest,
    GetDataRequest,
    Kind,
    SetDataRequest,
    SyncRequest,
)
from distsys.services.zookeeper.server import Answered, Noticed
from distsys.services.zookeeper.store_client import Wish
from distsys.services.zookeeper.witness import Told
from zookeeper_nodes import Ensemble

LAWS = {
    "linearizability", "members agree", "nothing acknowledged is lost", "changes in the order of real time", "one tree",
    "session order", "sync shows what was committed", "changes of a client in its order", "sequence numbers grow",
    "watch before data", "ephemerals end with their session", "session contract",
}  # fmt: skip
TIMEOUT_MS = 400


class Record:
    """What clients of one server write down, one request after the other, a millisecond each."""

    def __init__(self):
        self.ensemble, self.said, self.at = Ensemble(), [], 0
        self.clients, self.taken, self.counts = {}, {}, {}
        self.before = {}  # how many requests were sent in earlier connections

    def tick(self):
        self.at += MS
        return self.at

    def begin(self, name):
        self.clients[name] = self.ensemble.client(name)
        self.taken[name], self.counts[name], self.before[name] = 1, 0, 0
        self.said.append(Began(self.clients[name].session, TIMEOUT_MS, self.tick()))

    def ask(self, name, request, hears=True):
        """Ask, and write down what all hear; unless the client does not hear the answer itself."""
        client = self.clients[name]
        self.counts[name] += 1
        self.said.append(Sent(client.session, self.counts[name], request, self.tick()))
        client.say(request)
        for other in self.clients:
            self.listen(other, hears or other != name)
        return client.answers()[client.said]

    def listen(self, name, hears):
        client = self.clients[name]
        news = client.said_to[self.taken[name] :]
        self.taken[name] += len(news)
        for said in news:
            match said:
                case Noticed(event):
                    self.said.append(Told(client.session, event))
                case Answered(number, zxid, response) if hears:
                    number += self.before[name]
                    self.said.append(Heard(client.session, number, zxid, response, self.tick()))

    def do(self, name, f, key, asked=None, end=OK):
        """Do an operation; with another `end`, the client does not hear the answer."""
        path = f"/{key}"
        self.said.append(Operation(name, INVOKE, f, path, asked))
        if f == "get":
            self.ask(name, SyncRequest(path))
        request = {
            "get": lambda: GetDataRequest(path),
            "create": lambda: CreateRequest(path, asked.encode()),
            "set": lambda: SetDataRequest(path, asked[0].encode(), asked[1]),
            "delete": lambda: DeleteRequest(path, asked),
        }[f]()
        response = self.ask(name, request, end == OK)
        value = Wish(f, path, asked).answer(response) if end == OK else None
        self.said.append(Operation(name, end, f, path, value))

    def expire(self, name):
        """Let nobody hear of a client until its session is over."""
        self.ensemble.now += 2 * TIMEOUT_MS * MS
        self.at += 2 * TIMEOUT_MS * MS
        self.ensemble.fire("n1", f"session {self.clients[name].session}")
        self.ensemble.run()
        for other in self.clients:
            self.listen(other, True)
        self.said.append(Refused(self.clients[name].session, self.tick()))

    def number(self, name):
        """Return a value for the next change: whose it is, and which."""
        changes = sum(
            isinstance(each, Sent)
            and each.session == self.clients[name].session
            and isinstance(each.request, api.CHANGES)
            for each in self.said
        )
        return f"{self.clients[name].session:x}:{changes + 1}".encode()

    def add(self, name, kind, hears=True):
        letter = "e" if kind.is_ephemeral else "n"
        return self.ask(name, CreateRequest(f"/s/{letter}-", self.number(name), kind=kind), hears)

    def look(self, name, watch=False):
        return self.ask(name, GetChildrenRequest("/s", watch=watch, stat=True))


@pytest.fixture(scope="module")
def honest():
    record = Record()
    for name in ("ann", "bob", "cyd"):
        record.begin(name)
    record.ask("ann", CreateRequest("/s"))
    record.do("bob", "create", "k0", "a")
    record.look("bob", watch=True)
    record.add("ann", Kind.PERSISTENT_SEQUENTIAL)  # bob is told
    record.add("ann", Kind.EPHEMERAL_SEQUENTIAL)
    record.add("cyd", Kind.EPHEMERAL_SEQUENTIAL)
    record.add("cyd", Kind.EPHEMERAL_SEQUENTIAL)
    record.look("bob")
    record.ask("bob", GetDataRequest("/k0", watch=True))
    record.do("ann", "set", "k0", ("b", 0))  # bob is told
    record.do("bob", "get", "k0")
    record.do("bob", "set", "k0", ("c", -1), end=INFO)  # it happened, and nobody heard
    record.do("ann", "get", "k0")
    record.add("ann", Kind.PERSISTENT_SEQUENTIAL, hears=False)
    record.ask("bob", GetDataRequest("/s/n-0000000004"))
    record.do("ann", "delete", "k0", 2)
    record.do("ann", "get", "k0")
    record.look("ann")
    record.ask("ann", CloseSessionRequest())
    record.look("bob")
    record.expire("cyd")
    names = record.look("bob").children
    record.ask("bob", CloseSessionRequest())
    stands = tuple(Stands(server, "/s", tuple(sorted(names))) for server in ("n1", "n2"))
    return (*record.said, *stands)


def broken(said):
    found = judged(said)
    assert set(found) == LAWS
    return {law for law, evidence in found.items() if evidence is not None}


def test_an_honest_record_is_found_to_be_so(honest):
    assert broken(honest) == set()
    assert sum(isinstance(each, Told) for each in honest) == 2


def changed(said, test, make, place=0):
    """Return the record with what `make` gives in place of what the test finds, number `place` of it."""
    found = [number for number, each in enumerate(said) if test(each)][place]
    return (*said[:found], *make(said[found]), *said[found + 1 :])


def answers(said, kind):
    """Return a test for the answers to requests of a kind."""
    asked = {
        (each.session, each.number)
        for each in said
        if isinstance(each, Sent) and isinstance(each.request, kind)
    }
    return lambda each: isinstance(each, Heard) and (each.session, each.number) in asked


def without(letter):
    """Return a change that takes the znodes of a letter out of an answer about children."""

    def make(heard):
        kept = tuple(name for name in heard.response.children if not name.startswith(letter))
        yield replace(heard, response=replace(heard.response, children=kept))

    return make


def with_(*names):
    def make(heard):
        yield replace(heard, response=replace(heard.response, children=(*heard.response.children, *names)))

    return make


def at(zxid):
    """Return a change that lets an answer be given as of another zxid, so many further on or back."""
    return lambda heard: [replace(heard, zxid=heard.zxid + zxid)]


LOOKS = GetChildrenRequest


def test_an_answer_that_a_store_could_not_give_is_found(honest):
    def is_get(each):
        return isinstance(each, Operation) and (each.type, each.f) == (OK, "get")

    stale = changed(honest, is_get, lambda end: [replace(end, value=("a", 0))])
    assert broken(stale) == {"linearizability"}
    assert "linearizability" in broken(changed(honest, is_get, lambda end: [replace(end, value=None)]))


def test_a_write_that_was_acknowledged_and_is_gone_is_found(honest):
    assert "nothing acknowledged is lost" in broken(changed(honest, answers(honest, LOOKS), without("n"), -1))


def test_a_write_that_nobody_acknowledged_may_be_gone(honest):
    """The second n-, of which ann never heard: here somebody saw it, so only that speaks."""
    seen = answers(honest, GetDataRequest)
    never = changed(
        honest, seen, lambda heard: [replace(heard, response=api.ErrorResponse(api.Code.NO_NODE))], -1
    )
    said = [
        replace(each, response=replace(each.response, children=each.response.children[:-1]))
        if isinstance(each, Heard)
        and isinstance(each.response, ChildrenResponse)
        and each.response.children[-1:] == ("n-0000000004",)
        else each
        for each in never
    ]
    assert "nothing acknowledged is lost" not in broken(said)


def test_a_set_that_is_not_there_any_more_is_found(honest):
    """Bob is shown the data that were before the set, as of a zxid after it."""
    old = next(each for each in honest if answers(honest, GetDataRequest)(each)).response
    stale = changed(honest, answers(honest, GetDataRequest), lambda heard: [replace(heard, response=old)], 1)
    assert broken(stale) == {"one tree"}


def test_other_data_of_the_same_version_are_found(honest):
    def other(heard):
        yield replace(heard, response=replace(heard.response, data=b"z"))

    assert "one tree" in broken(changed(honest, answers(honest, GetDataRequest), other, 1))


def test_a_read_that_goes_back_is_found(honest):
    assert "session order" in broken(changed(honest, answers(honest, LOOKS), at(-5), -1))


def test_a_sync_that_is_behind_what_somebody_was_shown_is_found(honest):
    assert "sync shows what was committed" in broken(changed(honest, answers(honest, SyncRequest), at(-1)))


def test_a_change_that_stands_before_one_that_somebody_had_seen_is_found(honest):
    back = changed(honest, answers(honest, CreateRequest), at(-2), 4)
    assert "changes in the order of real time" in broken(back)


def test_changes_of_a_client_that_change_places_are_found(honest):
    later = changed(honest, answers(honest, CreateRequest), at(20), 2)  # of ann, and before others of ann
    assert "changes of a client in its order" in broken(later)


def test_a_read_that_sees_what_its_client_asks_for_later_is_found(honest):
    early = changed(honest, answers(honest, LOOKS), with_("n-0000000000"))
    ours = next(each for each in honest if isinstance(each, Sent) and isinstance(each.request, LOOKS))
    ann = next(each.session for each in honest if isinstance(each, Began))
    theirs = [
        replace(each, session=ann, number=1_000)
        if isinstance(each, Sent | Heard) and (each.session, each.number) == (ours.session, ours.number)
        else each
        for each in early
    ]
    assert "changes of a client in its order" in broken(theirs)


def test_a_number_that_comes_again_is_found(honest):
    def same(heard):
        yield replace(heard, response=api.PathResponse("/s/e-0000000000"))

    assert "sequence numbers grow" in broken(changed(honest, answers(honest, CreateRequest), same, 3))


@pytest.mark.parametrize("place", [0, 1], ids=["children", "data"])
def test_an_event_after_the_data_and_one_that_never_comes_are_found(honest, place):
    told = [each for each in honest if isinstance(each, Told)][place]
    before = [each for each in honest if each is not told]
    assert broken(before) == {"watch before data"}
    number = next(n for n, each in enumerate(honest) if each is told)
    after = next(
        n for n, each in enumerate(honest) if n > number and isinstance(each, Heard) and each.session == told.session
    )  # fmt: skip
    late = (*honest[:number], *honest[number + 1 : after + 1], told, *honest[after + 1 :])
    assert broken(late) == {"watch before data"}


def test_an_ephemeral_that_goes_while_its_session_lives_is_found(honest):
    early = changed(honest, answers(honest, LOOKS), without("e"), 2)
    assert "ephemerals end with their session" in broken(early)


def test_an_ephemeral_that_is_there_when_its_session_was_closed_is_found(honest):
    ephemeral = with_("e-0000000001")  # of ann, who has closed her session
    assert "ephemerals end with their session" in broken(
        changed(honest, answers(honest, LOOKS), ephemeral, 3)
    )
    left = changed(
        honest, lambda each: isinstance(each, Stands), lambda each: [replace(each, names=(*each.names, "e-0000000002"))]
    )  # fmt: skip
    assert "ephemerals end with their session" in broken(left)


def test_two_ephemerals_of_a_session_end_together(honest):
    """Cyd is silent, so nothing else shows that the session lives when one of the two is not there."""
    one = changed(honest, answers(honest, LOOKS), without("e-0000000002"), 3)
    assert "ephemerals end with their session" in broken(one)


def test_a_session_that_ends_before_its_time_is_found(honest):
    ends = next(each for each in honest if isinstance(each, Refused))
    soon = [replace(each, at=10 * MS) if each is ends else each for each in honest]
    assert broken(soon) == {"session contract"}
    gone = [each for each in honest if each is not ends]  # its ephemeral tells of the end as well
    assert broken(gone) == set()
    clock = [
        replace(each, at=each.at - 2 * TIMEOUT_MS * MS)
        if isinstance(each, Heard | Sent) and each.at > 2 * TIMEOUT_MS * MS
        else each
        for each in gone
    ]
    assert broken(clock) == {"session contract"}


def test_a_change_that_came_behind_the_end_of_its_session_is_no_sign_of_life(honest):
    """Cyd asks for something shortly before it is told that its session is over."""
    place, ends = next((place, each) for place, each in enumerate(honest) if isinstance(each, Refused))
    zxid = max(each.zxid for each in honest if isinstance(each, Heard))

    def answered(code):
        sent = Sent(ends.session, 99, DeleteRequest("/none", -1), ends.at - 10 * MS)
        heard = Heard(ends.session, 99, zxid, api.ErrorResponse(code), ends.at - 9 * MS)
        return broken((*honest[:place], sent, heard, *honest[place:]))

    assert "session contract" in answered(api.Code.NO_NODE)
    assert "session contract" not in answered(api.Code.SESSION_EXPIRED)


def test_servers_that_differ_at_the_end_are_found(honest):
    def fewer(stands):
        yield replace(stands, names=stands.names[1:])

    assert broken(changed(honest, lambda each: isinstance(each, Stands), fewer)) == {"members agree"}
    assert broken([each for each in honest if not isinstance(each, Stands)]) == {"members agree"}


# What no ensemble promises.


def again(record, name):
    """Let a client go on in another connection, and set its watch again."""
    old, zxid = record.clients[name], max(each.zxid for each in record.said if isinstance(each, Heard))
    record.clients[name], record.taken[name] = old.again(), 1
    record.before[name] = record.counts[name]
    record.said.append(Began(old.session, TIMEOUT_MS, record.tick()))
    record.ask(name, api.SetWatchesRequest(zxid, exist=("/k0",)))


def test_a_znode_that_comes_and_goes_between_two_connections_is_told_to_nobody():
    record = Record()
    for name in ("ann", "bob"):
        record.begin(name)
    record.ask("bob", api.ExistsRequest("/k0", watch=True))
    bob = record.clients.pop("bob")
    record.ask("ann", CreateRequest("/k0", b"a"))
    record.ask("ann", DeleteRequest("/k0"))
    record.clients["bob"] = bob
    again(record, "bob")
    said = (*record.said, Stands("n1", "/", ()))
    assert broken(said) == set()
    last = [each for each in said if isinstance(each, Began)][-1]
    assert broken([each for each in said if each is not last]) == {"watch before data"}  # he was there


def test_an_operation_that_failed_and_a_request_without_an_answer_say_nothing():
    record = Record()
    record.begin("ann")
    record.do("ann", "create", "k0", "a", end=FAIL)
    record.do("ann", "get", "k0")
    assert broken((*record.said, Stands("n1", "/", ("k0",)))) == {"linearizability"}  # it did not fail
