"""A small program with kazoo, a client library of the real ZooKeeper, that runs against any server of its protocol.

    python -m distsys.lab.zookeeper_kazoo 127.0.0.1:2181,127.0.0.1:2182,127.0.0.1:2183    # a new and empty ensemble

It uses the tree, its watches and transactions, and all the recipes in `zookeeper_recipes`, and prints what came of it.
What the real ZooKeeper 3.8.0 made it print stands in `data/zookeeper-kazoo.txt`. The program runs in a process of its
own, as it would elsewhere.
"""

from __future__ import annotations

import contextlib
import logging
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from distsys.core.errors import DistsysError

from .zookeeper_recipes import RECIPES, client_beside, until
from .zookeeper_served import server_of

TRANSCRIPT = Path(__file__).with_name("data") / "zookeeper-kazoo.txt"
RECORDED_FROM = "3.8.0"
PATIENCE_S = 60.0
Say = Callable[[str], None]


# Clients.


def client_of(addresses: str, first: int = 0, **settings: Any) -> Any:
    """Return a started client of kazoo that tries the servers in their order, beginning with one of them."""
    try:
        from kazoo.client import KazooClient
    except ImportError as missing:
        raise DistsysError("this program needs kazoo: python -m pip install kazoo") from missing
    logging.getLogger("kazoo").setLevel(logging.CRITICAL)  # it tells of each connection that is lost
    hosts = addresses.split(",")
    turned = ",".join(hosts[first % len(hosts) :] + hosts[: first % len(hosts)])
    client = KazooClient(hosts=turned, timeout=20.0, randomize_hosts=False, **settings)
    client.start(timeout=PATIENCE_S)
    return client


@contextlib.contextmanager
def clients_of(addresses: str, count: int = 3) -> Iterator[tuple[Any, ...]]:
    """Give so many clients, each at another server if it can be; their sessions end with the block."""
    clients = tuple(client_of(addresses, first) for first in range(count))
    try:
        yield clients
    finally:
        for client in clients:
            client.stop()
            client.close()


# The program.


def settings(ann: Any, bob: Any, say: Say) -> None:
    """Two decide on one reading, and the version that they expect says who was faster."""
    from kazoo.exceptions import BadVersionError

    ann.create("/limit", b"10")
    bob.sync("/limit")  # bob's server may not have heard of it
    value, stat = bob.get("/limit")
    say(f"limit is {value.decode()} in version {stat.version}")
    say(f"ann sets it to 20: version {ann.set('/limit', b'20', stat.version).version}")
    try:
        bob.set("/limit", b"30", stat.version)
    except BadVersionError:
        say("bob sets it to 30: it is not what he has read")


def watching(ann: Any, bob: Any, say: Say) -> None:
    """A watch is told once, of the first change after it was set."""
    news: SimpleQueue[Any] = SimpleQueue()
    bob.sync("/limit")
    bob.get("/limit", watch=news.put)
    for value in (b"40", b"50"):
        ann.set("/limit", value)
    event = news.get(timeout=PATIENCE_S)
    bob.sync("/limit")
    say(f"bob is told: {event.type} {event.path}; and reads {bob.get('/limit')[0].decode()}")
    say(f"told again: {not news.empty()}")


def together(ann: Any, bob: Any, say: Say) -> None:
    """Several changes are one, or none is made."""
    for version in (9, 3):
        transaction = ann.transaction()
        transaction.create("/new", b"")
        transaction.check("/limit", version)
        transaction.set_data("/limit", b"60")
        results = [type(result).__name__ for result in transaction.commit()]
        say(f"multi, if limit has version {version}: {', '.join(results)}")


def numbers(ann: Any, bob: Any, say: Say) -> None:
    """The number of a sequential znode never comes back, though its znode goes."""
    ann.create("/line")
    one, two = (ann.create("/line/n-", sequence=True) for _ in range(2))
    ann.delete(two)
    three = ann.create("/line/n-", sequence=True)
    say(f"numbers: {one[-2:]}, {two[-2:]}, and when that is gone {three[-2:]}")


def program(addresses: str, say: Say = print) -> None:
    """Do all of it."""
    with clients_of(addresses) as (ann, bob, eve):
        for part in (settings, watching, together, numbers):
            part(ann, bob, say)
        for recipe in RECIPES:
            recipe(ann, bob, eve, say)


# A server is killed.


def killed_under(ensemble: Any, say: Say) -> None:
    """Kill the server of a client that holds a session: the session goes on at another one."""
    from kazoo.client import KazooState

    client = client_of(",".join(ensemble.addresses.values()))
    other = client_beside(client)
    session, states, back = client.client_id[0], [], threading.Event()

    def on_state(state: str) -> None:
        states.append(state)
        if KazooState.SUSPENDED in states and state == KazooState.CONNECTED:
            back.set()

    client.create("/here", ephemeral=True)
    client.add_listener(on_state)
    victim = server_of(ensemble.addresses, session)
    ensemble.keep_down(victim)  # kill -9, and it is not started again
    say(f"connected again, so at another server: {back.wait(PATIENCE_S)}")
    say(f"the same session: {client.client_id[0] == session}, lost: {KazooState.LOST in states}")
    other.retry(other.sync, "/here")
    owner = other.retry(other.exists, "/here").ephemeralOwner
    say(f"its ephemeral znode is there, and its own: {owner == session}")
    ensemble.let_up(victim)
    client.stop()
    until(lambda: other.retry(other.exists, "/here") is None)
    say("the client ends its session, and the znode is gone")
    for one in (client, other):
        one.stop()
        one.close()


# Who is asked.


def printed(addresses: str) -> list[str]:
    """Return what the program prints when it asks the servers at these addresses."""
    command = [sys.executable, "-m", "distsys.lab.zookeeper_kazoo", addresses]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE_S * 2)
    if done.returncode:
        raise DistsysError(f"the program ended with {done.returncode}: {done.stderr.strip()[-500:]}")
    return done.stdout.splitlines()


def recorded() -> list[str]:
    """Return what the real ZooKeeper made the program print."""
    return TRANSCRIPT.read_text(encoding="utf-8").splitlines()


def asked_of_ours() -> list[str]:
    """Return what the program prints when it asks three servers of ours, which run for as long as it takes."""
    from distsys.serve import processes

    with tempfile.TemporaryDirectory() as folder, processes("zookeeper", folder=f"{folder}/d") as ensemble:
        return printed(",".join(ensemble.addresses.values()))


if __name__ == "__main__":
    program(sys.argv[1])
