"""The few icons that our pages show, cut out of the theme's icon script.

The theme draws its icons with a script of 1.5 MB or with fonts of 300 KB that hold every icon there is. `icons.css`,
written at build, holds the two dozen that the templates name; `data_url` gives ds_weight.py those that a style
sheet puts before a text. Each is a mask, so it takes the colour of the text.
"""

from __future__ import annotations

import functools
import importlib.util
import re
from pathlib import Path
from urllib.parse import quote

from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

# Icons that the theme's templates and our pages show, as "family name".
ICONS = (
    "solid arrow-up", "solid magnifying-glass", "solid sun", "solid moon", "solid circle-half-stroke",
    "solid bars", "solid list", "solid angle-left", "solid angle-right", "solid chevron-down",
    "solid chevron-right", "solid download", "solid code", "solid file", "solid file-pdf", "solid expand",
    "solid compress", "solid rocket", "solid pencil", "solid lightbulb", "solid xmark", "solid caret-down",
    "brands github", "brands gitlab",
)  # fmt: skip
ALIASES = {"pencil": ("pencil-alt",)}
ENTRY = re.compile(r'[{,]"?([\w-]+)"?:\[(\d+),(\d+),\[[^\]]*\],"([0-9a-f]+)","([^"]+)"\]')
MASK = "var(--ds-icon, none) center / contain no-repeat"
LICENCE = (
    "/* Icons: Font Awesome Free, (c) Fonticons, Inc., CC BY 4.0, https://fontawesome.com/license/free */\n"
)


@functools.cache
def drawings() -> dict[str, str]:
    """Return all icons of the theme's script as `data:` addresses, by name and by code point (hexadecimal)."""
    spec = importlib.util.find_spec("pydata_sphinx_theme")
    if spec is None or spec.origin is None:
        raise ExtensionError("the theme's base, pydata_sphinx_theme, is not installed")
    script = Path(spec.origin).parent / "theme/pydata_sphinx_theme/static/scripts/fontawesome.js"
    result = {}
    for name, width, height, code, path in ENTRY.findall(script.read_text(encoding="utf8")):
        box = f"viewBox='0 0 {width} {height}'"
        picture = f"<svg xmlns='http://www.w3.org/2000/svg' {box}><path d='{path}'/></svg>"
        # Families stand in the order brands, regular, solid: of two icons with one name the solid one counts.
        result[name] = result[code] = "data:image/svg+xml," + quote(picture, safe="' =:/")
    return result


def data_url(name: str) -> str:
    """Return the icon with this name, or with this code point in hexadecimal digits, as a `data:` address."""
    if name not in drawings():
        raise ExtensionError(
            f"the theme's icon script has no icon {name!r} (see ICONS in book/_ext/ds_icons.py)"
        )
    return drawings()[name]


def icon_css() -> str:
    """Return style rules that draw each of ICONS as a mask."""
    rules = [
        ".fa-solid, .fas, .fa-brands, .fab { display: inline-block; width: 1em; height: 1em;"
        f" flex: none; vertical-align: -0.125em; background-color: currentColor; -webkit-mask: {MASK}; mask: {MASK}; }}"
    ]
    for icon in ICONS:
        name = icon.split()[1]
        selector = ", ".join(f".fa-{label}" for label in (name, *ALIASES.get(name, ())))
        rules.append(f'{selector} {{ --ds-icon: url("{data_url(name)}"); }}')
    return LICENCE + "\n".join(rules) + "\n"


def write_icons(app: Sphinx) -> None:
    """Write `icons.css` beside the doctrees and let Sphinx copy it with the other static files."""
    if app.builder.format != "html":
        return
    folder = Path(app.doctreedir) / "generated_static"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "icons.css").write_text(icon_css(), encoding="utf8")
    app.config.html_static_path.append(str(folder))
    app.add_css_file("icons.css")


def setup(app: Sphinx) -> dict[str, object]:
    app.connect("builder-inited", write_icons)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
