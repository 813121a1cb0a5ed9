"""Every mutant of consistent hashing is caught by the law that it names, and the correct classes by none."""

import pytest

from distsys.algorithms import hashing_laws
from distsys.algorithms.handover import Handover
from distsys.algorithms.hashing_laws import (
    STAGE_RECORD,
    batch_agrees,
    distinct_replicas,
    members_decide,
    minimal_movement,
    same_everywhere,
    totality,
    verdicts,
)
from distsys.algorithms.jump import Jump
from distsys.algorithms.ketama import Ketama
from distsys.algorithms.maglev import Maglev
from distsys.algorithms.modulo import Modulo
from distsys.algorithms.multiprobe import MultiProbe
from distsys.algorithms.rendezvous import Rendezvous
from distsys.algorithms.ring import Ring
from distsys.mutants.hashing import MUTANTS, RingByModulo

KEYS = [f"user:{number}" for number in range(500)]
NAMES = ["d", "b", "e", "a", "c"]
BY_ID = {mutant.id: mutant for mutant in MUTANTS}


def judge(subject):
    return verdicts(handover=subject) if issubclass(subject, Handover) else verdicts(subject)


def test_the_correct_ring_breaks_no_law():
    assert set(verdicts().values()) == {None}


@pytest.mark.parametrize("mutant", MUTANTS, ids=BY_ID)
def test_each_mutant_is_caught_by_the_law_it_names(mutant):
    assert callable(getattr(hashing_laws, mutant.breaks))
    evidence = judge(mutant.subject)[mutant.breaks]
    assert evidence is not None
    assert "the check could not finish" not in evidence


# HASH-02 looks perfect from inside one process; the others here hide from all but one law. This is what
# makes them dangerous, and it shows that the laws do not merely catch everything.
@pytest.mark.parametrize("id", ["HASH-02", "HASH-04", "HASH-05", "HASH-06"])
def test_the_quiet_mutants_break_one_law_only(id):
    broken = [name for name, evidence in judge(BY_ID[id].subject).items() if evidence]
    assert broken == [BY_ID[id].breaks]


def test_the_catalogue_has_every_row_of_hashing_once():
    ids = [mutant.id for mutant in MUTANTS]
    assert ids == sorted(set(ids))
    assert {f"HASH-0{number}" for number in range(1, 7)} <= set(ids)
    for mutant in MUTANTS:
        assert mutant.subject.__doc__
        assert mutant.subject.__doc__.startswith(mutant.id[:7])
        assert mutant.title
        assert mutant.source
        assert mutant.story.endswith(".")


@pytest.mark.parametrize("kind", [Ring, Rendezvous, MultiProbe, Ketama], ids=lambda kind: kind.__name__)
def test_the_methods_over_a_set_keep_the_laws(kind):
    placement = kind(NAMES)
    assert members_decide(kind, NAMES, KEYS) is None
    assert batch_agrees(placement, KEYS) is None
    for after in (placement.join("f"), placement.leave("b")):
        assert minimal_movement(placement, after, KEYS) is None
    hashes = [0, 1, 2**32 - 1, 2**31]
    assert totality(placement, hashes) is None


def test_rendezvous_and_ketama_have_distinct_replicas():
    for placement in (Rendezvous(NAMES), Ketama(NAMES)):
        assert distinct_replicas(placement, KEYS, 3) is None


def test_jump_keeps_minimal_movement_at_the_end_of_its_list():
    jump = Jump(NAMES)
    assert minimal_movement(jump, jump.join("f"), KEYS) is None
    assert minimal_movement(jump, jump.leave("c"), KEYS) is None
    assert members_decide_of_a_list(Jump)


def members_decide_of_a_list(kind):
    return kind(NAMES).lookup_many(KEYS) != kind(sorted(NAMES)).lookup_many(KEYS)


def test_maglev_depends_on_the_set_only_and_gives_up_minimal_movement():
    def build(names):
        return Maglev(names, table_size=251)

    assert members_decide(build, NAMES, KEYS) is None
    assert minimal_movement(build(NAMES), build([*NAMES, "f"]), KEYS) is not None


def test_modulo_breaks_minimal_movement_and_the_evidence_is_a_sentence():
    before = Modulo(NAMES)
    evidence = minimal_movement(before, before.join("f"), KEYS)
    assert evidence is not None
    assert evidence.startswith("key 'user:")
    assert "both were there before and after" in evidence


def test_the_record_is_one_that_a_wrong_ring_does_not_meet():
    assert same_everywhere(Ring(NAMES, vnodes=8), STAGE_RECORD) is None
    assert same_everywhere(Ring(NAMES, vnodes=9), STAGE_RECORD) is not None
    assert same_everywhere(RingByModulo(NAMES, vnodes=8), STAGE_RECORD) is not None


def test_a_batch_that_differs_is_found():
    class Liar(Ring):
        def lookup_hashes(self, hashes):
            return [self.members[0] for _ in hashes]

    assert batch_agrees(Liar(NAMES), KEYS) is not None


def test_a_stranger_as_owner_is_found():
    class Stranger(Ring):
        def owner_at(self, hash):
            return "x"

    assert "who is no member" in (totality(Stranger(NAMES), [5]) or "")
