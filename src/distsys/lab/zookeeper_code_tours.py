"""The narrated tour of the page on the code of ZooKeeper: notes bound to steps of the run in `zookeeper_code_runs`.

tests/claims_zookeeper_code.py holds what they say against the run.
"""

from __future__ import annotations

from distsys.views import Guess, Stop

FIRST = (
    Stop(28, "ann begins to read the setting, a:1. She looks whether /ready is there, and watches it."),
    Stop(33, "She has read the host, a, and asks for the port."),
    Stop(
        34,
        "bob's changes arrive half a millisecond before her question. /ready is gone: the server tells her at once.",
        ask="What does the server say to whom?",
        guesses=(
            Guess("bob's answer, and to ann nothing yet", "So does ZK-04, which tells her 1 ms later."),
            Guess(
                "The event to ann, then the answer to bob", "In the step that applies the change.", right=True
            ),
            Guess(
                "Nothing, until ann asks",
                "A watch is told without a question; she may ask nothing more at all.",
            ),
        ),
    ),
    Stop(37, "Host and port are changed, and /ready is there again."),
    Stop(38, "Now her question is answered: the port is 2."),
    Stop(39, "The event has arrived before this answer. ann forgets what she has read and begins again."),
    Stop(44, "The answer comes. It belongs to nothing any more. On the right she takes it, and uses a:2."),
    Stop(50, "She has read both parts anew, and uses b:2."),
)
