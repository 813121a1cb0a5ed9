"""Figures inside pages: when the script stands in the output itself, and a still picture as an image."""

from __future__ import annotations

import os
from urllib.parse import quote

from .script import script

STATIC = "DISTSYS_STATIC"  # set where the site and the tests execute notebooks


def is_static() -> bool:
    """Return whether outputs are made for a page that brings the script itself, and has no kernel."""
    return os.environ.get(STATIC, "") not in ("", "0")


def live_script(kind: str = "trace") -> str:
    """Return a script as an element for the output of a live notebook; nothing where the page brings it."""
    return "" if is_static() else f"<script>{script(kind)}</script>"


def image_address(svg: str) -> str:
    """Return an SVG as an address for `<img src>`: all that an untrusted notebook lets pass."""
    return "data:image/svg+xml," + quote(svg, safe=" /:;=,.()'#!*+-_@$[]{}|^~".replace("#", ""))
