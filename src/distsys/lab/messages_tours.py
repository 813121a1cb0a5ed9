"""The narrated tours of the page on message passing: notes bound to steps of the runs in `messages_runs`.

tests/claims_messages.py holds what they say against the runs.
"""

from __future__ import annotations

from distsys.views import Guess, Stop

ORDERS = (
    Stop(3, "ann orders soup."),
    Stop(4, "The kitchen hears it, and cooks one. Its answer is lost."),
    Stop(6, "ann orders fish. That order is lost on its way."),
    Stop(
        9,
        "ann has thought better of it: no fish. This order arrives.",
        ask="The kitchen has not heard of any fish. What will it cook in the end?",
        guesses=(
            Guess("No fish", "So ann wants it. But nobody told the kitchen in which order she spoke."),
            Guess(
                "A fish",
                "ann will repeat the lost order, and it comes after the one that takes it back.",
                right=True,
            ),
        ),
    ),
    Stop(14, "60 ms without an answer: ann has repeated the soup. The kitchen cooks a second one."),
    Stop(
        17,
        "The repeated fish arrives, after *no fish*. Nothing overtook on the way: ann's own repetition did it.",
    ),
    Stop(21, "ann has answers for tea, fish and no fish. For the soup, which is there twice, she has none."),
)

RESTART = (
    Stop(8, "a and b have come and are acknowledged. bob's disk says: of ann's first life, 2."),
    Stop(9, "ann crashes. What she had counted was in memory."),
    Stop(
        10,
        "She is back. Left, her disk says that this is her second life. Right, she does not count her lives.",
        ask="She posts c and d. What does bob do on the right?",
        guesses=(
            Guess("He takes them", "They have the numbers 1 and 2 again, and he has had these."),
            Guess("He drops and acknowledges them", "To him they are copies of a and b.", right=True),
            Guess(
                "He drops them in silence",
                "A copy must be acknowledged, for its acknowledgement may be lost.",
            ),
        ),
    ),
    Stop(13, "Left, number 1 of life 2 is new: bob hands c on. Right, number 1 is old."),
    Stop(
        16,
        "Both times ann has all acknowledged, and stops. Right, c and d are lost, and neither side knows it.",
    ),
)

SILENT = (
    Stop(8, "Two questions, two answers, 10 ms each. In both runs."),
    Stop(9, "Left, bob crashes. Right, his answers become slow."),
    Stop(
        12,
        "ann has waited 40 ms for her third answer, and gives up.",
        ask="Is she right?",
        guesses=(
            Guess("Yes", "On the left. But she cannot know on which side she is."),
            Guess("No", "On the right. But she cannot know on which side she is."),
            Guess(
                "She cannot know", "She has seen the same events at the same times on both sides.", right=True
            ),
        ),
    ),
    Stop(15, "The fourth as well. Left and right she has still seen the same."),
)

CHAIN = (
    Stop(6, "n1 alone has a 0. It crashes in round 1, when it has told n2 and nobody else."),
    Stop(10, "n2 knows of the 0."),
    Stop(21, "It crashes in round 2, when it has told n3 (and n1, which is down)."),
    Stop(
        25,
        "n3 knows of the 0.",
        ask="Two rounds are over. What if they decide now?",
        guesses=(
            Guess("Both decide 0", "n4 has heard of no 0."),
            Guess("n3 decides 0, n4 decides 1", "As on the left.", right=True),
            Guess("Both decide 1", "n3 knows of a smaller one."),
        ),
    ),
    Stop(33, "Left they have decided differently. Right a third round begins, in which nobody crashes."),
)

GENERALS = (
    Stop(4, "Left, the chief says attack to ann and retreat to bob. Right he says attack to both."),
    Stop(6, "Left, bob truly says that he was told to retreat. Right he lies, and says the same."),
    Stop(
        8,
        "ann has heard: attack from the chief, and from bob that he was told to retreat. In both runs.",
        ask="What must she do?",
        guesses=(
            Guess(
                "Attack",
                "On the right she must. On the left bob sees the mirror image, and would have to retreat.",
            ),
            Guess("Retreat", "On the left that agrees with bob. On the right she disobeys a loyal chief."),
            Guess(
                "There is no right answer",
                "She sees the same in both runs, and they ask different things of her.",
                right=True,
            ),
        ),
    ),
    Stop(10, "Our rule takes a tie for retreat. Left they agree. Right ann has disobeyed a loyal chief."),
)
