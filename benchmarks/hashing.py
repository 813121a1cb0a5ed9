"""Consistent hashing, measured side by side with uhashring: python benchmarks/hashing.py [--quick]

How it is measured. All contestants run in one process on the same keys, nodes and tokens, and must first give
the same owners. They take turns, round by round, so that a slow moment of the machine hits all of them; each
cell is the median over the rounds, and the ratio is the median of the ratios within a round. Nanoseconds
belong to this machine; the ratios carry over to others. Only the call that a user would write is timed, in a
plain comprehension, in processor time.
"""

from __future__ import annotations

import argparse
import hashlib
import platform
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "src"))

from distsys.algorithms.arrays import numpy
from distsys.algorithms.bounded import BoundedLoads
from distsys.algorithms.jump import Jump
from distsys.algorithms.keyhash import key_hash, key_hashes, md5_hash
from distsys.algorithms.maglev import Maglev
from distsys.algorithms.modulo import Modulo
from distsys.algorithms.multiprobe import MultiProbe
from distsys.algorithms.placement import Placement
from distsys.algorithms.rendezvous import Rendezvous
from distsys.algorithms.ring import Ring

Runner = Callable[[], object]
SINGLE_AT_LEAST, BATCH_AT_LEAST = 1.5, 10.0


class RingOfUhashring(Ring):
    """Our ring with the tokens of uhashring: the text between name and number is "-", not "#"."""

    def _claim(self, name: str, weight: int) -> Sequence[int]:
        return [self._hash(f"{name}-{number}") for number in range(self._vnodes * weight)]


def rounds(runners: dict[str, Runner], count: int) -> dict[str, list[float]]:
    """Return seconds per round for each runner; the runners take turns."""
    taken: dict[str, list[float]] = {name: [] for name in runners}
    for run in runners.values():
        run()  # once unmeasured: caches and tables
    for number in range(count):
        order = list(runners.items())
        for name, run in order[number % len(order) :] + order[: number % len(order)]:
            start = time.process_time()
            run()
            taken[name].append(time.process_time() - start)
    return taken


def report(title: str, taken: dict[str, list[float]], calls: int, against: str) -> dict[str, float]:
    """Print nanoseconds a call and how many times the speed of `against`; return the ratios."""
    print(f"\n{title}\n{'':44}{'ns a key':>12}{'keys/s':>14}{'times':>10}")
    ratios = {}
    for name, seconds in taken.items():
        ratios[name] = statistics.median(
            other / own for other, own in zip(taken[against], seconds, strict=True)
        )
        median = statistics.median(seconds) / calls
        print(f"{name:44}{median * 1e9:12.0f}{1 / median:14,.0f}{ratios[name]:10.2f}")
    return ratios


def against_uhashring(keys: list[str], count: int) -> list[str]:
    """Measure single and batched lookups; return the claims that did not hold."""
    from uhashring import HashRing

    names = [f"node{number}" for number in range(10)]
    theirs = HashRing(names, vnodes=160)
    ours = RingOfUhashring(names, vnodes=160, hash=md5_hash)
    assert [theirs.get_node(key) for key in keys] == [ours.lookup(key) for key in keys], (
        "not the same placement"
    )

    default = Ring(names, vnodes=160)
    lookup, lookup_default, get_node = ours.lookup, default.lookup, theirs.get_node
    single = report(
        "Single lookup of a str key, the same MD5 tokens, 10 nodes x 160",
        rounds(
            {
                "uhashring  get_node(key)": lambda: [get_node(key) for key in keys],
                "distsys    lookup(key), MD5": lambda: [lookup(key) for key in keys],
                "distsys    lookup(key), default SHA-256": lambda: [lookup_default(key) for key in keys],
                "distsys    lookup_many(keys), MD5": lambda: ours.lookup_many(keys),
            },
            count,
        ),
        len(keys),
        "uhashring  get_node(key)",
    )

    hashes = key_hashes(keys, md5_hash)
    tokens = {f"{name}-{number}": md5_hash(f"{name}-{number}") for name in names for number in range(160)}
    # Prehashed keys are ints, and uhashring's hash function gives an int back as it is: no hash is cheaper.
    prehashed = HashRing(names, vnodes=160, hash_fn=lambda key: tokens.get(key, key))
    get_prehashed = prehashed.get_node
    assert [get_prehashed(hash) for hash in hashes] == ours.lookup_hashes(hashes), "not the same placement"
    contestants: dict[str, Runner] = {
        "uhashring  get_node(hash) one by one": lambda: [get_prehashed(hash) for hash in hashes],
        "distsys    lookup_hash(hash) one by one": lambda: [ours.lookup_hash(hash) for hash in hashes],
        "distsys    lookup_hashes(list)": lambda: ours.lookup_hashes(hashes),
    }
    np = numpy()
    if np is not None:
        held = np.array(hashes, dtype=np.uint64)
        contestants["distsys    lookup_hashes(array) -> names"] = lambda: ours.lookup_hashes(held)
        contestants["distsys    indexes_at(array) -> array"] = lambda: ours.indexes_at(held)
    batch = report(
        "Prehashed keys, the same tokens" + ("" if np is not None else "; numpy is not installed"),
        rounds(contestants, count),
        len(keys),
        "uhashring  get_node(hash) one by one",
    )
    failed = []
    if single["distsys    lookup(key), MD5"] < SINGLE_AT_LEAST:
        failed.append(f"single lookup is not {SINGLE_AT_LEAST} times uhashring")
    if np is not None and batch["distsys    lookup_hashes(list)"] < BATCH_AT_LEAST:
        failed.append(f"batch lookup of a list is not {BATCH_AT_LEAST} times uhashring")
    if np is not None and batch["distsys    lookup_hashes(array) -> names"] < BATCH_AT_LEAST:
        failed.append(f"batch lookup of an array is not {BATCH_AT_LEAST} times uhashring")
    return failed


