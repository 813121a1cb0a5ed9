"""`causal`: whether the reads of a memory respect cause and effect, by three definitions (Bouajjani et al. 2017).

Causal order is the least that there can be: the order of each process, each write before the reads that returned it,
and what follows from both. A history of reads and writes is

* *causally consistent* ("causal", CC in the paper) if every read returns, of what is in its causal past, the value of
  a write that no other write to the key follows there: there is one causal order for all, and each read alone fits it;
* *causally convergent* ("causal-convergence", CCv), if moreover all processes agree on one order of all operations
  that keeps causal order, and each read returns the last write to its key in its past by that order;
* a *causal memory* ("causal-memory", CM; Ahamad et al. 1995), if moreover, in place of that, each process can put its
  past in one order in which all its own reads are right.

CC is the weakest; neither of the other two implies the other, and sequential consistency implies all three. The paper
shows that each is the absence of a few patterns when values are written once, which takes polynomial time. What a
history must be like for that is told in `memory`.
"""

from __future__ import annotations

from itertools import pairwise

from ..core.errors import UnknownNameError, shown
from .history import History
from .linearizability import STEPS_MAX
from .memory import Memory, observed
from .relations import Budget, Relation, UsedUpError, bits, turned
from .spec import Spec
from .verdict import Outcome, Verdict

DEFINITIONS = ("causal", "causal-convergence", "causal-memory")
Objection = tuple[str, ...]  # the sentences of evidence


def causal(
    history: History,
    spec: Spec | str = "key-value",
    *,
    definition: str = "causal",
    steps_max: int = STEPS_MAX,
) -> Verdict:
    """Return whether `history` is causally consistent by one of `DEFINITIONS`, with evidence where it is not.

    The witness of "causal-convergence" is the order on which all agree.

    >>> history = History.loads('''
    ... {"process": "ann", "type": "invoke", "f": "put", "key": "question", "value": "lost?"}
    ... {"process": "ann", "type": "ok", "f": "put", "key": "question"}
    ... {"process": "bob", "type": "invoke", "f": "get", "key": "question"}
    ... {"process": "bob", "type": "ok", "f": "get", "key": "question", "value": "lost?"}
    ... {"process": "bob", "type": "invoke", "f": "put", "key": "answer", "value": "found"}
    ... {"process": "bob", "type": "ok", "f": "put", "key": "answer"}
    ... {"process": "cyd", "type": "invoke", "f": "get", "key": "answer"}
    ... {"process": "cyd", "type": "ok", "f": "get", "key": "answer", "value": "found"}
    ... {"process": "cyd", "type": "invoke", "f": "get", "key": "question"}
    ... {"process": "cyd", "type": "ok", "f": "get", "key": "question", "value": null}
    ... ''')
    >>> print(causal(history).explain().splitlines()[1])
    get question -> null by cyd sees no write, but put question lost? by ann is in its past:
    """
    if definition not in DEFINITIONS:
        raise UnknownNameError(
            f"definition must be one of {', '.join(DEFINITIONS)}, but it is {shown(definition)}"
        )
    memory = observed(history, spec, steps_max, "causal consistency")
    budget = Budget(steps_max)
    judge = _Causal(memory, budget)
    try:
        objection = judge.objection(definition)
    except UsedUpError:
        text = f"The judge gave up after {budget.used} steps."
        return Verdict(Outcome.UNKNOWN, definition, memory.model, budget.used, evidence=(text,))
    if objection is not None:
        return Verdict(Outcome.ILLEGAL, definition, memory.model, budget.used, evidence=objection)
    witness = tuple(memory.calls[i] for i in judge.agreed.order()) if definition == DEFINITIONS[1] else ()
    says = f"None of the patterns that break it is in these {len(memory.calls)} reads and writes."
    return Verdict(Outcome.OK, definition, memory.model, budget.used, witness, evidence=(says,))


