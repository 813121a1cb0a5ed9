"""What a review handed over by mistake: each was a bare traceback, or was taken in silence."""

import pytest

from distsys.core.errors import ArgumentError, ArgumentTypeError, DistsysError
from distsys.protocols.quorums import grid, majority, quorums_of, sizes
from distsys.protocols.replication import Compact, Propose
from distsys.protocols.zab import Zab

THREE = ("a", "b", "c")


@pytest.mark.parametrize("choice", [(["majority"],), ({"sizes": 2}, 1, 2), (3,), ()])
def test_a_choice_of_quorums_that_is_none_is_refused_by_name(choice):
    with pytest.raises(ArgumentError, match="quorums must be"):
        quorums_of(choice, THREE)


@pytest.mark.parametrize("names", [None, (), ["a", "b"], ("a", "a", "a"), "abc"])
def test_quorums_are_of_names_each_once(names):
    for make in (majority, lambda names: sizes(names, 2, 2), lambda names: grid(names, 1)):
        with pytest.raises(DistsysError, match="names must"):
            make(names)


@pytest.mark.parametrize("names", [None, 5, "abc", [["a"]]])
def test_whether_names_are_a_quorum_is_asked_with_names(names):
    """A string is a collection of its letters, so "abc" was a quorum."""
    for quorums in (majority(THREE), grid(THREE, 1)):
        for ask in (quorums.is_phase1_quorum, quorums.is_phase2_quorum):
            with pytest.raises(ArgumentTypeError, match="names must be a set"):
                ask(names)


@pytest.mark.parametrize("index", [None, "1", 1.0, -1])
def test_a_host_compacts_up_to_a_place(index):
    with pytest.raises(DistsysError, match="index must"):
        Compact(index, "state")


def test_none_is_no_command():
    """It was decided, and every host skipped it, for protocols fill places with it."""
    with pytest.raises(ArgumentError, match="command must be something to do"):
        Propose(None)


def test_a_zab_server_votes_or_observes():
    """It was taken for an observer, connected, and then never heard of a commit."""
    with pytest.raises(ArgumentError, match="among the voters or the observers"):
        Zab("d", voters=THREE)
