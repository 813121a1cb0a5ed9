"""Pages that rest on other pages stay right when only one page changes: progress, gallery, definitions."""

import json

import pytest
from bs4 import BeautifulSoup

from small_book import build, write

GLOSSARY = """\
# Words

```{glossary}
quorum
  (法定人数) Enough of the {term}`nodes <node>`, that is $n/2$ of them. See [the start](index.md).

node
  (节点) One machine.
```
"""
QUESTION = ":::{self-check} NAME\nIs it?\n\n- [x] Yes.\n  - It is.\n- [ ] No.\n  - It is.\n:::\n"
INDEX = """\
# Start

```{toctree}
:caption: One part

one
words
progress
figures
```
"""
ONE = "# One\n\nA {term}`quorum`, again a {term}`quorum`.\n\n" + QUESTION.replace("NAME", "first")
FIGURE = '\n```{raw} html\n<figure class="ds-run" id="fig-ID"><figcaption>The figure ID.</figcaption></figure>\n```\n'
PAGES = {
    "index": INDEX,
    "one": ONE + FIGURE.replace("ID", "a"),
    "words": GLOSSARY,
    "progress": "# Progress\n\n```{progress}\n```\n",
    "figures": "# Figures\n\n```{gallery}\n```\n",
}


@pytest.fixture(scope="module")
def stages(tmp_path_factory):
    """Build the book, then change one page and build again, three times; return all pages of each stage."""
    folder = tmp_path_factory.mktemp("book")
    changes = {
        "first": PAGES,
        "grown": {
            "one": ONE
            + FIGURE.replace("ID", "a")
            + FIGURE.replace("ID", "b")
            + QUESTION.replace("NAME", "second")
        },
        "reworded": {"words": GLOSSARY.replace("Enough", "Sufficiently many")},
        "gone": {"index": INDEX.replace("one\n", "", 1)},
    }
    found = {}
    for stage, pages in changes.items():
        write(folder, pages)
        if stage == "gone":
            (folder / "one.md").unlink()
        result = build(folder)
        assert result.returncode == 0, result.stderr
        files = [*(folder / "out").glob("*.html"), folder / "out" / "searchindex.js"]
        found[stage] = {file.name: file.read_text(encoding="utf-8") for file in files}
    return found


def soup(pages, name):
    return BeautifulSoup(pages[f"{name}.html"], "html.parser")


def rows(pages):
    return {row["data-page"]: row for row in soup(pages, "progress").select("tr[data-page]")}


def figures(pages):
    return [link["href"] for link in soup(pages, "figures").select(".ds-gallery a")]


def test_the_progress_lists_all_pages_in_their_order_with_their_questions(stages):
    found = rows(stages["first"])
    assert list(found) == ["index", "one", "words", "progress", "figures"]
    assert [row["data-questions"] for row in found.values()] == ["", "first", "", "", ""]
    assert [row.a.get_text() for row in found.values()] == ["Start", "One", "Words", "Progress", "Figures"]


def test_the_progress_names_the_parts_of_the_book_and_says_that_it_needs_a_script(stages):
    progress = soup(stages["first"], "progress")
    assert progress.select_one("tr.ds-part").get_text() == "One part"
    assert "script" in progress.noscript.get_text()


def test_a_question_that_is_added_to_one_page_enters_the_progress(stages):
    assert rows(stages["grown"])["one"]["data-questions"] == "first second"


def test_a_figure_that_is_added_to_one_page_enters_the_gallery(stages):
    assert figures(stages["first"]) == ["one.html#fig-a"]
    assert figures(stages["grown"]) == ["one.html#fig-a", "one.html#fig-b"]


def test_a_build_that_changes_no_figure_leaves_the_gallery_as_it_was(stages):
    assert stages["reworded"]["figures.html"] == stages["grown"]["figures.html"]


def test_a_page_that_is_gone_leaves_progress_and_gallery(stages):
    assert list(rows(stages["gone"])) == ["index", "words", "progress", "figures"]
    assert figures(stages["gone"]) == []
    assert "No figure has an address yet." in soup(stages["gone"], "figures").get_text()


def test_a_page_holds_the_definitions_of_its_own_terms_once_as_plain_words(stages):
    (template,) = soup(stages["first"], "one").find_all("template")
    assert (template["data-term"], template["data-name"]) == ("term-quorum", "quorum")
    inside = BeautifulSoup(template.decode_contents(), "html.parser")
    assert " ".join(inside.get_text().split()).startswith("(法定人数) Enough of the nodes, that is")
    assert inside.select_one("[lang=zh-Hans]").get_text() == "法定人数"
    assert inside.select_one(".math") is not None
    assert inside.find("a") is None
    assert inside.find(id=True) is None


def test_the_glossary_needs_no_second_copy_of_its_definitions(stages):
    assert soup(stages["first"], "words").find("template") is None


def test_a_definition_that_changes_is_written_into_the_pages_that_use_it(stages):
    (template,) = soup(stages["reworded"], "one").find_all("template")
    assert "Sufficiently many of the" in template.decode_contents()


def test_the_search_finds_a_definition_in_the_glossary_only(stages):
    index = json.loads(stages["first"]["searchindex.js"].removeprefix("Search.setIndex(").removesuffix(")"))
    assert index["docnames"][index["terms"]["enough"]] == "words"


def test_a_page_without_terms_or_questions_carries_nothing_of_them(stages):
    page = soup(stages["first"], "figures")
    assert page.select("template, .ds-check, .ds-time") == []
    assert len(page.select('script[src*="reader.js"][defer][data-page="figures"]')) == 1