def the_methods(keys: list[str], count: int) -> None:
    """Print how the methods of the package compare, single and batched, at 10 and at 100 nodes."""
    hashes = key_hashes(keys)
    for nodes in (10, 100):
        names = [f"node{number}" for number in range(nodes)]
        weights = {name: 1 + number % 2 for number, name in enumerate(names)}
        methods: dict[str, Placement] = {
            "modulo": Modulo(names),
            "ring, 100 tokens a node": Ring(names, vnodes=100),
            "jump": Jump(names),
            "maglev, 65,537 slots": Maglev(names),
            "multi-probe, 21 probes": MultiProbe(names),
            "rendezvous": Rendezvous(names),
            "rendezvous, weights 1 and 2": Rendezvous(weights),
        }
        lookups: dict[str, Runner] = {
            name: lambda method=method: [method.owner_at(hash) for hash in hashes[:2000]]
            for name, method in methods.items()
        }
        batches: dict[str, Runner] = {
            name: lambda method=method: method.indexes_at(hashes) for name, method in methods.items()
        }
        title = f"of a hash, {nodes} nodes (times: against the ring)"
        report(f"Lookup {title}", rounds(lookups, count), 2000, "ring, 100 tokens a node")
        report(f"Batch  {title}", rounds(batches, max(3, count // 3)), len(hashes), "ring, 100 tokens a node")


def the_hashes(keys: list[str], count: int) -> None:
    """Print what the choice of the key hash costs."""
    data = [key.encode() for key in keys]
    report(
        "The hash alone, of str keys (digests: of bytes, without anything around)",
        rounds(
            {
                "key_hash (SHA-256, 8 bytes)": lambda: [key_hash(key) for key in keys],
                "md5_hash (MD5, 8 bytes)": lambda: [md5_hash(key) for key in keys],
                "hashlib.sha256(data).digest()": lambda: [hashlib.sha256(item).digest() for item in data],
                "hashlib.md5(data).digest()": lambda: [hashlib.md5(item).digest() for item in data],
            },
            count,
        ),
        len(keys),
        "key_hash (SHA-256, 8 bytes)",
    )


def bounded_loads(keys: list[str]) -> None:
    """Print what an insert into a book of bounded loads costs, and how many other balls it moves."""
    print(
        f"\nBounded loads, 10 nodes x 100 tokens, {len(keys):,} inserts\n"
        f"{'factor':>10}{'us an insert':>16}{'moved':>10}"
    )
    for factor in ("11/10", "5/4", "2"):
        book, moved = BoundedLoads(Ring([f"node{n}" for n in range(10)]), factor), 0
        start = time.perf_counter()
        for key in keys:
            book.insert(key)
            moved += book.moved_last
        print(f"{factor:>10}{(time.perf_counter() - start) / len(keys) * 1e6:16.1f}{moved / len(keys):10.3f}")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--quick", action="store_true", help="fewer keys and rounds: a glance, not a measurement"
    )
    quick = parser.parse_args().quick
    keys = [f"user:{number}" for number in range(5_000 if quick else 20_000)]
    count = 7 if quick else 51
    print(__doc__.split("\n\n", 1)[1].strip())
    print(f"\nPython {platform.python_version()}, {len(keys):,} keys, {count} rounds, medians")
    failed = against_uhashring(keys, count)
    the_hashes(keys, count)
    the_methods(keys[:20_000], min(count, 9))
    bounded_loads(keys[:5_000])
    print("\n" + ("; ".join(failed) if failed else "The stated ratios hold: single 1.5, batch 10."))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
