"""Bad input: an error of the package's own that names the argument and says what would be right."""

import enum
from dataclasses import dataclass
from typing import Any

import pytest

from distsys.core import EMPTY, MS, Map, Node, systems
from distsys.core.errors import (
    ArgumentError,
    ArgumentTypeError,
    DistsysError,
    MutableValueError,
    UnknownNameError,
)
from distsys.core.systems import Request, System, alike
from distsys.core.trace import Trace
from distsys.drivers import (
    ClockStep,
    Crash,
    Cut,
    Heal,
    Partition,
    Restart,
    SetLink,
    Simulator,
    Skew,
    Stall,
    Swarm,
    during,
    kinds_of,
    length,
    link,
    perform,
    reperform,
    replay,
    resimulate,
    schedule_of,
    sights_of,
    simulate,
    states,
    walk,
)


class Quiet(Node):
    def __init__(self, name: str, disk: Map[str, Any] = EMPTY, *, peers: tuple[str, ...]) -> None:
        super().__init__(name, disk)


systems.register(System("unit-quiet", "does nothing", {"process": Quiet}, alike(), ()))
systems.register(
    System("unit-mortal", "stays down", {"process": Quiet}, alike(), (), restarts=False, tolerates=("crash",))
)


def make(**settings):
    return Simulator(
        systems.build("unit-quiet", nodes=3), **{"until": 100 * MS, "settle": 50 * MS} | settings
    )


@pytest.mark.parametrize("seed", [True, 1.0, "1", None, float("nan"), b"1"])
def test_a_seed_that_is_no_int_is_refused(seed):
    with pytest.raises(ArgumentTypeError, match="seed must be a whole number"):
        make(seed=seed)
    with pytest.raises(ArgumentTypeError, match="seed must be a whole number"):
        simulate("unit-quiet", seed)


@pytest.mark.parametrize("seed", [-1, 2**64])
def test_a_seed_out_of_range_is_refused(seed):
    with pytest.raises(ArgumentError, match="seed must be at"):
        make(seed=seed)


def test_a_cluster_that_was_not_built_is_refused():
    with pytest.raises(
        ArgumentTypeError, match=r"cluster must come from systems\.build\(\.\.\.\), but it is 'unit-quiet'"
    ):
        Simulator("unit-quiet")


@pytest.mark.parametrize("name", ["until", "settle", "service"])
@pytest.mark.parametrize(
    ("value", "says"),
    [
        (-1, "must be at least 0, but it is -1"),
        (0.5, "must be a whole number"),
        (float("nan"), "must be a whole number"),
        (True, "must be a whole number"),
        ("5", "must be a whole number"),
        (2**60, "must be at most"),
    ],
)
def test_a_bad_time_is_refused_by_name(name, value, says):
    with pytest.raises(DistsysError, match=f"^{name}.* {says}"):
        make(**{name: value})


@pytest.mark.parametrize("budget", [0, -5, 1.5, None])
def test_a_bad_budget_is_refused(budget):
    with pytest.raises(DistsysError, match=r"^steps_max must be"):
        make(steps_max=budget)


def test_service_times_are_for_nodes_of_the_cluster():
    with pytest.raises(UnknownNameError, match="service must name nodes of n1, n2, n3, not 'n9'"):
        make(service={"n9": 5})


@pytest.mark.parametrize("network", [5, "fast", link, 0.1])
def test_a_network_that_is_no_link_is_refused(network):
    with pytest.raises(ArgumentTypeError, match=r"network must be a Link, made by link\(\.\.\.\)"):
        make(network=network)


ONE = link(delay=5)


