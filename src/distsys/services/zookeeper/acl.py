"""Who may do what: access control lists, and how a client says who it is.

A list grants permissions to identities; what it does not grant is forbidden, and it says nothing about children. Three
schemes are known. "world" has one identity, anyone. "digest" is a name with a hash of its password, which a client
sends in the clear. "ip" is the address that the client comes from, or a network that holds it. In a new list "auth"
stands for everything that its author is known as.

Source: PrepRequestProcessor.fixupACL, ZooKeeperServer.checkACL and the classes of server/auth of ZooKeeper 3.8.
"""

from __future__ import annotations

import base64
import hashlib
import ipaddress
from dataclasses import replace

from .errors import Code, RejectedError
from .requests import ANYONE, Acl, Id

WORLD, AUTH, DIGEST, IP, SUPER = "world", "auth", "digest", "ip", "super"


def digest_of(text: bytes) -> Id:
    """Return the identity of "name:password".

    >>> digest_of(b"ann:secret").id
    'ann:7RJfAeIvrl4zdj6sS2fXrQHDvHM='
    """
    name = text.partition(b":")[0].decode("utf-8", "replace")
    return Id(DIGEST, f"{name}:{base64.b64encode(hashlib.sha1(text).digest()).decode()}")


def is_valid(id: Id) -> bool:
    """Return whether an identity may stand in a list."""
    if id.scheme == DIGEST:
        return len(id.id.split(":")) == 2
    return id.scheme == IP and _network(id.id) is not None


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


def matches(granted: Id, known: Id) -> bool:
    """Return whether who is `known` is who something is `granted` to."""
    if granted.scheme != known.scheme:
        return False
    if granted.scheme != IP:
        return granted.id == known.id
    network, address = _network(granted.id), _network(known.id)
    return (
        network is not None
        and address is not None
        and network.version == address.version
        and address.network_address in network
    )


def may(acl: tuple[Acl, ...], perms: int, ids: tuple[Id, ...]) -> bool:
    """Return whether one of `ids` has one of `perms`."""
    if not acl or any(known.scheme == SUPER for known in ids):
        return True
    return any(
        entry.perms & perms and (entry.id == ANYONE or any(matches(entry.id, known) for known in ids))
        for entry in acl
    )


def check(acl: tuple[Acl, ...], perms: int, ids: tuple[Id, ...]) -> None:
    """Raise an error unless one of `ids` has one of `perms`."""
    if not may(acl, perms, ids):
        raise RejectedError(Code.NO_AUTH)


def settled(acl: tuple[Acl, ...], ids: tuple[Id, ...]) -> tuple[Acl, ...]:
    """Return a list as it is stored: nothing twice, and "auth" replaced by what its author is known as."""
    result: list[Acl] = []
    for entry in dict.fromkeys(acl):
        if entry.id == ANYONE:
            result.append(entry)
        elif entry.id.scheme == AUTH:
            own = [replace(entry, id=known) for known in ids if known.scheme == DIGEST]
            if not own:
                raise RejectedError(Code.INVALID_ACL)
            result += own
        elif is_valid(entry.id):
            result.append(entry)
        else:
            raise RejectedError(Code.INVALID_ACL)
    if not result:
        raise RejectedError(Code.INVALID_ACL)
    return tuple(result)


def redacted(acl: tuple[Acl, ...]) -> tuple[Acl, ...]:
    """Return a list as somebody sees it who may not change it: without the hashes of passwords."""
    return tuple(
        replace(entry, id=Id(DIGEST, entry.id.id.partition(":")[0] + ":x"))
        if entry.id.scheme == DIGEST and ":" in entry.id.id
        else entry
        for entry in acl
    )
