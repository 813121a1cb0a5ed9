"""The exercises of the page on real processes."""

from __future__ import annotations

from itertools import product

from ..checking import Page
from ..real_runs import FAULTS, expected_ms

page = Page("running-for-real")


@page.exercise(
    "who-remembers",
    hint="in which of the four cases does a new process begin, from what is on the disk?",
    solution="""
        answer = {"kill -9": False, "pause": True, "disk full": False, "cut off": True}
    """,
    mistakes=(
        'answer = {"kill -9": False, "pause": False, "disk full": False, "cut off": True}',
        'answer = {"kill -9": False, "pause": True, "disk full": True, "cut off": True}',
        'answer = {"kill -9": True, "pause": True, "disk full": False, "cut off": True}',
        'answer = {"kill -9": False, "pause": True}',
    ),
    explanation="A paused and a cut off node go on with an old memory, so they must ask before they believe it. The "
    "two others begin anew from their disks, so what they said must be there.",
)
def who_remembers(answer: object) -> str | None:
    if not isinstance(answer, dict) or set(answer) != set(FAULTS):
        return f"a dict with the keys {', '.join(FAULTS)} is asked for, but the answer is {answer!r}"
    why = {
        "kill -9": "the process and its memory are gone at once",
        "pause": "a stopped process keeps its memory, and goes on in the middle of it",
        "disk full": "look at the runtime: what does it do when a commit fails?",
        "cut off": "nothing happens to the process itself",
    }
    for fault, right in why.items():
        if answer[fault] is not (fault in ("pause", "cut off")):
            return f"{fault}: {right}"
    return None


@page.exercise(
    "what-may-be-read",
    hint="a write that ended with info may take effect at any later moment, once, or never.",
    solution="""
        answer = ({1, 2}, {2})
    """,
    mistakes=("answer = ({1}, {1})", "answer = ({1, 2}, {1, 2})", "answer = ({2}, {2})", "answer = {1, 2}"),
    explanation="Until somebody has seen it, the open write may still happen or not. Who has read 2 has settled it: it "
    "happened, and it cannot happen again.",
)
def what_may_be_read(answer: object) -> str | None:
    if not isinstance(answer, tuple) or len(answer) != 2 or not all(isinstance(one, set) for one in answer):
        return f"a pair of sets is asked for, such as ({{1}}, {{1}}), but the answer is {answer!r}"
    first, then = answer
    if 2 not in first:
        return "ann's write of 2 may have reached a server: what if it is committed a moment later?"
    if 1 not in first:
        return "ann's write of 2 may never happen"
    if then != {2}:
        return "a reader has seen the 2: the write has happened, and it happens once"
    if first != {1, 2}:
        return "nobody else wrote anything"
    return None


@page.exercise(
    "five-servers",
    hint="how many timers run when the leader is dead, and what is the mean of the earliest of them?",
    solution="""
        election, heartbeat, others = 500, 50, 4
        answer = election * (1 + 1 / (others + 1)) - heartbeat / 2  # 575
    """,
    mistakes=("answer = 641.67", "answer = 600", "answer = 750", "answer = 558.3", "answer = '575 ms'"),
    explanation="More servers do not make the outage much shorter: with very many of them it would still be 475 ms. "
    "What helps is a shorter timeout, and that has its own price.",
)
def five_servers(answer: object) -> str | None:
    if isinstance(answer, bool) or not isinstance(answer, (int, float)):
        return f"a number of milliseconds is asked for, but the answer is {answer!r}"
    if abs(answer - expected_ms(500, 50, 2)) < 1:
        return "that is right for three servers"
    if abs(answer - 600) < 1:
        return "the last heartbeat came before the leader died, on average half a period earlier"
    if abs(answer - expected_ms(500, 50, 4)) > 1:
        return "four timers run, each drawn uniformly from 500 to 1000 ms since the last heartbeat; take the earliest"
    return None


