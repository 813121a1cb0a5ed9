"""The narrated tours of the pages on Chubby: notes bound to steps of the runs in `chubby_stories`, with questions.

tests/claims_chubby.py holds what they say against the runs.
"""

from __future__ import annotations

from distsys.views import Guess, Stop

CUT_OFF = (
    Stop(27, "ann has read n7 at the master, and keeps it. The master notes that she may have a copy."),
    Stop(28, "She reads again, from her copy: no message."),
    Stop(29, "ann is cut off, and nobody knows it yet."),
    Stop(31, "bob wants to write n8. The master tells ann to forget her copy, and that is lost."),
    Stop(
        33,
        "ann reads at 700 ms. What may she get?",
        ask="What may she get?",
        guesses=(
            Guess("n7, from her copy", "n8 is written nowhere yet: bob has no answer.", right=True),
            Guess("n8", "She cannot hear of it: she is cut off."),
            Guess("nothing", "Her lease runs, and until it ends nobody may write behind her back."),
        ),
    ),
    Stop(49, "The local lease of ann is over. She is in jeopardy, and empties her cache."),
    Stop(51, "Now the lease is over at the master, too. It ends her session, and the write goes on."),
    Stop(52, "bob hears, after 1,010 ms, that n8 is written."),
    Stop(58, "The way is free again, and ann hears that her session has ended."),
)

FAIL_OVER = (
    Stop(77, "The master crashes. ann has a session, a handle, and a copy of the file."),
    Stop(80, "She has heard nothing for long, and asks n2, which has not noticed anything either."),
    Stop(82, "Her local lease is over: jeopardy. The cache is empty, and calls wait."),
    Stop(94, "n3 is the master of epoch 2. It found the session in the log, and gave it a whole new lease."),
    Stop(98, "ann is told to read, and waits. The application sees a slow call and no error."),
    Stop(
        102,
        "Her KeepAlive reaches n3, and names epoch 1.",
        ask="What should n3 do with it?",
        guesses=(
            Guess("Extend the session", "It cannot know whether this was meant for it, or is an old packet."),
            Guess("Refuse it, and tell the epoch", "The client then says that it means n3.", right=True),
            Guess("End the session", "So does LOCK-06, and each fail-over costs all sessions."),
        ),
    ),
    Stop(104, "The next one names epoch 2. n3 answers at once, with an event: there was a fail-over."),
    Stop(105, "ann is safe again, 116 ms after jeopardy. The session is the same, and so is her handle."),
    Stop(107, "Her next KeepAlive says that she has seen the event. Only now does n3 take calls."),
    Stop(109, "The read is answered, from the master, for the cache was emptied."),
)

SLOW = (
    Stop(15, "c1 has the lock, generation 1, and sends a request to r1. It is slow."),
    Stop(24, "c1 is cut off from n1. c2 asks for the lock, and waits."),
    Stop(37, "The local lease of c1 is over, and it sends no more. What it has sent is under way."),
    Stop(46, "The lease is over at n1 as well: the lock is lost, and free. It passes to c2."),
    Stop(50, "r1 does the request of c2."),
    Stop(
        54,
        "And now the request of c1 arrives.",
        ask="Who could have stopped it?",
        guesses=(
            Guess("The lock", "c1 has lost it, and nobody asks about a message that is under way."),
            Guess("r1, if it compares sequencers", "Generation 1 after generation 2.", right=True),
            Guess("n1, if it waits before it gives the lock away", "That is the lock-delay.", right=True),
        ),
    ),
)

LATE = (
    Stop(27, "The master answers the read of ann: n7. It notes her copy. The answer will take 200 ms."),
    Stop(30, "bob writes n8. The master tells ann to forget the file: her event number 2."),
    Stop(31, "ann has no copy. Her next KeepAlive says that she has seen event 2."),
    Stop(32, "So nobody has a copy, as far as the master knows, and the write is done."),
    Stop(
        38,
        "Now the answer arrives, with n7. It says that the master had told one event when it was given.",
        ask="May ann keep n7 in her cache?",
        guesses=(
            Guess("Yes, it came from the master", "So does LOCK-08. Nobody will tell her to forget it."),
            Guess("No, she has seen event 2", "The answer is older than that. She uses it once.", right=True),
        ),
    ),
    Stop(41, "The next read goes to the master."),
    Stop(43, "n8 she may keep."),
)
