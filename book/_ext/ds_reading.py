"""How long a page takes to read, said under its title.

The time is an estimate that the build makes from the page itself, so it cannot grow old:

- prose at 200 words a minute; an inline formula counts as one word;
- one minute for each code cell, to read the code, predict, and look at the output; the same for a displayed formula;
- half a minute for a block of code outside a cell.

Exercises, their answer cells, solutions and self-check questions are not counted: they are not reading. Under ten
minutes the time is given to the minute, above to five minutes. A test compares it with what the author wrote on
the card of the page.
"""

from __future__ import annotations

import re

from docutils import nodes
from ds_selfcheck import self_check
from ds_words import word
from sphinx import addnodes

WORDS_PER_MINUTE = 200
CELL, FORMULA, BLOCK = 1.0, 1.0, 0.5  # minutes
TIMED = (
    "chapters/",
    "book/how-to",
    "book/diagrams",
    "book/change-a-run",
    "book/architecture",
)  # not for looking up
NOT_READ = (nodes.raw, nodes.comment, nodes.literal_block, nodes.math_block, addnodes.index, self_check)
WORD = re.compile(r"\w\S*")


def is_exercise(node: nodes.Node) -> bool:
    """Return whether a node is an exercise or a solution; sphinx-exercise has five classes of them."""
    return type(node).__name__.startswith(("exercise_", "solution_"))


def is_cell(node: nodes.Node) -> bool:
    """Return whether a node is a code cell with its output."""
    return isinstance(node, nodes.container) and node.get("nb_element") == "cell_code"


def minutes(node: nodes.Node) -> float:
    """Return how many minutes it takes to read what is under `node`.

    >>> minutes(nodes.paragraph("", "word " * 400))
    2.0
    """
    if isinstance(node, nodes.Text):
        return len(WORD.findall(node)) / WORDS_PER_MINUTE
    if is_exercise(node):
        return 0
    if is_cell(node):
        return 0 if "= exercise(" in node.astext() else CELL
    if isinstance(node, nodes.math):
        return 1 / WORDS_PER_MINUTE
    if isinstance(node, NOT_READ):
        return {nodes.math_block: FORMULA, nodes.literal_block: BLOCK}.get(type(node), 0)
    return sum(minutes(child) for child in node.children)


def rounded(time: float) -> int:
    """Return a number of minutes as a reader is told it.

    >>> [rounded(time) for time in (0.2, 3.4, 9.6, 11, 52.6)]
    [1, 3, 10, 10, 55]
    """
    return max(1, round(time)) if time < 9.5 else 5 * round(time / 5)


def is_timed(page: str) -> bool:
    """Return whether a page is one to read from top to bottom.

    >>> is_timed("chapters/3-algorithms/index"), is_timed("book/glossary")
    (True, False)
    """
    return page.startswith(TIMED)


def sentence(language: str, time: float, questions: int, exercises: int) -> str:
    """Return the line that stands under the title of a page.

    >>> sentence("en", 12.2, 1, 6)
    'About 10 minutes to read, 6 exercises, one question to check yourself.'
    """
    count = rounded(time)
    parts = [word(language, "minutes" if count > 1 else "minute", count=count)]
    for number, one, many in ((exercises, "exercise", "exercises"), (questions, "question", "questions")):
        if number:
            parts.append(word(language, one if number == 1 else many, count=number))
    return ", ".join(parts) + "."


def say_time(document: nodes.document, text: str) -> None:
    """Put `text` under the title of a page."""
    title = next(document.findall(nodes.title), None)
    if title is not None:
        place = title.parent.index(title)
        title.parent.insert(place + 1, nodes.paragraph("", text, classes=["ds-time"]))
