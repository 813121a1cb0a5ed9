"""Symmetry: the same verdicts with fewer states, and a refusal where names are told apart."""

import pytest

from distsys.core import Log, Map, Node, law
from distsys.core.errors import ArgumentError
from distsys.core.laws import law_with_memory
from distsys.core.systems import Cluster, Request, System
from distsys.core.values import EMPTY, record
from distsys.drivers import Bounds, explore
from distsys.drivers.localsteps import Local
from distsys.drivers.symmetry import Renaming, renamed
from distsys.protocols.raft_messages import Entry, Propose, Role
from toy_systems import Letter, has_a_leader

NAMES = ("n1", "n2", "n3")


@record
class Armed:
    """The sender has armed."""


@record
class Check:
    """Is one of these armed?"""

    who: object


class Hub(Node):
    """Hears who has armed, and is asked about some of them."""

    def __init__(self, name, disk=EMPTY):
        super().__init__(name, disk)
        self.armed, self.hit = frozenset(), False

    def on_message(self, sender, message):
        if isinstance(message, Armed):
            self.armed |= {sender}
        else:
            self.hit = not self.armed.isdisjoint({message.who} if type(message.who) is str else message.who)


class Peer(Node):
    """Arms, goes, and booms; it tells the hub when it arms."""

    def __init__(self, name, disk=EMPTY):
        super().__init__(name, disk)
        self.stage = "new"

    def on_start(self):
        self.set_timer("arm", 1)

    def on_timeout(self, timer):
        self.stage = timer
        if timer == "arm":
            self.send("n1", Armed())
        if timer != "boom":
            self.set_timer({"arm": "go", "go": "boom"}[timer], 1)


@law("none is hit", "Who is asked about is not armed.")
def none_is_hit(world):
    return "hit" if any(getattr(node, "hit", False) for node in world.nodes.values()) else None


@law_with_memory("the second never booms", "Who armed second does not boom.", start=())
def the_second_never_booms(armed, world):
    for name, node in world.nodes.items():
        stage = getattr(node, "stage", "new")
        if stage == "arm" and name not in armed:
            armed = (*armed, name)  # in the order in which they armed
        if stage == "boom" and armed[1:2] == (name,):
            return armed, f"{name} was second"
    return armed, None


def hub_and_peers(*laws):
    members = {name: ("hub" if name == "n1" else "peer", {}) for name in NAMES}
    system = System("hub", "A hub.", {"hub": Hub, "peer": Peer}, lambda names, options: members, laws)
    return Cluster(system, NAMES, Map(), None, members)


ALIKE = [  # system, mutant, bounds, states without symmetry, states with it
    ("heartbeat-detector", None, {"timeouts": 2}, 7_932, 1_361),
    ("heartbeat-detector", "FD-06", {"timeouts": 3}, None, None),
    ("membership", None, {"timeouts": 1}, 944, 170),
    ("membership", "MEM-04", {"timeouts": 3}, None, None),
    ("toy-election", None, {"timeouts": 2}, 700, 120),
    ("toy-election", None, {"timeouts": 2, "crashes": 1}, 7_325, 1_258),
    ("toy-election", "TOY-1", {"timeouts": 2, "crashes": 1}, None, None),
    ("toy-election", "TOY-2", {"timeouts": 2}, None, None),
    ("raft", None, {"timeouts": 1, "crashes": 1, "requests": 0}, 2_489, 433),
]


@pytest.mark.parametrize(("system", "mutant", "bounds", "states", "fewer"), ALIKE)
def test_verdicts_agree_with_and_without_symmetry(system, mutant, bounds, states, fewer):
    plain = explore(system, nodes=3, mutant=mutant, bounds=Bounds(**bounds))
    folded = explore(system, nodes=3, mutant=mutant, bounds=Bounds(**bounds), symmetry=True)
    assert folded.verdict == plain.verdict
    assert folded.depth == plain.depth
    assert folded.states < plain.states
    assert (folded.violation is None) == (plain.violation is None)
    if plain.violation is not None:
        assert folded.violation.law == plain.violation.law
    else:
        assert plain.states <= 6 * folded.states  # a class has at most 3! states
    if states is not None:
        assert plain.states == states
    if fewer is not None:
        assert folded.states == fewer
    assert "taken for alike: n1, n2, n3" in folded.notes[0]


