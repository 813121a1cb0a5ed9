"""How long a page takes to read is computed from the page."""

import doctest

import ds_gallery
import ds_math
import ds_reading
import ds_selfcheck
import ds_words
import pytest
from docutils import nodes
from ds_reading import minutes, sentence
from ds_selfcheck import self_check
from sphinx_exercise.nodes import exercise_node, solution_node


def prose(words):
    return nodes.paragraph("", "word, " * words)


def cell(code):
    box = nodes.container(nb_element="cell_code")
    box += [nodes.literal_block(code, code), nodes.literal_block("", "output " * 500)]
    return box


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([prose(200)], 1),
        ([prose(100), prose(100), cell("x = 1")], 2),
        ([prose(200), nodes.literal_block("", "int x; " * 300)], 1.5),
        ([prose(199), nodes.paragraph("", "", nodes.math("", r"\frac{a b}{c d}"))], 1),
        ([nodes.math_block("", "a b c")], 1),
        ([prose(200), exercise_node("", prose(999)), solution_node("", prose(999))], 1),
        ([prose(200), cell('check = exercise("a/b")')], 1),
        ([prose(200), self_check("", prose(999)), nodes.comment("", "no " * 999)], 1),
    ],
    ids=["prose", "cell", "code", "inline formula", "formula", "exercise", "answer", "question"],
)
def test_the_time_of(parts, expected):
    assert minutes(nodes.section("", *parts)) == pytest.approx(expected)


def test_the_line_names_only_what_the_page_has():
    assert sentence("en", 4, 0, 0) == "About 4 minutes to read."
    assert sentence("en", 0.1, 2, 1) == "About a minute to read, one exercise, 2 questions to check yourself."


@pytest.mark.parametrize(
    "module", [ds_words, ds_selfcheck, ds_reading, ds_gallery, ds_math], ids=lambda m: m.__name__
)
def test_the_examples_of_an_extension_run(module):
    failed, tried = doctest.testmod(module)
    assert tried > 0
    assert failed == 0
