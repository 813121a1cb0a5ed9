"""The narrated tours of the page on Multi-Paxos, bound to steps of `multi_paxos_runs`.

tests/claims_multi_paxos.py holds what they say against the runs.
"""

from __future__ import annotations

from distsys.views import Guess, Stop

EARLY = (
    Stop(8, "n1 has asked for votes in slot 1, and at once in slot 2."),
    Stop(
        10,
        "The message of slot 2 was faster. n1 and n2 have voted there: slot 2 is decided, slot 1 is not.",
        ask="May n1 add the interest now?",
        guesses=(
            Guess(
                "Yes: the decision is final", "It is. But slot 1 will be decided as well, and comes before."
            ),
            Guess("No", "It does not know yet what the balance is before slot 2.", right=True),
        ),
    ),
    Stop(11, "n3 hears of slot 2. On the left it adds 10 % to nothing."),
    Stop(13, "Slot 1 is decided, too. On the left n1 has gone past it."),
    Stop(15, "n2 has heard of both in order, and holds 110."),
)

GAP = (
    Stop(12, "Slot 1 is decided: a."),
    Stop(14, "So is slot 3: c. What n1 sent in slot 2 is lost; b stands on the disk of n1 alone."),
    Stop(15, "n3 hears of slot 3, and waits for what comes before."),
    Stop(17, "n1 crashes."),
    Stop(18, "n3 has applied slot 1. One Prepare speaks of slot 2 and of all that follow."),
    Stop(
        20,
        "n2 promises, and tells of its vote in slot 3. n3 leads.",
        ask="What does n3 ask for in slot 2?",
        guesses=(
            Guess("For b: a client wants it", "n3 has never heard of b, and n2 has not either."),
            Guess("For nothing: it cannot know what n1 did there", "Then slot 3 would wait for ever."),
            Guess(
                "For a no-op",
                "Two of three have promised and have not voted there, so nothing was chosen in slot 2.",
                right=True,
            ),
        ),
    ),
    Stop(22, "The no-op is decided. n3 applies it, and with it c, which it has known since step 15."),
    Stop(24, "n2 has voted for c once more, in ballot 2. The value of slot 3 stays what it was."),
    Stop(
        27,
        "n1 is back, with b on its disk. A heartbeat says that slot 3 is applied: n1 asks for all it lacks.",
    ),
    Stop(29, "n1 applies a, the no-op, c. Nobody was ever told that b is done; its client has to ask again."),
)

ONE_SLOT = (
    Stop(11, "b is decided in slot 2. Slot 1 is open; its message is lost."),
    Stop(
        15,
        "On the left n2 has told of slot 1 only, and there it has no vote. Its vote for b stays untold.",
        ask="Two clients ask n3 for x and y. Where does y go?",
        guesses=(
            Guess("Slot 2", "To n3 all slots look free.", right=True),
            Guess("Slot 3", "It would, had n3 heard of b."),
        ),
    ),
    Stop(19, "x is decided in slot 1."),
    Stop(20, "n2 votes for y in slot 2, in ballot 2. In ballot 1 n1 and n2 chose b there."),
)

AT_ONCE = (
    Stop(12, "The window is two slots: n1 asks in slot 1 for new members, n3 and n4, and in slot 2 for x."),
    Stop(16, "By n1, n2 and n5, three of five, x is decided in slot 2. Slot 1 is still open."),
    Stop(20, "The change is decided. n1 applies both slots."),
    Stop(
        22,
        "n3 and n4 have heard of slot 1, and of nothing else.",
        ask="Who decides slot 2, as far as n3 knows?",
        guesses=(
            Guess("n3 and n4", "With this mutant the change counts from the next slot on.", right=True),
            Guess("All five", "So it is in the correct code: there the change counts from slot 3 on."),
        ),
    ),
    Stop(25, "n4 has promised, and n3 leads. The correct n3 would have two promises of the three it needs."),
    Stop(28, "n3 applies y in slot 2, where n1 has applied x."),
)
