"""Watches and their streams, beside the API reference (watch API) and the API guarantees of etcd."""

import pytest

from distsys.core import Deliver, Send, Timeout
from distsys.services.etcd.api import (
    CompactionRequest,
    DeleteRangeRequest,
    EventType,
    Filter,
    PutRequest,
    TxnRequest,
    WatchCancelRequest,
    WatchCreateRequest,
    WatchProgressRequest,
    WatchResponse,
)
from distsys.services.etcd.errors import DUPLICATE_WATCH_ID, EMPTY_WATCHER_RANGE
from etcd_nodes import Alone, responses

ALL = (b"\0", b"\0")


def stored(*requests, **settings):
    alone = Alone(**settings)
    for request in requests:
        alone.ask(request)
    return alone


def shown(found):
    return [
        (event.type.name, event.kv.key, event.kv.mod_revision)
        for response in found
        for event in response.events
    ]


def test_a_watch_begins_after_the_current_revision_unless_it_says_from_where():
    alone = stored(PutRequest(b"a", b"1"))
    assert alone.say(WatchCreateRequest(b"a")) == [WatchResponse(2, 0, created=True)]
    created, events = alone.say(WatchCreateRequest(b"a", start_revision=1), client="x")
    assert created == WatchResponse(2, 0, created=True)
    assert shown([events]) == [("PUT", b"a", 2)]


def test_a_watch_shows_puts_and_deletions_of_its_range_with_what_was_before():
    alone = stored(PutRequest(b"a", b"1"))
    alone.say(WatchCreateRequest(b"a", b"c", prev_kv=True))
    alone.received(1)
    alone.ask(PutRequest(b"a", b"2"))
    alone.ask(PutRequest(b"c", b"2"))
    alone.ask(DeleteRangeRequest(b"a"))
    found = responses(alone.effects)[1:]
    assert shown(found) == [("PUT", b"a", 3), ("DELETE", b"a", 5)]
    assert [event.prev_kv.value for response in found for event in response.events] == [b"1", b"2"]


def test_a_watch_may_begin_in_the_future():
    alone = Alone()
    alone.say(WatchCreateRequest(b"a", start_revision=4))
    alone.received(1)
    for value in (b"1", b"2", b"3"):
        alone.ask(PutRequest(b"a", value))
    assert shown(responses(alone.effects)) == [("PUT", b"a", 4)]


@pytest.mark.parametrize(("filter", "types"), [(Filter.NOPUT, ["DELETE"]), (Filter.NODELETE, ["PUT", "PUT"])])
def test_a_filter_leaves_events_out(filter, types):
    alone = stored(PutRequest(b"a"), DeleteRangeRequest(b"a"), PutRequest(b"a"))
    found = alone.say(WatchCreateRequest(b"a", start_revision=1, filters=(filter,)))
    assert [kind for kind, _, _ in shown(found)] == types


def test_ids_are_chosen_by_the_server_or_by_the_client_and_none_twice():
    alone = Alone(window=9)
    ids = [alone.say(WatchCreateRequest(b"a", watch_id=id))[0].watch_id for id in (0, 1, 0, 7, 0)]
    assert ids == [0, 1, 2, 7, 3]
    (refused,) = alone.say(WatchCreateRequest(b"a", watch_id=7))
    assert (refused.watch_id, refused.created, refused.canceled) == (-1, True, True)
    assert refused.cancel_reason == DUPLICATE_WATCH_ID


def test_a_watch_of_an_empty_range_is_refused():
    (refused,) = Alone().say(WatchCreateRequest(b"b", b"a"))
    assert (refused.watch_id, refused.canceled, refused.cancel_reason) == (-1, True, EMPTY_WATCHER_RANGE)


def test_a_canceled_watch_says_so_and_shows_nothing_more():
    alone = Alone()
    alone.say(WatchCreateRequest(b"a"))
    assert alone.say(WatchCancelRequest(0)) == [WatchResponse(1, 0, canceled=True)]
    assert alone.say(WatchCancelRequest(0)) == []
    alone.received(2)
    alone.ask(PutRequest(b"a"))
    assert shown(responses(alone.effects)) == []


