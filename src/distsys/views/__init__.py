"""Pictures: of runs (`draw`), of hash rings (`ring`), and of numbers (`charts`, which needs matplotlib)."""

from . import spacetime
from .drawing import Drawing
from .spacetime import draw
from .words import sentences

__all__ = ["Drawing", "draw", "sentences", "spacetime"]
