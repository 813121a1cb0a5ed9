"""The texts of the bug gallery as MyST: the entry of each known bug, the table of what catches which, the laws.

Everything is made from the catalogue of `distsys.mutants`, the runs in tests/golden/counterexamples and the rows in
tests/golden/matrix.json; the wrong code is read from the package. `ds_bugs` puts the texts into pages.
"""

from __future__ import annotations

import inspect
import json
import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

from distsys.algorithms import hashing_laws
from distsys.checkers.matrix import WAYS, all_mutants, said_of
from distsys.core import systems
from distsys.core.operations import Operation
from distsys.core.systems import CLASSES, NodeMutant, SubjectMutant
from distsys.core.trace import Trace
from distsys.drivers import length, reperform
from distsys.drivers.hunt import without_mutant
from distsys.drivers.replay import cluster_of
from distsys.views.staging import summary

ROOT = Path(__file__).resolve().parents[2]
RUNS, MATRIX = "tests/golden/counterexamples", ROOT / "tests/golden/matrix.json"
BUG, RIGHT = "with the bug", "correct"  # the labels of the two runs
SHOWN, AFTER = 24, 12  # of a long run: at least so many steps, and so many after the two have begun to differ
CARRIED = 40  # steps that the figure of a long run carries behind those that it shows, so that no message ends early
BUGS = re.compile(r"^:{3,}\{bug\} (\S+)$", re.MULTILINE)
NOTHING = "\u2013"
WORDS = {"caught": "caught", "missed": "missed", "": NOTHING}
SAID = {  # of what breaks a run without being a law of its system
    "linearizability": "Each operation of a client takes effect in one moment between its call and its answer.",
    "assertion": "What the code itself asserts is true.",
}
LINEARIZABLE = """\
verdict = {{label: linearizable(History.of(run), "{history}") for label, run in runs.items()}}
"""
CODE = """\
from distsys import Trace, systems
{imports}from distsys.drivers import reperform

broken = Trace.load("{path}")
correct = systems.build(broken.header.system, **dict(broken.header.options.items()))
runs = {{"{bug}": broken, "{right}": reperform(broken, correct)}}
"""
CUT = """\
runs = {{label: replace(run, steps=run.steps[:{last}]) for label, run in runs.items()}}  # the first of {count:,}
"""
EVIDENCE = """\
import json
from distsys.core import systems
print(json.dumps({m.id: m.verdicts(m.subject)[m.breaks] for m in systems.value_mutants()}))
"""
Mutant = NodeMutant | SubjectMutant


def plain(text: str) -> str:
    r"""Return a text in which nothing is a mark of Markdown.

    >>> plain("n_1 says [*]")
    'n\\_1 says \\[\\*\\]'
    """
    return re.sub(r"([\\`*_\[\]{}<>#|$])", r"\\\1", text)


def place(id: str) -> str:
    """Return the address of the entry of a bug; its figure has "fig-" before it."""
    return f"bug-{id.lower()}"


def source_of(mutant: Mutant) -> str:
    """Return the classes that are wrong, those that they stand on first, as they are written in the package."""
    kinds = [mutant.subject] if isinstance(mutant, SubjectMutant) else list(mutant.classes.values())
    for kind in kinds:
        for part in (vars(kind).get("below"), type(vars(kind).get("applier"))):
            if inspect.isclass(part) and part.__module__.startswith("distsys.mutants."):
                kinds.append(part)
    found = [inspect.getsource(kind).rstrip() for kind in reversed(kinds)]
    return "\n\n\n".join(re.sub(rf'    """{mutant.id}\."""\n+', "", text) for text in found)


def law_of(mutant: Mutant) -> str:
    """Return the sentence of the law that a mutant breaks."""
    if mutant.breaks in SAID:
        return SAID[mutant.breaks]
    if mutant.system not in systems.names():
        return str(getattr(hashing_laws, mutant.breaks).__doc__).split("\n", 1)[0].replace("`", "")
    laws = {law.name: law.says for law in systems.find(mutant.system).laws}
    return laws[mutant.breaks]


def rows() -> dict[str, dict[str, Any]]:
    """Return the stored rows of the matrix, by the id of the mutant."""
    return {row["id"]: row for row in json.loads(MATRIX.read_text(encoding="utf-8"))}


def file_of(mutant: Mutant, led_to: bool = False) -> str:
    """Return where the run of a mutant is stored, or the one that shows what the bug leads to."""
    return f"{RUNS}/{mutant.id}{'-consequence' * led_to}.jsonl"


def run_of(mutant: Mutant, led_to: bool = False) -> Trace | None:
    """Return that run; None where it is not stored."""
    path = ROOT / file_of(mutant, led_to)
    return Trace.load(path) if path.is_file() else None


def window(broken: Trace, correct: Trace) -> int:
    """Return the last step to show: the last of all, or in a long healed run one soon after the two differ."""
    pairs = zip(broken, correct, strict=False)
    differ = next((old.number for old, new in pairs if old != new), min(len(broken), len(correct)))
    last = max(SHOWN, differ + AFTER)
    return last if broken.violation is not None and not broken.violation.step else len(broken)


