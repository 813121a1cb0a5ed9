"""Servers of ZooKeeper: the order of requests, sessions that move and end, and what may be lost, late or doubled."""

from distsys.core import Deliver, Timeout
from distsys.protocols.zab_messages import Commit
from distsys.services.zookeeper import broadcasting
from distsys.services.zookeeper.connections import Connect, HangUp, Say
from distsys.services.zookeeper.errors import Code
from distsys.services.zookeeper.forwarding import Answer, Forward, StillFollows, StillLeads
from distsys.services.zookeeper.requests import (
    CloseSessionRequest,
    CreateRequest,
    CreateResponse,
    ErrorResponse,
    Event,
    EventType,
    ExistsRequest,
    GetChildrenRequest,
    GetDataRequest,
    Kind,
    MultiRequest,
    PathResponse,
    PingRequest,
    SetDataRequest,
    SetWatchesRequest,
    SyncRequest,
)
from distsys.services.zookeeper.tracking import Touch
from zookeeper_nodes import Ensemble, is_kind

THREE = ("n1", "n2", "n3")


def follower_of(ensemble):
    return next(name for name in ensemble.names if name != ensemble.leader.name)


def tree_paths(node):
    return [path for path in node.state.below("/") if not path.startswith("/zookeeper")]


def test_a_client_that_asks_any_server_is_answered_by_that_server():
    ensemble = Ensemble(*THREE)
    for number, server in enumerate(THREE):
        client = ensemble.client(f"c{number}", server)
        assert client.ask(CreateRequest(f"/k{number}")) == PathResponse(f"/k{number}")
    assert all(tree_paths(node) == ["/k0", "/k1", "/k2"] for node in ensemble.nodes.values())


def test_requests_that_overtake_each_other_are_done_in_the_order_of_the_client():
    ensemble = Ensemble()
    client = ensemble.client()
    ticket = client.connected.ticket
    for sequence in (3, 1, 2, 2, 1):
        say = Say(
            client.number,
            sequence,
            CreateRequest("/s-", kind=Kind.PERSISTENT_SEQUENTIAL, data=b"%d" % sequence),
            ticket,
        )
        ensemble.deliver("c1", "n1", say)
    node = ensemble.nodes["n1"]
    assert [node.state.get(path).data for path in tree_paths(node)] == [b"1", b"2", b"3"]
    assert not node.clients["c1"].early


def test_forwards_that_overtake_each_other_are_taken_in_order_and_each_once():
    ensemble = Ensemble(*THREE)
    server = follower_of(ensemble)
    client = ensemble.client("c1", server)
    for number in range(3):
        client.say(CreateRequest(f"/k{number}"), runs=False)
    forwards = ensemble.take(is_kind(Forward))
    for letter in (*reversed(forwards), *forwards):
        ensemble.deliver(*letter)
    ensemble.run()
    created = [ensemble.leader.state.get(f"/k{number}").stat.czxid for number in range(3)]
    assert created == sorted(created)
    assert [type(response) for response in client.answers().values()] == [PathResponse] * 3


def test_what_is_lost_on_the_way_to_the_leader_is_sent_again():
    ensemble = Ensemble(*THREE)
    server = follower_of(ensemble)
    client = ensemble.client("c1", server)
    client.say(CreateRequest("/a"), runs=False)
    ensemble.take(is_kind(Forward))
    ensemble.fire(server, "again")
    ensemble.run()
    assert client.answers() == {1: PathResponse("/a")}


def test_a_forward_of_an_earlier_epoch_is_not_taken_although_the_connection_has_the_same_number():
    ensemble = Ensemble(*THREE)
    server = follower_of(ensemble)
    client = ensemble.client("c1", server)
    client.say(CreateRequest("/a"), runs=False)
    ((sender, to, forward),) = ensemble.take(is_kind(Forward))
    late = Forward(forward.connection, forward.epoch - 1, forward.number, forward.asker, forward.request)
    assert ensemble.deliver(sender, to, late) == ()


def test_a_leader_asks_its_followers_again_whether_it_leads_though_it_waits_for_a_change_as_well():
    ensemble = Ensemble(*THREE)
    leader = ensemble.leader.name
    one, other = ensemble.client("c1", leader), ensemble.client("c2", leader)
    one.say(CreateRequest("/a"), runs=False)
    other.say(SyncRequest("/"), runs=False)
    ensemble.take(is_kind(StillLeads))
    ensemble.run()
    assert other.answers() == {}
    ensemble.fire(leader, "again")
    ensemble.run()
    assert other.answers() == {1: PathResponse("/")}


