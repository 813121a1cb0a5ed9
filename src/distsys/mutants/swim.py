"""Broken SWIM: each one breaks a law of members that ask around and pass on what they hear."""

from __future__ import annotations

from typing import Any

from distsys.algorithms.swim import SUSPICION, Swim
from distsys.algorithms.swim_laws import SWIM_LAWS
from distsys.algorithms.swim_messages import Ack, News, Status
from distsys.core import EMPTY, Map, Node
from distsys.core.systems import NodeMutant

from .catalogue import class_by_law


class HearsNothingOfItself(Swim):
    """SWIM-01: does not look whether the news are about itself."""

    def on_accused(self, item: News) -> None:
        self.note(f"hears {item.status.name.lower()} of itself")


class LeavesTheClockOn(Swim):
    """SWIM-02: keeps one clock for each suspect, and does not stop it when the suspicion is refuted."""

    def __init__(
        self, name: str, disk: Map[str, Any] = EMPTY, *, peers: tuple[str, ...], helpers: int
    ) -> None:
        super().__init__(name, disk, peers=peers, helpers=helpers)
        self.running: frozenset[str] = frozenset()

    def watch(self, item: News) -> None:
        if item.status is Status.SUSPECT and item.member not in self.running:
            self.running |= {item.member}
            self.set_timer(f"suspect:{item.member}", SUSPICION)

    def on_no_refutation(self, peer: str) -> None:
        self.running -= {peer}
        super().on_no_refutation(peer)


class VouchesForOthers(Swim):
    """SWIM-03: a helper answers for a target that it believes alive, and does not ask it."""

    def on_ping_req(self, asker: str, number: int, target: str) -> None:
        if self.beliefs[target].status is Status.ALIVE:
            self.send(asker, Ack(number, target, asker, self.news_for(asker)))


class CondemnsForGood(Swim):
    """SWIM-04: a verdict is for ever, as in the paper."""

    def beats(self, item: News, belief: News) -> bool:
        return belief.status is not Status.FAULTY and super().beats(item, belief)


class SpeaksForOthers(Swim):
    """SWIM-05: whoever hears from a suspect clears it, with the next incarnation."""

    def on_message(self, sender: str, message: Any) -> None:
        belief = self.beliefs[sender]
        if belief.status is Status.SUSPECT:
            self.believe(News(sender, belief.incarnation + 1, Status.ALIVE))
        super().on_message(sender, message)


class WelcomesOldNews(Swim):
    """SWIM-06: believes that a member is alive, whoever says so and however old that is."""

    def beats(self, item: News, belief: News) -> bool:
        return super().beats(item, belief) or (item.status is Status.ALIVE and item != belief)


class AsksAtRandom(Swim):
    """SWIM-07: draws the target anew in each period."""

    def choose_target(self) -> str:
        target, self.dice = self.dice.choose(self.peers)
        return target


def mutant(
    id: str, title: str, kind: type[Node], breaks: str, source: str, story: str, depth: int = 0
) -> NodeMutant:
    """Return the mutant that swaps the one class of the system."""
    klass = class_by_law(breaks, SWIM_LAWS)
    return NodeMutant(id, title, "swim", {"member": kind}, breaks, source, story, klass=klass, depth=depth)


PAPER = "Das, Gupta and Motivala 2002"

MUTANTS = (
    mutant(
        "SWIM-01",
        "Nobody refutes",
        HearsNothingOfItself,
        "alive are alive",
        "localghost/membership, issue 36 (2020)",
        (
            "A member hears that it is suspected, and does not see that it is itself that is meant. So it says "
            "nothing, its time runs out, and a member that answers every ping counts as faulty for ever."
        ),
    ),
    mutant(
        "SWIM-02",
        "An old suspicion kills",
        LeavesTheClockOn,
        "time to refute",
        "daos-stack/daos, pull request 18635 (2026)",
        (
            "A suspicion is kept by the name of the member, without its incarnation. The member refutes and "
            "the clock of the suspicion runs on. When the member is suspected again, the old clock ends the new "
            "suspicion, and there is no time left to refute."
        ),
    ),
    mutant(
        "SWIM-03",
        "A helper that vouches",
        VouchesForOthers,
        "crashed are faulty",
        f"{PAPER}, section 3.1 (the helper passes on the answer of the target)",
        (
            "A helper that is asked to ping a target answers for it, since it believes it alive. Each member that "
            "gets no answer itself is calmed by others, who have it from nobody. So a crash is never noticed."
        ),
    ),
    mutant(
        "SWIM-04",
        "A verdict without appeal",
        CondemnsForGood,
        "alive are alive",
        f"{PAPER}, section 4.2 (Confirm overrides everything, for ever)",
        (
            "This is the rule of the paper: once a member is declared faulty, nothing that it says brings it back. A "
            "pause longer than the time to refute is enough, and a member that is up stays outside for good."
        ),
    ),
    mutant(
        "SWIM-05",
        "Speaking for another",
        SpeaksForOthers,
        "own incarnation",
        f"{PAPER}, section 4.2 (only the member itself can raise its incarnation)",
        (
            "A member hears from a suspect and clears it at once, with the next incarnation. That number is the "
            "suspect's own to give: the two may now mean different things by it."
        ),
    ),
    mutant(
        "SWIM-06",
        "Back from the dead by old news",
        WelcomesOldNews,
        "news go up",
        "al8n/memberlist, pull request 197 (2026)",
        (
            "News that a member is alive are believed without a look at their incarnation. News from before "
            "its crash, which came late, bring it back. The others do not agree, and the lists go to and fro."
        ),
    ),
    mutant(
        "SWIM-07",
        "A target by chance",
        AsksAtRandom,
        "everybody in turn",
        f"{PAPER}, section 4.3 (round-robin probe target selection)",
        (
            "Each period draws its target from all peers. On average that is as good as taking turns. But now and "
            "then a peer is not drawn for a long time, and no bound can be named within which its crash is noticed."
        ),
    ),
)
