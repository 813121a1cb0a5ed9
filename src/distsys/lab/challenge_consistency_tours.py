"""The narrated tours of the page on consistency: notes bound to steps of the runs of the seat, the shop and the basket.

tests/claims_challenge_consistency.py holds what they say against the runs.
"""

from __future__ import annotations

from distsys.views import Guess, Stop

SEAT = (
    Stop(7, "Ann asks the north desk for the seat. The two runs are equal so far, and so is the next step."),
    Stop(8, "The north desk sells it, and tells the south desk."),
    Stop(9, "Here the runs part: on the right that one message has just been lost."),
    Stop(11, "On the left the south desk hears that the seat is gone. On the right it hears nothing."),
    Stop(
        14,
        "Bob asks the south desk.",
        ask="What does the south desk on the right say to Bob?",
        guesses=(
            Guess("Sold out: the seat is sold", "The seat is sold, but this desk was never told."),
            Guess("Here is your ticket", "It can only look at its own copy: the seat is free.", right=True),
            Guess(
                "It asks the north desk first", "It could, but these desks do not: each sells by its copy."
            ),
        ),
    ),
    Stop(15, "Left: sold out. Right: Bob has a ticket for Ann's seat."),
)

TWICE = (
    Stop(3, "Ann wishes one pair of shoes, and asks."),
    Stop(5, "The shop sells them, writes it down, and answers."),
    Stop(6, "The answer is lost. Neither Ann nor the shop can see that."),
    Stop(
        8,
        "60 ms have passed without an answer, so Ann asks again, in the same words.",
        ask="What does the shop do when this comes?",
        guesses=(
            Guess("It sees that it has sold them already", "It would need a mark by which to see it."),
            Guess(
                "It sells a second pair", "Two equal requests may be two wishes: it cannot tell.", right=True
            ),
            Guess("It refuses", "Nothing is wrong with the request."),
        ),
    ),
    Stop(9, "A second pair is in the ledger, and the law is broken."),
    Stop(10, "Ann hears one answer. She believes that she has bought one pair."),
)

CRASH = (
    Stop(
        5,
        "The shop sells the shoes. Left: the sale goes to the disk. Right: the sale and its id, in one record.",
    ),
    Stop(6, "The answer is lost, as before."),
    Stop(8, "The shop crashes. What is only in its memory is gone."),
    Stop(
        10,
        "Ann asks again, with the same id ann-1.",
        ask="Which of the two shops sells a second pair?",
        guesses=(
            Guess("The left one", "The id was in its memory, and the sale on its disk.", right=True),
            Guess("The right one", "It finds the id on its disk, where the sale is."),
            Guess("Neither: she shows the same id", "An id helps only the one who remembers it."),
        ),
    ),
    Stop(11, "The left shop has never seen this id, and sells again. The right one only answers."),
)

UNKNOWN = (
    Stop(7, "Ann has a hat, and now asks for shoes. On the left this request is lost."),
    Stop(
        8, "Left: nothing has reached the shop. Right: the shop has sold the shoes, and its answer is lost."
    ),
    Stop(
        11,
        "Ann has waited for 60 ms.",
        ask="What can Ann see that tells her in which of the two worlds she is?",
        guesses=(
            Guess("Nothing", "All that has happened to her is the same, to the microsecond.", right=True),
            Guess("How long it took", "She has waited equally long in both."),
            Guess("That a message was lost", "We see the cross. She sees no message, in both."),
        ),
    ),
    Stop(
        12, "She asks again with the same id. Left: the shop sells. Right: it has sold already, and answers."
    ),
    Stop(13, "In both she now has one pair, and knows it."),
)

BASKET = (
    Stop(8, "Ann adds milk in the north, and Bob adds bread in the south 2 ms later."),
    Stop(10, "Both copies have changed, neither has heard of the other."),
    Stop(
        12,
        "Both were told that it is saved.",
        ask="What is in the basket when the copies have heard of each other?",
        guesses=(
            Guess("Milk and bread", "That would be the union. This rule keeps one of the two baskets."),
            Guess("Bread", "It has the later stamp, 17 ms, and the other basket is thrown away.", right=True),
            Guess("Milk", "Ann's change has the earlier stamp, 15 ms."),
        ),
    ),
    Stop(13, "The south ignores the older basket of the north."),
    Stop(
        14,
        "The north takes the newer one over: the milk is gone. The copies agree, and nobody sees an error.",
    ),
)
