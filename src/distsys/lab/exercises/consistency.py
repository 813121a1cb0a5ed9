"""The exercises of the page on consistency."""

from __future__ import annotations

from typing import Any

from ..checking import Page

page = Page("consistency")


@page.exercise(
    "con-old",
    hint="how many times has the north desk told the south desk, early enough to arrive within 120 ms?",
    solution="""
        p, r, d, g = 0.1, 50, 5, 120
        tries = (g - d) // r + 1
        answer = p ** tries
    """,
    mistakes=("answer = 0.01", "answer = 0.1", "answer = 0.0001", "answer = 3", "answer = 'rare'"),
    explanation="Messages leave after 0, 50 and 100 ms and arrive after 5, 55 and 105 ms. All three must be lost: "
    "0.1 to the power of 3, one in a thousand.",
)
def old(answer: object) -> str | None:
    if isinstance(answer, bool) or not isinstance(answer, (int, float)):
        return f"a probability is asked for, but the answer is {answer!r}"
    if not 0 <= answer <= 1:
        return f"a probability lies between 0 and 1, but the answer is {answer!r}"
    if abs(answer - 0.001) <= 0.00001:
        return None
    if answer > 0.001:
        return "that is too often: count the messages that should have arrived by then, the first one too"
    return "that is too seldom: one of the messages that you count has not had time to arrive"


CERTAIN = {"B", "D"}
CLAIMS = {
    "A": "in some of these worlds the shop has sold, in others it has not",
    "B": "in each world the id is remembered with the sale, and the first copy that arrives is the one that counts",
    "C": "in one of these worlds the request is still under way when the shop says no",
    "D": "a request that comes after the cancelling finds its id cancelled, and one that came before is undone",
    "E": "in some of these worlds her last purchase is an earlier one",
    "F": "the request may have arrived, and the silence comes from a lost answer",
}


@page.exercise(
    "con-certain",
    hint="go through the six worlds for each sentence, the slow request above all.",
    solution="""
        answer = {"B", "D"}
    """,
    mistakes=(
        'answer = {"B"}',
        'answer = {"B", "C", "D"}',
        'answer = {"B", "D", "E"}',
        'answer = {"A", "B", "D", "F"}',
        'answer = "BD"',
    ),
    explanation="B and D hold in all six worlds, because the id ties the new request to the old one. C fails where the "
    "request is slow, E where nothing of this wish was sold, and A and F say more than a silence can tell.",
)
def certain(answer: object) -> str | None:
    if not isinstance(answer, (set, frozenset)) or not all(
        isinstance(letter, str) and letter in CLAIMS for letter in answer
    ):
        return f"a set of the letters A to F is asked for, but the answer is {answer!r}"
    for letter in sorted(set(answer) - CERTAIN):
        return f"{letter} is not certain: {CLAIMS[letter]}"
    if set(answer) != CERTAIN:
        return "all that you name is certain, but something else is certain as well"
    return None


@page.exercise(
    "con-window",
    hint="when can the shop have seen the id for the first time at the earliest, and when can the last copy arrive at "
    "the latest?",
    solution="""
        first_seen = 0 + 5
        last_copy = 240 + 35
        answer = last_copy - first_seen
    """,
    mistakes=("answer = 240", "answer = 275", "answer = 269", "answer = 271.5", "answer = 'a day'"),
    explanation="The first copy may arrive after 5 ms, the last one leaves at 240 and may take 35 ms: 275 - 5 = 270. "
    "The shop must know a bound on the delay for that. If there is none, no time is long enough.",
)
def window(answer: object) -> str | None:
    if isinstance(answer, bool) or not isinstance(answer, int):
        return f"a whole number of milliseconds is asked for, but the answer is {answer!r}"
    if answer < 270:
        return f"a copy can arrive more than {answer} ms after the first one, and would be sold again"
    if answer > 270:
        return "that is safe, but a little less is safe, too"
    return None


def _crashed(disk: dict[str, Any], records: Any, kept: int) -> dict[str, Any]:
    """Return the disk when only the first records were written."""
    found = {**disk}
    for record in records[:kept]:
        found.update(record)
    return found


