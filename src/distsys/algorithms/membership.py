"""Membership: each process keeps a numbered list of who is alive, made of the suspicions of a detector.

The smallest use of a detector, and of `embed`: suspicions go in, views come out.
"""

from __future__ import annotations

from typing import Any, ClassVar

from distsys.core import EMPTY, Map, Node
from distsys.core.systems import Sight, System, alike
from distsys.core.trace import Step

from .detector import TOLERATED, HeartbeatDetector, says
from .detector_messages import Restore, Suspect
from .membership_laws import MEMBERSHIP_LAWS
from .membership_messages import View


class Membership(Node):
    """Outputs a new view whenever the detector changes its mind.

    State, all volatile: `number` of the last view; its `members`, sorted.
    Messages and timers: those of the embedded `detector`.
    Outputs: View(number, members), the first when the process starts, with everybody in it.
    Keeps: views are numbered 1, 2, 3, ...; two views in a row differ; a process is in its own views; in the
    end all correct processes see exactly the correct ones.
    Assumes: what the detector assumes.
    Leaves out: agreement on the sequence of views. View 3 of one process need not be view 3 of another; that
    takes consensus.
    Source: our own, as the smallest thing that embeds a detector.
    """

    declared = {"view": "number", "members": "members"}
    below: ClassVar[type[HeartbeatDetector]] = HeartbeatDetector

    def __init__(self, name: str, disk: Map[str, Any] = EMPTY, *, peers: tuple[str, ...]) -> None:
        super().__init__(name, disk)
        self.number = 0
        self.members = tuple(sorted((name, *peers)))
        self.embed("detector", self.below(name, disk.under("detector"), peers=peers))

    def on_start(self) -> None:
        self.show(self.members)

    def on_output(self, inner: str, value: Any) -> None:
        match value:
            case Suspect(peer):
                self.show(tuple(name for name in self.members if name != peer))
            case Restore(peer):
                self.show(tuple(sorted((*self.members, peer))))

    def show(self, members: tuple[str, ...]) -> None:
        """Make these the members, in a view with the next number."""
        self.number += 1
        self.members = members
        self.output(View(self.number, members))


shows_view = says(View)


def leaves(step: Step) -> bool:
    """Return whether silence costs a member its place."""
    return step.kind == "timeout" and shows_view(step)


def comes_back(step: Step) -> bool:
    """Return whether a member is heard again."""
    return step.kind == "deliver" and shows_view(step)


MEMBERSHIP = System(
    name="membership",
    says="Every process lists who is alive; in the end all lists are right.",
    classes={"process": Membership},
    members=alike(),
    laws=MEMBERSHIP_LAWS,
    tolerates=TOLERATED,
    restarts=False,
    sights=(
        Sight("members left", "A member that is silent leaves the list.", leaves),
        Sight("members came back", "A member that left is heard again.", comes_back),
    ),
)
