"""The write-ahead log: crashes at every byte, damage at every byte, disks that fail."""

import errno
import os
from pathlib import Path

import pytest

from distsys.core.canonical import encode
from distsys.drivers import wal
from distsys.drivers.wal import HEAD, MAGIC, DamageError, DiskError, PlainFile, WriteAheadLog

RECORDS = ({"n": 1}, ["two", 2], "three " * 20, {"four": [None, True, "ü"]}, 5)


def written(path, records=RECORDS):
    """Return the bytes of a log with these records, and where each of them ends."""
    log = WriteAheadLog(path)
    ends = []
    for record in records:
        log.append(record)
        ends.append(log.size)
    log.close()
    return path.read_bytes(), ends


def opened(path, data):
    """Return a log opened on a file that holds `data`."""
    path.write_bytes(data)
    return WriteAheadLog(path)


def test_what_was_appended_is_there_when_the_log_is_opened_again(tmp_path):
    path = tmp_path / "wal"
    data, ends = written(path)
    again = WriteAheadLog(path)
    assert again.records == RECORDS
    assert (again.torn_bytes, again.size) == (0, ends[-1] == len(data) and len(data))


def test_a_crash_at_any_byte_leaves_a_prefix_that_holds_all_that_was_acknowledged(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)  # this crash needs no disk
    data, ends = written(tmp_path / "wal")
    for size in range(len(MAGIC), len(data) + 1):
        acknowledged = sum(end < size for end in ends)  # the fsync that ends at `size` may not have returned
        log = opened(tmp_path / "cut", data[:size])
        assert log.records == RECORDS[: len(log.records)]
        assert acknowledged <= len(log.records) <= acknowledged + 1
        assert log.torn_bytes == size - log.size
        log.append("more")
        log.close()
        again = WriteAheadLog(tmp_path / "cut")
        assert (again.records, again.torn_bytes) == ((*log.records, "more"), 0)
        again.close()


def test_blocks_of_the_last_record_that_were_never_written_are_a_torn_tail(tmp_path):
    data, ends = written(tmp_path / "wal")
    for start in range(ends[-2], len(data)):
        log = opened(tmp_path / "cut", data[:start] + bytes(len(data) - start))
        assert (log.records, log.torn_bytes) == (RECORDS[:-1], len(data) - ends[-2])
        log.close()


def with_a_border_in_the_head(path, before, length=1_200):
    """Return a log of two records, of which the second begins so many bytes before a border of blocks."""
    filler = "x" * (2 * wal.BLOCK - len(MAGIC) - HEAD.size - 2 - before)  # 2: the quotes
    data, (start, _) = written(path, (filler, "y" * length))
    assert start == 2 * wal.BLOCK - before
    return data, start, filler


