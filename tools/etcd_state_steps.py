"""More of the scenario of `etcd_steps`: corners of the store, and a store that is full.

`STATE` needs the Python clients, `SPACE` etcdctl and members that have a quota of `QUOTA_BYTES`.

A step with `ours` is one in which we differ on purpose: it says what ours does, the transcript what the real one does.
"""

from typing import Any

from etcd_steps import Step, call, ctl, d, get, kv, p, put, r, take, watch

QUOTA_BYTES = (
    500_000  # room for either of these, twice for the first one as the real one writes, not for both
)
LARGE, LARGER = "x" * 150_000, "y" * 400_000


def txn(*operations: Any, **more: Any) -> Step:
    """Return a transaction without a compare."""
    return kv("Txn", success=list(operations), **more)


def nested(*operations: Any) -> dict[str, Any]:
    """Return a transaction inside another."""
    return {"request_txn": {"success": list(operations)}}


def events(*shown: dict[str, Any]) -> dict[str, Any]:
    """Return a response of a watch as it is told."""
    header = {"cluster_id": "CLUSTER", "member_id": "MEMBER", "revision": "7", "raft_term": "TERM"}
    return {"header": header, "events": list(shown)}


DELETED = {"type": "DELETE", "kv": {"key": "aw==", "mod_revision": "5"}}
PUT_AGAIN = {
    "kv": {"key": "aw==", "create_revision": "6", "mod_revision": "6", "version": "1", "value": "NA=="}
}
CREATED = {
    "header": {"cluster_id": "CLUSTER", "member_id": "MEMBER", "revision": "7", "raft_term": "TERM"},
    "created": True,
}

STATE: list[Step] = [
    put("k", "1"),
    put("k", "2"),
    txn(d(key="a", range_end="\0"), p(key="k", value="3")),
    watch("anew", take=2, key="k", start_revision=4, prev_kv=True),
    take("anew", 0, close=True),
    txn(r(key="k", revision=-1)),
    txn(r(key="k", revision=-2)),
    kv("DeleteRange", key="k"),
    put("k", "4"),
    put("other", "1"),
    kv("Compact", revision=5, physical=True),
    # The deletion is the change of the very revision that was compacted (etcd issue 18089, mended in 3.5.16).
    watch("from a tombstone", take=2, key="k", start_revision=5)
    | {"ours": [CREATED, events(DELETED, PUT_AGAIN)]},
    take("from a tombstone", 0, close=True),
    watch("before everything", take=2, key="k", start_revision=-3),
    take("before everything", 0, close=True),
    get("k", revision=5),
    get("k", revision=-1),
    txn(r(key="k", revision=5)),
    txn(r(key="k", revision=4)),
    txn(r(key="k", revision=-1)),
    call("Maintenance/HashKV", revision=4),
    call("Maintenance/HashKV", revision=5),
    call("Maintenance/HashKV", revision=6),
    txn(nested(*[r(key="none")] * 127)),
    txn(nested(*[r(key="none")] * 128)),
    txn(*[r(key="none")] * 99, nested(*[r(key="none")] * 28)),
    txn(*[r(key="none")] * 99, nested(*[r(key="none")] * 29)),
    txn(nested(r(key="k")), at=1),
    txn(r(key="k", serializable=True), at=2),
    *[put(f"l{number}", str(9 - number)) for number in range(1, 6)],
    get("l", range_end="m", limit=2),
    get("l", range_end="m", limit=5),
    get("l", range_end="m", limit=4, sort_order="DESCEND"),
    get("l", range_end="m", limit=2, sort_target="VALUE"),
    get("l", range_end="m", limit=2, min_mod_revision=9),
    get("l", range_end="m", limit=2, min_mod_revision=9, max_mod_revision=10),
    get("l", range_end="m", limit=1, count_only=True),
    get("l", range_end="m", limit=2, revision=10),
    get("l", range_end="m", limit=1, max_create_revision=8),
]

SPACE: list[Step] = [
    call("Lease/LeaseGrant", TTL=600, ID=501),
    put("leased", "1", lease=501),
    put("large", LARGE),
    put("small", "1"),
    *[
        call("Maintenance/Defragment", at=member) for member in range(3)
    ],  # now the real one knows how large it is
    put("larger", LARGER),
    call("Maintenance/Alarm"),
    ctl("alarm list"),
    ctl("endpoint status"),
    ctl("endpoint status", at=1),
    ctl("endpoint health"),
    {"http": "GET /health", "at": 2},
    put("", ""),
    put("small", "2"),
    put("small", "2", at=1),
    txn(p(key="small", value="2")),
    kv("Txn", compare=[], success=[r(key="small")], failure=[p(key="small", value="2")]),
    txn(nested(p(key="small", value="overlooked"))),
    txn(r(key="small"), d(key="none")),
    call("Lease/LeaseGrant", TTL=600, ID=502),
    call("Lease/LeaseKeepAlive", ID=501),
    get("small"),
    call("Lease/LeaseRevoke", ID=501),
    kv("DeleteRange", key="none"),
    put("larger", LARGER, at=1),
    ctl("alarm list"),
    ctl("alarm disarm"),
    ctl("alarm list"),
    put("small", "3"),
    put("larger", LARGER),
    ctl("alarm list"),
    kv("DeleteRange", key="large"),
    ctl("compaction 9 --physical"),
    *[ctl("defrag", at=member) for member in range(3)],
    ctl("alarm disarm"),
    put("larger", LARGER),
    ctl("alarm list"),
    ctl("endpoint health"),
]
