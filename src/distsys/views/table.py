"""A small table as accessible HTML and as aligned text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from distsys.core.errors import ArgumentError

from .markup import escaped


@dataclass(frozen=True)
class Table:
    """Rows under a header; it shows itself in a notebook, on a page and in a terminal."""

    html: str
    text: str

    def __repr__(self) -> str:
        return self.text

    def __str__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        return self.html


def table(rows: Iterable[Sequence[Any]], header: Sequence[str], *, caption: str = "") -> Table:
    """Return a table; numbers stand to the right, and a float is shown with four digits that count.

    >>> print(table([("ring", 0.31448), ("jump", 12)], ("method", "value")))
    method   value
    ------  ------
    ring    0.3145
    jump        12
    """
    wanted = [tuple(row) for row in rows]
    for place, row in enumerate(wanted, 1):
        if len(row) != len(header):
            raise ArgumentError(
                f"row {place} must have {len(header)} cells, as the header, but it has {len(row)}"
            )
    cells = [[_cell(value) for value in row] for row in wanted]
    right = [bool(wanted) and all(_is_number(row[place]) for row in wanted) for place in range(len(header))]
    return Table(_html(cells, header, right, caption), _text(cells, header, right, caption))


def _is_number(value: Any) -> bool:
    return (isinstance(value, (int, float)) and not isinstance(value, bool)) or (
        isinstance(value, str) and value.rstrip("%").replace(".", "", 1).replace(",", "").isdigit()
    )


def _cell(value: Any) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _html(cells: list[list[str]], header: Sequence[str], right: list[bool], caption: str) -> str:
    look = "padding:.3em .55em;vertical-align:top;border-bottom:1px solid rgba(128,128,128,.5)"
    style = [f'style="text-align:{"right" if to_right else "left"};{look}"' for to_right in right]
    style[0] = style[0][:-1] + ';white-space:nowrap"'
    head = "".join(f'<th scope="col" {style[i]}>{escaped(name)}</th>' for i, name in enumerate(header))
    body = "".join(
        "<tr>" + "".join(f"<td {style[i]}>{escaped(cell)}</td>" for i, cell in enumerate(row)) + "</tr>"
        for row in cells
    )
    title = f"<caption>{escaped(caption)}</caption>" if caption else ""
    return (
        '<div style="overflow-x:auto;max-width:100%" tabindex="0" role="group" '
        f'aria-label="{escaped(caption or "table")}"><table class="ds-table" style="border-collapse:collapse">{title}'
        f"<thead><tr>{head}</tr></thead>"
        f"<tbody>{body}</tbody></table></div>"
    )


def _text(cells: list[list[str]], header: Sequence[str], right: list[bool], caption: str) -> str:
    wide = [max([len(name), *(len(row[place]) for row in cells)]) for place, name in enumerate(header)]

    def line(row: Sequence[str]) -> str:
        parts = [f"{cell:>{wide[i]}}" if right[i] else f"{cell:<{wide[i]}}" for i, cell in enumerate(row)]
        return "  ".join(parts).rstrip()

    lines = [line(header), "  ".join("-" * width for width in wide), *map(line, cells)]
    return "\n".join([caption, *lines] if caption else lines)
