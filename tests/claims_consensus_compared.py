"""What the page that compares Raft, Multi-Paxos and Zab says of its figures."""

from distsys import MS, S
from distsys.core.events import Note, Send
from distsys.drivers import states
from distsys.lab import compared_stories as stories
from distsys.lab.compared_measures import measure
from distsys.lab.compared_runs import (
    SYSTEMS,
    acted,
    explored,
    gaps_of,
    leader_at,
    moment,
    race,
    shown,
    whole_script,
)


def notes(trace, number):
    return [effect.text for effect in trace.step(number).effects if isinstance(effect, Note)]


def script():
    """All stop in A and B; C stops two, D is longest for Multi-Paxos, E for Zab."""
    gaps = {name: [gap // MS for gap in gaps_of(measure(whole_script(name, 1)))] for name in SYSTEMS}
    assert all(gap > 300 for three in gaps.values() for gap in three[:2])
    assert gaps["Zab"][2] == 20
    assert min(gaps["Raft"][2], gaps["Multi-Paxos"][2]) > 200
    assert max(gaps, key=lambda name: gaps[name][3]) == "Multi-Paxos"
    assert gaps["Zab"][4] > 3 * max(gaps["Raft"][4], gaps["Multi-Paxos"][4])


def crash():
    """n3 leads in each and crashes at 1 s; Zab has six messages in a row before it proposes, the others two."""
    for name in SYSTEMS:
        trace = shown(name)
        run = measure(trace)
        assert leader_at(trace, 1 * S) == "n3"
        assert [step.node for step in trace if step.kind == "crash"] == ["n3"]
        answered = {command for command, at in run.answered.items() if at > 1 * S}
        assert answered == ({"c6"} if name == "Zab" else {"c5", "c6"})
        woke = run.first_wake(1 * S)
        rounds = run.messages(woke, min(run.answered[command] for command in answered))
        others = {"Notification", "FollowerInfo", "NewEpoch", "AckEpoch", "Diff", "NewLeader", "AckNewLeader"}
        asked = {"Raft": {"RequestVote", "Vote"}, "Multi-Paxos": {"Prepare", "Promise"}, "Zab": others}[name]
        assert asked <= set(rounds)
        if name != "Zab":
            assert [run.led[-1] - woke] == [20 * MS]


def outage():
    """Zab's box is narrow; those of Raft and Multi-Paxos are drawn from a range (a sample of the seeds)."""
    for name, narrow in (("Raft", False), ("Zab", True)):
        gaps = [
            measure(acted(name, "the leader crashes", seed)).without_service(moment(seed))
            for seed in range(12)
        ]
        assert (max(gaps) - min(gaps) <= 50 * MS) is narrow
        assert min(gaps) > 300 * MS


def racing():
    """n1 and n2 wake within one delay; in Raft nobody leads for another 300 ms, in Multi-Paxos n2 at once."""
    for name in ("Raft", "Multi-Paxos"):
        trace = race(name)
        run = measure(trace)
        first, second = [at for at in run.woke if at > 1 * S][:2]
        assert 0 < second - first < 10 * MS
        later = [at - second for at in run.led if at > 1 * S]
        if name == "Raft":
            assert later[0] > 300 * MS
        else:
            assert later == [20 * MS]
            assert leader_at(trace, 9 * S) == "n2"


def state_counts():
    assert [explored(name, 3, depth=5).states for name in SYSTEMS] == [128, 113, 2_250]


def raft_04():
    """The correct voter n1 refuses n3; with the bug n3 leads without y."""
    right, wrong = stories.raft(), stories.raft("RAFT-04")
    assert right.violation is None
    assert wrong.violation.law == "leader completeness"
    assert [entry.command for entry in states(wrong)[-1]["n3"]["log"]][1:3] == ["x1", "x2"]
    assert [entry.command for entry in states(right)[-1]["n1"]["log"]][1:3] == [None, "y"]
    assert states(right)[-1]["n1"]["role"].value == "leader"


def pax_02():
    """n1 is told of x in ballot 1 and y in ballot 2; it asks for y, with the bug for x."""
    right, wrong = stories.paxos(), stories.paxos("PAX-02")
    last = {
        name: [
            effect.message.value
            for step in trace
            for effect in step.effects
            if step.node == "n1" and isinstance(effect, Send) and type(effect.message).__name__ == "Accept"
        ][-1]
        for name, trace in (("right", right), ("wrong", wrong))
    }
    assert last == {"right": "y", "wrong": "x"}
    assert (right.violation, wrong.violation.law) == (None, "agreement")


def zab_03():
    """n1 leads and n3 cuts its history; with the bug n3 leads, and tells n1 to cut."""
    right, wrong = stories.zab(), stories.zab("ZAB-03")
    assert right.steps[:37] == wrong.steps[:37]
    assert any("cuts its history" in text for step in right for text in notes(right, step.number))
    assert states(right)[-1]["n1"]["state"].value == "leading"
    assert notes(wrong, wrong.violation.step) == ["leads epoch 3"]
    sent = [effect.message for effect in wrong.steps[-1].effects if isinstance(effect, Send)]
    assert [type(message).__name__ for message in sent] == ["Trunc", "NewLeader"]


CLAIMS = {
    "fig-compared-script": script,
    "fig-compared-crash": crash,
    "fig-compared-outage": outage,
    "fig-compared-race": racing,
    "fig-compared-states": state_counts,
    "fig-compared-raft-04": raft_04,
    "fig-compared-pax-02": pax_02,
    "fig-compared-zab-03": zab_03,
}
