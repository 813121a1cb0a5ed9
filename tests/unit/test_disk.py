"""The disk of a node: what changed is written, what was committed is found, and one process has it."""

import os
import subprocess
import sys
from itertools import pairwise

import pytest

from distsys.core.canonical import encode
from distsys.core.log import Log
from distsys.core.trace import apply_to_disk
from distsys.core.values import EMPTY, Map
from distsys.drivers import disk as room
from distsys.drivers.disk import BusyError, Disk, change_form, changed
from distsys.drivers.wal import MAGIC, DamageError, WriteAheadLog, framed

LONG = Log(range(1, 81))

CHANGES = [
    ({"term": 1, "vote": None}),
    ({"log": LONG}),
    ({"log": LONG.append(81, 82)}),
    ({"log": LONG.truncate(79).append("x")}),
    ({"log": LONG.truncate(79).append("x").compact(70), "snapshot": (70, "state")}),
    ({"log": Log(before_index=400), "snapshot": (400, "state")}),
    ({"votes": Map({1: "a", 2: "b", 3: "c"})}),
    ({"votes": Map({1: "a", 2: "d", 3: "c", 4: "e"})}),
    ({"votes": Map({3: "c", 4: "e"})}),
    ({"votes": Map()}),
    ({"term": True}),  # equals 1, and is another value
]


def test_what_was_committed_is_found_again_after_each_change(tmp_path):
    expected = EMPTY
    for mark, changes in enumerate(CHANGES, start=1):
        disk = Disk(tmp_path / "n1")
        assert encode(disk.contents) == encode(expected)
        assert disk.mark == mark - 1
        disk.persist(changes)
        assert disk.is_dirty
        disk.commit(mark=mark)
        assert not disk.is_dirty
        expected = apply_to_disk(expected, changes)
        disk.close()
    assert encode(Disk(tmp_path / "n1").contents) == encode(expected)


def test_what_was_not_committed_is_not_there(tmp_path):
    disk = Disk(tmp_path / "n1")
    disk.persist({"a": 1})
    disk.commit()
    disk.persist({"a": 2})
    disk.close()
    assert Disk(tmp_path / "n1").contents == Map({"a": 1})


def test_many_changes_are_one_record(tmp_path):
    disk = Disk(tmp_path / "n1")
    log = Log()
    for number in range(100):
        log = log.append(number)
        disk.persist({"log": log, "last": number})
    disk.commit()
    disk.close()
    assert len(WriteAheadLog(tmp_path / "n1" / "wal").records) == 1
    again = Disk(tmp_path / "n1")
    assert again.contents == Map({"log": log, "last": 99})


@pytest.mark.parametrize(
    ("before", "after", "form"),
    [
        (LONG, LONG.append(7), {"$log+": [0, 80, 7]}),
        (LONG, LONG.truncate(78).append("x"), {"$log+": [0, 78, "x"]}),
        (LONG, LONG.compact(79), {"$log+": [79, 80]}),
        (Log(before_index=5), Log([1]), {"$log": [0, 1]}),
        (None, Log([1]), {"$log": [0, 1]}),
        (
            Map({1: "a", 2: "b", 3: "c"}),
            Map({1: "a", 2: "x", 3: "c"}),
            {"$map+": [[[2, "x"]], []]},
        ),
        (Map({1: "a", 2: "b", 3: "c"}), Map({2: "b", 3: "c"}), {"$map+": [[], [1]]}),
        (Map({1: "a"}), Map({2: "b"}), {"$map": [[2, "b"]]}),
        (1, True, True),
    ],
)
def test_a_change_is_written_as_what_changed(before, after, form):
    assert change_form(after, before) == form
    assert encode(changed(form, before)) == encode(after)


def test_a_change_of_a_log_that_does_not_fit_is_damage():
    with pytest.raises(DamageError, match="does not fit"):
        changed({"$log+": [5, 6, "x"]}, Log([1, 2]))


def test_a_record_that_nobody_understands_is_damage(tmp_path):
    folder = tmp_path / "n1"
    folder.mkdir()
    frame, _ = framed(b'{"mark":0}', 0)
    (folder / "wal").write_bytes(MAGIC + frame)
    with pytest.raises(DamageError, match="record 1 cannot be understood"):
        Disk(folder)
    (folder / "wal").unlink()
    Disk(folder).close()  # the lock was let go


