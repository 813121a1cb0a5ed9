"""The disk that crashes in every way, the logs on it, the checks: against what can be counted by hand."""

import random
from itertools import product

import pytest

from distsys.drivers import wal
from distsys.drivers.wal import MAGIC, DiskError, WriteAheadLog, framed
from distsys.lab.checksums import POLYNOMIALS, crc, missed_bursts, missed_garbage, missed_tails
from distsys.lab.crash_stores import (
    BROKEN,
    INVENTED,
    LOST,
    AnswersFirst,
    Life,
    NeverChecks,
    ShowsWhatItRead,
    SyncedLog,
    Watched,
    crash_everywhere,
    first_life,
    read,
)
from distsys.lab.crashing_disk import ANY_BLOCKS, IN_ORDER, CrashingDisk, Order
from distsys.lab.failing_files import confirms, with_room


def left(disk, name="f"):
    return {dict(contents).get(name) for contents in disk.crashes()}


def disk_with(data, order=IN_ORDER):
    return CrashingDisk((("f", data),), order)


def test_what_was_not_synced_is_there_up_to_any_byte_and_what_was_synced_stays():
    disk = disk_with(b"ab")
    disk.write("f", b"cd")
    assert left(disk) == {b"ab", b"abc", b"abcd"}
    disk.sync("f")
    assert left(disk) == {b"abcd"}


def test_in_any_order_a_piece_that_is_not_there_reads_as_zeros():
    disk = disk_with(b"ab", Order("", 1, False))
    disk.write("f", b"cde")
    expected = set()
    for chosen in product((False, True), repeat=3):
        held = bytes(byte if there else 0 for byte, there in zip(b"cde", chosen, strict=True))
        expected.add(b"ab" + (held[: 3 - chosen[::-1].index(True)] if any(chosen) else b""))
    assert left(disk) == expected
    assert len(expected) == 8


def test_pieces_end_at_whole_multiples_of_their_size():
    disk = disk_with(b"ab", ANY_BLOCKS)
    disk.write("f", b"cdefgh")
    assert left(disk) == {b"ab", b"abcd", b"ab\0\0efgh", b"abcdefgh"}


def test_a_name_and_what_it_leads_to_know_nothing_of_each_other():
    disk = CrashingDisk()
    disk.create("f")
    disk.write("f", b"x")
    disk.sync("f")
    assert left(disk) == {None, b"x"}  # the content is safe, the name is not
    disk.sync_directory()
    disk.create("new")
    disk.write("new", b"y")
    disk.rename("new", "f")
    assert left(disk) == {b"x", b"", b"y"}
    assert disk.read("f") == b"y"


def test_a_cut_that_was_not_synced_may_be_undone():
    disk = disk_with(b"abc")
    disk.truncate("f", 1)
    assert left(disk) == {b"abc", b"a"}


def test_a_killed_process_leaves_the_cache_to_the_next_one():
    disk = disk_with(b"")
    disk.write("f", b"x")
    after = disk.after_kill()
    assert after.read("f") == b"x"
    assert left(after) == {b"", b"x"}
    after.sync("f")
    assert left(after) == {b"x"}
    assert left(disk) == {b"", b"x"}  # nothing is shared


def test_a_sync_that_failed_leaves_what_will_never_be_written():
    disk = disk_with(b"old")
    disk.write("f", b"new")
    disk.next_sync_fails = True
    with pytest.raises(OSError, match="Input/output"):
        disk.sync("f")
    disk.sync("f")
    assert disk.read("f") == b"oldnew"
    assert left(disk) == {b"old"}
    disk.write("f", b"!")  # the bytes between were dropped, and read as zeros
    disk.sync("f")
    assert left(disk) == {b"old\0\0\0!"}


def test_the_right_log_keeps_both_laws_in_all_states():
    verdicts = [crash_everywhere(SyncedLog, order) for order in (IN_ORDER, ANY_BLOCKS)]
    assert [(verdict.broken, verdict.states) for verdict in verdicts] == [(None, 607), (None, 2404)]


@pytest.mark.parametrize("kind", BROKEN, ids=lambda kind: kind.__name__)
def test_each_broken_log_breaks_a_law(kind):
    expected = INVENTED if kind is NeverChecks else LOST
    assert crash_everywhere(kind, ANY_BLOCKS).broken == expected


def test_without_checks_a_log_is_right_on_a_disk_that_keeps_the_order():
    assert crash_everywhere(NeverChecks, IN_ORDER).broken is None
    assert crash_everywhere(AnswersFirst, IN_ORDER).broken == LOST