@pytest.mark.parametrize("before", range(HEAD.size + 3))
def test_blocks_of_the_last_record_may_lack_in_any_choice_also_where_the_head_stands(tmp_path, before):
    data, start, filler = with_a_border_in_the_head(tmp_path / "wal", before)
    first = start // wal.BLOCK
    blocks = range(first, -(-len(data) // wal.BLOCK))
    for choice in range(2 ** len(blocks) - 1):
        torn = bytearray(data)
        for number, block in enumerate(blocks):
            if not choice >> number & 1:
                begin, end = max(start, block * wal.BLOCK), min(len(data), (block + 1) * wal.BLOCK)
                torn[begin:end] = bytes(end - begin)
        log = opened(tmp_path / "cut", bytes(torn))
        whole = bytes(torn) == data  # three zeros of a length are there, written or not
        assert log.records == ((filler, "y" * 1_200) if whole else (filler,))
        log.close()


@pytest.mark.parametrize("before", [0, 4, 8, HEAD.size, 40])
def test_a_block_of_zeros_with_a_record_behind_it_is_damage(tmp_path, before):
    _, start, _ = with_a_border_in_the_head(tmp_path / "wal", before)
    log = WriteAheadLog(tmp_path / "wal")
    log.append("acknowledged")
    log.close()
    data = bytearray((tmp_path / "wal").read_bytes())
    block = start // wal.BLOCK
    end = (block + 1) * wal.BLOCK
    data[start:end] = bytes(end - start)
    with pytest.raises(DamageError, match=f"byte {start}:"):
        opened(tmp_path / "cut", bytes(data))


def test_damage_at_any_byte_of_any_record_is_refused_with_the_place_where_the_record_begins(tmp_path):
    data, ends = written(tmp_path / "wal")
    starts = [len(MAGIC), *ends[:-1]]
    for place in range(len(MAGIC), len(data)):
        start = max(start for start in starts if start <= place)
        broken = data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]
        with pytest.raises(DamageError, match=f"damaged at byte {start}:"):
            opened(tmp_path / "cut", broken)
        assert (tmp_path / "cut").read_bytes() == broken  # nothing was changed


def test_a_length_that_is_damaged_does_not_pass_for_a_torn_tail(tmp_path):
    data, _ = written(tmp_path / "wal")
    place = len(MAGIC)
    with pytest.raises(DamageError, match="length"):
        opened(tmp_path / "cut", data[:place] + b"\x01" + data[place + 1 :])


@pytest.mark.parametrize("change", ["exchanged", "left out", "doubled"])
def test_records_in_another_order_are_damage(tmp_path, change):
    data, ends = written(tmp_path / "wal")
    first, second, rest = data[len(MAGIC) : ends[0]], data[ends[0] : ends[1]], data[ends[1] :]
    order = {"exchanged": (second, first), "left out": (second,), "doubled": (first, first, second)}[change]
    with pytest.raises(DamageError):
        opened(tmp_path / "cut", MAGIC + b"".join(order) + rest)


@pytest.mark.parametrize("data", [b"", MAGIC[:5], b"{" * 40], ids=["empty", "short", "another file"])
def test_a_file_that_is_no_log_is_refused_and_left_as_it_is(tmp_path, data):
    with pytest.raises(DamageError, match="byte 0"):
        opened(tmp_path / "other", data)
    assert (tmp_path / "other").read_bytes() == data


def test_a_record_whose_check_fits_but_is_no_json_is_damage(tmp_path):
    frame, _ = wal.framed(b"{", 0)
    with pytest.raises(DamageError, match="cannot be read"):
        opened(tmp_path / "wal", MAGIC + frame)


# Disks that fail.


class FullFile(PlainFile):
    """A disk with room for some bytes more; after that it says ENOSPC, as disks do, in the middle of a write."""

    room = 0

    def write(self, data):
        part = data[: FullFile.room]
        FullFile.room -= len(part)
        if not part:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return super().write(part)


@pytest.mark.parametrize("room", [0, 1, HEAD.size, HEAD.size + 3])
def test_a_full_disk_leaves_the_file_as_it_was_and_later_writes_are_refused(tmp_path, room):
    path = tmp_path / "wal"
    data, _ = written(path)
    log = WriteAheadLog(path, opener=FullFile)
    FullFile.room = room
    with pytest.raises(DiskError, match=r"No space left.*the file is as it was"):
        log.append("too much")
    assert path.read_bytes() == data
    FullFile.room = 1000
    with pytest.raises(DiskError, match=r"takes no more.*open it again"):
        log.append("later")
    with pytest.raises(DiskError, match="takes no more"):
        log.rewrite("later")
    log.close()
    assert path.read_bytes() == data
    again = WriteAheadLog(path)
    again.append("now")
    assert WriteAheadLog(path).records == (*RECORDS, "now")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full, which Linux has")
def test_the_real_full_device_is_refused_cleanly(tmp_path):
    class Full(PlainFile):
        def write(self, data):
            with open("/dev/full", "wb", buffering=0) as full:
                return full.write(data)

    data, _ = written(tmp_path / "wal")
    log = WriteAheadLog(tmp_path / "wal", opener=Full)
    with pytest.raises(DiskError, match="No space left on device"):
        log.append(1)
    assert (tmp_path / "wal").read_bytes() == data


class NoSync(PlainFile):
    """A disk that fails when it is asked to be sure, after so many times."""

    syncs = 0

    def sync(self):
        NoSync.syncs -= 1
        if NoSync.syncs < 0:
            raise OSError(errno.EIO, os.strerror(errno.EIO))


def test_after_a_failed_fsync_nothing_is_acknowledged_any_more(tmp_path):
    data, _ = written(tmp_path / "wal")
    NoSync.syncs = 1
    log = WriteAheadLog(tmp_path / "wal", opener=NoSync)
    with pytest.raises(DiskError):
        log.append(1)
    with pytest.raises(DiskError, match="takes no more"):
        log.append(2)
    assert (tmp_path / "wal").read_bytes() == data


def test_a_file_that_the_disk_does_not_confirm_is_not_opened(tmp_path):
    data, _ = written(tmp_path / "wal")
    NoSync.syncs = 0
    with pytest.raises(DiskError, match=r"does not confirm.*Input/output"):
        WriteAheadLog(tmp_path / "wal", opener=NoSync)
    assert (tmp_path / "wal").read_bytes() == data


def test_short_writes_are_carried_on(tmp_path):
    class Short(PlainFile):
        def write(self, data):
            return super().write(data[:3])

    log = WriteAheadLog(tmp_path / "wal", opener=Short)
    log.append("a long record")
    assert WriteAheadLog(tmp_path / "wal").records == ("a long record",)


def test_a_record_beyond_the_bound_is_refused_and_the_log_goes_on(tmp_path):
    log = WriteAheadLog(tmp_path / "wal", record_max=10)
    with pytest.raises(DiskError, match="at most 10 bytes, but it has 13"):
        log.append("x" * 11)
    log.append("x" * 8)
    assert WriteAheadLog(tmp_path / "wal").records == ("x" * 8,)


# What is synced, and when.


def watch_syncs(monkeypatch):
    """Note what is synced and renamed, in order."""
    seen = []
    sync = os.fsync

    def noted(descriptor):
        seen.append(Path(os.readlink(f"/proc/self/fd/{descriptor}")).name)
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", noted)
    replace = Path.replace

    def renamed(path, target):
        seen.append("rename")
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", renamed)
    return seen


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs /proc, which Linux has")
def test_a_new_file_is_synced_then_named_then_its_directory_is_synced(tmp_path, monkeypatch):
    seen = watch_syncs(monkeypatch)
    log = WriteAheadLog(tmp_path / "wal")
    assert seen == ["wal.new", "rename", tmp_path.name]
    seen.clear()
    log.append(1)
    assert seen == ["wal"]
    seen.clear()
    log.rewrite(2)
    assert seen == ["wal.new", "rename", tmp_path.name]


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs /proc, which Linux has")
def test_what_a_file_holds_is_synced_before_it_is_shown_for_a_killed_process_may_not_have(
    tmp_path, monkeypatch
):
    written(tmp_path / "wal")
    seen = watch_syncs(monkeypatch)
    assert WriteAheadLog(tmp_path / "wal").records == RECORDS
    assert seen == ["wal", tmp_path.name]


def test_a_rewritten_log_holds_the_one_record_and_goes_on_from_there(tmp_path):
    written(tmp_path / "wal")
    log = WriteAheadLog(tmp_path / "wal")
    log.rewrite("all")
    log.append("more")
    log.close()
    again = WriteAheadLog(tmp_path / "wal")
    assert (again.records, again.size) == (("all", "more"), log.size)
    assert not (tmp_path / "wal.new").exists()


def test_a_crash_at_any_byte_of_a_rewriting_leaves_the_old_file_or_the_new_one(tmp_path):
    old, _ = written(tmp_path / "wal")
    frame, _ = wal.framed(encode("all").encode(), 0)
    new = MAGIC + frame
    for size in range(len(new) + 1):
        (tmp_path / "wal").write_bytes(old)
        (tmp_path / "wal.new").write_bytes(new[:size])
        log = WriteAheadLog(tmp_path / "wal")
        assert log.records == RECORDS
        log.rewrite("all")  # what lies there from the crash does not stand in the way
        log.close()
        assert (tmp_path / "wal").read_bytes() == new


def test_a_rewriting_without_room_leaves_the_old_file_and_nothing_else(tmp_path):
    data, _ = written(tmp_path / "wal")
    log = WriteAheadLog(tmp_path / "wal", opener=FullFile)
    FullFile.room = 20
    with pytest.raises(DiskError, match="No space left"):
        log.rewrite("all")
    assert (tmp_path / "wal").read_bytes() == data
    assert not (tmp_path / "wal.new").exists()
