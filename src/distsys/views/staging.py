"""From a part of a trace to the scene of its picture.

All that happened before the part that is drawn is taken into account: a node that is down when the picture
begins is drawn as down, a message that was sent earlier comes in from outside.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from distsys.core.errors import ArgumentError, whole_number
from distsys.core.events import Note, Output, Send
from distsys.core.trace import Step, Trace, place_names

from .conditions import Conditions
from .marks import Marks, is_quiet, loss
from .scene import AFTER, BEFORE, Arrow, Row, Scene
from .words import class_names, fault_words, in_atomic_steps, label, seed_words, sent_by, verdict

COUNTED = {"deliver": "deliveries", "drop": "lost messages", "crash": "crashes", "partition": "partitions"}


def window(trace: Trace, first: int, last: int | None) -> tuple[int, int]:
    """Return the numbers of the first and the last step to draw, checked."""
    whole_number("first", first, at_least=1)
    last = len(trace) if last is None else min(whole_number("last", last, at_least=1), len(trace))
    if len(trace) and first > last:
        raise ArgumentError(f"first must be at most {last}, the last step that is drawn, but it is {first}")
    return first, last


def scene(trace: Trace, *, first: int = 1, last: int | None = None, without: Collection[str] = ()) -> Scene:
    """Return the scene of the steps `first` to `last`, without the messages of the classes `without`."""
    first, last = window(trace, first, last)
    names = place_names(trace.header, trace.steps)
    return _Builder(trace, names, first, last, without).build()


class _Builder:
    """Walks through the steps once and collects the scene."""

    def __init__(
        self, trace: Trace, names: tuple[str, ...], first: int, last: int, without: Collection[str]
    ) -> None:
        self.trace, self.first, self.last = trace, first, last
        self.scene = Scene(names, first=first, last=last)
        self.marks = Marks(trace, names, last)
        self.atomic = in_atomic_steps(trace)
        self.conditions = Conditions(trace, names)
        self.row_of: dict[int, int] = {}  # step -> row
        self.without = frozenset(without)

    def build(self) -> Scene:
        for step in self.trace.slice(1, self.last):
            inside = step.number >= self.first
            if not inside:
                self.marks.skip(step)
            elif not self._left_out(step):
                self._add_row(step)
            row = len(self.scene.rows) - 1 if inside else BEFORE
            self.conditions.follow(step, row, self.marks.values.get(step.number))
            if inside:
                self._add_broken(step.number)
        if self.last >= len(self.trace):
            self._add_broken(0)
        self._add_arrows()
        self.conditions.close()
        self.scene.spells = self.conditions.spells
        self.scene.bands = self.conditions.bands
        self.scene.reigns = self.conditions.reigns
        return self.scene

    def _left_out(self, step: Step) -> bool:
        """A step that only handles or loses a message that is not to be shown, and says nothing itself."""
        send = sent_by(self.trace, step)
        if send is None or not self.without.intersection(class_names(send.message)):
            return False
        speaks = any(
            isinstance(effect, (Output, Note))
            or (isinstance(effect, Send) and not self.without.intersection(class_names(effect.message)))
            for effect in step.effects[: step.kept]
        )
        return not speaks and not any(v.step == step.number for v in self.trace.violations)

    # Rows and marks.

    def _add_row(self, step: Step) -> None:
        rows = self.scene.rows
        mark = self.marks.mark(step) if step.node and step.kind not in ("cut", "link") else None
        wide = (("fault", self._wide(step)),) if mark is None else ()
        new = Row(
            step.at, (step.number,), (mark,) if mark else (), wide, self.atomic and step.kind != "start"
        )
        if rows and self._joins(rows[-1], step):
            rows[-1] = replace(
                rows[-1], numbers=(*rows[-1].numbers, step.number), marks=(*rows[-1].marks, *new.marks)
            )
        else:
            rows.append(new)
        self.row_of[step.number] = len(rows) - 1

    def _joins(self, row: Row, step: Step) -> bool:
        """Nodes that start at the same moment share a row: nothing happens between them."""
        kinds = {self.trace.step(number).kind for number in row.numbers}
        free = self.marks.lanes.get(step.node, 0) not in {mark.lane for mark in row.marks}
        calm = not any(v.step in row.numbers for v in self.trace.violations)
        if self.atomic and free and row.at == step.at:
            return True  # what an atomic step does at several places
        return step.kind == "start" and kinds == {"start"} and row.at == step.at and free and calm

    def _wide(self, step: Step) -> str:
        words = fault_words(step, None)
        return words[:1].upper() + words[1:]

    def _add_broken(self, number: int) -> None:
        for violation in self.trace.violations:
            if violation.step == number:
                where = f"at step {number}" if number else "at the end"
                text = f"Law broken {where}: {violation.law}. {violation.evidence}"
                at = self.trace.steps[number - 1].at if len(self.trace) else 0  # number 0: the last step
                self.scene.rows.append(Row(at, (), (), (("bad", text),)))

    # Messages.

    def _add_arrows(self) -> None:
        for step, position, send, ends in self.trace.messages():
            hidden = self.without.intersection(class_names(send.message))
            if step.number <= self.last and not hidden:
                self._add_message(step, position, send, ends)

    def _add_message(self, step: Step, position: int, send: Send, ends: tuple[Step, ...]) -> None:
        start = self.row_of.get(step.number, BEFORE)
        sender, receiver = (
            self.marks.lanes[step.node],
            self.marks.lanes.get(send.to, self.marks.lanes[step.node]),
        )
        text = f"{label(send.message)} from {step.node} to {send.to}, sent at step {step.number}"
        copies = [end for end in ends if end.kind == "duplicate"]
        arrivals = [end for end in ends if end.kind != "duplicate"]
        quiet = is_quiet(send.message)
        starts = [
            start,
            *(self.row_of.get(copy.number, BEFORE) for copy in copies if copy.number <= self.last),
        ]
        for place, begin in enumerate(starts):
            end = arrivals[place] if place < len(arrivals) else None
            kind, stop, words = self._ending(end, place > 0)
            if self.atomic:
                if not carries(step, end) or stop == AFTER:
                    continue
                begin = stop
            if begin == BEFORE and stop in (BEFORE, AFTER):
                continue  # all of it lies outside
            self.scene.arrows.append(
                Arrow(sender, receiver, begin, stop, kind, f"{text}; {words}", step.number, quiet)
            )

    def _ending(self, end: Step | None, copy: bool) -> tuple[str, int, str]:
        if end is None:
            return "flying", AFTER, "still on its way when the run ends"
        if end.number > self.last:
            return "flying", AFTER, f"it arrives after this picture, at step {end.number}"
        row = self.row_of.get(end.number, BEFORE)
        if end.kind == "drop":
            return loss(end), row, f"lost at step {end.number}"
        return "copy" if copy else "delivered", row, f"delivered at step {end.number}"


def carries(step: Step, end: Step | None) -> bool:
    """Return whether a message of an atomic step is drawn: a value goes from the process to the cell, or back."""
    return step.kind != "write" and (end is None or end.kind != "read")


def summary(trace: Trace, first: int, last: int) -> str:
    """Return one paragraph that says what the picture shows, for those who cannot see it."""
    head = trace.header
    steps = trace.slice(first, last)
    mutant = f" with the mutant {head.mutant}" if head.mutant else ""
    whole = (first, last) == (1, len(trace))
    part = f"{len(trace)} steps" if whole else f"steps {first} to {last} of {len(trace)}"
    counts = {words: sum(step.kind == kind for step in steps) for kind, words in COUNTED.items()}
    found = ", ".join(f"{count} {words}" for words, count in counts.items() if count) or "no message"
    return f"A run of {head.system}{mutant}{seed_words(head)}, {part}: {found}. {verdict(trace)}"