def asks_something(run: Trace | None) -> bool:
    """Return whether a client puts out an operation: a run without any has no history to judge."""
    return run is not None and any(
        isinstance(getattr(effect, "value", None), Operation) for step in run for effect in step.effects
    )


def code_of(mutant: Mutant, led_to: bool = False, last: int | None = None, count: int = 0) -> str:
    """Return Python that binds the two runs of the figure of a mutant, and the verdicts over their histories.

    Of a run of `count` steps that is shown up to step `last`, the page carries little more than that.
    """
    history = systems.find(mutant.system).history if asks_something(run_of(mutant, led_to)) else None
    cut = last is not None and last + CARRIED < count
    code = CODE.format(
        imports="from distsys.checkers import History, linearizable\n" * bool(history),
        path=file_of(mutant, led_to), bug=BUG, right=RIGHT,
    )  # fmt: skip
    if cut and last is not None:
        code = "from dataclasses import replace\n\n" + code + CUT.format(last=last + CARRIED, count=count)
    return code + LINEARIZABLE.format(history=history) * bool(history)


def figure(
    mutant: Mutant, broken: Trace, first: int = 1, last: int | None = None, led_to: bool = False
) -> list[str]:
    """Return the figure of a mutant as a directive: the stored run beside the correct code under its schedule."""
    correct = reperform(broken, without_mutant(cluster_of(broken)))
    said = said_of(broken, mutant.breaks)
    assert said, f"the stored run of {mutant.id} breaks no law"
    found = said[0]
    last = min(last or window(broken, correct), max(len(broken), len(correct)))
    after = "as the history shows" if mutant.breaks == "linearizability" else "when all has settled"
    when = f"at step {found.step}" if found.step else after
    caption = f"The run with the bug breaks *{found.law}* {when}; the correct code, under the same schedule, keeps it."
    if last < len(broken):
        part = f"steps {first} to {last}" if first > 1 else f"the first {last}"
        caption += f" The picture shows {part} of {len(broken):,} steps; the law is judged after the last."
    ends = min(last, len(broken)), min(last, len(correct))
    sides = [summary(run, first, end).rstrip(".") for run, end in zip((broken, correct), ends, strict=True)]
    alt = f"Two space-time diagrams beside each other. With the bug: {sides[0]}. Correct: {sides[1]}."
    title = f"{mutant.id}: what it leads to" if led_to else f"{mutant.id}: {mutant.title}"
    options = {"name": f"fig-{place(mutant.id)}{'-leads-to' * led_to}", "title": title, "alt": alt}
    if mutant.breaks == "linearizability":
        options["panel"] = "operations"
    elif broken.steps == correct.steps:  # they differ in what the nodes know, and in nothing that they do
        options["panel"] = "state"
    lines = [f":{key}: {json.dumps(text, ensure_ascii=False)}" for key, text in options.items()]
    lines += [f":first: {first}", f":last: {last}", ":beside:", ":lights:"]
    lines += [f":at: {found.step}"] * bool(found.step)
    code = code_of(mutant, led_to, last, len(broken)).splitlines()
    return [f"::::{{spacetime}} {caption}", *lines, "", *code, "::::", ""]


