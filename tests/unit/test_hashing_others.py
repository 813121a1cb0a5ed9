"""The same answers as other people's programs: uhashring's ketama ring, and the C extension of jump hash."""

from itertools import accumulate, repeat

import pytest

from distsys.algorithms.jump import jump_hash, jump_hashes, jump_points
from distsys.algorithms.ketama import Ketama
from distsys.algorithms.keyhash import key_hashes, md5_hash
from distsys.algorithms.ring import Ring

KEYS = [f"user:{number}" for number in range(20_000)]
HASHES = key_hashes(KEYS)
CLUSTERS = {
    "three": ["10.0.0.1:11211", "10.0.0.2:11211", "10.0.0.3:11211"],
    "ten": [f"cache-{number}" for number in range(10)],
    "weights": {"small": 1, "medium": 2, "large": 5, "café": 3},
    "one": ["alone"],
}


@pytest.mark.parametrize("members", CLUSTERS.values(), ids=CLUSTERS)
def test_ketama_places_20_000_keys_and_every_point_as_uhashring_does(members):
    uhashring = pytest.importorskip("uhashring", reason="pip install uhashring")
    theirs, ours = uhashring.HashRing(members, hash_fn="ketama"), Ketama(members)
    assert list(ours.tokens) == theirs.get_points()
    assert ours.lookup_many(KEYS) == [theirs.get_node(key) for key in KEYS]
    assert [ours.lookup(key) for key in KEYS[:500]] == [theirs.get_node(key) for key in KEYS[:500]]
    for key in KEYS[:100]:
        walk = [node["nodename"] for node in theirs.range(key, size=len(ours))]
        assert list(ours.replicas(key, len(ours))) == walk


def test_ketama_follows_uhashring_through_joins_and_leaves():
    uhashring = pytest.importorskip("uhashring", reason="pip install uhashring")
    ours = Ketama(["a", "b", "c"]).join("d", weight=2).leave("b")
    assert list(ours.tokens) == uhashring.HashRing({"a": 1, "c": 1, "d": 2}, hash_fn="ketama").get_points()
    assert Ketama(["a"], vnodes=7).tokens == tuple(
        uhashring.HashRing(["a"], hash_fn="ketama", vnodes=7).get_points()
    )


def test_a_ring_with_uhashrings_tokens_places_20_000_keys_as_uhashring_does():
    uhashring = pytest.importorskip("uhashring", reason="pip install uhashring")

    class SameTokens(Ring):
        def _claim(self, name, weight):
            return [self._hash(f"{name}-{number}") for number in range(self.vnodes * weight)]

    members = {f"node{number}": 1 + number % 3 for number in range(10)}
    theirs, ours = uhashring.HashRing(members), SameTokens(members, vnodes=160, hash=md5_hash)
    assert ours.lookup_many(KEYS) == [theirs.get_node(key) for key in KEYS]


def buckets_of(points, most):
    """Return the bucket for 1, 2, ..., `most` buckets from the jump points of a key."""
    row = [0] * most
    for point in points:
        row[point] = point  # with n = point + 1 buckets and more, until the next point
    return list(accumulate(row, max))


def test_jump_is_the_c_extension_on_20_000_keys_and_1_000_buckets():
    jump = pytest.importorskip("jump", reason="pip install jump-consistent-hash")
    assert jump.c_hash is not None, "the C extension of jump-consistent-hash is not built on this machine"
    counts = range(1, 1001)
    for hash in HASHES:
        # Every one of the 20 million answers of C, against the jump points that our loop visits ...
        points = jump_points(hash, 1000)
        assert list(map(jump.c_hash, repeat(hash), counts)) == buckets_of(points, 1000)
    for place, hash in enumerate(HASHES):
        # ... and jump_hash itself where its answer changes, and just before.
        for point in jump_points(hash, 1000)[1:] if place % 10 == 0 else ():
            assert jump_hash(hash, point + 1) == point == jump.c_hash(hash, point + 1)
            assert jump_hash(hash, point) == jump.c_hash(hash, point)


@pytest.mark.parametrize("buckets", [1, 2, 3, 10, 97, 512, 999, 1000, 65_537, 2**31 - 1])
def test_batched_jump_is_the_c_extension(buckets):
    jump = pytest.importorskip("jump", reason="pip install jump-consistent-hash")
    assert list(jump_hashes(HASHES, buckets)) == [jump.c_hash(hash, buckets) for hash in HASHES]


@pytest.mark.long
def test_batched_jump_is_the_c_extension_on_the_whole_grid():
    jump = pytest.importorskip("jump", reason="pip install jump-consistent-hash")
    for buckets in range(1, 1001):
        assert list(jump_hashes(HASHES, buckets)) == [jump.c_hash(hash, buckets) for hash in HASHES]


def test_jump_gives_the_documented_answers_of_the_rust_crate():
    # The example in the documentation of the crate jump-consistent-hash.
    assert [jump_hash(key, 60) for key in (0, 1, 2)] == [0, 55, 46]
