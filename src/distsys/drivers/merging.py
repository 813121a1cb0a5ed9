"""`merge`: one `Trace` of the diaries of several processes, and of what their clients tell.

A real run has no global order. Each process numbers its own steps, and a message carries the name and the number of the
step that sent it ("n2#17"); so each diary keeps its own order, and no delivery comes before its send. Of the orders
that fit, `merge` makes one: of the steps that can come next it takes the one with the earliest clock. It is one order
that the run may have had: each state in it is one that the cluster may have been in, so that a law that must hold
always can be asked of it (`judged.judged`), and replay judges each node by its own steps only, which are the same in
all of these orders.

Clients keep no diary; what they tell is their history (`Clients`). In the trace they have lanes of their own: a step
"note" where a client asks and where it gives up, a step "return" where it has its answer. Each outputs the `Operation`,
so the history of the trace is the history of the clients, in its order. All requests of a call that reached a server
are drawn from the step at which the client asked; those that reached nobody left no record.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from distsys.core.canonical import parse, value_of
from distsys.core.errors import DistsysError, TraceError, file_path, instance, shown
from distsys.core.events import Deliver, Effect, Event, Output, Persist, Send
from distsys.core.operations import FAIL, INVOKE, OK, Operation
from distsys.core.systems import Cluster
from distsys.core.trace import Cause, Header, Step, Trace, apply_to_disk
from distsys.core.trace_file import MALFORMED
from distsys.core.values import EMPTY, Map

from .diary import Origin, whole_lines
from .disk import changes_of


def nothing(message: Any) -> None:
    """Return None: a message that belongs to no call."""


@dataclass(frozen=True)
class Clients:
    """What the clients of a run tell.

    history   their operations, in the order in which they happened
    asks      the call that a message to a server belongs to, as (process, number of its operation), or None
    answers   the same of a message to a client that ends a call
    shift     what must be added to the times of the history to have those of the diaries, microseconds
    """

    history: Sequence[Operation] = ()
    asks: Callable[[Any], tuple[str, int] | None] = nothing
    answers: Callable[[Any], tuple[str, int] | None] = nothing
    shift: int = 0


@dataclass
class _Entry:
    """A step of one process, which does not know its number in the whole yet."""

    at: int
    kind: str
    event: Event | None = None
    effects: tuple[Effect, ...] = ()
    kept: int = 0
    origin: Origin | None = None
    id: str = ""
    detail: Map[str, Any] = EMPTY
    node: str = ""  # where that is not the name of the page
    after: str = ""  # a step that must have come before, without having caused this one


@dataclass
class _Page:
    """The steps of one process, in order, and how far they were taken."""

    name: str
    entries: list[_Entry]
    place: int = 0

    @property
    def next(self) -> _Entry | None:
        """The next step."""
        return self.entries[self.place] if self.place < len(self.entries) else None

    def is_ready(self, numbers: Mapping[str, int]) -> bool:
        """Return whether there is a next step, and what must come before it is there."""
        entry = self.next
        return (
            entry is not None
            and (entry.origin is None or entry.origin[0] in numbers)
            and (not entry.after or entry.after in numbers)
        )


def merge(cluster: Cluster, diaries: Mapping[str, str | Path], clients: Clients | None = None) -> Trace:
    """Return the run that the `diaries` (node -> file) tell of, as one trace; a `TraceError` where they do not fit.

    With `clients`, what these tell is in it. A step whose cause is missing, because the diary of the sender is full or
    lost its last lines, ends what can be told of that node.
    """
    instance("cluster", cluster, Cluster)
    names = tuple(name for name in cluster.names if name in diaries)
    pages = [_Page(name, list(_entries(name, file_path(name, diaries[name])))) for name in names]
    if clients is not None:
        pages.append(_page_of(clients, pages))
    header = Header(
        system=cluster.system.name,
        options=cluster.options,
        mutant=cluster.mutant.id if cluster.mutant else None,
        seed=0,
        names=names,
        declared=Map({name: Map(cluster.kind_of(name).declared) for name in names}),
        driver=Map({"kind": "runtime"}),
    )
    begin = min((page.entries[0].at for page in pages if page.entries), default=0)
    steps: list[Step] = []
    numbers: dict[str, int] = {}
    while (page := _next_page(pages, numbers)) is not None:
        steps.append(_step(page, len(steps) + 1, begin, steps[-1].at if steps else 0, numbers))
        page.place += 1
    rest = sum(len(page.entries) - page.place for page in pages)
    return Trace(header, tuple(steps), ended="complete" if not rest else f"{rest} steps without their cause")


def _next_page(pages: list[_Page], numbers: dict[str, int]) -> _Page | None:
    """Return the page whose next step was the earliest of those whose cause is there."""
    ready = [page for page in pages if page.is_ready(numbers)]
    return min(ready, key=lambda page: page.next.at if page.next else 0, default=None)


def _step(page: _Page, number: int, begin: int, at_least: int, numbers: dict[str, int]) -> Step:
    entry = page.next
    assert entry is not None, f"{page.name} has no next step"
    cause: Cause | None = None
    if entry.origin is not None:
        cause = (numbers[entry.origin[0]], entry.origin[1])
    if entry.id:
        numbers[entry.id] = number
    at = max(entry.at - begin, at_least)
    return Step(
        number,
        at,
        entry.kind,
        entry.node or page.name,
        entry.event,
        entry.effects,
        entry.kept,
        cause,
        entry.detail,
    )


def _entries(name: str, path: Path) -> Iterator[_Entry]:
    """Yield the steps of a diary, and a crash before each start but the first."""
    lines = whole_lines(path)
    try:
        forms = [parse(line) for line in lines]
        durable = _durable(forms)
        yield from _Reader(name, durable).entries(forms)
    except (*MALFORMED, DistsysError) as problem:
        raise TraceError(f"{path} is not the diary of {name}: {problem}") from problem


def _durable(forms: list[dict[str, Any]]) -> list[int]:
    """Return, for each line, up to which step the disk kept what was persisted in that life of the process."""
    result: list[int] = []
    limit = 2**62  # nothing is known of the last life: all it did counts
    for form in reversed(forms):
        result.append(limit)
        if "kept" in form:
            limit = form["kept"]
    return result[::-1]


@dataclass
class _Reader:
    """Reads the lines of one diary in order; it follows the disk, in memory and as it was kept."""

    name: str
    durable: list[int]
    disk: Map[str, Any] = EMPTY
    kept_disk: Map[str, Any] = EMPTY
    last_at: int = field(default=0)
    is_ahead: bool = False  # this life persisted what the disk did not keep: no message left any more

    def entries(self, forms: list[dict[str, Any]]) -> Iterator[_Entry]:
        """Yield the steps."""
        if forms and (forms[0]["i"] != 1 or forms[0].get("kept") != 0):
            raise TraceError(f"it begins with step {forms[0]['i']} of a process that had run before")
        for position, form in enumerate(forms):
            if "drop" in form:
                yield self._drop(form)
                continue
            if "kept" in form and position:
                yield _Entry(self.last_at, "crash", detail=Map({"why": "crash"}))
                self.disk, self.is_ahead = self.kept_disk, False
            yield self._step(form, self.durable[position])
            self.last_at = form["at"]

    def _drop(self, form: dict[str, Any]) -> _Entry:
        detail = Map({"from": self.name, "to": form["to"], "why": form["why"]})
        return _Entry(form["at"], "drop", origin=(f"{self.name}#{form['i']}", form["drop"]), detail=detail)

    def _step(self, form: dict[str, Any], durable: int) -> _Entry:
        number = form["i"]
        effects: list[Effect] = []
        kept: int | None = None
        for place, effect_form in enumerate(form.get("effects", [])):
            effect = self._effect(effect_form)
            if isinstance(effect, Persist):
                self.disk = apply_to_disk(self.disk, effect.changes)
                if number <= durable:
                    self.kept_disk = apply_to_disk(self.kept_disk, effect.changes)
                else:
                    self.is_ahead = True
            if kept is None and self.is_ahead and isinstance(effect, (Persist, Send, Output)):
                kept = place
            effects.append(effect)
        origin = tuple(form["cause"]) if "cause" in form else None
        kept = len(effects) if kept is None else kept
        id = f"{self.name}#{number}"
        return _Entry(form["at"], form["kind"], value_of(form["event"]), tuple(effects), kept, origin, id)

    def _effect(self, form: Any) -> Effect:
        if isinstance(form, dict) and "persist" in form:
            return Persist(changes_of(form["persist"], self.disk))
        effect: Effect = value_of(form)
        if not isinstance(effect, Effect):
            raise TraceError(f"an effect must be a Send, SetTimer, ..., but it is {shown(effect)}")
        return effect


# What the clients tell.


def _page_of(clients: Clients, pages: Sequence[_Page]) -> _Page:
    """Return the steps of the clients; a request that reached a server becomes the delivery of what they sent."""
    asked = _numbered(clients.history)
    known = {f"{process}:{number}" for _, process, number in asked}
    requests: dict[str, list[Send]] = {}
    senders: dict[str, str] = {}
    replies: dict[str, list[tuple[int, Origin]]] = {}
    for page in pages:
        for place, entry in enumerate(page.entries):
            id = _id(clients.asks, entry.event.message) if isinstance(entry.event, Deliver) else ""
            if entry.kind == "invoke" and id in known and isinstance(entry.event, Deliver):
                sends = requests.setdefault(id, [])
                sends.append(Send(page.name, entry.event.message))
                senders[id.rpartition(":")[0]] = entry.event.sender
                page.entries[place] = replace(entry, kind="deliver", origin=(id, len(sends)))
            for position, effect in enumerate(entry.effects[: entry.kept]):
                if isinstance(effect, Send) and (id := _id(clients.answers, effect.message)):
                    replies.setdefault(id, []).append((entry.at, (entry.id, position)))
    entries = []
    asked_value: dict[str, Any] = {}
    for event, process, number in asked:
        id, at, lane = f"{process}:{number}", event.at + clients.shift, senders.get(process, process)
        if event.type == INVOKE:
            asked_value[process] = event.value
            effects: tuple[Effect, ...] = (Output(event), *requests.get(id, ()))
            entries.append(
                _Entry(at, "note", None, effects, len(effects), id=id, detail=_asks(event), node=lane)
            )
            continue
        heard = _heard(replies.get(id, []), at) if event.type == OK else None
        detail = _hears(event, asked_value.get(process))
        kind = "return" if event.type == OK else "note"
        entries.append(_Entry(at, kind, None, (Output(event),), 1, heard, detail=detail, node=lane))
    return _Page("", entries)


def _numbered(history: Sequence[Operation]) -> list[tuple[Operation, str, int]]:
    """Return each event with its process and the number of its operation there, from 1."""
    counts: dict[str, int] = {}
    found = []
    for event in history:
        counts[event.process] = counts.get(event.process, 0) + (event.type == INVOKE)
        found.append((event, event.process, counts[event.process]))
    return found


def _id(call_of: Callable[[Any], tuple[str, int] | None], message: Any) -> str:
    call = call_of(message)
    return "" if call is None else f"{call[0]}:{call[1]}"


def _heard(replies: list[tuple[int, Origin]], at: int) -> Origin | None:
    """Return the last reply that was sent before the client had its answer; the first, where clocks do not agree."""
    before = [reply for reply in replies if reply[0] <= at]
    return max(before)[1] if before else min(replies)[1] if replies else None


def _asks(event: Operation) -> Map[str, Any]:
    value = "" if event.value is None else f"={shown(event.value, 40)}"
    return Map({"asks": f"{event.f} {event.key}{value}"})


def _hears(event: Operation, asked: Any) -> Map[str, Any]:
    if event.type == OK:
        return Map({"hears": "ok" if asked is not None and event.value == asked else shown(event.value, 40)})
    return Map({"hears": "that it failed" if event.type == FAIL else "nothing, and gives up"})
