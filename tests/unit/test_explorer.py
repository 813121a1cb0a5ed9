"""The explorer: verdicts, counts, shortest runs, goals, prunes, bad arguments."""

import subprocess
import sys

import pytest

from distsys import replay, systems
from distsys.core import ALWAYS, Law, Map, Node, Trace, law
from distsys.core.dice import Dice, derive
from distsys.core.errors import ArgumentError, ArgumentTypeError, DistsysError
from distsys.core.systems import Cluster, Request, System
from distsys.core.trace import HANDLED
from distsys.core.values import EMPTY
from distsys.drivers import Bounds, HandlerError, LawError, explore
from distsys.drivers.replay import replayed
from toy_systems import Letter, has_a_leader, one_leader_a_term

NO_HEARTBEATS = {"heartbeat": 0}

HOLDS = [  # system, nodes, bounds, distinct states, transitions, depth
    ("best-effort-broadcast", 3, {"crashes": 1}, 55, 92, 6),
    ("reliable-broadcast", 2, {"duplicates": 1}, 35, 61, 7),
    ("reliable-broadcast", 3, {"crashes": 1}, 2_437, 8_436, 14),
    ("causal-broadcast", 2, {"requests": 2, "duplicates": 1}, 1_220, 3_702, 12),
    ("heartbeat-detector", 3, {"timeouts": 2}, 7_932, 32_460, 12),
    ("membership", 2, {"timeouts": 3}, 180, 466, 8),
    ("lamport-clock", 2, {"requests": 3, "crashes": 1}, 1_413, 1_824, 8),
    ("vector-clock", 2, {"requests": 3}, 64, 84, 6),
    ("toy-election", 3, {"timeouts": 2}, 700, 1_539, 10),
    ("toy-election", 3, {"timeouts": 2, "crashes": 1}, 7_325, 18_543, 12),
    ("raft", 3, {"requests": 0, "timeouts": 1, "crashes": 1}, 2_489, 5_676, 11),
]


@pytest.mark.parametrize(("system", "nodes", "bounds", "states", "transitions", "depth"), HOLDS)
def test_correct_systems_hold_in_small_scopes_with_these_counts(
    system, nodes, bounds, states, transitions, depth
):
    found = explore(system, nodes=nodes, bounds=Bounds(**bounds))
    assert found.verdict == "HOLDS", found
    assert found.trace is None
    assert (found.states, found.transitions, found.depth) == (states, transitions, depth)


MUTANTS = [  # mutant, nodes, bounds, actions of a shortest run
    ("BEB-02", 2, {"duplicates": 1}, 4),
    ("BEB-03", 2, {}, 2),
    ("RB-02", 2, {"requests": 2}, 5),
    ("RB-03", 3, {}, 3),
    ("CB-01", 3, {"requests": 2}, 4),
    ("CB-02", 3, {"requests": 2}, 4),
    ("CB-05", 2, {"requests": 2}, 3),
    ("CB-06", 3, {"requests": 2}, 5),
    ("CLK-01", 2, {"requests": 3}, 2),
    ("CLK-02", 2, {"requests": 3}, 2),
    ("CLK-02b", 2, {"requests": 3}, 2),
    ("LAM-01", 2, {"requests": 2, "crashes": 1}, 2),
    ("VEC-01", 2, {"requests": 3}, 2),
    ("VEC-02", 2, {"requests": 3}, 3),
    ("VEC-03", 2, {"requests": 2, "crashes": 1}, 2),
    ("FD-04", 2, {"timeouts": 3}, 2),
    ("FD-05", 2, {"timeouts": 3}, 2),
    ("FD-06", 2, {"timeouts": 3}, 2),
    ("MEM-01", 2, {}, 0),
    ("MEM-03", 2, {"timeouts": 3}, 2),
    ("MEM-04", 2, {"timeouts": 3}, 2),
    ("TOY-1", 3, {"timeouts": 2, "crashes": 1}, 7),
    ("TOY-2", 3, {"timeouts": 2}, 2),
]


