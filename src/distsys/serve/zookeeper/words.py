"""The four-letter words: what an operator may ask a server on a bare connection.

Source: org.apache.zookeeper.server.command of ZooKeeper 3.8.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from distsys.protocols.replication import Role
from distsys.protocols.zab_messages import State
from distsys.services import ordered

if TYPE_CHECKING:
    from .front import Front

VERSION = "3.8.0-distsys, built on Zab in Python"
NOT_SERVING = "This ZooKeeper instance is not currently serving requests"
ALWAYS = ("ruok", "conf", "envi", "isro", "gtmk", "stmk", "hash", "dirs")


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
            "connections": len(guests),
            "outstanding": sum(client.outstanding for client in guests),
            "zxid": state.zxid,
            "nodes": ordered.size(state.nodes) + 1,  # the real one counts the root twice
        }

    def srvr(self) -> str:
        """Tell about the server."""
        found = self.counts()
        return (
            f"Zookeeper version: {VERSION}\n"
            "Latency min/avg/max: 0/0.0/0\n"
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
        lines = []
        for guest in self.front.guests.values():
            client = guest.client
            line = f" /{client.address}[1](queued={client.outstanding},recved={client.received},sent={client.sent}"
            if not short:
                line += f",sid=0x{guest.session:x},to={guest.timeout_ms}"
            lines.append(line + ")\n")
        return "".join(lines)

    def conf(self) -> str:
        """Tell how the server was set up."""
        server = self.front.server
        host, _, port = self.front.addresses[server.name].rpartition(":")
        return (
            f"clientPort={port}\nclientPortAddress={host}\ntickTime={server.tick_ms}\nmaxClientCnxns=0\n"
            f"minSessionTimeout={2 * server.tick_ms}\nmaxSessionTimeout={20 * server.tick_ms}\n"
            f"serverId={server.place()}\n"
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
        lines = [f"Session Tracker dump:\nGlobal Sessions({len(sessions)}):\n"]
        lines += [
            f"0x{session:x}\t{timeout}ms\n" for session, timeout in ordered.items(server.state.sessions)
        ]
        owning = [session for session in sessions if server.state.owned_by(session)]
        lines.append(f"ephemeral nodes dump:\nSessions with Ephemerals ({len(owning)}):\n")
        for session in owning:
            lines.append(f"0x{session:x}:\n")
            lines += [f"\t{path}\n" for path in server.state.owned_by(session)]
        return "".join(lines)

    def wchs(self) -> str:
        """Tell how many watches there are."""
        watches = self.front.server.watches
        paths = {path for table in (watches.data, watches.children) for (path, _), _ in ordered.items(table)}
        watching = {connection for (connection, _, _), _ in ordered.items(watches.owned)}
        total = ordered.size(watches.owned)
        return f"{len(watching)} connections watching {len(paths)} paths\nTotal watches:{total}\n"

    def watching(self) -> list[tuple[str, int]]:
        """Return (path, session) of all watches, each once."""
        sessions = {guest.name: guest.session for guest in self.front.guests.values()}
        owned = ordered.items(self.front.server.watches.owned)
        return sorted({(path, sessions.get(connection, 0)) for (connection, _, path), _ in owned})

    def wchp(self) -> str:
        """Tell for each path who watches it."""
        found = self.watching()
        return "".join(
            f"{path}\n" + "".join(f"\t0x{session:x}\n" for place, session in found if place == path)
            for path in dict.fromkeys(path for path, _ in found)
        )

    def wchc(self) -> str:
        """Tell for each session what it watches."""
        found = self.watching()
        return "".join(
            f"0x{session:x}\n" + "".join(f"\t{path}\n" for path, owner in found if owner == session)
            for session in dict.fromkeys(session for _, session in found)
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
