"""`Drawing`: a picture with its words, as a notebook, a page and a terminal can show it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from .markup import escaped


@dataclass(frozen=True)
class Drawing:
    """A picture.

    svg      the picture itself
    text     the same for a terminal
    alt      what it shows, in a sentence or two, for those who cannot see it
    caption  what it is to teach, as a sentence; may be empty
    words    the same once more as sentences or as a table: an HTML fragment that opens under it
    heading  what the fold is called that holds `words`
    """

    svg: str
    text: str
    alt: str
    caption: str = ""
    words: str = ""
    heading: str = "The steps in words"

    def __repr__(self) -> str:
        return f"<Drawing: {self.alt}>"

    def __str__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        """The picture in a notebook or on a page: figure, caption, and the words on demand."""
        box = 'class="ds-figure" tabindex="0" role="group" style="overflow-x:auto;max-width:100%"'
        caption = f"<figcaption>{escaped(self.caption)}</figcaption>" if self.caption else ""
        fold = (
            f"<details><summary>{escaped(self.heading)}</summary>{self.words}</details>" if self.words else ""
        )
        label = escaped(self.alt)
        picture = f'<div {box} aria-label="{label}">{self.svg}</div>'
        return f'<figure class="ds-run" style="margin:1em 0">{picture}{caption}{fold}</figure>'

    def save(self, path: str | Path) -> Path:
        """Write the picture to `path` as an SVG file, and return the path."""
        path = Path(path)
        path.write_bytes((self.svg + "\n").encode())
        return path