@cache
def evidence() -> dict[str, str]:
    """Return what the laws over values say of each value mutant, in a process whose `hash` is the same every time."""
    command = [sys.executable, "-c", EVIDENCE]
    variables = {"PYTHONHASHSEED": "0", "PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=variables)
    found: dict[str, str] = json.loads(done.stdout)
    return found


def caught(mutant: Mutant, row: dict[str, Any] | None) -> str:
    """Return how a mutant was caught, in one sentence."""
    if row is None:
        return "not measured yet."
    ways = [way for way in WAYS if row["caught"].get(way) == "caught"]
    if row["seeds"] is not None:  # of one way: the one that draws runs
        after = f" (after {counted(row['seeds'], 'seed')})"
        ways = [way + after * (way not in ("unit", "explorer")) for way in ways]
    words = f"{', '.join(ways) or 'nothing'}. Class {mutant.klass}: {CLASSES[mutant.klass]}."
    return words + spoke_before(mutant, row)


def spoke_before(mutant: Mutant, row: dict[str, Any]) -> str:
    """Return which other law complained first of the random runs, as a sentence after others; or nothing."""
    if row.get("before") is None:
        return ""
    law, seeds, step, own = row["before"]
    first = f" Another law spoke first, *{law}*, after {counted(seeds, 'seed')} at step {step:,}."
    named = f"*{mutant.breaks}*, asked by itself in the same run,"
    return f"{first} There {named} {'keeps silent' if own is None else f'speaks at step {own:,}'}."


def counted(count: int, word: str) -> str:
    """Return a number with its word.

    >>> counted(1, "event"), counted(1200, "event")
    ('1 event', '1,200 events')
    """
    return f"{count:,} {word}{'s' * (count != 1)}"


def size(broken: Trace, row: dict[str, Any] | None) -> str:
    """Return how long the stored run is, and whether it is known that none is shorter."""
    count = length(broken)
    words = f"{counted(count, 'event')}." if count else "no event: to start the nodes is enough."
    explored = (row or {}).get("explored")
    if explored is None:
        return words
    actions, states, bounds = explored
    bounds = re.sub(r"(?:, )?the timer \S+ at most 0 times", "", bounds)
    least = "the first state" if not actions else f"no run of fewer than {counted(actions, 'action')}"
    said = f"breaks this law within {bounds}" if actions else f"breaks this law already, with {bounds}"
    return f"{words} The explorer tried every order: {least} {said} ({counted(states, 'state')} seen)."


def entry(mutant: Mutant, first: int = 1, last: int | None = None) -> str:
    """Return the section of a mutant as MyST text."""
    broken, row = run_of(mutant), rows().get(mutant.id)
    lines = [f"({place(mutant.id)})=", f"# {mutant.id}: {plain(mutant.title)}", "", plain(mutant.story), ""]
    lines += ["````python", source_of(mutant), "````", ""]
    facts = {"Breaks": f"*{mutant.breaks.replace('_', ' ')}*: {plain(law_of(mutant))}"}
    if isinstance(mutant, SubjectMutant):
        facts["Evidence"] = f"{plain(evidence()[mutant.id])}."
    elif broken is not None and broken.violation is not None:
        said = said_of(broken, mutant.breaks)[0]
        by = "" if said.law == mutant.breaks else f"the stored run breaks *{said.law}* first: "
        facts["Evidence"] = f"{by}{plain(' '.join(said.evidence.split()).rstrip('.'))}."
        facts["Stored run"] = size(broken, row)
    facts |= {"Caught by": caught(mutant, row), "Known from": f"{plain(mutant.source)}."}
    lines += [":::{div} ds-facts", *(f"- **{name}** {text}" for name, text in facts.items()), ":::", ""]
    if isinstance(mutant, NodeMutant):
        none = ["No run of it is stored yet.", ""]
        lines += none if broken is None else figure(mutant, broken, first, last)
        led = run_of(mutant, led_to=True)
        if led is not None and led.violation is not None:
            lines += [
                "What it leads to, if nobody listens to that law:",
                "",
                *figure(mutant, led, led_to=True),
            ]
    return "\n".join(lines)


def entries() -> dict[str, str]:
    """Return {id: page} of all entries in the pages of the gallery, in their order."""
    return {
        id: path.stem
        for path in sorted((ROOT / "book").glob("bugs-*.md"))
        for id in BUGS.findall(path.read_text(encoding="utf-8"))
    }


def law_table() -> str:
    """Return a MyST table of all laws that a stored row names, each with its sentence and the bugs that break it.

    A bug stands at the law that it declares, at the law by which the matrix caught it, and at the one that breaks
    in the end where nobody listens to the first.
    """
    every, known = rows(), {mutant.id: mutant for mutant in all_mutants()}
    bugs: dict[str, list[str]] = {}
    says: dict[str, str] = {}
    for id in (id for id in entries() if id in every):
        mutant = known[id]
        laws = (mutant.breaks, every[id]["law"], getattr(mutant, "leads_to", None))
        says.setdefault(mutant.breaks, law_of(mutant))
        for law in dict.fromkeys(law for law in laws if law):
            bugs.setdefault(law, []).append(id)
    lines = ["| law | it says | bugs that break it |", "|---|---|---|"]
    for law, ids in sorted(bugs.items()):
        names = ", ".join(f"{{ref}}`{id} <{place(id)}>`" for id in ids)
        lines.append(f"| *{law.replace('_', ' ')}* | {plain(says[law])} | {names} |")
    return "\n".join(lines)


def table(page: str) -> str:
    """Return the rows of the matrix for the bugs of a page as a MyST table, then what is wrong with red rows."""
    every, known = rows(), {mutant.id: mutant for mutant in all_mutants()}
    lines = [f"| {' | '.join(('bug', 'class', *WAYS, 'seeds', 'events'))} |", "|---" * (4 + len(WAYS)) + "|"]
    reds, firsts, chosen = [], [], [id for id, where in entries().items() if where == page]
    for id in chosen:
        row = every.get(id, {"caught": {}})
        ways = (WORDS[row["caught"].get(way, "")] for way in WAYS)
        counts = (NOTHING if row.get(key) is None else f"{row[key]:,}" for key in ("seeds", "length"))
        name = f"{{ref}}`{id} <{place(id)}>` {plain(known[id].title)}"
        lines.append(f"| {' | '.join((name, known[id].klass, *ways, *counts))} |")
        reds += [f"- {id} is red: {plain(red)}" for red in row.get("reds", ())]
        reds += [f"- {id} is not measured yet."] * (id not in every)
        firsts += [f"- {id}:{said}" for said in [spoke_before(known[id], row)] if said]
    made = sorted({(row["commit"], row["date"]) for id, row in every.items() if id in chosen})
    commits = ", ".join(f"{commit} of {date}" for commit, date in made)
    found = f"Measured by `python -m distsys mutants` at commit {commits}." if made else ""
    return "\n".join([":::{div} ds-matrix", "", *lines, ":::", "", *reds, *firsts, "", found])
