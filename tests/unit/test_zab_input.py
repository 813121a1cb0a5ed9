"""Every wrong argument of Zab is answered by its name, its value, and what would be right."""

import pytest

from distsys import simulate, systems
from distsys.core.errors import ArgumentError, ArgumentTypeError, UnknownNameError
from distsys.protocols.zab import Zab


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"election_ms": 1}, "election_ms must be at least 2, but it is 1"),
        ({"heartbeat_ms": 0}, "heartbeat_ms must be at least 1, but it is 0"),
        ({"heartbeat_ms": 300}, r"heartbeat_ms must be less than election_ms \(300\).* but it is 300"),
        ({"decide_ms": -1}, "decide_ms must be at least 0, but it is -1"),
        ({"commands": -1}, "commands must be at least 0, but it is -1"),
        ({"observers": -1}, "observers must be at least 0, but it is -1"),
        ({"snapshot_every": -1}, "snapshot_every must be at least 0, but it is -1"),
        ({"nodes": 0}, "nodes must be at least 1, but it is 0"),
    ],
)
def test_an_option_that_cannot_be_is_answered_before_anything_runs(options, says):
    with pytest.raises(ArgumentError, match=says):
        systems.build("zab", **options)
    with pytest.raises(ArgumentError, match=says):
        simulate("zab", 1, **options)


def test_an_unknown_option_is_answered_with_those_that_are():
    with pytest.raises(UnknownNameError, match="zab has no option 'lease'; it has: commands, decide_ms"):
        systems.build("zab", lease=True)


@pytest.mark.parametrize(
    ("settings", "error", "says"),
    [
        ({"voters": ()}, ArgumentError, r"voters must name at least one server, and each once"),
        ({"voters": ["s1"]}, ArgumentTypeError, "voters must be a tuple of names"),
        ({"voters": ("s1",), "observers": ["s2"]}, ArgumentTypeError, "observers must be a tuple of names"),
        (
            {"voters": ("s1",), "observers": ("s1",)},
            ArgumentError,
            "observers must not vote, but 's1' is among the voters",
        ),
        ({"voters": ("s1",), "decide_ms": 0.5}, ArgumentTypeError, "decide_ms must be a whole number"),
    ],
)
def test_a_wrong_argument_of_a_server_is_answered_by_its_name(settings, error, says):
    with pytest.raises(error, match=says):
        Zab("s1", **settings)


def test_all_servers_but_one_can_be_observers_and_no_more():
    cluster = systems.build("zab", nodes=2, observers=1)
    assert cluster.make("n1").voters == ("n1",)
    assert cluster.make("n2").observers == ("n2",)
    for name in ("zab", "zab-kv", "zab-locks"):
        with pytest.raises(ArgumentError, match="of 2 at most 1 can be observers, but observers is 2"):
            systems.build(name, nodes=2, observers=2)
        with pytest.raises(ArgumentError, match="observers must be fewer than the servers"):
            simulate(name, 1, nodes=("ann", "bob", "cyd"), observers=5)


def test_where_one_server_is_all_a_swarm_draws_no_observer():
    drawn = [dict(simulate("zab", seed, nodes=1, settle=0).header.options.items()) for seed in range(12)]
    assert {options["observers"] for options in drawn} == {0}
    assert len({options["snapshot_every"] for options in drawn}) > 1, "what fits is drawn all the same"
    assert {simulate("zab", seed, nodes=2, settle=0).header.options["observers"] for seed in range(12)} == {
        0,
        1,
    }
