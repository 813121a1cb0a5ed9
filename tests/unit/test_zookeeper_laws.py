"""Each law of ZooKeeper speaks when what it forbids has happened, and keeps silent when it has not."""

from types import SimpleNamespace

import pytest

from distsys.core import EMPTY, Deliver, Output, Timeout
from distsys.services.zookeeper import laws, tree, watch_laws
from distsys.services.zookeeper.errors import Code
from distsys.services.zookeeper.lock_client import LockClient, LockTaken
from distsys.services.zookeeper.preparing import Preparer
from distsys.services.zookeeper.requests import (
    ChildrenResponse,
    CloseSessionRequest,
    CreateRequest,
    DataResponse,
    DeleteRequest,
    ErrorResponse,
    Event,
    EventType,
    GetChildrenRequest,
    GetDataRequest,
    Kind,
    PathResponse,
    SetDataRequest,
    SyncRequest,
)
from distsys.services.zookeeper.server import ZooKeeperServer
from distsys.services.zookeeper.store_client import StoreClient
from distsys.services.zookeeper.tracking import Touch
from distsys.services.zookeeper.truth import TreeTruth, learned
from distsys.services.zookeeper.witness import Asked, Shown, Told
from zookeeper_nodes import Ensemble

EPHEMERAL = Kind.EPHEMERAL
SEQUENTIAL = Kind.EPHEMERAL_SEQUENTIAL


class Judge:
    """A law with its memory, and an ensemble that it looks at."""

    def __init__(self, law, *names, **settings):
        self.law, self.memory = law, law.start
        self.ensemble = Ensemble(*names, **settings)
        self.clients = {}
        self.look()

    def world(self, node, event, effects=(), kept=None):
        step = SimpleNamespace(
            node=node,
            event=event,
            effects=effects,
            kept=len(effects) if kept is None else kept,
            at=self.ensemble.now,
            kind="deliver",
        )
        return SimpleNamespace(
            step=step, nodes={**self.ensemble.nodes, **self.clients}, at=9 * 10**9, names=()
        )

    def fold(self, world):
        self.memory, evidence = self.law.fold(self.memory, world)
        return evidence

    def look(self, event=None):
        """Let the law look at the server."""
        leader = self.ensemble.leader.name
        return self.fold(self.world(leader, event or Timeout("x", 0)))

    def output(self, *values):
        """Let the law see what a client puts out."""
        return self.fold(self.world("c1", Timeout("x", 0), tuple(map(Output, values))))

    def end(self):
        world = self.world("n1", None)
        world.step = None
        return self.fold(world)

    @property
    def zxid(self):
        return self.ensemble.leader.state.zxid


def shown(zxid, request=None, response=None, session=7, asked=9, syncs=0):
    return Shown(session, zxid, request or CreateRequest("/x"), response, asked, syncs)


def test_the_truth_is_what_servers_have_applied_change_by_change():
    judge = Judge(laws.ephemerals_end)
    client = judge.ensemble.client()
    before = judge.zxid
    client.ask(CreateRequest("/a", b"x"))
    client.ask(DeleteRequest("/a"))
    truth, news = learned(TreeTruth(), judge.world("n1", Timeout("x", 0)))
    assert truth.newest == judge.ensemble.leader.state
    assert [done.zxid for done in news[-2:]] == [before + 1, before + 2]
    assert truth.trees[before + 1].get("/a").data == b"x"
    assert learned(truth, judge.world("n1", Timeout("x", 0))) == (truth, ())


def test_a_step_that_was_cut_short_is_not_looked_at_and_the_next_one_makes_up_for_it():
    judge = Judge(laws.ephemerals_end)
    judge.ensemble.client()
    cut = judge.world("n1", Timeout("x", 0), (Output(1),), kept=0)
    assert learned(TreeTruth(), cut) == (TreeTruth(), ())
    assert learned(TreeTruth(), judge.world("n1", Timeout("x", 0)))[0].zxid == judge.zxid


def test_where_the_history_is_compacted_the_tree_of_the_server_is_the_truth():
    judge = Judge(laws.ephemerals_end, snapshot_every=1)
    client = judge.ensemble.client()
    client.ask(CreateRequest("/a"))
    judge.ensemble.fire("n1", "compact")
    client.ask(CreateRequest("/b"))
    truth, news = learned(TreeTruth(), judge.world("n1", Timeout("x", 0)))
    assert (news, truth.newest) == ((), judge.ensemble.leader.state)


