"""The door for clients of ZooKeeper: order, bounds, and what hostile and clumsy connections get."""

import asyncio
import contextlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

import zookeeper_frames as w
from distsys.serve.process import allow_files
from distsys.wire.zookeeper.codec import NO_SESSION, Unreadable
from distsys.wire.zookeeper.codes import Code, OpCode
from distsys.wire.zookeeper.door import Bounds, Door
from distsys.wire.zookeeper.schema import (
    ConnectRequest,
    ConnectResponse,
    ExistsRequest,
    ExistsResponse,
    GetDataResponse,
    Stat,
    WatcherEvent,
)
from distsys.wire.zookeeper.visitor import WORDS, Visitor
from zookeeper_records import GOLDEN

LINES = [json.loads(line) for line in (GOLDEN / "frames.jsonl").read_text(encoding="utf-8").splitlines()]
PASSWD = b"p" * 16
WELCOME = ConnectResponse(0, 10_000, 77, PASSWD, False)
WELCOMED = w.frame(w.i(0) + w.i(10_000) + w.q(77) + w.b(PASSWD) + b"\0")
EXISTS = w.s("/a") + b"\0"
ZXID = 5


def run(test):
    asyncio.run(asyncio.wait_for(test, 120))


def reply(xid, err=0, body=b""):
    return w.frame(w.i(xid) + w.q(ZXID) + w.i(err) + body)


def event(path):
    return WatcherEvent(3, 3, path)


NOTIFIED = w.frame(w.i(-1) + w.q(-1) + w.i(0) + w.i(3) + w.i(3) + w.s("/a"))


class Told:
    """Answers each client at once, or when it is told to; writes down what it was told."""

    def __init__(self):
        self.welcome, self.holds, self.size = WELCOME, False, 0
        self.clients, self.requests, self.held, self.gone, self.most = [], [], [], [], 0

    def connected(self, client, request):
        self.clients.append(client)
        self.requests.append(request)
        client.welcome(self.welcome)

    def asked(self, client, asked):
        self.requests.append(asked.record)
        self.most = max(self.most, client.outstanding)
        if self.holds:
            self.held.append((client, asked))
        else:
            self.answer(client, asked)

    def answer(self, client, asked):
        match asked.record:
            case Unreadable(code):
                client.reply(asked, ZXID, code)
            case ExistsRequest():
                client.reply(asked, ZXID, 0, ExistsResponse(Stat()))
            case _ if asked.header.type == OpCode.GET_DATA:
                client.reply(asked, ZXID, 0, GetDataResponse(bytes(self.size), Stat()))
            case _ if asked.header.type == OpCode.AUTH and asked.record.scheme != "digest":
                client.reply(asked, ZXID, Code.AUTH_FAILED)
            case _:
                client.reply(asked, ZXID)

    def closed(self, client):
        self.gone.append(client)

    def word(self, word, argument):
        return f"{word} {argument!r}"


class Line:
    """A connection of a client."""

    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer

    async def send(self, data):
        with contextlib.suppress(ConnectionError):
            self.writer.write(data)
            await self.writer.drain()

    async def read(self):
        """Return the next frame; b"" at the end."""
        try:
            head = await self.reader.readexactly(4)
            return head + await self.reader.readexactly(int.from_bytes(head, "big"))
        except (asyncio.IncompleteReadError, ConnectionError):
            return b""

    async def rest(self):
        """Return all bytes until the end."""
        came = b""
        with contextlib.suppress(ConnectionError):
            while more := await self.reader.read(65536):
                came += more
        return came

    async def ask(self, xid, type, body=b""):
        await self.send(w.request(xid, type, body))
        return await self.read()

    async def pings(self):
        return await self.ask(-2, w.PING) == reply(-2)


