"""The narrated tour of the page on real processes: notes bound to the steps of a recorded run.

tests/claims_running_for_real.py holds what it says against the run.
"""

from __future__ import annotations

from distsys.views import Guess, Stop

KILLED = (
    Stop(25, "ann's put is on the disks of n2 and n3, and she hears ok, 7 ms after she asked."),
    Stop(
        35,
        "n2 is killed with kill -9. Nobody is told.",
        ask="Who notices it first?",
        guesses=(
            Guess(
                "n1 and n3, at once", "Their connections are reset, but the protocol counts on no such thing."
            ),
            Guess("bob, who is refused", "He asks n2 first, is refused, and asks n1.", right=True),
        ),
    ),
    Stop(37, "n1 still names n2 as the leader. bob asks again, with growing pauses."),
    Stop(43, "n1 has heard no heartbeat for its election timeout, and asks who would vote for it."),
    Stop(49, "With the vote of n3, n1 leads term 2."),
    Stop(61, "bob hears ok, 485 ms after he asked."),
    Stop(71, "n2 is started again. It knows what is on its disk: term 1, and the entries that it had."),
    Stop(81, "n1 has no connection to n2 yet: it dials with growing pauses, and drops what it has for n2."),
    Stop(89, "n2 gets what it missed, one entry of the new term and bob's put."),
)
