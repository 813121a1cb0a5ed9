"""A page to be read has a card: what its reader will be able to do, what is needed, how long it takes."""

import json
import re
from pathlib import Path

import pytest
from ds_reading import is_timed

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("book", "chapters")
PAGES = sorted(
    path
    for folder in FOLDERS
    for path in (ROOT / folder).rglob("*")
    if path.suffix in (".md", ".ipynb")
    and ".ipynb_checkpoints" not in path.parts
    and is_timed(path.relative_to(ROOT).with_suffix("").as_posix())
)
CARD = re.compile(
    r"^:::+\{admonition\} What you will be able to do\n:class: ds-card\n(.*?)^:::", re.DOTALL | re.MULTILINE
)


def text_of(path):
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".md":
        return text
    cells = [cell for cell in json.loads(text)["cells"] if cell["cell_type"] == "markdown"]
    return "\n\n".join("".join(cell["source"]) for cell in cells)


def missing(text, exercises=False):
    """Return what the card of a page lacks."""
    card = CARD.search(text)
    if card is None:
        return ["a card"]
    wanted = {
        "two abilities": r"^- [A-Z].*\n(?:.*\n)*- [A-Z]",
        "what is needed": r"^\*\*You need\*\* \w",
        "the time": r"^\*\*Time\*\*: about \d+ minutes",
    }
    if exercises:
        wanted["the time for the exercises"] = r"^\*\*Time\*\*.*\d+ more for the exercises"
    return [what for what, pattern in wanted.items() if not re.search(pattern, card[1], re.MULTILINE)]


def test_there_are_pages_to_read():
    assert len(PAGES) >= 5
    assert any(path.suffix == ".ipynb" for path in PAGES)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_a_page_has_a_card_with_abilities_needs_and_times(path):
    text = text_of(path)
    assert missing(text, exercises="{exercise}" in text) == []


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_the_card_stands_before_the_first_section(path):
    text = text_of(path)
    section = re.search(r"^## ", text, re.MULTILINE)
    assert section is None or CARD.search(text).start() < section.start()


GOOD = (
    "# A\n\n:::{admonition} What you will be able to do\n:class: ds-card\n\n- Say it.\n- Do it.\n\n"
    "**You need** nothing.\n**Time**: about 5 minutes to read, 9 more for the exercises.\n:::\n"
)


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("ds-card", "other", "a card"),
        ("- Do it.\n", "", "two abilities"),
        ("**You need** nothing.\n", "", "what is needed"),
        ("about 5 minutes to read", "soon", "the time"),
        (", 9 more for the exercises", "", "the time for the exercises"),
    ],
)
def test_the_test_of_cards_misses(old, new, what):
    assert missing(GOOD, exercises=True) == []
    assert missing(GOOD.replace(old, new), exercises=True) == [what]
