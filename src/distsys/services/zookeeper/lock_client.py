"""A client that takes a lock and gives it back, by the recipe of ZooKeeper's paper; sometimes it falls asleep.

Who wants the lock creates an ephemeral sequential znode under /lock. Who has the smallest number has the lock. All
others watch the znode just before their own, and nothing else: when it goes, one is told and not all ("without herd").
Then it looks again, for that znode may be gone because its owner has died while it waited.

An answer may be lost. So each attempt has a name of its own, and who does not know whether its znode was made lets its
server catch up and looks for that name, before it makes another: with two of them it would wait for itself.

Source: Hunt, Konar, Junqueira and Reed, "ZooKeeper: Wait-free coordination for Internet-scale systems", USENIX ATC
2010, section 2.4 ("Simple Locks without Herd Effect"); protected creation of Apache Curator.
"""

from __future__ import annotations

from typing import Any

from distsys.core.errors import whole_number
from distsys.core.units import MS
from distsys.core.values import EMPTY, Map, record

from .requests import (
    ChildrenResponse,
    CreateRequest,
    DeleteRequest,
    ErrorResponse,
    Event,
    ExistsRequest,
    GetChildrenRequest,
    Kind,
    PathResponse,
    SyncRequest,
)
from .witness import Witness

LOCK = "/lock"
DIGITS = 10  # of the number of a sequential znode


@record
class LockTaken:
    """A session has the lock, by this znode, as of this zxid."""

    session: int
    path: str
    zxid: int


@record
class LockGiven:
    """It has given the lock back, or its session has ended."""

    session: int
    path: str


