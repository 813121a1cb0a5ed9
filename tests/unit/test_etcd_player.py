"""The player of scenarios compares what etcd promises, and not what it leaves to chance."""

import pytest

pytest.importorskip("grpc")

from etcd_player import ordered

from distsys.wire.etcd.messages import message


def response(watch, *revisions):
    made = message("WatchResponse")(watch_id=watch)
    for revision in revisions:
        made.events.add().kv.mod_revision = revision
    return made


def ids(responses):
    return [(each.watch_id, [event.kv.mod_revision for event in each.events]) for each in responses]


def test_watches_that_hear_of_the_same_change_come_in_the_order_of_their_ids():
    said = [response(2, 5), response(0, 5), response(1, 4, 5), response(1, 6), response(0, 6)]
    assert ids(ordered(said)) == [(0, [5]), (1, [4, 5]), (2, [5]), (0, [6]), (1, [6])]


@pytest.mark.parametrize(
    "said",
    [
        [response(1, 5), response(0, 6), response(1, 4)],  # a later change first: this must show
        [response(3), response(1), response(2)],  # no events: answers to requests, in their order
        [response(0, 5), response(0, 5)],  # one change in two parts
    ],
)
def test_any_other_order_is_left_as_it_came(said):
    assert ids(ordered(said)) == ids(said)
