"""`ring_player`: servers and keys as a figure that a reader changes on the page; all that is hashed comes from here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from distsys.algorithms.hashing import Jump, Maglev, Modulo, Rendezvous, Ring, jump_points
from distsys.algorithms.keyhash import key_hash, key_list, pair_hash
from distsys.algorithms.placement import Members, Placement, member_weights
from distsys.algorithms.rendezvous import cost
from distsys.core.errors import ArgumentError, ArgumentTypeError, UnknownNameError, shown, whole_number
from distsys.views.ring import ring_picture
from distsys.views.ring_player import (
    BITS,
    RESIDUES,
    SERVERS_MOST,
    VNODES_MOST,
    WEIGHT_MOST,
    RingNumbers,
    RingPlayer,
    setting,
)

TABLE_SIZE = 251
KEYS_MOST = 256
METHODS = ("ring", "modulo", "rendezvous", "jump", "maglev")


def ring_player(
    pool: Iterable[str],
    keys: Iterable[str],
    *,
    name: str,
    alt: str,
    caption: str | None = None,
    members: Members | None = None,
    before: Members | None = None,
    vnodes: int = 8,
) -> RingPlayer:
    """Return a figure in which servers of `pool` join and leave, and every key that moves is drawn and counted.

    It begins with `members` (names, or a dict from name to weight; by default the first half of the pool) and
    `vnodes` virtual nodes for each unit of weight; with `before`, also with the keys that moved since those
    were the members. `name` is how links call the figure, `alt` describes it to those who cannot see it.
    """
    servers = tuple(sorted(member_weights(pool)))
    if not 2 <= len(servers) <= SERVERS_MOST:
        raise ArgumentError(f"pool must have 2 to {SERVERS_MOST} servers, but it has {len(servers)}")
    whole_number("vnodes", vnodes, at_least=1, at_most=VNODES_MOST)
    now = _side("members", servers[: (len(servers) + 1) // 2] if members is None else members, servers)
    was = None if before is None else _side("before", before, servers)
    numbers = ring_numbers(servers, keys)
    ring, old = (None if side is None else Ring(side, vnodes=vnodes, bits=BITS) for side in (now, was))
    assert ring
    still = ring_picture(ring, numbers.places, old, alt=alt, caption=caption)
    return RingPlayer(name, still, numbers, setting(servers, "ring", vnodes, now, was))


def _side(argument: str, members: Members, servers: tuple[str, ...]) -> dict[str, int]:
    """Return name -> weight, all of it possible on the page."""
    side = member_weights(members)
    if not side:
        raise ArgumentError(
            f"{argument} must have at least one server, but it is empty: nobody could own a key"
        )
    for server, weight in side.items():
        if server not in servers:
            raise UnknownNameError(f"{argument} must be of the pool, but {shown(server)} is not in it")
        whole_number(f"the weight of {server!r}", weight, at_least=1, at_most=WEIGHT_MOST)
    return side


def ring_numbers(servers: tuple[str, ...], keys: Iterable[str]) -> RingNumbers:
    """Return what the page must know of these servers (sorted by name) and keys."""
    names = tuple(key_list(keys))
    for key in names:
        if not isinstance(key, str):
            raise ArgumentTypeError(
                f"keys must be texts, because the page shows them, but {shown(key)} is none"
            )
    if not 1 <= len(names) <= KEYS_MOST or len(set(names)) < len(names):
        raise ArgumentError(f"keys must be 1 to {KEYS_MOST} different texts, but {len(names)} were given, "
                            f"{len(set(names))} of them different")  # fmt: skip
    hashes = [key_hash(key) for key in names]
    ring, maglev = Ring(bits=BITS), Maglev(servers, table_size=TABLE_SIZE)
    most = VNODES_MOST * WEIGHT_MOST
    return RingNumbers(
        pool=servers,
        keys=names,
        tokens=tuple(tuple(ring.hash(f"{server}#{i}") for i in range(most)) for server in servers),
        places=tuple(ring.hash(key) for key in names),
        residues=tuple(hash % RESIDUES for hash in hashes),
        jumps=tuple(sum(1 << point for point in jump_points(hash, SERVERS_MOST)) for hash in hashes),
        table=TABLE_SIZE,
        slots=tuple(hash % TABLE_SIZE for hash in hashes),
        turns=tuple(maglev.order(server) for server in servers),
        bids=tuple(_ranking(servers, hash) for hash in hashes),
    )


def _ranking(servers: tuple[str, ...], hash: int) -> tuple[int, ...]:
    """Return the number of each server, once for each weight, from the best bid for a key to the worst."""
    bids = []
    for number, server in enumerate(servers):
        bid = pair_hash(key_hash(server), hash)
        bids += [(cost(bid, weight), -bid, number, -weight) for weight in range(1, WEIGHT_MOST + 1)]
    return tuple(number for _, _, number, _ in sorted(bids))


def placement(method: str, members: Mapping[str, int], vnodes: int) -> Placement:
    """Return the package's own placement for a setting of the figure; what knows no weights gets none."""
    if method == "ring":
        return Ring(members, vnodes=vnodes, bits=BITS)
    if method == "rendezvous":
        return Rendezvous(members)
    if method == "maglev":
        return Maglev(list(members), table_size=TABLE_SIZE)
    return {"modulo": Modulo, "jump": Jump}[method](list(members))
