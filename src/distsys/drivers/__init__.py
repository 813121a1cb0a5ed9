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
from .replay import replay, resimulate, states
from .simulator import Simulator
from .swarm import Swarm, simulate

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
    "Partition",
    "Pause",
    "Restart",
    "Resume",
    "SetLink",
    "Simulator",
    "Skew",
    "Stall",
    "Swarm",
    "Uniform",
    "Unstall",
    "Wipe",
    "during",
    "explore",
    "explore_model",
    "fork",
    "link",
    "replay",
    "resimulate",
    "simulate",
    "states",
]
