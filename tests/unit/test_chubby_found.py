"""Faults of our own Chubby that seeds have found: the correct code bears the schedules that show them."""

import pytest

from distsys import S, systems
from distsys.drivers import perform
from distsys.lab.chubby_runs import LATE_CALL, NEWER_COPY
from distsys.mutants.chubby import MUTANTS

FOUND = {"LOCK-14": (NEWER_COPY, 0), "LOCK-15": (LATE_CALL, 90 * S)}
BY_ID = {mutant.id: mutant for mutant in MUTANTS}


def run(mutant, server=None):
    schedule, settle = FOUND[mutant]
    cluster = systems.build("multipaxos-chubby", mutant=server, **BY_ID[mutant].options)
    return perform(cluster, schedule.moves, seed=schedule.seed, settle=settle, skip=server is None)


@pytest.mark.parametrize("mutant", FOUND)
def test_the_correct_master_bears_what_breaks_the_mutant(mutant):
    assert run(mutant).violation is None
    assert run(mutant, server=mutant).violation.law == BY_ID[mutant].breaks
