"""The narrated tours of the page on quorums: notes bound to steps of runs of `quorum_runs`, with questions."""

from __future__ import annotations

from distsys.views import Guess, Stop

FIVE = (
    Stop(15, "n1 leads on both sides. n3, n4 and n5 have crashed."),
    Stop(
        18,
        "n2 has voted for x=1, and n1 has: two votes of five.",
        ask="Where is x=1 decided?",
        guesses=(
            Guess("Nowhere", "Right for the left side, where three must vote."),
            Guess("On the right", "There two votes are enough.", right=True),
            Guess("On both sides", "On the left a third vote is missing."),
        ),
    ),
    Stop(21, "n1 has crashed as well; n3 and n4 are back. Three of five are up, on both sides."),
    Stop(
        26,
        "n2 has three promises: its own, n3's, n4's.",
        ask="Where does n2 lead?",
        guesses=(
            Guess("On the left", "There three promises are enough.", right=True),
            Guess("On the right", "There four must promise. Somebody else may have voted with n1."),
            Guess("On both sides", "On the right a fourth promise is missing."),
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
