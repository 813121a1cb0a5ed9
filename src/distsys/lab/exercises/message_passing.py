"""The exercises of the page on message passing."""

from __future__ import annotations

from ..checking import Page
from ..messages_bounds import flood

page = Page("message-passing")


@page.exercise(
    "messages-tries",
    hint="a try succeeds if the message and its acknowledgement both arrive; k tries fail if k messages are lost.",
    solution="answer = (1 / 0.8**2, 5)",
    mistakes=(
        "answer = (1 / 0.8, 5)",
        "answer = (1.5625, 4)",
        "answer = (1.5625, 6)",
        "answer = 1.5625",
        "answer = ('1.5625', 5)",
    ),
    explanation="On average 1/0.64 = 1.5625 tries. Four tries are all lost with probability 0.0016, five with 0.00032.",
)
def tries(answer: object) -> str | None:
    if not isinstance(answer, tuple) or len(answer) != 2:
        return f"a pair (mean, k) is asked for, but the answer is {answer!r}"
    mean, k = answer
    if isinstance(mean, bool) or not isinstance(mean, (int, float)):
        return f"the mean is a number, but it is {mean!r}"
    if abs(mean - 1 / 0.8**2) > 0.001:
        return "look at the mean again: what must happen so that the sender may stop?"
    if k != 5:
        return "look at k again: with what probability are k messages in a row lost?"
    return None


@page.exercise(
    "messages-window",
    hint="how many places may be on their way if 256 numbers are to tell old from new? Each takes one round trip.",
    solution="answer = 256 / 2 / 0.1",
    mistakes=(
        "answer = 2560",
        "answer = 255 / 0.1",
        "answer = 128",
        "answer = 12.8",
        "answer = '1280 messages'",
    ),
    explanation="256 numbers allow a window of 128. A window is sent and acknowledged in one round trip of 0.1 s, so "
    "at most 1,280 messages a second. Long links need large windows, and so long numbers.",
)
def window(answer: object) -> str | None:
    if isinstance(answer, bool) or not isinstance(answer, (int, float)):
        return f"a number of messages a second is asked for, but the answer is {answer!r}"
    if abs(answer - 2560) < 20:
        return "with a window of 255 or 256 an old number falls into the receiver's new window"
    if abs(answer - 1280) > 0.5:
        return "divide the largest safe window by the round trip, in seconds"
    return None


Mark = tuple[int, int]
STORIES: tuple[tuple[Mark, Mark, tuple[Mark, bool], str], ...] = (
    ((0, 0), (1, 1), ((1, 1), True), "the first message of a new sender"),
    ((1, 1), (1, 2), ((1, 2), True), "the next message"),
    ((1, 2), (1, 2), ((1, 2), False), "a copy of the last message"),
    ((1, 2), (1, 4), ((1, 2), False), "one is missing before it"),
    ((1, 7), (2, 1), ((2, 1), True), "the first message after a restart of the sender"),
    ((1, 7), (2, 2), ((1, 7), False), "after a restart, and one is missing before it"),
    ((2, 1), (1, 2), ((2, 1), False), "a message of the life before the last restart"),
    ((2, 3), (1, 1), ((2, 3), False), "the first message of the life before the last restart, come late"),
    ((2, 5), (4, 1), ((4, 1), True), "a sender that has restarted twice"),
)


@page.exercise(
    "messages-mend",
    hint="there are three cases: the packet's life is older than the mark's, the same, or newer.",
    solution="""
        def answer(mark, packet):
            life, number = packet
            last = mark[1] if life == mark[0] else 0
            if life >= mark[0] and number == last + 1:
                return packet, True
            return mark, False
    """,
    mistakes=(
        """
        def answer(mark, packet):
            if packet[1] == mark[1] + 1:
                return packet, True
            return mark, False
        """,
        """
        def answer(mark, packet):
            if packet > mark:
                return packet, True
            return mark, False
        """,
        """
        def answer(mark, packet):
            last = mark[1] if packet[0] == mark[0] else 0
            if packet[1] == last + 1:
                return packet, True
            return mark, False
        """,
        "def answer(mark, packet):\n    return None",
    ),
    explanation="In a newer life counting begins anew, so 1 is next. An older life is over: what it says late is "
    "dropped, however it is numbered.",
)
def mend(answer: object) -> str | None:
    if not callable(answer):
        return "answer must be the function itself, not what it returns"
    for mark, packet, right, why in STORIES:
        found = answer(mark, packet)
        if not isinstance(found, tuple) or len(found) != 2:
            return f"a pair (mark, whether to hand on) is asked for, but for {mark} and {packet} it returned {found!r}"
        if (tuple(found[0]), bool(found[1])) != right:
            return f"for the mark {mark} and the packet {packet} it returns {found!r}, but it must be {right}: {why}"
    return None


