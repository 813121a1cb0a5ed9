"""The scenario that is played against the real etcd and against ours, as data; `etcd_player` says what a step may be.

`API` needs a new cluster and the Python clients, `CTL` a new cluster and etcdctl. Revisions are compared, so the
order of the steps is part of the scenario.
"""

from base64 import b64encode
from typing import Any

Step = dict[str, Any]


def b(text: str) -> str:
    """Return bytes as JSON has them."""
    return b64encode(text.encode("latin-1")).decode()


def kv(name: str, /, at: int = 0, **request: Any) -> Step:
    """Return a call of KV; keys and values are texts here."""
    return {"call": f"etcdserverpb.KV/{name}", "request": coded(request), "at": at}


def coded(value: Any) -> Any:
    """Return a request in which keys and values are base64."""
    if isinstance(value, dict):
        texts = ("key", "range_end", "value", "name")
        return {
            field: b(each) if field in texts and isinstance(each, str) else coded(each)
            for field, each in value.items()
        }
    return [coded(each) for each in value] if isinstance(value, list) else value


def call(name: str, /, at: int = 0, **request: Any) -> Step:
    """Return a call of another service."""
    service, _, method = name.partition("/")
    package = {"Lock": "v3lockpb", "Election": "v3electionpb"}.get(service, "etcdserverpb")
    return {"call": f"{package}.{service}/{method}", "request": coded(request), "at": at}


def put(key: str, value: str = "", **more: Any) -> Step:
    """Return a put."""
    return kv("Put", key=key, value=value, **more)


def get(key: str, **more: Any) -> Step:
    """Return a range."""
    return kv("Range", key=key, **more)


def compare(key: str, target: str, result: str = "EQUAL", **value: Any) -> dict[str, Any]:
    """Return a compare."""
    return {"key": key, "target": target, "result": result, **value}


def watch(name: str, /, take: int = 1, at: int = 0, **create: Any) -> Step:
    """Return the opening of a stream with one watch."""
    return {"watch": name, "say": [{"create_request": coded(create)}], "take": take, "at": at}


def create(name: str, /, take: int = 1, **create: Any) -> Step:
    """Return another watch on an open stream."""
    return {"on": name, "say": [{"create_request": coded(create)}], "take": take}


def take(name: str, count: int = 1, **more: Any) -> Step:
    """Return the reading of responses."""
    return {"on": name, "take": count, **more}


def p(**request: Any) -> dict[str, Any]:
    """Return a put inside a transaction."""
    return {"request_put": request}


def r(**request: Any) -> dict[str, Any]:
    """Return a range inside a transaction."""
    return {"request_range": request}


def d(**request: Any) -> dict[str, Any]:
    """Return a deletion inside a transaction."""
    return {"request_delete_range": request}


TRAPS: list[Step] = [
    put("a", "1"),
    put("a", "2"),
    put("a", "3"),
    kv("Txn", success=[p(key="n", value="1"), r(key="n"), p(key="m", value="2"), d(key="n", prev_kv=True)]),
    kv("Txn", success=[r(key="a"), {"request_txn": {"success": [p(key="t", value="x"), r(key="t")]}}]),
    kv("Compact", revision=4),
    watch("at compacted", take=2, key="a", start_revision=4),
    watch("before compacted", take=2, key="a", start_revision=3),
    get("a", revision=4),
    get("a", revision=3),
    kv("Compact", revision=4),
    kv("Compact", revision=3),
    kv("Compact", revision=100),
    get("a", revision=100),
    take("at compacted", 0, close=True),
    take("before compacted", 0, close=True),
]