class Served:
    """A door that is open on a port of its own."""

    def __init__(self, **bounds):
        self.told = Told()
        self.door = Door(self.told, bounds=Bounds(**bounds), words=("srvr", "stmk"))
        self.lines = []

    async def __aenter__(self):
        self.server = await asyncio.get_running_loop().create_server(
            self.door.guest, "127.0.0.1", 0, backlog=1024
        )
        self.port = self.server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_):
        for line in self.lines:
            line.writer.close()
        self.server.close()
        await self.door.close()

    async def line(self, data=b"", limit=2**16):
        line = Line(*await asyncio.open_connection("127.0.0.1", self.port, limit=limit))
        self.lines.append(line)
        await line.send(data)
        return line

    async def session(self):
        line = await self.line(w.connect_frame())
        assert await line.read() == WELCOMED
        return line

    async def until(self, happened):
        while not happened():
            await asyncio.sleep(0)


# A conversation.


def test_a_client_is_welcomed_asks_and_is_answered():
    async def test():
        async with Served() as served:
            line = await served.session()
            assert await line.ask(1, w.EXISTS, EXISTS) == reply(1, 0, bytes(68))
            assert served.told.requests == [
                ConnectRequest(0, 0, 30_000, 0, bytes(16), False),
                ExistsRequest("/a", False),
            ]
            (client,) = served.told.clients
            assert client.address == "{}:{}".format(*line.writer.get_extra_info("sockname"))
            assert (client.received, client.sent, client.outstanding) == (2, 2, 0)

    run(test())


def test_an_old_client_is_not_told_whether_the_server_may_only_be_read():
    async def test():
        async with Served() as served:
            line = await served.line(w.connect_frame(read_only=b""))
            assert await line.read() == w.frame(WELCOMED[4:-1])

    run(test())


def test_a_session_that_is_not_there_is_answered_and_the_connection_closed():
    async def test():
        async with Served() as served:
            served.told.welcome = NO_SESSION
            line = await served.line(w.connect_frame(session=5))
            assert await line.rest() == w.frame(bytes(16) + w.b(bytes(16)) + b"\0")
            await served.until(lambda: served.told.gone == served.told.clients)

    run(test())


def test_nothing_is_asked_before_the_session_is_there():
    async def test():
        async with Served() as served:
            served.told.connected = lambda client, request: served.told.clients.append(client)
            line = await served.line(w.connect_frame() + w.request(1, w.EXISTS, EXISTS))
            await served.until(lambda: served.told.clients)
            assert served.told.requests == []
            served.told.clients[0].welcome(WELCOME)
            assert await line.read() == WELCOMED
            assert await line.read() == reply(1, 0, bytes(68))

    run(test())


def test_what_comes_one_byte_at_a_time_is_understood():
    async def test():
        async with Served() as served:
            line = await served.line()
            for byte in w.connect_frame() + w.request(1, w.EXISTS, EXISTS):
                await line.send(bytes([byte]))
                await asyncio.sleep(0)
            assert await line.read() == WELCOMED
            assert await line.read() == reply(1, 0, bytes(68))

    run(test())


@settings(max_examples=30, deadline=None)
@given(some.lists(some.integers(1, 40), min_size=1, max_size=20), some.integers(1, 3))
def test_the_answers_do_not_depend_on_where_the_bytes_are_cut(lengths, requests):
    class Wire:
        """What asyncio gives, as far as a visitor uses it."""

        def __init__(self):
            self.written, self.reads = b"", True

        def get_extra_info(self, _):
            return ("127.0.0.1", 1)

        def write(self, data):
            self.written += data

        def set_write_buffer_limits(self, high):
            pass

        def get_write_buffer_size(self):
            return 0

        def is_closing(self):
            return False

        def pause_reading(self):
            self.reads = False

        def resume_reading(self):
            self.reads = True

    async def test():
        wire, visitor = Wire(), Visitor(Door(Told(), bounds=Bounds(requests=requests)))
        visitor.connection_made(wire)
        data = w.connect_frame() + b"".join(w.request(xid, w.EXISTS, EXISTS) for xid in range(1, 9))
        while data:
            length = lengths.pop() if lengths else len(data)
            visitor.data_received(data[:length])
            data = data[length:]
        assert wire.written == WELCOMED + b"".join(reply(xid, 0, bytes(68)) for xid in range(1, 9))
        assert wire.reads
        visitor.connection_lost(None)

    run(test())


