"""The ring: tokens, lookup, replicas, weights, joins and hand-over, against slow second implementations."""

import pytest

from distsys.algorithms.handover import Handover
from distsys.algorithms.hashing_laws import telling_hashes
from distsys.algorithms.keyhash import key_hash, md5_hash
from distsys.algorithms.measures import moved
from distsys.algorithms.placement import NoMembersError
from distsys.algorithms.ring import TOKENS_MAX, Ring
from distsys.core.errors import ArgumentError, ArgumentTypeError, DistsysError, UnknownNameError

KEYS = [f"user:{number}" for number in range(2000)]


def slow_tokens(weights, vnodes, bits=64):
    tokens = {}
    for name in sorted(weights):
        for number in range(vnodes * weights[name]):
            tokens.setdefault(key_hash(f"{name}#{number}") >> (64 - bits), name)
    return tokens


def slow_walk(tokens, hash, bits=64):
    return [tokens[token] for token in sorted(tokens, key=lambda token: (token - hash) % 2**bits)]


@pytest.mark.parametrize(("vnodes", "bits"), [(1, 64), (7, 64), (40, 16), (8, 6), (3, 2)])
def test_a_lookup_is_the_next_token_clockwise_of_a_slow_ring(vnodes, bits):
    weights = {"a": 1, "b": 2, "c": 1, "d": 3}
    ring, tokens = Ring(weights, vnodes=vnodes, bits=bits), slow_tokens(weights, vnodes, bits)
    assert dict(ring.tokens) == tokens
    assert ring.entries == len(tokens)
    for hash in telling_hashes(ring):
        assert ring.lookup_hash(hash) == slow_walk(tokens, hash, bits)[0]
    for key in KEYS[:200]:
        assert ring.lookup(key) == slow_walk(tokens, key_hash(key) >> (64 - bits), bits)[0]


def test_a_key_whose_hash_is_a_token_belongs_to_that_token():
    ring = Ring(["a", "b", "c"], vnodes=5)
    for name in "abc":
        for number in range(5):
            assert ring.lookup(f"{name}#{number}") == name


def test_a_hash_above_the_last_token_belongs_to_the_first():
    ring = Ring(["a", "b", "c"], vnodes=2)
    (_, first), (last, _) = ring.tokens[0], ring.tokens[-1]
    assert ring.lookup_hash(last + 1) == ring.lookup_hash(2**64 - 1) == ring.lookup_hash(0) == first


def test_replicas_are_the_first_distinct_members_of_the_walk():
    weights = {"a": 1, "b": 2, "c": 1, "d": 3}
    ring, tokens = Ring(weights, vnodes=6), slow_tokens(weights, 6)
    for key in KEYS[:300]:
        walk = list(dict.fromkeys(slow_walk(tokens, key_hash(key))))
        for count in (1, 2, 3, 4):
            assert ring.replicas(key, count) == tuple(walk[:count])


def test_more_replicas_than_members_are_refused():
    ring = Ring(["a", "b"])
    with pytest.raises(ArgumentError, match="count must be at most 2, the number of members"):
        ring.replicas("k", 3)
    with pytest.raises(ArgumentError, match="count must be at least 1"):
        ring.replicas("k", 0)
    with pytest.raises(ArgumentError, match="collisions"):
        Ring(list("abcdef"), vnodes=1, bits=1).replicas("k", 6)


def test_the_order_in_which_members_come_does_not_matter_even_where_tokens_collide():
    whole = Ring(list("abcdefgh"), vnodes=8, bits=6)
    assert whole.entries < 64  # 64 claims on 64 places: many collide
    grown = Ring(["h"], vnodes=8, bits=6)
    for name in "dbgaefc":
        grown = grown.join(name)
    assert grown == whole
    assert grown.tokens == whole.tokens
    assert hash(grown) == hash(whole)


def test_a_member_that_lost_a_token_gets_it_back_when_the_winner_leaves():
    both, alone = Ring(["a", "b"], vnodes=20, bits=5), Ring(["b"], vnodes=20, bits=5)
    shared = {token for token, owner in both.tokens if owner == "a"} & {token for token, _ in alone.tokens}
    assert shared
    assert both.leave("a").tokens == alone.tokens


def test_a_join_hashes_only_the_new_members_tokens():
    asked = []

    def spy(key):
        asked.append(key)
        return key_hash(key)

    ring = Ring(["a", "b"], vnodes=4, hash=spy)
    asked.clear()
    bigger = ring.join("c", weight=2)
    assert asked == [f"c#{number}" for number in range(8)]
    asked.clear()
    assert bigger.leave("c") == ring
    assert asked == []


def test_a_ring_is_a_value():
    ring = Ring(["b", "a"], vnodes=10)
    bigger = ring.join("c")
    assert ring.members == ("a", "b")
    assert bigger.members == ("a", "b", "c")
    assert ring != bigger
    assert bigger.leave("c") == ring
    assert ring != Ring(["a", "b"], vnodes=11)
    assert ring != Ring(["a", "b"], vnodes=10, hash=md5_hash)
    assert Ring({"a": 2, "b": 1}, vnodes=10) != ring
    assert repr(ring) == "<Ring of 2 members: 'a', 'b'>"
    assert len(ring) == 2
    assert "a" in ring
    with pytest.raises(AttributeError):
        ring.members = ("x",)


