"""What the simulator shows to laws: the step that was handled, what was asked, and who never comes back."""

import pytest

from distsys import MS, S, systems
from distsys.core import EMPTY, Law, Node, record
from distsys.core.errors import ArgumentError
from distsys.core.systems import Request, System, alike
from distsys.drivers import Crash, DiskFull, Restart, Simulator, Stall, Unstall, link


@record
class Ask:
    """Persist, output and send a number."""

    number: int


@record
class Tell:
    """A number on its way."""

    number: int


class Teller(Node):
    """Writes down, outputs and tells what it is asked."""

    def __init__(self, name, disk=EMPTY, *, peers):
        super().__init__(name, disk)
        self.peers = peers

    def on_message(self, sender, message):
        match message:
            case Ask(number):
                self.persist(number=number)
                self.output(number)
                self.broadcast(self.peers, Tell(number))


def watched(**settings):
    """Return the trace of one request at n1, and what a law saw: (kind, kept, asked of n1, outputs of n1)."""
    seen = []

    def fold(memory, world):
        step = world.step
        if step.kind == "invoke":
            seen.append((step.kind, step.kept, tuple(world.asked["n1"]), tuple(world.outputs["n1"])))
        return memory, None

    restarts = settings.pop("restarts", True)
    systems.register(
        System("tell", "", {"process": Teller}, alike(), (Law("watch", "", fold),), restarts=restarts)
    )
    settings.setdefault("network", link(delay=10 * MS))
    request = Request(5 * MS, "n1", Ask(7))
    cluster = systems.build("tell")
    return Simulator(cluster, requests=(request,), until=1 * S, settle=1 * S, **settings).run(), seen


def test_a_law_sees_the_step_that_was_handled_and_not_the_drops_it_led_to():
    trace, seen = watched(network=link(loss=1.0))
    assert sum(step.kind == "drop" for step in trace) == 2
    assert seen == [("invoke", 4, (Ask(7),), (7,))]


@pytest.mark.parametrize("fault", [Crash(1 * MS, "n1", keep=0), DiskFull(1 * MS, "n1")])
def test_a_law_sees_the_step_that_a_crash_cut_off(fault):
    _, seen = watched(script=(fault,))
    assert seen == [("invoke", 0, (Ask(7),), ())]


def test_a_step_that_a_hung_disk_holds_up_is_judged_when_it_stops_and_when_it_is_whole():
    _, seen = watched(script=(Stall(1 * MS, "n1"), Unstall(50 * MS, "n1")))
    assert seen == [("invoke", 0, (Ask(7),), ()), ("invoke", 4, (Ask(7),), (7,))]


def test_a_step_that_hangs_to_the_end_is_not_kept():
    trace, _ = watched(script=(Stall(1 * MS, "n1"), Crash(50 * MS, "n1")))
    (step,) = [step for step in trace if step.kind == "invoke"]
    assert step.kept == 0


def test_what_reaches_a_node_that_is_down_was_not_asked_of_it():
    _, seen = watched(script=(Crash(1 * MS, "n1"),))
    assert seen == []


def test_in_a_crash_stop_system_a_node_stays_down_when_all_is_healed():
    trace, _ = watched(script=(Crash(1 * MS, "n1"),), restarts=False)
    assert [step.kind for step in trace if step.node == "n1"] == ["start", "crash", "drop"]
    trace, _ = watched(script=(Crash(1 * MS, "n1"),))
    assert [step.kind for step in trace if step.node == "n1"] == ["start", "crash", "drop", "restart"]


def test_a_script_that_restarts_a_node_of_a_crash_stop_system_is_refused():
    with pytest.raises(ArgumentError, match="script must not hold a Restart: tell is a crash-stop system"):
        watched(script=(Crash(1 * MS, "n1"), Restart(9 * MS, "n1")), restarts=False)
