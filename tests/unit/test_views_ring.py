"""The picture of a ring counts what the ring says, and refuses what it cannot draw."""

import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distsys.algorithms.keyhash import key_hash
from distsys.algorithms.ring import Ring
from distsys.core.errors import ArgumentError, ArgumentTypeError
from distsys.views.ring import ring_picture

ALT = "A ring of nodes."


@dataclass
class Bare:
    tokens: tuple
    bits: int = 4


@given(
    nodes=st.integers(1, 9), vnodes=st.integers(1, 12), keys=st.lists(st.integers(0, 2**16 - 1), max_size=30)
)
def test_the_caption_counts_the_keys_that_the_ring_moves(nodes, vnodes, keys):
    ring = Ring([f"n{i}" for i in range(nodes)], vnodes=vnodes, bits=16)
    bigger = ring.join("new")
    picture = ring_picture(bigger, keys, before=ring, alt=ALT)
    ET.fromstring(picture.svg)
    moved = sum(ring.lookup_hash(key) != bigger.lookup_hash(key) for key in keys)
    assert picture.svg.count('class="moved"') == moved
    if keys:
        share = f"{moved / len(keys):.3f}; 1/{nodes + 1} = {1 / (nodes + 1):.3f}"
        assert picture.caption == f"new joins: moved {moved} of {len(keys)} keys = {share}."
        back = ring_picture(ring, keys, before=bigger, alt=ALT)
        assert back.caption.startswith(f"new leaves: moved {moved} of")


def test_the_shares_of_the_legend_are_those_of_the_ring():
    ring = Ring(["a", "b", "c"], vnodes=7)
    svg = ring_picture(ring, alt=ALT).svg
    for name, share in ring.shares().items():
        assert f">{name} {share:.1%}</text>" in svg


def test_a_key_belongs_to_the_first_token_at_or_after_it():
    ring = Bare(((3, "a"), (9, "b")))
    words = ring_picture(ring, [0, 3, 4, 9, 10, 15], alt=ALT).svg
    owners = dict(re.findall(r"key at (\d+), owned by (\w)", words))
    assert owners == {"0": "a", "3": "a", "4": "b", "9": "b", "10": "a", "15": "a"}


def test_nodes_differ_by_pattern_too_and_twelve_nodes_by_hue_or_pattern():
    svg = ring_picture(Ring([f"n{i:02d}" for i in range(12)], vnodes=1), alt=ALT).svg
    forms = set(re.findall(r'class="arc (h\d d\d)"', svg))
    assert len(forms) == 12


def test_the_same_bytes_twice_and_other_ids_for_another_ring():
    one, again, other = (
        ring_picture(Ring(names, vnodes=3), [key_hash("a")], alt=ALT).svg
        for names in ("abc", "abc", "abd")
        for names in [list(names)]
    )
    assert one == again
    ids = [set(re.findall(r'\bid="([^"]+)"', svg)) for svg in (one, other)]
    assert not ids[0] & ids[1]


@pytest.mark.parametrize(
    ("arguments", "error", "says"),
    [
        ({"ring": Bare(())}, ArgumentError, "ring must have at least one token"),
        ({"ring": object()}, ArgumentTypeError, "ring must have `tokens` and `bits`"),
        ({"keys": [16]}, ArgumentError, "a key must be at most 15"),
        ({"keys": ["a"]}, ArgumentTypeError, "a key must be a whole number"),
        ({"before": Bare(((1, "a"),), 5)}, ArgumentError, "before must have as many bits"),
        ({"alt": " "}, ArgumentError, "alt must be"),
    ],
)
def test_a_bad_argument_is_named(arguments, error, says):
    with pytest.raises(error, match=f"^{re.escape(says)}"):
        ring_picture(**{"ring": Bare(((3, "a"), (9, "b"))), "alt": ALT, **arguments})


def test_a_hostile_name_is_escaped():
    svg = ring_picture(Bare(((3, "<script>"), (9, "&"))), [1], alt="<b>").svg
    ET.fromstring(svg)
    assert "<script" not in svg
