"""The narrated tours of the page that compares etcd, ZooKeeper and Chubby.

tests/claims_coordination.py holds what they say against the runs.
"""

from __future__ import annotations

from distsys.views import Guess, Stop

STALE = (
    Stop(231, "u2 and its member n2 are cut off from the others."),
    Stop(
        237,
        "u1 writes a new limit, and u2 reads.",
        ask="What will n2 answer to u2 from now on?",
        guesses=(
            Guess("Nothing", "So it would be with a default read, which asks the leader."),
            Guess("The old limit, for ever", "A serializable read asks nobody.", right=True),
            Guess("The old limit, for a while", "So does ZooKeeper, on the right."),
        ),
    ),
    Stop(247, "The write is confirmed: two of three members have it."),
    Stop(259, "The old limit, 90 ms after that."),
    Stop(291, "n2 has heard nothing of a leader for so long that it wants to lead. It still answers."),
    Stop(297, "And so on, to the end of the run."),
)

HAND = (
    Stop(257, "u1 lets the lock go: it deletes its key."),
    Stop(261, "A majority has the deletion, so it is decided."),
    Stop(
        263,
        "u2 is told that the key before its own is gone.",
        ask="May it take the lock?",
        guesses=(
            Guess("Yes", "The owner before may have given up while an older one still holds it."),
            Guess("It must ask who is before it", "And then whether its own key is still there.", right=True),
        ),
    ),
    Stop(272, "Nobody is before it. It asks for its own key, for its lease may have ended while it waited."),
    Stop(282, "The key is there: u2 has the lock, 60 ms after u1 let it go."),
)