RUNS: tuple[tuple[list[str], list[str], bool, str], ...] = (
    ([], [], True, "nothing happened"),
    (["a", "b", "c"], ["a", "b", "c"], True, "all arrived in order"),
    (["a", "b", "c"], ["a"], True, "two are still on their way"),
    (["a", "b", "c"], ["a", "c"], False, "c arrived before b, or without it"),
    (["a", "b"], ["b", "a"], False, "they arrived in the wrong order"),
    (["a", "b"], ["a", "a"], False, "a arrived twice"),
    (["a", "b"], ["a", "x"], False, "nobody posted x"),
    (["a"], ["a", "b"], False, "b was not posted yet"),
)


@page.exercise(
    "messages-law",
    hint="if nothing is created, doubled, overtaken or left out, what arrived is the beginning of something.",
    solution="""
        def answer(posted, arrived):
            if arrived != posted[:len(arrived)]:
                return f"{arrived} is no beginning of {posted}"
            return None
    """,
    mistakes=(
        """
        def answer(posted, arrived):
            if arrived != posted:
                return "something is missing"
            return None
        """,
        """
        def answer(posted, arrived):
            if not set(arrived) <= set(posted):
                return "created"
            if len(set(arrived)) < len(arrived):
                return "doubled"
            return None
        """,
        """
        def answer(posted, arrived):
            places = [posted.index(body) for body in arrived if body in posted]
            return None if places == sorted(set(places)) else "out of order"
        """,
        "def answer(posted, arrived):\n    return arrived == posted[:len(arrived)]",
    ),
    explanation="A perfect link that keeps the order delivers, at each moment, a first part of what was posted. That "
    "all of it comes in the end is a second law, of another kind: it can be judged only at the end.",
)
def law(answer: object) -> str | None:
    if not callable(answer):
        return "answer must be the function itself, not what it returns"
    for posted, arrived, fine, why in RUNS:
        said = answer(list(posted), list(arrived))
        if said is not None and not isinstance(said, str):
            return f"a law returns None or a sentence, but for {posted} and {arrived} it returned {said!r}"
        if (said is None) != fine:
            return f"posted {posted}, arrived {arrived}: that is {'fine' if fine else 'not fine'}, for {why}"
    return None


@page.exercise(
    "messages-adversary",
    hint="let the 0 go from hand to hand: each crashes in the round after it has heard of it, and tells one other.",
    solution="answer = {0: (1, {1}), 1: (2, {2}), 2: (3, {3})}",
    mistakes=(
        "answer = {0: (1, {1}), 1: (2, {2})}",
        "answer = {0: (1, {1, 2, 3, 4}), 1: (2, {2}), 2: (3, {3})}",
        "answer = {0: (1, {1}), 1: (2, {2}), 2: (3, {3, 4})}",
        "answer = {0: (1, {1}), 1: (2, {2}), 2: (3, {3}), 3: (3, set())}",
        "answer = [0, 1, 2]",
    ),
    explanation="In each round one more process falls, and takes the news one hand further. With f rounds and f "
    "crashes the last hand is alive, and alone knows. In a further round nobody can crash, and it tells everybody.",
)
def adversary(answer: object) -> str | None:
    if not isinstance(answer, dict):
        return (
            f"a dict {{process: (round, set of those it reaches)}} is asked for, but the answer is {answer!r}"
        )
    crashes = {}
    for who, how in answer.items():
        if who not in range(5) or not isinstance(how, tuple) or len(how) != 2:
            return f"each entry is like 0: (1, {{2}}) with a process of 0 to 4, but one is {who!r}: {how!r}"
        when, reached = how
        if when not in (1, 2, 3) or not set(reached) <= set(range(5)) - {who}:
            return f"process {who} crashes in round {when!r} and reaches {reached!r}, which cannot be"
        crashes[who] = (when, frozenset(reached))
    if len(crashes) > 3:
        return f"at most 3 may crash, but {len(crashes)} do"
    decided = flood((0, 1, 1, 1, 1), crashes, rounds=3)
    if len(set(decided.values())) == 1:
        return f"those that are left agree: {decided}"
    return None
