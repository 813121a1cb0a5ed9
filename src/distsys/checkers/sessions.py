"""`session`: the four session guarantees of Terry et al. 1994, each alone or several together.

Servers hold sets of writes, and there is one order of all writes (the paper's WriteOrder). A read is done at some
server; it returns the last write to its key, by that order, of those that the server holds (DB(S,t) in the paper), or
the value at the beginning where it holds none. A session is what one process does. The guarantees are

* read-your-writes: the server of a read holds all writes that the session did before it;
* monotonic-reads: it holds the writes that earlier reads of the session returned;
* monotonic-writes: whoever holds a write also holds the earlier writes of its session, and they come before it in the
  order;
* writes-follow-reads: whoever holds a write also holds what its session had read before, and that comes before it.

Clients do not see servers. So the question is whether there *are* sets and an order with which the history is right.
Larger sets only forbid more, so the judge takes the smallest that the guarantees demand, and then asks whether an order
is left: it is the absence of a cycle, in polynomial time. Nothing else is demanded: reads of one session may go to any
server, and real time does not count.

A read shows one key. So monotonic writes alone can never be seen to fail, and writes that follow reads hardly ever: a
reader that sees the second write and then misses the first breaks nothing as long as it may ask another server.
Both are judged in company: `CONSISTENCIES` has "monotonic-writes" and "writes-follow-reads" each *with* monotonic
reads. All four together are causal convergence (`causal`), which a test confirms.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..core.errors import ArgumentError, UnknownNameError, several, shown
from .history import History
from .linearizability import STEPS_MAX
from .memory import Memory, observed
from .relations import Budget, Relation, UsedUpError
from .spec import Spec
from .verdict import Outcome, Verdict

READ_YOUR_WRITES, MONOTONIC_READS = "read-your-writes", "monotonic-reads"
MONOTONIC_WRITES, WRITES_FOLLOW_READS = "monotonic-writes", "writes-follow-reads"
GUARANTEES = (READ_YOUR_WRITES, MONOTONIC_READS, MONOTONIC_WRITES, WRITES_FOLLOW_READS)
Demands = dict[int, str]  # a write that must be there -> why


def session(
    history: History,
    spec: Spec | str = "key-value",
    *,
    guarantees: Iterable[str] = GUARANTEES,
    steps_max: int = STEPS_MAX,
) -> Verdict:
    """Return whether `history` keeps all the `guarantees` at once, with evidence where it does not.

    The witness is an order of all writes.

    >>> history = History.loads('''
    ... {"process": "ann", "type": "invoke", "f": "put", "key": "x", "value": 1}
    ... {"process": "ann", "type": "ok", "f": "put", "key": "x"}
    ... {"process": "ann", "type": "invoke", "f": "get", "key": "x"}
    ... {"process": "ann", "type": "ok", "f": "get", "key": "x", "value": null}
    ... ''')
    >>> print(session(history, guarantees=["read-your-writes"]).explain())
    ILLEGAL: read-your-writes, model key-value, 3 steps.
    get x -> null by ann sees no write, but must see put x 1 by ann: its session wrote it before.
    >>> session(history, guarantees=["monotonic-reads"]).ok
    True
    """
    guarantees = tuple(several("guarantees", guarantees, f"names of {', '.join(GUARANTEES)}"))
    if not guarantees:
        raise ArgumentError("guarantees must hold at least one name, but there is none")
    for name in guarantees:
        if name not in GUARANTEES:
            raise UnknownNameError(f"guarantees must be of {', '.join(GUARANTEES)}, but one is {shown(name)}")
    name = " + ".join(g for g in GUARANTEES if g in guarantees)
    memory = observed(history, spec, steps_max, "a session guarantee")
    budget = Budget(steps_max)
    judge = _Sessions(memory, frozenset(guarantees), budget)
    try:
        evidence = judge.objection()
    except UsedUpError:
        text = f"The judge gave up after {budget.used} steps."
        return Verdict(Outcome.UNKNOWN, name, memory.model, budget.used, evidence=(text,))
    if evidence is not None:
        return Verdict(Outcome.ILLEGAL, name, memory.model, budget.used, evidence=evidence)
    witness = tuple(memory.calls[i] for i in judge.order.order() if memory.is_write(i))
    says = f"An order of the {len(witness)} writes is left with which every read is right."
    return Verdict(Outcome.OK, name, memory.model, budget.used, witness, evidence=(says,))


class _Sessions:
    """Collects what must be seen and what must come first, and looks for a contradiction."""

    def __init__(self, memory: Memory, guarantees: frozenset[str], budget: Budget) -> None:
        self.memory = memory
        self.calls = memory.calls
        self.guarantees = guarantees
        self.budget = budget
        self.order = Relation(len(self.calls))
        self.company: dict[int, Demands] = {}  # write -> what whoever holds it must hold as well

    def objection(self) -> tuple[str, ...] | None:
        """Return the evidence, or None."""
        for read in self.memory.nobody:
            return (f"{self.calls[read]} returned what nobody wrote.",)
        seen = {}
        for lane in self.memory.lanes:
            seen.update(self._walk(lane))
        for read, demands in seen.items():
            if evidence := self._must_see(read, demands):
                return evidence
        cycle = self.order.shortest_cycle(self.order.reach(self.budget))
        if cycle is None:
            return None
        return ("No order of the writes is left:", *self.order.told(cycle, self.calls))

    def _walk(self, lane: tuple[int, ...]) -> dict[int, Demands]:
        """Return what each read of a session must see, and note what goes with each of its writes."""
        wrote: Demands = {}
        read: Demands = {}
        seen: dict[int, Demands] = {}
        for index in lane:
            self.budget.spend(1)
            if self.memory.is_write(index):
                self._note(index, wrote, read)
                wrote[index] = "its session wrote it before"
                continue
            seen[index] = {
                **(wrote if READ_YOUR_WRITES in self.guarantees else {}),
                **(read if MONOTONIC_READS in self.guarantees else {}),
            }
            if (source := self.memory.source[index]) is not None:
                seen[index].setdefault(source, "it returned it")
                read[source] = f"{self.calls[index]} had read it"
        return seen

    def _note(self, write: int, wrote: Demands, read: Demands) -> None:
        """Note what must be there, and come first, wherever `write` is."""
        company: Demands = {}
        if MONOTONIC_WRITES in self.guarantees:
            company.update(dict.fromkeys(wrote, "the same session wrote it first"))
        if WRITES_FOLLOW_READS in self.guarantees:
            company.update(dict.fromkeys(read, "the session had read it before it wrote"))
        for other, reason in company.items():
            self.order.add(other, write, reason)
        self.company[write] = company

    def _must_see(self, read: int, demands: Demands) -> tuple[str, ...] | None:
        """Put what a read must see, and did not return, before what it returned; evidence where it returned nothing."""
        source = self.memory.source[read]
        key = self.calls[read].key
        waiting = list(demands)
        while waiting:
            write = waiting.pop()
            self.budget.spend(1)
            for other, reason in self.company[write].items():
                if other not in demands:
                    demands[other] = f"it goes with {self.calls[write]} ({reason}), and {demands[write]}"
                    waiting.append(other)
        for write, reason in demands.items():
            if self.calls[write].key != key or write == source:
                continue
            if source is None:
                return (f"{self.calls[read]} sees no write, but must see {self.calls[write]}: {reason}.",)
            text = f"{self.calls[read]} must see the first ({reason}) and returned the second"
            self.order.add(write, source, text)
        return None
