"""Objects written a second time, as simply as can be, and random histories of them: oracles for the checkers.

Nothing here uses a line of `distsys.checkers` but the records of a history. An object is a class with

    start                          its first state
    ask(dice)                      -> (f, key, asked): something that a client may ask
    do(state, f, key, asked, dice) -> (next state, answer)
    other(dice, f, answer)         -> an answer that a faulty object might give instead
"""

import random
from collections.abc import Hashable
from typing import Any

from distsys.checkers import History
from distsys.core.operations import Operation

KEYS = ("x", "y")


class Store:
    """Keys and values, with the operations of the models register and key-value."""

    start: Any = ()
    names = ("get", "get", "get", "put", "delete", "append", "cas")

    def ask(self, dice):
        f, key = dice.choice(self.names), dice.choice("xxxy")
        if f == "cas":
            return f, key, (dice.choice((None, 1, 2)), dice.choice((1, 2)))
        if f == "append":
            return f, key, dice.choice(("a", "b"))
        return f, key, dice.choice((1, 2, "a", (1,))) if f == "put" else None

    def do(self, state, f, key, asked, dice):
        items = dict(state)
        answer: Any = None
        if f == "get":
            answer = items.get(key)
        elif f == "put":
            items[key] = asked
        elif f == "delete":
            items.pop(key, None)
        elif f == "cas":
            answer = items.get(key) == asked[0]
            if answer:
                items[key] = asked[1]
        else:
            old = items.get(key)
            if old is None:
                items[key] = asked
            elif isinstance(old, str):
                items[key] = old + asked
            elif isinstance(old, tuple):
                items[key] = (*old, asked)
            else:
                return None
        return tuple(sorted((k, v) for k, v in items.items() if v is not None)), answer

    def other(self, dice, f, answer):
        if f == "cas":
            return not answer
        return dice.choice((None, 1, 2, "a", "ab", "b", (1,), (1, "a"))) if f == "get" else answer

    def same(self, call, answer):
        return call.answer == answer


class Register(Store):
    names = ("read", "read", "read", "write", "write", "cas")

    def ask(self, dice):
        f = dice.choice(self.names)
        asked = dice.choice((1, 2, 3)) if f == "write" else None
        return (
            f,
            dice.choice((None, None, None, "x")),
            (dice.choice((None, 1, 2)), dice.choice((1, 2))) if f == "cas" else asked,
        )

    def do(self, state, f, key, asked, dice):
        return super().do(state, {"read": "get", "write": "put"}.get(f, f), str(key), asked, dice)

    def other(self, dice, f, answer):
        return not answer if f == "cas" else dice.choice((None, 1, 2, 3)) if f == "read" else answer


class MultiKey(Store):
    names = ("get", "put", "cas")

    def ask(self, dice):
        if dice.random() < 0.4:
            return super().ask(dice)
        parts = []
        for _ in range(dice.randint(1, 3)):
            kind = dice.choice(("r", "r", "w", "append"))
            value = None if kind == "r" else dice.choice((1, 2)) if kind == "w" else "a"
            parts.append((kind, dice.choice(KEYS), value))
        return "txn", None, tuple(parts)

    def do(self, state, f, key, asked, dice):
        if f != "txn":
            return super().do(state, f, key, asked, dice)
        result = []
        for kind, name, value in asked:
            done = super().do(state, {"r": "get", "w": "put", "append": "append"}[kind], name, value, dice)
            if done is None:
                return None
            state, answer = done
            result.append((kind, name, answer if kind == "r" else value))
        return state, tuple(result)

    def other(self, dice, f, answer):
        if f != "txn" or answer is None:
            return super().other(dice, f, answer)
        return tuple((k, n, dice.choice((None, 1, 2, v)) if k == "r" else v) for k, n, v in answer)


class Growing:
    start: Any = ()

    def ask(self, dice):
        return ("append", None, dice.choice((1, 2, 3))) if dice.random() < 0.5 else ("read", None, None)

    def do(self, state, f, key, asked, dice):
        return ((*state, asked), None) if f == "append" else (state, state)

    def other(self, dice, f, answer):
        if f != "read":
            return answer
        changed = list(answer)
        match dice.choice(("drop", "twice", "swap")):
            case "drop":
                changed = changed[:-1]
            case "twice":
                changed += changed[-1:] or [1]
            case _:
                changed.reverse()
        return tuple(changed)

    def same(self, call, answer):
        return call.answer == answer


class Counter:
    start: Any = (0, ())

    def ask(self, dice):
        if dice.random() < 0.45:
            return "read", None, None
        amount = dice.choice((1, 1, 2))
        return "add", None, (dice.choice(("r1", "r2")), 1) if dice.random() < 0.5 else amount

    def do(self, state, f, key, asked, dice):
        total, seen = state
        if f == "read":
            return state, total
        if isinstance(asked, tuple):
            for request, then in seen:
                if request == asked[0]:
                    return state, then
            total += asked[1]
            return (total, (*seen, (asked[0], total))), total
        return (total + asked, seen), total + asked

    def other(self, dice, f, answer):
        return max(0, answer + dice.choice((-1, 1, 2)))

    def same(self, call, answer):
        return call.answer == answer or (call.f == "add" and call.answer is None)


