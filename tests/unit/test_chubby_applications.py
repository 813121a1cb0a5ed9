"""Applications on the library, and the server that a lock protects."""

import pytest

from chubby_nodes import Bench, OneClient
from distsys.core import Persist, Send
from distsys.core.operations import INFO, INVOKE, OK, Operation
from distsys.services.chubby import calls
from distsys.services.chubby.calls import Acquired, Contents, Opened
from distsys.services.chubby.clients import (
    FileClient,
    FileRead,
    FileWritten,
    Guarded,
    LockClient,
    Resource,
    Stored,
    TooOld,
)
from distsys.services.chubby.locking import Mode, Sequencer
from distsys.services.chubby.talk import Ask
from distsys.services.chubby.tree import Stat

STAT = Stat(4, 1, 0, 0, False, False)


def an_application(kind, **settings):
    """Return an application with a session, which has just asked for its first file."""
    client = OneClient(kind, **settings)
    client.at(100).fire("next").at(150).begun()
    return client


def with_files(**settings):
    client = an_application(FileClient, files=1, **settings)
    client.answer(Opened(5, "/f1", STAT, True))
    client.effects = []
    return client


def go_on(client, f):
    """Let the client do something until it does `f`, and answer all else."""
    for _ in range(50):
        client.fire("next")
        if client.node.open is None:
            continue
        if client.node.doing.f == f:
            return client
        client.answer(STAT if client.node.doing.f == "put" else Contents("", STAT))
    raise AssertionError(f"{f} never came")


def test_an_application_begins_a_session_and_opens_what_it_works_with():
    client = an_application(FileClient, files=2)
    for number in (1, 2):
        assert client.node.open.request == calls.Open(f"/f{number}", "file", events=True)
        client.answer(Opened(number, f"/f{number}", STAT, True))
    assert client.node.open is None
    assert dict(client.node.handles) == {"/f1": 1, "/f2": 2}


def test_a_read_is_an_operation_of_the_session_and_tells_which_version_it_saw():
    client = go_on(with_files(operations=50), "get")
    client.effects = []
    client.answer(Contents("text", Stat(4, 7, 0, 0, False, False)))
    read, done = client.said()
    assert read == FileRead("/f1", (4, 7), False)
    assert (done.process, done.type, done.f, done.value) == ("c1.1", OK, "get", "text")


def test_an_empty_file_was_never_written_so_the_history_reads_nothing_there():
    client = go_on(with_files(operations=50), "get")
    client.effects = []
    client.answer(Contents("", STAT))
    assert client.said()[1].value is None


def test_a_write_tells_which_version_it_made():
    client = go_on(with_files(operations=50), "put")
    client.effects = []
    client.answer(Stat(4, 8, 0, 0, False, False))
    written, done = client.said()
    assert written == FileWritten("/f1", (4, 8))
    assert (done.type, done.f) == (OK, "put")


def test_what_is_open_when_a_session_expires_has_ended_unknown_and_the_next_session_opens_anew():
    client = go_on(with_files(operations=50), "put")
    client.effects = []
    client.at(9_000).fire("clock")
    ended = [value for value in client.said() if isinstance(value, Operation)]
    assert [(operation.type, operation.process) for operation in ended] == [(INFO, "c1.1")]
    assert not client.node.handles
    client.fire("next")
    assert client.node.open.request == calls.BeginSession("c1", 2)


def test_an_application_asks_only_so_many_things():
    client = with_files(operations=3)
    client.effects = []
    for _ in range(9):
        client.fire("next")
        if client.node.open is not None:
            client.answer(STAT if client.node.doing.f == "put" else Contents("", STAT))
    invoked = [v for v in client.said() if isinstance(v, Operation) and v.type == INVOKE]
    assert len(invoked) == 3


# Locks.


def with_the_lock(mode=Mode.EXCLUSIVE, **settings):
    """Return a client that has just been given the lock."""
    client = an_application(LockClient, **settings)
    client.answer(Opened(5, "/lock", STAT, True)).at(200)
    assert client.node.open.request.wait
    client.effects = []
    client.answer(Acquired(Sequencer("/lock", mode, 4, 1), 9))
    return client


def test_2_4_who_has_the_lock_shows_the_sequencer_with_each_request():
    client = with_the_lock(requests=2)
    (first,) = client.sent(Guarded)
    (second,) = client.at(300).fire("next").sent(Guarded)
    assert first.sequencer == second.sequencer == Sequencer("/lock", Mode.EXCLUSIVE, 4, 1)
    assert first.value != second.value


def test_who_has_the_lock_in_shared_mode_sends_nothing():
    assert with_the_lock(Mode.SHARED).sent(Guarded) == []


def test_who_gives_the_lock_back_sends_nothing_under_it_any_more():
    client = with_the_lock(requests=1).at(300).fire("next")
    assert client.sent(Ask)[-1].request == calls.Release(5)
    assert client.node.held is None
    client.answer(None)
    assert client.node.done == 1


def test_2_8_who_is_in_jeopardy_sends_nothing_under_its_lock_and_goes_on_when_it_is_safe():
    client = with_the_lock(requests=3).at(1_100).fire("clock")
    client.effects = []
    client.fire("next")
    assert client.sent(Guarded) == []
    client.fire("alive").at(1_200).kept_alive(client.node.number)
    client.effects = []
    client.fire("next")
    assert len(client.sent(Guarded)) == 1


def test_2_8_a_lock_is_gone_with_its_session():
    client = with_the_lock(requests=3).at(9_000).fire("clock")
    assert client.node.held is None
    assert client.node.done == 0


# The server behind the lock.


def guarded(place):
    return Guarded(Sequencer("/lock", Mode.EXCLUSIVE, *place), "value")


def test_2_4_a_server_refuses_a_sequencer_that_is_older_than_the_newest_it_has_seen():
    server = Bench(Resource("r1"))
    server.deliver("c1", guarded((4, 1))).deliver("c2", guarded((4, 2))).deliver("c1", guarded((4, 1)))
    effects = list(server.effects)
    assert server.said() == [Stored("/lock", (4, 1), "c1"), Stored("/lock", (4, 2), "c2")]
    assert [e.message for e in effects if isinstance(e, Send)] == [TooOld(guarded((4, 1)).sequencer)]


@pytest.mark.parametrize(("place", "done"), [((4, 2), True), ((3, 9), False), ((5, 1), True)])
def test_2_4_a_file_that_was_made_anew_has_later_sequencers(place, done):
    server = Bench(Resource("r1")).deliver("c1", guarded((4, 2)))
    server.effects = []
    assert bool(server.deliver("c2", guarded(place)).said()) is done


def test_what_a_server_has_seen_is_durable_before_it_does_anything():
    server = Bench(Resource("r1")).deliver("c1", guarded((4, 2)))
    first, _ = server.effects
    assert isinstance(first, Persist)
    again = Bench(Resource("r1", first.changes))
    assert again.deliver("c2", guarded((4, 1))).said() == []
