"""What a committed notebook may hold, so that it comes out the same on the next run."""

import json
import re
import warnings
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted(
    path
    for folder in ("book", "chapters")
    for path in (ROOT / folder).rglob("*.ipynb")
    if ".ipynb_checkpoints" not in path.parts
)
CELL_LINES_LIMIT = 15
WIDGET = "application/vnd.jupyter.widget-view+json"
TIMING = {"execution", "ExecuteTime", "papermill", "collapsed", "scrolled"}
OUTPUT_NOT_COMPARED = "nbval-ignore-output"

# The cells whose output may differ from run to run, each with its reason: such a cell asserts its claim.
NOT_COMPARED: dict[str, str] = {
    "chapters/4-code/running-for-real.ipynb#rr-four-run": "times that real processes take to go on after a fault",
    "chapters/4-code/performance.ipynb#perf-26": "a measurement of a served store on the reader's machine",
}


def name_of(path):
    return path.relative_to(ROOT).as_posix()


def cells(notebook, kind):
    return [cell for cell in notebook["cells"] if cell["cell_type"] == kind]


def source_of(cell):
    return "".join(cell["source"])


def objections(notebook):
    """Return what a notebook, as its JSON, holds against the rules."""
    found = []
    if "widgets" in notebook["metadata"]:
        found.append("holds the state of widgets, which no static page can use")
    if set(notebook["metadata"]) - {"kernelspec", "language_info"}:
        found.append(f"metadata beyond the kernel: {sorted(notebook['metadata'])}")
    if notebook["metadata"].get("kernelspec", {}).get("name") != "python3":
        found.append("its kernel is not python3")
    if set(notebook["metadata"].get("language_info", {})) - {"name"}:
        found.append("metadata names the version of Python")
    ids = [cell.get("id") for cell in notebook["cells"]]
    if None in ids or len(set(ids)) != len(ids):
        found.append("a cell has no id of its own")
    timings = [(cell.get("id"), sorted(TIMING & set(cell["metadata"]))) for cell in notebook["cells"]]
    found += [f"cell {name}: metadata {keys}" for name, keys in timings if keys]
    code = cells(notebook, "code")
    for number, cell in enumerate(code, start=1):
        if cell["execution_count"] != number:
            found.append(f"code cell {number} was executed as number {cell['execution_count']}")
        for output in cell["outputs"]:
            found += [f"code cell {number}: {what}" for what in output_objections(output)]
    return found


def output_objections(output):
    """Yield what one output holds against the rules."""
    if output["output_type"] == "error":
        yield f"an error: {output['ename']}"
    if output.get("name") == "stderr":
        yield "something on the error stream"
    if WIDGET in output.get("data", {}):
        yield "a widget, which is dead without a kernel"
    text = json.dumps(output)
    if re.search(r"at 0x[0-9a-f]{6,}", text):
        yield "the address of an object"
    if re.search(r'<script(?! type=\\"application/json\\">)', text):  # data of a figure is no script
        yield "a script: the site loads it once, a live notebook inlines it"


def read(path):
    return json.loads(path.read_text(encoding="utf-8"))


def test_there_is_a_notebook_in_the_book():
    assert NOTEBOOKS


@pytest.mark.parametrize("path", NOTEBOOKS, ids=name_of)
def test_a_committed_notebook_comes_from_one_clean_run(path):
    assert objections(read(path)) == [], "`make notebooks` executes the notebooks and stores their outputs"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=name_of)
def test_the_first_code_cell_only_imports(path):
    lines = source_of(cells(read(path), "code")[0]).splitlines()
    others = [line for line in lines if line.strip() and not re.match(r"(from|import|#|\s|\)|%)", line)]
    assert others == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=name_of)
def test_a_chapter_installs_nothing_and_plots_through_views(path):
    code = "\n".join(map(source_of, cells(read(path), "code")))
    assert not re.search(r"^\s*[!%]\s*(pip|conda)|\bpip install\b", code, re.MULTILINE)
    assert not re.search(r"^\s*(from|import) (matplotlib|networkx|ipywidgets)\b", code, re.MULTILINE)


def test_cells_whose_output_is_not_compared_are_listed_with_their_reason():
    tagged = set()
    for path in NOTEBOOKS:
        for cell in cells(read(path), "code"):
            tags = cell["metadata"].get("tags", [])
            assert not {"nbval-skip", "raises-exception"} & set(tags), f"{name_of(path)}: {tags}"
            assert not re.search(r"#\s*(NBVAL_|PYTEST_VALIDATE)", source_of(cell)), name_of(path)
            if OUTPUT_NOT_COMPARED in tags:
                tagged.add(f"{name_of(path)}#{cell['id']}")
                assert "assert " in source_of(cell), f"{name_of(path)}: the cell asserts no claim"
    assert tagged == set(NOT_COMPARED)
    assert len(tagged) <= 2 * len(NOTEBOOKS)


def test_code_cells_keep_their_size():
    for path in NOTEBOOKS:
        for number, cell in enumerate(cells(read(path), "code"), start=1):
            lines = [line for line in source_of(cell).splitlines() if line.strip()]
            if len(lines) > CELL_LINES_LIMIT:
                what = f"code cell {number} of {name_of(path)}: {len(lines)} lines"
                warnings.warn(f"size of {what} (guide: {CELL_LINES_LIMIT})", stacklevel=1)


def notebook(**changes):
    cell = {
        "cell_type": "code",
        "id": "a",
        "metadata": {},
        "execution_count": 1,
        "source": ["1\n"],
        "outputs": [],
    }
    metadata = {"kernelspec": {"name": "python3"}, "language_info": {"name": "python"}}
    return {"metadata": metadata | changes.pop("metadata", {}), "cells": [cell | changes]}


def test_a_clean_notebook_meets_no_objection():
    assert objections(notebook()) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"metadata": {"widgets": {}}},
        {"metadata": {"kernelspec": {"name": "my-kernel"}}},
        {"metadata": {"language_info": {"name": "python", "version": "3.11.2"}}},
        {"execution_count": None},
        {"execution_count": 2},
        {"id": None},
        {"outputs": [{"output_type": "error", "ename": "ValueError"}]},
        {"outputs": [{"output_type": "stream", "name": "stderr", "text": ["careful"]}]},
        {"outputs": [{"output_type": "display_data", "data": {WIDGET: {}}}]},
        {"outputs": [{"output_type": "execute_result", "data": {"text/plain": ["<Ring at 0x7f01aabbcc>"]}}]},
        {"outputs": [{"output_type": "display_data", "data": {"text/html": ["<script>go()</script>"]}}]},
    ],
    ids=str,
)
def test_the_test_of_notebooks_objects_to(changes):
    assert objections(notebook(**changes)) != []


def test_timings_in_the_metadata_of_a_cell_are_refused():
    timed = notebook()
    timed["cells"][0]["metadata"] = {"execution": {"iopub.execute_input": "2026-01-01T00:00:00Z"}}
    assert objections(timed) == ["cell a: metadata ['execution']"]
