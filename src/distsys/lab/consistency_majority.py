"""A replica that asks a majority before it answers: the register of Attiya, Bar-Noy & Dolev 1995, for several writers.

A write asks all for the stamp that they hold, waits for a majority, and stores its value with a later stamp at a
majority. A read asks all for stamp and value, waits for a majority, takes the latest, and stores that at a majority
before it answers, lest a later read find an older value. Any two majorities have a replica in common, so each operation
hears of all that were answered before it began. A replica that cannot reach a majority does not answer.
"""

from __future__ import annotations

from typing import Any, ClassVar

from distsys.core.node import Node
from distsys.core.values import EMPTY, Map, record

from .consistency_replicas import Done, Get, Put, Value

Stamp = tuple[int, str]
FIRST: Stamp = (0, "")


@record
class Query:
    """One replica asks another what it holds of a key."""

    number: int
    key: str


@record
class Held:
    """The answer: a value and its stamp."""

    number: int
    value: Any
    stamp: Stamp


@record
class Store:
    """Keep this, unless you hold something later."""

    number: int
    key: str
    value: Any
    stamp: Stamp


@record
class Kept:
    """I do."""

    number: int


@record
class Job:
    """A request that this replica works on.

    heard  who has answered in this phase, this replica too
    """

    client: str
    f: str
    key: str
    value: Any
    phase: str = "query"
    stamp: Stamp = FIRST
    heard: frozenset[str] = frozenset()


class MajorityReplica(Node):
    """One copy of all keys, which answers its clients after two rounds to a majority.

    State: `held_values`, key -> (value, stamp); `jobs`, number -> `Job`. Left out: crashes, and that it asks again
    when a message is lost.
    """

    declared: ClassVar[dict[str, str]] = {"holds": "shown"}

    def __init__(self, name: str, disk: Map[str, Any] = EMPTY, *, others: tuple[str, ...] = ()) -> None:
        super().__init__(name, disk)
        self.others = others
        self.held_values: Map[str, tuple[Any, Stamp]] = EMPTY
        self.jobs: Map[int, Job] = Map()
        self.number = 0

    @property
    def shown(self) -> Map[str, Any]:
        """The values alone."""
        return Map({key: value for key, (value, _) in self.held_values.items()})

    def held(self, key: str) -> tuple[Any, Stamp]:
        """Return what this copy holds of a key."""
        return self.held_values.get(key, (None, FIRST))

    def on_message(self, sender: str, message: Any) -> None:
        """Begin a request, answer another replica, or go on with a request."""
        match message:
            case Put(key, value):
                self.begin(Job(sender, "put", key, value))
            case Get(key):
                self.begin(Job(sender, "get", key, None))
            case Query(number, key):
                self.send(sender, Held(number, *self.held(key)))
            case Store(number, key, value, stamp):
                self.keep(key, value, stamp)
                self.send(sender, Kept(number))
            case Held(number, value, stamp):
                self.on_held(sender, number, value, stamp)
            case Kept(number):
                self.on_kept(sender, number)

    def keep(self, key: str, value: Any, stamp: Stamp) -> None:
        """Keep the later of two values."""
        if stamp > self.held(key)[1]:
            self.held_values = self.held_values.set(key, (value, stamp))

    def begin(self, job: Job) -> None:
        """Ask, in the first round, what a majority holds."""
        self.number += 1
        self.jobs = self.jobs.set(self.number, job)
        self.broadcast(self.others, Query(self.number, job.key))
        self.on_held(self.name, self.number, *self.held(job.key))

    def on_held(self, sender: str, number: int, value: Any, stamp: Stamp) -> None:
        """Take the latest of what a majority holds; a write makes its own stamp later than that."""
        job = self.jobs.get(number)
        if job is None or job.phase != "query":
            return
        later = job.f == "get" and stamp > job.stamp
        job = Job(job.client, job.f, job.key, value if later else job.value, "query",
                  max(stamp, job.stamp), job.heard | {sender})  # fmt: skip
        self.jobs = self.jobs.set(number, job)
        if not self.is_majority(job.heard):
            return
        stamp = job.stamp if job.f == "get" else (job.stamp[0] + 1, self.name)
        self.jobs = self.jobs.set(number, Job(job.client, job.f, job.key, job.value, "store", stamp))
        self.keep(job.key, job.value, stamp)
        self.broadcast(self.others, Store(number, job.key, job.value, stamp))
        self.on_kept(self.name, number)

    def on_kept(self, sender: str, number: int) -> None:
        """Answer when a majority holds it."""
        job = self.jobs.get(number)
        if job is None or job.phase != "store":
            return
        heard = job.heard | {sender}
        self.jobs = self.jobs.set(
            number, Job(job.client, job.f, job.key, job.value, "store", job.stamp, heard)
        )
        if self.is_majority(heard):
            self.jobs = self.jobs.remove(number)
            self.send(job.client, Value(job.value, EMPTY) if job.f == "get" else Done(EMPTY))

    def is_majority(self, names: frozenset[str]) -> bool:
        """Return whether so many are more than half of all replicas."""
        return 2 * len(names) > len(self.others) + 1
