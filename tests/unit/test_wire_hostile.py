"""What strangers do at the port of a member: it refuses them, keeps little for them, and serves the others on."""

import contextlib
import http.client
import socket
import struct
from pathlib import Path

import pytest

from distsys.serve import processes
from distsys.wire.etcd.messages import calls, message

grpc = pytest.importorskip("grpc")

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
SETTINGS = b"\0\0\0\x04\0\0\0\0\0"
PATIENCE_S = 120


def until_healthy(address):
    """Return when the member can read and write."""
    put(address, b"first", b"")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    with processes("raft-etcd", nodes=1, folder=tmp_path_factory.mktemp("hostile") / "d") as running:
        until_healthy(running.addresses["n1"])
        yield running


@pytest.fixture
def address(cluster):
    """Give the address of the member, and see at the end that it serves on, in the same process."""
    pid = cluster.pid("n1")
    yield cluster.addresses["n1"]
    assert put(cluster.addresses["n1"], b"still", b"here") > 0
    assert cluster.pid("n1") == pid


def connected(address):
    host, port = address.split(":")
    return socket.create_connection((host, int(port)), PATIENCE_S)


def until_closed(line):
    """Return what comes on a connection until the other side closes it."""
    came = b""
    with contextlib.suppress(ConnectionError):
        while more := line.recv(65536):
            came += more
    return came


def stub(channel, name):
    """Return a call of a channel."""
    shape = calls()[name]
    kind = (
        f"{'stream' if shape.requests_stream else 'unary'}_{'stream' if shape.responses_stream else 'unary'}"
    )
    return getattr(channel, kind)(
        f"/{name}",
        request_serializer=message(shape.request).SerializeToString,
        response_deserializer=message(shape.response).FromString,
    )


def put(address, key, value):
    """Put, and return the revision."""
    with grpc.insecure_channel(address) as channel:
        request = message("PutRequest")(key=key, value=value)
        return stub(channel, "etcdserverpb.KV/Put")(request, timeout=PATIENCE_S).header.revision


@pytest.mark.parametrize(
    "data",
    [
        b"\0\0\0\x05hello",
        b"\xff\xff\xff\xff",
        b"nonsense",
        b"\x16\x03\x01\x02\x00\x01",
        PREFACE + b"\xff" * 100,
        PREFACE + SETTINGS + b"\xff\xff\xff\0\0\0\0\0\x01",  # a frame of 16 MB on a stream that nobody opened
        # A frame of a kind that there is not, then one of a length that its kind does not have.
        PREFACE + SETTINGS + b"\0\0\x05\xee\0\0\0\0\x01hello" + b"\0\0\0\x08\0\0\0\0\0",
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST /v3/kv/put HTTP/1.1\r\nContent-Length: 100000000\r\n\r\n",
        b"POST /v3/kv/put HTTP/1.1\r\n" + b"X: y\r\n" * 10_000,
    ],
)
def test_nonsense_is_sent_away(address, data):
    with connected(address) as line:
        with contextlib.suppress(ConnectionError):
            line.sendall(data)
        until_closed(line)


@pytest.mark.parametrize(
    "data", [PREFACE[:10], PREFACE + SETTINGS[:4], b"POST /v3/kv/put HTTP/1.1\r\nContent-Le"]
)
def test_who_breaks_off_leaves_nothing_behind(address, data):
    with connected(address) as line:
        line.sendall(data)
        line.shutdown(socket.SHUT_WR)
        until_closed(line)


def test_who_says_half_a_word_is_sent_away_in_time(address):
    with connected(address) as line:
        line.sendall(b"PR")
        assert until_closed(line) == b""


def test_a_request_that_is_too_large_is_refused_and_the_connection_serves_on(address):
    with grpc.insecure_channel(address) as channel:
        call = stub(channel, "etcdserverpb.KV/Put")
        with pytest.raises(grpc.RpcError) as refused:
            call(message("PutRequest")(key=b"k", value=bytes(3 * 2**20)), timeout=PATIENCE_S)
        assert refused.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert call(message("PutRequest")(key=b"k"), timeout=PATIENCE_S).header.revision > 0


