"""Hand-made runs: small enough to be drawn whole, with every delay and fault chosen.

Each function returns a `Trace`, the same one on every call.

>>> overtaking_reply()
<Trace causal-broadcast, seed=1: 17 steps, no violation of 5 laws>
>>> overtaking_reply(mutant="CB-01").violation.law
'causal order'
"""

from __future__ import annotations

from distsys.algorithms.broadcast_messages import Broadcast
from distsys.core import MS, Trace, systems
from distsys.core.systems import Request
from distsys.drivers import Cut, Simulator, link

FRIENDS = ("ann", "bob", "cyd")


def overtaking_reply(mutant: str | None = None) -> Trace:
    """Return a run of causal broadcast in which a reply overtakes its question and is held back.

    Ann asks; her packet to Cyd is lost, for the way from Ann to Cyd is cut. Bob hears the question and
    replies. His reply reaches Cyd first, who holds it back. The cut heals, Ann's links send the question
    again, and Cyd delivers both in order. With the mutant CB-01 Cyd delivers the reply at once, and the
    question after it.
    """
    cluster = systems.build("causal-broadcast", mutant=mutant, nodes=FRIENDS, relay=False)
    return Simulator(
        cluster,
        seed=1,
        network=link(delay=10 * MS),
        script=(Cut(2 * MS, "ann", "cyd"),),
        requests=(
            Request(5 * MS, "ann", Broadcast("Lunch?")),
            Request(22 * MS, "bob", Broadcast("Yes, at one")),
        ),
        until=40 * MS,
        settle=60 * MS,
        stop_on_violation=False,
    ).run()
