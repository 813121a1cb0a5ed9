"""What the theme and Sphinx leave out or say wrongly for those who hear a page instead of seeing it.

Each function mends one thing in the markup of a page; `tests/site/test_accessibility.py` finds what is left.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

PARAMETERS = re.compile(r'<dl>\s*((?:<dd><em class="sig-param">.*?</dd>\s*)+)</dl>', re.DOTALL)
FOLDED = re.compile(r"(<a [^>]*>(?:(?!</a>).)*</a>)(<details[^>]*>)<summary>", re.DOTALL)


def parameters_in_lines(body: str) -> str:
    """Return `body` with long signatures as lines: Sphinx writes a list of definitions that defines nothing.

    >>> parameters_in_lines('<dl><dd><em class="sig-param">a</em>,</dd></dl>')
    '<span class="ds-param"><em class="sig-param">a</em>,</span>'
    """

    def lines(found: re.Match[str]) -> str:
        return found[1].replace("<dd>", '<span class="ds-param">').replace("</dd>", "</span>").strip()

    return PARAMETERS.sub(lines, body)


def references_as_list(body: str) -> str:
    """Return `body` with entries of a bibliography as items of its list: their own role is withdrawn (ARIA 1.3)."""
    return body.replace('role="doc-biblioentry"', 'role="listitem"')


def named_folds(menu: str) -> str:
    """Return a menu in which the arrow that unfolds a chapter says what it unfolds.

    >>> named_folds('<a href="b">B</a><details><summary><i></i></summary></details>')
    '<a href="b">B</a><details><summary aria-label="Pages of B"><i></i></summary></details>'
    """

    def named(found: re.Match[str]) -> str:
        words = " ".join(re.sub("<[^>]*>", "", found[1]).split()).replace('"', "&quot;")
        return f'{found[1]}{found[2]}<summary aria-label="Pages of {words}">'

    return FOLDED.sub(named, menu)


def page_context(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Mend the text of a page and of its menu."""
    if "body" in context:
        context["body"] = references_as_list(parameters_in_lines(context["body"]))
    menu: Callable[..., object] | None = context.get("generate_toctree_html")
    if menu is not None:
        context["generate_toctree_html"] = lambda *args, **options: named_folds(str(menu(*args, **options)))


def setup(app: Sphinx) -> dict[str, object]:
    app.connect("html-page-context", page_context, priority=800)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
