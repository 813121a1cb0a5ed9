"""What strangers do at the port of a server: it refuses them, keeps little for them, and serves the others on."""

import contextlib
import socket
import struct
from pathlib import Path

import pytest

import zookeeper_frames as w
from distsys.serve import processes
from distsys.serve.process import allow_files

REFUSED = w.i(0) + w.i(0) + w.q(0) + w.b(bytes(16))  # the answer to who brings a session that is not its own
MEGABYTE = 2**20
LONGEST = 0xFFFFF  # bytes in a frame
CALM = ("election_ms=5000",)  # a slow machine is no reason for another leader, which all clients would notice
WAIT_S = 0.3  # how long nothing can be sent before we say that the server has stopped reading
DRIP_S = 0.2  # between two bytes


@pytest.fixture(scope="module")
def ensemble(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hostile") / "d"
    with processes("zookeeper", nodes=3, folder=folder, options=CALM) as running:
        for address in running.addresses.values():
            session(address).line.close()
        yield running


def session(address):
    """Return a connection with a session of its own; a server that does not serve yet hangs up."""
    while True:
        wire = w.Wire(address)
        if wire.connect():
            return wire
        wire.line.close()


@pytest.fixture
def address(ensemble):
    """Give the address of a server, and see at the end that all serve on, in the same processes, for old and new."""
    pids = [ensemble.pid(name) for name in ensemble.addresses]
    with contextlib.ExitStack() as held:
        there = [held.enter_context(session(each)) for each in ensemble.addresses.values()]
        yield ensemble.addresses["n1"]
        new = [held.enter_context(session(each)) for each in ensemble.addresses.values()]
        for number, wire in enumerate((*there, *new)):
            write(wire, f"/kept-{wire.session:x}-{number}")
    assert [ensemble.pid(name) for name in ensemble.addresses] == pids


def write(wire, path, data=b"", xid=1):
    """Make a znode, and return its path."""
    _, reply = wire.ask(xid, w.CREATE, w.s(path) + w.b(data) + w.OPEN + w.i(0))
    assert w.error_of(reply) == 0
    return reply[24:].decode()


def memory(pid):
    """Return how many bytes of memory a process holds."""
    status = Path(f"/proc/{pid}/status")
    if not status.exists():
        pytest.skip("needs /proc to measure memory")
    return 1024 * int(status.read_text().split("VmRSS:")[1].split()[0])


HTTP = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.mark.parametrize(
    "data",
    [
        b"nonsense",
        HTTP,
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  # the beginning of TLS
        b"\xff\xff\xff\xff",
        w.i(-1) + bytes(100),
        w.i(100 * MEGABYTE) + bytes(1000),
        w.i(MEGABYTE) + bytes(1000),
        w.i(5000) + bytes(5000),  # longer than a request for a session may be
        w.i(4) + bytes(4),  # too short for one
        w.frame(w.i(0) + w.q(0) + w.i(0) + w.q(0) + w.i(2**31 - 1) + bytes(16)),  # a password of 2 GB
        w.frame(w.i(0) + w.q(0) + w.i(0) + w.q(0) + w.i(-2) + bytes(16)),
        w.request(1, w.CREATE, w.s("/x") + w.b(b"") + w.OPEN + w.i(0)),  # before there is a session
    ],
)
def test_nonsense_is_sent_away(address, data):
    """What begins as no client of ZooKeeper does may be from another server; those are told why they are sent away."""
    with w.Wire(address) as wire:
        wire.send(data)
        last_words = wire.rest()
    assert not last_words or (data[0] and b"Goodbye" in last_words)


@pytest.mark.parametrize(
    "data",
    [
        w.i(100 * MEGABYTE) + bytes(1000),
        w.i(2**31 - 1),
        w.i(-1),
        w.i(-(2**31)),
        w.i(LONGEST + 1),
        w.frame(b""),
        w.frame(bytes(7)),  # half a header
    ],
)
def test_a_length_that_is_not_allowed_ends_the_connection_and_not_the_session(ensemble, address, data):
    with session(address) as wire:
        ephemeral = w.s(f"/e-{wire.session:x}") + w.b(b"") + w.OPEN + w.i(1)
        assert w.error_of(wire.ask(1, w.CREATE, ephemeral)[1]) == 0
        wire.send(data)
        assert wire.rest() == b""
        with w.Wire(ensemble.addresses["n2"]) as again:
            assert again.connect(session=wire.session, passwd=wire.passwd)
            assert again.session == wire.session
            _, reply = again.ask(1, w.EXISTS, w.s(f"/e-{wire.session:x}") + b"\0")
            assert w.error_of(reply) == 0


def test_a_request_of_the_longest_length_is_answered_and_a_longer_one_ends_the_connection(address):
    with session(address) as wire:
        path = f"/long-{wire.session:x}"
        write(wire, path)
        room = LONGEST - 8 - len(w.s(path) + w.b(b"") + w.i(0))
        longest = w.s(path) + w.b(bytes(room)) + w.i(-1)
        assert w.error_of(wire.ask(2, w.SET_DATA, longest)[1]) == 0
        wire.send(w.request(3, w.SET_DATA, w.s(path) + w.b(bytes(room + 1)) + w.i(-1)))
        assert wire.rest() == b""


@pytest.mark.parametrize("passwd", [bytes(16), b"x" * 16, b"", b"x" * 100, None])
def test_a_session_is_not_given_to_who_does_not_know_its_password(address, passwd):
    with session(address) as wire, w.Wire(address) as thief:
        thief.send(w.connect_frame(session=wire.session, passwd=passwd))
        assert thief.rest() == w.frame(REFUSED + b"\0")
        assert w.error_of(wire.ask(1, w.SYNC, w.s("/"))[1]) == 0  # its owner has it still


def test_four_letter_words_that_come_in_pieces_are_answered_and_half_ones_leave_nothing(address):
    with w.Wire(address) as wire:
        for letter in (b"r", b"u", b"o"):
            wire.send(letter)
        wire.send(b"k")
        assert wire.rest() == b"imok"
    for half in (b"r", b"ruo", b"stmk", b"stmk1234"):
        with w.Wire(address) as wire:
            wire.send(half)
            wire.line.shutdown(socket.SHUT_WR)
            assert wire.rest() in (b"", b"306")
    with w.Wire(address) as wire:
        wire.send(b"ruok" * 1000)
        assert wire.rest() in (
            b"imok",
            b"",
        )  # what stands behind it may be told of as a connection that was reset


def test_who_says_half_of_something_or_drips_is_sent_away_in_time(address):
    """All at once, for each has ten seconds; meanwhile another client is served."""
    whole = w.request(1, w.CREATE, w.s("/x") + w.b(bytes(1000)) + w.OPEN + w.i(0))
    with contextlib.ExitStack() as held, session(address) as good:
        silent = [held.enter_context(w.Wire(address)) for _ in range(6)]
        said = (b"", b"\0", b"ru", b"stmk123", b"\0\0\0\x2d\0", w.connect_frame()[:-2])
        for wire, data in zip(silent, said, strict=True):
            wire.send(data)
        halves = [held.enter_context(session(address)) for _ in range(3)]
        for wire, cut in zip(halves, (1, 4, 900), strict=True):
            wire.send(whole[:cut])
        dripping = held.enter_context(session(address))
        left, asked = iter(whole), 0
        dripping.line.settimeout(DRIP_S)
        with contextlib.suppress(ConnectionError):
            while True:
                dripping.send(bytes([next(left)]))
                with contextlib.suppress(TimeoutError):
                    assert dripping.line.recv(1) == b""
                    break
                asked += 1
                assert w.error_of(good.ask(asked, w.SYNC, w.s("/"))[1]) == 0
        assert asked > 10
        for wire in silent[:2]:
            assert b"no hello in time" in wire.rest()  # it could have been a server
        for wire in (*silent[2:], *halves):
            assert wire.rest() == b""


def push(wire, data):
    """Send the same again and again, until nothing has gone for a while, as where nobody reads it."""
    wire.line.settimeout(WAIT_S)
    data *= 1 + MEGABYTE // len(data)
    with contextlib.suppress(TimeoutError):
        while True:
            wire.line.send(data)
    wire.line.settimeout(w.PATIENCE_S)


def test_who_asks_on_and_on_and_reads_nothing_is_not_read_either(ensemble, address):
    """Eight clients ask for 100 KB each time. What they are not sent is not kept, and what they ask is not taken."""
    with contextlib.ExitStack() as held, session(address) as good:
        path = f"/large-{good.session:x}"
        write(good, path, bytes(100_000))
        lazy = [held.enter_context(session(address)) for _ in range(8)]
        before = memory(ensemble.pid("n1"))
        for wire in lazy:
            push(wire, w.request(1, w.GET_DATA, w.s(path) + b"\0"))
        for xid in range(2, 12):
            assert w.error_of(good.ask(xid, w.SYNC, w.s("/"))[1]) == 0
        assert memory(ensemble.pid("n1")) - before < 64 * MEGABYTE
        _, reply = lazy[0].until_reply()  # who reads in the end gets its answers
        assert len(reply) == 4 + 16 + 4 + 100_000 + 68


def test_who_asks_for_much_at_once_and_reads_is_given_all(address):
    """A thousand requests for 100 KB each, sent together: as from a program that does not wait for one answer."""
    count = 1000
    with session(address) as wire:
        path = f"/much-{wire.session:x}"
        write(wire, path, bytes(100_000))
        wire.send(w.request(2, w.GET_DATA, w.s(path) + b"\0") * count)
        for _ in range(count):
            assert len(wire.read()) == 4 + 16 + 4 + 100_000 + 68


def test_many_small_requests_that_are_not_read_cost_little(ensemble, address):
    with contextlib.ExitStack() as held, session(address) as good:
        lazy = [held.enter_context(session(address)) for _ in range(2)]
        before = memory(ensemble.pid("n1"))
        for wire in lazy:
            push(wire, w.request(1, w.EXISTS, w.s("/") + b"\0"))
        assert w.error_of(good.ask(1, w.SYNC, w.s("/"))[1]) == 0
        assert memory(ensemble.pid("n1")) - before < 64 * MEGABYTE


def test_long_frames_that_never_end_cost_little(ensemble, address):
    """A hundred and fifty clients send nearly a megabyte each, and not the last byte."""
    with contextlib.ExitStack() as held, session(address) as good:
        wires = [held.enter_context(session(address)) for _ in range(150)]
        before = memory(ensemble.pid("n1"))
        for wire in wires:
            wire.send(w.i(LONGEST) + bytes(LONGEST - 1))
        assert w.error_of(good.ask(1, w.SYNC, w.s("/"))[1]) == 0
        assert memory(ensemble.pid("n1")) - before < 64 * MEGABYTE


def test_watchers_that_never_read_cost_little_and_the_one_that_reads_sees_all(ensemble, address):
    changes, watchers = 60, 40
    with contextlib.ExitStack() as held, session(address) as good:
        path = f"/w-{good.session:x}"
        write(good, path)
        wires = [held.enter_context(session(address)) for _ in range(watchers)]
        for wire in wires:
            assert wire.ask(1, w.ADD_WATCH, w.s(path) + w.i(0))[0] == []
        before = memory(ensemble.pid("n1"))
        for xid in range(changes):
            assert w.error_of(good.ask(xid, w.SET_DATA, w.s(path) + w.b(bytes(10_000)) + w.i(-1))[1]) == 0
        assert memory(ensemble.pid("n1")) - before < 64 * MEGABYTE
        for _ in range(changes):
            assert wires[0].read()[4:8] == w.i(-1)


def test_a_thousand_idle_connections_are_borne_and_another_client_is_served(ensemble, address):
    allow_files(4096)
    with contextlib.ExitStack() as held, session(address) as good:
        before = memory(ensemble.pid("n1"))
        wires = [held.enter_context(w.Wire(address)) for _ in range(1000)]
        with_session = wires[::2]
        for wire in with_session:
            wire.send(w.connect_frame())
        for wire in with_session:
            assert struct.unpack_from(">q", wire.read(), 12)[0] > 0
        for xid in range(1, 21):
            assert w.error_of(good.ask(xid, w.SYNC, w.s("/"))[1]) == 0
        assert memory(ensemble.pid("n1")) - before < 64 * MEGABYTE
        assert "Connections: " in w.four_letters(address, "srvr")
