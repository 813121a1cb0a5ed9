"""Broken gossip: rumours that are not passed on, that are mixed up, given up too early, or changed."""

from __future__ import annotations

from typing import Any

from distsys.algorithms.gossip import Gossip, name_of
from distsys.algorithms.gossip_laws import GOSSIP_LAWS
from distsys.algorithms.gossip_messages import Name, Rumour
from distsys.core import EMPTY, Map, Node
from distsys.core.systems import NodeMutant

from .catalogue import class_by_law


class TellsItsOwnOnly(Gossip):
    """GOSS-01: passes on what began here, and nothing that it heard."""

    def all_known(self) -> tuple[Rumour, ...]:
        return tuple(rumour for rumour in super().all_known() if rumour.origin == self.name)


class KeepsOneOfEach(Gossip):
    """GOSS-02: keeps what it knows by the name of the origin alone."""

    def learn_all(self, rumours: tuple[Rumour, ...]) -> None:
        for rumour in rumours:
            if rumour.origin not in [origin for origin, _ in self.known]:
                self.learn(rumour)


class LosesInterest(Gossip):
    """GOSS-03: tells each rumour three times, and never again."""

    def __init__(self, name: str, disk: Map[str, Any] = EMPTY, *, peers: tuple[str, ...], mode: str) -> None:
        super().__init__(name, disk, peers=peers, mode=mode)
        self.told: Map[Name, int] = Map()

    def gossip_with(self, peer: str) -> None:
        super().gossip_with(peer)
        for rumour in self.all_known():
            self.told = self.told.set(name_of(rumour), self.told.get(name_of(rumour), 0) + 1)

    def all_known(self) -> tuple[Rumour, ...]:
        return tuple(rumour for name, rumour in self.known.items() if self.told.get(name, 0) < 3)


class KnowsByTeller(Gossip):
    """GOSS-04: knows a rumour by who told it, and not by where it began."""

    def __init__(self, name: str, disk: Map[str, Any] = EMPTY, *, peers: tuple[str, ...], mode: str) -> None:
        super().__init__(name, disk, peers=peers, mode=mode)
        self.teller = ""
        self.heard: frozenset[Name] = frozenset()

    def on_message(self, sender: str, message: Any) -> None:
        self.teller = sender
        super().on_message(sender, message)

    def learn_all(self, rumours: tuple[Rumour, ...]) -> None:
        for rumour in rumours:
            if (self.teller, rumour.number) not in self.heard:
                self.heard |= {(self.teller, rumour.number)}
                self.learn(rumour)


class FlipsABit(Gossip):
    """GOSS-05: in the second rumour that it learns from others one bit is wrong, and nobody checks."""

    def learn_all(self, rumours: tuple[Rumour, ...]) -> None:
        for rumour in rumours:
            foreign = [origin for origin, _ in self.known if origin != self.name]
            if name_of(rumour) not in self.known and len(foreign) == 1:
                text = chr(ord(rumour.text[0]) ^ 1) + rumour.text[1:]
                super().learn_all((Rumour(rumour.origin, rumour.number, text),))
            else:
                super().learn_all((rumour,))


def mutant(
    id: str, title: str, kind: type[Node], breaks: str, source: str, story: str, **options: Any
) -> NodeMutant:
    """Return the mutant that swaps the one class of the system."""
    klass = class_by_law(breaks, GOSSIP_LAWS)
    return NodeMutant(id, title, "gossip", {"process": kind}, breaks, source, story, options, klass=klass)


DEMERS = "Demers and others 1987"

MUTANTS = (
    mutant(
        "GOSS-01",
        "What one heard is not passed on",
        TellsItsOwnOnly,
        "all know all",
        f"{DEMERS} (direct mail, and what it misses)",
        (
            "Each process tells what began at itself, and keeps what it hears. As long as the origin lives, all hear "
            "of it in the end. It crashes when some know the rumour: they keep it, and the others never hear of it."
        ),
    ),
    mutant(
        "GOSS-02",
        "One rumour of each origin",
        KeepsOneOfEach,
        "all know all",
        f"{DEMERS} (what is compared are items, each with its own name)",
        (
            "A process looks up what it knows by the name of the origin, without the number. The second rumour "
            "from the same origin looks like the first, and is not taken in."
        ),
    ),
    mutant(
        "GOSS-03",
        "Interest that is lost too early",
        LosesInterest,
        "all know all",
        f"{DEMERS}, section 1.4 (rumor mongering may leave somebody out)",
        (
            "A rumour is told three times by each who knows it, and then never again. Most hear of it several "
            "times. Now and then somebody is chosen by none, and nothing tells the others."
        ),
        mode="push",
    ),
    mutant(
        "GOSS-04",
        "Known by who told it",
        KnowsByTeller,
        "learned once",
        f"{DEMERS} (an item is the same, whoever sends it)",
        (
            "A process remembers a rumour by who told it. The same rumour from another teller is news to it, and "
            "is learned, counted and passed on a second time."
        ),
    ),
    mutant(
        "GOSS-05",
        "One wrong bit",
        FlipsABit,
        "no invention",
        "Amazon S3 Availability Event: July 20, 2008",
        (
            "One bit of a rumour flips in the memory of one process, and the message can still be read. Nothing checks "
            "it. The wrong text is passed on like any other, and more processes believe it with each round."
        ),
    ),
)