class _Causal:
    """Looks for the patterns of the paper, in its order."""

    def __init__(self, memory: Memory, budget: Budget) -> None:
        self.memory = memory
        self.calls = memory.calls
        self.budget = budget
        self.causes = Relation(len(self.calls))
        for lane in memory.lanes:
            for one, two in pairwise(lane):
                self.causes.add(one, two, "the same process did both, in this order")
        for read, write in memory.source.items():
            if write is not None:
                self.causes.add(write, read, "it returned what was written")
        self.agreed = self.causes
        self.writes = memory.writes_by_key()

    def objection(self, definition: str) -> Objection | None:
        """Return the first pattern that is there, as evidence, or None."""
        for read in self.memory.nobody:
            return (f"{self.calls[read]} returned what nobody wrote.",)
        reach = self.causes.reach(self.budget)
        cycle = self.causes.shortest_cycle(reach)
        if cycle:
            return ("Cause and effect go in a circle:", *self.causes.told(cycle, self.calls))
        past = turned(reach)
        found = self._stale(self.causes, reach, past, list(self.memory.source))
        if found is None and definition == "causal-convergence":
            found = self._no_agreement(past)
        if found is None and definition == "causal-memory":
            found = next(filter(None, (self._no_order_of(lane, past) for lane in self.memory.lanes)), None)
        return found

    def _rivals(self, read: int, past: list[int]) -> int:
        """Return the writes in the past of a read, to its key, other than the one that it returned, as bits."""
        self.budget.spend(1)
        source = self.memory.source[read]
        own = 0 if source is None else 1 << source
        return past[read] & self.writes.get(self.calls[read].key, 0) & ~own

    def _stale(
        self, relation: Relation, reach: list[int], past: list[int], reads: list[int]
    ) -> Objection | None:
        """A read that misses a write in its past, or returns one that another write in its past follows."""
        for read in reads:
            source = self.memory.source[read]
            for rival in bits(self._rivals(read, past) & (-1 if source is None else reach[source])):
                if source is None:
                    head = f"{self.calls[read]} sees no write, but {self.calls[rival]} is in its past:"
                    return (head, *relation.told(relation.path(rival, read), self.calls))
                head = (
                    f"{self.calls[read]} returned {self.calls[source]}, but {self.calls[rival]} lies between:"
                )
                path = [*relation.path(source, rival), *relation.path(rival, read)[1:]]
                return (head, *relation.told(path, self.calls))
        return None

    def _no_agreement(self, past: list[int]) -> Objection | None:
        """A circle of causal order and of the order that reads demand: what a read knew and did not return is older."""
        self.agreed = self.causes.copy()
        for read, source in self.memory.source.items():
            if source is None:
                continue
            for rival in bits(self._rivals(read, past) & ~past[source]):
                self.budget.spend(1)
                self.agreed.add(rival, source, f"{self.calls[read]} knew both and returned the second")
        cycle = self.agreed.shortest_cycle(self.agreed.reach(self.budget))
        if cycle is None:
            return None
        return ("No one order of all operations will do for all reads:", *self.agreed.told(cycle, self.calls))

    def _no_order_of(self, lane: tuple[int, ...], past: list[int]) -> Objection | None:
        """One process cannot put its past in an order in which all its own reads are right.

        The relation grows until nothing follows any more. It is enough to look at the whole past of the last operation:
        that of an earlier one demands less.
        """
        last = lane[-1]
        own = self.causes.copy()
        own.keep_only([last, *bits(past[last])])
        reads = [i for i in lane if i in self.memory.source]
        while True:
            reach = own.reach(self.budget)
            cycle = own.shortest_cycle(reach)
            if cycle:
                return (
                    f"No order of its past will do for {self.calls[last].process}:",
                    *own.told(cycle, self.calls),
                )
            known = turned(reach)
            new = [
                (rival, source, read)
                for read in reads
                if (source := self.memory.source[read]) is not None
                for rival in bits(self._rivals(read, known) & ~known[source])
            ]
            if not new:
                return self._stale(
                    own, reach, known, [read for read in reads if self.memory.source[read] is None]
                )
            for rival, source, read in new:
                self.budget.spend(1)
                own.add(rival, source, f"{self.calls[read]} comes after both and returned the second")
