"""`Simulator`: a cluster in one process, in virtual time, with every fault at hand. One seed, one run.

The simulator owns all that a node may not have: the clock, the dice, the network and the disks. It keeps a heap
of things due, takes the earliest, lets a node handle an event, writes a row of the trace, and carries out
the effects in order. Ties in time are broken by the order in which things became due. Four
generators (network, timers, service, starts) are derived from the seed, so a change in one use of chance leaves
the others as they were.

A run has two phases. In the first, `until` microseconds long, the script does its worst and the laws that hold
always are checked after each step. Then everything is healed, and after `settle` microseconds more the laws
that hold finally are checked: what was promised must have come about.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from heapq import heappop, heappush
from random import Random
from typing import Any

from distsys.core.dice import derive
from distsys.core.errors import (
    ArgumentError,
    ArgumentTypeError,
    DistsysError,
    UnknownNameError,
    duration,
    shown,
    whole_number,
)
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
from distsys.core.laws import FINALLY, Law, Violation
from distsys.core.node import Node
from distsys.core.systems import Cluster, Request
from distsys.core.trace import Cause, Header, Step, Trace, apply_to_disk, written
from distsys.core.units import S
from distsys.core.values import EMPTY, Map

from .faults import Action, Restart, checked, ends_a_fault
from .host import Host, carry_out_fault, heal_everything
from .network import Link
from .transit import Fate, Transit

CLIENT = "client"  # the sender of what comes from outside the cluster


class HandlerError(DistsysError):
    """A handler of a node raised something that is no assertion: a bug in the protocol's code."""


class LawError(DistsysError):
    """A law raised something that is no assertion: a bug in the law's code."""


