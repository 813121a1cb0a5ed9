r"""The scripts that play figures: made small once, and loaded by the pages that hold such a figure, by no other.

Their parts are readable files in `src/distsys/views/player`. What the site sends is their sum without comments and with
short local names; a minifier that is kept by others does that, so that the source may stay as long as it needs to be.
The minifier has no wheel for some machines (Apple's own processors): a site that is built there sends them with
their local names, half as large again, and plays the same.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

from distsys.views.script import PARTS, script

try:
    import minify
except ImportError:
    minify = None

ELEMENT = re.compile(r"<dist-(trace|ring|flp)\b( data-judges)?")


def smaller_styles(text: str) -> str:
    r"""Return a script without the white space inside its style sheets, which are texts to a minifier.

    >>> smaller_styles("const STYLE = `\n.b { c: d; }\n`")
    'const STYLE = `.b{c:d}`'
    """

    def smaller(style: re.Match[str]) -> str:
        tight = re.sub(r"\s*([{};,])\s*", r"\1", re.sub(r"\s+", " ", style[2]).strip())
        return f"{style[1]}`{tight.replace(': ', ':').replace(';}', '}')}`"

    return re.sub(r"(const [A-Z]+ = )`\n([^`]*)`", smaller, text)


def file_of(kind: str) -> str:
    """Return the name of the file that plays a kind of figure."""
    return f"distsys-{kind}.js"


def small_script(kind: str) -> str:
    """Return the script of a kind of figure as the site sends it."""
    return made_small(smaller_styles(script(kind)))


def made_small(text: str) -> str:
    """Return a script without comments, and with short local names where the minifier is there."""
    if minify is not None:
        return str(minify.string("application/javascript", text))
    lines = (line.strip() for line in text.splitlines())
    return "\n".join(line for line in lines if not line.startswith("//"))


def write_scripts(app: Sphinx) -> None:
    """Write the scripts beside the doctrees and let Sphinx copy it with the other static files."""
    if app.builder.format != "html":
        return
    folder = Path(app.doctreedir) / "generated_static"
    folder.mkdir(parents=True, exist_ok=True)
    for kind in PARTS:
        (folder / file_of(kind)).write_text(small_script(kind), encoding="utf8")
    if str(folder) not in app.config.html_static_path:
        app.config.html_static_path.append(str(folder))


def load_script(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Load a script on pages with a figure that it plays, and only there."""
    for kind in kinds_on(context.get("body", "")):
        app.add_js_file(file_of(kind), loading_method="defer")


def kinds_on(body: str) -> list[str]:
    """Return the kinds of scripts that a page needs, those that add to a figure before the one that plays it.

    >>> kinds_on('<dist-trace style="--h:1px">'), kinds_on('<dist-trace data-judges style="--h:1px">')
    (['trace'], ['judges', 'trace'])
    """
    found = ELEMENT.findall(body)
    return sorted({kind for kind, _ in found} | {"judges" for _, more in found if more})


def setup(app: Sphinx) -> dict[str, object]:
    app.connect("builder-inited", write_scripts)
    app.connect("html-page-context", load_script)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