def known(mutant_id):
    return next(mutant for mutant in systems.mutants() if mutant.id == mutant_id)


@pytest.mark.parametrize(("mutant", "nodes", "bounds", "actions"), MUTANTS)
def test_a_mutant_is_found_by_its_law_in_a_run_that_replays(mutant, nodes, bounds, actions):
    bug = known(mutant)
    found = explore(bug.system, mutant=mutant, nodes=nodes, bounds=Bounds(**bounds))
    assert found.verdict == "VIOLATED", found
    assert found.violation.law == bug.breaks
    assert found.actions == actions
    assert found.trace.violations == (found.violation,)
    again = Trace.loads(found.trace.text())
    assert replay(again).text() == found.trace.text()
    assert judged(found.trace, systems.find(bug.system).laws)[0] == found.violation


@pytest.mark.parametrize(("mutant", "nodes", "bounds", "actions"), MUTANTS)
def test_no_run_with_one_action_less_shows_the_mutant(mutant, nodes, bounds, actions):
    if actions == 0:
        return
    found = explore(
        known(mutant).system, mutant=mutant, nodes=nodes, bounds=Bounds(**bounds, depth=actions - 1)
    )
    assert found.verdict == "HOLDS"
    assert found.beyond > 0


def judged(trace, laws):
    """Ask the laws along a trace, as the simulator does, and return what they say was broken."""
    from distsys.core import Violation

    memories = {law.name: law.start for law in laws if law.when == ALWAYS}
    outputs = {name: [] for name in trace.header.names}
    asked = {name: [] for name in trace.header.names}
    broken = []

    class World:
        at = 0
        names = trace.header.names

    world = World()
    world.outputs, world.asked = outputs, asked
    steps = list(replayed_copies(trace))
    for place, (step, nodes) in enumerate(steps):
        for effect in step.effects[: step.kept]:
            if type(effect).__name__ == "Output":
                outputs[step.node].append(effect.value)
        if step.kind == "invoke":
            asked[step.node].append(step.event.message)
        if step.kind not in HANDLED and step.kind not in ("crash", "wipe"):
            continue
        if step.kept < len(step.effects):  # the crash that cut the step off has happened already
            nodes = steps[place + 1][1]
        world.nodes = {name: nodes[name] for name in trace.header.names if name in nodes}
        world.step = step
        for each in laws:
            if each.when == ALWAYS:
                memories[each.name], evidence = each.fold(memories[each.name], world)
                if evidence is not None:
                    broken.append(Violation(each.name, evidence, step.number))
        if broken:
            return broken
    return broken


def replayed_copies(trace):
    for step, nodes, _ in replayed(trace):
        yield step, {name: node.copy() for name, node in nodes.items()}


# Crashes between two effects.


def test_a_vote_that_leaves_before_it_is_durable_is_found_by_a_crash_between_the_two_effects():
    found = explore("toy-election", mutant="TOY-1", nodes=3, bounds=Bounds(timeouts=2, crashes=1))
    cut = [step for step in found.trace if step.kept < len(step.effects)]
    assert len(cut) == 1
    after = found.trace.step(cut[0].number + 1)
    assert (after.kind, after.node) == ("crash", cut[0].node)
    assert dict(after.detail.items()) == {"why": "in the middle of a step"}


def test_without_crashes_that_bug_does_not_show():
    found = explore("toy-election", mutant="TOY-1", nodes=3, bounds=Bounds(timeouts=2))
    assert found.verdict == "HOLDS"


# Laws.


def test_only_the_laws_that_are_given_are_checked_and_those_that_hold_finally_are_named():
    found = explore("reliable-broadcast", nodes=2)
    assert found.laws == ("no duplication", "no creation")
    assert found.unchecked == ("validity", "agreement")
    assert explore("reliable-broadcast", nodes=2, laws=()).laws == ()


def test_laws_that_look_at_less_make_fewer_states():
    full = explore("reliable-broadcast", nodes=2, bounds=Bounds(timeouts=1))
    bare = explore("reliable-broadcast", nodes=2, bounds=Bounds(timeouts=1), laws=())
    assert bare.states <= full.states
    steps = explore("reliable-broadcast", nodes=2, bounds=Bounds(timeouts=1), laws=(counted_steps,))
    assert steps.states > full.states


