"""The list of contents beside each page, made of what it shows: titles.

Sphinx copies all headings and all documented objects of the book for each page before it throws away all but the
titles, which took nine tenths of the time of a build. What is thrown away is taken out here, once.
"""

from __future__ import annotations

from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx


def with_titles_only(toc: nodes.bullet_list) -> nodes.bullet_list:
    """Return a copy of the contents of a page in which its headings are missing, but the pages under it are not.

    It does what `_entries_from_toctree` in `sphinx.environment.adapters.toctree` does with `titles_only`.
    """
    copy = toc.copy()
    for entry in toc:
        short = entry.copy()
        short += entry[0].deepcopy()
        below = [tree.copy() for tree in entry.findall(addnodes.toctree)]
        if below:
            short += nodes.bullet_list("", *below)
        copy += short
    return copy


class Contents:
    """Replaces what templates call as `toctree`."""

    def __init__(self) -> None:
        self.short: dict[str, nodes.bullet_list] | None = None

    def page_context(
        self, app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None
    ) -> None:
        """Give the template of a page a `toctree` that copies no more than it shows."""
        if "toctree" not in context:
            return
        original, env = context["toctree"], app.env

        def toctree(**options: Any) -> object:
            if not options.get("titles_only"):
                return original(**options)
            if self.short is None:
                self.short = {name: with_titles_only(toc) for name, toc in env.tocs.items()}
            whole, env.tocs = env.tocs, self.short
            try:
                return original(**options)
            finally:
                env.tocs = whole

        context["toctree"] = toctree


def setup(app: Sphinx) -> dict[str, object]:
    app.connect("html-page-context", Contents().page_context, priority=100)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
