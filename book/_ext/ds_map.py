"""Pictures of the course: `{course-map}` draws all its pages, `{field-map}` what some lines say.

On the picture of the course each page is a box that leads to it, and each arrow comes from a page that another needs.
Nothing of it is written by hand: the pages and their order are those of the table of contents, and the arrows are
what the cards of the pages say under *You need*. So a new page is on the picture when it is in the contents.

A `{field-map}` is drawn in the same way from lines such as these:

    Models
    - Messages | message-passing
    Protocols
    - A register | memory-from-messages | Messages

that is: a band, and in it a box, the page to which it leads (which may be missing), and the boxes that it needs.

Under a mouse, or with the keyboard, a box shows only its own arrows. On a narrow screen, and for whoever hears the
page, the same is a list. All of it is markup and style: no script.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape

from docutils import nodes
from ds_progress import parts
from ds_reader import facts_of
from ds_words import word
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util import docname_join
from sphinx.util.docutils import SphinxDirective
from sphinx.writers.html5 import HTML5Translator
from whole_book import shows, write_anew

from distsys.views.measure import lines

COLUMNS, WIDE, HIGH, GAP, ROW = 4, 160, 42, 26, 72  # boxes in a row; pixels
HEAD, FONT, LEADING = 34, 13, 15
WIDTH = COLUMNS * WIDE + (COLUMNS - 1) * GAP
STYLE = """
.ds-map svg{display:block;max-width:100%;height:auto;font:13px/1.2 system-ui,sans-serif;color:var(--ds-ink)}
.ds-map ol{margin:0 0 .6rem;padding:0;list-style:none}.ds-map li{padding:.25rem 0}
.ds-map p{margin:.8rem 0 .2rem;font-weight:650}.ds-map small{display:block;color:var(--ds-quiet)}
.ds-map rect{fill:var(--ds-panel);stroke:var(--ds-quiet);stroke-opacity:.5}
.ds-map svg a text{fill:var(--pst-color-link)}
.ds-map path{fill:none;stroke:var(--ds-quiet);stroke-opacity:.45;stroke-width:1.5}
.ds-map marker path{fill:var(--ds-quiet);stroke:none}
.ds-map svg a:is(:hover,:focus-visible) rect{stroke:var(--ds-2);stroke-opacity:1;stroke-width:2}
.ds-map svg:has(a:is(:hover,:focus-visible)) path[class]{stroke-opacity:.1}
@media (min-width:700px){.ds-map-list{display:none}}@media (max-width:699.9px){.ds-map svg{display:none}}
"""


@dataclass(frozen=True)
class Box:
    """A box: its number, where it leads ("" for nowhere), its title, and the numbers of the boxes that it needs."""

    number: int
    link: str
    title: str
    needs: tuple[int, ...]


@dataclass(frozen=True)
class Band:
    """A caption, and the boxes under it."""

    caption: str
    boxes: tuple[Box, ...]


def bands(app: Sphinx, here: str) -> list[Band]:
    """Return the parts of the book as bands, without the landing page and what lies under a page of reference."""
    env = app.env
    top = set(env.toctree_includes.get(app.config.root_doc, []))
    shown = [
        (caption, [page for page in pages if page in top or page.startswith("chapters/")])
        for caption, pages in parts(env, app.config.root_doc)
        if caption
    ]
    numbers = {page: number for number, page in enumerate(page for _, pages in shown for page in pages)}

    def box(page: str) -> Box:
        known = tuple(numbers[need] for need in facts_of(env)[page].get("needs", ()) if need in numbers)
        return Box(numbers[page], way(app, here, page), env.titles[page].astext(), known)

    return [Band(caption, tuple(box(page) for page in pages)) for caption, pages in shown]


def way(app: Sphinx, here: str, page: str) -> str:
    """Return the address of a page as it stands on the page `here`."""
    own = app.builder.get_target_uri(page).rsplit("/", 1)[-1]  # a page's way to itself would be empty
    return app.builder.get_relative_uri(here, page) or own


def written_bands(app: Sphinx, here: str, text: str) -> list[Band]:
    """Return what the lines of a `{field-map}` describe; a line that cannot be right is an error of the build."""
    found: list[tuple[str, list[Box]]] = []
    numbers: dict[str, int] = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        if not line.startswith("- "):
            found.append((line, []))
            continue
        title, target, needs = ([part.strip() for part in line[2:].split("|")] + ["", ""])[:3]
        page = docname_join(here, target) if target else ""
        wanted = [need.strip() for need in needs.split(";") if need.strip()]
        if (
            not found
            or (page and page not in app.env.all_docs)
            or any(need not in numbers for need in wanted)
        ):
            raise ExtensionError(f"{here}: the picture cannot show {line!r}")
        numbers[title] = len(numbers)
        link = way(app, here, page) if page else ""
        found[-1][1].append(Box(numbers[title], link, title, tuple(numbers[need] for need in wanted)))
    return [Band(caption, tuple(boxes)) for caption, boxes in found]


def places(found: list[Band]) -> tuple[dict[int, tuple[int, int]], list[int], int]:
    """Return the left upper corner of each box, the height at which each caption stands, and the height of it all."""
    corners: dict[int, tuple[int, int]] = {}
    captions: list[int] = []
    y = 0
    for band in found:
        captions.append(y + 16)
        y += HEAD
        for place, box in enumerate(band.boxes):
            row, column = divmod(place, COLUMNS)
            corners[box.number] = (column * (WIDE + GAP), y + row * ROW)
        y += -(-len(band.boxes) // COLUMNS) * ROW
    return corners, captions, y


def arrow(start: tuple[int, int], end: tuple[int, int]) -> str:
    """Return the path from one box to another that needs it.

    >>> arrow((0, 34), (186, 34))
    'M160 55L184 55'
    >>> arrow((0, 34), (0, 106))
    'M80 76C80 91 80 89 80 104'
    """
    (x, y), (to_x, to_y) = start, end
    if y == to_y and to_x - x == WIDE + GAP:
        return f"M{x + WIDE} {y + HIGH // 2}L{to_x - 2} {y + HIGH // 2}"
    middle, to_middle = x + WIDE // 2, to_x + WIDE // 2
    if y == to_y:  # over the boxes between them
        return f"M{middle} {y}C{middle} {y - 24} {to_middle} {y - 24} {to_middle} {y - 2}"
    if y > to_y:  # what is needed stands below
        return f"M{middle} {y}C{middle} {y - 30} {to_middle} {to_y + HIGH + 30} {to_middle} {to_y + HIGH + 2}"
    bend = min(60, 15 + (to_y - y - ROW) // 4)
    return f"M{middle} {y + HIGH}C{middle} {y + HIGH + bend} {to_middle} {to_y - 2 - bend} {to_middle} {to_y - 2}"


def picture(found: list[Band], label: str) -> str:
    """Return the picture as SVG."""
    corners, captions, height = places(found)
    out = [
        f'<svg viewBox="-2 0 {WIDTH + 4} {height}" width="{WIDTH + 4}" height="{height}" role="group" '
        f'aria-label="{escape(label)}"><defs><marker id="ds-map-head" viewBox="0 0 6 6" refX="5" refY="3" '
        'markerWidth="6" markerHeight="6" orient="auto"><path d="M0 0L6 3L0 6z"/></marker></defs>'
    ]
    boxes = [box for band in found for box in band.boxes]
    for box in boxes:
        for need in box.needs:
            path = arrow(corners[need], corners[box.number])
            out.append(f'<path class="m{need} m{box.number}" marker-end="url(#ds-map-head)" d="{path}"/>')
    for band, y in zip(found, captions, strict=True):
        out.append(f'<text x="0" y="{y}" fill="currentColor" font-weight="650">{escape(band.caption)}</text>')
    out += [drawn(box, corners[box.number]) for box in boxes]
    return "\n".join([*out, "</svg>"])


def drawn(box: Box, corner: tuple[int, int]) -> str:
    """Return the box of one page."""
    x, y = corner
    texts = lines(box.title, WIDE - 14, 2, FONT)
    first = y + HIGH // 2 + 4 - (len(texts) - 1) * LEADING // 2
    text = "".join(
        f'<tspan x="{x + WIDE // 2}" y="{first + line * LEADING}">{escape(words)}</tspan>'
        for line, words in enumerate(texts)
    )
    shape = f'<rect x="{x}" y="{y}" width="{WIDE}" height="{HIGH}" rx="5"/><text text-anchor="middle">{text}</text>'
    if not box.link:
        return f'<g class="p{box.number}" fill="currentColor">{shape}</g>'
    return f'<a href="{escape(box.link)}" aria-label="{escape(box.title)}" class="p{box.number}">{shape}</a>'


def own_arrows(found: list[Band]) -> Iterator[str]:
    """Yield the rule by which each page shows its arrows."""
    for box in (box for band in found for box in band.boxes):
        wanted = f".ds-map svg:has(.p{box.number}:is(:hover,:focus-visible)) path.m{box.number}"
        yield f"{wanted}{{stroke:var(--ds-2);stroke-opacity:1}}"


def listed(found: list[Band], language: str) -> str:
    """Return the same as a list."""
    titles = {box.number: box.title for band in found for box in band.boxes}
    out = ['<div class="ds-map-list">']
    for band in found:
        out.append(f"<p>{escape(band.caption)}</p><ol>")
        for box in band.boxes:
            needs = ", ".join(titles[need] for need in box.needs)
            after = f"<small>{escape(word(language, 'after', pages=needs))}</small>" if needs else ""
            title = escape(box.title)
            name = f'<a href="{escape(box.link)}">{title}</a>' if box.link else title
            out.append(f"<li>{name}{after}</li>")
        out.append("</ol>")
    return "\n".join([*out, "</div>"])


class course_map(nodes.General, nodes.Element):  # noqa: N801 - docutils calls the visitor by this name
    """The place of the picture; `html` is its text once all pages are known."""


class FieldMap(SphinxDirective):
    """Put a picture of what the lines describe here."""

    has_content = True
    required_arguments, final_argument_whitespace = 1, True  # what it shows, for whoever hears it

    def run(self) -> list[nodes.Node]:
        return [course_map(lines="\n".join(self.content), label=self.arguments[0])]


class CourseMap(SphinxDirective):
    """Put the picture of the whole course here."""

    def run(self) -> list[nodes.Node]:
        shows(self.env, "map")
        return [course_map()]


def fill_in(app: Sphinx, document: nodes.document, page: str) -> None:
    """Draw the picture, now that all pages are known."""
    for node in document.findall(course_map):
        language = app.config.language
        found = written_bands(app, page, node["lines"]) if "lines" in node else bands(app, page)
        label = node.get("label") or word(language, "the course")
        style = " ".join((STYLE + "".join(own_arrows(found))).split("\n"))
        svg = picture(found, label).replace("<defs>", f"<style>{style}</style><defs>", 1)
        node["html"] = f'<div class="ds-map">{svg}\n{listed(found, language)}</div>\n'


def visit_map(translator: HTML5Translator, node: course_map) -> None:
    translator.body.append(node.get("html", ""))
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, object]:
    app.add_node(course_map, html=(visit_map, None))
    app.add_directive("course-map", CourseMap)
    app.add_directive("field-map", FieldMap)
    app.connect("doctree-resolved", fill_in)
    write_anew(app, "map")
    return {"parallel_read_safe": True, "parallel_write_safe": True, "env_version": 1}
