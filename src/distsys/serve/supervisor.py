"""`Supervisor`: the processes of a cluster on this machine. It starts them, and again those that end, and stops all.

A data directory belongs to one cluster and, while it runs, to one supervisor:

    DIR/cluster.json    system, options, names of the nodes, token
    DIR/lock            held while the supervisor runs; the process id of the last one
    DIR/n1/lock         the same of the node n1
    DIR/n1/wal          what n1 persisted
    DIR/n1/diary.jsonl  the steps of n1, where the run is recorded
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from distsys.core import systems
from distsys.core.canonical import plain
from distsys.core.errors import ArgumentError, DistsysError, file_path, whole_number
from distsys.core.operations import Operation
from distsys.core.systems import Cluster
from distsys.core.trace import Trace
from distsys.drivers.disk import lock_folder
from distsys.drivers.judged import judged
from distsys.drivers.merging import Clients, merge
from distsys.drivers.transport import keep_port
from distsys.drivers.wal import replace_file
from distsys.services.kv import Call
from distsys.services.replicated import Reply

from .process import CANNOT, cluster_of

# Options whose default suits a short simulation only. A disk may hang for 300 ms while others write, and a leader
# sends nothing while it waits for its disk. What etcd has applied goes into the same file as the log, so each time that
# is written the entries that come next wait for one fsync more.
SERVED = {
    "commit_ms": 1000,
    "snapshot_every": 1000,
    "election_ms": 1000,
    "heartbeat_ms": 100,
    "progress_ms": 600_000,
    "window": 8,
}
DOWN = "down"  # while a file of this name lies in the folder of a node, it is not started
PAUSE_FIRST_S, PAUSE_LAST_S, STEADY_S = 0.05, 5.0, 5.0
STOP_S = 10.0  # how long a process may take to stop


class ServeError(DistsysError):
    """A cluster cannot be served; the text says why."""


def served_cluster(system: str, *, mutant: str | None = None, **options: Any) -> Cluster:
    """Return the cluster to serve: a few options have other defaults than in a simulation."""
    known = systems.find(system).options
    served = {option: value for option, value in SERVED.items() if option in known}
    return systems.build(system, mutant=mutant, **{**served, **options})


class Supervisor:
    """Runs the servers of `cluster` as processes with their data in `folder`.

    port             of the first node, the others follow; 0 lets the operating system choose each
    host             where to listen; beyond the loopback interface only with `beyond_loopback`
    record           keep diaries, so that `recorded` can give the run as a trace
    restart          start a process again that ended by itself or was killed
    on_address       (name, address) is called when clients may come to a node for the first time
    on_event         a line for people about what happens to the processes
    """

    def __init__(
        self,
        cluster: Cluster,
        folder: str | Path,
        *,
        port: int = 0,
        host: str = "127.0.0.1",
        beyond_loopback: bool = False,
        record: bool = False,
        restart: bool = True,
        on_address: Callable[[str, str], None] = lambda name, address: None,
        on_event: Callable[[str], None] = lambda line: None,
    ) -> None:
        self.cluster = cluster
        self.folder = file_path("folder", folder)
        self.port = whole_number("port", port, at_most=65536 - len(cluster.servers))
        self.host, self.beyond_loopback = host, beyond_loopback
        self.record, self.restart = record, restart
        self.on_address, self.on_event = on_address, on_event
        self.addresses: dict[str, str] = {}
        self.processes: dict[str, asyncio.subprocess.Process] = {}
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Run the cluster until `stop`; a `ServeError` when not one of its processes can go on."""
        self.folder.mkdir(parents=True, exist_ok=True)
        lock = lock_folder(self.folder)
        ports: list[socket.socket] = []
        try:
            ports = self._bind()
            settings = self._settings()
            await self._run({**settings, "addresses": self.addresses})
        finally:
            for held in ports:
                held.close()
            os.close(lock)

    def stop(self) -> None:
        """End `run`, and with it all processes."""
        self._stopping.set()

    def _bind(self) -> list[socket.socket]:
        """Take a port for each node; the sockets keep them while a process is down."""
        ports: list[socket.socket] = []
        host = f"[{self.host}]" if ":" in self.host else self.host
        for place, name in enumerate(self.cluster.servers):
            wanted = self.port + place if self.port else 0
            try:
                held = keep_port(f"{host}:{wanted}", beyond_loopback=self.beyond_loopback)
            except OSError as problem:
                for other in ports:
                    other.close()
                raise ServeError(
                    f"port {wanted} of {host} cannot be used for {name}: {problem.strerror}"
                ) from None
            ports.append(held)
            self.addresses[name] = f"{host}:{held.getsockname()[1]}"
        return ports

    def _settings(self) -> dict[str, Any]:
        """Return what cluster.json says; write it for a new directory, and refuse the one of another cluster."""
        path = self.folder / "cluster.json"
        wanted = {
            "system": self.cluster.system.name,
            "mutant": self.cluster.mutant.id if self.cluster.mutant else None,
            "options": {name: plain(value) for name, value in self.cluster.options.items()},
            "record": self.record,
        }
        if not path.exists():
            origin, token = time.time_ns() // 1000, secrets.token_hex(16)
            settings = {**wanted, "origin": origin, "token": token}
            replace_file(path, json.dumps(settings, indent=1).encode())
            return {**settings, "beyond_loopback": self.beyond_loopback}
        there = settings_in(self.folder)
        for what, value in wanted.items():
            if there.get(what) != value:
                raise ArgumentError(
                    f"{self.folder} holds a cluster with {what} {json.dumps(there.get(what))}, which cannot go on with "
                    f"{json.dumps(value)}: take the same, or another folder"
                )
        return {**there, "beyond_loopback": self.beyond_loopback}

    async def _run(self, settings: dict[str, Any]) -> None:
        tasks = [asyncio.create_task(self._keep(name, settings)) for name in self.addresses]
        stopping = asyncio.create_task(self._stopping.wait())
        ended: asyncio.Future[Any] = asyncio.gather(*tasks)
        try:
            await asyncio.wait({stopping, ended}, return_when=asyncio.FIRST_COMPLETED)
            if not self._stopping.is_set():
                ended.result()
                raise ServeError("no process is left")
        finally:
            self._stopping.set()
            stopping.cancel()
            for process in self.processes.values():
                _end_input(process)
            await asyncio.wait({ended}, timeout=STOP_S)
            for process in self.processes.values():
                with contextlib.suppress(ProcessLookupError):
                    process.kill()  # its disk hangs, say; for a node this is one more crash
            await asyncio.gather(ended, return_exceptions=True)

    async def _keep(self, name: str, settings: Mapping[str, Any]) -> None:
        """Keep the process of a node running."""
        pause, was_ready = PAUSE_FIRST_S, False
        while not self._stopping.is_set():
            while (self.folder / name / DOWN).exists() and not self._stopping.is_set():
                await self._pause(PAUSE_FIRST_S)
            began = time.monotonic()
            process = await self._spawn(name, settings)
            assert process.stdout is not None, f"{name} has no output"
            ready = await process.stdout.readline() == b"ready\n"
            if ready and not was_ready:
                self.on_address(name, self.addresses[name])
            if ready:
                self.on_event(f"{name} is up {'again' if was_ready else 'at ' + self.addresses[name]}")
            was_ready = was_ready or ready
            code = await process.wait()
            del self.processes[name]
            if self._stopping.is_set():
                return
            again = self.restart and (was_ready or code != CANNOT)
            self.on_event(f"{name} ended ({_how(code)}){'; it is started again' if again else ''}")
            if not again:
                return
            pause = PAUSE_FIRST_S if time.monotonic() - began > STEADY_S else pause
            await self._pause(pause)
            pause = min(2 * pause, PAUSE_LAST_S)

    async def _pause(self, seconds: float) -> None:
        """Wait, but no longer than until the stop."""
        stopping = asyncio.create_task(self._stopping.wait())
        await asyncio.wait([stopping], timeout=seconds)
        stopping.cancel()

    async def _spawn(self, name: str, settings: Mapping[str, Any]) -> asyncio.subprocess.Process:
        """Start the process of a node and tell it what to do."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", "import sys; from distsys.serve.process import main; sys.exit(main())",
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True,
        )  # fmt: skip
        self.processes[name] = process
        line = json.dumps({**settings, "name": name, "folder": str(self.folder / name)})
        assert process.stdin is not None, f"{name} has no input"
        process.stdin.write(line.encode() + b"\n")
        if self._stopping.is_set():
            _end_input(process)
        return process


def _end_input(process: asyncio.subprocess.Process) -> None:
    """Let a process stop: its standard input ends."""
    if process.stdin is not None:
        process.stdin.close()


def _how(code: int) -> str:
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


def settings_in(folder: Path) -> dict[str, Any]:
    """Return what the cluster.json of a data directory says."""
    path = folder / "cluster.json"
    if not path.exists():
        raise ArgumentError(
            f"folder must be the data directory of a cluster, but {folder} has no cluster.json"
        )
    try:
        settings = json.loads(path.read_text(encoding="utf-8"))
        missing = {"system", "mutant", "options", "record", "origin", "token"} - settings.keys()
    except (ValueError, AttributeError):
        missing = {"an object in JSON"}
    if missing:
        raise ServeError(f"{path} cannot be used: it lacks {', '.join(sorted(missing))}")
    found: dict[str, Any] = settings
    return found


def recorded(folder: str | Path, history: Sequence[Operation] = (), *, shift: int = 0) -> Trace:
    """Return the recorded run in a data directory as one trace, judged by its laws; see `drivers.merging.merge`.

    history  what the clients of this run tell; then the trace has it
    shift    what must be added to its times to have microseconds of Unix time
    """
    folder = file_path("folder", folder)
    settings = settings_in(folder)
    cluster = cluster_of(settings)
    diaries = {
        name: folder / name / "diary.jsonl"
        for name in cluster.servers
        if (folder / name / "diary.jsonl").exists()
    }
    if not diaries:
        raise ArgumentError(f"folder must hold a recorded run (serve --record), but {folder} has no diaries")
    return judged(merge(cluster, diaries, Clients(history, call_of, reply_of, shift - settings["origin"])))


def call_of(message: Any) -> tuple[str, int] | None:
    """Return the session and the number of a call."""
    return (message.session, message.sequence) if isinstance(message, Call) else None


def reply_of(message: Any) -> tuple[str, int] | None:
    """Return the session and the number of the call that a reply ends."""
    return (message.session, message.sequence) if isinstance(message, Reply) else None
