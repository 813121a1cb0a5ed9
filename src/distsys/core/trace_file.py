"""The file form of a trace: JSON lines in canonical form, version 1.

    {...,"distsys":"trace",...,"options":{...},"seed":...,"system":...,"version":1}    the header
    {"at":0,"effects":[...],"event":{...},"i":1,"kind":"start","node":"n1"}            a line a step
    {"end":120,"ended":"complete","sha256":"...","violations":[...]}                   the last line

The last line counts the steps and carries the SHA-256 of the whole file without it (all lines, and the last one
as it would be without "sha256"), so that a file which was cut short or changed by hand is refused. A field of a
step that has its usual value is left out: `kept` when all effects were kept, `event`, `effects`, `cause` and
`detail` when there are none. A `Persist` shows a log by what changed: {"$log+": [last index shared with the disk
before, entry, ...]}.
"""

from __future__ import annotations

import hashlib
from typing import Any, TypeVar, cast

from .canonical import parse, plain, text, value_of
from .errors import DistsysError, TraceError, shown
from .events import EFFECTS, EVENTS, Effect, Persist
from .laws import Violation
from .log import Log
from .trace import HANDLED, KINDS, VERSION, Cause, Header, Step, Trace, apply_to_disk
from .values import EMPTY, Map

T = TypeVar("T")
Disks = dict[str, Map[str, Any]]
MALFORMED = (
    TypeError,
    KeyError,
    ValueError,
    AttributeError,
    IndexError,
)  # what a wrong form makes Python raise


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
    }
    return body + text({**end, "sha256": _checksum(body, end)}) + "\n"


def _checksum(body: str, end: dict[str, Any]) -> str:
    """Return the SHA-256 of all lines and the closing line without its checksum."""
    last = text({key: value for key, value in end.items() if key != "sha256"})
    return hashlib.sha256((body + last + "\n").encode()).hexdigest()


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
    body, last, closing = lines[1:-2], lines[-2], len(lines) - 1
    end = _form(last, source, closing)
    if "end" not in end:
        raise TraceError(f"{source}, line {closing}: the file is cut short: the closing line is missing")
    disks: Disks = {}
    steps: list[Step] = []
    for number, line in enumerate(body, 1):
        try:
            steps.append(_read_step(parse(line), steps, disks))
        except TraceError as problem:
            raise TraceError(f"{source}, line {number + 1}: {problem}") from None
        except (*MALFORMED, DistsysError) as problem:
            raise TraceError(
                f"{source}, line {number + 1}: not a step ({problem!r}): {shown(line)}"
            ) from None
    _check_end(end, whole, last, steps, source, closing)
    try:
        violations = tuple(_read_violation(form, len(steps)) for form in end["violations"])
        trace = Trace(header, tuple(steps), violations, _kind_of(str, "ended", end["ended"]))
    except (*MALFORMED, TraceError) as problem:
        raise TraceError(f"{source}, line {closing}: not a closing line ({problem!r})") from None
    _check_form(trace, lines, source)
    return trace


def _check_form(trace: Trace, lines: list[str], source: str) -> None:
    """Refuse a trace that says what it says in another form than ours: one trace, one text."""
    try:
        written = write(trace).split("\n")
    except DistsysError as problem:
        raise TraceError(f"{source}: {problem}") from None
    for number, (line, ours) in enumerate(zip(lines, written, strict=True), 1):
        if line != ours:
            raise TraceError(
                f"{source}, line {number}: not in canonical form (keys sorted, no spaces, no field left over), "
                f"which would be {shown(ours)}"
            )


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
    if end.get("sha256") != _checksum(whole[: len(whole) - len(last) - 1], end):
        raise TraceError(
            f"{source}, line {line}: the checksum does not fit: the file was changed after it was written"
        )


def _read_header(line: str, source: str) -> Header:
    try:
        form = parse(line)
    except DistsysError:
        form = None
    if not isinstance(form, dict) or form.get("distsys") != "trace":
        raise TraceError(
            f"{source}, line 1: not a trace of distsys, or cut short: the first line of a trace is an object "
            f'with "distsys":"trace", but this is {shown(line, 40)}'
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
            options=_kind_of(Map, "options", value_of(form["options"])),
            mutant=form["mutant"],
            seed=_kind_of(int, "seed", value_of(form["seed"])),
            names=tuple(_kind_of(str, "a name", name) for name in form["names"]),
            declared=_kind_of(Map, "declared", value_of(form["declared"])),
            driver=_kind_of(Map, "driver", value_of(form["driver"])),
            laws=tuple(_kind_of(str, "a law", name) for name in form["laws"]),
        )
    except (*MALFORMED, DistsysError) as problem:
        what = f"the header lacks {problem}" if isinstance(problem, KeyError) else str(problem)
        raise TraceError(f"{source}, line 1: {what}") from None


