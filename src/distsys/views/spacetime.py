"""Space-time diagrams: a run as lanes of events and messages between them, as SVG, as text and in words.

    from distsys.views import draw
    draw(trace, alt="n1 tells n2 and n3; the message to n3 is lost.", last=30)

Time runs down; each step has a row and its number, so that prose can say "step 7". Signs: a dot is a message
that arrives, a clock face a timer that fires, a square a request from outside, a cross a crash or a lost
message, a triangle a fault, an octagon the step that breaks a law. `distsys.views.scene` decides what is
shown, `layout` where, and `svg` how.
"""

from __future__ import annotations

from collections.abc import Collection

from distsys.core.errors import ArgumentError, ArgumentTypeError, shown
from distsys.core.trace import Trace
from distsys.core.units import shown_time

from . import svg as svg_writer
from . import text as text_writer
from .cone import cone_of
from .drawing import Drawing
from .layout import layout
from .markup import escaped
from .staging import scene, summary, window
from .words import seed_words, sentence

SCALES = ("order", "time")


def draw(
    trace: Trace,
    *,
    alt: str,
    first: int = 1,
    last: int | None = None,
    title: str = "",
    caption: str = "",
    scale: str = "order",
    without: Collection[str] = (),
    cone: int | None = None,
) -> Drawing:
    """Return the space-time diagram of the steps `first` to `last`.

    `alt` says what the picture shows, for those who cannot see it. `scale` is "order", where each step takes
    one row, or "time", where a long wait also takes a long way down. `without` names classes of messages that
    are left out ("Ack"), with the steps that only handle them; the numbers of the other steps stay. `cone` is a step
    whose causal past and future are shown.
    """
    picture = svg(
        trace, alt=alt, first=first, last=last, title=title, scale=scale, without=without, cone=cone
    )
    first, last = window(trace, first, last)
    return Drawing(
        svg=picture,
        text=text(trace, first=first, last=last, without=without),
        alt=alt,
        caption=caption,
        words=table(trace, first=first, last=last),
    )


def svg(
    trace: Trace,
    *,
    alt: str,
    first: int = 1,
    last: int | None = None,
    title: str = "",
    scale: str = "order",
    without: Collection[str] = (),
    cone: int | None = None,
) -> str:
    """Return the space-time diagram of the steps `first` to `last` as SVG."""
    _check(trace, alt, scale)
    first, last = window(trace, first, last)
    title = title or f"A run of {trace.header.system}{seed_words(trace.header)}, steps {first} to {last}"
    return svg_writer.write(
        layout(scene(trace, first=first, last=last, without=without), scale),
        title=title,
        alt=alt,
        cone=None if cone is None else cone_of(trace, cone),
    )


def text(
    trace: Trace,
    *,
    first: int = 1,
    last: int | None = None,
    without: Collection[str] = (),
    columns: int = 100,
    colour: bool = False,
) -> str:
    """Return the steps `first` to `last` as lanes for a terminal of so many columns."""
    _check_trace(trace)
    shown_part = scene(trace, first=first, last=last, without=without)
    return text_writer.write(trace, shown_part, columns=columns, colour=colour)


def table(trace: Trace, *, first: int = 1, last: int | None = None) -> str:
    """Return the steps `first` to `last` as an HTML table of sentences."""
    first, last = window(trace, first, last)
    rows = []
    for step in trace.slice(first, last):
        words = sentence(trace, step).split(": ", 1)[1]
        cells = (str(step.number), shown_time(step.at), step.node or "network", words)
        rows.append("<tr>" + "".join(f"<td>{escaped(cell)}</td>" for cell in cells) + "</tr>")
    head = "<tr><th>Step</th><th>Time</th><th>Where</th><th>What</th></tr>"
    body = f"<table><thead>{head}</thead><tbody>{''.join(rows)}</tbody></table>"
    return f"<p>{escaped(summary(trace, first, last))}</p>{body}"


def _check(trace: Trace, alt: str, scale: str) -> None:
    _check_trace(trace)
    if not isinstance(alt, str) or not alt.strip():
        raise ArgumentError(
            f"alt must be a sentence for those who cannot see the picture, but it is {shown(alt)}"
        )
    if scale not in SCALES:
        raise ArgumentError(f"scale must be 'order' or 'time', but it is {shown(scale)}")


def _check_trace(trace: Trace) -> None:
    if not isinstance(trace, Trace):
        raise ArgumentTypeError(
            f"trace must be a Trace, but it is {shown(trace)} of type {type(trace).__name__}"
        )
