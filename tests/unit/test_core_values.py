"""Values that cannot change: records, Map, and what is refused."""

import enum
import pickle
from dataclasses import FrozenInstanceError, dataclass, replace
from typing import Any

import pytest

from distsys.core import EMPTY, Dice, Log, Map, Operation, record
from distsys.core.errors import ArgumentTypeError, DistsysError, MutableValueError
from distsys.core.values import must_be_immutable, order_key, unchecked


@record
class Point:
    x: int
    y: Any = 0


@record
class Even:
    number: int

    def __post_init__(self) -> None:
        if self.number % 2:
            raise ValueError(f"number must be even, but it is {self.number}")


@record
class Shadows:
    _check: int
    check: int
    set_check: int
    ATOMS: int


@record
class Colour(enum.Enum):
    RED = 1
    BLUE = 2


class Plain(enum.Enum):
    ONE = 1


@dataclass(frozen=True)
class Foreign:
    x: int


GOOD = [
    None,
    True,
    3,
    "a",
    b"a",
    (),
    (1, ("a",)),
    pytest.param(frozenset({1, "a"}), id="frozenset of 1 and a"),  # its repr has no fixed order
    Colour.RED,
    Point(1),
    EMPTY,
    Log(),
    Dice(1),
]


@pytest.mark.parametrize("value", GOOD, ids=repr)
def test_an_immutable_value_is_let_through(value):
    assert must_be_immutable("it", value) is None


@pytest.mark.parametrize(
    ("value", "advice"),
    [
        ([1], "a tuple"),
        ({1}, "a frozenset"),
        ({"a": 1}, "a Map"),
        (bytearray(b"a"), "bytes"),
        (0.5, "an int (times in whole microseconds"),
        (float("nan"), "an int"),
        (object(), "decorate the class with @record"),
        (lambda: 0, "decorate the class with @record"),
        (Foreign(1), "decorate the class with @record"),
        (Plain.ONE, "decorate the class with @record"),
        ((1, [2]), "a tuple"),
        ((1, (2, {3: 4})), "a Map"),
        (frozenset({(1, 2.0)}), "an int"),
    ],
    ids=lambda value: str(value)[:20].split(" at ")[0],
)
def test_what_can_change_or_has_no_canonical_form_is_refused_with_advice(value, advice):
    with pytest.raises(MutableValueError, match=r"^Voter\.votes.* must hold an immutable value") as caught:
        must_be_immutable("Voter.votes", value)
    assert advice in str(caught.value)
    assert isinstance(caught.value, TypeError)
    assert isinstance(caught.value, DistsysError)


def test_a_subclass_of_an_immutable_type_is_refused_for_it_may_hold_more():
    class Loud(str):
        pass

    with pytest.raises(MutableValueError, match="of type Loud"):
        must_be_immutable("it", Loud("a"))


def test_a_record_is_equal_hashable_and_shown_by_its_fields():
    assert Point(1, "a") == Point(1, "a") != Point(2, "a")
    assert len({Point(1), Point(1, 0)}) == 1
    assert repr(Point(1, "a")) == "Point(x=1, y='a')"
    assert Point(1) != Even(2)


def test_a_record_cannot_be_changed_and_has_no_other_fields():
    with pytest.raises(FrozenInstanceError):
        Point(1).x = 2  # type: ignore[misc]
    with pytest.raises((FrozenInstanceError, AttributeError, TypeError)):
        Point(1).z = 2  # type: ignore[attr-defined]


def test_a_record_refuses_a_mutable_field_and_names_it():
    with pytest.raises(MutableValueError, match=r"Point\.y must hold an immutable value, but it is \[2\]"):
        Point(1, [2])


def test_a_record_refuses_too_few_and_too_many_fields():
    with pytest.raises(TypeError):
        Point()  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        Point(1, 2, 3)  # type: ignore[call-arg]


def test_a_record_checks_more_in_post_init():
    assert Even(2).number == 2
    with pytest.raises(ValueError, match="number must be even"):
        Even(3)


def test_the_names_of_fields_do_not_disturb_the_making_of_a_record():
    made = Shadows(1, 2, 3, 4)
    assert (made._check, made.check, made.set_check, made.ATOMS) == (1, 2, 3, 4)


def test_a_record_may_inherit_from_a_record():
    @record
    class Solid(Point):
        z: int = 7

    assert Solid(1, 2) == Solid(1, 2, 7)
    assert (Solid(1).x, Solid(1).y, Solid(1).z) == (1, 0, 7)


def test_a_record_survives_pickle_and_replace():
    assert pickle.loads(pickle.dumps(Point(1, Map({"a": (1,)})))) == Point(1, Map({"a": (1,)}))
    assert replace(Point(1, 2), y=3) == Point(1, 3)


