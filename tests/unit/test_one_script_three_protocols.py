"""One front: the same fault script drives Multi-Paxos, Raft and Zab, and what clients see is the same service."""

from collections import Counter
from functools import cache

import pytest

from distsys import systems
from distsys.checkers import History, linearizable
from distsys.drivers import Simulator, sights_of
from distsys.drivers.swarm import drawn, usual_swarm
from distsys.services.service_laws import clients_are_served

STORES = ("multipaxos-kv", "raft-kv", "zab-kv")
LOCKS = ("multipaxos-locks", "raft-locks", "zab-locks")
SEEDS = range(12)


def cluster_of(name):
    """Return the cluster; no operators, so that nothing differs but the protocol."""
    return systems.build(name, **({"upkeep": 0} if name == "raft-kv" else {}))


@cache
def run(name, seed):
    """Return the run of a system under the script and the network that are drawn from the seed."""
    cluster = cluster_of(name)
    until, settle = cluster.system.until, cluster.system.settle
    network, script = drawn(cluster_of(STORES[0]), seed, until)
    return Simulator(cluster, seed, network=network, script=script, until=until, settle=settle).run()


@pytest.mark.parametrize("names", [STORES, LOCKS])
def test_the_swarm_draws_the_same_script_for_all_three(names):
    clusters = [cluster_of(name) for name in names]
    assert len({cluster.names for cluster in clusters}) == 1
    assert len({usual_swarm(cluster.system) for cluster in clusters}) == 1
    for seed in SEEDS:
        first, *others = (drawn(cluster, seed, 5_000_000) for cluster in clusters)
        assert all(other == first for other in others)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("names", [STORES, LOCKS], ids=["stores", "locks"])
def test_under_one_script_every_history_is_linearizable_and_every_client_is_served(names, seed):
    for name in names:
        trace = run(name, seed)
        system = systems.find(name)
        history = History.of(trace)
        assert trace.ended == "complete"
        assert clients_are_served in system.laws
        assert trace.violations == ()
        assert len(history.calls) == 2 * 12
        assert linearizable(history, system.history).ok


@pytest.mark.parametrize("name", STORES)
def test_the_scripts_are_not_harmless(name):
    """In these runs clients ask again all the time, and some give up."""
    seen = sum((sights_of(run(name, seed)) for seed in SEEDS), Counter())
    assert seen["retry"] >= 100
    assert seen["unknown"] >= 3
