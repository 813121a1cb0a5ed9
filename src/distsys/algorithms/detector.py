"""A failure detector: who is silent for too long is suspected, and who is suspected wrongly gets more time.

No process can tell a crashed peer from a slow one. What it can do is to suspect, to take it back when it was
wrong, and to learn. If from some moment on messages take a bounded time, however late that moment and
however long that time, the mistakes come to an end: the detector is eventually perfect.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from distsys.core import EMPTY, MS, Map, Node, Output, record
from distsys.core.systems import Sight, System, alike
from distsys.core.trace import Step

from .detector_laws import DETECTOR_LAWS
from .detector_messages import Restore, Suspect

PERIOD = 40 * MS  # between two heartbeats
PATIENCE = 75 * MS  # silence that is borne at first; each mistake about a peer adds as much for this peer


@record
class Heartbeat:
    """The sender is alive, or was when it sent this."""


class HeartbeatDetector(Node):
    """Suspects the peers that have crashed, in the end exactly these.

    State, all volatile: the `suspected` peers; `patience`, the silence in microseconds that we bear of each.
    Messages: Heartbeat, without retransmission: the next one does as well.
    Timers: beat, every `PERIOD`; wait:<peer>, fires when the peer was silent longer than our patience.
    Outputs: Suspect(peer), Restore(peer).
    Keeps: strong completeness, eventual strong accuracy (so it is eventually perfect); a heartbeat
    clears a suspicion; what it outputs is what it believes.
    Assumes: crash-stop processes, and partial synchrony: from some unknown moment on messages arrive, within
    some unknown bound.
    Leaves out: fewer messages (all beat to all, n(n-1) a period) and shrinking patience after a storm.
    Source: Chandra and Toueg 1996; Cachin, Guerraoui and Rodrigues 2011, algorithm 2.7 (Increasing
    Timeout), with a timer and a patience for each peer, and heartbeats that nobody has to ask for.
    """

    declared = {"suspected": "suspected"}

    def __init__(self, name: str, disk: Map[str, Any] = EMPTY, *, peers: tuple[str, ...]) -> None:
        super().__init__(name, disk)
        self.peers = peers
        self.suspected: frozenset[str] = frozenset()
        self.patience = Map(dict.fromkeys(peers, PATIENCE))

    def on_start(self) -> None:
        self.beat()
        for peer in self.peers:
            self.wait_for(peer)

    def on_message(self, sender: str, message: Any) -> None:
        match message:
            case Heartbeat():
                self.on_heartbeat(sender)

    def on_timeout(self, timer: str) -> None:
        match timer.split(":"):
            case ["beat"]:
                self.beat()
            case ["wait", peer]:
                self.on_silence(peer)

    def beat(self) -> None:
        """Say that we are alive, now and again after a period."""
        self.broadcast(self.peers, Heartbeat())
        self.set_timer("beat", PERIOD)

    def wait_for(self, peer: str) -> None:
        """Give the peer as much time as we have patience."""
        self.set_timer(f"wait:{peer}", self.patience[peer])

    def on_heartbeat(self, peer: str) -> None:
        """Take back a suspicion that was wrong, and have more patience from now on."""
        if peer in self.suspected:
            self.suspected -= {peer}
            self.patience = self.patience.set(peer, self.patience[peer] + PATIENCE)
            self.output(Restore(peer))
        self.wait_for(peer)

    def on_silence(self, peer: str) -> None:
        """Suspect the peer. Its timer stays off until it is heard again."""
        self.suspected |= {peer}
        self.output(Suspect(peer))


TOLERATED = (
    *("loss", "duplicate", "reorder", "slow", "partition", "cut"),
    *("crash", "crash-in-step", "pause", "skew", "clock-step"),
)


def says(kind: type) -> Callable[[Step], bool]:
    """Return a test for steps that output something of this class."""

    def seen(step: Step) -> bool:
        return any(isinstance(e, Output) and isinstance(e.value, kind) for e in step.effects[: step.kept])

    return seen


HEARTBEAT = System(
    name="heartbeat-detector",
    says="Every process suspects, in the end, exactly the processes that have crashed.",
    classes={"process": HeartbeatDetector},
    members=alike(),
    laws=DETECTOR_LAWS,
    tolerates=TOLERATED,
    restarts=False,
    sights=(
        Sight("suspected", "A process suspects another.", says(Suspect)),
        Sight("taken back", "A suspicion was wrong and is taken back.", says(Restore)),
    ),
)
