"""Walks: random orders of events, from a seed and nothing else."""

import pytest

from distsys import replay, simulate, systems
from distsys.core.errors import ArgumentError
from distsys.drivers import Swarm, kinds_of, reperform, sights_of, walk
from distsys.drivers.swarm import drawn, usual_swarm, varied


@pytest.mark.parametrize("system", [n for n in systems.shipped() if systems.find(n).untimed])
def test_a_walk_comes_from_its_seed_and_performs_again(system):
    trace = walk(system, 11, moves=120)
    text = trace.text()
    assert walk(system, 11, moves=120).text() == text
    assert walk(system, 12, moves=120).text() != text
    assert reperform(trace).text() == replay(trace).text() == text
    assert trace.violation is None


def test_walks_meet_what_simulations_of_the_same_length_seldom_meet():
    walks, runs = ([f("raft", seed) for seed in range(20)] for f in (walk, simulate))
    many, few = (sum(sights_of(trace)["leader"] for trace in traces) for traces in (walks, runs))
    assert many > 3 * few
    seen = sum((kinds_of(trace) for trace in walks), start=kinds_of(walks[0]))
    for kind in ("crash", "restart", "duplicate", "overtaken", "step cut off"):
        assert seen[kind] > 0, kind


def test_a_walk_finds_a_known_bug_that_is_rare_in_simulations():
    laws = [walk("raft", seed, mutant="RAFT-08").violation for seed in range(10)]
    assert "log matching" in {violation.law for violation in laws if violation}


def test_a_system_that_leans_on_time_is_not_walked():
    with pytest.raises(ArgumentError, match="but heartbeat-detector does not say so"):
        walk("heartbeat-detector", 1)
    with pytest.raises(ArgumentError, match="moves must be at least 1"):
        walk("raft", 1, moves=0)


# What a swarm draws for systems with clients, variants, storms.


def test_faults_of_nodes_fall_on_servers_and_cuts_on_everybody():
    cluster = systems.build("raft-kv")
    assert set(cluster.servers) < set(cluster.names)
    hit, cut = set(), set()
    for seed in range(60):
        for action in drawn(cluster, seed, 5_000_000)[1]:
            if (node := getattr(action, "node", None)) is not None:
                hit.add(node)
            for group in getattr(action, "groups", ()):
                cut.update(group)
    assert hit == set(cluster.servers)
    assert cut == set(cluster.names)


def test_storms_come_with_clients_or_by_wish_and_are_dense():
    assert "storm" in usual_swarm(systems.find("raft-kv")).kinds
    assert "storm" not in usual_swarm(systems.find("lamport-clock")).kinds
    cluster = systems.build("lamport-clock")
    kinds = systems.find("lamport-clock").tolerates
    plain, stormy = (
        [len(drawn(cluster, seed, 5_000_000, Swarm(k))[1]) for seed in range(40)]
        for k in (kinds, (*kinds, "storm"))
    )
    assert all(more >= few for few, more in zip(plain, stormy, strict=True))
    assert sum(more > few for few, more in zip(plain, stormy, strict=True)) > 20
    assert any(more == few for few, more in zip(plain, stormy, strict=True)), "some runs are left in peace"


def test_variants_are_drawn_from_the_seed_unless_they_are_given():
    values = {varied("raft", seed, None, {})["batch"] for seed in range(40)}
    assert values == set(systems.find("raft").variants["batch"])
    assert varied("raft", 3, None, {"batch": 5}) == {"batch": 5}
    assert simulate("raft", 3, until=50_000, settle=0).header.options["batch"] in values
    assert simulate("raft", 3, until=50_000, settle=0, faults=False).header.options["batch"] == 64


def test_a_walk_judged_by_one_law_says_so_and_performs_again_by_it():
    law = next(law for law in systems.find("raft").laws if law.name == "leader completeness")
    free = walk("raft", 0, mutant="RAFT-09", moves=300)
    assert free.violation.law == "durable before revealed"
    trace = walk("raft", 0, mutant="RAFT-09", moves=300, laws=[law])
    assert trace.header.laws == ("leader completeness",)
    assert len(trace) > len(free)
    assert reperform(trace).text() == trace.text()
