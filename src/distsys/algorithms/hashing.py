"""All of consistent hashing in one import: the placements, the measures, and the key hash.

>>> from distsys.algorithms.hashing import Ring, loads
>>> sum(loads(Ring(["a", "b"]), ["x", "y", "z"]).values())
3
"""

from .bounded import BoundedLoads, assign
from .choices import Choices
from .handover import Handover
from .jump import Jump, jump_hash, jump_points
from .ketama import Ketama
from .keyhash import key_hash, key_hashes, md5_hash
from .maglev import Maglev
from .measures import (
    balls_cv,
    coefficient_of_variation,
    harmonic,
    loads,
    max_over_mean,
    moved,
    moved_share,
    ring_share_cv,
)
from .modulo import Modulo
from .multiprobe import MultiProbe
from .rendezvous import Rendezvous
from .ring import Ring

__all__ = [
    "BoundedLoads",
    "Choices",
    "Handover",
    "Jump",
    "Ketama",
    "Maglev",
    "Modulo",
    "MultiProbe",
    "Rendezvous",
    "Ring",
    "assign",
    "balls_cv",
    "coefficient_of_variation",
    "harmonic",
    "jump_hash",
    "jump_points",
    "key_hash",
    "key_hashes",
    "loads",
    "max_over_mean",
    "md5_hash",
    "moved",
    "moved_share",
    "ring_share_cv",
]
