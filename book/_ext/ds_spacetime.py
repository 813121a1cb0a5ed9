"""`{spacetime} caption`: a run of the package, made and drawn while the book is built.

    :::{spacetime} Three processes and a lost message.
    :alt: What the picture shows, for those who cannot see it.
    :form: svg

    from distsys import Simulator, systems
    trace = Simulator(systems.build("best-effort-broadcast", nodes=3), seed=7).run()
    :::

The body is Python code that binds `trace`. `form` is `svg` (the default), `text`, or `both`. `first` and
`last` choose the steps that are drawn. The run in words, and the
code itself, stand under the picture, folded, so that a reader can hear the run or make it again.
"""

from __future__ import annotations

import textwrap
from html import escape
from typing import ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from ds_figures import own_ids
from ds_site import note_use
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

COLUMNS = 78  # what fits on a page beside its margins


def run_code(code: str, place: str) -> object:
    """Return the `trace` that the Python text `code` binds."""
    names: dict[str, object] = {"__name__": "book"}
    exec(compile(code, place, "exec"), names)
    if "trace" not in names:
        raise ValueError("the code of {spacetime} must bind the name trace")
    return names["trace"]


class SpaceTime(SphinxDirective):
    """Run the code of the body and put the space-time diagram of its trace into the page."""

    required_arguments = 1
    final_argument_whitespace = True
    has_content = True
    option_spec: ClassVar = {
        "alt": directives.unchanged_required,
        "form": lambda value: directives.choice(value, ("svg", "text", "both")),
        "first": directives.positive_int,
        "last": directives.positive_int,
        "name": directives.unchanged,
    }

    def run(self) -> list[nodes.Node]:
        from distsys.views import spacetime  # only a page with a picture needs the views

        form = self.options.get("form", "svg")
        if form != "text" and not self.options.get("alt"):
            raise self.error("a picture needs :alt:, a text for those who cannot see it")
        code = "\n".join(self.content)
        source, line = self.get_source_info()
        try:
            trace = run_code(code, f"{source}:{line}")
            window = {key: self.options[key] for key in ("first", "last") if key in self.options}
            pictures = []
            if form != "text":
                svg = own_ids(spacetime.svg(trace, alt=self.options["alt"], **window), f"r{line}-")
                pictures.append(f'<div class="ds-figure" tabindex="0">{svg}</div>')
            if form != "svg":
                text = escape(spacetime.text(trace, columns=COLUMNS, **window))
                pictures.append(f'<pre class="ds-text" tabindex="0">{text}</pre>')
            words = spacetime.table(trace, **window)
        except Exception as error:
            raise self.error(f"the run of this picture failed: {type(error).__name__}: {error}") from error
        note_use(self.env)
        return [self.figure(pictures, words, code)]

    def figure(self, pictures: list[str], words: str, code: str) -> nodes.Node:
        """Return the figure: pictures, caption, the run in words, and the code that made them."""
        box = nodes.container(classes=["ds-run"])
        self.set_source_info(box)
        box += nodes.raw("", "\n".join(pictures), format="html")
        caption = nodes.paragraph(classes=["ds-caption"])
        parsed, messages = self.parse_inline(self.arguments[0])
        caption += parsed
        box += caption
        box += messages
        steps = (
            f'<details class="ds-words"><summary>The run, step by step</summary><div>{words}</div></details>'
        )
        folded = '<details class="ds-code"><summary>The code of this run</summary>'
        box += nodes.raw("", steps + folded, format="html")
        block = nodes.literal_block(textwrap.dedent(code), textwrap.dedent(code))
        block["language"] = "python"
        box += block
        box += nodes.raw("", "</details>", format="html")
        self.add_name(box)
        return box


def setup(app: Sphinx) -> dict[str, object]:
    app.add_directive("spacetime", SpaceTime)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
