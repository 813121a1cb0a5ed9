"""`Runtime`: one node in this process of the operating system, over TCP, with a real clock and a real disk.

The node is the one that was simulated and explored: events go in one by one through `handle`, and the effects are
carried out in the order written.

- `Persist` changes the contents of the disk in memory, and a commit makes that durable. **A message that stands after a
  `Persist` leaves when the commit that covers it is done**, and not before. While the disk works, further events are
  handled; what they persist shares the next commit (group commit), and what they send waits in line, so the order
  of messages is that of the effects.
  Where a class declares messages that reveal nothing of what their step persists (`drivers.early`), these leave first,
  and the disks of several nodes work at the same time. Not where a diary is kept: it tells of each step in the order
  of the node, and a crash in a step as a beginning of that.
- `SetTimer` draws from the asked range. `Send` to a peer that cannot be reached is dropped.
- A handler that fails, and a disk that fails, stop the process: it is then a crashed node, which its peers bear. What
  it goes on with after a restart is what its disk has.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import secrets
import socket
import time
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from distsys.core.errors import DistsysError, file_path, shown
from distsys.core.events import (
    CancelTimer,
    Deliver,
    Effect,
    Event,
    Output,
    Persist,
    Send,
    SetTimer,
    Start,
    Timeout,
)
from distsys.core.systems import Cluster
from distsys.core.values import Map

from .connection import USUAL, Limits
from .diary import Diary, Origin
from .disk import Disk
from .early import reordered
from .frames import Frame, Hello, Post, Seen
from .settings import checked_cluster
from .transport import Transport

HELD_MAX = 5_000  # effects that wait for the disk before no more is read


class NodeFailedError(DistsysError):
    """A node cannot go on; the text says why."""


def anything(message: Any) -> bool:
    """Accept all that a client may send."""
    return True


class Runtime:
    """Runs the node `name` of a cluster from the folder `folder`, where its disk and its diary are.

    addresses  node -> "host:port" of all nodes
    token      what peers and control must show
    accepts    which messages of clients reach the node; for a service, its calls. Others are counted and dropped
    on_output  what to do with each `Output`
    on_unsent  (to, message): what to do with a message to a peer that has certainly not left; without it nothing
    record     whether to keep a diary; from the first start on or never, for a run that is told from the middle
               cannot be replayed
    origin     the time that the clock of the run calls 0, in microseconds of Unix time
    """

    def __init__(
        self,
        cluster: Cluster,
        name: str,
        folder: str | Path,
        *,
        addresses: Mapping[str, str],
        token: str,
        accepts: Callable[[Any], bool] = anything,
        on_output: Callable[[Any], None] | None = None,
        on_unsent: Callable[[str, Any], None] | None = None,
        record: bool = False,
        origin: int = 0,
        limits: Limits = USUAL,
    ) -> None:
        folder = file_path("folder", folder)
        self.name = name
        self.disk = Disk(folder)
        self.diary = (
            Diary(folder / "diary.jsonl", disk=self.disk.contents, kept=self.disk.mark) if record else None
        )
        self.number = self.diary.number if self.diary else self.disk.mark
        self.node = checked_cluster(cluster).make(name, self.disk.contents)
        self.transport = Transport(
            name, addresses, token, on_post=self._on_post, on_batch=self._drain, on_control=self._on_control,
            limits=limits,
        )  # fmt: skip
        self.counters = dict.fromkeys(
            ("events", "commits", "commit_us", "commit_us_max", "sent", "dropped", "refused"), 0
        )
        self.on_drained: Callable[[], None] | None = None  # all that came is handled
        self.residents: dict[str, Callable[[Any], None]] = {}  # what takes the messages of clients in here
        self._accepts, self._on_output = accepts, on_output
        self.on_unsent = on_unsent
        self._origin = origin
        self._monotonic_base = time.monotonic_ns() // 1000
        self._clock_base = max(0, time.time_ns() // 1000 - origin)
        self._inbox: deque[tuple[str, Event, Origin | None]] = deque()
        # What waits for the disk: for the commit of which step, then step, place and effect.
        self._held: deque[tuple[int, int, int, Send | Output]] = deque()
        self._persisted = 0  # the last step that persisted something
        self._is_draining_soon = False
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._ended: asyncio.Future[None] | None = None
        self._commits: asyncio.Task[None] | None = None
        self._executor = ThreadPoolExecutor(1, thread_name_prefix=f"disk-{name}")

    def clock(self) -> int:
        """Return the time of this node, microseconds: it runs steadily, whatever is done to the clock on the wall."""
        return self._clock_base + time.monotonic_ns() // 1000 - self._monotonic_base

    # The life of the process.

    async def run(self, listening: socket.socket, on_ready: Callable[[], None] | None = None) -> None:
        """Run until `stop`; an error says why the node could not go on. `on_ready` is called when clients may come."""
        self._ended = asyncio.get_running_loop().create_future()
        try:
            await self.transport.start(listening)
            kind = "restart" if self.number else "start"
            self._inbox.append((kind, Start(secrets.randbits(63), self.clock()), None))
            self._drain()
            if on_ready is not None:
                on_ready()
            await self._ended
        finally:
            await self._close()

    def stop(self) -> None:
        """End `run`. For the node this is a crash: it is built to bear one at any time."""
        self._end(None)

    def _end(self, problem: BaseException | None) -> None:
        if self._ended is None or self._ended.done():
            return
        if problem is None:
            self._ended.set_result(None)
        else:
            self._ended.set_exception(problem)

    async def _close(self) -> None:
        for timer in self._timers.values():
            timer.cancel()
        if self._commits is not None:
            await asyncio.wait([self._commits])
        await self.transport.stop()
        self._executor.shutdown()
        if self.diary is not None:
            with contextlib.suppress(OSError):  # that is why the node ends
                self.diary.close()
        self.disk.close()

    # Clients in this process.

    def deliver(self, resident: str, message: Any) -> None:
        """Hand the node a message of a client that lives in this process; it is handled soon, with others that came."""
        self._inbox.append(("invoke", Deliver(resident, message, self.clock()), None))
        if not self._is_draining_soon:
            self._is_draining_soon = True
            asyncio.get_running_loop().call_soon(self._drain)

    # Events.

    def _on_post(self, hello: Hello, post: Post) -> None:
        """A message has arrived; it is handled with the batch that it came in."""
        if hello.role == "peer":
            origin = (post.id, post.place)
            self._inbox.append(("deliver", Deliver(hello.name, post.message, self.clock()), origin))
        elif self._accepts(post.message) and hello.name not in self.residents:
            self._inbox.append(("invoke", Deliver(hello.name, post.message, self.clock()), None))
        else:
            self.counters["refused"] += 1

    def _fire(self, timer: str, origin: Origin) -> None:
        self._timers.pop(timer, None)
        self._inbox.append(("timeout", Timeout(timer, self.clock()), origin))
        self._drain()

    def _drain(self) -> None:
        """Let the node handle all that has come, then let go what need not wait, and see to the disk."""
        assert self._ended is not None, f"{self.name} has not been started"
        self._is_draining_soon = False
        while self._inbox and not self._ended.done():
            kind, event, origin = self._inbox.popleft()
            try:
                self._handle(kind, event, origin)
            except Exception as problem:
                self._end(_failure(f"{self.name}, handling {shown(event, 200)}, failed", problem))
        if self.on_drained is not None and not self._ended.done():
            self.on_drained()
        if self._is_written_down():
            self.transport.flush()
        else:
            self.transport.forget_posts()
        self.transport.hold(len(self._held) > HELD_MAX)
        if self.disk.is_dirty and self._commits is None and not self._ended.done():
            self._commits = asyncio.get_running_loop().create_task(self._commit_all())

    def _is_written_down(self) -> bool:
        """Write the diary. Where that fails the node ends, and nothing leaves that its diary does not tell of."""
        assert self._ended is not None, f"{self.name} has not been started"
        try:
            if self.diary is not None:
                self.diary.flush()
        except OSError as problem:
            self._end(_failure(f"{self.name}: the diary cannot be written", problem))
            return False
        return True

    def _handle(self, kind: str, event: Event, origin: Origin | None) -> None:
        """Let the node handle one event, write the step down, and carry out its effects."""
        effects = self.node.handle(event)
        self.counters["events"] += 1
        if self.diary is not None:
            self.number = self.diary.step(self.clock(), kind, event, effects, origin)
        else:
            self.number += 1
            effects = reordered(self.node, effects)
        for place, effect in enumerate(effects):
            self._carry_out(place, effect)

    def _carry_out(self, place: int, effect: Effect) -> None:
        match effect:
            case Persist(changes):
                self.disk.persist(changes)
                self._persisted = self.number
            case Send() | Output():
                if self._held or self.disk.is_dirty:
                    self._held.append((self._persisted, self.number, place, effect))
                else:
                    self._release(self.number, place, effect)
            case SetTimer(timer, low, high):
                self._cancel(timer)
                delay = random.randint(low, high) / 1_000_000
                loop, origin = asyncio.get_running_loop(), (f"{self.name}#{self.number}", place)
                self._timers[timer] = loop.call_later(delay, self._fire, timer, origin)
            case CancelTimer(timer):
                self._cancel(timer)

    def _cancel(self, timer: str) -> None:
        running = self._timers.pop(timer, None)
        if running is not None:
            running.cancel()

    def _release(self, number: int, place: int, effect: Send | Output) -> None:
        """Let a message or an output go: all that was persisted before it is durable."""
        if isinstance(effect, Output):
            if self._on_output is not None:
                self._on_output(effect.value)
            return
        id = f"{self.name}#{number}"
        if effect.to == self.name:
            self._inbox.append(("deliver", Deliver(self.name, effect.message, self.clock()), (id, place)))
            return
        if effect.to in self.residents:
            self.residents[effect.to](effect.message)
            return
        why = self.transport.post(effect.to, Post(id, place, effect.message))
        self.counters["dropped" if why else "sent"] += 1
        if why is not None and self.diary is not None:
            self.diary.drop(self.clock(), number, place, effect.to, why)
        if why == "down" and self.on_unsent is not None and effect.to in self.transport.addresses:
            self.on_unsent(effect.to, effect.message)

    # The disk.

    async def _commit_all(self) -> None:
        """Commit until nothing is left to commit; each time all that was persisted up to then, as one record."""
        loop = asyncio.get_running_loop()
        try:
            while self.disk.is_dirty:
                contents, number, began = self.disk.contents, self.number, self.clock()
                await loop.run_in_executor(self._executor, self.disk.commit, contents, number)
                self._count_commit(self.clock() - began)
                self._let_go(number)
        except Exception as problem:
            self._end(_failure(f"{self.name}: the disk failed", problem))
        finally:
            self._commits = None

    def _count_commit(self, took_us: int) -> None:
        self.counters["commits"] += 1
        self.counters["commit_us"] += took_us
        self.counters["commit_us_max"] = max(took_us, self.counters["commit_us_max"])

    def _let_go(self, number: int) -> None:
        """Release what waited for a commit that covers the steps up to `number`, then handle what that brought."""
        while self._held and self._held[0][0] <= number:
            self._release(*self._held.popleft()[1:])
        self._drain()

    # Control.

    def _on_control(self, frame: Frame) -> Frame:
        """Say how this node is."""
        shows = {shown_as: _field(self.node, path) for shown_as, path in self.node.declared.items()}
        return Seen(self.name, Map(shows), Map({**self.counters, "held": len(self._held)}))


def _field(node: Any, path: str) -> str:
    """Return a declared field as text; "raft.role" is the field `role` of what is embedded as `raft`."""
    value: Any = node
    for part in path.split("."):
        value = getattr(value, part, None)
    return getattr(value, "name", None) or shown(value, 200)


def _failure(where: str, problem: BaseException) -> NodeFailedError:
    failure = NodeFailedError(f"{where}: {type(problem).__name__}: {problem}")
    failure.__cause__ = problem
    return failure
