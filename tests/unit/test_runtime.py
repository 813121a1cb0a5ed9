"""The runtime: the order of effects, the disk before the message, failures, restarts. All in this process."""

import asyncio
import errno
import os

import pytest

from distsys.core.values import Map
from distsys.drivers.frames import Block, Hello, Look, Post, Seen, framed
from distsys.drivers.runtime import NodeFailedError
from distsys.drivers.wal import DiskError, PlainFile
from runtime_nodes import TOKEN, Ask, Cluster, Early, Fail, SlowDisk, Tell, Write, caller, connect


def run(test):
    """Run a test that is a coroutine."""
    asyncio.run(asyncio.wait_for(test, 120))


async def posted(caller, *messages):
    await caller.write(b"".join(framed(Post("caller", 0, message)) for message in messages))


def test_a_message_after_a_persist_leaves_when_it_is_durable_and_not_before(tmp_path):
    async def test():
        async with Cluster(tmp_path, nodes=1) as cluster:
            runtime = cluster.runtimes["n1"]
            disk, ann = SlowDisk(runtime), await caller(cluster)
            await posted(ann, Write(7))
            await disk.wait_until_begun()
            assert (runtime.counters["sent"], len(runtime._held)) == (0, 1)
            assert runtime.disk.committed == Map()
            disk.go_on.release()
            assert await ann.answer() == ("wrote", 7)
            assert runtime.disk.committed == Map({"value": 7})

    run(test())


def test_a_message_before_a_persist_does_not_wait_for_it(tmp_path):
    async def test():
        async with Cluster(tmp_path, nodes=1) as cluster:
            disk, ann = SlowDisk(cluster.runtimes["n1"]), await caller(cluster)
            assert await ann.ask(Early(3)) == ("before", 3)
            await disk.wait_until_begun()
            disk.go_on.release()
            assert await ann.answer() == ("after", 3)

    run(test())


def test_what_comes_while_the_disk_works_shares_the_next_commit_and_keeps_its_order(tmp_path):
    async def test():
        async with Cluster(tmp_path, nodes=1) as cluster:
            runtime = cluster.runtimes["n1"]
            disk, ann = SlowDisk(runtime), await caller(cluster)
            await posted(ann, Write(0))
            await disk.wait_until_begun()
            await posted(ann, *(Write(number) for number in range(1, 100)), Ask())
            while runtime.counters["events"] < 102:  # the start, the 100 writes, the question
                await asyncio.sleep(0)
            disk.go_on.release(2)
            answers = [await ann.answer() for _ in range(101)]
            assert answers == [*(("wrote", number) for number in range(100)), ("has", 99)]
            assert runtime.counters["commits"] == 2

    run(test())


def test_an_answer_that_needs_no_disk_waits_its_turn_and_no_longer(tmp_path):
    async def test():
        async with Cluster(tmp_path, nodes=1) as cluster:
            runtime = cluster.runtimes["n1"]
            disk, ann = SlowDisk(runtime), await caller(cluster)
            await posted(ann, Write(1))
            await disk.wait_until_begun()
            await posted(ann, Ask())
            while runtime.counters["events"] < 3:
                await asyncio.sleep(0)
            disk.go_on.release()
            assert [await ann.answer(), await ann.answer()] == [("wrote", 1), ("has", 1)]
            assert runtime.counters["commits"] == 1

    run(test())


def test_a_node_begins_again_with_what_was_durable(tmp_path):
    async def test():
        async with Cluster(tmp_path, nodes=1) as cluster:
            ann = await caller(cluster)
            assert await ann.ask(Write(5)) == ("wrote", 5)
            await cluster.stop("n1")
            assert await ann.reason() == "this node stops"
            await cluster.start("n1")
            assert await (await caller(cluster)).ask(Ask()) == ("has", 5)

    run(test())


def test_a_disk_that_fails_stops_the_node_and_nothing_is_answered(tmp_path):
    async def test():
        async with Cluster(tmp_path, nodes=1) as cluster:
            runtime, ann = cluster.runtimes["n1"], await caller(cluster)

            def full(contents, mark):
                raise DiskError("No space left on device")

            runtime.disk.commit = full
            await posted(ann, Write(7))
            with pytest.raises(NodeFailedError, match=r"n1: the disk failed.*No space left"):
                await cluster.tasks["n1"]
            assert await ann.reason() == "this node stops"
            assert runtime.counters["sent"] == 0

    run(test())


