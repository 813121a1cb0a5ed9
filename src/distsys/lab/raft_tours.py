"""The narrated tours of the pages on the parts of Raft: notes bound to steps, with questions.

Each belongs to a run of `raft_member_runs`, `raft_kv_runs` or `raft_snapshot_runs`; tests/figures holds what they say
against the runs.
"""

from __future__ import annotations

from distsys.views import Guess, Stop

TWO_MAJORITIES = (
    Stop(15, "n3 leads term 1. From here on it counts majorities by five servers."),
    Stop(21, "n4 and n5 have heard of it. What was sent to n1 and n2 is lost."),
    Stop(
        34,
        "n3 has stepped down, asked again, and has three votes of five: its own, n4's, n5's.",
        ask="n1 and n2 count by three servers. Can n1 win the same term?",
        guesses=(
            Guess(
                "No, n3 leads it", "n1 and n2 have voted for nobody in term 2, and have heard nothing of n3."
            ),
            Guess("Yes, with the vote of n2", "Two of three is a majority, as far as n1 knows.", right=True),
        ),
    ),
    Stop(40, "Both lead term 2. Each will commit entries of its own, at the same places."),
)

TWO_CHANGES = (
    Stop(19, "n1 leads four servers and adds n5. Only n1 knows; its messages are late."),
    Stop(29, "n2 is elected in term 2 by n3 and n4, three of the four."),
    Stop(
        30,
        "n2 is asked to remove n1. On the left it counts by n2, n3 and n4 at once; on the right it refuses.",
    ),
    Stop(
        34,
        "Two of n2, n3, n4 have both entries of term 2: on the left both are committed.",
        ask="n1 still counts by five. Who can vote for it?",
        guesses=(
            Guess(
                "Nobody: its log is behind", "n4 and n5 have nothing of term 2: to them its log looks fresh."
            ),
            Guess("n4 and n5", "With its own that makes three of five.", right=True),
            Guess("n3 and n5", "n3 has an entry of term 2, and refuses."),
        ),
    ),
    Stop(45, "n1 leads term 3 and lacks what was committed in term 2."),
)

JOINT_CHANGE = (
    Stop(18, "n1 appends the joint configuration and counts by it at once: old n1, n2, n3, new n2, n3, n4."),
    Stop(20, "n4 is new: its log is empty, it refuses, and gets everything."),
    Stop(
        23,
        "n1 and n2 have the entry: two of three old ones.",
        ask="Is it committed?",
        guesses=(
            Guess("Yes, by the old majority", "Of the new servers only n2 has it, one of three."),
            Guess("Not yet", "A majority of the new servers is needed as well.", right=True),
        ),
    ),
    Stop(
        24,
        "n4 has it, too: committed. In the same step n1 appends the new configuration, in which it has no vote.",
    ),
    Stop(28, "n2 and n4 are two of three: committed. n1 is no voter any more, and steps down."),
    Stop(37, "n2 leads term 2 by the new servers alone."),
)

HAND_OVER = (
    Stop(20, "n1 is asked to hand over to n3, which still lacks x=1."),
    Stop(21, "Another command comes. n1 does not take it any more, and names n3."),
    Stop(23, "n3 has the whole log now. n1 tells it to begin: TimeoutNow."),
    Stop(24, "An ordinary election, with one mark: the leader has asked for it."),
    Stop(26, "n3 leads term 2. No timer had to fire."),
)

OLD_LEADER = (
    Stop(25, "ann has put x=1 by way of n1, the leader of term 1."),
    Stop(
        26,
        "n1 and bob are cut off. n1 does not know it: a network that is split and one that is slow look alike.",
    ),
    Stop(42, "n2 leads term 2. There are two leaders now, and each acts by the rules."),
    Stop(
        51,
        "ann has put x=2 by way of n2: it is committed, and she knows it.",
        ask="bob asks n1 after that. What can he hear?",
        guesses=(
            Guess("2", "Nobody has told n1."),
            Guess("1", "n1 answers from its own state.", right=True),
            Guess("An error", "n1 believes that it leads: it has no reason to refuse."),
        ),
    ),
    Stop(54, "bob reads 1, which was overwritten before he asked: a stale read."),
    Stop(55, "46 ms later n1 notices that no majority answers, and steps down."),
)

TWICE = (
    Stop(22, "n1 has committed and applied the append, and answers; the answer is slow."),
    Stop(23, "ann has waited long enough, and asks again. It is the same command."),
    Stop(
        26,
        "It is committed a second time, at the next place of the log.",
        ask="What will bob read?",
        guesses=(
            Guess("a", "That takes a store that knows which commands it has done."),
            Guess("aa", "The log has the command twice, and this store does what stands there.", right=True),
        ),
    ),
    Stop(32, "bob reads aa."),
)

CATCHING_UP = (
    Stop(20, "n3 crashes, with one entry in its log."),
    Stop(
        39,
        "n1 has applied three entries. It writes a snapshot and the rest of the log, which is empty, in one record.",
    ),
    Stop(46, "n3 is back, with its one entry."),
    Stop(
        50,
        "A heartbeat speaks of entry 3. n3 lacks entries 2 and 3, and says so.",
        ask="n1 has neither any more. What can it send?",
        guesses=(
            Guess(
                "Entries 2 and 3, from n2", "n2 has dropped them as well; and only a leader sends entries."
            ),
            Guess("Its snapshot", "It holds what the entries 1 to 3 did.", right=True),
            Guess("Nothing: n3 must be set up anew", "That would be the end of a server that was only slow."),
        ),
    ),
    Stop(53, "n3 replaces its log and its state by the snapshot, and its log begins after entry 3."),
    Stop(55, "For n1 this is an acknowledgement like any other: n3 has everything up to entry 3."),
)

LATE_SNAPSHOT = (
    Stop(53, "n1 sends the snapshot of entry 3. It is on its way for a long time."),
    Stop(60, "n3 has refused something else, so n1 sends the snapshot again."),
    Stop(64, "n3 has entry 4 as well: committed by n1 and n3."),
    Stop(
        71, "The first snapshot arrives. On the left n3 goes back to it, and its log, with entry 4, is gone."
    ),
    Stop(
        74,
        "n1 crashes. Entry 4 was on two disks; now it is on one that is down.",
        ask="Can n2 and n3 elect a leader?",
        guesses=(
            Guess("No, neither has entry 4", "They do not know that it exists: both logs end at 3."),
            Guess("Yes", "Two of three, and both logs are equally good.", right=True),
        ),
    ),
    Stop(89, "n3 leads term 2 without an entry that was committed in term 1."),
)
