"""Hostile and clumsy connections: each is closed with a reason, and the others are served on."""

import asyncio
import socket
import struct
from dataclasses import replace

import pytest

from distsys.core.errors import ArgumentError
from distsys.core.values import Map
from distsys.drivers import transport
from distsys.drivers.connection import Limits
from distsys.drivers.frames import Goodbye, Hello, Look, Post, Welcome, framed
from distsys.drivers.transport import keep_port, listen
from runtime_nodes import TOKEN, Ask, Cluster, Tell, Write, caller, connect

SMALL = Limits(clients=5, client_frame_bytes=1000, client_unread_bytes=10_000)
LENGTH = struct.Struct(">I")


def run(test):
    asyncio.run(asyncio.wait_for(test, 120))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", "a frame must have 1 to 1000 bytes, but this one announces 1195725856"),
        (LENGTH.pack(1001), "a frame must have 1 to 1000 bytes, but this one announces 1001"),
        (LENGTH.pack(0), "a frame must have 1 to 1000 bytes, but this one announces 0"),
        (LENGTH.pack(3) + b"{]}", "a frame cannot be read: 'not JSON"),
        (LENGTH.pack(4) + b"null", "unknown frame None"),
        (framed(Look()), "the first frame must be a Hello, but it is a Look"),
        (framed(Post("x", 0, Ask())), "the first frame must be a Hello, but it is a Post"),
        (framed(Hello("king", "ann")), "a Hello must come from a peer, a client or control"),
        (framed(Hello("client", "n1")), "the name 'n1' does not suit a client here"),
        (framed(Hello("client", 5)), "name of a Hello must be of type str, but it is 5"),
        (framed(Hello("client", "")), "the name '' does not suit a client here"),
        (framed(Hello("peer", "n2", "guess")), "the token is not that of this cluster"),
        (framed(Hello("peer", "n9", TOKEN)), "the name 'n9' does not suit a peer here"),
    ],
)
def test_who_does_not_begin_as_agreed_is_told_why_and_the_others_are_served_on(tmp_path, data, reason):
    async def test():
        async with Cluster(tmp_path, nodes=1, limits=SMALL) as cluster:
            ann, odd = await caller(cluster), await connect(cluster)
            await odd.write(data)
            assert (await odd.reason()).startswith(reason)
            assert await ann.ask(Write(1)) == ("wrote", 1)

    run(test())


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (framed(Look()), "a client may not send a Look"),
        (framed(Hello("client", "ann")), "a client may not send a Hello"),
        (framed(Goodbye("x")), "a client may not send a Goodbye"),
        (framed(Post("x", 0, "y" * 2000)), "a frame must have 1 to 1000 bytes"),
        (framed(Post("x", 0, Ask()))[:-1] + b"?", "a frame cannot be read"),
    ],
)
def test_who_breaks_the_rules_later_is_told_why(tmp_path, data, reason):
    async def test():
        async with Cluster(tmp_path, nodes=1, limits=SMALL) as cluster:
            ann, odd = await caller(cluster), await caller(cluster, who="odd")
            await odd.write(data)
            assert (await odd.reason()).startswith(reason)
            assert await ann.ask(Write(1)) == ("wrote", 1)

    run(test())


def test_what_came_before_the_bad_frame_was_done(tmp_path):
    async def test():
        async with Cluster(tmp_path, nodes=1, limits=SMALL) as cluster:
            ann, odd = await caller(cluster), await caller(cluster, who="odd")
            await odd.write(framed(Post("x", 0, Write(5))) + LENGTH.pack(0))
            assert (await odd.frame()).reason.startswith("a frame must have 1 to")
            while await ann.ask(Ask()) != ("has", 5):
                pass

    run(test())


@pytest.mark.parametrize("cut", [1, 4, 5, 30])
def test_a_frame_that_is_cut_off_by_the_end_of_a_connection_is_nothing(tmp_path, cut):
    async def test():
        async with Cluster(tmp_path, nodes=1, limits=SMALL) as cluster:
            ann, odd = await caller(cluster), await caller(cluster, who="odd")
            await odd.write(framed(Post("x", 0, Write(5)))[:cut])
            await odd.close()
            assert await ann.ask(Ask()) == ("has", 0)

    run(test())


def test_a_frame_that_does_not_end_in_time_closes_its_connection(tmp_path):
    async def test():
        limits = replace(SMALL, frame_s=0.05)
        async with Cluster(tmp_path, nodes=1, limits=limits) as cluster:
            ann, slow = await caller(cluster), await caller(cluster, who="slow")
            await slow.write(framed(Post("x", 0, Write(5)))[:-1])
            assert await slow.reason() == "a frame that began did not end in time"
            assert await ann.ask(Ask()) == ("has", 0)  # who says nothing at all may stay

    run(test())


