"""The narrated tours of the page on consistency models: notes bound to steps of its runs.

tests/claims_consistency_models.py holds what they say against the runs.
"""

from __future__ import annotations

from distsys.views import Guess, Stop

DOCTORS = (
    Stop(9, "Ann signs off. The north copy writes it down, answers, and tells the south."),
    Stop(12, "Bob signed off in the south 2 ms later. Both have been told that it is written."),
    Stop(
        15,
        "Now Ann looks whether Bob is still there.",
        ask="What does the north copy tell her of Bob?",
        guesses=(
            Guess("He is off", "The news is still on its way: it takes 40 ms, and 10 have passed."),
            Guess("Nothing is written: he is there", "It can only look at its own copy.", right=True),
            Guess("It asks the south first", "It could. This store answers at once."),
        ),
    ),
    Stop(18, "Bob hears the same of Ann. Both go home, and nobody is on call."),
    Stop(20, "Only now has each copy heard of the other's write. From here on they agree."),
    Stop(23, "Bob looks again, and learns that Ann is off."),
)

MEETING = (
    Stop(9, "Ann's first write, the room, gets the stamp 1 in the north."),
    Stop(10, "Bob's first write is the time, with the stamp 1 in the south."),
    Stop(16, "Each has now written both keys, in the other order. The second writes have the stamp 2."),
    Stop(
        22,
        "All four updates have arrived everywhere.",
        ask="Which meeting do both copies hold?",
        guesses=(
            Guess("Ann's: room A at 9", "Her room has stamp 1, and Bob's has 2."),
            Guess("Bob's: room B at 10", "His time has stamp 1, and Ann's has 2."),
            Guess(
                "Room B at 9", "For each key the later stamp stays, and they are of two people.", right=True
            ),
        ),
    ),
    Stop(34, "Both read room B at 9. The copies agree on a meeting that nobody has planned."),
)

SESSION = (
    Stop(9, "Ann writes x in the north: the question. The news needs 40 ms to the south."),
    Stop(13, "Bob reads it in the north."),
    Stop(
        15,
        "He moves to the south and writes y: his answer.",
        ask="On the right, Bob sends along what he has seen. What does the south do?",
        guesses=(
            Guess("It refuses", "It need not: the update is on its way."),
            Guess("It waits until it has x", "It has less than Bob needs, so it writes y later.", right=True),
            Guess("It writes y at once", "So it does on the left, where it knows of no need."),
        ),
    ),
    Stop(19, "Left: Cyd reads the answer in the south ..."),
    Stop(22, "... and then finds no question. What was caused is there, and its cause is not."),
    Stop(23, "The question arrives. On the right the south writes Bob's answer only after it."),
)

CAP = (
    Stop(12, "The network splits: n1 and Ann on one side, n2, n3 and Bob on the other."),
    Stop(14, "Ann writes at n1. Left: n1 writes and answers. Right: it asks the others first."),
    Stop(16, "What n1 sends to the others is lost, in both runs."),
    Stop(
        19,
        "Bob reads at n3.",
        ask="In which run does n3 answer wrongly?",
        guesses=(
            Guess("On the left", "Ann's write was answered, so Bob must see it, and he cannot.", right=True),
            Guess("On the right", "There Ann's write was never answered, so it may not have happened."),
            Guess("In neither: it tells what it knows", "It does. But one copy would have told more."),
        ),
    ),
    Stop(20, "Left: an answer for everybody, and one is wrong. Right: no wrong answer, and one is missing."),
)