@pytest.mark.parametrize(
    ("action", "says"),
    [
        ("crash", "script must hold actions such as Crash"),
        (Quiet("n1", peers=()), "script must hold actions such as Crash"),
        (Crash, "script must hold actions such as Crash"),
        (Crash(5, "n9"), "Crash.node must be one of n1, n2, n3, but it is 'n9'"),
        (Crash(5, 3), "Crash.node must be one of n1, n2, n3, but it is 3"),
        (Crash(-5, "n1"), "Crash.at must be at least 0"),
        (Crash(True, "n1"), "Crash.at must be a whole number"),
        (Crash("5", "n1"), "Crash.at must be a whole number"),
        (Crash(5, "n1", -1), "Crash.keep must be at least 0"),
        (Crash(5, "n1", "x"), "Crash.keep must be a whole number"),
        (Crash(101 * MS, "n1"), r"Crash.at must be at most until \(100000\), when everything is healed"),
        (Stall(10**9, "n1"), "Stall.at must be at most until"),
        (SetLink(10**9, "n1", "n2", ONE), "SetLink.at must be at most until"),
        (Skew(5, "n1", 10**7), "Skew.ppm must be at most 1000000"),
        (Skew(5, "n1", -10**6), "Skew.ppm must be at least -500000"),
        (ClockStep(5, "n1", None), "ClockStep.by must be a whole number"),
        (Cut(5, "n1", "n9"), "Cut.to must be one of n1, n2, n3, but it is 'n9'"),
        (Cut(5, "*", "n1"), "Cut.sender must be one of n1, n2, n3, but it is '\\*'"),
        (Cut(5, "n1", "n1"), "Cut.to must be another node than the sender, but it is 'n1'"),
        (SetLink(5, "n1", "n1", ONE), "SetLink.to must be another node than the sender"),
        (SetLink(5, "n1", "n2", 7), "SetLink.link must be a Link, made by link"),
        (SetLink(5, "n9", "*", ONE), "SetLink.sender must be one of n1, n2, n3"),
        (Partition(5, (("n1",), ("n9",))), "Partition.groups must name nodes of n1, n2, n3, but it names 'n9'"),
        (Partition(5, (("n1",), ("n1", "n2"))), "Partition.groups must name each node once, but 'n1'"),
        (Partition(5, ("n1", "n2")), "Partition.groups must be a tuple of tuples of names"),
        (Partition(5, "n1"), "Partition.groups must be a tuple of tuples of names"),
        (Request(5, "n9", 1), "Request.node must be one of n1, n2, n3"),
    ],
    ids=str,
)  # fmt: skip
def test_an_action_that_cannot_be_is_refused_by_the_name_of_its_field(action, says):
    with pytest.raises(DistsysError, match=says):
        make(script=[action])


def test_an_action_with_a_float_or_nan_is_refused_when_it_is_written():
    for at in (0.5, float("nan")):
        with pytest.raises(MutableValueError, match=r"Crash\.at must hold an immutable value"):
            Crash(at, "n1")


def test_endings_may_come_late_and_a_request_until_the_end():
    make(
        script=[Restart(10**9, "n1"), Heal(10**9), SetLink(10**9, "n1", "*", None)],
        requests=[Request(150 * MS, "n1", 1)],
    )
    with pytest.raises(
        ArgumentError, match=r"Request\.at must be at most until \+ settle \(150000\), but it is 150001"
    ):
        make(requests=[Request(150 * MS + 1, "n1", 1)])


def test_requests_are_requests():
    with pytest.raises(ArgumentTypeError, match=r"requests must hold Request\(at, node, message\)"):
        make(requests=[Crash(5, "n1")])


def test_a_crash_stop_system_has_no_restarts_and_does_not_heal_them():
    cluster = systems.build("unit-mortal", nodes=2)
    with pytest.raises(
        ArgumentError, match="script must not hold a Restart: unit-mortal is a crash-stop system"
    ):
        Simulator(cluster, script=during(5, 9, Crash, "n1"))
    trace = Simulator(cluster, script=[Crash(5, "n1")], until=10, settle=10).run()
    assert [(s.kind, s.node) for s in trace][2:] == [("crash", "n1"), ("heal", "")]
    assert {s.kind for seed in range(20) for s in simulate("unit-mortal", seed)} == {"start", "crash", "heal"}


class Plain(enum.Enum):
    ONE = 1


@dataclass(frozen=True)
class Foreign:
    x: int


