"""A port may serve clients of another protocol: the first bytes show whose a connection is, also one at a time."""

import asyncio

import pytest

import zookeeper_wire as w
from distsys.drivers.connection import Limits
from distsys.drivers.frames import Goodbye, Hello, Welcome, framed
from distsys.wire.claims import Claim, letters
from distsys.wire.zookeeper.door import Door
from runtime_nodes import TOKEN, Ask, Cluster, Write, caller, connect


def run(test):
    asyncio.run(asyncio.wait_for(test, 120))


class Guest(asyncio.Protocol):
    """Writes back whatever comes."""

    def __init__(self, met):
        self.met, self.came = met, b""

    def connection_made(self, transport):
        self.wire = transport
        self.met.append(self)

    def data_received(self, data):
        self.came += data
        self.wire.write(data)


def served(tmp_path, claims, **limits):
    """Return a cluster of one node, the guests that it will have met, and how they get there."""
    cluster, met = Cluster(tmp_path, nodes=1, limits=Limits(**limits)), []

    async def start():
        runtime = await cluster.start()
        runtime.transport.guest = lambda: Guest(met)
        if claims is not None:
            runtime.transport.claims = claims
        return runtime.transport

    return cluster, met, start


async def say(odd, data, piece):
    """Write so many bytes at a time, and let the other side look at each piece."""
    for at in range(0, len(data), piece):
        await odd.write(data[at : at + piece])
        for _ in range(3):
            await asyncio.sleep(0)


@pytest.mark.parametrize("piece", [1, 3, 100])
@pytest.mark.parametrize("data", [w.connect_frame(), b"ruok\n", b"GET / HTTP/1.1\r\n\r\n"])
def test_a_guest_gets_a_connection_from_its_first_byte_on(tmp_path, data, piece):
    async def test():
        cluster, met, start = served(tmp_path, Door.claims)
        try:
            transport = await start()
            odd = await connect(cluster)
            await say(odd, data, piece)
            assert await odd.reader.readexactly(len(data)) == data
            assert [guest.came for guest in met] == [data]
            assert not transport._incoming  # it counts among the guest's connections, not among ours
            odd.writer.close()
        finally:
            await cluster.__aexit__()

    run(test())


@pytest.mark.parametrize("piece", [1, 3, 100])
@pytest.mark.parametrize("claims", [None, Door.claims])
def test_our_own_frames_stay_ours(tmp_path, claims, piece):
    async def test():
        cluster, met, start = served(tmp_path, claims)
        try:
            await start()
            peer = await connect(cluster)
            await say(peer, framed(Hello("control", "someone", TOKEN)), piece)
            assert isinstance(await peer.frame(), Welcome)
            ann = await caller(cluster)
            assert await ann.ask(Write(5)) == ("wrote", 5)
            assert await ann.ask(Ask()) == ("has", 5)
            assert met == []
            peer.writer.close()
        finally:
            await cluster.__aexit__()

    run(test())


@pytest.mark.parametrize("piece", [1, 100])
@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\xff" * 5, "a frame must have"),
        (bytes(4) + b"{", "a frame must have"),
        (b"\0\0\0\x03{]}", "a frame cannot be read"),
    ],
)
def test_what_is_no_guests_and_no_frame_is_refused_as_without_guests(tmp_path, data, reason, piece):
    async def test():
        cluster, met, start = served(tmp_path, Door.claims)
        try:
            await start()
            ann, odd = await caller(cluster), await connect(cluster)
            await say(odd, data, piece)
            assert (await odd.reason()).startswith(reason)
            assert await ann.ask(Ask()) == ("has", 0)
            assert met == []
        finally:
            await cluster.__aexit__()

    run(test())


@pytest.mark.parametrize("data", [b"", b"\0", bytes(4)])
def test_who_does_not_show_whose_it_is_in_time_is_sent_away(tmp_path, data):
    async def test():
        cluster, met, start = served(tmp_path, Door.claims, hello_s=0.05)
        try:
            await start()
            odd = await connect(cluster)
            await odd.write(data)
            assert await odd.frame() == Goodbye("no hello in time")
            assert met == []
        finally:
            await cluster.__aexit__()

    run(test())


def test_a_guest_that_goes_by_letters_claims_nothing_else(tmp_path):
    async def test():
        cluster, met, start = served(tmp_path, None)
        try:
            await start()
            odd, http = await connect(cluster), await connect(cluster)
            await odd.write(w.connect_frame())
            assert (await odd.reason()).startswith("a frame cannot be read")
            await http.write(b"G")
            assert await http.reader.readexactly(1) == b"G"
            assert [guest.came for guest in met] == [b"G"]
            http.writer.close()
        finally:
            await cluster.__aexit__()

    run(test())


def test_without_guests_a_connection_of_zookeeper_is_refused_as_any_other(tmp_path):
    async def test():
        async with Cluster(tmp_path, nodes=1) as cluster:
            odd = await connect(cluster)
            await odd.write(w.connect_frame())
            assert (await odd.reason()).startswith("a frame cannot be read")

    run(test())


@pytest.mark.parametrize(
    ("first", "claim"),
    [
        (b"", Claim.NOT_YET),
        (b"r", Claim.MINE),
        (b"\0", Claim.NOT_YET),
        (bytes(4), Claim.NOT_YET),
        (bytes(5), Claim.MINE),
        (w.connect_frame(), Claim.MINE),
        (framed(Hello("client", "ann")), Claim.NOT_MINE),
        (framed(Hello("client", "a" * 2**17)), Claim.NOT_MINE),
        (b"\x01", Claim.NOT_MINE),
        (b"\xff\xff", Claim.NOT_MINE),
    ],
)
def test_zookeeper_claims_letters_and_a_length_with_a_zero_behind_it(first, claim):
    assert Door.claims(first) is claim


@pytest.mark.parametrize(
    ("first", "claim"),
    [(b"", Claim.NOT_YET), (b"P", Claim.MINE), (b"\0", Claim.NOT_MINE), (b"1", Claim.NOT_MINE)],
)
def test_letters_claim_letters(first, claim):
    assert letters(first) is claim