def in_line(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names of sequential znodes by their numbers.

    >>> in_line(("b-0000000001", "a-0000000002", "c-0000000000"))
    ('c-0000000000', 'b-0000000001', 'a-0000000002')
    """
    return tuple(sorted(names, key=lambda name: name[-DIGITS:]))


class LockClient(Witness):
    """Takes the lock `rounds` times.

    It does one thing at a time, and `doing` says which: "claim" (make a znode), "find" (it may be made already),
    "look" (who is before me), "watch", "wait" (until that one goes), "hold", "release". State, volatile: `prefix`, the
    name of this attempt; `mine`, the own znode; `awaited`, the one before it.
    Timers: "next", before a round; "release".
    """

    def __init__(
        self,
        name: str,
        disk: Map[str, Any] = EMPTY,
        *,
        rounds: int = 4,
        hold_ms: int = 200,
        **settings: Any,
    ) -> None:
        super().__init__(name, disk, **settings)
        self.rounds = whole_number("rounds", rounds)
        self.hold_ms = whole_number("hold_ms", hold_ms)
        self.doing = ""
        self.prefix = self.mine = self.awaited = ""

    # Sessions.

    def on_session(self) -> None:
        self.ask(CreateRequest(LOCK))
        self.rest()

    def on_connected(self) -> None:
        """Go on with what the end of the connection has interrupted."""
        match self.doing:
            case "":
                self.rest()
            case "claim" | "find":
                self.find()
            case "look" | "watch":
                self.look()
            case "release":
                self.release()

    def on_expired(self) -> None:
        """With the session all of it is gone."""
        if self.doing in ("hold", "release"):
            self.output(LockGiven(self.session_before, self.mine))
        elif self.doing:
            self.note("has lost its session while it waited")
        self.stop()

    @property
    def session_before(self) -> int:
        """The session in which the own znode was made: its owner."""
        return int(self.prefix.partition("-")[0], 16) if self.prefix else 0

    def stop(self) -> None:
        """Forget what is going on."""
        self.doing = self.prefix = self.mine = self.awaited = ""
        self.cancel_timer("release")

    def rest(self) -> None:
        """Begin a round in a while."""
        self.set_timer("next", 0, self.hold_ms * MS)

    # The recipe.

    def claim(self) -> None:
        """Make a znode of this attempt."""
        self.doing = "claim"
        self.ask(CreateRequest(f"{LOCK}/{self.prefix}", kind=Kind.EPHEMERAL_SEQUENTIAL))

    def find(self) -> None:
        """Look whether the znode of this attempt is there."""
        self.doing = "find"
        self.ask(SyncRequest(LOCK))
        self.ask(GetChildrenRequest(LOCK))

    def look(self) -> None:
        """See who is before this client."""
        self.doing = "look"
        self.ask(GetChildrenRequest(LOCK))

    def on_children(self, names: tuple[str, ...], zxid: int) -> None:
        """Take the lock, or watch the znode before the own one."""
        line = in_line(names)
        own = [name for name in line if name.startswith(self.prefix)]
        if not own:
            if self.doing == "find":
                self.claim()
            else:
                self.note("finds its own znode gone")
                self.stop()
                self.rest()
            return
        self.mine = f"{LOCK}/{own[0]}"
        place = line.index(own[0])
        if place == 0:
            self.has_the_lock(zxid)
        else:
            self.doing, self.awaited = "watch", f"{LOCK}/{self.predecessor(line, place)}"
            self.ask(ExistsRequest(self.awaited, watch=True))

    def predecessor(self, line: tuple[str, ...], place: int) -> str:
        """Return whom to watch: the one just before."""
        return line[place - 1]

    def on_event(self, event: Event) -> None:
        if self.doing in ("watch", "wait") and event.path == self.awaited:
            self.on_turn()

    def on_turn(self) -> None:
        """The znode before the own one is gone; others may be before it still."""
        self.look()

    def has_the_lock(self, zxid: int) -> None:
        """Hold the lock for a while."""
        self.output(LockTaken(self.session, self.mine, zxid))
        self.doing = "hold"
        self.hold()

    def hold(self) -> None:
        """Let the lock go in a while; sometimes sleep through it."""
        chance, self.dice = self.dice.below(8)
        if chance == 0:
            self.sleep(self.timeout_ms, 2 * self.timeout_ms)
        else:
            self.set_timer("release", 0, self.hold_ms * MS)

    def release(self) -> None:
        """Give the lock back."""
        self.doing = "release"
        self.ask(DeleteRequest(self.mine))

    def on_awake(self) -> None:
        match self.doing:
            case "hold":
                self.set_timer("release", 0)
            case "":
                self.rest()

    def on_answer(self, request: Any, response: Any, zxid: int) -> None:
        match self.doing, request, response:
            case "claim", CreateRequest(path), PathResponse(made) if path != LOCK:
                self.mine = made
                self.look()
            case "claim", CreateRequest(path), ErrorResponse() if path != LOCK:
                self.ask(CreateRequest(LOCK))  # the first time it may have been lost
                self.claim()
            case "look" | "find", GetChildrenRequest(), ChildrenResponse(names):
                self.on_children(names, zxid)
            case "look" | "find", GetChildrenRequest(), ErrorResponse():
                self.on_children((), zxid)
            case "watch", ExistsRequest(), ErrorResponse():
                self.look()
            case "watch", ExistsRequest(), _:
                self.doing = "wait"
                self.maybe_sleep()
            case "release", DeleteRequest(), _:
                self.output(LockGiven(self.session, self.mine))
                self.stop()
                self.rest()

    def maybe_sleep(self) -> None:
        """Fall asleep while waiting, sometimes, and go on not knowing that the session ends."""
        chance, self.dice = self.dice.below(8)
        if chance == 0:
            self.sleep(self.timeout_ms, 2 * self.timeout_ms)

    def on_timeout(self, timer: str) -> None:
        match timer:
            case "next" if not self.is_asleep:
                if self.is_connected and self.doing == "" and self.rounds > 0:
                    self.rounds -= 1
                    self.prefix = f"{self.session:x}-{self.name}.{self.rounds}-"
                    self.claim()
            case "release" if not self.is_asleep:
                if self.is_connected and self.doing == "hold":
                    self.release()
                elif self.doing == "hold":
                    self.set_timer("release", 0, self.hold_ms * MS)
            case _:
                super().on_timeout(timer)
