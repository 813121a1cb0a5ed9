"""The file form of a trace: JSON lines in canonical form, version 1.

    {"distsys":"trace","version":1,"system":...,"options":{...},"seed":...,...}     the header
    {"i":1,"at":0,"kind":"start","node":"n1","event":{...},"effects":[...],...}     a line a step
    {"end":120,"ended":"complete","violations":[...],"sha256":"..."}                the last line

The last line counts the steps and carries the SHA-256 of all lines before it, so that a file which was cut
short or changed by hand is refused. A field of a step that has its usual value is left out: `kept`
when all effects were kept, `event`, `effects`, `cause` and `detail` when there are none. A `Persist` shows a log
by what changed: {"$log+": [last index shared with the disk before, entry, ...]}.
"""

from __future__ import annotations

import hashlib
from typing import Any

from .canonical import parse, plain, text, value_of
from .errors import DistsysError, TraceError, shown
from .events import EFFECTS, EVENTS, Effect, Persist
from .laws import Violation
from .log import Log
from .trace import KINDS, VERSION, Header, Step, Trace, apply_to_disk
from .values import EMPTY, Map

Disks = dict[str, Map[str, Any]]


def write(trace: Trace) -> str:
    """Return the canonical JSON lines of a trace."""
    head = trace.header
    lines = [
        text(
            {
                "distsys": "trace",
                "version": VERSION,
                "system": head.system,
                "options": plain(head.options),
                "mutant": head.mutant,
                "seed": plain(head.seed),
                "names": list(head.names),
                "declared": plain(head.declared),
                "driver": plain(head.driver, "a setting of the driver"),
                "laws": list(head.laws),
            }
        )
    ]
    disks: Disks = {}
    lines.extend(text(_step_form(step, disks)) for step in trace.steps)
    body = "\n".join(lines) + "\n"
    end = {
        "end": len(trace.steps),
        "ended": trace.ended,
        "violations": [{"law": v.law, "evidence": v.evidence, "step": v.step} for v in trace.violations],
        "sha256": hashlib.sha256(body.encode()).hexdigest(),
    }
    return body + text(end) + "\n"


def _step_form(step: Step, disks: Disks) -> dict[str, Any]:
    where = f"step {step.number}"
    form: dict[str, Any] = {"i": step.number, "at": step.at, "kind": step.kind}
    if step.node:
        form["node"] = step.node
    if step.event is not None:
        form["event"] = plain(step.event, where)
    if step.effects:
        form["effects"] = [
            _effect_form(effect, position < step.kept, step.node, disks, where)
            for position, effect in enumerate(step.effects)
        ]
    if step.kept != len(step.effects):
        form["kept"] = step.kept
    if step.cause is not None:
        form["cause"] = list(step.cause)
    if step.detail:
        form["detail"] = plain(step.detail, where)
    if step.kind == "wipe":
        disks[step.node] = EMPTY
    return form


def _effect_form(effect: Effect, kept: bool, node: str, disks: Disks, where: str) -> Any:
    if not isinstance(effect, Persist):
        return plain(effect, where)
    disk = disks.get(node, EMPTY)
    pairs = []
    for key, value in effect.changes.items():
        before = disk.get(key)
        if isinstance(value, Log) and isinstance(before, Log) and before.before_index == value.before_index:
            shared, entries = value.since(before)
            pairs.append([key, {"$log+": [shared, *(plain(entry, where) for entry in entries)]}])
        else:
            pairs.append([key, plain(value, where)])
    if kept:
        disks[node] = apply_to_disk(disk, effect.changes)
    return {"$": "events.Persist", "changes": {"$map": pairs}}


def read(data: bytes, source: str) -> Trace:
    """Return the trace that `data` holds; a `TraceError` that names `source` and the line that is wrong."""
    try:
        whole = data.decode()
    except UnicodeDecodeError as problem:
        raise TraceError(f"{source} is not a trace: it is not UTF-8 text (byte {problem.start})") from None
    lines = whole.split("\n")
    header = _read_header(lines[0], source)
    if lines[-1] != "" or len(lines) < 3:
        raise TraceError(f"{source}, line {len(lines)}: the file is cut short: the last line has no end")
    body, last = lines[1:-2], lines[-2]
    end = _form(last, source, len(lines) - 1)
    if "end" not in end:
        raise TraceError(f"{source}, line {len(lines) - 1}: the file is cut short: the closing line is missing")
    disks: Disks = {}
    steps = []
    for number, line in enumerate(body, 1):
        try:
            steps.append(_read_step(parse(line), number, header, disks))
        except TraceError as problem:
            raise TraceError(f"{source}, line {number + 1}: {problem}") from None
        except (DistsysError, TypeError, KeyError, ValueError, AttributeError, IndexError) as problem:
            raise TraceError(f"{source}, line {number + 1}: not a step ({problem}): {shown(line)}") from None
    _check_end(end, whole, last, steps, source, len(lines) - 1)
    try:
        violations = tuple(Violation(v["law"], v["evidence"], v["step"]) for v in end["violations"])
        trace = Trace(header, tuple(steps), violations, str(end["ended"]))
    except (KeyError, TypeError) as problem:
        raise TraceError(f"{source}, line {len(lines) - 1}: not a closing line ({problem!r})") from None
    if write(trace) != whole:
        raise TraceError(f"{source}: the trace is not in canonical form (keys sorted, no spaces, no field left over)")
    return trace