def test_goals_are_reached_with_symmetry_too():
    found = explore("toy-election", nodes=3, bounds=Bounds(timeouts=1), goals=[has_a_leader], symmetry=True)
    assert (found.verdict, found.goals) == ("HOLDS", {"has a leader": True})
    assert len(found.witnesses["has a leader"]) == 6


def test_a_node_that_is_asked_something_is_not_like_the_others():
    requests = [Request(0, "n1", Propose("x"))]
    found = explore("raft", nodes=3, requests=requests, symmetry=True)
    assert "taken for alike: n2, n3;" in found.notes[0]


@pytest.mark.parametrize("who", ["n2", "n3", ("n2",), frozenset({"n3"})])
def test_a_node_that_the_message_of_a_request_names_is_not_like_the_others(who):
    requests = [Request(0, "n1", Check(who))]
    found = explore(hub_and_peers(none_is_hit), requests=requests, bounds=Bounds(timeouts=1), symmetry=True)
    assert found.verdict == "VIOLATED"
    assert "taken for alike: no nodes;" in found.notes[0]


def test_nodes_that_a_request_names_together_and_those_of_a_request_that_is_not_made_stay_alike():
    for requests, count in (
        ([Check(frozenset({"n2", "n3"}))], 1),
        ([Check("n1"), Check("n2")], 1),
    ):
        asked = [Request(0, "n1", message) for message in requests]
        found = explore(hub_and_peers(), requests=asked, bounds=Bounds(requests=count), symmetry=True)
        assert "taken for alike: n2, n3;" in found.notes[0]


def test_a_sorted_tuple_in_a_request_may_mean_an_order_and_tells_its_names_apart():
    asked = [Request(0, "n1", Check(("n2", "n3")))]
    assert "taken for alike: no nodes;" in explore(hub_and_peers(), requests=asked, symmetry=True).notes[0]


def test_a_limit_on_a_timer_that_is_named_after_a_node_tells_this_node_apart():
    bounds = Bounds(timeouts=1, timers={"wait:n2": 0})
    assert "taken for alike: n1, n3;" in explore("membership", bounds=bounds, symmetry=True).notes[0]


def test_a_law_that_remembers_an_order_is_broken_with_symmetry_too():
    bounds = Bounds(timeouts=4, timers={"go": 1, "boom": 1})
    plain = explore(hub_and_peers(the_second_never_booms), bounds=bounds)
    folded = explore(hub_and_peers(the_second_never_booms), bounds=bounds, symmetry=True)
    assert (folded.verdict, folded.depth) == (plain.verdict, plain.depth) == ("VIOLATED", 4)


def test_what_was_output_and_asked_keeps_its_order():
    after = renamed(Local(2, None, Map(), (), ("n1", "n2"), ("n1", "n2"), 0), Renaming(NAMES, (1, 0, 2)))
    assert after.outputs == after.asked == ("n2", "n1")


GOALS = {  # name, goal, whether it is reached without symmetry
    "some leader": (has_a_leader, True),
    "n3 leads": (lambda world: "n3" in world.nodes and world.nodes["n3"].leads > 0, True),
    "n3 stands": (lambda world: world.step.kind == "timeout" and world.step.node == "n3", True),
    "n3 hears n2": (lambda world: world.step.node == "n3" and world.step.event.sender == "n2"
                    if world.step.kind == "deliver" else False, True),
    "two leaders": (lambda world: sum(node.leads > 0 for node in world.nodes.values()) > 1, False),
}  # fmt: skip


@pytest.mark.parametrize("goal", GOALS)
def test_a_goal_is_unreached_with_symmetry_only_where_it_is_unreached_without(goal):
    wanted, reached = {goal: GOALS[goal][0]}, GOALS[goal][1]
    plain = explore("toy-election", nodes=3, bounds=Bounds(timeouts=1), goals=wanted)
    folded = explore("toy-election", nodes=3, bounds=Bounds(timeouts=1), goals=wanted, symmetry=True)
    assert plain.goals == {goal: reached}
    assert folded.goals[goal] in ((True, None) if reached else (False,))
    assert folded.verdict == {True: "HOLDS", None: "UNKNOWN", False: "UNREACHED"}[folded.goals[goal]]


