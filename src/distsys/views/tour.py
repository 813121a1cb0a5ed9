"""A narrated tour: notes that are bound to steps of a run, some with a question about what happens next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from distsys.core.errors import ArgumentError, ArgumentTypeError, shown, whole_number
from distsys.core.trace import Trace


@dataclass(frozen=True)
class Guess:
    """An answer to choose: its text, why it is right or not, and whether it is."""

    text: str
    why: str
    right: bool = False


@dataclass(frozen=True)
class Stop:
    """A note at a step. With `ask` and `guesses` the rest of the run stays hidden until the reader has guessed.

    >>> guesses = (Guess("Hers", "It is lost."), Guess("The reply", "It overtakes.", right=True))
    >>> Stop(5, "Ann asks.", ask="What does Cyd hear first?", guesses=guesses).step
    5
    """

    step: int
    text: str
    ask: str = ""
    guesses: tuple[Guess, ...] = ()


def checked_tour(tour: Sequence[Stop], trace: Trace, first: int, last: int) -> list[dict[str, Any]]:
    """Return a tour as JSON types; an error that says which stop is wrong, and how."""
    found: list[dict[str, Any]] = []
    for place, stop in enumerate(tour, 1):
        if not isinstance(stop, Stop):
            raise ArgumentTypeError(
                f"tour must hold Stop(step, text, ...), but its stop {place} is {shown(stop)}"
            )
        whole_number(f"step of stop {place}", stop.step, at_least=first, at_most=last)
        if found and stop.step < found[-1]["step"]:
            raise ArgumentError(f"stop {place} goes back, to step {stop.step} after step {found[-1]['step']}")
        entry: dict[str, Any] = {"step": stop.step, "text": _sentence(f"text of stop {place}", stop.text)}
        if stop.ask:
            entry |= {"ask": stop.ask, "options": _options(stop, place)}
        elif stop.guesses:
            raise ArgumentError(f"stop {place} has guesses but no question: say what to ask")
        found.append(entry)
    return found


def _options(stop: Stop, place: int) -> list[dict[str, Any]]:
    if len(stop.guesses) < 2 or not any(guess.right for guess in stop.guesses):
        raise ArgumentError(f"the question of stop {place} needs two guesses or more, and one that is right")
    return [
        {
            "text": guess.text,
            "why": _sentence(f"why of a guess of stop {place}", guess.why),
            **({"right": 1} if guess.right else {}),
        }
        for guess in stop.guesses
    ]


def _sentence(argument: str, text: object) -> str:
    if not isinstance(text, str) or not text.strip():
        raise ArgumentError(f"{argument} must be a sentence, but it is {shown(text)}")
    return text
