"""The node: fields that cannot change, one door, effects in order, nodes inside nodes."""

import copy
import pickle
from typing import Any

import pytest

from distsys.core import (
    EMPTY,
    MS,
    CancelTimer,
    Deliver,
    Log,
    Map,
    Node,
    Note,
    Output,
    Persist,
    Send,
    SetTimer,
    Start,
    Timeout,
    derive,
    record,
)
from distsys.core.errors import ArgumentError, ArgumentTypeError, DistsysError, MutableValueError
from distsys.core.node import Inner


@record
class Hello:
    text: str


class Talker(Node):
    def __init__(self, name: str, disk: Map[str, Any] = EMPTY) -> None:
        super().__init__(name, disk)
        self.count = disk.get("count", 0)
        self.log: Log[str] = Log()
        self.first_seed = 0

    def on_start(self) -> None:
        self.first_seed = self.seed
        self.set_timer("tick", 5, 9)

    def on_message(self, sender: str, message: Any) -> None:
        self.count += 1
        self.note(f"at {self.now}")
        self.persist(count=self.count)
        self.send(sender, message)
        self.broadcast(("x", "y"), Hello("all"))
        self.output((sender, message))
        self.set_timer("tick", 7)
        self.cancel_timer("tick")

    def on_timeout(self, timer: str) -> None:
        self.output(("fired", timer))


class Host(Node):
    """Embeds two talkers."""

    def __init__(self, name: str, disk: Map[str, Any] = EMPTY) -> None:
        super().__init__(name, disk)
        self.heard: tuple[Any, ...] = ()
        self.left = self.embed("left", Talker(name, disk.under("left")))
        self.right = self.embed("right", Talker(name, disk.under("right")))

    def on_start(self) -> None:
        self.set_timer("own", 1)

    def on_message(self, sender: str, message: Any) -> None:
        self.tell("right", message)

    def on_output(self, inner: str, value: Any) -> None:
        self.heard = (*self.heard, (inner, value))


class Outer(Node):
    def __init__(self, name: str, disk: Map[str, Any] = EMPTY) -> None:
        super().__init__(name, disk)
        self.embed("host", Host(name, disk.under("host")))


def started(kind, seed=3):
    node = kind("n1")
    node.handle(Start(seed, 0))
    return node


def test_a_node_answers_an_event_with_its_effects_in_the_order_of_the_lines():
    node = started(Talker)
    assert node.handle(Deliver("n2", Hello("hi"), 77)) == (
        Note("at 77"),
        Persist(Map({"count": 1})),
        Send("n2", Hello("hi")),
        Send("x", Hello("all")),
        Send("y", Hello("all")),
        Output(("n2", Hello("hi"))),
        SetTimer("tick", 7, 7),
        CancelTimer("tick"),
    )
    assert node.fields() == {"name": "n1", "count": 1, "log": Log(), "first_seed": 3}
    assert node.handle(Timeout("tick", 80)) == (Output(("fired", "tick")),)


def test_a_node_comes_up_with_what_it_persisted_and_nothing_else():
    assert Talker("n1", Map({"count": 4})).fields() == {
        "name": "n1",
        "count": 4,
        "log": Log(),
        "first_seed": 0,
    }


@pytest.mark.parametrize("value", [[1], {1}, {"a": 1}, bytearray(b"a"), 0.5, object, (1, [2])], ids=repr)
def test_a_mutable_value_is_refused_and_the_error_names_the_field(value):
    with pytest.raises(MutableValueError, match=r"^Talker\.count") as caught:
        Talker("n1").count = value
    assert isinstance(caught.value, TypeError)


def test_a_mutable_value_on_the_class_is_refused_for_all_nodes_would_share_it():
    with pytest.raises(MutableValueError, match=r"Shared\.votes must hold an immutable value"):

        class Shared(Node):
            votes: list[str] = []  # noqa: RUF012


def test_a_field_that_init_does_not_set_is_refused_once_the_node_has_started():
    node = started(Talker)
    with pytest.raises(
        ArgumentTypeError, match="Talker has no field 'cuont': set every field in __init__ first"
    ):
        node.cuont = 1
    assert "cuont" not in node.fields()


