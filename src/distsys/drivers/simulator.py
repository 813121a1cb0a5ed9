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

import heapq
from collections.abc import Callable, Iterable, Mapping
from random import Random
from typing import Any

from distsys.core.dice import derive
from distsys.core.errors import ArgumentTypeError, DistsysError, UnknownNameError, shown, whole_number
from distsys.core.events import CancelTimer, Deliver, Effect, Event, Output, Persist, Send, SetTimer, Start, Timeout
from distsys.core.laws import FINALLY, Law, Violation
from distsys.core.node import Node
from distsys.core.systems import Cluster, Request
from distsys.core.trace import Cause, Header, Step, Trace, apply_to_disk
from distsys.core.units import S
from distsys.core.values import EMPTY, Map

from .faults import Action, checked
from .host import Host, carry_out_fault, heal_everything
from .network import PPM, Link, Uniform

Row = tuple[int, str, str, Event | None, tuple[Effect, ...], Cause | None, Map[str, Any]]
CLIENT = "client"  # the sender of what comes from outside the cluster


class HandlerError(DistsysError):
    """A handler of a node raised something that is no assertion: a bug in the protocol's code."""


class Simulator:
    """Runs a cluster. `Simulator(cluster, seed=7).run()` returns a `Trace`.

    cluster    from `systems.build(...)`
    seed       a whole number; the same seed gives the same bytes
    network    the `Link` that all messages take unless a script says otherwise
    script     faults by hand, or drawn by a `Swarm`
    requests   what clients ask; None takes the system's own workload
    laws       None takes the laws of the system; () checks nothing
    until      length of the phase with faults, microseconds
    settle     length of the healed phase; 0 leaves it out, and with it the laws that hold finally
    service    microseconds that a node needs for one event, the same for all or {node: us}
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
        self.seed = whole_number("seed", seed)
        self.network = Link() if network is None else network
        if not isinstance(self.network, Link):
            raise ArgumentTypeError(f"network must be a Link, made by link(...), but it is {shown(network)}")
        self._first_network = self.network  # healing replaces the other one
        self.script = checked(script, cluster.names)
        self._own_requests = requests is not None
        asked = cluster.workload(seed) if requests is None else tuple(requests)
        self.requests = checked(asked, cluster.names)
        self.laws = tuple(cluster.laws if laws is None else laws)
        self.until = whole_number("until", until)
        self.settle = whole_number("settle", settle)
        self.steps_max = whole_number("steps_max", steps_max, at_least=1)
        self.stop_on_violation = stop_on_violation
        self.service = self._service(service)
        self._prepare()

    def _service(self, service: int | Mapping[str, int]) -> Map[str, int]:
        per_node = service if isinstance(service, Mapping) else dict.fromkeys(self.cluster.names, service)
        for name, us in per_node.items():
            whole_number(f"service of {name}", us)
            if name not in self.cluster.names:
                raise UnknownNameError(f"service must name nodes of {', '.join(self.cluster.names)}, not {name!r}")
        return Map({name: us for name, us in per_node.items() if us})

    def _prepare(self) -> None:
        self.now = 0
        self.rows: list[Row] = []
        self.kept: dict[int, int] = {}  # step -> effects kept, where a crash cut them short
        self.due: list[tuple[int, int, Callable[..., None], tuple[Any, ...]]] = []
        self.counter = 0
        self.network_random = Random(derive(self.seed, "network")).random
        self.timer_random = Random(derive(self.seed, "timers")).random
        self.hosts = {name: Host(name, self.service.get(name, 0)) for name in self.cluster.names}
        self.blocked: set[tuple[str, str]] = set()
        self.links: dict[tuple[str, str], Link] = {}
        self.busy_links: dict[tuple[str, str], int] = {}  # when a link is free again, or its last arrival (fifo)
        self.violations: list[Violation] = []
        self.nodes: dict[str, Node] = {}
        self.outputs: dict[str, list[Any]] = {name: [] for name in self.cluster.names}
        self.always = [law for law in self.laws if law.when != FINALLY]
        self.memories = {law.name: law.start for law in self.laws}
        self.stopped = False

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
        """The last step."""
        return self._step(len(self.rows) - 1) if self.rows else None

    # The run.

    def run(self) -> Trace:
        """Run to the end and return the trace; a simulator runs once."""
        if self.rows:
            raise DistsysError("this simulator has run already: make a new one for another run")
        for name in self.cluster.names:
            self.at_time(0, self.start, name, "start")
        for action in sorted((*self.requests, *self.script), key=lambda action: action.at):
            if action.at <= self.until + self.settle:
                self.at_time(action.at, self._act, action)
        if self.settle:
            self.at_time(self.until, self._heal_all)
        end = self.until + self.settle
        due, budget = self.due, self.steps_max
        pop = heapq.heappop
        while due and not self.stopped and len(self.rows) < budget:
            at, _, action, arguments = pop(due)
            if at > end:
                due.clear()
                break
            self.now = at
            action(*arguments)
        ended = "violation" if self.stopped else "budget" if due else "complete"
        if ended == "complete":
            self.now = end
            if self.settle:
                self._check([law for law in self.laws if law.when == FINALLY], 0)
        return Trace(self._header(), self._steps(), tuple(self.violations), ended)

    def at_time(self, at: int, action: Callable[..., None], *arguments: Any) -> None:
        """Let `action(*arguments)` happen at `at`, after all that is due then already."""
        self.counter += 1
        heapq.heappush(self.due, (at, self.counter, action, arguments))

    def _act(self, action: Action) -> None:
        if type(action) is Request:
            host = self.hosts[action.node]
            self.arrive(host, "invoke", CLIENT, action.message, None)
        else:
            carry_out_fault(self, action)

    def _heal_all(self) -> None:
        heal_everything(self)

    def start(self, name: str, kind: str) -> None:
        """Bring the node `name` up from its disk."""
        host = self.hosts[name]
        host.come_up()
        node = self.cluster.make(name, host.disk)
        self.nodes[name] = host.node = node
        seed = derive(self.seed, "start", name, host.incarnation)
        self.handle(host, kind, Start(seed, host.clock(self.now)), None)

    def handle(self, host: Host, kind: str, event: Event, cause: Cause | None) -> None:
        """Let a node that is up handle an event; write the row, carry out the effects, check the laws."""
        node = host.node
        assert node is not None, f"{host.name} handles {event} although it is down"
        try:
            effects = node.handle(event)
        except AssertionError as broken:
            self.record(kind, host.name, event, (), cause)
            self._violated("assertion", f"{host.name}, {event}: {broken or 'an assertion without a text'}")
            return
        except DistsysError:
            raise
        except Exception as problem:
            raise HandlerError(
                f"{host.name} failed at step {len(self.rows) + 1} of seed {self.seed} while it handled {event}: "
                f"{type(problem).__name__}: {problem}"
            ) from problem
        self.rows.append((self.now, kind, host.name, event, effects, cause, EMPTY))
        number = len(self.rows)
        if host.service:
            host.busy = True
            self.at_time(self.now + host.service, self.release, host, host.incarnation)
        if host.crash_after is not None:
            self._crash_in_step(host, number, effects)
        else:
            self.carry_out(host, number, effects, 0)
        if self.always:
            self._check(self.always, number)

    def carry_out(self, host: Host, number: int, effects: tuple[Effect, ...], position: int) -> None:
        """Carry out the effects of step `number` from `position` on."""
        name = host.name
        for place in range(position, len(effects)):
            effect = effects[place]
            kind = type(effect)
            if kind is Send:
                self._send(name, effect.to, effect.message, (number, place))  # type: ignore[union-attr]
            elif kind is SetTimer:
                self._set_timer(host, effect, (number, place))  # type: ignore[arg-type]
            elif kind is Output:
                self.outputs[name].append(effect.value)  # type: ignore[union-attr]
            elif kind is CancelTimer:
                host.timers.pop(effect.timer, None)  # type: ignore[union-attr]
            elif kind is Persist:
                if host.full:
                    self.kept[number] = place
                    self.crash(host, "disk full")
                    return
                if host.stalled:
                    host.suspended = (number, effects, place)
                    return
                host.disk = apply_to_disk(host.disk, effect.changes)  # type: ignore[union-attr]

    def _crash_in_step(self, host: Host, number: int, effects: tuple[Effect, ...]) -> None:
        keep = min(host.crash_after or 0, len(effects))
        self.carry_out(host, number, effects[:keep], 0)
        if host.node is not None:
            if host.suspended is None:
                self.kept[number] = keep
            self.crash(host, "in the middle of a step")

    def crash(self, host: Host, why: str) -> None:
        """Stop a node that is up: what it had not persisted is gone, what waited for it is lost."""
        if host.suspended is not None:
            number, _, place = host.suspended
            self.kept[number] = place
        host.go_down()
        self.nodes.pop(host.name, None)
        self.record("crash", host.name, detail=Map({"why": why}))

    # Messages.

    def _send(self, sender: str, to: str, message: Any, cause: Cause) -> None:
        host = self.hosts.get(to)
        if host is None:
            raise UnknownNameError(
                f"{sender} sends {shown(message)} to {shown(to)}, who is not in the cluster; "
                f"there are {', '.join(self.cluster.names)}"
            )
        if sender == to:
            self.at_time(self.now, self._arrive_from, host, sender, message, cause)
            return
        if self.blocked and (sender, to) in self.blocked:
            self._drop(sender, sender, to, "partition", cause)
            return
        link = self.links.get((sender, to), self.network) if self.links else self.network
        random = self.network_random
        if link.loss_ppm and random() * PPM < link.loss_ppm:
            self._drop(sender, sender, to, "lost", cause)
            return
        delay = link.delay
        if type(delay) is Uniform:  # by far the most used: the draw is written out here
            at = self.now + delay.low + int(random() * (delay.high - delay.low + 1))
        else:
            at = self.now + delay.draw(random)
        if link.reorder_ppm or link.fifo or link.bytes_per_second:
            at = self._late(sender, to, link, at, message)
        self.counter += 1
        heapq.heappush(self.due, (at, self.counter, self._arrive_from, (host, sender, message, cause)))
        if link.duplicate_ppm and random() * PPM < link.duplicate_ppm:
            self.record("duplicate", sender, cause=cause, detail=Map({"to": to}))
            self.at_time(self.now + delay.draw(random), self._arrive_from, host, sender, message, cause)

    def _late(self, sender: str, to: str, link: Link, at: int, message: Any) -> int:
        """Return the arrival time on a link that holds back, keeps order, or transmits bytes one after the other."""
        if link.reorder_ppm and self.network_random() * PPM < link.reorder_ppm:
            at += int(self.network_random() * (link.reorder_by + 1))
        if link.bytes_per_second:
            free = max(self.now, self.busy_links.get((sender, to), 0))
            sent = free + message_bytes(message) * 1_000_000 // link.bytes_per_second
            self.busy_links[sender, to] = sent
            at += sent - self.now
        if link.fifo:
            at = max(at, self.busy_links.get((to, sender + "/fifo"), 0))
            self.busy_links[to, sender + "/fifo"] = at
        return at

    def _drop(self, where: str, sender: str, to: str, why: str, cause: Cause) -> None:
        self.record("drop", where, cause=cause, detail=Map({"from": sender, "to": to, "why": why}))

    def _arrive_from(self, host: Host, sender: str, message: Any, cause: Cause) -> None:
        if host.free and not self.blocked:  # the usual case, written out for speed
            now = self.now
            self.handle(host, "deliver", Deliver(sender, message, host.clock(now) if host.skewed else now), cause)
        elif host.node is None:
            self._drop(host.name, sender, host.name, "down", cause)
        elif (sender, host.name) in self.blocked:
            self._drop(host.name, sender, host.name, "partition", cause)
        else:
            self.arrive(host, "deliver", sender, message, cause)

    def arrive(self, host: Host, kind: str, sender: str, message: Any, cause: Cause | None) -> None:
        """Hand a message to a node now, or let it wait while the node is paused, stalled or busy."""
        if host.node is None:
            self.record("drop", host.name, cause=cause, detail=Map({"from": sender, "to": host.name, "why": "down"}))
        elif host.occupied:
            host.waiting.append((kind, sender, message, cause))
        else:
            self.handle(host, kind, Deliver(sender, message, host.clock(self.now)), cause)

    # Timers.

    def _set_timer(self, host: Host, effect: SetTimer, cause: Cause) -> None:
        span = effect.high - effect.low
        duration = effect.low + (int(self.timer_random() * (span + 1)) if span else 0)
        self.counter += 1
        host.timers[effect.timer] = self.counter
        at = self.now + host.real(duration)
        heapq.heappush(self.due, (at, self.counter, self._fire, (host, effect.timer, self.counter, cause)))

    def _fire(self, host: Host, timer: str, token: int, cause: Cause) -> None:
        if host.timers.get(timer) != token:
            return  # set anew, cancelled, or set before a crash
        if host.occupied:
            host.waiting.append(("timeout", timer, token, cause))
            return
        del host.timers[timer]
        self.handle(host, "timeout", Timeout(timer, host.clock(self.now)), cause)

    def release(self, host: Host, incarnation: int) -> None:
        """The node is no longer busy with an event: it takes the next that waited."""
        if host.incarnation == incarnation:
            host.busy = False
            self.drain(host)

    def drain(self, host: Host) -> None:
        """Let a node handle what waited for it, in order, until it is occupied again."""
        while host.waiting and host.node is not None and not host.occupied and not self.stopped:
            kind, sender, message, cause = host.waiting.popleft()
            if kind == "timeout":
                if host.timers.get(sender) == message:  # not cancelled or set anew in the meantime
                    del host.timers[sender]
                    self.handle(host, "timeout", Timeout(sender, host.clock(self.now)), cause)
            else:
                self.handle(host, kind, Deliver(sender, message, host.clock(self.now)), cause)

    # The record.

    def record(
        self,
        kind: str,
        node: str,
        event: Event | None = None,
        effects: tuple[Effect, ...] = (),
        cause: Cause | None = None,
        detail: Map[str, Any] = EMPTY,
    ) -> None:
        """Write a row of the trace."""
        self.rows.append((self.now, kind, node, event, effects, cause, detail))

    def _check(self, laws: list[Law], number: int) -> None:
        for law in laws:
            memory, evidence = law.fold(self.memories[law.name], self)
            self.memories[law.name] = memory
            if evidence is not None:
                self._violated(law.name, evidence, number)

    def _violated(self, law: str, evidence: str, number: int | None = None) -> None:
        if any(violation.law == law for violation in self.violations):
            return  # the first time is the one that teaches
        self.violations.append(Violation(law, evidence, len(self.rows) if number is None else number))
        if self.stop_on_violation:
            self.stopped = True

    def _step(self, index: int) -> Step:
        at, kind, node, event, effects, cause, detail = self.rows[index]
        number = index + 1
        return Step(number, at, kind, node, event, effects, self.kept.get(number, len(effects)), cause, detail)

    def _steps(self) -> tuple[Step, ...]:
        return tuple(self._step(index) for index in range(len(self.rows)))

    def _header(self) -> Header:
        cluster = self.cluster
        settings: dict[str, Any] = {
            "kind": "simulator",
            "network": self._first_network,
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


def message_bytes(message: Any) -> int:
    """Return the size of a message on a link that counts bytes: the length of its canonical JSON."""
    from distsys.core.canonical import encode

    return len(encode(message).encode())
