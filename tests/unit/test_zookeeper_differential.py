"""The scenarios that the real ZooKeeper was asked, step by step: its transcripts stand in tests/golden/zookeeper."""

import copy
import socket
import threading

import pytest
import zookeeper_real
from zookeeper_alike import Ordered, words
from zookeeper_player import played
from zookeeper_scenarios import SCENARIOS, differences, play, recorded, written
from zookeeper_steps import a
from zookeeper_wire import DEFAULTS, OPERATIONS, Reader, packed_acl, request

RECORDED = "3.8.0"  # and Debian's, which has the mending of CVE-2024-23944: events only to who may read


@pytest.fixture(scope="session")
def require_the_recorded_release(require_zookeeper):
    """Skip where another release is installed, also where nothing may be missing: a system has the one it has."""
    if zookeeper_real.release() != RECORDED:
        pytest.skip(
            f"the transcripts are of ZooKeeper {RECORDED}, and {zookeeper_real.release()} is installed"
        )


# Against the real one.


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_real_one_still_does_what_the_transcript_says(require_the_recorded_release, name):
    with SCENARIOS[name].real() as servers:
        now = written(play(servers.addresses, name, servers))
    assert now.splitlines() == written(recorded(name)).splitlines()


def test_new_servers_do_the_same_again(require_zookeeper):
    """Play one scenario twice here; each run of the test above is one more time for all of them."""
    runs = []
    for _ in range(2):
        with SCENARIOS["multi"].real() as servers:
            runs.append(written(play(servers.addresses, "multi")))
    assert runs[0] == runs[1]


# What is stored.


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_transcript_was_recorded_from_the_scenario_as_it_stands(name):
    assert [step for step, _ in recorded(name)] == SCENARIOS[name].steps, (
        f"record it anew: python tools/record_zookeeper.py --only {name}"
    )


def test_the_scenarios_have_at_least_150_steps():
    assert sum(len(recorded(name)) for name in SCENARIOS) >= 150


def test_every_request_of_the_protocol_is_asked():
    asked = {inner["ask"] for name in SCENARIOS for step, _ in recorded(name) for inner in requests(step)}
    assert set(OPERATIONS) - asked == set()


def requests(step):
    """Yield the requests of a step, and those inside them."""
    for inner in [step, *step.get("asks", ()), *step.get("operations", ())]:
        if "ask" in inner:
            yield inner
        if inner is not step:
            yield from requests(inner)


def test_every_error_that_a_client_can_cause_was_caused():
    told = {error for name in SCENARIOS for _, came in recorded(name) for error in errors(came)}
    assert told >= {
        "RuntimeInconsistency", "MarshallingError", "Unimplemented", "BadArguments", "NoNode", "NoAuth", "BadVersion",
        "NoChildrenForEphemerals", "NodeExists", "NotEmpty", "InvalidACL", "AuthFailed", "NoWatcher",
        "ReconfigDisabled",
    }  # fmt: skip


def errors(came):
    """Yield the errors anywhere in what came."""
    if isinstance(came, dict):
        if "error" in came:
            yield came["error"]
        came = list(came.values())
    if isinstance(came, list):
        for each in came:
            yield from errors(each)


# The comparison notices.


def doctored(name, number, change):
    """Return a transcript and what came, in which one step was changed."""
    due = recorded(name)
    found = copy.deepcopy([came for _, came in due])
    change(found[number])
    return due, found


def place(name, **wanted):
    """Return the number of the first step that has these fields."""
    steps = SCENARIOS[name].steps
    return next(at for at, step in enumerate(steps) if wanted.items() <= step.items())


FAULTS = {
    "a multi that is not atomic": ("multi", {"path": "/lost"}, lambda came: came.update(error="NodeExists")),
    "a version that is overlooked": ("basics", {"version": 2}, lambda came: came.pop("error")),
    "a watch that fires twice": (
        "watches", {"data": "2"}, lambda came: came.update(heard={"b": ["NodeDataChanged /k"]}),
    ),
    "an event after the reply": ("watches", {"on": "b", "data": "4"}, lambda came: came["heard"]["b"].reverse()),
    "a zxid that stands still": ("basics", {"data": "two"}, lambda came: came.update(zxid="z4")),
    "an ephemeral that stays": ("sequences", {"path": "/q", "on": "b", "ask": "getChildren2"},
                                lambda came: came["children"].append("n-0000000006")),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_shows_as_one_difference(fault):
    name, wanted, change = FAULTS[fault]
    number = place(name, **wanted)
    due, found = doctored(name, number, change)
    assert [at for at, *_ in differences(due, found)] == [number]


def test_where_we_differ_on_purpose_ours_is_compared_with_what_the_step_says():
    due = [({"ask": "ping", "ours": {"zxid": "z2"}}, {"zxid": "z1"})]
    assert list(differences(due, [{"zxid": "z2"}], ours=True)) == []
    assert list(differences(due, [{"zxid": "z1"}])) == []
    assert len(list(differences(due, [{"zxid": "z2"}]))) == 1


# A server that does something quite different ends no scenario.


class Odd(threading.Thread):
    """A server that answers each frame with the frames that the test says, and then closes."""

    def __init__(self, *answers):
        super().__init__(daemon=True)
        self.answers, self.line = answers, socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self.line.getsockname()[1]}"
        self.start()

    def run(self):
        with self.line, self.line.accept()[0] as client, client.makefile("rwb") as stream:
            for frames in self.answers:
                stream.read(int.from_bytes(stream.read(4), "big"))
                for frame in frames:
                    stream.write(len(frame).to_bytes(4, "big") + frame)
                stream.flush()


