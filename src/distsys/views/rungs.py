"""What a ladder of ballots shows, read from a trace: who promised, who voted for what, and what was asked for.

A promise or a vote counts as soon as it reached a disk or left in a message; what was only said, and is not on the
disk, is marked. The reader here knows no protocol: it goes by the names of messages and of keys on a disk, and so it
reads broken versions of Paxos as well.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from distsys.core.events import Persist, Send
from distsys.core.node import Inner
from distsys.core.trace import Trace


@dataclass(frozen=True)
class Promised:
    """A promise: at which step, the last vote that it tells of as (ballot, value), and whether it is on the disk."""

    step: int
    told: tuple[Any, Any] | None = None
    durable: bool = True


@dataclass(frozen=True)
class Voted:
    """A vote: for what, at which step, whether it is on the disk, and the higher promise that it breaks, if any."""

    value: Any
    step: int
    durable: bool = True
    against: Any = None


@dataclass
class Rung:
    """A ballot: the values for which votes were asked in it, and the promises and votes of each acceptor."""

    ballot: Any
    asked: list[Any] = field(default_factory=list)
    promises: dict[str, Promised] = field(default_factory=dict)
    votes: dict[str, list[Voted]] = field(default_factory=dict)

    @property
    def values(self) -> list[Any]:
        """The values that were asked for or voted for."""
        return [*self.asked, *(vote.value for votes in self.votes.values() for vote in votes)]

    def voters(self, value: Any) -> set[str]:
        """Return who voted for a value on this rung."""
        return {name for name, votes in self.votes.items() if any(vote.value == value for vote in votes)}


def rungs_of(trace: Trace) -> list[Rung]:
    """Return the ballots of a run, the smallest first."""
    reader = _Reader()
    for step in trace:
        for effect in step.effects[: step.kept]:
            reader.read(step.number, step.node, effect)
    return [reader.rungs[ballot] for ballot in sorted(reader.rungs)]


class _Reader:
    """Reads effects in the order in which they were carried out."""

    def __init__(self) -> None:
        self.rungs: dict[Any, Rung] = {}
        self.last: dict[str, tuple[Any, Any]] = {}  # the last vote of each acceptor
        self.highest: dict[str, Any] = {}  # the highest ballot that each acceptor has promised

    def rung(self, ballot: Any) -> Rung:
        return self.rungs.setdefault(ballot, Rung(ballot))

    def read(self, step: int, name: str, effect: Any) -> None:
        if isinstance(effect, Persist):
            self.read_disk(step, name, dict(effect.changes))
        elif isinstance(effect, Send):
            message = effect.message
            while isinstance(message, Inner):
                message = message.message
            self.read_message(step, name, message)

    def read_disk(self, step: int, name: str, changes: dict[str, Any]) -> None:
        promised, voted = changes.get("promised"), changes.get("voted_ballot")
        if is_ballot(voted):
            self.vote(step, name, voted, changes.get("voted_value"), durable=True)
        elif is_ballot(promised) and name not in self.rung(promised).promises:
            # A process tells itself of its own last vote, and sends no message for that.
            self.promise(name, promised, Promised(step, self.last.get(name)))

    def read_message(self, step: int, name: str, message: Any) -> None:
        ballot = getattr(message, "ballot", None)
        match type(message).__name__:
            case "Prepare":
                if name not in self.rung(ballot).promises:
                    self.promise(name, ballot, Promised(step, self.last.get(name), durable=False))
            case "Promise":
                told = (
                    (message.voted_ballot, message.voted_value) if is_ballot(message.voted_ballot) else None
                )
                known = self.rung(ballot).promises.get(name)
                if known is None:
                    self.promise(name, ballot, Promised(step, told, durable=False))
                elif known.told != told and known.step == step:
                    self.promise(name, ballot, Promised(step, told, known.durable))
            case "Accept":
                if message.value not in self.rung(ballot).asked:
                    self.rung(ballot).asked.append(message.value)
            case "Accepted":
                self.vote(step, name, ballot, message.value, durable=False)

    def promise(self, name: str, ballot: Any, promise: Promised) -> None:
        self.rung(ballot).promises[name] = promise
        self.highest[name] = max(self.highest.get(name, ballot), ballot)

    def vote(self, step: int, name: str, ballot: Any, value: Any, *, durable: bool) -> None:
        votes = self.rung(ballot).votes.setdefault(name, [])
        if all(vote.value != value for vote in votes):
            highest = self.highest.get(name, ballot)
            votes.append(Voted(value, step, durable, highest if ballot < highest else None))
        self.last[name] = (ballot, value)


def is_ballot(value: Any) -> bool:
    """Return whether a value is a ballot that somebody uses: not None, and not the one below all.

    >>> is_ballot(3), is_ballot(0), is_ballot(None)
    (True, False, False)
    """
    return value is not None and value != type(value)()
