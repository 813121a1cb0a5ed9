"""Launch, edit and issue buttons appear when the repository has an address, and only then.

A book of two pages is built with the configuration of ours.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from site_pages import soup

pytestmark = pytest.mark.site

ROOT = Path(__file__).resolve().parents[2]
BUTTONS = "a.btn-source-repository-button, a.btn-source-edit-button, a.btn-source-issues-button"


def build(folder: Path, address: str | None) -> subprocess.CompletedProcess[str]:
    """Build a book of two pages with the configuration of ours; return how it went."""
    (folder / "book").mkdir()
    for shared in ("_ext", "_static", "_templates", "references.bib"):
        (folder / "book" / shared).symlink_to(ROOT / "book" / shared)
    for copied in ("_config.yml", "pyproject.toml"):
        shutil.copy(ROOT / copied, folder / copied)
    (folder / "src").symlink_to(ROOT / "src")
    (folder / "_toc.yml").write_text("format: jb-book\nroot: book/intro\nchapters:\n  - file: book/run\n")
    (folder / "book" / "intro.md").write_text("# A small book\n\nIt has one other page.\n")
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_markdown_cell("# A run\n\nNothing runs here.", id="a")]
    )
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, folder / "book" / "run.ipynb")
    environment = {
        key: value
        for key, value in os.environ.items()
        if key not in ("BOOK_REPOSITORY_URL", "PYTHONWARNINGS")
    }
    if address is not None:
        environment["BOOK_REPOSITORY_URL"] = address
    program = str(Path(sys.executable).parent / "jupyter-book")
    command = [program, "build", str(folder), "-W", "-n", "--keep-going"]
    return subprocess.run(command, env=environment, capture_output=True, text=True)


def test_without_an_address_no_button_leads_out_of_the_site(tmp_path):
    result = build(tmp_path, None)
    assert result.returncode == 0, result.stdout + result.stderr
    page = soup(tmp_path / "_build" / "html" / "book" / "run.html")
    assert page.select(BUTTONS) == []
    assert [link["href"] for link in page.select("a[href^=http]")] == []


def test_with_an_address_each_button_names_the_page(tmp_path):
    result = build(tmp_path, "https://github.com/somebody/some-book")
    assert result.returncode == 0, result.stdout + result.stderr
    page = soup(tmp_path / "_build" / "html" / "book" / "run.html")
    links = {link["href"] for link in page.select(".bd-header-article a[href^=http]")}
    assert links == {
        "https://github.com/somebody/some-book",
        "https://github.com/somebody/some-book/edit/main/book/run.ipynb",
        "https://github.com/somebody/some-book/issues/new"
        "?title=Issue%20on%20page%20%2Fbook/run.html&body=Your%20issue%20content%20here.",
        "https://mybinder.org/v2/gh/somebody/some-book/main?urlpath=lab/tree/book/run.ipynb",
    }


def test_an_address_that_is_none_stops_the_build_and_says_why(tmp_path):
    result = build(tmp_path, "somewhere/else")
    assert result.returncode != 0
    assert "must look like https://github.com/owner/name" in result.stdout + result.stderr
