"""Canonical JSON: one value, one text, and nothing else is read."""

import enum
import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distsys.core import Dice, Log, Map, decode, encode, record
from distsys.core.canonical import parse, plain, value_of
from distsys.core.errors import DistsysError, EncodingError


@record
class Pair:
    left: object
    right: object = None


@record
class Side(enum.Enum):
    LEFT = 1
    RIGHT = 2


class Unknown:
    pass


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
ATOMS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(2**53 - 2, 2**53 + 2),
    TEXTS,
    st.binary(max_size=5),
    st.sampled_from(Side),
    st.builds(Dice, st.integers(0, 2**64 - 1)),
)
VALUES = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(tuple),
        st.frozensets(inner, max_size=3),
        st.builds(Pair, inner, inner),
        st.dictionaries(inner, inner, max_size=3).map(Map),
        st.builds(
            lambda entries, before: Log(entries, before_index=before),
            st.lists(inner, max_size=3),
            st.integers(0, 9),
        ),
    ),
    max_leaves=12,
)


@given(VALUES)
def test_every_value_comes_back_from_its_text_and_has_no_other_text(value):
    line = encode(value)
    back = decode(line)
    assert back == value
    assert type(back) is type(value)
    assert encode(back) == line
    assert "\n" not in line


@given(VALUES)
def test_a_text_is_json_without_floats_with_sorted_keys_and_no_space(value):
    form = json.loads(encode(value))
    assert json.dumps(form, sort_keys=True, separators=(",", ":"), ensure_ascii=False) == encode(value)

    def numbers(part):
        match part:
            case dict():
                return [n for inner in part.values() for n in numbers(inner)]
            case list():
                return [n for inner in part for n in numbers(inner)]
            case bool() | None | str():
                return []
        return [part]

    assert all(type(number) is int and abs(number) <= 2**53 for number in numbers(form))


@given(st.lists(st.sampled_from(["a", "b", 1, 2, (1,), b"a", None, Side.LEFT]), max_size=6))
def test_a_set_and_a_map_have_one_text_whatever_the_order_of_building(items):
    assert encode(frozenset(items)) == encode(frozenset(reversed(items)))
    assert encode(Map((i, 0) for i in items)) == encode(Map((i, 0) for i in reversed(items)))


EXACT = [
    (None, "null"),
    (True, "true"),
    (-7, "-7"),
    (2**53, "9007199254740992"),
    (2**53 + 1, '{"$int":"9007199254740993"}'),
    (-(2**64), '{"$int":"-18446744073709551616"}'),
    ('é"\n\u2028', '"é\\"\\n\u2028"'),
    (b"\x00\xff", '{"$bytes":"00ff"}'),
    ((1, (2,)), "[1,[2]]"),
    (frozenset({10, 9, "a"}), '{"$set":["a",10,9]}'),
    (Map({"b": 1, "a": (2,)}), '{"$map":[["a",[2]],["b",1]]}'),
    (Map({(2, "x"): 1, (1, "y"): 0}), '{"$map":[[[1,"y"],0],[[2,"x"],1]]}'),
    (Log("ab").compact(1), '{"$log":[1,"b"]}'),
    (Dice(0), '{"$dice":"0000000000000000"}'),
    (Pair(1), '{"$":"test_core_canonical.Pair","left":1,"right":null}'),
    (Side.RIGHT, '{"$":"test_core_canonical.Side","is":"RIGHT"}'),
]


@pytest.mark.parametrize(("value", "line"), EXACT, ids=[line for _, line in EXACT])
def test_the_form_is_the_one_that_other_languages_read(value, line):
    assert encode(value) == line
    assert decode(line) == value


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (0.5, "is a float (0.5): use whole numbers"),
        (float("nan"), "is a float (nan)"),
        (
            (1, Unknown()),
            "of type Unknown, which has no canonical JSON form: decorate its class with @record",
        ),
        ([1], "of type list, which has no canonical JSON form"),
        ("\ud800", "a text that is not valid Unicode"),
        (("ok", "x\udfff"), "a text that is not valid Unicode"),
        (10**5000, "is a number of 16610 bits, which is too long"),
    ],
    ids=["float", "nan", "object", "list", "surrogate", "surrogate inside", "huge"],
)
def test_a_value_without_a_form_is_refused_with_the_reason(value, says):
    with pytest.raises(EncodingError) as caught:
        encode(value)
    assert says in str(caught.value)


