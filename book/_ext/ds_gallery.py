"""`{gallery}`: every figure of the book that has an address, with its title, its page, its permalink and a small still.

A figure is an element of the class `ds-run` with an id, wherever it comes from: a directive, or the output of a
cell. So the gallery is made when all pages are written, from the pages themselves, and put between two comments of
its page: after a build of one changed page it is right again, and doing it twice changes nothing.

A still is the picture of the figure, in a file of its own: the ids inside it meet no others, and a browser fetches
only what comes into view.
"""

from __future__ import annotations

import base64
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path
from urllib.parse import quote, unquote_to_bytes

from bs4 import BeautifulSoup, Tag
from docutils import nodes
from ds_progress import pages_in_order
from ds_words import word
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from sphinx.writers.html5 import HTML5Translator

BEGIN, END = "<!-- figures of the book -->", "<!-- end of the figures -->"
FOLDER = "_images/figures"
KINDS = {"image/svg+xml": "svg", "image/png": "png", "image/jpeg": "jpg", "image/webp": "webp"}
LONGEST = 160  # characters of a title that is taken from a caption


@dataclass(frozen=True)
class Figure:
    """One figure: where it is, what it is called, what it shows, and its picture (kind of file, content)."""

    page: str
    place: str
    title: str
    alt: str
    still: tuple[str, bytes] | None = None


def shortened(text: str) -> str:
    r"""Return a text on one line, cut at a word where it is long.

    >>> shortened("A  run\n with a loss")
    'A run with a loss'
    """
    text = " ".join(text.split())
    return text if len(text) <= LONGEST else text[:LONGEST].rsplit(" ", 1)[0] + " ..."


def decoded(url: str) -> tuple[str, bytes] | None:
    """Return the kind and the content of a data: URL of a picture.

    >>> decoded("data:image/svg+xml,%3Csvg/%3E")
    ('svg', b'<svg/>')
    """
    match = re.match(r"data:([\w/+.-]+)((?:;[\w=-]+)*),(.*)$", url, flags=re.DOTALL)
    if not match or match[1] not in KINDS:
        return None
    content = unquote_to_bytes(match[3])
    return KINDS[match[1]], base64.b64decode(content) if ";base64" in match[2] else content


def drawing(source: str) -> str:
    """Return the first SVG in a text, with the SVGs inside it.

    >>> drawing("<p><svg><svg></svg><g/></svg> <svg></svg></p>")
    '<svg><svg></svg><g/></svg>'
    """
    start, depth = source.find("<svg"), 0
    for tag in re.finditer(r"<svg\b|</svg>", source):
        depth += 1 if tag[0] == "<svg" else -1
        if depth == 0:
            return source[start : tag.end()]
    return ""


def description(figure: Tag) -> str:
    """Return the words of a figure for those who cannot see it; empty where there are none."""
    for element in figure.select("img[alt], [aria-label], svg desc"):
        words = element.get("alt") or element.get("aria-label") or element.get_text()
        if words.strip():
            return " ".join(words.split())
    return ""


def still_of(figure: Tag, source: str) -> tuple[str, bytes] | None:
    """Return the picture of a figure: its image, or else the drawing that stands in the page itself."""
    for image in figure.find_all("img"):
        found = decoded(image.get("src", ""))
        if found:
            return found
    svg = drawing(source)
    if not svg:
        return None
    if "xmlns=" not in svg.split(">", 1)[0]:
        svg = svg.replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg"', 1)
    return "svg", svg.encode()


def text_of(source: str, place: str) -> str:
    """Return the text of the page from the figure `place` on: a parser would change the case of SVG attributes."""
    match = re.search(rf'<(figure|div)\b[^>]*\sid="{re.escape(place)}".*?</\1>', source, flags=re.DOTALL)
    return match[0] if match else ""