def _records(answer: Any, disk: dict[str, Any], id: str) -> Any:
    """Return the records that the function wants to write; a text if they have not the right form."""
    given = {"ledger": list(disk["ledger"]), "done": set(disk["done"])}
    records = answer(given, id)
    if not isinstance(records, (list, tuple)) or not all(isinstance(record, dict) for record in records):
        return f"a list of records, each a dict, is asked for, but the function returns {records!r}"
    for record in records:
        for key, value in record.items():
            if key not in ("ledger", "done"):
                return f"the disk has the keys 'ledger' and 'done', but a record has {key!r}"
            if not isinstance(value, list if key == "ledger" else (set, frozenset)):
                return f"ledger is a list and done is a set, but a record has {key}: {value!r}"
    return records


@page.exercise(
    "con-mend",
    hint="a crash can fall between any two records, and never inside one.",
    solution="""
        def answer(disk, id):
            if id in disk["done"]:
                return []
            return [{"ledger": disk["ledger"] + [id], "done": disk["done"] | {id}}]
    """,
    mistakes=(
        """
        def answer(disk, id):
            if id in disk["done"]:
                return []
            return [{"done": disk["done"] | {id}}, {"ledger": disk["ledger"] + [id]}]
        """,
        """
        def answer(disk, id):
            if id in disk["done"]:
                return []
            return [{"ledger": disk["ledger"] + [id]}, {"done": disk["done"] | {id}}]
        """,
        """
        def answer(disk, id):
            return [{"ledger": disk["ledger"] + [id], "done": disk["done"] | {id}}]
        """,
        """
        def answer(disk, id):
            return [{"ledger": [id], "done": {id}}] if id not in disk["done"] else []
        """,
        "def answer(disk, id):\n    return []",
        "def answer(disk, id):\n    return 'done'",
    ),
    explanation="One record that holds both: a crash leaves both or neither. In a database that is one transaction. "
    "Two records in either order leave a moment in which the disk says a half of the truth. It is right as well "
    "to look for the id in the ledger, and to write the ledger only: one fact needs one record.",
)
def mend(answer: object) -> str | None:
    if not callable(answer):
        return "answer must be the function itself, not what it returns"
    start: dict[str, Any] = {"ledger": ["hat-1"], "done": {"hat-1"}}
    records = _records(answer, start, "shoes-1")
    if isinstance(records, str):
        return records
    for kept in range(len(records) + 1):
        disk = _crashed(start, records, kept)
        again = _records(answer, disk, "shoes-1")
        if isinstance(again, str):
            return again
        disk = _crashed(disk, again, len(again))
        count = disk["ledger"].count("shoes-1")
        if count != 1:
            when = f"after a crash with {kept} of {len(records)} records written, and a retry"
            return f"{when}, the shoes stand {count} times in the ledger"
        if "hat-1" not in disk["ledger"] or "hat-1" not in disk["done"]:
            return "what was there before, hat-1, must stay in the ledger and in done"
    return None


History = list[tuple[str, str, str]]
TOLD: tuple[tuple[History, bool, str], ...] = (
    ([], True, "nothing happened"),
    ([("wish", "ann", "hat")], True, "a wish may be open"),
    (
        [("wish", "ann", "hat"), ("sold", "ann", "hat"), ("told", "ann", "hat")],
        True,
        "it was bought once, and told",
    ),
    ([("wish", "ann", "hat"), ("sold", "ann", "hat"), ("sold", "ann", "hat")], False, "one wish, two sales"),
    ([("wish", "ann", "hat"), ("told", "ann", "hat")], False, "it was told and not sold"),
    (
        [("wish", "ann", "hat"), ("told", "ann", "hat"), ("sold", "ann", "hat")],
        False,
        "it was told before it was sold",
    ),
    ([("sold", "ann", "hat")], False, "nobody had wished it"),
    ([("sold", "ann", "hat"), ("wish", "ann", "hat")], False, "it was sold before it was wished"),
    (
        [("wish", "ann", "hat"), ("wish", "ann", "hat"), ("sold", "ann", "hat"), ("sold", "ann", "hat")],
        True,
        "Ann wished two hats",
    ),
    (
        [("wish", "ann", "hat"), ("wish", "bob", "hat"), ("sold", "ann", "hat"), ("sold", "ann", "hat")],
        False,
        "Ann has two hats and wished one; Bob's wish is his",
    ),
    (
        [("wish", "ann", "hat"), ("wish", "ann", "coat"), ("sold", "ann", "hat"), ("sold", "ann", "hat")],
        False,
        "Ann has two hats and wished one, and a coat",
    ),
    (
        [("wish", "ann", "hat"), ("sold", "ann", "hat"), ("wish", "bob", "hat"), ("told", "bob", "hat")],
        False,
        "Bob was told what was sold to Ann",
    ),
)


