"""Clients of a served ZooKeeper, in a process of their own: those that also run in the simulator, on real sockets.

    python tests/zookeeper_load.py SEED ADDRESS ... [deeds=NAME,...] [think=MS] [mutant=ID]

Each is a `StoreClient` that a small driver gives a clock, timers and one connection at a time. The driver packs and
reads the bytes by `tools/zookeeper_wire.py`, which shares no line with the server, and says in the order of the wire
what is sent and heard. Each line on standard output is a record of `distsys.serve.zookeeper.histories`, or an
`Operation`, in canonical form. When standard input ends, all clients close their sessions; then each server is asked
for what it has, and the process ends. `deeds` are those of `StoreClient` that the clients do, in place of all; `think`
is how long they wait before each, at the most; with a mutant of the client they are broken as that is.
"""

import asyncio
import contextlib
import struct
import sys
import time
from collections import Counter, deque

from zookeeper_wire import XIDS, Reader, number_of, reply, request

from distsys import systems
from distsys.core.canonical import encode
from distsys.core.dice import Dice, derive
from distsys.core.events import CancelTimer, Deliver, Output, Send, SetTimer, Start, Timeout
from distsys.core.operations import Operation
from distsys.serve.zookeeper.exchanges import Began, Heard, Refused, Sent, Stands
from distsys.services.zookeeper import requests as api
from distsys.services.zookeeper.connections import (
    Answered,
    Connect,
    Connected,
    HangUp,
    Hear,
    Noticed,
    Say,
)
from distsys.services.zookeeper.errors import Code
from distsys.services.zookeeper.store_client import QUEUE, StoreClient
from distsys.services.zookeeper.witness import Told

CLIENTS, KEYS, TIMEOUT_MS, THINK_MS, TOGETHER = 4, 2, 1_000, 20, 20
FINISH = "finish"
COUNTS = Counter()  # session -> how many requests were sent in it


def now():
    return time.monotonic_ns() // 1000


def say(record):
    """Write a record; the order of lines is the order in which things happened, for one thread writes them."""
    sys.stdout.write(encode(record) + "\n")
    sys.stdout.flush()


# The wire.


def packed(asked):
    """Return the name of a request and its fields, for `zookeeper_wire`."""
    match asked:
        case api.CreateRequest(path, data, kind=kind):
            return "create", {"path": path, "data": data, "flags": kind.value}
        case api.DeleteRequest(path, version):
            return "delete", {"path": path, "version": version}
        case api.SetDataRequest(path, data, version):
            return "setData", {"path": path, "data": data, "version": version}
        case api.ExistsRequest(path, watch):
            return "exists", {"path": path, "watch": watch}
        case api.GetDataRequest(path, watch):
            return "getData", {"path": path, "watch": watch}
        case api.GetChildrenRequest(path, watch, stat):
            return "getChildren2" if stat else "getChildren", {"path": path, "watch": watch}
        case api.SyncRequest(path):
            return "sync", {"path": path}
        case api.SetWatchesRequest(zxid, data, exist, child):
            return "setWatches", {"zxid": zxid, "data": data, "exists": exist, "children": child}
        case api.PingRequest():
            return "ping", {}
        case api.CloseSessionRequest():
            return "closeSession", {}
    raise ValueError(asked)


def response_of(name, reader):
    """Return the answer to a request, as the simulated client knows it."""
    found = reply(name, reader)
    stat = api.Stat(*found["stat"].values()) if "stat" in found else None
    match name:
        case "create" | "sync":
            return api.PathResponse(found["path"])
        case "exists" | "setData":
            return api.StatResponse(stat)
        case "getData":
            return api.DataResponse(None if found["data"] is None else found["data"].encode(), stat)
        case "getChildren" | "getChildren2":
            return api.ChildrenResponse(tuple(found["children"]), stat)
    return api.DoneResponse()


