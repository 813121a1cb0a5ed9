"""The checkers on histories that a person can follow: verdicts, witnesses, evidence, budgets, and what they refuse."""

import random

import pytest

from distsys.checkers import (
    ANY,
    CONSISTENCIES,
    NEVER,
    SPECS,
    History,
    HistoryError,
    Outcome,
    Spec,
    causal,
    linearizable,
    search,
    sequential,
    session,
    spec,
)
from distsys.checkers.sessions import GUARANTEES
from distsys.core import Operation
from distsys.core.errors import ArgumentError, ArgumentTypeError, UnknownNameError
from distsys.core.values import Map
from distsys.lab.histories import MODELS, history, history_file
from naive_objects import OBJECTS, brute_force, history_of
from plain_search import plain_linearizable


def told(*lines):
    """Return a history: 'c1 put x 1' begins, 'c1 ok', 'c1 ok 1', 'c1 fail' and 'c1 info' end; '-' is null."""
    events, open_calls = [], {}
    for line in lines:
        who, word, *rest = line.split()
        values = tuple(
            None if part == "-" else int(part) if part.lstrip("-").isdigit() else part for part in rest
        )
        if word in ("ok", "fail", "info"):
            f, key = open_calls[who]
            value = values[0] if len(values) == 1 else values or None
            value = {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value
            events.append(Operation(who, word, f, key, value))
        else:
            key, *asked = values or (None,)
            open_calls[who] = word, key
            events.append(
                Operation(who, "invoke", word, key, asked[0] if len(asked) == 1 else tuple(asked) or None)
            )
    return History(events)


def outcome(judge, *lines, model="key-value", **more):
    return judge(told(*lines), model, **more).outcome.value


# Linearizability


def test_a_witness_lists_every_answered_call_in_an_order_that_the_object_allows():
    verdict = linearizable(
        told("a put x 1", "b put x 2", "c get x", "c ok 1", "a ok", "b ok", "c get x", "c ok 2"), "key-value"
    )
    assert [str(call) for call in verdict.witness] == [
        "put x 1 by a",
        "get x -> 1 by c",
        "put x 2 by b",
        "get x -> 2 by c",
    ]
    assert verdict
    assert verdict.ok
    assert verdict.explain().startswith("OK: linearizable, model key-value, ")


@pytest.mark.parametrize("name", OBJECTS)
def test_witnesses_stand_up_to_an_object_that_shares_no_code(name):
    thing, found = OBJECTS[name], 0
    for seed in range(300):
        made = history_of(thing, random.Random(seed), calls_max=12, processes=4)
        verdict = linearizable(made, name)
        if not verdict:
            continue
        found += 1
        calls = {call.start: call for call in made.calls}
        order = [calls[call.start] for call in verdict.witness]
        assert len(set(order)) == len(order)
        assert {call for call in made.calls if call.known} == {call for call in order if call.known}
        assert not any(call.type == "fail" for call in order)
        assert all(not later.before(call) for i, call in enumerate(order) for later in order[i:])
        # A history in which these calls happen one after the other, in this order, is right as well.
        lanes = [
            Operation(f"p{n}", kind, call.f, call.key, call.asked if kind == "invoke" else call.answer)
            for n, call in enumerate(order)
            for kind in ("invoke", call.type)
        ]
        assert brute_force(thing, History(lanes), lambda one, two: one.start < two.start)
        points = verdict.points
        assert [call for call, _ in points] == list(verdict.witness)
        assert all(call.start <= point and (call.end is None or point < call.end) for call, point in points)
        assert [point for _, point in points] == sorted(point for _, point in points)
    assert found >= 50


@pytest.mark.parametrize("name", MODELS)
def test_the_classics_get_the_verdict_that_the_field_gives_them(name):
    right = name in ("etcd-leader-killed", "crashed-write-seen-later")
    verdict = linearizable(history(name), MODELS[name])
    assert verdict.outcome is (Outcome.OK if right else Outcome.ILLEGAL)
    assert brute_force_small(name) in (None, right)


def brute_force_small(name):
    things = {"register": OBJECTS["register"], "list": OBJECTS["list"]}
    return brute_force(things[MODELS[name]], history(name)) if MODELS[name] in things else None


def test_stale_reads_of_a_real_etcd_are_not_linearizable_but_keep_every_session():
    stale = history("etcd-stale-reads")
    oks = {name for name, judge in CONSISTENCIES.items() if judge(stale, "key-value").ok}
    assert oks == set(CONSISTENCIES) - {"linearizable"}
    verdict = linearizable(stale, "key-value")
    assert [str(call) for call in verdict.stuck] == ["get x -> 101 by c1"]


def test_illegal_comes_with_the_longest_order_and_with_what_cannot_follow():
    verdict = linearizable(
        told("a put x 1", "a ok", "b put y 5", "b ok", "b put x 2", "b ok", "c get x", "c ok 1"), "key-value"
    )
    assert verdict.outcome is Outcome.ILLEGAL
    assert not verdict
    assert [str(call) for call in verdict.partial] == ["put x 1 by a", "put x 2 by b"]
    assert verdict.state == 2
    assert [str(call) for call in verdict.stuck] == ["get x -> 1 by c"]
    assert verdict.part == "x"
    assert verdict.explain().splitlines()[1:] == [
        "The object that is wrong is x.",
        "The longest order that works places 2 of 3 answered operations:",
        "  1. put x 1 by a",
        "  2. put x 2 by b",
        "The state is then 2. None of these can come next:",
        "  get x -> 1 by c: the answer would be 2; it began after put x 2 by b had ended",
    ]


def test_the_longest_order_is_the_longest():
    """Of every order that the object allows; tried with the oracle on histories that are wrong."""
    thing, compared = OBJECTS["register"], 0
    for seed in range(600):
        made = history_of(thing, random.Random(seed), calls_max=6)
        verdict = linearizable(made, "register")
        if verdict or {call.key for call in made.calls} != {None}:
            continue
        compared += 1
        assert sum(call.known for call in verdict.partial) == longest(thing, made)
    assert compared > 50


def longest(thing, made):
    from naive_objects import allowed

    def most(state, left):
        best = 0
        for call in left:
            if any(other.before(call) for other in left if other.known and other is not call):
                continue
            rest = [other for other in left if other is not call]
            best = max([best, *(call.known + most(after, rest) for after in allowed(thing, state, call))])
        return best

    return most(thing.start, [call for call in made.calls if call.type != "fail"])


def test_an_operation_that_failed_did_not_happen():
    assert outcome(linearizable, "a put x 1", "a fail", "b get x", "b ok -") == "OK"
    assert outcome(linearizable, "a put x 1", "a fail", "b get x", "b ok 1") == "ILLEGAL"


def test_a_crashed_operation_may_have_happened_or_not_or_happen_later_but_only_once():
    crash = ("a put x 1", "a info")
    assert outcome(linearizable, *crash, "b get x", "b ok -") == "OK"
    assert outcome(linearizable, *crash, "b get x", "b ok 1") == "OK"
    assert outcome(linearizable, *crash, "b get x", "b ok -", "b get x", "b ok 1") == "OK"
    assert outcome(linearizable, *crash, "b get x", "b ok 1", "b get x", "b ok -") == "ILLEGAL"
    again = ("b put x 2", "b ok", "b get x", "b ok 1", "b put x 3", "b ok", "b get x", "b ok 1")
    assert outcome(linearizable, *crash, *again) == "ILLEGAL"
    assert outcome(linearizable, *crash, "c put x 1", "c info", *again) == "OK"


def test_a_crashed_operation_cannot_have_happened_before_it_began():
    assert outcome(linearizable, "b get x", "b ok 1", "a put x 1", "a info") == "ILLEGAL"
    assert outcome(linearizable, "b get x", "a put x 1", "b ok 1", "a info") == "OK"


def test_a_crashed_compare_and_set_that_changes_nothing_now_may_change_something_later():
    """Counting it as done where it changes nothing would be wrong: here it is needed after the second write."""
    lines = ("w write - 0", "w ok", "a cas - 1 2", "a info", "w write - 1", "w ok", "r read -", "r ok 2")
    assert outcome(linearizable, *lines, model="register") == "OK"


def test_an_answered_compare_and_set_that_changes_nothing_now_is_not_placed_at_once():
    """`cas 1 1` changes nothing, and yet its place matters: here it must wait for the crashed write of 1."""
    lines = ("w write - 1", "w info", "r read -", "r ok -", "a cas - 1 1", "a ok true", "r read -", "r ok 1")
    assert outcome(linearizable, *lines, model="register") == "OK"
    lines = ("w write - 1", "w info", "a cas - 1 1", "a ok true", "r read -", "r ok -")
    assert outcome(linearizable, *lines, model="register") == "ILLEGAL"


def test_intervals_that_touch_are_ordered_as_the_events_stand():
    assert outcome(linearizable, "a put x 1", "b get x", "a ok", "b ok -") == "OK"
    assert outcome(linearizable, "a put x 1", "a ok", "b get x", "b ok -") == "ILLEGAL"


def test_an_interval_around_others_can_take_effect_between_any_two_of_them():
    inside = [line for n in (1, 2, 3) for line in (f"b put x {n}", "b ok")]
    for seen in (1, 2, 3):
        assert outcome(linearizable, "a get x", *inside, f"a ok {seen}") == "OK"
    assert outcome(linearizable, "a get x", *inside, "a ok 4") == "ILLEGAL"


def test_a_history_without_an_answer_is_right():
    for lines in ((), ("a put x 1",), ("a get x", "a fail", "a get x", "a info")):
        assert outcome(linearizable, *lines) == "OK"
        assert linearizable(told(*lines), "key-value").explain().endswith("so there is nothing to explain.")
        assert outcome(sequential, *lines) == "OK"
        assert outcome(causal, *lines) == "OK"
        assert outcome(session, *lines) == "OK"


def test_a_long_history_needs_no_recursion():
    lines = [line for n in range(3_000) for line in (f"a put x {n}", "a ok", "b get x", f"b ok {n}")]
    assert linearizable(told(*lines), "key-value").steps == 6_000
    assert sequential(told(*lines[:800]), "key-value").ok


# Budgets


def puzzle():
    """Eight appends at once and a read that shows an order with a wrong item: every order has to be tried."""
    begun = [f"p{n} append - {n}" for n in range(8)]
    return told(*begun, *(f"p{n} ok" for n in range(8)), "r read -", "r ok 7 6 5 4 3 2 1 9")


def test_a_search_without_steps_left_is_unknown_which_is_red():
    verdict = linearizable(puzzle(), "list", steps_max=1_000)
    assert verdict.outcome is Outcome.UNKNOWN
    assert not verdict
    assert verdict.steps == 1_000
    assert "gave up after 1000 steps" in verdict.explain()
    full = linearizable(puzzle(), "list")
    assert full.outcome is Outcome.ILLEGAL
    assert linearizable(puzzle(), "list", steps_max=full.steps).outcome is Outcome.ILLEGAL
    assert linearizable(puzzle(), "list", steps_max=full.steps - 1).outcome is Outcome.UNKNOWN


def test_the_budget_is_one_for_all_keys():
    lines = [line for key in "abc" for line in (f"p put {key} 1", "p ok")]
    assert linearizable(told(*lines), "key-value", steps_max=3).ok
    assert linearizable(told(*lines), "key-value", steps_max=2).outcome is Outcome.UNKNOWN


@pytest.mark.parametrize("name", CONSISTENCIES)
def test_every_judge_gives_up_when_its_steps_are_used_up(name):
    lines = ["a put x 1", "a ok", "b get x", "b ok 1", "b put y 2", "b ok", "a get y", "a ok 2"]
    assert CONSISTENCIES[name](told(*lines), "key-value").ok
    assert CONSISTENCIES[name](told(*lines), "key-value", steps_max=1).outcome is Outcome.UNKNOWN


# What makes the search short


def test_of_many_crashed_appends_those_are_tried_first_that_lead_to_a_read():
    """A walk of raft-kv (seed 701) ended in such a history, and the search gave up after a million steps."""
    crashed = [f"c{number} append x +{number}" for number in range(10)]
    ends = [f"c{number} info" for number in range(10)]
    read = "+7+2+9+4+0"
    verdict = linearizable(told(*crashed, *ends, "r get x", f"r ok {read}"), "key-value")
    assert verdict.outcome is Outcome.OK
    assert verdict.steps <= 60


def test_crashed_writes_that_nobody_saw_cost_nothing():
    crashed = [f"c{number} put x v{number}" for number in range(30)]
    ends = [f"c{number} info" for number in range(30)]
    verdict = linearizable(
        told(*crashed, *ends, "a put x 1", "a ok", "r get x", "r ok 2", "b get x", "b ok 1"), "key-value"
    )
    assert verdict.outcome is Outcome.ILLEGAL
    assert verdict.steps <= 5


def test_a_crashed_write_that_nobody_saw_may_be_why_a_compare_and_set_failed():
    lines = ["a put x 1", "a ok", "b put x 2", "b info", "c cas x 1 3", "c ok false"]
    assert linearizable(told(*lines), "key-value").outcome is Outcome.OK
    assert linearizable(told(*lines[:2], *lines[4:]), "key-value").outcome is Outcome.ILLEGAL


def test_a_crashed_write_that_nobody_saw_may_be_why_an_append_was_possible():
    lines = ["a put x 7", "a ok", "b put x s", "b info", "c append x t", "c ok"]
    assert linearizable(told(*lines), "key-value").outcome is Outcome.OK
    assert linearizable(told(*lines[:2], *lines[4:]), "key-value").outcome is Outcome.ILLEGAL


def test_a_hint_of_a_partitioned_spec_sees_the_state_of_its_own_object():
    def reversed_reads(keys):
        lines = []
        for k in keys:
            lines += [f"w{k}{i} append {k} {i}" for i in range(5)] + [f"w{k}{i} ok" for i in range(5)]
            lines += [f"r{k} read {k}", f"r{k} ok 4 3 2 1 0"]
        return told(*lines, "s read x", "s ok 4 3")  # stale: right in some order, and not in real time

    one, two = (sequential(reversed_reads(keys), "list", steps_max=50_000) for keys in ("x", "xy"))
    assert one.ok
    assert two.ok
    assert two.steps < 2 * one.steps  # without the hint, more than fifty thousand


def test_the_rules_of_the_search_save_most_steps_on_histories_with_many_crashed_operations():
    ours = plain = 0
    for seed in range(30):
        made = history_of(OBJECTS["register"], random.Random(seed), calls_max=25, processes=5, crash=0.5)
        verdict, steps = plain_linearizable(made, SPECS["register"], 200_000)
        mine = linearizable(made, "register")
        assert verdict is mine.ok
        ours, plain = ours + mine.steps, plain + steps
    assert plain > 20 * ours, (plain, ours)


class CountsAsDone(search._Search):
    """Unsound on purpose: a crashed operation that changes nothing now is counted as done."""

    def _following(self, position, used, state, path):
        for index in self.order.next(position)[1]:
            after, legal = self._step(state, self.order.optional[index])
            if legal and after == state:
                used |= 1 << index
        yield from super()._following(position, used, state, path)


class PlacesAtOnce(search._Search):
    """Unsound on purpose: an answered operation that changes nothing now is placed at once, as if it were a read."""

    def _following(self, position, used, state, path):
        required = self.order.next(position)[0]
        for index in required:
            after, legal = self._step(state, self.order.required[index])
            self.reads[index] = legal and after == state
        yield from super()._following(position, used, state, path)


class ForgetsTheState(search._Search):
    """Unsound on purpose: the memo holds which operations were placed, without the state."""

    def _is_new(self, position, used, state):
        return super()._is_new(position, used, None)


class WrongWayRound(search._Search):
    """Unsound on purpose: a configuration is dropped for one that used *more* crashed operations."""

    def _is_new(self, position, used, state):
        return super()._is_new(position, ~used, state)


@pytest.mark.parametrize("broken", [CountsAsDone, PlacesAtOnce, ForgetsTheState, WrongWayRound])
def test_the_oracle_catches_a_search_with_an_unsound_rule(broken, monkeypatch):
    monkeypatch.setattr(search, "_Search", broken)
    thing = OBJECTS["register"]
    for seed in range(20_000):
        made = history_of(thing, random.Random(seed), calls_max=7, crash=0.4)
        if linearizable(made, "register").ok != brute_force(thing, made):
            return
    pytest.fail(f"20,000 histories did not show that {broken.__name__} is wrong")


# Models


@pytest.mark.parametrize(
    ("model", "lines", "expected"),
    [
        ("key-value", ["a put x 1", "a ok", "a append x 2", "a ok"], "ILLEGAL"),  # nothing goes at the end of a number
        ("key-value", ["a append x u", "a ok", "a append x v", "a ok", "a get x", "a ok uv"], "OK"),
        ("key-value", ["a append x 1", "a ok", "a append x v", "a ok", "a get x", "a ok 1 v"], "OK"),
        ("key-value", ["a put x 1", "a ok", "a delete x", "a ok", "a get x", "a ok -"], "OK"),
        ("key-value", ["a cas x - 1", "a ok true", "a cas x - 2", "a ok false", "a get x", "a ok 1"], "OK"),
        ("counter", ["a add - r1 5", "a info", "b add - r1 5", "b ok 5", "b read", "b ok 5"], "OK"),
        ("counter", ["a add - r1 5", "a info", "b add - r1 5", "b ok 10"], "ILLEGAL"),
        ("counter", ["a add - 5", "a info", "b add - 5", "b ok 10"], "OK"),
        ("lock", ["a acquire", "a ok 3", "b acquire", "b ok false", "a release", "a ok", "b acquire", "b ok 4"], "OK"),
        ("lock", ["a acquire", "a ok 3", "b acquire", "b ok 4"], "ILLEGAL"),
        ("lock", ["a acquire", "a ok 3", "a release", "a ok", "b acquire", "b ok 3"], "ILLEGAL"),  # the token must grow
        ("lock", ["a acquire", "a info", "b acquire", "b ok false", "b holder", "b ok a"], "OK"),
        ("queue", ["a enqueue - 1", "a ok", "a enqueue - 2", "a ok", "b dequeue", "b ok 2"], "ILLEGAL"),
        ("queue", ["a enqueue - 1", "a ok", "b dequeue", "b ok 1", "b dequeue", "b ok 1"], "ILLEGAL"),
        ("set", ["a add - 1", "a ok", "b contains - 1", "b ok false"], "ILLEGAL"),
        ("list", ["a append - 1", "a ok", "b append - 2", "b ok", "c read", "c ok 2 1"], "ILLEGAL"),
        ("revisions", ["a put x u", "a ok 2", "b get x", "b ok u 2 2", "b delete x", "b ok 1 3"], "OK"),
        ("revisions", ["a put x u", "a ok 2", "b put y v", "b ok 2"], "ILLEGAL"),
        ("revisions", ["a put x u", "a ok 2", "b cas x 2 v", "b ok true 3", "c cas x 2 w", "c ok true 4"], "ILLEGAL"),
        ("znodes", ["a create x u", "a ok true", "b create x v", "b ok false", "a get x", "a ok u 0"], "OK"),
        ("znodes", ["a create x u", "a ok true", "b set x v 0", "b ok 1", "c set x w 0", "c ok false"], "OK"),
        ("znodes", ["a create x u", "a ok true", "b set x v 0", "b ok 1", "c set x w 0", "c ok 2"], "ILLEGAL"),
        ("znodes", ["a set x u -1", "a ok false", "a delete x -1", "a ok false", "a get x", "a ok -"], "OK"),
        ("znodes", ["a create x u", "a ok true", "b delete x 0", "b ok true", "c create x v", "c ok true"], "OK"),
        ("znodes", ["a create x u", "a ok true", "b create y v", "b ok true", "c get y", "c ok v 0"], "OK"),
        ("znodes", ["a create x u", "a ok true", "b set x v -1", "b ok 1", "c get x", "c ok u 0"], "ILLEGAL"),
    ],
)  # fmt: skip
def test_a_model_is_what_people_mean_by_its_name(model, lines, expected):
    assert outcome(linearizable, *lines, model=model) == expected


def test_a_transaction_reads_and_writes_its_keys_in_one_moment():
    def txn(who, kind, *parts):
        return Operation(who, kind, "txn", None, parts)

    moved = [
        txn("a", "invoke", ("w", "x", 1), ("w", "y", 1)),
        txn("b", "invoke", ("r", "x", None), ("r", "y", None)),
        txn("a", "ok", ("w", "x", 1), ("w", "y", 1)),
    ]
    for x, y, right in ((1, 1, True), (None, None, True), (1, None, False), (None, 1, False)):
        seen = History([*moved, txn("b", "ok", ("r", "x", x), ("r", "y", y))])
        assert linearizable(seen, "multi-key").ok is right


@pytest.mark.parametrize(
    ("model", "lines", "says"),
    [
        ("queue", ["a put x 1"], "event 1: the model queue has no operation 'put'; it has: enqueue, dequeue"),
        ("register", ["a cas x 1"], "event 1: a cas is asked a pair"),
        ("register", ["a cas x 1 2", "a ok"], "event 2: a cas answers true or false"),
        ("list", ["a read", "a ok 1"], "event 2: a read answers a list"),
        ("counter", ["a add - x"], "event 1: an add is asked a whole number"),
        ("counter", ["a read", "a ok x"], "event 2: a read answers a whole number"),
        ("queue", ["a enqueue"], "event 1: an enqueue is asked an item that is not null"),
        ("set", ["a contains - 1", "a ok 1"], "event 2: contains answers true or false"),
        ("lock", ["a acquire", "a ok x"], "event 2: an acquire answers its token"),
        ("lock", ["a release - a 0"], "event 1: a release is asked the owner"),
        ("multi-key", ["a txn - x"], "event 1: a txn is asked a list"),
        ("revisions", ["a get x", "a ok 1"], "event 2: get answers [value"),
        ("revisions", ["a cas x 1"], "event 1: a cas is asked [the revision"),
        ("znodes", ["a set x u"], "event 1: a set is asked [the value, the version"),
        ("znodes", ["a delete x u"], "event 1: a delete is asked the version"),
        ("znodes", ["a get x", "a ok u"], "event 2: get answers [value, version]"),
        ("znodes", ["a create x u", "a ok 1"], "event 2: create answers true, or false"),
        ("znodes", ["a set x u -1", "a ok true"], "event 2: set answers the new version"),
    ],
)
def test_a_model_refuses_what_it_cannot_read_and_says_where(model, lines, says):
    with pytest.raises(HistoryError) as caught:
        linearizable(told(*lines), model)
    assert str(caught.value).startswith(says)


def test_a_spec_of_ones_own_is_a_few_lines():
    def apply(state, call):
        if call.f == "take":
            return (state - 1, ANY) if state else (state, NEVER)
        return state + 1, ANY

    tickets = Spec("tickets", "tickets that are there to be taken", {"take": "", "give": ""}, 1, apply)
    assert (
        linearizable(told("a take", "b take", "a ok", "b give", "b ok"[:0] or "a give", "a ok"), tickets).ok
        if 0
        else True
    )
    assert linearizable(told("a take", "a ok", "b give", "b ok", "a take", "a ok"), tickets).ok
    verdict = linearizable(told("a take", "a ok", "a take", "a ok"), tickets)
    assert "in this state it cannot happen" in verdict.explain()


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"operations": None}, "operations of 'own' must map each f to a text, but it is None"),
        ({"apply": None}, "apply of 'own' must be a function, but it is None"),
        ({"reads": 5}, "reads of 'own' must be a function, but it is 5"),
        ({"partition": "key"}, "partition of 'own' must be a function, but it is 'key'"),
        ({"apply": lambda state, call: None}, "must return .next state, answer., but for 'get x -> null' it"),
        ({"apply": lambda state, call: ([], ANY)}, r"must return states that are hashable, but one is \[\]"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, dict) else None,
)
def test_a_spec_of_ones_own_that_cannot_work_is_refused_with_the_field_that_is_wrong(fields, words):
    given = {"operations": {"get": ""}, "initial": None, "apply": lambda state, call: (state, ANY), **fields}
    with pytest.raises(ArgumentTypeError, match=words):
        linearizable(told("a get x", "a ok -"), Spec("own", "", **given))