STORE: list[Step] = [
    put(""),
    get(""),
    kv("DeleteRange", key=""),
    put("k1", "v1", prev_kv=True),
    put("k1", "v2", prev_kv=True),
    put("k1", "", ignore_value=True, prev_kv=True),
    put("k1", "x", ignore_value=True),
    put("absent", "", ignore_value=True),
    put("absent", "", ignore_lease=True),
    put("k1", "v", lease=77, ignore_lease=True),
    put("k1", "v", lease=12345),
    put("k2", "b"),
    put("k3", "c"),
    put("k4", "a"),
    put("l", "other"),
    get("k1"),
    get("k", range_end="l"),
    get("k", range_end="l", limit=2),
    get("k", range_end="l", count_only=True),
    get("k", range_end="l", keys_only=True),
    get("k", range_end="l", sort_order="DESCEND"),
    get("k", range_end="l", sort_order="ASCEND", sort_target="VALUE"),
    get("k", range_end="l", sort_order="DESCEND", sort_target="MOD", limit=1),
    get("k", range_end="l", sort_order="DESCEND", sort_target="VERSION"),
    get("k", range_end="l", sort_order="NONE", sort_target="CREATE"),
    get("k", range_end="l", min_mod_revision=12),
    get("k", range_end="l", max_mod_revision=11),
    get("k", range_end="l", min_create_revision=11, limit=1),
    get("k3", range_end="\0"),
    get("\0", range_end="\0", keys_only=True),
    get("k", range_end="a"),
    get("k1", revision=9),
    get("k1", revision=-1),
    get("k", range_end="l", limit=-1),
    get("none"),
    get("k1", at=1),
    get("k1", at=2, serializable=False),
    kv("DeleteRange", key="k4", prev_kv=True),
    kv("DeleteRange", key="k4", prev_kv=True),
    kv("DeleteRange", key="k2", range_end="k9"),
    get("k4", revision=13),
    put("k4", "back"),
    get("k4"),
]

TRANSACTIONS: list[Step] = [
    kv(
        "Txn",
        compare=[compare("k1", "VALUE", value="v2")],
        success=[p(key="k1", value="w")],
        failure=[r(key="k1")],
    ),
    kv(
        "Txn",
        compare=[compare("k1", "VALUE", value="zz")],
        success=[p(key="k1", value="w")],
        failure=[r(key="k1")],
    ),
    kv("Txn", compare=[compare("k1", "VERSION", "GREATER", version=1)], success=[r(key="k1")]),
    kv("Txn", compare=[compare("none", "CREATE", create_revision=0)], success=[p(key="none", value="1")]),
    kv("Txn", compare=[compare("none", "CREATE", create_revision=0)], failure=[d(key="none")]),
    kv("Txn", compare=[compare("none", "VALUE", value="")], success=[r(key="k1")]),
    kv("Txn", compare=[compare("k1", "MOD", "LESS", mod_revision=5)], success=[r(key="k1")]),
    kv("Txn", compare=[compare("k1", "LEASE", lease=0)], success=[r(key="k1", count_only=True)]),
    kv(
        "Txn", compare=[compare("k1", "VALUE", "NOT_EQUAL", value="q")], success=[r(key="k1", keys_only=True)]
    ),
    kv("Txn", compare=[compare("k", "VERSION", "GREATER", version=0, range_end="l")], success=[r(key="k1")]),
    kv(
        "Txn",
        compare=[compare("zz", "VERSION", "GREATER", version=0, range_end="zzz")],
        success=[r(key="k1")],
    ),
    kv("Txn", compare=[compare("k1", "VERSION", value="mismatch")], success=[r(key="k1")]),
    kv("Txn", compare=[compare("", "VERSION", version=0)]),
    kv("Txn", success=[p(key="d", value="1"), p(key="d", value="2")]),
    kv("Txn", success=[p(key="d", value="1"), d(key="a", range_end="z")]),
    kv("Txn", success=[d(key="d"), d(key="d")]),
    kv("Txn", success=[{}]),
    kv("Txn", success=[p(key="")]),
    kv("Txn", success=[r(key="a", revision=1000)]),
    kv(
        "Txn", success=[r(key="a", revision=1)]
    ),  # and no put: with one, members differ from then on (etcd issue 18667)
    get("never"),
    kv("Txn", success=[p(key=f"many{number}") for number in range(129)]),
    kv("Txn", success=[p(key="never", lease=999)]),
    kv("Txn"),
    kv(
        "Txn",
        compare=[compare("k1", "VERSION", "GREATER", version=0)],
        success=[
            p(key="o", value="1"),
            {
                "request_txn": {
                    "compare": [compare("o", "VALUE", value="1")],
                    "success": [p(key="deep", value="yes")],
                    "failure": [p(key="deep", value="no"), d(key="o2")],
                }
            },
            r(key="o"),
        ],
    ),
    get("deep"),
    kv("Put", key="large", value="x" * 1_000_000),
    kv("Put", key="large", value="x" * 1_600_000),
    kv("DeleteRange", key="large"),
]

