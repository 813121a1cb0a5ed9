"""What a run of Raft, Multi-Paxos or Zab shows to a client, and what it cost: see `compared_runs`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from distsys.core import Trace
from distsys.core.events import Deliver, Note, Output, Persist, Send
from distsys.core.trace import Step
from distsys.protocols.replication import Committed, NotLeader, Propose

CHANGING = (  # messages that only a change of leader needs
    *("RequestVote", "Vote", "Prepare", "Promise", "Notification", "FollowerInfo", "NewEpoch", "AckEpoch"),
    *("Diff", "Trunc", "Snap", "NewLeader", "AckNewLeader", "UpToDate"),
)
WAKING = ("election", "patience")  # the timers with which a server gives up waiting for a leader


def begins_to_lead(step: Step) -> bool:
    """Return whether a server notes in this step that it leads."""
    notes = (effect.text for effect in step.effects[: step.kept] if isinstance(effect, Note))
    return any(text.startswith("leads ") for text in notes)


@dataclass(frozen=True)
class Measured:
    """What a run shows, in microseconds.

    offered   command -> when it was offered
    answered  command -> when the server that took it said that it is committed
    heard     command -> when the other servers applied it, one after the other
    refused   the commands that no server took
    sent      (moment, class) of each message between servers
    writes    when something was written to a disk
    woke      when servers gave up waiting for a leader, and `led` when servers began to lead
    ends      when the run ended
    """

    offered: Mapping[str, int]
    answered: Mapping[str, int]
    heard: Mapping[str, tuple[int, ...]]
    refused: frozenset[str]
    sent: tuple[tuple[int, str], ...]
    writes: tuple[int, ...]
    woke: tuple[int, ...]
    led: tuple[int, ...]
    ends: int

    def without_service(self, begin: int, end: int | None = None) -> int:
        """Return the longest time after `begin` in which no command was answered."""
        start, stop = self.gap(begin, end)
        return stop - start

    def gap(self, begin: int, end: int | None = None) -> tuple[int, int]:
        """Return the longest time after `begin` without an answer, as its two ends."""
        last = self.ends if end is None else end
        inside = [at for at in sorted(self.answered.values()) if begin < at < last]
        moments = [begin, *inside, last]
        gaps = [(b - a, a, b) for a, b in pairwise(moments)]
        longest = max(gaps)
        return longest[1], longest[2]

    def service(self, begin: int, apart: int) -> tuple[tuple[int, int], ...]:
        """Return the stretches of time from `begin` in which answers are no more than `apart` from each other."""
        moments = sorted(at for at in self.answered.values() if at >= begin)
        parts: list[tuple[int, int]] = []
        for at in moments:
            if parts and at - parts[-1][1] <= apart:
                parts[-1] = (parts[-1][0], at)
            else:
                parts.append((at, at))
        return tuple(parts)

    def messages(self, begin: int = 0, end: int | None = None) -> Counter[str]:
        """Return how many messages of each class were sent from `begin` on and before `end`."""
        last = self.ends + 1 if end is None else end
        return Counter(kind for at, kind in self.sent if begin <= at < last)

    def changing(self, begin: int, end: int) -> int:
        """Return how many messages of a change of leader were sent from `begin` on and before `end`."""
        sent = self.messages(begin, end)
        return sum(sent[kind] for kind in CHANGING)

    def first_wake(self, begin: int) -> int:
        """Return when after `begin` the first server gave up waiting for a leader; the end of the run if none did."""
        return next((at for at in self.woke if at >= begin), self.ends)

    @property
    def lost(self) -> frozenset[str]:
        """The commands that a server took and did not answer; whether they are committed no client knows."""
        return frozenset(self.offered) - frozenset(self.answered) - self.refused


def measure(trace: Trace) -> Measured:
    """Return what a run of one of the three protocols shows."""
    watch = _Watch()
    for step in trace:
        watch.see(step)
    return watch.result(trace)


class _Watch:
    """Walks through a run once."""

    def __init__(self) -> None:
        self.offered: dict[str, int] = {}
        self.taken: dict[str, set[str]] = {}  # command -> servers that have it from a client
        self.answered: dict[str, int] = {}
        self.applied: dict[str, dict[str, int]] = {}  # command -> server -> when
        self.sent: list[tuple[int, str]] = []
        self.writes: list[int] = []
        self.woke: list[int] = []
        self.led: list[int] = []

    def see(self, step: Step) -> None:
        """Take a step into account."""
        if step.kind == "crash":
            for servers in self.taken.values():
                servers.discard(step.node)
        message = step.event.message if isinstance(step.event, Deliver) else None
        if isinstance(message, Propose):
            self.offered.setdefault(message.command, step.at)
            self.taken.setdefault(message.command, set()).add(step.node)
        if step.kind == "timeout" and getattr(step.event, "timer", "") in WAKING:
            self.woke += [step.at]
        if begins_to_lead(step):
            self.led += [step.at]
        for effect in step.effects[: step.kept]:
            if isinstance(effect, Send):
                self.sent.append((step.at, type(effect.message).__name__))
            elif isinstance(effect, Persist):
                self.writes.append(step.at)
            elif isinstance(effect, Output):
                self.output(step, effect.value)

    def output(self, step: Step, value: Any) -> None:
        """Take into account what a server tells its host."""
        if isinstance(value, NotLeader):
            self.taken.get(value.command, set()).discard(step.node)
        elif isinstance(value, Committed) and isinstance(value.entry.command, str):
            command = value.entry.command
            self.applied.setdefault(command, {}).setdefault(step.node, step.at)
            if step.node in self.taken.get(command, ()):
                self.answered.setdefault(command, step.at)

    def result(self, trace: Trace) -> Measured:
        """Return all of it."""
        heard = {}
        for command, servers in self.applied.items():
            times = sorted(servers.values())
            heard[command] = tuple(times[1:])
        kept = {command for command, servers in self.taken.items() if servers}
        refused = {
            c for c in self.offered if c not in kept and c not in self.applied and c not in self.answered
        }
        return Measured(
            offered=self.offered,
            answered=self.answered,
            heard=heard,
            refused=frozenset(refused),
            sent=tuple(self.sent),
            writes=tuple(self.writes),
            woke=tuple(self.woke),
            led=tuple(self.led),
            ends=int(trace.header.driver["until"]),
        )
