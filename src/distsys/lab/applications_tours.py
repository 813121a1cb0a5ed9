"""The narrated tours of the page on applications: notes bound to steps of the runs in `applications_runs`.

tests/claims_applications.py holds what they say against the runs.
"""

from __future__ import annotations

from distsys.views import Guess, Stop

HEARTBEAT = (
    Stop(37, "Call 6 gets key 6 of 6, and is passed on to the answering point east."),
    Stop(41, "Call 7 reaches the router. It has no key left, notes that, and passes nothing on."),
    Stop(
        43,
        "The watch asks the router whether it is up.",
        ask="What does the router say?",
        guesses=(
            Guess("Yes", "It is up: it answers, and it was asked nothing else.", right=True),
            Guess("No", "It would have to know that it does not do its work, and nobody asks about that."),
            Guess("Nothing", "It has neither crashed nor been cut off."),
        ),
    ),
    Stop(45, "The caller has waited for 80 ms, and gives up."),
    Stop(48, "Call 8 as well. The spare router, on the right, is idle."),
    Stop(53, "Once more the watch hears that all is well."),
)

TEST_CALL = (
    Stop(32, "Call 5 gets no key. Test calls need keys as well, so they ran out two calls earlier."),
    Stop(33, "The watch makes a call of its own, on the way that every call takes."),
    Stop(
        34,
        "The router has no key for it.",
        ask="How does the watch learn of that?",
        guesses=(
            Guess("The router tells it", "It tells nobody. That is the failure."),
            Guess("Nothing comes back", "Silence on the whole way is all that it needs.", right=True),
        ),
    ),
    Stop(38, "80 ms without an answer: the watch sends the callers to the spare router."),
    Stop(40, "Call 6 was dialled before that, and is lost too."),
    Stop(42, "Call 7 has key 1 of the spare router. All that follow are answered."),
)

SHOPS = (
    Stop(4, "North and south have sold one piece each. Left, the news is under way; right, none is needed."),
    Stop(
        8,
        "Left: it is 210 ms, three are sold, and buyer 4 comes to south.",
        ask="There were three. Does south sell?",
        guesses=(
            Guess(
                "Yes", "By its copy one is left. North sold the third 10 ms ago, news takes 50.", right=True
            ),
            Guess("No", "Three are sold, but south cannot know that yet."),
            Guess("It asks north", "On the right it does. On the left nobody asks."),
        ),
    ),
    Stop(10, "Left: the copies agree again, at 0, and four are sold. Right: three are sold."),
    Stop(12, "Left: buyer 6 is refused at once. Right: south has nothing to give to north for buyer 6."),
)

DESK = (
    Stop(7, 's1 has the new program. It knows "P" as the new function.'),
    Stop(11, "100 shares are bought for order 1, in two parts, and s1 has counted them."),
    Stop(
        19,
        's3 was forgotten and has the old program. It knows "P" as well, and as something else.',
        ask="What will it do with an order for 100 shares?",
        guesses=(
            Guess("Buy 100", "Its old function counted that once. The counting was moved elsewhere."),
            Guess("Refuse it", "It would, if the word were new to it."),
            Guess("Buy without end", "It sends a part every 10 ms and counts nothing.", right=True),
        ),
    ),
    Stop(26, "150 shares for an order of 100: at the market the law is broken."),
    Stop(32, "And so on, until somebody stops it."),
)