def test_a_refusal_names_the_field_where_the_value_stands():
    with pytest.raises(EncodingError, match=r"step 7\.left\.right holds a text"):
        plain(Pair(Pair(1, "\ud800")), "step 7")


def deep(levels):
    value = ()
    for _ in range(levels):
        value = (value,)
    return value


def test_a_value_or_a_text_that_is_nested_too_deeply_is_refused():
    with pytest.raises(EncodingError, match="nested too deeply"):
        encode(deep(5000))
    for levels in (900, 5000, 200_000):
        with pytest.raises(EncodingError):
            decode("[" * levels + "]" * levels)
    assert decode(encode(deep(100))) == deep(100)


BAD = [
    "", "nul", "[1", "[1,]", "1 2", "'a'", "NaN", "Infinity", "-Infinity", "1.0", "1e3", "0.5", "[NaN]", "01", "- 1",
    '{"a":1,"a":1}', '{"$":"test_core_canonical.Pair","left":1,"left":2,"right":null}',
    "{}", '{"a":1}', '{"$what":1}', '{"$int":"7","$bytes":""}', '{"$":"nobody.Knows"}', '{"$":[]}', '{"$":1}',
    '{"$":"test_core_canonical.Pair"}', '{"$":"test_core_canonical.Pair","left":1,"right":2,"more":3}',
    '{"$":"test_core_canonical.Side","is":"UP"}', '{"$":"test_core_canonical.Side"}',
    '{"$":"test_core_canonical.Side","is":"LEFT","more":1}',
    '{"$int":7}', '{"$int":"x"}', '{"$int":"7"}', '{"$int":"+9007199254740993"}', '{"$int":"09007199254740993"}',
    "9007199254740993", '{"$int":"' + "9" * 5000 + '"}', "9" * 5000,
    '{"$bytes":"0"}', '{"$bytes":"0g"}', '{"$bytes":"FF"}', '{"$bytes":"00 ff"}', '{"$bytes":1}',
    '{"$set":[2,1]}', '{"$set":[1,1]}', '{"$set":1}', '{"$map":[["b",1],["a",1]]}', '{"$map":[["a",1],["a",2]]}',
    '{"$map":[["a"]]}', '{"$map":{}}', '{"$log":[]}', '{"$log":["a"]}', '{"$log":[-1]}', '{"$log":"ab"}',
    '{"$log":[true]}',
    '{"$dice":"g"}', '{"$dice":"1"}', '{"$dice":1}', '{"$dice":"ffffffffffffffffff"}',
    "[1, 2]", " 1", "1 ", "\ufeff1", '"\\u00e9"', '"\\ud800"',
    '{"$":"test_core_canonical.Pair","right":null,"left":1}',
]  # fmt: skip


@pytest.mark.parametrize("line", BAD, ids=lambda line: line[:30] or "empty")
def test_a_text_that_is_not_canonical_is_refused(line):
    with pytest.raises(EncodingError) as caught:
        decode(line)
    assert len(str(caught.value)) < 400


@given(st.text(max_size=30) | st.text('[]{}",:0123456789$intbysemapodlgc ', max_size=40))
def test_any_text_is_read_or_refused_by_an_error_of_the_package(line):
    try:
        value = decode(line)
    except DistsysError:
        return
    assert encode(value) == line


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["$", "$int", "$bytes", "$set", "$map", "$log", "$dice", "is", "left"]),
                inner,
                max_size=2,
            )
        ),
        max_leaves=6,
    )
)
def test_any_json_is_a_value_or_refused_by_an_error_of_the_package(form):
    with suppress(DistsysError):
        value_of(form)


def test_a_key_that_stands_twice_is_refused_at_any_depth():
    with pytest.raises(EncodingError, match="a key stands twice"):
        parse('[{"a":{"b":1,"b":1}}]')