def test_a_file_that_has_grown_is_written_anew_and_says_the_same(tmp_path, monkeypatch):
    monkeypatch.setattr(room, "SMALL", 2000)
    disk = Disk(tmp_path / "n1")
    sizes = []
    for number in range(400):
        disk.persist({"value": f"{number:050}"})
        disk.commit(mark=number)
        sizes.append(disk.log.size)
    assert max(sizes) < 2200
    assert sum(later < earlier for earlier, later in pairwise(sizes)) > 10
    disk.close()
    again = Disk(tmp_path / "n1")
    assert (again.contents, again.mark) == (Map({"value": f"{399:050}"}), 399)


def test_a_log_that_is_longer_than_a_record_may_be_is_written_anew_in_pieces(tmp_path, monkeypatch):
    """Forty entries of a megabyte are enough for that, and any client can ask for them."""
    monkeypatch.setattr(room, "SMALL", 2000)
    disk = Disk(tmp_path / "n1", record_max=2500)
    sizes = []
    for number in range(1, 101):
        kept = disk.contents.get("log", Log()).append(f"{number:0100}")
        disk.persist({"log": kept.compact(20) if number == 60 else kept, "term": number})
        disk.commit(mark=number)
        sizes.append(disk.log.size)
        if number == 50:
            disk._whole_bytes = 100  # as where it held little before
    assert any(later < earlier for earlier, later in pairwise(sizes))
    assert max(sizes) > 2500
    contents = disk.contents
    disk.close()
    again = Disk(tmp_path / "n1")
    assert (again.contents, again.mark) == (contents, 100)
    again.close()


@pytest.mark.parametrize(
    "contents",
    [EMPTY, Map({"term": 1}), Map({"log": Log(range(16))}), Map({"log": Log(range(1, 50)), "term": 1})],
)
def test_the_forms_of_the_whole_give_the_whole(contents):
    made = EMPTY
    for form in room.whole_forms(contents):
        made = made.update(room.changes_of(form, made))
    assert made == contents


def test_a_crash_at_any_byte_leaves_the_contents_of_some_commit_no_earlier_than_the_last_acknowledged(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(
        os, "fsync", lambda descriptor: None
    )  # this crash is made of bytes, and needs no disk
    folder = tmp_path / "n1"
    disk = Disk(folder)
    states, ends = [EMPTY], [disk.log.size]
    for changes in CHANGES:
        disk.persist(changes)
        disk.commit()
        states.append(disk.contents)
        ends.append(disk.log.size)
    disk.close()
    data = (folder / "wal").read_bytes()
    for size in range(ends[0], len(data) + 1):
        (folder / "wal").write_bytes(data[:size])
        disk = Disk(folder)
        acknowledged = max(place for place, end in enumerate(ends) if end <= size)
        assert encode(disk.contents) == encode(states[acknowledged])
        disk.close()


# One process at a time.


def test_a_folder_in_use_is_refused_and_names_the_process(tmp_path):
    disk = Disk(tmp_path / "n1")
    with pytest.raises(BusyError, match=f"in use by process {os.getpid()}"):
        Disk(tmp_path / "n1")
    disk.close()
    Disk(tmp_path / "n1").close()


def test_a_lock_ends_with_its_process_however_that_ends(tmp_path):
    code = (
        "import os, signal, sys; from distsys.drivers.disk import Disk; disk = Disk(sys.argv[1]); "
        "print(flush=True); os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "n1")], check=False, stdout=subprocess.PIPE)
    Disk(tmp_path / "n1").close()


def test_the_log_of_a_disk_is_an_ordinary_write_ahead_log(tmp_path):
    disk = Disk(tmp_path / "n1")
    disk.persist({"a": 1})
    disk.commit(mark=3)
    disk.close()
    assert WriteAheadLog(tmp_path / "n1" / "wal").records == ({"mark": 3, "set": {"a": 1}},)


def test_all_folders_that_were_made_are_synced_into_those_above_them(tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr(room, "sync_directory", lambda path: seen.append(path))
    Disk(tmp_path / "data" / "n1").close()
    assert set(seen) == {tmp_path, tmp_path / "data"}
    seen.clear()
    Disk(tmp_path / "data" / "n1").close()
    assert seen == [tmp_path / "data"]