def test_replies_leave_in_the_order_of_the_requests_and_notifications_at_once():
    async def test():
        async with Served() as served:
            line = await served.session()
            served.told.holds = True
            await line.send(b"".join(w.request(xid, w.SYNC, w.s("/a")) for xid in (1, 2, 3)))
            await served.until(lambda: len(served.told.held) == 3)
            (client, first), (_, second), (_, third) = served.told.held
            client.reply(third, ZXID)
            client.reply(second, ZXID)
            assert client.outstanding == 3
            client.notify(event("/a"))
            client.reply(first, ZXID)
            assert [await line.read() for _ in range(4)] == [NOTIFIED, reply(1), reply(2), reply(3)]
            assert client.outstanding == 0

    run(test())


def test_a_ping_is_answered_with_the_xid_of_pings_whatever_its_own_is():
    async def test():
        async with Served() as served:
            line = await served.session()
            assert await line.ask(9, w.PING) == reply(-2)

    run(test())


def test_a_request_that_cannot_be_read_is_answered_in_its_turn_and_the_session_goes_on():
    async def test():
        async with Served() as served:
            line = await served.session()
            assert await line.ask(1, w.EXISTS, w.i(50) + b"/a") == reply(1, Code.MARSHALLING_ERROR)
            assert await line.ask(2, w.DELETE_CONTAINER, b"/c") == reply(2, Code.BAD_ARGUMENTS)
            assert await line.pings()

    run(test())


def test_a_step_of_sasl_is_answered_as_where_it_is_off_and_nobody_is_asked():
    async def test():
        async with Served() as served:
            line = await served.session()
            (real,) = (each for each in LINES if each["name"] == "a step of SASL where it is off")
            await line.send(bytes.fromhex(real["request"]))
            assert (await line.read()).hex() == real["reply"]
            assert await line.pings()
            assert len(served.told.requests) == 2

    run(test())


@pytest.mark.parametrize("type", [0, 10, 23, 108, w.CREATE_SESSION, -1, 2**31 - 1])
def test_a_type_that_there_is_not_is_answered_so_in_its_turn_and_ends_the_connection(type):
    async def test():
        async with Served() as served:
            line = await served.session()
            served.told.holds = True
            await line.send(w.request(1, w.SYNC, w.s("/a")) + w.request(2, type) + w.request(3, w.PING))
            await served.until(lambda: served.told.held)
            served.told.answer(*served.told.held.pop())
            refused = w.frame(w.i(2) + w.q(-1) + w.i(Code.UNIMPLEMENTED))
            assert await line.rest() == reply(1) + refused

    run(test())


def test_a_key_that_is_refused_ends_the_connection_and_one_that_is_taken_does_not():
    async def test():
        async with Served() as served:
            line = await served.session()
            assert await line.ask(-4, w.AUTH, w.i(0) + w.s("digest") + w.b(b"a:b")) == reply(-4)
            await line.send(w.request(-4, w.AUTH, w.i(0) + w.s("nobody") + w.b(b"")))
            assert await line.rest() == reply(-4, Code.AUTH_FAILED)

    run(test())


def test_after_the_end_of_a_session_nothing_is_read_and_the_connection_is_closed():
    async def test():
        async with Served() as served:
            line = await served.session()
            await line.send(w.request(1, w.CLOSE_SESSION) + w.request(2, w.PING))
            assert await line.rest() == reply(1)
            assert len(served.told.requests) == 2

    run(test())


