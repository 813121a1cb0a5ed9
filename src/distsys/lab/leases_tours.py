"""The narrated tours of the page on leases: notes bound to steps of the runs in `leases_runs` and `leases_redlock`.

tests/claims_leases.py holds what they say against the runs.
"""

from __future__ import annotations

from distsys.views import Guess, Stop

CAREFUL = (
    Stop(7, "a has the lease, with token 1, for one second from when it asked. It reads the balance: 100."),
    Stop(12, "It has computed 110, and looks at its clock before it writes: 780 ms are left."),
    Stop(
        13,
        "Half a millisecond after the look a is paused.",
        ask="Its clock is right, and it has looked. What will it do when it wakes up?",
        guesses=(
            Guess(
                "See that its lease is over",
                "It looked already. What comes next in its program is the write.",
            ),
            Guess("Write", "The look is behind it, and the write comes next.", right=True),
        ),
    ),
    Stop(17, "The lease of a is over, and b has the next one. It reads 100 as well."),
    Stop(22, "The store has 120."),
    Stop(26, "a wakes up, writes, and only then looks at the clock again."),
    Stop(28, "The store has 110. The 20 of b are gone, and nobody was told of anything."),
)

ANSWER = (
    Stop(6, "The lease begins for the granter: 1 s, from 5 ms to 1,005 ms."),
    Stop(
        7,
        "The answer was 300 ms under way.",
        ask="Until when may a rely on its lease?",
        guesses=(
            Guess("Until 1,000 ms", "It asked at 0, and nobody can have granted it before that.", right=True),
            Guess("Until 1,305 ms", "A second from the answer. The granter began long before."),
            Guess("It cannot know", "It knows when it asked, and that the granter did not begin earlier."),
        ),
    ),
    Stop(11, "a stops. Its clock needs to know nothing of the granter's."),
    Stop(15, "b has the lease. Who counts from the answer relies on it until 1,305 ms, too."),
)

FENCED = (
    Stop(13, "The same pause as before, half a millisecond after the look at the clock."),
    Stop(22, "b writes with token 2. The store on the left remembers that number."),
    Stop(
        26,
        "a wakes up, and its write leaves with token 1.",
        ask="What must the store on the left know to refuse it?",
        guesses=(
            Guess("Who has the lock now", "It need not ask anybody, and an answer could be old by then."),
            Guess(
                "That it has seen a greater token",
                "One number, compared where the write is done.",
                right=True,
            ),
            Guess("The time", "No clock is looked at."),
        ),
    ),
    Stop(29, "a hears of it, and begins again: it asks for the lease."),
    Stop(31, "Token 3."),
    Stop(36, "It has read 120, and writes 130. Nothing is lost."),
)

UNSEEN = (
    Stop(
        18, "b has the lease, and reads 100. On the left a read shows no token, and the store remembers none."
    ),
    Stop(
        23,
        "a has woken up. Its write carries token 1, and so far the store has seen no greater one.",
        ask="Should the store on the left have refused it?",
        guesses=(
            Guess("Yes: b has the lock", "True, and the store cannot know it: b has shown it nothing."),
            Guess("No: it has seen nothing newer", "The rule is about what the store has seen.", right=True),
        ),
    ),
    Stop(27, "b writes 120, which it had computed from 100. The 10 of a are gone; each token was in order."),
)

REDLOCK = (
    Stop(12, "c1 asks all five. It is cut off from D and E."),
    Stop(20, "Three of five have said yes: a majority. It may rely on the lock until 988 ms."),
    Stop(21, "The clock of C is set forward by one second."),
    Stop(
        25,
        "c2 is cut off from A and B, and asks C.",
        ask="What does C say?",
        guesses=(
            Guess("No: c1 has the key", "It has it for a second, and by the clock of C that is over."),
            Guess("Yes", "The key has ended, so there is none.", right=True),
        ),
    ),
    Stop(30, "c2 has three of five as well. Both rely on the lock until c1 stops at 988 ms."),
)