def test_a_sync_waits_for_the_word_of_a_quorum():
    ensemble = Ensemble(*THREE)
    client = ensemble.client("c1", ensemble.leader.name)
    client.say(SyncRequest("/"), runs=False)
    ensemble.run(keep=is_kind(StillFollows))
    assert client.answers() == {}
    ensemble.run()
    assert client.answers() == {1: PathResponse("/")}


def test_a_sync_waits_until_its_server_has_what_the_leader_had():
    ensemble = Ensemble(*THREE)
    server = follower_of(ensemble)
    reader, writer = ensemble.client("c1", server), ensemble.client("c2", ensemble.leader.name)
    to_reader = lambda sender, to, message: to == server and is_kind(Commit)(sender, to, message)  # noqa: E731
    writer.say(CreateRequest("/a"), runs=False)
    ensemble.run(keep=to_reader)
    assert writer.answers() == {1: PathResponse("/a")}
    reader.say(SyncRequest("/"), runs=False)
    reader.say(ExistsRequest("/a"), runs=False)
    ensemble.run(keep=to_reader)
    assert reader.answers() == {}
    ensemble.run()
    assert list(reader.answers()) == [1, 2]
    assert not isinstance(reader.answers()[2], ErrorResponse)


def test_a_change_behind_a_sync_waits_so_that_a_read_before_it_does_not_see_it():
    ensemble = Ensemble(*THREE)
    client = ensemble.client("c1", follower_of(ensemble))
    client.say(SyncRequest("/"), runs=False)
    client.say(ExistsRequest("/a"), runs=False)
    client.say(CreateRequest("/a"), runs=False)
    ensemble.run(keep=is_kind(Answer))
    assert ensemble.leader.state.get("/a") is None
    ensemble.run()
    assert client.answers() == {1: PathResponse("/"), 2: ErrorResponse(Code.NO_NODE), 3: PathResponse("/a")}


def test_a_leader_alone_answers_a_read_before_it_does_the_change_behind_it():
    ensemble = Ensemble()
    client = ensemble.client()
    ticket = client.connected.ticket
    for sequence, request in ((2, CreateRequest("/a")), (1, ExistsRequest("/a"))):
        ensemble.deliver("c1", "n1", Say(client.number, sequence, request, ticket))
    assert client.answers() == {1: ErrorResponse(Code.NO_NODE), 2: PathResponse("/a")}


def test_a_session_goes_on_at_another_server_and_what_the_first_still_sends_is_not_done():
    ensemble = Ensemble(*THREE)
    first, second = [name for name in THREE if name != ensemble.leader.name]
    client = ensemble.client("c1", first)
    client.say(CreateRequest("/late"), runs=False)
    late = ensemble.take(is_kind(Forward))
    client = client.again(second)
    assert client.ask(CreateRequest("/next")) == PathResponse("/next")
    for letter in late:
        ensemble.deliver(*letter)
    ensemble.run()
    assert tree_paths(ensemble.leader) == ["/next"]


def test_a_late_copy_of_the_question_whether_a_session_lives_does_not_move_it_back():
    ensemble = Ensemble(*THREE)
    first, second = [name for name in THREE if name != ensemble.leader.name]
    session = ensemble.client("c1", ensemble.leader.name)
    client = session.again(first, runs=False)
    question = ensemble.take(is_kind(Forward))
    ensemble.mail += question
    ensemble.run()
    client.say(CreateRequest("/late"), runs=False)
    late = ensemble.take(is_kind(Forward))
    client = client.again(second)
    client.ask(CreateRequest("/next"))
    for letter in (*question, *late):
        ensemble.deliver(*letter)
    ensemble.run()
    assert tree_paths(ensemble.leader) == ["/next"]


def test_a_lost_answer_to_that_question_comes_again():
    ensemble = Ensemble(*THREE)
    server = follower_of(ensemble)
    client = ensemble.client("c1", ensemble.leader.name).again(server, runs=False)
    ensemble.run(keep=is_kind(Answer))
    ensemble.take(is_kind(Answer))
    assert client.connected is None
    ensemble.fire(server, "again")
    ensemble.run()
    assert client.connected.timeout_ms == 400


def test_a_client_that_has_seen_more_than_a_server_is_sent_away():
    ensemble = Ensemble()
    client = ensemble.client()
    assert client.again(zxid=ensemble.leader.state.zxid + 1).is_hung_up
    assert not client.again(zxid=ensemble.leader.state.zxid).is_hung_up


