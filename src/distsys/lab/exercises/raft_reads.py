"""The exercises of the page on reads, leases and retries."""

from __future__ import annotations

from itertools import product

from ..checking import Page

page = Page("raft-reads")


@page.exercise(
    "count-messages",
    hint="whom does the leader ask, and who answers?",
    solution="""
        answer = 2 * (9 - 1) + 2  # eight questions, eight answers, and the client's two
    """,
    mistakes=("answer = 16", "answer = 10", "answer = 20", "answer = 'eighteen'"),
    explanation="Four answers would be a majority with the leader, but the questions to the others are sent, too.",
)
def count_messages(answer: object) -> str | None:
    if isinstance(answer, bool) or not isinstance(answer, int):
        return f"a number of messages is a whole number, but the answer is {answer!r}"
    if answer == 16:
        return "those of the client are missing"
    if answer != 18:
        return (
            "count questions and answers between the leader and each of the others, then those of the client"
        )
    return None


@page.exercise(
    "find-the-stale-read",
    hint="a read that sees a write fixes that the write happened before the read ended.",
    solution="""
        # C and D saw 2, so the write of 2 took effect by 38. E began at 42 and saw 1.
        answer = "E"
    """,
    mistakes=('answer = "A"', 'answer = "B"', 'answer = "C"', 'answer = "D"', "answer = 5"),
    explanation="By itself E overlaps the write of 2 and might see 1. Only beside C or D it is wrong: a new value "
    "was seen, and then the old one. Without C there is still D, and the other way round.",
)
def find_the_stale_read(answer: object) -> str | None:
    if answer not in ("A", "B", "C", "D", "E"):
        return f"the answer is one of the letters A to E, but it is {answer!r}"
    if answer in ("C", "D"):
        return f"{answer} overlaps the write of 2, so it may see it; without {answer} the rest is as wrong as before"
    if answer != "E":
        return f"{answer} fits: find a moment inside it at which the register held what it returned"
    return None


@page.exercise(
    "longest-lease",
    hint="use the exact fraction, and round in the safe direction.",
    solution="""
        answer = 1000 * 99 // 101  # 980
    """,
    mistakes=("answer = 981", "answer = 990", "answer = 1000", "answer = 979.5"),
    explanation="0.99 / 1.01 = 0.98019...; the simpler 1 - 2d gives 980 as well, since the difference is "
    "2d^2 / (1 + d), a fifth of a millisecond here.",
)
def longest_lease(answer: object) -> str | None:
    if isinstance(answer, bool) or not isinstance(answer, int):
        return f"whole milliseconds are asked for, but the answer is {answer!r}"
    if answer * 101 > 1000 * 99:
        return "a voter with a fast clock is free before this lease of a leader with a slow clock ends"
    if (answer + 1) * 101 <= 1000 * 99:
        return "that is safe, but a millisecond more would be safe as well"
    return None


@page.exercise(
    "mend-may-answer",
    hint="what does a new leader not know, and what may the state lack?",
    solution="""
        def answer(term, commit_term, read_round, confirmed_round, index, applied):
            return confirmed_round >= read_round and commit_term == term and applied >= index
    """,
    mistakes=(
        """
        def answer(term, commit_term, read_round, confirmed_round, index, applied):
            return confirmed_round >= read_round and commit_term == term
        """,
        """
        def answer(term, commit_term, read_round, confirmed_round, index, applied):
            return confirmed_round >= read_round and applied >= index
        """,
        """
        def answer(term, commit_term, read_round, confirmed_round, index, applied):
            return confirmed_round > read_round and commit_term == term and applied >= index
        """,
    ),
    explanation="It leads, it knew all that was committed when it noted the index, and its state has come that far.",
)
def mend_may_answer(answer: object) -> str | None:
    if not callable(answer):
        return "answer must be the function itself, not what it returns"
    for commit_term, confirmed, applied in product((2, 3), (4, 5, 6), (6, 7, 8)):
        want = commit_term == 3 and confirmed >= 5 and applied >= 7
        if bool(answer(3, commit_term, 5, confirmed, 7, applied)) != want:
            verb = "may" if want else "may not"
            return (
                f"in term 3 a read with index 7 (term {commit_term}) and round 5 {verb} be answered "
                f"when round {confirmed} is confirmed and {applied} entries are applied"
            )
    return None


