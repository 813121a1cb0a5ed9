"""A client that tells what it asks and what it is shown, so that laws can judge it; and that can fall asleep."""

from __future__ import annotations

from typing import Any

from distsys.core.units import MS
from distsys.core.values import EMPTY, Map, record

from .requests import CHANGES, Event, PingRequest, SyncRequest
from .server import Answered, Noticed
from .session_client import SessionClient


@record
class Asked:
    """A session asks for a synchronisation; `count` says how many it has asked for."""

    session: int
    count: int


@record
class Shown:
    """A session is answered.

    zxid    what the server had applied when it answered
    asked   how many changes the session had asked for before this request
    syncs   the same of synchronisations, this one included
    """

    session: int
    zxid: int
    request: Any
    response: Any
    asked: int
    syncs: int


@record
class Told:
    """A session is told that a watch has fired."""

    session: int
    event: Event


class Witness(SessionClient):
    """Outputs Asked, Shown and Told.

    State, volatile: `changes` and `syncs`, how many this session has asked for; `before` (the number of an open request
    -> both counts); `is_asleep`: nothing is said or heard, as in a process that hangs, and servers let the session end.
    Timers: "wake".
    """

    def __init__(self, name: str, disk: Map[str, Any] = EMPTY, **settings: Any) -> None:
        super().__init__(name, disk, **settings)
        self.changes = 0
        self.syncs = 0
        self.before: Map[int, tuple[int, int]] = Map()
        self.is_asleep = False

    def connect(self) -> None:
        super().connect()
        self.before = Map()

    def begin(self, session: int) -> None:
        if session != self.session:
            self.changes = self.syncs = 0
        super().begin(session)

    def ask(self, request: Any) -> None:
        if isinstance(request, SyncRequest):
            self.syncs += 1
            self.output(Asked(self.session, self.syncs))
        super().ask(request)
        self.before = self.before.set(self.said, (self.changes, self.syncs))
        self.changes += isinstance(request, CHANGES)

    def text(self) -> str:
        """Return a value that nobody else writes: the session, and the number of the change that it is for."""
        return f"{self.session:x}:{self.changes + 1}"

    def take(self, said: Any) -> None:
        match said:
            case Answered(sequence, zxid, response):
                request = self.open[0][1]
                asked, syncs = self.before.get(sequence, (0, 0))
                self.before = self.before.remove(sequence)
                if not isinstance(request, PingRequest):
                    self.output(Shown(self.session, zxid, request, response, asked, syncs))
            case Noticed(event):
                self.output(Told(self.session, event))
        super().take(said)

    # Sleep.

    def sleep(self, low_ms: int, high_ms: int) -> None:
        """Fall asleep for a while."""
        self.note("falls asleep")
        self.is_asleep = True
        self.set_timer("wake", low_ms * MS, high_ms * MS)

    def on_awake(self) -> None:
        """React to the end of the sleep; nothing has been heard meanwhile."""

    def on_message(self, sender: str, message: Any) -> None:
        if not self.is_asleep:
            super().on_message(sender, message)

    def on_timeout(self, timer: str) -> None:
        if timer == "wake" and self.is_asleep:
            self.is_asleep = False
            self.set_timer("ping", 0)
            self.hear()
            self.on_awake()
        elif not self.is_asleep:
            super().on_timeout(timer)