LEASES: list[Step] = [
    call("Lease/LeaseGrant", TTL=600, ID=101),
    call("Lease/LeaseGrant", TTL=600, ID=101),
    call("Lease/LeaseGrant", TTL=9_000_000_001, ID=102),
    call("Lease/LeaseGrant", TTL=1, ID=103),
    call("Lease/LeaseRevoke", ID=103),
    call("Lease/LeaseGrant", TTL=0, ID=104),
    call("Lease/LeaseGrant", TTL=-5, ID=105),
    put("leased/1", "a", lease=101),
    put("leased/2", "b", lease=101),
    get("leased/", range_end="leased0"),
    put("leased/2", "c", ignore_lease=True),
    call("Lease/LeaseTimeToLive", ID=101, keys=True),
    call("Lease/LeaseTimeToLive", ID=999, keys=True),
    call("Lease/LeaseKeepAlive", ID=101),
    call("Lease/LeaseKeepAlive", ID=999, at=1),
    put("leased/2", "free"),
    call("Lease/LeaseRevoke", ID=101),
    get("leased/", range_end="leased0"),
    call("Lease/LeaseRevoke", ID=101),
    call("Lease/LeaseGrant", TTL=2, ID=106),
    put("short", "lived", lease=106),
    watch("expiry", take=2, key="short"),
    get("short"),
    call("Lease/LeaseTimeToLive", ID=106),
    take("expiry", 0, close=True),
]

WATCHES: list[Step] = [
    watch("w", key="w/", range_end="w0"),
    put("w/1", "a"),
    take("w"),
    put("w/1", "b"),
    kv("Txn", success=[p(key="w/2", value="c"), p(key="w/3", value="d"), d(key="w/1")]),
    take("w", 2),
    {"on": "w", "say": [{"progress_request": {}}], "take": 1},
    create("w", key="w/", range_end="w0", prev_kv=True, watch_id=7),
    kv("DeleteRange", key="w/2"),
    take("w", 2),
    create("w", key="w/", range_end="w0", watch_id=7),
    {"on": "w", "say": [{"cancel_request": {"watch_id": 7}}], "take": 1},
    {"on": "w", "say": [{"cancel_request": {"watch_id": "0"}}], "take": 1},
    create("w", take=2, key="w/1", start_revision=30, filters=["NOPUT"]),
    create("w", key="w/9", range_end="w/1"),
    take("w", 0, close=True),
    watch("history", take=2, at=1, key="w/", range_end="w0", start_revision=30, prev_kv=True),
    create("history", take=2, key="w/", range_end="w0", start_revision=30, filters=["NODELETE"]),
    create("history", key="w/5", start_revision=1000),
    put("w/5", "future"),
    take("history", 2, close=True),
    watch("all", key="\0", range_end="\0"),
    put("x", "1"),
    take("all"),
    kv("Compact", revision=35),
    create("all", take=2, key="w/1", start_revision=20),
    put("x", "2"),
    take("all", 1, close=True),
]

