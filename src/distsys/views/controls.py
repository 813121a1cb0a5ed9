"""Figures to try out: with a live kernel a reader chooses seed, size, faults and a fork, and sees the new run.

    explore("causal-broadcast", name="fig-explore", alt="...", seeds=range(1, 6), nodes=(3, 4, 5),
            faults={"no fault": (), "n1 is cut off": [Partition(20 * MS, (("n1",),))]}, until=300 * MS)

Without a kernel the same call shows runs that were made beforehand, in a figure that lets choose between them: no
control on a page is dead. Only here, and only in a live session, ipywidgets is imported.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterable, Mapping
from typing import Any

from distsys.core.trace import Trace
from distsys.core.values import EMPTY
from distsys.drivers.faults import Action

from .choices import Choices, Forks, Make, choices
from .embedding import is_static
from .figure import Figure, play

NO_FAULTS: Mapping[str, Iterable[Action]] = {"no fault": ()}


def explore(
    make: str | Make,
    *,
    name: str,
    alt: str,
    caption: str = "",
    seeds: Iterable[int] = range(1, 4),
    nodes: Iterable[Any] = (3,),
    faults: Mapping[str, Iterable[Action]] = NO_FAULTS,
    fork: bool | Forks = True,
    show: Mapping[str, Any] = EMPTY,
    steps_max: int = 2_000,
    runs_max: int = 8,
    options: Mapping[str, Any] = EMPTY,
    **settings: Any,
) -> Any:
    """Return controls with a figure in a live session, and else a figure of runs that are made now.

    make       the name of a system, or a function of seed, nodes and faults that returns a `Trace`
    name, alt, caption   of the figure, as `play` takes them
    seeds      those that are run beforehand; a reader with a kernel may type any
    nodes      sizes to choose from: counts, or tuples of names
    faults     scripts to choose from, under their labels
    fork       whether a run may be forked; or {label: (step, action, ...)}, the forks of the first run that are
               made beforehand
    show       what else `play` takes: first, last, without, tour
    steps_max  no run is longer, so that nobody hangs the kernel
    runs_max   how many runs, beside forks, a page without a kernel holds; where there are more, fewer seeds are run
    options    of the system; `settings` go to the `Simulator` (until, settle, network, requests)
    """
    chosen = choices(
        make, seeds=seeds, nodes=nodes, faults=faults, fork=fork, steps_max=steps_max, runs_max=runs_max,
        last=show.get("last"), options=options, settings=settings,
    )  # fmt: skip
    figure = Shown(name, alt, caption, show, chosen)
    if is_live():
        from .panel import panel

        return panel(chosen, figure)
    return figure.of(chosen.prepared())


def is_live() -> bool:
    """Return whether controls would do something: a kernel runs, and its outputs are not made for a page."""
    if is_static() or "IPython" not in sys.modules:
        return False
    from IPython.core.getipython import get_ipython

    has_kernel = getattr(get_ipython(), "kernel", None) is not None
    return has_kernel and importlib.util.find_spec("ipywidgets") is not None


class Shown:
    """How the runs of one figure are shown."""

    def __init__(self, name: str, alt: str, caption: str, show: Mapping[str, Any], chosen: Choices) -> None:
        self.name, self.alt, self.caption, self.show = name, alt, caption, dict(show)
        self.chosen = chosen

    def of(self, runs: Mapping[str, Trace]) -> Figure:
        """Return the figure of the runs, and say how many there are."""
        count = f"Choose among {len(runs)} runs, computed when this page was built." if len(runs) > 1 else ""
        return _figure(runs, self.name, self.alt, f"{self.caption} {count}".strip(), self.show)

    def of_choice(self, runs: Mapping[str, Trace], at: int | None, *, first: bool) -> Figure:
        """Return the figure of a run that was chosen, or of that and its fork, which part at step `at`.

        A tour, and where the figure opens, are of one run: they stand only where that is the `first` run.
        """
        show = dict(self.show)
        if not first:
            show = {key: value for key, value in show.items() if key not in ("tour", "at")}
        if len(runs) == 2:
            show |= {"beside": True, "at": at}
            if at is not None and show.get("last") is not None:
                show["last"] = max(show["last"], at + 10)
        return _figure(
            runs, self.name, self.alt, self.caption, {k: v for k, v in show.items() if v is not None}
        )


def _figure(runs: Mapping[str, Trace], name: str, alt: str, caption: str, show: Mapping[str, Any]) -> Figure:
    return play(runs, name=name, alt=alt, caption=caption, **show)
