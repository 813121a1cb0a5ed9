"""The judge of what real clients of etcd saw: an honest record passes, and each law can fail."""

from dataclasses import replace

import pytest

from distsys.core.operations import FAIL, INFO, INVOKE, OK, Operation
from distsys.core.units import S
from distsys.serve.etcd.histories import (
    Dropped,
    Ended,
    Guarded,
    Held,
    Promised,
    Told,
    judged,
    linearity,
    settled,
    truth_of,
)
from distsys.services.etcd import api
from distsys.services.etcd.kv_client import Wish
from distsys.services.etcd.lock_client import Locked
from distsys.services.etcd.watch_client import Watched
from distsys.services.etcd.watch_laws import WATCH_LAWS
from etcd_nodes import Alone

LAWS = {
    "members agree", "nothing acknowledged is lost", "linearizability", "lock exclusivity", "one holder at a time",
    "lease contract", "fencing", *(law.name for law in WATCH_LAWS),
}  # fmt: skip


class Record:
    """What clients of one member write down, one operation after the other."""

    def __init__(self):
        self.member, self.said, self.number = Alone(), [], 0

    def do(self, f, key, value=None, expected=0, twice=False, who=None, end=OK):
        """Ask; with another `end`, nobody hears the answer."""
        self.number += 1
        who, wish = who or f"c{self.number}", Wish(f, key, value, expected, twice)
        asked = {"put": value, "cas": (expected, value)}.get(f)
        self.said.append(Operation(who, INVOKE, f, key, asked))
        answer = wish.answer(self.member.ask(wish.request()))
        self.said.append(Operation(who, end, f, key, answer if end == OK else asked))
        return answer

    def watch(self, name, request):
        """Watch, and take in all that comes."""
        responses = self.member.say(request, client=name)
        sequence = 0
        while sequence < len(responses):
            self.said.append(Watched(name, request, responses[sequence]))
            sequence += 1
            responses += self.member.received(sequence, client=name)
        return responses

    def told(self):
        everything = api.WatchCreateRequest(b"\0", b"\0", 1)
        before = len(self.said)
        events = tuple(event for response in self.watch("all", everything) for event in response.events)
        del self.said[before:]
        return Told("n1", events, 7), Told("n2", events, 7)


@pytest.fixture(scope="module")
def honest():
    record = Record()
    record.do("put", "k0", "a")
    record.do("cas", "k0", "b", expected=2)
    lock(record, 1, 0)
    record.do("get", "k0")
    record.do("put", "k1", "c", twice=True)
    record.do("delete", "k0")
    record.do("put", "k0", "d", end=INFO)  # it happened, and nobody heard
    lock(record, 2, 10 * S)
    record.do("delete", "k1")
    record.watch("w1", api.WatchCreateRequest(b"k", b"l", 1))
    record.watch("w2", api.WatchCreateRequest(b"k0", b"", 3))
    record.said.append(
        Watched("w1", api.WatchCreateRequest(b"k", b"l", 1), api.WatchResponse(11, -1))
    )  # how far it has come
    return (*record.said, *record.told())


def lock(record, lease, at):
    """A client has the lock for two seconds, writes under it, and gives it back."""
    key = f"lock/{lease:x}".encode()
    record.said.append(Promised(lease, 2, at))
    record.member.ask(api.LeaseGrantRequest(2, lease))
    claimed = record.member.ask(api.PutRequest(key, lease=lease)).header_revision
    record.said.append(Locked(b"lock", key, claimed))
    value = f"{claimed}:c{lease}:0".encode()
    record.said.append(Guarded(value, record.member.ask(api.PutRequest(b"guarded", value)).header_revision))
    record.said += [Held(f"c{lease}", key, at + 1, at + S), Dropped(key, at + S)]
    record.member.ask(api.DeleteRangeRequest(key))
    record.said.append(Ended(key, at + S + 5))


def broken(said):
    found = judged(said)
    assert set(found) == LAWS
    return {law for law, evidence in found.items() if evidence is not None}


def test_an_honest_record_is_found_to_be_so(honest):
    assert broken(honest) == set()


def changed(honest, what, make):
    """Return the record in which `make` has replaced what the test `what` finds, the first of it."""
    place = next(number for number, each in enumerate(honest) if what(each))
    return (*honest[:place], *make(honest[place]), *honest[place + 1 :])


def answer_of(f):
    return lambda each: isinstance(each, Operation) and (each.type, each.f) == (OK, f)


def test_an_answer_that_a_store_could_not_give_is_found(honest):
    stale = changed(honest, answer_of("get"), lambda end: [replace(end, value=("a", 2, end.value[2]))])
    assert broken(stale) == {"linearizability"}
    refused = changed(honest, answer_of("cas"), lambda end: [replace(end, value=(False, 2))])
    assert "linearizability" in broken(refused)


def test_a_write_that_was_acknowledged_and_is_not_among_the_events_is_found(honest):
    def without(revision):
        return [
            replace(each, events=tuple(e for e in each.events if e.kv.mod_revision != revision))
            if isinstance(each, Told)
            else each
            for each in honest
        ]

    assert "nothing acknowledged is lost" in broken(without(2))
    guarded = next(each for each in honest if isinstance(each, Guarded))
    assert "nothing acknowledged is lost" in broken(without(guarded.revision))


