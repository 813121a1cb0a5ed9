"""The narrated tours of the page on memory from messages: notes bound to steps of the runs in `abd_runs`.

tests/claims_memory_from_messages.py holds what they say against the runs.
"""

from __future__ import annotations

from distsys.views import Guess, Stop

INVERSION = (
    Stop(13, "The write has reached n1. Its questions to n2 and n3 are slow; it has not ended."),
    Stop(19, "r1 has heard n1 and n2: a majority. One of them has the new value, so r1 returns it."),
    Stop(
        23,
        "r1 has ended. Now r2 reads, and its question has reached all three.",
        ask="n2 and n3 answer first. What does r2 return?",
        guesses=(
            Guess("The new value", "Neither n2 nor n3 has it, and r2 waits for nobody else."),
            Guess("The old value", "A majority has answered, and none of it has the new value.", right=True),
            Guess("It waits for n1", "A majority is enough; n1 could be down."),
        ),
    ),
    Stop(25, "The old value, after r1 had returned the new one. The cell went back in time."),
    Stop(28, "Long after that the write ends, at 210 ms."),
)

BACK = (
    Stop(
        19, "r1 has heard of the new value. On the left it returns; on the right it stores the value first."
    ),
    Stop(
        24,
        "On the left r2 hears from n2, which has the old value. On the right r1 has stored the new one there.",
        ask="On the right r2 hears the same two copies, n2 and n3. What does it return?",
        guesses=(
            Guess("The new value", "n1 and n2 hold it, and every majority has one of them.", right=True),
            Guess("The old value", "n3 says so, but n2 has a greater tag, and the greatest counts."),
        ),
    ),
    Stop(25, "On the left r2 returns the old value."),
)

TAGS = (
    Stop(19, "c2 has asked, and heard that nothing was written yet. It takes the number 1."),
    Stop(20, "c1 has heard the same. On the left tags have no name: one tag now stands for x and for y."),
    Stop(
        25,
        "n2 has y, and is given x under the same tag.",
        ask="Which does it keep on the left?",
        guesses=(
            Guess("The one that came first", "The second is not newer: its tag is the same.", right=True),
            Guess("The one that came last", "Only a greater tag replaces what is there."),
        ),
    ),
    Stop(41, "c3 reads. n1 says x and n2 says y, under one tag; on the left it takes x, on the right y."),
    Stop(56, "c3 hears n2 and n3. On the left it returns y: both writes had ended, and neither order fits."),
)

HALVES = (
    Stop(7, "The network is cut: n1, n2 and w are on one side, n3, n4 and r1 on the other."),
    Stop(
        14,
        "w has two answers of four. On the left it takes that for enough. On the right it waits for a third.",
    ),
    Stop(
        21,
        "r1 has heard both copies on its side.",
        ask="Can the reader on the left know that something was written?",
        guesses=(
            Guess("Yes", "Nothing crosses the cut: it sees what it would see had w never written."),
            Guess("No", "For r1 this run is the same as one without the write.", right=True),
        ),
    ),
    Stop(27, "On the left r1 returns the old value, after the write had ended."),
)