@pytest.mark.parametrize("field", ["now", "seed", "send", "handle", "declared", "on_start"])
def test_a_field_that_would_hide_a_part_of_every_node_is_refused(field):
    with pytest.raises(ArgumentError, match=f"Talker cannot have a field '{field}'"):
        setattr(Talker("n1"), field, 1)
    with pytest.raises(ArgumentError, match=f"Talker cannot have a field '{field}'"):
        Talker("n1").embed(field, Talker("n1"))


@pytest.mark.parametrize("name", ["", "a/b", "a>b", "a\n", 3, None])
def test_a_bad_name_is_refused(name):
    with pytest.raises(DistsysError, match="name must be a name"):
        Talker(name)


def test_a_disk_that_is_no_map_is_refused():
    with pytest.raises(ArgumentTypeError, match="disk must be a Map of what the node persisted"):
        Talker("n1", {"count": 1})


def test_the_seed_is_there_in_on_start_only_for_it_is_no_part_of_the_state():
    node = started(Talker, seed=9)
    assert node.first_seed == 9
    with pytest.raises(ArgumentError, match="seed is there in on_start only"):
        _ = node.seed


def test_effects_outside_of_a_handler_are_refused_for_nobody_would_carry_them_out():
    class Early(Node):
        def __init__(self, name: str, disk: Map[str, Any] = EMPTY) -> None:
            super().__init__(name, disk)
            self.set_timer("tick", 5)

    with pytest.raises(ArgumentError, match="__init__ only sets fields"):
        Early("n1")


@pytest.mark.parametrize(
    ("low", "high", "says"),
    [
        (-1, None, "low must be at least 0, but it is -1"),
        (5, 4, "high must be at least 5, but it is 4"),
        (0.5, None, "low must be a whole number"),
        (float("nan"), 5, "low must be a whole number"),
        (5, float("inf"), "high must be a whole number"),
        (True, 5, "low must be a whole number"),
        ("5", None, "low must be a whole number"),
        (0, 2**60, "high must be at most"),
    ],
)
def test_a_timer_with_a_bad_duration_is_refused_by_name(low, high, says):
    node = started(Talker)
    with pytest.raises(DistsysError, match=says):
        node.set_timer("tick", low, high)


@pytest.mark.parametrize("timer", ["a/b", "", 5, None])
def test_a_timer_or_key_that_would_lead_into_an_embedded_node_is_refused(timer):
    node = started(Talker)
    if timer != "":
        with pytest.raises(DistsysError, match="timer must be a name"):
            node.set_timer(timer, 5)
        with pytest.raises(DistsysError, match="timer must be a name"):
            node.cancel_timer(timer)
    with pytest.raises(DistsysError, match="a key of persist must be a name"):
        node.persist(**{"a/b": 1})


def test_a_message_that_cannot_be_encoded_is_refused_when_it_is_sent():
    node = started(Talker)
    for message in ([1], 0.5, object()):
        with pytest.raises(MutableValueError, match=r"^Send\.message must hold an immutable value"):
            node.send("n2", message)
        with pytest.raises(MutableValueError, match=r"^Output\.value"):
            node.output(message)
        with pytest.raises(MutableValueError, match=r"^Map\['x'\]"):
            node.persist(x=message)


def test_a_broadcast_to_a_set_is_refused_for_a_set_has_no_order():
    with pytest.raises(ArgumentTypeError, match="peers must have an order"):
        started(Talker).broadcast({"a", "b"}, Hello("x"))


def test_an_event_that_is_none_is_refused():
    with pytest.raises(ArgumentTypeError, match="event must be a Start, Deliver or Timeout"):
        started(Talker).handle(Output(1))


# Nodes inside nodes.


def test_embedded_nodes_start_in_order_and_before_their_host_each_with_a_seed_of_its_own():
    node = Host("n1")
    assert node.handle(Start(3, 5)) == (
        SetTimer("left/tick", 5, 9),
        SetTimer("right/tick", 5, 9),
        SetTimer("own", 1, 1),
    )
    assert (node.left.first_seed, node.right.first_seed) == (derive(3, "left"), derive(3, "right"))


def test_what_an_embedded_node_wants_goes_out_under_its_name_and_its_outputs_come_to_the_host():
    node = started(Host)
    assert node.handle(Deliver("n2", Inner("left", Hello("hi")), 77)) == (
        Note("left: at 77"),
        Persist(Map({"left/count": 1})),
        Send("n2", Inner("left", Hello("hi"))),
        Send("x", Inner("left", Hello("all"))),
        Send("y", Inner("left", Hello("all"))),
        SetTimer("left/tick", 7, 7),
        CancelTimer("left/tick"),
    )
    assert node.heard == (("left", ("n2", Hello("hi"))),)
    assert (node.left.count, node.right.count) == (1, 0)


