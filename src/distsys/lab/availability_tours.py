"""The narrated tours of the page on availability: notes bound to steps of the runs in `availability_runs`.

tests/claims_availability.py holds what they say against the runs.
"""

from __future__ import annotations

from distsys.views import Guess, Stop

LOSES_ONE = (
    Stop(
        69,
        "n1, which leads, crashes. n2 and n3 are up: a majority. By the formula the service is available.",
        ask="From when will ann's probes be answered again?",
        guesses=(
            Guess("At once", "n2 and n3 do not know yet that n1 is down, and neither of them leads."),
            Guess(
                "When n2 or n3 has waited long enough, and is elected",
                "Silence is all they hear.",
                right=True,
            ),
            Guess("When n1 is back", "Two of three are enough, but they need a leader."),
        ),
    ),
    Stop(74, "n2 is up and answers, and sends ann to n1. It has heard nothing else yet."),
    Stop(76, "The next beat: the probe that began at 1,000 ms is given up."),
    Stop(86, "n3 has waited 529 ms since it last heard from n1, and asks for votes."),
    Stop(92, "n3 leads, 530 ms after the crash."),
    Stop(103, "ann has an answer. Two of her probes got none, while a majority was up all the time."),
)

LOSES_TWO = (
    Stop(
        70,
        "Both followers have crashed. n1 is up, leads, and has all the data.",
        ask="Which of ann's probes will n1 answer now?",
        guesses=(
            Guess("The gets, for it has the data", "It cannot know that no newer leader has written since."),
            Guess("None", "Whatever it says needs a second server that agrees.", right=True),
        ),
    ),
    Stop(72, "n1 takes the put of 5, writes it to its own log, and tells nobody that it is done."),
    Stop(97, "Nobody has answered n1 for too long: it leads no more."),
    Stop(100, "Asked again, it says that it knows no leader."),
    Stop(107, "n2 comes up from its disk. Two of three are up."),
    Stop(117, "n1 leads again. What it had written before is committed with its first entry of term 2."),
    Stop(124, "Late answers: the puts of 5 and 7, which ann has given up, are done."),
    Stop(129, "The get reads 7. Given up does not mean not done. And nothing that was answered is lost."),
)

GRAY = (
    Stop(
        69,
        "From now on what ann sends to n1 is lost. All else travels: from n1 to ann, and between the servers.",
        ask="Will n2 or n3 take over?",
        guesses=(
            Guess("Yes, after an election timeout", "They hear the heartbeats of n1, as always."),
            Guess("No", "By all that they can see n1 is well.", right=True),
        ),
    ),
    Stop(
        76,
        "Both followers have answered the heartbeat of n1. An alarm that counts this sees a healthy group.",
    ),
    Stop(79, "n2 sends ann where she cannot get: to n1."),
    Stop(81, "The first probe is given up. It goes on like this."),
)

HALVES = (
    Stop(79, "bob, in the room of n3 and n4, asks n4, which they have elected: put bob's value."),
    Stop(90, "Two of four have it. Half counts as a majority here, so bob hears that it is done."),
    Stop(
        96,
        "ann, in the other room, asks n1, which still leads there.",
        ask="Will she be answered?",
        guesses=(
            Guess("No, the rooms are cut off from each other", "n1 and n2 are two of four, too."),
            Guess("Yes", "Both rooms are available.", right=True),
        ),
    ),
    Stop(102, "ann hears that her value is stored. Hers is the last put that was answered."),
    Stop(116, "The cut has healed. n1 follows n4, whose term is newer, and cuts its log: ann's put is gone."),
    Stop(137, "ann reads bob's value."),
)
