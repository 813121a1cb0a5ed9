"""A run as text: lanes for a terminal, and sentences for anybody."""

import re

import pytest

from distsys.core.errors import ArgumentError
from distsys.views import sentences, spacetime
from views_runs import agrees_with_golden, broken, by_hand, every_fault


def test_each_step_has_a_line_that_begins_with_its_number():
    trace = every_fault()
    found = [int(m[1]) for m in re.finditer(r"^ {0,4}(\d+) +[\d.]+  ", spacetime.text(trace), re.MULTILINE)]
    assert found == [step.number for step in trace]


def test_text_is_plain_ascii_without_colour_and_within_the_columns():
    for columns in (60, 80, 120):
        lines = spacetime.text(every_fault(), columns=columns).splitlines()
        body = [line for line in lines if not line.startswith("Signs")]
        assert all(line.isascii() and line.isprintable() for line in lines)
        assert max(map(len, body)) <= columns


def test_colour_adds_nothing_but_colour():
    plain, coloured = (spacetime.text(every_fault(), colour=colour) for colour in (False, True))
    assert "\x1b[" in coloured
    assert re.sub(r"\x1b\[[\d;]*m", "", coloured) == plain


def test_a_message_is_an_arrow_from_its_sender_to_its_receiver():
    line = next(line for line in spacetime.text(by_hand()).splitlines() if line.startswith("    3"))
    assert "|---->#" in line  # it breaks a law there
    assert "n2 receives" in line


def test_every_sign_that_is_used_is_explained():
    text = spacetime.text(every_fault())
    signs = text.splitlines()[-1].removeprefix("Signs: ").split(", ")
    assert {sign[0] for sign in signs} >= set("SR*TQXx2!.~:")


def test_too_few_columns_are_refused():
    with pytest.raises(ArgumentError, match=r"^columns "):
        spacetime.text(broken(), columns=10)


def test_a_sentence_names_step_time_node_cause_and_effects():
    said = sentences(by_hand())
    assert said[0] == (
        "Step 1, 0 ms: n1 starts; it sends 'Lunch?' to n2, notes \"Lunch?\" and outputs 'Lunch?'."
    )
    assert said[2] == (
        "Step 3, 0.01 ms: n2 receives 'Lunch?' from n1, sent at step 1; it writes x to disk. "
        "Here the law 'Lunch?' is broken: because"
    )
    assert said[-1] == "At the end the law 'at the end' is broken: because"


def test_each_kind_of_step_has_a_sentence_of_its_own():
    trace = every_fault()
    openings = {}
    for step, said in zip(trace, sentences(trace), strict=False):
        words = said.split(": ", 1)[1]
        openings.setdefault(step.kind, re.sub(r"n\d|Ping\(\d+\)|\d[\d.]*", "_", words).split(";")[0])
    assert len(set(openings.values())) == len(openings)


def test_a_crash_within_a_step_says_how_much_was_done():
    said = [s for s in sentences(every_fault()) if "stops after" in s]
    assert any("stops after 2 of" in s for s in said)


def test_the_golden_sentences():
    agrees_with_golden("every-fault.sentences.txt", "\n".join(sentences(every_fault())) + "\n")
