"""The real ZooKeeper, where it is installed: started as plain processes on loopback, asked, killed, started again.

Debian's package `zookeeper` brings the jar; a Java runs it. Nothing of the system's own service is used: every server
keeps its data in a temporary folder and is ended by SIGKILL.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
import time
import zipfile
from pathlib import Path
from types import TracebackType

PATIENCE_S = 60.0
JARS = ("/usr/share/java/zookeeper.jar", "/usr/share/zookeeper/zookeeper.jar")
INSTALL = "sudo apt-get install --no-install-recommends zookeeper"
PROPERTIES = "META-INF/maven/org.apache.zookeeper/zookeeper/pom.properties"
QUIET = "log4j.rootLogger=OFF\n"


def installed() -> tuple[str, str] | None:
    """Return the programs that run ZooKeeper, Java and the jar; None where one of them is missing.

    ZOOKEEPER_JAR in the environment names a jar that lies elsewhere.
    """
    java = shutil.which("java")
    places = (os.environ.get("ZOOKEEPER_JAR", ""), *JARS)
    jar = next((place for place in places if place and Path(place).is_file()), None)
    return (java, jar) if java and jar else None


def release() -> str:
    """Return the release that is installed, such as 3.8.0; nothing where none is or where its jar does not say."""
    found = installed()
    if found is None:
        return ""
    with zipfile.ZipFile(found[1]) as jar, contextlib.suppress(KeyError):
        lines = jar.read(PROPERTIES).decode().splitlines()
        return next((line.removeprefix("version=") for line in lines if line.startswith("version=")), "")
    return ""


def free_ports(count: int) -> list[int]:
    """Return ports that nobody uses now."""
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def word(address: str, text: str, patience_s: float = 5.0) -> str:
    """Return what a server says to a word of four letters; nothing where no server listens."""
    host, port = address.rsplit(":", 1)
    said = b""
    try:
        with socket.create_connection((host, int(port)), timeout=patience_s) as line:
            line.sendall(text.encode())
            while more := line.recv(65536):
                said += more
    except OSError:
        pass
    return said.decode()


class RealZooKeeper:
    """One server alone, or several that elect a leader; a context in which they run.

    settings  lines of zoo.cfg beside those that every server here has, such as {"tickTime": 100}
    options   properties of Java, such as {"zookeeper.extendedTypesEnabled": "true"}
    """

    def __init__(
        self,
        nodes: int = 1,
        *,
        settings: dict[str, object] | None = None,
        options: dict[str, str] | None = None,
    ) -> None:
        found = installed()
        if found is None:
            raise FileNotFoundError(f"no ZooKeeper, or no Java, on this machine: {INSTALL}")
        self.java, self.jar = found
        self.nodes, self.settings, self.options = nodes, settings or {}, options or {}
        self.folder = Path()
        self.processes: dict[int, subprocess.Popen[bytes]] = {}
        self.ports = free_ports(3 * nodes)
        self.addresses = [f"127.0.0.1:{port}" for port in self.ports[:nodes]]

    def __enter__(self) -> RealZooKeeper:
        self.temporary = tempfile.TemporaryDirectory(prefix="zookeeper-")
        self.folder = Path(self.temporary.name)
        try:
            for node in range(self.nodes):
                self.write(node)
                self.start(node)
            self.wait()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for node in tuple(self.processes):
            self.kill(node)
        self.temporary.cleanup()

    def write(self, node: int) -> None:
        """Write the configuration of a server."""
        home = self.folder / str(node)
        (home / "data").mkdir(parents=True)
        (home / "data" / "myid").write_text(f"{node + 1}\n", encoding="ascii")
        (home / "log4j.properties").write_text(QUIET, encoding="ascii")
        settings: dict[str, object] = {
            "tickTime": 2000, "initLimit": 20, "syncLimit": 10, "dataDir": home / "data",
            "clientPort": self.ports[node], "clientPortAddress": "127.0.0.1", "maxClientCnxns": 0,
            "admin.enableServer": "false", "4lw.commands.whitelist": "*",
        }  # fmt: skip
        if self.nodes > 1:
            settings |= {"standaloneEnabled": "false"}
            pairs = zip(self.ports[self.nodes :: 2], self.ports[self.nodes + 1 :: 2], strict=True)
            for number, (leader, election) in enumerate(pairs, 1):
                settings[f"server.{number}"] = f"127.0.0.1:{leader}:{election}"
        settings |= self.settings
        lines = "".join(f"{name}={value}\n" for name, value in settings.items())
        (home / "zoo.cfg").write_text(lines, encoding="ascii")

    def start(self, node: int) -> None:
        """Start a server, or start it again with the data it had."""
        home = self.folder / str(node)
        command = [
            self.java, "-Xmx64m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Dfile.encoding=UTF-8",
            "-Dzookeeper.jmx.log4j.disable=true", f"-Dlog4j.configuration=file:{home}/log4j.properties",
            *(f"-D{name}={value}" for name, value in self.options.items()),
            "-cp", f"{home}:{self.jar}", "org.apache.zookeeper.server.quorum.QuorumPeerMain", f"{home}/zoo.cfg",
        ]  # fmt: skip
        with (home / "said").open("ab") as said:
            self.processes[node] = subprocess.Popen(command, stdout=said, stderr=said, cwd=home)

    def kill(self, node: int) -> None:
        """End a server at once, as a crash would."""
        process = self.processes.pop(node)
        process.kill()
        process.wait()

    def restart(self, node: int) -> None:
        """Crash a server and start it again; return when all serve."""
        self.kill(node)
        self.start(node)
        self.wait()

    def wait(self, serving: str = "rw", patience_s: float = PATIENCE_S) -> None:
        """Return when every server that runs says that it serves reads and writes; "ro" waits for reads only.

        Those that lost their leader say so for a moment more, so the first to be asked for is a leader.
        """
        deadline = time.monotonic() + patience_s
        while self.nodes > 1 and serving == "rw" and self.leader() is None:
            self.patient(deadline)
        for node in self.processes:
            while word(self.addresses[node], "isro") != serving:
                self.patient(deadline)

    def patient(self, deadline: float) -> None:
        """Wait a little; raise an error when a server ended or the time is over."""
        ended = [node for node, process in self.processes.items() if process.poll() is not None]
        if ended or time.monotonic() > deadline:
            said = (self.folder / str(node) / "said" for node in ended or self.processes)
            last = "\n".join(each.read_text(encoding="utf-8", errors="replace")[-1000:] for each in said)
            raise TimeoutError(f"ZooKeeper does not serve: {last}")
        time.sleep(0.05)

    def leader(self) -> int | None:
        """Return which server leads; None while none does, or where there is one alone."""
        for node in self.processes:
            if "Mode: leader" in word(self.addresses[node], "srvr"):
                return node
        return None
