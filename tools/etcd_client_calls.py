"""The clients aetcd and etcd3gw in a scenario: what takes more than one call, and their values as JSON."""

import inspect
from collections.abc import Iterator
from typing import Any

from google.protobuf import json_format

# What takes more than one call of a client.


async def aetcd_watch(client: Any, key: bytes, revision: int, count: int) -> Any:
    """Return the first events of a watch."""
    watch = await client.watch(key, start_revision=revision)
    events = []
    async for event in watch:
        events.append(event)
        if len(events) == count:
            break
    await watch.cancel()
    return events


async def aetcd_watch_prefix(client: Any, key: bytes, revision: int, count: int) -> Any:
    """Return the first events of a watch of a prefix, with previous values."""
    watch = await client.watch_prefix(key, start_revision=revision, prev_kv=True)
    events = []
    async for event in watch:
        events.append(event)
        if len(events) == count:
            break
    await watch.cancel()
    return events


async def aetcd_lease(client: Any, id: int) -> Any:
    """Return what becomes of a lease and its key."""
    lease = await client.lease(600, lease_id=id)
    await client.put(b"aetcd/leased", b"v", lease=lease)
    info = await client.get_lease_info(id)
    reply = await client.refresh_lease(id)
    await client.revoke_lease(id)
    gone = await client.get(b"aetcd/leased")
    return [lease.id, lease.ttl, info.grantedTTL, list(info.keys), reply.TTL, gone]


async def aetcd_lock(client: Any, name: bytes) -> Any:
    """Return what a lock says while it is held and after."""
    lock = client.lock(name, ttl=60)
    got = await lock.acquire(timeout=5)
    held = await lock.is_acquired()
    second = client.lock(name, ttl=60)
    refused = await second.acquire(timeout=0)
    await lock.release()
    again = await second.acquire(timeout=5)
    await second.release()
    return [got, held, refused, again]


async def aetcd_transaction(client: Any, key: bytes) -> Any:
    """Return the responses of a transaction with compares."""
    tx = client.transactions
    return await client.transaction(
        compare=[tx.value(key) == b"1", tx.version(key) > 0],
        success=[tx.put(key, b"2"), tx.get(key)],
        failure=[tx.put(key, b"1"), tx.get(key)],
    )


async def aetcd_status(client: Any) -> Any:
    """Return the version, and whether the leader is a member."""
    status = await client.status()
    return [status.version, status.leader is not None]


AETCD: dict[str, Any] = {
    "watch events": aetcd_watch,
    "watch prefix events": aetcd_watch_prefix,
    "lease's life": aetcd_lease,
    "lock twice": aetcd_lock,
    "compare": aetcd_transaction,
    "status short": aetcd_status,
}


def gw_lease(client: Any) -> Any:
    """Return what becomes of a lease and its key."""
    lease = client.lease(ttl=500)
    client.put("gw/leased", "v", lease=lease)
    seen = [lease.ttl() > 490, lease.keys(), lease.refresh()]
    return [*seen, lease.revoke(), client.get("gw/leased")]


def gw_lock(client: Any, name: str) -> Any:
    """Return what a lock says."""
    lock = client.lock(name, ttl=60)
    first = [lock.acquire(), lock.is_acquired(), client.lock(name, ttl=60).acquire()]
    return [*first, lock.release(), lock.is_acquired()]


def gw_watch(client: Any, key: str, revision: int, count: int) -> Any:
    """Return the first events of a watch."""
    events, cancel = client.watch(key, start_revision=revision)
    found = [event for _, event in zip(range(count), events, strict=False)]
    cancel()
    return found


GW: dict[str, Any] = {"lease's life": gw_lease, "lock twice": gw_lock, "watch events": gw_watch}


# Values of clients.


def coded(value: Any) -> Any:
    """Return texts as bytes, as aetcd wants them."""
    match value:
        case str():
            return value.encode()
        case list():
            return [coded(each) for each in value]
        case dict():
            plain = {"sort_order", "sort_target"}
            return {key: each if key in plain else coded(each) for key, each in value.items()}
    return value


def shown(value: Any) -> Any:
    """Return what a client returned as JSON has it."""
    if hasattr(value, "DESCRIPTOR"):
        return json_format.MessageToDict(value, preserving_proto_field_name=True)
    match value:
        case bytes():
            return value.decode("latin-1")
        case None | bool() | int() | float() | str():
            return value
        case list() | tuple():
            return [shown(each) for each in value]
        case dict():
            return {str(key): shown(each) for key, each in value.items()}
    if inspect.isgenerator(value) or isinstance(value, Iterator):
        return [shown(each) for each in value]
    slots = [name for kind in type(value).__mro__ for name in getattr(kind, "__slots__", ())]
    names = slots or [name for name in vars(value) if not name.startswith("_")]
    if not names:
        return str(value)
    return {name: shown(getattr(value, name)) for name in names}
