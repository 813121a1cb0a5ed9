"""The exercises of the page on how we know that a distributed program is right."""

from __future__ import annotations

from typing import Any

from ...algorithms.broadcast import ReliableBroadcast
from ...algorithms.broadcast_messages import Broadcast
from ...core.laws import Law, law
from ...core.units import S
from ...drivers import Bounds, explore, perform, simulate
from ...drivers.schedules import crash, deliver, request
from ..altered import altered
from ..checking import Page

page = Page("how-we-know")

SYSTEM = "reliable-broadcast"
FEW, MANY = range(8), range(30)
TWO_MESSAGES = Bounds(requests=2)
CRASHES_TOO_SOON = (request("n1", Broadcast("a")), deliver("n1", "n2"), crash("n1"))


def _whole(answer: object) -> bool:
    return isinstance(answer, int) and not isinstance(answer, bool)


@page.exercise(
    "seeds-for-a-rare-bug",
    hint="all n seeds miss it with probability 0.98 to the power n.",
    solution="""
        from math import ceil, log
        answer = ceil(log(0.05) / log(1 - 1 / 50))  # 149
    """,
    mistakes=("answer = 148", "answer = 150", "answer = 50", "answer = 48", "answer = 149.5"),
    explanation="148 seeds catch it with 0.9497, 149 with 0.9507. The rule of thumb 3/p gives 150.",
)
def seeds_for_a_rare_bug(answer: object) -> str | None:
    if not _whole(answer):
        return f"a number of seeds is a whole number, but the answer is {answer!r}"
    count = int(answer)  # type: ignore[call-overload]
    if count < 1 or 1 - 0.98**count < 0.95:
        return "with so few seeds the chance to catch it is below 95 %"
    if 1 - 0.98 ** (count - 1) >= 0.95:
        return "that is enough, and one seed fewer would be enough as well: find the smallest number"
    return None


@page.exercise(
    "read-a-verdict",
    hint="a verdict speaks of its laws and its bounds; what does it say of other laws, and of other bounds?",
    solution="""
        # (a) is the law, within the bounds: no fault is named, so there is none. (b) lies outside the bounds.
        # (c) is validity, which was not checked. (d) is what HOLDS means.
        answer = {"a", "d"}
    """,
    mistakes=('answer = {"a"}', 'answer = {"a", "b", "d"}', 'answer = {"a", "c", "d"}', 'answer = "ad"'),
    explanation="HOLDS is exact for the laws and the bounds that it names, and empty for all others.",
)
def read_a_verdict(answer: object) -> str | None:
    if not isinstance(answer, (set, frozenset)) or not answer <= set("abcd"):
        return f"the answer is a set of some of the letters 'a', 'b', 'c' and 'd', but it is {answer!r}"
    if "b" in answer:
        return "one of your statements is about a cluster that was not explored"
    if "c" in answer:
        return "one of your statements is about a law that was not checked: read the last line"
    if answer != {"a", "d"}:
        return "there is more that follows: what does it mean that an exploration has exhausted its bounds?"
    return None


@page.exercise(
    "widen-the-scope",
    hint="a copy of an older message must come after a newer one; no fault is needed for that.",
    solution="""
        from distsys.drivers import Bounds
        answer = Bounds(requests=2)
    """,
    mistakes=(
        "answer = 2",
        """
        from distsys.drivers import Bounds
        answer = Bounds(requests=1, timeouts=2)
        """,
        """
        from distsys.drivers import Bounds
        answer = Bounds(requests=2, crashes=1)
        """,
        """
        from distsys.drivers import Bounds
        answer = Bounds(requests=3)
        """,
        """
        from distsys.drivers import Bounds
        answer = Bounds(requests=2, depth=40)
        """,
    ),
    explanation="Two messages are enough: one makes it forget the other. With one there is nothing to forget, "
    "whatever else happens. One step beyond the bounds, and HOLDS becomes VIOLATED.",
)
def widen_the_scope(answer: object) -> str | None:
    if not isinstance(answer, Bounds):
        return f"the answer is Bounds(...), from distsys.drivers, but it is {answer!r}"
    if answer.requests is None or answer.requests > 2:
        return "fewer requests are enough"
    unused = (
        "timeouts",
        "timeouts_each",
        "timers",
        "crashes",
        "wipes",
        "losses",
        "duplicates",
        "ticks",
        "depth",
    )
    if spent := [name for name in unused if getattr(answer, name)]:
        return f"leave out {', '.join(spent)}: it is caught without, or not even with them"
    found = explore(SYSTEM, mutant="RB-02", nodes=2, bounds=answer)
    return None if found.violation is not None else f"within these bounds the verdict is {found.verdict}"


def _class(answer: object) -> str | None:
    """Return what is wrong with an answer that should be a class of reliable broadcasts."""
    if not (isinstance(answer, type) and issubclass(answer, ReliableBroadcast)):
        return f"the answer is a subclass of ReliableBroadcast, but it is {answer!r}"
    return None