# Compaction.


def test_a_watch_from_before_a_compaction_is_told_so_and_one_from_it_is_not():
    changes = [PutRequest(b"a", value) for value in (b"1", b"2", b"3")]
    alone = stored(*changes, CompactionRequest(3), window=9)
    created, ended = alone.say(WatchCreateRequest(b"a", start_revision=2))
    assert created.created
    assert ended == WatchResponse(0, 0, canceled=True, compact_revision=3)
    found = alone.say(WatchCreateRequest(b"a", start_revision=3, prev_kv=True))
    assert shown(found) == [("PUT", b"a", 3), ("PUT", b"a", 4)]
    assert [event.prev_kv and event.prev_kv.value for event in found[1].events] == [None, b"2"]


def test_a_slow_watch_that_a_compaction_overtakes_is_told_so_when_it_reads_on():
    alone = stored(window=1)
    alone.say(WatchCreateRequest(b"a"))
    for value in (b"1", b"2", b"3"):
        alone.ask(PutRequest(b"a", value))
    alone.ask(CompactionRequest(4))
    (ended,) = alone.received(1)
    assert (ended.canceled, ended.compact_revision) == (True, 4)


# Slow watchers.


def test_a_watcher_that_does_not_read_gets_no_more_than_the_window_and_later_all_of_it():
    alone = Alone(window=2)
    alone.say(WatchCreateRequest(b"a"))
    for number in range(20):
        alone.ask(PutRequest(b"a", b"%d" % number))
    sent = responses(alone.effects)
    assert len(sent) == 2
    (rest,) = alone.received(2)
    assert shown([*sent, rest]) == [("PUT", b"a", revision) for revision in range(2, 22)]


def test_watches_of_one_stream_take_turns_so_that_a_busy_one_keeps_no_other_from_showing():
    alone = stored(window=2, revisions_max=1)
    alone.say(WatchCreateRequest(b"a"))
    alone.say(WatchCreateRequest(b"b"))
    for _ in range(3):
        alone.ask(PutRequest(b"a"))
        alone.ask(PutRequest(b"b"))
    alone.received(2)
    alone.received(4)
    alone.received(6)
    found = responses(alone.effects)[2:]
    assert [response.watch_id for response in found] == [0, 1, 0, 1, 0, 1]


def test_events_of_one_revision_come_together_or_in_pieces_that_say_so():
    both = TxnRequest((), (PutRequest(b"a"), PutRequest(b"b"), PutRequest(b"c")))
    alone = stored(both, both, revisions_max=1, fragment_bytes=100, window=9)
    found = alone.say(WatchCreateRequest(*ALL, start_revision=1))[1:]
    assert [len(response.events) for response in found] == [3, 3]
    found = alone.say(WatchCreateRequest(*ALL, start_revision=1, fragment=True), client="x")[1:]
    assert [(len(response.events), response.fragment) for response in found] == [
        (2, True),
        (1, False),
        (2, True),
        (1, False),
    ]


def test_a_piece_is_smaller_than_its_limit_and_holds_at_least_one_event():
    both = TxnRequest(
        (), (PutRequest(b"a", b"x" * 500), PutRequest(b"b"), PutRequest(b"c"), PutRequest(b"d"))
    )
    alone = stored(both, fragment_bytes=82, window=9)
    found = alone.say(WatchCreateRequest(*ALL, start_revision=1, fragment=True))[1:]
    assert [[event.kv.key for event in response.events] for response in found] == [
        [b"a"],
        [b"b"],
        [b"c"],
        [b"d"],
    ]
    alone = stored(both, fragment_bytes=83, window=9)
    found = alone.say(WatchCreateRequest(*ALL, start_revision=1, fragment=True))[1:]
    assert [[event.kv.key for event in response.events] for response in found] == [
        [b"a"],
        [b"b", b"c"],
        [b"d"],
    ]