def test_a_goal_that_is_reached_under_other_names_only_is_unknown_and_the_result_says_why():
    found = explore(
        "toy-election",
        nodes=3,
        bounds=Bounds(timeouts=1),
        goals={"n3 leads": GOALS["n3 leads"][0]},
        symmetry=True,
    )
    assert (found.verdict, found.holds, found.unreached, found.witnesses) == ("UNKNOWN", False, (), {})
    assert "whether all goals are reached is not known" in str(found)
    assert "goals: n3 leads UNKNOWN" in str(found)
    assert "the goal 'n3 leads' is reached only where nodes that are alike have changed names" in str(found)


def test_a_prune_that_names_a_node_is_refused():
    prunes = {"n1 leads": lambda world: "n1" in world.nodes and world.nodes["n1"].leads > 0}
    with pytest.raises(
        ArgumentError, match=r"symmetry must be off: the prunes \(n1 leads\) tell names apart"
    ):
        explore("toy-election", nodes=3, bounds=Bounds(timeouts=2), prunes=prunes, symmetry=True)


def test_prunes_that_treat_names_alike_are_taken():
    each = {
        f"{name} leads": lambda world, name=name: name in world.nodes and world.nodes[name].leads > 0
        for name in NAMES
    }
    counts = {
        explore("toy-election", nodes=3, bounds=Bounds(timeouts=2), prunes=prunes, symmetry=True).states
        for prunes in (each, [has_a_leader])
    }
    assert len(counts) == 1
    assert counts.pop() < 120


def test_a_protocol_that_breaks_ties_by_name_is_refused(monkeypatch):
    from toy_systems import Voter

    def bully(self, timer):
        if self.name > max(self.peers):
            self.leads = 1

    monkeypatch.setattr(Voter, "on_timeout", bully)
    with pytest.raises(ArgumentError, match=r"symmetry must be off: n. tells names apart"):
        explore("toy-election", nodes=3, bounds=Bounds(timeouts=1), symmetry=True)


def test_numbers_that_go_out_in_the_order_of_names_are_refused():
    with pytest.raises(ArgumentError, match="symmetry must be off: n2 tells names apart"):
        explore("reliable-broadcast", nodes=4, symmetry=True)


def test_laws_that_look_at_numbers_of_steps_are_refused():
    with pytest.raises(ArgumentError, match="symmetry must be off: numbers of steps"):
        explore("lamport-clock", nodes=3, symmetry=True)


def test_a_name_is_exchanged_wherever_it_stands():
    swap = Renaming(NAMES, (1, 0, 2))
    assert swap.value("n1") == "n2"
    assert swap.value("links/wait:n1") == "links/wait:n2"
    assert swap.value("n11") == "n11"
    assert swap.value(("n1", "n3")) == ("n2", "n3")
    assert swap.value(("n2", "n3")) == ("n1", "n3")
    assert swap.value(("n3", "n1")) == ("n3", "n2")
    assert swap.value((1, ("n1", b"n1", None))) == (1, ("n2", b"n1", None))
    assert swap.value(frozenset({"n1", "n3"})) == frozenset({"n2", "n3"})
    assert swap.value(Map({"n1": 1, "n2": ("n1",)})) == Map({"n2": 1, "n1": ("n2",)})
    assert swap.value(Letter("n1")) == Letter("n2")
    assert swap.value(Role.LEADER) is Role.LEADER
    assert Renaming(NAMES, (1, 0, 2), ordered=True).value(("n1", "n2")) == ("n2", "n1")
    log = Log([Entry(1, "n1"), Entry(2, "n3")], before_index=4)
    assert swap.value(log) == Log([Entry(1, "n2"), Entry(2, "n3")], before_index=4)


def test_renaming_there_and_back_changes_nothing():
    turn, back = Renaming(NAMES, (1, 2, 0)), Renaming(NAMES, (2, 0, 1))
    value = (Map({"n1": frozenset({"n2"})}), Letter(("n1", "n2", "n3")), "a:n2")
    assert back.value(turn.value(value)) == value
