"""`Drawing`: a picture with its words, as a notebook, a page and a terminal can show it."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from distsys.core.errors import ArgumentError, shown

from .markup import escaped

NAME = re.compile(r"fig-[A-Za-z0-9_-]+|run-[0-9a-f]+")


def figure_name(name: object) -> str:
    """Return `name` if it can be the address of a figure, else raise an error."""
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise ArgumentError(
            f"name must begin with 'fig-' and go on with letters, digits or hyphens, but it is {shown(name)}"
        )
    return name


@dataclass(frozen=True)
class Drawing:
    """A picture.

    svg      the picture itself
    text     the same for a terminal
    alt      what it shows, in a sentence or two, for those who cannot see it
    caption  what it is to teach, as a sentence; may be empty
    words    the same once more as sentences or as a table: an HTML fragment that opens under it
    heading  what the fold is called that holds `words`
    name     its address on a page: "fig-loads" is cited as #fig-loads; may be empty
    title    what the list of all figures calls it; the caption, where it is empty
    """

    svg: str
    text: str
    alt: str
    caption: str = ""
    words: str = ""
    heading: str = "The steps in words"
    name: str = ""
    title: str = ""

    def __repr__(self) -> str:
        return f"<Drawing: {self.alt}>"

    def __str__(self) -> str:
        return self.text

    def named(self, name: str, title: str = "") -> Self:
        """Return the same picture with an address on its page, and perhaps a title."""
        return replace(self, name=figure_name(name), title=title or self.title)

    @property
    def opening(self) -> str:
        """The tag that begins the figure."""
        address = f' id="{self.name}"' if self.name else ""
        title = f' data-title="{escaped(self.title)}"' if self.title else ""
        return f'<figure class="ds-run"{address}{title} style="margin:1em 0">'

    def _repr_html_(self) -> str:
        """The picture in a notebook or on a page: figure, caption, and the words on demand."""
        box = 'class="ds-figure" tabindex="0" role="group" style="overflow-x:auto;max-width:100%"'
        caption = f"<figcaption>{escaped(self.caption)}</figcaption>" if self.caption else ""
        fold = (
            f"<details><summary>{escaped(self.heading)}</summary>{self.words}</details>" if self.words else ""
        )
        label = escaped(self.alt)
        picture = f'<div {box} aria-label="{label}">{self.svg}</div>'
        return f"{self.opening}{picture}{caption}{fold}</figure>"

    def save(self, path: str | Path) -> Path:
        """Write the picture to `path` as an SVG file, and return the path."""
        path = Path(path)
        path.write_bytes((self.svg + "\n").encode())
        return path
