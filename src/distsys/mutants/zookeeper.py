"""ZooKeeper gone wrong: servers, clients and recipes, as they were or as somebody might write them."""

from __future__ import annotations

from typing import Any

from distsys.core.systems import NodeMutant
from distsys.core.units import MS
from distsys.services import ordered
from distsys.services.zookeeper.connections import Task
from distsys.services.zookeeper.lock_client import LockClient
from distsys.services.zookeeper.preparing import Asker, Preparer
from distsys.services.zookeeper.requests import CHANGES
from distsys.services.zookeeper.server import ZooKeeperServer
from distsys.services.zookeeper.store_client import StoreClient
from distsys.services.zookeeper.tree import DataTree, Happened, Znode

PAPER = (
    "Hunt, Konar, Junqueira and Reed, ZooKeeper: Wait-free coordination for Internet-scale systems, "
    "USENIX ATC 2010"
)

# Servers and clients that say little: what must come about in the end is looked at for minutes.
CALM = {"nodes": 1, "tick_ms": 2_000, "timeout_ms": 6_000, "heartbeat_ms": 2_000, "election_ms": 6_000}
LAGGING = {"heartbeat_ms": 250, "election_ms": 1_500}  # a lost commit is noticed late


class SyncAtOnce(ZooKeeperServer):
    """ZK-01."""

    def synchronise(self, client: str, number: int, task: Task) -> None:
        self.on_done((client, number, task.sequence), self.state.zxid)


class TakesEverybody(ZooKeeperServer):
    """ZK-02."""

    def is_behind(self, zxid: int) -> bool:
        return False


class KnowsTheDead(Preparer):
    """ZK-03."""

    def check_session(self, ahead: DataTree, asker: Asker) -> None:
        pass


class TakesFromTheDead(ZooKeeperServer):
    """ZK-03."""

    preparer = KnowsTheDead()


class TellsLater(ZooKeeperServer):
    """ZK-04."""

    def tell_watchers(self, events: tuple[Happened, ...]) -> None:
        self.late: tuple[Happened, ...]
        self.late = (*self.late, *events)
        self.set_timer("tell", MS)

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self.late = ()

    def on_timeout(self, timer: str) -> None:
        if timer == "tell":
            events, self.late = self.late, ()
            super().tell_watchers(events)
        super().on_timeout(timer)


class ForgetsItsWatches(StoreClient):
    """ZK-05."""

    def watch_again(self) -> None:
        pass


class CountsChildren(Preparer):
    """ZK-06."""

    def suffix(self, parent: Znode) -> str:
        return f"{ordered.size(parent.children):010d}"


class NumbersByChildren(ZooKeeperServer):
    """ZK-06."""

    preparer = CountsChildren()


class WatchesTheFirst(LockClient):
    """ZK-07."""

    def predecessor(self, line: tuple[str, ...], place: int) -> str:
        return line[0]


class MakesAnother(LockClient):
    """ZK-08."""

    def find(self) -> None:
        self.claim()


class HearsWhoHasLeft(ZooKeeperServer):
    """ZK-09."""

    def has_left(self, server: str, session: int) -> bool:
        return False


class TakesItsTurn(LockClient):
    """ZK-10."""

    def on_children(self, names: tuple[str, ...], zxid: int) -> None:
        if self.doing == "look" and self.awaited:
            self.has_the_lock(zxid)
        else:
            super().on_children(names, zxid)


class CountsOn(ZooKeeperServer):
    """ZK-11."""

    def renew(self, session: int) -> None:
        pass


class WaitsForEver(StoreClient):
    """ZK-12."""

    def hear(self) -> None:
        pass


class SendsOnAtOnce(ZooKeeperServer):
    """ZK-13."""

    def next_change(self, client: str) -> Task | None:
        queue = self.clients[client].queue if client in self.clients else ()
        return next((task for task in queue if isinstance(task.request, CHANGES) and not task.is_asked), None)


