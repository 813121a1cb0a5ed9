"""The hash of keys: what it is, bit for bit, and what it refuses."""

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest

from distsys.algorithms.keyhash import key_bytes, key_hash, key_hashes, md5_hash, nth_hash, pair_hash
from distsys.core.dice import Dice, mix
from distsys.core.errors import ArgumentError, ArgumentTypeError, DistsysError

SRC = Path(__file__).resolve().parents[2] / "src"


@pytest.mark.parametrize("key", ["", "a", "user:42", "café", "节点", "\U0001f600", "x" * 1000, "nul\0nul"])
def test_the_default_hash_is_the_first_eight_bytes_of_sha256_big_endian(key):
    assert key_hash(key) == int(hashlib.sha256(key.encode("utf-8")).hexdigest()[:16], 16)
    assert md5_hash(key) == int(hashlib.md5(key.encode("utf-8")).hexdigest()[:16], 16)


def test_the_empty_key_and_abc_hash_to_the_published_digests_of_sha256_and_md5():
    # FIPS 180-4 test vector "abc", RFC 1321 test vector "abc", and the well-known digests of nothing.
    assert key_hash("") == 0xE3B0C44298FC1C14
    assert key_hash("abc") == 0xBA7816BF8F01CFEA
    assert md5_hash("abc") == 0x900150983CD24FB0


def test_a_str_and_its_utf8_bytes_are_the_same_key():
    for key in ("a", "café", "节点"):
        assert key_hash(key) == key_hash(key.encode())
        assert md5_hash(key) == md5_hash(key.encode())
    assert key_hash("café") != key_hash("café".encode("latin-1"))


class Title(str):
    pass


def test_a_subclass_of_str_hashes_like_the_str():
    assert key_hash(Title("a")) == key_hash("a") == md5_hash_of_sha("a")


def md5_hash_of_sha(key):
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big")


@pytest.mark.parametrize("key", [42, 4.2, None, True, ("a",), ["a"], bytearray(b"a"), memoryview(b"a")])
def test_other_types_are_refused_with_the_way_out(key):
    for function in (key_hash, md5_hash, key_bytes):
        with pytest.raises(ArgumentTypeError, match="key must be a str or bytes"):
            function(key)


def test_the_error_for_an_int_says_what_to_write_instead():
    with pytest.raises(ArgumentTypeError, match=r"str\(key\), or key.to_bytes"):
        key_hash(42)


def test_half_a_surrogate_pair_has_no_bytes_and_is_refused():
    with pytest.raises(ArgumentError, match="surrogate"):
        key_hash("\ud800")


def test_one_str_is_not_a_collection_of_keys():
    assert key_hashes(["a", b"b"]) == [key_hash("a"), key_hash("b")]
    for keys in ("ab", b"ab"):
        with pytest.raises(DistsysError, match="one key"):
            key_hashes(keys)


def test_nth_hash_is_the_splitmix64_stream_seeded_with_the_hash():
    hash, dice = key_hash("user:42"), Dice(key_hash("user:42"))
    assert nth_hash(hash, 0) == hash
    for number in range(1, 30):
        draw, dice = dice.next()
        assert nth_hash(hash, number) == draw


def test_pair_hash_is_a_bijection_of_the_keys_hash():
    assert pair_hash(5, 9) == mix(5 ^ 9)
    assert len({pair_hash(0x123456789ABCDEF, hash) for hash in range(5000)}) == 5000


def test_each_bit_of_the_hashes_is_one_half_of_the_time():
    # 64 bits, 4,096 keys: the count of ones has sd 32; 5 sd for the worst of 64 bits of three hashes.
    for function in (key_hash, md5_hash, lambda key: nth_hash(key_hash(key), 3)):
        hashes = [function(f"key:{number}") for number in range(4096)]
        for bit in range(64):
            assert abs(sum(hash >> bit & 1 for hash in hashes) - 2048) <= 5 * 32


PROGRAM = """
from distsys.algorithms.ring import Ring
from distsys.algorithms.rendezvous import Rendezvous
from distsys.algorithms.multiprobe import MultiProbe
from distsys.mutants.hashing import RingByBuiltinHash
names = {"e", "d", "c", "b", "a"}
for kind in (Ring, Rendezvous, MultiProbe, RingByBuiltinHash):
    print("".join(kind(names).lookup_many([f"key:{n}" for n in range(200)])))
"""


def test_two_processes_with_different_hash_seeds_agree_and_the_builtin_hash_does_not():
    runs = []
    for seed in ("0", "1", "random"):
        environment = {"PYTHONHASHSEED": seed, "PYTHONPATH": str(SRC)}
        run = subprocess.run(
            [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=True
        )
        runs.append(run.stdout.split())
    assert runs[0][:3] == runs[1][:3] == runs[2][:3]
    assert runs[0][3] != runs[1][3]


def test_the_algorithms_work_where_numpy_cannot_be_imported():
    program = "import sys; sys.modules['numpy'] = None\n" + PROGRAM
    run = subprocess.run(
        [sys.executable, "-S", "-c", program],
        env={"PYTHONPATH": str(SRC)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert len(run.stdout.split()) == 4