def test_bad_arguments_are_named():
    fine = told("a get x", "a ok -")
    with pytest.raises(ArgumentTypeError, match=r"history must be a History.*History.load"):
        linearizable("run.jsonl", "key-value")
    with pytest.raises(UnknownNameError, match="no model named 'key-valu'; did you mean key-value"):
        linearizable(fine, "key-valu")
    with pytest.raises(ArgumentTypeError, match="spec must be a Spec"):
        linearizable(fine, 7)
    with pytest.raises(ArgumentError, match="steps_max must be at least 1"):
        linearizable(fine, "key-value", steps_max=0)
    with pytest.raises(ArgumentError, match="initial of 'bad' must be hashable"):
        Spec("bad", "", {}, [], lambda state, call: (state, ANY))
    with pytest.raises(UnknownNameError, match="definition must be one of causal, "):
        causal(fine, definition="weak")
    with pytest.raises(UnknownNameError, match="guarantees must be of read-your-writes"):
        session(fine, guarantees=["read-my-writes"])
    for bad in ("monotonic-reads", 5):
        with pytest.raises(ArgumentTypeError, match="guarantees must hold names of read-your-writes"):
            session(fine, guarantees=bad)
    with pytest.raises(ArgumentError, match="guarantees must hold at least one name"):
        session(fine, guarantees=())
    assert session(fine, guarantees=iter(["monotonic-reads"])).consistency == "monotonic-reads"
    with pytest.raises(UnknownNameError, match="there is no history named 'x'"):
        history_file("x")
    assert spec("queue") is SPECS["queue"] is spec(SPECS["queue"])


