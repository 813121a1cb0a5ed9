"""The four-letter words: what an operator may ask a server on a bare connection.

Source: org.apache.zookeeper.server.command of ZooKeeper 3.8.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from distsys.protocols.replication import Role
from distsys.protocols.zab_messages import State
from distsys.services import ordered
from distsys.wire.zookeeper.codes import OpCode

if TYPE_CHECKING:
    from .front import Front, Guest

VERSION = "3.8.0-distsys, built on Zab in Python"
SHORT = {
    OpCode.CREATE: "CREA", OpCode.CREATE2: "CREA", OpCode.DELETE: "DELE", OpCode.SET_DATA: "SETD",
    OpCode.GET_DATA: "GETD", OpCode.EXISTS: "EXIS", OpCode.GET_CHILDREN: "GETC", OpCode.GET_CHILDREN2: "GETC",
    OpCode.SYNC: "SYNC", OpCode.PING: "PING", OpCode.MULTI: "MULT", OpCode.SET_WATCHES: "SETW",
    OpCode.GET_ACL: "GETA", OpCode.SET_ACL: "SETA", OpCode.CHECK: "CHEC",
}  # fmt: skip
NOT_SERVING = "This ZooKeeper instance is not currently serving requests"
ALWAYS = ("ruok", "conf", "envi", "isro", "gtmk", "stmk", "hash", "dirs")


class Latencies:
    """How long answers took, ms: the least, the mean, the most."""

    def __init__(self) -> None:
        self.count = self.sum = self.least = self.most = 0

    def add(self, took: int) -> None:
        """Count one."""
        self.least = min(self.least, took) if self.count else took
        self.most = max(self.most, took)
        self.count, self.sum = self.count + 1, self.sum + took

    @property
    def mean(self) -> float:
        """The mean, 0 of none."""
        return self.sum / self.count if self.count else 0.0


class Words:
    """Answers for the server of `front`."""

    def __init__(self, front: Front) -> None:
        self.front = front

    def answer(self, word: str) -> str:
        """Return the answer to a word that is known."""
        if self.front.server.serving is None and word not in ALWAYS:
            return NOT_SERVING + "\n"
        method = getattr(self, word, None)
        return method() if method is not None else ""

    # How the server is.

    def ruok(self) -> str:
        """Say that the process is there; it need not serve."""
        return "imok"

    def isro(self) -> str:
        """Say whether one may only read here."""
        return "rw" if self.front.server.serving is not None else "null"

    def mode(self) -> str:
        """Return what the server is among the others."""
        zab = self.front.server.zab
        if len(zab.voters) + len(zab.observers) == 1:
            return "standalone"
        if zab.role is Role.LEADER:
            return "leader"
        return "observer" if zab.state is State.OBSERVING else "follower"

    def counts(self) -> dict[str, Any]:
        """Return what several words tell."""
        guests, state = self.front.guests, self.front.server.state
        return {
            "received": sum(client.received for client in guests),
            "sent": sum(client.sent for client in guests),
            "connections": len(guests) + 1,  # with the one that asks
            "outstanding": sum(client.outstanding for client in guests),
            "zxid": state.zxid,
            "nodes": ordered.size(state.nodes) + 1,  # the real one counts the root twice
        }

    def srvr(self) -> str:
        """Tell about the server."""
        found, took = self.counts(), self.front.latencies
        return (
            f"Zookeeper version: {VERSION}\n"
            f"Latency min/avg/max: {took.least}/{took.mean:.1f}/{took.most}\n"
            f"Received: {found['received']}\nSent: {found['sent']}\nConnections: {found['connections']}\n"
            f"Outstanding: {found['outstanding']}\nZxid: 0x{found['zxid']:x}\nMode: {self.mode()}\n"
            f"Node count: {found['nodes']}\n"
        )

    def stat(self) -> str:
        """Tell about the server and its clients."""
        first, rest = self.srvr().split("\n", 1)
        return f"{first}\nClients:\n{self.connections(short=True)}\n{rest}"

    def cons(self) -> str:
        """Tell about each client."""
        return self.connections(short=False) + "\n"

    def connections(self, *, short: bool) -> str:
        """Return a line for each client."""
        lines = [" /127.0.0.1:0[0](queued=0,recved=1,sent=0)\n"]  # the one that asks
        for guest in self.front.guests.values():
            client = guest.client
            line = f" /{client.address}[1](queued={client.outstanding},recved={client.received},sent={client.sent}"
            lines.append(line + ("" if short else self.details(guest)) + ")\n")
        return "".join(lines)

    def details(self, guest: Guest) -> str:
        """Return what there is to tell of a session."""
        took = guest.latencies
        head = f",sid=0x{guest.session:x}"
        if guest.last is None:
            return f"{head},lop=SESS,est={guest.began_ms},to={guest.timeout_ms}"
        asked, zxid, at_ms = guest.last
        return (
            f"{head},lop={SHORT.get(OpCode(asked.header.type), 'NA')},est={guest.began_ms},to={guest.timeout_ms},"
            f"lcxid=0x{asked.header.xid % 2**32:x},lzxid=0x{zxid:x},lresp={at_ms},llat=0,"
            f"minlat={took.least},avglat={took.mean:.0f},maxlat={took.most}"
        )

    def conf(self) -> str:
        """Tell how the server was set up."""
        server = self.front.server
        port = self.front.addresses[server.name].rpartition(":")[2]
        return (
            f"clientPort={port}\ntickTime={server.tick_ms}\nmaxClientCnxns=0\n"
            f"minSessionTimeout={2 * server.tick_ms}\nmaxSessionTimeout={20 * server.tick_ms}\n"
            f"clientPortListenBacklog=-1\nserverId={0 if self.mode() == 'standalone' else server.place()}\n"
        )

    def mntr(self) -> str:
        """Tell the same for programs."""
        server, found = self.front.server, self.counts()
        pairs: dict[str, Any] = {
            "version": VERSION,
            "server_state": self.mode(),
            "peer_state": f"{self.mode()} - broadcast",
            "znode_count": found["nodes"],
            "watch_count": ordered.size(server.watches.owned),
            "ephemerals_count": ordered.size(server.state.ephemerals),
            "avg_latency": f"{self.front.latencies.mean:.4f}",
            "min_latency": self.front.latencies.least,
            "max_latency": self.front.latencies.most,
            "local_sessions": 0,
            "open_file_descriptor_count": len(os.listdir("/dev/fd")),
            "approximate_data_size": sum(
                len(path) + len(node.data or b"") for path, node in ordered.items(server.state.nodes)
            ),
            "num_alive_connections": found["connections"],
            "outstanding_requests": found["outstanding"],
            "packets_received": found["received"],
            "packets_sent": found["sent"],
            "global_sessions": ordered.size(server.state.sessions),
        }
        if self.mode() == "leader":
            pairs["learners"] = len(server.zab.links)
            pairs["synced_followers"] = len(server.zab.synchronised & set(server.zab.voters)) - 1
            pairs["synced_observers"] = len(server.zab.synchronised & set(server.zab.observers))
        return "".join(f"zk_{key}\t{value}\n" for key, value in pairs.items())

    # Sessions and watches.

    def dump(self) -> str:
        """Tell which sessions there are and what ends with them."""
        server = self.front.server
        sessions = [session for session, _ in ordered.items(server.state.sessions)]
        lines = [f"SessionTracker dump:\nGlobal Sessions({len(sessions)}):\n"]
        lines += [
            f"0x{session:x}\t{timeout}ms\n" for session, timeout in ordered.items(server.state.sessions)
        ]
        owning = [session for session in sessions if server.state.owned_by(session)]
        lines.append(f"ephemeral nodes dump:\nSessions with Ephemerals ({len(owning)}):\n")
        for session in owning:
            lines.append(f"0x{session:x}:\n")
            lines += [f"\t{path}\n" for path in server.state.owned_by(session)]
        return "".join([*lines, "Connections dump:\n", self.connections(short=False)])

    def wchs(self) -> str:
        """Tell how many watches there are."""
        found = self.watching()
        paths, sessions = {path for path, _ in found}, {session for _, session in found}
        return f"{len(sessions)} connections watching {len(paths)} paths\nTotal watches:{len(found)}\n"

    def watching(self) -> list[tuple[str, int]]:
        """Return (path, session) of all watches for data; of those for children the real words say nothing either."""
        sessions = {guest.name: guest.session for guest in self.front.guests.values()}
        pairs = ordered.items(self.front.server.watches.data)
        return sorted((path, sessions.get(connection, 0)) for (path, connection), _ in pairs)

    def wchp(self) -> str:
        """Tell for each path who watches it."""
        found = self.watching()
        return (
            "".join(
                f"{path}\n" + "".join(f"\t0x{session:x}\n" for place, session in found if place == path)
                for path in dict.fromkeys(path for path, _ in found)
            )
            + "\n"
        )

    def wchc(self) -> str:
        """Tell for each session what it watches."""
        found = self.watching()
        return (
            "".join(
                f"0x{session:x}\n" + "".join(f"\t{path}\n" for path, owner in found if owner == session)
                for session in dict.fromkeys(session for _, session in found)
            )
            + "\n"
        )

    # What changes nothing here.

    def envi(self) -> str:
        """Tell where the server runs."""
        return f"Environment:\nzookeeper.version={VERSION}\nhost.name={self.front.server.name}\n"

    def crst(self) -> str:
        """Say that counts of connections begin anew."""
        return "Connection stats reset.\n"

    def srst(self) -> str:
        """Say that counts of the server begin anew."""
        return "Server stats reset.\n"

    def dirs(self) -> str:
        """Tell how much is on the disk."""
        return "datadir_size: 0\nlogdir_size: 0\n"

    def gtmk(self) -> str:
        """Tell what is traced."""
        return "306"

    def stmk(self) -> str:
        """Say what is traced; it is always the same."""
        return "306"
