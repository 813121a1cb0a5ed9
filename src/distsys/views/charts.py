"""Charts of numbers, drawn by matplotlib, in the colours of the page: `lines`, `bars`, and `table` for exact values.

matplotlib draws with stand-in colours, which are then replaced by the variables of `theme`, so a chart follows
light and dark like every other picture. Series differ by marker, dash or hatch as well as by hue. The bytes
depend only on the data and on matplotlib's version, which constraints.txt pins.
"""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from distsys.core.errors import ArgumentError, ArgumentTypeError

from .drawing import Drawing
from .theme import HUES, colour, style

WIDTH, HEIGHT = 4.6, 3.1  # inches: 442 pixels wide, so a telephone shrinks the text to 9 points and not below
STAND_IN = {"ink": "#010203", "quiet": "#010204", **{hue: f"#0102{50 + int(hue):02x}" for hue in HUES}}
MARKERS = ("o", "s", "^", "D", "v", "P")
DASHES = ("-", (0, (5, 2)), (0, (1, 1.5)), (0, (6, 2, 1, 2)), (0, (3, 1)), (0, (8, 3)))
HATCHES = ("", "////", "....", "xxxx", "----", "\\\\\\\\")
SETTINGS: dict[str, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "distsys",
    "font.family": "sans-serif",
    "font.size": 11.5,
    "axes.titlesize": 11.5,
    "axes.labelsize": 11.5,
    "legend.fontsize": 11,
    "axes.edgecolor": STAND_IN["quiet"],
    "axes.labelcolor": STAND_IN["ink"],
    "text.color": STAND_IN["ink"],
    "xtick.color": STAND_IN["quiet"],
    "xtick.labelcolor": STAND_IN["ink"],
    "ytick.color": STAND_IN["quiet"],
    "ytick.labelcolor": STAND_IN["ink"],
    "axes.spines.top": False,
    "axes.spines.right": False,
    "hatch.color": STAND_IN["ink"],
}


def lines(
    x: Sequence[float],
    series: Mapping[str, Sequence[float]],
    *,
    xlabel: str,
    ylabel: str,
    alt: str,
    caption: str = "",
    curves: Sequence[str] = (),
    log: str = "",
    percent: bool = False,
) -> Drawing:
    """Return a chart of some series over `x`.

    `series` maps a label to as many values as `x` has; those named in `curves` are predictions, drawn as a line without
    points, the others are measurements, drawn as points. `log` names the axes with a logarithmic scale: "x", "y", "xy".
    With `percent` the values of y are parts of one and are shown in per cent. `alt` says in words what is to be seen.
    """
    _check(x, series, alt)
    if log not in ("", "x", "y", "xy"):
        raise ArgumentError(f"log must be '', 'x', 'y' or 'xy', but it is {log!r}")
    figure, axes = _axes(xlabel, ylabel)
    with _settings():
        for place, (label, values) in enumerate(series.items()):
            look: dict[str, Any] = {"color": STAND_IN[HUES[place % len(HUES)]], "label": label}
            if label in curves:
                look |= {"linestyle": DASHES[place % len(DASHES)], "linewidth": 1.8}
            else:
                look |= {"linestyle": "none", "marker": MARKERS[place % len(MARKERS)], "markersize": 6.5}
            axes.plot(x, values, **look)
        if "x" in log:
            axes.set_xscale("log")
            axes.set_xticks(list(x), [_number(value) for value in x])
            axes.minorticks_off()
        if "y" in log:
            axes.set_yscale("log")
        if percent:
            axes.yaxis.set_major_formatter(_formatter())
        axes.legend(frameon=False)
    rows = [[_number(value), *(_number(ys[place], percent) for ys in series.values())] for place, value in enumerate(x)]
    return _drawing(figure, rows, [xlabel, *series], alt, caption)


def bars(
    series: Mapping[str, Mapping[str, float]],
    *,
    ylabel: str,
    alt: str,
    caption: str = "",
    xlabel: str = "",
    mean: float | None = None,
) -> Drawing:
    """Return bars side by side: `series` maps a label to {name: value}; all series have the same names.

    With `mean`, a line across the chart marks that value.
    """
    names = list(next(iter(series.values()), {}))
    for label, values in series.items():
        if list(values) != names:
            raise ArgumentError(f"series must have the same names in the same order, but {label!r} has others")
    _check(names, {label: list(values.values()) for label, values in series.items()}, alt)
    figure, axes = _axes(xlabel, ylabel)
    width = 0.8 / len(series)
    with _settings():
        for place, (label, values) in enumerate(series.items()):
            at = [index + (place - (len(series) - 1) / 2) * width for index in range(len(names))]
            look = {"facecolor": STAND_IN[HUES[place % len(HUES)]], "hatch": HATCHES[place % len(HATCHES)]}
            axes.bar(at, list(values.values()), width * 0.92, label=label, **look)
        if mean is not None:
            axes.axhline(mean, color=STAND_IN["ink"], linestyle=(0, (5, 2)), linewidth=1.4, label="mean")
        axes.set_xticks(range(len(names)), names)
        axes.legend(frameon=False)
    rows = [[name, *(_number(values[name]) for values in series.values())] for name in names]
    return _drawing(figure, rows, [xlabel or "name", *series], alt, caption)