def test_session_order_a_zxid_that_goes_back():
    judge = Judge(laws.session_order)
    assert judge.output(shown(5), shown(5), shown(4, session=8), shown(6)) is None
    assert judge.output(shown(5)) == "session 7 is shown 5 after 6"


def test_session_order_an_answer_that_was_never_true():
    judge = Judge(laws.session_order)
    client = judge.ensemble.client()
    client.ask(CreateRequest("/a", b"x"))
    response = client.ask(GetDataRequest("/a"))
    judge.look()
    assert judge.output(shown(judge.zxid, GetDataRequest("/a"), response)) is None
    wrong = DataResponse(b"y", response.stat)
    assert "but that was" in judge.output(shown(judge.zxid, GetDataRequest("/a"), wrong))
    assert "but that was" in judge.output(
        shown(judge.zxid, GetDataRequest("/a"), ErrorResponse(Code.NO_NODE))
    )


def test_sync_a_zxid_that_somebody_had_seen_before_it_was_asked_for():
    judge = Judge(laws.sync_shows_what_was_committed)
    assert judge.output(shown(5), Asked(8, 1), shown(6)) is None
    assert judge.output(shown(5, SyncRequest("/"), PathResponse("/"), session=8, syncs=1)) is None
    assert judge.output(Asked(8, 2)) is None
    assert "somebody had been shown 6" in judge.output(
        shown(5, SyncRequest("/"), PathResponse("/"), session=8, syncs=2)
    )


def test_order_a_change_after_a_later_one_of_the_same_session():
    judge = Judge(laws.changes_in_order)
    client = judge.ensemble.client()
    for number, path in ((1, "/a"), (3, "/b")):
        client.ask(CreateRequest(path, b"7:%d" % number))
    assert judge.look() is None
    client.ask(SetDataRequest("/a", b"7:2"))
    assert judge.look() == "change 2 of session 7 is done after its change 3"


@pytest.mark.parametrize(("asked", "fine"), [(1, True), (0, False)])
def test_order_a_read_that_sees_what_its_client_asks_for_later(asked, fine):
    judge = Judge(laws.changes_in_order)
    client = judge.ensemble.client()
    for request in (CreateRequest("/s"), CreateRequest("/s/a", b"7:1")):
        client.ask(request)
    data, children = client.ask(GetDataRequest("/s/a")), client.ask(GetChildrenRequest("/s"))
    judge.look()
    assert isinstance(children, ChildrenResponse)
    for request, response in ((GetDataRequest("/s/a"), data), (GetChildrenRequest("/s"), children)):
        assert (judge.output(shown(judge.zxid, request, response, asked=asked)) is None) is fine
        assert judge.output(shown(judge.zxid, request, response, session=8, asked=0)) is None


@pytest.mark.parametrize("careless", [False, True])
def test_ephemerals_one_without_its_session(careless):
    class Careless(Preparer):
        def check_session(self, ahead, asker):
            pass

    preparer = Careless() if careless else Preparer()
    judge = Judge(
        laws.ephemerals_end, "n1", "n2", "n3", kind=type("Server", (ZooKeeperServer,), {"preparer": preparer})
    )
    client = judge.ensemble.client("c1", next(n for n in ("n1", "n2") if n != judge.ensemble.leader.name))
    client.ask(CreateRequest("/e", kind=EPHEMERAL))
    assert judge.look() is None
    client.say(CloseSessionRequest(), runs=False)
    client.say(CreateRequest("/late", kind=EPHEMERAL), runs=False)
    judge.ensemble.run()
    evidence = judge.look()
    assert (evidence is not None and "/late, but its session" in evidence) is careless


def test_sequence_a_number_that_comes_again():
    class Counts(Preparer):
        def suffix(self, parent):
            return "0000000001"

    judge = Judge(laws.sequence_numbers_grow, kind=type("Counts", (ZooKeeperServer,), {"preparer": Counts()}))
    client = judge.ensemble.client()
    client.ask(CreateRequest("/a-", kind=Kind.PERSISTENT_SEQUENTIAL))
    assert judge.look() is None
    client.ask(CreateRequest("/b-", kind=Kind.PERSISTENT_SEQUENTIAL))
    assert "/b-0000000001 comes after 1" in judge.look()


@pytest.mark.parametrize(("at", "fine"), [(333_332, False), (333_333, True)])
def test_contract_a_session_that_is_ended_early(at, fine):
    judge = Judge(laws.session_contract)
    client = judge.ensemble.client()
    judge.look()
    timer = f"session {client.session}"
    judge.ensemble.leader.ends = judge.ensemble.leader.ends.set(client.session, 0)
    judge.ensemble.now = at
    judge.ensemble.fire("n1", timer)
    assert (judge.look(Timeout(timer, at)) is None) is fine


