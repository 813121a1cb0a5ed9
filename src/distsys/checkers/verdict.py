"""`Verdict`: OK, ILLEGAL with evidence, or UNKNOWN, which counts as red."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Any

from .history import Call, value_text
from .search import Found
from .spec import ANY, NEVER, Spec

SHOWN = 12  # calls that an explanation lists before it says how many more there are


class Outcome(enum.Enum):
    """What a checker says."""

    OK = "OK"  # such an order exists, and here it is
    ILLEGAL = "ILLEGAL"  # no such order exists
    UNKNOWN = "UNKNOWN"  # the steps were used up before the answer was known


@dataclass(frozen=True)
class Verdict:
    """What a checker says of a history, and why. A verdict is true, as in `assert verdict`, only when it is OK.

    outcome      `Outcome.OK`, `ILLEGAL` or `UNKNOWN`
    consistency  what was asked: "linearizable", "sequential", ...
    model        the name of the spec
    steps        how often the spec was asked
    witness      OK: the calls in an order that the object allows; each crashed call that is in it counts as done
    partial      ILLEGAL or UNKNOWN: the longest order that was found
    state        the state of the object after `partial`
    stuck        the calls that could come next after `partial`, none of which the object allows
    part         the object of many (its key) that the evidence is about; None where there is one
    evidence     the reasons as sentences
    """

    outcome: Outcome
    consistency: str
    model: str
    steps: int
    witness: tuple[Call, ...] = ()
    partial: tuple[Call, ...] = ()
    state: Any = None
    stuck: tuple[Call, ...] = ()
    part: Any = None
    evidence: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether the outcome is OK."""
        return self.outcome is Outcome.OK

    def __bool__(self) -> bool:
        return self.ok

    @property
    def crashed(self) -> tuple[Call, ...]:
        """The crashed calls that the witness, or the longest partial order, counts as done."""
        return tuple(call for call in self.witness or self.partial if not call.known)

    @property
    def points(self) -> tuple[tuple[Call, int], ...]:
        """Each call of a linearizable witness with the event directly after which it takes effect.

        The points lie between the invoke and the end of their calls, and never go back. Calls with the same
        point take effect in the order in which they stand here.
        """
        result, latest = [], 0
        for call in self.witness:
            latest = max(latest, call.start)
            result.append((call, latest))
        return tuple(result)

    def explain(self) -> str:
        """Return a short text in English that says what was found and why."""
        head = f"{self.outcome.value}: {self.consistency}, model {self.model}, {_count(self.steps, 'step')}."
        return "\n".join([head, *self.evidence])

    def __repr__(self) -> str:
        return f"<Verdict {self.outcome.value}: {self.consistency}, model {self.model}, {self.steps} steps>"


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def listed(calls: tuple[Call, ...]) -> list[str]:
    """Return the calls as numbered lines, without the middle of a long list."""
    lines = [f"  {number}. {call}" for number, call in enumerate(calls, start=1)]
    if len(lines) > SHOWN:
        lines[SHOWN // 2 : -SHOWN // 2] = [f"  ... {len(lines) - SHOWN} more ..."]
    return lines


def order_found(calls: tuple[Call, ...]) -> tuple[str, ...]:
    """Return the sentences for an order that the object allows."""
    if not calls:
        return ("No answer was heard, so there is nothing to explain.",)
    crashed = [call for call in calls if not call.known]
    lines = [f"This order of {_count(len(calls), 'operation')} works:", *listed(calls)]
    if crashed:
        names = ", ".join(map(str, crashed[:SHOWN])) + (", ..." if len(crashed) > SHOWN else "")
        lines.append(f"It counts as done, of those whose answer nobody heard: {names}.")
    return tuple(lines)


def order_missing(spec: Spec, found: Found, required: int, real_time: bool) -> tuple[str, ...]:
    """Return the sentences that say how far an order goes, and what cannot come next."""
    partial, state = found.placed, found.state
    known = sum(call.known for call in partial)
    if partial:
        lines = [f"The longest order that works places {known} of {_count(required, 'answered operation')}:"]
        lines += listed(partial)
    else:
        some = f"None of the {required} answered operations can come first."
        lines = ["The one answered operation cannot come first." if required == 1 else some]
    lines.append(f"The state is then {value_text(state)}. None of these can come next:")
    lines += [f"  {call}: {reason(spec, partial, state, call, real_time)}" for call in found.stuck]
    return tuple(lines)


def reason(spec: Spec, partial: tuple[Call, ...], state: Any, call: Call, real_time: bool) -> str:
    """Return why `call` cannot come next."""
    answer = spec.apply(state, call)[1]
    if answer is NEVER:
        text = "in this state it cannot happen, or not with this answer"
    elif answer is ANY or answer == call.answer:
        text = "it could, but then something else cannot"
    else:
        text = f"the answer would be {value_text(answer)}"
    earlier = (
        done
        for done in reversed(partial)
        if (done.before(call) if real_time else done.process == call.process)
    )
    last = next(earlier, None)
    if last is None:
        return text
    if real_time:
        return f"{text}; it began after {last} had ended"
    return f"{text}; {last} comes earlier in its process"
