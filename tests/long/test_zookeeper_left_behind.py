"""A request lies in a paused server, and its client has gone on, or its session has ended: it must not be done."""

import contextlib

import pytest

import zookeeper_frames as w
from distsys.serve import processes

pytestmark = pytest.mark.long
# The leader is patient with the paused server, and sessions are short.
OPTIONS = ("clients=0", "observers=0", "tick_ms=200", "election_ms=6000")


def session(address, **said):
    """Return a connection with a session; a server that does not serve yet hangs up."""
    while True:
        wire = w.Wire(address)
        if wire.connect(**said):
            return wire
        wire.line.close()


def create(path, data, flags):
    return w.s(path) + w.b(data) + w.OPEN + w.i(flags)


def names(wire, xid):
    """Return what is under /s, as of now."""
    wire.ask(xid, w.SYNC, w.s("/s"))
    return wire.ask(xid + 1, w.GET_CHILDREN, w.s("/s") + b"\0")[1][20:]


LOOKS = 500  # at a server that was paused


class Late:
    """An ensemble, a client at its leader, and a server that follows."""

    def __init__(self, cluster, held):
        self.cluster, self.held = cluster, held
        for address in cluster.addresses.values():
            session(address).line.close()
        self.leader = cluster.leaders()[0]
        self.follower = next(name for name in sorted(cluster.addresses) if name != self.leader)
        self.good = self.at(self.leader, timeout_ms=4_000)
        assert w.error_of(self.good.ask(1, w.CREATE, create("/s", b"", 0))[1]) == 0

    def at(self, name, **said):
        return self.held.enter_context(session(self.cluster.addresses[name], **said))

    def asked_of_a_paused_server(self, path, flags, timeout_ms):
        """Return a connection on which something is asked that its server has not read yet."""
        wire = self.at(self.follower, timeout_ms=timeout_ms)
        assert w.error_of(wire.ask(1, w.CREATE, create("/s/own", b"", 1))[1]) == 0
        self.cluster.pause(self.follower)
        wire.send(w.request(2, w.CREATE, create(path, b"", flags)))
        return wire


@pytest.fixture
def late(tmp_path, request):
    with (
        processes("zab-zookeeper", folder=tmp_path / "d", options=OPTIONS, mutant=request.param) as cluster,
        contextlib.ExitStack() as held,
    ):
        yield Late(cluster, held)


@pytest.mark.parametrize(
    ("late", "is_done"), [(None, False), ("ZK-09", True)], indirect=["late"], ids=["correct", "ZK-09"]
)
def test_what_a_client_has_left_behind_is_not_done_after_what_it_asks_elsewhere(late, is_done):
    wire = late.asked_of_a_paused_server("/s/first", 0, 4_000)
    moved = late.at(late.leader, session=wire.session, passwd=wire.passwd, timeout_ms=4_000)
    assert moved.session == wire.session
    assert w.error_of(moved.ask(3, w.CREATE, create("/s/second", b"", 0))[1]) == 0
    late.cluster.resume(late.follower)
    wire.read()  # an answer, or the end
    found = names(moved, 4)
    assert b"second" in found
    assert (b"first" in found) is is_done


@pytest.mark.parametrize(
    ("late", "is_there"), [(None, False), ("ZK-03", True)], indirect=["late"], ids=["correct", "ZK-03"]
)
def test_an_ephemeral_that_comes_after_the_end_of_its_session_is_not_made(late, is_there):
    wire = late.asked_of_a_paused_server("/s/late", 1, 400)
    xid = 2
    while b"own" in names(late.good, xid):
        xid += 2
    late.cluster.resume(late.follower)
    wire.read()
    other = late.at(late.follower)
    found = any(b"late" in names(other, xid) for xid in range(1, LOOKS))  # it may be busy with what lay there
    assert found is is_there
