"""What the pages on etcd say of their figures, held against their runs."""

from distsys.core.divergence import divergence
from distsys.core.events import Note, Send
from distsys.lab import etcd_runs
from distsys.lab.etcd_runs import end_of, setting_of, shown, written
from distsys.services.etcd.api import LeaseRevokeRequest
from distsys.services.etcd.messages import Forward
from distsys.services.etcd.streams import ToClient


def notes(trace, number):
    """Return the notes of a step."""
    return [effect.text for effect in trace.step(number).effects if isinstance(effect, Note)]


def node_and_ms(trace, number):
    step = trace.step(number)
    return step.node, step.at / 1000


def known(trace, number):
    """Return what a client shows in a step."""
    return [
        dict(e.value.known) for e in trace.step(number).effects if hasattr(getattr(e, "value", 0), "known")
    ]


def missed():
    trace = etcd_runs.missed_change()
    assert trace.violation is None
    assert known(trace, 15) == known(trace, 16) == [{"limit": "10"}]
    assert [node_and_ms(trace, number) for number in (22, 24, 25, 29, 37)] == [
        ("poller", 810), ("n1", 825), ("cache", 830), ("n1", 885), ("poller", 960),
    ]  # fmt: skip
    assert trace.step(35).node == "poller"
    assert trace.step(35).at == 950_000
    assert known(trace, 25) == [{"limit": "0"}]
    assert known(trace, 22) == known(trace, 37) == []
    assert trace.step(22).event.message.result.header_revision == 2
    assert trace.step(37).event.message.result.header_revision == 4
    assert shown(trace, "cache") == [(2, "10"), (3, "0"), (4, "10")]


def compacted():
    right, wrong = etcd_runs.overtaken(), etcd_runs.overtaken("ETCD-04")
    assert right.violation is wrong.violation is None
    assert (right.step(16).kind, notes(right, 29)) == ("partition", ["resumes elsewhere"])
    assert [right.step(number).kind for number in (19, 23, 28)] == ["drop", "drop", "heal"]
    assert right.step(29).effects[-2].message.request.start_revision == 3
    assert right.step(26).node == "n1"
    canceled = right.step(32).event.message.response
    assert (canceled.canceled, canceled.compact_revision) == (True, 4)
    assert known(right, 36) == [{"limit": "20", "name": "x"}]
    assert right.step(37).event.message.request.start_revision == 5
    assert known(right, 44) == [{"limit": "20", "name": "y"}]
    assert divergence(right, wrong) == 30
    assert dict(end_of(wrong, "known")["cache"]) == {"limit": "10", "name": "y"}
    assert setting_of(wrong, "limit") == "20"


def unread():
    right, wrong = etcd_runs.unread(), etcd_runs.unread("ETCD-05")
    assert right.violation is wrong.violation is None
    assert [trace_kind(right, number) for number in (16, 32)] == [("pause", "cache"), ("resume", "cache")]
    sent = [n for n in range(17, 32) if responses(right, n)]
    assert sent == [18, 21, 24, 27]
    assert (responses(right, 30), right.step(30).event.message.command.value) == ([], b"60")
    assert [known(right, number)[0]["limit"] for number in range(33, 37)] == ["20", "30", "40", "50"]
    assert (right.step(38).node, right.step(38).event.message.sequence) == ("n1", 2)
    assert [one.events[0].kv.value for one in responses(right, 38)] == [b"60"]
    assert known(right, 43) == [{"limit": "60"}]
    assert known(right, 47) == [{"limit": "60", "name": "x"}]
    assert divergence(right, wrong) == 38
    assert [value for _, value in shown(wrong, "cache")] == ["10", "20", "30", "40", "50", "50"]
    assert setting_of(wrong, "limit") == "60"


def responses(trace, number):
    """Return the responses of watches that a step sends."""
    sent = (effect.message for effect in trace.step(number).effects if isinstance(effect, Send))
    return [message.response for message in sent if isinstance(message, ToClient)]


def paused():
    fenced, free = etcd_runs.paused_holder(), etcd_runs.paused_holder(fenced=False)
    assert fenced.violation is free.violation is None
    assert (notes(fenced, 12), trace_kind(fenced, 13)) == (["has the lock, token 2"], ("pause", "p1"))
    assert trace_kind(fenced, 50) == ("resume", "p1")
    assert fenced.step(50).at - fenced.step(13).at == 1_200_000
    assert (notes(fenced, 42), fenced.step(42).node) == (["has the lock, token 3"], "p2")
    assert (fenced.step(36).event.timer, fenced.step(20).node) == ("lease 1", "p2")
    assert fenced.step(51).event.timer == "work"
    assert (notes(fenced, 54), notes(free, 54)) == (["refuses token 2"], [])
    assert (written(fenced), written(free)) == ([(3, "p2")], [(3, "p2"), (2, "p1")])


def trace_kind(trace, number):
    return trace.step(number).kind, trace.step(number).node


def old_leader():
    right, wrong = etcd_runs.deposed(), etcd_runs.deposed("ETCD-02")
    assert (right.violation, wrong.violation.law) == (None, "lease contract")
    assert divergence(right, wrong) == 158
    assert right.step(111).kind == "heal"
    assert node_and_ms(right, 128) == ("n3", 2215)
    assert (trace_kind(right, 158), right.step(158).effects) == (("timeout", "n1"), ())
    (sent,) = wrong.step(158).effects
    assert sent.to == "n3"
    assert isinstance(sent.message, Forward)
    assert sent.message.proposal.request == LeaseRevokeRequest(7, expired=True)
    assert node_and_ms(wrong, 162) == ("n3", 2730)


CLAIMS = {
    "fig-etcd-missed": missed,
    "fig-etcd-compacted": compacted,
    "fig-etcd-unread": unread,
    "fig-etcd-paused": paused,
    "fig-etcd-deposed": old_leader,
}
