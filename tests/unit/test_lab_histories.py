"""Histories drawn as text, orders that are judged by hand, and the random and hard histories of the pages."""

from itertools import permutations

import pytest

from distsys.checkers import linearizable
from distsys.core.errors import ArgumentError, ArgumentTypeError
from distsys.lab.drawn_histories import drawn, labelled, objection
from distsys.lab.random_histories import many_crashed, many_keys, one_round, random_history, rounds


def test_the_columns_of_a_drawing_are_the_order_of_the_events():
    history = drawn("""
        ann  [write 1          ]
        bob     [read -> null      ]    [cas 1,2 ?
        cyd           [put x=3       !
    """)
    events = [(event.process, event.type, event.f, event.key, event.value) for event in history]
    assert events == [
        ("ann", "invoke", "write", None, 1),
        ("bob", "invoke", "read", None, None),
        ("cyd", "invoke", "put", "x", 3),
        ("ann", "ok", "write", None, None),
        ("bob", "ok", "read", None, None),
        ("cyd", "fail", "put", "x", None),
        ("bob", "invoke", "cas", None, (1, 2)),
        ("bob", "info", "cas", None, None),
    ]


def test_answers_may_be_numbers_names_texts_and_tuples():
    history = drawn('ann [get x -> 1] [get x -> a] [get x -> "b c"] [get x -> 1,2] [cas 1,2 -> true] [get y]')
    assert [call.answer for call in history.calls] == [1, "a", "b c", (1, 2), True, None]


@pytest.mark.parametrize(
    ("picture", "says"),
    [
        ("ann  write 1", "a row is a name and intervals"),
        ("     [write 1]", "a row is a name and intervals"),
        ("ann  [write 1] and more", "a row is a name and intervals"),
        ("ann  [write 1", "a row is a name and intervals"),
        ("ann  [write 1]\nbob  [write 2]", "two things happen in column 5"),
    ],
)
def test_a_drawing_that_is_not_plain_is_refused(picture, says):
    with pytest.raises(ArgumentError, match=says):
        drawn(picture)


def test_a_drawing_is_a_text():
    with pytest.raises(ArgumentTypeError, match="picture must be a text"):
        drawn(7)


def test_an_order_is_objected_to_exactly_where_it_is_no_linearization():
    """An order without an objection exists if and only if the checker says so."""
    answers = set()
    for seed in range(60):
        history = random_history(seed, calls=4, lies=40)
        names = list(labelled(history))
        fits = [order for order in permutations(names) if objection(history, "register", order) is None]
        assert bool(fits) == linearizable(history, "register").ok
        answers.add(bool(fits))
    assert answers == {True, False}


def test_an_objection_names_what_is_wrong():
    history = drawn("ann [write 1]   [read -> 1] [write 2 !\nbob      [read -> 1]          [write 3 ?")
    right = ("ann1", "bob1", "ann2")
    assert objection(history, "register", right) is None
    assert objection(history, "register", (*right, "bob2")) is None
    assert "no operation 'eve1'" in objection(history, "register", (*right, "eve1"))
    assert "did not happen" in objection(history, "register", (*right, "ann3"))
    assert "twice" in objection(history, "register", (*right, "ann1"))
    assert "bob1 was answered" in objection(history, "register", ("ann1", "ann2"))
    assert "ann1 had ended" in objection(history, "register", ("ann2", "ann1", "bob1"))
    assert "at the beginning the answer would be null" in objection(
        history, "register", ("bob1", "ann1", "ann2")
    )


def test_a_random_history_comes_from_its_seed_alone():
    assert random_history(5, lies=30, crashes=30) == random_history(5, lies=30, crashes=30)
    assert len({random_history(seed) for seed in range(20)}) == 20


def test_a_random_history_without_lies_is_linearizable_and_with_them_often_is_not():
    honest = [random_history(seed, calls=9, crashes=25, keys=seed % 3) for seed in range(60)]
    assert all(linearizable(history, "register").ok for history in honest)
    assert any(call.type == "info" for history in honest for call in history.calls)
    lying = [random_history(seed, calls=9, lies=40) for seed in range(60)]
    assert sum(not linearizable(history, "register").ok for history in lying) > 20


@pytest.mark.parametrize(("read", "right"), [(0, False), (1, True), (3, True), (4, False)])
def test_after_a_round_any_of_its_values_may_be_read_and_no_other(read, right):
    assert linearizable(one_round(3, read), "register").ok == right


def test_the_last_key_alone_decides_about_many_keys():
    assert linearizable(many_keys(3, 2, last=1), "key-value").ok
    wrong = linearizable(many_keys(3, 2, last=9), "key-value")
    assert (wrong.ok, wrong.part) == (False, "k2")
    assert not linearizable(many_keys(3, 2, last=9), "multi-key").ok


def test_rounds_and_crashes_have_as_many_operations_as_they_say():
    assert [call.type for call in rounds(3, 2).calls] == ["ok"] * 6
    crashed = many_crashed(4, 2, read=0)
    assert [call.type for call in crashed.calls] == ["info"] * 4 + ["ok"] * 3
    assert linearizable(crashed, "register").ok
    assert linearizable(many_crashed(4, 2, read=4), "register").ok


@pytest.mark.parametrize(
    "call",
    [
        lambda: random_history(1, clients=0),
        lambda: random_history(1, lies=101),
        lambda: one_round(0, 1),
        lambda: many_keys(0, 1, 1),
        lambda: rounds(1, 0),
    ],
)
def test_bad_numbers_are_refused(call):
    with pytest.raises(ArgumentError, match="must be"):
        call()
