"""Our ZooKeeper is asked what the real one was asked, step by step, and does the same."""

import re

import pytest
from zookeeper_ours import OurZooKeeper
from zookeeper_scenarios import SCENARIOS, differences, play, recorded

LEFT_OUT = {
    "reconfig": "members do not change",
    "reading": "it has sessions that one server alone knows; kazoo's own test of reading alone passes",
}
ALONE = {"words", "crash"}  # scenarios that tell of one server, or end it
TIMES = re.compile(r"\bt[0-9]+\+*")  # two changes may be of one millisecond, or not
REFUSED = {"session": 0, "timeout": 0, "reads only": False, "heard": {"x": ["closed"]}}
AGAIN = {"session": "a", "timeout": 30000, "reads only": False}
CONFIG = {"zxid": "z20", "data": "", "stat": "cmp 0/0/0 cm 0/0 vca 0/0/-1 owner nobody bytes 0 children 0"}

# Who brings a wrong password is refused; the real one closes the connection of the session's owner as well, who is
# then still there when the right password comes. And our members do not change, so nothing says who they are.
ON_PURPOSE = {
    "sessions": {
        35: REFUSED,
        37: {**AGAIN, "heard": {"a3": ["closed"]}},
        38: REFUSED,
        39: {**AGAIN, "heard": {"a4": ["closed"]}},
    },
    "cluster": {35: CONFIG},
}


def timeless(value):
    """Return what came without the names of times."""
    match value:
        case str():
            return TIMES.sub("t", value)
        case dict():
            return {key: timeless(each) for key, each in value.items()}
        case list():
            return [timeless(each) for each in value]
    return value


def due_of(name):
    """Return what should come of each step at ours."""
    ours = ON_PURPOSE.get(name, {})
    return [(step, timeless(ours.get(number, came))) for number, (step, came) in enumerate(recorded(name))]


@pytest.mark.parametrize("name", [name for name in SCENARIOS if name not in LEFT_OUT])
def test_ours_does_what_the_real_one_did(name):
    scenario = SCENARIOS[name]
    with OurZooKeeper(1 if name in ALONE else 3, {**scenario.settings, **scenario.options}) as servers:
        came = [timeless(what) for _, what in play(servers.addresses, name, servers)]
    assert list(differences(due_of(name), came)) == []


def test_where_ours_differs_on_purpose_it_does_differ():
    for name, steps in ON_PURPOSE.items():
        transcript = recorded(name)
        for number, ours in steps.items():
            assert timeless(transcript[number][1]) != timeless(ours)
