"""Figures that play: a run, or several, with the still picture and the sentences for where no script runs.

    from distsys.views import play
    play(trace, name="fig-lunch", alt="A reply overtakes its question.", caption="...", first=4)

The figure is an element `<dist-trace>` that holds the whole trace; the script that plays it is loaded by the site, or
stands in the output of a live notebook. Where scripts are stripped, as in a notebook that is not trusted, the still
picture and a table remain.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from distsys.core.errors import ArgumentError, ArgumentTypeError, shown, whole_number
from distsys.core.trace import Trace

from . import spacetime
from .drawing import Drawing, figure_name
from .embedding import image_address, live_script
from .judges import VIEWS, Judges
from .markup import escaped
from .operations import operations, words
from .payload import as_json, payload
from .reproduce import code_of
from .staging import summary, window
from .tour import Stop, checked_tour
from .words import in_atomic_steps

STILL_MOST = 40  # steps in a still picture of a run that has more
WORDS_MOST = 100  # steps in words
CONTROLS = 236  # px: bars, the sentence, the edges
PANELS = ("", "state", "steps", "details", "nodes", "laws", "share", "help", "tour", *VIEWS)  # of the player
STAGE = (220, 480)  # px: the least and the most for the diagram


@dataclass(frozen=True, repr=False)
class Figure(Drawing):
    """A figure that plays. It shows itself in a notebook and on a page; `text` is the same for a terminal."""

    data: str = ""  # what the element holds, as JSON that is safe inside a script element
    size: tuple[int, int] = (0, 0)  # px of the still picture
    others: tuple[tuple[str, Drawing], ...] = ()  # the other still picture of a pair, with its label
    height: int = 0  # px that the player takes
    label: str = ""  # of the run in the first still picture, in a pair
    more: tuple[str, ...] = ()  # the scripts that have something to add: of a shared memory, of the judges

    @property
    def element(self) -> str:
        """The element that plays, with the still picture and the sentences inside it."""
        label = self.others and self.label
        stills = _still(label or "", self, self.alt) + "".join(
            _still(name, one, name) for name, one in self.others
        )
        data = f'<script type="application/json">{self.data}</script>'
        more = "".join(f" data-{kind}" for kind in self.more)
        return f'<dist-trace{more} style="--h:{self.height}px">{stills}{data}</dist-trace>'

    def _repr_html_(self) -> str:
        caption = f"<figcaption>{escaped(self.caption)}</figcaption>" if self.caption else ""
        scripts = "".join(map(live_script, self.more)) + live_script()
        return f"{self.opening}{self.element}{caption}</figure>{scripts}"


def _drawn(trace: Trace, part: tuple[int, int], **texts: Any) -> Drawing:
    """Return the still picture of the first steps of a part of a run, with all of its steps in words."""
    first, last = part
    still = spacetime.draw(trace, first=first, last=min(last, first + STILL_MOST - 1), **texts)
    return replace(still, words=_in_words(trace, first, last))


def _in_words(trace: Trace, first: int, last: int) -> str:
    """Return the steps as sentences, and of a very long run which are left out."""
    end = min(last, first + WORDS_MOST - 1)
    rest = f"<p>Steps {end + 1:,} to {last:,} are left out here; the figure plays them.</p>"
    return spacetime.table(trace, first=first, last=end) + rest * (end < last)


def _still(label: str, drawing: Drawing, alt: str) -> str:
    """Return a still picture as an image, and its steps as a table that opens: what is left without scripts."""
    width, height = _size(drawing.svg)
    title = f"<p><b>{escaped(label)}</b></p>" if label else ""
    return (
        f'{title}<img alt="{escaped(alt)}" width="{width}" height="{height}" style="max-width:100%;height:auto" '
        f'src="{escaped(image_address(drawing.svg))}">'
        f"<details><summary>{escaped(drawing.heading)}</summary>{drawing.words}</details>"
    )


def play(
    runs: Trace | Mapping[str, Trace],
    *,
    name: str,
    alt: str,
    caption: str = "",
    title: str = "",
    first: int | Mapping[str, int] = 1,
    last: int | Mapping[str, int] | None = None,
    without: Collection[str] = (),
    tour: Sequence[Stop] = (),
    beside: bool = False,
    at: int | None = None,
    panel: str = "",
    verdict: Any = None,
    lights: bool = False,
    cone: bool = False,
) -> Figure:
    """Return the figure of a run, or of several under their labels: to choose from, or two of them `beside` each other.

    name     its address on the page: "fig-lunch" is cited as #fig-lunch, and its step 7 as #fig-lunch@7
    alt      what it shows, for those who cannot see it
    first    the first step that is shown, and `last` the last; or {label: step}, so that runs show the same time
    without  classes of messages that are left out ("Ack")
    tour     notes bound to steps of the first run, with questions
    at       the step that it opens at; usually the last
    panel    what is open beside it from the start: "state", "steps", "details", "laws", "tour", "operations", "quorums"
    verdict  what a checker said of the operations of the run (see `views.operations`), or {label: verdict}
    cone     whether the causal past and future of the step are shown from the start; a button does so at any time
    lights   a light for each law beside the controls; a run with operations or quorums has them anyway
    """
    labelled = _checked(runs, beside)
    judges = Judges(labelled, verdict, lights)
    judges.check(panel)
    windows = _windows(labelled, first, last)
    label, trace = next(iter(labelled.items()))
    start, end = windows[label]
    _check(without, at, panel, tour, windows)
    texts = {"alt": alt, "title": title, "caption": caption, "without": without}
    stills = {
        name: _drawn(one, windows[name], **texts, cone=(at or end) if cone and one is trace else None)
        for name, one in (labelled.items() if beside else [(label, trace)])
    }
    still = stills.pop(label)
    size = _size(still.svg)
    calls, found = judges.of_first()
    if calls and panel == "operations":
        stills["Operations"] = operations(trace, found, alt="Operations of the clients")
    more = (
        f"<p><b>Operations of clients</b></p>{words(calls, found)}" if calls and panel != "operations" else ""
    )
    extras = {
        "mode": "beside" if beside else "",
        "without": sorted(without),
        "tour": checked_tour(tour, trace, start, end),
        "at": at or 0,
        "open": panel,
        "cone": int(cone),
        **judges.of_figure(),
    }
    content = _runs(labelled, windows, judges) | {key: value for key, value in extras.items() if value}
    return Figure(
        svg=still.svg, text=still.text, alt=alt, caption=caption, words=still.words + more, name=figure_name(name),
        title=title or caption or summary(trace, start, end), data=as_json(content), size=size,
        others=tuple(stills.items()), label=label, more=_more(labelled, judges),
        height=CONTROLS + min(max(size[1], STAGE[0]), STAGE[1]) + judges.height(panel),
    )  # fmt: skip


def _more(labelled: Mapping[str, Trace], judges: Judges) -> tuple[str, ...]:
    """Return the scripts that have something to add to the one that plays traces, in the order of the alphabet."""
    cells = any(in_atomic_steps(trace) for trace in labelled.values())
    return ("cells",) * cells + ("judges",) * judges.is_needed


def _windows(
    labelled: Mapping[str, Trace], first: int | Mapping[str, int], last: int | Mapping[str, int] | None
) -> dict[str, tuple[int, int]]:
    """Return the first and the last step of each run that are shown."""
    starts = first if isinstance(first, Mapping) else dict.fromkeys(labelled, first)
    ends = last if isinstance(last, Mapping) else dict.fromkeys(labelled, last)
    for argument, given in (("first", starts), ("last", ends)):
        if set(given) != set(labelled):
            raise ArgumentError(
                f"{argument} must be a step, or name one for each of {', '.join(labelled)}, but it is {shown(given)}"
            )
    return {label: window(trace, starts[label], ends[label]) for label, trace in labelled.items()}


def _check(
    without: Collection[str],
    at: int | None,
    panel: str,
    tour: Sequence[Stop],
    windows: Mapping[str, tuple[int, int]],
) -> None:
    if isinstance(without, str):
        raise ArgumentTypeError(
            f"without must hold names of classes, such as ['Ack'], but it is {shown(without)}"
        )
    if at is not None:
        first = next(iter(windows.values()))[0]
        whole_number("at", at, at_least=first, at_most=max(stop for _, stop in windows.values()))
    if panel not in PANELS or (panel == "tour" and not tour):
        raise ArgumentError(
            f"panel must be one of {', '.join(PANELS[1:])} that the figure has, but it is {shown(panel)}"
        )


def _runs(
    labelled: Mapping[str, Trace], windows: Mapping[str, tuple[int, int]], judges: Judges
) -> dict[str, Any]:
    """Return what a figure carries of its runs."""
    return {
        "runs": [
            {
                "label": label,
                "first": windows[label][0],
                "last": windows[label][1],
                "data": payload(one),
                "code": code_of(one),
                **judges.of_run(label),
            }
            for label, one in labelled.items()
        ]
    }


def _checked(runs: Trace | Mapping[str, Trace], beside: bool) -> dict[str, Trace]:
    labelled = {"": runs} if isinstance(runs, Trace) else dict(runs) if isinstance(runs, Mapping) else {}
    if not labelled:
        raise ArgumentTypeError(f"runs must be a Trace or {{label: Trace}}, but it is {shown(runs)}")
    for label, trace in labelled.items():
        if not isinstance(label, str) or not isinstance(trace, Trace):
            raise ArgumentTypeError(
                f"runs must be {{label: Trace}}, but it holds {shown(label)}: {shown(trace)}"
            )
        if not trace.steps:
            raise ArgumentError(f"the run {label!r} has no step: there is nothing to show")
    if beside and len(labelled) != 2:
        raise ArgumentError(f"beside needs two runs, but there are {len(labelled)}")
    return labelled


def _size(svg: str) -> tuple[int, int]:
    found = re.search(r'width="(\d+)" height="(\d+)"', svg)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def mimebundle(trace: Trace) -> dict[str, str]:
    """Return how a trace shows itself in a notebook: as a figure that plays, and as a line of text."""
    if not trace.steps:
        return {"text/plain": repr(trace)}
    alt = summary(trace, 1, len(trace))
    figure = play(trace, name=f"run-{trace.digest()[:8]}", alt=alt, caption=alt)
    return {"text/html": figure._repr_html_(), "text/plain": repr(trace)}