MUTANTS = (
    NodeMutant(
        id="ZK-01",
        title="A sync that goes nowhere",
        system="zab-zookeeper",
        classes={"server": SyncAtOnce},
        breaks="sync shows what was committed",
        source=f"{PAPER}, sections 2.3 and 4.4, which rule it out",
        story=(
            "A client hears from a friend that something has changed. It asks its server for a sync, which is answered "
            "at once, and reads: the server lags behind, and shows the old value. A sync must go to the leader, and "
            "the answer must wait until the server has caught up with it."
        ),
        options={"operations": 6, "deeds": ("get", "sequential"), **LAGGING},
        depth=42,
    ),
    NodeMutant(
        id="ZK-02",
        title="A client goes back in time",
        system="zab-zookeeper",
        classes={"server": TakesEverybody},
        breaks="session order",
        source=f"{PAPER}, section 4.4: a server does not take a session that has seen more than the server has",
        story=(
            "A client loses its server and goes to another one, which has not heard of the newest changes yet. This "
            "server takes the client as it is. What the client reads now is older than what it has read before."
        ),
        options={"deeds": ("sequential", "move"), **LAGGING},
        depth=30,
    ),
    NodeMutant(
        id="ZK-03",
        title="An ephemeral znode outlives its session",
        system="zab-zookeeper",
        classes={"server": TakesFromTheDead},
        breaks="ephemerals end with their session",
        source="ZOOKEEPER-1208 and ZOOKEEPER-1496 (release notes of 3.4.1 and 3.4.5)",
        story=(
            "A client closes its session while it has a request in the pipeline that makes an ephemeral znode. The "
            "session ends, with all ephemeral znodes that it has by then, and the request comes after that. The "
            "primary does it all the same. The new znode belongs to nobody who could ever end, so it stays for ever, "
            "and who waits for it to go waits for ever, too."
        ),
        options={"nodes": 2, "clients": 1, "deeds": ("leave",)},
        depth=20,
    ),
    NodeMutant(
        id="ZK-04",
        title="News that come after the data",
        system="zab-zookeeper",
        classes={"server": TellsLater},
        breaks="watch before data",
        source=f"{PAPER}, section 2.2, which rules it out: notifications come before the new state can be seen",
        story=(
            "A server puts what watches are to be told in a queue of its own, which is sent a moment later. Meanwhile "
            "the client reads and sees the change already. A client that keeps a copy, and relies on its watch to know "
            "when the copy is out of date, mixes old and new."
        ),
        options={"nodes": 1, "deeds": ("watch", "create", "set")},
        depth=20,
    ),
    NodeMutant(
        id="ZK-05",
        title="Watches are lost with the connection",
        system="zab-zookeeper",
        classes={"client": ForgetsItsWatches},
        breaks="no change is missed",
        source="python-zk/kazoo issues 151 and 218; bonifaido/rust-zookeeper issue 97",
        story=(
            "A client loses its connection and opens another, to the same session. Watches live at the server to "
            "which it was connected, and the client does not set them again. It waits for news that nobody will send."
        ),
        options={"operations": 3, "deeds": ("watch", "create", "move"), **CALM},
        depth=30,
    ),
    NodeMutant(
        id="ZK-06",
        title="A number from the number of children",
        system="zab-zookeeper",
        classes={"server": NumbersByChildren},
        breaks="sequence numbers grow",
        source="ZOOKEEPER-1046",
        story=(
            "The primary gives a sequential znode as its number how many children the parent has. When a child has "
            "been deleted the number comes again, or one comes that is smaller. Queues and locks take the number for "
            "the order in which clients came."
        ),
        options={"nodes": 1, "clients": 1, "deeds": ("sequential", "remove")},
        depth=12,
    ),
    NodeMutant(
        id="ZK-07",
        title="Everybody watches the first in the line",
        system="zab-zookeeper-locks",
        classes={"client": WatchesTheFirst},
        breaks="no herd",
        source=f"{PAPER}, section 2.4 (Simple Locks without Herd Effect)",
        story=(
            "Who waits for a lock watches the znode of its holder, and not the one just before its own. When the "
            "holder lets go, all who wait are told, all look again, and one gets the lock. With a thousand clients in "
            "the line each release costs a thousand messages and a thousand reads."
        ),
        options={"nodes": 1},
        depth=30,
    ),
    NodeMutant(
        id="ZK-08",
        title="A client waits for itself",
        system="zab-zookeeper-locks",
        classes={"client": MakesAnother},
        breaks="locks are taken in the end",
        source="Apache Curator, documentation of protected creation (withProtection)",
        story=(
            "A client asks for its znode in the line of a lock, the znode is made, and the connection breaks before "
            "the answer comes. On its next connection, with the same session, it asks again, and now two are its own. "
            "It watches the one before the later one, which is its first. Its session goes on, so nobody removes "
            "that, and nobody gets the lock any more."
        ),
        options={"clients": 2, "rounds": 1, **CALM},
        klass="L",
        depth=30,
    ),
    NodeMutant(
        id="ZK-09",
        title="Requests that were left behind",
        system="zab-zookeeper",
        classes={"server": HearsWhoHasLeft},
        breaks="changes of a client in its order",
        source="SessionTrackerImpl.checkSession of ZooKeeper 3.8, which rules it out (SessionMovedException)",
        story=(
            "A client asks its server for a change, hears nothing, goes to another server with its session and asks "
            "for the next change, which is done. What it asked of the first server was only slow. The leader does not "
            "look which server speaks for the session, and does the older change after the newer one."
        ),
        options={"nodes": 2, "observers": 1, "operations": 6, "deeds": ("move",)},
        depth=40,
    ),
    NodeMutant(
        id="ZK-10",
        title="Who was told takes the lock",
        system="zab-zookeeper-locks",
        classes={"client": TakesItsTurn},
        breaks="lock exclusivity",
        source=f"{PAPER}, section 2.4, which rules it out: who is told looks again; Apache Curator issue CURATOR-527",
        story=(
            "A client waits in the line of a lock and is told that the znode before its own has gone. It takes the "
            "lock. But that znode did not belong to the holder: it belonged to somebody who waited as well, and whose "
            "session has ended. Now two have the lock."
        ),
        options={"nodes": 1},
        depth=40,
    ),
    NodeMutant(
        id="ZK-11",
        title="A leader that hears nobody",
        system="zab-zookeeper",
        classes={"server": CountsOn},
        breaks="session contract",
        source="our own: SessionTrackerImpl.touchSession of ZooKeeper 3.8 left out",
        story=(
            "Servers tell the leader of which sessions they have heard, and the leader does not let their time begin "
            "anew. Each session ends when its timeout has passed since it began, though its client is there. With it "
            "go its ephemeral znodes, and whatever others take their absence for."
        ),
        options={"nodes": 1, "clients": 1},
        depth=12,
    ),
    NodeMutant(
        id="ZK-12",
        title="A client that never gives up",
        system="zab-zookeeper",
        classes={"client": WaitsForEver},
        breaks="clients are served in the end",
        source="our own: the read timeout of ClientCnxn of ZooKeeper 3.8 left out",
        story=(
            "A client hears nothing from its server and waits, for its connection is still open. What it asked is "
            "lost, or the answer is, and no other will come. It should count how long its server has been silent, and "
            "go to another one before its session ends."
        ),
        klass="L",
        options={"clients": 1, "operations": 4, **CALM},
        depth=20,
    ),
    NodeMutant(
        id="ZK-13",
        title="A change overtakes a sync",
        system="zab-zookeeper",
        classes={"server": SendsOnAtOnce},
        breaks="changes of a client in its order",
        source="our own code: found while these laws were written",
        story=(
            "A client sends a sync, a read and a change, and does not wait in between. The server lets the change "
            "start at once, for it has a long way before it. The change is there before the sync has come back, so "
            "the read shows a change that its client had asked for after it."
        ),
        options={"nodes": 2, "clients": 1, "deeds": ("burst",)},
        depth=30,
    ),
)