def test_a_record_with_a_default_factory_is_refused_by_name():
    from dataclasses import field

    with pytest.raises(ArgumentTypeError, match=r"Bad\.items must be a plain field"):

        @record
        class Bad:
            items: tuple[int, ...] = field(default_factory=tuple)


def test_a_flag_is_refused_as_a_record():
    with pytest.raises(ArgumentTypeError, match="Bits must be an Enum, but it is a Flag"):

        @record
        class Bits(enum.Flag):
            A = 1


def test_two_record_classes_of_one_tag_are_refused():
    def make(module: str) -> type:
        return type("Same", (), {"__annotations__": {"x": int}, "__module__": module, "__qualname__": "Same"})

    record(make("one.place"))
    record(make("one.place"))  # the same class again, as when a cell runs twice
    with pytest.raises(ArgumentTypeError, match=r"share the tag 'place\.Same'"):
        record(make("another.place"))


def test_a_map_iterates_in_the_order_of_its_keys_whatever_the_order_of_building():
    pairs = [("b", 1), ("a", 2), ("ä", 3), ("B", 4)]
    assert list(Map(pairs)) == list(Map(reversed(pairs))) == ["B", "a", "b", "ä"]
    assert repr(Map(pairs)) == "Map({'B': 4, 'a': 2, 'b': 1, 'ä': 3})"
    assert Map(pairs) == Map(reversed(pairs))
    assert hash(Map(pairs)) == hash(Map(reversed(pairs)))


MIXED = (
    1,
    "a",
    b"a",
    (1, "a"),
    (1, 2),
    frozenset({2, 1}),
    frozenset({3}),
    Colour.RED,
    Point(1),
    None,
    -1,
    (),
)


def test_a_map_orders_keys_of_all_types_the_same_way():
    orders = [list(Map((key, 0) for key in keys)) for keys in (MIXED, MIXED[::-1], MIXED[5:] + MIXED[:5])]
    assert orders[0] == orders[1] == orders[2]
    assert sorted(MIXED, key=order_key) == orders[0]


def test_sets_as_keys_have_one_order_although_sets_are_only_half_ordered():
    sets = [frozenset(s) for s in ({1}, {2}, {1, 2}, {3}, set())]
    assert list(Map((s, 0) for s in sets)) == list(Map((s, 0) for s in reversed(sets)))


def test_changes_of_a_map_leave_the_old_map_as_it_was():
    old = Map({"a": 1})
    assert old.set("b", 2) == Map({"a": 1, "b": 2})
    assert old.set("a", 3) == Map({"a": 3})
    assert old.remove("a") == EMPTY
    assert old.remove("z") is old
    assert old.update({"a": 5, "c": 6}) == Map({"a": 5, "c": 6})
    assert old == Map({"a": 1})
    assert (old["a"], old.get("z"), old.get("z", 9), "a" in old, "z" in old, len(old)) == (
        1,
        None,
        9,
        True,
        False,
        1,
    )


@pytest.mark.parametrize(
    "make", [lambda v: Map({"a": v}), lambda v: EMPTY.set("a", v), lambda v: EMPTY.update({"a": v})]
)
def test_a_map_refuses_a_mutable_value_and_names_its_key(make):
    with pytest.raises(MutableValueError, match=r"Map\['a'\] must hold an immutable value, but it is \[1\]"):
        make([1])


def test_a_map_cannot_be_assigned_to():
    with pytest.raises(TypeError):
        EMPTY["a"] = 1  # type: ignore[index]
    with pytest.raises(AttributeError):
        EMPTY.extra = 1  # type: ignore[attr-defined]
    assert dict(EMPTY) == {}


def test_a_map_does_not_follow_later_changes_of_the_dict_it_was_made_of():
    source = {"a": 1}
    made = Map(source)
    source["b"] = 2
    assert made == Map({"a": 1})


def test_under_gives_the_keys_below_a_prefix_without_it():
    disk = Map({"raft/term": 1, "raft/log/x": 2, "raftish": 3, "term": 4})
    assert disk.under("raft") == Map({"term": 1, "log/x": 2})
    assert disk.under("raft").under("log") == Map({"x": 2})
    assert disk.under("no") == EMPTY


def test_a_map_survives_pickle():
    made = Map({"b": (1,), "a": Point(2)})
    assert pickle.loads(pickle.dumps(made)) == made


def test_what_is_made_unchecked_is_the_same_frozen_record():
    make = unchecked(Point)
    assert make(1) == Point(1)
    assert make(1, y="a") == Point(1, "a")
    assert type(make(1)) is Point
    assert hash(make(1)) == hash(Point(1))
    with pytest.raises(FrozenInstanceError):
        make(1).x = 2
    assert pickle.loads(pickle.dumps(make(1))) == Point(1)
    with pytest.raises(TypeError):
        make()


def test_a_record_may_have_a_field_of_the_name_of_a_builtin():
    assert Operation("c1", "ok", "get", "x", 1).type == "ok"
