"""The ground floor: what a node is, what it may hold, and the record of a run. Standard library only."""

from . import systems
from .canonical import decode, encode
from .dice import Dice, derive
from .errors import (
    ArgumentError,
    ArgumentTypeError,
    DistsysError,
    EncodingError,
    MutableValueError,
    ReplayError,
    TraceError,
    UnknownNameError,
)
from .events import CancelTimer, Deliver, Effect, Event, Note, Output, Persist, Send, SetTimer, Start, Timeout
from .laws import ALWAYS, FINALLY, Law, Violation, World, law, law_with_memory
from .log import Log
from .node import Inner, Node
from .operations import Operation
from .trace import Header, Step, Trace
from .units import MS, US, S, shown_time
from .values import EMPTY, Map, record

__all__ = [
    "ALWAYS",
    "EMPTY",
    "FINALLY",
    "MS",
    "US",
    "ArgumentError",
    "ArgumentTypeError",
    "CancelTimer",
    "Deliver",
    "Dice",
    "DistsysError",
    "Effect",
    "EncodingError",
    "Event",
    "Header",
    "Inner",
    "Law",
    "Log",
    "Map",
    "MutableValueError",
    "Node",
    "Note",
    "Operation",
    "Output",
    "Persist",
    "ReplayError",
    "S",
    "Send",
    "SetTimer",
    "Start",
    "Step",
    "Timeout",
    "Trace",
    "TraceError",
    "UnknownNameError",
    "Violation",
    "World",
    "decode",
    "derive",
    "encode",
    "law",
    "law_with_memory",
    "record",
    "shown_time",
    "systems",
]
