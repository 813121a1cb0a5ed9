"""Only what a page uses is sent: the style of parts that it shows, rules that match something, no icon font.

- `page_context` leaves out the style and the scripts of parts (tabs, solutions, copy buttons ...) that a page does
  not show.
- When all pages are written, `slim` takes from the theme's style sheets every rule that can match nothing, because
  it names a class, an id or an element that occurs in no page and in no script (see ds_css.py).
  From the index of the search it takes what stands there twice, and from the pages white space between elements.
"""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

from docutils import nodes
from ds_css import Names, slimmed, variables_used
from sphinx.application import Sphinx

# The files of a part, and what stands in the body of a page that shows it.
PARTS = {
    re.compile("sphinx-design"): re.compile(r'class="[^"]*\bsd-'),
    re.compile("design-tabs"): re.compile("sd-tab-set"),
    re.compile("togglebutton"): re.compile(r'class="[^"]*\b(?:toggle|dropdown)\b'),
    re.compile("copybutton|clipboard"): re.compile(r'class="[^"]*\bhighlight\b'),
    re.compile("mystnb"): re.compile(r'class="[^"]*\bcell'),
    re.compile(r"\bproof\.css"): re.compile(r'class="[^"]*\bproof\b'),
    re.compile(r"\bexercise\.css"): re.compile(r'class="[^"]*\b(?:exercise|solution)\b'),
}
OWN = ("distsys.css", "icons.css", "math.css")  # ours hold nothing in vain
WORD = re.compile(r"[A-Za-z_][\w-]*")
ELEMENT = re.compile(r"<([A-Za-z][\w-]*)")
CLASS = re.compile(r"""\sclass=(["'])(.*?)\1""", re.DOTALL)
ID = re.compile(r"""\sid=(["'])(.*?)\1""")
SCRIPT = re.compile(r"<script[^>]*>(.+?)</script>", re.DOTALL)
OBJECT = re.compile(r"(module-)?distsys\b")
LEFT_OVER = ("*.map", "*.ttf", "fontawesome.js*", "fontawesome")


def needed(file: object, body: str) -> bool:
    """Return whether a page with this body needs a style sheet or script; live widgets need another origin."""
    name = str(getattr(file, "filename", file))
    if "://" in name:
        return False
    return all(shown.search(body) for part, shown in PARTS.items() if part.search(name))


