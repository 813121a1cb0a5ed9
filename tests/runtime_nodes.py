"""A node that echoes, and runtimes of it inside one process, for the tests of the runtime."""

import asyncio
import contextlib
import threading

from distsys.core import systems
from distsys.core.node import Node
from distsys.core.systems import System, alike
from distsys.core.values import EMPTY, record
from distsys.drivers.frames import FrameReader, Goodbye, Hello, Post, framed
from distsys.drivers.runtime import Runtime
from distsys.drivers.transport import listen

TOKEN = "secret"


@record
class Write:
    """Persist `value`, then answer."""

    value: int


@record
class Ask:
    """Answer what was written last."""


@record
class Early:
    """Answer, persist `value`, and answer again."""

    value: int


@record
class Tell:
    """Send a `Write` to `peer`; with `after`, in so many microseconds."""

    peer: str
    value: int
    after: int = 0


@record
class Enter:
    """Persist `key` as one more entry of a map."""

    key: str


@record
class Fail:
    """Fail."""


class Echo(Node):
    """Keeps one number on its disk."""

    declared = {"value": "value"}  # noqa: RUF012

    def __init__(self, name, disk=EMPTY, *, peers=()):
        super().__init__(name, disk)
        self.peers = peers
        self.value = disk.get("value", 0)
        self.entries = disk.get("entries", EMPTY)
        self.told = None

    def write(self, value):
        self.value = value
        self.persist(value=value)

    def on_message(self, sender, message):
        match message:
            case Write(value):
                self.write(value)
                self.send(sender, ("wrote", value))
            case Ask():
                self.send(sender, ("has", self.value))
            case Early(value):
                self.send(sender, ("before", value))
                self.write(value)
                self.send(sender, ("after", value))
            case Tell(peer, value, after):
                self.told = (peer, value)
                self.set_timer("tell", after)
            case Enter(key):
                self.entries = self.entries.set(key, 1)
                self.persist(entries=self.entries)
            case Fail():
                raise ValueError("it was told to fail")

    def on_timeout(self, timer):
        peer, value = self.told
        self.send(peer, Write(value))
        self.output(("told", peer))


class EarlyEcho(Echo):
    """Answers before the disk has what it was told."""

    sent_early = ((tuple, "value"),)


ECHO = systems.register(System("echo", "Nodes that echo.", {"process": Echo}, alike(), ()))
EARLY = systems.register(System("early-echo", "Nodes in a hurry.", {"process": EarlyEcho}, alike(), ()))


class SlowDisk:
    """Lets the commits of a runtime begin only when a test says so.

    No thread waits for a commit to begin: one that waited for ever would keep the interpreter from ending.
    """

    def __init__(self, runtime):
        self.loop, self.begun = asyncio.get_running_loop(), asyncio.Semaphore(0)
        self.go_on = threading.Semaphore(0)
        self.commit = runtime.disk.commit
        runtime.slow_disk = self
        runtime.disk.commit = self.slowly

    def slowly(self, contents, mark):
        """Commit, with leave."""
        self.loop.call_soon_threadsafe(self.begun.release)
        self.go_on.acquire()
        self.commit(contents, mark)

    async def wait_until_begun(self):
        """Return when a commit has begun."""
        await self.begun.acquire()


class Cluster:
    """Runtimes of echo nodes in this process."""

    def __init__(self, folder, nodes=2, system="echo", **settings):
        self.cluster = systems.build(system, nodes=nodes)
        self.ports = {name: listen("127.0.0.1:0") for name in self.cluster.names}
        self.addresses = {name: f"127.0.0.1:{port.getsockname()[1]}" for name, port in self.ports.items()}
        self.folder, self.settings = folder, settings
        self.runtimes, self.tasks, self.outputs, self.callers = {}, {}, [], []

    async def start(self, *names):
        """Start nodes."""
        for name in names or self.cluster.names:
            runtime = Runtime(
                self.cluster, name, self.folder / name, addresses=self.addresses, token=TOKEN,
                on_output=self.outputs.append, **self.settings,
            )  # fmt: skip
            ready = asyncio.Event()
            self.runtimes[name] = runtime
            self.tasks[name] = asyncio.create_task(
                runtime.run(listen(self.addresses[name]), on_ready=ready.set)
            )
            waiting = asyncio.create_task(ready.wait())
            await asyncio.wait([waiting, self.tasks[name]], return_when=asyncio.FIRST_COMPLETED)
            waiting.cancel()
        return self.runtimes[(names or self.cluster.names)[0]]

    async def stop(self, *names):
        """Stop nodes."""
        for name in names or tuple(self.runtimes):
            runtime = self.runtimes.pop(name)
            runtime.stop()
            if hasattr(runtime, "slow_disk"):
                runtime.slow_disk.go_on.release(1000)  # also when the test has failed
            with contextlib.suppress(Exception):
                await self.tasks.pop(name)

    async def __aenter__(self):
        await self.start()
        return self

    async def __aexit__(self, *problem):
        for known in self.callers:
            await known.close()
        await self.stop()
        for port in self.ports.values():
            port.close()


class Caller:
    """A raw connection to a node."""

    def __init__(self, address):
        self.host, _, self.port = address.rpartition(":")
        self.frames = FrameReader()
        self.waiting = []

    async def open(self, hello=None):
        """Connect, and say hello where there is one."""
        self.reader, self.writer = await asyncio.open_connection(self.host, int(self.port))
        if hello is not None:
            await self.write(framed(hello))
            self.welcome = await self.frame()
        return self

    async def write(self, data):
        """Write bytes as they are."""
        self.writer.write(data)
        await self.writer.drain()

    async def frame(self):
        """Return the next frame; None at the end."""
        while not self.waiting:
            data = await self.reader.read(65536)
            if not data:
                return None
            self.waiting.extend(self.frames.feed(data))
        return self.waiting.pop(0)

    async def ask(self, message):
        """Send a message and return the message that answers."""
        await self.write(framed(Post("caller", 0, message)))
        return await self.answer()

    async def answer(self):
        """Return the next message."""
        frame = await self.frame()
        return frame.message if isinstance(frame, Post) else frame

    async def reason(self):
        """Return why the other side closed the connection."""
        frame = await self.frame()
        assert isinstance(frame, Goodbye), frame
        assert await self.frame() is None
        return frame.reason

    async def close(self):
        """Close it."""
        self.writer.close()
        with contextlib.suppress(OSError):
            await self.writer.wait_closed()


async def caller(cluster, name="n1", who="ann"):
    """Return a client that is connected to a node."""
    return await connect(cluster, name, Hello("client", who))


async def connect(cluster, name="n1", hello=None):
    """Return a raw connection to a node, which is closed with the cluster."""
    cluster.callers.append(Caller(cluster.addresses[name]))
    return await cluster.callers[-1].open(hello)
