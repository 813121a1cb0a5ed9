"""Plays the steps of a scenario against servers that speak ZooKeeper's protocol, and says what came of each.

A step is a dictionary. `on` names the connection it is made on; one of these keys says what is done there:

    connect  opens the connection: `timeout` asked for, `at` which server, `as` the connection whose session it takes up
             (with `password` another one than was given), `seen` the zxid it claims to have seen, `read_only`, `old`
             for a client that does not say whether it would take a server that only reads; `asks` beside it are
             sent with the greeting, before it is answered
    ask      one request, with its fields beside it; the fields left out have their defaults (zookeeper_wire.DEFAULTS)
    asks     several requests, sent together before any reply is read
    frame    the bytes of a frame as they are, in hexadecimal; `length` claims that it has another length
    drop     closes the connection and lets the session live
    word     a word of four letters, on a connection of its own; `only` says which lines of the answer count,
             `sort` that their order does not
    restart  kills a server, "leader" or a number, and starts it again; all connections are given up before
    kill     kills it for good; `at` counts those that are left, and `left` is "ro" where they only read then

`until` says how many things each connection must have heard before the step is over: this is how a scenario waits for
what a server does in its own time. `mark` gives the zxid of the reply a name, which a later step may say in its place.
`quiet` names the connections that are not asked at the end of this step what they heard.

What came of a step is its reply, and under `heard` what each connection was told besides, in order: events of watches,
and that the server closed it. The place of the reply among the events is shown by "the reply". At the end of each step
every connection asks for a sync, so that what it was sent until then is known, and no time is waited.

No two runs have the same zxids, times and ids of sessions. Zxids become z1, z2 and times t1, t2 in the order in which
they first appear; one that is older than another that appeared before says so (z3+ lies between z3 and z4). The session
of connection a is called a. Each step begins in a millisecond of its own, and all times of one step have one name.
A stat is one line: cmp czxid/mzxid/pzxid cm ctime/mtime vca version/cversion/aversion, and the rest in words.
Children, ephemerals and the ids of a connection come in the order of their names, for ZooKeeper promises none.
"""

import bisect
import contextlib
import socket
import struct
import time
from collections.abc import Iterator
from typing import Any, Protocol

from zookeeper_alike import PORTS, Ordered, kept, words
from zookeeper_connection import PATIENCE_S, Closed, Connection, Silent
from zookeeper_wire import ERRORS, EVENTS, NOTIFICATION, Reader, number_of, packed, reply

CONNECTED = 3
UNREADABLE = (struct.error, ValueError, KeyError)
PASSWORD_BYTES = 16
THE_REPLY = "the reply"
OWNERS = {0: "nobody", -(1 << 63): "container"}
TTL_OWNER = 0xFF << 56


class Control(Protocol):
    """Who can kill servers and start them again."""

    def kill(self, node: int) -> None:
        """End a server at once."""

    def start(self, node: int) -> None:
        """Start it again with the data it had."""

    def wait(self, serving: str = "rw") -> None:
        """Return when all that run serve: reads and writes, or "ro", reads only."""

    def leader(self) -> int | None:
        """Return which server leads, if one does."""