@page.exercise(
    "mend-the-reader",
    hint="the first four bytes were written by somebody whom you do not trust.",
    solution="""
        def answer(data, most):
            frames = []
            while len(data) >= 4:
                length = int.from_bytes(data[:4], "big")
                if not 0 < length <= most:
                    raise ValueError(f"a frame has 1 to {most} bytes, not {length}")
                if len(data) < 4 + length:
                    break
                frames.append(data[4 : 4 + length])
                data = data[4 + length :]
            return frames, data
    """,
    mistakes=(
        """
        def answer(data, most):
            frames = []
            while len(data) >= 4:
                length = int.from_bytes(data[:4], "big")
                if len(data) < 4 + length:
                    break
                if not 0 < length <= most:
                    raise ValueError(length)
                frames.append(data[4 : 4 + length])
                data = data[4 + length :]
            return frames, data
        """,
        """
        def answer(data, most):
            frames = []
            while len(data) >= 4:
                length = int.from_bytes(data[:4], "big")
                if length > most:
                    raise ValueError(length)
                if len(data) < 4 + length:
                    break
                frames.append(data[4 : 4 + length])
                data = data[4 + length :]
            return frames, data
        """,
        """
        def answer(data, most):
            length = int.from_bytes(data[:4], "big")
            if not 0 < length <= most:
                raise ValueError(length)
            return [data[4 : 4 + length]], data[4 + length :]
        """,
    ),
    explanation="The bound must stand before the wait: who waits for four gigabytes that were announced has lost "
    "already, byte by byte.",
)
def mend_the_reader(answer: object) -> str | None:
    if not callable(answer):
        return "answer must be the function itself, not what it returns"

    def framed(*payloads: bytes) -> bytes:
        return b"".join(len(one).to_bytes(4, "big") + one for one in payloads)

    whole = framed(b"a", b"bcd", b"e" * 10)
    for cut in range(len(whole) + 1):
        ends = [end for end in (5, 12, 26) if end <= cut]
        right = ([b"a", b"bcd", b"e" * 10][: len(ends)], whole[max(ends, default=0) : cut])
        found = answer(whole[:cut], 10)
        if found != right:
            return f"of the first {cut} bytes of three frames it should return {right}, but it returned {found!r}"
    for odd, what in ((11, "is too long"), (2**32 - 1, "is four gigabytes"), (0, "is empty")):
        try:
            answer(odd.to_bytes(4, "big") + b"x", 10)
        except ValueError:
            continue
        return f"a frame that {what} must be a ValueError as soon as its length has arrived"
    return None


def kept(appends: list[tuple[str, str]], final: list[str]) -> bool:
    """Return whether what a store holds in the end fits the answers: the law of the exercise below."""
    counts = {text: final.count(text) for text, _ in appends}
    allowed = {"ok": (1,), "info": (0, 1), "fail": (0,)}
    return all(counts[text] in allowed[type_] for text, type_ in appends) and set(final) <= set(counts)


@page.exercise(
    "state-nothing-lost",
    hint="there are three kinds of answers, and each allows other counts.",
    solution="""
        def answer(appends, final):
            allowed = {"ok": (1,), "info": (0, 1), "fail": (0,)}
            for text, type_ in appends:
                count = final.count(text)
                if count not in allowed[type_]:
                    return f"{text} ended with {type_}, and it is there {count} times"
            strange = set(final) - {text for text, _ in appends}
            return f"nobody appended {min(strange)}" if strange else None
    """,
    mistakes=(
        """
        def answer(appends, final):
            lost = [text for text, type_ in appends if type_ == "ok" and text not in final]
            return f"lost: {lost}" if lost else None
        """,
        """
        def answer(appends, final):
            for text, type_ in appends:
                if final.count(text) != (type_ == "ok"):
                    return f"{text} ended with {type_}"
            strange = set(final) - {text for text, _ in appends}
            return "strange" if strange else None
        """,
        """
        def answer(appends, final):
            allowed = {"ok": (1,), "info": (0, 1), "fail": (0,)}
            for text, type_ in appends:
                if final.count(text) not in allowed[type_]:
                    return f"{text} ended with {type_}"
            return None
        """,
    ),
    explanation="It is weaker than linearizability, for it looks at the end only. But it needs no search, and it can "
    "be asked of a history of any length.",
)
def state_nothing_lost(answer: object) -> str | None:
    if not callable(answer):
        return "answer must be the function itself, not what it returns"
    for types in product(("ok", "info", "fail"), repeat=2):
        appends = list(zip("ab", types, strict=True))
        for final in ([], ["a"], ["b"], ["a", "b"], ["b", "a"], ["a", "a"], ["a", "b", "b"], ["a", "b", "c"]):
            said = answer(list(appends), list(final))
            here = f"with the appends {appends}, a store that ends as {final}"
            if said is not None and not isinstance(said, str):
                return f"a law returns None or a sentence, but for {here} it returned {said!r}"
            if (said is None) != kept(appends, final):
                return f"{here} {'keeps' if said else 'breaks'} the promise"
    return None


