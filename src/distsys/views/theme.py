"""The colours of all pictures, and the style sheet that a picture carries with it.

A picture names its colours `var(--ds-ink, #1c2733)`: on the site the page sets the variables for light and
dark. Elsewhere the fall-back counts, and it follows the theme of JupyterLab or VS Code, else the system's.
Text has a contrast of at least 4.5:1 and lines 3:1 in both themes. The six hues differ in lightness too, so that
they stay apart for readers who see fewer colours, and so do the three verdicts; a test computes all of it.
"""

from __future__ import annotations

from collections.abc import Iterable

LIGHT = {
    "ink": "#1c2733",
    "quiet": "#5a6773",
    "ground": "#ffffff",
    "panel": "#f3f5f7",
    "1": "#1968bb",
    "2": "#781105",
    "3": "#075d41",
    "4": "#6f116f",
    "5": "#ca0862",
    "6": "#895b00",
    "good": "#0c755d",
    "bad": "#b8003e",
    "warn": "#5f2b00",
    "crash": "#f6d5d5",
    "partition": "#ece3f5",
    "pause": "#fbeecb",
}
DARK = {
    "ink": "#e6ebf0",
    "quiet": "#a3b0bc",
    "ground": "#14181e",
    "panel": "#20272f",
    "1": "#5ddcfd",
    "2": "#f58427",
    "3": "#88c583",
    "4": "#8d9aff",
    "5": "#dc9eb7",
    "6": "#ffda51",
    "good": "#50b1a8",
    "bad": "#f48168",
    "warn": "#ffd93b",
    "crash": "#4a2b2f",
    "partition": "#372c47",
    "pause": "#433817",
}
HUES = ("1", "2", "3", "4", "5", "6")
FONT = '"Helvetica Neue",Helvetica,Arial,"Liberation Sans",sans-serif'
LIGHT_HOSTS = ('[data-jp-theme-light="true"]', ".vscode-light")
DARK_HOSTS = ('[data-jp-theme-light="false"]', ".vscode-dark")


def variables(colours: dict[str, str], names: Iterable[str]) -> str:
    """Return the declarations of a figure's own variables: `--ink:var(--ds-ink,#1c2733);...`."""
    return ";".join(f"--{_own(name)}:var(--ds-{name},{colours[name]})" for name in names)


def colour(name: str) -> str:
    """Return how a rule inside a figure names a colour.

    >>> colour("ink"), colour("1")
    ('var(--k-ink)', 'var(--k-1)')
    """
    return f"var(--{_own(name)})"


def _own(name: str) -> str:
    return f"k-{name}"


def style(figure: str, rules: str, names: Iterable[str]) -> str:
    """Return the style sheet of the figure with the class `figure`; `rules` use `colour(...)`."""
    used = [name for name in names if colour(name) in rules]
    light, dark = variables(LIGHT, used), variables(DARK, used)
    hosts = {
        "light": ",".join(f"{host} .{figure}" for host in LIGHT_HOSTS),
        "dark": ",".join(f"{host} .{figure}" for host in DARK_HOSTS),
    }
    return (
        f".{figure}{{{light}}}"
        f"@media (prefers-color-scheme:dark){{.{figure}{{{dark}}}}}"
        f"{hosts['light']}{{{light}}}{hosts['dark']}{{{dark}}}"
        f"@media print{{.{figure}{{{light}}}}}{rules}"
    )