def test_what_is_said_to_a_client_that_is_gone_is_said_to_nobody():
    async def test():
        async with Served() as served:
            served.told.holds = True
            line = await served.session()
            await line.send(w.request(1, w.SYNC, w.s("/a")))
            await served.until(lambda: served.told.held)
            line.writer.close()
            await served.until(lambda: served.told.gone)
            ((client, asked),) = served.told.held
            client.reply(asked, ZXID)
            client.notify(event("/a"))
            client.welcome(WELCOME)
            client.close()
            assert served.told.gone == [client]
            assert client.sent == 1

    run(test())


@pytest.mark.parametrize("requests", [0, 5])
def test_a_client_that_leaves_while_it_waits_is_noticed(requests):
    async def test():
        async with Served(requests=3) as served:
            told = served.told
            told.holds = True
            if not requests:
                told.connected = lambda client, request: told.clients.append(client)
            line = await served.line(w.connect_frame() + w.request(1, w.EXISTS, EXISTS) * requests)
            await served.until(lambda: told.clients and len(told.held) == min(requests, 3))
            line.writer.close()
            await served.until(lambda: told.gone == told.clients)
            assert served.door.visitors == {}

    run(test())


def test_a_request_is_answered_once():
    async def test():
        async with Served() as served:
            served.told.holds = True
            line = await served.session()
            await line.send(w.request(1, w.SYNC, w.s("/a")) * 2)
            await served.until(lambda: len(served.told.held) == 2)
            client, second = served.told.held[1]
            client.reply(second, ZXID)
            with pytest.raises(AssertionError, match="request 1 is answered twice"):
                client.reply(second, ZXID)

    run(test())


# Four-letter words.


def test_the_words_are_those_that_the_real_server_knows():
    said = json.loads((GOLDEN / "words.json").read_text(encoding="utf-8"))
    assert set(said) == WORDS


def test_a_word_that_is_allowed_is_answered_and_the_connection_closed():
    async def test():
        async with Served() as served:
            line = await served.line(b"srvr\n")
            assert await line.rest() == b"srvr b''"
            slow = await served.line()
            for letter in b"srvr":
                await slow.send(bytes([letter]))
                await asyncio.sleep(0)
            assert await slow.rest() == b"srvr b''"
            assert served.told.clients == served.told.gone == []

    run(test())


def test_the_word_that_sets_a_mask_waits_for_its_eight_bytes():
    async def test():
        async with Served() as served:
            line = await served.line(b"stmk\0\0\0")
            await line.send(b"\0\0\0\0\x05")
            assert await line.rest() == rb"stmk b'\x00\x00\x00\x00\x00\x00\x00\x05'"

    run(test())


@pytest.mark.parametrize(
    "line", [line for line in LINES if str(line["type"]).startswith("odd")], ids=lambda line: line["name"]
)
def test_what_is_no_request_gets_the_same_bytes_as_from_the_real_server(line):
    async def test():
        async with Served() as served:
            odd = await (served.session() if line["type"] == "odd later" else served.line())
            await odd.send(bytes.fromhex(line["request"]))
            assert (await odd.rest()).hex() == line["reply"]
            assert await (await served.session()).pings()

    run(test())


# Hostile and clumsy ones.


@pytest.mark.parametrize(
    "data",
    [
        bytes(100),
        b"\xff" * 100,
        b"\xff\xf4\xff\xfd\x06",
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01",
        w.frame(bytes(2000)),
        w.i(4097),
        w.frame(w.i(0) + w.q(0) + w.i(0) + w.q(0) + w.i(2**31 - 1)),
        w.frame(w.i(0) + w.q(0) + w.i(0) + w.q(0) + w.i(-7)),
    ],
)
def test_nonsense_ends_without_a_session_and_the_others_are_served_on(data):
    async def test():
        async with Served() as served:
            good = await served.session()
            odd = await served.line(data)
            came = await odd.rest() if data != w.frame(bytes(2000)) else await odd.read()
            assert came in (b"", WELCOMED)  # what is long enough is a request, as for the real server
            assert await good.pings()

    run(test())


