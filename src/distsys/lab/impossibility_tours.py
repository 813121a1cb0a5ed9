"""The narrated tours of the page on impossibility: notes bound to steps of its runs.

tests/claims_impossibility.py holds what they say against the runs.
"""

from __future__ import annotations

from distsys.views import Guess, Stop

WORLDS = (
    Stop(5, "In both worlds the links from A have become slow. A is to decide; B and C have input 1."),
    Stop(6, "Left: A crashes before it begins. Right: A decides 0 and says so, on slow links."),
    Stop(
        9,
        "B has waited for 30 ms and decides its own input, 1.",
        ask="What has B seen so far that differs between the two worlds?",
        guesses=(
            Guess("Nothing", "It has seen its own timer in both, and no letter.", right=True),
            Guess("That A has crashed", "We see the cross. B sees only that no letter has come."),
            Guess("The letter of A", "Right, it is on its way, and it is not there yet."),
        ),
    ),
    Stop(10, "C does the same. Left all is well. Right A has decided 0, and B and C have decided 1."),
)

SPLIT = (
    Stop(9, "The four send their votes: A and B vote 0, C and D vote 1."),
    Stop(
        17,
        "A has its own 0 and the 0 of B. Now comes the 1 of C: three votes, 0 wins.",
        ask="What will B, C and D vote in the next round?",
        guesses=(
            Guess("All vote 0", "C and D each have two votes for 1 among their first three."),
            Guess(
                "B votes 0, C and D vote 1", "Each hears first from one who votes like itself.", right=True
            ),
            Guess("All vote 1", "A has counted already, and votes 0."),
        ),
    ),
    Stop(20, "All have counted. The votes are 0, 0, 1, 1, as before."),
    Stop(24, "The third letters arrive 5 ms later. They are too late; nobody waits for them."),
    Stop(32, "The second round has ended as the first did. So will each one after it."),
)

PATIENT = (
    Stop(13, "The first timers fire after 8 ms. Nobody has three votes yet, so all go on waiting."),
    Stop(24, "With three votes each counts at once, for its timer has fired. Round 2 begins split again."),
    Stop(36, "Three votes each at 21 ms. But now the timers run until 27 ms, and all wait."),
    Stop(
        40,
        "The fourth votes are there: all four see 0, 0, 1, 1 and take the smaller.",
        ask="Would a crash of D in this round have stopped them?",
        guesses=(
            Guess(
                "No: the timers fire at 27 ms",
                "Then three votes are enough, the same three for all.",
                right=True,
            ),
            Guess("Yes: nobody would have four votes", "Nobody needs four. The timer ends the wait."),
            Guess("Yes: they would decide differently", "Two could decide only on three equal votes."),
        ),
    ),
    Stop(53, "Round 3: with the fourth equal vote A decides 0, and the others with it."),
)