class Queue:
    start: Any = ()

    def ask(self, dice):
        return ("enqueue", None, dice.choice((1, 2, 3))) if dice.random() < 0.4 else ("dequeue", None, None)

    def do(self, state, f, key, asked, dice):
        items = list(state)
        answer = None
        if f == "enqueue":
            items.append(asked)
        elif items:
            answer = items.pop(0)
        return tuple(items), answer

    def other(self, dice, f, answer):
        return dice.choice((None, 1, 2, 3)) if f == "dequeue" else answer

    def same(self, call, answer):
        return call.answer == answer


class Items:
    start: Any = ()

    def ask(self, dice):
        f = dice.choice(("add", "add", "remove", "contains", "read"))
        return f, None, None if f == "read" else dice.choice((1, 2))

    def do(self, state, f, key, asked, dice):
        items = set(state)
        answer: Any = asked in items
        if f == "read":
            answer = tuple(sorted(items))
        elif f == "add":
            answer = not answer
            items.add(asked)
        elif f == "remove":
            items.discard(asked)
        return tuple(sorted(items)), answer

    def other(self, dice, f, answer):
        return dice.choice(((), (1,), (2,), (2, 1), (1, 1))) if f == "read" else not answer

    def same(self, call, answer):
        if call.f == "read":
            return sorted(call.answer) == sorted(answer)
        return call.answer == answer or (call.f in ("add", "remove") and call.answer is None)


class Lock:
    """State: (owner, token, newest token). Where a token was not heard, every possible one is tried."""

    start: Any = (None, 0, 0)
    most = 9

    def ask(self, dice):
        f = dice.choice(("acquire", "acquire", "release", "holder"))
        if f == "release":
            return f, None, (dice.choice(("a", "b")), dice.choice((None, 1, 2, 3)))
        return f, None, dice.choice(("a", "b")) if f == "acquire" else None

    def do(self, state, f, key, asked, dice):
        owner, token, newest = state
        if f == "holder":
            return state, owner
        if f == "acquire":
            if owner:
                return state, False
            token = newest + dice.choice((1, 1, 2))
            return (asked, token, token), token
        if owner == asked[0] and asked[1] in (None, token):
            return (None, 0, newest), True
        return state, False

    def other(self, dice, f, answer):
        if f == "holder":
            return dice.choice((None, "a", "b"))
        return dice.choice((False, 1, 2, 3)) if f == "acquire" else not answer

    def allows(self, state, call):
        owner, _, newest = state
        if call.f != "acquire":
            after, answer = self.do(state, call.f, call.key, call.asked, None)
            return [after] if not call.known or answer == call.answer else []
        if owner:
            return [state] if not call.known or call.answer is False else []
        if call.known and call.answer is not True:
            return [(call.asked, call.answer, call.answer)] if call.answer and call.answer > newest else []
        return [(call.asked, token, token) for token in range(newest + 1, self.most)]


class Revisions:
    start: Any = (1, ())

    def ask(self, dice):
        f, key = dice.choice(("get", "get", "put", "delete", "cas")), dice.choice(KEYS)
        if f == "cas":
            return f, key, (dice.choice((0, 2, 3)), dice.choice(("a", "b")))
        return f, key, dice.choice(("a", "b")) if f == "put" else None

    def do(self, state, f, key, asked, dice):
        revision, items = state[0], {k: (v, r) for k, v, r in state[1]}
        old = items.get(key, (None, 0))
        answer: Any = (*old, revision)
        if f == "put":
            revision += 1
            items[key] = (asked, revision)
            answer = revision
        elif f == "delete":
            there = key in items
            if there:
                revision += 1
                del items[key]
            answer = (int(there), revision)
        elif f == "cas":
            right = old[1] == asked[0]
            if right:
                revision += 1
                items[key] = (asked[1], revision)
            answer = (right, revision)
        return (revision, tuple(sorted((k, v, r) for k, (v, r) in items.items()))), answer

    def other(self, dice, f, answer):
        if f == "put":
            return answer + dice.choice((-1, 1))
        changed = list(answer)
        changed[-1] += dice.choice((-1, 1))
        return tuple(changed)

    def same(self, call, answer):
        return call.answer == answer or (call.f == "put" and call.answer is None)


