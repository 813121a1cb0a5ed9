"""Every wrong argument of Raft and of the store is answered by its name, its value, and what would be right."""

import pytest

from distsys import simulate, systems
from distsys.core.errors import ArgumentError, ArgumentTypeError, DistsysError, UnknownNameError, yes_or_no
from distsys.protocols.raft import Raft
from distsys.protocols.raft_server import RaftServer
from distsys.services.kv_client import KvClient
from distsys.services.raft_store import ReplicatedStore
from raft_nodes import THREE


@pytest.mark.parametrize(
    ("system", "options", "says"),
    [
        ("raft", {"election_ms": 0}, "election_ms must be at least 2, but it is 0"),
        ("raft", {"election_ms": -300}, "election_ms must be at least 2, but it is -300"),
        ("raft", {"heartbeat_ms": 0}, "heartbeat_ms must be at least 1, but it is 0"),
        (
            "raft",
            {"heartbeat_ms": 300},
            r"heartbeat_ms must be less than election_ms \(300\).* but it is 300",
        ),
        ("raft", {"election_ms": 40}, r"heartbeat_ms must be less than election_ms \(40\).* but it is 50"),
        ("raft", {"batch": 0}, "batch must be at least 1, but it is 0"),
        ("raft", {"commands": -1}, "commands must be at least 0, but it is -1"),
        ("raft", {"nodes": 0}, "nodes must be at least 1, but it is 0"),
        ("raft-members", {"voters": 0}, "voters must be at least 1, but it is 0"),
        ("raft-members", {"voters": 6}, "voters must be at most 5, but it is 6"),
        ("raft-members", {"nodes": 2}, "voters must be at most 2, but it is 3"),
        ("raft-members", {"changes": -1}, "changes must be at least 0, but it is -1"),
        ("raft-members", {"batch": 0}, "batch must be at least 1, but it is 0"),
        ("raft-kv", {"reads": "typo"}, "reads must be one of log, index, lease, but it is 'typo'"),
        ("raft-kv", {"snapshot_every": -1}, "snapshot_every must be at least 0, but it is -1"),
        ("raft-kv", {"clients": 0}, "clients must be at least 1, but it is 0"),
        ("raft-kv", {"operations": -1}, "operations must be at least 0, but it is -1"),
        ("raft-kv", {"keys": 0}, "keys must be at least 1, but it is 0"),
        ("raft-kv", {"upkeep": -1}, "upkeep must be at least 0, but it is -1"),
        ("raft-kv", {"heartbeat_ms": 400}, "heartbeat_ms must be less than election_ms"),
    ],
)
def test_an_option_that_cannot_be_is_answered_before_anything_runs(system, options, says):
    with pytest.raises(ArgumentError, match=says):
        systems.build(system, **options)
    with pytest.raises(ArgumentError, match=says):
        simulate(system, 1, **options)


@pytest.mark.parametrize(
    ("system", "options", "says"),
    [
        ("raft", {"batch": "many"}, "option batch must be like its default 64"),
        ("raft", {"election_ms": 0.3}, "option election_ms must hold an immutable value, but it is 0.3"),
        ("raft-kv", {"joint": 1}, "option joint must be like its default True"),
        ("raft-kv", {"reads": True}, "option reads must be like its default 'index'"),
    ],
)
def test_an_option_of_another_type_is_refused(system, options, says):
    with pytest.raises(ArgumentTypeError, match=says):
        systems.build(system, **options)


def test_an_unknown_option_is_answered_with_those_that_are():
    with pytest.raises(UnknownNameError, match="raft has no option 'lease'; it has: batch, commands"):
        systems.build("raft", lease=True)


@pytest.mark.parametrize(
    ("settings", "error", "says"),
    [
        (
            {"voters": ()},
            ArgumentError,
            r"voters must name at least one server, and each once, but it is \(\)",
        ),
        ({"voters": ("s1", "s1")}, ArgumentError, "voters must name at least one server, and each once"),
        ({"voters": ("s1", "")}, ArgumentError, "a name in voters must be a name"),
        ({"voters": ("s1", 2)}, ArgumentTypeError, "a name in voters must be a name"),
        ({"voters": ["s1"]}, ArgumentTypeError, "voters must be a tuple of names"),
        ({"voters": "s1"}, ArgumentTypeError, "voters must be a tuple of names, but it is 's1'"),
        ({"voters": THREE, "batch": True}, ArgumentTypeError, "batch must be a whole number"),
        ({"voters": THREE, "election_ms": 1.5}, ArgumentTypeError, "election_ms must be a whole number"),
        ({"voters": THREE, "joint": "no"}, ArgumentTypeError, "joint must be True or False, but it is 'no'"),
        ({"voters": THREE, "lease": 1}, ArgumentTypeError, "lease must be True or False, but it is 1"),
        ({"voters": THREE, "drift_ppm": -1}, ArgumentError, "drift_ppm must be at least 0, but it is -1"),
        ({"voters": THREE, "drift_ppm": 500_000}, ArgumentError, "drift_ppm must be at most 499999"),
    ],
)
def test_a_server_answers_for_its_arguments(settings, error, says):
    with pytest.raises(error, match=says):
        RaftServer("s1", **settings)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"servers": ()}, "servers must name at least one server"),
        ({"retry_ms": 0}, "retry_ms must be at least 1, but it is 0"),
        ({"tries_max": 0}, "tries_max must be at least 1, but it is 0"),
        ({"think_ms": -1}, "think_ms must be at least 0, but it is -1"),
        ({"keys": 0}, "keys must be at least 1, but it is 0"),
    ],
)
def test_a_client_answers_for_its_arguments(settings, says):
    with pytest.raises(ArgumentError, match=says):
        KvClient("c1", **{"servers": THREE, "operations": 1, **settings})


def test_all_of_these_share_one_base():
    for make in (
        lambda: Raft("s1", voters=()),
        lambda: Raft("s/1", voters=THREE),
        lambda: ReplicatedStore("s1", voters=THREE, reads="typo"),
        lambda: ReplicatedStore("s1", voters=THREE, snapshot_every=None),
        lambda: yes_or_no("joint", None),
    ):
        with pytest.raises(DistsysError):
            make()
