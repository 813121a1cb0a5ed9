"""`stretch`: a history whose operations a reader makes longer and shorter on the page, and what the models say of it.

    from distsys.views.stretch import stretch
    stretch(history, name="fig-stretch", alt="...", caption="...")

The page has a judge of its own, in `player/stretch.js`, small enough to try everything: six operations are the limit.
Tests compare it with `distsys.checkers` over every order of the ends and every answer. Where there are no scripts, the
picture and the table of the operations stay.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from distsys.core.errors import ArgumentError
from distsys.core.operations import OK

from .calls import Call, calls_of, positioned
from .drawing import Drawing, figure_name
from .embedding import image_address, live_script
from .markup import escaped
from .operations import operations
from .payload import as_json
from .words import brief

KIND = "stretch"  # which script plays it
READS, WRITES = ("read", "get"), ("write", "put")
OPERATIONS_MOST = 6
NOTHING = "null"  # how the page calls what was there at the beginning
ROW_PX, WIDE_PX, NARROW_PX = (
    74,
    370,
    640,
)  # the height of a process, and of all else in a wide or narrow column


def _room(processes: int) -> str:
    """Return the rules that keep the room of the controls free, so that little moves when they appear."""
    rows = ROW_PX * processes
    return (
        ".ds-stretch{container-type:inline-size}"
        f".ds-stretch dist-stretch{{display:block;min-height:{rows + NARROW_PX}px}}"
        f"@container(min-width:560px){{.ds-stretch dist-stretch{{min-height:{rows + WIDE_PX}px}}}}"
        "@media print,(scripting:none){.ds-stretch dist-stretch{min-height:0}}"
    )


@dataclass(frozen=True)
class Stretch:
    """A history to stretch: a picture of how it begins, and what the page must know of it."""

    name: str
    still: Drawing
    calls: tuple[Call, ...]

    def __repr__(self) -> str:
        return f"<Stretch: {self.still.alt}>"

    def __str__(self) -> str:
        return str(self.still)

    def content(self) -> dict[str, Any]:
        """Return what the page must know: the operations, and the order of their ends."""
        ends = sorted(
            (place, f"{number}{side}")
            for number, call in enumerate(self.calls)
            for place, side in ((call.start, "a"), (call.stop, "b"))
        )
        return {
            "version": 1,
            "name": self.name,
            "nothing": NOTHING,
            "order": [end for _, end in ends],
            "operations": [
                {
                    "process": call.process,
                    "write": call.f in WRITES,
                    "key": "" if call.key is None else brief(call.key),
                    "value": _value(call),
                    "what": f"{call.f} {_asked(call)}".strip(),
                }
                for call in self.calls
            ],
        }

    def _repr_html_(self) -> str:
        """The figure: a picture until the script is there, in print, and wherever scripts are taken away."""
        still = self.still
        caption = f"<figcaption>{escaped(still.caption)}</figcaption>" if still.caption else ""
        title = f' data-title="{escaped(still.title)}"' if still.title else ""
        fold = f"<details><summary>{escaped(still.heading)}</summary>{still.words}</details>"
        image = (
            f'<img src="{image_address(still.svg)}" alt="{escaped(still.alt)}" '
            'style="max-width:100%;height:auto;display:block">'
        )
        room = _room(len({call.process for call in self.calls}))
        return (
            f'<figure class="ds-run ds-stretch" id="{self.name}"{title} style="margin:1em 0"><style>{room}</style>'
            f'<dist-stretch>{image}<script type="application/json">{as_json(self.content())}</script></dist-stretch>'
            f"{caption}{fold}{live_script(KIND)}</figure>"
        )


def _value(call: Call) -> str | None:
    value = call.asked if call.f in WRITES else call.answer
    return None if value is None else brief(value)


def _asked(call: Call) -> str:
    key = "" if call.key is None else brief(call.key)
    return f"{key}{'=' if key else ''}{brief(call.asked)}" if call.f in WRITES else key


def stretch(history: Any, *, name: str, alt: str, caption: str = "", title: str = "") -> Stretch:
    """Return a history of reads and writes as a figure that a reader stretches.

    Each value is written once for a key, so that it is plain which write a read has seen; all were answered.
    """
    calls = calls_of(positioned(history))
    if not 1 <= len(calls) <= OPERATIONS_MOST:
        raise ArgumentError(
            f"history must hold 1 to {OPERATIONS_MOST} operations, because the page tries every order, "
            f"but it holds {len(calls)}"
        )
    written = set()
    for call in calls:
        if call.f not in (*READS, *WRITES) or call.ending != OK:
            raise ArgumentError(
                f"history must hold answered reads and writes only, but there is {call.label} by {call.process}"
            )
        if call.f in WRITES:
            if call.asked is None or (call.key, _value(call)) in written:
                raise ArgumentError(
                    f"each value may be written once for a key, and none never, but there is {call.label} "
                    f"by {call.process}"
                )
            written.add((call.key, _value(call)))
    still = operations(history, alt=alt, caption=caption, title=title)
    return Stretch(figure_name(name), still, calls)
