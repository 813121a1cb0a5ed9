"""Drivers: they hand events to nodes, carry out effects, and write the trace."""

from .faults import (
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
from .judge import LawError
from .network import Exponential, Fixed, HeavyTail, Link, Uniform, link
from .replay import replay, resimulate, states
from .simulator import HandlerError, Simulator
from .swarm import Swarm, simulate

__all__ = [
    "ClockStep",
    "Crash",
    "Cut",
    "DiskFree",
    "DiskFull",
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
    "link",
    "replay",
    "resimulate",
    "simulate",
    "states",
]
