"""Charts of numbers, drawn with matplotlib: the same bytes on every run, in the colours of the page.

    from distsys.views import charts
    charts.lines(nodes, {"ring": ring_cv, "jump": jump_cv}, xlabel="nodes", ylabel="variation of load",
                 reference={"sqrt((n-1)/(nv+1))": theory}, alt="...", caption="...")

Series differ by hue, marker and dash, bars by hue and hatching. A chart is laid out for the width of a phone
and may grow to the width of the text. This is the only module of the views that needs matplotlib.
"""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter

from distsys.core.errors import ArgumentError, shown

from .drawing import Drawing
from .markup import escaped
from .svg import KEY
from .table import Table, table
from .theme import FONT, HUES, LIGHT, colour, style

WIDTH, HEIGHT, WIDEST = 348, 250, 520  # px
MARKERS = ("o", "s", "^", "D", "v", "X")
DASHES = ("-", (0, (6, 2)), (0, (2, 2)), (0, (8, 2, 2, 2)), (0, (4, 4)), (0, (1, 1)))
HATCHES = ("", "///", "...", "\\\\\\", "xx", "--")
SETTINGS: dict[Any, Any] = {
    "svg.fonttype": "none",
    "font.family": "DejaVu Sans",  # comes with matplotlib: the layout is the same on every machine
    "font.size": 12,
    "axes.labelsize": 12,
    "xtick.labelsize": 12,
    "ytick.labelsize": 12,
    "legend.fontsize": 12,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": LIGHT["quiet"],
    "axes.labelcolor": LIGHT["ink"],
    "text.color": LIGHT["ink"],
    "xtick.color": LIGHT["quiet"],
    "ytick.color": LIGHT["quiet"],
    "axes.unicode_minus": False,
    "hatch.linewidth": 1.0,
}
Numbers = Sequence[float]
__all__ = ["Table", "bars", "lines", "spans", "spread", "table"]


