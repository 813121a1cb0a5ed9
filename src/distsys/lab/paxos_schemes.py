"""Three ways to choose one value that do not work; what is missing in each is what Paxos has.

`Naive` is one process with two settings: who the voters are, and whether a voter may vote again. One voter alone can
crash; voters that vote once can split; voters that vote again can choose two values. `attempt` makes the run that
shows it.

>>> attempt("votes once").outputs()
{'p1': (), 'p2': (), 'p3': ()}
>>> attempt("votes again").violation.evidence
'p1 takes x for chosen, p3 takes y'
"""

from __future__ import annotations

from typing import Any, ClassVar

from distsys.core import systems
from distsys.core.laws import World, law
from distsys.core.node import Node
from distsys.core.systems import System
from distsys.core.trace import Trace
from distsys.core.values import EMPTY, Map, record
from distsys.drivers import perform
from distsys.drivers.schedules import crash, deliver, flow, request
from distsys.protocols.paxos_messages import Chosen, Propose

from .paxos_runs import THREE, Story


@record
class Ask:
    """Please vote for `value`."""

    value: Any


@record
class Voted:
    """The sender has voted for `value`."""

    value: Any


class Naive(Node):
    """A process that asks voters, and takes a value for chosen when more than half have voted for it."""

    declared: ClassVar[dict[str, str]] = {"vote": "vote", "chosen": "chosen"}

    def __init__(
        self, name: str, disk: Map[str, Any] = EMPTY, *, voters: tuple[str, ...], again: bool
    ) -> None:
        super().__init__(name, disk)
        self.voters, self.again = voters, again
        self.vote: Any = disk.get("vote")
        self.votes: Map[str, Any] = EMPTY
        self.chosen: Any = None

    def on_message(self, sender: str, message: Any) -> None:
        """Ask, vote, or count."""
        match message:
            case Propose(value):
                self.broadcast(self.voters, Ask(value))
            case Ask(value):
                if self.vote is None or self.again:
                    self.vote = value
                    self.persist(vote=value)
                self.send(sender, Voted(self.vote))
            case Voted(value):
                self.votes = self.votes.set(sender, value)
                if 2 * list(self.votes.values()).count(value) > len(self.voters):
                    self.learn(value)

    def learn(self, value: Any) -> None:
        """Take the value for chosen, the first one only."""
        if self.chosen is None:
            self.chosen = value
            self.output(Chosen(value))


@law("one outcome", "No two processes take different values for chosen.")
def one_outcome(world: World) -> str | None:
    """What all three schemes are for."""
    nodes = (world.nodes.get(name) for name in world.names)
    known = [
        (node.name, node.chosen) for node in nodes if isinstance(node, Naive) and node.chosen is not None
    ]
    for name, value in known[1:]:
        if value != known[0][1]:
            return f"{known[0][0]} takes {known[0][1]} for chosen, {name} takes {value}"
    return None


def settings(voters: tuple[str, ...], again: bool) -> Any:
    """Return the members of a system whose processes have these settings."""

    def members(names: tuple[str, ...], options: Any) -> Any:
        return {name: ("process", {"voters": voters, "again": again}) for name in names}

    return members


SCHEMES = {
    "one voter": (("p2",), False),
    "votes once": (THREE, False),
    "votes again": (THREE, True),
}
SYSTEMS = {
    scheme: systems.register(
        System(
            name=f"naive: {scheme}",
            says=f"Choose one value, and do not manage: {scheme}.",
            classes={"process": Naive},
            members=settings(*chosen),
            laws=(one_outcome,),
        )
    )
    for scheme, chosen in SCHEMES.items()
}

STORIES: dict[str, Story] = {
    "one voter": (
        request("p1", Propose("x")),
        deliver("p1", "p2", Ask),
        crash("p2"),
        request("p3", Propose("y")),
    ),
    "votes once": (
        *(request(name, Propose(value)) for name, value in zip(THREE, "xyz", strict=True)),
        *(deliver(name, name, Ask) for name in THREE),
        flow(*THREE),
    ),
    "votes again": (
        request("p1", Propose("x")),
        *(move for name in ("p1", "p2") for move in (deliver("p1", name, Ask), deliver(name, "p1", Voted))),
        request("p3", Propose("y")),
        *(move for name in ("p2", "p3") for move in (deliver("p3", name, Ask), deliver(name, "p3", Voted))),
    ),
}


def attempt(scheme: str) -> Trace:
    """Return the run in which a scheme fails: "one voter", "votes once" or "votes again"."""
    return perform(systems.build(SYSTEMS[scheme].name, nodes=THREE), STORIES[scheme])
