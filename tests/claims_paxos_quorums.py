"""What the page on quorums of Paxos says of its figures."""

from distsys.drivers import states
from distsys.lab import quorum_arithmetic as count
from distsys.lab import quorum_runs as runs
from distsys.protocols.replication import Role


def five():
    left = runs.three_crashes("majority", back=True)
    right = runs.three_crashes("sizes", 4, 2, back=True)
    for run in (left, right):
        assert [step.node for step in run if step.kind == "crash"] == ["n3", "n4", "n5", "n1"]
        assert [step.node for step in run if step.kind == "restart"] == ["n3", "n4"]
        assert states(run)[14]["n1"]["role"] is Role.LEADER  # the tour says so at step 15
        votes = [name for name in ("n1", "n2") if states(run)[17][name]["votes"]]
        assert votes == ["n1", "n2"]
        assert len(states(run)[-1]["n2"]["promises"]) == 3
    assert (runs.decided(left), runs.decided(right)) == ([], ["x=1"])
    assert [who for _, who in runs.leaders(left)] == ["n1", "n2"]
    assert [who for _, who in runs.leaders(right)] == ["n1"]


def latency():
    for q2, waits in ((2, 2), (3, 14 / 3), (4, 26 / 3), (5, 50 / 3)):
        assert abs(count.kth_exponential(q2 - 1, 4, 8)[0] - waits) < 1e-9
    for q2, waits in ((2, 44 / 3), (3, 20 / 3), (4, 8 / 3), (5, 0)):
        assert abs(count.kth_exponential(5 - q2, 3, 8)[0] - waits) < 1e-9


def availability():
    votes = [1 - count.at_least(k, 5, 0.99) for k in range(1, 6)]
    promises = [1 - count.at_least(6 - k, 5, 0.99) for k in range(1, 6)]
    assert votes == sorted(votes)
    assert promises == sorted(promises, reverse=True)
    assert votes[2] == promises[2]
    assert (f"{votes[0]:.0e}", f"{votes[4]:.2f}") == ("1e-10", "0.05")
    assert (round(1 / votes[1], -6), round(1 / promises[1], -1)) == (
        20_000_000,
        1_020,
    )  # as the prose says it


def again():
    wrong, right = runs.beaten_in_phase_2("caspaxos-does-it-again"), runs.beaten_in_phase_2()
    assert wrong.steps[:18] == right.steps[:18]
    assert runs.answers_of(right) == {"bob": "a", "cyd": None, "dan": "b"}
    assert runs.answers_of(wrong) == {"bob": "a", "cyd": None, "ann": None, "dan": "a"}
    assert (runs.judged(right).outcome.name, runs.judged(wrong).outcome.name) == ("OK", "ILLEGAL")
    assert states(wrong)[5]["n1"]["voted_value"] == ("a",)
    assert states(wrong)[24]["n1"]["voted_value"] == states(wrong)[24]["n2"]["voted_value"] == ("a",)
    assert type(wrong.step(20).event.message).__name__ == "Reject"


CLAIMS = {
    "fig-quorums-five": five,
    "fig-quorums-latency": latency,
    "fig-quorums-availability": availability,
    "fig-quorums-again": again,
}
