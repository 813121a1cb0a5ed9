"""Record what a real ZooKeeper says, byte by byte. So tests/golden/zookeeper/frames.jsonl was made.

    sudo apt-get install zookeeper        # 3.8; it is started here, on the loopback interface, and ended
    python tools/record_zookeeper_frames.py --jar /usr/share/java/zookeeper.jar

Each line is one exchange: its name, the type of the request, and the bytes of the request, of the notifications before
the reply and of the reply, in hex; "" is an end without a reply. The requests are packed by tests/zookeeper_wire.py,
which shares nothing with distsys.wire, and that the real server does what they ask shows that they are right.
"""

from __future__ import annotations

import argparse
import json
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

import zookeeper_wire as w  # type: ignore[import-not-found]  # noqa: E402

OUT = ROOT / "tests" / "golden" / "zookeeper" / "frames.jsonl"
SILENCE_S = 3.0  # without a word: no answer will come
CONFIG = """
tickTime=2000
initLimit=10
syncLimit=5
dataDir={folder}
admin.enableServer=false
4lw.commands.whitelist={words}
standaloneEnabled=false
reconfigEnabled=true
extendedTypesEnabled=true
skipACL=yes
server.1=127.0.0.1:{port2}:{port3};127.0.0.1:{port}
"""
JAVA = ["java", "-Xmx64m", "-Dzookeeper.extendedTypesEnabled=true", "-Dzookeeper.skipACL=yes", "-cp"]


# A reconfig that cannot be read stops every later read of the real server, which waits for its commit for ever; so does
# a multi with a null path.
LEFT_OUT = (w.PATIENCE_S, w.CREATE_SESSION, w.DELETE_CONTAINER, w.RECONFIG)


class Server:
    """A real server, alone in a quorum of one, so that it can also be reconfigured."""

    def __init__(self, jar: str, folder: Path, port: int, words: str = "srvr") -> None:
        (folder / "myid").write_text("1\n")
        (folder / "log4j.properties").write_text("log4j.rootLogger=OFF\n")
        config = folder / "zoo.cfg"
        config.write_text(
            CONFIG.format(folder=folder, port=port, port2=port + 1, port3=port + 2, words=words)
        )
        command = [
            *JAVA,
            f"{folder}:{jar}",
            "org.apache.zookeeper.server.quorum.QuorumPeerMain",
            str(config),
        ]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.address = f"127.0.0.1:{port}"
        self.members = f"server.1=127.0.0.1:{port + 1}:{port + 2}:participant;127.0.0.1:{port}"
        self._wait()

    def _wait(self) -> None:
        while self.process.poll() is None:
            try:
                if "Mode: leader" in w.four_letters(self.address, "srvr"):
                    return
            except OSError:
                pass
            time.sleep(0.1)
        raise SystemExit("the server ended")

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: Any) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