def test_a_frame_in_small_pieces_has_the_same_time_as_any_other(tmp_path):
    async def test():
        limits = replace(SMALL, frame_s=0.2)
        async with Cluster(tmp_path, nodes=1, limits=limits) as cluster:
            slow = await caller(cluster, who="slow")

            async def drip():
                await slow.write(LENGTH.pack(900))
                for _ in range(800):
                    await slow.write(b"x")
                    await asyncio.sleep(0.001)

            dripping = asyncio.create_task(drip())
            frame = await slow.frame()
            dripping.cancel()
            await asyncio.gather(dripping, return_exceptions=True)
            assert frame == Goodbye("a frame that began did not end in time")

    run(test())


def test_who_does_not_say_hello_in_time_is_sent_away(tmp_path):
    async def test():
        async with Cluster(tmp_path, nodes=1, limits=replace(SMALL, hello_s=0.05)) as cluster:
            silent = await connect(cluster)
            assert await silent.reason() == "no hello in time"

    run(test())


def test_a_client_that_does_not_read_is_closed_and_the_memory_is_bounded(tmp_path):
    async def test():
        async with Cluster(tmp_path, nodes=1, limits=SMALL) as cluster:
            runtime = cluster.runtimes["n1"]
            ann, greedy = await caller(cluster), await caller(cluster, who="greedy")
            greedy.writer.transport.pause_reading()
            question = framed(Post("x", 0, Ask())) * 1000
            connection = runtime.transport._clients["greedy"]
            most = 0
            while connection.reason is None:
                greedy.writer.write(question)
                most = max(most, connection.unread_bytes)
                await asyncio.sleep(0)
            assert connection.reason == "it does not read its answers"
            assert most < 10 * SMALL.client_unread_bytes + 100_000
            assert await ann.ask(Write(1)) == ("wrote", 1)

    run(test())


def test_beyond_the_bound_on_clients_the_next_is_refused_and_a_place_that_is_free_again_is_given(tmp_path):
    async def test():
        async with Cluster(tmp_path, nodes=1, limits=SMALL) as cluster:
            names = ("a", "b", "c", "d", "e")
            known = [await caller(cluster, who=name) for name in names]
            more = await connect(cluster)
            await more.write(framed(Hello("client", "f")))
            assert await more.reason() == "too many clients"
            await known[0].close()
            while not isinstance((await caller(cluster, who="g")).welcome, Welcome):
                pass
            assert await known[1].ask(Write(1)) == ("wrote", 1)

    run(test())


def test_beyond_the_bound_on_connections_the_next_is_refused(tmp_path):
    async def test():
        async with Cluster(tmp_path, nodes=1, limits=SMALL) as cluster:
            ann = await caller(cluster)
            for _ in range(8):  # five clients, four for the one node, less ann
                await connect(cluster)
            more = await connect(cluster)
            assert await more.reason() == "too many connections"
            assert await ann.ask(Write(1)) == ("wrote", 1)

    run(test())


def test_a_name_that_connects_again_takes_the_place_of_the_first(tmp_path):
    async def test():
        async with Cluster(tmp_path, nodes=1) as cluster:
            first, second = await caller(cluster), await caller(cluster)
            assert await first.reason() == "another connection has this name now"
            assert await second.ask(Ask()) == ("has", 0)

    run(test())


def test_the_welcome_names_the_node_and_all_addresses(tmp_path):
    async def test():
        async with Cluster(tmp_path) as cluster:
            ann = await caller(cluster, "n2")
            assert ann.welcome == Welcome("n2", Map(cluster.addresses))

    run(test())


def test_a_message_for_a_peer_that_is_down_is_dropped_and_not_kept(tmp_path):
    async def test():
        cluster = Cluster(tmp_path)
        try:
            runtime = await cluster.start("n1")
            assert runtime.transport.post("n2", Post("n1#1", 0, Ask())) == "down"
            await cluster.start("n2")
            while runtime.transport.post("n2", Post("n1#2", 0, Write(2))) is not None:
                await asyncio.sleep(0)
            runtime.transport.flush()
            bob = await caller(cluster, "n2", "bob")
            while await bob.ask(Ask()) != ("has", 2):
                pass
            await cluster.stop("n2")
            while runtime.transport.post("n2", Post("n1#3", 0, Ask())) is None:
                await asyncio.sleep(0)
            await cluster.start("n2")  # it is dialled again
            while runtime.transport.post("n2", Post("n1#4", 0, Ask())) is not None:
                await asyncio.sleep(0)
        finally:
            await cluster.__aexit__()

    run(test())


def test_a_message_beyond_what_a_peer_takes_is_dropped(tmp_path):
    async def test():
        async with Cluster(tmp_path, limits=replace(SMALL, peer_frame_bytes=2000)) as cluster:
            transport = cluster.runtimes["n1"].transport
            while transport.post("n2", Post("n1#1", 0, Ask())) is not None:
                await asyncio.sleep(0)
            assert transport.post("n2", Post("n1#2", 0, "x" * 3000)) == "too long"

    run(test())


