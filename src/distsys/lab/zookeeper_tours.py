"""The narrated tours of the page on ZooKeeper: notes bound to steps of the runs in `zookeeper_runs`, with questions.

tests/claims_zookeeper.py holds what they say against the runs.
"""

from __future__ import annotations

from distsys.views import Guess, Stop

PHONE = (
    Stop(65, "n3 leads. It proposes the new limit to n1 and n2; the way to n1 is slow, 60 ms."),
    Stop(67, "n2 has it on its disk. That is two of three: n3 commits, and answers ann."),
    Stop(
        68,
        "ann knows that the limit is 20, and phones bob.",
        ask="What has n1 heard by now?",
        guesses=(
            Guess("That 20 is committed", "The commit left n3 after the proposal, on the same slow way."),
            Guess("That 20 is proposed", "The proposal left 15 ms ago, and needs 60."),
            Guess("Nothing", "Two of three were enough, and n1 was the third.", right=True),
        ),
    ),
    Stop(72, "bob has read 10, in zxid 1.3. His server answered from its own tree, at once."),
    Stop(75, "n1 has applied zxid 1.4. From now on bob would read 20."),
)

BACK = (
    Stop(
        68, "The proposal of zxid 1.4 to n1 is lost, and so is the commit. n1 will notice at the next ping."
    ),
    Stop(76, "bob has read 20 at n3. From now on his client remembers zxid 1.4."),
    Stop(78, "He goes to n1 with his session. The request says that he has seen 1.4."),
    Stop(
        80,
        "n1 has applied 1.3.",
        ask="What should it do?",
        guesses=(
            Guess("Take him", "So does ZK-02, and he reads 10 after 20."),
            Guess("Send him away", "Another server has what he has seen.", right=True),
            Guess(
                "Let him wait until it has 1.4",
                "That would be right, too; but nobody knows how long it takes.",
            ),
        ),
    ),
    Stop(85, "n2 has taken him. The leader was asked whether his session still lives."),
    Stop(89, "He reads 20, as before."),
)

READY = (
    Stop(20, "bob asks whether /config/ready is there, and watches it. It is."),
    Stop(24, "He has the host, a.example, and asks for the port."),
    Stop(25, "ann's first change arrives: /config/ready is deleted. n1 tells bob before all else."),
    Stop(28, "Her four changes are done, in the order in which she sent them."),
    Stop(
        29,
        "n1 answers bob's question for the port: 443.",
        ask="What reaches bob first?",
        guesses=(
            Guess("The port", "Then he would join an old host to a new port. So it is with ZK-04."),
            Guess(
                "That ready is deleted", "It was sent first, and a connection keeps the order.", right=True
            ),
        ),
    ),
    Stop(35, "bob knows that what he has read does not belong together, and begins anew."),
    Stop(41, "b.example and 443: he goes to work."),
)

LINE = (
    Stop(53, "c1 lets the lock go. c2, c3 and c4 are in line behind it."),
    Stop(55, "c2 watched the znode of c1, and wakes up. Nobody else does."),
    Stop(59, "It has looked again: it is the first, and has the lock."),
    Stop(63, "When c2 lets go, c3 wakes up."),
    Stop(67, "c3 has the lock. Each release costs one message and one look."),
)
