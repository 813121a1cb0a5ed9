"""The list of contents beside each page, made of what it shows: titles.

Sphinx copies all headings and all documented objects of the book for each page before it throws away all but the
titles, which took nine tenths of the time of a build. What is thrown away is taken out here, once.

And the theme writes the pages under each page into the list of every page, folded: that was a tenth of the weight of
a short page. They stand in the list where the reader is among them, and on the page above them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx

FOLDED = re.compile(
    r'<li class="(?P<kinds>[^"]*) has-children">(?P<link><a .*?</a>)<details>.*?</details>', re.DOTALL
)


def unfolded_where_read(menu: str) -> str:
    """Return a menu without the folded lists that do not hold the page that is read.

    >>> unfolded_where_read('<li class="toctree-l1 has-children"><a href="b">B</a><details><ul>…</ul></details></li>')
    '<li class="toctree-l1"><a href="b">B</a></li>'
    """
    return FOLDED.sub(r'<li class="\g<kinds>">\g<link>', menu)


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


def menu_context(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Give the template of a page a menu that is unfolded where its reader is."""
    menu: Callable[..., object] | None = context.get("generate_toctree_html")
    if menu is not None:
        context["generate_toctree_html"] = lambda *args, **options: unfolded_where_read(
            str(menu(*args, **options))
        )


def setup(app: Sphinx) -> dict[str, object]:
    app.connect("html-page-context", Contents().page_context, priority=100)
    app.connect(
        "html-page-context", menu_context, priority=790
    )  # after the theme's, before its folds get names
    return {"parallel_read_safe": True, "parallel_write_safe": True}