GREETED = bytes(4) + (4000).to_bytes(4, "big") + (7).to_bytes(8, "big") + (16).to_bytes(4, "big") + bytes(17)


def odd(steps, *answers):
    """Return what comes of steps at an odd server, of which the first opens the connection a."""
    server = Odd(*answers)
    came = list(played([server.address], steps))
    server.join()
    return came


def test_a_server_that_closes_at_once_shows_and_what_is_asked_of_it_later_too():
    steps = [a.connect(), a("ping"), a.drop(), {"on": "b", "connect": {"as": "a"}}]
    assert odd(steps)[0] == {"closed": True}
    assert odd(steps)[1:] == [{"not open": True}, {"not open": True}, {"not open": True}]


def test_a_reply_that_cannot_be_read_shows():
    quiet = [a.connect() | {"quiet": ["a"]}, a("exists", "/k", quiet=["a"])]
    short = b"\0\0\0\x01" + bytes(8) + b"\0\0\0\0" + b"\0\0\0\x05"
    greeting, came = odd(quiet, [GREETED], [short])
    assert greeting == {"session": "a", "timeout": 4000, "reads only": False}
    assert came == {"unreadable": short.hex()}


def test_an_event_that_cannot_be_read_and_a_reply_that_nobody_asked_for_show():
    event = b"\xff\xff\xff\xff\0\0"
    reply = b"\0\0\0\x63" + bytes(12)
    (greeting, came) = odd([a.connect() | {"quiet": ["a"]}, a("ping")], [GREETED], [event, reply])
    assert greeting["session"] == "a"
    assert came == {
        "zxid": "0",
        "number": "99 and not -2",
        "heard": {"a": [f"unreadable {event.hex()}", "the reply", "closed"]},
    }


def test_a_greeting_that_cannot_be_read_shows():
    assert odd([a.connect() | {"quiet": ["a"]}], [b"\0\0"]) == [{"unreadable": "0000"}]


# The player's own parts.


def test_numbers_are_named_in_the_order_they_appear_and_say_where_they_lie():
    zxids = Ordered("z")
    names = [zxids.name(number) for number in (0, 70, 90, 90, 80, 85, 200, -1, 5)]
    assert names == ["0", "z1", "z2", "z2", "z1+", "z1++", "z3", "-1", "z0+"]
    assert zxids.newest() == 200


@pytest.mark.parametrize(
    ("row", "shown"),
    [
        ("Zxid: 0x100000007", "Zxid: N"),
        ("Node count: 5", "Node count: 5"),
        (" /127.0.0.1:40000[1](recved=7,sid=0x1000,to=4000)", " /ADDRESS[1](recved=N,sid=SESSION-a,to=4000)"),
        ("zk_avg_latency\t0.5", "zk_avg_latency\tN"),
        ("zk_watch_count\t2", "zk_watch_count\t2"),
    ],
)  # fmt: skip
def test_an_answer_keeps_what_is_equal_in_two_runs(row, shown):
    assert words(row, {0x1000: "a"}) == shown


def test_a_request_is_packed_as_jute_says():
    assert request("exists", {"path": "/k"}) == b"\0\0\0\x02/k\0"
    assert request("delete", {"path": "/k", "version": 1}) == b"\0\0\0\x02/k\0\0\0\x01"
    assert request("create", {"path": "/", "data": None, "acl": []}) == (
        b"\0\0\0\x01/" + b"\xff\xff\xff\xff" + b"\0\0\0\0" + b"\0\0\0\0"
    )


def test_the_results_of_a_multi_end_as_jute_says():
    end = b"\xff\xff\xff\xff\x01\xff\xff\xff\xff"
    assert Reader(end).results() == []
    assert Reader(b"\0\0\0\x02\0\0\0\0\0" + end).results() == [{"did": "delete"}]
    assert Reader(b"\xff\xff\xff\xff\x01\0\0\0\0").results() == [{"end": [-1, 0]}]


def test_an_acl_is_read_as_it_was_written():
    for acl in ("world:anyone:rwcda", "digest:ann:hash=:r", "ip:127.0.0.1/8:wa"):
        assert Reader(packed_acl(acl)).acl() == acl
    assert Reader(packed_acl([63, "world", "anyone"])).acl() == "world:anyone:63"


def test_every_field_of_a_request_has_a_default_or_is_a_path():
    needed = {pair.split(":")[0] for _, shape, _ in OPERATIONS.values() for pair in shape.split()}
    assert needed - set(DEFAULTS) == {"path", "scheme", "auth"}