def test_a_log_that_makes_its_name_durable_still_needs_the_sync_of_what_it_reads():
    class OnlyTheName(ShowsWhatItRead):
        def settle(self, end):
            super().settle(end)
            self.do("sync_directory")

    verdict = crash_everywhere(OnlyTheName)
    assert verdict.broken == LOST
    assert verdict.story.startswith("killed after write, then power lost")


def test_the_states_of_the_first_life_are_those_that_a_plain_count_gives():
    for moment in first_life(SyncedLog).moments:
        for contents in moment.disk.crashes():
            found = read(SyncedLog, CrashingDisk(contents))
            assert moment.acknowledged <= len(found) <= len(moment.given)


def test_a_watched_disk_notes_each_operation_and_refuses_what_no_disk_does():
    life = Life(CrashingDisk())
    disk = Watched(life)
    disk.create("f")
    disk.write("f", b"x")
    assert [moment.after for moment in life.moments] == ["the begin", "create", "write"]
    assert "f" in disk
    assert disk.read("f") == b"x"
    with pytest.raises(AttributeError, match="a disk has no format"):
        disk.format()


def test_the_log_of_the_package_opens_every_state_that_blocks_in_any_order_may_leave(tmp_path, monkeypatch):
    monkeypatch.setattr(wal.os, "fsync", lambda descriptor: None)  # the crash is in the model
    records = ("a" * 470, "b" * 900, "c")
    disk = CrashingDisk((("wal", MAGIC),), Order("", wal.BLOCK, False))
    check, opened = 0, 0
    for count, record in enumerate(records):
        frame, check = framed(f'"{record}"'.encode(), check)
        disk.write("wal", frame)
        for contents in sorted(disk.crashes()):
            (tmp_path / "wal").write_bytes(dict(contents)["wal"])
            log = WriteAheadLog(tmp_path / "wal")
            assert log.records in (records[:count], records[: count + 1])
            log.close()
            opened += 1
        disk.sync("wal")
    assert opened > 8


# Checks.


def divided(data, width):
    """Return the remainder by long division over bits, which is the definition."""
    polynomial = (1 << width) | POLYNOMIALS[width]
    value = int.from_bytes(data) << width
    while value.bit_length() > width:
        value ^= polynomial << (value.bit_length() - width - 1)
    return value


@pytest.mark.parametrize("width", POLYNOMIALS)
def test_a_check_is_the_remainder_of_a_division(width):
    dice = random.Random(width)
    for _ in range(200):
        data = dice.randbytes(dice.randrange(1, 20))
        assert crc(data, width) == divided(data, width)


@pytest.mark.parametrize("width", POLYNOMIALS)
def test_a_check_is_linear(width):
    dice = random.Random(width)
    for _ in range(100):
        a, b = dice.randbytes(9), dice.randbytes(9)
        both = bytes(x ^ y for x, y in zip(a, b, strict=True))
        assert crc(both, width) == crc(a, width) ^ crc(b, width)


def test_garbage_and_torn_halves_are_missed_as_often_as_the_width_says():
    for missed in (missed_garbage(8, 20_000, length=4), missed_tails(8, 20_000, length=4)):
        assert abs(missed - 20_000 / 256) < 4 * (20_000 / 256) ** 0.5


def test_no_burst_as_long_as_the_check_is_missed_and_one_longer_by_one_pattern_only():
    assert missed_bursts(8, 8, length=3) == (0, 17 * 64)
    assert missed_bursts(8, 9, length=3) == (16, 16 * 128)


# Files that fail.


def test_a_file_with_room_takes_so_many_bytes_and_then_says_that_the_disk_is_full(tmp_path):
    WriteAheadLog(tmp_path / "wal").append("a")
    log = WriteAheadLog(tmp_path / "wal", opener=with_room(len(framed(b'"b"', 0)[0]) + 3))
    log.append("b")
    with pytest.raises(DiskError, match="No space left"):
        log.append("c")
    assert WriteAheadLog(tmp_path / "wal").records == ("a", "b")


def test_a_file_confirms_so_many_times(tmp_path):
    WriteAheadLog(tmp_path / "wal").append("a")
    log = WriteAheadLog(tmp_path / "wal", opener=confirms(2))
    log.append("b")
    with pytest.raises(DiskError, match="Input/output"):
        log.append("c")
    assert WriteAheadLog(tmp_path / "wal").records == ("a", "b")