def test_who_breaks_off_at_any_byte_leaves_nothing_behind():
    async def test():
        async with Served() as served:
            good = await served.session()
            data = w.connect_frame() + w.request(1, w.EXISTS, EXISTS)
            for end in range(len(data)):
                line = await served.line(data[:end])
                line.writer.write_eof()
                assert await line.rest() in (b"", WELCOMED)
            await served.until(lambda: len(served.door.visitors) == 1)
            assert len(served.told.gone) == len(served.told.clients) - 1
            assert await good.pings()

    run(test())


@pytest.mark.parametrize("data", [b"", b"\0", b"\0\0\0\x2d\0", w.connect_frame()[:-1], b"srv", b"stmk\0"])
def test_who_does_not_ask_for_a_session_in_time_is_sent_away(data):
    async def test():
        async with Served(connect_s=0.02) as served:
            line = await served.line(data)
            assert await line.rest() == b""
            assert served.told.clients == []

    run(test())


def test_a_frame_that_began_and_does_not_end_in_time_ends_the_connection():
    async def test():
        async with Served(frame_s=0.02) as served:
            line = await served.session()
            await line.send(w.request(1, w.PING) + w.request(2, w.EXISTS, EXISTS)[:-1])
            assert await line.rest() == reply(-2)

    run(test())


def test_who_says_nothing_between_two_frames_has_all_the_time_and_a_new_frame_has_its_own():
    async def test():
        async with Served() as served:
            line = await served.session()
            (client,) = served.told.clients
            assert client._clock is None
            whole = w.request(1, w.EXISTS, EXISTS)
            await line.send(whole[:5])
            await served.until(lambda: client._clock)
            first = client._clock
            await line.send(whole[5:] + whole[:5])
            assert await line.read() == reply(1, 0, bytes(68))
            await served.until(lambda: client._clock not in (None, first))
            assert first.cancelled()
            await line.send(whole[5:])
            assert await line.read() == reply(1, 0, bytes(68))
            assert client._clock is None

    run(test())


def test_a_frame_of_the_longest_length_is_taken_and_one_byte_more_is_refused():
    async def test():
        async with Served() as served:
            line = await served.session()
            room = 0xFFFFF - 8 - 4 - 2 - 4 - 4
            longest = w.s("/a") + w.b(bytes(room)) + w.i(-1)
            assert await line.ask(1, w.SET_DATA, longest) == reply(1)
            await line.send(w.request(2, w.SET_DATA, longest + b"\0"))
            assert await line.rest() == b""

    run(test())


def test_who_asks_faster_than_is_answered_is_not_read_for_a_while():
    async def test():
        async with Served(requests=10) as served:
            told, line = served.told, await served.session()
            told.holds = True
            sending = asyncio.create_task(
                line.send(b"".join(w.request(xid, w.EXISTS, EXISTS) for xid in range(2000)))
            )
            for xid in range(2000):
                await served.until(lambda: told.held)
                told.answer(*told.held.pop(0))
                assert await line.read() == reply(xid, 0, bytes(68))
            await sending
            assert told.most == 10

    run(test())


def test_the_bytes_of_unanswered_requests_are_bounded_too():
    async def test():
        async with Served(request_bytes=250_000) as served:
            told, line = served.told, await served.session()
            told.holds = True
            body = w.s("/a") + w.b(bytes(100_000)) + w.i(-1)
            sending = asyncio.create_task(
                line.send(b"".join(w.request(xid, w.SET_DATA, body) for xid in range(20)))
            )
            for xid in range(20):
                await served.until(lambda: told.held)
                assert len(told.clients[0]._in) < 500_000  # what came and is not taken; the rest is not read
                told.answer(*told.held.pop(0))
                assert await line.read() == reply(xid)
            await sending
            assert told.most == 3

    run(test())


