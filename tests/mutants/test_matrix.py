"""Every law catches a bug: the same swarm that finds nothing in correct code finds every mutant."""

import json
import subprocess
import sys
from dataclasses import replace
from functools import cache

import pytest
from bug_texts import MATRIX

from distsys import Trace, replay, simulate, systems
from distsys.algorithms import clock_laws
from distsys.checkers.judging import LINEARIZABILITY, judge_of
from distsys.drivers import reperform, resimulate, walk
from distsys.mutants import broadcast, clocks, detector
from distsys.mutants.catalogue import SubjectMutant
from swarm_runs import SYSTEMS, reproduce, times_of

MUTANTS = tuple(mutant for mutant in systems.mutants() if mutant.system in systems.shipped())
# What takes thousands of seeds, or a healed phase of a minute and more, is for `make long`: its stored runs are
# replayed in test_counterexamples.py.
QUICK = [
    mutant for mutant in MUTANTS if mutant.klass in "QU" or not systems.find(mutant.system).settles_early
]
VALUE_MUTANTS = [mutant for mutant in clocks.MUTANTS if isinstance(mutant, SubjectMutant)]


# How many seeds the matrix needed. The search for a mutant that needs more than this many begins shortly before the
# seed that found it; `make long` searches from the first seed on.
EASY, BEFORE = 30, 5
NEEDED = {row["id"]: row["seeds"] for row in json.loads(MATRIX.read_text(encoding="utf-8"))}


def begin(mutant_id):
    """Return the seed at which the search for a mutant begins."""
    needed = NEEDED.get(mutant_id) or 0
    return needed - BEFORE if needed > EASY else 0


@cache
def first_violating(mutant_id):
    """Return the first seed, from where the search begins, at which the law of the mutant is broken, and the run.

    Where another law speaks before it, it is judged by itself in the same run.
    """
    mutant = next(mutant for mutant in MUTANTS if mutant.id == mutant_id)
    named = [law for law in systems.find(mutant.system).laws if law.name == mutant.breaks]
    for seed in range(begin(mutant_id), mutant.seeds_max):
        walks = systems.find(mutant.system).untimed
        for drawn in (walk, simulated) if walks else (simulated,):
            trace = drawn(mutant.system, seed, mutant=mutant.id)
            judge = judge_of(mutant.system)
            if judge is not None and not trace.violations and (found := judge(trace)):
                return seed, replace(trace, violations=found)
            if mutant.breaks in [violation.law for violation in trace.violations]:
                return seed, trace
            if trace.violations and named:
                trace = drawn(mutant.system, seed, mutant=mutant.id, laws=named)
                if trace.violations:
                    return seed, trace
            if trace.violations:
                break
    return None, None


def simulated(system, seed, **settings):
    """Return the simulation of a seed, of the length that this suite gives it."""
    return simulate(system, seed, **settings, **times_of(system))


@pytest.mark.parametrize("mutant", QUICK, ids=lambda mutant: mutant.id)
def test_the_swarm_catches_the_mutant_by_the_law_it_names(mutant, record_property):
    seed, trace = first_violating(mutant.id)
    assert trace is not None, f"{mutant.seeds_max} seeds did not find {mutant.id} ({mutant.title})"
    line = reproduce(mutant.system, seed, mutant.id)
    record_property("caught", f"{mutant.id}: {mutant.breaks}, seed {seed}, {len(trace)} steps")
    said = [violation.law for violation in trace.violations]
    assert mutant.breaks in said, f"{line}\nfound {trace.violations}"
    again = Trace.loads(trace.text())
    assert again.violations == trace.violations
    assert replay(again).text() == trace.text(), line
    simulated = again.header.driver["kind"] == "simulator"
    assert (resimulate if simulated else reperform)(again).steps == trace.steps, line


@pytest.mark.parametrize("system", SYSTEMS)
def test_every_law_has_a_mutant(system):
    laws = {law.name: law for law in systems.find(system).laws}
    named = {law for mutant in systems.mutants(system) for law in (mutant.breaks, mutant.leads_to) if law}
    proven = {  # a law that several systems share needs a mutant in one of them
        mutant.breaks
        for mutant in MUTANTS
        for law in systems.find(mutant.system).laws
        if law.name == mutant.breaks and laws.get(law.name) is law
    }
    assert set(laws) - proven == set(), "a check that catches nothing proves nothing"
    beside = {"assertion", *({LINEARIZABILITY} if systems.find(system).history else ())}
    assert named - set(laws) <= beside, "a mutant names a law that its system does not have"


def test_ids_are_unique():
    ids = [mutant.id for room in (broadcast, clocks, detector) for mutant in room.MUTANTS]
    assert len(ids) == len(set(ids))


def test_a_mutant_swaps_classes_by_subclasses_only():
    for mutant in MUTANTS:
        correct = systems.find(mutant.system).classes
        for role, kind in mutant.classes.items():
            assert issubclass(kind, correct[role]), mutant.id
            assert kind is not correct[role], mutant.id


@pytest.mark.parametrize("mutant", VALUE_MUTANTS, ids=lambda mutant: mutant.id)
def test_the_value_laws_catch_the_broken_vectors(mutant):
    assert clock_laws.verdicts()[mutant.breaks] is None
    assert clock_laws.verdicts(mutant.subject)[mutant.breaks] is not None


def test_every_clock_row_of_the_catalogue_is_there():
    assert {"CLK-01", "CLK-02", "CLK-03", "CLK-04"} <= {mutant.id for mutant in clocks.MUTANTS}


@pytest.mark.parametrize(
    ("system", "mutant"), [("causal-broadcast", "CB-01"), ("heartbeat-detector", "FD-01")]
)
def test_the_line_that_reproduces_a_run_does(system, mutant):
    seed, trace = first_violating(systems.build(system, mutant=mutant).mutant.id)
    words = reproduce(system, seed, mutant).split()[1:]
    done = subprocess.run([sys.executable, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert trace.violation.evidence in done.stdout + done.stderr
