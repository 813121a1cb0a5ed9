"""The narrated tours of the page on quorums: notes bound to steps of runs of `quorum_runs`, with questions."""

from __future__ import annotations

from distsys.views import Guess, Stop

FIVE = (
    Stop(15, "n1 leads. n3, n4 and n5 have promised, and have crashed."),
    Stop(
        18,
        "n2 has voted for x=1, and n1 has: two votes of five.",
        ask="Is x=1 decided?",
        guesses=(
            Guess("No: three must vote", "So it is with majorities, in the other run."),
            Guess("Yes: here two are enough", "n1 hands x=1 to its host.", right=True),
        ),
    ),
    Stop(21, "n1 has crashed as well; n3 and n4 are back. Three of five are up."),
    Stop(
        26,
        "n2 has three promises: its own, n3's, n4's.",
        ask="Does n2 lead?",
        guesses=(
            Guess("Yes, three of five", "So it is with majorities, in the other run."),
            Guess(
                "No, four must promise",
                "With n1 and n5 down, n2 cannot know what those two may have decided.",
                right=True,
            ),
        ),
    ),
)

AGAIN = (
    Stop(6, "n1 asks for votes for a, and has voted itself. What it sent to n2 is slow."),
    Stop(10, "n3 reads for bob. n1 tells it of a vote for a."),
    Stop(12, "A quorum has voted for a in the ballot of n3: bob reads a. That has finished ann's write."),
    Stop(18, "cyd has written b."),
    Stop(
        20,
        "n2 refuses the old ballot of n1: beaten in phase 2.",
        ask="What may n1 tell ann?",
        guesses=(
            Guess("It failed", "bob has read a."),
            Guess("Nobody knows", "n1 has not heard of bob. For all it knows, a may be gone.", right=True),
            Guess("Nothing yet: it tries again", "So it does on the left. Go on."),
        ),
    ),
    Stop(25, "On the left a is written once more, over b."),
    Stop(31, "dan reads a, after b was written, and after a was read before that."),
)
