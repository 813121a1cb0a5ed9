"""The checkers beside oracles that try every order: random histories of every model, many of them wrong."""

import random

import pytest

from distsys.checkers import (
    CONSISTENCIES,
    GUARANTEES,
    SPECS,
    Outcome,
    causal,
    linearizable,
    sequential,
    session,
)
from naive_memory import is_causal, keeps, memory_history
from naive_objects import OBJECTS, brute_force, history_of

FEW, MANY = 1_500, 10_000
SHARE = 0.3  # at least this part of the histories must be wrong, or agreeing with the oracle says little


def compared(judge, oracle, make, count):
    """Compare a checker with an oracle on `count` histories; return the share of histories that are wrong."""
    wrong = 0
    for seed in range(count):
        history = make(random.Random(seed))
        expected = oracle(history)
        verdict = judge(history)
        assert verdict.outcome is (Outcome.OK if expected else Outcome.ILLEGAL), (
            f"seed {seed}: the oracle says {expected}\n{history.lines()}\n{verdict.explain()}"
        )
        wrong += not expected
    return wrong / count


def linearizability_compared(name, count):
    thing = OBJECTS[name]
    return compared(
        lambda history: linearizable(history, name),
        lambda history: brute_force(thing, history),
        lambda dice: history_of(thing, dice, calls_max=dice.choice((4, 5, 6, 7))),
        count,
    )


def sequential_compared(name, count):
    thing = OBJECTS[name]

    def comes_before(one, two):
        return one.process == two.process and one.start < two.start

    return compared(
        lambda history: sequential(history, name),
        lambda history: brute_force(thing, history, comes_before),
        lambda dice: history_of(
            thing, dice, calls_max=dice.choice((5, 6)), processes=2, crash=dice.choice((0, 0.2))
        ),
        count,
    )


def test_there_is_an_oracle_for_every_model():
    assert set(OBJECTS) == set(SPECS)


@pytest.mark.parametrize("name", OBJECTS)
def test_linearizability_agrees_with_trying_every_order(name):
    assert linearizability_compared(name, FEW) >= SHARE


@pytest.mark.long
@pytest.mark.parametrize("name", OBJECTS)
def test_linearizability_agrees_with_trying_every_order_on_10_000_histories(name, record_property):
    share = linearizability_compared(name, MANY)
    record_property("wrong", f"{share:.1%}")
    assert share >= SHARE


@pytest.mark.parametrize("name", OBJECTS)
def test_sequential_consistency_agrees_with_trying_every_order(name):
    assert sequential_compared(name, FEW) >= SHARE


@pytest.mark.long
@pytest.mark.parametrize("name", OBJECTS)
def test_sequential_consistency_agrees_with_trying_every_order_on_10_000_histories(name, record_property):
    share = sequential_compared(name, MANY)
    record_property("wrong", f"{share:.1%}")
    assert share >= SHARE


# Memories: causal consistency and session guarantees

DEFINITIONS = ("causal", "causal-convergence", "causal-memory")
GROUPS = [
    ("read-your-writes",),
    ("monotonic-reads",),
    ("monotonic-reads", "monotonic-writes"),
    ("monotonic-reads", "writes-follow-reads"),
    ("read-your-writes", "monotonic-writes"),
    GUARANTEES,
]


def causal_compared(definition, count):
    calls = (5,) if definition == "causal-convergence" else (5, 6)  # its oracle tries far more
    return compared(
        lambda history: causal(history, definition=definition),
        lambda history: is_causal(history, definition),
        lambda dice: memory_history(
            dice, calls_max=dice.choice(calls), processes=2, keys=dice.choice(("x", "xxy"))
        ),
        count,
    )


def sessions_compared(guarantees, count):
    return compared(
        lambda history: session(history, guarantees=guarantees),
        lambda history: keeps(history, guarantees),
        lambda dice: memory_history(
            dice, calls_max=dice.choice((7, 8)), processes=2, keys=dice.choice(("x", "xxy")), wild=1.0
        ),
        count,
    )


@pytest.mark.parametrize("definition", DEFINITIONS)
def test_causal_consistency_agrees_with_trying_every_causal_order(definition):
    assert causal_compared(definition, 200) >= SHARE - 0.1  # so few that the share swings


@pytest.mark.parametrize("guarantees", GROUPS, ids=" + ".join)
def test_session_guarantees_agree_with_trying_every_order_and_every_server(guarantees):
    assert sessions_compared(guarantees, 200) >= SHARE - 0.1


@pytest.mark.long
@pytest.mark.parametrize("definition", DEFINITIONS)
def test_causal_consistency_agrees_with_trying_every_causal_order_on_10_000_histories(
    definition, record_property
):
    share = causal_compared(definition, MANY)
    record_property("wrong", f"{share:.1%}")
    assert share >= SHARE


@pytest.mark.long
@pytest.mark.parametrize("guarantees", GROUPS, ids=" + ".join)
def test_session_guarantees_agree_with_trying_everything_on_10_000_histories(guarantees, record_property):
    share = sessions_compared(guarantees, MANY)
    record_property("wrong", f"{share:.1%}")
    assert share >= SHARE


def larger_memories(count):
    for seed in range(count):
        yield memory_history(random.Random(seed), calls_max=9)


def test_all_four_session_guarantees_together_are_causal_convergence():
    for history in larger_memories(2_000):
        both = session(history).ok, causal(history, definition="causal-convergence").ok
        assert both[0] == both[1], f"{both}\n{history.lines()}"


def test_what_is_stronger_implies_what_is_weaker_and_no_two_are_the_same():
    seen = set()
    for history in larger_memories(2_000):
        oks = {name for name, judge in CONSISTENCIES.items() if judge(history, "key-value").ok}
        seen.add(frozenset(oks))
        for strong, weak in (
            ("linearizable", "sequential"),
            ("sequential", "causal-convergence"),
            ("sequential", "causal-memory"),
            ("causal-convergence", "causal"),
            ("causal-memory", "causal"),
            ("sessions", "read-your-writes"),
            ("sessions", "writes-follow-reads"),
            ("monotonic-writes", "monotonic-reads"),
            ("writes-follow-reads", "monotonic-reads"),
            ("sessions", "monotonic-writes"),
        ):
            assert weak in oks or strong not in oks, f"{strong} without {weak}\n{history.lines()}"
    told_apart = {(one, two) for oks in seen for one in oks for two in CONSISTENCIES if two not in oks}
    for one, two in (
        ("sequential", "linearizable"),
        ("causal-convergence", "sequential"),
        ("causal-memory", "sequential"),
        ("causal", "read-your-writes"),  # for there is no common order of the writes
        ("causal-memory", "causal-convergence"),
        ("monotonic-reads", "monotonic-writes"),
        ("monotonic-reads", "read-your-writes"),
        ("read-your-writes", "monotonic-reads"),
        ("monotonic-writes", "writes-follow-reads"),
        ("writes-follow-reads", "monotonic-writes"),
    ):
        assert (one, two) in told_apart, f"no history that is {one} and not {two}"