class Znodes:
    """Values with versions: a dictionary from a key to a pair."""

    start: Any = ()
    names = ("get", "get", "create", "create", "set", "set", "delete")

    def ask(self, dice):
        f, key, version = dice.choice(self.names), dice.choice("xxy"), dice.choice((-1, -1, 0, 1, 2))
        asked = {
            "get": None,
            "create": dice.choice((1, 2)),
            "set": (dice.choice((1, 2)), version),
            "delete": version,
        }
        return f, key, asked[f]

    def do(self, state, f, key, asked, dice):
        there = dict(state)
        old = there.get(key)
        if f == "get":
            return state, old
        if f == "create":
            if old is not None:
                return state, False
            there[key], answer = (asked, 0), True
        else:
            version = asked[1] if f == "set" else asked
            if old is None or version not in (-1, old[1]):
                return state, False
            del there[key]
            answer = True
            if f == "set":
                answer = old[1] + 1
                there[key] = (asked[0], answer)
        return tuple(sorted(there.items())), answer

    def other(self, dice, f, answer):
        if f == "get":
            return dice.choice((None, (1, 0), (2, 0), (1, 1), (2, 1)))
        return dice.choice((False, 1, 2)) if f == "set" else not answer

    def same(self, call, answer):
        return call.answer == answer and (call.answer is False) == (answer is False)


OBJECTS: dict[str, Any] = {
    "register": Register(),
    "key-value": Store(),
    "list": Growing(),
    "counter": Counter(),
    "lock": Lock(),
    "queue": Queue(),
    "set": Items(),
    "multi-key": MultiKey(),
    "revisions": Revisions(),
    "znodes": Znodes(),
}


def allowed(thing, state: Hashable, call) -> list[Any]:
    """Return the states that may follow when `call` happens in `state` with the answer that was heard."""
    if hasattr(thing, "allows"):
        return thing.allows(state, call)
    done = thing.do(state, call.f, call.key, call.asked, random.Random(0))
    if done is None:
        return []
    after, answer = done
    return [after] if not call.known or thing.same(call, answer) else []


def history_of(
    thing,
    dice: random.Random,
    *,
    calls_max: int = 6,
    processes: int = 3,
    crash: float | None = None,
    fault: str | None = None,
) -> History:
    """Return a random history of an object that works in most runs, and in the others is stale, forgetful or wrong."""
    fault = fault or dice.choice(("none", "stale", "forgets", "twice", "wrong", "wrong", "wrong"))
    crash = dice.choice((0.0, 0.1, 0.4)) if crash is None else crash
    state, past = thing.start, [thing.start]
    events: list[Operation] = []
    idle = [f"c{number}" for number in range(processes)]
    invoked: dict[str, Any] = {}  # asked, not yet done
    done: dict[str, Any] = {}  # done, not yet answered
    left = calls_max
    while left or invoked or done:
        moves = ["invoke"] * bool(left and idle) + ["do"] * bool(invoked) * 2 + ["end"] * bool(done) * 2
        move = dice.choice(moves)
        if move == "invoke":
            left -= 1
            who = idle.pop(dice.randrange(len(idle)))
            invoked[who] = thing.ask(dice)
            f, key, asked = invoked[who]
            events.append(Operation(who, "invoke", f, key, asked))
        elif move == "do":
            who = dice.choice(sorted(invoked))
            f, key, asked = invoked.pop(who)
            unlucky = fault != "none" and dice.random() < 0.7
            seen = dice.choice(past) if unlucky and fault == "stale" else state
            made = thing.do(seen, f, key, asked, dice)
            if made is None or dice.random() < crash * 0.5:  # it never reached the object
                kind = "fail" if made is None or dice.random() < 0.5 else "info"
                _end(events, idle, who, kind, f, key, None)
                continue
            after, answer = made
            if unlucky and fault == "forgets":
                after = state
            if unlucky and fault == "twice":
                after = (thing.do(after, f, key, asked, dice) or (after,))[0]
            if unlucky and fault == "wrong":
                answer = thing.other(dice, f, answer)
            state = after
            past.append(state)
            done[who] = (f, key, answer)
        else:
            who = dice.choice(sorted(done))
            f, key, answer = done.pop(who)
            crashed = dice.random() < crash
            _end(events, idle, who, "info" if crashed else "ok", f, key, None if crashed else answer)
    return History(events)


def _end(events, idle, who, kind, f, key, answer):
    events.append(Operation(who, kind, f, key, answer))
    idle.append(who + "'" if kind == "info" else who)


def brute_force(thing, history: History, comes_before=None) -> bool:
    """Return whether some order of the calls works: every order, with every subset of the crashed calls."""
    before = comes_before or (lambda one, two: one.before(two))

    def possible(state, left):
        if not any(call.known for call in left):
            return True
        for call in left:
            if any(before(other, call) for other in left if other is not call and other.known):
                continue
            rest = [other for other in left if other is not call]
            if any(possible(after, rest) for after in allowed(thing, state, call)):
                return True
        return False

    return possible(thing.start, [call for call in history.calls if call.type != "fail"])
