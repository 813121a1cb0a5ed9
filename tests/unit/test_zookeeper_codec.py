"""The codec against what a real ZooKeeper 3.8.0 took and said (tests/golden/zookeeper), and against odd bytes.

tools/record_zookeeper_frames.py makes the golden frames; their requests are packed by tests/zookeeper_wire.py.
"""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

import zookeeper_wire as w
from distsys.wire.zookeeper import schema
from distsys.wire.zookeeper.codec import (
    NO_SESSION,
    READS,
    WRITES,
    Unreadable,
    connect_request_of,
    connect_response_frame,
    connect_response_of,
    framed,
    notification_frame,
    reply_frame,
    reply_of,
    request_frame,
    request_of,
)
from distsys.wire.zookeeper.codes import Code, OpCode
from distsys.wire.zookeeper.jute import JuteError, packed
from distsys.wire.zookeeper.schema import (
    SHAPES,
    MultiOperationRecord,
    Op,
    ReplyHeader,
    RequestHeader,
    WatcherEvent,
)
from zookeeper_records import GOLDEN, records_of

LINES = [json.loads(line) for line in (GOLDEN / "frames.jsonl").read_text(encoding="utf-8").splitlines()]
ASKED = [line for line in LINES if isinstance(line["type"], int) and "request" in line]
WRONG = [line for line in LINES if "wrong" in line]
GREETED = [line for line in LINES if line["type"] == "connect"]
# Where the real server does what nobody should copy: it answers a client that wants a session made by hand with one,
# never answers a check outside a multi, and takes a watch of nothing.
OTHERWISE = {"createSession", "check alone", "addWatch of a null path", "reconfig of a null"}


def by_name(lines):
    return pytest.mark.parametrize("line", lines, ids=lambda line: line["name"])


def bare(hexed):
    """Return a frame without its length."""
    return bytes.fromhex(hexed)[4:]


def test_every_type_of_request_was_recorded():
    assert {line["type"] for line in ASKED} == set(SHAPES) - {
        OpCode.CHECK
    }  # which the real one does not answer


@by_name(ASKED)
def test_a_request_that_the_real_server_answered_is_read_and_packed_to_the_same_bytes(line):
    header, record = request_of(bare(line["request"]))
    assert header.type == line["type"]
    kind = SHAPES[header.type][0]
    assert record is None if kind is None else isinstance(record, kind)
    assert request_frame(header, record).hex() == line["request"]


@by_name(ASKED)
def test_a_reply_of_the_real_server_is_read_and_packed_to_the_same_bytes(line):
    header, record = reply_of(bare(line["reply"]), line["type"])
    kind = SHAPES[line["type"]][1]
    assert record is None if kind is None or header.err else isinstance(record, kind)
    assert reply_frame(header, record).hex() == line["reply"]


@by_name([line for line in ASKED if "before" in line])
def test_a_notification_of_the_real_server_is_read_and_packed_to_the_same_bytes(line):
    for came in line["before"]:
        header, event = reply_of(bare(came), line["type"])
        assert header == ReplyHeader(-1, -1, 0)
        assert isinstance(event, WatcherEvent)
        assert notification_frame(event).hex() == came


@by_name(GREETED)
def test_the_beginning_of_a_session_is_read_and_packed_to_the_same_bytes(line):
    request = connect_request_of(bare(line["request"]))
    assert framed(packed(request)).hex() == line["request"]
    if line["reply"]:
        response = connect_response_of(bare(line["reply"]))
        assert (response.read_only is None) == (request.read_only is None)
        assert connect_response_frame(response).hex() == line["reply"]


def test_a_session_that_is_not_there_is_answered_with_the_bytes_of_the_real_server():
    (line,) = (line for line in GREETED if line["name"] == "a session that is not")
    assert connect_response_frame(NO_SESSION).hex() == line["reply"]


@by_name([line for line in WRONG if line["name"] not in OTHERWISE])
def test_a_request_that_cannot_be_read_is_answered_with_the_error_of_the_real_server(line):
    frame = bare(line["wrong"])
    if line["reply"] == "":
        with pytest.raises(JuteError):
            request_of(frame)
        return
    err = w.error_of(bytes.fromhex(line["reply"]))
    _, record = request_of(frame)
    if isinstance(record, Unreadable):
        assert record.code == err
    else:  # it can be read: the error, if any, is the service's to find
        assert err in (Code.OK, Code.UNIMPLEMENTED, Code.INVALID_ACL, Code.AUTH_FAILED, Code.BAD_ARGUMENTS)
        assert (err == Code.UNIMPLEMENTED) == (line["type"] not in SHAPES)


@by_name(
    [
        line
        for line in WRONG
        if line["reply"] and w.error_of(bytes.fromhex(line["reply"])) == Code.UNIMPLEMENTED
    ]
)
def test_a_type_that_there_is_not_has_no_record_and_the_real_answer_has_no_zxid(line):
    header, record = request_of(bare(line["wrong"]))
    assert record is None
    assert reply_frame(ReplyHeader(header.xid, -1, Code.UNIMPLEMENTED)).hex() == line["reply"]


