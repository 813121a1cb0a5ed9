"""Pictures: runs (`play`, `draw`), histories (`operations`, `stretch`), hash rings, numbers (`charts`)."""

from . import spacetime
from .controls import explore
from .drawing import Drawing
from .figure import Figure, play
from .operations import operations
from .spacetime import draw
from .stretch import stretch
from .tour import Guess, Stop
from .verdicts import Placed
from .words import sentences

__all__ = [
    "Drawing",
    "Figure",
    "Guess",
    "Placed",
    "Stop",
    "draw",
    "explore",
    "operations",
    "play",
    "sentences",
    "spacetime",
    "stretch",
]