@law("looks at numbers", "Looks at the number of the step.")
def counted_steps(world):
    return None if world.step.number > 0 else "a step without a number"


def test_the_memory_of_a_law_is_part_of_the_state():
    def fold(seen, world):
        return (
            (seen, "two events")
            if seen and world.step.kind == "deliver"
            else (world.step.kind == "deliver", None)
        )

    two = Law("at most one delivery", "...", fold, ALWAYS, False)
    found = explore("reliable-broadcast", nodes=2, laws=[two])
    assert (found.verdict, found.actions) == ("VIOLATED", 3)


def test_an_assertion_in_a_handler_is_a_violation(monkeypatch):
    from toy_systems import Voter

    def fails(self, timer):
        raise AssertionError("never stand for election")

    monkeypatch.setattr(Voter, "on_timeout", fails)
    found = explore("toy-election", nodes=2, bounds=Bounds(timeouts=1))
    assert (found.verdict, found.violation.law, found.actions) == ("VIOLATED", "assertion", 1)
    assert "never stand for election" in found.violation.evidence
    assert replay(found.trace).text() == found.trace.text()


def test_other_errors_in_handlers_and_laws_are_named(monkeypatch):
    from toy_systems import Voter

    bad = Law("bad", "...", lambda memory, world: 1 / 0)
    with pytest.raises(LawError, match="the law 'bad' failed: ZeroDivisionError"):
        explore("toy-election", nodes=2, laws=[bad])
    monkeypatch.setattr(Voter, "on_timeout", lambda self, timer: {}["nothing"])
    with pytest.raises(
        HandlerError, match=r"n1, handling Timeout\(timer='election', now=0\), failed: KeyError"
    ):
        explore("toy-election", nodes=2, bounds=Bounds(timeouts=1))


# Goals and prunes.


def test_a_goal_that_is_reached_has_a_shortest_run():
    found = explore("toy-election", nodes=3, bounds=Bounds(timeouts=1), goals=[has_a_leader])
    assert (found.verdict, found.goals) == ("HOLDS", {"has a leader": True})
    run = found.witnesses["has a leader"]
    assert [step.kind for step in run][3:] == ["timeout", "deliver", "deliver"]
    assert replay(run).text() == run.text()


def test_a_goal_that_is_never_reached_makes_the_result_red():
    found = explore("toy-election", nodes=3, bounds=Bounds(), goals=[has_a_leader])
    assert found.verdict == "UNREACHED"
    assert not found.holds
    assert found.unreached == ("has a leader",)
    assert "has a leader" in str(found).splitlines()[0]


def test_a_goal_may_look_at_the_step_of_a_crash():
    goals = {
        "cut": lambda world: world.step.kind == "timeout" and world.step.kept == 1,
        "crash": lambda world: world.step.kind == "crash" and "middle" in world.step.detail["why"],
        "crash at rest": lambda world: (
            world.step.kind == "crash" and "middle" not in world.step.detail["why"]
        ),
        "back": lambda world: world.step.kind == "restart",
    }
    found = explore("toy-election", nodes=2, bounds=Bounds(timeouts=1, crashes=1), goals=goals)
    assert all(found.goals.values()), found.goals
    lengths = {name: len(run) for name, run in found.witnesses.items()}
    # Two starts come first. The first way to a restart has a crash in the middle of a step: two steps, one action.
    assert lengths == {"cut": 4, "crash": 4, "crash at rest": 3, "back": 5}


def test_the_sights_of_a_system_are_goals():
    sights = systems.find("raft").sights
    leader = [sight for sight in sights if sight.name == "leader"]
    found = explore(
        "raft", nodes=3, bounds=Bounds(requests=0, timeouts=1, timers=NO_HEARTBEATS), goals=leader
    )
    assert (found.verdict, found.goals) == ("HOLDS", {"leader": True})


