"""Drivers: they hand events to nodes, carry out effects, and write the trace."""

from .explorer import Bounds, Exploration, explore, explore_model
from .faults import (
    After,
    ClockStep,
    Crash,
    Cut,
    DiskFree,
    DiskFull,
    Heal,
    Partition,
    Pause,
    Restart,
    Resume,
    SetLink,
    Skew,
    Stall,
    Unstall,
    Wipe,
    during,
)
from .forks import fork
from .judge import HandlerError, LawError
from .network import Exponential, Fixed, HeavyTail, Link, Uniform, link
from .performer import perform, reperform
from .pool import Serial, SweepError
from .replay import replay, resimulate, states
from .schedules import length, schedule_of
from .shrinker import shrink, shrink_best
from .sights import kinds_of, sights_of
from .simulator import Simulator
from .swarm import Swarm, simulate
from .sweep import Outcome, SweepResult, sweep
from .walk import walk

__all__ = [
    "After",
    "Bounds",
    "ClockStep",
    "Crash",
    "Cut",
    "DiskFree",
    "DiskFull",
    "Exploration",
    "Exponential",
    "Fixed",
    "HandlerError",
    "Heal",
    "HeavyTail",
    "LawError",
    "Link",
    "Outcome",
    "Partition",
    "Pause",
    "Restart",
    "Resume",
    "Serial",
    "SetLink",
    "Simulator",
    "Skew",
    "Stall",
    "Swarm",
    "SweepError",
    "SweepResult",
    "Uniform",
    "Unstall",
    "Wipe",
    "during",
    "explore",
    "explore_model",
    "fork",
    "kinds_of",
    "length",
    "link",
    "perform",
    "reperform",
    "replay",
    "resimulate",
    "schedule_of",
    "shrink",
    "shrink_best",
    "sights_of",
    "simulate",
    "states",
    "sweep",
    "walk",
]
