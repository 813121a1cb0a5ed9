"""A client of the key-value store, which asks at random."""

from __future__ import annotations

from typing import Any

from distsys.core.operations import INVOKE, OK
from distsys.core.values import EMPTY, Map

from . import kv
from .client import Client, type_of

KINDS = ("get", "get", "put", "append", "append", "cas", "delete")


class KvClient(Client):
    """Asks random commands of the key-value store.

    State, volatile, beside that of a client: `seen`, what it last read, for a cas that may succeed.
    """

    def __init__(self, name: str, disk: Map[str, Any] = EMPTY, **settings: Any) -> None:
        super().__init__(name, disk, **settings)
        self.seen: Map[str, Any] = EMPTY

    def choose_a_command(self) -> kv.Command:
        """Return a random command on a random key; values are never the same twice."""
        kind, self.dice = self.dice.choose(KINDS)
        number, self.dice = self.dice.below(self.keys)
        key, value = f"k{number}", f"{self.session()}:{self.sequence}"
        match kind:
            case "get":
                return kv.Get(key)
            case "put":
                return kv.Put(key, value)
            case "append":
                return kv.Append(key, f"+{value}")
            case "cas":
                return kv.Cas(key, self.seen.get(key), value)
        return kv.Delete(key)

    def value_of(self, command: kv.Command, type: str, result: Any) -> Any:
        f = type_of(command)
        return {
            "get": None if type == INVOKE else result,
            "put": getattr(command, "value", None),
            "append": getattr(command, "text", None),
            "cas": (command.old, command.new) if type != OK and isinstance(command, kv.Cas) else result,
            "delete": None,
        }[f]

    def learn(self, command: kv.Command, result: Any) -> None:
        if isinstance(command, kv.Get):
            self.seen = self.seen.set(command.key, result)
