"""What every page shares: version, repository address; which pages a change of the package touches.

- The version comes from `pyproject.toml`, the one place where it stands.
- The repository's address comes from `repository: url` of `_config.yml`, or from the environment variable
  BOOK_REPOSITORY_URL, which wins. While there is none, the launch, edit, issue and source buttons are
  left out, so that no control leads nowhere.
- Pages that run or quote the package are read again when the package changes, and only then.
"""

from __future__ import annotations

import hashlib
import os
import tomllib
from pathlib import Path
from urllib.parse import urlsplit

from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.environment import BuildEnvironment
from sphinx.errors import ExtensionError

PACKAGE = Path("src/distsys")


def root_of(app: Sphinx) -> Path:
    """Return the folder of the project: Jupyter Book's source folder."""
    return Path(app.srcdir)


def book_version(root: Path) -> str:
    """Return the version that stands in `pyproject.toml`."""
    with (root / "pyproject.toml").open("rb") as file:
        return str(tomllib.load(file)["project"]["version"])


def set_config(app: Sphinx, config: Config) -> None:
    """Fill in what depends on other files or on the environment; runs before the theme reads its options."""
    os.environ.setdefault("DISTSYS_STATIC", "1")  # a page has no kernel: views show what needs none
    if os.environ.get("DISTSYS_OUTPUTS") == "stored":  # tools/book.py --stored
        config.nb_execution_mode = "off"
    config.version = config.release = book_version(root_of(app))
    options = dict(config.html_theme_options)
    address = (
        (os.environ.get("BOOK_REPOSITORY_URL") or options.get("repository_url") or "").strip().rstrip("/")
    )
    if address:
        parts = urlsplit(address)
        if parts.scheme != "https" or len(parts.path.strip("/").split("/")) != 2:
            raise ExtensionError(
                "the repository's address must look like https://github.com/owner/name, "
                f"but it is {address!r} (BOOK_REPOSITORY_URL, or repository: url in _config.yml)"
            )
        options |= {"repository_url": address, "use_repository_button": True}
        options |= {"use_issues_button": True, "use_edit_page_button": True}
    else:
        options |= {"repository_url": "", "launch_buttons": {}, "use_repository_button": False}
        options |= {"use_issues_button": False, "use_edit_page_button": False}
    options |= {
        "search_bar_text": "Search this book",
        "navbar_persistent": [],
    }  # one search field, in the sidebar
    config.html_theme_options = options
    config.html_context = {**config.html_context, "book_version": config.version, "default_mode": "auto"}


def package_digest(root: Path) -> str:
    """Return a digest of every source file of the package."""
    digest = hashlib.sha256()
    for path in sorted((root / PACKAGE).rglob("*.py")):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def outdated(app: Sphinx, env: BuildEnvironment, added: set, changed: set, removed: set) -> list[str]:
    """Return the pages that run the package, if the package is not the one they were read with."""
    digest = package_digest(root_of(app))
    if getattr(env, "ds_package_digest", digest) == digest:
        env.ds_package_digest = digest  # type: ignore[attr-defined]
        return []
    env.ds_package_digest = digest  # type: ignore[attr-defined]
    return [name for name in sorted(env.found_docs) if uses_package(env, name)]


def uses_package(env: BuildEnvironment, name: str) -> bool:
    """Return whether the page `name` runs the package: a notebook, or a page that said so when read."""
    return env.doc2path(name).endswith(".ipynb") or name in getattr(env, "ds_runs_package", set())


def note_use(env: BuildEnvironment) -> None:
    """Remember that the page being read runs the package (called by our directives)."""
    if not hasattr(env, "ds_runs_package"):
        env.ds_runs_package = set()  # type: ignore[attr-defined]
    env.ds_runs_package.add(env.docname)


def setup(app: Sphinx) -> dict[str, object]:
    app.connect("config-inited", set_config, priority=100)
    app.connect("env-get-outdated", outdated)
    return {"parallel_read_safe": False, "parallel_write_safe": True}
