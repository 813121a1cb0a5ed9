"""Frames: what is cut out of a stream of bytes, and what is refused."""

import json
import struct

import pytest

from distsys.core.canonical import encode
from distsys.core.values import Map
from distsys.drivers.frames import (
    FRAMES,
    Block,
    FrameError,
    FrameReader,
    Goodbye,
    Hello,
    Look,
    Post,
    Seen,
    Welcome,
    framed,
)
from distsys.services.kv import Call, Put

ALL = (
    Hello("client", "ann"),
    Welcome("n1", Map({"n1": "127.0.0.1:1"})),
    Post("n1#7", 3, Call("ann", 1, Put("x", ("ü", None, 2**60)))),
    Goodbye("because"),
    Block(("n2",)),
    Look(),
    Seen("n1", Map({"role": "LEADER"}), Map({"events": 1})),
)


def read(data, **settings):
    return list(FrameReader(**settings).feed(data))


def test_every_kind_of_frame_comes_back():
    assert {type(frame) for frame in ALL} == set(FRAMES)
    assert read(b"".join(map(framed, ALL))) == list(ALL)


def test_it_does_not_matter_where_the_stream_is_cut():
    data = b"".join(map(framed, ALL))
    for cut in range(len(data) + 1):
        reader = FrameReader()
        assert [*reader.feed(data[:cut]), *reader.feed(data[cut:])] == list(ALL)
        assert not reader.is_amid
    reader = FrameReader()
    assert [frame for byte in data for frame in reader.feed(bytes([byte]))] == list(ALL)


def test_a_cut_frame_is_kept_and_nothing_is_made_up():
    data = framed(ALL[2])
    for cut in range(1, len(data)):
        reader = FrameReader()
        assert list(reader.feed(data[:cut])) == []
        assert reader.is_amid


def raw(payload):
    return struct.pack(">I", len(payload)) + payload


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (struct.pack(">I", 101), "1 to 100 bytes, but this one announces 101"),
        (struct.pack(">I", 2**32 - 1), "announces 4294967295"),
        (struct.pack(">I", 0), "announces 0"),
        (b"GET / HTTP/1.1\r\n\r\n", "announces"),
        (raw(b"\xff\xfe"), "cannot be read"),
        (raw(b"{"), "cannot be read"),
        (raw(b"1.5"), "must be whole"),
        (raw(b'{"$":"frames.Nobody"}'), "unknown record"),
        (raw(b'{"$":"frames.Hello"}'), "cannot be read"),
        (raw(b'{"$":"frames.Look","more":1}'), "cannot be read"),
        (raw(b'{"$":"events.Start","seed":1}'), "unknown frame"),
        (raw(b"[1,2]"), "unknown frame"),
        (raw(b"null"), "unknown frame"),
        (raw(b'{"$py":"os.system"}'), "unknown tag"),
        (raw(b'{"a":1,"a":2}'), "stands twice"),
    ],
)
def test_what_is_no_frame_is_refused_with_a_reason(data, reason):
    with pytest.raises(FrameError, match=reason):
        read(data, bytes_max=100)


@pytest.mark.parametrize("opening", [b"[", b'{"$map":[[1,', b'{"$set":['])
def test_a_frame_that_is_nested_without_end_is_refused(opening):
    with pytest.raises(FrameError, match="cannot be read"):
        read(raw(opening * 100_000))


def test_a_frame_that_is_too_long_is_not_sent():
    with pytest.raises(FrameError, match="at most 10 bytes"):
        framed(Look(), 10)


def test_a_frame_is_canonical_json():
    data = framed(Hello("client", "ann"))
    assert data[4:].decode() == encode(Hello("client", "ann"))
    assert json.loads(data[4:]) == {"$": "frames.Hello", "role": "client", "name": "ann", "token": ""}


ODD = (
    Hello("client", 5),
    Hello("client", Map({"a": 1})),
    Hello("client", True),
    Hello(("client",), "ann"),
    Hello("control", "control", None),
    Post(5, 0, "x"),
    Post("x", "first", "x"),
    Post("x", True, "x"),
    Block("n2"),
    Block((2,)),
    Goodbye(7),
    Welcome("n1", Map({"n1": 1})),
    Welcome("n1", ("127.0.0.1:1",)),
    Seen("n1", Map({"role": 5}), Map()),
    Seen("n1", Map(), ()),
)


@pytest.mark.parametrize("frame", ODD, ids=str)
def test_a_frame_whose_field_is_of_another_type_is_refused(frame):
    with pytest.raises(FrameError, match=r"must be of type|must hold texts"):
        read(framed(frame))


@pytest.mark.parametrize("text", [r"\ud800", r"a\udc00b"])
def test_half_a_surrogate_pair_is_refused_for_no_disk_could_take_it(text):
    payload = '{"$":"frames.Post","id":"a","place":0,"message":"' + text + '"}'
    with pytest.raises(FrameError, match="not valid Unicode"):
        read(struct.pack(">I", len(payload)) + payload.encode())
