"""Questions about all orders of atomic steps: how many, whether some are stuck, who overtakes whom."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from distsys.core import EMPTY, World, law_with_memory
from distsys.core.laws import Law
from distsys.core.models import Model
from distsys.models.interleaving import Machine, Moment
from distsys.models.mutual_exclusion import CRITICAL, Locker


def graph(model: Model[Any]) -> dict[Any, tuple[Any, ...]]:
    """Return {state: next states} of all states, in the order in which they are found."""
    found: dict[Any, tuple[Any, ...]] = {}
    waiting = list(model.initial)
    for state in waiting:  # grows while it is walked through
        if state not in found:
            found[state] = tuple(after for _, after in model.next_states(state))
            waiting.extend(found[state])
    return found


def outcomes(machine: Machine, look: Callable[[Moment], Any]) -> Counter[Any]:
    """Return how many orders of steps end with each outcome, for programs that end.

    >>> outcomes(Machine("adders"), lambda moment: 0).total()
    6
    """
    after = graph(machine.model())
    counted: dict[Any, Counter[Any]] = {}
    for state in _backwards(after):
        ways: Counter[Any] = Counter()
        for following in after[state]:
            ways += counted[following]
        counted[state] = ways if after[state] else Counter([look(state)])
    return counted[machine.model().initial[0]]


def _backwards(after: dict[Any, tuple[Any, ...]]) -> list[Any]:
    """Return the states in an order in which each comes after all that it leads to; without loops."""
    order: list[Any] = []
    seen: set[Any] = set()
    stack = [(next(iter(after)), False)]
    while stack:
        state, done = stack.pop()
        if done:
            order.append(state)
        elif state not in seen:
            seen.add(state)
            stack.append((state, True))
            stack.extend((following, False) for following in after[state])
    return order


def stuck(machine: Machine) -> tuple[int, int]:
    """Return in how many states nobody can ever enter again, of how many states.

    >>> stuck(Machine("peterson")), stuck(Machine("spin-lock"))
    ((0, 32), (0, 3))
    """
    after = graph(machine.model())
    before: dict[Any, list[Any]] = {state: [] for state in after}
    for state, following in after.items():
        for each in following:
            before[each].append(state)
    good = [state for state in after if inside_at(machine, state)]
    able = set(good)
    while good:
        for state in before[good.pop()]:
            if state not in able:
                able.add(state)
                good.append(state)
    return len(after) - len(able), len(after)


def inside_at(machine: Machine, moment: Moment) -> tuple[str, ...]:
    """Return who is about to leave a critical section at a moment."""
    return tuple(name for name in machine.names if getattr(machine.node(moment, name), "at", "") == CRITICAL)


WAITING = (
    "see_flag",
    "see_turn",
    "try_lock",
    "wait_for_choice",
    "wait_for_turn",
)  # the doorway is behind them


def overtaking(most: int) -> Law:
    """Return the law that a process which waits is overtaken at most so often before it enters."""

    @law_with_memory("bounded overtaking", f"Who waits is overtaken at most {most} times.", start=EMPTY)
    def check(memory: Any, world: World) -> tuple[Any, str | None]:
        lockers = {name: node for name, node in world.nodes.items() if isinstance(node, Locker)}
        waits = {name: memory.get(name, 0) for name, node in lockers.items() if node.at in WAITING}
        entered = world.step.node if world.step.kind == "deliver" else ""
        if entered in lockers and lockers[entered].at == CRITICAL:
            waits = {name: min(count + 1, most + 1) for name, count in waits.items()}
        late = [name for name, count in waits.items() if count > most]
        return EMPTY.update(waits), f"{late[0]} is overtaken {most + 1} times" if late else None

    return check


def tickets_up_to(machine: Machine, most: int) -> dict[str, Callable[[Moment], bool]]:
    """Return a prune: below a state with a ticket over `most`, or one that is being written, nothing is explored."""
    cells = [name for name in machine.names if name.startswith("ticket ")]

    def too_many(moment: Moment) -> bool:
        nodes: list[Any] = [machine.node(moment, name) for name in cells]
        return any(max((node.value, *getattr(node, "coming", EMPTY).values())) > most for node in nodes)

    return {f"a ticket over {most}": too_many}
