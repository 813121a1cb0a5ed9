"""What people build on etcd: a configuration centre, and the discovery of services.

*Configuration*. A setting is a key. Who changes it names the revision that it has read, so that of two who change it at
once one is refused, and looks again. Who uses it reads it, and watches it from the revision after the answer: nothing
is missed in between. Old values can be read as long as no compaction has forgotten them, so a change is taken back by
putting the value of an earlier revision.

*Discovery*. Each instance of a service puts its address under the name of the service, with a lease that it keeps
alive. An instance that dies is gone when its lease runs out. Who uses the service reads the addresses and watches them.

These are functions, as in `concurrency`: each returns a request, or what a response means.
"""

from __future__ import annotations

from collections.abc import Iterable

from distsys.core.values import Map, record

from .api import (
    Compare,
    CompareResult,
    CompareTarget,
    DeleteRangeRequest,
    Event,
    EventType,
    PutRequest,
    RangeRequest,
    RangeResponse,
    TxnRequest,
    TxnResponse,
    WatchCreateRequest,
)
from .mvcc import prefix_end

CONFIG, SERVICES = b"config/", b"services/"


# Configuration.


@record
class Setting:
    """A setting as it was read: its value (None: it is not set), and the revision that last changed it."""

    name: bytes
    value: bytes | None
    revision: int


def read(name: bytes, revision: int = 0) -> RangeRequest:
    """Ask for a setting, as it is now or was at a revision."""
    return RangeRequest(CONFIG + name, revision=revision)


def setting(name: bytes, response: RangeResponse) -> Setting:
    """Return the setting that a response tells."""
    if not response.kvs:
        return Setting(name, None, 0)
    return Setting(name, response.kvs[0].value, response.kvs[0].mod_revision)


def change(known: Setting, value: bytes | None) -> TxnRequest:
    """Change a setting (None: unset it) if it is still as it was read; else tell what it is."""
    key = CONFIG + known.name
    unchanged = Compare(CompareResult.EQUAL, CompareTarget.MOD, key, known.revision)
    done = DeleteRangeRequest(key) if value is None else PutRequest(key, value)
    return TxnRequest((unchanged,), (done,), (read(known.name),))


def changed(known: Setting, value: bytes | None, response: TxnResponse) -> Setting:
    """Return the setting after `change`: changed, or what somebody else has made of it."""
    if response.succeeded:
        return Setting(known.name, value, 0 if value is None else response.header_revision)
    return setting(known.name, response.responses[0])


def roll_back(known: Setting, before: Setting) -> TxnRequest:
    """Make a setting what it was at an earlier revision, perhaps unset, if it is still as it was read."""
    return change(known, before.value)


def follow(name: bytes, response: RangeResponse) -> WatchCreateRequest:
    """Watch a setting from the answer to `read` on."""
    return WatchCreateRequest(CONFIG + name, start_revision=response.header_revision + 1)


# Discovery.


def register(service: bytes, instance: bytes, address: bytes, lease: int) -> PutRequest:
    """Say where an instance of a service is, for as long as its lease lives."""
    return PutRequest(SERVICES + service + b"/" + instance, address, lease)


def lookup(service: bytes) -> RangeRequest:
    """Ask for the instances of a service."""
    prefix = SERVICES + service + b"/"
    return RangeRequest(prefix, prefix_end(prefix))


def instances(response: RangeResponse) -> Map[bytes, bytes]:
    """Return key -> address of the instances that a response tells."""
    return Map({kv.key: kv.value for kv in response.kvs})


def follow_all(service: bytes, response: RangeResponse) -> WatchCreateRequest:
    """Watch the instances of a service from the answer to `lookup` on."""
    prefix = SERVICES + service + b"/"
    return WatchCreateRequest(prefix, prefix_end(prefix), start_revision=response.header_revision + 1)


def after(known: Map[bytes, bytes], events: Iterable[Event]) -> Map[bytes, bytes]:
    """Return the instances after events of the watch."""
    for event in events:
        gone, key = event.type is EventType.DELETE, event.kv.key
        known = known.remove(key) if gone else known.set(key, event.kv.value)
    return known