def load_records_of(system: str, mutant: str | None) -> None:
    """Load the modules that declare the messages of a system, so that they can be read."""
    from . import systems

    systems.find(system)
    if mutant is not None and mutant not in {known.id for known in systems.mutants(system)}:
        raise TraceError(f"{system} has no mutant named {shown(mutant)}")


def _read_step(form: Any, earlier: list[Step], disks: Disks) -> Step:
    number = len(earlier) + 1
    _kind_of(dict, "a line", form)
    if form.get("i") != number:
        raise TraceError(
            f"the steps are numbered from 1 without gaps: {number} is due, but {shown(form.get('i'))} stands here"
        )
    kind, node = form["kind"], _kind_of(str, "node", form.get("node", ""))
    if kind not in KINDS:
        raise TraceError(f"unknown kind of step {shown(kind)}; known are {', '.join(sorted(KINDS))}")
    if kind in HANDLED and "event" not in form:
        raise TraceError(f"a step of the kind {kind} has an event, but this one has none")
    event = value_of(form["event"]) if "event" in form else None
    if "event" in form and not isinstance(event, EVENTS):
        raise TraceError(f"event must be a Start, Deliver or Timeout, but it is {shown(event)}")
    forms = _kind_of(list, "effects", form.get("effects", []))
    kept = _kind_of(int, "kept", form.get("kept", len(forms)))
    if not 0 <= kept <= len(forms):
        raise TraceError(f"kept must be between 0 and the {len(forms)} effects, but it is {kept}")
    effects = tuple(_read_effect(f, position < kept, node, disks) for position, f in enumerate(forms))
    at, before = _kind_of(int, "at", form["at"]), earlier[-1].at if earlier else 0
    if at < before:
        raise TraceError(f"at must not go back: the step before was at {before}, but this one is at {at}")
    if kind == "wipe":
        disks[node] = EMPTY
    detail = _kind_of(Map, "detail", value_of(form.get("detail", {"$map": []})))
    return Step(number, at, kind, node, event, effects, kept, _read_cause(form, earlier), detail)


def _read_cause(form: dict[str, Any], earlier: list[Step]) -> Cause | None:
    if "cause" not in form:
        return None
    number, position = (_kind_of(int, "cause", part) for part in form["cause"])
    if not 0 < number <= len(earlier):
        raise TraceError(f"cause must be an earlier step, but it is {number}")
    if not 0 <= position < len(earlier[number - 1].effects):
        raise TraceError(f"cause must be an effect of step {number}, but it is number {position}")
    return number, position


def _read_violation(form: dict[str, Any], steps: int) -> Violation:
    number = _kind_of(int, "step", form["step"])
    if not 0 <= number <= steps:
        raise TraceError(f"step of a violation must be between 0 and {steps}, but it is {number}")
    return Violation(_kind_of(str, "law", form["law"]), _kind_of(str, "evidence", form["evidence"]), number)


def _kind_of(kind: type[T], field: str, value: Any) -> T:
    """Return `value` if its type is exactly `kind`: True is no 1 here."""
    if type(value) is not kind:
        raise TraceError(f"{field} must be of type {kind.__name__}, but it is {shown(value)}")
    return value


def _read_effect(form: Any, kept: bool, node: str, disks: Disks) -> Effect:
    if isinstance(form, dict) and form.get("$") == "events.Persist":
        disk = disks.get(node, EMPTY)
        changes = Map(
            [(value_of(key), _read_change(key, item, disk)) for key, item in form["changes"]["$map"]]
        )
        if kept:
            disks[node] = apply_to_disk(disk, changes)
        return Persist(changes)
    effect = value_of(form)
    if not isinstance(effect, EFFECTS):
        raise TraceError(f"an effect must be one of Send, SetTimer, ..., but it is {shown(effect)}")
    return cast(Effect, effect)


def _read_change(key: str, form: Any, disk: Map[str, Any]) -> Any:
    if isinstance(form, dict) and "$log+" in form:
        before = _kind_of(Log, "the log before", disk.get(key))
        shared, *entries = form["$log+"]
        return before.truncate(shared).append(*(value_of(entry) for entry in entries))
    return value_of(form)
