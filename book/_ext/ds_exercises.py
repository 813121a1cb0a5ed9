"""`{solution-of} page/label`: the worked solution of an exercise, in a box that opens on demand.

The text comes from `distsys.lab.exercises`, where the tests run the same solution through the same check.
The exercise it answers must stand before it on the page, as `{exercise}` with the label `ex-<label>`.
"""

from __future__ import annotations

from docutils import nodes
from docutils.statemachine import StringList
from ds_site import note_use
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.docutils import SphinxDirective

from distsys.core.errors import DistsysError
from distsys.lab import exercise


class SolutionOf(SphinxDirective):
    """Draw the solution of the exercise named in the argument."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        try:
            posed = exercise(self.arguments[0])
        except DistsysError as error:
            raise self.error(str(error)) from error
        note_use(self.env)
        lines = [
            f":::::{{solution}} ex-{posed.name.split('/')[1]}",
            ":class: dropdown",
            "",
            posed.explanation,
            "",
            "````python",
            *posed.solution.splitlines(),
            "````",
            ":::::",
        ]
        box = nodes.container()
        self.state.nested_parse(StringList(lines, source=self.get_source_info()[0]), self.content_offset, box)
        return box.children


class OwnNames(SphinxPostTransform):
    """Take away a name that stands twice on a page: sphinx-exercise and sphinx-proof call all boxes alike."""

    default_priority = 900
    formats = ("html",)

    def run(self, **kwargs: object) -> None:
        taken: set[str] = set()
        for element in self.document.findall(nodes.Element):
            element["ids"] = [name for name in element["ids"] if name not in taken]
            taken.update(element["ids"])


def setup(app: Sphinx) -> dict[str, object]:
    app.add_directive("solution-of", SolutionOf)
    app.add_post_transform(OwnNames)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
