"""What the page on ZooKeeper says of its figures, held against their runs."""

from distsys.core.divergence import divergence
from distsys.core.events import Note, Output, Send
from distsys.drivers import states
from distsys.lab import zookeeper_runs
from distsys.lab.zookeeper_runs import configured, read_by, wake_ups
from distsys.services.zookeeper.requests import DataResponse, Event, EventType
from distsys.services.zookeeper.server import Connect, HangUp, Hear, Noticed
from distsys.services.zookeeper.witness import Shown


def notes(trace, number):
    """Return the notes of a step."""
    return [effect.text for effect in trace.step(number).effects if isinstance(effect, Note)]


def where(trace, number):
    step = trace.step(number)
    return step.node, step.at / 1000


def sent(trace, number):
    """Return (to, message) of what a step sends, without what layers and connections put around it."""
    return [(e.to, unwrapped(e.message)) for e in trace.step(number).effects if isinstance(e, Send)]


def unwrapped(message):
    return message.message if isinstance(message, Hear) else getattr(message, "message", message)


def names(trace, number):
    """Return (to, class) of what a step sends."""
    return [(to, type(message).__name__) for to, message in sent(trace, number)]


def zxid(trace, number):
    """Return the zxid, as epoch and counter, of the answer that a client is shown in a step."""
    (shown,) = (
        e.value for e in trace.step(number).effects if isinstance(e, Output) and isinstance(e.value, Shown)
    )
    return shown.zxid >> 32, shown.zxid % 2**32


def applied(trace, member, number):
    """Return the counter of the last zxid that a server has applied after a step."""
    found = states(trace, lambda node: getattr(getattr(node, "state", None), "zxid", None))
    return found[number - 1][member] % 2**32


def phone():
    at_once, behind_a_sync = zookeeper_runs.phone(), zookeeper_runs.phone(sync=True)
    assert at_once.violation is behind_a_sync.violation is None
    assert (read_by(at_once, "bob"), read_by(behind_a_sync, "bob")) == (["10"], ["20"])
    assert [to for to, _ in sent(at_once, 65)] == ["n1", "n2"]
    assert [to for to, _ in sent(at_once, 67)] == ["ann", "n1", "n2"]
    assert notes(at_once, 68) == ["version 1"]
    assert sent(at_once, 68)[0][0] == "bob"
    assert notes(at_once, 72) == ["reads 10"]
    assert zxid(at_once, 72) == (1, 3)
    assert not any(step.node == "n1" for step in list(at_once)[63:70])
    assert where(at_once, 75) == ("n1", 375)
    assert (applied(at_once, "n1", 74), applied(at_once, "n1", 75)) == (3, 4)
    assert where(behind_a_sync, 83) == ("bob", 410)
    assert where(at_once, 72) == ("bob", 335)


def back():
    right, wrong = zookeeper_runs.back_in_time(), zookeeper_runs.back_in_time("ZK-02")
    assert (right.violation, wrong.violation.law, wrong.violation.step) == (None, "session order", 87)
    assert divergence(right, wrong) == 80
    assert [right.step(number).kind for number in (68, 72)] == ["drop", "drop"]
    assert (notes(right, 76), zxid(right, 76)) == (["reads 20"], (1, 4))
    ((_, hang_up), (to, connect)) = sent(right, 78)
    assert (type(hang_up), type(connect), to) == (HangUp, Connect, "n1")
    assert connect.zxid % 2**32 == 4
    assert applied(right, "n1", 80) == 3
    assert names(right, 80) == [("bob", "HangUp")]
    assert (right.step(85).node, where(right, 82)[0]) == ("bob", "n2")
    assert where(right, 83)[0] == "n3"
    assert (notes(right, 89), zxid(right, 89)) == (["reads 20"], (1, 4))
    assert (read_by(right, "bob"), read_by(wrong, "bob")) == (["20", "20"], ["20", "10"])


def ready():
    right, wrong = zookeeper_runs.ready(), zookeeper_runs.ready("ZK-04")
    assert (right.violation, wrong.violation.law, wrong.violation.step) == (None, "watch before data", 38)
    assert (configured(right), configured(wrong)) == ([("b.example", "443")], [("a.example", "443")])
    assert where(right, 20) == ("n1", 205)
    assert notes(right, 24) == ["reads a.example"]
    gone = Noticed(Event(EventType.DELETED, "/config/ready"))
    assert sent(right, 25)[0] == ("bob", gone)
    assert [where(right, number) for number in range(25, 29)] == [("n1", 224.6)] * 4
    ((to, answered),) = sent(right, 29)
    assert (to, answered.response.data) == ("bob", b"443")
    assert isinstance(answered.response, DataResponse)
    assert notes(right, 30) == ["is told: /config/ready is deleted"]
    assert notes(right, 35) == ["reads 443"]
    assert notes(right, 41) == ["reads 443", "goes to work"]
    assert where(wrong, 23) == where(right, 20)
    assert notes(wrong, 38) == ["reads 443", "goes to work"]
    assert sent(wrong, 33) == [("bob", gone)]


def herd():
    line, crowd = zookeeper_runs.line(4), zookeeper_runs.line(4, herd=True)
    assert line.violation is crowd.violation is None
    assert (wake_ups(line), wake_ups(crowd)) == (3, 6)
    assert (where(line, 53)[0], where(crowd, 53)[0]) == ("c1", "c1")
    assert (line.step(55).node, notes(line, 55)) == ("c2", ["wakes up"])
    assert [notes(line, n) for n in range(56, 60)] == [[], [], [], ["has the lock"]]
    assert (line.step(63).node, notes(line, 63)) == ("c3", ["wakes up"])
    assert (line.step(67).node, notes(line, 67)) == ("c3", ["has the lock"])
    assert [(crowd.step(n).node, notes(crowd, n)) for n in (55, 56, 57)] == [
        (name, ["wakes up"]) for name in ("c2", "c3", "c4")
    ]


CLAIMS = {
    "fig-zk-phone": phone,
    "fig-zk-back": back,
    "fig-zk-ready": ready,
    "fig-zk-herd": herd,
}