LOCKS: list[Step] = [
    call("Lease/LeaseGrant", TTL=600, ID=201),
    call("Lease/LeaseGrant", TTL=600, ID=202),
    call("Lock/Lock", name="lock", lease=201),
    call("Lock/Lock", name="lock", lease=201),
    get("lock", range_end="locl"),
    call("Lock/Unlock", key="lock/c9"),
    call("Lock/Lock", name="lock", lease=202, at=1),
    call("Lease/LeaseRevoke", ID=202),
    get("lock", range_end="locl"),
    call("Lock/Lock", name="lock", lease=999),
    call("Election/Leader", name="elect"),
    call("Election/Campaign", name="elect", lease=201, value="first"),
    call("Election/Leader", name="elect", at=2),
    call(
        "Election/Proclaim", leader={"name": "elect", "key": "elect/c9", "rev": 9999, "lease": 201}, value="x"
    ),
    call("Election/Observe", name="elect"),
    call("Election/Proclaim", value="x"),
    call("Election/Resign", leader={"name": "elect", "key": "elect/c9", "rev": 1, "lease": 201}),
    call("Lease/LeaseRevoke", ID=201),
]

CLUSTER: list[Step] = [
    call("Cluster/MemberList"),
    call("Cluster/MemberList", at=1, linearizable=True),
    call("Maintenance/Alarm"),
    call("Maintenance/Alarm", action="ACTIVATE", alarm="NOSPACE", memberID=5),
    put("full", "1"),
    get("k1", keys_only=True),
    kv("Txn", success=[r(key="k1")]),
    kv("DeleteRange", key="full"),
    {"http": "GET /health"},
    call("Maintenance/Alarm", action="GET", alarm="NOSPACE"),
    call("Maintenance/Alarm", action="DEACTIVATE", alarm="NOSPACE", memberID=5),
    call("Maintenance/Alarm", action="DEACTIVATE", alarm="NOSPACE", memberID=5),
    put("full", "1"),
    call("Maintenance/Status"),
    get("k1", at=2, serializable=False),  # after this the member has applied what the status counts
    call("Maintenance/Status", at=2),
    call("Maintenance/HashKV"),
    call("Maintenance/HashKV", revision=10_000),
    call("Maintenance/HashKV", revision=5),
    call("Maintenance/Defragment"),
    call("Auth/AuthStatus"),
    call("Auth/Authenticate"),
    call("Auth/AuthEnable"),
    call("Auth/UserList"),
    call("Auth/UserGet"),
    call("Auth/RoleGet"),
]

JSON: list[Step] = [
    {"http": "GET /version"},
    {"http": "GET /health"},
    {"http": "POST /v3/kv/put", "body": '{"key": "anM=", "value": "MQ==", "prev_kv": true}'},
    {"http": "POST /v3/kv/put", "body": '{"key": "anM=", "value": "Mg==", "prev_kv": true}', "at": 1},
    {"http": "POST /v3/kv/range", "body": '{"key": "anM="}', "at": 2},
    {"http": "POST /v3/kv/range", "body": '{"key": "anM=", "revision": "1"}'},
    {"http": "POST /v3/kv/range", "body": '{"key": ""}'},
    {"http": "POST /v3/kv/range", "body": '{"keyx": ""}'},
    {"http": "POST /v3/kv/range", "body": "{}"},
    {"http": "GET /v3/kv/range"},
    {"http": "GET /v3/kv/nothing"},
    {"http": "GET /nothing"},
    {
        "http": "POST /v3/kv/txn",
        "body": '{"compare": [{"key": "anM=", "target": "VERSION", "version": "2", "result": "EQUAL"}], "success": '
        '[{"requestPut": {"key": "anM=", "value": "Mw=="}}, {"request_range": {"key": "anM="}}]}',
    },
    {"http": "POST /v3/lease/grant", "body": '{"TTL": "600", "ID": "301"}'},
    {"http": "POST /v3/lease/grant", "body": '{"TTL": 600, "ID": 301}'},
    {"http": "POST /v3/lease/keepalive", "body": '{"ID": "301"}', "lines": 1},
    {"http": "POST /v3/lease/timetolive", "body": '{"ID": "999"}'},
    {"http": "POST /v3/lease/leases", "body": "{}"},
    {"http": "POST /v3/lease/revoke", "body": '{"ID": "301"}'},
    {"http": "POST /v3/lease/revoke", "body": '{"ID": "301"}'},
    {
        "http": "POST /v3/watch",
        "body": '{"create_request": {"key": "anM=", "start_revision": "40"}}',
        "lines": 2,
    },
    {"http": "POST /v3/cluster/member/list", "body": "{}"},
    {"http": "POST /v3/maintenance/status", "body": "{}"},
    {"http": "POST /v3/maintenance/alarm", "body": "{}"},
    {"http": "POST /v3/auth/authenticate", "body": "{}"},
    {"http": "POST /v3/kv/deleterange", "body": '{"key": "anM=", "prev_kv": true}'},
]

