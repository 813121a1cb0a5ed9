"""Histories made for measuring checkers: random ones, some with a lie in them, and families that are hard on purpose.

A random history comes from an object that does each operation in one moment between its invoke and its end, so
without lies it is linearizable. With `lies` some answers are changed, and nobody has decided whether the
result still fits: that is for the checkers to say.
"""

from __future__ import annotations

from random import Random
from typing import Any

from ..checkers import History
from ..core.errors import whole_number
from ..core.operations import INFO, INVOKE, OK, Operation

VALUES = 3  # so few that a lie is often the answer of another order


def random_history(
    seed: int, *, clients: int = 3, calls: int = 6, lies: int = 0, crashes: int = 0, keys: int = 0
) -> History:
    """Return a history of `calls` reads, writes and compare-and-sets of a register, by `clients` clients.

    `lies` and `crashes` are chances in percent: of each answered read that another value is put in its place, of each
    operation that its client never hears the answer (and then half of them happen). With `keys` there is a register
    for each of so many keys.

    >>> random_history(1, clients=2, calls=4)
    <History: 4 operations of 2 processes; 4 ok>
    """
    for name, number in (("clients", clients), ("calls", calls)):
        whole_number(name, number, at_least=1)
    for name, number in (("lies", lies), ("crashes", crashes)):
        whole_number(name, number, at_least=0, at_most=100)
    whole_number("keys", keys, at_least=0)
    whole_number("seed", seed)
    return History(_Run(Random(seed), clients, calls, lies, crashes, keys).events())


class _Run:
    """An atomic register for each key, and clients that use it."""

    def __init__(self, dice: Random, clients: int, calls: int, lies: int, crashes: int, keys: int) -> None:
        self.dice, self.left, self.lies, self.crashes = dice, calls, lies, crashes
        self.keys: list[str | None] = [f"k{number}" for number in range(keys)] or [None]
        self.values: dict[Any, Any] = {}
        self.names = [f"c{number}" for number in range(1, clients + 1)]
        self.lives = [1] * clients
        self.open: list[Operation | None] = [None] * clients  # invoked, not yet done
        self.done: list[Operation | None] = [None] * clients  # done, not yet answered
        self.found: list[Operation] = []

    def events(self) -> list[Operation]:
        """Return all events: again and again one client takes its next step."""
        while self.left or any(self.open) or any(self.done):
            self._move(self.dice.randrange(len(self.names)))
        return self.found

    def _move(self, who: int) -> None:
        asked, ended = self.open[who], self.done[who]
        if ended is not None:
            self.found.append(ended)
            self.done[who] = None
        elif asked is not None:
            self.open[who] = None
            self._happen(who, asked)
        elif self.left:
            self.left -= 1
            self.open[who] = self._ask(who)
            self.found.append(self.open[who])  # type: ignore[arg-type]

    def _ask(self, who: int) -> Operation:
        dice, name = self.dice, self.names[who]
        f = dice.choice(("read", "read", "write", "cas"))
        pair = (dice.randrange(VALUES), dice.randrange(VALUES))
        value = {"read": None, "write": pair[0], "cas": pair}[f]
        return Operation(f"{name}.{self.lives[who]}", INVOKE, f, dice.choice(self.keys), value)

    def _happen(self, who: int, asked: Operation) -> None:
        dice, old = self.dice, self.values.get(asked.key)
        crashed = dice.randrange(100) < self.crashes
        answer = None
        if not crashed or dice.randrange(2):
            answer = self._do(asked, old)
        if crashed:
            self.found.append(Operation(asked.process, INFO, asked.f, asked.key))
            self.lives[who] += 1
            return
        if asked.f == "read" and dice.randrange(100) < self.lies:
            answer = dice.choice([value for value in (None, *range(VALUES)) if value != answer])
        self.done[who] = Operation(asked.process, OK, asked.f, asked.key, answer)

    def _do(self, asked: Operation, old: Any) -> Any:
        if asked.f == "read":
            return old
        if asked.f == "write":
            self.values[asked.key] = asked.value
            return None
        fits = old == asked.value[0]
        if fits:
            self.values[asked.key] = asked.value[1]
        return fits


def one_round(clients: int, read: Any) -> History:
    """Return a history in which `clients` clients write 1, 2, 3, ... all at once, and somebody reads after that.

    >>> one_round(2, read=2)
    <History: 3 operations of 3 processes; 3 ok>
    """
    whole_number("clients", clients, at_least=1)
    names = [f"c{number}" for number in range(1, clients + 1)]
    events = [Operation(name, INVOKE, "write", None, number) for number, name in enumerate(names, start=1)]
    events += [Operation(name, OK, "write") for name in names]
    return History(
        [*events, Operation("reader", INVOKE, "read"), Operation("reader", OK, "read", None, read)]
    )


def many_keys(keys: int, clients: int, last: Any) -> History:
    """Return a history of `keys` keys, to each of which `clients` clients put at once; then each is read.

    Each read hears a value that was put, only that of the last key hears `last`.

    >>> many_keys(2, 2, last=0)
    <History: 6 operations of 6 processes; 6 ok>
    """
    whole_number("keys", keys, at_least=1)
    whole_number("clients", clients, at_least=1)
    puts = [(f"c{key}{client}", f"k{key}", client) for key in range(keys) for client in range(1, clients + 1)]
    gets = [(f"reader{key}", f"k{key}", clients if key < keys - 1 else last) for key in range(keys)]
    events = [Operation(name, INVOKE, "put", key, value) for name, key, value in puts]
    events += [Operation(name, OK, "put", key) for name, key, _ in puts]
    events += [Operation(name, INVOKE, "get", key) for name, key, _ in gets]
    return History([*events, *(Operation(name, OK, "get", key, value) for name, key, value in gets)])


def rounds(clients: int, count: int) -> History:
    """Return a history of `count` rounds, one after the other, in each of which all clients write at once.

    >>> len(rounds(3, 2).calls)
    6
    """
    whole_number("clients", clients, at_least=1)
    whole_number("count", count, at_least=1)
    names = [f"c{number}" for number in range(1, clients + 1)]
    events = []
    for turn in range(count):
        events += [Operation(name, INVOKE, "write", None, turn) for name in names]
        events += [Operation(name, OK, "write") for name in names]
    return History(events)


def many_crashed(crashed: int, writes: int, read: Any) -> History:
    """Return a history with `crashed` writes without an answer, then `writes` writes of 0, one at a time, and a read.

    >>> many_crashed(2, 3, read=0)
    <History: 6 operations of 3 processes; 4 ok, 2 info>
    """
    whole_number("crashed", crashed, at_least=0)
    whole_number("writes", writes, at_least=0)
    events = [Operation(f"c{number}", INVOKE, "write", None, number) for number in range(1, crashed + 1)]
    for _ in range(writes):
        events += [Operation("ann", INVOKE, "write", None, 0), Operation("ann", OK, "write")]
    return History([*events, Operation("ann", INVOKE, "read"), Operation("ann", OK, "read", None, read)])