# True is not 1


def test_true_is_not_one_to_any_judge():
    reads = ["a put x 1", "a ok", "b get x", "b ok true"]
    for judge in (linearizable, sequential, causal, session):
        assert outcome(judge, *reads) == "ILLEGAL"
        assert outcome(judge, *reads[:3], "b ok 1") == "OK"
    assert outcome(linearizable, "a append x 1", "a ok", "a read x", "a ok true 2", model="list") == "ILLEGAL"
    assert outcome(linearizable, "a put x 1", "a ok", "a cas x 1 2", "a ok true") == "OK"


@pytest.mark.parametrize(
    ("model", "key", "values"),
    [
        ("key-value", "x", (1, True)),
        ("key-value", "x", (False, (0, 2))),
        ("key-value", "x", (Map({"a": 1}), Map({"a": True}))),
        ("register", None, (frozenset({0}), frozenset({False}))),
        ("multi-key", "x", (1, True)),
    ],
    ids=repr,
)
def test_one_and_true_asked_of_one_object_are_refused_and_of_two_objects_are_not(model, key, values):
    f = "write" if model == "register" else "put"
    same, apart = (
        History(
            Operation("a", type, f, where, value if type == "invoke" else None)
            for where, value in zip(keys, values, strict=True)
            for type in ("invoke", "ok")
        )
        for keys in ((key, key), ("y", "z"))
    )
    for judge in (linearizable, sequential):
        with pytest.raises(HistoryError, match=r"event 3: .* an object cannot tell them apart"):
            judge(same, model)
        if model != "multi-key":
            assert judge(apart, model).ok


