"""Systems: clusters that are built by name, and every wrong name or option answered with what there is."""

import pickle
from typing import Any

import pytest

from distsys.core import EMPTY, Map, Node, systems
from distsys.core.errors import (
    ArgumentError,
    ArgumentTypeError,
    DistsysError,
    MutableValueError,
    UnknownNameError,
)
from distsys.core.systems import NodeMutant, System, alike, node_names, peers_of


class Member(Node):
    def __init__(self, name: str, disk: Map[str, Any] = EMPTY, *, peers: tuple[str, ...]) -> None:
        super().__init__(name, disk)
        self.peers = peers


class Broken(Member):
    pass


SYSTEM = systems.register(
    System(
        "unit-club",
        "a club",
        {"process": Member},
        alike(),
        (),
        options={"size": 3, "label": "x", "strict": False, "extra": None, "pair": (1, 2)},
    )
)
MUTANT = NodeMutant(
    "UC-01", "broken", "unit-club", {"process": Broken}, "none", "here", "it breaks", {"size": 9}
)


@pytest.fixture
def mutant(monkeypatch):
    monkeypatch.setitem(systems._MUTANTS, "UC-01", MUTANT)


def test_a_cluster_has_a_node_for_each_name_that_knows_its_peers():
    cluster = systems.build("unit-club", nodes=3)
    assert cluster.names == ("n1", "n2", "n3")
    assert cluster.make("n2").fields() == {"name": "n2", "peers": ("n1", "n3")}
    assert cluster.options == Map(
        {"nodes": 3, "size": 3, "label": "x", "strict": False, "extra": None, "pair": (1, 2)}
    )
    assert (cluster.laws, cluster.workload(7)) == ((), ())


def test_names_are_sorted_and_have_one_width():
    assert node_names(10)[:2] == ("n01", "n02")
    assert sorted(node_names(100)) == list(node_names(100))
    assert systems.build("unit-club", nodes=["b", "a"]).names == ("a", "b")
    assert peers_of("b", ("a", "b", "c")) == ("a", "c")


@pytest.mark.parametrize(
    ("nodes", "says"),
    [
        (0, "nodes must be at least 1, but it is 0"),
        (-1, "nodes must be at least 1"),
        (10**6, "nodes must be at most 10000"),
        ((), "nodes must name at least one node, but it is empty"),
        ([], "nodes must name at least one node, but it is empty"),
        (["a", "b", "a"], "nodes must name each node once, but 'a' stands there twice"),
        (["a", ""], "a name in nodes must be a name of at least one character"),
        (["a/b"], "a name in nodes must be a name of at least one character, without '/'"),
        (["a", 3], "a name in nodes must be a name"),
        (["client"], "a name in nodes must not be 'client'"),
        (["*"], "a name in nodes must not be '\\*'"),
        (True, "nodes must be a whole number"),
        (3.0, "option nodes must hold an immutable value, but it is 3.0 of type float; use an int"),
        ("3", "nodes must be a whole number"),
        (None, "nodes must be a whole number"),
    ],
    ids=str,
)
def test_a_cluster_that_cannot_be_is_refused(nodes, says):
    with pytest.raises(DistsysError, match=says):
        systems.build("unit-club", nodes=nodes)


def test_an_unknown_system_is_answered_with_the_names_of_all():
    with pytest.raises(
        UnknownNameError, match=r"there is no system named 'unit-clob'; there are: .*unit-club"
    ):
        systems.build("unit-clob")
    assert "unit-club" in systems.names()


def test_an_unknown_option_is_answered_with_the_names_of_all():
    with pytest.raises(
        UnknownNameError, match="unit-club has no option 'sizes'; it has: extra, label, nodes, pair, size"
    ):
        systems.build("unit-club", sizes=3)


def test_an_unknown_mutant_is_answered_with_the_names_of_all(mutant):
    with pytest.raises(UnknownNameError, match="unit-club has no mutant named 'UC-99'; it has: UC-01"):
        systems.build("unit-club", mutant="UC-99")


@pytest.mark.parametrize(
    ("option", "value"), [("size", "3"), ("size", True), ("label", 3), ("strict", 1), ("pair", 3)]
)
def test_an_option_of_another_kind_than_its_default_is_refused(option, value):
    with pytest.raises(ArgumentTypeError, match=f"option {option} must be like its default"):
        systems.build("unit-club", **{option: value})


def test_an_option_that_can_change_or_cannot_be_saved_is_refused():
    for value in ({}, 0.5, object()):
        with pytest.raises(MutableValueError, match="option extra must hold an immutable value"):
            systems.build("unit-club", extra=value)
    assert systems.build("unit-club", pair=[3, 4]).options["pair"] == (3, 4)


def test_a_node_that_is_not_in_the_cluster_cannot_be_made():
    with pytest.raises(UnknownNameError, match="name must be one of n1, n2, but it is 'n9'"):
        systems.build("unit-club", nodes=2).make("n9")


def test_a_mutant_swaps_the_class_and_its_own_options_and_nothing_else(mutant):
    cluster = systems.build("unit-club", mutant="UC-01", nodes=2)
    assert type(cluster.make("n1")) is Broken
    assert cluster.options["size"] == 9
    assert systems.build("unit-club", mutant="UC-01", size=4).options["size"] == 4
    assert type(systems.build("unit-club").make("n1")) is Member


def test_a_cluster_survives_pickle_with_options_and_mutant(mutant):
    cluster = systems.build("unit-club", mutant="UC-01", nodes=["a", "b"], label="y")
    again = pickle.loads(pickle.dumps(cluster))
    assert again == cluster
    assert again.make("a").snapshot() == cluster.make("a").snapshot()
    assert type(again.make("a")) is Broken


def test_a_system_is_loaded_when_it_is_asked_for_and_not_before(monkeypatch):
    import sys

    monkeypatch.setattr(systems, "_PLACES", dict(systems._PLACES))
    systems.declare({"far-away": "no.such.module:SYSTEM"})
    assert "far-away" in systems.names()
    with pytest.raises(ModuleNotFoundError):
        systems.find("far-away")
    assert "no.such.module" not in sys.modules


def test_an_error_about_a_name_reads_as_a_sentence():
    with pytest.raises(ArgumentError) as caught:
        systems.build("nobody")
    assert str(caught.value).startswith("there is no system")
