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
            Guess("The new value", "Neither n2 nor n3 has it, and r2 asks nobody else."),
            Guess("The old value", "A majority has answered, and none of it has the new value.", right=True),
            Guess("It waits for n1", "A majority is enough; n1 could be down."),
        ),
    ),
    Stop(25, "The old value, after r1 had returned the new one. The cell went back in time."),
    Stop(29, "Long after that the write ends."),
)

BACK = (
    Stop(19, "r1 has heard of the new value. On the left it returns; on the right it stores the value first."),
    Stop(
        23,
        "On the right n1 and n2 have confirmed: a majority holds the new value, and only now r1 returns it.",
    ),
)

TAGS = (
    Stop(17, "c1 and c2 have asked, and both have heard that nothing was written yet."),
    Stop(
        20,
        "On the left both take the number 1 and no name: one tag for x and for y.",
        ask="n2 gets both. Which does it keep?",
        guesses=(
            Guess("The one that comes first", "The second one is not newer: its tag is the same.", right=True),
            Guess("The one that comes last", "Only a greater tag replaces what is there."),
        ),
    ),
)

HALVES = (
    Stop(12, "The network is cut: n1, n2 and w are on one side, n3, n4 and r1 on the other."),
    Stop(
        20,
        "On the left w has two answers of four, and takes that for enough. On the right it waits for a third.",
    ),
)