def test_a_wrong_password_is_refused():
    ensemble = Ensemble()
    client = ensemble.client()
    ensemble.deliver("c9", "n1", Connect(99, client.session, b"wrong", 400))
    assert ensemble.heard["c9"][0].message.timeout_ms == 0


def test_a_session_that_nobody_hears_of_ends_with_its_ephemerals_and_its_client_is_hung_up_on():
    ensemble = Ensemble()
    client = ensemble.client()
    client.ask(CreateRequest("/e", kind=Kind.EPHEMERAL))
    ensemble.now = 10**6
    ensemble.fire("n1", f"session {client.session}")
    assert tree_paths(ensemble.leader) == []
    assert client.is_hung_up
    assert client.again().connected.timeout_ms == 0


def test_a_clock_that_is_set_back_does_not_end_a_session_early():
    ensemble = Ensemble()
    client = ensemble.client()
    ensemble.now = 399_999
    ensemble.fire("n1", f"session {client.session}")
    assert not client.is_hung_up
    assert f"session {client.session}" in ensemble.timers["n1"]


def test_a_server_tells_the_leader_of_whom_it_has_heard_and_the_leader_counts_anew():
    ensemble = Ensemble(*THREE)
    server = follower_of(ensemble)
    client = ensemble.client("c1", server)
    before = ensemble.leader.ends[client.session]
    ensemble.now = 200_000
    client.say(PingRequest())
    ensemble.fire(server, "touch")
    assert [message for _, _, message in ensemble.mail] == [Touch((client.session,))]
    ensemble.run()
    assert ensemble.leader.ends[client.session] == before + 200_000


def test_a_leader_that_is_asked_for_a_sync_counts_anew_though_nobody_tells_it_of_the_client():
    ensemble = Ensemble(*THREE)
    client = ensemble.client("c1", follower_of(ensemble))
    before = ensemble.leader.ends[client.session]
    ensemble.now = 200_000
    client.ask(SyncRequest("/"))
    assert ensemble.leader.ends[client.session] == before + 200_000


def test_nothing_is_done_for_a_session_behind_its_end():
    ensemble = Ensemble()
    client = ensemble.client()
    client.say(CloseSessionRequest())
    client.say(CreateRequest("/e", kind=Kind.EPHEMERAL))
    assert client.answers().keys() == {1}
    assert tree_paths(ensemble.leader) == []


def test_a_sync_behind_the_end_of_its_session_is_not_answered():
    """The leader has proposed the end when it is asked how far it has come; the server hears that first."""
    ensemble = Ensemble(*THREE)
    client = ensemble.client("c1", follower_of(ensemble))
    ensemble.now = 10**6
    ensemble.fire(ensemble.leader.name, f"session {client.session}")
    client.say(SyncRequest("/"), runs=False)
    ensemble.run(keep=is_kind(Commit))
    assert client.answers() == {}
    ensemble.run()
    assert client.answers() == {}
    assert client.is_hung_up


def test_a_client_that_closes_its_session_in_the_middle_of_a_queue_is_forgotten():
    ensemble = Ensemble()
    client = ensemble.client()
    ticket = client.connected.ticket
    for sequence, request in ((2, CloseSessionRequest()), (3, CreateRequest("/a")), (1, CreateRequest("/b"))):
        ensemble.deliver("c1", "n1", Say(client.number, sequence, request, ticket))
    assert tree_paths(ensemble.leader) == ["/b"]
    assert "c1" not in ensemble.leader.clients


def test_a_session_that_ends_while_the_word_that_it_lives_is_under_way_is_refused():
    ensemble = Ensemble(*THREE)
    server = follower_of(ensemble)
    client = ensemble.client("c1", ensemble.leader.name).again(server, runs=False)
    ensemble.run(keep=is_kind(Answer))
    ensemble.now = 10**6
    ensemble.fire(ensemble.leader.name, f"session {client.connect.session}")
    ensemble.run(keep=is_kind(Answer))
    assert client.connected.timeout_ms == 0
    ensemble.run()
    assert client.is_hung_up
    assert "c1" not in ensemble.nodes[server].clients


def test_copies_of_what_was_said_before_a_server_began_anew_are_not_done_again():
    ensemble = Ensemble()
    client = ensemble.client()
    say = client.say(CreateRequest("/s-", kind=Kind.PERSISTENT_SEQUENTIAL))
    ensemble.deliver("c1", "n1", HangUp(client.number))
    ensemble.deliver("c1", "n1", client.connect)
    ensemble.deliver("c1", "n1", say)
    assert tree_paths(ensemble.leader) == ["/s-0000000000"]
    assert client.is_hung_up


