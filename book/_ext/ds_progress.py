"""`{progress}`: the table of all pages of the book, in which `reader/progress.js` enters what this reader has done.

The table is written from the facts of all pages (ds_reader), so its page is written anew by every build. The names
of the questions and exercises of a page stand in its row: what a browser remembers of others is not counted. On a
phone the table is laid out as a list; the roles keep it a table for a screen reader.
"""

from __future__ import annotations

from html import escape

from docutils import nodes
from ds_reader import facts_of
from ds_reading import is_timed, rounded
from ds_words import word
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.docutils import SphinxDirective
from sphinx.writers.html5 import HTML5Translator
from whole_book import shows, write_anew

COLUMNS = ("page", "reading", "read", "questions right", "exercises done")


def under(env: BuildEnvironment, page: str) -> list[str]:
    """Return a page and all pages below it, in the order of the table of contents."""
    return [page, *(found for child in env.toctree_includes.get(page, []) for found in under(env, child))]


def parts(env: BuildEnvironment, root: str) -> list[tuple[str, list[str]]]:
    """Return the parts of the book: the caption of each and its pages. The landing page stands before the first."""
    found = [("", [root])]
    for tree in env.tocs[root].findall(addnodes.toctree):
        pages = [page for _, entry in tree["entries"] for page in under(env, entry)]
        found.append((tree.get("caption") or "", pages))
    return found


def pages_in_order(env: BuildEnvironment, root: str) -> list[str]:
    """Return all pages of the book in its order."""
    return [page for _, pages in parts(env, root) for page in pages]


class progress_table(nodes.General, nodes.Element):  # noqa: N801 - docutils calls the visitor by this name
    """The place of the table; `html` is its text once all pages are known."""


class Progress(SphinxDirective):
    """Put the table of all pages here."""

    def run(self) -> list[nodes.Node]:
        shows(self.env, "progress")
        return [progress_table()]


def row(app: Sphinx, here: str, page: str) -> str:
    """Return the row of one page."""
    facts, language = facts_of(app.env)[page], app.config.language
    time = rounded(facts["minutes"]) if is_timed(page) else ""
    own = app.builder.get_target_uri(page).rsplit("/", 1)[-1]  # a page's way to itself would be empty
    link = escape(app.builder.get_relative_uri(here, page) or own)
    names = " ".join(f'data-{key}="{" ".join(facts[key])}"' for key in ("questions", "exercises"))
    cells = "".join(
        f'<td role="cell" data-count="{key}" data-label="{escape(word(language, label))}">{len(facts[key]) or ""}</td>'
        for key, label in (("questions", "questions right"), ("exercises", "exercises done"))
    )
    return (
        f'<tr role="row" data-page="{escape(page)}" {names}>'
        f'<th role="rowheader" scope="row"><a href="{link}">{escape(app.env.titles[page].astext())}</a></th>'
        f'<td role="cell" data-label="{escape(word(language, "reading"))}">{time}</td>'
        f'<td role="cell" data-count="read" data-label="{escape(word(language, "read"))}"></td>{cells}</tr>\n'
    )


def table(app: Sphinx, here: str) -> str:
    """Return the table of all pages as it stands on the page `here`."""
    language = app.config.language
    heads = "".join(
        f'<th role="columnheader" scope="col">{escape(word(language, column))}</th>' for column in COLUMNS
    )
    bodies = []
    for caption, pages in parts(app.env, app.config.root_doc):
        head = f'<th role="rowheader" scope="rowgroup" colspan="{len(COLUMNS)}">{escape(caption)}</th>'
        title = f'<tr role="row" class="ds-part">{head}</tr>\n'
        rows = "".join(row(app, here, page) for page in pages)
        bodies.append(f'<tbody role="rowgroup">{title if caption else ""}{rows}</tbody>\n')
    return (
        f"<noscript><p>{escape(word(language, 'needs a script'))}</p></noscript>\n"
        '<div class="ds-progress"><p class="ds-sum"></p>\n'
        f'<table role="table"><thead role="rowgroup"><tr role="row">{heads}</tr></thead>\n{"".join(bodies)}</table>\n'
        '<div class="ds-tools"></div><div class="ds-said" role="status"></div></div>\n'
    )


def fill_in(app: Sphinx, document: nodes.document, page: str) -> None:
    """Write the table into the page, now that all pages are known."""
    for node in document.findall(progress_table):
        node["html"] = table(app, page)


def visit_table(translator: HTML5Translator, node: progress_table) -> None:
    translator.body.append(node.get("html", ""))
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, object]:
    app.add_node(progress_table, html=(visit_table, None))
    app.add_directive("progress", Progress)
    app.connect("doctree-resolved", fill_in)
    write_anew(app, "progress")
    return {"parallel_read_safe": False, "parallel_write_safe": True, "env_version": 1}