def test_below_a_pruned_state_nothing_is_explored_and_the_result_says_so():
    whole = explore("toy-election", nodes=3, bounds=Bounds(timeouts=2))
    found = explore("toy-election", nodes=3, bounds=Bounds(timeouts=2), prunes=[has_a_leader])
    assert found.states < whole.states
    assert found.pruned > 0
    assert f"nothing was explored below {found.pruned:,} states" in str(found)


def test_a_prune_must_not_look_at_the_step():
    with pytest.raises(ArgumentError, match="prunes must look at the state of the nodes"):
        explore("toy-election", nodes=2, prunes={"p": lambda world: world.step is not None})


@pytest.mark.parametrize("what", ["goal", "prune"])
@pytest.mark.parametrize(
    ("function", "words"),
    [
        (lambda world: world.nodes["n1"].laeds, "AttributeError: 'Voter' object has no attribute 'laeds'"),
        (lambda world: world.nodes["n9"].leads, "KeyError: 'n9'"),
    ],
)
def test_a_goal_or_a_prune_that_fails_is_named(what, function, words):
    with pytest.raises(LawError, match=f"the {what} 'mine' failed: {words}"):
        explore("toy-election", nodes=2, bounds=Bounds(crashes=1), **{what + "s": {"mine": function}})


# Bounds.


def test_a_limit_that_is_one_of_no_timer_is_noted():
    bounds = Bounds(timeouts=1, timers={"electoin": 0, "election@n1": 0})
    assert explore("toy-election", nodes=2, bounds=bounds).notes == (
        "no timer electoin ever ran, so its limit limited nothing",
    )


def test_what_no_bound_names_does_not_happen():
    found = explore("toy-election", nodes=3)
    assert (found.states, found.transitions) == (1, 0)


def test_timers_are_limited_by_node_and_by_name():
    total = explore("raft", nodes=2, bounds=Bounds(requests=0, timeouts=2))
    each = explore("raft", nodes=2, bounds=Bounds(requests=0, timeouts=2, timeouts_each=1))
    named = explore("raft", nodes=2, bounds=Bounds(requests=0, timeouts=2, timers=NO_HEARTBEATS))
    assert each.states < total.states
    assert named.states < total.states


def test_a_timer_of_an_embedded_node_is_named_in_full_or_by_its_last_part():
    counts = {
        explore("membership", nodes=2, bounds=Bounds(timeouts=2, timers={name: 0})).states
        for name in ("wait", "detector/wait:n2")
    }
    assert len(counts) == 2
    assert explore("membership", nodes=2, bounds=Bounds(timeouts=2)).states not in counts


def test_a_timer_is_limited_at_one_node_and_only_some_nodes_may_crash():
    bounds = Bounds(timeouts=2, timers={"election@n1": 0, "election@n3": 0}, crashes=1, may_crash=("n3",))
    who = {
        "n1 stands": lambda world: world.step.kind == "timeout" and world.step.node == "n1",
        "n2 stands": lambda world: world.step.kind == "timeout" and world.step.node == "n2",
        "n2 crashes": lambda world: world.step.kind == "crash" and world.step.node == "n2",
        "n3 crashes": lambda world: world.step.kind == "crash" and world.step.node == "n3",
    }
    found = explore("toy-election", nodes=3, bounds=bounds, goals=who)
    assert found.unreached == ("n1 stands", "n2 crashes")


def test_requests_in_order_are_fewer_orders():
    requests = [Request(0, "n1", Letter(0)), Request(0, "n2", Letter(1))]
    cluster = systems.build("toy-drawn", nodes=2, seed=3)
    any_order = explore(cluster, requests=requests)
    in_order = explore(cluster, requests=requests, bounds=Bounds(in_order=True))
    assert in_order.states < any_order.states