def figures_in(source: str, page: str) -> Iterator[Figure]:
    """Yield the figures with an id in the text of a page, in their order."""
    if "ds-run" not in source:
        return
    for figure in BeautifulSoup(source, "html.parser").select(".ds-run[id]"):
        caption = figure.select_one("figcaption, .ds-caption")
        words, alt = caption.get_text() if caption else "", description(figure)
        title = shortened(figure.get("data-title") or words or alt or figure["id"])
        still = still_of(figure, text_of(source, figure["id"]))
        yield Figure(page, figure["id"], title, alt or title, still)


def card(figure: Figure, here: str, title: str, language: str) -> str:
    """Return the card of one figure as it stands on the page `here`; `title` is that of its page."""
    up = "../" * here.count("/")
    link = f"{up}{quote(figure.page)}.html#{quote(figure.place)}"
    still = ""
    if figure.still:
        file = f"{up}{FOLDER}/{file_of(figure)}"
        still = f'<img src="{file}" alt="{escape(figure.alt)}" loading="lazy" width="240" height="176"/>'
    return (
        f'<li>{still}<p><a href="{link}">{escape(figure.title)}</a></p>'
        f"<p>{word(language, 'on the page')} {escape(title)}</p></li>\n"
    )


def file_of(figure: Figure) -> str:
    """Return the name of the file of a still."""
    assert figure.still, "only a figure with a picture has a file"
    return f"{figure.page.replace('/', '-')}-{figure.place}.{figure.still[0]}"


def filled(text: str, between: str) -> str:
    """Return the text of the gallery's page with `between` between its two comments.

    >>> filled(filled(f"a{BEGIN}{END}b", "1"), "2") == f"a{BEGIN}2{END}b"
    True
    """
    head, rest = text.split(BEGIN, 1)
    return f"{head}{BEGIN}{between}{rest[rest.index(END) :]}"


def write_gallery(app: Sphinx, error: Exception | None) -> None:
    """Collect the figures of all written pages and fill the gallery."""
    places = [page for page in getattr(app.env, "ds_gallery_pages", ()) if page in app.env.all_docs]
    if error is not None or app.builder.format != "html" or not places:
        return
    out, language = Path(app.outdir), app.config.language
    found = []
    for page in pages_in_order(app.env, app.config.root_doc):
        file = out / f"{page}.html"
        if file.is_file() and page not in places:
            found += figures_in(file.read_text(encoding="utf-8"), page)
    write_stills(out / FOLDER, found)
    for here in places:
        cards = "".join(card(one, here, app.env.titles[one.page].astext(), language) for one in found)
        empty = f"<p>{escape(word(language, 'no figure'))}</p>"
        file = out / f"{here}.html"
        text = filled(
            file.read_text(encoding="utf-8"), f'<ul class="ds-gallery">{cards}</ul>' if cards else empty
        )
        file.write_text(text, encoding="utf-8")


def write_stills(folder: Path, figures: list[Figure]) -> None:
    """Write the stills into their folder, and nothing else stays in it."""
    shutil.rmtree(folder, ignore_errors=True)
    for figure in figures:
        if figure.still:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / file_of(figure)).write_bytes(figure.still[1])


class gallery(nodes.General, nodes.Element):  # noqa: N801 - docutils calls the visitor by this name
    """The place of the gallery."""


class Gallery(SphinxDirective):
    """Put the gallery here."""

    def run(self) -> list[nodes.Node]:
        if not hasattr(self.env, "ds_gallery_pages"):
            self.env.ds_gallery_pages = set()  # type: ignore[attr-defined]
        self.env.ds_gallery_pages.add(self.env.docname)
        return [gallery()]


def forget(app: Sphinx, env: object, page: str) -> None:
    """Forget that a page holds the gallery: it says so again when it is read."""
    getattr(env, "ds_gallery_pages", set()).discard(page)


def visit_gallery(translator: HTML5Translator, node: gallery) -> None:
    translator.body.append(f"{BEGIN}{END}\n")
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, object]:
    app.add_node(gallery, html=(visit_gallery, None))
    app.add_directive("gallery", Gallery)
    app.connect("env-purge-doc", forget)
    app.connect("build-finished", write_gallery)
    return {"parallel_read_safe": False, "parallel_write_safe": True, "env_version": 1}