class Recorder:
    """Asks, and writes down."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.lines: list[dict[str, Any]] = []
        self.xid = 0

    def connect(self, name: str, **said: Any) -> Any:
        """Connect, and return the connection."""
        wire = w.Wire(self.address)
        self.note(name, "connect", w.connect_frame(**said), [], wire.connect(**said))
        return wire

    def ask(self, wire: Any, name: str, type: int, body: bytes = b"", xid: int | None = None) -> Any:
        """Ask, and return the reply."""
        self.xid += 1
        xid = self.xid if xid is None else xid
        before, reply = wire.ask(xid, type, body)
        self.note(name, type, w.request(xid, type, body), before, reply)
        return reply

    def raw(self, name: str, data: bytes, connected: bool = False) -> None:
        """Say something odd on a connection of its own, and write down all that comes until the end."""
        with w.Wire(self.address) as wire:
            if connected:
                wire.connect()
            wire.send(data)
            self.note(name, "odd later" if connected else "odd first", data, [], wire.rest())

    def note(self, name: str, type: Any, request: bytes, before: list[bytes], reply: bytes) -> None:
        """Write down one exchange."""
        line = {"name": name, "type": type, "request": request.hex(), "reply": reply.hex()}
        if before:
            line["before"] = [each.hex() for each in before]
        self.lines.append(line)


def record(server: Server) -> list[dict[str, Any]]:
    """Return what was said."""
    recorder = Recorder(server.address)
    _sessions(recorder)
    _oddities(recorder)
    with recorder.connect("a new session") as wire:
        for name, type, body in _requests(server.members):
            recorder.ask(wire, name, type, body)
        recorder.ask(wire, "a ping", w.PING, xid=-2)
        recorder.ask(wire, "a ping with another xid", w.PING)
        recorder.ask(wire, "a key of a known scheme", w.AUTH, w.i(0) + w.s("digest") + w.b(b"a:b"), -4)
        recorder.ask(wire, "a step of SASL where it is off", w.SASL, w.b(b"token"))
        recorder.ask(wire, "the end of a session", w.CLOSE_SESSION)
    _refusals(recorder)
    return recorder.lines


def _sessions(recorder: Recorder) -> None:
    """Connect in every way."""
    recorder.connect("an old client", read_only=b"").line.close()
    with recorder.connect("a client that may read only", read_only=b"\1") as wire:
        again = {"session": wire.session, "passwd": wire.passwd}
    recorder.connect("a session again", **again).line.close()
    recorder.connect("a wrong password", **(again | {"passwd": bytes(16)})).line.close()
    recorder.connect("a session that is not", session=12345).line.close()
    recorder.connect("a client that has seen more", zxid=2**40).line.close()
    recorder.connect("no password", passwd=None).line.close()


def _oddities(recorder: Recorder) -> None:
    """Say what is no request at all."""
    recorder.raw("a word that is not allowed", b"ruok")
    recorder.raw("a word with more behind it", b"mntr\n")
    recorder.raw("a word that is none", b"abcd")
    recorder.raw("a first frame of nothing", w.frame(b""))
    recorder.raw("a first frame that is too short", w.frame(w.i(0) + w.q(0)))
    for is_connected in (False, True):
        when = "later" if is_connected else "first"
        recorder.raw(f"a length that is negative, {when}", w.i(-1), connected=is_connected)
        recorder.raw(f"a length that is too long, {when}", w.i(0x100000), connected=is_connected)
    recorder.raw("a frame of nothing", w.frame(b""), connected=True)
    recorder.raw("a frame without a type", w.frame(w.i(1)), connected=True)
    recorder.raw("a word when there is a session", b"srvr", connected=True)


def _requests(members: str) -> Iterator[tuple[str, int, bytes]]:
    """Yield a name, the type and the body of requests that are right, one after the other."""
    s, i, q, b, v = w.s, w.i, w.q, w.b, w.v
    made = b(b"data") + w.OPEN
    yield "create", w.CREATE, s("/a") + made + i(0)
    yield "create what is there", w.CREATE, s("/a") + made + i(0)
    yield "create without data", w.CREATE, s("/n") + b(None) + w.OPEN + i(0)
    yield "create2 sequential", w.CREATE2, s("/a/s-") + made + i(2)
    yield "create ephemeral", w.CREATE2, s("/e") + made + i(1)
    yield "create container", w.CREATE_CONTAINER, s("/c") + made + i(4)
    yield "create with TTL", w.CREATE_TTL, s("/t") + made + i(5) + q(60_000)
    yield "exists, with a watch", w.EXISTS, s("/a") + b"\1"
    yield "exists not, with a watch", w.EXISTS, s("/later") + b"\1"
    yield "getData, with a watch", w.GET_DATA, s("/a") + b"\1"
    yield "getData of no data", w.GET_DATA, s("/n") + b"\0"
    yield "getChildren, with a watch", w.GET_CHILDREN, s("/a") + b"\1"
    yield "getChildren2", w.GET_CHILDREN2, s("/") + b"\0"
    yield "checkWatches", w.CHECK_WATCHES, s("/a") + i(2)
    yield "checkWatches of none", w.CHECK_WATCHES, s("/c") + i(3)
    yield "setData, which a watch sees", w.SET_DATA, s("/a") + b(b"more") + i(0)
    yield "setData of a wrong version", w.SET_DATA, s("/a") + b(b"more") + i(7)
    yield "create, which a watch sees", w.CREATE, s("/a/b") + made + i(0)
    yield "removeWatches", w.REMOVE_WATCHES, s("/later") + i(3)
    yield "addWatch", w.ADD_WATCH, s("/a") + i(1)
    yield "delete, which a watch sees", w.DELETE, s("/a/b") + i(-1)
    yield "getACL", w.GET_ACL, s("/a")
    yield "setACL", w.SET_ACL, s("/a") + w.OPEN + i(-1)
    yield "sync", w.SYNC, s("/a")
    yield "setWatches", w.SET_WATCHES, q(0) + v(s("/a")) + v(s("/none")) + v()
    yield (
        "setWatches2",
        w.SET_WATCHES2,
        q(2**40) + v(s("/a")) + v(s("/none")) + v(s("/a")) + v(s("/n")) + v(s("/a")),
    )
    yield "getEphemerals", w.GET_EPHEMERALS, s("/")
    yield "getAllChildrenNumber", w.GET_ALL_CHILDREN_NUMBER, s("/")
    yield "whoAmI", w.WHO_AM_I, b""
    yield "multi", w.MULTI, w.multi(*_parts())
    yield (
        "a multi that fails",
        w.MULTI,
        w.multi(
            w.part(w.CHECK, s("/a") + i(-1)),
            w.part(w.DELETE, s("/none") + i(-1)),
            w.part(w.SET_DATA, s("/a") + b(b"x") + i(-1)),
        ),
    )
    yield "a multi of nothing", w.MULTI, w.multi()
    yield (
        "multiRead",
        w.MULTI_READ,
        w.multi(
            w.part(w.GET_DATA, s("/a") + b"\0"),
            w.part(w.GET_CHILDREN, s("/a") + b"\0"),
            w.part(w.GET_DATA, s("/none") + b"\0"),
        ),
    )
    yield "reconfig", w.RECONFIG, s(None) + s(None) + s(members) + q(-1)


def _parts() -> Iterator[bytes]:
    """Yield a part of a multi of each kind."""
    s, i, q, b = w.s, w.i, w.q, w.b
    made = b(b"data") + w.OPEN
    yield w.part(w.CREATE, s("/m") + made + i(0))
    yield w.part(w.CREATE2, s("/m/2") + made + i(0))
    yield w.part(w.CREATE_CONTAINER, s("/m/c") + made + i(4))
    yield w.part(w.CREATE_TTL, s("/m/t") + made + i(5) + q(60_000))
    yield w.part(w.CHECK, s("/m") + i(0))
    yield w.part(w.SET_DATA, s("/m") + b(b"x") + i(0))
    yield w.part(w.DELETE, s("/m/2") + i(-1))


def _refusals(recorder: Recorder) -> None:
    """Ask what cannot be read or may not be asked. Where the session goes on, a ping is the last that is answered."""
    for name, type, body in _wrong():
        with w.Wire(recorder.address) as wire:
            wire.connect()
            wire.line.settimeout(SILENCE_S)
            data = w.request(1, type, body)
            wire.send(data + w.request(-2, w.PING))
            line = {"name": name, "type": type, "wrong": data.hex(), "reply": _heard(wire)}
            line["then"] = _heard(wire) if line["reply"] else line["reply"]
            recorder.lines.append(line)


def _heard(wire: Any) -> str | None:
    """Return the next frame, "" at the end, None if nothing comes."""
    try:
        heard: str = wire.read().hex()
    except TimeoutError:
        return None
    return heard


def _wrong() -> Iterator[tuple[str, int, bytes]]:
    s, i, q, b, v = w.s, w.i, w.q, w.b, w.v
    made = b(b"data") + w.OPEN
    for type in (0, 10, 23, 99, 108, -1, 2**31 - 1):
        yield f"unknown type {type}", type, b""
    yield "createSession", w.CREATE_SESSION, i(30_000)
    yield "deleteContainer", w.DELETE_CONTAINER, b"/c"
    yield "check alone", w.CHECK, s("/a") + i(-1)
    for name, type in vars(w).items():
        if name.isupper() and isinstance(type, int) and type not in LEFT_OUT:
            yield f"{name} without a body", type, b""
    for name, type, tail in (
        ("create", w.CREATE, made + i(0)),
        ("setData", w.SET_DATA, b(b"") + i(-1)),
        ("delete", w.DELETE, i(-1)),
        ("setACL", w.SET_ACL, w.OPEN + i(-1)),
        ("check", w.CHECK, i(-1)),
        ("exists", w.EXISTS, b"\0"),
        ("getData", w.GET_DATA, b"\0"),
        ("getChildren", w.GET_CHILDREN, b"\0"),
        ("getChildren2", w.GET_CHILDREN2, b"\0"),
        ("getACL", w.GET_ACL, b""),
        ("sync", w.SYNC, b""),
        ("addWatch", w.ADD_WATCH, i(0)),
        ("checkWatches", w.CHECK_WATCHES, i(3)),
        ("removeWatches", w.REMOVE_WATCHES, i(3)),
        ("getEphemerals", w.GET_EPHEMERALS, b""),
        ("getAllChildrenNumber", w.GET_ALL_CHILDREN_NUMBER, b""),
    ):
        yield f"{name} of a null path", type, i(-1) + tail
    yield "create with null acl", w.CREATE, s("/x") + b(b"") + i(-1) + i(0)
    yield "create with null id", w.CREATE, s("/x") + b(b"") + v(i(31) + s("world") + i(-1)) + i(0)
    yield "create with null scheme", w.CREATE, s("/x") + b(b"") + v(i(31) + i(-1) + s("x")) + i(0)
    yield "create with a negative length", w.CREATE, s("/x") + i(-2) + w.OPEN + i(0)
    yield "create with a negative count", w.CREATE, s("/x") + b(b"") + i(-5) + i(0)
    yield "create with a count of too many", w.CREATE, s("/x") + b(b"") + i(2**31 - 1) + i(0)
    yield "create and bytes behind", w.CREATE, s("/behind") + made + i(0) + b"behind"
    yield "create no UTF-8", w.CREATE, b(b"/\xff") + made + i(0)
    yield "setWatches of null", w.SET_WATCHES, q(0) + i(-1) + i(-1) + i(-1)
    yield "setWatches of a null path", w.SET_WATCHES, q(0) + v(i(-1)) + v() + v()
    yield "a multi of reads", w.MULTI, w.multi(w.part(w.GET_DATA, s("/a") + b"\0"))
    yield (
        "a multi of both",
        w.MULTI,
        w.multi(w.part(w.CHECK, s("/a") + i(-1)), w.part(w.GET_DATA, s("/a") + b"\0")),
    )
    yield "a multi without end", w.MULTI, w.part(w.CHECK, s("/a") + i(-1))
    yield "a multi of syncs", w.MULTI, w.multi(w.part(w.SYNC, s("/a")))
    yield "a multiRead of writes", w.MULTI_READ, w.multi(w.part(w.CHECK, s("/a") + i(-1)))
    yield "a multiRead of a null path", w.MULTI_READ, w.multi(w.part(w.GET_DATA, i(-1) + b"\0"))
    yield "a key of an unknown scheme", w.AUTH, i(0) + s("nobody") + b(b"")
    yield "a key of a null scheme", w.AUTH, i(0) + i(-1) + b(b"")
    yield "a null token", w.SASL, i(-1)
    yield "reconfig of a null", w.RECONFIG, i(-1) + i(-1) + i(-1) + q(-1)


def main() -> None:
    """Write the file."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--jar", default="/usr/share/java/zookeeper.jar")
    parser.add_argument("--port", type=int, default=21810)
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        Server(options.jar, Path(folder), options.port) as server,
    ):
        lines = record(server)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")


if __name__ == "__main__":
    main()
