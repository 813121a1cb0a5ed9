"""A playable ring as text: what is in the figure, what it refuses, and what stays text."""

import json
import re

import pytest

from distsys.algorithms.keyhash import key_hash
from distsys.algorithms.ring import Ring
from distsys.core.errors import ArgumentError, ArgumentTypeError, UnknownNameError
from distsys.lab.ring_player import METHODS, placement, ring_player
from distsys.views.ring_player import BITS, DIGITS, digits

ALT = "A ring of four servers."
POOL = ("ann", "bob", "cid", "dee", "eve", "fay", "gus", "hal")
KEYS = tuple(f"key:{number}" for number in range(128))


def figure(**changed):
    return ring_player(**{"pool": POOL, "keys": KEYS, "name": "fig-ring", "alt": ALT, **changed})


@pytest.fixture(scope="module")
def numbers():
    return figure().numbers


def test_the_first_tokens_of_a_server_are_those_of_its_ring(numbers):
    for vnodes, weight in ((1, 1), (8, 3), (256, 4)):
        for server, tokens in zip(POOL, numbers.tokens, strict=True):
            assert sorted(set(tokens[: vnodes * weight])) == [
                token for token, _ in Ring({server: weight}, vnodes=vnodes, bits=BITS).tokens
            ]


def test_keys_fall_on_tokens_and_servers_claim_one_token_so_that_a_wrong_boundary_shows(numbers):
    claimed = [token for tokens in numbers.tokens for token in tokens]
    assert len(set(claimed)) < len(claimed)
    assert set(numbers.places) & set(claimed)


def test_digits_can_be_read_back():
    numbers = [0, 1, 63, 64, 2**18 - 1]
    text = digits(numbers, 3)
    groups = [text[at : at + 3] for at in range(0, len(text), 3)]
    assert [DIGITS.index(a) << 12 | DIGITS.index(b) << 6 | DIGITS.index(c) for a, b, c in groups] == numbers


def test_a_server_stands_in_each_order_of_bids_once_for_each_weight(numbers):
    for order in numbers.bids:
        assert sorted(order) == sorted([*range(len(POOL))] * 4)


def test_the_figure_takes_at_most_40_kilobytes_and_is_the_same_twice(monkeypatch):
    monkeypatch.setenv("DISTSYS_STATIC", "1")
    html = figure()._repr_html_()
    assert len(html.encode()) <= 40 * 1024
    assert html == figure()._repr_html_()


def test_where_scripts_are_taken_away_an_image_with_its_words_and_a_table_stay(monkeypatch):
    monkeypatch.setenv("DISTSYS_STATIC", "1")
    html = figure(caption="Add a server.")._repr_html_()
    (image,) = re.findall(r"<img [^>]*>", html)
    assert 'src="data:image/svg+xml,%3Csvg' in image
    assert f'alt="{ALT}"' in image
    assert re.search(r'width="\d+" height="\d+"', image)
    assert "<figcaption>Add a server.</figcaption>" in html
    assert "<td" in html[html.index("<details>") :]


def test_a_live_notebook_gets_the_script_and_a_page_does_not(monkeypatch):
    monkeypatch.setenv("DISTSYS_STATIC", "1")
    assert "customElements" not in figure()._repr_html_()
    monkeypatch.delenv("DISTSYS_STATIC")
    assert "customElements" in figure()._repr_html_()


def test_hostile_names_stay_text():
    hostile = ("</script><b>", "<img src=x onerror=alert(1)>", "a&b\u2028c")
    html = figure(pool=hostile, keys=[f"{name}/{i}" for name in hostile for i in range(3)])._repr_html_()
    data = re.search(r'<script type="application/json">(.*?)</script>', html, re.DOTALL)[1]
    assert json.loads(data)["pool"] == sorted(hostile)
    assert not set("<>&\u2028") & set(data)
    assert "<b>" not in html
    assert "<img src=x" not in html


def test_it_begins_with_the_members_that_it_was_given():
    assert figure().first == "ring-v8-abcd"
    assert figure(members={"hal": 2, "bob": 1}, vnodes=256).first == "ring-v256-h2b"
    assert figure(members=["ann", "bob"], before={"ann": 3}).first == "ring-v8-ab-v8-a3"


def test_a_figure_that_begins_with_a_join_counts_it_in_its_caption():
    before, after = (Ring(names, vnodes=2, bits=BITS) for names in (POOL[:4], POOL[:5]))
    moved = sum(before.lookup(key) != after.lookup(key) for key in KEYS)
    caption = f"eve joins: moved {moved} of 128 keys = {moved / 128:.3f}; 1/5 = 0.200."
    assert figure(members=POOL[:5], before=POOL[:4], vnodes=2).still.caption == caption


def test_a_method_without_weights_counts_each_server_once():
    for method in METHODS:
        weights = placement(method, {"ann": 1, "bob": 3}, 8).weights
        assert weights == ({"ann": 1, "bob": 3} if method in ("ring", "rendezvous") else {"ann": 1, "bob": 1})


@pytest.mark.parametrize(
    ("arguments", "error", "says"),
    [
        ({"pool": ["a"]}, ArgumentError, "pool must have 2 to 8 servers"),
        ({"pool": [f"s{i}" for i in range(9)]}, ArgumentError, "pool must have 2 to 8 servers"),
        ({"keys": []}, ArgumentError, "keys must be 1 to 256 different texts"),
        ({"keys": ["a", "a"]}, ArgumentError, "keys must be 1 to 256 different texts"),
        ({"keys": [b"a"]}, ArgumentTypeError, "keys must be texts"),
        ({"members": []}, ArgumentError, "members must have at least one server"),
        ({"before": []}, ArgumentError, "before must have at least one server"),
        ({"members": ["zoe"]}, UnknownNameError, "members must be of the pool"),
        ({"members": {"ann": 5}}, ArgumentError, "the weight of 'ann' must be at most 4"),
        ({"vnodes": 257}, ArgumentError, "vnodes must be at most 256"),
        ({"name": "a@b"}, ArgumentError, "name must be a letter"),
        ({"alt": ""}, ArgumentError, "alt must be"),
    ],
)
def test_a_bad_argument_is_named(arguments, error, says):
    with pytest.raises(error, match=f"^{re.escape(says)}"):
        figure(**arguments)


def test_places_are_the_top_bits_of_the_hash(numbers):
    assert numbers.places == tuple(key_hash(key) >> 64 - BITS for key in KEYS)
