"""The vectors of consistent hashing: the package still gives what is stored (see vectors/README.md).

`python tests/golden/test_hashing_vectors.py --write` writes the files anew (with the package installed).
"""

import json
import sys
from fractions import Fraction
from pathlib import Path

import pytest

from distsys.algorithms.bounded import assign
from distsys.algorithms.fixedlog import log2_fixed
from distsys.algorithms.handover import Handover
from distsys.algorithms.jump import jump_hash, jump_points
from distsys.algorithms.ketama import Ketama
from distsys.algorithms.keyhash import key_hash, md5_hash, nth_hash, pair_hash
from distsys.algorithms.maglev import Maglev
from distsys.algorithms.multiprobe import MultiProbe
from distsys.algorithms.rendezvous import Rendezvous
from distsys.algorithms.ring import Ring

FOLDER = Path(__file__).resolve().parents[2] / "vectors" / "hashing"
KEYS = [f"user:{number}" for number in range(60)] + ["", "a#0", "café", "节点", "\U0001f600"]
TEXTS = [
    "",
    "a",
    "abc",
    "user:42",
    "a#0",
    "café",
    "cafe\u0301",
    "节点",
    "\U0001f600",
    "\uffff",
    "nul\0nul",
    "x" * 200,
]
RAW = [b"", b"a", b"\x00", b"\xff\xfe", bytes(range(256))]
PLAIN = ["b", "a", "节点", "\uffff", "\U0001f600", "node-10", "node-9"]
HEAVY = [["small", 1], ["medium", 3], ["large", 8], ["huge", 1000]]


def digits(number, bits=64):
    return f"{number:0{bits // 4}x}"


def of(members):
    return dict(members) if isinstance(members[0], list) else members


def key_hashes():
    for text in TEXTS:
        yield {"key": text, "hash": digits(key_hash(text)), "md5": digits(md5_hash(text))}
    for raw in RAW:
        yield {"key_hex": raw.hex(), "hash": digits(key_hash(raw)), "md5": digits(md5_hash(raw))}


def mixes():
    for number, text in enumerate(TEXTS):
        hash, node = key_hash(text), key_hash(PLAIN[number % len(PLAIN)])
        nth = [digits(nth_hash(hash, place)) for place in range(1, 5)]
        yield {"hash": digits(hash), "node": digits(node), "nth": nth, "pair": digits(pair_hash(node, hash))}


def rings():
    for members, vnodes, bits in [
        (PLAIN, 4, 64),
        (HEAVY, 2, 64),
        (PLAIN, 8, 6),
        (PLAIN, 100, 64),
        (["one"], 1, 64),
    ]:
        ring = Ring(of(members[:3] if members is HEAVY else members), vnodes=vnodes, bits=bits)
        case = {"members": members[:3] if members is HEAVY else members, "vnodes": vnodes, "bits": bits}
        case["keys"], case["owners"] = KEYS, ring.lookup_many(KEYS)
        case["replicas"] = [list(ring.replicas(key, min(3, len(ring)))) for key in KEYS]
        if len(ring.tokens) < 100:
            case["tokens"] = [[digits(token), owner] for token, owner in ring.tokens]
        yield case


def handovers():
    for bits, vnodes in [(64, 3), (6, 8)]:
        for before, after in [(PLAIN[:4], PLAIN[:5]), (PLAIN[:5], PLAIN[1:5]), (PLAIN[:4], PLAIN[2:6])]:
            plan = Handover(Ring(before, vnodes=vnodes, bits=bits), Ring(after, vnodes=vnodes, bits=bits))
            moves = [[digits(move.start), digits(move.end), move.source, move.target] for move in plan.moves]
            yield {"before": before, "after": after, "vnodes": vnodes, "bits": bits, "moves": moves}


def races():
    for members in (PLAIN, HEAVY):
        placement = Rendezvous(of(members))
        ranking = [list(placement.replicas(key, len(members))) for key in KEYS]
        yield {"members": members, "keys": KEYS, "ranking": ranking}


def logarithms():
    numbers = [1, 2, 3, 10, 2**31, 2**32 - 1, 2**32 + 1, 2**53 + 1, 2**63 - 1, 2**63, 2**64 - 1]
    for number in numbers + [key_hash(text) | 1 for text in TEXTS]:
        yield {"number": digits(number), "log2": log2_fixed(number)}


def jumps():
    for hash in [0, 1, 2**63, 2**64 - 1] + [key_hash(key) for key in KEYS]:
        yield {"hash": digits(hash), "points": list(jump_points(hash, 1000))}


def tables():
    for members, size in [(PLAIN, 13), (PLAIN[:3], 7), (PLAIN, 251)]:
        maglev = Maglev(members, table_size=size)
        table = [maglev.members.index(maglev.lookup_hash(slot)) for slot in range(size)]
        yield {"members": members, "size": size, "table": table}


def probes():
    for count in (1, 5, 21):
        placement = MultiProbe(PLAIN, probes=count)
        yield {"members": PLAIN, "probes": count, "keys": KEYS, "owners": placement.lookup_many(KEYS)}


def bounds():
    for members, top, bottom in [(PLAIN, 5, 4), (PLAIN, 11, 10), (HEAVY[:3], 2, 1)]:
        ring = Ring(of(members), vnodes=4)
        owners = list(assign(ring, KEYS, Fraction(top, bottom)).values())
        yield {"members": members, "vnodes": 4, "factor": [top, bottom], "balls": KEYS, "owners": owners}


def ketamas():
    for members in (PLAIN, HEAVY[:3]):
        ring = Ketama(of(members))
        tokens = [[digits(token, 32), owner] for token, owner in ring.tokens[:20]]
        yield {"members": members, "tokens": tokens, "keys": KEYS, "owners": ring.lookup_many(KEYS)}


FILES = {
    "key_hash": key_hashes,
    "mix": mixes,
    "ring": rings,
    "handover": handovers,
    "rendezvous": races,
    "log2": logarithms,
    "jump": jumps,
    "maglev": tables,
    "multiprobe": probes,
    "bounded": bounds,
    "ketama": ketamas,
}


def lines(cases):
    return "".join(
        json.dumps(case, ensure_ascii=False, sort_keys=True, separators=(",", ":")) + "\n" for case in cases()
    )


@pytest.mark.parametrize("name", FILES)
def test_the_package_gives_the_stored_vectors(name):
    stored = (FOLDER / f"{name}.jsonl").read_text(encoding="utf-8")
    assert lines(FILES[name]).split("\n") == stored.split("\n")


def test_no_vector_file_is_without_a_test():
    assert sorted(path.stem for path in FOLDER.glob("*")) == sorted(FILES)


def test_the_stored_jump_points_say_the_bucket():
    for line in (FOLDER / "jump.jsonl").read_text(encoding="utf-8").splitlines():
        case = json.loads(line)
        for buckets in (1, 2, 10, 500, 1000):
            bucket = max(point for point in case["points"] if point < buckets)
            assert jump_hash(int(case["hash"], 16), buckets) == bucket


if __name__ == "__main__":
    if sys.argv[1:] != ["--write"]:
        sys.exit("say --write to write vectors/hashing/ anew; without it, run this file with pytest")
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, cases in FILES.items():
        (FOLDER / f"{name}.jsonl").write_text(lines(cases), encoding="utf-8", newline="\n")
        print(f"wrote vectors/hashing/{name}.jsonl")
