"""`{bug} RAFT-05`: a known bug as a section of a page; `{bug-matrix} bugs-raft`: what catches which bug of a page.

    :::{bug} RAFT-05
    :::

`{bug-laws}` is the table of all laws with the bugs that break them.

The section has the wrong code, the story, the law that is broken, how it was caught, and the stored run,
playing beside the correct code under the same schedule (see bug_texts). `:first:` and `:last:` say which steps are
shown, where the usual ones teach little: all, or of a run that is judged at its end the part in which the two begin
to differ.
"""

from __future__ import annotations

from typing import ClassVar

from bug_texts import MATRIX, entries, entry, file_of, law_table, table
from docutils import nodes
from docutils.parsers.rst import directives
from docutils.statemachine import StringList
from ds_site import note_use, root_of
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from distsys.checkers.matrix import all_mutants
from distsys.core.errors import DistsysError


class FromText(SphinxDirective):
    """A directive that stands for MyST text."""

    required_arguments = 1

    def text(self) -> str:
        raise NotImplementedError

    def run(self) -> list[nodes.Node]:
        try:
            text = self.text()
        except DistsysError as error:
            raise self.error(str(error)) from error
        note_use(self.env)
        self.env.note_dependency(str(MATRIX))
        box = nodes.container()
        lines = StringList(text.splitlines(), source=self.get_source_info()[0])
        renderer = self.state._renderer  # headings of the text stand here, and not at the end of the page
        levels, renderer._level_to_section = renderer._level_to_section, {0: box}
        self.state.nested_parse(lines, self.content_offset, box, match_titles=True)
        renderer._level_to_section = levels
        return box.children


class Bug(FromText):
    """The section of one known bug."""

    option_spec: ClassVar = {"first": directives.positive_int, "last": directives.positive_int}

    def text(self) -> str:
        (mutant,) = all_mutants(only=self.arguments)
        for led_to in (False, True):
            self.env.note_dependency(str(root_of(self.env.app) / file_of(mutant, led_to)))
        return entry(mutant, **self.options)


class BugMatrix(FromText):
    """The rows of the matrix for the bugs of one page."""

    def text(self) -> str:
        page = self.arguments[0]
        if page not in entries().values():
            raise self.error(f"{{bug-matrix}} must name a page with entries, but {page!r} has none")
        self.env.note_dependency(f"{page}.md")
        return table(page)


class BugLaws(FromText):
    """All laws, and the bugs that break them."""

    required_arguments = 0

    def text(self) -> str:
        for page in sorted(set(entries().values())):
            self.env.note_dependency(f"{page}.md")
        return law_table()


def setup(app: Sphinx) -> dict[str, object]:
    app.add_directive("bug", Bug)
    app.add_directive("bug-matrix", BugMatrix)
    app.add_directive("bug-laws", BugLaws)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
