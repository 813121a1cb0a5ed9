"""The controls of a live session: widgets above a figure; each change makes a run and shows it.

Nothing here is imported before a kernel runs (see `controls`). The figure stands in an `Output` whose content is
replaced as a whole, so the page does not flicker and no thread is needed.
"""

from __future__ import annotations

from typing import Any

import ipywidgets as widgets

from distsys.core.divergence import divergence
from distsys.core.errors import DistsysError
from distsys.core.trace import Trace

from .choices import MOVES, Choices, can_fork, last_before_healing, moves
from .markup import escaped
from .words import verdict

SEED_MOST = 2**31 - 1  # what a number field of a browser surely holds
STAYS = "goes on as before"
WRAP = {"display": "flex", "flex_flow": "row wrap"}
WORDS = {"description_width": "initial"}  # labels are not cut


class Panel:
    """Controls, a sentence about the run, and its figure; `box` is the widget that holds them."""

    def __init__(self, chosen: Choices, figure: Any) -> None:
        self.chosen, self.figure = chosen, figure
        seed, size, faults = chosen.first()
        self.seed = widgets.BoundedIntText(
            seed,
            min=0,
            max=SEED_MOST,
            description="Seed",
            tooltip="All chance of the run comes from this number",
        )
        self.size = _menu(chosen.sizes, size, "Nodes", "How many nodes the cluster has")
        self.faults = _menu(chosen.faults, faults, "Faults", "What happens to the cluster")
        self.step = widgets.BoundedIntText(
            1, min=1, max=1, description="After step", tooltip="The last step that stays as it is"
        )
        self.node = _menu(("",), "", "Node", "The node to which something happens then")
        self.move = _menu((STAYS,), STAYS, "What it does", "What the node does directly after that step")
        self.says = widgets.HTML()
        self.output = widgets.Output()
        self.page: dict[str, str] = {}  # the figure for a front end without widgets
        self.settling = False
        self.box = widgets.VBox(self._rows())
        self.show()
        for control in self.controls:
            control.observe(self._changed, "value")

    @property
    def controls(self) -> tuple[Any, ...]:
        """The widgets that a reader may change, in their order."""
        several = [menu for menu in (self.size, self.faults) if len(menu.options) > 1]
        forks = (self.step, self.node, self.move) if self.chosen.may_fork else ()
        return (self.seed, *several, *forks)

    def _rows(self) -> list[Any]:
        runs = [control for control in self.controls if control in (self.seed, self.size, self.faults)]
        forks = [control for control in self.controls if control not in runs]
        rows = [widgets.HBox(row, layout=WRAP) for row in (runs, forks) if row]
        for control in self.controls:
            control.style, control.layout.width, control.layout.max_width = WORDS, "auto", "100%"
        return [*rows, self.says, self.output]

    def _changed(self, change: Any) -> None:
        if not self.settling:
            self.show()

    def show(self) -> None:
        """Make the run that is chosen and show it; where it cannot be made, one sentence says why."""
        try:
            self._show(*self._runs())
        except DistsysError as problem:
            self._fail(str(problem))
        except Exception as problem:  # a bug of the page's own `make`: the reader cannot mend it
            self._fail(f"{type(problem).__name__}: {problem}")

    def _runs(self) -> tuple[dict[str, Trace], bool]:
        """Return the run that is chosen, and its fork if there is one; and whether it is the first of the page."""
        choice = (self.seed.value, self.size.value, self.faults.value)
        trace = self.chosen.run(*choice)
        runs = {self.chosen.label(*choice): trace}
        if self.chosen.may_fork:
            self._fit(trace)
            if self.move.value != STAYS:
                names = trace.header.names
                actions = MOVES[self.move.value](self.node.value, names)
                label = f"after step {self.step.value} {self.node.value} {self.move.value}"
                runs[label] = self.chosen.forked(trace, self.step.value, actions)
        return runs, choice == self.chosen.first()

    def _fit(self, trace: Trace) -> None:
        """Let the controls of the fork offer what this run has: its steps, its nodes, and what can happen to them."""
        self.settling = True
        try:
            possible = can_fork(trace)
            untouched = self.step.max == 1
            self.step.max = last_before_healing(trace) if possible else 1
            if untouched and possible:
                self.step.value = self.chosen.middle(trace)
            _offer(self.node, trace.header.names)
            _offer(self.move, (STAYS, *(moves(trace) if possible else ())))
            for control in (self.step, self.node, self.move):
                control.layout.display = None if possible else "none"
        finally:
            self.settling = False

    def _show(self, runs: dict[str, Trace], first: bool) -> None:
        trace, *forks = runs.values()
        parts = divergence(trace, forks[0]) if forks else None
        if forks and parts is None:
            runs = dict(list(runs.items())[:1])  # twice the same run would teach nothing
        figure = self.figure.of_choice(runs, parts, first=first)
        self.page = bundle(figure)
        self.output.outputs = ({"output_type": "display_data", "data": self.page, "metadata": {}},)
        words = [f"{len(trace)} steps.", verdict(trace)]
        if forks:
            words.append(
                f"In the fork, step {parts} is the first that differs. {verdict(forks[0])}"
                if parts
                else "The fork changes nothing: that was so already."
            )
        self.says.value = _status(" ".join(word if word.endswith(".") else word + "." for word in words))

    def _fail(self, sentence: str) -> None:
        self.page, self.output.outputs = {}, ()
        self.says.value = _status("This run cannot be made: " + " ".join(sentence.split()))

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        """The widget; and the figure for a front end that shows no widgets."""
        return {**self.page, **self.box._repr_mimebundle_(**options)}


def _menu(options: Any, value: str, description: str, tooltip: str) -> Any:
    return widgets.Dropdown(options=tuple(options), value=value, description=description, tooltip=tooltip)


def _offer(menu: Any, options: tuple[str, ...]) -> None:
    """Let a menu offer these options, and keep what is chosen as far as it is among them."""
    before = menu.value
    if menu.options != options:
        menu.options = options
        menu.value = before if before in options else options[0]


def _status(sentence: str) -> str:
    return f'<p role="status">{escaped(sentence)}</p>'


def bundle(figure: Any) -> dict[str, str]:
    """Return a figure as the data of an output."""
    return {"text/html": figure._repr_html_(), "text/plain": repr(figure)}


def panel(chosen: Choices, figure: Any) -> Panel:
    """Return the controls of a figure."""
    return Panel(chosen, figure)
