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
        (
            "A detector begins to wait for a peer when it first hears from it. The peer crashes, and its "
            "first heartbeat is lost. No timer runs for it, so nobody ever suspects it."
        ),
        nodes=5,
    ),
    mutant(
        "FD-02",
        "Once wrong, never watching again",
        StopsWatchingAfterAMistake,
        "strong completeness",
        CHANDRA,
        (
            "When a suspicion turns out to be wrong, the timer for that peer is switched off. A peer is "
            "suspected, one of its heartbeats comes late, and it is trusted again. It has crashed in the "
            "meantime, and its silence is no longer noticed."
        ),
    ),
    mutant(
        "FD-03",
        "Patience that does not grow",
        NeverLearns,
        "eventual strong accuracy",
        CACHIN,
        (
            "A detector takes a wrong suspicion back and then waits no longer than before. Some heartbeats "
            "take longer than that. The same mistake is made and taken back again and again, and never for "
            "the last time."
        ),
    ),
    mutant(
        "FD-04",
        "Suspicion for life",
        NeverForgives,
        "heard is alive",
        CHANDRA,
        (
            "A heartbeat of a suspected peer is ignored. One that comes late is enough, and a living "
            "process counts as dead for ever, whatever it says."
        ),
    ),
    mutant(
        "FD-05",
        "Suspected again and again",
        RepeatsItself,
        "news only",
        CACHIN,
        (
            "The timer goes on after a suspicion. Each time it fires the same suspicion is told again, "
            "although nothing has changed; the law asks for news only."
        ),
    ),
    mutant(
        "FD-06",
        "A change of mind that nobody hears of",
        SaysNothingOfRestored,
        "heard is alive",
        CACHIN,
        (
            "The detector changes its mind and tells nobody. The application was told of the suspicion and "
            "not of its end, so it goes on to treat a living process as dead."
        ),
    ),
    mutant(
        "FD-07",
        "Heartbeats far slower than the patience",
        BeatsTooSlowly,
        "eventual strong accuracy",
        CACHIN,
        (
            "Heartbeats are sent every 1.6 s, and peers wait 75 ms for the next. In between, living "
            "processes are suspected. When the run is judged it is still so."
        ),
    ),
    mutant(
        "MEM-01",
        "A view without its owner",
        LeavesItselfOut,
        "self inclusion",
        "Cachin, Guerraoui and Rodrigues 2011",
        (
            "A process shows the list of its peers and leaves itself out. It is alive, and its very first "
            "view says that it is no member."
        ),
    ),
    mutant(
        "MEM-02",
        "Views that only shrink",
        OnlyShrinks,
        "views are right",
        "Cachin, Guerraoui and Rodrigues 2011",
        (
            "A member that was suspected once is left out for good. A short silence is enough: its "
            "heartbeats come again, the suspicion ends, and the view stays too small."
        ),
    ),
    mutant(
        "MEM-03",
        "A size for a number",
        NumbersByCount,
        "numbered views",
        "Cachin, Guerraoui and Rodrigues 2011",
        (
            "A view gets the number of members that are missing, in place of the next number. When a member "
            "comes back the number goes down, and a new view has the number of an old one."
        ),
    ),
    mutant(
        "MEM-04",
        "The view before the change",
        ShowsWhatItHad,
        "views differ",
        "Cachin, Guerraoui and Rodrigues 2011",
        (
            "When a member comes back, the view is shown first and changed afterwards. The new view says "
            "the same as the one before, and the change is shown to nobody."
        ),
    ),
    mutant(
        "MEM-05",
        "Views that never shrink",
        NeverShrinks,
        "views are right",
        "Cachin, Guerraoui and Rodrigues 2011",
        (
            "A suspicion is noted, and the view stays as it is. A member crashes, the others suspect it, "
            "and it remains in their views for ever."
        ),
    ),
)
