"""`Host`: the machine under a simulated node (disk, clock, timers, queue), and what faults do to it."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from distsys.core.events import Effect
from distsys.core.node import Node
from distsys.core.trace import Cause
from distsys.core.values import EMPTY, Map

from . import faults as f
from .agenda import branch
from .network import PPM

if TYPE_CHECKING:
    from .simulator import Simulator


class Host:
    """One machine. `node` is None while it is down; `disk` survives a crash.

    `held` says why the node can take no event now: "down", "paused", "busy" with an event, or "disk" when a step
    waits for a disk that hangs. While it is empty, nothing waits.
    """

    def __init__(self, name: str, service: int) -> None:
        self.name = name
        self.service = service  # microseconds an event takes
        self.node: Node | None = None
        self.disk: Map[str, Any] = EMPTY
        self.incarnation = 0  # how often it came up
        self.held: set[str] = {"down"}
        self.timers: dict[str, int] = {}  # running timers, with the number that names this setting
        self.waiting: deque[tuple[str, str, Any, Cause | None]] = deque()
        self.stalled = self.full = False  # the disk hangs, the disk has no room
        self.suspended: tuple[int, tuple[Effect, ...], int] | None = (
            None  # step, effects, place: at a hung disk
        )
        self.crash_after: int | None = None  # crash in the next step, after so many effects
        self.ppm = 0
        self.skewed = False  # the clock shows another time than the driver's
        self._clock_base = 0  # what the clock showed ...
        self._real_base = 0  # ... at this real time

    @property
    def paused(self) -> bool:
        """The process is stopped, and nothing happens in it."""
        return "paused" in self.held

    @paused.setter
    def paused(self, on: bool) -> None:
        (self.held.add if on else self.held.discard)("paused")

    def come_up(self, node: Node) -> None:
        """Run `node`; a process that starts knows nothing of the one before."""
        self.go_down()
        self.incarnation += 1
        self.node = node
        self.held = set()

    def go_down(self) -> None:
        """Stop the process; the disk stays."""
        self.node = None
        self.held = {"down"}
        self.timers = {}
        self.waiting.clear()
        self.suspended = self.crash_after = None

    def clock(self, real: int) -> int:
        """Return what this machine's clock shows at the real time."""
        passed = real - self._real_base
        return self._clock_base + passed + passed * self.ppm // PPM

    def real(self, duration: int) -> int:
        """Return how long a duration on this machine's clock takes in real time, rounded up.

        Rounded down, a timer could fire a moment before its time by the node's own clock.
        """
        return -(-duration * PPM // (PPM + self.ppm)) if self.ppm else duration

    def set_clock(self, real: int, *, ppm: int | None = None, by: int = 0) -> None:
        """Change the rate of the clock, or let it jump; a clock never shows less than 0."""
        self._clock_base = max(0, self.clock(real) + by)
        self._real_base = real
        if ppm is not None:
            self.ppm = ppm
        self.skewed = self.ppm != 0 or self._clock_base != self._real_base


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
            if host.node is not None:
                if keep is None:
                    sim.crash(host, "crash")
                else:
                    host.crash_after = keep
        case f.Wipe(node=name):
            host = sim.hosts[name]
            if host.node is not None:
                sim.crash(host, "disk lost")
            host.disk = EMPTY
            sim.fault("wipe", name)
        case f.Skew(node=name, ppm=ppm):
            sim.hosts[name].set_clock(sim.now, ppm=ppm)
            sim.fault("skew", name, Map({"ppm": ppm}))
        case f.ClockStep(node=name, by=by):
            sim.hosts[name].set_clock(sim.now, by=by)
            sim.fault("clock", name, Map({"by": by}))
        case f.DiskFull() | f.DiskFree() | f.Pause() | f.Resume() | f.Stall() | f.Unstall():
            _change_state(sim, action)


_CONDITIONS: dict[type, tuple[str, bool, str]] = {  # action -> attribute of the host, its value, kind of step
    f.DiskFull: ("full", True, "full"),
    f.DiskFree: ("full", False, "free"),
    f.Pause: ("paused", True, "pause"),
    f.Resume: ("paused", False, "resume"),
    f.Stall: ("stalled", True, "stall"),
    f.Unstall: ("stalled", False, "unstall"),
}


def _change_state(
    sim: Simulator, action: f.DiskFull | f.DiskFree | f.Pause | f.Resume | f.Stall | f.Unstall
) -> None:
    """Switch a condition of a machine on or off; nothing is recorded where it was so already."""
    host = sim.hosts[action.node]
    attribute, on, kind = _CONDITIONS[type(action)]
    if getattr(host, attribute) == on or (kind == "pause" and host.node is None):
        return
    setattr(host, attribute, on)
    sim.fault(kind, host.name)
    if not on:
        sim.go_on(host)


def _change_network(sim: Simulator, action: f.Partition | f.Cut | f.Heal | f.SetLink) -> None:
    network = sim.transit
    match action:
        case f.Partition(groups=groups):
            sim.fault("partition", "", Map({"groups": network.divide(groups)}))
        case f.Cut(sender=sender, to=to):
            network.blocked.add((sender, to))
            sim.fault("cut", sender, Map({"to": to}))
        case f.Heal():
            if network.blocked:
                network.blocked.clear()
                sim.fault("heal", "")
        case f.SetLink(sender=sender, to=to, link=link):
            network.use(sender, to, link)
            sim.fault("link", "" if sender == "*" else sender, Map({"to": to, "link": link}))


def heal_everything(sim: Simulator) -> None:
    """End every fault: from here on a correct system must make progress.

    Clocks run at the right rate again, and keep the offset that they have: to set them would be a fault of its own.
    """
    sim.healed = True
    sim.transit.heal()
    sim.fault("heal", "", Map({"phase": "settle"}))
    for name in sim.names:
        branch(sim)
        host = sim.hosts[name]
        host.crash_after = None
        if host.ppm:
            host.set_clock(sim.now, ppm=0)
            sim.fault("skew", name, Map({"ppm": 0}))
        for action in (f.DiskFree(sim.now, name), f.Unstall(sim.now, name), f.Resume(sim.now, name)):
            if not sim.stopped:
                _change_state(sim, action)
        if host.node is None and sim.cluster.system.restarts and not sim.stopped:
            sim.start(name, "restart")