def test_a_node_whose_disk_is_full_stops_and_goes_on_from_what_it_acknowledged_when_there_is_room(
    tmp_path, monkeypatch
):
    async def test():
        async with Cluster(tmp_path, nodes=1) as cluster:
            ann = await caller(cluster)
            assert await ann.ask(Write(1)) == ("wrote", 1)
            write = PlainFile.write

            def full(file, data):
                if len(data) < 20:
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                return write(file, data[:10])

            with monkeypatch.context() as patch:
                patch.setattr(PlainFile, "write", full)
                await posted(ann, Write(2))
                with pytest.raises(NodeFailedError, match=r"No space left.*the file is as it was"):
                    await cluster.tasks["n1"]
            assert await ann.reason() == "this node stops"
            await cluster.start("n1")
            ann = await caller(cluster)
            assert await ann.ask(Ask()) == ("has", 1)
            assert await ann.ask(Write(3)) == ("wrote", 3)

    run(test())


def test_a_diary_that_cannot_be_written_stops_the_node(tmp_path):
    async def test():
        async with Cluster(tmp_path, nodes=1, record=True) as cluster:
            ann = await caller(cluster)

            def full():
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

            cluster.runtimes["n1"].diary.flush = full
            await posted(ann, Write(7))
            with pytest.raises(NodeFailedError, match=r"the diary cannot be written.*No space left"):
                await cluster.tasks["n1"]

    run(test())


def test_nothing_leaves_that_the_diary_does_not_tell_of(tmp_path, monkeypatch):
    async def test():
        async with Cluster(tmp_path, nodes=1, record=True) as cluster:
            ann = await caller(cluster)
            assert await ann.ask(Write(1)) == ("wrote", 1)

            def full(descriptor, data):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

            with monkeypatch.context() as patch:
                patch.setattr("distsys.drivers.diary.os.write", full)
                await posted(ann, Ask())  # its answer needs no commit
                with pytest.raises(NodeFailedError, match="the diary cannot be written"):
                    await cluster.tasks["n1"]
            assert await ann.reason() == "this node stops"  # and no answer before that

    run(test())


def test_a_handler_that_fails_stops_the_node_and_says_at_what(tmp_path):
    async def test():
        async with Cluster(tmp_path, nodes=1) as cluster:
            ann = await caller(cluster)
            await posted(ann, Fail())
            with pytest.raises(
                NodeFailedError, match=r"n1, handling Deliver.*ValueError: it was told to fail"
            ):
                await cluster.tasks["n1"]

    run(test())


def test_timers_fire_and_messages_travel_between_nodes(tmp_path):
    async def test():
        async with Cluster(tmp_path) as cluster:
            ann, bob = await caller(cluster, "n1"), await caller(cluster, "n2", "bob")
            while (await bob.ask(Ask())) != (
                "has",
                9,
            ):  # n1 may not have dialled n2 yet: a message may be lost
                await posted(ann, Tell("n2", 9, 1000))
            assert ("told", "n2") in cluster.outputs

    run(test())


def test_a_node_may_send_to_itself(tmp_path):
    async def test():
        async with Cluster(tmp_path, nodes=1) as cluster:
            ann = await caller(cluster)
            await posted(ann, Tell("n1", 4))
            while (await ann.ask(Ask())) != ("has", 4):
                pass

    run(test())


async def control(cluster, name, frame):
    other = await connect(cluster, name, Hello("control", "control", TOKEN))
    await other.write(framed(frame))
    return await other.frame()


@pytest.mark.parametrize("where", ["n1", "n2"], ids=["at the sender", "at the receiver"])
def test_nothing_passes_between_peers_that_are_blocked_until_that_ends(tmp_path, where):
    async def test():
        async with Cluster(tmp_path) as cluster:
            ann, bob = await caller(cluster, "n1"), await caller(cluster, "n2", "bob")
            while (await bob.ask(Ask())) != ("has", 1):
                await posted(ann, Tell("n2", 1))
            other = "n2" if where == "n1" else "n1"
            assert isinstance(await control(cluster, where, Block((other,))), Seen)
            told = len(cluster.outputs)
            await posted(ann, Tell("n2", 2))
            while len(cluster.outputs) == told:
                await asyncio.sleep(0)
            await control(cluster, where, Block())
            while (await bob.ask(Ask())) != ("has", 3):
                assert await bob.ask(Ask()) != ("has", 2)
                await posted(ann, Tell("n2", 3))

    run(test())


def test_control_sees_how_a_node_is_and_needs_the_token(tmp_path):
    async def test():
        async with Cluster(tmp_path) as cluster:
            seen = await control(cluster, "n1", Look())
            assert (seen.name, seen.fields["value"], seen.counters["events"]) == ("n1", "0", 1)
            other = await connect(cluster)
            await other.write(framed(Hello("control", "control", "guess")))
            assert await other.reason() == "the token is not that of this cluster"

    run(test())


def test_a_client_reaches_the_node_only_with_what_is_accepted(tmp_path):
    async def test():
        async with Cluster(tmp_path, nodes=1, accepts=lambda message: isinstance(message, Ask)) as cluster:
            ann = await caller(cluster)
            await posted(ann, Write(7), Fail())
            assert await ann.ask(Ask()) == ("has", 0)
            assert cluster.runtimes["n1"].counters["refused"] == 2

    run(test())