@pytest.mark.parametrize("address", ["0.0.0.0:0", "192.0.2.1:0", "[::]:0"])
def test_nobody_listens_beyond_the_loopback_interface_by_accident(address):
    with pytest.raises(ArgumentError, match="must be on the loopback interface"):
        listen(address)


def test_beyond_the_loopback_interface_only_when_it_is_said():
    listen("0.0.0.0:0", beyond_loopback=True).close()


@pytest.mark.parametrize("address", ["localhost:0", "127.0.0.1", "x"])
def test_an_address_is_a_number_and_a_port(address):
    with pytest.raises(ArgumentError, match="must be an IP address and a port"):
        listen(address)


def test_a_port_is_kept_for_those_who_listen_there_and_for_nobody_else():
    kept = keep_port("127.0.0.1:0")
    address = f"127.0.0.1:{kept.getsockname()[1]}"
    with pytest.raises(OSError, match="in use"):
        keep_port(address)
    node = listen(address)
    node.listen()
    with pytest.raises(OSError, match="in use"):
        keep_port(address)
    node.close()
    kept.close()
    keep_port(address).close()


def test_a_port_that_is_kept_for_a_node_refuses_connections_while_the_node_is_down(tmp_path):
    async def test():
        cluster = Cluster(tmp_path, nodes=1)
        try:
            await cluster.start()
            await cluster.stop("n1")
            with pytest.raises(ConnectionRefusedError):
                await caller(cluster)
            await cluster.start()
            assert await (await caller(cluster)).ask(Ask()) == ("has", 0)
        finally:
            cluster.callers.pop(0)
            await cluster.__aexit__()

    run(test())


def test_a_peer_that_comes_by_itself_is_dialled_at_once(tmp_path, monkeypatch):
    monkeypatch.setattr(transport, "DIAL_FIRST_S", 10_000)
    monkeypatch.setattr(transport, "DIAL_LAST_S", 10_000)

    async def test():
        cluster = Cluster(tmp_path)
        try:
            await cluster.start("n1")
            n1 = cluster.runtimes["n1"].transport
            while "n2" not in n1.waiting:  # it has tried once, and waits for hours
                await asyncio.sleep(0)
            await cluster.start("n2")
            while n1.post("n2", Post("n1#1", 0, Write(7))) is not None:
                await asyncio.sleep(0)
        finally:
            await cluster.__aexit__()

    run(test())


def test_what_cannot_leave_is_told(tmp_path):
    async def test():
        cluster, unsent = Cluster(tmp_path), []
        try:
            await cluster.start("n1")
            cluster.runtimes["n1"].on_unsent = lambda to, message: unsent.append((to, message))
            ann = await caller(cluster)
            await ann.write(framed(Post("caller", 0, Tell("n2", 5))))
            while not unsent:
                await asyncio.sleep(0)
            assert unsent == [("n2", Write(5))]
        finally:
            await cluster.__aexit__()

    run(test())


def test_what_is_accepted_sends_at_once_and_waits_for_no_acknowledgement():
    """Nagle's algorithm held the second write of an answer back for 40 ms, now and then."""
    held = []

    class Held(asyncio.Protocol):
        def connection_made(self, transport):
            sock = transport.get_extra_info("socket")
            held.append(sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))

    async def test():
        listening = listen("127.0.0.1:0")
        server = await asyncio.get_running_loop().create_server(Held, sock=listening)
        _, writer = await asyncio.open_connection(*listening.getsockname())
        while not held:
            await asyncio.sleep(0)
        writer.close()
        server.close()

    run(test())
    assert held == [1]


@pytest.mark.parametrize("turns", range(4))
def test_a_peer_that_comes_in_the_moment_in_which_this_node_stops_does_not_keep_it_alive(
    tmp_path, monkeypatch, turns
):
    """asyncio.wait_for in Python 3.11 forgot that it was cancelled when what it waited for came just then."""
    monkeypatch.setattr(transport, "DIAL_FIRST_S", 3_600.0)

    async def test():
        cluster = Cluster(tmp_path)
        await cluster.start("n1")
        n1 = cluster.runtimes["n1"].transport
        while "n2" not in n1.waiting:
            await asyncio.sleep(0)
        diallers = [*n1._diallers]
        n1._knocks["n2"].set()
        for _ in range(turns):
            await asyncio.sleep(0)
        stopping = asyncio.create_task(cluster.__aexit__())
        await asyncio.wait([stopping], timeout=20)
        survivors = [dialler for dialler in diallers if not dialler.done()]
        for dialler in survivors:  # or this test would never end
            dialler.cancel()
        await stopping
        assert survivors == []

    run(test())