def table(header: Sequence[str], rows: Sequence[Sequence[object]], *, caption: str = "") -> Drawing:
    """Return rows of values as an accessible table: the first cell of a row is its heading, numbers stand right."""
    for row in rows:
        if len(row) != len(header):
            raise ArgumentError(f"rows must have {len(header)} cells like the header, but one has {len(row)}: {row}")
    cells = [[_number(cell) if isinstance(cell, (int, float)) else str(cell) for cell in row] for row in rows]
    return Table(svg="", text=_text(header, cells), alt=caption or ", ".join(header), caption=caption,
                 words=_html(header, cells))  # fmt: skip


class Table(Drawing):
    """A table: it has words and no picture."""

    def _repr_html_(self) -> str:
        caption = f"<figcaption>{escape(self.caption)}</figcaption>" if self.caption else ""
        box = 'class="ds-table" tabindex="0" role="group" style="overflow-x:auto;max-width:100%"'
        label = escape(self.alt)
        return (
            f'<figure class="ds-run" style="margin:1em 0"><div {box} aria-label="{label}">{self.words}</div>'
            f"{caption}</figure>"
        )


def _check(x: Sequence[object], series: Mapping[str, Sequence[float]], alt: str) -> None:
    if not isinstance(alt, str) or not alt.strip():
        raise ArgumentTypeError("alt must say in words what the chart shows, but it is empty")
    if not series or not x:
        raise ArgumentError("series must hold at least one series with at least one value, but it is empty")
    for label, values in series.items():
        if len(values) != len(x):
            raise ArgumentError(f"series must have {len(x)} values each, but {label!r} has {len(values)}")


def _settings() -> Any:
    import matplotlib

    return matplotlib.rc_context(SETTINGS)


def _axes(xlabel: str, ylabel: str) -> tuple[Any, Any]:
    from matplotlib.figure import Figure

    with _settings():
        figure = Figure(figsize=(WIDTH, HEIGHT), facecolor="none", layout="constrained")
        axes = figure.subplots()
        axes.set_facecolor("none")
        axes.set_xlabel(xlabel)
        axes.set_ylabel(ylabel)
    return figure, axes


def _formatter() -> Any:
    from matplotlib.ticker import FuncFormatter

    return FuncFormatter(lambda value, _: f"{100 * value:g} %")


def _number(value: object, percent: bool = False) -> str:
    """Return a number in a form for people: counts whole, shares with three digits."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return str(value)
    if percent:
        return f"{100 * value:.3g} %"
    return f"{value:,}" if isinstance(value, int) else f"{value:.4g}"


def _drawing(figure: Any, rows: list[list[str]], header: Sequence[str], alt: str, caption: str) -> Drawing:
    out = io.StringIO()
    with _settings():
        figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None}, transparent=True)
    svg = out.getvalue()
    svg = svg[svg.index("<svg") :].strip()
    svg = re.sub(r"\s*<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    for name, stand_in in STAND_IN.items():
        svg = svg.replace(stand_in, colour(name))
    svg = re.sub(r"font: ([\d.]+)px [^;\"]*", r"font: \1px var(--bs-font-sans-serif, sans-serif)", svg)
    mark = "c" + hashlib.sha256(svg.encode()).hexdigest()[:10]
    svg = re.sub(r'id="([^"]+)"', rf'id="{mark}-\1"', svg)
    svg = re.sub(r"url\(#([^)]+)\)", rf"url(#{mark}-\1)", svg)
    svg = re.sub(r'xlink:href="#([^"]+)"', rf'href="#{mark}-\1"', svg)
    size = re.search(r'width="([\d.]+)pt" height="([\d.]+)pt"', svg)
    assert size is not None, "matplotlib wrote a picture without a size"
    pixels = round(float(size[1]) * 4 / 3)
    head = (
        f'<svg class="{mark}" role="img" aria-labelledby="{mark}-alt" width="{pixels}" '
        f'style="max-width:100%;min-width:{round(pixels * 0.8)}px;height:auto"'
    )
    svg = svg.replace(f"<svg {size[0]}", head, 1) if f"<svg {size[0]}" in svg else re.sub(
        r'<svg[^>]*?width="[\d.]+pt" height="[\d.]+pt"', head, svg, count=1
    )  # fmt: skip
    sheet = style(mark, _rules(svg), STAND_IN)
    title = f'<title id="{mark}-alt">{escape(alt)}</title><style>{sheet}</style>'
    close = svg.index(">") + 1
    svg = svg[:close] + title + svg[close:]
    return Drawing(svg, _text(header, rows), alt, caption, _html(header, rows), "The numbers")


def _rules(svg: str) -> str:
    """Return a rule that names the colours the picture uses, so that `style` declares them."""
    used = "".join(f"/*{colour(name)}*/" for name in STAND_IN if colour(name) in svg)
    return used


def _text(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return the rows as plain text in columns; the first column stands left, the others right."""
    widths = [max(len(row[place]) for row in [list(header), *rows]) for place in range(len(header))]
    out = []
    for row in [list(header), *rows]:
        first = row[0].ljust(widths[0])
        out.append("  ".join([first, *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]))
    return "\n".join(line.rstrip() for line in out)


def _html(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in header)
    body = "".join(
        f'<tr><th scope="row">{escape(row[0])}</th>'
        + "".join(f"<td{_align(cell)}>{escape(cell)}</td>" for cell in row[1:])
        + "</tr>"
        for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _align(cell: str) -> str:
    return ' style="text-align:right"' if re.fullmatch(r"[-\d.,]+( %)?", cell) else ' style="text-align:left"'
