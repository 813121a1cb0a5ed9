"""The narrated tours of the page on failure detectors and gossip: notes bound to steps of the runs in `detectors_runs`.

tests/claims_detectors.py holds what they say against the runs.
"""

from __future__ import annotations

from distsys.views import Guess, Stop

ALIKE = (
    Stop(12, "At 90 ms a heartbeat of bob arrives, as every 40 ms. ann sets her timer anew: 75 ms."),
    Stop(13, "From here on what bob sends takes 200 ms. On the right bob crashes at this moment."),
    Stop(15, "bob beats on. ann cannot know: the beat is on its way."),
    Stop(
        19,
        "165 ms: ann has heard nothing for 75 ms, and suspects bob. So does the ann on the right.",
        ask="Which of what ann has seen until now tells the two runs apart?",
        guesses=(
            Guess("Her timer fired earlier on the right", "It fires at 165 ms in both."),
            Guess("Nothing", "Her events are the same, one by one, and at the same times.", right=True),
            Guess("bob's last heartbeat", "It came at 90 ms in both."),
        ),
    ),
    Stop(30, "At 320 ms the late beat arrives: ann takes it back, and will wait 150 ms for bob from now on."),
)

CRASH = (
    Stop(37, "dan crashes. Nobody is told."),
    Stop(39, "Each member pings one other. It is bob's turn to ping dan."),
    Stop(42, "The ping is lost: who is down hears nothing."),
    Stop(
        46,
        "60 ms without an answer. bob asks cyd and ann to ping dan for him.",
        ask="Why not suspect dan at once?",
        guesses=(
            Guess("The way from bob to dan may be broken", "Then a helper still gets an answer.", right=True),
            Guess("dan may have crashed", "Then a suspicion would be right."),
            Guess("bob has no timer left", "He has: the period ends at 800 ms."),
        ),
    ),
    Stop(48, "Both do so. With bob's own that makes three pings to dan."),
    Stop(
        52, "800 ms: nobody had an answer. bob suspects dan, and says so in his next ping, which goes to ann."
    ),
    Stop(55, "So ann knows, without a message that was sent for it. Suspicions ride on pings and answers."),
    Stop(66, "cyd has pinged dan himself, in vain, and suspects dan before he hears of it."),
)

REFUTE = (
    Stop(28, "cyd falls asleep: 700 ms. Messages wait for it."),
    Stop(36, "bob had no answer, not even over ann. He suspects cyd, and gives it 600 ms."),
    Stop(38, "ann hears of it with a ping, and suspects cyd as well."),
    Stop(41, "Both ping cyd. Each ping to a suspect says: you are suspected."),
    Stop(
        51,
        "cyd is awake again, and reads that it is suspected in incarnation 0.",
        ask="What can cyd say that beats 'suspect, incarnation 0'?",
        guesses=(
            Guess("alive, incarnation 0", "That is older: it was believed before the suspicion."),
            Guess("alive, incarnation 1", "A higher incarnation beats all of a lower one.", right=True),
            Guess("Nothing", "On the right it says nothing, and is declared faulty."),
        ),
    ),
    Stop(58, "ann believes it, and stops the clock of the suspicion. bob does so at step 59."),
    Stop(
        75,
        "On the right the 600 ms are over at this step: bob declares cyd faulty, which has answered since it woke.",
    ),
)

RUMOUR = (
    Stop(7, "ann is told that it rains."),
    Stop(9, "Her timer fires. She tells one other, chosen at random: dan."),
    Stop(13, "dan knows it now, and tells eve. Three know."),
    Stop(
        18,
        "bob hears it from ann. Four of six know.",
        ask="Three tellings later, at step 24, how many know?",
        guesses=(
            Guess(
                "All six", "The tellings of steps 20 and 21 both met somebody who did not know.", right=True
            ),
            Guess("Seven or eight", "There are only six."),
            Guess("Four", "Then all three would have met somebody who knows."),
        ),
    ),
    Stop(23, "cyd is the last to hear of it."),
    Stop(25, "cyd tells fay, who knows. From here on each telling is in vain, and nobody knows that."),
)
