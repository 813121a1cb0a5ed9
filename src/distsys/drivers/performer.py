"""`perform`: let a cluster do what a schedule says, move by move, and write the trace of it.

It is the simulator with another hand at the wheel: nodes, disks, laws and steps are the same, but messages and
timers wait until a move names them. When `settle` asks for a healed phase, they go into the queue of the simulator.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from distsys.core.errors import ArgumentError, DistsysError, instance, shown
from distsys.core.events import Deliver, Event, SetTimer, Timeout
from distsys.core.laws import Law
from distsys.core.systems import Cluster
from distsys.core.trace import Cause, Header, Trace
from distsys.core.values import Map, unchecked

from . import faults
from .host import Host, carry_out_fault
from .network import Link
from .schedules import (
    Asked,
    Crashed,
    Delivered,
    Flowed,
    Move,
    Restarted,
    TimedOut,
    Wiped,
    checked_moves,
    class_name,
    renumbered,
)
from .settings import collector_paused, header_of
from .simulator import CLIENT, Simulator

_deliver = unchecked(Deliver)


class Sent:
    """A message that was sent: what it is, the step and effect that sent it, and how often it arrived."""

    __slots__ = ("arrived", "cause", "message", "place", "sender", "source", "to")

    def __init__(self, sender: str, to: str, message: Any, cause: Cause, source: int, place: int) -> None:
        self.sender, self.to, self.message, self.cause = sender, to, message, cause
        self.source, self.place, self.arrived = source, place, 0


class Performer(Simulator):
    """Performs one schedule. `done` are the moves that happened; with `skip`, those that cannot happen are left out."""

    def __init__(
        self,
        cluster: Cluster,
        schedule: Iterable[Move | Flowed],
        *,
        seed: int = 0,
        laws: Iterable[Law] | None = None,
        network: Link | None = None,
        settle: int = 0,
        skip: bool = False,
        checked: bool = False,
    ) -> None:
        super().__init__(cluster, seed, network=network, requests=(), laws=laws, until=0, settle=settle)
        self.schedule: tuple[Any, ...] = (
            tuple(schedule) if checked else checked_moves(schedule, cluster.names)
        )
        self.skip = skip
        self.done: list[Move] = []
        self.last_id = max((move.id for move in self.schedule if type(move) is not Flowed), default=0)
        self.waiting: dict[tuple[int, str, str], list[Sent]] = {}  # (source, sender, to)
        self.running: dict[tuple[str, str], tuple[SetTimer, Cause]] = {}
        self.timed = False  # in the healed phase, messages and timers take their time
        self.source = 0
        self.keep: int | None = None

    def run(self) -> Trace:
        """Perform the schedule, then let everything settle where that is asked for, and return the trace."""
        if self.steps:
            raise DistsysError("this performer has run already: make a new one for another run")
        with collector_paused():
            for name in self.names:
                self.start(name, "start")
            for position, move in enumerate(self.schedule, 1):
                if self.stopped:
                    break
                self._take(position, move)
            ended = "violation" if self.stopped else "complete"
            if self.settle and not self.stopped:
                ended = self._settle()
        return Trace(self._header(), tuple(self.steps), tuple(self.judge.violations), ended)

    def _header(self) -> Header:
        settings = Map(
            {
                "kind": "schedule",
                "schedule": renumbered(self.done),
                "network": self.network,
                "settle": self.settle,
            }
        )
        return replace(header_of(self), driver=settings)

    # The moves.

    def _take(self, position: int, move: Any) -> None:
        if type(move) is Flowed:
            self._flow(move)
            return
        if not move.id:  # its position, unless the deliveries of a flow, or moves with ids, have gone further
            self.last_id = max(position, self.last_id + 1)
            move = replace(move, id=self.last_id)
        if type(move) is Delivered and move.source is None:
            sent = self._oldest(move)
            if sent is not None:
                move = replace(move, source=sent.source, place=sent.place, what=class_name(sent.message))
        if move.at > self.now:
            self.now = move.at
        number = len(self.steps)
        if self._happens(move):
            self.done.append(move)
        elif len(self.steps) != number:
            raise AssertionError(f"{move} did not happen, and yet left a step")
        elif not self.skip:
            raise ArgumentError(f"move {position} cannot happen: {self._why_not(move)}")

    def _happens(self, move: Move) -> bool:
        """Let a move happen if it can, and return whether it did."""
        kind = type(move)
        if kind is Wiped:
            carry_out_fault(self, faults.Wipe(self.now, move.node))  # type: ignore[union-attr]
            self.look()
            return True
        host = self.hosts[move.to if kind is Delivered else move.node]  # type: ignore[union-attr]
        if (host.node is None) != (kind is Restarted):
            return False
        if kind is Crashed:
            self.crash(host, "crash")
            self.look()
            return True
        now = move.now  # type: ignore[union-attr]
        if now is not None and host.clock(self.now) != now:
            host.set_clock(self.now, by=now - host.clock(self.now))
        if kind is Delivered:
            return self._deliver(host, move)  # type: ignore[arg-type]
        if kind is TimedOut:
            return self._expire(host, move)  # type: ignore[arg-type]
        self.source, self.keep = move.id, move.keep  # type: ignore[union-attr]
        if kind is Asked:
            self.handle(host, "invoke", _deliver(CLIENT, move.message, host.clock(self.now)), None)  # type: ignore[union-attr]
            return True
        if not self.cluster.system.restarts:
            return False
        self.start(host.name, "restart")
        return True

    def _deliver(self, host: Host, move: Delivered) -> bool:
        there = self.waiting.get((move.source, move.sender, move.to), ())  # type: ignore[arg-type]
        if move.place >= len(there):
            return False
        sent = there[move.place]
        if sent.arrived:
            self.record("duplicate", move.sender, cause=sent.cause, detail=Map({"to": move.to}))
        sent.arrived += 1
        self.source, self.keep = move.id, move.keep
        self.handle(host, "deliver", _deliver(move.sender, sent.message, host.clock(self.now)), sent.cause)
        return True

    def _expire(self, host: Host, move: TimedOut) -> bool:
        if move.timer not in host.timers:
            return False
        del host.timers[move.timer]
        _, cause = self.running[host.name, move.timer]
        self.source, self.keep = move.id, move.keep
        self.handle(host, "timeout", Timeout(move.timer, host.clock(self.now)), cause)
        return True

    def _flow(self, move: Flowed) -> None:
        for _ in range(move.most):
            ready = [
                sent
                for sent in self.under_way()
                if sent.sender in move.nodes
                and sent.to in move.nodes
                and self.hosts[sent.to].node is not None
            ]
            if not ready or self.stopped:
                return
            sent = min(ready, key=lambda sent: sent.cause)
            what = class_name(sent.message)
            self._take(0, Delivered(sent.sender, sent.to, what, sent.source, sent.place, at=self.now))

    def under_way(self) -> list[Sent]:
        """Return the messages that nobody has delivered yet."""
        return [sent for there in self.waiting.values() for sent in there if not sent.arrived]

    def _oldest(self, move: Delivered) -> Sent | None:
        there = [
            sent
            for sent in self.under_way()
            if sent.sender == move.sender
            and sent.to == move.to
            and move.what in ("", class_name(sent.message))
        ]
        there.sort(key=lambda sent: sent.cause)
        return there[move.place] if move.place < len(there) else None

    def _why_not(self, move: Move) -> str:
        """Return why a move cannot happen, and what could."""
        name = move.to if isinstance(move, Delivered) else move.node
        host = self.hosts[name]
        if host.node is None and not isinstance(move, Restarted):
            return f"{name} is down"
        match move:
            case Delivered(sender=sender, what=what):
                here = [sent for sent in self.under_way() if sent.to == name]
                known = (
                    ", ".join(f"{class_name(sent.message)} from {sent.sender}" for sent in here) or "nothing"
                )
                return f"no {what or 'message'} from {sender} to {name} is under way; to {name} there is: {known}"
            case TimedOut(timer=timer):
                known = ", ".join(sorted(host.timers)) or "none"
                return f"the timer {timer!r} of {name} is not running; these are: {known}"
            case Restarted():
                return (
                    f"{name} is up" if host.node is not None else "in a crash-stop system nobody comes back"
                )
        return f"{shown(move)} makes no sense here"

    # What the simulator does otherwise.

    def handle(self, host: Host, kind: str, event: Event, cause: Cause | None) -> None:
        """Let a node handle an event, and crash in the middle of it where the move says so."""
        if self.keep is not None:
            host.crash_after, self.keep = self.keep, None
        super().handle(host, kind, event, cause)

    def _send(self, sender: str, to: str, message: Any, cause: Cause) -> None:
        if self.timed or to not in self.hosts:
            super()._send(sender, to, message, cause)
            return
        there = self.waiting.setdefault((self.source, sender, to), [])
        there.append(Sent(sender, to, message, cause, self.source, len(there)))

    def _set_timer(self, host: Host, effect: SetTimer, cause: Cause) -> None:
        if self.timed:
            super()._set_timer(host, effect, cause)
            return
        host.timers[effect.timer] = 0
        self.running[host.name, effect.timer] = (effect, cause)

    def _settle(self) -> str:
        """Heal everything, let the cluster run by the clock, and ask what must hold finally."""
        self.timed = True
        tolerates = self.cluster.system.tolerates
        lossy = any(kind in tolerates for kind in ("loss", "partition", "cut"))
        for sent in sorted(self.under_way(), key=lambda sent: sent.cause):
            if lossy and sent.sender != sent.to:
                self._drop(sent.sender, sent.sender, sent.to, "lost", sent.cause)
            else:
                super()._send(sent.sender, sent.to, sent.message, sent.cause)
        for host in self.hosts.values():
            for timer in tuple(host.timers):
                super()._set_timer(host, *self.running[host.name, timer])
        self.heal()
        end = self.now + self.settle
        ended = self._loop(end)
        if ended == "complete":
            self.now = self.now if self.stopped else end
            self.judge.finally_(self)
        return ended


def perform(
    cluster: Cluster,
    schedule: Iterable[Move | Flowed],
    *,
    seed: int = 0,
    laws: Iterable[Law] | None = None,
    network: Link | None = None,
    settle: int = 0,
    skip: bool = False,
) -> Trace:
    """Return the run in which a cluster does what a schedule says.

    seed     feeds the nodes that draw, as in a simulation
    laws     None takes the laws of the system
    network  how messages travel in the healed phase
    settle   how long that phase is; 0 leaves it out, and with it the laws that hold finally
    skip     leave out a move that cannot happen; otherwise it is an error that says what could happen

    >>> from distsys import systems
    >>> from distsys.algorithms.broadcast_messages import Broadcast
    >>> from distsys.drivers.schedules import crash, deliver, request
    >>> story = (request("n1", Broadcast("hello")), deliver("n1", "n2"), crash("n1"))
    >>> perform(systems.build("reliable-broadcast"), story).outputs()["n2"]
    (Delivery(origin='n1', body='hello'),)
    """
    performer = Performer(cluster, schedule, seed=seed, laws=laws, network=network, settle=settle, skip=skip)
    return performer.run()


def reperform(trace: Trace, cluster: Cluster | None = None) -> Trace:
    """Perform the schedule in the header of a trace again, by the laws in it; the result has the same bytes.

    With a `cluster` of its own it is the same schedule for other code: what that code never sends is not delivered.
    """
    from .replay import cluster_of, laws_of

    driver = instance("trace", trace, Trace).header.driver
    if driver.get("kind") != "schedule":
        raise ArgumentError(
            f"trace must be a performed schedule, but it comes from {shown(driver.get('kind'))}"
        )
    again = cluster or cluster_of(trace)
    return perform(
        again,
        driver["schedule"],
        seed=trace.header.seed,
        laws=laws_of(trace, again),
        network=driver["network"],
        settle=driver["settle"],
        skip=cluster is not None,
    )
