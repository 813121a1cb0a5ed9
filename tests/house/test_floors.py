"""Floors and forbidden imports (book/architecture.md). A size only warns; an import fails."""

import ast
import subprocess
import sys
import warnings

import pytest

from house import floors

FILE_LINES, FUNCTION_LINES = 400, 40
FILES = floors.source_files()


def objections(source: str, module: str, is_package: bool = False) -> list[str]:
    room = floors.room_of(module)
    found = floors.imports(source, module, is_package)
    return [f"line {line}: {reason}" for line, name in found if (reason := floors.objection(room, name))]


@pytest.mark.parametrize("path", FILES, ids=floors.module_of)
def test_a_file_imports_only_what_its_floor_allows(path):
    module = floors.module_of(path)
    assert floors.room_of(module) in {
        "core",
        *floors.ALGORITHMS_WING,
        *floors.LABORATORY_WING,
        *floors.FRONT_ROOMS,
    }, f"{module} stands in a room that book/architecture.md and tests/house/floors.py do not know"
    assert objections(path.read_text(encoding="utf-8"), module, path.name == "__init__.py") == []


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("distsys.core.node", "import numpy"),
        ("distsys.core.node", "import time"),
        ("distsys.core.node", "from random import Random"),
        ("distsys.core.node", "from ..drivers import simulator"),
        ("distsys.core.node", "from distsys.algorithms.ring import Ring"),
        ("distsys.core.node", "def f():\n    import asyncio"),
        ("distsys.core.node", "import importlib\nimportlib.import_module('distsys.views')"),
        ("distsys.algorithms.ring", "from ..drivers.simulator import Simulator"),
        ("distsys.algorithms.ring", "from .. import views"),
        ("distsys.algorithms.ring", "import distsys.protocols.raft"),
        ("distsys.algorithms.ring", "import distsys"),
        ("distsys.algorithms.ring", "import uuid"),
        ("distsys.algorithms.ring", "import networkx"),
        ("distsys.protocols.raft", "from ..services import kv"),
        ("distsys.mutants.raft", "import threading"),
        ("distsys.drivers.simulator", "from ..algorithms import ring"),
        ("distsys.drivers.simulator", "from ..checkers import laws"),
        ("distsys.drivers.simulator", "import matplotlib.pyplot as plt"),
        ("distsys.wire.etcd", "from ..drivers import runtime"),
        ("distsys.wire.etcd", "import aetcd"),
        ("distsys.wire.zookeeper", "import kazoo"),
        ("distsys.views.ring", "from ..algorithms.ring import Ring"),
        ("distsys.views.ring", "import requests"),
    ],
)
def test_the_test_of_floors_objects_to(module, line):
    assert objections(line, module) != []


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("distsys.core.trace", "import json\nfrom .log import Log\nfrom ..core import values"),
        ("distsys.algorithms.causal", "from ..core.node import Node\nfrom .broadcast import Reliable"),
        ("distsys.algorithms.arrays", "import importlib\nimportlib.import_module('numpy')"),
        ("distsys.protocols.raft", "from ..algorithms import quorums"),
        ("distsys.mutants.raft", "from ..protocols.raft import Raft"),
        ("distsys.views.ring", "import matplotlib\nfrom ..drivers import replay\nfrom ..core import Trace"),
        ("distsys.drivers.simulator", "import random\nimport time"),
        ("distsys.lab.checking", "import distsys\nfrom ..views import ring\nfrom ..mutants import clocks"),
        ("distsys.lab.etcd_aetcd", "import aetcd"),
        ("distsys.lab.zookeeper_kazoo", "from kazoo.client import KazooClient"),
    ],
)
def test_the_test_of_floors_allows(module, line):
    assert objections(line, module) == []


def without_site_packages(code):
    start = f"import sys; sys.path.insert(0, {str(floors.PACKAGE.parent)!r})\n"
    command = [sys.executable, "-I", "-S", "-c", start + code]
    return subprocess.run(command, check=False, capture_output=True, text=True)


def test_distsys_and_its_lower_rooms_import_with_the_standard_library_alone():
    rooms = {"core", "drivers", "checkers", "wire", *floors.ALGORITHMS_WING, "", "__main__", "cli"}
    names = [name for name in map(floors.module_of, FILES) if floors.room_of(name) in rooms]
    run = without_site_packages("import " + ", ".join(names))
    assert run.returncode == 0, run.stderr


def test_importing_distsys_does_not_load_pictures_or_numpy():
    heavy = {"matplotlib", "networkx", "ipywidgets", "numpy"}
    code = f"import sys, distsys; print(sorted({heavy} & set(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert run.stdout.strip() == "[]"


def too_long(path):
    text = path.read_text(encoding="utf-8")
    name = path.relative_to(floors.ROOT).as_posix()
    if (lines := len(text.splitlines())) > FILE_LINES:
        yield f"{name} has {lines} lines (guide: {FILE_LINES})"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[1] if ast.get_docstring(node) and len(node.body) > 1 else node.body[0]
            lines = (node.end_lineno or 0) - first.lineno + 1
            if lines > FUNCTION_LINES:
                yield f"{name}:{node.lineno} {node.name} has {lines} lines of code (guide: {FUNCTION_LINES})"


def test_files_and_functions_keep_their_size():
    for path in [*FILES, *sorted((floors.ROOT / "tools").glob("*.py"))]:
        for what in too_long(path):
            warnings.warn(f"size of {what}", stacklevel=1)


def test_a_long_function_and_a_long_file_are_noticed(tmp_path, monkeypatch):
    monkeypatch.setattr(floors, "ROOT", tmp_path)
    path = tmp_path / "long.py"
    path.write_text("def f():\n" + "    pass\n" * 41 + "x = 1\n" * 400)
    assert [line.split(" has ")[0] for line in too_long(path)] == ["long.py", "long.py:1 f"]


def test_nothing_waits_by_wait_for():
    """In Python 3.11 it forgets a cancellation that comes with the result; `asyncio.timeout` does not."""
    found = [
        f"{path.name}:{node.lineno}"
        for path in FILES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and ast.unparse(node) == "asyncio.wait_for"
    ]
    assert found == []
