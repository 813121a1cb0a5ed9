"""The tree of ZooKeeper beside a naive one, of a dictionary, in which every request is done at once."""

from hypothesis import given
from hypothesis import strategies as st

from distsys.services import ordered
from distsys.services.zookeeper import tree, watches
from distsys.services.zookeeper.errors import Code
from distsys.services.zookeeper.preparing import Asker, Preparer
from distsys.services.zookeeper.requests import (
    CloseSessionRequest,
    CreateRequest,
    CreateSessionRequest,
    DeleteRequest,
    DoneResponse,
    ErrorResponse,
    Kind,
    MultiRequest,
    MultiResponse,
    PathResponse,
    SetDataRequest,
    StatResponse,
)
from distsys.services.zookeeper.tree import DataTree, Header

PATHS = ("/a", "/b", "/a/x", "/a/y", "/a/x/z", "/b/x")
SESSIONS = (1, 2)


class Naive:
    """A dictionary: path -> [data, version, owner, how many children it ever had]."""

    def __init__(self):
        self.nodes = {"/": ["", 0, 0, 0], "/zookeeper": ["", 0, 0, 2]}
        self.sessions = set()

    def children(self, path):
        prefix = path.rstrip("/") + "/"
        return [p for p in self.nodes if p.startswith(prefix) and p != "/" and "/" not in p[len(prefix) :]]

    def do(self, session, request):
        """Return the answer: a code, a path, or a version."""
        match request:
            case CreateSessionRequest():
                self.sessions.add(session)
                return None
            case CloseSessionRequest():
                self.sessions.discard(session)
                for path in [path for path, node in self.nodes.items() if node[2] == session]:
                    del self.nodes[path]
                return None
        if session not in self.sessions:
            return Code.SESSION_EXPIRED
        match request:
            case CreateRequest(path, data, kind=kind):
                return self.create(session, path, data, kind)
            case DeleteRequest(path, version):
                if path not in self.nodes:
                    return Code.NO_NODE
                if version not in (-1, self.nodes[path][1]):
                    return Code.BAD_VERSION
                if self.children(path):
                    return Code.NOT_EMPTY
                del self.nodes[path]
                return None
            case SetDataRequest(path, data, version):
                if path not in self.nodes:
                    return Code.NO_NODE
                if version not in (-1, self.nodes[path][1]):
                    return Code.BAD_VERSION
                self.nodes[path][0] = data
                self.nodes[path][1] += 1
                return self.nodes[path][1]

    def create(self, session, path, data, kind):
        parent = path.rpartition("/")[0] or "/"
        if parent not in self.nodes:
            return Code.NO_NODE
        if kind.is_sequential:
            path += f"{self.nodes[parent][3]:010d}"
        if path in self.nodes:
            return Code.NODE_EXISTS
        if self.nodes[parent][2]:
            return Code.NO_CHILDREN_FOR_EPHEMERALS
        self.nodes[parent][3] += 1
        self.nodes[path] = [data, 0, session if kind.is_ephemeral else 0, 0]
        return path

    def several(self, session, requests):
        """Return the answers of a transaction: all of it is done, or nothing."""
        before = {path: list(node) for path, node in self.nodes.items()}
        answers = []
        for request in requests:
            answers.append(self.do(session, request))
            if isinstance(answers[-1], Code):
                self.nodes = before
                failed = len(answers) - 1
                after = [Code.RUNTIME_INCONSISTENCY] * (len(requests) - failed - 1)
                return [*[Code.OK] * failed, answers[-1], *after]
        return answers


def said(response):
    """Return an answer as the naive tree gives it."""
    match response:
        case ErrorResponse(code):
            return code
        case PathResponse(path):
            return path
        case StatResponse(stat):
            return stat.version
        case DoneResponse():
            return None
        case MultiResponse(results):
            return [said(result) for result in results]


