"""The exercises of the page on persistence."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

from ..checking import Page
from ..crash_stores import Life, Moment, SyncedLog, Watched, crash_everywhere
from ..crashing_disk import ANY_BLOCKS, IN_ORDER, CrashingDisk, Order

page = Page("persistence")


@page.exercise(
    "what-is-left",
    hint="let `CrashingDisk((('f', b'ab'),))` write `cd` and ask it for its crashes; in the model, which bytes may be "
    "missing in each order?",
    solution="""
        # In order: ab, abc, abcd. In any order also ab, a hole of one zero, and d.
        from distsys.lab.crashing_disk import CrashingDisk, Order
        counts = []
        for order in (Order("", 1, True), Order("", 1, False)):
            disk = CrashingDisk((("f", b"ab"),), order)
            disk.write("f", b"cd")
            counts.append(len(disk.crashes()))
        answer = tuple(counts)
    """,
    mistakes=("answer = (2, 4)", "answer = (3, 3)", "answer = (5, 16)", "answer = 3"),
    explanation="3 and 4. The fourth is `ab`, a zero, `d`: a file can be long enough and not whole.",
)
def what_is_left(answer: object) -> str | None:
    if not isinstance(answer, tuple) or len(answer) != 2 or not all(type(part) is int for part in answer):
        return f"two whole numbers are asked for, as a tuple, but the answer is {answer!r}"
    counts = []
    for order in (Order("", 1, True), Order("", 1, False)):
        disk = CrashingDisk((("f", b"ab"),), order)
        disk.write("f", b"cd")
        counts.append(len(disk.crashes()))
    if answer[0] != counts[0]:
        return "in order, any number of the two new bytes may be there; what was synced is there always"
    if answer[1] != counts[1]:
        return "in any order each of the two new bytes is there or not, by itself"
    return None


@page.exercise(
    "a-block-of-zeros",
    hint="what is the length that eight zero bytes say, and what is the CRC-32 of nothing?",
    solution="""
        # Eight zeros say: length 0, check 0. The CRC-32 of an empty payload is 0, so each eight are a whole record.
        from zlib import crc32
        assert crc32(b"") == 0
        answer = 64 // 8
    """,
    mistakes=("answer = 0", "answer = 1", "answer = 64", "answer = 4"),
    explanation="Eight empty records that nobody wrote. Our format checks the head too, and the CRC-32 "
    "of eight zero bytes is not 0.",
)
def a_block_of_zeros(answer: object) -> str | None:
    if type(answer) is not int:
        return f"a count of records is a whole number, but the answer is {answer!r}"
    if answer == 0:
        return "a check that is computed may well be 0: which one is the check of a payload without bytes?"
    if answer != 8:
        return "read the first record by hand: how many bytes does it take up, and where does the next begin?"
    return None


@page.exercise(
    "wide-enough",
    hint="a check of w bits misses one garbled record in 2**w.",
    solution="""
        from math import ceil, log2
        answer = ceil(log2(1_000_000 / 0.01))  # 27
    """,
    mistakes=("answer = 26", "answer = 28", "answer = 32", "answer = 20", "answer = 26.6"),
    explanation="10**6 / 2**27 is 0.0075, and with 26 bits it is 0.0149. CRC-32 leaves 0.0002.",
)
def wide_enough(answer: object) -> str | None:
    if type(answer) is not int:
        return f"a number of bits is a whole number, but the answer is {answer!r}"
    if 1_000_000 / 2**answer >= 0.01:
        return f"with {answer} bits more than 0.01 of a million are missed on average"
    if 1_000_000 / 2 ** (answer - 1) < 0.01:
        return "that is enough, and one bit fewer would be enough as well: find the smallest number"
    return None


def log_with(settle: Callable[[Any, int], object]) -> type[SyncedLog]:
    """Return a log that settles as a function of (disk, end) says."""

    class Mended(SyncedLog):
        """A log of a learner."""

        def settle(self, end: int) -> None:
            settle(Watched(self.life), end)

    return Mended


@page.exercise(
    "mend-the-opening",
    hint="what would be lost if the power went again right after the opening? A torn tail is one thing of several.",
    solution="""
        def answer(disk, end):
            if end < len(disk.read("log")):
                disk.truncate("log", end)
            disk.sync("log")
            disk.sync_directory()
    """,
    mistakes=(
        'def answer(disk, end):\n    disk.sync("log")\n    disk.sync_directory()',
        'def answer(disk, end):\n    disk.truncate("log", end)',
        'def answer(disk, end):\n    disk.truncate("log", end)\n    disk.sync("log")',
        'def answer(disk, end):\n    disk.truncate("log", 0)\n    disk.sync("log")\n    disk.sync_directory()',
        "answer = 'sync'",
    ),
    explanation="The cut is for the next append, the two syncs for what this process will say of what it has read.",
)
def mend_the_opening(answer: object) -> str | None:
    if not callable(answer):
        return f"a function of (disk, end) is asked for, but the answer is {answer!r}"
    for order in (IN_ORDER, ANY_BLOCKS):
        verdict = crash_everywhere(log_with(answer), order)
        if verdict.broken:
            return f"the law {verdict.broken!r} breaks ({order.name}): {verdict.story}"
    return None


@page.exercise(
    "state-the-laws",
    hint="one law says what must at least be there, the other what may be there at most; which slices do they compare?",
    solution="""
        def answer(given, acknowledged, found):
            return found == given[:len(found)] and len(found) >= acknowledged
    """,
    mistakes=(
        "def answer(given, acknowledged, found):\n    return len(found) >= acknowledged",
        "def answer(given, acknowledged, found):\n    return found == given[:acknowledged]",
        "def answer(given, acknowledged, found):\n    return found == given",
        "def answer(given, acknowledged, found):\n    return set(given[:acknowledged]) <= set(found) <= set(given)",
        "answer = True",
    ),
    explanation="A record that was given and not acknowledged may be there or not, so equality would be too much.",
)
def state_the_laws(answer: object) -> str | None:
    if not callable(answer):
        return f"a function of (given, acknowledged, found) is asked for, but the answer is {answer!r}"
    texts = ("a", "b", "c")
    founds = [found for count in range(4) for found in product((*texts, "?"), repeat=count)]
    for size in range(4):
        for acknowledged in range(size + 1):
            for found in founds:
                given = texts[:size]
                right = Moment("", CrashingDisk(), given, acknowledged).objection(found) is None
                if bool(answer(given, acknowledged, found)) != right:
                    says = "allows" if not right else "refuses"
                    return f"it {says} {found} after {given}, of which {acknowledged} were acknowledged"
    return None


OLD, NEW = b"term 1", b"term 2, vote n2"


@page.exercise(
    "build-a-replacement",
    hint="a second file may be as torn as it likes, as long as no name that counts leads to it.",
    solution="""
        def answer(disk, data):
            disk.create("state.new")
            disk.write("state.new", data)
            disk.sync("state.new")
            disk.rename("state.new", "state")
            disk.sync_directory()
    """,
    mistakes=(
        'def answer(disk, data):\n    disk.truncate("state", 0)\n    disk.write("state", data)\n    disk.sync("state")',
        'def answer(disk, data):\n    disk.create("n")\n    disk.write("n", data)\n    disk.rename("n", "state")\n'
        '    disk.sync("state")\n    disk.sync_directory()',
        'def answer(disk, data):\n    disk.create("n")\n    disk.write("n", data)\n    disk.sync("n")\n'
        '    disk.rename("n", "state")',
        "def answer(disk, data):\n    pass",
        "answer = None",
    ),
    explanation="Data, then name, then directory. This is what `replace_file` of the package does, and how a node may "
    "keep its term and vote without a log.",
)
def build_a_replacement(answer: object) -> str | None:
    if not callable(answer):
        return f"a function of (disk, data) is asked for, but the answer is {answer!r}"
    for order in (IN_ORDER, ANY_BLOCKS):
        life = Life(CrashingDisk((("state", OLD),), order))
        answer(Watched(life), NEW)
        life.acknowledge()
        for moment in life.moments:
            is_done = moment is life.moments[-1]
            for contents in sorted(moment.disk.crashes()):
                left = dict(contents).get("state")
                if left not in ((NEW,) if is_done else (OLD, NEW)):
                    when = "the function has returned" if is_done else moment.after
                    return f"if the power goes after {when}, the file may hold {left!r} ({order.name})"
    return None