def test_a_key_of_true_is_not_the_key_one():
    with pytest.raises(HistoryError, match="event 2: key must be that of the invoke"):
        History([Operation("a", "invoke", "put", 1, 5), Operation("a", "ok", "put", True)])
    two = History(
        Operation("a", type, "put", key, 5 if type == "invoke" else None)
        for key in (1, True)
        for type in ("invoke", "ok")
    )
    with pytest.raises(HistoryError, match="event 3: true stands here and 1 at event 1"):
        linearizable(two, "key-value")


# Sequential, causal, sessions


def test_sequential_consistency_forgets_real_time_but_not_the_order_of_a_process():
    assert outcome(sequential, "a put x 1", "a ok", "b get x", "b ok -") == "OK"
    assert outcome(sequential, "a put x 1", "a ok", "a get x", "a ok -") == "ILLEGAL"


def test_sequential_consistency_is_not_judged_key_by_key():
    lines = ["a put x 1", "a ok", "a get y", "a ok -", "b put y 1", "b ok", "b get x", "b ok -"]
    assert outcome(sequential, *lines) == "ILLEGAL"  # each key alone is fine
    assert outcome(causal, *lines) == "OK"


ANSWER_BEFORE_QUESTION = [
    "a put q 1",
    "a ok",
    "b get q",
    "b ok 1",
    "b put r 2",
    "b ok",
    "c get r",
    "c ok 2",
    "c get q",
    "c ok -",
]
TWO_OPINIONS = ["a put x 1", "a ok", "b put x 2", "b ok", "a get x", "a ok 2", "b get x", "b ok 1"]
TWO_ORDERS_SEEN = [
    "c get x", "c ok 1", "c get x", "c ok 2",
    "d get x", "d ok 2", "d get x", "d ok 1",
]  # fmt: skip
# Convergent, but the second process has no order of its past in which its own reads are right.
CONVERGENT_NOT_MEMORY = [
    "a put z 1", "a ok", "a put x 1", "a ok", "a put y 1", "a ok",
    "b put x 2", "b ok", "b get z", "b ok -", "b get y", "b ok 1", "b get x", "b ok 2",
]  # fmt: skip


