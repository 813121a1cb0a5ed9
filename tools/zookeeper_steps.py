"""The scenario that is played against the real ZooKeeper and against ours, as data: the tree of nodes.

`zookeeper_player` says what a step may be. A step may say `why` it is there. Every scenario begins with new servers,
for versions of the root and the order of zxids are part of what is compared.
"""

from typing import Any

Step = dict[str, Any]
EPHEMERAL, SEQUENTIAL, CONTAINER, TTL = 1, 2, 4, 5


class On:
    """Makes the steps of one connection."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, ask: str | int, path: str | None = None, /, **fields: Any) -> Step:
        """Return a request."""
        return {"on": self.name, "ask": ask, **({} if path is None else {"path": path}), **fields}

    def connect(self, why: str | None = None, **asked: Any) -> Step:
        """Return the opening of a connection."""
        return {"on": self.name, "connect": asked, **({} if why is None else {"why": why})}

    def drop(self, **more: Any) -> Step:
        """Return the loss of a connection, which lets the session live."""
        return {"on": self.name, "drop": True, **more}

    def together(self, *asks: Step, **more: Any) -> Step:
        """Return requests that are sent before any reply is read."""
        inside = [{key: value for key, value in step.items() if key != "on"} for step in asks]
        return {"on": self.name, "asks": inside, **more}

    def multi(self, *operations: Step, **more: Any) -> Step:
        """Return a multi."""
        return {"on": self.name, "ask": "multi", "operations": list(operations), **more}

    def read(self, *operations: Step, **more: Any) -> Step:
        """Return a multi that reads."""
        return {"on": self.name, "ask": "multiRead", "operations": list(operations), **more}


def op(ask: str | int, path: str, **fields: Any) -> Step:
    """Return one operation of a multi."""
    return {"ask": ask, "path": path, **fields}


def word(text: str, **more: Any) -> Step:
    """Return a word of four letters."""
    return {"word": text, **more}


a, b, c, d = On("a"), On("b"), On("c"), On("d")

BASICS: list[Step] = [
    a.connect(),
    a(
        "exists",
        "/",
        why="cversion tells creates and deletions, twice the creates less the children: -1 here",
    ),
    a("getChildren2", "/"),
    a("getData", "/"),
    a("getACL", "/"),
    a("exists", "/zookeeper"),
    a("exists", "/zookeeper/quota"),
    a("exists", "/zookeeper/config"),
    a("getACL", "/zookeeper/config", why="anybody may read it, nobody may write it"),
    a(
        "create",
        "/first-",
        flags=SEQUENTIAL,
        why="the suffix is the count of creates, which cversion does not tell",
    ),
    a("create", "/second-", flags=SEQUENTIAL),
    a("create", "/k", data="one"),
    a("exists", "/k"),
    a("getData", "/k"),
    a("create", "/k", data="two"),
    a("getData", "/k", why="the refused create moved the zxid and nothing else"),
    a("create", "/none/k"),
    a("delete", "/none"),
    a("setData", "/none", data="x"),
    a("getData", "/none"),
    a("exists", "/none", why="a read that fails moves no zxid"),
    a("getChildren", "/none"),
    a("getChildren2", "/none"),
    a("getACL", "/none"),
    a("setACL", "/none"),
    a("getAllChildrenNumber", "/none"),
    a("sync", "/none", why="a sync of a node that is not there succeeds"),
    a("setData", "/k", data="three"),
    a("setData", "/k", data="four", version=0),
    a("setData", "/k", data="four", version=2),
    a("setData", "/k", data="four", version=1),
    a("setData", "/k", data="five", version=-1),
    a("setData", "/k", data="six", version=-2, why="only -1 means any"),
    a("getData", "/k"),
    a("setData", "/k", data="five", why="the same data again is a change"),
    a("check", "/k", version=3, why="alone, a check that holds is never answered; one that fails is"),
    a("check", "/none", version=-1),
    a("delete", "/k", version=3),
    a("create", "/k/child"),
    a("exists", "/k", why="a child moves cversion and pzxid, and neither version nor mzxid"),
    a("delete", "/k"),
    a("delete", "/k", version=0, why="a wrong version is found before the children"),
    a("create2", "/k/other", data="abc"),
    a("exists", "/k"),
    a("setData", "/k/child", data="x"),
    a("exists", "/k", why="what a child holds does not concern its parent"),
    a("delete", "/k/child"),
    a("exists", "/k", why="a deletion moves pzxid and cversion"),
    a("getChildren2", "/k"),
    a("getAllChildrenNumber", "/k"),
    a("getAllChildrenNumber", "/"),
    a("delete", "/k/other", version=0),
    a("delete", "/k", version=4),
    a("exists", "/k"),
    a("create", "/k", why="a node that is made again begins anew"),
    a("exists", "/k"),
    a("create2", "/null", data=None),
    a("getData", "/null", why="no data is not the same as empty data"),
    a("setData", "/null", data=""),
    a("getData", "/null"),
    a("setData", "/null", data=None),
    a("getData", "/null"),
]

SEQUENCES: list[Step] = [
    a.connect(),
    a("create", "/q"),
    a("create", "/q/n-", flags=SEQUENTIAL),
    a("create2", "/q/n-", flags=SEQUENTIAL, why="create2 tells the path with its suffix, and the stat"),
    a("create", "/q/plain", why="a create without a suffix counts too"),
    a("create", "/q/n-", flags=SEQUENTIAL),
    a("delete", "/q/plain", why="a deletion does not count"),
    a("create", "/q/n-", flags=SEQUENTIAL),
    a("create", "/q/n-0000000004", why="a create that is refused does not count"),
    a("create", "/q/", flags=SEQUENTIAL, why="with a suffix a path may end in a slash"),
    a("create", "/q/n-", flags=EPHEMERAL | SEQUENTIAL),
    a("create", "/q/other-", flags=EPHEMERAL | SEQUENTIAL, why="the count is the parent's, not the name's"),
    a("create", "/q/n-0000000009", why="a name that the next suffix will hit"),
    a("create", "/q/n-", flags=SEQUENTIAL),
    a("create", "/q/n-", flags=SEQUENTIAL, why="and hit again, for nothing was counted"),
    a("create", "/q/step"),
    a("create", "/q/n-", flags=SEQUENTIAL),
    a("setData", "/q", data="x"),
    a("create", "/q/n-", flags=SEQUENTIAL, why="setData on the parent does not count"),
    a("getChildren2", "/q"),
    a("create", "/gone"),
    a("create", "/gone/n-", flags=SEQUENTIAL),
    a("delete", "/gone/n-0000000000"),
    a("create", "/gone/n-", flags=SEQUENTIAL),
    a("delete", "/gone/n-0000000001"),
    a("delete", "/gone"),
    a("create", "/gone", why="a parent that is made again counts from 0"),
    a("create", "/gone/n-", flags=SEQUENTIAL),
    a("create", "/none/n-", flags=SEQUENTIAL),
    a("create", "/e", flags=EPHEMERAL),
    a("exists", "/e"),
    a("create", "/e/child"),
    a("create", "/e/child-", flags=SEQUENTIAL),
    a("create", "/e/child", flags=EPHEMERAL),
    a("exists", "/e", why="the refused children left no trace"),
    a("getEphemerals", "/"),
    a("getEphemerals", ""),
    a("getEphemerals", path=None),
    a("getEphemerals", "/q"),
    a("getEphemerals", "/q/oth", why="a prefix of the text, not of the path"),
    a("getEphemerals", "/none"),
    b.connect(),
    b("getEphemerals", "/", why="only those of the session that asks"),
    b("setData", "/e", data="of b"),
    b("setACL", "/e"),
    b("delete", "/e", why="anybody may delete the ephemeral of another"),
    a("getEphemerals", "/"),
    b("create", "/e", why="and make a node there that stays"),
    a("closeSession"),
    b("getChildren2", "/q", why="the ephemerals are gone, and the zxid of the close is the pzxid"),
    b("exists", "/e"),
    b("create", "/q/n-", flags=SEQUENTIAL),
]

NAMES: list[Step] = [
    a.connect(),
    *[
        a("create", path, why=why)
        for path, why in (
            ("", "nothing"),
            ("k", "no slash before it"),
            ("/", "the root"),
            ("/k/", "the parent is /k, which is not there, and this is found first"),
            ("//k", "the parent has no name"),
            ("/.", "relative"),
            ("/..", "relative"),
            ("/./k", "the parent is not there"),
            ("/../k", "the same"),
            ("/.k", "a dot before a name is no relative path"),
            ("/k.", "nor behind it"),
            ("/...", "nor three of them"),
            ("/a\x00b", "the character 0"),
            ("/a\x01b", "a control character"),
            ("/a\x1fb", "the last of them"),
            ("/a b", "a space"),
            ("/a\x7fb", "delete"),
            ("/a\x9fb", "the last of the second range of controls"),
            ("/a\xa0b", "the first after them"),
            ("/é", "two bytes"),
            ("/日本", "three bytes each"),
            ("/a\ue000b", "private use"),
            ("/a\uf8ffb", "its last"),
            ("/a\uf900b", "the first after it"),
            ("/a\ufff0b", "specials"),
            ("/a\uffefb", "the last before them"),
            ("/a\U0001f600b", "beyond the basic plane: two surrogates in Java"),
        )
    ],
    a("create", "/.", flags=SEQUENTIAL, why="valid with its suffix"),
    a("create", "//", flags=SEQUENTIAL, why="an empty parent"),
    a("create", "k", flags=SEQUENTIAL),
    a("create", "/.k/", why="the parent is there, so the name is tested"),
    a("create", "/.k//child"),
    a("create", "/.k/../child"),
    a("create", path=None, why="no path at all"),
    a("create", "/flags", flags=7, why="flags that mean nothing"),
    a("create", "/flags", flags=-1),
    a("create", "/flags", flags=TTL, why="a TTL without a field for it"),
    a("create", "/flags", flags=CONTAINER, why="create makes no container, and createContainer alone does"),
    a("exists", "/flags"),
    a("createContainer", "/contained", why="flags 0 under createContainer"),
    a("exists", "/contained"),
    a("createTTL", "/short", ttl=1000, flags=TTL, why="extended types are off"),
    a("createTTL", "/short", ttl=1000, flags=0),
    a("exists", "k", why="a read tests no name, it does not find one"),
    a("exists", ""),
    a("exists", "/k/"),
    a("exists", "//"),
    a("exists", "/zookeeper/"),
    a("exists", "/a\x00b"),
    a("getData", "k"),
    a("getData", "/a\x00b"),
    a("getData", ""),
    a("getData", path=None),
    a("getChildren", "", why="the empty path is a second name of the root for reads"),
    a("getChildren2", ""),
    a("setData", "k"),
    a("setData", ""),
    a("setData", "/k/"),
    a("setData", "/..", why="set tests the name before it looks"),
    a("setACL", "//"),
    a("check", "/k/", version=0),
    a("delete", "k"),
    a("delete", "/k/", why="delete tests less of the name"),
    a("delete", ""),
    a("delete", "//"),
    a("delete", "/a\x00b"),
    a("delete", "/", why="the root"),
    a("delete", "/zookeeper"),
    a("delete", "/zookeeper/quota"),
    a("delete", "/zookeeper/config"),
    a("setData", "/", data="x", why="the root may hold data"),
    a("exists", "/"),
    a("setData", "/zookeeper", data="x"),
    a("setData", "/zookeeper/config", data="x"),
    a("setACL", "/zookeeper/config"),
    a("create", "/zookeeper/mine", why="anybody may write below /zookeeper"),
    a("delete", "/zookeeper/mine"),
    a("create", "/zookeeper/config/mine"),
    a("getAllChildrenNumber", ""),
    a("sync", "k"),
    a("sync", ""),
]

QUOTAS: list[Step] = [
    a.connect(),
    a("create", "/k", data="abc"),
    a("create", "/k/one", data="defgh"),
    a("create", "/zookeeper/quota/k"),
    a("create", "/zookeeper/quota/k/zookeeper_limits", data="count=2,bytes=5"),
    a("getData", "/zookeeper/quota/k/zookeeper_limits"),
    a("create", "/zookeeper/quota/k/zookeeper_stats", data="count=0,bytes=0"),
    a("getData", "/zookeeper/quota/k/zookeeper_stats", why="the server counted at once"),
    a("create", "/k/two", data="ij", why="a quota only warns, in the log"),
    a("getData", "/zookeeper/quota/k/zookeeper_stats", why="counted without a version, a zxid or an event"),
    a("setData", "/k/two", data="klmnop"),
    a("getData", "/zookeeper/quota/k/zookeeper_stats"),
    a("delete", "/k/one"),
    a("getData", "/zookeeper/quota/k/zookeeper_stats"),
    a("getAllChildrenNumber", "/zookeeper"),
]
