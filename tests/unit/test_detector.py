"""The failure detector and the membership on top of it, one event at a time and in hand-made runs."""

from distsys import MS, S, systems
from distsys.algorithms.detector import PATIENCE, PERIOD, Heartbeat, HeartbeatDetector
from distsys.algorithms.detector_laws import suspected_by
from distsys.algorithms.detector_messages import Restore, Suspect
from distsys.algorithms.membership import Membership
from distsys.algorithms.membership_messages import View
from distsys.core import Deliver, Inner, Output, Send, SetTimer, Start, Timeout
from distsys.drivers import Crash, Pause, Resume, Simulator, link


def started() -> HeartbeatDetector:
    node = HeartbeatDetector("n1", peers=("n2", "n3"))
    assert node.handle(Start(0)) == (
        Send("n2", Heartbeat()),
        Send("n3", Heartbeat()),
        SetTimer("beat", PERIOD, PERIOD),
        SetTimer("wait:n2", PATIENCE, PATIENCE),
        SetTimer("wait:n3", PATIENCE, PATIENCE),
    )
    return node


def test_silence_raises_a_suspicion_and_the_timer_stays_off():
    node = started()
    assert node.handle(Timeout("wait:n2")) == (Output(Suspect("n2")),)
    assert node.suspected == frozenset({"n2"})


def test_a_heartbeat_takes_the_suspicion_back_and_teaches_patience():
    node = started()
    node.handle(Timeout("wait:n2"))
    longer = 2 * PATIENCE
    assert node.handle(Deliver("n2", Heartbeat())) == (
        Output(Restore("n2")),
        SetTimer("wait:n2", longer, longer),
    )
    assert node.suspected == frozenset()
    assert node.patience["n3"] == PATIENCE


def test_a_heartbeat_of_a_trusted_peer_sets_its_timer_anew():
    assert started().handle(Deliver("n2", Heartbeat())) == (SetTimer("wait:n2", PATIENCE, PATIENCE),)


def test_a_beat_follows_the_last():
    assert started().handle(Timeout("beat"))[-1] == SetTimer("beat", PERIOD, PERIOD)


def run(system, *script):
    cluster = systems.build(system)
    return Simulator(cluster, network=link(delay=10 * MS), script=script, until=1 * S, settle=1 * S).run()


def test_a_crashed_process_is_suspected_by_all_others_and_nobody_else_is():
    trace = run("heartbeat-detector", Crash(300 * MS, "n2"))
    assert trace.violations == ()
    for name in ("n1", "n3"):
        assert trace.outputs()[name] == (Suspect("n2"),)


def test_a_pause_raises_a_suspicion_that_is_taken_back():
    trace = run("heartbeat-detector", Pause(300 * MS, "n2"), Resume(500 * MS, "n2"))
    assert trace.violations == ()
    assert trace.outputs()["n1"] == (Suspect("n2"), Restore("n2"))
    assert suspected_by(trace.outputs()["n2"]) == frozenset()


def test_on_a_calm_network_nobody_is_suspected():
    assert run("heartbeat-detector").outputs() == {"n1": (), "n2": (), "n3": ()}


def test_the_first_view_holds_everybody():
    effects = Membership("n2", peers=("n1", "n3")).handle(Start(0))
    assert effects[-1] == Output(View(1, ("n1", "n2", "n3")))


def test_a_suspicion_makes_a_view_and_its_end_another():
    node = Membership("n2", peers=("n1", "n3"))
    node.handle(Start(0))
    assert node.handle(Timeout("detector/wait:n3")) == (Output(View(2, ("n1", "n2"))),)
    back = node.handle(Deliver("n3", Inner("detector", Heartbeat())))
    assert back[0] == Output(View(3, ("n1", "n2", "n3")))


def test_in_the_end_all_views_have_the_same_members():
    trace = run("membership", Crash(300 * MS, "n3"), Pause(300 * MS, "n2"), Resume(600 * MS, "n2"))
    assert trace.violations == ()
    assert {views[-1].members for name, views in trace.outputs().items() if name != "n3"} == {("n1", "n2")}
