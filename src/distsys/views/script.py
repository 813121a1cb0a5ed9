"""The scripts that play figures: for each kind of figure one classic script, put together from the parts in `player/`.

The parts share one function scope, so that nothing but the custom element reaches the page; each part is a
chapter of its own and can be read alone. The site loads a script once for all figures of its kind on a page, and no
page loads what it does not show; a live notebook puts it into the output, which may stand in a frame of its own.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from .theme import DARK, DARK_HOSTS, LIGHT, LIGHT_HOSTS, variables

FOLDER = Path(__file__).parent / "player"
COMMON = ("strings", "dom", "style")
# The order is the one that gzip likes best, 300 bytes less than another: what resembles each other are neighbours.
TRACE = (
    "strings", "words", "trace_strings", "scene", "codec", "dom", "figure", "panels", "tour", "pane", "draw", "style",
    "start",
)  # fmt: skip
JUDGES = ("judges_strings", "calls", "operations", "quorums", "lights", "judges")
PARTS = {
    "cells": ("strings", "cells_strings", "cells"),  # words of a shared memory for <dist-trace>
    "judges": ("strings", "dom", *JUDGES),  # more views of <dist-trace>
    "trace": TRACE,  # <dist-trace>
    "ring": (*COMMON, "ring_strings", "ring", "ring_view"),  # <dist-ring>
    "stretch": (*COMMON, "stretch_strings", "stretch", "stretch_view"),  # <dist-stretch>
    "flp": (*COMMON, "flp_strings", "flp", "flp_view"),  # <dist-flp>
}


@cache
def script(kind: str = "trace") -> str:
    """Return the whole script of a kind of figure, one of `PARTS`; "cells" and "judges" add to "trace"."""
    parts = "\n".join((FOLDER / f"{part}.js").read_text(encoding="utf-8") for part in PARTS[kind])
    return f'(() => {{\n"use strict";\n{parts}\n}})();\n'.replace('"THEME"', f"`{colours(f'dist-{kind}')}`")


def colours(element: str = "dist-trace") -> str:
    """Return the style sheet that gives an element its colours, in every theme of every host."""
    light, dark = variables(LIGHT, LIGHT), variables(DARK, DARK)
    bright = ",".join(f"{host} {element}" for host in LIGHT_HOSTS)
    dim = ",".join(f"{host} {element}" for host in DARK_HOSTS)
    return (
        f"{element}{{{light}}}@media screen{{@media (prefers-color-scheme:dark){{{element}{{{dark}}}}}"
        f"{bright}{{{light}}}{dim}{{{dark}}}}}"
    )
