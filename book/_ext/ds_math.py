r"""Mathematics as MathML, written when the book is built: no script, no request, readable aloud.

`html_math_renderer: mathml` in `_config.yml` chooses this renderer. The converter is math-core, which
writes MathML Core, the part of MathML that all current browsers draw. A formula that it does not
understand is a warning, and so an error of the build.

Parentheses and roots grow only with a font made for mathematics, and many systems have none. So the build
cuts a small one out of STIX Two Math (SIL Open Font License 1.1), with just the characters that the built
pages use, and puts it into `math.css`, which only pages with formulas load.
"""

from __future__ import annotations

import base64
import html
import importlib.util
import io
import re
from pathlib import Path
from typing import Any

from docutils import nodes
from fontTools import subset
from fontTools.ttLib import TTFont
from math_core import LatexError, LatexToMathML
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number
from sphinx.writers.html5 import HTML5Translator

logger = logging.getLogger(__name__)
CONVERTER = LatexToMathML(fancy_error=False)
NUMBERED = ("align", "equation", "gather")  # Sphinx writes the equation numbers, so MathML must not
STYLE = "math.css"


def prepared(latex: str) -> str:
    r"""Return `latex` in the form that the converter takes: one environment, without numbers of its own.

    >>> prepared(r"a &= b \\ c &= d")
    '\\begin{aligned}a &= b \\\\ c &= d\\end{aligned}'
    """
    text = latex.strip()
    for name in NUMBERED:
        text = text.replace(rf"\begin{{{name}}}", rf"\begin{{{name}*}}")
        text = text.replace(rf"\end{{{name}}}", rf"\end{{{name}*}}")
    text = text.replace("{split}", "{aligned}").replace("{eqnarray}", "{align*}")
    if r"\\" in text and r"\begin{" not in text:
        text = rf"\begin{{aligned}}{text}\end{{aligned}}"
    return text


def mathml(latex: str, node: nodes.Node, *, display: bool) -> str:
    """Return the `math` element for `latex`; a warning where there is none."""
    try:
        element: str = CONVERTER.convert_with_local_state(prepared(latex), displaystyle=display)
    except LatexError as error:
        logger.warning(
            "this formula cannot be written as MathML: %s (%s)", latex.strip(), error, location=node
        )
        return ""
    return element


def visit_inline(translator: HTML5Translator, node: nodes.math) -> None:
    element = mathml(node.astext(), node, display=False)
    translator.body.append(translator.starttag(node, "span", "", CLASS="math notranslate nohighlight"))
    translator.body.append(f"{element}</span>")
    raise nodes.SkipNode


def visit_block(translator: HTML5Translator, node: nodes.math_block) -> None:
    number = get_node_equation_number(translator, node) if node["number"] else ""
    if "amsmath" in node["classes"]:  # MyST gives such a block a random name: no page would come out twice
        page = translator.builder.current_docname.rsplit("/", 1)[-1]
        node["ids"] = [f"equation-{page}-{number}"]
    translator.body.append(translator.starttag(node, "div", CLASS="math notranslate nohighlight"))
    for part in (part for part in node.astext().split("\n\n") if part.strip()):
        translator.body.append(
            f'<div class="ds-formula" tabindex="0">{mathml(part, node, display=True)}</div>'
        )
    if number:
        translator.body.append(f'<span class="eqno">({number})')
        translator.add_permalink_ref(node, "Link to this equation")
        translator.body.append("</span>")
    translator.body.append("</div>\n")
    raise nodes.SkipNode


def link_style(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Load the font on pages with formulas, and only there."""
    if doctree is not None and any(
        doctree.findall(lambda node: isinstance(node, (nodes.math, nodes.math_block)))
    ):
        app.add_css_file(STYLE)


def characters(folder: Path) -> set[int]:
    """Return the code points inside the `math` elements of all pages under `folder`."""
    found: set[int] = set()
    for page in sorted(folder.rglob("*.html")):
        for element in re.findall(r"<math.*?</math>", page.read_text(encoding="utf8"), flags=re.DOTALL):
            found.update(map(ord, html.unescape(re.sub(r"<[^>]*>", "", element))))
    # A single-letter identifier is drawn in mathematical italics, whose characters the page does not name.
    for low, italic in ((ord("a"), 0x1D44E), (ord("A"), 0x1D434), (0x3B1, 0x1D6FC), (0x391, 0x1D6E2)):
        found.update(italic + code - low for code in list(found) if low <= code < low + 26)
    return found | {0x20, 0x210E, 0x221A}  # a space, the h that stands apart from the other italics, the root


def cut_font(code_points: set[int]) -> bytes:
    """Return STIX Two Math as WOFF with `code_points` and the larger forms that they grow into."""
    spec = importlib.util.find_spec("ziamath")
    if spec is None or spec.origin is None:
        raise ExtensionError(
            "ziamath, which carries the font for formulas, is missing: pip install -r requirements.txt"
        )
    font = TTFont(Path(spec.origin).parent / "fonts/STIXTwoMath-Regular.ttf", recalcTimestamp=False)
    options = subset.Options(hinting=False, recalc_timestamp=False, layout_features=["ssty", "dtls", "flac"])
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=sorted(code_points))
    cutter.subset(font)
    font.flavor = "woff"
    buffer = io.BytesIO()
    font.save(buffer)
    return buffer.getvalue()


def write_style(app: Sphinx, error: Exception | None) -> None:
    """Write `math.css` with the font inside it: a font in a file of its own is refused under file://."""
    if error is not None or app.builder.format != "html":
        return
    found = characters(Path(app.outdir))
    data = base64.b64encode(cut_font(found)).decode("ascii")
    rule = (
        f'@font-face {{ font-family: "DS Math"; src: url("data:font/woff;base64,{data}") format("woff"); }}\n'
    )
    comment = "/* A part of STIX Two Math, (c) 2001-2020 The STIX Fonts Project Authors, SIL OFL 1.1. */\n"
    (Path(app.outdir) / "_static" / STYLE).write_text(comment + rule, encoding="ascii")


def setup(app: Sphinx) -> dict[str, object]:
    app.add_html_math_renderer("mathml", (visit_inline, None), (visit_block, None))
    app.connect("html-page-context", link_style)
    app.connect("build-finished", write_style)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