def test_a_request_in_order_is_dropped_where_its_node_is_down():
    cluster = systems.build("reliable-broadcast", nodes=2)
    asks = cluster.workload(0)
    one = next(request for request in asks if request.node == "n1")
    two = next(request for request in asks if request.node == "n2")
    seen = {
        "second": lambda world: (
            len(world.asked["n2"]) == 1 and "n1" not in world.nodes and not world.asked["n1"]
        )
    }
    found = explore(cluster, requests=[one, two], bounds=Bounds(in_order=True, crashes=1), goals=seen)
    assert found.goals == {"second": True}
    assert [step.kind for step in found.witnesses["second"]][2:] == ["crash", "drop", "invoke"]


def test_losses_change_the_number_of_states_and_no_verdict():
    without = explore("toy-election", nodes=3, bounds=Bounds(timeouts=1))
    with_losses = explore("toy-election", nodes=3, bounds=Bounds(timeouts=1, losses=2))
    assert with_losses.states > without.states
    assert with_losses.verdict == without.verdict == "HOLDS"


def test_a_wiped_disk_lets_a_voter_vote_twice():
    bounds = Bounds(timeouts=2, crashes=1)
    assert explore("toy-election", nodes=3, bounds=bounds).verdict == "HOLDS"
    found = explore("toy-election", nodes=3, bounds=Bounds(timeouts=2, crashes=1, wipes=1))
    assert found.verdict == "VIOLATED"
    assert "wipe" in [step.kind for step in found.trace]
    assert replay(Trace.loads(found.trace.text())).text() == found.trace.text()


def test_loss_and_duplicate_steps_have_causes():
    goals = {"both": lambda world: False}
    found = explore("toy-election", nodes=2, bounds=Bounds(timeouts=1, losses=1, duplicates=1), goals=goals)
    assert found.verdict == "UNREACHED"


def test_more_states_than_allowed_is_unknown_and_red():
    found = explore("toy-election", nodes=3, bounds=Bounds(timeouts=2), states_max=100)
    assert (found.verdict, found.states) == ("UNKNOWN", 100)
    assert not found.holds


def test_a_bound_on_depth_says_what_it_cuts():
    found = explore("toy-election", nodes=3, bounds=Bounds(timeouts=2, depth=3))
    assert (found.verdict, found.depth) == ("HOLDS", 3)
    assert "nothing was explored below" in str(found)
    assert "runs of at most 3 actions" in str(found)


def test_progress_is_told_in_states_not_in_seconds():
    told = []
    explore(
        "toy-election", nodes=3, bounds=Bounds(timeouts=2), progress=lambda *numbers: told.append(numbers)
    )
    assert told == sorted(told)
    assert all(len(numbers) == 3 for numbers in told)


def test_a_handler_is_called_once_for_each_local_state_and_event():
    found = explore("raft", nodes=3, bounds=Bounds(requests=0, timeouts=1, crashes=1))
    assert found.handler_calls * 10 < found.transitions


# The clock.


def test_the_result_says_when_a_node_reads_a_clock_that_stands_still(monkeypatch):
    from toy_systems import Voter

    def reads(self):
        self.leads = self.now

    assert explore("toy-election", nodes=2, bounds=Bounds(timeouts=1)).notes == ()
    monkeypatch.setattr(Voter, "on_start", reads)
    assert "stood still at 0" in explore("toy-election", nodes=2, bounds=Bounds(timeouts=1)).notes[0]


def test_ticks_move_the_clock_of_all_nodes(monkeypatch):
    from toy_systems import Voter

    def tells(self, timer):
        self.leads = self.now

    monkeypatch.setattr(Voter, "on_timeout", tells)
    goals = {
        f"at {n}": (lambda world, n=n: any(v.leads == n * 7 for v in world.nodes.values())) for n in (1, 2, 3)
    }
    found = explore("toy-election", nodes=2, bounds=Bounds(timeouts=1, ticks=2, tick=7), laws=(), goals=goals)
    assert found.goals == {"at 1": True, "at 2": True, "at 3": False}


# Starts that draw.


class Coin(Node):
    """Throws a coin at each start, and knows how it fell before."""

    def __init__(self, name, disk=EMPTY):
        super().__init__(name, disk)
        self.face, self.before = 0, disk.get("face")

    def on_start(self):
        self.face, _ = Dice(self.seed).below(2)
        self.persist(face=self.face)