def test_a_timer_of_an_embedded_node_reaches_it_and_no_other():
    node = started(Host)
    assert node.handle(Timeout("right/tick", 9)) == ()
    assert node.heard == (("right", ("fired", "tick")),)


def test_tell_hands_a_request_of_the_host_to_an_embedded_node_at_once():
    node = started(Host)
    effects = node.handle(Deliver("n2", Hello("hi"), 7))
    assert Send("n1", Inner("right", Hello("hi"))) in effects  # the sender is the host
    assert node.right.count == 1


def test_nodes_embedded_twice_carry_both_names_and_find_their_part_of_the_disk():
    node = started(Outer)
    effects = node.handle(Deliver("n2", Inner("host", Inner("left", Hello("hi"))), 7))
    assert effects[:3] == (
        Note("host: left: at 7"),
        Persist(Map({"host/left/count": 1})),
        Send("n2", Inner("host", Inner("left", Hello("hi")))),
    )
    assert SetTimer("host/left/tick", 7, 7) in effects
    again = Outer("n1", effects[1].changes)
    assert again.fields()["host/left/count"] == 1
    assert node.handle(Timeout("host/right/tick", 9)) == ()
    assert node.fields()["host/heard"] == (("left", ("n2", Hello("hi"))), ("right", ("fired", "tick")))


def test_a_message_for_an_embedded_node_that_is_not_there_is_refused_with_the_name():
    with pytest.raises(ArgumentError, match="Host 'n1' embeds no node named 'middle'"):
        started(Host).handle(Deliver("n2", Inner("middle", 1), 0))


def test_a_node_cannot_be_assigned_to_a_field_only_embedded():
    with pytest.raises(MutableValueError, match=r"Talker\.log is a Node: hold it with self\.embed\('log'"):
        Talker("n1").log = Talker("n2")
    with pytest.raises(ArgumentError, match="Host already has a field 'left'"):
        Host("n1").embed("left", Talker("n1"))
    with pytest.raises(ArgumentTypeError, match="node must be a Node to embed"):
        Host("n1").embed("middle", 5)


# The state as a value.

COPIES = [
    lambda node: node.copy(),
    copy.copy,
    copy.deepcopy,
    lambda node: pickle.loads(pickle.dumps(node)),
]


@pytest.mark.parametrize("duplicate", COPIES, ids=["copy", "copy.copy", "deepcopy", "pickle"])
def test_a_copy_is_equal_and_goes_its_own_way_with_all_that_it_embeds(duplicate):
    node = started(Outer)
    twin = duplicate(node)
    before = node.snapshot()
    assert twin.snapshot() == before
    assert hash(twin.snapshot()) == hash(before)
    event = Deliver("n2", Inner("host", Inner("left", Hello("hi"))), 7)
    effects = twin.handle(event)
    assert node.snapshot() == before != twin.snapshot()
    assert node.handle(event) == effects
    assert node.snapshot() == twin.snapshot()
    with pytest.raises(ArgumentTypeError, match="has no field"):
        twin.typo = 1


def test_a_snapshot_holds_every_field_and_neither_clock_nor_effects():
    one, other = started(Talker), started(Talker)
    one.handle(Timeout("tick", 5))
    other.handle(Timeout("tick", 9 * MS))
    assert one.snapshot() == other.snapshot() == ("n1", 0, Log(), 3)


def test_an_old_snapshot_stays_what_it_was():
    node = started(Host)
    old = node.snapshot()
    held = tuple(old)
    node.handle(Deliver("n2", Hello("hi"), 7))
    assert old == held != node.snapshot()


def test_a_handler_that_fails_leaves_no_effects_behind_for_the_next_event():
    class Fails(Talker):
        def on_timeout(self, timer: str) -> None:
            self.output("lost")
            raise KeyError(timer)

    node = started(Fails)
    with pytest.raises(KeyError):
        node.handle(Timeout("tick", 1))
    assert Output("lost") not in node.handle(Deliver("n2", Hello("hi"), 2))
