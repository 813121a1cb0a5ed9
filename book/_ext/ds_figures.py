"""SVG figures of notebooks are put into the page itself, so that they follow its light or dark theme.

MyST-NB writes an SVG output as a file and shows it with `<img>`: then it cannot use the page's CSS variables.
Here the file's text takes the place of the image, with every id made unique on the page.
"""

from __future__ import annotations

import re
from html import escape
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging

logger = logging.getLogger(__name__)


def own_ids(svg: str, prefix: str) -> str:
    """Return `svg` with `prefix` before each id and each reference to one.

    >>> own_ids('<g id="a"/><use href="#a" style="fill:url(#a)"/>', "x-")
    '<g id="x-a"/><use href="#x-a" style="fill:url(#x-a)"/>'
    """
    svg = re.sub(r'(\sid=")([^"]+")', rf"\g<1>{prefix}\g<2>", svg)
    svg = re.sub(r'(\saria-(?:labelledby|describedby)=")([^"]+)(")',
                 lambda m: m[1] + " ".join(prefix + part for part in m[2].split()) + m[3], svg)  # fmt: skip
    return re.sub(r'((?:href="|url\()#)', rf"\g<1>{prefix}", svg)


def bare(text: str) -> str:
    """Return the `svg` element in the text of an SVG file, without declaration, doctype or metadata."""
    start = text.find("<svg")
    return re.sub(r"<metadata>.*?</metadata>", "", text[start:], flags=re.DOTALL).strip()


class InlineFigures(SphinxPostTransform):
    """Replace each image of a notebook's output that is an SVG by the SVG itself."""

    default_priority = 100
    formats = ("html",)

    def run(self, **kwargs: object) -> None:
        for number, image in enumerate(list(self.document.findall(nodes.image))):
            source = Path(image["uri"])
            path = source if source.is_absolute() else Path(self.app.srcdir) / source
            if path.suffix != ".svg" or "jupyter_execute" not in path.as_posix() or not path.is_file():
                continue
            svg = own_ids(bare(path.read_text(encoding="utf8")), f"f{number}-")
            label = image.get("alt", "")
            if "aria-label" not in svg.split(">", 1)[0] and "<title" not in svg:
                if not label or label.startswith("../"):
                    logger.warning("a figure has no text for those who cannot see it", location=image)
                svg = svg.replace("<svg", f'<svg role="img" aria-label="{escape(label)}"', 1)
            image.replace_self(nodes.raw("", f'<div class="ds-figure">{svg}</div>', format="html"))


def setup(app: Sphinx) -> dict[str, object]:
    app.add_post_transform(InlineFigures)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