class Player:
    """Plays steps one after the other; it keeps connections open in between."""

    def __init__(self, addresses: list[str], control: Control | None = None) -> None:
        self.addresses, self.control = list(addresses), control
        self.open: dict[str, Connection] = {}
        self.sessions: dict[int, str] = {}
        self.passwords: dict[str, tuple[int, bytes]] = {}
        self.zxids, self.times, self.marks = Ordered("z"), Ordered("t"), dict[str, int]()
        self.heard: dict[str, list[str]] = {}
        self.begun: list[int] = []
        self.moment = 0

    def close(self) -> None:
        """Close every connection."""
        for connection in self.open.values():
            connection.close()
        self.open.clear()

    def play(self, step: dict[str, Any]) -> dict[str, Any]:
        """Return what came of a step, in words that are the same for equal behaviour."""
        while time.time_ns() // 1_000_000 == self.moment:
            pass
        self.begun.append(time.time_ns() // 1_000_000)
        self.heard = {}
        kinds = ("connect", "asks", "ask", "frame", "drop", "word", "restart", "kill")
        kind = next(name for name in kinds if name in step)
        if self.impossible(kind, step):
            came: dict[str, Any] = {"not open": True}
        else:
            came = {"replies": self.asks(step)} if kind == "asks" else getattr(self, kind)(step)
        for name, count in step.get("until", {}).items():
            self.listen(name, count)
        for name in sorted(self.open):
            if name not in step.get("quiet", ()):
                self.settle(name)
        self.moment = time.time_ns() // 1_000_000
        heard = {name: said for name, said in sorted(self.heard.items()) if said and said != [THE_REPLY]}
        return {**came, "heard": heard} if heard else came

    def impossible(self, kind: str, step: dict[str, Any]) -> bool:
        """Return whether a step wants a connection or a session that a server did not give."""
        if kind == "connect":
            return "as" in step["connect"] and step["connect"]["as"] not in self.passwords
        return kind in ("ask", "asks", "frame", "drop") and step["on"] not in self.open

    def address(self, asked: dict[str, Any]) -> str:
        """Return the address of the server that is asked; where there are fewer, they take turns."""
        number: int = asked.get("at", 0)
        return self.addresses[number % len(self.addresses)]

    # Kinds of steps.

    def connect(self, step: dict[str, Any]) -> dict[str, Any]:
        """Open a connection and a session, or take up one."""
        name, asked = step["on"], step["connect"]
        if name in self.open:
            self.open.pop(name).close()
        try:
            connection = self.open[name] = Connection(self.address(asked))
        except OSError:
            return {"refused": True}
        packets = [connection.packet(each) for each in step.get("asks", ())]
        connection.send(self.greeting(asked), *(frame for _, frame in packets))
        try:
            frame = connection.frame()
            came = self.greeted(name, Reader(frame), old=asked.get("old", False))
        except (Closed, Silent) as end:
            return self.ended(name, end)
        except UNREADABLE:
            return {"unreadable": frame.hex()}
        if packets:
            came["replies"] = self.replies(name, step["asks"], [xid for xid, _ in packets])
        return came

    def greeted(self, name: str, reader: Reader, *, old: bool) -> dict[str, Any]:
        """Return the answer to a greeting."""
        protocol, timeout, session = reader.number("i"), reader.number("i"), reader.number("q")
        password = reader.buffer() or b""
        if session and session not in self.sessions:
            self.sessions[session] = name
            self.passwords[name] = (session, password)
        came: dict[str, Any] = {"session": self.sessions.get(session, 0), "timeout": timeout}
        if protocol:
            came["protocol"] = protocol
        if len(password) != PASSWORD_BYTES or (not session and any(password)):
            came["password"] = password.hex()
        elif session and self.passwords[self.sessions[session]][1] != password:
            came["password"] = "another"
        if not old:
            came["reads only"] = reader.number("?")
        return came | ({"left": reader.left()} if reader.left() else {})

    def greeting(self, asked: dict[str, Any]) -> bytes:
        """Return what is said to open a connection."""
        if "raw" in asked:
            return bytes.fromhex(asked["raw"])
        session, password = (
            self.passwords[asked["as"]] if "as" in asked else (asked.get("session", 0), bytes(16))
        )
        if "password" in asked:
            password = asked["password"] and bytes.fromhex(asked["password"])
        seen = asked.get("seen", 0)
        if seen == "ahead":
            seen = self.zxids.newest() + 1_000_000
        greeting = struct.pack(
            ">iqiq", asked.get("protocol", 0), self.number(seen), asked.get("timeout", 30_000), session
        )
        greeting += packed("b", password)
        return greeting if asked.get("old") else greeting + struct.pack(">?", asked.get("read_only", False))

    def ask(self, step: dict[str, Any]) -> dict[str, Any]:
        """Send one request and read its reply."""
        (came,) = self.asks({**step, "asks": [step]})
        if "mark" in step and step["on"] in self.open:
            self.marks[step["mark"]] = self.open[step["on"]].seen
        return came

    def asks(self, step: dict[str, Any]) -> list[dict[str, Any]]:
        """Send requests together and read their replies."""
        name = step["on"]
        connection = self.open[name]
        requests = [self.marked(each) for each in step["asks"]]
        packets = [connection.packet(each) for each in requests]
        connection.send(*(frame for _, frame in packets))
        return self.replies(name, requests, [xid for xid, _ in packets])

    def replies(self, name: str, requests: list[dict[str, Any]], xids: list[int]) -> list[dict[str, Any]]:
        """Return the replies to requests that were sent."""
        replies = []
        for asked, xid in zip(requests, xids, strict=True):
            try:
                replies.append(self.replied(name, asked, xid))
            except (Closed, Silent) as end:
                replies.append(self.ended(name, end))
                break
        return replies

    def frame(self, step: dict[str, Any]) -> dict[str, Any]:
        """Send bytes as they are."""
        raw = bytes.fromhex(step["frame"])
        connection = self.open[step["on"]]
        with contextlib.suppress(OSError):
            connection.line.sendall(struct.pack(">i", step.get("length", len(raw))) + raw)
        return {}

    def drop(self, step: dict[str, Any]) -> dict[str, Any]:
        """Close a connection."""
        self.open.pop(step["on"]).close()
        return {}

    def word(self, step: dict[str, Any]) -> dict[str, Any]:
        """Ask with a word of four letters."""
        host, port = self.address(step).rsplit(":", 1)
        said = b""
        with (
            contextlib.suppress(OSError),
            socket.create_connection((host, int(port)), timeout=PATIENCE_S) as line,
        ):
            line.sendall(step["word"].encode())
            while more := line.recv(1 << 16):
                said += more
        rows = [words(row, self.sessions) for row in kept(said.decode(errors="replace"), step.get("only"))]
        return {"said": sorted(rows) if step.get("sort") else rows}

    def restart(self, step: dict[str, Any]) -> dict[str, Any]:
        """Kill a server and start it again."""
        control, node = self.killed(step["restart"])
        control.start(node)
        control.wait()
        return {}

    def kill(self, step: dict[str, Any]) -> dict[str, Any]:
        """Kill a server, and ask it no more."""
        control, node = self.killed(step["kill"])
        del self.addresses[node]
        control.wait(step.get("left", "rw"))
        return {}

    def killed(self, which: str | int) -> tuple[Control, int]:
        """Kill a server; return who did it, and its number."""
        control = self.control
        assert control is not None, "nobody here can kill servers"
        node = control.leader() if isinstance(which, str) else which
        assert node is not None, "no server leads"
        self.close()
        control.kill(node)
        return control, node

    # What a connection hears.

    def replied(self, name: str, asked: dict[str, Any], xid: int) -> dict[str, Any]:
        """Return the reply to a request; the events that come before it are noted."""
        reader = self.next_reply(name)
        try:
            came = self.decoded(name, asked, xid, reader)
        except UNREADABLE:
            came = {"unreadable": reader.frame.hex()[:200]}
        self.heard.setdefault(name, []).append(THE_REPLY)
        return came

    def decoded(self, name: str, asked: dict[str, Any], xid: int, reader: Reader) -> dict[str, Any]:
        """Return what a reply says."""
        got, zxid, error = reader.number("i"), reader.number("q"), reader.number("i")
        self.open[name].seen = max(self.open[name].seen, zxid)
        came: dict[str, Any] = {"zxid": self.zxids.name(zxid)}
        if got != xid:
            came["number"] = f"{got} and not {xid}"
        if error:
            came["error"] = ERRORS.get(error, str(error))
        else:
            came |= self.alike(reply(asked["ask"], reader))
        if reader.left() and not error:
            came["left"] = reader.left()
        return came

    def next_reply(self, name: str) -> Reader:
        """Return the next frame that is no event."""
        while True:
            frame = self.open[name].frame()
            if frame[:4] != NOTIFICATION:
                return Reader(frame)
            self.note(name, Reader(frame))

    def note(self, name: str, reader: Reader) -> None:
        """Write down an event."""
        try:
            _, zxid, error = reader.number("i"), reader.number("q"), reader.number("i")
            kind, state, path = reader.number("i"), reader.number("i"), reader.text()
            text = f"{EVENTS.get(kind, kind)} {path}"
            if (zxid, error, state) != (-1, 0, CONNECTED):
                text += f" zxid {self.zxids.name(zxid)} error {error} state {state}"
        except UNREADABLE:
            text = f"unreadable {reader.frame.hex()[:200]}"
        self.heard.setdefault(name, []).append(text)

    def listen(self, name: str, count: int) -> None:
        """Wait until a connection heard so many things in this step."""
        try:
            while name in self.open and self.told(name) < count:
                self.note(name, Reader(self.open[name].frame()))
        except (Closed, Silent) as end:
            self.heard.setdefault(name, []).extend(self.ended(name, end))

    def told(self, name: str) -> int:
        """Return how many things a connection heard in this step beside replies."""
        return len([said for said in self.heard.get(name, ()) if said != THE_REPLY])

    def settle(self, name: str) -> None:
        """Note everything that a connection was sent until now."""
        connection = self.open[name]
        connection.sync += 1
        connection.send(struct.pack(">ii", connection.sync, number_of("sync")) + packed("s", "/"))
        try:
            while (number := self.next_reply(name).number("i")) != connection.sync:
                self.heard.setdefault(name, []).append(f"a reply to {number}")
        except (Closed, Silent) as end:
            self.heard.setdefault(name, []).extend(self.ended(name, end))
        except UNREADABLE:
            self.heard.setdefault(name, []).append("unreadable")

    def ended(self, name: str, end: Exception) -> dict[str, Any]:
        """Return that a connection is closed, or that nothing came."""
        if isinstance(end, Silent):
            return {"silent": True}
        return self.closed(name)

    def closed(self, name: str) -> dict[str, Any]:
        """Return that the server closed a connection."""
        self.open.pop(name).close()
        return {"closed": True}

    # What is not alike.

    def number(self, value: Any) -> int:
        """Return a zxid, which may be marked."""
        return self.marks.get(value, 0) if isinstance(value, str) else int(value)

    def marked(self, step: dict[str, Any]) -> dict[str, Any]:
        """Return a request with the numbers that its marks stand for."""
        return {**step, "zxid": self.number(step["zxid"])} if "zxid" in step else step

    def alike(self, said: Any) -> Any:
        """Return fields of a reply with words in place of what differs between any two runs."""
        if isinstance(said, list):
            return [self.alike(each) for each in said]
        if not isinstance(said, dict):
            return said
        return {key: self.value(key, value) for key, value in said.items()}

    def value(self, key: str, value: Any) -> Any:
        """Return one field."""
        if key == "stat":
            return self.stat(value)
        if key in ("children", "ephemerals", "ids"):
            return sorted(value)
        ensemble = key == "data" and str(value).startswith("server.1=")
        if ensemble and "\nversion=" in value:
            text, version = PORTS.sub(":PORT", value).split("\nversion=")
            return f"{text}\nversion={self.zxids.name(int(version, 16))}"
        return self.alike(value)

    def stat(self, stat: dict[str, int]) -> str:
        """Return a stat in one line."""
        zxids = "/".join(self.zxids.name(stat[field]) for field in ("czxid", "mzxid", "pzxid"))
        times = "/".join(self.time(stat[field]) for field in ("ctime", "mtime"))
        versions = "/".join(str(stat[field]) for field in ("version", "cversion", "aversion"))
        return (
            f"cmp {zxids} cm {times} vca {versions} owner {self.owner(stat['owner'])}"
            f" bytes {stat['bytes']} children {stat['children']}"
        )

    def time(self, moment: int) -> str:
        """Return the name of the step during which this was."""
        if moment > time.time_ns() // 1_000_000:
            return "later"
        step = bisect.bisect_right(self.begun, moment)
        return self.times.name(self.begun[step - 1] if step else moment)

    def owner(self, owner: int) -> str:
        """Return who owns a node."""
        if owner & TTL_OWNER == TTL_OWNER:
            return f"ttl={owner & ((1 << 40) - 1)}"
        return OWNERS.get(owner) or self.sessions.get(owner) or "somebody"


def played(
    addresses: list[str], steps: list[dict[str, Any]], control: Control | None = None
) -> Iterator[dict[str, Any]]:
    """Yield what comes of each step."""
    player = Player(addresses, control)
    try:
        for step in steps:
            yield player.play(step)
    finally:
        player.close()
