"""Which declared fields of a node hold a quorum: votes, promises, acknowledgements.

A node says with `Node.declared` what its picture shows. Where one of the names below is among them, a figure can show
who belongs to a quorum at a step, and who belongs to two. Nothing here is of one protocol: another that declares the
same names is shown the same way, and one more kind of quorum is one more line of `QUORUMS`.

The whole of what is read: the field of the quorum (a set of names, or a map from names), `role`, the field that counts
(term, ballot, epoch), the `level` that a map's values must reach, `log` for whether a node counts itself, and
`voters`: the names that may count, as a set or tuple, or two of them while a configuration changes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from distsys.core.trace import Trace

from .conditions import TERMS


@dataclass(frozen=True)
class Quorum:
    """A declared field that holds a quorum.

    field  its declared name: a set of names, a map from names, or a map from names to positions
    phase  1 chooses who may decide (votes, promises), 2 decides (acknowledgements); a quorum of each must meet
    says   what it means, with {node}, {number} and {level} filled in
    level  the declared position that counts, "" where being there is enough: votes count, matches must reach the commit
    roles  the roles in which a node's set means something; none: in any
    entry  what a position is called in the menu
    """

    field: str
    phase: int
    says: str
    level: str = ""
    roles: tuple[str, ...] = ()
    entry: str = "entry"


CANDIDATES = ("candidate", "leader", "proposer", "primary", "coordinator")
LEADERS = ("leader", "proposer", "primary", "coordinator")
QUORUMS = (
    Quorum("votes", 1, "{node} has votes in {counter} {number}", roles=CANDIDATES),
    Quorum("promises", 1, "{node} has promises for {counter} {number}", roles=CANDIDATES),
    Quorum("match", 2, "Entry {level} is held, as {node} knows in {counter} {number}", "commit", LEADERS),
    Quorum("accepted", 2, "{node} has acceptances in {counter} {number}", roles=LEADERS),
)
SHOWS = ("vote", "commit")  # declared fields that stand under each node


def quorums_of(traces: Iterable[Trace]) -> dict[str, Any] | None:
    """Return what a figure needs to show the quorums that these runs declare; None where there is none."""
    names = {name for trace in traces for declared in trace.header.declared.values() for name in declared}
    counter = next((name for name in TERMS if name in names), "")
    found = [
        quorum for quorum in QUORUMS if quorum.field in names and (not quorum.level or quorum.level in names)
    ]
    if not found:
        return None
    return {
        "list": [
            {
                "field": quorum.field,
                "phase": quorum.phase,
                "says": quorum.says.replace("{counter}", counter),
                "level": quorum.level,
                "roles": list(quorum.roles),
                "number": counter,
                "entry": quorum.entry,
            }
            for quorum in found
        ],
        "shows": [name for name in SHOWS if name in names],
    }
