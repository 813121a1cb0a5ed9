"""Gossip: now and again each process compares what it knows with one other, chosen at random.

Nobody knows who has what, nobody waits for anybody, and no single loss matters: the next exchange is soon. This is
anti-entropy, which ends with all knowing all. It costs a message in each period even if there is no news.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from distsys.core import EMPTY, MS, Deliver, Dice, Map, Node, derive
from distsys.core.laws import outputs
from distsys.core.systems import Members, Request, Sight, System, peers_of
from distsys.core.trace import Step

from .detector import TOLERATED
from .gossip_laws import GOSSIP_LAWS
from .gossip_messages import Exchange, Name, Pull, Push, Rumour, Tell

PERIOD = 100 * MS
MODES = ("push", "pull", "push-pull")


class Gossip(Node):
    """Knows, in the end, every rumour that a correct process knows.

    State, all volatile: the rumours `known`, as {(origin, number): Rumour}; how many `begun` here; the `dice`.
    Messages: Push, Pull, Exchange. Timer: gossip, every `PERIOD`.
    Outputs: Rumour, when it is learned, also by the process where it begins.
    Keeps: agreement in the end; no creation; nothing is learned twice.
    Assumes: crash-stop processes, links that do not lose every message.
    Leaves out: digests and versions that keep messages small, and forgetting what all know.
    Source: Demers and others 1987, section 1.3.
    """

    declared = {"known": "texts"}

    def __init__(
        self, name: str, disk: Map[str, Any] = EMPTY, *, peers: tuple[str, ...], mode: str = "push-pull"
    ) -> None:
        super().__init__(name, disk)
        self.peers = peers
        self.mode = mode
        self.known: Map[Name, Rumour] = Map()
        self.texts: tuple[str, ...] = ()
        self.begun = 0
        self.dice = Dice(0)

    def on_start(self) -> None:
        self.dice = Dice(self.seed)
        self.set_timer("gossip", 0, PERIOD)  # not all at the same moment

    def on_message(self, sender: str, message: Any) -> None:
        match message:
            case Tell(text):
                self.begun += 1
                self.learn(Rumour(self.name, self.begun, text))
            case Push(rumours):
                self.learn_all(rumours)
            case Pull(known):
                self.answer(sender, known)
            case Exchange(rumours):
                self.answer(sender, tuple(name_of(rumour) for rumour in rumours))
                self.learn_all(rumours)

    def on_timeout(self, timer: str) -> None:
        """Turn to somebody, whoever it is."""
        if self.peers:
            peer, self.dice = self.dice.choose(self.peers)
            self.gossip_with(peer)
        self.set_timer("gossip", PERIOD)

    def gossip_with(self, peer: str) -> None:
        """Tell what we know, ask for what we do not know, or both."""
        if self.mode == "pull":
            self.send(peer, Pull(tuple(self.known)))
        elif self.mode == "push-pull":
            self.send(peer, Exchange(self.all_known()))
        elif self.known:
            self.send(peer, Push(self.all_known()))

    def answer(self, peer: str, known: tuple[Name, ...]) -> None:
        """Send what the peer lacks, if we have any."""
        if missing := tuple(rumour for rumour in self.all_known() if name_of(rumour) not in known):
            self.send(peer, Push(missing))

    def all_known(self) -> tuple[Rumour, ...]:
        """Return the rumours that we pass on."""
        return tuple(self.known.values())

    def learn_all(self, rumours: tuple[Rumour, ...]) -> None:
        """Learn those that are new."""
        for rumour in rumours:
            if name_of(rumour) not in self.known:
                self.learn(rumour)

    def learn(self, rumour: Rumour) -> None:
        """Know it from now on."""
        self.known = self.known.set(name_of(rumour), rumour)
        self.texts = (*self.texts, rumour.text)
        self.output(rumour)


def name_of(rumour: Rumour) -> Name:
    """Return the name under which a rumour is known: both parts are needed.

    >>> name_of(Rumour("ann", 2, "rain"))
    ('ann', 2)
    """
    return rumour.origin, rumour.number


def members(names: tuple[str, ...], options: Mapping[str, Any]) -> Members:
    """Return processes that all know each other."""
    return {name: ("process", {"peers": peers_of(name, names), "mode": options["mode"]}) for name in names}


def tellings(names: tuple[str, ...], options: Mapping[str, Any], seed: int) -> tuple[Request, ...]:
    """Return rumours that begin at random processes, within two seconds."""
    dice = Dice(derive(seed, "workload"))
    requests = []
    for number in range(1, options["rumours"] + 1):
        at, dice = dice.below(2_000 * MS)
        name, dice = dice.choose(names)
        requests.append(Request(at, name, Tell(f"rumour {number}")))
    return tuple(requests)


def heard(step: Step) -> bool:
    """Return whether a rumour is learned from another."""
    return step.kind == "deliver" and bool(outputs(step, Rumour))


def in_vain(step: Step) -> bool:
    """Return whether somebody is told what it knows already."""
    return (
        isinstance(step.event, Deliver)
        and isinstance(step.event.message, Push | Exchange)
        and bool(step.event.message.rumours)
        and not outputs(step, Rumour)
    )


GOSSIP = System(
    name="gossip",
    says="Each process compares what it knows with one other at a time; in the end all know the same.",
    classes={"process": Gossip},
    members=members,
    laws=GOSSIP_LAWS,
    options={"nodes": 5, "rumours": 6, "mode": "push-pull"},
    workload=tellings,
    tolerates=TOLERATED,
    variants={"mode": MODES},
    restarts=False,
    settles_early=True,
    sights=(
        Sight("heard", "A rumour is learned from another.", heard),
        Sight("in vain", "Somebody is told what it knows.", in_vain),
    ),
)
