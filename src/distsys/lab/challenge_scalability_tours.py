"""The narrated tours of the page on scalability: notes bound to steps of the runs in `challenge_scalability_runs`.

tests/claims_scalability.py holds what they say against the runs.
"""

from __future__ import annotations

from distsys.views import Guess, Stop

GROUP = (
    Stop(8, "n1 takes the add of c1 and tells its two followers. n4 and n5 are not in this group."),
    Stop(11, "At 2 ms both followers take it, at the same time: they work side by side."),
    Stop(
        13,
        "At 3 ms the acknowledgements of both are at n1. It takes the first.",
        ask="When does n1 send its answer to c1?",
        guesses=(
            Guess("At 3 ms, for both are there", "It takes one message at a time, and each costs 1 ms."),
            Guess("At 4 ms", "The second one is taken a millisecond after the first.", right=True),
        ),
    ),
    Stop(
        18,
        "6 ms: n1 has taken six messages without a pause, three for each add. In the group of five on the other side "
        "they are ten, five for each.",
    ),
)

HOT = (
    Stop(6, "Four clients ask, all of them for key 0, which lives on n1."),
    Stop(
        8,
        "n1 takes one request each millisecond. n2 has had nothing to do.",
        ask="Would a third shard help?",
        guesses=(
            Guess("Yes: there would be more servers for the same requests", "None of them would have key 0."),
            Guess("No", "All requests go where that key is, and it is in one place.", right=True),
        ),
    ),
    Stop(
        22, "Eight requests in a row at n1: the last answer comes at 9 ms. With four keys it comes at 5 ms."
    ),
)

FORGETS = (
    Stop(5, "The add of c1 is counted by n2, where key 1 lives."),
    Stop(
        7,
        "c1 has its answer, and asks for the sum of all keys. It asks n1 only.",
        ask="What will it hear?",
        guesses=(
            Guess("1", "That 1 is on n2, which is not asked."),
            Guess("0", "n1 tells what it holds, and has counted nothing.", right=True),
        ),
    ),
    Stop(
        11, "It hears 0, though its own add was answered before. On the other side both are asked: 0 and 2."
    ),
)