class Purse(Node):
    """Holds a coin, and draws nothing itself."""

    def __init__(self, name, disk=EMPTY):
        super().__init__(name, disk)
        self.embed("coin", Coin("coin", disk.under("coin")))


class Gambler(Node):
    """Draws from its second start on, and dies of a zero."""

    def __init__(self, name, disk=EMPTY):
        super().__init__(name, disk)
        self.again = "again" in disk

    def on_start(self):
        if self.again:
            assert Dice(self.seed).below(2)[0], "a zero"
        self.persist(again=True)


@law("the coin falls the same way", "Each throw is like the one before.")
def the_same_way(world):
    coins = [getattr(node, "coin", node) for node in world.nodes.values()]
    return "it changed" if any(coin.before not in (None, coin.face) for coin in coins) else None


def explored_alone(kind, laws, seed, crashes):
    members = {"n1": ("one", {})}
    system = System("alone", "One node.", {"one": kind}, lambda names, options: members, laws)
    return explore(Cluster(system, ("n1",), Map(), None, members), seed=seed, bounds=Bounds(crashes=crashes))


@pytest.mark.parametrize("kind", [Coin, Purse])
@pytest.mark.parametrize("seed", range(16))
def test_each_start_draws_with_its_own_seed_whatever_was_drawn_before(kind, seed):
    seeds = [derive(seed, "start", "n1", number) for number in (1, 2, 3, 4)]
    if kind is Purse:
        seeds = [derive(start, "coin") for start in seeds]
    changes = len({Dice(start).below(2)[0] for start in seeds}) > 1
    assert explored_alone(kind, (the_same_way,), seed, 3).verdict == ("VIOLATED" if changes else "HOLDS")


@pytest.mark.parametrize("seed", range(8))
def test_an_assertion_that_fails_in_a_start_fails_with_the_seed_of_this_start(seed):
    zero = Dice(derive(seed, "start", "n1", 2)).below(2)[0] == 0
    assert explored_alone(Gambler, (), seed, 1).verdict == ("VIOLATED" if zero else "HOLDS")


# The same in every process.


def test_counts_and_runs_are_the_same_whatever_the_hash_seed():
    code = (
        "import toy_systems\n"
        "from distsys.drivers import Bounds, explore, explore_model\n"
        "from distsys.models.abstract_paxos import abstract_paxos\n"
        "a = explore('causal-broadcast', nodes=3, mutant='CB-06', bounds=Bounds(requests=2, duplicates=1))\n"
        "b = explore('toy-election', nodes=3, mutant='TOY-1', bounds=Bounds(timeouts=2, crashes=1))\n"
        "c = explore('heartbeat-detector', nodes=3, bounds=Bounds(timeouts=2), symmetry=True)\n"
        "d = explore_model(abstract_paxos(3, 2, 2, quorum=1))\n"
        "for found in (a, b, c, d):\n"
        "    print(found, found.trace.digest() if found.trace else '', [name for name, _ in found.path])\n"
    )
    outputs = set()
    for seed in ("0", "1", "777"):
        environment = {"PYTHONHASHSEED": seed, "PYTHONPATH": "src:tests", "PATH": ""}
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=False, env=environment
        )
        assert done.returncode == 0, done.stderr
        outputs.add(done.stdout)
    assert len(outputs) == 1