AETCD: list[Step] = [
    {"aetcd": "put", "args": ["aetcd/1", "1"]},
    {"aetcd": "put", "args": ["aetcd/1", "2"], "kwargs": {"prev_kv": True}},
    {"aetcd": "put", "args": ["", "2"]},
    {"aetcd": "get", "args": ["aetcd/1"]},
    {"aetcd": "get", "args": ["aetcd/none"]},
    {"aetcd": "put", "args": ["aetcd/2", "0"]},
    {"aetcd": "get_prefix", "args": ["aetcd/"]},
    {"aetcd": "get_prefix", "args": ["aetcd/"], "kwargs": {"sort_order": "descend", "sort_target": "value"}},
    {"aetcd": "get_range", "args": ["aetcd/1", "aetcd/2"]},
    {"aetcd": "replace", "args": ["aetcd/1", "2", "3"]},
    {"aetcd": "replace", "args": ["aetcd/1", "2", "4"]},
    {"aetcd": "compare", "args": ["aetcd/tx"]},
    {"aetcd": "compare", "args": ["aetcd/tx"]},
    {"aetcd": "delete", "args": ["aetcd/2"], "kwargs": {"prev_kv": True}},
    {"aetcd": "delete", "args": ["aetcd/2"]},
    {"aetcd": "watch events", "args": ["aetcd/1", 40, 3]},
    {"aetcd": "watch prefix events", "args": ["aetcd/", 40, 6]},
    {"aetcd": "lease's life", "args": [401]},
    {"aetcd": "lock twice", "args": ["aetcd/lock"]},
    {"aetcd": "status short"},
    {"aetcd": "compact", "args": [50]},
    {"aetcd": "compact", "args": [50]},
    {"aetcd": "delete_prefix", "args": ["aetcd/"]},
]

GATEWAY: list[Step] = [
    {"gw": "put", "args": ["gw/1", "a"]},
    {"gw": "get", "args": ["gw/1"]},
    {"gw": "get", "args": ["gw/1"], "kwargs": {"metadata": True}},
    {"gw": "get", "args": ["gw/none"]},
    {"gw": "create", "args": ["gw/1", "b"]},
    {"gw": "create", "args": ["gw/2", "b"]},
    {"gw": "replace", "args": ["gw/1", "a", "c"]},
    {"gw": "replace", "args": ["gw/1", "a", "d"]},
    {"gw": "get_prefix", "args": ["gw/"]},
    {"gw": "get_prefix", "args": ["gw/"], "kwargs": {"sort_order": "descend", "sort_target": "mod"}},
    {"gw": "lease's life"},
    {"gw": "lock twice", "args": ["gw-lock"]},
    {"gw": "watch events", "args": ["gw/1", 50, 2]},
    {"gw": "members"},
    {"gw": "delete", "args": ["gw/1"]},
    {"gw": "delete", "args": ["gw/1"]},
    {"gw": "delete_prefix", "args": ["gw/"]},
]

API = [*TRAPS, *STORE, *TRANSACTIONS, *LEASES, *WATCHES, *LOCKS, *CLUSTER, *JSON, *AETCD, *GATEWAY]