def test_bytes_that_are_no_message_and_calls_that_are_not_there_are_refused(address):
    with grpc.insecure_channel(address) as channel:
        for name in ("etcdserverpb.KV/Put", "etcdserverpb.KV/Nothing", "other.Service/Call"):
            with pytest.raises(grpc.RpcError) as refused:
                channel.unary_unary(f"/{name}")(b"\xff\xff\xff", timeout=PATIENCE_S)
            assert refused.value.code() in (grpc.StatusCode.INTERNAL, grpc.StatusCode.UNIMPLEMENTED)


def test_json_that_is_deep_or_broken_is_refused(address):
    deep = '{"success":[{"request_txn":' * 500 + "{}" + "}]}" * 500
    wrong = ("{", '{"success": 5}', '{"compare": [{"version": "x"}]}', "\xff", "9" * 10_000)
    for body in (deep, "[" * 100_000, *wrong):
        line = http.client.HTTPConnection(address, timeout=PATIENCE_S)
        line.request("POST", "/v3/kv/txn", body.encode("latin-1"))
        assert line.getresponse().status == 400
        line.close()


def memory(pid):
    """Return how many bytes of memory a process holds."""
    status = Path(f"/proc/{pid}/status")
    if not status.exists():
        pytest.skip("needs /proc to measure memory")
    return 1024 * int(status.read_text().split("VmRSS:")[1].split()[0])


def test_watchers_that_never_read_cost_little_and_the_one_that_reads_sees_all(cluster, address):
    watchers, changes, size = 40, 60, 50_000
    request = message("WatchRequest")(create_request={"key": b"watched"})
    body = request.SerializeToString()
    with contextlib.ExitStack() as held:
        reading = held.enter_context(grpc.insecure_channel(address))
        responses = stub(reading, "etcdserverpb.Watch/Watch")(iter([request]), timeout=PATIENCE_S)
        assert next(responses).created
        for _ in range(watchers):
            line = held.enter_context(connected(address))
            line.sendall(PREFACE + SETTINGS + headers("/etcdserverpb.Watch/Watch") + data(body))
        before = memory(cluster.pid("n1"))
        writing = stub(held.enter_context(grpc.insecure_channel(address)), "etcdserverpb.KV/Put")
        for number in range(changes):
            value = b"%d." % number + bytes(size)
            writing(message("PutRequest")(key=b"watched", value=value), timeout=PATIENCE_S)
        seen = []
        while len(seen) < changes:
            seen += [event.kv.value.rstrip(b"\0") for event in next(responses).events]
        assert seen == [b"%d." % number for number in range(changes)]
        assert memory(cluster.pid("n1")) - before < watchers * changes * size / 3
        responses.cancel()


def headers(path):
    """Return the frame of HTTP/2 that opens stream 1 with a call of gRPC, every field written out."""
    fields = {
        ":method": "POST", ":scheme": "http", ":path": path, ":authority": "x",
        "content-type": "application/grpc", "te": "trailers",
    }  # fmt: skip
    block = b"".join(
        b"\0" + bytes([len(name)]) + name.encode() + bytes([len(value)]) + value.encode()
        for name, value in fields.items()
    )
    return len(block).to_bytes(3, "big") + b"\x01\x04" + struct.pack(">I", 1) + block


def data(body):
    """Return the frame of HTTP/2 that carries a message of gRPC on stream 1."""
    framed = b"\0" + struct.pack(">I", len(body)) + body
    return len(framed).to_bytes(3, "big") + b"\0\0" + struct.pack(">I", 1) + framed


def test_a_thousand_connections_are_borne_and_another_client_is_served(address):
    with contextlib.ExitStack() as held:
        for number in range(1000):
            line = held.enter_context(connected(address))
            line.sendall(PREFACE + SETTINGS if number % 2 else b"GET /version HTTP/1.1\r\n\r\n")
        assert put(address, b"among", b"many") > 0
        with connected(address) as line:
            line.sendall(b"GET /version HTTP/1.1\r\nConnection: close\r\n\r\n")
            assert b"etcdserver" in until_closed(line)