def _form(line: str, source: str, number: int) -> dict[str, Any]:
    try:
        form = parse(line)
    except DistsysError as problem:
        raise TraceError(f"{source}, line {number}: {problem}") from None
    if not isinstance(form, dict):
        raise TraceError(f"{source}, line {number}: a line must hold an object, but it is {shown(line)}")
    return form


def _check_end(end: dict[str, Any], whole: str, last: str, steps: list[Step], source: str, line: int) -> None:
    if end["end"] != len(steps):
        raise TraceError(
            f"{source}, line {line}: the closing line counts {end['end']} steps, but there are {len(steps)}"
        )
    body = whole[: len(whole) - len(last) - 1]
    if end.get("sha256") != hashlib.sha256(body.encode()).hexdigest():
        raise TraceError(f"{source}, line {line}: the checksum does not fit: the file was changed after it was written")


def _read_header(line: str, source: str) -> Header:
    try:
        form = parse(line)
    except DistsysError:
        form = None
    if not isinstance(form, dict) or form.get("distsys") != "trace":
        raise TraceError(
            f'{source}, line 1: not a trace of distsys: a trace begins with {{"distsys":"trace",...}}, '
            f"but this begins with {shown(line, 40)}"
        )
    if form.get("version") != VERSION:
        raise TraceError(
            f"{source}, line 1: the trace has version {shown(form.get('version'))}, "
            f"but this package reads version {VERSION}"
        )
    try:
        load_records_of(form["system"], form["mutant"])
        return Header(
            system=form["system"],
            options=value_of(form["options"]),
            mutant=form["mutant"],
            seed=value_of(form["seed"]),
            names=tuple(form["names"]),
            declared=value_of(form["declared"]),
            driver=value_of(form["driver"]),
            laws=tuple(form["laws"]),
        )
    except (KeyError, TypeError) as problem:
        raise TraceError(f"{source}, line 1: the header lacks or breaks {problem}") from None
    except DistsysError as problem:
        raise TraceError(f"{source}, line 1: {problem}") from None


def load_records_of(system: str, mutant: str | None) -> None:
    """Load the modules that declare the messages of a system, so that they can be read."""
    from . import systems

    systems.find(system)
    if mutant is not None:
        systems.mutants(system)


def _read_step(form: Any, number: int, header: Header, disks: Disks) -> Step:
    if not isinstance(form, dict):
        raise TraceError(f"a line must hold an object, but it is {shown(form)}")
    if form.get("i") != number:
        raise TraceError(f"the steps are numbered from 1 without gaps: {number} is due, but {form.get('i')!r} stands here")
    kind, node = form["kind"], form.get("node", "")
    if kind not in KINDS:
        raise TraceError(f"unknown kind of step {shown(kind)}; known are {', '.join(sorted(KINDS))}")
    event = value_of(form["event"]) if "event" in form else None
    if event is not None and not isinstance(event, EVENTS):
        raise TraceError(f"event must be a Start, Deliver or Timeout, but it is {shown(event)}")
    forms = form.get("effects", [])
    kept = form.get("kept", len(forms))
    if not isinstance(kept, int) or not 0 <= kept <= len(forms):
        raise TraceError(f"kept must be between 0 and the {len(forms)} effects, but it is {shown(kept)}")
    effects = tuple(_read_effect(f, position < kept, node, disks) for position, f in enumerate(forms))
    cause = form.get("cause")
    if cause is not None:
        if not 0 < cause[0] < number:
            raise TraceError(f"cause must be an earlier step, but it is {cause[0]}")
        cause = (cause[0], cause[1])
    if not isinstance(form["at"], int) or form["at"] < 0:
        raise TraceError(f"at must be a time in whole microseconds, but it is {shown(form['at'])}")
    if kind == "wipe":
        disks[node] = EMPTY
    return Step(number, form["at"], kind, node, event, effects, kept, cause, value_of(form.get("detail", {"$map": []})))


def _read_effect(form: Any, kept: bool, node: str, disks: Disks) -> Effect:
    if isinstance(form, dict) and form.get("$") == "events.Persist":
        disk = disks.get(node, EMPTY)
        changes = Map([(value_of(key), _read_change(key, item, disk)) for key, item in form["changes"]["$map"]])
        if kept:
            disks[node] = apply_to_disk(disk, changes)
        return Persist(changes)
    effect = value_of(form)
    if not isinstance(effect, EFFECTS):
        raise TraceError(f"an effect must be one of Send, SetTimer, ..., but it is {shown(effect)}")
    return effect  # type: ignore[no-any-return]


def _read_change(key: str, form: Any, disk: Map[str, Any]) -> Any:
    if isinstance(form, dict) and "$log+" in form:
        before = disk[key]
        shared, *entries = form["$log+"]
        return before.truncate(shared).append(*(value_of(entry) for entry in entries))
    return value_of(form)
