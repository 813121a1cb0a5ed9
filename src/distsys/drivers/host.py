"""`Host`: the machine under a simulated node (disk, clock, timers, queue), and what faults do to it."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from distsys.core.events import Effect
from distsys.core.node import Node
from distsys.core.trace import Cause
from distsys.core.values import EMPTY, Map

from . import faults as f
from .network import PPM, Link

if TYPE_CHECKING:
    from .simulator import Simulator


class Host:
    """One machine. `node` is None while it is down; `disk` survives a crash."""

    def __init__(self, name: str, service: int) -> None:
        self.name = name
        self.service = service  # microseconds an event takes
        self.node: Node | None = None
        self.disk: Map[str, Any] = EMPTY
        self.incarnation = 0  # how often it came up
        self.timers: dict[str, int] = {}  # running timers, with the number that names this setting
        self.waiting: deque[tuple[str, str, Any, Cause | None]] = deque()
        self.paused = self.busy = self.stalled = self.full = False
        self.suspended: tuple[int, tuple[Effect, ...], int] | None = None  # step, effects, position: at a hung disk
        self.crash_after: int | None = None  # crash in the next step, after so many effects
        self.ppm = 0
        self._clock_base = 0  # what the clock showed ...
        self._real_base = 0  # ... at this real time

    @property
    def free(self) -> bool:
        """The node is up and can handle an event now."""
        return self.node is not None and not (self.paused or self.busy or self.suspended)

    @property
    def occupied(self) -> bool:
        """Events have to wait."""
        return self.paused or self.busy or self.suspended is not None

    @property
    def skewed(self) -> bool:
        """The clock of the node shows another time than the driver's."""
        return self.ppm != 0 or self._clock_base != self._real_base

    def come_up(self) -> None:
        """Forget all that a process forgets when it starts."""
        self.incarnation += 1
        self.timers = {}
        self.waiting.clear()
        self.busy = self.paused = False
        self.suspended = self.crash_after = None

    def go_down(self) -> None:
        """Stop the process; the disk stays."""
        self.node = None
        self.timers = {}
        self.waiting.clear()
        self.busy = self.paused = False
        self.suspended = self.crash_after = None

    def clock(self, real: int) -> int:
        """Return what this machine's clock shows at the real time."""
        passed = real - self._real_base
        return self._clock_base + passed + passed * self.ppm // PPM

    def real(self, duration: int) -> int:
        """Return how long a duration on this machine's clock takes in real time."""
        return duration * PPM // (PPM + self.ppm) if self.ppm else duration

    def set_clock(self, real: int, *, ppm: int | None = None, by: int = 0) -> None:
        """Change the rate of the clock, or let it jump; a clock never shows less than 0."""
        self._clock_base = max(0, self.clock(real) + by)
        self._real_base = real
        if ppm is not None:
            self.ppm = ppm


def carry_out_fault(sim: Simulator, action: f.Action) -> None:
    """Do to the cluster what one action of a script says."""
    match action:
        case f.Partition() | f.Cut() | f.Heal() | f.SetLink():
            _change_network(sim, action)
        case f.Restart(node=name):
            if sim.hosts[name].node is None:
                sim.start(name, "restart")
        case f.Crash(node=name, keep=keep):
            host = sim.hosts[name]
            if keep is not None:
                host.crash_after = keep
            elif host.node is not None:
                sim.crash(host, "crash")
        case f.Wipe(node=name):
            host = sim.hosts[name]
            if host.node is not None:
                sim.crash(host, "disk lost")
            host.disk = EMPTY
            sim.record("wipe", name)
        case f.Skew(node=name, ppm=ppm):
            sim.hosts[name].set_clock(sim.now, ppm=ppm)
            sim.record("skew", name, detail=Map({"ppm": ppm}))
        case f.ClockStep(node=name, by=by):
            sim.hosts[name].set_clock(sim.now, by=by)
            sim.record("clock", name, detail=Map({"by": by}))
        case f.DiskFull() | f.DiskFree() | f.Pause() | f.Resume() | f.Stall() | f.Unstall():
            _change_state(sim, action)


def _change_state(
    sim: Simulator, action: f.DiskFull | f.DiskFree | f.Pause | f.Resume | f.Stall | f.Unstall
) -> None:
    """Switch a condition of a machine on or off; nothing is recorded where it was so already."""
    host = sim.hosts[action.node]
    attribute, on, kind = {
        f.DiskFull: ("full", True, "full"),
        f.DiskFree: ("full", False, "free"),
        f.Pause: ("paused", True, "pause"),
        f.Resume: ("paused", False, "resume"),
        f.Stall: ("stalled", True, "stall"),
        f.Unstall: ("stalled", False, "unstall"),
    }[type(action)]
    if getattr(host, attribute) == on or (kind == "pause" and host.node is None):
        return
    setattr(host, attribute, on)
    sim.record(kind, host.name)
    if kind == "unstall" and host.suspended is not None:
        number, effects, place = host.suspended
        host.suspended = None
        sim.carry_out(host, number, effects, place)
    if not on:
        sim.drain(host)


def _change_network(sim: Simulator, action: f.Partition | f.Cut | f.Heal | f.SetLink) -> None:
    match action:
        case f.Partition(groups=groups):
            rest = tuple(name for name in sim.names if not any(name in group for group in groups))
            sides = [group for group in (*groups, rest) if group]
            for one in sides:
                for other in sides:
                    if one is not other:
                        sim.blocked |= {(a, b) for a in one for b in other}
            sim.record("partition", "", detail=Map({"groups": tuple(sides)}))
        case f.Cut(sender=sender, to=to):
            sim.blocked.add((sender, to))
            sim.record("cut", sender, detail=Map({"to": to}))
        case f.Heal():
            if sim.blocked:
                sim.blocked.clear()
                sim.record("heal", "")
        case f.SetLink(sender=sender, to=to, link=link):
            for a in sim.names if sender == "*" else (sender,):
                for b in sim.names if to == "*" else (to,):
                    if a != b:
                        sim.links[a, b] = link
            sim.record("link", "" if sender == "*" else sender, detail=Map({"to": to, "link": link}))


def heal_everything(sim: Simulator) -> None:
    """End every fault: from here on a correct system must make progress."""
    sim.blocked.clear()
    sim.links.clear()
    sim.network = Link(delay=sim.network.delay, fifo=sim.network.fifo)
    sim.record("heal", "", detail=Map({"phase": "settle"}))
    for name in sim.names:
        host = sim.hosts[name]
        host.crash_after = None
        if host.ppm:
            host.set_clock(sim.now, ppm=0)
            sim.record("skew", name, detail=Map({"ppm": 0}))
        for action in (f.DiskFree(sim.now, name), f.Unstall(sim.now, name), f.Resume(sim.now, name)):
            if not sim.stopped:
                _change_state(sim, action)
        if host.node is None and not sim.stopped:
            sim.start(name, "restart")