@contextmanager
def collector_paused() -> Iterator[None]:
    """Keep the garbage collector from walking, again and again, over a growing trace that nobody drops.

    Only cycles need a collector, and a run makes none; this is a third of its time. `steps_max` bounds its memory.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


class Simulator:
    """Runs a cluster. `Simulator(cluster, seed=7).run()` returns a `Trace`.

    cluster    from `systems.build(...)`
    seed       a whole number; the same seed gives the same bytes
    network    the `Link` that all messages take unless a script says otherwise
    script     faults by hand, or drawn by a `Swarm`; none begins after `until`
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
        script: Iterable[Action] = (),
        requests: Iterable[Request] | None = None,
        laws: Iterable[Law] | None = None,
        until: int = 5 * S,
        settle: int = 5 * S,
        service: int | Mapping[str, int] = 0,
        steps_max: int = 100_000,
        stop_on_violation: bool = True,
    ) -> None:
        if not isinstance(cluster, Cluster):
            raise ArgumentTypeError(f"cluster must come from systems.build(...), but it is {shown(cluster)}")
        self.cluster = cluster
        self.seed = whole_number("seed", seed, at_most=2**64 - 1)
        self.network = Link() if network is None else network
        if not isinstance(self.network, Link):
            raise ArgumentTypeError(f"network must be a Link, made by link(...), but it is {shown(network)}")
        self.until = duration("until", until)
        self.settle = duration("settle", settle)
        self.steps_max = whole_number("steps_max", steps_max, at_least=1)
        self.stop_on_violation = stop_on_violation
        self.script = self._checked_script(script)
        self._own_requests = requests is not None
        asked = cluster.workload(seed) if requests is None else tuple(requests)
        self.requests = self._checked_requests(asked)
        self.laws = tuple(cluster.laws if laws is None else laws)
        names = [law.name for law in self.laws]
        for name in names:
            if names.count(name) > 1:
                raise ArgumentError(f"laws must have different names, but {name!r} stands there twice")
        self.service = self._service(service)
        self._prepare()

    def _checked_script(self, script: Iterable[Action]) -> tuple[Action, ...]:
        actions = checked(script, self.cluster.names)
        for action in actions:
            if isinstance(action, Restart) and not self.cluster.system.restarts:
                raise ArgumentError(
                    f"script must not hold a Restart: {self.cluster.system.name} is a crash-stop system, "
                    "where a node that crashed stays down"
                )
            if action.at > self.until and not ends_a_fault(action) and not isinstance(action, Request):
                raise ArgumentError(
                    f"{type(action).__name__}.at must be at most until ({self.until}), when everything is "
                    f"healed, but it is {action.at}"
                )
        return actions

    def _checked_requests(self, asked: Iterable[Any]) -> tuple[Request, ...]:
        requests = checked(asked, self.cluster.names)
        for request in requests:
            if not isinstance(request, Request):
                raise ArgumentTypeError(f"requests must hold Request(at, node, message), but hold {shown(request)}")
            if self._own_requests and request.at > self.until + self.settle:
                raise ArgumentError(
                    f"Request.at must be at most until + settle ({self.until + self.settle}), "
                    f"but it is {request.at}"
                )
        return requests  # type: ignore[return-value]  # each was looked at

    def _service(self, service: int | Mapping[str, int]) -> Map[str, int]:
        per_node = service if isinstance(service, Mapping) else dict.fromkeys(self.cluster.names, service)
        for name, us in per_node.items():
            duration(f"service of {name}", us)
            if name not in self.cluster.names:
                raise UnknownNameError(f"service must name nodes of {', '.join(self.cluster.names)}, not {name!r}")
        return Map({name: us for name, us in per_node.items() if us})

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
        self.violations: list[Violation] = []
        self.watching = [law for law in self.laws if law.when != FINALLY or law.remembers]
        self.memories = {law.name: law.start for law in self.laws}
        self.judged = 0  # the step that the laws look at; 0: none, the run is over
        self.unjudged: list[int] = []  # steps of faults that the laws have not seen yet
        self.stopped = False
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
        return self.steps[self.judged - 1] if self.judged else None

    # The run.

    def run(self) -> Trace:
        """Run to the end and return the trace; a simulator runs once."""
        if self.steps:
            raise DistsysError("this simulator has run already: make a new one for another run")
        end = self.until + self.settle
        for name in self.cluster.names:
            self.at_time(0, self.start, name, "start")
        for action in sorted((*self.requests, *self.script), key=lambda action: action.at):
            if action.at <= (end if isinstance(action, Request) else self.until):
                self.at_time(action.at, self._act, action)
        if self.settle:
            self.at_time(self.until, self._heal)
        with collector_paused():
            ended = self._loop(end)
        if ended == "complete":
            self.now = end
            if self.settle:
                self.check([law for law in self.laws if law.when == FINALLY], 0)
        return Trace(self._header(), tuple(self.steps), tuple(self.violations), ended)

    def _loop(self, end: int) -> str:
        """Take what is due, the earliest first, and return why that came to an end."""
        due, steps, budget = self.due, self.steps, self.steps_max
        while due and not self.stopped:
            if len(steps) >= budget:
                return "budget" if due[0][0] <= end else "complete"
            at, _, action, arguments = heappop(due)
            if at > end:
                break
            self.now = at
            action(*arguments)
        return "violation" if self.stopped else "complete"

    def at_time(self, at: int, action: Callable[..., None], *arguments: Any) -> None:
        """Let `action(*arguments)` happen at `at`, after all that is due then already."""
        self.counter += 1
        heappush(self.due, (at, self.counter, action, arguments))

    def _act(self, action: Action) -> None:
        if isinstance(action, Request):
            self.arrive(self.hosts[action.node], "invoke", CLIENT, action.message, None)
        else:
            carry_out_fault(self, action)
            self._judge_faults()

    def _heal(self) -> None:
        heal_everything(self)
        self._judge_faults()

    def start(self, name: str, kind: str) -> None:
        """Bring the node `name` up from its disk."""
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
        if self.unjudged:
            self._judge_faults()
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
        if self.watching:
            self.check(self.watching, number)
            self._judge_faults()

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
        self._violated("assertion", f"{host.name}, {event}: {str(problem) or 'an assertion without a text'}", number)
        self.crash(host, "assertion")
        self._judge_faults()

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
                f"at step {cause[0]} of seed {self.seed}"
                + (" (answer a client with self.output)" if to == CLIENT else "")
            ) from None
        now = self.now
        fate: Fate = now if sender == to else self.transit.fate(sender, to, message, now)
        if isinstance(fate, int):
            self.counter += 1
            heappush(self.due, (fate, self.counter, self._arrival, (host, "deliver", sender, message, cause)))
        elif isinstance(fate, str):
            self._drop(sender, sender, to, fate, cause)
        else:
            self.record("duplicate", sender, cause=cause, detail=Map({"to": to}))
            for at in fate:
                self.at_time(at, self.arrive, host, "deliver", sender, message, cause)

    def _drop(self, where: str, sender: str, to: str, why: str, cause: Cause | None) -> None:
        self.record("drop", where, cause=cause, detail=Map({"from": sender, "to": to, "why": why}))

    def arrive(self, host: Host, kind: str, sender: str, message: Any, cause: Cause | None) -> None:
        """Hand a message to a node now, or let it wait; drop it where the node is down or cut off."""
        if not host.held and not self.transit.blocked:  # nearly always
            now = self.now
            self.handle(host, kind, Deliver(sender, message, host.clock(now) if host.skewed else now), cause)
        elif "down" in host.held:
            self._drop(host.name, sender, host.name, "down", cause)
        elif (sender, host.name) in self.transit.blocked:
            self._drop(host.name, sender, host.name, "partition", cause)
        elif host.held:
            host.waiting.append((kind, sender, message, cause))
        else:
            self.handle(host, kind, Deliver(sender, message, host.clock(self.now)), cause)

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
        if host.suspended is not None and not host.stalled and not host.paused:
            self._judge_faults()
            number, effects, place = host.suspended
            host.suspended = None
            host.held.discard("disk")
            self._keep(number, len(effects))
            self.carry_out(host, number, effects, place)
            if self.watching:
                self.check(self.watching, number)  # a second time: only now the step is whole
        self.drain(host)

    def drain(self, host: Host) -> None:
        """Let a node handle what waited for it, in order, until it is held again."""
        while host.waiting and not host.held and not self.stopped:
            kind, sender, message, cause = host.waiting.popleft()
            if kind == "timeout":
                self._fire(host, sender, message, cause)
            else:
                self.handle(host, kind, Deliver(sender, message, host.clock(self.now)), cause)

    # The record, and the laws.

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
        if self.watching:
            self.unjudged.append(len(self.steps))

    def _judge_faults(self) -> None:
        while self.unjudged:
            self.check(self.watching, self.unjudged.pop(0))

    def check(self, laws: list[Law], number: int) -> None:
        """Judge the cluster as it is after step `number`; 0: at the end."""
        self.judged = number
        for law in laws:
            memory = self.memories[law.name]
            evidence: str | None
            try:
                self.memories[law.name], evidence = law.fold(memory, self)
            except AssertionError as broken:
                evidence = str(broken) or "an assertion without a text"
            except DistsysError:
                raise
            except Exception as problem:
                raise LawError(
                    f"the law {law.name!r} failed at {f'step {number}' if number else 'the end'} of seed "
                    f"{self.seed}: {type(problem).__name__}: {problem}"
                ) from problem
            if evidence is not None and (number == 0 or law.when != FINALLY):
                self._violated(law.name, evidence, number)

    def _violated(self, law: str, evidence: str, number: int) -> None:
        if any(violation.law == law for violation in self.violations):
            return  # the first time is the one that teaches
        self.violations.append(Violation(law, evidence, number))
        self.stopped = self.stopped or self.stop_on_violation

    def _header(self) -> Header:
        cluster = self.cluster
        settings: dict[str, Any] = {
            "kind": "simulator",
            "network": self.network,
            "script": self.script,
            "requests": self.requests if self._own_requests else None,
            "service": self.service,
            "until": self.until,
            "settle": self.settle,
            "steps_max": self.steps_max,
            "stop_on_violation": self.stop_on_violation,
        }
        return Header(
            system=cluster.system.name,
            options=cluster.options,
            mutant=cluster.mutant.id if cluster.mutant else None,
            seed=self.seed,
            names=cluster.names,
            declared=Map({name: Map(cluster.kind_of(name).declared) for name in cluster.names}),
            driver=Map(settings),
            laws=tuple(law.name for law in self.laws),
        )