def test_contract_what_a_leader_hears_counts_and_what_an_earlier_one_heard_does_not():
    judge = Judge(laws.session_contract)
    client = judge.ensemble.client()
    judge.look()
    judge.ensemble.now = 300_000
    judge.look(Deliver("n2", Touch((client.session,)), 0))
    assert judge.memory.of[client.session] == (1, 300_000, 400)
    judge.memory = laws.Hearing(judge.memory.of.set(client.session, (9, 1, 400)))
    judge.look(Deliver("n2", Touch((client.session,)), 0))
    assert judge.memory.of[client.session] == (9, 1, 400)


def watching(law):
    judge = Judge(law)
    client = judge.ensemble.client()
    client.ask(CreateRequest("/a"))
    judge.look()
    request = GetDataRequest("/a", watch=True)
    judge.output(shown(judge.zxid, request, client.ask(request)))
    client.ask(SetDataRequest("/a", b"x"))
    judge.look()
    return judge, Told(7, Event(EventType.DATA_CHANGED, "/a"))


def test_watch_an_answer_of_later_before_the_watch_is_told():
    judge, told = watching(watch_laws.watch_before_data)
    assert judge.output(shown(judge.zxid, session=8)) is None
    assert "is not told that it changed" in judge.output(shown(judge.zxid))
    assert judge.output(told, shown(judge.zxid)) is None


def test_watch_that_nobody_tells_in_the_end():
    judge, told = watching(watch_laws.no_change_is_missed)
    node = StoreClient("c1", servers=("n1",))
    node.session, node.is_connected = 7, True
    judge.clients["c1"] = node
    assert judge.end() == (
        "at the end session 7 watches /a since 100000002, and is not told that it changed by 100000003"
    )
    node.session = 8
    assert judge.end() is None
    node.session = 7
    judge.output(told)
    assert judge.end() is None


def test_watch_what_comes_and_goes_unseen_is_no_change():
    here, gone = tree.DataTree(), tree.DataTree(zxid=9)
    truth = TreeTruth(3, 9, TreeTruth().trees.set(5, here).set(9, gone))
    assert watch_laws.not_told(truth, (7, watch_laws.DATA, "/a"), 5, 9) is None
    assert watch_laws.not_told(truth, (7, watch_laws.DATA, "/a"), 5, 8) is None, "that tree is not known"


def line():
    judge = Judge(watch_laws.lock_exclusivity)
    client = judge.ensemble.client()
    client.ask(CreateRequest("/lock"))
    mine, next_ = (client.ask(CreateRequest("/lock/a-", kind=SEQUENTIAL)).path for _ in range(2))
    return judge, client.session, mine, next_


def test_lock_somebody_who_is_not_the_first_in_the_line():
    judge, session, mine, second = line()
    judge.look()
    assert judge.output(LockTaken(session, mine, judge.zxid)) is None
    assert f"but {mine} is first" in judge.output(LockTaken(session, second, judge.zxid))
    assert f"but {mine} is first" in judge.output(LockTaken(1, mine, judge.zxid)), "it belongs to another"


def test_lock_is_judged_as_soon_as_the_tree_is_known():
    judge, session, _, second = line()
    assert judge.output(LockTaken(session, second, judge.zxid)) is None
    assert "is first" in judge.look()


def test_herd_two_who_are_told_of_one_release():
    judge = Judge(watch_laws.no_herd)
    gone = Event(EventType.DELETED, "/lock/a-0000000001")
    assert judge.output(Told(7, gone), Told(7, gone), Told(8, Event(EventType.DELETED, "/x"))) is None
    assert judge.output(Told(8, gone)) == "/lock/a-0000000001 goes, and sessions 7 and 8 are told"


def test_progress_a_client_that_waits_or_has_rounds_before_it():
    store, lock = (
        StoreClient("c1", servers=("n1",), operations=2),
        LockClient("c2", EMPTY, servers=("n1",), rounds=1),
    )
    world = SimpleNamespace(nodes={"c1": store, "c2": lock})
    assert "has done 0 of 2" in laws.clients_are_served.fold(None, world)[1]
    assert "has 1 rounds before it" in watch_laws.locks_are_taken.fold(None, world)[1]
    store.done, lock.rounds = 2, 0
    assert laws.clients_are_served.fold(None, world)[1] is None
    assert watch_laws.locks_are_taken.fold(None, world)[1] is None
    lock.doing = "wait"
    assert "does 'wait'" in watch_laws.locks_are_taken.fold(None, world)[1]
