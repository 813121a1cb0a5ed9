"""A small book for tests of our Sphinx extensions: built in a process of its own, for Sphinx keeps global state."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CONFIGURATION = f"""
import sys
sys.path[:0] = [{str(ROOT / "book" / "_ext")!r}, {str(ROOT / "src")!r}]
extensions = ["myst_parser", "ds_selfcheck", "ds_reader", "ds_terms", "ds_progress", "ds_gallery"]
myst_enable_extensions = ["colon_fence", "dollarmath", "deflist"]
html_theme = "basic"
html_math_renderer = "mathjax"
mathjax_path = "none.js"
project = author = copyright = "A small book"
"""


def write(folder: Path, pages: dict[str, str]) -> None:
    """Write pages of MyST text, by their names without the ending."""
    (folder / "conf.py").write_text(CONFIGURATION, encoding="utf-8")
    for name, text in pages.items():
        (folder / f"{name}.md").parent.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.md").write_text(text, encoding="utf-8")


def build(folder: Path, out: str = "out") -> subprocess.CompletedProcess[str]:
    """Build the book in `folder` into its folder `out`; every warning is an error."""
    command = [sys.executable, "-m", "sphinx", "-q", "-n", "-W", "--keep-going", "-b", "html", "-d"]
    variables = {key: value for key, value in os.environ.items() if key != "PYTHONWARNINGS"}
    return subprocess.run(
        [*command, str(folder / f"{out}.doctrees"), str(folder), str(folder / out)],
        env=variables, check=False, capture_output=True, text=True,
    )  # fmt: skip


def page(folder: Path, name: str, out: str = "out") -> str:
    """Return the text of a built page."""
    return (folder / out / f"{name}.html").read_text(encoding="utf-8")
