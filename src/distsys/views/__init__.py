"""Pictures: runs that play (`play`) or stand still (`draw`), hash rings (`ring`), numbers (`charts`, by matplotlib)."""

from . import spacetime
from .controls import explore
from .drawing import Drawing
from .figure import Figure, play
from .spacetime import draw
from .tour import Guess, Stop
from .words import sentences

__all__ = ["Drawing", "Figure", "Guess", "Stop", "draw", "explore", "play", "sentences", "spacetime"]