def page_context(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Leave out what this page does not use."""
    body = str(context.get("body", ""))
    for kind in ("css_files", "script_files"):
        context[kind] = [file for file in context.get(kind, []) if needed(file, body)]


def names_of(site: Path) -> Names:
    """Return everything that a style rule of the site can match; a little more does no harm."""
    names = Names()
    for page in site.rglob("*.html"):
        text = page.read_text(encoding="utf8")
        names.elements.update(name.lower() for name in ELEMENT.findall(text))
        for found in CLASS.findall(text):
            names.classes.update(found[1].split())
        names.ids.update(found[1] for found in ID.findall(text))
        for script in SCRIPT.findall(text):
            names.words.update(WORD.findall(script))
    for path in (site / "_static").rglob("*.js"):
        names.words.update(WORD.findall(path.read_text(encoding="utf8")))
    return names


def once(index: str) -> str:
    """Return an index of the search without the entries of the index of words that are documented objects, too.

    Search looks through `objects` by itself, and finds there what the entry would lead to.

    >>> entries = '"put() (in distsys)":[[4,"distsys.put",false]],"put":[[4,"term-put",true]]'
    >>> once('Search.setIndex({"indexentries":{' + entries + "}})")
    'Search.setIndex({"indexentries":{"put":[[4,"term-put",true]]}})'
    """
    start, end = index.index("(") + 1, index.rindex(")")
    content = json.loads(index[start:end])
    entries = content["indexentries"].items()
    content["indexentries"] = {
        name: places for name, places in entries if not all(OBJECT.match(id) for _, id, _ in places)
    }
    return index[:start] + json.dumps(content, separators=(",", ":")) + index[end:]


# Numbers of runs, which nobody looks for. Years, ports, numbers of issues and words like 2pc are shorter.
LONG = re.compile(r"\d{6}|^0\d|^\d+[a-z_]\w{2}")


def worded(index: str) -> str:
    """Return an index of the search without the long numbers that the outputs of notebooks are full of.

    >>> worded('Search.setIndex({"terms":{"2010":1,"4294967300":2,"7ms12":3,"2pc":4}})')
    'Search.setIndex({"terms":{"2010":1,"2pc":4}})'
    """
    start, end = index.index("(") + 1, index.rindex(")")
    content = json.loads(index[start:end])
    content["terms"] = {term: places for term, places in content["terms"].items() if not LONG.search(term)}
    return index[:start] + json.dumps(content, separators=(",", ":")) + index[end:]


def without_reference(index: str) -> str:
    """Return an index without the words of the reference, which is found by its objects, and the titles of exercises.

    >>> text = '"docnames":["book/api-lab","a"],"objects":{"distsys.lab.x":1,"distsys.core":2},"titleterms":{},'
    >>> text += '"alltitles":{"X":[[0,null],[1,"x"]],"Y":[[0,"y"]]},"terms":{"both":[0,1],"here":1,"there":0}'
    >>> without_reference("Search.setIndex({" + text + "})").split('"objects":')[1]
    '{"distsys.core":2},"titleterms":{},"alltitles":{"X":[[1,"x"]]},"terms":{"both":1,"here":1}})'
    """
    start, end = index.index("(") + 1, index.rindex(")")
    content = json.loads(index[start:end])
    reference = {place for place, name in enumerate(content["docnames"]) if name.startswith("book/api-")}
    for words in ("terms", "titleterms"):
        kept = {}
        for word, places in content[words].items():
            left = [
                place
                for place in (places if isinstance(places, list) else [places])
                if place not in reference
            ]
            if left:
                kept[word] = left if len(left) > 1 else left[0]
        content[words] = kept
    titles = {
        title: [
            [place, id] for place, id in places if place not in reference and not (id or "").startswith("ex-")
        ]
        for title, places in content["alltitles"].items()
    }
    content["alltitles"] = {title: places for title, places in titles.items() if places}
    content["objects"] = {
        name: found for name, found in content["objects"].items() if not name.startswith("distsys.lab.")
    }
    return index[:start] + json.dumps(content, separators=(",", ":")) + index[end:]


KEPT = re.compile(r"(<(pre|script|style|textarea|svg)\b.*?</\2>)", re.DOTALL)  # white space counts in these


COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
VIEWPORT = re.compile(  # the template says it three times
    r'\s?<meta name="viewport" content="width=device-width, initial-scale=1" ?/>'
)


TWICE = (
    "<script>var togglebuttonSelector = '.toggle, .admonition.dropdown';</script>"  # two extensions write it
)
VERSION = re.compile(r"(\?v=[0-9a-f]{4})[0-9a-f]{4}(?=\")")  # half of it says as well that a file has changed


def tidy(page: str) -> str:
    r"""Return a page without comments, what stands there twice, and the white space that its template left.

    One line break stays between elements.

    >>> tidy("<p>a\n\n    <b>c</b></p>\n\n<!-- note -->\n<pre>  x\n\n  y</pre>")
    '<p>a\n<b>c</b></p>\n<pre>  x\n\n  y</pre>'
    """
    if page.count(TWICE) > 1:
        page = page.replace(TWICE, "", 1)
    page = VERSION.sub(r"\1", page)
    parts, place, result = KEPT.finditer(page), 0, []
    for kept in parts:
        result += [_tidied(page[place : kept.start()]), kept[0]]
        place = kept.end()
    return "".join([*result, _tidied(page[place:])])


def _tidied(text: str) -> str:
    text = VIEWPORT.sub("", COMMENT.sub("", text))
    return re.sub(r"\n\s*\n", "\n", re.sub(r"\n[ \t]+(?=<|\n)", "\n", text))


def slim(app: Sphinx, error: Exception | None) -> None:
    """Take from the style sheets what matches nothing, and from the site what no page loads."""
    if error is not None or app.builder.format != "html":
        return
    site = Path(app.outdir)
    static = site / "_static"
    for path in [*static.glob("*.html"), *(path for name in LEFT_OVER for path in static.rglob(name))]:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    for page in site.rglob("*.html"):
        text = page.read_text(encoding="utf8")
        if (shorter := tidy(text)) != text:
            page.write_text(shorter, encoding="utf8")
    ours = {static / name for name in OWN}
    sheets = {
        path: path.read_text(encoding="utf8") for path in sorted(static.rglob("*.css")) if path not in ours
    }
    used: set[str] = set()
    for path in [*site.rglob("*.html"), *static.rglob("*.js"), *filter(Path.exists, ours)]:
        used |= variables_used(path.read_text(encoding="utf8"))
    search = site / "searchindex.js"
    search.write_text(without_reference(worded(once(search.read_text(encoding="utf8")))), encoding="utf8")
    written = slimmed(sheets, names_of(site), used)
    for path, text in written.items():
        path.write_text(text, encoding="utf8")


def setup(app: Sphinx) -> dict[str, object]:
    app.connect("html-page-context", page_context, priority=900)
    app.connect("build-finished", slim, priority=900)  # after the style for formulas is written
    return {"parallel_read_safe": True, "parallel_write_safe": True}
