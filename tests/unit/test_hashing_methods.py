"""Modulo, rendezvous, jump, Maglev, multi-probe, two choices: against slow second programs, and errors."""

import random
import sys
from decimal import Decimal, localcontext
from fractions import Fraction

import pytest

from distsys.algorithms import arrays
from distsys.algorithms.choices import Choices
from distsys.algorithms.fixedlog import log2_fixed, log2_fixed_array
from distsys.algorithms.jump import Jump, jump_hash, jump_hashes, jump_points
from distsys.algorithms.ketama import Ketama
from distsys.algorithms.keyhash import key_hash, key_hashes, nth_hash, pair_hash
from distsys.algorithms.maglev import Maglev, fill_table, is_prime
from distsys.algorithms.measures import coefficient_of_variation, loads, max_over_mean, moved, moved_share
from distsys.algorithms.modulo import Modulo
from distsys.algorithms.multiprobe import MultiProbe
from distsys.algorithms.placement import NoMembersError
from distsys.algorithms.rendezvous import Rendezvous
from distsys.algorithms.ring import Ring
from distsys.core.errors import ArgumentError, ArgumentTypeError, UnknownNameError

KEYS = [f"user:{number}" for number in range(2000)]
HASHES = key_hashes(KEYS)
EDGES = [0, 1, 2**31, 2**32, 2**53 - 1, 2**53 + 1, 2**63 - 1, 2**63, 2**63 + 1, 2**64 - 1]
NAMES = ["n3", "n1", "n2", "n5", "n4"]
WEIGHTS = {"n3": 1, "n1": 7, "n2": 2, "n5": 1000, "n4": 333}
BUILDERS = {
    "modulo": lambda: Modulo(NAMES),
    "ring": lambda: Ring(NAMES, vnodes=20),
    "ring with weights": lambda: Ring({name: 1 + len(name) % 3 for name in NAMES}, vnodes=20),
    "ring of 64 places": lambda: Ring(NAMES, vnodes=8, bits=6),
    "ring of 2 places": lambda: Ring(NAMES, vnodes=8, bits=1),
    "ring of one token": lambda: Ring(["n1"], vnodes=1),
    "ketama": lambda: Ketama(NAMES),
    "rendezvous": lambda: Rendezvous(NAMES),
    "rendezvous with weights": lambda: Rendezvous(WEIGHTS),
    "jump": lambda: Jump(NAMES),
    "maglev": lambda: Maglev(NAMES, table_size=251),
    "multi-probe": lambda: MultiProbe(NAMES, probes=5),
}


@pytest.fixture
def without_numpy(monkeypatch):
    """Return a function that runs another one on a machine where numpy cannot be imported."""

    def run(function):
        with monkeypatch.context() as patch:
            patch.setitem(sys.modules, "numpy", None)
            arrays.numpy.cache_clear()
            try:
                assert arrays.numpy() is None
                return function()
            finally:
                arrays.numpy.cache_clear()

    yield run
    arrays.numpy.cache_clear()


@pytest.mark.parametrize("build", BUILDERS.values(), ids=BUILDERS)
def test_one_by_one_batched_and_without_numpy_the_answers_are_the_same(build, without_numpy):
    placement = build()
    space = 1 << placement.bits
    hashes = [hash % space for hash in EDGES + HASHES[:500]]
    single = [placement.lookup_hash(hash) for hash in hashes]
    assert placement.lookup_hashes(hashes) == single
    assert placement.lookup_hashes(iter(hashes)) == single
    assert placement.lookup_hashes([]) == []
    assert [placement.lookup(key) for key in KEYS[:200]] == placement.lookup_many(KEYS[:200])
    assert without_numpy(lambda: build().lookup_hashes(hashes)) == single
    assert without_numpy(lambda: loads(build(), KEYS)) == loads(placement, KEYS)
    np = pytest.importorskip("numpy", reason="pip install numpy")
    assert placement.lookup_hashes(np.array(hashes, dtype=np.uint64)) == single
    small = [hash >> 2 for hash in hashes]  # they fit an array of signed numbers
    assert placement.lookup_hashes(np.array(small)) == placement.lookup_hashes(small)


