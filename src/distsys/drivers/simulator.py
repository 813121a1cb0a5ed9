"""`Simulator`: a cluster in one process, in virtual time, with every fault at hand. One seed, one run.

The simulator owns all that a node may not have: the clock, the dice, the network and the disks. It takes the
earliest of the things due, lets a node handle an event, writes a step of the trace, and carries out the effects
in order; ties in time are broken by the order in which things became due. Each generator (network, timers, the
start of a node) is derived from the seed, so a change in one use of chance leaves the others as they were.

A run has two phases. In the first, `until` microseconds long, the script does its worst and the laws that hold
always are checked after each step. Then everything is healed, and after `settle` microseconds more the laws
that hold finally are checked: what was promised must have come about. A system whose bound is long may say that it
settles early: then the run ends as soon as those laws have held at four looks in a row, 500 ms apart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from heapq import heappop, heappush
from random import Random
from typing import Any

from distsys.core.dice import derive
from distsys.core.errors import DistsysError, UnknownNameError, duration, shown, whole_number
from distsys.core.events import (
    CancelTimer,
    Deliver,
    Effect,
    Event,
    Output,
    Persist,
    Send,
    SetTimer,
    Start,
    Timeout,
)
from distsys.core.laws import Law
from distsys.core.node import Node
from distsys.core.systems import Cluster, Request
from distsys.core.trace import Cause, Step, Trace, apply_to_disk, written
from distsys.core.units import MS, S
from distsys.core.values import EMPTY, Map, unchecked

from .agenda import bound_to_steps, branch, next_mark, schedule
from .faults import Action, Entry
from .host import Host, carry_out_fault, heal_everything
from .judge import HandlerError, Judge
from .network import Link
from .settings import (
    checked_cluster,
    checked_network,
    checked_requests,
    checked_script,
    checked_service,
    collector_paused,
    header_of,
)
from .transit import Fate, Transit

_deliver = unchecked(Deliver)  # what is delivered was checked when it was sent
CALM_EVERY, CALM_LOOKS = 500 * MS, 4
ANSWER = " (answer a client with self.output)"
CLIENT = "client"  # the sender of what comes from outside the cluster


class Simulator:
    """Runs a cluster. `Simulator(cluster, seed=7).run()` returns a `Trace`.

    cluster    from `systems.build(...)`
    seed       a whole number; the same seed gives the same bytes
    network    the `Link` that all messages take unless a script says otherwise
    script     faults by hand, or drawn by a `Swarm`; none begins after `until`; `After` binds one to a step
    requests   what clients ask; None takes the system's own workload, as far as it lies within the run
    laws       None takes the laws of the system; () checks nothing
    until      length of the phase with faults, microseconds
    settle     length of the healed phase; 0 leaves it out, and with it the laws that hold finally
    service    microseconds in which a node takes no other event after it took one: for all, or {node: us}
    steps_max  the budget: a run that needs more stops with `ended="budget"`
    """

    def __init__(
        self,
        cluster: Cluster,
        seed: int = 0,
        *,
        network: Link | None = None,
        script: Iterable[Entry] = (),
        requests: Iterable[Request] | None = None,
        laws: Iterable[Law] | None = None,
        until: int = 5 * S,
        settle: int = 5 * S,
        service: int | Mapping[str, int] = 0,
        steps_max: int = 100_000,
        stop_on_violation: bool = True,
    ) -> None:
        self.cluster = checked_cluster(cluster)
        self.seed = whole_number("seed", seed, at_most=2**64 - 1)
        self.network = checked_network(network)
        self.until = duration("until", until)
        self.settle = duration("settle", settle)
        self.steps_max = whole_number("steps_max", steps_max, at_least=1)
        self.stop_on_violation = stop_on_violation
        self.script = checked_script(script, cluster, self.until)
        self.own_requests = requests is not None
        asked = cluster.workload(seed) if requests is None else requests
        end = None if requests is None else self.until + self.settle
        self.requests = checked_requests(asked, cluster, end)
        self.judge = Judge(cluster.laws if laws is None else laws, self.seed)
        self.service = checked_service(service, cluster)
        self._prepare()

    def _prepare(self) -> None:
        names = self.cluster.names
        self.now = 0
        self.steps: list[Step] = []
        self.due: list[tuple[int, int, Callable[..., None], tuple[Any, ...]]] = []
        self.counter = 0
        self.transit = Transit(names, self.network, Random(derive(self.seed, "network")).random)
        self.timer_random = Random(derive(self.seed, "timers")).random
        self.hosts = {name: Host(name, self.service.get(name, 0)) for name in names}
        self.nodes: dict[str, Node] = {}
        self.outputs: dict[str, list[Any]] = {name: [] for name in names}
        self.asked: dict[str, list[Any]] = {name: [] for name in names}
        self.stopped = self.healed = False
        self.calm = 0  # looks in a row at which all that holds finally did hold
        self.bound = bound_to_steps(self.script)
        self._arrival = self.arrive  # bound once, not for each message

    # What laws may look at (core.laws.World).

    @property
    def at(self) -> int:
        """The time of the simulation."""
        return self.now

    @property
    def names(self) -> tuple[str, ...]:
        """All nodes."""
        return self.cluster.names

    @property
    def step(self) -> Step | None:
        """The step that the laws look at: the one that was just handled."""
        return self.steps[self.judge.number - 1] if self.judge.number else None

    # The run.

    def run(self) -> Trace:
        """Run to the end and return the trace; a simulator runs once."""
        if self.steps:
            raise DistsysError("this simulator has run already: make a new one for another run")
        end = self.until + self.settle
        with collector_paused():
            schedule(self, end)
            ended = self._loop(end)
        if ended == "complete":
            self.now = self.now if self.stopped else end
            if self.settle:
                self.judge.finally_(self)
        return Trace(header_of(self), tuple(self.steps), tuple(self.judge.violations), ended)

    def _loop(self, end: int) -> str:
        """Take what is due, the earliest first, and return why that came to an end."""
        due, steps, budget, mark = self.due, self.steps, self.steps_max, next_mark(self)
        while due and not self.stopped:
            if len(steps) >= mark:
                if len(steps) >= budget:
                    return "budget" if due[0][0] <= end else "complete"
                mark = branch(self)
                continue
            at, _, action, arguments = heappop(due)
            if at > end:
                break
            self.now = at
            action(*arguments)
        return "violation" if self.judge.violations and self.stopped else "complete"

    def at_time(self, at: int, action: Callable[..., None], *arguments: Any) -> None:
        """Let `action(*arguments)` happen at `at`, after all that is due then already."""
        self.counter += 1
        heappush(self.due, (at, self.counter, action, arguments))

    def act(self, action: Action) -> None:
        """Do what the script says, now."""
        if isinstance(action, Request):
            self.arrive(self.hosts[action.node], "invoke", CLIENT, action.message, None)
        else:
            carry_out_fault(self, action)
            self.look()

    def heal(self) -> None:
        """End the phase with faults."""
        heal_everything(self)
        self.look()
        if self.cluster.system.settles_early and self.judge.laws:
            self.at_time(self.now + CALM_EVERY, self._look_whether_settled)

    def _look_whether_settled(self) -> None:
        """End the run where what was promised has come about and has stayed so for a while."""
        self.calm = self.calm + 1 if self.judge.content(self) else 0
        if self.calm == CALM_LOOKS:
            self.stopped = True
        else:
            self.at_time(self.now + CALM_EVERY, self._look_whether_settled)

    def start(self, name: str, kind: str) -> None:
        """Bring the node `name` up from its disk."""
        self.look()  # at the faults so far, before there is a node that has not started
        if self.stopped:
            return
        host = self.hosts[name]
        event = Start(derive(self.seed, "start", name, host.incarnation + 1), host.clock(self.now))
        try:
            node = self.cluster.make(name, host.disk)
        except Exception as problem:
            self._failed(host, kind, event, None, problem)
            return
        host.come_up(node)
        up = {**self.nodes, name: node}
        self.nodes = {other: up[other] for other in self.names if other in up}
        self.handle(host, kind, event, None)

    def handle(self, host: Host, kind: str, event: Event, cause: Cause | None) -> None:
        """Let a node that is up handle an event; write the step, carry out the effects, check the laws."""
        node = host.node
        assert node is not None, f"{host.name} handles {event} although it is down"
        if self.judge.faults:
            self.look()
        try:
            effects = node.handle(event)
        except Exception as problem:
            self._failed(host, kind, event, cause, problem)
            return
        steps = self.steps
        number = len(steps) + 1
        steps.append(written(number, self.now, kind, host.name, event, effects, len(effects), cause))
        if kind == "invoke":
            self.asked[host.name].append(event.message)  # type: ignore[union-attr]
        if host.service:
            host.held.add("busy")
            self.at_time(self.now + host.service, self.release, host, host.incarnation)
        if host.crash_after is None:
            self.carry_out(host, number, effects, 0)
        else:
            self._crash_in_step(host, number, effects, host.crash_after)
        if self.judge.watching:
            self.look(number)

    def _failed(self, host: Host, kind: str, event: Event, cause: Cause | None, problem: Exception) -> None:
        """A node failed: an assertion is a broken law and stops the node, all else is a bug and stops the run."""
        number = len(self.steps) + 1
        where = f"{host.name} at step {number} of seed {self.seed}, handling {shown(event, 200)}"
        if isinstance(problem, DistsysError):
            problem.add_note(where)
            raise problem
        if not isinstance(problem, AssertionError):
            raise HandlerError(f"{where}, failed: {type(problem).__name__}: {problem}") from problem
        self.record(kind, host.name, event, cause)
        evidence = f"{host.name}, {event}: {str(problem) or 'an assertion without a text'}"
        self.judge.broken("assertion", evidence, number)
        self.crash(host, "assertion")
        self.look()

    def carry_out(self, host: Host, number: int, effects: tuple[Effect, ...], position: int) -> None:
        """Carry out the effects of step `number` from `position` on."""
        place = position - 1
        for effect in effects[position:] if position else effects:
            place += 1
            kind = type(effect)
            if kind is Send:
                self._send(host.name, effect.to, effect.message, (number, place))  # type: ignore[union-attr]
            elif kind is SetTimer:
                self._set_timer(host, effect, (number, place))  # type: ignore[arg-type]
            elif kind is Output:
                self.outputs[host.name].append(effect.value)  # type: ignore[union-attr]
            elif kind is CancelTimer:
                host.timers.pop(effect.timer, None)  # type: ignore[union-attr]
            elif kind is Persist:
                if host.full:
                    self._keep(number, place)
                    self.crash(host, "disk full")
                    return
                if host.stalled:
                    self._keep(number, place)
                    host.suspended = (number, effects, place)
                    host.held.add("disk")
                    return
                host.disk = apply_to_disk(host.disk, effect.changes)  # type: ignore[union-attr]

    def _crash_in_step(self, host: Host, number: int, effects: tuple[Effect, ...], keep: int) -> None:
        self._keep(number, min(keep, len(effects)))
        self.carry_out(host, number, effects[:keep], 0)
        if host.node is not None:
            self.crash(host, "in the middle of a step")

    def _keep(self, number: int, count: int) -> None:
        """Note that only the first `count` effects of a step are carried out, so far."""
        self.steps[number - 1] = replace(self.steps[number - 1], kept=count)

    def crash(self, host: Host, why: str) -> None:
        """Stop a node: what it had not persisted is gone, what waited for it is lost."""
        host.go_down()
        self.nodes.pop(host.name, None)
        self.fault("crash", host.name, Map({"why": why}))

    # Messages.

    def _send(self, sender: str, to: str, message: Any, cause: Cause) -> None:
        try:
            host = self.hosts[to]
        except KeyError:
            raise UnknownNameError(
                f"to must be one of {', '.join(self.names)}, but {sender} sends {shown(message)} to {shown(to)} "
                f"at step {cause[0]} of seed {self.seed}{ANSWER if to == CLIENT else ''}"
            ) from None
        now = self.now
        fate: Fate = now if sender == to else self.transit.fate(sender, to, message, now)
        if type(fate) is int:
            self.counter += 1
            heappush(self.due, (fate, self.counter, self._arrival, (host, "deliver", sender, message, cause)))
        elif isinstance(fate, tuple):
            self.record("duplicate", sender, cause=cause, detail=Map({"to": to}))
            for at in fate:
                self.at_time(at, self.arrive, host, "deliver", sender, message, cause)
        else:
            self._drop(sender, sender, to, str(fate), cause)

    def _drop(self, where: str, sender: str, to: str, why: str, cause: Cause | None) -> None:
        self.record("drop", where, cause=cause, detail=Map({"from": sender, "to": to, "why": why}))

    def arrive(self, host: Host, kind: str, sender: str, message: Any, cause: Cause | None) -> None:
        """Hand a message to a node now, or let it wait; drop it where the node is down or cut off."""
        if not host.held and not self.transit.blocked:  # nearly always
            now = self.now
            self.handle(host, kind, _deliver(sender, message, host.clock(now) if host.skewed else now), cause)
        elif "down" in host.held:
            self._drop(host.name, sender, host.name, "down", cause)
        elif (sender, host.name) in self.transit.blocked:
            self._drop(host.name, sender, host.name, "partition", cause)
        elif host.held:
            host.waiting.append((kind, sender, message, cause))
        else:
            self.handle(host, kind, _deliver(sender, message, host.clock(self.now)), cause)

    # Timers, and events that wait.

    def _set_timer(self, host: Host, effect: SetTimer, cause: Cause) -> None:
        span = effect.high - effect.low
        asked = effect.low + (int(self.timer_random() * (span + 1)) if span else 0)
        self.counter += 1
        host.timers[effect.timer] = self.counter
        at = self.now + host.real(asked)
        heappush(self.due, (at, self.counter, self._fire, (host, effect.timer, self.counter, cause)))

    def _fire(self, host: Host, timer: str, token: int, cause: Cause | None) -> None:
        if host.timers.get(timer) != token:
            return  # set anew, cancelled, or set before a crash
        if host.held:
            host.waiting.append(("timeout", timer, token, cause))
            return
        del host.timers[timer]
        self.handle(host, "timeout", Timeout(timer, host.clock(self.now)), cause)

    def release(self, host: Host, incarnation: int) -> None:
        """The node is no longer busy with an event: it takes the next that waited."""
        if host.incarnation == incarnation:
            host.held.discard("busy")
            self.drain(host)

    def go_on(self, host: Host) -> None:
        """Let a node go on after a pause or a stall: with the step that hung, then with what waited."""
        branch(self)
        if host.suspended is not None and not host.stalled and not host.paused:
            self.look()
            number, effects, place = host.suspended
            host.suspended = None
            host.held.discard("disk")
            self._keep(number, len(effects))
            self.carry_out(host, number, effects, place)
            if self.judge.watching:
                self.look(number)  # a second time: only now the step is whole
            branch(self)
        self.drain(host)

    def drain(self, host: Host) -> None:
        """Let a node handle what waited for it, in order, until it is held again."""
        while host.waiting and not host.held and not self.stopped:
            kind, sender, message, cause = host.waiting.popleft()
            if kind == "timeout":
                self._fire(host, sender, message, cause)
            else:
                self.handle(host, kind, _deliver(sender, message, host.clock(self.now)), cause)
            branch(self)

    # The record and the laws.
    def record(
        self,
        kind: str,
        node: str,
        event: Event | None = None,
        cause: Cause | None = None,
        detail: Map[str, Any] = EMPTY,
    ) -> None:
        """Write a step without effects into the trace."""
        self.steps.append(written(len(self.steps) + 1, self.now, kind, node, event, (), 0, cause, detail))

    def fault(self, kind: str, node: str, detail: Map[str, Any] = EMPTY) -> None:
        """Write a fault into the trace; the laws look at it when all that belongs to it has happened."""
        self.record(kind, node, detail=detail)
        if self.judge.watching:
            self.judge.faults.append(len(self.steps))

    def look(self, number: int = 0) -> None:
        """Let the laws look at step `number`, and at the faults that they have not seen yet."""
        self.judge.after(number, self)
        if self.judge.violations and self.stop_on_violation:
            self.stopped = True
