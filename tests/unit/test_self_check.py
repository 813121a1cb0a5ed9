"""`{self-check}`: what an author writes, what comes out of it, and what is refused with its line."""

import re

import pytest
from bs4 import BeautifulSoup
from ds_selfcheck import QuestionError, parsed

from small_book import build, page, write

QUESTION = """\
# A page

:::{self-check} one-more-server
Ten servers stand on a ring, *one token each*.
An eleventh joins.

```text
ann, bob
```

- [ ] About ten of eleven, as `hash % n`.
  - Modulo does that: $1 - 1/n$
    of them.
- [x] Only what the new server
  takes.
  - All other arcs stay.
:::
"""
SEVERAL = """\

:::{self-check} both
Which are right?

- [x] This.
  - Yes.
- [x] That.
  - Yes too.
- [ ] Not this.
  - No.
:::
"""


def refused(*lines):
    with pytest.raises(QuestionError) as error:
        parsed(list(lines))
    return error.value.index, str(error.value)


RIGHT, WRONG, WHY = "- [x] Yes.", "- [ ] No.", "  - Because."


def test_text_and_explanation_go_on_over_indented_lines():
    question, (first, second) = parsed(
        ["Is it?", "", "- [X] Yes,", "  it is.", WHY, "    Really.", WRONG, WHY]
    )
    assert question == ["Is it?", ""]
    assert (first.text, first.reason, first.right) == (["Yes,", "it is."], ["Because.", "Really."], True)
    assert (second.index, second.reason_index, second.right) == (6, 7, False)


def test_a_link_in_a_list_of_the_question_is_no_option():
    question, options = parsed(["Compare", "- [this](a.md)", "- [x](b.md)", RIGHT, WHY, WRONG, WHY])
    assert len(question) == 3
    assert len(options) == 2


@pytest.mark.parametrize(
    ("lines", "index", "message"),
    [
        ((RIGHT, WHY, WRONG, WHY), 0, "no question"),
        (("Is it?", RIGHT, WHY), 0, "2 to 5 options, but this one has 1"),
        (("Is it?", *(RIGHT, WHY) * 6), 0, "2 to 5 options, but this one has 6"),
        (("Is it?",), 0, "this one has 0"),
        (("Is it?", WRONG, WHY, WRONG, WHY), 1, "no option is right"),
        (("Is it?", RIGHT, WHY, WRONG), 3, "no explanation"),
        (("Is it?", RIGHT, WHY, "- [ ]", WHY), 3, "no text"),
        (("Is it?", RIGHT, WHY, WRONG, "  - ", WRONG, WHY), 3, "no explanation"),
        (("Is it?", RIGHT, WHY, WHY, WRONG, WHY), 3, "second"),
        (("Is it?", RIGHT, WHY, "- [y] No.", WHY), 3, "not with - [y]"),
        (("Is it?", RIGHT, WHY, "- [] No.", WHY), 3, "not with - []"),
        (("Is it?", RIGHT, WHY, "because", WRONG, WHY), 3, "neither an option"),
    ],
    ids=str,
)
def test_what_cannot_be_asked_is_refused_at_its_line(lines, index, message):
    found, text = refused(*lines)
    assert (found, message in text) == (index, True), text


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    folder = tmp_path_factory.mktemp("book")
    write(folder, {"index": QUESTION + SEVERAL})
    result = build(folder)
    assert result.returncode == 0, result.stderr
    return folder


@pytest.fixture(scope="module")
def boxes(built):
    return BeautifulSoup(page(built, "index"), "html.parser").select("fieldset.ds-check")


def test_a_question_is_a_group_with_a_legend_and_each_option_has_a_label(boxes):
    box = boxes[0]
    assert box["id"] == "check-one-more-server"
    assert "one token each. An eleventh joins." in " ".join(box.legend.get_text().split())
    assert box.legend.em is not None
    assert box.select_one("legend + div pre").get_text().strip() == "ann, bob"
    assert [label.input["type"] for label in box.find_all("label")] == ["radio", "radio"]
    assert len({field["name"] for field in box.find_all("input")}) == 1


def test_options_and_explanations_are_inline_myst(boxes):
    first, second = boxes[0].select(".ds-option")
    assert first.label.code.get_text() == "hash % n"
    assert first.details.select_one(".math") is not None
    assert second.label.get_text().split() == ["B", "Only", "what", "the", "new", "server", "takes."]


def test_every_option_is_explained_without_a_script(boxes):
    reasons = [option.details.p.get_text() for option in boxes[0].select(".ds-option")]
    assert reasons[0].startswith("Not right. Modulo does that")
    assert reasons[1] == "Right. All other arcs stay."
    assert [summary.get_text() for summary in boxes[0].find_all("summary")] == ["Why? (A)", "Why? (B)"]


def test_several_right_options_make_boxes_to_tick(boxes):
    assert [field["type"] for field in boxes[1].find_all("input")] == ["checkbox"] * 3
    assert "data-several" in boxes[1].attrs


def test_the_built_page_holds_no_button_that_only_a_script_could_answer(boxes):
    assert [box.find("button") for box in boxes] == [None, None]
    assert boxes[0].select_one("[role=status]").get_text() == ""


def test_the_same_source_is_the_same_page(built):
    assert build(built, "again").returncode == 0
    assert page(built, "index", "again") == page(built, "index")


def test_an_option_that_is_worded_anew_has_a_new_value(built, tmp_path):
    write(tmp_path, {"index": QUESTION.replace("takes.", "gets.") + SEVERAL})
    assert build(tmp_path).returncode == 0
    before, after = (re.findall(r'value="(\w{8})"', page(folder, "index")) for folder in (built, tmp_path))
    assert [a == b for a, b in zip(before, after, strict=True)] == [True, False, True, True, True]


MISTAKES = {
    "none-right": ("- [x] Only", "- [ ] Only", 11, "no option is right"),
    "unexplained": ("  - All other arcs stay.\n", "", 14, "no explanation"),
    "name": ("one-more-server", "One-More", 3, "a name is words"),
    "stray": ("  takes.", "takes.", 15, "neither an option"),
    "after-a-blank-line": (
        "server\nTen servers",
        "server\n\nTen servers\n- [ ] Alone.\n",
        8,
        "neither an option",
    ),
    "twice": (
        QUESTION,
        QUESTION + SEVERAL.replace("both", "one-more-server"),
        19,
        "twice on this page, first in line 3",
    ),
}


@pytest.fixture(scope="module")
def mistaken(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mistakes")
    pages = {name: QUESTION.replace(old, new) for name, (old, new, _, _) in MISTAKES.items()}
    assert QUESTION not in (pages.get(name) for name in MISTAKES)
    write(
        folder, {"index": "# All\n\n```{toctree}\n" + "\n".join(pages) + "\n```\n\n" + QUESTION[10:], **pages}
    )
    return build(folder)


def test_mistakes_stop_the_build(mistaken):
    assert mistaken.returncode != 0


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_named_with_its_line(mistaken, name):
    _, _, line, message = MISTAKES[name]
    found = re.search(rf"{name}\.md:{line}: ERROR: self-check .*line {line}: .*{message}", mistaken.stderr)
    assert found, mistaken.stderr


def test_a_name_may_stand_on_two_pages(mistaken):
    assert "index.md" not in mistaken.stderr
