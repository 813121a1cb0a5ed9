"""What the page on the recovery of Zab says of its figures, held against their runs."""

from distsys.core import MS
from distsys.core.divergence import divergence
from distsys.lab import zab_runs
from distsys.lab.zab_costs import outage, rejoin, without_service
from distsys.protocols.raft_world import message_of
from distsys.protocols.zab_messages import Diff, FollowerInfo, Inform, Notification, Snap, Trunc


def delivered(trace, name):
    """Return the zxids and commands that a server has delivered, in order."""
    return [(str(one.entry.zxid), one.entry.command) for one in trace.outputs().get(name, ())]


def synchronised_by(trace):
    """Return the class of the last message with which a follower was synchronised, and how much came with it."""
    found = [message_of(step.event) for step in trace if step.kind == "deliver"]
    last = next(one for one in reversed(found) if isinstance(one, (Diff, Snap, Trunc)))
    return type(last), len(last.transactions)


def tail():
    wrong, right = zab_runs.returns_by_trunc("ZAB-07"), zab_runs.returns_by_trunc()
    assert (wrong.violation.law, right.violation) == ("total order", None)
    assert divergence(wrong, right) == 49
    assert delivered(wrong, "n3") == [("1.1", "a"), ("2.1", "b")]
    assert delivered(right, "n3") == delivered(right, "n1") == [("2.1", "b")]


def three():
    assert synchronised_by(zab_runs.returns_by_diff()) == (Diff, 2)
    assert synchronised_by(zab_runs.returns_by_snap()) == (Snap, 0)
    assert synchronised_by(zab_runs.returns_by_trunc()) == (Trunc, 1)
    for trace in (zab_runs.returns_by_diff(), zab_runs.returns_by_snap(), zab_runs.returns_by_trunc()):
        assert trace.violation is None
        kinds = [type(message_of(step.event)).__name__ for step in trace.steps[-7:]]
        assert kinds[:3] == ["FollowerInfo", "NewEpoch", "AckEpoch"]
        assert kinds[4:] == ["NewLeader", "AckNewLeader", "UpToDate"]


def observer():
    trace = zab_runs.observed()
    assert trace.violation is None
    assert delivered(trace, "n4") == [("1.1", "a")]
    assert isinstance(message_of(trace.steps[-1].event), Inform)
    to_n4 = [type(message_of(step.event)) for step in trace if step.node == "n4" and step.kind == "deliver"]
    assert "Proposal" not in [kind.__name__ for kind in to_n4]


def costs():
    diff = [rejoin(lag)["bytes"] for lag in (1, 200)]
    small, large = (rejoin(lag, keys=keys, kept=0)["bytes"] for lag, keys in ((200, 50), (200, 200)))
    assert [round(size, -3) for size in diff] == [1_000, 24_000]
    assert (round(small, -2), round(large, -2)) == (1_600, 3_500)


def without_leader():
    equal = [sum(without_service(outage(seed)).values()) for seed in range(20)]
    mixed = [sum(without_service(outage(seed, (5 * MS, 15 * MS))).values()) for seed in range(20)]
    assert min(equal) >= 370
    assert max(equal) <= 420
    assert max(equal) < max(mixed) < 500
    for seed in range(20):
        run = outage(seed, (5 * MS, 15 * MS))
        assert (without_service(run)["discovery"] > 50) == (
            travel(run, FollowerInfo) < travel(run, Notification)
        )


def travel(run, kind):
    """Return how long the first message of a kind travelled from n1 to n2, after the crash; of a vote, one for n2."""
    crash = next(step.at for step in run if step.kind == "crash")
    return next(
        found[0].at - step.at
        for step, _, send, found in run.messages()
        if step.at > crash and (step.node, send.to) == ("n1", "n2") and isinstance(send.message, kind)
        if kind is FollowerInfo or send.message.vote.leader == "n2"
    )


CLAIMS = {
    "fig-zab-tail": tail,
    "fig-zab-three": three,
    "fig-zab-bytes": costs,
    "fig-zab-outage": without_leader,
    "fig-zab-observer": observer,
}
