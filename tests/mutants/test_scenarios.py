"""Directed schedules: each breaks its law with the mutant of its row, and not with the correct code."""

import importlib
from dataclasses import replace

import pytest

from distsys import S, systems
from distsys.checkers import matrix
from distsys.checkers.judging import judge_of
from distsys.checkers.matrix import row_of
from distsys.core.laws import FINALLY
from distsys.drivers import length, perform
from distsys.drivers.schedules import Scenario
from distsys.drivers.shrinker import broken_law
from distsys.lab import scenarios_raft
from distsys.mutants.raft import LastIsHasty

TOLD = [mutant for mutant in systems.mutants() if mutant.scenario is not None]
LEAD = [mutant for mutant in systems.mutants() if mutant.leads_to_by is not None]


def told(mutant):
    """Return (moves, seed, settle) of the directed schedule of a mutant."""
    module, _, name = mutant.scenario.partition(":")
    story = getattr(importlib.import_module(module), name)
    system = systems.find(mutant.system)
    lasts = any(law.name == mutant.breaks and law.when == FINALLY for law in system.laws)
    moves, seed = (story.moves, story.seed) if isinstance(story, Scenario) else (story, 0)
    return moves, seed, system.settle if lasts else 0


@pytest.mark.parametrize("mutant", TOLD, ids=lambda mutant: mutant.id)
def test_a_directed_schedule_breaks_the_law_of_its_row_by_the_fault_of_the_mutant(mutant):
    moves, seed, settle = told(mutant)
    broken = systems.build(mutant.system, mutant=mutant.id)
    trace = perform(broken, moves, seed=seed, settle=settle)
    assert broken_law(trace, judge_of(mutant.system)).law == mutant.breaks
    assert length(trace) <= mutant.length_max
    correct = systems.build(mutant.system, **dict(broken.options.items()))
    kept = perform(correct, moves, seed=seed, settle=settle, skip=True)
    assert broken_law(kept, judge_of(mutant.system)) is None


@pytest.mark.parametrize("mutant", LEAD, ids=lambda mutant: mutant.id)
def test_a_schedule_shows_what_a_mutant_leads_to_and_the_correct_code_keeps_that_law(mutant):
    moves, seed = matrix.told(mutant.leads_to_by)
    laws = [law for law in systems.find(mutant.system).laws if law.name == mutant.leads_to]
    broken = systems.build(mutant.system, mutant=mutant.id)
    assert perform(broken, moves, seed=seed, laws=laws).violation.law == mutant.leads_to
    correct = systems.build(mutant.system, **dict(broken.options.items()))
    assert perform(correct, moves, seed=seed, laws=laws, skip=True).violation is None


@pytest.fixture
def hasty():
    name = "raft-hasty"
    yield systems.register(replace(systems.find("raft"), name=name, classes={"server": LastIsHasty})).name
    del systems._SYSTEMS[name]


@pytest.mark.parametrize("seed", range(5))
def test_the_hasty_server_of_raft_22_alone_keeps_nobody_from_leading(hasty, seed):
    trace = perform(systems.build(hasty), scenarios_raft.TOO_OLD_TO_WIN, seed=seed, settle=90 * S)
    assert trace.violation is None
    assert trace.ended == "complete"


@pytest.mark.parametrize("id", ["RAFT-14", "RAFT-19"])
def test_a_row_of_class_x_is_green_by_its_directed_schedule_alone(id):
    mutant = next(mutant for mutant in TOLD if mutant.id == id)
    row = row_of(mutant)
    assert row.green, row.reds
    assert dict(row.caught) == {"unit": "caught"}
    assert row.seeds is None
