"""Our ZooKeeper as what plays scenarios and kazoo's tests wants it: servers that can be killed and started again."""

from __future__ import annotations

import tempfile
import time
from types import TracebackType

from zookeeper_real import PATIENCE_S, word

from distsys.serve import processes

# Properties of Java and lines of zoo.cfg, and the options of ours that say the same.
SAYS_THE_SAME = {
    "tickTime": "tick_ms",
    "maxSessionTimeout": "session_ms_max",
    "znode.container.checkIntervalMs": "reap_ms",
    "zookeeper.extendedTypesEnabled": "extended_types",
    "readonlymode.enabled": "read_only_mode",
    "zookeeper.DigestAuthenticationProvider.superDigest": "super_digest",
}
LOOK_S = 0.05


class OurZooKeeper:
    """So many of our servers; a context in which they run."""

    def __init__(self, nodes: int = 3, settings: dict[str, object] | None = None) -> None:
        self.nodes = nodes
        self.options = [
            f"{SAYS_THE_SAME[name]}={value}"
            for name, value in (settings or {}).items()
            if name in SAYS_THE_SAME
        ]

    def __enter__(self) -> OurZooKeeper:
        self.temporary = tempfile.TemporaryDirectory(prefix="distsys-")
        folder = f"{self.temporary.name}/d"
        self.cluster = processes("zookeeper", nodes=self.nodes, folder=folder, options=self.options)
        self.names = sorted(self.cluster.addresses)
        self.addresses = [self.cluster.addresses[name] for name in self.names]
        self.down: set[int] = set()
        self.wait()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.cluster.stop()
        self.temporary.cleanup()

    def kill(self, node: int) -> None:
        """End a server at once; it stays down until it is started."""
        self.down.add(node)
        self.cluster.keep_down(self.names[node])

    def start(self, node: int) -> None:
        """Start it again."""
        self.down.discard(node)
        self.cluster.let_up(self.names[node])

    def wait(self, serving: str = "rw") -> None:
        """Return when all that are up serve: reads and writes, or "ro", reads only."""
        deadline = time.monotonic() + PATIENCE_S
        while serving == "rw" and self.nodes > 1 and self.leader() is None:  # the others may not miss it yet
            if time.monotonic() > deadline:
                raise TimeoutError("nobody leads")
            time.sleep(LOOK_S)
        for node, address in enumerate(self.addresses):
            while node not in self.down and word(address, "isro") != serving:
                if time.monotonic() > deadline:
                    raise TimeoutError(f"{address} does not serve {serving}")
                time.sleep(LOOK_S)

    def leader(self) -> int | None:
        """Return which server leads, if one does."""
        for node, address in enumerate(self.addresses):
            if node not in self.down and "Mode: leader" in word(address, "srvr"):
                return node
        return None
