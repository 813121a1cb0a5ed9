"""The reference of the package, drawn from its docstrings.

A line `% modules of distsys.core` in a page is replaced by one section for each module of that package: a new module
is in the reference without anybody's help. With `... but part, part` these parts are left out, for they have a page of
their own, where the line says `... only part, part`; a part may end in `*`. The docstrings of the package are plain
text with code between backticks and aligned lists of names; `as_rst` turns them into what autodoc reads.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
import sys
from fnmatch import fnmatch

from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.errors import ExtensionError

MARKER = re.compile(r"^% modules of (distsys[\w.]*)(?: (but|only) (\w+\*?(?:, \w+\*?)*))?$", re.MULTILINE)
ROW = re.compile(r"^(\S(?:.*?\S)?)\s{2,}(\S.*)$")  # a name, at least two spaces, what it is

# With -n Sphinx reports each type in a signature that has no page to lead to. These have none, for a reason.
UNLINKED = (
    # The standard library: its pages are at another origin, and reading their index needs the network.
    ("py:.*", rf"(?:{'|'.join(sorted(sys.stdlib_module_names))})(?:\..*)?"),
    # Packages that only views and batched lookups use: as above.
    ("py:.*", r"(?:numpy|np|matplotlib|networkx|ipywidgets)(?:\..*)?"),
    # Type variables and aliases: autodoc gives them no entry of their own.
    ("py:.*", r"(?:distsys\.[\w.]+\.)?[A-Z][A-Z0-9]?"),
    ("py:.*", r"(?:[a-z]\.)?_?[A-Z]\w*"),
    ("py:.*", r"distsys\.[\w.]+\._[A-Z]\w*"),  # a private class has no entry
)


def module_names(package: str) -> list[str]:
    """Return the names of the public modules in `package`, sub-packages included, sorted."""
    found = importlib.import_module(package)
    names = [info.name for info in pkgutil.walk_packages(found.__path__, f"{package}.")]
    return sorted(name for name in names if not any(part.startswith("_") for part in name.split(".")))


def section(name: str) -> str:
    """Return the section of one module as MyST text, or nothing when the module says nothing about itself."""
    if not importlib.import_module(name).__doc__:
        return ""
    return (
        f"## `{name}`\n\n```{{eval-rst}}\n.. automodule:: {name}\n   :members:\n   :show-inheritance:\n```\n"
    )


def fill_in(app: Sphinx, page: str, source: list[str]) -> None:
    """Replace each marker in the text of a page by the sections of its modules."""

    def sections(match: re.Match[str]) -> str:
        package, word, parts = match[1], match[2], (match[3] or "").split(", ")

        def is_named(name: str) -> bool:
            first = name.removeprefix(f"{package}.").split(".")[0]
            return any(fnmatch(first, part) for part in parts)

        names = (name for name in module_names(package) if not word or is_named(name) == (word == "only"))
        text = "\n".join(map(section, names))
        if not text:
            raise ExtensionError(f"{page} asks for the modules of {match[1]}, but there are none")
        return text

    source[0] = MARKER.sub(sections, source[0])


def escaped(line: str) -> str:
    r"""Return `line` with the marks of reStructuredText outside backticks made plain.

    >>> escaped("`a*b` and *args of on_ and a|b")
    '``a*b`` and \\*args of on\\_ and a\\|b'
    """
    parts = re.split(r"(``[^`]+``|`[^`]+`)", line)
    for index, part in enumerate(parts):
        if index % 2:
            parts[index] = f"``{part.strip('`')}``"
        else:
            parts[index] = re.sub(r"([*|`])", r"\\\1", re.sub(r"_(?=\W|$)", r"\\_", part))
    return "".join(parts)


def rows(block: list[str]) -> list[str] | None:
    """Return an aligned list of names as a definition list, or None when `block` is no such list."""
    result: list[str] = []
    for line in block:
        match = ROW.match(line)
        if match:
            result += [f"``{match[1].strip('`')}``", f"   {escaped(match[2])}"]
        elif line.startswith("  ") and result:
            result.append(f"   {escaped(line.strip())}")
        else:
            return None
    return result


def as_rst(lines: list[str]) -> list[str]:
    """Return the docstring `lines` as reStructuredText."""
    blocks: list[list[str]] = [[]]
    for line in lines:
        if line.strip():
            blocks[-1].append(line.rstrip())
        elif blocks[-1]:
            blocks.append([])
    result: list[str] = []
    for block in filter(None, blocks):
        result += [*rendered(block), ""]
    return result


def rendered(block: list[str]) -> list[str]:
    """Return one block of a docstring as reStructuredText."""
    if block[0].lstrip().startswith(">>>"):
        return block
    if all(line.startswith(" ") for line in block):  # code, a drawing, or a table
        return ["::", "", *(f"   {line}" for line in block)]
    table = rows(block)
    if table is not None:
        return table
    if block[0].startswith(("- ", "* ")):
        return [
            line[:2] + escaped(line[2:]) if line[0] in "-*" else f"  {escaped(line.strip())}"
            for line in block
        ]
    for index, line in enumerate(
        block[1:], 1
    ):  # a paragraph that ends in a list or a drawing without a blank line
        if line.startswith((" ", "- ", "* ")) or ROW.match(line):
            return [*map(escaped, block[:index]), "", *rendered(block[index:])]
    return [escaped(line) for line in block]


def docstring(app: Sphinx, what: str, name: str, thing: object, options: object, lines: list[str]) -> None:
    """Turn a docstring of the package into reStructuredText, in place."""
    lines[:] = as_rst(lines)


def set_config(app: Sphinx, config: Config) -> None:
    """Tell Sphinx which types have no page, beside those that `_config.yml` names."""
    config.nitpick_ignore_regex = [*config.nitpick_ignore_regex, *UNLINKED]


def setup(app: Sphinx) -> dict[str, object]:
    app.connect("config-inited", set_config)
    app.connect("source-read", fill_in)
    app.connect("autodoc-process-docstring", docstring)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
