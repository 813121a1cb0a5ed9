"""The systems `abd` (one writer, some readers) and `abd-multi` (clients that read and write)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from distsys.core.errors import whole_number
from distsys.core.events import Deliver
from distsys.core.systems import Members, Sight, System
from distsys.core.trace import Step
from distsys.core.units import S

from .abd import ALWAYS, UNLESS_AGREED, Client, Reader, Replica, Writer
from .abd_laws import ABD_LAWS
from .abd_messages import Held, Store
from .raft_systems import CONSENSUS_FAULTS, noted, received

OF_CLIENTS = ("operations", "write_back", "retry_ms", "tries_max", "think_ms")
SETTINGS = {"operations": 12, "write_back": ALWAYS, "retry_ms": 100, "tries_max": 6, "think_ms": 100}


def _settings(names: tuple[str, ...], options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of a client; a wrong option is answered here, before anything runs."""
    settings = {"replicas": names, **{option: options[option] for option in OF_CLIENTS}}
    Client("c1", **settings)
    return settings


def one_writer(names: tuple[str, ...], options: Mapping[str, Any]) -> Members:
    """Return the replicas, the writer w, and as many readers as the options say."""
    count, settings = whole_number("readers", options["readers"], at_least=1), _settings(names, options)
    readers = {f"r{number}": ("reader", settings) for number in range(1, count + 1)}
    return {**dict.fromkeys(names, ("replica", {})), "w": ("writer", settings), **readers}


def many_writers(names: tuple[str, ...], options: Mapping[str, Any]) -> Members:
    """Return the replicas, and as many clients as the options say; each reads and writes."""
    count, settings = whole_number("clients", options["clients"], at_least=1), _settings(names, options)
    clients = {f"c{number}": ("client", settings) for number in range(1, count + 1)}
    return {**dict.fromkeys(names, ("replica", {})), **clients}


def old_news(step: Step) -> bool:
    """Return whether a replica is given something that is not newer than what it holds."""
    message = step.event.message if isinstance(step.event, Deliver) else None
    return isinstance(message, Store) and not any(
        type(effect).__name__ == "Persist" for effect in step.effects[: step.kept]
    )


SIGHTS = (
    Sight("write-back", "A read stores what it has found.", noted("writes ")),
    Sight("asks again", "A client repeats a question.", noted("asks again")),
    Sight("unknown", "A client gives up, and nobody knows whether its write was done.", noted("gives up")),
    Sight("old news", "A replica is given what is not newer than what it holds.", old_news),
    Sight("answer", "A replica says what it holds.", received(Held)),
    Sight("agreed", "A majority agrees, and a read writes nothing back.", noted("need not write back")),
)


def _system(**settings: Any) -> System:
    """Return a system with what both have in common."""
    return System(
        laws=ABD_LAWS,
        tolerates=CONSENSUS_FAULTS,
        history="register",
        variants={"write_back": (ALWAYS, UNLESS_AGREED)},
        sights=SIGHTS,
        settle=30 * S,
        settles_early=True,
        untimed=True,
        **settings,
    )


ABD = _system(
    name="abd",
    says="A memory cell with one writer, out of copies and messages (Attiya, Bar-Noy and Dolev).",
    classes={"replica": Replica, "writer": Writer, "reader": Reader},
    members=one_writer,
    clients=("writer", "reader"),
    options={"readers": 2, **SETTINGS},
)
ABD_MULTI = _system(
    name="abd-multi",
    says="A memory cell with many writers, out of copies and messages.",
    classes={"replica": Replica, "client": Client},
    members=many_writers,
    clients=("client",),
    options={"clients": 3, **SETTINGS},
)
