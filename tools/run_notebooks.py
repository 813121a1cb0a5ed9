"""Execute the notebooks in place and store their outputs: `make notebooks`.

    .venv/bin/python tools/run_notebooks.py                       every notebook in chapters/ and book/
    .venv/bin/python tools/run_notebooks.py chapters/…/x.ipynb    some of them
    .venv/bin/python tools/run_notebooks.py --check               change nothing; fail if a file would change
    .venv/bin/python tools/run_notebooks.py --measure             store measured outputs anew, too

The result is the same each time: cells run in order in a fresh kernel with DISTSYS_STATIC=1, timings and the
state of widgets are not kept, cell ids are stable, and the metadata names the kernel and nothing of this
machine. A cell tagged nbval-ignore-output measures something else each time: it is executed, and keeps the output
that it has while its source is the same. A file is written only if it changed. Stored outputs belong to
CPython 3.11 on Linux with the pinned packages.
"""

import argparse
import copy
import os
import platform
import re
import sys
import time
from pathlib import Path

import kernels
import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("chapters", "book")
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
CELL_KEYS = ("tags", "slideshow", "editable", "deletable", "mystnb", "jupyter", "jp-MarkdownHeadingCollapsed")
MEASURED = "nbval-ignore-output"  # the tag of a cell whose output is another each time
MADE_WITH = ("Linux", (3, 11))
TIMEOUT_S = 120


def notebooks(names: list[str]) -> list[Path]:
    """Return the named notebooks, or all of them, in a fixed order."""
    if names:
        return [Path(name).resolve() for name in names]
    found = (path for folder in FOLDERS for path in (ROOT / folder).rglob("*.ipynb"))
    return sorted(path for path in found if ".ipynb_checkpoints" not in path.parts)


def stable_id(cell: nbformat.NotebookNode, number: int, taken: set[str]) -> str:
    """Return the cell's own id, or one made of its place when it has none or shares it with another cell."""
    own = str(cell.get("id", ""))
    if re.fullmatch(r"[A-Za-z0-9_-]{1,64}", own) and own not in taken:
        return own
    candidates = (f"cell-{count:02d}" for count in range(number, 10_000))
    return next(name for name in candidates if name not in taken)


def normalise(notebook: nbformat.NotebookNode) -> None:
    """Drop from `notebook` whatever depends on the machine, the hour or the editor."""
    notebook.metadata = nbformat.from_dict(METADATA)
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    taken: set[str] = set()
    for number, cell in enumerate(notebook.cells, start=1):
        cell["id"] = stable_id(cell, number, taken)
        taken.add(cell["id"])
        cell.metadata = nbformat.from_dict(
            {key: cell.metadata[key] for key in CELL_KEYS if key in cell.metadata}
        )
        if cell.cell_type == "code":
            cell.outputs = merge_streams(cell.outputs)


def merge_streams(outputs: list[nbformat.NotebookNode]) -> list[nbformat.NotebookNode]:
    """Return the outputs with neighbouring pieces of a stream joined: where they are cut is chance."""
    merged: list[nbformat.NotebookNode] = []
    for output in outputs:
        last = merged[-1] if merged else None
        if (
            last is not None
            and output.output_type == "stream" == last.output_type
            and output.name == last.name
        ):
            last.text += output.text
        else:
            merged.append(output)
    return merged


def keep_measured(notebook: nbformat.NotebookNode, before: nbformat.NotebookNode) -> None:
    """Give measured cells of `notebook` the outputs that they had `before`, where their source is the same."""
    stored = {cell.get("id"): cell for cell in before.cells if cell.cell_type == "code" and cell.outputs}
    for cell in notebook.cells:
        old = stored.get(cell.id) if MEASURED in cell.metadata.get("tags", []) else None
        if old is not None and old.source == cell.source:
            cell.outputs = old.outputs


def execute(path: Path, measure: bool = False) -> str:
    """Return the text of the notebook `path` after running it in a fresh kernel."""
    notebook = nbformat.read(path, as_version=4)
    before = copy.deepcopy(notebook)
    client = NotebookClient(
        notebook,
        timeout=TIMEOUT_S,
        kernel_name="python3",
        record_timing=False,
        store_widget_state=False,
        resources={"metadata": {"path": str(path.parent)}},
    )
    client.execute()
    normalise(notebook)
    if not measure:
        keep_measured(notebook, before)
    nbformat.validate(notebook)
    return str(nbformat.writes(notebook)) + "\n"


def main() -> int:
    """Execute what the command line names; return 1 when a cell fails, or when --check finds a difference."""
    parser = argparse.ArgumentParser(description="Execute the notebooks in place.")
    parser.add_argument("names", nargs="*", help="notebooks; all of them by default")
    parser.add_argument("--check", action="store_true", help="change nothing; fail if a file would change")
    parser.add_argument(
        "--measure", action="store_true", help="store the outputs of measured cells anew, too"
    )
    arguments = parser.parse_args()
    os.environ.update(kernels.variables())
    if (platform.system(), sys.version_info[:2]) != MADE_WITH:
        print("Note: stored outputs are made with Python 3.11 on Linux; do not commit what this run writes.")
    paths, bad = notebooks(arguments.names), 0
    for number, path in enumerate(paths, start=1):
        name = path.relative_to(ROOT) if path.is_relative_to(ROOT) else path
        print(f"[{number}/{len(paths)}] {name} ... ", end="", flush=True)
        started = time.monotonic()
        try:
            text = execute(path, arguments.measure)
        except CellExecutionError as error:
            bad += 1
            print(f"FAILED\n{error}", flush=True)
            continue
        changed = text != path.read_text(encoding="utf-8")
        bad += changed and arguments.check
        if changed and not arguments.check:
            path.write_text(text, encoding="utf-8")
        print(f"{'changed' if changed else 'the same'} ({time.monotonic() - started:.1f} s)", flush=True)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
