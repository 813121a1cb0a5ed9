"""What every page shares: version, repository address, icons; which pages a change of the package touches.

- The version comes from `pyproject.toml`, the one place where it stands.
- The repository's address comes from `repository: url` of `_config.yml`, or from the environment variable
  BOOK_REPOSITORY_URL, which wins. While there is none, the launch, edit, issue and source buttons are
  left out, so that no control leads nowhere.
- The theme draws its icons with a script of 1.5 MB that holds every icon there is. `icons.css`, written at
  build from the theme's own icons, holds the dozen that our pages show.
- Pages that run or quote the package are read again when the package changes, and only then.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import tomllib
from pathlib import Path
from urllib.parse import quote, urlsplit

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.environment import BuildEnvironment
from sphinx.errors import ExtensionError

PACKAGE = Path("src/distsys")
# Icons that the theme's templates and our pages show, as "family name".
ICONS = (
    "solid arrow-up", "solid magnifying-glass", "solid sun", "solid moon", "solid circle-half-stroke",
    "solid bars", "solid list", "solid angle-left", "solid angle-right", "solid chevron-down",
    "solid chevron-right", "solid download", "solid code", "solid file", "solid file-pdf", "solid expand",
    "solid compress", "solid rocket", "solid pencil", "solid lightbulb", "solid xmark", "solid caret-down",
    "brands github", "brands gitlab",
)  # fmt: skip
ALIASES = {"pencil": ("pencil-alt",)}


def root_of(app: Sphinx) -> Path:
    """Return the folder of the project: Jupyter Book's source folder."""
    return Path(app.srcdir)


def book_version(root: Path) -> str:
    """Return the version that stands in `pyproject.toml`."""
    with (root / "pyproject.toml").open("rb") as file:
        return str(tomllib.load(file)["project"]["version"])


def set_config(app: Sphinx, config: Config) -> None:
    """Fill in what depends on other files or on the environment; runs before the theme reads its options."""
    os.environ.setdefault("DISTSYS_STATIC", "1")  # a page has no kernel: views show what needs none
    config.version = config.release = book_version(root_of(app))
    options = dict(config.html_theme_options)
    address = (
        (os.environ.get("BOOK_REPOSITORY_URL") or options.get("repository_url") or "").strip().rstrip("/")
    )
    if address:
        parts = urlsplit(address)
        if parts.scheme != "https" or len(parts.path.strip("/").split("/")) != 2:
            raise ExtensionError(
                "the repository's address must look like https://github.com/owner/name, "
                f"but it is {address!r} (BOOK_REPOSITORY_URL, or repository: url in _config.yml)"
            )
        options |= {"repository_url": address, "use_repository_button": True}
        options |= {"use_issues_button": True, "use_edit_page_button": True}
    else:
        options |= {"repository_url": "", "launch_buttons": {}, "use_repository_button": False}
        options |= {"use_issues_button": False, "use_edit_page_button": False}
    options |= {
        "search_bar_text": "Search this book",
        "navbar_persistent": [],
    }  # one search field, in the sidebar
    config.html_theme_options = options
    config.html_context = {**config.html_context, "book_version": config.version, "default_mode": "auto"}


def icon_css(script: str) -> str:
    """Return style rules that draw each of ICONS as a mask, from the text of the theme's icon script."""
    rules = [
        ".fa-solid, .fas, .fa-brands, .fab { display: inline-block; width: 1em; height: 1em;"
        " vertical-align: -0.125em;"
        " background-color: currentColor; -webkit-mask: var(--ds-icon, none) center / contain no-repeat;"
        " mask: var(--ds-icon, none) center / contain no-repeat; }"
    ]
    for icon in ICONS:
        name = icon.split()[1]
        found = re.findall(rf'[{{,]"?{name}"?:\[(\d+),(\d+),\[[^\]]*\],"[0-9a-f]+","([^"]+)"\]', script)
        if not found:
            raise ExtensionError(
                f"the theme's icon script has no icon {name!r}; see ICONS in book/_ext/ds_site.py"
            )
        width, height, path = found[-1]  # families stand in the order brands, regular, solid
        picture = (
            f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {width} {height}'><path d='{path}'/></svg>"
        )
        selector = ", ".join(f".fa-{label}" for label in (name, *ALIASES.get(name, ())))
        url = quote(picture, safe="' =:/")
        rules.append(f'{selector} {{ --ds-icon: url("data:image/svg+xml,{url}"); }}')
    return "\n".join(rules) + "\n"


def write_icons(app: Sphinx) -> None:
    """Write `icons.css` beside the doctrees and let Sphinx copy it with the other static files."""
    if app.builder.format != "html":
        return
    spec = importlib.util.find_spec("pydata_sphinx_theme")
    if spec is None or spec.origin is None:
        raise ExtensionError("the theme's base, pydata_sphinx_theme, is not installed")
    theme = Path(spec.origin).parent / "theme/pydata_sphinx_theme/static/scripts/fontawesome.js"
    folder = Path(app.doctreedir) / "generated_static"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "icons.css").write_text(icon_css(theme.read_text(encoding="utf8")), encoding="utf8")
    app.config.html_static_path.append(str(folder))
    app.add_css_file("icons.css")


def drop_unused(app: Sphinx, error: Exception | None) -> None:
    """Remove what no page loads: the theme's icon script, source maps, templates, old fonts."""
    if error is None and app.builder.format == "html":
        static = Path(app.outdir) / "_static"
        for path in (
            *static.rglob("*.map"),
            *static.rglob("fontawesome.js*"),
            *static.rglob("*.ttf"),
            *static.glob("*.html"),
        ):
            path.unlink(missing_ok=True)


def package_digest(root: Path) -> str:
    """Return a digest of every source file of the package."""
    digest = hashlib.sha256()
    for path in sorted((root / PACKAGE).rglob("*.py")):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def outdated(app: Sphinx, env: BuildEnvironment, added: set, changed: set, removed: set) -> list[str]:
    """Return the pages that run the package, if the package is not the one they were read with."""
    digest = package_digest(root_of(app))
    if getattr(env, "ds_package_digest", digest) == digest:
        env.ds_package_digest = digest  # type: ignore[attr-defined]
        return []
    env.ds_package_digest = digest  # type: ignore[attr-defined]
    return [name for name in sorted(env.found_docs) if uses_package(env, name)]


def uses_package(env: BuildEnvironment, name: str) -> bool:
    """Return whether the page `name` runs the package: a notebook, or a page that said so when read."""
    return env.doc2path(name).endswith(".ipynb") or name in getattr(env, "ds_runs_package", set())


def note_use(env: BuildEnvironment) -> None:
    """Remember that the page being read runs the package (called by our directives)."""
    if not hasattr(env, "ds_runs_package"):
        env.ds_runs_package = set()  # type: ignore[attr-defined]
    env.ds_runs_package.add(env.docname)


def page_context(
    app: Sphinx, page: str, template: str, context: dict, doctree: nodes.document | None
) -> None:
    """Leave out what no page of ours needs: the scripts of live widgets."""
    scripts = context.get("script_files", [])
    context["script_files"] = [
        script for script in scripts if "://" not in str(getattr(script, "filename", script))
    ]


def setup(app: Sphinx) -> dict[str, object]:
    app.connect("config-inited", set_config, priority=100)
    app.connect("builder-inited", write_icons)
    app.connect("env-get-outdated", outdated)
    app.connect("build-finished", drop_unused)
    app.connect("html-page-context", page_context, priority=900)
    return {"parallel_read_safe": False, "parallel_write_safe": True}