Step = tuple[int, "tuple[str, int] | None"]


def merged(diaries: dict[str, list[Step]]) -> list[tuple[str, int]]:
    """Return the order of the exercise below."""
    done: dict[str, int] = dict.fromkeys(diaries, 0)
    order: list[tuple[str, int]] = []
    while True:
        ready = [
            (steps[done[node]][0], node)
            for node, steps in diaries.items()
            if done[node] < len(steps)
            and ((cause := steps[done[node]][1]) is None or cause[1] < done[cause[0]])
        ]
        if not ready:
            return order
        _, node = min(ready)
        order.append((node, done[node]))
        done[node] += 1


@page.exercise(
    "build-a-merge",
    hint="which diaries have a next step whose cause has been taken? Take the earliest of these, again and again.",
    solution="""
        def answer(diaries):
            done, order = {node: 0 for node in diaries}, []
            while True:
                ready = []
                for node, steps in diaries.items():
                    if done[node] < len(steps):
                        at, cause = steps[done[node]]
                        if cause is None or cause[1] < done[cause[0]]:
                            ready.append((at, node))
                if not ready:
                    return order
                _, node = min(ready)
                order.append((node, done[node]))
                done[node] += 1
    """,
    mistakes=(
        """
        def answer(diaries):
            steps = [(at, node, i) for node, one in diaries.items() for i, (at, _) in enumerate(one)]
            return [(node, i) for at, node, i in sorted(steps)]
        """,
        """
        def answer(diaries):
            return [(node, i) for node in sorted(diaries) for i in range(len(diaries[node]))]
        """,
        """
        def answer(diaries):
            done, order = {node: 0 for node in diaries}, []
            while any(done[node] < len(diaries[node]) for node in diaries):
                for node in sorted(diaries):
                    while done[node] < len(diaries[node]):
                        cause = diaries[node][done[node]][1]
                        if cause is not None and cause[1] >= done[cause[0]]:
                            break
                        order.append((node, done[node]))
                        done[node] += 1
            return order
        """,
    ),
    explanation="Clocks only choose among orders that the causes allow. So a wrong clock makes a strange order, never "
    "an impossible one. The package does the same in drivers.merging.",
)
def build_a_merge(answer: object) -> str | None:
    if not callable(answer):
        return "answer must be the function itself, not what it returns"
    stories: tuple[tuple[str, dict[str, list[Step]]], ...] = (
        (
            "two nodes that say nothing to each other",
            {"a": [(1, None), (5, None)], "b": [(2, None), (3, None)]},
        ),
        ("a message from a to b", {"a": [(1, None), (4, None)], "b": [(2, None), (6, ("a", 1)), (7, None)]}),
        ("a message to a node whose clock is behind", {"a": [(50, None)], "b": [(3, ("a", 0)), (4, None)]}),
        (
            "a question and an answer, with both clocks wrong",
            {"a": [(9, None), (1, ("b", 0))], "b": [(2, ("a", 0))]},
        ),
        ("two steps at one time", {"b": [(1, None)], "a": [(1, None), (1, None)]}),
    )
    for what, diaries in stories:
        found = answer({node: list(steps) for node, steps in diaries.items()})
        if found != merged(diaries):
            return f"{what}: {diaries} gives {merged(diaries)}, but the answer returned {found!r}"
    return None
