"""The floors of the house (book/architecture.md) as data, and what a file imports."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "distsys"

# Each wing from the ground up: a room may import `core`, itself, and the rooms before it in its own wing.
ALGORITHMS_WING = ("algorithms", "models", "protocols", "services", "mutants")
LABORATORY_WING = ("wire", "drivers", "checkers", "views")
FRONT_ROOMS = ("", "__main__", "cli", "lab", "serve")  # "" is distsys/__init__.py; they may use everything

# The clock, dice and the outside world belong to drivers: a node that touches them cannot be replayed.
FORBIDDEN_BELOW = frozenset({
    "asyncio", "datetime", "logging", "multiprocessing", "random", "secrets", "select", "selectors", "socket",
    "subprocess", "threading", "time", "uuid",
})  # fmt: skip
PICTURES = frozenset({"matplotlib", "networkx", "ipywidgets", "IPython"})
OPTIONAL = frozenset({"numpy"})  # imported only where its absence is handled, outside core
ON_THE_WIRE = frozenset({"google", "grpc"})  # imported where something is served, never by loading a module
DATA = frozenset({"airportsdata"})  # real keys for the chapters
CLIENTS = frozenset(
    {"aetcd", "kazoo"}
)  # of real servers: programs of the lab use them in processes of their own


def room_of(module: str) -> str:
    """Return the room of a module of the package: the room of distsys.core.log is core."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else ""


def module_of(path: Path) -> str:
    """Return the dotted name of a file of the package."""
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def source_files(package: Path = PACKAGE) -> list[Path]:
    """Return the Python files of the package in a fixed order."""
    return sorted(package.rglob("*.py"))


def imports(source: str, module: str, is_package: bool) -> Iterator[tuple[int, str]]:
    """Yield (line, full name) of everything that `source` imports, inside functions and by name too."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parts = module.split(".") if is_package else module.split(".")[:-1]
                parts = parts[: len(parts) - node.level + 1]
                base = ".".join([*parts, base]) if base else ".".join(parts)
            for alias in node.names:
                yield node.lineno, f"{base}.{alias.name}" if base == "distsys" or not node.module else base
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name in ("import_module", "__import__") and isinstance(node.args[0].value, str):
                yield node.lineno, node.args[0].value


def may_import(room: str, other: str) -> bool:
    """Return whether code in `room` may import the room `other` of the package."""
    if room == other or other == "core" or room in FRONT_ROOMS:
        return True
    for wing in (ALGORITHMS_WING, LABORATORY_WING):
        if room in wing and other in wing:
            return wing.index(other) < wing.index(room)
    return False


def objection(room: str, name: str) -> str | None:
    """Return why code in `room` may not import `name`, or None when it may."""
    top = name.split(".")[0]
    if top == "distsys":
        other = room_of(name)
        return None if may_import(room, other) else f"{room} may not import {other or 'the whole package'}"
    if room in ("core", *ALGORITHMS_WING) and top in FORBIDDEN_BELOW:
        return f"nothing in core or the algorithms wing imports {top}"
    if top in sys.stdlib_module_names:
        return None
    if room == "core":
        return "core imports the standard library only"
    if top in PICTURES:
        return None if room == "views" else f"only views imports {top}"
    if top in OPTIONAL or (top in DATA | CLIENTS and room == "lab"):
        return None
    if top in ON_THE_WIRE and room == "wire":
        return None
    return None if room == "serve" else f"{top} is no dependency of the package"
