"""Pages that show something of the whole book, such as a table of all pages, are written anew by every build."""

from __future__ import annotations

from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment


def shows(env: BuildEnvironment, what: str) -> None:
    """Remember that the page being read shows `what`."""
    _pages(env, what).add(env.docname)


def write_anew(app: Sphinx, what: str) -> None:
    """Let every build write the pages that show `what`: any other page may have changed."""

    def again(app: Sphinx, env: BuildEnvironment) -> list[str]:
        return sorted(page for page in _pages(env, what) if page in env.all_docs)

    def forget(app: Sphinx, env: BuildEnvironment, page: str) -> None:
        _pages(env, what).discard(page)  # it says so again when it is read

    def merge(app: Sphinx, env: BuildEnvironment, pages: list[str], other: BuildEnvironment) -> None:
        _pages(env, what).update(_pages(other, what) & set(pages))

    app.connect("env-updated", again)
    app.connect("env-purge-doc", forget)
    app.connect("env-merge-info", merge)


def _pages(env: BuildEnvironment, what: str) -> set[str]:
    """Return the names of the pages that show `what`, as the environment keeps them from build to build."""
    kept: dict[str, set[str]] = vars(env).setdefault("ds_whole_book", {})
    return kept.setdefault(what, set())