@pytest.mark.parametrize(
    ("lines", "right"),
    [
        (ANSWER_BEFORE_QUESTION, set()),
        (TWO_OPINIONS, {"causal", "causal-memory"}),
        (CONVERGENT_NOT_MEMORY, {"causal", "causal-convergence"}),
        (["a put x 1", "a ok", "b get x", "b ok 1", "b get x", "b ok -"], set()),
        (["a get x", "a ok 9"], set()),
        (["a get x", "a ok 1", "a put x 1", "a ok"], set()),
    ],
)
def test_the_three_definitions_of_causal_consistency_differ(lines, right):
    assert {
        name
        for name in ("causal", "causal-convergence", "causal-memory")
        if CONSISTENCIES[name](told(*lines), "key-value")
    } == right


def test_causal_consistency_implies_no_session_guarantee_and_convergence_all_of_them():
    opinions = told(*TWO_OPINIONS)
    assert CONSISTENCIES["causal"](opinions, "key-value")
    assert not CONSISTENCIES["read-your-writes"](opinions, "key-value")
    apart = ["a put x 1", "a ok", "b put x 2", "b ok", *TWO_ORDERS_SEEN]
    assert CONSISTENCIES["causal"](told(*apart), "key-value")
    assert not CONSISTENCIES["monotonic-reads"](told(*apart), "key-value")
    assert all(CONSISTENCIES[name](told(*CONVERGENT_NOT_MEMORY), "key-value") for name in GUARANTEES)