def test_the_bytes_of_all_clients_are_bounded_and_who_waits_for_nothing_is_served_still():
    async def test():
        async with Served(request_bytes_all=250_000) as served:
            told, body = served.told, w.s("/a") + w.b(bytes(100_000)) + w.i(-1)
            told.holds = True
            lines = [await served.session() for _ in range(3)]
            sending = [
                asyncio.create_task(line.send(w.request(1, w.SET_DATA, body) * 5)) for line in lines[:2]
            ]
            await served.until(lambda: served.door.waiting_bytes > 250_000)
            told.holds = False
            assert await lines[2].pings()
            told.holds = True
            read = [0, 0]
            while read != [5, 5]:
                await served.until(lambda: told.held)
                client, asked = told.held.pop(0)
                assert served.door.waiting_bytes < 500_000
                told.answer(client, asked)
                number = told.clients.index(client)
                assert await lines[number].read() == reply(1)
                read[number] += 1
            await asyncio.gather(*sending)
            assert served.door.waiting_bytes == 0

    run(test())


def test_of_requests_for_data_few_are_taken_at_a_time_for_their_answers_may_be_long():
    """Else those of one moment fill all that may be unread, before their client can have read any."""

    async def test():
        async with Served(long_answers=4) as served:
            told, line = served.told, await served.session()
            told.holds, told.size = True, 100_000
            await line.send(b"".join(w.request(xid, w.GET_DATA, EXISTS) for xid in range(100)))
            for xid in range(100):
                await served.until(lambda: told.held)
                told.answer(*told.held.pop(0))
                assert (await line.read())[4:8] == w.i(xid)
            assert told.most == 4

    run(test())


def test_who_has_sent_the_most_that_cannot_be_taken_is_sent_away_when_it_is_too_much_of_all():
    async def test():
        async with Served(untaken_bytes_all=250_000) as served:
            large, small, other = [await served.session() for _ in range(3)]
            await large.send(w.i(200_000) + bytes(150_000))
            await small.send(w.i(200_000) + bytes(40_000))
            await served.until(lambda: served.door.untaken_bytes == 4 + 150_000 + 4 + 40_000)
            await other.send(w.i(200_000) + bytes(70_000))
            assert await large.rest() == b""
            await served.until(lambda: served.door.untaken_bytes == 4 + 40_000 + 4 + 70_000)
            assert served.door.dropped == 1
            await other.send(w.i(200_000))  # nothing ends a frame that goes on
            for line in (small, other):
                line.writer.close()
            await served.until(lambda: served.door.untaken_bytes == 0)

    run(test())


def test_what_a_client_asked_that_is_gone_is_not_counted_any_more():
    async def test():
        async with Served() as served:
            served.told.holds = True
            line = await served.session()
            await line.send(w.request(1, w.EXISTS, EXISTS) * 3)
            await served.until(lambda: len(served.told.held) == 3)
            assert served.door.waiting_bytes == 3 * (8 + len(EXISTS))
            line.writer.close()
            await served.until(lambda: served.told.gone)
            assert served.door.waiting_bytes == 0

    run(test())


def test_who_does_not_read_is_not_read_and_gets_all_when_it_reads_again():
    async def test():
        async with Served() as served:
            served.told.size = 500_000
            lazy, good = await served.line(limit=1000), await served.session()
            await lazy.send(
                w.connect_frame() + b"".join(w.request(xid, w.GET_DATA, EXISTS) for xid in range(200))
            )
            await served.until(lambda: len(served.told.clients) == 2 and served.told.clients[1]._is_full)
            assert served.told.requests.count(served.told.requests[-1]) < 100  # and 100 MB are not in memory
            assert await good.pings()
            assert await lazy.read() == WELCOMED
            for xid in range(200):
                came = await lazy.read()
                assert (came[4:8], len(came)) == (w.i(xid), 4 + 16 + 4 + 500_000 + 68)

    run(test())