SAID = [json.loads(line) for line in (GOLDEN / "clients.jsonl").read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("client", ["kazoo", "zkCli"])
def test_all_that_a_real_client_said_and_was_told_is_read_and_packed_to_the_same_bytes(client):
    frames = [line for line in SAID if line["client"] == client]
    connect, connected = frames[0]["asks"], frames[1]["is told"]
    assert framed(packed(connect_request_of(bare(connect)))).hex() == connect
    assert connect_response_frame(connect_response_of(bare(connected))).hex() == connected
    types = {}
    for line in frames[2:]:
        if "asks" in line:
            header, record = request_of(bare(line["asks"]))
            assert not isinstance(record, Unreadable)
            assert request_frame(header, record).hex() == line["asks"]
            types[header.xid] = header.type
        else:
            xid = int.from_bytes(bare(line["is told"])[:4], "big", signed=True)
            header, record = reply_of(bare(line["is told"]), types.get(xid, 0))
            packed_again = notification_frame(record) if xid == -1 else reply_frame(header, record)
            assert packed_again.hex() == line["is told"]
    assert len(set(types.values())) > 12


def test_what_follows_a_request_is_not_looked_at():
    assert request_of(w.i(1) + w.i(w.EXISTS) + w.s("/a") + b"\0behind")[1] == schema.ExistsRequest(
        "/a", False
    )


# Packed by hand, by the declaration.

STAT = w.q(1) + w.q(2) + w.q(3) + w.q(4) + w.i(5) + w.i(6) + w.i(7) + w.q(8) + w.i(9) + w.i(10) + w.q(11)


def test_a_stat_has_its_fields_in_the_order_of_the_declaration():
    assert packed(schema.Stat(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11)) == STAT


def test_a_multi_that_failed_says_an_error_for_each_part():
    failed = schema.MultiResponse(
        tuple(schema.OpResult(-1, schema.ErrorResponse(code)) for code in (0, Code.NO_NODE, -2))
    )
    body = b"".join(w.i(-1) + b"\0" + w.i(code) * 2 for code in (0, -101, -2)) + w.LAST
    assert reply_frame(ReplyHeader(4, 9, 0), failed) == w.frame(w.i(4) + w.q(9) + w.i(0) + body)


@pytest.mark.parametrize("type", [OpCode.MULTI, OpCode.MULTI_READ])
@pytest.mark.parametrize("part", sorted(READS | WRITES))
def test_a_multi_takes_writes_and_a_multi_of_reads_takes_reads(type, part):
    body = {
        "GET_DATA": w.s("/") + b"\0",
        "GET_CHILDREN": w.s("/") + b"\0",
        "DELETE": w.s("/") + w.i(0),
        "CHECK": w.s("/") + w.i(0),
        "SET_DATA": w.s("/") + w.b(b"") + w.i(0),
        "CREATE_TTL": w.s("/") + w.b(b"") + w.OPEN + w.i(5) + w.q(1),
    }.get(OpCode(part).name, w.s("/") + w.b(b"") + w.OPEN + w.i(0))
    _, record = request_of(w.i(1) + w.i(type) + w.multi(w.part(part, body)))
    if (part in READS) == (type == OpCode.MULTI_READ):
        assert [op.type for op in record.ops] == [part]
    else:
        assert record == Unreadable(Code.MARSHALLING_ERROR)


# Any record, and any bytes.

HEADERS = some.integers(-(2**31), 2**31 - 1)


def ops_of(types):
    each = [some.builds(Op, some.just(type), records_of(SHAPES[type][0])) for type in sorted(types)]
    return some.lists(some.one_of(each), max_size=4).map(lambda ops: MultiOperationRecord(tuple(ops)))


def a_request():
    """Return a strategy for (type, record)."""
    records = {OpCode.MULTI: ops_of(WRITES), OpCode.MULTI_READ: ops_of(READS)}
    for type, (kind, _) in SHAPES.items():
        if type not in records:
            records[type] = some.none() if kind is None else records_of(kind)
    return some.one_of([some.tuples(some.just(type), records[type]) for type in sorted(records)])


@settings(max_examples=150, deadline=None)
@given(HEADERS, a_request())
def test_any_request_is_read_as_it_was_packed(xid, request):
    type, record = request
    assert request_of(request_frame(RequestHeader(xid, type), record)[4:]) == (
        RequestHeader(xid, type),
        record,
    )


@settings(max_examples=150, deadline=None)
@given(a_request(), some.data())
def test_a_request_that_is_cut_short_anywhere_is_refused(request, data):
    type, record = request
    frame = request_frame(RequestHeader(1, type), record)[4:]
    end = data.draw(some.integers(0, len(frame) - 1))
    try:
        assert isinstance(request_of(frame[:end])[1], Unreadable)
    except JuteError:
        assert end < 8 or type in (OpCode.AUTH, OpCode.SASL)


@settings(max_examples=300, deadline=None)
@given(some.sampled_from(sorted(SHAPES)), some.binary(max_size=80))
def test_any_bytes_behind_a_header_are_a_request_or_refused(type, data):
    try:
        header, record = request_of(w.i(1) + w.i(type) + data)
    except JuteError:
        assert type in (OpCode.AUTH, OpCode.SASL)
        return
    kind = SHAPES[type][0]
    assert header == RequestHeader(1, type)
    assert record is None if kind is None else isinstance(record, (kind, Unreadable))


def test_thousands_of_parts_of_a_multi_are_read_and_one_that_never_ends_is_refused():
    many = w.part(w.CHECK, w.s("/a") + w.i(-1)) * 2_000
    assert len(request_of(w.i(1) + w.i(w.MULTI) + many + w.LAST)[1].ops) == 2_000
    assert request_of(w.i(1) + w.i(w.MULTI) + many)[1] == Unreadable(Code.MARSHALLING_ERROR)
