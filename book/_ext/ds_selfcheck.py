"""`{self-check} name`: a question with an explained answer for each option.

    :::{self-check} one-more-server
    Ten servers stand on a ring, one token each. An eleventh joins. Which keys change their server?

    - [ ] About ten of every eleven.
      - That is what modulo does, because the number of servers stands in its formula.
    - [x] Only the keys that the new server takes.
      - All other arcs are as they were.
    :::

The text before the first option is the question; its first paragraph is the legend of the box, and code or a table
may follow. Each of the two to five options begins with `- [x]` where it is right and `- [ ]` where it is not, and
has one explanation under it, as an indented item. Where one option is right a reader chooses one, where several
are, any number. Options and explanations are inline MyST. A plain Markdown reader shows the same text as a list.

Without a script, and on paper, each explanation stands in a `<details>`; `reader/questions.js` adds the button,
the verdict and the memory. The ids come from the name, and the value of an option from its text: what a browser
remembers is forgotten when the option is worded anew, and the same source is the same HTML.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field

from docutils import nodes
from docutils.statemachine import StringList
from ds_words import word
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from sphinx.writers.html5 import HTML5Translator

NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
OPTION = re.compile(r"[-*] \[(.?)\](?:\s+(.*))?$")
REASON = re.compile(r"\s+[-*]\s+(.*)$")
FEWEST, MOST = 2, 5


class QuestionError(ValueError):
    """A question that cannot be asked. `index` is the line of its text, from 0, that is wrong."""

    def __init__(self, message: str, index: int) -> None:
        super().__init__(message)
        self.index = index


@dataclass
class Option:
    """One option: its text, whether it is right, why, and the lines on which text and reason begin."""

    index: int
    right: bool
    text: list[str]
    reason: list[str] = field(default_factory=list)
    reason_index: int = 0


def options_of(lines: list[str], start: int) -> list[Option]:
    """Return the options that stand in `lines` from the line `start` on."""
    found: list[Option] = []
    for index, line in enumerate(lines[start:], start):
        option, reason = OPTION.match(line), REASON.match(line)
        if option:
            if option[1] not in (" ", "x", "X"):
                raise QuestionError(f"an option begins with - [x] or - [ ], not with - [{option[1]}]", index)
            found.append(Option(index, option[1] != " ", [option[2] or ""]))
        elif reason:
            if found[-1].reason:
                raise QuestionError("an option has one explanation, but here is a second one", index)
            found[-1].reason, found[-1].reason_index = [reason[1]], index
        elif line.startswith(" "):
            (found[-1].reason or found[-1].text).append(line.strip())
        elif line.strip():
            raise QuestionError("this line is neither an option nor indented under one", index)
    return found


def parsed(lines: list[str]) -> tuple[list[str], list[Option]]:
    """Return the lines of the question and its options; QuestionError where something is missing.

    >>> question, options = parsed(["Is it so?", "", "- [x] Yes.", "  - It is.", "- [ ] No.", "  - It is."])
    >>> question, [(option.text, option.right) for option in options]
    (['Is it so?', ''], [(['Yes.'], True), (['No.'], False)])
    """
    start = next((index for index, line in enumerate(lines) if OPTION.match(line)), len(lines))
    question, options = lines[:start], options_of(lines, start)
    if not any(line.strip() for line in question):
        raise QuestionError("there is no question before the first option", 0)
    if not FEWEST <= len(options) <= MOST:
        raise QuestionError(f"a question has {FEWEST} to {MOST} options, but this one has {len(options)}", 0)
    for option in options:
        if not "".join(option.text).strip():
            raise QuestionError("this option has no text", option.index)
        if not "".join(option.reason).strip():
            raise QuestionError("this option has no explanation", option.index)
    if not any(option.right for option in options):
        raise QuestionError("no option is right: mark at least one with - [x]", options[0].index)
    return question, options


class self_check(nodes.General, nodes.Element):  # noqa: N801 - docutils calls the visitor by this name
    """The whole question. `name` is its name, `several` whether more than one option is right."""


class check_question(nodes.General, nodes.TextElement):  # noqa: N801
    """The first paragraph of the question."""


class check_option(nodes.General, nodes.Element):  # noqa: N801
    """One option with its explanation."""


class check_answer(nodes.General, nodes.TextElement):  # noqa: N801
    """The text of an option."""


class check_reason(nodes.General, nodes.TextElement):  # noqa: N801
    """Why an option is right or not."""


class SelfCheck(SphinxDirective):
    """Put one question on the page."""

    required_arguments = 1
    has_content = True

    def run(self) -> list[nodes.Node]:
        name = self.arguments[0]
        if not NAME.fullmatch(name):
            return [self.objection(f"a name is words of a-z and 0-9 joined by hyphens, not {name!r}", None)]
        taken = self.env.temp_data.setdefault("ds_self_checks", {})
        if name in taken:
            return [self.objection(f"the name stands twice on this page, first in line {taken[name]}", None)]
        taken[name] = self.lineno
        lines = list(self.content)
        try:
            question, options = parsed(lines)
        except QuestionError as error:
            return [self.objection(str(error), error.index)]
        return [self.box(name, question, options)]

    def line_of(self, index: int | None) -> int:
        """Return the line of the page on which the line `index` of the body stands."""
        return self.lineno if index is None else self.lineno + self.content_offset + index + 1

    def objection(self, message: str, index: int | None) -> nodes.system_message:
        """Report an error at a line of the body; it stops the build."""
        name, line = self.arguments[0], self.line_of(index)
        text = f"self-check {name!r}, line {line}: {message}"
        return self.state_machine.reporter.error(text, line=line)

    def inline(self, element: nodes.TextElement, lines: list[str], index: int) -> nodes.TextElement:
        """Return `element` filled with the inline MyST of `lines`."""
        text = "\n".join(lines).strip()
        element.rawsource, element.line = text, self.line_of(index)
        element.source = self.get_source_info()[0]
        children, messages = self.state.inline_text(text, self.line_of(index))
        element += [*children, *messages]
        return element

    def box(self, name: str, question: list[str], options: list[Option]) -> self_check:
        """Return the node of the whole question."""
        several = sum(option.right for option in options) > 1
        box = self_check(name=name, several=several, ids=[f"check-{name}"])
        self.set_source_info(box)
        first = next(index for index, line in enumerate(question) if line.strip())
        last = next((i for i in range(first, len(question)) if not question[i].strip()), len(question))
        box += self.inline(check_question(), question[first:last], first)
        if any(line.strip() for line in question[last:]):
            rest = StringList(question[last:], source=self.get_source_info()[0])
            self.state.nested_parse(rest, self.content_offset + last, box)
        for letter, option in zip("ABCDE", options, strict=False):
            value = hashlib.sha256("\n".join(option.text).encode()).hexdigest()[:8]
            node = check_option(letter=letter, right=option.right, value=value)
            node += self.inline(check_answer(letter=letter), option.text, option.index)
            node += self.inline(check_reason(), option.reason, option.reason_index)
            box += node
        return box


def visit_check(translator: HTML5Translator, node: self_check) -> None:
    several = " data-several" if node["several"] else ""
    translator.body.append(
        f'<fieldset class="ds-check" id="{node["ids"][0]}" data-name="{node["name"]}"{several}>\n'
    )


def depart_check(translator: HTML5Translator, node: self_check) -> None:
    translator.body.append('<div class="ds-row"></div><div class="ds-said" role="status"></div></fieldset>\n')


def visit_question(translator: HTML5Translator, node: check_question) -> None:
    heading = word(translator.config.language, "check yourself")
    translator.body.append(f'<legend><span class="ds-kicker">{heading}</span> ')


def depart_question(translator: HTML5Translator, node: check_question) -> None:
    translator.body.append("</legend>\n")


def visit_option(translator: HTML5Translator, node: check_option) -> None:
    translator.body.append(f'<div class="ds-option"{" data-right" if node["right"] else ""}>')


def depart_option(translator: HTML5Translator, node: check_option) -> None:
    translator.body.append("</div>\n")


def visit_answer(translator: HTML5Translator, node: check_answer) -> None:
    option, box = node.parent, node.parent.parent
    kind = "checkbox" if box["several"] else "radio"
    translator.body.append(
        f'<label><input type="{kind}" name="{box["ids"][0]}" value="{option["value"]}" autocomplete="off"/>'
        f" <b>{option['letter']}</b> <span>"
    )


def depart_answer(translator: HTML5Translator, node: check_answer) -> None:
    translator.body.append("</span></label>")


def visit_reason(translator: HTML5Translator, node: check_reason) -> None:
    language, option = translator.config.language, node.parent
    of = word(language, "of", letter=option["letter"])
    verdict = word(language, "right" if option["right"] else "not right")
    translator.body.append(
        f'<details><summary>{word(language, "why")}<span class="ds-sr">{of}</span></summary>'
        f"<p><strong>{verdict}</strong> "
    )


def depart_reason(translator: HTML5Translator, node: check_reason) -> None:
    translator.body.append("</p></details>")


def setup(app: Sphinx) -> dict[str, object]:
    app.add_node(self_check, html=(visit_check, depart_check))
    app.add_node(check_question, html=(visit_question, depart_question))
    app.add_node(check_option, html=(visit_option, depart_option))
    app.add_node(check_answer, html=(visit_answer, depart_answer))
    app.add_node(check_reason, html=(visit_reason, depart_reason))
    app.add_directive("self-check", SelfCheck)
    return {"parallel_read_safe": True, "parallel_write_safe": True, "env_version": 1}
