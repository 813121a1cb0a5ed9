"""HTTP/1.1 as the gateway reads it, and the door before it: strangers send what they like."""

import asyncio

import pytest

from distsys.wire.etcd import door as doors
from distsys.wire.etcd import http
from distsys.wire.etcd.door import Door
from distsys.wire.etcd.http import BadRequestError, Request, Response, parsed_head, read_request


def read(data, end=True):
    """Return what is read from bytes."""

    async def reading():
        reader = asyncio.StreamReader(http.HEAD_MAX)
        reader.feed_data(data)
        if end:
            reader.feed_eof()
        return await read_request(reader)

    return asyncio.run(reading())


def test_a_request_is_read_with_its_body():
    data = b"POST /v3/kv/put HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbodyGET"
    assert read(data) == Request("POST", "/v3/kv/put", {"host": "x", "content-length": "4"}, b"body")


@pytest.mark.parametrize(
    "data", [b"", b"P", b"POST / HTTP/1.1\r\nHo", b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nshort"]
)
def test_a_request_that_breaks_off_is_none(data):
    assert read(data) is None


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"GET / HTTP/2.0\r\n\r\n", 400),
        (b"GET nothing HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nno colon\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: \xb2\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n", 413),
        (b"POST / HTTP/1.1\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", 411),
        (b"GET / HTTP/1.1\r\nX: " + b"x" * 20_000, 431),
    ],
)
def test_a_bad_request_is_refused_with_its_status(data, status):
    with pytest.raises(BadRequestError) as refused:
        read(data, end=False)
    assert refused.value.status == status


@pytest.mark.parametrize(
    "data", [b"POST / HTTP/1.1\r\n", b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nhalf"]
)
def test_a_request_that_does_not_end_in_time_is_given_up(data, monkeypatch):
    monkeypatch.setattr(http, "HEAD_S", 0.01)
    monkeypatch.setattr(http, "BODY_S", 0.01)
    assert read(data, end=False) is None


def test_the_head_of_versions_before_closes_the_connection():
    assert not parsed_head(b"GET / HTTP/1.0\r\n\r\n").keeps_open
    assert parsed_head(b"GET / HTTP/1.1\r\n\r\n").keeps_open


# The door.


async def nothing_new(request):
    """Answer every request."""
    return Response(200, b"{}")


def asked(data, most=10, end=False):
    """Return what comes back from a door for some bytes, until it closes the connection."""

    async def asking():
        door = Door("/nowhere", nothing_new, most=most)
        server = await asyncio.get_running_loop().create_server(door.guest, "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(data)
        if end:
            writer.write_eof()
        try:
            came = await reader.read()
        except ConnectionError:
            came = b""
        writer.close()
        server.close()
        await door.close()
        return came, door

    return asyncio.run(asking())


def test_the_door_leads_http_to_the_gateway():
    came, door = asked(b"GET /x HTTP/1.1\r\nConnection: close\r\n\r\n")
    assert came.startswith(b"HTTP/1.1 200 OK\r\n")
    assert came.endswith(b"\r\n\r\n{}")
    assert not door.guests


@pytest.mark.parametrize("data", [b"\x16\x03\x01\x02\x00", b"nonsense", b"\0\0\0\0"])
def test_the_door_sends_away_what_it_does_not_know(data):
    came, door = asked(data)
    assert came == b""
    assert door.refused == 1
    assert not door.guests


def test_the_door_sends_away_who_says_nothing_in_time(monkeypatch):
    monkeypatch.setattr(doors, "FIRST_S", 0.01)
    assert asked(b"PO")[0] == b""


def test_the_door_sends_away_one_too_many():
    came, door = asked(b"GET /x HTTP/1.1\r\n\r\n", most=0)
    assert came == b""
    assert door.refused == 1


def test_a_connection_of_grpc_ends_where_nobody_serves_it():
    assert asked(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")[0] == b""