def test_an_older_copy_of_connect_does_not_end_a_connection():
    ensemble = Ensemble()
    client = ensemble.client()
    other = client.again()
    ensemble.deliver("c1", "n1", client.connect)
    assert other.ask(CreateRequest("/a")) == PathResponse("/a")


def test_a_server_without_a_leader_hangs_up_on_its_clients():
    ensemble = Ensemble(*THREE)
    server = follower_of(ensemble)
    client = ensemble.client("c1", server)
    ensemble.handle(server, Timeout("zab/patience", 0))
    assert client.is_hung_up
    assert ensemble.client("c2", server).is_hung_up


def test_a_new_leader_gives_each_session_its_full_time():
    ensemble = Ensemble(*THREE)
    client = ensemble.client()
    for name in (*THREE, *THREE):
        ensemble.handle(name, Timeout("zab/patience", 0))
    assert not any(node.ends for node in ensemble.nodes.values())
    ensemble.now = 10**6
    ensemble.run()
    for name in THREE:
        ensemble.fire(name, "zab/decide")
    ensemble.run()
    leader = next(node for node in ensemble.nodes.values() if node.leads())
    assert leader.ends[client.session] == ensemble.now + 400_000


def test_a_watch_is_told_before_the_answer_that_shows_the_change():
    ensemble = Ensemble()
    client = ensemble.client()
    client.ask(CreateRequest("/a"))
    client.ask(GetDataRequest("/a", watch=True))
    client.say(SetDataRequest("/a", b"x"), runs=False)
    client.say(GetDataRequest("/a"))
    assert [type(said).__name__ for said in client.said_to[-3:]] == ["Noticed", "Answered", "Answered"]


def test_watches_of_an_earlier_connection_are_told_what_happened_meanwhile_or_set_again():
    ensemble = Ensemble()
    client, other = ensemble.client("c1"), ensemble.client("c2")
    for path in ("/a", "/b"):
        client.ask(CreateRequest(path))
    since = ensemble.leader.state.zxid
    other.ask(SetDataRequest("/a", b"x"))
    client = client.again()
    client.ask(SetWatchesRequest(since, data=("/a", "/b"), exist=("/c",)))
    assert client.events() == [Event(EventType.DATA_CHANGED, "/a")]
    other.ask(SetDataRequest("/b", b"x"))
    other.ask(CreateRequest("/c"))
    assert client.events()[1:] == [Event(EventType.DATA_CHANGED, "/b"), Event(EventType.CREATED, "/c")]


def test_a_read_behind_a_change_of_the_same_client_waits_for_it():
    ensemble = Ensemble(*THREE)
    client = ensemble.client("c1", follower_of(ensemble))
    client.say(CreateRequest("/a", stat=True), runs=False)
    client.say(GetChildrenRequest("/"), runs=False)
    assert client.answers() == {}
    ensemble.run()
    assert isinstance(client.answers()[1], CreateResponse)
    assert "a" in client.answers()[2].children


def test_the_ids_of_sessions_say_who_began_them_in_which_life():
    ensemble = Ensemble()
    one, two = ensemble.client("c1"), ensemble.client("c2")
    assert [hex(client.session) for client in (one, two)] == ["0x100000100000001", "0x100000100000002"]


def test_a_message_of_nobody_in_particular_goes_to_zab():
    ensemble = Ensemble()
    assert ensemble.leader.handle(Deliver("x", "nonsense", 0)) == ()


def test_a_history_of_few_and_large_changes_gives_way_to_the_tree_before_it_has_many(monkeypatch):
    monkeypatch.setattr(broadcasting, "HISTORY_BYTES", 10_000)
    ensemble = Ensemble(*THREE, snapshot_every=1_000)
    client = ensemble.client("c1", "n1")
    client.ask(CreateRequest("/k"))
    longest = 0
    for number in range(50):
        parts = (SetDataRequest("/k", bytes(500)), SetDataRequest("/k", bytes(500)))
        client.ask(MultiRequest(parts) if number % 2 else SetDataRequest("/k", bytes(1_000)))
        for name in THREE:
            ensemble.fire(name, "compact")
        longest = max([longest, *(len(node.zab.history) for node in ensemble.nodes.values())])
    assert longest < 20
    assert all(node.state.get("/k").stat.version == 75 for node in ensemble.nodes.values())