def explained(puts: list[tuple[int, int]], get: tuple[int, int, int]) -> bool:
    """Return whether a get of one register fits puts of 1, 2, 3, ... that follow each other."""
    begin, end, value = get
    least = sum(stop < begin for _, stop in puts)
    most = sum(start < end for start, _ in puts)
    return least <= value <= most


@page.exercise(
    "state-no-stale-read",
    hint="which puts had ended before the get began, and which had begun before it ended?",
    solution="""
        def answer(puts, get):
            begin, end, value = get
            least = sum(stop < begin for _, stop in puts)
            most = sum(start < end for start, _ in puts)
            if value < least:
                return f"stale: it read {value}, but {least} was there before it began"
            if value > most:
                return f"it read {value}, but only {most} puts had begun when it ended"
            return None
    """,
    mistakes=(
        """
        def answer(puts, get):
            least = sum(stop < get[0] for _, stop in puts)
            return None if get[2] >= least else "stale"
        """,
        """
        def answer(puts, get):
            now = sum(stop < get[1] for _, stop in puts)
            return None if get[2] == now else "not the last value"
        """,
        """
        def answer(puts, get):
            return get[2] < sum(stop < get[0] for _, stop in puts)
        """,
    ),
    explanation="Between the two bounds every value is possible for one get. Several gets need more: in exercise 2 "
    "each read fits by itself.",
)
def state_no_stale_read(answer: object) -> str | None:
    if not callable(answer):
        return "answer must be the function itself, not what it returns"
    puts = [(10, 20), (30, 50), (60, 70)]
    times = (2, 5, 12, 15, 22, 28, 35, 40, 55, 58, 65, 68, 75, 80)
    for begin, end, value in product(times, times, range(5)):
        if begin >= end:
            continue
        said = answer(list(puts), (begin, end, value))
        here = f"with the puts {puts}, a get from {begin} to {end} that returns {value}"
        if said is not None and not isinstance(said, str):
            return f"a law returns None or a sentence, but for {here} it returned {said!r}"
        if (said is None) != explained(puts, (begin, end, value)):
            return f"{here} {'can' if said else 'cannot'} be explained"
    return None


@page.exercise(
    "build-sessions",
    hint="compare the sequence with the last one of the session before you append.",
    solution="""
        def answer(state, session, sequence, text):
            held, sessions = state
            last, result = sessions.get(session, (0, None))
            if sequence <= last:
                return state, result if sequence == last else None
            held += text
            return (held, {**sessions, session: (sequence, len(held))}), len(held)
    """,
    mistakes=(
        """
        def answer(state, session, sequence, text):
            held, sessions = state
            held += text
            return (held, {**sessions, session: (sequence, len(held))}), len(held)
        """,
        """
        def answer(state, session, sequence, text):
            held, sessions = state
            if session in sessions:
                return state, sessions[session][1]
            held += text
            return (held, {**sessions, session: (sequence, len(held))}), len(held)
        """,
        """
        def answer(state, session, sequence, text):
            held, sessions = state
            last, result = sessions.get(session, (0, None))
            if sequence <= last:
                return state, len(held)
            held += text
            sessions[session] = (sequence, len(held))
            return (held, sessions), len(held)
        """,
    ),
    explanation="The stored result matters: a retry must hear what the first would have heard, not what is true now.",
)
def build_sessions(answer: object) -> str | None:
    if not callable(answer):
        return "answer must be the function itself, not what it returns"
    story = (
        ("ann", 1, "a", "a", 1),
        ("ann", 1, "a", "a", 1),
        ("bob", 1, "bb", "abb", 3),
        ("ann", 1, "a", "abb", 1),
        ("ann", 2, "c", "abbc", 4),
        ("ann", 1, "a", "abbc", None),
        ("bob", 1, "bb", "abbc", 3),
    )
    state: tuple[str, dict[str, tuple[int, int]]] = ("", {})
    for session, sequence, text, held, result in story:
        before = (state[0], dict(state[1]))
        found = answer(state, session, sequence, text)
        what = f"command {sequence} of {session}, which appends {text!r} to {before[0]!r}"
        if state != before:
            return f"{what}, changed the state that it was given"
        if not isinstance(found, tuple) or len(found) != 2:
            return f"(state, result) is asked for, but {what}, returned {found!r}"
        state, said = found
        if state[0] != held:
            return f"{what}, must leave {held!r}, but it left {state[0]!r}"
        if said != result:
            return f"{what}, must have the result {result!r}, but it had {said!r}"
    return None
