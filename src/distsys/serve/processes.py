"""`processes`: a served cluster as a value in a program, for tests and notebooks.

    with processes("raft-kv", nodes=3, folder=folder) as cluster:
        client = cluster.client()
        cluster.kill("n2")          # kill -9
        cluster.wait_until_up("n2")

It starts `python -m distsys serve` and listens to what that says, so nothing here waits by sleeping. All processes end
with the block; should this program end in another way, they end too, for their standard input does.
"""

from __future__ import annotations

import json
import os
import queue
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Self

from distsys.core.canonical import encode
from distsys.core.errors import DistsysError, UnknownNameError, file_path, shown
from distsys.core.operations import Operation
from distsys.core.trace import Trace
from distsys.drivers.frames import Block, Hello, Look, Seen

from .client import Client, Line
from .supervisor import DOWN, recorded

UP, AGAIN = "is up at", "is up again"
PATIENCE_S = 120.0


class ProcessError(DistsysError):
    """A cluster did not do what it was told in time; the text says what it said last."""


def processes(system: str, *, folder: str | Path, nodes: int = 3, **settings: Any) -> ProcessCluster:
    """Return a cluster that runs; all its nodes take clients."""
    return ProcessCluster(system, folder=folder, nodes=nodes, **settings).start()


class ProcessCluster:
    """A cluster of processes. `addresses` says where each node is; the other settings are those of `serve`."""

    def __init__(
        self,
        system: str,
        *,
        folder: str | Path,
        nodes: int = 3,
        record: bool = False,
        restart: bool = True,
        mutant: str | None = None,
        options: Iterable[str] = (),
    ) -> None:
        self.folder = file_path("folder", folder)
        self.nodes = nodes
        self.addresses: dict[str, str] = {}
        self.said: list[str] = []
        self._command = [
            *(sys.executable, "-m", "distsys", "serve", system, "--nodes", str(nodes), "--port", "0"),
            *("--data-dir", str(self.folder), "--until-input-ends"),
            *(("--record",) if record else ()),
            *(() if restart else ("--no-restart",)),
            *(() if mutant is None else ("--mutant", mutant)),
            *(part for option in options for part in ("--option", option)),
        ]
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._ups: dict[str, int] = {}  # how often a node came up, as far as was heard
        self._before: dict[str, int] = {}  # the same at the moment of its last fault
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None

    def start(self) -> Self:
        """Start all processes, and return when each node takes clients."""
        self.addresses, self._ups, self._lines = {}, {}, queue.Queue()
        self._process = subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, args=(self._process, self._lines), daemon=True)
        self._reader.start()
        try:
            self._hear(lambda: len(self.addresses) == self.nodes, "come up")
        except BaseException:
            self.stop()
            raise
        return self

    @staticmethod
    def _read(process: subprocess.Popen[str], lines: queue.Queue[str | None]) -> None:
        assert process.stderr is not None, "no pipe"
        for line in process.stderr:
            lines.put(line.strip())
        lines.put(None)

    def _hear(self, enough: Any, what: str) -> None:
        """Take in what the supervisor says until it is enough."""
        deadline = time.monotonic() + PATIENCE_S
        while not enough():
            if not self._hear_one(max(0.0, deadline - time.monotonic())):
                raise ProcessError(f"the cluster did not {what}; it said: {' | '.join(self.said[-5:])}")

    def _hear_one(self, patience_s: float) -> bool:
        """Take in the next line, and return whether there was one in time."""
        try:
            line = self._lines.get(timeout=patience_s)
        except queue.Empty:
            line = None
        if line is None:
            return False
        self.said.append(line)
        name, _, rest = line.removeprefix("distsys: ").partition(" ")
        if rest.startswith(UP):
            self.addresses[name] = rest.removeprefix(UP).strip()
        if rest.startswith((UP, AGAIN)):
            self._ups[name] = self._ups.get(name, 0) + 1
        return True

    def stop(self) -> int:
        """Stop all processes as Ctrl-C does, and return the exit code."""
        if self._process is None:
            return 0
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
        try:
            code = self._process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()  # its processes end with it
            code = self._process.wait()
        if self._reader is not None:
            self._reader.join()
        for pipe in (self._process.stdin, self._process.stderr):
            if pipe is not None:
                pipe.close()
        self._process = None
        return code

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *problem: object) -> None:
        self.stop()

    # Faults.

    def pid(self, name: str) -> int:
        """Return the id of the process of a node."""
        if name not in self.addresses:
            raise UnknownNameError(
                f"name must be one of {', '.join(self.addresses)}, but it is {shown(name)}"
            )
        return int((self.folder / name / "lock").read_text())

    def kill(self, *names: str) -> None:
        """Kill these nodes with SIGKILL, one directly after the other; the supervisor starts them again."""
        pids = [self.pid(name) for name in names]
        self._expect(*names)
        for pid in pids:
            os.kill(pid, signal.SIGKILL)

    def _expect(self, *names: str) -> None:
        """Remember how often these nodes have come up, for `wait_until_up`."""
        while not self._lines.empty() and self._hear_one(0.0):
            pass
        self._before.update({name: self._ups[name] for name in names})

    def wait_until_up(self, *names: str) -> None:
        """Return when nodes that were killed, or whose disk was filled, take clients again."""
        self._hear(
            lambda: all(self._ups[name] > self._before[name] for name in names), f"bring {names} up again"
        )

    def kill_and_wait(self, *names: str) -> None:
        """Kill these nodes, and return when they take clients again."""
        self.kill(*names)
        self.wait_until_up(*names)

    def keep_down(self, *names: str) -> None:
        """Kill these nodes, and let them not be started again until `let_up`."""
        for name in names:
            (self.folder / name / DOWN).touch()
        self.kill(*names)

    def let_up(self, *names: str) -> None:
        """Let nodes that are kept down come up again, and return when they take clients."""
        for name in names:
            (self.folder / name / DOWN).unlink()
        self.wait_until_up(*names)

    def pause(self, name: str) -> None:
        """Stop the process of a node where it stands, until `resume`."""
        os.kill(self.pid(name), signal.SIGSTOP)

    def resume(self, name: str) -> None:
        """Let a paused node go on: it does not know how much time has passed."""
        os.kill(self.pid(name), signal.SIGCONT)

    def fill_disk(self, name: str) -> None:
        """Let no file of a node grow any more, until its process ends: a write fails as on a disk that is full.

        It is a limit of the process (RLIMIT_FSIZE, on Linux), so the error is EFBIG and not ENOSPC, and the process
        that is started in its place is free of it.
        """
        self._expect(name)
        resource.prlimit(self.pid(name), resource.RLIMIT_FSIZE, (0, 0))

    def block(self, groups: Iterable[Iterable[str]]) -> None:
        """Let nodes of different groups not hear each other any more; one group of all heals it."""
        sides = [tuple(group) for group in groups]
        for side in sides:
            for name in side:
                others = tuple(sorted(other for other in self.addresses if other not in side))
                self._control(name, Block(others))

    def heal(self) -> None:
        """Let all nodes hear each other."""
        self.block([tuple(self.addresses)])

    # What one can see.

    def look(self, name: str) -> Seen:
        """Return the declared fields and the counters of a node."""
        return self._control(name, Look())

    def leaders(self) -> list[str]:
        """Return the nodes that say that they lead, at this moment."""
        return [name for name in self.addresses if self.look(name).fields["role"] == "LEADER"]

    def _control(self, name: str, frame: Any) -> Seen:
        token = json.loads((self.folder / "cluster.json").read_text())["token"]
        line = Line(self.addresses[name], Hello("control", "control", token), PATIENCE_S)
        try:
            line.send(frame)
            seen = line.receive(time.monotonic() + PATIENCE_S)
        finally:
            line.close()
        if not isinstance(seen, Seen):
            raise ProcessError(f"{name} answered {encode(seen)}")
        return seen

    def client(
        self, name: str = "client", *, history: list[Operation] | None = None, **settings: Any
    ) -> Client:
        """Return a client that knows all servers."""
        return Client(self.addresses.values(), name, history=history, **settings)

    def trace(self, history: Sequence[Operation] = ()) -> Trace:
        """Return the recorded run so far, with the `history` of its clients.

        Stop the cluster first, or the end is not the same everywhere.
        """
        shift = (time.time_ns() - time.monotonic_ns()) // 1000
        return recorded(self.folder, history, shift=shift)
