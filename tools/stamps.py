"""Know what changed: hashes of groups of files, and stamps that remember them."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "_build"
SKIPPED = {"__pycache__", "node_modules", "_build", "build", "dist"}


def files(root: Path, names: Iterable[str]) -> Iterator[Path]:
    """Yield the files under `names` in a fixed order, without caches and hidden files."""
    for name in names:
        path = root / name
        found = sorted(path.rglob("*")) if path.is_dir() else [path]
        for file in found:
            parts = file.relative_to(path).parts
            if any(part in SKIPPED or part.startswith(".") or part.endswith(".egg-info") for part in parts):
                continue
            if file.is_file():
                yield file


def digest(root: Path, names: Iterable[str]) -> dict[str, str]:
    """Return the hash of each file under `names`, by its path relative to `root`."""
    return {
        file.relative_to(root).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in files(root, names)
    }


def read(stamp: Path) -> dict[str, str]:
    """Return what a stamp remembers; nothing when there is none or it is broken."""
    try:
        content = json.loads(stamp.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def write(stamp: Path, content: dict[str, str]) -> None:
    """Remember `content` in the file `stamp`."""
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.write_text(json.dumps(content, indent=0, sort_keys=True), encoding="utf-8")


def changed(before: dict[str, str], now: dict[str, str]) -> list[str]:
    """Return the names that were added, removed or edited, in order.

    >>> changed({"a": "1", "b": "2"}, {"b": "3", "c": "4"})
    ['a', 'b', 'c']
    """
    return sorted(name for name in before.keys() | now.keys() if before.get(name) != now.get(name))
