"""Jute: what is packed comes out again, and no bytes whatever cost more than they are long."""

import dataclasses
import re
import typing

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from distsys.wire.zookeeper import schema
from distsys.wire.zookeeper.jute import Int, JuteError, Long, NullError, Reader, Writer, packed, take
from zookeeper_records import GOLDEN, RECORDS, records_of


def any_record():
    return some.one_of([records_of(kind) for kind in RECORDS])


@settings(max_examples=300, deadline=None)
@given(any_record())
def test_what_is_packed_is_taken_out_again_and_nothing_is_left(record):
    reader = Reader(packed(record))
    assert take(reader, type(record)) == record
    assert reader.left == 0


@settings(max_examples=100, deadline=None)
@given(some.sampled_from(RECORDS), some.binary(max_size=60))
def test_any_bytes_are_a_record_or_refused(kind, data):
    try:
        record = take(Reader(data), kind)
    except JuteError:
        return
    assert isinstance(record, kind)


@settings(max_examples=50, deadline=None)
@given(any_record())
def test_a_record_that_is_cut_short_anywhere_is_refused(record):
    data = packed(record)
    may_end_before = 1 if getattr(record, "read_only", None) is not None else 0
    for end in range(len(data) - may_end_before):
        with pytest.raises(JuteError):
            take(Reader(data[:end]), type(record))


@pytest.mark.parametrize(
    ("data", "taken"),
    [
        ("ffffffff", None),
        ("00000000", b""),
        ("00000002 6869 ff", b"hi"),
    ],
)
def test_a_buffer_is_its_length_and_its_bytes_or_minus_one(data, taken):
    assert Reader(bytes.fromhex(data)).take_buffer() == taken


@pytest.mark.parametrize("length", [-2, -(2**31), 3, 2**31 - 1])
def test_a_length_that_cannot_be_is_refused_before_anything_is_taken(length):
    data = Writer()
    data.put_int(length)
    for take_one in (Reader.take_buffer, Reader.take_ustring):
        with pytest.raises(JuteError):
            take_one(Reader(bytes(data.data) + b"ab"))


def test_a_count_of_more_elements_than_could_be_there_is_refused_before_the_first_is_read():
    read = []
    with pytest.raises(JuteError, match="2147483647 elements are announced, but 8 bytes are left"):
        Reader(bytes.fromhex("7fffffff") + bytes(8)).take_vector(read.append)
    assert read == []


@pytest.mark.parametrize(("count", "taken"), [("ffffffff", None), ("00000000", ()), ("fffffffe", ())])
def test_a_count_of_minus_one_is_no_vector_and_one_below_reads_as_empty_as_in_java(count, taken):
    assert Reader(bytes.fromhex(count)).take_vector(Reader.take_int) == taken


def test_null_is_refused_where_a_field_must_have_a_value():
    with pytest.raises(NullError, match="path must not be null"):
        take(Reader(bytes.fromhex("ffffffff 00")), schema.ExistsRequest)
    with pytest.raises(NullError, match="an element of a vector must not be null"):
        take(Reader(bytes.fromhex("00000001 ffffffff")), schema.GetChildrenResponse)


@pytest.mark.parametrize(("byte", "taken"), [(0, False), (1, True), (255, True)])
def test_any_byte_but_zero_is_true(byte, taken):
    assert Reader(bytes([byte])).take_boolean() is taken


def test_text_that_is_no_utf_8_is_read_with_a_sign_in_place_of_what_is_wrong():
    assert Reader(b"\0\0\0\2/\xff").take_ustring() == "/\ufffd"


@pytest.mark.parametrize("value", [2**31, -(2**31) - 1, "1", None])
def test_what_is_no_int_is_not_packed(value):
    with pytest.raises(JuteError):
        Writer().put_int(value)


def test_a_trailing_boolean_may_be_missing():
    old = schema.ConnectRequest(0, 1, 2, 3, b"pass")
    new = dataclasses.replace(old, read_only=False)
    assert packed(new) == packed(old) + b"\0"
    assert [take(Reader(packed(each)), schema.ConnectRequest) for each in (old, new)] == [old, new]


# The declaration of the real one, as a table of names and types.


def declared():
    """Return record -> its fields, from the table that was made from zookeeper.jute."""
    table = {}
    for line in (GOLDEN / "records.txt").read_text(encoding="utf-8").splitlines():
        name, _, declared_fields = line.partition(": ")
        table[name] = [tuple(field.split(" ")) for field in declared_fields.split(", ") if field]
    return table


def jute_type(hint):
    """Return the type of a field as zookeeper.jute names it."""
    inner = [each for each in typing.get_args(hint) if each not in (type(None), ...)]
    names = {Int: "int", Long: "long", bool: "boolean", bytes: "buffer", str: "ustring"}
    if hint in names:
        return names[hint]
    if typing.get_origin(hint) is tuple:
        return f"vector<{jute_type(inner[0])}>"
    return jute_type(inner[0]) if type(None) in typing.get_args(hint) else hint.__name__


@pytest.mark.parametrize("kind", RECORDS, ids=lambda kind: kind.__name__)
def test_a_record_has_the_fields_that_zookeeper_declares_in_the_same_order(kind):
    hints = typing.get_type_hints(kind, include_extras=True)
    ours = [(jute_type(hints[field.name]), field.name) for field in dataclasses.fields(kind)]
    if kind.__name__ in ("ConnectRequest", "ConnectResponse"):
        assert ours.pop() == ("boolean", "read_only")  # it is written by hand there
    theirs = [(type_, snake(name)) for type_, name in declared()[kind.__name__]]
    assert ours == theirs


def snake(name):
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