@page.exercise(
    "con-law",
    hint="count for each pair of person and item, and look at the counts after each event.",
    solution="""
        from collections import Counter

        def answer(history):
            seen = Counter()
            for what, who, item in history:
                seen[what, who, item] += 1
                wished, sold, told = (seen[one, who, item] for one in ("wish", "sold", "told"))
                if sold > wished:
                    return f"{who} has bought {item} {sold} times, and wished it {wished} times"
                if told > sold:
                    return f"{who} was told that {item} is bought, and it is not"
            return None
    """,
    mistakes=(
        """
        def answer(history):
            sold = [event[1:] for event in history if event[0] == "sold"]
            return None if len(sold) == len(set(sold)) else "sold twice"
        """,
        """
        from collections import Counter

        def answer(history):
            count = Counter(what for what, who, item in history)
            return None if count["wish"] >= count["sold"] >= count["told"] else "not fine"
        """,
        """
        from collections import Counter

        def answer(history):
            seen = Counter(history)
            for what, who, item in history:
                wished, sold, told = (seen[one, who, item] for one in ("wish", "sold", "told"))
                if not wished >= sold >= told:
                    return "not fine"
            return None
        """,
        "def answer(history):\n    return True",
    ),
    explanation="Both laws are laws of safety: they must hold after each event; to count at the end is not enough. "
    "They say nothing of a wish that stays open; that is a third law, which is judged in the end.",
)
def law(answer: object) -> str | None:
    if not callable(answer):
        return "answer must be the function itself, not what it returns"
    for history, fine, why in TOLD:
        said = answer(list(history))
        if said is not None and not isinstance(said, str):
            return f"a law returns None or a sentence, but for {history} it returned {said!r}"
        if (said is None) != fine:
            return f"the history {history} is {'fine' if fine else 'not fine'}: {why}"
    return None


ARRIVALS: tuple[tuple[str, int, str, str], ...] = (
    ("ann", 1, "sell", "it is the first request of Ann"),
    ("ann", 1, "again", "it is a copy of the one that was just carried out"),
    ("bob", 1, "sell", "Bob has numbers of his own"),
    ("ann", 2, "sell", "it is a new request"),
    (
        "ann",
        1,
        "old",
        "Ann sent number 2 after she had heard the answer to number 1, so nobody waits for this one",
    ),
    ("ann", 2, "again", "it is a copy of the newest one of Ann"),
    ("bob", 1, "again", "it is a copy of the newest one of Bob"),
    ("bob", 4, "sell", "Bob gave up two wishes that never arrived"),
    ("bob", 3, "old", "it comes after a newer one"),
)


@page.exercise(
    "con-build",
    hint="one number for each client is enough: compare the one that comes with the newest.",
    solution="""
        def answer(state, client, number):
            newest = state.get(client, 0)
            if number > newest:
                return {**state, client: number}, "sell"
            return state, "again" if number == newest else "old"
    """,
    mistakes=(
        """
        def answer(state, client, number):
            seen = state.get(client, ())
            if number not in seen:
                return {**state, client: (*seen, number)}, "sell"
            return state, "again" if number == max(seen) else "old"
        """,
        """
        def answer(state, client, number):
            newest = state.get("newest", 0)
            if number > newest:
                return {"newest": number}, "sell"
            return state, "again" if number == newest else "old"
        """,
        """
        def answer(state, client, number):
            if number == state.get(client):
                return state, "again"
            return {**state, client: number}, "sell"
        """,
        "def answer(state, client, number):\n    return state, 'sell'",
        "def answer(state, client, number):\n    return 'sell'",
    ),
    explanation="With numbers in order one request is enough, without any bound on delays: what is not newer is "
    "never carried out. With the answer beside the number this is a client session, as in the pages on Raft.",
)
def build(answer: object) -> str | None:
    if not callable(answer):
        return "answer must be the function itself, not what it returns"
    state: Any = {}
    for place, (client, number, wanted, why) in enumerate(ARRIVALS, 1):
        found = answer(state, client, number)
        if not isinstance(found, tuple) or len(found) != 2:
            return f"a pair (state, verdict) is asked for, but the function returns {found!r}"
        state, verdict = found
        if verdict != wanted:
            return f"arrival {place}, number {number} of {client}, must be {wanted!r}, not {verdict!r}: {why}"
    for number in range(5, 1_000):
        state, _ = answer(state, "bob", number)
    if len(repr(state)) > 200:
        return "after a thousand requests the state has grown: it must not hold all of them"
    return None
