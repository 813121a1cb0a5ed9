"""The narrated tours of the page on shared memory, bound to steps of the runs in `shared_memory_runs`.

tests/claims_shared_memory.py holds what they say against the runs.
"""

from __future__ import annotations

from distsys.views import Guess, Stop

LOST = (
    Stop(4, "p1 reads x: it is 0. In its own memory it now has 0, and will write 1."),
    Stop(
        6,
        "p2 reads x before p1 has written.",
        ask="What will x be when both are done?",
        guesses=(
            Guess("2", "Both have seen 0, and each writes one more than it has seen."),
            Guess("1", "Both have seen 0, so both write 1.", right=True),
        ),
    ),
    Stop(8, "p1 writes 1."),
    Stop(10, "p2 writes 1 as well. Two increments are done, and one is lost."),
)

PETERSON = (
    Stop(6, "Both raise their flags: both want to enter."),
    Stop(10, "p2 gives way first: the turn is p1's."),
    Stop(
        12,
        "p1 gives way second, and overwrites the turn.",
        ask="Who enters?",
        guesses=(
            Guess("p1, it raised its flag first", "Nobody can see whose flag was first; the turn decides."),
            Guess("p2", "The turn is p2's: whoever gives way last, waits.", right=True),
        ),
    ),
    Stop(14, "p2 sees the flag of p1, and looks at the turn."),
    Stop(16, "The turn is p2's: it enters."),
    Stop(18, "p1 sees the flag of p2, and then the turn: it waits."),
    Stop(22, "p2 leaves and lowers its flag."),
    Stop(24, "p1 sees it, and enters."),
)

TURN_FIRST = (
    Stop(6, "Here a process gives way first and raises its flag then. p1 gives way."),
    Stop(8, "p2 gives way: the turn is p1's now."),
    Stop(10, "p2 raises its flag."),
    Stop(
        12,
        "p2 looks for the flag of p1, which is not up yet, and enters.",
        ask="p1 will raise its flag and look. What stops it?",
        guesses=(
            Guess("The flag of p2", "It sees it. Then it looks whose turn it is."),
            Guess("Nothing", "The turn is p1's own since p2 gave way.", right=True),
        ),
    ),
    Stop(16, "p1 sees the flag of p2, and must look at the turn."),
    Stop(18, "The turn is p1's. Both are inside."),
)

BUFFERED = (
    Stop(8, "p1 raises its flag. The write waits in its store buffer; the memory does not have it."),
    Stop(10, "p1 gives way. That waits, too."),
    Stop(12, "p1 looks for the flag of p2, and enters. It has kept to the program."),
    Stop(
        19,
        "p2 has done the same, and looks for the flag of p1.",
        ask="What does it find?",
        guesses=(
            Guess("The flag is up", "It is up in the buffer of p1, where only p1 can see it."),
            Guess("The flag is down", "In the memory it has never been up.", right=True),
        ),
    ),
    Stop(21, "Both are inside, and each write is still in a buffer."),
)

INVERSION = (
    Stop(4, "The writer begins to write 1. The write has not ended."),
    Stop(5, "The first read meets the write, and sees the new value."),
    Stop(
        7,
        "The second read meets the same write.",
        ask="May it see the old value, 0?",
        guesses=(
            Guess("No: 1 was seen already", "So it would be in an atomic register; this one is regular."),
            Guess("Yes", "A regular register allows the old or the new value to each such read.", right=True),
        ),
    ),
)

THREE = (
    Stop(8, "p1 tells its input and stops for a while."),
    Stop(12, "p2 sets the flag and finds that it was first. It decides its own input, 2."),
    Stop(
        16,
        "p3 sets the flag as well, and finds that somebody was first.",
        ask="What does p3 know of the winner?",
        guesses=(
            Guess("That it is p2", "The flag says that it was set, and not by whom."),
            Guess("That it is p1 or p2", "Both have told an input, and one bit names neither.", right=True),
        ),
    ),
    Stop(18, "p3 guesses p1, and decides 1."),
)

STARVED = (
    Stop(4, "p1 reads x: 0."),
    Stop(8, "p2 has read 0 as well, and sets x to 1. That increment is done."),
    Stop(10, "p1 comes too late: 1 is there and not 0. It begins again."),
    Stop(
        18,
        "It happens again.",
        ask="How often can it happen?",
        guesses=(
            Guess("Twice, for there are two processes", "Nothing counts the failures."),
            Guess("For ever", "After each lap all is as before, but for the value of x.", right=True),
        ),
    ),
    Stop(26, "Three increments are done, all by p2."),
)
