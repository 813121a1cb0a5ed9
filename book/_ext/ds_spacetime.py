"""`{spacetime} caption`: a run of the package, made while the book is built, as a figure that plays.

    :::{spacetime} Three processes and a lost message.
    :name: fig-lost
    :alt: What the picture shows, for those who cannot see it.

    from distsys import Simulator, systems
    trace = Simulator(systems.build("best-effort-broadcast", nodes=3), seed=7).run()
    :::

The body is Python code that binds `trace`, or `runs`, a dict of traces by their labels: the reader chooses one, or with
`:beside:` sees the two beside each other. It may bind `tour`, a tuple of stops, and `verdict`, what a checker said.
`first` and `last` choose the steps that are shown, `without` names messages that are left out, `panel` what is open
beside the diagram, `at` the step at which it opens, `:lights:` shows a light for each law beside the controls.
`:form: text` gives the lanes of a terminal instead. The code stands under the figure, folded.

`{step}` cites a step: {step}`fig-lost@5` is a link to step 5 of a figure of this page, {step}`intro#fig-lost@5` of
the page `intro` in the same folder. The words are "step 5"; {step}`the crash <fig-lost@5>` gives others.
"""

from __future__ import annotations

import re
import textwrap
from html import escape
from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from ds_site import note_use
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective, SphinxRole

COLUMNS = 78  # what fits on a page beside its margins
WINDOW = ("first", "last")


def run_code(code: str, place: str) -> dict[str, Any]:
    """Return what the Python text `code` binds."""
    names: dict[str, Any] = {"__name__": "book"}
    exec(compile(code, place, "exec"), names)
    if "trace" not in names and "runs" not in names:
        raise ValueError("the code of {spacetime} must bind the name trace, or runs")
    return names


class SpaceTime(SphinxDirective):
    """Run the code of the body and put the figure of its trace into the page."""

    required_arguments = 1
    final_argument_whitespace = True
    has_content = True
    option_spec: ClassVar = {
        "alt": directives.unchanged_required,
        "form": lambda value: directives.choice(value, ("play", "text")),
        "first": directives.positive_int,
        "last": directives.positive_int,
        "at": directives.positive_int,
        "panel": directives.unchanged_required,
        "title": directives.unchanged_required,
        "without": lambda value: tuple(value.split()),
        "beside": directives.flag,
        "lights": directives.flag,
        "name": directives.unchanged_required,
    }

    def run(self) -> list[nodes.Node]:
        options = self.options
        as_text = options.get("form") == "text"
        if not as_text and not (options.get("alt") and options.get("name")):
            raise self.error(
                "a figure needs :alt:, a text for those who cannot see it, and :name:, its address"
            )
        code = "\n".join(self.content)
        source, line = self.get_source_info()
        try:
            names = run_code(code, f"{source}:{line}")
            parts = self.text(names["trace"]) if as_text else self.player(names)
        except Exception as error:
            raise self.error(f"the run of this figure failed: {type(error).__name__}: {error}") from error
        note_use(self.env)
        return [self.figure(*parts, code)]

    def text(self, trace: Any) -> tuple[str, str]:
        """Return (opening tag, content) of a run in letters."""
        from distsys.views import spacetime  # only a page with a picture needs the views

        window = {key: self.options[key] for key in WINDOW if key in self.options}
        lanes = escape(spacetime.text(trace, columns=COLUMNS, **window))
        words = spacetime.table(trace, **window)
        steps = f"<details><summary>The run, step by step</summary><div>{words}</div></details>"
        return '<div class="ds-run">', f'<pre class="ds-text" tabindex="0">{lanes}</pre>{steps}'

    def player(self, names: dict[str, Any]) -> tuple[str, str]:
        """Return (opening tag, content) of a figure that plays."""
        from distsys.views import play

        chosen = {
            key: value for key, value in self.options.items() if key not in ("form", "beside", "lights")
        }
        figure = play(
            names.get("runs", names.get("trace")),
            tour=names.get("tour", ()),
            verdict=names.get("verdict"),
            beside="beside" in self.options,
            lights="lights" in self.options,
            caption=self.arguments[0],
            **chosen,
        )
        return figure.opening, figure.element

    def figure(self, opening: str, content: str, code: str) -> nodes.Node:
        """Return the figure: the run, its caption, and the code that made it."""
        box = nodes.container()
        self.set_source_info(box)
        tag = opening[1:].split(" ", 1)[0]
        caption = nodes.paragraph(classes=["ds-caption"])
        parsed, messages = self.parse_inline(self.arguments[0])
        caption += parsed
        block = nodes.literal_block(textwrap.dedent(code), textwrap.dedent(code))
        block["language"] = "python"
        inner = ("<figcaption>", "</figcaption>") if tag == "figure" else ("", "")
        box += nodes.raw("", f"{opening}{content}{inner[0]}", format="html")
        box += caption
        box += nodes.raw(
            "", f'{inner[1]}<details class="ds-code"><summary>The code of this run</summary>', format="html"
        )
        box += block
        box += nodes.raw("", f"</details></{tag}>", format="html")
        box += messages
        return box


class StepRole(SphinxRole):
    """A link to a step of a figure."""

    form = re.compile(r"(?:(?P<words>.+?)\s*<)?(?P<page>[\w./-]*?)#?(?P<figure>fig-[\w-]+)@(?P<step>\d+)>?")

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        found = self.form.fullmatch(self.text)
        if found is None:
            message = self.inliner.reporter.error(
                f"{{step}} must be like fig-lunch@5 or intro#fig-lunch@5, but it is {self.text!r}",
                line=self.lineno,
            )
            return [nodes.problematic(self.rawtext, self.rawtext)], [message]
        page = f"{found['page']}.html" if found["page"] else ""
        address = f"{page}#{found['figure']}@{found['step']}"
        words = escape(found["words"] or f"step {found['step']}")
        return [nodes.raw("", f'<a class="ds-step" href="{address}">{words}</a>', format="html")], []


def setup(app: Sphinx) -> dict[str, object]:
    app.add_directive("spacetime", SpaceTime)
    app.add_role("step", StepRole())
    return {"parallel_read_safe": True, "parallel_write_safe": True}