def test_a_response_has_the_events_of_so_many_revisions_that_have_any_for_this_watch():
    both = TxnRequest((), (PutRequest(b"a"), PutRequest(b"b")))
    alone = stored(both, PutRequest(b"x"), both, PutRequest(b"x"), both, revisions_max=2, window=9)
    found = alone.say(WatchCreateRequest(b"a", b"c", start_revision=1))[1:]
    assert [[event.kv.mod_revision for event in response.events] for response in found] == [
        [2, 2, 4, 4],
        [6, 6],
    ]


def test_a_put_that_begins_a_life_has_nothing_before_it_even_where_its_transaction_ended_another():
    anew = TxnRequest((), (DeleteRangeRequest(b"a", b"\0"), PutRequest(b"b", b"2")))
    alone = stored(PutRequest(b"b", b"1"), anew, window=9)
    (_, found) = alone.say(WatchCreateRequest(b"b", start_revision=3, prev_kv=True))
    assert [(event.type, event.prev_kv and event.prev_kv.value) for event in found.events] == [
        (EventType.DELETE, b"1"),
        (EventType.PUT, None),
    ]


# Progress.


def test_a_progress_request_is_answered_when_no_watch_of_the_stream_is_behind():
    alone = Alone(window=2)
    alone.say(WatchCreateRequest(b"a"))
    for value in (b"1", b"2", b"3"):
        alone.ask(PutRequest(b"a", value))
    assert alone.say(WatchProgressRequest()) == []  # the watch has shown the first of three
    events, progress = alone.received(2)
    assert shown([events]) == [("PUT", b"a", 3), ("PUT", b"a", 4)]
    assert progress == WatchResponse(4, -1)


def test_a_quiet_watch_that_asked_for_it_is_told_its_progress_and_a_busy_one_is_not():
    alone = Alone(window=9)
    alone.say(WatchCreateRequest(b"a", progress_notify=True))
    alone.say(WatchCreateRequest(b"a"))
    alone.ask(PutRequest(b"a"))
    assert responses(alone.handle(Timeout("progress"))) == []
    alone.ask(PutRequest(b"b"))
    assert responses(alone.handle(Timeout("progress"))) == [WatchResponse(3, 0)]


def test_a_response_is_bounded_in_bytes_but_for_what_one_revision_needs():
    big = bytes(800_000)
    alone = stored(
        *(PutRequest(b"a", big) for _ in range(6)),
        TxnRequest((), tuple(PutRequest(key, big) for key in (b"x", b"y", b"z"))),
        window=99,
    )
    found = alone.say(WatchCreateRequest(*ALL, start_revision=1))[1:]
    assert [len(response.events) for response in found] == [3, 3, 3]
    assert [event.kv.mod_revision for response in found for event in response.events] == [
        *range(2, 8),
        8,
        8,
        8,
    ]
    with_before = alone.say(WatchCreateRequest(*ALL, start_revision=3, prev_kv=True), client="x")[1:]
    assert [len(response.events) for response in with_before] == [2, 2, 4]


# Streams.


def test_a_later_stream_takes_the_place_of_the_earlier_one():
    alone = Alone()
    alone.say(WatchCreateRequest(b"a"), stream=1)
    alone.say(WatchCreateRequest(b"b"), stream=2)
    assert alone.say(WatchCreateRequest(b"a"), stream=1) == []
    alone.received(1, stream=2)
    effects = alone.handle(Deliver("w", "not for a stream"))
    assert [effect for effect in effects if isinstance(effect, Send)] == []
    assert [watch.request.key for watch in alone.node.streams["w"].watches] == [b"b"]


def test_a_request_on_a_stream_that_makes_no_sense_is_passed_over():
    alone = Alone()
    for request in (None, 5, WatchCreateRequest("a"), WatchCreateRequest(b"a", filters=("x",))):
        found = alone.say(request)
        assert not any(event.type is EventType.PUT for response in found for event in response.events)
    assert alone.ask(PutRequest(b"a")).header_revision == 2
