"""The desk beside a member: what it tells the member that only the driver knows."""

import asyncio
from types import SimpleNamespace

from distsys.protocols.raft_reads import Announce
from distsys.protocols.replication import Role
from distsys.serve.etcd.desk import Desk
from distsys.services.etcd.messages import Ask, Forward, NotSent, Proposal, ReadIndex


class Runtime:
    """Stands in for the runtime of a member, whose Raft server is `raft`."""

    def __init__(self, role=Role.LEADER):
        self.residents, self.said = {}, []
        self.came = asyncio.Event()
        self.raft = SimpleNamespace(role=role, commit_index=0)
        self.node = SimpleNamespace(protocol=self.raft)

    def deliver(self, resident, message):
        self.said.append(message)
        self.came.set()


def run(test):
    asyncio.run(asyncio.wait_for(test, 120))


def test_what_is_committed_is_announced_once():
    async def test():
        runtime = Runtime()
        Desk(runtime)
        runtime.on_drained()
        runtime.raft.commit_index = 1
        runtime.on_drained()
        runtime.raft.commit_index = 3
        runtime.on_drained()
        await runtime.came.wait()
        runtime.on_drained()
        assert runtime.said == [Announce()]
        runtime.came.clear()
        runtime.raft.commit_index = 4
        runtime.on_drained()
        await runtime.came.wait()
        assert runtime.said == [Announce(), Announce()]

    run(test())


def test_who_does_not_lead_announces_nothing():
    async def test():
        runtime = Runtime(Role.FOLLOWER)
        runtime.raft.commit_index = 1
        Desk(runtime)
        runtime.on_drained()
        runtime.raft.role = Role.LEADER
        runtime.raft.commit_index = 2
        runtime.on_drained()
        await runtime.came.wait()
        assert runtime.said == [Announce()]

    run(test())


def test_a_member_is_told_what_has_not_left_of_its_own_and_nothing_of_raft():
    async def test():
        runtime = Runtime()
        Desk(runtime)
        messages = (Forward(Proposal("n1", 1, None)), Ask(2, ReadIndex()))
        for message in (*messages, "of raft"):
            runtime.on_unsent("n2", message)
        assert runtime.said == [NotSent(message) for message in messages]

    run(test())
