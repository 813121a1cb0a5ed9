"""The explorer beside a naive one that shares no code with it, on protocols that are drawn from a seed."""

import pytest

from distsys.core import systems
from distsys.drivers import Bounds, explore
from naive_explorer import everything
from toy_systems import counts_events, looks_at_nodes, looks_at_outputs

BOUNDS = (
    {},
    {"crashes": 1},
    {"timeouts": 2},
    {"duplicates": 1, "losses": 1},
    {"crashes": 1, "timeouts": 1, "duplicates": 1},
    {"crashes": 2, "timeouts": 1},
)
STATES_MAX = 1500  # the naive explorer makes some thousand states a second


def small(seed, bounds, requests, laws=(looks_at_nodes,)):
    """Return the cluster with this seed, and what the explorer finds; None where it is too large for the naive one."""
    cluster = systems.build("toy-drawn", nodes=2, seed=seed)
    found = explore(cluster, bounds=Bounds(**bounds, requests=requests), laws=laws, states_max=STATES_MAX)
    return cluster, None if found.verdict == "UNKNOWN" else found


def compare(seeds, laws, with_outputs=False):
    """Compare counts over many drawn protocols, and return how many states that were."""
    total = 0
    for seed in seeds:
        bounds = BOUNDS[seed % len(BOUNDS)]
        requests = seed % 3
        cluster, found = small(seed, bounds, requests, laws)
        if found is None:
            continue
        known, transitions, depth, _ = everything(
            cluster, laws=laws, requests=cluster.workload(0)[:requests], with_outputs=with_outputs, **bounds
        )
        assert (found.states, found.transitions, found.depth) == (len(known), transitions, depth), seed
        total += found.states
    return total


def test_both_explorers_count_the_same_states_and_transitions():
    assert compare(range(90), (looks_at_nodes,)) > 2_000


def test_both_explorers_count_the_same_where_a_law_has_a_memory_and_looks_at_the_step():
    assert compare(range(100, 150), (counts_events,)) > 2_000


def test_both_explorers_count_the_same_where_a_law_looks_at_outputs():
    assert compare(range(200, 250), (looks_at_outputs,), with_outputs=True) > 2_000


def seen_by_the_explorer(cluster, bounds, requests):
    seen = set()

    def look(world):
        seen.add(tuple(world.nodes[n].snapshot() if n in world.nodes else None for n in world.names))
        return False

    explore(cluster, bounds=Bounds(**bounds, requests=requests), goals={"look": look})
    return seen


@pytest.mark.parametrize("bounds", [{"crashes": 1}, {"crashes": 1, "timeouts": 1}, {"duplicates": 1}])
def test_what_the_explorer_leaves_out_shows_laws_nothing_new(bounds):
    compared = 0
    for seed in range(300, 340):
        cluster, found = small(seed, bounds, 1)
        if found is None or found.states > 400:
            continue
        _, _, _, seen = everything(cluster, requests=cluster.workload(0)[:1], generous=True, **bounds)
        assert seen_by_the_explorer(cluster, bounds, 1) == seen, seed
        compared += len(seen)
    assert compared > 100
