"""What is proposed leaves while the leader's disk still works: no law of Raft and Zab breaks wherever a crash falls."""

import asyncio
import dataclasses

import pytest

from distsys import simulate
from distsys.core import Deliver, Inner, Persist, Send, Start, Timeout, systems
from distsys.core.systems import Request
from distsys.drivers import Bounds, explore
from distsys.drivers.early import reordered
from distsys.drivers.frames import Post, framed
from distsys.protocols.raft import Raft
from distsys.protocols.raft_messages import Appended, AppendEntries, Entry, Propose, Vote
from distsys.protocols.raft_server import RaftServer
from distsys.protocols.raft_stability import PreVote
from distsys.protocols.zab import Zab
from distsys.services.etcd.streams import EtcdServer
from distsys.services.zookeeper.server import ZooKeeperServer
from raft_nodes import ask, fire, follower, hear, leader, server
from runtime_nodes import EARLY, Cluster, Early, SlowDisk, caller


def early(kind, **fields):
    """Return the class whose steps have their effects in the order in which the runtime may carry them out."""

    class Reordered(kind):
        def handle(self, event):
            return reordered(self, super().handle(event))

    for name, value in fields.items():
        setattr(Reordered, name, value)
    return Reordered


def registered(name, system, **classes):
    """Return the name of a system with other classes."""
    base = systems.find(system)
    systems.register(dataclasses.replace(base, name=name, classes={**base.classes, **classes}))
    return name


RAFT = registered("raft-early", "raft", server=early(Raft))
MEMBERS = registered("raft-members-early", "raft-members", server=early(RaftServer))
ETCD = registered("raft-etcd-early", "raft-etcd", server=early(EtcdServer))
ZAB = registered("zab-early", "zab", server=early(Zab))
ZOOKEEPER = registered("zookeeper-early", "zab-zookeeper", server=early(ZooKeeperServer))
HASTY = {
    "an Appended before the entry": registered(
        "raft-hasty-append", "raft", server=early(Raft, sent_early=((Appended, "log"),))
    ),
    "a Vote before the vote": registered(
        "raft-hasty-vote",
        "raft",
        server=early(Raft, sent_early=((Vote, "voted_for"), (Vote, "current_term"))),
    ),
}


def violations(system, seeds):
    """Return the first run of a swarm, in which nodes also crash in the middle of a step, that breaks a law."""
    for seed in range(seeds):
        trace = simulate(system, seed)
        if trace.violation is not None:
            return [(seed, trace.violation)]
    return []


@pytest.mark.parametrize(
    ("system", "seeds"), [(RAFT, 60), (MEMBERS, 20), (ETCD, 5), (ZAB, 60), (ZOOKEEPER, 5)]
)
def test_all_laws_hold_where_a_crash_cuts_a_step_between_what_was_sent_and_what_was_written(system, seeds):
    assert violations(system, seeds) == []


@pytest.mark.long
@pytest.mark.parametrize(
    ("system", "seeds"), [(RAFT, 1000), (MEMBERS, 300), (ETCD, 100), (ZAB, 1000), (ZOOKEEPER, 100)]
)
def test_the_same_with_more_seeds(system, seeds, record_property):
    assert violations(system, seeds) == []
    record_property("seeds", seeds)


def test_every_crash_of_a_small_cluster_is_borne():
    asked = (Request(0, "n1", Propose("x")),)
    bounds = Bounds(crashes=1, may_crash=("n1",), timeouts=1, timers={"election@n1": 1})
    plain = explore("raft", bounds=bounds, nodes=3, requests=asked)
    found = explore(RAFT, bounds=bounds, nodes=3, requests=asked)
    assert (plain.verdict, found.verdict) == ("HOLDS", "HOLDS")
    assert found.states != plain.states  # an entry that its leader has lost is a state that is new


@pytest.mark.parametrize("what", HASTY)
def test_a_promise_that_leaves_before_the_disk_has_it_is_found(what):
    assert violations(HASTY[what], 300)


# The order itself.


def kinds(effects):
    """Return what is sent and written, in order."""
    inner = [
        e.message.message
        if isinstance(e, Send) and isinstance(e.message, Inner)
        else getattr(e, "message", e)
        for e in effects
        if isinstance(e, (Send, Persist))
    ]
    return [type(each).__name__ for each in inner]


def test_a_leader_sends_what_it_appends_and_then_writes_it():
    node = leader()
    effects = ask(node, Propose("x"))
    assert kinds(effects) == ["Persist", "AppendEntries", "AppendEntries"]
    assert kinds(reordered(node, effects)) == ["AppendEntries", "AppendEntries", "Persist"]
    assert sorted(map(repr, reordered(node, effects))) == sorted(map(repr, effects))


def test_the_same_of_a_server_inside_a_service():
    node = EtcdServer("n1", voters=("n1", "n2", "n3"))
    node.handle(Start(0))
    node.handle(Timeout("raft/election"))
    node.handle(Deliver("n2", Inner("raft", PreVote(0, 1, True))))
    effects = node.handle(Deliver("n2", Inner("raft", Vote(1, True))))
    assert kinds(effects) == ["Persist", "AppendEntries", "AppendEntries"]
    assert kinds(reordered(node, effects)) == ["AppendEntries", "AppendEntries", "Persist"]


class Lecturer(Raft):
    """Votes alone, so it leads at once, and others only listen."""

    def followers(self):
        return ("s2",)


def test_a_term_that_is_not_durable_holds_everything_back():
    node = server(Lecturer, voters=("s1",))
    effects = fire(node, "election")
    assert kinds(effects) == ["Persist", "Persist", "AppendEntries"]
    assert reordered(node, effects) == effects


def test_nothing_but_entries_gets_ahead():
    node = server()
    effects = fire(node, "election")
    assert kinds(effects) == ["Persist", "RequestVote", "RequestVote"]
    assert reordered(node, effects) == effects
    node = follower()
    effects = hear(node, "s2", AppendEntries(2, 0, 0, (Entry(2, "x"),), 0))
    assert kinds(effects) == ["Persist", "Persist", "Appended"]
    assert reordered(node, effects) == effects


# In the runtime.


def run(test):
    asyncio.run(asyncio.wait_for(test, 120))


@pytest.mark.parametrize("record", [False, True])
def test_an_early_message_leaves_while_the_disk_works_unless_the_run_is_recorded(tmp_path, record):
    async def test():
        async with Cluster(tmp_path, nodes=1, system=EARLY.name, record=record) as cluster:
            runtime = cluster.runtimes["n1"]
            disk, ann = SlowDisk(runtime), await caller(cluster)
            await ann.write(framed(Post("caller", 0, Early(3))))
            await disk.wait_until_begun()
            assert await ann.answer() == ("before", 3)
            if not record:
                assert await ann.answer() == ("after", 3)
            assert runtime.counters["sent"] == (1 if record else 2)
            assert runtime.disk.committed.get("value") is None
            disk.go_on.release()

    run(test())