# Bad arguments.


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"system": "no-such"}, DistsysError, "there is no system named 'no-such'"),
        ({"system": 3}, ArgumentTypeError, "cluster must come from systems.build"),
        ({"bounds": 3}, ArgumentTypeError, "bounds must be Bounds"),
        ({"states_max": 0}, ArgumentError, "states_max must be at least 1"),
        ({"seed": -1}, ArgumentError, "seed must be at least 0"),
        ({"laws": [3]}, ArgumentTypeError, "laws must hold laws"),
        ({"laws": 3}, ArgumentTypeError, "laws must be a list of laws .*, but it is 3"),
        ({"laws": [one_leader_a_term] * 2}, ArgumentError, "laws must have different names"),
        ({"goals": 3}, ArgumentTypeError, "goals must be a list of functions .*, but it is 3"),
        ({"prunes": 3}, ArgumentTypeError, "prunes must be a list of functions .*, but it is 3"),
        ({"progress": 3}, ArgumentTypeError, "progress must be a function of .*, but it is 3"),
        ({"goals": [3]}, ArgumentTypeError, "goals must be functions with a name"),
        ({"goals": [lambda world: True]}, ArgumentTypeError, "goals must be functions with a name"),
        ({"goals": {"x": 3}}, ArgumentTypeError, "goals must map names to functions"),
        ({"prunes": {3: has_a_leader}}, ArgumentTypeError, "prunes must map names to functions"),
        ({"requests": 3}, ArgumentTypeError, r"requests must hold Request\(.*, but it is 3"),
        ({"requests": [3]}, DistsysError, "hold"),
        ({"symmetry": "yes"}, ArgumentTypeError, "symmetry must be True or False"),
        ({"bounds": Bounds(requests=5)}, ArgumentError, "bounds.requests must be at most 0"),
        ({"bounds": Bounds(may_crash=("n9",))}, ArgumentError, "bounds must name nodes of n1, n2, n3"),
        ({"bounds": Bounds(timers={"t@n8": 1})}, ArgumentError, "but they name 'n8'"),
        ({"colour": 3}, DistsysError, "toy-election has no option 'colour'"),
        ({"mutant": "RAFT-01"}, DistsysError, "toy-election has no mutant named 'RAFT-01'"),
    ],
)
def test_explore_refuses(arguments, error, words):
    system = arguments.pop("system", "toy-election")
    with pytest.raises(error, match=words):
        explore(system, **arguments)


def test_a_cluster_takes_no_options_beside_it():
    with pytest.raises(ArgumentError, match="do not give mutant, nodes beside it"):
        explore(systems.build("toy-election"), mutant="TOY-1", nodes=2)


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"crashes": -1}, ArgumentError, "crashes must be at least 0"),
        ({"crashes": "1"}, ArgumentTypeError, "crashes must be a whole number"),
        ({"wipes": 1}, ArgumentError, r"wipes must be at most crashes \(0\)"),
        ({"timers": 3}, ArgumentTypeError, "timers must map names"),
        ({"timers": {3: 1}}, ArgumentTypeError, "timers must name timers"),
        ({"timers": {"a": -1}}, ArgumentError, r"timers\['a'\] must be at least 0"),
        ({"in_order": 1}, ArgumentTypeError, "in_order must be True or False"),
        ({"may_crash": "n1"}, ArgumentTypeError, "may_crash must name nodes"),
        ({"may_crash": (1, "x")}, ArgumentTypeError, "may_crash must name nodes .*, but it names 1"),
        ({"may_crash": ([1],)}, ArgumentTypeError, r"may_crash must name nodes .*, but it names \[1\]"),
        ({"depth": -1}, ArgumentError, "depth must be at least 0"),
        ({"tick": 0}, ArgumentError, "tick must be at least 1"),
    ],
)
def test_bounds_refuse(arguments, error, words):
    with pytest.raises(error, match=words):
        Bounds(**arguments)


def test_a_message_to_nobody_is_named():
    cluster = systems.build("raft", nodes=2)
    from distsys.protocols.raft import Raft

    class Lost(Raft):
        def on_start(self):
            self.send("n9", Letter(0))

    object.__setattr__(cluster, "mutant", type("M", (), {"classes": {"server": Lost}, "id": "x"})())
    with pytest.raises(DistsysError, match=r"n1 sends .* to 'n9'"):
        explore(cluster, bounds=Bounds(requests=0))


def test_the_words_of_bounds():
    assert Bounds(timeouts=2, timers=Map({"heartbeat": 0}), crashes=1).said(1) == (
        "1 request, 2 timeouts, 1 crash, the timer heartbeat at most 0 times"
    )