@pytest.mark.parametrize("build", BUILDERS.values(), ids=BUILDERS)
def test_bad_hashes_and_keys_are_refused_alike_everywhere(build, without_numpy):
    placement = build()
    for hash in (-1, 1 << placement.bits):
        for refused in ([hash], [0, hash], iter([hash])):
            with pytest.raises(ArgumentError, match=rf"hash must be in \[0, 2\*\*{placement.bits}\)"):
                placement.lookup_hashes(refused)
        with pytest.raises(ArgumentError, match="hash must be in"):
            placement.lookup_hash(hash)
        with pytest.raises(ArgumentError, match="hash must be in"):
            without_numpy(lambda hash=hash: build().lookup_hashes([0, hash]))
    for hash in (0.5, None, "user:42"):
        with pytest.raises(ArgumentTypeError, match="hash must be an int"):
            placement.lookup_hash(hash)
        with pytest.raises(ArgumentTypeError, match="hash must be an int"):
            placement.lookup_hashes([0, hash])
    with pytest.raises(ArgumentTypeError):
        placement.lookup(42)
    with pytest.raises(ArgumentTypeError, match="one key"):
        placement.lookup_many("user:42")
    np = pytest.importorskip("numpy", reason="pip install numpy")
    for array in (np.array([0.5]), np.array([[1, 2]]), np.array(["a"])):
        with pytest.raises(ArgumentTypeError, match="one-dimensional array of ints"):
            placement.lookup_hashes(array)
    with pytest.raises(ArgumentError, match="hash must be in"):
        placement.lookup_hashes(np.array([0, -1]))


@pytest.mark.parametrize("kind", [Modulo, Ring, Rendezvous, Jump, Maglev, MultiProbe, Ketama])
def test_without_members_every_lookup_is_one_clear_error(kind, without_numpy):
    empty = kind([])
    assert empty.members == ()
    assert len(empty) == 0
    for call in (lambda: empty.lookup("k"), lambda: empty.lookup_hash(0), lambda: empty.lookup_many(["k"])):
        with pytest.raises(NoMembersError, match=f"this {kind.__name__} has no members; join one first"):
            call()
        with pytest.raises(NoMembersError):
            without_numpy(call)
    assert empty.join("a").lookup("k") == "a"
    with pytest.raises(UnknownNameError):
        empty.leave("a")


@pytest.mark.parametrize("kind", [Modulo, Jump, Maglev, MultiProbe])
def test_methods_without_weights_say_so(kind):
    with pytest.raises(ArgumentError, match=f"{kind.__name__} knows no weights, but 'b' has 2"):
        kind({"a": 1, "b": 2})


def test_modulo_is_the_remainder_over_the_list_as_it_is():
    placement = Modulo(["c", "a", "b"])
    assert [placement.lookup_hash(hash) for hash in range(4)] == ["c", "a", "b", "c"]
    assert placement.members == ("c", "a", "b")
    assert placement != Modulo(["a", "b", "c"])
    assert placement.lookup_hash(2**64 - 1) == ["c", "a", "b"][(2**64 - 1) % 3]


# rendezvous


def test_rendezvous_is_the_highest_bid():
    placement = Rendezvous(NAMES)
    for key, hash in zip(KEYS[:300], HASHES, strict=False):
        ranking = sorted(NAMES, key=lambda name: pair_hash(key_hash(name), hash), reverse=True)
        assert placement.lookup(key) == ranking[0]
        assert [placement.replicas(key, count) for count in (1, 3, 5)] == [
            tuple(ranking[:c]) for c in (1, 3, 5)
        ]


def test_equal_weights_give_the_owners_and_replicas_of_no_weights():
    plain, heavy = Rendezvous(NAMES), Rendezvous(dict.fromkeys(NAMES, 3))
    slow = [min(heavy._hopeful(hash))[2] for hash in HASHES]
    assert heavy.lookup_many(KEYS) == plain.lookup_many(KEYS) == slow
    assert [heavy.replicas(key, 4) for key in KEYS[:100]] == [plain.replicas(key, 4) for key in KEYS[:100]]


def test_a_weighted_race_leaves_out_only_members_that_cannot_win():
    placement = Rendezvous(WEIGHTS)
    for key in KEYS:
        assert placement.lookup(key) == placement.replicas(key, 1)[0]


def test_weighted_rendezvous_is_the_logarithmic_method_in_exact_arithmetic():
    placement = Rendezvous(WEIGHTS)
    with localcontext() as context:
        context.prec = 40
        for key, hash in zip(KEYS[:400], HASHES, strict=False):
            costs = {}
            for name, weight in WEIGHTS.items():
                bid = Decimal(pair_hash(key_hash(name), hash) | 1)
                costs[name] = -(bid / 2**64).ln() / weight
            assert placement.lookup(key) == min(costs, key=costs.__getitem__)


