"""The checkers beside oracles that try every order: random histories of every model, many of them wrong."""

import random

import pytest

from distsys.checkers import SPECS, Outcome, linearizable
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