def ctl(line: str, **more: Any) -> Step:
    """Return a command line of etcdctl."""
    return {"ctl": line, **more}


CTL: list[Step] = [
    ctl("put foo bar"),
    ctl("put foo bar2 --prev-kv"),
    ctl("put '' x"),
    ctl("put foo1 one"),
    ctl("put foo2 two"),
    ctl("put foo3 three", at=1),
    ctl("get foo"),
    ctl("get foo --print-value-only"),
    ctl("get foo foo3"),
    ctl("get --prefix foo"),
    ctl("get --prefix foo --limit 2"),
    ctl("get --prefix foo --keys-only"),
    ctl("get --prefix foo --count-only -w fields"),
    ctl("get --prefix foo --order DESCEND --sort-by VALUE"),
    ctl("get --prefix foo --order ASCEND --sort-by MODIFY", at=2),
    ctl("get --from-key foo2"),
    ctl("get foo --rev 2"),
    ctl("get foo --rev 100"),
    ctl("get foo -w json"),
    ctl("get foo --consistency s"),
    ctl("get none"),
    ctl("del foo1 --prev-kv"),
    ctl("del foo1"),
    ctl("del --prefix foo2"),
    ctl("txn", stdin='value("foo") = "bar2"\n\nput foo done\nget foo\n\nput foo failed\n\n'),
    ctl("txn", stdin='value("foo") = "bar2"\n\nput foo done\n\nput foo failed\nget foo3\n\n'),
    ctl("txn", stdin='version("foo") > "1"\nmod("foo3") < "100"\n\ndel foo3\n\nget foo\n\n'),
    ctl("txn -w json", stdin='create("fresh") = "0"\n\nput fresh 1\n\nget fresh\n\n'),
    ctl("txn", stdin="\n\nput d 1\nput d 2\n\n\n"),
    ctl("watch foo --rev 2", lines=9),
    ctl("watch --prefix foo --rev 4 --prev-kv", lines=12),
    ctl("watch foo --rev 2 -w json", lines=1),
    ctl("watch foo --rev 2 -w fields", lines=4),
    ctl("compaction 5"),
    ctl("compaction 5"),
    ctl("compaction 1000"),
    ctl("compaction 7 --physical"),
    ctl("get foo --rev 3"),
    ctl("watch foo --rev 3"),
    ctl("watch foo --rev 7", lines=3),
    ctl("lease grant 600", save=["LEASE", r"lease (\w+) granted"]),
    ctl("put leased 1 --lease $LEASE"),
    ctl("lease timetolive $LEASE"),
    ctl("lease timetolive $LEASE --keys"),
    ctl("lease keep-alive --once $LEASE"),
    ctl("lease list"),
    ctl("lease revoke $LEASE"),
    ctl("get leased"),
    ctl("lease revoke $LEASE"),
    ctl("lease timetolive $LEASE"),
    ctl("lease keep-alive --once $LEASE"),
    ctl("lease list"),
    ctl("put x 1 --lease 1234"),
    ctl("lock mine echo locked"),
    ctl("lock mine --ttl 5 -- sh -c 'exit 3'"),
    ctl("get --prefix mine --keys-only"),
    ctl("elect leader me", lines=2, polite=True, save=["KEY", r"leader/(\w+)"]),
    ctl("endpoint health"),
    ctl("endpoint health", all=True),
    ctl("endpoint status"),
    ctl("endpoint status -w json", at=2),
    ctl("endpoint hashkv"),
    ctl("member list"),
    ctl("member list -w json"),
    ctl("alarm list"),
    ctl("alarm disarm"),
    ctl("auth status"),
    ctl("auth enable"),
    ctl("user list"),
    ctl("user get root"),
    ctl("role list"),
    ctl("defrag"),
    ctl("put last 1 -w json"),
    ctl("get '' --prefix --keys-only"),
]