def test_arcs_cover_the_ring_once_and_agree_with_lookup():
    ring = Ring(["a", "b", "c"], vnodes=4, bits=8)
    arcs = ring.arcs()
    assert sum(arc.width for arc in arcs) == 256
    for hash in range(256):
        holding = [arc for arc in arcs if arc.holds(hash)]
        assert [arc.owner for arc in holding] == [ring.lookup_hash(hash)]
    counted = {name: sum(ring.lookup_hash(h) == name for h in range(256)) / 256 for name in "abc"}
    assert ring.shares() == counted


def test_one_token_owns_the_whole_circle():
    ring = Ring(["a"], vnodes=1)
    assert [arc.width for arc in ring.arcs()] == [2**64]
    assert ring.shares() == {"a": 1.0}
    assert {ring.lookup_hash(hash) for hash in telling_hashes(ring)} == {"a"}


@pytest.mark.parametrize("bits", [64, 6])
@pytest.mark.parametrize("step", ["join", "leave", "both", "weight"])
def test_the_plan_of_a_hand_over_is_what_the_routers_do(bits, step):
    before = Ring(["a", "b", "c"], vnodes=5, bits=bits)
    after = {
        "join": lambda: before.join("d"),
        "leave": lambda: before.leave("b"),
        "both": lambda: before.leave("b").join("d").join("e"),
        "weight": lambda: before.leave("c").join("c", weight=3),
    }[step]()
    plan = Handover(before, after)
    for hash in telling_hashes(before, after):
        source, target = before.lookup_hash(hash), after.lookup_hash(hash)
        holding = [move for move in plan.moves if move.holds(hash)]
        assert [(move.source, move.target) for move in holding] == (
            [] if source == target else [(source, target)]
        )
        assert plan.move_at(hash) == (holding[0] if holding else None)
    assert moved(before, after, KEYS) == [key for key in KEYS if plan.move_of(key)]
    if bits == 6:
        changed = sum(before.lookup_hash(hash) != after.lookup_hash(hash) for hash in range(64))
        assert plan.share == changed / 64


def test_equal_rings_have_nothing_to_hand_over():
    ring = Ring(["a", "b"], vnodes=3)
    assert Handover(ring, ring.join("c").leave("c")).moves == ()
    assert Handover(ring, ring).share == 0.0


def test_a_hand_over_needs_one_hash_and_one_space():
    ring = Ring(["a"])
    for other in (Ring(["a", "b"], hash=md5_hash), Ring(["a", "b"], bits=32)):
        with pytest.raises(ArgumentError, match="after must use the hash and the bits of before"):
            Handover(ring, other)
    with pytest.raises(NoMembersError):
        Handover(Ring([]), ring)


def test_bad_arguments_are_named():
    for members, error, text in [
        ("abc", ArgumentTypeError, "write \\['abc'\\]"),
        ([1], ArgumentTypeError, "a member must be a name"),
        ([""], ArgumentError, "at least one character"),
        (["\ud800"], ArgumentError, "UTF-8 form"),
        (["a", "b", "a"], ArgumentError, "'a' is there twice"),
        ({"a": 0}, ArgumentError, "the weight of 'a' must be at least 1"),
        ({"a": -1}, ArgumentError, "the weight of 'a' must be at least 1"),
        ({"a": 1.5}, ArgumentTypeError, "the weight of 'a' must be a whole number"),
        ({"a": 1_000_001}, ArgumentError, "at most 1000000"),
        ({"a": True}, ArgumentTypeError, "the weight of 'a'"),
    ]:
        with pytest.raises(error, match=text):
            Ring(members)
    with pytest.raises(ArgumentTypeError, match="hash must be a function"):
        Ring(["a"], hash=7)
    with pytest.raises(ArgumentError, match="hash must be in"):
        Ring(["a"], hash=lambda key: -1)
    with pytest.raises(ArgumentTypeError, match="hash must be an int"):
        Ring(["a"], hash=lambda key: 0.5)
    with pytest.raises(ArgumentError, match="vnodes must be at least 1"):
        Ring(["a"], vnodes=0)
    with pytest.raises(ArgumentError, match="bits must be at most 64"):
        Ring(["a"], bits=65)
    with pytest.raises(ArgumentError, match=f"at most {TOKENS_MAX} tokens"):
        Ring({"a": 1_000_000}, vnodes=100)
    ring = Ring(["a"])
    with pytest.raises(UnknownNameError, match=r"'x' cannot leave: it is no member; the members are \[a\]"):
        ring.leave("x")
    with pytest.raises(ArgumentError, match="'a' cannot join"):
        ring.join("a")
    with pytest.raises(ArgumentError, match="the weight of 'b' must be at least 1"):
        ring.join("b", weight=0)
    for call in (
        lambda: Ring([]).lookup("k"),
        lambda: Ring([]).lookup_many(["k"]),
        lambda: ring.leave("a").lookup_hash(0),
    ):
        with pytest.raises(NoMembersError, match="has no members") as caught:
            call()
        assert isinstance(caught.value, DistsysError)
