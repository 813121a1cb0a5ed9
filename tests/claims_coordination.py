"""What the page that compares etcd, ZooKeeper and Chubby says of its figures, held against their runs."""

from distsys.core.events import Note
from distsys.core.node import Inner
from distsys.lab.coordination_cast import Did, Do
from distsys.lab.coordination_measures import handing, release_ms, staling
from distsys.lab.coordination_runs import SERVICES, did


def notes(trace, number):
    return [effect.text for effect in trace.step(number).effects if isinstance(effect, Note)]


def where(trace, number):
    step = trace.step(number)
    return step.node, step.kind, step.at / 1000


def stale():
    etcd, zookeeper = staling("etcd", 0.6, 100), staling("ZooKeeper", 0.6, 100)
    assert where(etcd, 231) == where(zookeeper, 402) == ("", "partition", 1750)
    assert etcd.step(236).event.message == Do("write", "new")
    assert where(etcd, 237) == ("u2", "invoke", 1800)
    assert (notes(etcd, 247), where(etcd, 247)[2]) == (["has written"], 1820)
    assert (notes(etcd, 259), where(etcd, 259)[2]) == (["reads old"], 1910)
    assert etcd.step(291).event.timer == "raft/election"
    assert where(etcd, 291)[0] == "n2"
    reads = [value.value for at, who, value in did(etcd, "u2") if at > 1750]
    assert set(reads) == {"old"}
    assert len(reads) == 4
    hang_up = next(s for s in zookeeper if type(getattr(s.event, "message", 0)).__name__ == "HangUp")
    assert (hang_up.node, hang_up.at) == ("u2", 2_020_000)
    assert [at for at, who, _ in did(zookeeper, "u2") if at > 1750] == [1810, 1910, 2010]
    assert hang_up.number < 493 < len(zookeeper)


def hand():
    runs = {service: handing(service, phase_ms=28) for service in SERVICES}
    ends = {"etcd": (257, 282), "ZooKeeper": (428, 442), "Chubby": (315, 333)}
    for service, trace in runs.items():
        first, last = ends[service]
        assert where(trace, first) == ("u1", "invoke", release_ms(1, 28))
        assert (notes(trace, last), where(trace, last)[0]) == (["has the lock"], "u2")
    times = [where(runs[s], ends[s][1])[2] - release_ms(1, 28) for s in SERVICES]
    assert times == [60, 30, 30]
    etcd = runs["etcd"]
    assert isinstance(etcd.step(261).event.message, Inner)
    assert where(etcd, 261)[0] == "n1"
    assert [where(etcd, number)[0] for number in (263, 272)] == ["u2", "u2"]
    assert Did("unlock") in [getattr(effect, "value", None) for effect in etcd.step(264).effects]


CLAIMS = {"fig-coordination-stale": stale, "fig-coordination-hand": hand}