def test_who_reads_nothing_while_its_watches_see_much_is_dropped_and_the_others_are_served_on():
    async def test():
        async with Served(unread_bytes=100_000) as served:
            good, lazy = await served.session(), await served.line(w.connect_frame(), limit=1000)
            await served.until(lambda: len(served.told.clients) == 2)
            client, said = served.told.clients[1], 0
            while not served.door.dropped:
                client.notify(event("/" + "a" * 50_000))
                said += 1
                await asyncio.sleep(0)
            assert said < 1000  # some lie in the buffers of the operating system
            await served.until(lambda: served.told.gone == [client])
            assert await good.pings()
            lazy.writer.close()

    run(test())


def test_answers_whose_turn_does_not_come_count_as_unread():
    async def test():
        async with Served(unread_bytes=100_000) as served:
            served.told.holds, served.told.size = True, 60_000
            line = await served.session()
            await line.send(b"".join(w.request(xid, w.GET_DATA, EXISTS) for xid in range(3)))
            await served.until(lambda: len(served.told.held) == 3)
            client = served.told.clients[0]
            for held in reversed(served.told.held[1:]):
                served.told.answer(*held)
            client.notify(event("/a"))
            assert served.door.dropped == 1

    run(test())


def test_who_does_not_read_the_last_words_does_not_keep_the_connection_open():
    async def test():
        async with Served(close_s=0.02, unread_pause=2**30, unread_bytes=2**30) as served:
            await served.line(w.connect_frame(), limit=1000)
            await served.until(lambda: served.told.clients)
            (client,) = served.told.clients
            while not client._wire.get_write_buffer_size():
                client.notify(event("/" + "a" * 50_000))
            client.close()
            await served.until(lambda: served.told.gone)

    run(test())


def test_a_thousand_connections_are_borne_one_more_is_refused_and_there_is_room_again_when_one_leaves():
    async def test():
        allow_files(4096)
        async with Served(clients=1001) as served:
            good = await served.session()
            words = (b"", b"\0\0\0", w.connect_frame()[:20], w.connect_frame())
            crowd = [await served.line(words[number % 4]) for number in range(1000)]
            await served.until(lambda: len(served.door.visitors) == 1001)
            assert await good.pings()
            assert await (await served.line(w.connect_frame())).rest() == b""
            assert served.door.refused == 1
            crowd[0].writer.close()
            await served.until(lambda: len(served.door.visitors) == 1000)
            assert await (await served.session()).pings()

    run(test())


def test_connections_of_one_address_are_bounded_where_addresses_tell_clients_apart():
    door = Door(Told())
    assert all(door.admit(Key("192.0.2.1")) for _ in range(60))
    assert not door.admit(Key("192.0.2.1"))
    assert door.admit(Key("192.0.2.2"))
    assert all(door.admit(Key(host)) for host in ("127.0.0.1", "::1") for _ in range(100))
    door.forget(next(iter(door.visitors)))
    assert door.admit(Key("192.0.2.1"))
    assert door.refused == 1


class Key:
    """As much of a visitor as a count needs."""

    def __init__(self, host):
        self.host = host


def test_connections_of_this_machine_can_be_bounded_too():
    async def test():
        async with Served(per_loopback=2) as served:
            first, second = await served.session(), await served.session()
            assert await (await served.line(w.connect_frame())).rest() == b""
            first.writer.close()
            await served.until(lambda: len(served.door.visitors) == 1)
            assert await (await served.session()).pings()
            assert await second.pings()

    run(test())


def test_when_the_door_closes_all_clients_are_sent_away_and_each_is_told_of_once():
    async def test():
        async with Served() as served:
            sessions = [await served.session() for _ in range(3)]
            waiting = await served.line(b"\0\0")
            await served.until(lambda: len(served.door.visitors) == 4)
            await served.door.close()
            assert served.door.visitors == {}
            assert not served.door._by_host
            assert [await line.rest() for line in (*sessions, waiting)] == [b""] * 4
            assert sorted(map(id, served.told.gone)) == sorted(map(id, served.told.clients))

    run(test())
