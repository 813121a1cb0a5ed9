"""`Bounds`: how far an exploration goes. What it finds, and what it does not, is said within these bounds.

Every fault and every timeout that may happen is paid from a purse. What is left in the purse is part of the state, so
two states with different purses are two states.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from distsys.core.errors import ArgumentError, ArgumentTypeError, shown, whole_number
from distsys.core.units import MS
from distsys.core.values import Map


@dataclass(frozen=True)
class Bounds:
    """How often each thing may happen in one run, over all nodes unless it says otherwise.

    timeouts       timers that fire
    timeouts_each  timers that fire at one node; None sets no limit beside `timeouts`
    timers         limits for single timers, {"election": 2}: a timer is named in full ("links/retry"), or by its
                   last part ("retry"), without what follows a colon ("wait" for "wait:n2"); "election@n1" is
                   the timer of that node alone. The result notes a limit whose timer never ran
    requests       how many of the requests clients may make; None is all that were given, or, when they are those
                   of the system's own workload, the first one
    in_order       the requests come in the order in which they stand; else each may come at any moment
    crashes        nodes that crash, between two events or between two effects of one event
    may_crash      the nodes that may; None is all that are no clients
    wipes          crashes (of those above) in which the disk is lost as well
    losses         messages that the network loses. A message that is never delivered is as good as lost, and
                   laws cannot see the network, so a loss changes no verdict, only the number of states
    duplicates     messages of which the network makes one more copy
    ticks          times that the clock of all nodes moves on by `tick` microseconds; it stands still else
    depth          actions in one run; None sets no limit
    """

    timeouts: int = 0
    timeouts_each: int | None = None
    timers: Mapping[str, int] = field(default_factory=dict)
    requests: int | None = None
    in_order: bool = False
    crashes: int = 0
    may_crash: tuple[str, ...] | None = None
    wipes: int = 0
    losses: int = 0
    duplicates: int = 0
    ticks: int = 0
    tick: int = 100 * MS
    depth: int | None = None

    def __post_init__(self) -> None:
        for name in ("timeouts", "crashes", "wipes", "losses", "duplicates", "ticks"):
            whole_number(name, getattr(self, name), at_most=1000)
        whole_number("tick", self.tick, at_least=1)
        for name in ("timeouts_each", "requests", "depth"):
            if getattr(self, name) is not None:
                whole_number(name, getattr(self, name))
        if not isinstance(self.in_order, bool):
            raise ArgumentTypeError(f"in_order must be True or False, but it is {shown(self.in_order)}")
        if self.may_crash is not None and not isinstance(self.may_crash, (tuple, list)):
            raise ArgumentTypeError(f"may_crash must name nodes, but it is {shown(self.may_crash)}")
        for name in self.may_crash or ():
            if not isinstance(name, str):
                raise ArgumentTypeError(f"may_crash must name nodes (str), but it names {shown(name)}")
        if not isinstance(self.timers, Mapping):
            raise ArgumentTypeError(
                f"timers must map names of timers to limits, but it is {shown(self.timers)}"
            )
        for timer, limit in self.timers.items():
            if not isinstance(timer, str):
                raise ArgumentTypeError(f"timers must name timers (str), but it names {shown(timer)}")
            whole_number(f"timers[{timer!r}]", limit, at_most=1000)
        if self.wipes > self.crashes:
            raise ArgumentError(
                f"wipes must be at most crashes ({self.crashes}), of which they are a part, but it is {self.wipes}"
            )
        object.__setattr__(self, "timers", Map(self.timers))
        if self.may_crash is not None:
            object.__setattr__(self, "may_crash", tuple(self.may_crash))

    @property
    def named(self) -> frozenset[str]:
        """The nodes that these bounds treat in a way of their own."""
        limited = (timer.partition("@") for timer in self.timers)
        return frozenset(self.may_crash or ()) | {name for _, at, name in limited if at}

    def settings(self) -> Map[str, Any]:
        """Return the bounds as a value for the header of a trace."""
        return Map({f.name: getattr(self, f.name) for f in fields(self)})

    def said(self, requests: int) -> str:
        """Return the bounds in words, for a run with so many requests: what is not named does not happen."""
        counts = {"request": requests, "timeout": self.timeouts, "crash": self.crashes, "wipe": self.wipes}
        counts |= {"loss": self.losses, "duplicate": self.duplicates, "tick": self.ticks}
        words = [_counted(count, what) for what, count in counts.items() if count]
        if self.in_order and requests > 1:
            words[0] += " in order"
        if self.timeouts_each is not None:
            words.append(f"at most {_counted(self.timeouts_each, 'timeout')} a node")
        words.extend(
            f"the timer {timer} at most {_counted(limit, 'time')}" for timer, limit in self.timers.items()
        )
        if self.may_crash is not None and self.crashes:
            words.append(f"only {', '.join(self.may_crash) or 'nobody'} may crash")
        if self.depth is not None:
            words.append(f"runs of at most {_counted(self.depth, 'action')}")
        return ", ".join(words) or "deliveries only"


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" + ("" if count == 1 else "es" if what.endswith(("s", "h")) else "s")


class Purse:
    """What is left of the bounds in a state, with the readings that go with it; purses are interned.

    `left` is a tuple, in this order: crashes, wipes, losses, duplicates, timeouts, timeouts at each node (a
    tuple), timeouts of each limited timer (a tuple), requests not made yet (bits), ticks, steps written so far
    (0 unless laws look at them). `paid` remembers which purse is left when something is paid from this one.
    """

    __slots__ = ("left", "now", "number", "paid", "stamp")

    def __init__(self, left: tuple[Any, ...], now: int) -> None:
        self.left = left
        self.now = now
        self.number: int = left[STEPS]
        self.stamp = (now, self.number) if self.number else now
        self.paid: dict[Any, int] = {}


CRASHES, WIPES, LOSSES, DUPLICATES, TIMEOUTS, EACH, TIMERS, REQUESTS, TICKS, STEPS = range(10)


class Purses:
    """All purses of one exploration, numbered. `-1` stands for what cannot be paid."""

    def __init__(self, bounds: Bounds, names: tuple[str, ...], requests: int, counted: bool) -> None:
        self.bounds = bounds
        self.names = names
        self.counted = counted  # laws look at the numbers of steps, so they are part of the state
        self.limited = tuple(bounds.timers)
        each = () if bounds.timeouts_each is None else (bounds.timeouts_each,) * len(names)
        timers = tuple(bounds.timers[name] for name in self.limited)
        self.purses: list[Purse] = []
        self._ids: dict[tuple[Any, ...], int] = {}
        self.first = self.number_of((
            bounds.crashes, bounds.wipes, bounds.losses, bounds.duplicates, bounds.timeouts, each, timers,
            (1 << requests) - 1, bounds.ticks, 0,
        ))  # fmt: skip

    def number_of(self, left: tuple[Any, ...]) -> int:
        """Return the number of the purse in which so much is left."""
        found = self._ids.get(left)
        if found is None:
            found = self._ids[left] = len(self.purses)
            self.purses.append(Purse(left, (self.bounds.ticks - left[TICKS]) * self.bounds.tick))
        return found

    def pay(self, purse: int, item: int, steps: int, count: int = 1) -> int:
        """Return the purse after one thing of the kind `item` (-1 for free), which wrote so many steps."""
        key = (item, steps)
        paid = self.purses[purse].paid
        found = paid.get(key)
        if found is None:
            left = list(self.purses[purse].left)
            found = -1
            if item < 0 or left[item] > 0:
                if item >= 0:
                    left[item] -= 1
                found = self._wrote(left, steps)
            paid[key] = found
        return found

    def _wrote(self, left: list[Any], steps: int) -> int:
        if self.counted:
            left[STEPS] += steps
        return self.number_of(tuple(left))

    def pay_wipe(self, purse: int) -> int:
        """Return the purse after a crash in which the disk is lost."""
        crashed = self.pay(purse, CRASHES, 1)
        return -1 if crashed < 0 else self.pay(crashed, WIPES, 1)

    def pay_timeout(self, purse: int, node: int, timer: str) -> int:
        """Return the purse after `timer` fired at a node."""
        key = (node, timer)
        paid = self.purses[purse].paid
        found = paid.get(key)
        if found is None:
            found = paid[key] = self._timeout(list(self.purses[purse].left), node, timer)
        return found

    def _timeout(self, left: list[Any], node: int, timer: str) -> int:
        if left[TIMEOUTS] == 0:
            return -1
        left[TIMEOUTS] -= 1
        if left[EACH]:
            if left[EACH][node] == 0:
                return -1
            left[EACH] = _less_one(left[EACH], node)
        for place, name in enumerate(self.limited):
            if limits(name, timer, self.names[node]):
                if left[TIMERS][place] == 0:
                    return -1
                left[TIMERS] = _less_one(left[TIMERS], place)
        return self._wrote(left, 1)

    def pay_request(self, purse: int, request: int, steps: int = 1) -> int:
        """Return the purse after the request with this number was made."""
        left = list(self.purses[purse].left)
        left[REQUESTS] &= ~(1 << request)
        return self._wrote(left, steps)

    def requests(self, purse: int) -> tuple[int, ...]:
        """Return the numbers of the requests that may be made now."""
        mask = self.purses[purse].left[REQUESTS]
        waiting = tuple(number for number in range(mask.bit_length()) if mask >> number & 1)
        return waiting[:1] if self.bounds.in_order else waiting


def limits(limit: str, timer: str, node: str) -> bool:
    """Return whether a name in `Bounds.timers` is one of this timer of this node.

    >>> limits("wait@n1", "detector/wait:n2", "n1"), limits("wait@n1", "wait:n2", "n3")
    (True, False)
    """
    limited, at, where = limit.partition("@")
    return limited in (timer, short_name(timer)) and (not at or where == node)


def short_name(timer: str) -> str:
    """Return the name of a timer without the nodes around it and without what follows a colon.

    >>> short_name("detector/wait:n2")
    'wait'
    """
    return timer.rpartition("/")[2].partition(":")[0]


def _less_one(counts: tuple[int, ...], place: int) -> tuple[int, ...]:
    return (*counts[:place], counts[place] - 1, *counts[place + 1 :])
