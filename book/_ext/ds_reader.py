"""What the site does for its reader: the facts of each page, and the one script of every page.

While a page is read, its facts are kept: how long it takes, its self-check questions, its exercises, the terms
that it uses. The line under the title, the definitions that open in place and the page of progress are written
from them. A page whose text rests on the facts of others is written again by every build, so a build of one
changed page stays right.

The script is put together from the parts in `reader/`, in one function scope: nothing of it reaches the page. It asks
nothing of any server, and what it remembers stays in this browser. The site sends it made small, like the player.
"""

from __future__ import annotations

from pathlib import Path

from docutils import nodes
from ds_player import made_small
from ds_reading import is_exercise, is_timed, minutes, say_time, sentence
from ds_selfcheck import self_check
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util import docname_join

PARTS = ("strings", "page", "memory", "questions", "marks", "progress", "terms")
SCRIPT = "reader.js"
FOLDER = Path(__file__).parent / "reader"


def script() -> str:
    """Return the whole script of the site."""
    parts = "\n".join((FOLDER / f"{part}.js").read_text(encoding="utf-8") for part in PARTS)
    return f'(() => {{\n"use strict";\n{parts}\n}})();\n'


def write_script(app: Sphinx) -> None:
    """Write the script beside the doctrees and let Sphinx copy it with the other static files."""
    if app.builder.format == "html":
        folder = Path(app.doctreedir) / "generated_reader"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / SCRIPT).write_text(made_small(script()), encoding="utf-8")
        app.config.html_static_path.append(str(folder))


def link_script(app: Sphinx, page: str, template: str, context: dict, doctree: nodes.document | None) -> None:
    """Load the script on a page, and tell it which page this is."""
    app.add_js_file(SCRIPT, loading_method="defer", **{"data-page": page})


def facts_of(env: BuildEnvironment) -> dict[str, dict]:
    """Return the facts of all pages, by the name of the page."""
    if not hasattr(env, "ds_facts"):
        env.ds_facts = {}  # type: ignore[attr-defined]
    return env.ds_facts


def terms_in(document: nodes.document) -> list[str]:
    """Return the terms that a page links to its glossary, each once, in order."""
    found = [
        node["reftarget"] for node in document.findall(addnodes.pending_xref) if node["reftype"] == "term"
    ]
    return list(dict.fromkeys(found))


def needs_in(document: nodes.document, page: str) -> list[str]:
    """Return the pages that the card of a page says it needs: those before its time, the second word in bold."""
    for card in document.findall(nodes.admonition):
        if "ds-card" not in card["classes"]:
            continue
        passed, found = 0, []
        for node in card.findall():
            if isinstance(node, nodes.strong) and not isinstance(node.parent.parent, nodes.list_item):
                passed += 1
            elif passed == 1 and isinstance(node, addnodes.pending_xref) and node["reftype"] == "doc":
                found.append(docname_join(page, node["reftarget"]).lstrip("/"))
        return list(dict.fromkeys(found))
    return []


def collect(app: Sphinx, document: nodes.document) -> None:
    """Keep the facts of the page that was just read."""
    page = app.env.docname
    labels = [node["label"] for node in document.findall(is_exercise) if type(node).__name__ in
              ("exercise_node", "exercise_enumerable_node")]  # fmt: skip
    facts_of(app.env)[page] = {
        "minutes": minutes(document),
        "questions": [node["name"] for node in document.findall(self_check)],
        "exercises": labels,
        "terms": terms_in(document),
        "needs": needs_in(document, page),
    }


def forget(app: Sphinx, env: BuildEnvironment, page: str) -> None:
    """Forget the facts of a page that is read again or is gone."""
    facts_of(env).pop(page, None)


def merge(app: Sphinx, env: BuildEnvironment, pages: list[str], other: BuildEnvironment) -> None:
    """Take over the facts that another process has read."""
    facts_of(env).update({page: facts for page, facts in facts_of(other).items() if page in pages})


def say_time_of(app: Sphinx, document: nodes.document, page: str) -> None:
    """Put the line with the reading time under the title of a page that is to be read."""
    facts = facts_of(app.env)[page]
    if is_timed(page):
        counts = len(facts["questions"]), len(facts["exercises"])
        say_time(document, sentence(app.config.language, facts["minutes"], *counts))


def setup(app: Sphinx) -> dict[str, object]:
    app.connect("builder-inited", write_script)
    app.connect("doctree-read", collect)
    app.connect("env-purge-doc", forget)
    app.connect("env-merge-info", merge)
    app.connect("doctree-resolved", say_time_of)
    app.connect("html-page-context", link_script)
    return {"parallel_read_safe": True, "parallel_write_safe": True, "env_version": 2}
