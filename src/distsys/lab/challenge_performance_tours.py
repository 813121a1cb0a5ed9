"""The narrated tours of the page on the challenge of performance: notes bound to steps of its runs.

tests/claims_challenge_performance.py holds what they say against the runs.
"""

from __future__ import annotations

from distsys.views import Guess, Stop

STORM = (
    Stop(4, "Request 1 arrives, and the server begins. It would be done at 21 ms."),
    Stop(5, "The server stands still, until 55 ms."),
    Stop(7, "Request 1 is 25 ms old. Its user asks again; nobody takes the first attempt back."),
    Stop(
        9,
        "The server goes on. From here on nothing is wrong with it, and a new request comes each 20 ms.",
        ask="It needs 10 ms for each. Which request will be the first that is answered in time?",
        guesses=(
            Guess(
                "Number 4, the next to come",
                "Four attempts will be there before it: more work than its user has patience.",
            ),
            Guess("Number 6 or 7", "While the queue is worked off, those who wait in it ask again."),
            Guess("None of the seven", "Each is done after its user has stopped listening.", right=True),
        ),
    ),
    Stop(15, "The answer to request 1 comes. Its user waits for attempt 2 by now, so it is of no use."),
    Stop(20, "Request 2 in turn: done at 65 ms, and asked again at 55."),
    Stop(26, "The work of request 1 is done a second time, and again for nobody."),
    Stop(29, "Request 1 is given up. Its third attempt stays in the queue, and will be worked off."),
    Stop(48, "Request 4 came when the fault was long over. It is answered after 46 ms: too late as well."),
    Stop(53, "Since it went on, the server has finished eight pieces of work. None was of use."),
)

HEDGE = (
    Stop(7, "Request 1 is answered after 6 ms."),
    Stop(9, "r1 begins with request 2, and gets stuck: this will take 130 ms."),
    Stop(
        10,
        "The client has waited for 20 ms.",
        ask="It asks r2 as well. What does it have to know about r1?",
        guesses=(
            Guess("That it has failed", "It has not, and no client could tell."),
            Guess(
                "Nothing but that it is late",
                "Nearly all answers come earlier; that is reason enough.",
                right=True,
            ),
        ),
    ),
    Stop(15, "r2 has answered: 26 ms in all. The client takes the question back from r1."),
    Stop(16, "r1 is at work on it already, and goes on. That work is the price."),
    Stop(20, "Request 3 waited behind request 2. r2 answers it as well, after 26 ms."),
    Stop(21, "This time the question can be taken back: it was still in the queue of r1."),
    Stop(23, "The first answer of r1 to request 2, 131 ms after it was asked."),
)
