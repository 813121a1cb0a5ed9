"""Broken failure detectors and memberships, and the law that each one breaks."""

from __future__ import annotations

from typing import Any

from distsys.algorithms.detector import PERIOD, Heartbeat, HeartbeatDetector
from distsys.algorithms.detector_laws import DETECTOR_LAWS
from distsys.algorithms.detector_messages import Restore, Suspect
from distsys.algorithms.membership import Membership
from distsys.algorithms.membership_laws import MEMBERSHIP_LAWS
from distsys.algorithms.membership_messages import View
from distsys.core.systems import NodeMutant

from .catalogue import class_by_law


class WaitsForTheFirstHeartbeat(HeartbeatDetector):
    """FD-01: starts to watch a peer when it first hears from it."""

    def on_start(self) -> None:
        self.beat()


class StopsWatchingAfterAMistake(HeartbeatDetector):
    """FD-02: does not wait for a peer again once it was wrong about it."""

    def on_heartbeat(self, peer: str) -> None:
        wrong = peer in self.suspected
        super().on_heartbeat(peer)
        if wrong:
            self.cancel_timer(f"wait:{peer}")


class NeverLearns(HeartbeatDetector):
    """FD-03: takes a suspicion back, and is as impatient as before."""

    def on_heartbeat(self, peer: str) -> None:
        before = self.patience
        super().on_heartbeat(peer)
        self.patience = before


class NeverForgives(HeartbeatDetector):
    """FD-04: a suspicion is for ever."""

    def on_heartbeat(self, peer: str) -> None:
        if peer not in self.suspected:
            self.wait_for(peer)


class RepeatsItself(HeartbeatDetector):
    """FD-05: keeps the timer of a suspected peer running, and suspects it again and again."""

    def on_silence(self, peer: str) -> None:
        super().on_silence(peer)
        self.wait_for(peer)


class SaysNothingOfRestored(HeartbeatDetector):
    """FD-06: changes its mind and tells nobody."""

    def on_heartbeat(self, peer: str) -> None:
        self.suspected -= {peer}
        self.wait_for(peer)


class BeatsTooSlowly(HeartbeatDetector):
    """FD-07: beats forty times more slowly than its peers expect."""

    def beat(self) -> None:
        self.broadcast(self.peers, Heartbeat())
        self.set_timer("beat", 40 * PERIOD)


class LeavesItselfOut(Membership):
    """MEM-01: shows its peers only."""

    def show(self, members: tuple[str, ...]) -> None:
        super().show(tuple(name for name in members if name != self.name))


class OnlyShrinks(Membership):
    """MEM-02: whoever was suspected once stays out."""

    def on_output(self, inner: str, value: Any) -> None:
        match value:
            case Suspect(peer) if peer in self.members:
                super().on_output(inner, value)


class NumbersByCount(Membership):
    """MEM-03: takes the number of members that are missing for the number of the view."""

    def show(self, members: tuple[str, ...]) -> None:
        self.number = 1 + len(self.detector.suspected)  # type: ignore[attr-defined]
        self.members = members
        self.output(View(self.number, members))


class ShowsWhatItHad(Membership):
    """MEM-04: shows the old members when somebody comes back, and adds the newcomer after that."""

    def on_output(self, inner: str, value: Any) -> None:
        match value:
            case Suspect():
                super().on_output(inner, value)
            case Restore(peer):
                self.show(self.members)
                self.members = tuple(sorted((*self.members, peer)))


class NeverShrinks(Membership):
    """MEM-05: welcomes those who come back, and buries nobody."""

    def on_output(self, inner: str, value: Any) -> None:
        match value:
            case Suspect(peer):
                self.note(f"suspects {peer}")


def mutant(
    id: str, title: str, kind: type, breaks: str, source: str, story: str, nodes: int = 3
) -> NodeMutant:
    """Return the mutant that swaps the one class of its system."""
    system = "membership" if issubclass(kind, Membership) else "heartbeat-detector"
    klass = class_by_law(breaks, (*DETECTOR_LAWS, *MEMBERSHIP_LAWS))
    return NodeMutant(
        id, title, system, {"process": kind}, breaks, source, story, {"nodes": nodes}, klass=klass
    )


CHANDRA = "Chandra and Toueg 1996"
CACHIN = "Cachin, Guerraoui and Rodrigues 2011, algorithm 2.7"

MUTANTS = (
    mutant(
        "FD-01",
        "Watching begins with the first heartbeat",
        WaitsForTheFirstHeartbeat,
        "strong completeness",
        CHANDRA,
        "A peer crashes before anybody heard from it. Nobody waits for it, so nobody ever misses it.",
        nodes=5,
    ),
    mutant(
        "FD-02",
        "Once wrong, never watching again",
        StopsWatchingAfterAMistake,
        "strong completeness",
        CHANDRA,
        "A slow peer is suspected and comes back. When it crashes later, its timer is off.",
    ),
    mutant(
        "FD-03",
        "Patience that does not grow",
        NeverLearns,
        "eventual strong accuracy",
        CACHIN,
        "Heartbeats take longer than the detector waits. The same mistake is made and taken back for ever.",
    ),
    mutant(
        "FD-04",
        "Suspicion for life",
        NeverForgives,
        "heard is alive",
        CHANDRA,
        "One late heartbeat, and a living process counts as dead whatever it says.",
    ),
    mutant(
        "FD-05",
        "Suspected again and again",
        RepeatsItself,
        "news only",
        CACHIN,
        "The timer is set anew after a suspicion, and the same news comes every time it fires.",
    ),
    mutant(
        "FD-06",
        "A change of mind that nobody hears of",
        SaysNothingOfRestored,
        "heard is alive",
        CACHIN,
        "The field is right and the listener is wrong: it was told of the suspicion and not of its end.",
    ),
    mutant(
        "FD-07",
        "Heartbeats far slower than the patience",
        BeatsTooSlowly,
        "eventual strong accuracy",
        CACHIN,
        "A period of 1.6 s meets a patience of 75 ms. Each beat buys its sender a moment of trust.",
    ),
    mutant(
        "MEM-01",
        "A view without its owner",
        LeavesItselfOut,
        "self inclusion",
        "Cachin, Guerraoui and Rodrigues 2011",
        "The process lists its peers, and forgets that it is alive as well.",
    ),
    mutant(
        "MEM-02",
        "Views that only shrink",
        OnlyShrinks,
        "views are right",
        "Cachin, Guerraoui and Rodrigues 2011",
        "A pause of a second costs a member its place for good.",
    ),
    mutant(
        "MEM-03",
        "A size for a number",
        NumbersByCount,
        "numbered views",
        "Cachin, Guerraoui and Rodrigues 2011",
        "The number goes down when a member comes back, and two views share it.",
    ),
    mutant(
        "MEM-04",
        "The view before the change",
        ShowsWhatItHad,
        "views differ",
        "Cachin, Guerraoui and Rodrigues 2011",
        "The view is shown first and changed afterwards, so it says again what was known.",
    ),
    mutant(
        "MEM-05",
        "Views that never shrink",
        NeverShrinks,
        "views are right",
        "Cachin, Guerraoui and Rodrigues 2011",
        "The suspicion is noted, and the crashed member stays in the list.",
    ),
)
