"""The script of the site is small, asks nobody, and says nothing that stands outside its table."""

import gzip
import re

import ds_reader
import pytest

MOST_BYTES = 6_144
SCRIPT = ds_reader.script()
PARTS = {part: (ds_reader.FOLDER / f"{part}.js").read_text(encoding="utf-8") for part in ds_reader.PARTS}


def test_the_script_is_small():
    size = len(gzip.compress(SCRIPT.encode(), 9, mtime=0))
    assert size <= MOST_BYTES


def test_every_part_is_in_the_script():
    assert sorted(ds_reader.PARTS) == sorted(path.stem for path in ds_reader.FOLDER.glob("*.js"))


SENDS = re.compile(
    r"fetch|XMLHttpRequest|sendBeacon|WebSocket|EventSource|https?:|\bImage\b|\.cookie|\bimport\s*[({*]"
)


def test_the_script_cannot_send_anything():
    assert SENDS.findall(SCRIPT) == []


def test_the_store_is_touched_in_one_part_only():
    assert [name for name, text in PARTS.items() if "localStorage" in text] == ["memory"]


def test_every_word_of_the_table_is_used_and_every_word_used_is_in_the_table():
    keys = set(re.findall(r'^    "([\w ]+)":', PARTS["strings"], re.MULTILINE))
    rest = "\n".join(text for name, text in PARTS.items() if name != "strings")
    assert {key for key in keys if f'"{key}"' not in rest} == set()
    assert set(re.findall(r'\bt\("([^"]+)"', rest)) - keys == set()
    assert len(keys) > 15


@pytest.mark.parametrize("name", ds_reader.PARTS)
def test_a_part_begins_with_what_it_is(name):
    assert PARTS[name].startswith("// ")
