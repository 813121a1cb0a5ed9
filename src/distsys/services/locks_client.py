"""A client of the locks, which takes them and gives them back at random."""

from __future__ import annotations

from typing import Any

from distsys.core.operations import OK
from distsys.core.values import EMPTY, Map

from . import locks
from .client import Client

KINDS = ("acquire", "acquire", "release", "release", "holder")


class LocksClient(Client):
    """Asks random commands of the locks, under its own name in all its lives: what one took the next may give back.

    State, volatile, beside that of a client: `tokens` (lock -> the last token that it was given).
    """

    def __init__(self, name: str, disk: Map[str, Any] = EMPTY, **settings: Any) -> None:
        super().__init__(name, disk, **settings)
        self.tokens: Map[str, int] = EMPTY

    def begin_a_life(self) -> None:
        """Forget the tokens: a command that nobody answered may have changed them."""
        super().begin_a_life()
        self.tokens = EMPTY

    def choose_a_command(self) -> locks.Acquire | locks.Release | locks.Holder:
        """Return a random command on a random lock; a release shows the last token, or none where none is known."""
        kind, self.dice = self.dice.choose(KINDS)
        number, self.dice = self.dice.below(self.keys)
        key = f"k{number}"
        match kind:
            case "acquire":
                return locks.Acquire(key, self.name)
            case "release":
                return locks.Release(key, self.name, self.tokens.get(key))
        return locks.Holder(key)

    def value_of(self, command: Any, type: str, result: Any) -> Any:
        if type == OK:
            return result
        match command:
            case locks.Acquire(_, owner):
                return owner
            case locks.Release(_, owner, token):
                return (owner, token)
        return None

    def learn(self, command: Any, result: Any) -> None:
        """Keep the token of a lock that was taken."""
        if isinstance(command, locks.Acquire) and result is not False:
            self.tokens = self.tokens.set(command.key, result)
