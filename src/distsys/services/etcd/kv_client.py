"""A client of the store, which asks at random, once: who hears nothing does not know what became of its request."""

from __future__ import annotations

from typing import Any

from distsys.core.errors import ArgumentError, shown
from distsys.core.operations import FAIL, OK, Operation
from distsys.core.units import MS
from distsys.core.values import EMPTY, Map, record

from ..client import Client
from ..replicated import Reply
from .api import (
    Compare,
    CompareResult,
    CompareTarget,
    DeleteRangeRequest,
    PutRequest,
    RangeRequest,
    TxnRequest,
)
from .errors import TIMED_OUT
from .member import failed

KINDS = ("get", "get", "get", "put", "put", "cas", "cas", "delete")


@record
class Wish:
    """What an operation is in a history; for a cas, `expected` is the revision that last changed the key.

    With `twice`, a put sets a copy of the key as well, in one transaction: two events of one revision.
    """

    f: str
    key: str
    value: str | None = None
    expected: int = 0
    twice: bool = False

    def request(self) -> Any:
        """Return how etcd is asked for it."""
        key, value = self.key.encode(), (self.value or "").encode()
        match self.f:
            case "get":
                return RangeRequest(key)
            case "put" if self.twice:
                return TxnRequest((), (PutRequest(key, value), PutRequest(key + b"-copy", value)))
            case "put":
                return PutRequest(key, value)
            case "delete":
                return DeleteRangeRequest(key)
            case "cas":
                unchanged = Compare(CompareResult.EQUAL, CompareTarget.MOD, key, self.expected)
                return TxnRequest((unchanged,), (PutRequest(key, value),))
        raise ArgumentError(f"f must be get, put, delete or cas, but it is {shown(self.f)}")

    def answer(self, response: Any) -> Any:
        """Return what stands in a history for a response (`checkers.spec_revisions`)."""
        revision = response.header_revision
        match self.f:
            case "get":
                kv = response.kvs[0] if response.kvs else None
                return (kv.value.decode(), kv.mod_revision, revision) if kv else (None, 0, revision)
            case "put":
                return revision
            case "delete":
                return response.deleted, revision
        return response.succeeded, revision


class EtcdClient(Client):
    """Asks random operations on a few keys, each of one member and once; the next is asked of another if it must be.

    State, volatile, beside that of a client: `wish`, the open operation; `seen` (key -> the revision that last changed
    it, as far as this client knows), for a cas that may succeed.
    """

    def __init__(self, name: str, disk: Map[str, Any] = EMPTY, **settings: Any) -> None:
        super().__init__(name, disk, tries_max=1, retry_ms=400, **settings)
        self.wish = Wish("get", "")
        self.seen: Map[str, int] = EMPTY

    def begin_a_life(self) -> None:
        super().begin_a_life()
        self.turn_to_another()

    def turn_to_another(self) -> None:
        """Ask the next server from now on."""
        place = self.servers.index(self.server) + 1
        self.server = self.servers[place % len(self.servers)]

    def choose_a_command(self) -> Any:
        """Return a random request; values are never the same twice."""
        kind, self.dice = self.dice.choose(KINDS)
        number, self.dice = self.dice.below(self.keys)
        key, value = f"k{number}", f"{self.session()}:{self.sequence}"
        twice = kind == "put" and self.sequence % 2 == 0
        self.wish = Wish(kind, key, value, self.seen.get(key, 0), twice)
        return self.wish.request()

    def report(self, type: str, result: Any = None) -> None:
        wish, value = self.wish, None
        if type == OK:
            value = wish.answer(result)
        elif wish.f == "put":
            value = wish.value
        elif wish.f == "cas":
            value = (wish.expected, wish.value)
        self.output(Operation(self.session(), type, wish.f, wish.key, value, self.now))

    def on_message(self, sender: str, message: Any) -> None:
        """Take an answer in; one with an error says that nothing was done."""
        call = self.open
        if call is None or not isinstance(message, Reply) or message.result == TIMED_OUT:
            return
        if not failed(message.result):
            super().on_message(sender, message)
        elif (message.session, message.sequence) == (call.session, call.sequence):
            self.report(FAIL)
            self.open = None
            self.cancel_timer("retry")
            self.turn_to_another()
            self.set_timer("next", 0, self.retry_ms * MS)

    def learn(self, command: Any, result: Any) -> None:
        """Keep the revision that an answer tells."""
        if self.wish.f == "get":
            self.seen = self.seen.set(self.wish.key, self.wish.answer(result)[1])
        elif self.wish.f == "put":
            self.seen = self.seen.set(self.wish.key, result.header_revision)
