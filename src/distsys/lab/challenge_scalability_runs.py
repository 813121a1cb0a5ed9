"""Runs of ever larger groups and ever more shards, and what they reach; stories for the figures of the page.

    writes_per_s(copies=5)
    shards_per_s(4, sums=0.1)

A message costs a server `SERVICE` of its time and is under way for `DELAY`. Clients ask again at once, and there
are enough of them that the busiest server never waits; so what is reached is one over what it spends on a request.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from distsys.core import systems
from distsys.core.errors import ArgumentError, shown
from distsys.core.events import Output
from distsys.core.systems import Cluster
from distsys.core.trace import Trace
from distsys.core.units import MS, S
from distsys.drivers import Simulator, link

from . import challenge_scalability_cast as cast
from .challenge_scalability_raft import raft
from .workloads import zipf_weights

SERVICE, DELAY = 1 * MS, 1 * MS
KEYS = 100
EVEN = (1,) * 48  # as many keys as 1, 2, 3, 4, 6, 8, 12 and 16 divide


def run(cluster: Cluster, until: int, *, seed: int = 1, judged: bool = False) -> Trace:
    """Return a run in which each message costs a server SERVICE, and a client nothing."""
    servers = dict.fromkeys(cluster.servers, SERVICE)
    return Simulator(
        cluster,
        seed,
        network=link(delay=DELAY, fifo=True),
        requests=(),
        laws=None if judged else (),
        service=servers,
        until=until,
        settle=0,
        steps_max=2_000_000,
    ).run()


def rate(trace: Trace, begin: int, end: int) -> float:
    """Return how many requests a second were answered in that part of a run."""
    count = sum(
        isinstance(effect, Output) and isinstance(effect.value, cast.Ended)
        for step in trace
        if begin < step.at <= end
        for effect in step.effects
    )
    return count * S / (end - begin)


@cache
def writes_per_s(copies: int, *, wait_for: str = cast.ALL, seconds: int = 2) -> float:
    """Return the adds a second of a group with so many copies.

    >>> writes_per_s(1), round(writes_per_s(2))
    (1000.0, 501)
    """
    cluster = systems.build("scaled-group", nodes=copies, copies=copies, wait_for=wait_for, clients=24)
    return rate(run(cluster, seconds * S), S // 2, seconds * S)


@cache
def shards_per_s(
    shards: int,
    *,
    sums: float = 0,
    weights: tuple[int, ...] = EVEN,
    asks: str = cast.ALL,
    seconds: int = 2,
) -> float:
    """Return the requests a second of so many shards; `sums` is the share of requests that need all shards.

    >>> shards_per_s(1)
    1000.0
    """
    cluster = systems.build(
        "scaled-shards",
        nodes=shards,
        clients=24 * shards,
        weights=weights,
        sums_ppm=round(sums * cast.MILLION),
        asks=asks,
    )
    return rate(run(cluster, seconds * S), S // 2, seconds * S)


def popular(keys: int = KEYS) -> tuple[int, ...]:
    """Return the weights of keys of which the r-th is asked for 1/r as often as the first."""
    return tuple(zipf_weights(keys))


def busiest_share(weights: Sequence[int], shards: int) -> float:
    """Return the share of all requests that goes to the busiest shard, if key k lives on shard k modulo their number.

    >>> busiest_share((1, 1, 1, 1), 2), busiest_share((4, 2, 1, 1), 2)
    (0.5, 0.625)
    """
    if shards < 1:
        raise ArgumentError(f"shards must be at least 1, but it is {shown(shards)}")
    return max(sum(weights[place::shards]) for place in range(shards)) / sum(weights)


# Stories: few requests, so that each message can be seen.


def told(copies: int) -> Trace:
    """Return two adds in a group of `copies` among n1 to n5; who is not in the group does nothing."""
    cluster = systems.build("scaled-group", nodes=5, copies=copies, clients=2, times=1)
    return run(cluster, 60 * MS)


def crowded(hot: bool) -> Trace:
    """Return four clients that ask two shards, each twice: for four keys, or all for the same one."""
    weights = tuple(tuple(int(key == (0 if hot else client)) for key in range(4)) for client in range(4))
    cluster = systems.build("scaled-shards", nodes=2, clients=4, weights=weights, each=True, times=2)
    return run(cluster, 60 * MS)


def summed(asks: str = cast.ALL) -> Trace:
    """Return two clients that add and sum on two shards, judged."""
    cluster = systems.build(
        "scaled-shards", nodes=2, clients=2, weights=(1, 1), sums_ppm=cast.MILLION // 3, times=4, asks=asks
    )
    return run(cluster, 60 * MS, seed=1, judged=True)


def raft_writes_per_s(servers: int, **options: Any) -> float:
    """Return the puts a second of a store on Raft with so many servers; see `challenge_scalability_raft`."""
    return raft(servers, **options)