def test_a_change_of_one_weight_moves_keys_to_or_from_that_member_only():
    before = Rendezvous(WEIGHTS)
    after = before.leave("n4").join("n4", weight=500)
    pairs = list(zip(before.lookup_many(KEYS), after.lookup_many(KEYS), strict=True))
    assert {target for source, target in pairs if source != target} == {"n4"}


def test_the_fixed_logarithm_is_never_high_and_less_than_two_to_minus_28_low():
    generator = random.Random(1)
    numbers = [generator.getrandbits(generator.randint(1, 64)) or 1 for _ in range(1500)]
    numbers += [2**power + step for power in range(64) for step in (-1, 0, 1) if 2**power + step > 0]
    with localcontext() as context:
        context.prec = 40
        for number in numbers:
            error = Decimal(number).ln() / Decimal(2).ln() - Decimal(log2_fixed(number)) / 2**32
            assert Decimal("-1e-30") <= error < Decimal(2) ** -28
    assert all(log2_fixed(2**power) == power << 32 for power in range(64))


def test_the_fixed_logarithm_is_monotone_and_the_same_in_arrays():
    np = pytest.importorskip("numpy", reason="pip install numpy")
    generator = random.Random(2)
    numbers = sorted(
        {generator.getrandbits(generator.randint(1, 64)) or 1 for _ in range(3000)} | {2**64 - 1}
    )
    logs = [log2_fixed(number) for number in numbers]
    assert logs == sorted(logs)
    assert log2_fixed_array(np.array(numbers, dtype=np.uint64)).tolist() == logs


def test_replica_counts_of_rendezvous_are_checked():
    with pytest.raises(ArgumentError, match="count must be at most 5"):
        Rendezvous(NAMES).replicas("k", 6)


# jump


def test_jump_points_say_the_bucket_for_every_number_of_buckets():
    for hash in HASHES[:50] + EDGES:
        points = jump_points(hash, 500)
        assert list(points) == sorted(set(points))
        assert points[0] == 0
        assert [jump_hash(hash, n) for n in range(1, 501)] == [
            max(p for p in points if p < n) for n in range(1, 501)
        ]


def test_jump_by_the_definition_with_fractions():
    # The paper's loop in exact arithmetic: rounding never carries it over a whole number.
    for hash in HASHES[:200]:
        bucket, following, key = -1, 0, hash
        while following < 10_000:
            bucket, key = following, (key * 2862933555777941757 + 1) % 2**64
            following = int((bucket + 1) * Fraction(2**31, (key >> 33) + 1))
        assert jump_hash(hash, 10_000) == bucket


def test_jump_takes_up_to_two_to_the_31_buckets():
    assert 0 <= jump_hash(2**64 - 1, 2**31 - 1) < 2**31 - 1
    assert jump_hashes(EDGES, 2**31 - 1) is not None
    assert list(jump_hashes(EDGES, 2**31 - 1)) == [jump_hash(hash, 2**31 - 1) for hash in EDGES]
    for buckets, error in ((0, ArgumentError), (2**31, ArgumentError), (1.5, ArgumentTypeError)):
        for function in (jump_hash, jump_points, lambda hash, buckets: jump_hashes([hash], buckets)):
            with pytest.raises(error, match="buckets must be"):
                function(7, buckets)


def test_jump_removes_only_the_last_member():
    jump = Jump(["c", "a", "b"])
    assert jump.leave("b") == Jump(["c", "a"])
    assert jump.leave("b").join("b") == jump
    with pytest.raises(ArgumentError, match="can only remove the last member, 'b'"):
        jump.leave("c")
    with pytest.raises(UnknownNameError):
        jump.leave("x")


# Maglev


def slow_maglev(names, size):
    """The table of the paper, by whole permutations: section 3.4, pseudocode 1."""
    permutations = []
    for name in sorted(names):
        offset, skip = key_hash(f"{name}#offset") % size, key_hash(f"{name}#skip") % (size - 1) + 1
        permutations.append([(offset + j * skip) % size for j in range(size)])
    table, wishes = {}, [iter(permutation) for permutation in permutations]
    while True:
        for node, wish in enumerate(wishes):
            table[next(slot for slot in wish if slot not in table)] = node
            if len(table) == size:
                return [sorted(names)[table[slot]] for slot in range(size)]


@pytest.mark.parametrize("size", [5, 7, 251, 1009])
def test_the_maglev_table_is_that_of_the_whole_permutations(size):
    table = slow_maglev(NAMES, size)
    maglev = Maglev(NAMES, table_size=size)
    assert [maglev.lookup_hash(slot) for slot in range(size)] == table
    assert [maglev.lookup(key) for key in KEYS[:100]] == [table[key_hash(key) % size] for key in KEYS[:100]]
    counts = maglev.slots().values()
    assert sum(counts) == maglev.entries == size
    assert max(counts) - min(counts) <= 1


