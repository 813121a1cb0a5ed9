"""The narrated tours of the pages on etcd: notes bound to steps of the runs in `etcd_runs`, with questions.

tests/claims_etcd.py holds what they say against the runs.
"""

from __future__ import annotations

from distsys.views import Guess, Stop

MISSED = (
    Stop(
        16, "Poller and cache both know that the limit is 10, as of revision 2. The cache goes on to watch."
    ),
    Stop(22, "The poller asks again: nothing is new."),
    Stop(
        24,
        "ann sets the limit to 0, by mistake. That is revision 3.",
        ask="Who will hear of it?",
        guesses=(
            Guess("Both", "The poller asks again at 950 ms, and by then ann has corrected herself."),
            Guess("The cache only", "The store sends it what happened, change by change.", right=True),
        ),
    ),
    Stop(25, "The cache knows, 5 ms later."),
    Stop(29, "ann puts the limit back to 10: revision 4."),
    Stop(37, "The poller reads 10, as before. Only the revision in the answer has moved, from 2 to 4."),
)

COMPACTED = (
    Stop(12, "The cache has read everything at revision 2, and watches from revision 3 on."),
    Stop(16, "It is cut off."),
    Stop(23, "Revisions 3 and 4 are sent to it and lost. The store keeps them."),
    Stop(26, "Somebody compacts at 4: what was superseded by then is forgotten."),
    Stop(
        29,
        "The way is free again. The cache heard nothing for long, and resumes its watch from revision 3.",
        ask="What should the store answer?",
        guesses=(
            Guess("The events from 4 on", "Then revision 3 would be missing, and nobody would know."),
            Guess("An error", "It cannot give what was asked for, and says so.", right=True),
            Guess("Nothing until the next change", "So does ETCD-04, and the cache is wrong for good."),
        ),
    ),
    Stop(32, "Canceled, with the revision of the compaction. The cache must read all again."),
    Stop(36, "It reads at revision 4, and watches from 5 on: nothing is missed in between."),
    Stop(44, "The next change comes as always."),
)

UNREAD = (
    Stop(
        16,
        "The process of the cache is stopped. Its watch has shown all up to revision 2, and has begun at 3.",
    ),
    Stop(27, "The limit has changed four times, and the fourth response leaves: the window is full."),
    Stop(
        30,
        "The limit becomes 60, in revision 7. Nothing is sent.",
        ask="What should the member keep of it for the cache?",
        guesses=(
            Guess(
                "The event, in a queue",
                "If the cache never reads on, the queue grows until the memory is full.",
            ),
            Guess("Nothing: it moves on", "So does ETCD-05, and the cache never hears of 60."),
            Guess("The number 7", "The watch stays at revision 7, and the store has the events.", right=True),
        ),
    ),
    Stop(32, "The process goes on, and takes in what was on its way: 20, 30, 40, 50."),
    Stop(38, "The member hears that the first of the four has arrived: one more may leave, and it does."),
    Stop(43, "60 has arrived. The cache has missed nothing."),
    Stop(47, "The next change comes as always."),
)

PAUSED = (
    Stop(12, "p1 has the lock: its key was created in revision 2, its fencing token."),
    Stop(13, "p1 is paused. It is about to write to the account."),
    Stop(20, "p2 has put its own key, in revision 3, and watches the key before it."),
    Stop(36, "Nobody renewed the lease of p1: it runs out, and its key is deleted."),
    Stop(42, "p2 has looked whether its own key is still there. It has the lock, token 3."),
    Stop(
        50,
        "p1 wakes up, and does not know that two seconds have passed.",
        ask="What will it do first?",
        guesses=(
            Guess("See that its lease has ended", "It asks, but the write leaves before any answer comes."),
            Guess("Write", "It has the lock, as far as it knows.", right=True),
        ),
    ),
    Stop(54, "Token 2 after token 3: the account with a fence refuses it. Without one it takes it."),
)

DEPOSED = (
    Stop(111, "The cut heals. n3 leads term 2, and n1 was the leader when the lease was granted."),
    Stop(128, "A majority has confirmed n3, and the lease has its full 2 s again, to 4.215 s."),
    Stop(
        158,
        "The timer of n1 fires: by its count, begun in term 1, the lease is over.",
        ask="What may n1 do?",
        guesses=(
            Guess(
                "Ask the leader to end it", "So does ETCD-02, and a lease that was renewed 0.5 s ago ends."
            ),
            Guess("Nothing", "Only who leads counts, and n1 leads no more.", right=True),
        ),
    ),
)
