"""A `{term}` link opens its definition beside it: the definitions that a page needs are put into that page.

They come from the glossary's own text. Each stands in a `<template>`, which a browser does not show;
`reader/terms.js` opens it. Without a script the link leads to the glossary, as it always did. Links inside a
definition are plain words here, for the glossary itself is one link away. When a definition changes, the pages
that use the glossary are written again.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from html import escape

from docutils import nodes
from ds_reader import facts_of
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.writers.html5 import HTML5Translator

CHINESE = re.compile(r"^\(([^()]+)\)\s*")  # a definition begins with the Chinese term in brackets
Definitions = dict[str, tuple[str, nodes.definition]]


class term_template(nodes.comment):  # noqa: N801 - docutils calls the visitor by this name
    """A definition that waits to be opened. It is a comment to the search, which shall find the glossary."""


def glossaries(env: BuildEnvironment) -> list[str]:
    """Return the pages that define terms."""
    objects = env.get_domain("std").get_objects()
    return sorted({page for _, _, kind, page, _, _ in objects if kind == "term"})


def definitions(env: BuildEnvironment) -> Definitions:
    """Return the term and its definition for each place such as 'term-quorum' of the glossary."""
    found: Definitions = {}
    for page in glossaries(env):
        for item in env.get_doctree(page).findall(nodes.definition_list_item):
            for term in item.findall(nodes.term):
                found.update({name: (term.astext(), item.children[-1]) for name in term["ids"]})
    return found


def digest(known: Definitions) -> str:
    """Return a digest of definitions."""
    text = "\0".join(f"{name}\0{term}\0{body.pformat()}" for name, (term, body) in sorted(known.items()))
    return hashlib.sha256(text.encode()).hexdigest()


def plain(body: nodes.definition) -> list[nodes.Node]:
    """Return a copy of a definition whose links are plain words and which names no place."""
    copy = body.deepcopy()
    for link in [*copy.findall(addnodes.pending_xref), *copy.findall(nodes.reference)]:
        link.replace_self(nodes.inline("", link.astext()))
    for element in copy.findall(nodes.Element):
        element["ids"] = []
    first = next(copy.findall(nodes.Text), None)
    match = CHINESE.match(first) if first is not None else None
    if match:
        brackets = nodes.raw("", f'(<span lang="zh-Hans">{escape(match[1])}</span>) ', format="html")
        first.parent.replace(first, [brackets, nodes.Text(first[match.end() :])])
    return list(copy.children)


def places(document: nodes.document) -> Iterator[str]:
    """Yield the place of each term that a page links, in order; links within one page do not count."""
    for link in document.findall(nodes.reference):
        marked = any("std-term" in child.get("classes", ()) for child in link.findall(nodes.inline))
        if marked and "#" in link.get("refuri", ""):
            yield link["refuri"].split("#", 1)[1]


def embed(app: Sphinx, document: nodes.document, page: str) -> None:
    """Put the definitions of the terms that a page links behind its text."""
    if app.builder.format != "html" or not facts_of(app.env)[page]["terms"]:
        return
    known = app.ds_definitions  # type: ignore[attr-defined]
    for place in dict.fromkeys(places(document)):
        if place in known:
            term, body = known[place]
            template = term_template(place=place, term=term)
            template += plain(body)
            document += template


def write_again(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """Read the definitions; return the pages that use terms, if a definition is not what it was."""
    app.ds_definitions = definitions(env)  # type: ignore[attr-defined]
    before, now = getattr(env, "ds_terms_digest", None), digest(app.ds_definitions)
    env.ds_terms_digest = now  # type: ignore[attr-defined]
    if before in (None, now):
        return []
    return sorted(page for page, facts in facts_of(env).items() if facts["terms"])


def visit_template(translator: HTML5Translator, node: term_template) -> None:
    translator.body.append(f'<template data-term="{node["place"]}" data-name="{escape(node["term"])}">')


def depart_template(translator: HTML5Translator, node: term_template) -> None:
    translator.body.append("</template>\n")


def setup(app: Sphinx) -> dict[str, object]:
    app.add_node(term_template, html=(visit_template, depart_template))
    app.connect("doctree-resolved", embed)
    app.connect("env-updated", write_again)
    return {"parallel_read_safe": True, "parallel_write_safe": True, "env_version": 1}