def lines(
    x: Numbers,
    series: Mapping[str, Numbers],
    *,
    xlabel: str,
    ylabel: str,
    alt: str,
    caption: str = "",
    title: str = "",
    logx: bool = False,
    logy: bool = False,
    reference: Mapping[str, Any] | None = None,
    bands: Mapping[str, Sequence[tuple[float, float]]] | None = None,
) -> Drawing:
    """Return a chart with a line for each series; a `reference` is a line without marks, or a level.

    bands  {label: (low, high) at each x}: a shaded strip, such as where the middle 90 % of fits lie
    """
    x = list(x)
    _check_series(series, len(x), alt)
    if bands:
        _check_series(bands, len(x), alt)
    with _figure(title, xlabel, ylabel) as (figure, axes):
        for place, (label, pairs) in enumerate((bands or {}).items()):
            low, high = zip(*pairs, strict=True)
            hatch = HATCHES[place + 1] if place else None  # the second differs by more than its place
            axes.fill_between(
                x,
                low,
                high,
                facecolor=LIGHT["panel"],
                edgecolor=LIGHT["quiet"],
                hatch=hatch,
                linewidth=0.7,
                label=label,
            )
        for label, values in (reference or {}).items():
            level = [values] * len(x) if isinstance(values, (int, float)) else list(values)
            axes.plot(x, level, color=LIGHT["quiet"], linestyle=(0, (1, 1.5)), linewidth=2, label=label)
        for place, (label, values) in enumerate(series.items()):
            kind = place % len(HUES)
            axes.plot(
                x,
                list(values),
                color=LIGHT[HUES[kind]],
                marker=MARKERS[kind],
                linestyle=DASHES[kind],
                markersize=6,
                markevery=max(1, len(x) // 12),
                label=label,
            )
        if logx:
            _make_log(axes, "x")
        if logy:
            _make_log(axes, "y")
        _legend(figure, axes, len(series) + len(reference or {}) + len(bands or {}))
        picture = _svg(figure, title or f"{ylabel} by {xlabel}", alt)
    columns: list[list[Any]] = [list(values) for values in series.values()]
    columns += [[f"{low:.4g} to {high:.4g}" for low, high in pairs] for pairs in (bands or {}).values()]
    rows = [(value, *(column[place] for column in columns)) for place, value in enumerate(x)]
    return _drawing(picture, alt, caption, table(rows, (xlabel, *series, *(bands or {}))))


def bars(
    labels: Sequence[str],
    values: Numbers | Mapping[str, Numbers],
    *,
    ylabel: str,
    alt: str,
    xlabel: str = "",
    caption: str = "",
    title: str = "",
    logy: bool = False,
    reference: Mapping[str, float] | None = None,
) -> Drawing:
    """Return a chart with a bar for each label, or a group of bars; a `reference` is a level."""
    series = values if isinstance(values, Mapping) else {ylabel: values}
    labels = [str(label) for label in labels]
    _check_series(series, len(labels), alt)
    with _figure(title, xlabel, ylabel) as (figure, axes):
        wide = 0.8 / len(series)
        for place, (label, numbers) in enumerate(series.items()):
            at = [i + (place - (len(series) - 1) / 2) * wide for i in range(len(labels))]
            kind = place % len(HUES)
            axes.bar(
                at,
                list(numbers),
                wide,
                color=LIGHT["panel"] if HATCHES[kind] else LIGHT[HUES[kind]],
                edgecolor=LIGHT[HUES[kind]],
                hatch=HATCHES[kind],
                linewidth=1.2,
                label=label,
            )
        for label, level in (reference or {}).items():
            axes.axhline(level, color=LIGHT["ink"], linestyle=(0, (4, 3)), linewidth=1.5, label=label)
        _name_bars(axes, labels)
        if logy:
            _make_log(axes, "y")
        _legend(figure, axes, len(series) + len(reference or {}) if len(series) > 1 or reference else 0)
        picture = _svg(figure, title or ylabel, alt)
    rows = [
        (label, *(list(numbers)[place] for numbers in series.values())) for place, label in enumerate(labels)
    ]
    return _drawing(picture, alt, caption, table(rows, (xlabel or "what", *series)))


def spans(
    lanes: Mapping[str, Sequence[tuple[float, float]]],
    *,
    xlabel: str,
    alt: str,
    caption: str = "",
    title: str = "",
    bands: Sequence[tuple[float, float, str]] = (),
) -> Drawing:
    """Return lanes one above the other on one axis, with a bar for each (start, end).

    The lengths of the gaps between bars are written there, by turns below and above the lane, with two digits.
    bands  (start, end, label): a shaded part of all lanes, such as a fault, with a short label above it
    """
    _check_series(lanes, len(lanes), alt, equal=False)
    with _figure(title, xlabel, "") as (figure, axes):
        axes.grid(visible=False)
        for start, end, label in bands:
            axes.axvspan(start, end, facecolor=LIGHT["panel"], edgecolor=LIGHT["quiet"], linewidth=0.7)
            axes.text((start + end) / 2, 0.62, label, ha="center", va="bottom")
        for place, (label, parts) in enumerate(lanes.items()):
            wide = [(start, end - start) for start, end in parts]
            axes.broken_barh(wide, (-place - 0.2, 0.4), facecolor=LIGHT[HUES[place]], label=label)
            for number, ((_, start), (end, _)) in enumerate(pairwise(parts)):
                said = f"{end - start:.2f}".removeprefix("0")
                y, side = (-place + 0.21, "bottom") if number % 2 else (-place - 0.23, "top")
                axes.text((start + end) / 2, y, said, ha="center", va=side)
        axes.set_yticks([-place for place in range(len(lanes))], list(lanes))
        axes.set_ylim(0.45 - len(lanes), 0.95)
        picture = _svg(figure, title or f"{', '.join(lanes)} by {xlabel}", alt)
    rows = [(label, start, end) for label, parts in lanes.items() for start, end in parts]
    return _drawing(picture, alt, caption, table(rows, ("lane", "from", "to")))


def spread(
    values: Mapping[str, Numbers],
    *,
    xlabel: str,
    alt: str,
    caption: str = "",
    title: str = "",
    reference: Mapping[str, Numbers] | None = None,
) -> Drawing:
    """Return a box for each label: the quartiles and the median, and a line from the least value to the greatest.

    reference  {label: numbers}: points under the box of that label, such as quartiles that were computed
    """
    _check_series(values, len(values), alt, equal=False)
    rows = []
    with _figure(title, xlabel, "") as (figure, axes):
        axes.grid(visible=False, axis="y")
        axes.grid(axis="x", color=LIGHT["quiet"], alpha=0.35, linewidth=0.7)
        for place, (label, numbers) in enumerate(values.items()):
            one, half, three = (quantile(numbers, share) for share in (0.25, 0.5, 0.75))
            rows.append((label, min(numbers), one, half, three, max(numbers)))
            hue = LIGHT[HUES[place]]
            axes.plot([min(numbers), max(numbers)], [-place, -place], color=hue, linewidth=1.5)
            axes.broken_barh(
                [(one, three - one)],
                (-place - 0.2, 0.4),
                facecolor=LIGHT["panel"],
                edgecolor=hue,
                linewidth=1.5,
            )
            axes.plot([half, half], [-place - 0.2, -place + 0.2], color=hue, linewidth=3)
            computed = list((reference or {}).get(label, ()))
            axes.plot(computed, [-place - 0.33] * len(computed), "^", color=LIGHT["ink"], markersize=6)
        axes.set_yticks([-place for place in range(len(values))], list(values))
        axes.set_ylim(0.4 - len(values), 0.6)
        picture = _svg(figure, title or xlabel, alt)
    return _drawing(
        picture,
        alt,
        caption,
        table(rows, ("box", "least", "quarter", "median", "three quarters", "greatest")),
    )


def quantile(numbers: Numbers, share: float) -> float:
    """Return the number below which that share of the numbers lies, with straight lines between neighbours.

    >>> quantile([1, 2, 3, 5], 0.5), quantile([1, 2, 3, 5], 1)
    (2.5, 5)
    """
    ranked = sorted(numbers)
    place = share * (len(ranked) - 1)
    below = min(int(place), len(ranked) - 2) if len(ranked) > 1 else 0
    above = ranked[min(below + 1, len(ranked) - 1)]
    return ranked[below] + (place - below) * (above - ranked[below])


def _check_series(series: Mapping[str, Sequence[Any]], count: int, alt: str, *, equal: bool = True) -> None:
    if not isinstance(alt, str) or not alt.strip():
        raise ArgumentError(
            f"alt must be a sentence for those who cannot see the chart, but it is {shown(alt)}"
        )
    if not count or not series:
        raise ArgumentError("a chart needs at least one series and one value in it")
    if len(series) > len(HUES):
        raise ArgumentError(
            f"a chart shows at most {len(HUES)} series that can be told apart, but there are {len(series)}"
        )
    for label, values in series.items():
        if not values:
            raise ArgumentError(f"series {label!r} must have at least one value, but it has none")
        if equal and len(values) != count:
            raise ArgumentError(f"series {label!r} must have {count} values, but it has {len(values)}")


@contextmanager
def _figure(title: str, xlabel: str, ylabel: str) -> Iterator[tuple[Figure, Axes]]:
    """Yield a figure of the smallest width; no state of pyplot is touched."""
    with mpl.rc_context({**mpl.rcParamsDefault, **SETTINGS}):
        figure = Figure(figsize=(WIDTH / 72, HEIGHT / 72), dpi=72, layout="constrained")
        figure.patch.set_alpha(0)
        axes = figure.add_subplot()
        axes.patch.set_alpha(0)
        axes.grid(axis="y", color=LIGHT["quiet"], alpha=0.35, linewidth=0.7)
        axes.set_axisbelow(True)
        axes.set_xlabel(xlabel)
        axes.set_ylabel(ylabel)
        if title:
            figure.suptitle(title, fontsize=13)
        yield figure, axes


def _make_log(axes: Axes, which: str) -> None:
    """Give an axis a logarithmic scale with plain numbers at its marks."""
    axis = axes.xaxis if which == "x" else axes.yaxis
    axes.set_xscale("log") if which == "x" else axes.set_yscale("log")
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())