def held(nodes):
    """Return what both kinds of tree have in common."""
    return {
        path: tuple(node[:3])
        for path, node in nodes.items()
        if not path.startswith("/zookeeper") and path != "/"
    }


VERSIONS = st.sampled_from([-1, -1, 0, 1])
KINDS = st.sampled_from(
    [Kind.PERSISTENT, Kind.EPHEMERAL, Kind.PERSISTENT_SEQUENTIAL, Kind.EPHEMERAL_SEQUENTIAL]
)
DATA = st.sampled_from([b"", b"x", b"yy"])
CHANGES = st.one_of(
    st.builds(CreateRequest, st.sampled_from(PATHS), DATA, kind=KINDS),
    st.builds(DeleteRequest, st.sampled_from(PATHS), VERSIONS),
    st.builds(SetDataRequest, st.sampled_from(PATHS), DATA, VERSIONS),
)
REQUESTS = st.one_of(
    CHANGES,
    CHANGES,
    CHANGES,
    st.lists(CHANGES, min_size=1, max_size=4).map(lambda parts: MultiRequest(tuple(parts))),
    st.just(CreateSessionRequest(400)),
    st.just(CloseSessionRequest()),
)
ASKED = st.lists(st.tuples(st.sampled_from(SESSIONS), REQUESTS), max_size=40)


@given(ASKED)
def test_a_tree_answers_and_holds_what_a_dictionary_does(asked):
    now, naive = DataTree(), Naive()
    begun = [(session, CreateSessionRequest(400)) for session in SESSIONS]
    for zxid, (session, request) in enumerate([*begun, *asked], start=1):
        change = Preparer().change(now, zxid, 0, Asker(session), request)
        now, response, _ = tree.apply(now, zxid, Header(session, 0), change)
        if isinstance(request, MultiRequest):
            right = naive.several(session, request.requests)
        else:
            right = naive.do(session, request)
        assert said(response) == right, request
        nodes = {
            path: (node.data, node.stat.version, node.stat.ephemeral_owner)
            for path, node in ordered.items(now.nodes)
        }
        assert held(nodes) == held(naive.nodes)
        assert {session for session, _ in ordered.items(now.sessions)} == naive.sessions
        owned = {(node[2], path) for path, node in naive.nodes.items() if node[2]}
        assert {key for key, _ in ordered.items(now.ephemerals)} == owned


@given(ASKED)
def test_a_change_may_be_prepared_ahead_and_does_the_same_in_the_tree_that_follows(asked):
    ahead, changes = DataTree(), []
    for zxid, (session, request) in enumerate(asked, start=1):
        change = Preparer().change(ahead, zxid, 0, Asker(session), request)
        changes.append((zxid, session, change))
        ahead, _, _ = tree.apply(ahead, zxid, Header(session, 0), change)
    behind = DataTree()
    for zxid, session, change in changes:
        behind, _, _ = tree.apply(behind, zxid, Header(session, 0), change)
    assert behind == ahead


@given(ASKED, st.sampled_from(PATHS))
def test_a_watch_is_told_of_the_first_change_and_of_no_other(asked, path):
    now = DataTree()
    for session in SESSIONS:
        now, _, _ = tree.apply(now, 0, Header(session, 0), tree.CreateSessionChange(400))
    table, before = watches.added(watches.Watches(), watches.DATA, path, "c1"), now.get(path)
    for zxid, (session, request) in enumerate(asked, start=1):
        change = Preparer().change(now, zxid, 0, Asker(session), request)
        now, _, happened = tree.apply(now, zxid, Header(session, 0), change)
        told = []
        for one in happened:
            table, hearers = watches.told(table, one.event)
            told += hearers
        node = now.get(path)
        changed = (before and before.stat.mzxid) != (node and node.stat.mzxid)
        if changed:
            assert told == ["c1"]
            return
        assert told in ([], ["c1"])
        if told:
            return  # it came and went within one transaction