class Line:
    """One connection of a client; what it takes in goes to `driver`."""

    def __init__(self, driver, server, connect):
        self.driver, self.server, self.connect = driver, server, connect
        self.session, self.asked, self.heard = connect.session, deque(), 0
        self.wire = None
        self.task = asyncio.create_task(self.run())

    async def run(self):
        begun = now()
        host, port = self.driver.addresses[self.server].rsplit(":", 1)
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            reader, self.wire = await asyncio.open_connection(host, int(port))
            said = self.connect
            password = said.password or bytes(16)
            head = struct.pack(">iqiqi", 0, said.zxid, said.timeout_ms, said.session, len(password))
            self.send(head + password + b"\0")
            self.welcome(begun, await self.frame(reader))
            while True:
                self.take(await self.frame(reader))
        if not self.driver.is_done:
            self.driver.handle(Deliver(self.server, HangUp(self.connect.connection), now()))

    async def frame(self, reader):
        """Return the next frame, when the client is awake."""
        frame = await reader.readexactly(int.from_bytes(await reader.readexactly(4), "big"))
        await self.driver.awake.wait()
        return frame

    def send(self, frame):
        self.wire.write(struct.pack(">i", len(frame)) + frame)

    def hear(self, message):
        self.heard += 1
        hear = Hear(self.connect.connection, self.heard, message)
        self.driver.handle(Deliver(self.server, hear, now()))

    def welcome(self, begun, frame):
        _, timeout_ms, session, length = struct.unpack_from(">iiqi", frame)
        if timeout_ms:
            self.session = session
            say(Began(session, timeout_ms, begun))
        else:
            say(Refused(self.connect.session, now()))
        self.hear(Connected(session, timeout_ms, frame[20 : 20 + length]))

    def ask(self, sequence, asked):
        COUNTS[self.session] += 1
        self.asked.append((sequence, COUNTS[self.session], asked))
        say(Sent(self.session, COUNTS[self.session], asked, now()))
        name, fields = packed(asked)
        self.send(struct.pack(">ii", XIDS.get(name, sequence), number_of(name)) + request(name, fields))

    def take(self, frame):
        """Take in what the server says next."""
        xid, zxid, err = struct.unpack_from(">iqi", frame)
        reader = Reader(frame)
        reader.take(16)
        if xid == -1:
            kind, _ = reader.number("i"), reader.number("i")
            event = api.Event(api.EventType(kind), reader.text())
            say(Told(self.session, event))
            self.hear(Noticed(event))
            return
        sequence, number, asked = self.asked.popleft()
        name, _ = packed(asked)
        assert xid == XIDS.get(name, sequence), "replies are in the order of the requests"
        response = api.ErrorResponse(Code(err)) if err else response_of(name, reader)
        say(Heard(self.session, number, zxid, response, now()))
        if isinstance(asked, api.CloseSessionRequest) and self.driver.node.is_finishing:
            self.driver.done()
        self.hear(Answered(sequence, zxid, response))

    def close(self):
        self.task.cancel()
        if self.wire is not None:
            self.wire.close()


class Driver:
    """Runs a node that is a client: its clock, its timers, its connection."""

    def __init__(self, node, addresses, seed):
        self.node, self.addresses = node, addresses
        self.dice = Dice(derive(seed, node.name))
        self.timers, self.line = {}, None
        self.awake, self.finished = asyncio.Event(), asyncio.Event()
        self.is_done = False
        self.handle(Start(derive(seed, f"{node.name} starts"), now()))

    def handle(self, event):
        if self.is_done:
            return
        for effect in self.node.handle(event):
            match effect:
                case Send(server, message):
                    self.send(server, message)
                case SetTimer(timer, low, high):
                    extra, self.dice = self.dice.below(high - low + 1)
                    self.cancel(timer)
                    self.timers[timer] = asyncio.get_running_loop().call_later(
                        (low + extra) / 1e6, self.fire, timer
                    )
                case CancelTimer(timer):
                    self.cancel(timer)
                case Output(Operation() | Stands() as record):
                    say(record)
        (self.awake.clear if self.node.is_asleep else self.awake.set)()

    def fire(self, timer):
        del self.timers[timer]
        self.handle(Timeout(timer, now()))

    def cancel(self, timer):
        if timer in self.timers:
            self.timers.pop(timer).cancel()

    def send(self, server, message):
        match message:
            case Connect():
                self.hang_up()
                self.line = Line(self, server, message)
            case Say(_, sequence, asked):
                self.line.ask(sequence, asked)
            case HangUp():
                self.hang_up()

    def hang_up(self):
        if self.line is not None:
            self.line.close()
            self.line = None

    def done(self):
        """Stop: the session is closed."""
        self.is_done = True
        self.finished.set()
        for timer in tuple(self.timers):
            self.cancel(timer)


