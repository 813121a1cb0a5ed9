"""The same algorithms as nodes, and the runs that the page on impossibility shows.

>>> [run.violation is None for run in worlds().values()]
[True, False]
>>> decisions(fixed_delays()), set(decisions(patient()).values())
({}, {0})
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from distsys.core import systems
from distsys.core.dice import Dice
from distsys.core.laws import World, law
from distsys.core.node import Node
from distsys.core.systems import Members, System
from distsys.core.trace import Trace
from distsys.core.units import MS
from distsys.core.values import EMPTY, Map, record
from distsys.drivers import Crash, SetLink, Simulator, link

from .impossibility_model import Algorithm, Sends, inputs_of
from .impossibility_tries import TICK, BenOr, Impatient, Voting

ALGORITHMS: dict[str, type[Algorithm]] = {"impatient": Impatient, "voting": Voting, "ben-or": BenOr}
SOON_MS, LATE_MS = 10, 15
SLOW = (("D", "A"), ("C", "B"), ("B", "C"), ("A", "D"))  # from, to


@record
class Vote:
    """What a process says, and in which round (in Ben-Or's algorithm: in which half of a round)."""

    round: int
    value: int | None


@record
class Decides:
    """A process has decided."""

    value: int


class Process(Node):
    """Runs an algorithm of `impossibility_tries`. Letters for later rounds wait at its door.

    State, volatile: what the algorithm keeps, and `door`. A letter to itself is a timer: it fires after `patience_ms`
    in the first round, after twice that in the second, and so on. Who has decided sends its votes of one more round,
    which is all that the others need, and then rests.
    """

    declared: ClassVar[dict[str, str]] = {"vote": "shown_vote", "round": "shown_round"}

    def __init__(
        self,
        name: str,
        disk: Map[str, Any] = EMPTY,
        *,
        algorithm: str = "voting",
        names: tuple[str, ...] = (),
        inputs: str = "",
        patience_ms: int = 0,
    ) -> None:
        super().__init__(name, disk)
        self.algorithm, self.names, self.patience_ms = algorithm, names, patience_ms
        self.input = int(inputs[names.index(name)])
        self.state: tuple[Any, ...] = ()
        self.door: tuple[tuple[int, tuple[int, Any]], ...] = ()
        self.dice = Dice(0)
        self.decided_in = -1
        self.shown_vote, self.shown_round = self.input, 1

    def rules(self) -> Algorithm:
        """Return what this process does."""
        return (
            Voting(patient=self.patience_ms > 0)
            if self.algorithm == "voting"
            else ALGORITHMS[self.algorithm]()
        )

    def on_start(self) -> None:
        """Begin a moment later, when all are up."""
        self.dice = Dice(self.seed)
        self.set_timer("begin", 1 * MS)

    def on_message(self, sender: str, message: Any) -> None:
        """Take it, or leave it at the door if it is early."""
        self.takes(self.names.index(sender), (message.round, message.value))

    def on_timeout(self, timer: str) -> None:
        """Begin; later: a timer is a letter to oneself."""
        if timer == "begin":
            rules = self.rules()
            self.goes_on(rules, *rules.begin(self.names.index(self.name), self.input))
            return
        self.takes(self.names.index(self.name), (int(timer.split(":")[1]), TICK))

    def takes(self, sender: int, message: tuple[int, Any]) -> None:
        """Take what stands at the door and belongs to the round, one after the other."""
        rules, me = self.rules(), self.names.index(self.name)
        self.door = (*self.door, (sender, message))
        while True:
            if not self.state:
                return
            before = rules.shape(*self.state)
            stage = rules.stage(before)
            ready = [one for one in self.door if one[1][0] == stage]
            self.door = tuple(one for one in self.door if one[1][0] > stage)
            if not ready:
                return
            self.door = (*ready[1:], *self.door)
            (who, (number, value)) = ready[0]
            text: Any = (number, value) if isinstance(rules, Voting | BenOr) else value
            coin, self.dice = self.dice.below(2) if rules.tosses else (0, self.dice)
            state, sends = rules.receive(me, before, who, text, coin)
            self.goes_on(rules, state, sends)

    def goes_on(self, rules: Algorithm, state: tuple[Any, ...], sends: Sends) -> None:
        """Take over the new state, say what was decided, and send."""
        self.state = tuple(state)
        said = rules.decision(state)
        if said is not None and self.decided_in < 0:
            self.decided_in = getattr(state, "round", 0)
            self.output(Decides(said))
        self.shown_vote = getattr(state, "vote", getattr(state, "value", self.input))
        self.shown_round = getattr(state, "round", 0) + 1
        if -1 < self.decided_in < getattr(state, "round", 0):
            return
        for to, text in sends:
            number, value = text if isinstance(text, tuple) else (0, text)
            if value == TICK:
                self.set_timer(f"time:{number}", self.patience_ms * (number + 1) * MS)
            else:
                self.send(self.names[to], Vote(number, value))


@law("agreement", "No two processes decide differently.")
def agreement(world: World) -> str | None:
    """Seen by somebody who sees all outputs."""
    said = {name: values[-1].value for name, values in world.outputs.items() if values}
    if len(set(said.values())) == 2:
        return ", ".join(f"{name} has decided {value}" for name, value in said.items())
    return None


def _members(names: tuple[str, ...], options: Mapping[str, Any]) -> Members:
    """Return one process for each name."""
    given = {key: options[key] for key in ("algorithm", "inputs", "patience_ms")}
    return {name: ("process", {"names": names, **given}) for name in names}


systems.register(
    System(
        name="letters",
        says="Processes that want to agree on 0 or 1 by letters.",
        classes={"process": Process},
        members=_members,
        laws=(agreement,),
        options={"algorithm": "voting", "inputs": "0011", "patience_ms": 0},
        restarts=False,
    )
)


def run_of(
    algorithm: str,
    inputs: str,
    *,
    until_ms: int,
    seed: int = 1,
    script: Any = (),
    delay_ms: Any = SOON_MS,
    patience_ms: int = 0,
) -> Trace:
    """Return a run from these inputs; a letter takes `delay_ms` where the script says nothing else."""
    inputs_of(ALGORITHMS[algorithm](), inputs)
    low, high = delay_ms if isinstance(delay_ms, tuple) else (delay_ms, delay_ms)
    return Simulator(
        systems.build(
            "letters",
            nodes=tuple("ABCD"[: len(inputs)]),
            algorithm=algorithm,
            inputs=inputs,
            patience_ms=patience_ms,
        ),
        seed,
        network=link(delay=(low * MS, high * MS)),
        requests=(),
        script=script,
        until=until_ms * MS,
        settle=0,
        stop_on_violation=False,
    ).run()


def decisions(trace: Trace) -> dict[str, int]:
    """Return what was decided, by whom."""
    return {name: values[0].value for name, values in trace.outputs().items() if values}


def slow_links() -> tuple[SetLink, ...]:
    """Return four of the twelve links with 15 ms in place of 10."""
    return tuple(SetLink(0, a, b, link(delay=LATE_MS * MS)) for a, b in SLOW)


def worlds() -> dict[str, Trace]:
    """Return two worlds in which B and C wait for A and then decide alone: A is dead, and A is slow."""
    slow = tuple(SetLink(0, "A", to, link(delay=60 * MS)) for to in "BC")
    return {
        name: run_of("impatient", "011", until_ms=80, script=script, patience_ms=30)
        for name, script in (("A is dead", (*slow, Crash(0, "A"))), ("A is slow", slow))
    }


def fixed_delays(until_ms: int = 24) -> Trace:
    """Return voters on links with fixed delays, eight quick and four a little slower; nothing is lost."""
    return run_of("voting", "0011", until_ms=until_ms, script=slow_links())


def patient(until_ms: int = 42) -> Trace:
    """Return the same voters with patience: 8 ms in the first round, 16 in the second, 24 in the third."""
    return run_of("voting", "0011", until_ms=until_ms, script=slow_links(), patience_ms=8)


def drawn(algorithm: str, seed: int, *, crash: bool = False) -> Trace:
    """Return a run with delays drawn from 1 to 30 ms; voters are patient, and perhaps one of all crashes."""
    inputs, patience = ("0011", 4) if algorithm == "voting" else ("001", 0)
    script = (Crash(seed % 40 * MS, "ABCD"[seed % len(inputs)]),) if crash else ()
    return run_of(
        algorithm,
        inputs,
        seed=seed,
        until_ms=3_000,
        script=script,
        delay_ms=(1, 30),
        patience_ms=patience,
    )


def all_decided(trace: Trace) -> bool:
    """Return whether all processes that have not crashed have decided."""
    down = {step.node for step in trace if step.kind == "crash"}
    return set(trace.header.names) - down <= set(decisions(trace))