@page.exercise(
    "mend-the-memory",
    hint="which line makes the node forget what it delivered before?",
    solution="""
        from distsys.algorithms.broadcast import Copy, ReliableBroadcast
        from distsys.algorithms.broadcast_messages import Broadcast, Delivery

        class answer(ReliableBroadcast):
            def on_first(self, copy: Copy) -> None:
                self.delivered |= {(copy.origin, copy.number)}  # add, and never forget
                self.output(Delivery(copy.origin, copy.body))
                if copy.origin != self.name:
                    self.tell("best_effort", Broadcast(copy))
    """,
    mistakes=(
        """
        from distsys.mutants.broadcast import ForgetsDelivered as answer
        """,
        """
        from distsys.algorithms.broadcast import ReliableBroadcast

        class answer(ReliableBroadcast):
            def on_first(self, copy):
                self.delivered = frozenset(list(sorted(self.delivered))[-1:])
                super().on_first(copy)
        """,
        """
        from distsys.algorithms.broadcast import ReliableBroadcast

        class answer(ReliableBroadcast):
            def on_first(self, copy):
                self.delivered |= {(copy.origin, copy.number)}
        """,
        """
        from distsys.algorithms.broadcast import ReliableBroadcast
        from distsys.algorithms.broadcast_messages import Delivery

        class answer(ReliableBroadcast):
            def on_first(self, copy):  # passes nothing on
                self.delivered |= {(copy.origin, copy.number)}
                self.output(Delivery(copy.origin, copy.body))
        """,
        "answer = None",
    ),
    explanation="The memory may only grow. To let it shrink one would have to know that no copy of a message "
    "is still under way, and no process of an asynchronous system can know that by waiting.",
)
def mend_the_memory(answer: object) -> str | None:
    if (wrong := _class(answer)) is not None:
        return wrong
    kind: Any = answer
    found = explore(altered(SYSTEM, kind, nodes=2), bounds=TWO_MESSAGES)
    if found.violation is not None:
        return f"the explorer objects after {found.actions} actions: {found.violation.evidence}"
    for seed in FEW:
        trace = simulate(altered(SYSTEM, kind), seed=seed)
        if trace.violation is not None:
            return f"seed {seed} breaks {trace.violation.law!r}: {trace.violation.evidence}"
    trace = perform(altered(SYSTEM, kind), CRASHES_TOO_SOON, settle=2 * S)
    if trace.violation is not None:
        return f"n1 crashes after n2 has its message: {trace.violation.law!r}: {trace.violation.evidence}"
    return None


def _judged(answer: Any) -> Law:
    return law("law of the reader", "What the reader says.")(answer)


@page.exercise(
    "state-a-law",
    hint="for each delivery: was its origin asked to broadcast this body?",
    solution="""
        def answer(world):
            for name in world.names:
                for delivery in world.outputs[name]:
                    asked = [request.body for request in world.asked[delivery.origin]]
                    if delivery.body not in asked:
                        return f"{name} has {delivery.body} of {delivery.origin}, who never said it"
            return None
    """,
    mistakes=(
        "answer = lambda world: None",
        "answer = lambda world: 'somebody lies'",
        """
        def answer(world):  # agreement is not there in the middle of a run
            said = {tuple(world.outputs[name]) for name in world.names}
            return "they differ" if len(said) > 1 else None
        """,
        """
        def answer(world):  # looks only at what a process says of others
            for name in world.names:
                for delivery in world.outputs[name]:
                    asked = [request.body for request in world.asked[delivery.origin]]
                    if delivery.origin != name and delivery.body not in asked:
                        return "never said"
            return None
        """,
        """
        def answer(world):  # looks only at what a process says of itself
            for name in world.names:
                for delivery in world.outputs[name]:
                    asked = [request.body for request in world.asked[name]]
                    if delivery.origin == name and delivery.body not in asked:
                        return "never said"
            return None
        """,
    ),
    explanation="It is called no creation. It is silent in the middle of a run, because it asks only for what "
    "must already have happened, and so it may be checked after each step.",
)
def state_a_law(answer: object) -> str | None:
    if not callable(answer):
        return f"the answer is a function of the world, but it is {answer!r}"
    laws = (_judged(answer),)
    for seed in FEW:
        said = simulate(altered("best-effort-broadcast", laws=laws), seed=seed).violation
        if said is not None:
            return f"it must be silent on the correct code, but with seed {seed} it says {said.evidence!r}"
    for seed in FEW:
        broken = altered("best-effort-broadcast", laws=laws, mutant="BEB-03")
        if simulate(broken, seed=seed).violation is None:
            return f"it must object to NamesItself, but it is silent with seed {seed}"
    relayed = altered(SYSTEM, laws=laws, mutant="RB-03")
    if all(simulate(relayed, seed=seed).violation is None for seed in FEW):
        return "it must object to NamesTheRelay as well: any origin may be wrong, not only the receiver"
    return None


@page.exercise(
    "hide-a-bug",
    hint="all 30 simulations have three nodes, and the explorer has two.",
    solution="""
        from distsys.algorithms.broadcast import ReliableBroadcast
        from distsys.algorithms.broadcast_messages import Delivery

        class answer(ReliableBroadcast):
            def on_first(self, copy):
                super().on_first(copy)
                if len(self.best_effort.peers) == 1:  # a group of two
                    self.output(Delivery(copy.origin, copy.body))
    """,
    mistakes=(
        """
        from distsys.algorithms.broadcast import ReliableBroadcast as answer
        """,
        """
        from distsys.mutants.broadcast import ForgetsDelivered as answer
        """,
        "answer = 'a bug'",
    ),
    explanation="Thirty seeds, no violation, and the bug was there in every run of another size. What the "
    "generator never draws has no chance to be seen: let it draw the options too, and count what was drawn.",
)
def hide_a_bug(answer: object) -> str | None:
    if (wrong := _class(answer)) is not None:
        return wrong
    kind: Any = answer
    for seed in MANY:
        trace = simulate(altered(SYSTEM, kind, nodes=3), seed=seed)
        if trace.violation is not None:
            return f"the simulation catches it with seed {seed}: {trace.violation.evidence}"
    if explore(altered(SYSTEM, kind, nodes=2), bounds=TWO_MESSAGES).violation is None:
        return (
            "the simulation is content, and the explorer too: with two nodes and two messages nothing breaks"
        )
    return None