def test_every_skip_visits_every_slot_because_the_size_is_prime():
    for skip in range(1, 13):
        assert sorted(fill_table([(4, skip)], 13)) == [0] * 13
        assert {(4 + j * skip) % 13 for j in range(13)} == set(range(13))


def test_maglev_checks_its_table():
    for size in (1, 10, 65_536):
        with pytest.raises(ArgumentError, match="table_size must be"):
            Maglev(NAMES, table_size=size)
    with pytest.raises(ArgumentError, match="table_size must be at least 5, the number of members"):
        Maglev(NAMES, table_size=3)
    with pytest.raises(ArgumentError, match="at least 3"):
        Maglev(["a", "b"], table_size=2).join("c")
    assert [n for n in range(2, 2000) if is_prime(n)] == [
        n for n in range(2, 2000) if all(n % d for d in range(2, n))
    ]
    assert is_prime(65_537)
    assert is_prime(655_373)
    assert is_prime(5_000_011)
    assert not is_prime(65_537 * 3)


# multi-probe


def test_multi_probe_is_the_closest_probe_of_all():
    placement = MultiProbe(NAMES, probes=7)
    tokens = {key_hash(f"{name}#0"): name for name in NAMES}
    for key, hash in zip(KEYS[:300], HASHES, strict=False):
        ways = [
            ((token - nth_hash(hash, number)) % 2**64, number, owner)
            for number in range(7)
            for token, owner in tokens.items()
        ]
        assert placement.lookup(key) == min(ways)[2]
    assert placement.entries == 5
    assert placement.probes == 7


def test_one_probe_is_the_ring_with_one_token_a_node():
    assert MultiProbe(NAMES, probes=1).lookup_many(KEYS) == Ring(NAMES, vnodes=1).lookup_many(KEYS)
    with pytest.raises(ArgumentError, match="probes must be at least 1"):
        MultiProbe(NAMES, probes=0)


# two choices


def test_choices_puts_each_ball_to_the_least_loaded_candidate_the_first_of_equals():
    book, slow = Choices(Modulo(NAMES), d=3), dict.fromkeys(NAMES, 0)
    for key, hash in zip(KEYS, HASHES, strict=True):
        candidates = [NAMES[nth_hash(hash, number) % 5] for number in range(3)]
        assert book.candidates(key) == tuple(candidates)
        best = min(range(3), key=lambda place: (slow[candidates[place]], place))
        slow[candidates[best]] += 1
        assert book.insert(key) == candidates[best] == book.owner(key)
    assert book.loads() == slow
    assert len(book) == len(KEYS)
    book.delete(KEYS[0])
    assert sum(book.loads().values()) == len(KEYS) - 1
    with pytest.raises(UnknownNameError, match="'user:0' is not here"):
        book.owner(KEYS[0])
    with pytest.raises(ArgumentError, match="ball must be new, but 'user:1' is held by"):
        book.insert(KEYS[1])


def test_choices_checks_its_arguments():
    with pytest.raises(ArgumentError, match="d must be at least 1"):
        Choices(Modulo(NAMES), d=0)
    with pytest.raises(NoMembersError):
        Choices(Modulo([]))


# measures


def test_measures_on_numbers_one_can_check_by_hand():
    placement = Modulo(["a", "b"])
    assert coefficient_of_variation({"a": 4, "b": 4}) == 0.0
    assert max_over_mean({"a": 4, "b": 4}) == 1.0
    assert coefficient_of_variation({"a": 8, "b": 0}) == 1.0
    assert max_over_mean({"a": 8, "b": 0}) == 2.0
    assert sum(loads(placement, KEYS).values()) == len(KEYS)
    twice = dict.fromkeys(KEYS, 2)
    assert loads(placement, twice) == {name: 2 * load for name, load in loads(placement, KEYS).items()}
    after = placement.join("c")
    changed = [key for key in KEYS if key_hash(key) % 2 != key_hash(key) % 3]
    assert moved(placement, after, iter(KEYS)) == changed
    assert moved_share(placement, after, KEYS) == len(changed) / len(KEYS)
    for call in (
        lambda: coefficient_of_variation({}),
        lambda: max_over_mean({"a": 0}),
        lambda: moved_share(placement, after, []),
    ):
        with pytest.raises(ArgumentError):
            call()
    for call in (lambda: loads(placement, "abc"), lambda: moved(placement, after, "abc")):
        with pytest.raises(ArgumentTypeError, match="one key"):
            call()