# What the clients do.


class Client(StoreClient):
    """Does deeds until it is to finish, and then closes its session."""

    def __init__(self, name, **settings):
        super().__init__(name, operations=2**31, keys=KEYS, timeout_ms=TIMEOUT_MS, **settings)
        self.is_finishing = False

    def on_message(self, sender, message):
        if message == FINISH:
            self.is_finishing = True
            if not self.is_asleep and self.is_connected and not self.is_busy():
                self.do_next()
        else:
            super().on_message(sender, message)

    def do(self, deed):
        if deed == "children":
            self.ask(api.GetChildrenRequest(QUEUE, watch=True, stat=True))
            return
        if deed == "sleep":  # with a request under way, which a server may come to when the session is over
            self.add(api.Kind.EPHEMERAL_SEQUENTIAL, f"{QUEUE}/e-")
        super().do(deed)

    def do_next(self):
        if self.is_finishing:
            if not any(isinstance(asked, api.CloseSessionRequest) for _, asked in self.open):
                self.ask(api.CloseSessionRequest())
        else:
            super().do_next()

    def on_answer(self, request, response, zxid):
        """Look also whose the ephemeral znodes of others are."""
        if isinstance(request, api.GetChildrenRequest) and isinstance(response, api.ChildrenResponse):
            ephemerals = [name for name in response.children if name.startswith("e-")]
            if request.watch and ephemerals:
                self.ask(api.GetDataRequest(f"{QUEUE}/{max(ephemerals)}"))
        super().on_answer(request, response, zxid)


class Teller(Client):
    """Says what one server has, when all is over."""

    def __init__(self, name, **settings):
        super().__init__(name, **settings)
        self.todo = ()

    def on_connected(self):
        self.todo = tuple(f"/k{number}" for number in range(KEYS))
        self.ask(api.SyncRequest("/"))
        for path in ("/", QUEUE):
            self.ask(api.GetChildrenRequest(path, stat=True))

    def on_answer(self, request, response, zxid):
        match request, response:
            case api.GetChildrenRequest(path), api.ChildrenResponse(names):
                self.output(Stands(self.server, path, tuple(sorted(names))))
                if path == QUEUE:
                    self.todo += tuple(f"{QUEUE}/{name}" for name in sorted(names))
        super().on_answer(request, response, zxid)

    def do_next(self):
        if not self.todo:
            self.is_finishing = True
            super().do_next()
        elif self.todo[0].startswith("/k"):
            path, self.todo = self.todo[0], self.todo[1:]
            self.get(path)
        else:
            for path in self.todo[:TOGETHER]:
                self.ask(api.GetDataRequest(path))
            self.todo = self.todo[TOGETHER:]


def stop_at_end_of_input(stopping):
    """Nothing is ever said on standard input: what comes is its end."""
    asyncio.get_running_loop().remove_reader(sys.stdin.fileno())
    stopping.set()


def kind_of(mutant):
    """Return the class of the clients, broken as a mutant where one is named."""
    if mutant is None:
        return Client
    found = next(each for each in systems.mutants("zab-zookeeper") if each.id == mutant)
    return type("Broken", (Client, found.classes["client"]), {})


async def main(seed, addresses, deeds="", think=THINK_MS, mutant=None):
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_reader(sys.stdin.fileno(), stop_at_end_of_input, stopping)
    servers = {f"n{number}": address for number, address in enumerate(addresses, start=1)}
    kind = kind_of(mutant)
    settings = {"deeds": tuple(deeds.split(",")) if deeds else (), "think_ms": int(think)}
    drivers = [
        Driver(kind(f"c{number}-{seed}", servers=tuple(servers), **settings), servers, seed)
        for number in range(1, CLIENTS + 1)
    ]
    await stopping.wait()
    for driver in drivers:
        driver.handle(Deliver("driver", FINISH, now()))
    for driver in drivers:
        await driver.finished.wait()
    for server in servers:
        teller = Driver(Teller(f"{server}-{seed}", servers=(server,)), servers, seed)
        drivers.append(teller)
        await teller.finished.wait()
    for driver in drivers:
        driver.hang_up()


if __name__ == "__main__":
    told = sys.argv[2:]
    more = dict(each.split("=", 1) for each in told if "=" in each)
    asyncio.run(main(int(sys.argv[1]), [each for each in told if "=" not in each], **more))