@pytest.mark.parametrize(
    "message", [[1], {}, 0.5, float("nan"), Plain.ONE, Foreign(1), object, (1, Foreign(2))], ids=repr
)
def test_a_message_that_cannot_be_encoded_is_refused_when_it_is_made_not_when_the_trace_is_saved(message):
    with pytest.raises(MutableValueError, match=r"^Request\.message.* must hold an immutable value"):
        Request(5, "n1", message)


def test_during_knows_what_ends_what():
    assert during(1, 2, Crash, "n1", keep=3) == (Crash(1, "n1", 3), Restart(2, "n1"))
    with pytest.raises(
        ArgumentError, match="kind must be one of Crash, Wipe, DiskFull, Pause, Stall, but it is"
    ):
        during(1, 2, Skew, "n1")


def test_a_swarm_of_unknown_faults_is_refused():
    with pytest.raises(ArgumentError, match=r"kinds must come from loss, .*, but 'fire' is not there"):
        Swarm(("loss", "fire"))
    with pytest.raises(ArgumentError, match="faults_max must be at least 1"):
        Swarm(faults_max=0)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda trace: length(5), "trace must be a Trace, but it is 5"),
        (lambda trace: schedule_of(5), "trace must be a Trace, but it is 5"),
        (lambda trace: reperform(5), "trace must be a Trace, but it is 5"),
        (lambda trace: replay(5), "trace must be a Trace, but it is 5"),
        (lambda trace: resimulate(5), "trace must be a Trace, but it is 5"),
        (lambda trace: states(5), "trace must be a Trace, but it is 5"),
        (lambda trace: states(trace, of=5), "of must be a function, but it is 5"),
        (lambda trace: kinds_of(5), "trace must be a Trace, but it is 5"),
        (lambda trace: sights_of(5), "trace must be a Trace, but it is 5"),
        (lambda trace: sights_of(trace, system="raft"), "system must be a System, but it is 'raft'"),
        (lambda trace: trace.save(5), "path must be the path of a file, but it is 5"),
        (lambda trace: Trace.load(5), "path must be the path of a file, but it is 5"),
        (lambda trace: Trace.loads(5), "text must be a str or bytes, but it is 5"),
        (lambda trace: Swarm(5), "kinds must hold kinds of loss, .*, but it is 5"),
        (lambda trace: simulate(5), "cluster must come from systems.build"),
        (lambda trace: simulate("lamport-clock", swarm=5), "swarm must be a Swarm, but it is 5"),
        (
            lambda trace: simulate("lamport-clock", faults="no"),
            "faults must be True or False, but it is 'no'",
        ),
        (lambda trace: simulate("lamport-clock", mutant=["LAM-01"]), "no mutant named"),
        (lambda trace: systems.build(["raft"]), "there is no system named"),
        (lambda trace: walk("raft", laws=5), "laws must hold laws .*, but it is 5"),
        (lambda trace: walk("raft", laws=[5]), "laws must hold laws .*, but hold 5"),
        (lambda trace: Simulator(systems.build("lamport-clock"), laws=5), "laws must hold laws"),
        (lambda trace: Simulator(systems.build("lamport-clock"), script=5), "script must hold actions"),
        (lambda trace: Simulator(systems.build("lamport-clock"), requests=5), "requests must hold Request"),
        (lambda trace: perform(systems.build("lamport-clock"), 5), "schedule must hold moves"),
    ],
)
def test_an_argument_of_the_wrong_kind_is_refused_by_its_name(call, words):
    trace = simulate("lamport-clock", 1, until=50 * MS, settle=0)
    with pytest.raises(DistsysError, match=words):
        call(trace)


def test_unknown_names_are_refused_by_simulate():
    with pytest.raises(UnknownNameError, match="there is no system named 'nope'"):
        simulate("nope")
    with pytest.raises(UnknownNameError, match="unit-quiet has no option 'colour'"):
        simulate("unit-quiet", colour=1)
    with pytest.raises(UnknownNameError, match="unit-quiet has no mutant named 'XX-1'"):
        simulate("unit-quiet", mutant="XX-1")
