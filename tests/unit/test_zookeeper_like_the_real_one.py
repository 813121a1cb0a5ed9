"""Our ZooKeeper is asked what the real one was asked, step by step, and does the same."""

import pytest
from zookeeper_ours import OurZooKeeper
from zookeeper_scenarios import SCENARIOS, differences, play, recorded

LEFT_OUT = {"reconfig": "members do not change"}
ALONE = {"words", "crash"}  # scenarios that tell of one server, or end it


@pytest.mark.parametrize("name", [name for name in SCENARIOS if name not in LEFT_OUT])
def test_ours_does_what_the_real_one_did(name):
    scenario = SCENARIOS[name]
    nodes = 1 if name in ALONE else 3
    with OurZooKeeper(nodes, {**scenario.settings, **scenario.options}) as servers:
        came = [what for _, what in play(servers.addresses, name, servers)]
    assert list(differences(recorded(name), came, ours=True)) == []