def _name_bars(axes: Axes, labels: list[str]) -> None:
    """Name the bars; long names stand upright, and of very many only some are written."""
    step = -(-len(labels) // 24)
    places = list(range(0, len(labels), step))
    letters = sum(len(labels[place]) + 2 for place in places)
    axes.set_xticks(places, [labels[place] for place in places], rotation=90 if letters > 42 else 0)


def _legend(figure: Figure, axes: Axes, count: int) -> None:
    if count > 1:
        figure.legend(
            *axes.get_legend_handles_labels(),
            loc="outside lower center",
            ncols=1 if max(len(label) for label in axes.get_legend_handles_labels()[1]) > 16 else 2,
            frameon=False,
            handlelength=3.2,
        )
        figure.set_size_inches(WIDTH / 72, (HEIGHT + 20 * count) / 72)


def _svg(figure: Figure, title: str, alt: str) -> str:
    """Return the figure as SVG that follows the theme, with ids of its own."""
    target = io.StringIO()
    with mpl.rc_context({"svg.hashsalt": "distsys"}):
        figure.savefig(target, format="svg", metadata={"Date": None, "Creator": None})
    drawn = target.getvalue()
    body = re.sub(r"<metadata>.*?</metadata>", "", drawn[drawn.index("<svg") :], flags=re.DOTALL)
    body = body[body.index(">") + 1 : body.rindex("</svg>")]
    body = "".join(c for c in body if c in "\n\t" or ord(c) >= 32)
    body = re.sub(r'style="[^"]*"', lambda match: _themed(match[0]), body)
    body = re.sub(r'\b(fill|stroke)="(#\w+)"', lambda match: _themed(f'style="{match[1]}:{match[2]}"'), body)
    body = re.sub(r'\bid="', f'id="{KEY}-', body)
    body = re.sub(r'(href="|url\()#', rf"\g<1>#{KEY}-", body)
    wide, high = (round(inches * 72) for inches in figure.get_size_inches())
    rules = f".{KEY}{{color:{colour('ink')};display:block}}" + "".join(
        f"/*{colour(name)}*/" for name in _used(body)
    )
    whole = (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" class="{KEY}" '
        f'viewBox="0 0 {wide} {high}" width="{WIDEST}" '
        f'style="width:100%;min-width:{wide}px;max-width:{WIDEST}px;height:auto" '
        f'role="img" aria-labelledby="{KEY}-t {KEY}-d"><title id="{KEY}-t">{escaped(title)}</title>'
        f'<desc id="{KEY}-d">{escaped(alt)}</desc><style>{style(KEY, rules, LIGHT)}</style>{body}</svg>'
    )
    tidy = re.sub(r">\s*\n\s*<", "><", re.sub(r"[ \t]+\n", "\n", whole))
    return tidy.replace(KEY, "k" + hashlib.sha256(tidy.encode()).hexdigest()[:10])


def _themed(declarations: str) -> str:
    """Replace the colours of the light theme by variables, and matplotlib's font by that of all figures."""
    for name, value in LIGHT.items():
        declarations = declarations.replace(value, colour(name))
    declarations = declarations.replace("#000000", "currentColor")
    return declarations.replace("'DejaVu Sans'", FONT.replace('"', "'"))


def _used(body: str) -> list[str]:
    return [name for name in LIGHT if colour(name) in body]


def _drawing(picture: str, alt: str, caption: str, numbers: Table) -> Drawing:
    return Drawing(picture, f"{alt}\n{numbers.text}", alt, caption, numbers.html, "The numbers")
