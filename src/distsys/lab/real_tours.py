"""The narrated tour of the page on real processes: notes bound to the steps of a recorded run.

tests/claims_running_for_real.py holds what it says against the run.
"""

from __future__ import annotations

from distsys.views import Guess, Stop

KILLED = (
    Stop(25, "ann's put is on the disks of n1 and n2, and she hears ok, 16 ms after she asked."),
    Stop(
        35,
        "n1 is killed with kill -9. Nobody is told.",
        ask="Who notices it first?",
        guesses=(
            Guess("n2 and n3, at once", "Their connections end, but the protocol counts on no such thing."),
            Guess("bob, who is refused", "He asks n1 first, is refused, and asks n2.", right=True),
        ),
    ),
    Stop(37, "n2 still names n1 as the leader. bob asks again, with growing pauses."),
    Stop(41, "n3 has heard no heartbeat for 400 ms: from here on it would vote for another."),
    Stop(43, "The election timer of n3 runs out, and n3 asks who would vote for it."),
    Stop(49, "With the vote of n2, n3 leads term 2."),
    Stop(60, "bob hears ok, 535 ms after he asked."),
    Stop(81, "n1 is started again. It knows what is on its disk: term 1, and the entries that it had."),
    Stop(90, "A question of n3 tells n1 that there is a term 2."),
    Stop(99, "n1 gets what it missed: the first entry of the new term, and bob's put."),
)