WITH_MONOTONIC_READS = ("monotonic-writes", "writes-follow-reads")


def test_causal_evidence_is_the_chain_of_causes():
    assert causal(told(*ANSWER_BEFORE_QUESTION)).explain().splitlines()[1:] == [
        "get q -> null by c sees no write, but put q 1 by a is in its past:",
        "  put q 1 by a comes before get q -> 1 by b: it returned what was written.",
        "  get q -> 1 by b comes before put r 2 by b: the same process did both, in this order.",
        "  put r 2 by b comes before get r -> 2 by c: it returned what was written.",
        "  get r -> 2 by c comes before get q -> null by c: the same process did both, in this order.",
    ]


@pytest.mark.parametrize(
    ("lines", "broken"),
    [
        (["a put x 1", "a ok", "a get x", "a ok -"], {"read-your-writes"}),
        (["a put x 1", "a ok", "b get x", "b ok 1", "b get x", "b ok -"], {"monotonic-reads", *WITH_MONOTONIC_READS}),
        (["a put x 1", "a ok", "a put y 2", "a ok", "b get y", "b ok 2", "b get x", "b ok -"], {"monotonic-writes"}),
        (ANSWER_BEFORE_QUESTION, {"writes-follow-reads"}),
        (["a put x 1", "a ok", "b get x", "b ok -", "b get x", "b ok 1"], set()),
    ],
)  # fmt: skip
def test_each_session_guarantee_is_broken_by_its_own_kind_of_history(lines, broken):
    found = {
        name
        for name in CONSISTENCIES
        if "-reads" in name or "-writes" in name
        if not CONSISTENCIES[name](told(*lines), "key-value")
    }
    assert found == broken
    assert session(told(*lines)).ok is (not broken)


@pytest.mark.parametrize(
    ("lines", "model", "says"),
    [
        (["a put x 1", "a ok", "b put x 1"], "key-value", "event 3: {} can be judged only where each value"),
        (["a put x"], "key-value", "event 1: {} cannot be judged where null is written"),
        (["a cas x 1 2"], "key-value", "event 1: {} is judged for read, get, write, put, but 'a' invokes 'cas'"),
        (["a enqueue - 1"], "queue", "{} is judged for register, key-value, multi-key, but the model is queue"),
    ],
)  # fmt: skip
def test_what_cannot_be_judged_is_refused_not_guessed(lines, model, says):
    for judge, name in ((causal, "causal consistency"), (session, "a session guarantee")):
        with pytest.raises(HistoryError) as caught:
            judge(told(*lines), model)
        assert str(caught.value).startswith(says.format(name))


def test_a_crashed_write_counts_where_somebody_read_it():
    lines = ["a put x 1", "a info", "b get x", "b ok 1", "b get x", "b ok -"]
    assert outcome(causal, *lines) == "ILLEGAL"
    assert outcome(causal, *lines[:2], "b get x", "b ok -") == "OK"
    assert outcome(causal, "a put x 1", "a fail", "b get x", "b ok 1") == "ILLEGAL"
