"""Exercises with a check, a hint and a worked solution that passes the same check.

An author writes one module for each page, `distsys/lab/exercises/<page>.py`:

    from distsys.lab.checking import Page

    page = Page("consistent-hashing")

    @page.exercise(
        "moved-keys",
        hint="A key stays only if it leaves the same remainder for both counts of servers.",
        solution="answer = 10 / 11",
        mistakes=("answer = 1 / 11", "answer = 'most of them'"),
        explanation="Of the 110 remainders of a hash modulo 110, only 10 agree modulo 10 and modulo 11.",
    )
    def moved_keys(answer: object) -> str | None:
        if not isinstance(answer, float):
            return f"a share is a number between 0 and 1, but the answer is {answer!r}"
        if abs(answer - 10 / 11) > 0.001:
            return "count the remainders modulo 110 that agree modulo 10 and modulo 11"
        return None

The decorated function is the check: it returns None when the answer is right, else one sentence that
says what is wrong, without giving the solution away. `solution` and each of `mistakes` is Python code
that binds `answer` (it imports what it needs itself); the tests run them all: the solution must be
found right, and every mistake wrong, because a check that refuses nothing proves nothing.
All texts must come out the same on every machine.
"""

from __future__ import annotations

import importlib
import pkgutil
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from ..core.errors import ArgumentError, ArgumentTypeError, DistsysError, UnknownNameError, shown

Check = Callable[[object], "str | None"]
EXERCISES = "distsys.lab.exercises"


class Verdict(Enum):
    """What a check says of an answer: it is not given yet, it is wrong, or it is right."""

    OPEN = "open"
    WRONG = "wrong"
    RIGHT = "right"


def unanswered(answer: object) -> bool:
    """Return whether `answer` is `...`, or a tuple, list or dict that still holds one.

    >>> unanswered(...), unanswered([1, ...]), unanswered({"a": (1, 2)})
    (True, True, False)
    """
    if isinstance(answer, (tuple, list)):
        return any(unanswered(part) for part in answer)
    if isinstance(answer, dict):
        return any(unanswered(part) for part in answer.values())
    return answer is ...


@dataclass(frozen=True)
class Exercise:
    """One exercise: call it with an answer and it prints what it thinks of it."""

    name: str
    hint: str
    solution: str
    mistakes: tuple[str, ...]
    explanation: str
    test: Check

    def __call__(self, answer: object) -> None:
        """Print the hint while `answer` is `...`, what is wrong with it, or why it is right."""
        print(self.judge(answer)[1])

    def judge(self, answer: object) -> tuple[Verdict, str]:
        """Return the verdict on `answer` and the sentence that a learner reads."""
        if unanswered(answer):
            return Verdict.OPEN, f"Not answered yet. Hint: {self.hint}"
        if (
            isinstance(answer, float) and answer != answer
        ):  # NaN passes every test of the form `abs(answer - right) > margin`
            return Verdict.WRONG, "Not yet: the answer is NaN, which is no number"
        try:
            complaint = self.test(answer)
        except Exception as error:  # the learner's own code runs inside the check: it may raise anything
            complaint = f"the check could not use the answer: {type(error).__name__}: {error}"
        if complaint is None:
            return Verdict.RIGHT, f"Right. {self.explanation}"
        return Verdict.WRONG, f"Not yet: {complaint}"

    def show_solution(self) -> None:
        """Print the worked solution, as the box on the site shows it."""
        print(self.solution)

    def run(self, code: str) -> tuple[Verdict, str]:
        """Return the verdict on the `answer` that the Python text `code` binds."""
        names: dict[str, object] = {"__name__": f"{EXERCISES}.answer"}
        exec(compile(code, f"<answer to {self.name}>", "exec"), names)
        if "answer" not in names:
            raise ArgumentError(f"code must bind the name answer, but it binds {sorted(names)[:8]}")
        return self.judge(names["answer"])

    def __repr__(self) -> str:
        return f"exercise({self.name!r})"


class Page:
    """The exercises of one page of the book, in the order in which they were written."""

    def __init__(self, name: str) -> None:
        if not isinstance(name, str) or not name:
            raise ArgumentTypeError(
                f"name must be the name of a page such as 'raft', but it is {shown(name)}"
            )
        self.name = name
        self.exercises: dict[str, Exercise] = {}

    def exercise(
        self, label: str, *, hint: str, solution: str, mistakes: tuple[str, ...], explanation: str
    ) -> Callable[[Check], Exercise]:
        """Return a decorator that makes a check function the exercise `label` of this page."""
        texts = {"label": label, "hint": hint, "solution": solution, "explanation": explanation}
        for argument, text in texts.items():
            if not isinstance(text, str) or not text.strip():
                raise ArgumentError(f"{argument} of an exercise must be a text, but it is {shown(text)}")
        if label in self.exercises:
            raise ArgumentError(f"label must be new on its page, but {self.name}/{label} is there already")
        if not isinstance(mistakes, tuple) or not mistakes:
            raise ArgumentError(
                "mistakes must be a tuple with at least one wrong answer as Python text, "
                f"but it is {shown(mistakes)}"
            )

        def declare(test: Check) -> Exercise:
            self.exercises[label] = Exercise(
                name=f"{self.name}/{label}",
                hint=" ".join(hint.split()),
                solution=tidy(solution),
                mistakes=tuple(tidy(mistake) for mistake in mistakes),
                explanation=" ".join(explanation.split()),
                test=test,
            )
            return self.exercises[label]

        return declare


def tidy(code: str) -> str:
    """Return `code` without the indentation of the text around it and without empty lines at its ends."""
    return textwrap.dedent(code).strip("\n")


def page_names() -> tuple[str, ...]:
    """Return the names of all pages that have exercises, sorted."""
    package = importlib.import_module(EXERCISES)
    return tuple(sorted(module.name.replace("_", "-") for module in pkgutil.iter_modules(package.__path__)))


def page_of(name: str) -> Page:
    """Return the exercises of the page called `name`, such as 'consistent-hashing'."""
    if name not in page_names():
        raise UnknownNameError(
            f"there is no page {name!r} with exercises; there are {', '.join(page_names())}"
        )
    page = importlib.import_module(f"{EXERCISES}.{name.replace('-', '_')}").page
    if not isinstance(page, Page) or page.name != name:
        raise DistsysError(f"{EXERCISES}.{name.replace('-', '_')} must define page = Page({name!r})")
    return page


def exercise(name: str) -> Exercise:
    """Return the exercise called `name`, written 'page/label', ready to check an answer."""
    if not isinstance(name, str) or name.count("/") != 1:
        raise ArgumentError(
            f"name must be written 'page/label', such as 'raft/quorum', but it is {shown(name)}"
        )
    page_name, label = name.split("/")
    page = page_of(page_name)
    if label not in page.exercises:
        raise UnknownNameError(
            f"the page {page_name} has no exercise {label!r}; it has {', '.join(page.exercises)}"
        )
    return page.exercises[label]
