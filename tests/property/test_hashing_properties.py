"""Consistent hashing under hundreds of drawn clusters and keys (derandomized: each run draws the same)."""

from hypothesis import given, settings
from hypothesis import strategies as st

from distsys.algorithms.bounded import BoundedLoads
from distsys.algorithms.handover import Handover
from distsys.algorithms.hashing_laws import (
    batch_agrees,
    clockwise_successor,
    distinct_replicas,
    members_decide,
    minimal_movement,
    router_and_migrator_agree,
    telling_hashes,
    totality,
    within_bounds,
)
from distsys.algorithms.jump import jump_hash, jump_hashes, jump_points
from distsys.algorithms.ketama import Ketama
from distsys.algorithms.keyhash import key_hash
from distsys.algorithms.maglev import Maglev
from distsys.algorithms.multiprobe import MultiProbe
from distsys.algorithms.rendezvous import Rendezvous
from distsys.algorithms.ring import Ring

fixed = settings(derandomize=True, max_examples=60, deadline=None)
names = st.text(alphabet=st.characters(codec="utf-8"), min_size=1, max_size=6)
clusters = st.dictionaries(names, st.integers(1, 5), min_size=1, max_size=7)
plain_clusters = st.lists(names, min_size=2, max_size=7, unique=True)
keys = st.lists(
    st.one_of(st.text(alphabet=st.characters(codec="utf-8")), st.binary()), min_size=1, max_size=40
)
bits = st.sampled_from([1, 3, 5, 8, 16, 32, 63, 64])
vnodes = st.integers(1, 12)


@fixed
@given(clusters, vnodes, bits, keys)
def test_a_ring_is_total_clockwise_and_the_same_in_batches(members, vnodes, bits, keys):
    ring = Ring(members, vnodes=vnodes, bits=bits)
    hashes = telling_hashes(ring)
    assert totality(ring, hashes) is None
    assert clockwise_successor(ring, hashes) is None
    assert batch_agrees(ring, keys) is None
    assert ring.lookup_hashes(hashes) == [ring.lookup_hash(hash) for hash in hashes]
    assert sum(arc.width for arc in ring.arcs()) == 2**bits


@fixed
@given(clusters, names, st.integers(1, 5), vnodes, bits, keys)
def test_a_join_and_a_leave_move_only_what_they_must_and_the_plan_says_it(
    members, guest, weight, vnodes, bits, keys
):
    members.pop(guest, None)
    if not members:
        return
    before = Ring(members, vnodes=vnodes, bits=bits)
    after = before.join(guest, weight)
    assert minimal_movement(before, after, keys) is None
    assert after.leave(guest) == before
    assert after.leave(guest).tokens == before.tokens
    for plan in (Handover(before, after), Handover(after, before)):
        assert router_and_migrator_agree(plan, telling_hashes(before, after)) is None
        assert all(guest in (move.source, move.target) for move in plan.moves)


@fixed
@given(plain_clusters, keys, st.data())
def test_placement_is_a_function_of_the_set_and_replicas_are_distinct(members, keys, data):
    count = data.draw(st.integers(1, len(members)))
    for build in (
        lambda names: Ring(names, vnodes=6),
        lambda names: Ring(names, vnodes=6, bits=7),
        Rendezvous,
        lambda names: MultiProbe(names, probes=4),
        lambda names: Maglev(names, table_size=31),
        lambda names: Ketama(names, vnodes=2),
    ):
        assert members_decide(build, members, keys) is None
    assert distinct_replicas(Ring(members, vnodes=6), keys, count) is None
    assert distinct_replicas(Rendezvous(members), keys, count) is None


@fixed
@given(clusters, names, st.integers(1, 5), keys)
def test_weighted_rendezvous_moves_keys_to_the_joiner_only(members, guest, weight, keys):
    members.pop(guest, None)
    if not members:
        return
    before = Rendezvous(members)
    assert minimal_movement(before, before.join(guest, weight), keys) is None
    assert batch_agrees(before, keys) is None


@fixed
@given(plain_clusters, names, keys)
def test_multi_probe_moves_keys_to_the_joiner_only(members, guest, keys):
    before = MultiProbe([name for name in members if name != guest], probes=5)
    if before.members:
        assert minimal_movement(before, before.join(guest), keys) is None


@fixed
@given(st.integers(0, 2**64 - 1), st.integers(1, 3000))
def test_jump_moves_a_key_to_the_new_bucket_or_not_at_all(hash, buckets):
    now, then = jump_hash(hash, buckets), jump_hash(hash, buckets + 1)
    assert 0 <= now < buckets
    assert then in (now, buckets)
    assert jump_points(hash, buckets)[-1] == now == jump_hashes([hash], buckets)[0]


@fixed
@given(
    st.dictionaries(st.sampled_from("abcdef"), st.integers(1, 3), min_size=1),
    st.integers(1, 4),
    st.sampled_from(["101/100", "11/10", "5/4", "2", "7"]),
    st.lists(st.tuples(st.integers(0, 25), st.integers(0, 4)), max_size=80),
)
def test_bounded_loads_keep_the_bound_and_the_definition_through_any_history(members, vnodes, factor, steps):
    book, present = BoundedLoads(Ring(members, vnodes=vnodes), factor), {}
    for number, hot in steps:
        ball = f"ball:{number}"
        if ball in present:
            book.delete(ball)
            del present[ball]
        else:
            present[ball] = f"key:{hot}" if hot else ball  # some balls share a key
            book.insert(ball, key=present[ball])
        assert within_bounds(book, present) is None


@fixed
@given(st.text(alphabet=st.characters(codec="utf-8")))
def test_a_key_and_its_bytes_hash_alike(text):
    assert key_hash(text) == key_hash(text.encode()) < 2**64