def test_members_that_differ_are_found(honest):
    def is_second(each):
        return isinstance(each, Told) and each.member == "n2"

    assert broken(changed(honest, is_second, lambda told: [replace(told, hash=8)])) == {"members agree"}
    fewer = changed(honest, is_second, lambda told: [replace(told, events=told.events[:-1])])
    assert broken(fewer) == {"members agree"}
    assert "members agree" in broken([each for each in honest if not isinstance(each, Told)])


def has_events(watch, least=1):
    return lambda each: (
        isinstance(each, Watched) and each.watch == watch and len(each.response.events) >= least
    )


def with_events(*groups):
    """Return a function that lets a watch show these groups of its events, each in a response of its own."""

    def make(watched):
        for group in groups:
            events = tuple(watched.response.events[place] for place in group)
            yield replace(watched, response=replace(watched.response, events=events))

    return make


@pytest.mark.parametrize(
    ("law", "groups"),
    [
        ("watch ordered", ((0, 2, 3, 1, 4, 5, 6),)),  # the copy stands beside its key, at 2 and 3
        ("watch unique", ((0, 1, 2, 3), (2, 3, 4, 5, 6))),
        ("watch atomic", ((0, 1, 2), (3, 4, 5, 6))),
        ("watch reliable", ((0,), (2, 3, 4, 5, 6))),
        ("watch resumable", ((1, 2, 3, 4, 5, 6),)),
        ("watch bookmarkable", ((0, 1, 2, 3),)),
    ],
)
def test_each_guarantee_of_watches_can_be_found_broken(honest, law, groups):
    watched = next(filter(has_events("w1"), honest))
    assert len(watched.response.events) == 7
    assert law in broken(changed(honest, has_events("w1"), with_events(*groups)))


def test_who_is_told_that_it_has_a_lock_which_it_does_not_have_is_found(honest):
    first = next(each for each in honest if isinstance(each, Locked))
    late = (*honest, replace(first, revision=first.revision + 3))
    assert broken(late) == {"lock exclusivity"}


def test_two_who_hold_a_lock_at_once_are_found(honest):
    longer = changed(honest, lambda each: isinstance(each, Held), lambda held: [replace(held, end=11 * S)])
    assert broken(longer) == {"one holder at a time"}


def test_a_lease_that_ends_before_its_time_is_found(honest):
    kept = [each for each in honest if not isinstance(each, Dropped)]  # nobody has taken its key out
    assert broken(kept) == {"lease contract"}
    in_time = [replace(each, at=each.at + S) if isinstance(each, Ended) else each for each in kept]
    assert broken(in_time) == set()


def test_a_token_that_goes_back_is_found(honest):
    def old(event):
        return replace(event, kv=replace(event.kv, value=b"1:c2:0"))

    newest = [each for each in honest if isinstance(each, Guarded)][-1]
    told = [
        replace(each, events=tuple(old(e) if e.kv.value == newest.value else e for e in each.events))
        if isinstance(each, Told)
        else each
        for each in honest
    ]
    assert "fencing" in broken(told)


# What is made of outcomes that nobody heard.


def outcomes(*operations, events=()):
    return [each.type for each in settled(operations, truth_of(events)) if each.type != INVOKE]


def put(revision, key=b"k0", value=b"a"):
    return api.Event(api.EventType.PUT, api.KeyValue(key, revision, revision, 1, value))


def gone(revision, key=b"k0"):
    return api.Event(api.EventType.DELETE, api.KeyValue(key, mod_revision=revision))


@pytest.mark.parametrize("end", [(Operation("c", INFO, "put", "k0", "a"),), ()], ids=["unknown", "open"])
def test_a_write_of_which_nobody_heard_has_happened_if_it_is_among_the_events_and_else_not(end):
    begin = Operation("c", INVOKE, "put", "k0", "a")
    assert outcomes(begin, *end, events=(put(2),)) == [OK]
    assert outcomes(begin, *end, events=(put(2, value=b"b"),)) == [FAIL]


def test_a_deletion_of_which_nobody_heard_stays_unknown_while_one_is_left_to_explain():
    begin, end = Operation("c", INVOKE, "delete", "k0"), Operation("c", INFO, "delete", "k0")
    other = Operation("d", INVOKE, "delete", "k0"), Operation("d", OK, "delete", "k0", (1, 3))
    assert outcomes(begin, end, events=(put(2), gone(3))) == [INFO]
    assert outcomes(*other, begin, end, events=(put(2), gone(3))) == [OK, FAIL]


def test_other_keys_do_not_count_in_revisions():
    begin, end = Operation("c", INVOKE, "put", "k0", "a"), Operation("c", OK, "put", "k0", "a", 0)
    events = (put(2, b"lock/1"), put(3, b"lock/2"), put(4))
    assert linearity((begin, replace(end, value=4)), truth_of(events)).ok
    assert not linearity((begin, replace(end, value=3)), truth_of(events)).ok
