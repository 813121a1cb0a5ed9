"""The narrated tours of the page on time and order: notes bound to steps of the runs in `timeorder_runs`.

tests/claims_timeorder.py holds what they say against the runs.
"""

from __future__ import annotations

from distsys.views import Guess, Stop

LOGS = (
    Stop(7, "Order 7 comes, at 1,010 ms by the clock of the shop, which is right."),
    Stop(8, "The bank hears of it 20 ms later and takes the money. By its own clock it is 730 ms."),
    Stop(
        10,
        "The depot has heard of the money, and sends the parcel. By its clock it is 1,170 ms.",
        ask="The shop will hear of that in 20 ms. What will it write?",
        guesses=(
            Guess("1,190 ms", "That would be so if its clock were that of the depot."),
            Guess(
                "1,070 ms",
                "Its clock is right. So by the logs it hears of the parcel before it is sent.",
                right=True,
            ),
        ),
    ),
    Stop(12, "The bank closes its books: 775 ms. It does so last of all, and in the sorted log second."),
)

CONE = (
    Stop(5, "dan writes to cyd, for the first time."),
    Stop(10, "cyd has read that, and answers."),
    Stop(12, "The event that we look at: dan writes to bob. Past is what can have influenced it."),
    Stop(
        14,
        "cyd writes to bob, 13 ms later by the true time.",
        ask="How does that stand to step 12?",
        guesses=(
            Guess("It came after it", "By true time. But nothing of step 12 can have reached cyd."),
            Guess("They are concurrent", "No chain of messages leads from one to the other.", right=True),
            Guess("It came before it", "cyd has written to dan before, at step 10, but not since."),
        ),
    ),
    Stop(17, "ann writes to dan. She has heard of nobody but bob, long ago: concurrent, too."),
    Stop(29, "Here ann has heard of it by dan. From now on all she does lies in the future of step 12."),
)

BACK = (
    Stop(3, "ann writes to bob, at 1,000 ms by the wall, and that is the time of her hybrid clock."),
    Stop(
        6,
        "The clock on ann's wall is set back by 50 ms.",
        ask="At 980 ms by her wall ann has another event. What is its stamp?",
        guesses=(
            Guess("(980, 0)", "On the right it is. Then a later event has an earlier stamp."),
            Guess("(1000, 1)", "The time stands still and the count goes on.", right=True),
            Guess("(1000, 0)", "That stamp is taken: it is that of step 3."),
        ),
    ),
    Stop(8, "Left, the count goes on: 1, 2. The time waits until the wall has caught up."),
    Stop(9, "bob's clock was never set. Its wall is ahead of the letter, and its count is 0 again."),
    Stop(11, "ann hears of 1,080 ms while her wall shows 1,040: she takes the greater one, and counts."),
)

WAIT = (
    Stop(5, "ann takes her boss off the list of those who see her photos. She asks the server east."),
    Stop(
        6,
        "The clock of east is fast by 7 ms, as much as is allowed. Its latest is 115 ms: that is the timestamp.",
        ask="It is 101 ms. When does east tell ann?",
        guesses=(
            Guess("At once", "On the right. Then the timestamp is still to come for everybody else."),
            Guess("When its clock shows 115 ms", "At 108. But west may be 7 ms slow, and is."),
            Guess("When its earliest is beyond 115 ms", "At 115, when it is past for everybody.", right=True),
        ),
    ),
    Stop(7, "14 ms later, twice epsilon, ann is told; and she calls bob."),
    Stop(
        10,
        "bob posts a photo. The clock of west is slow by 7 ms, so its latest is the true time, 118 ms: greater.",
    ),
    Stop(
        11, "west waits as well. On the right bob's photo has 104 ms, and the list without the boss 115 ms."
    ),
)

MONEY = (
    Stop(4, "Each has 100. bob pays 30 to ann, and then cyd pays 5 to bob."),
    Stop(6, "ann begins the snapshot: she notes 100, and sends a marker on each of her channels."),
    Stop(7, "She pays 40 to cyd. The marker goes ahead of the money, and no message overtakes it."),
    Stop(8, "cyd pays 20 to ann, and has not heard of a snapshot."),
    Stop(
        9,
        "The 30 of bob reach ann, who has noted her balance already.",
        ask="Where do these 30 belong?",
        guesses=(
            Guess(
                "Into ann's balance",
                "She has noted it. bob noted nothing yet, so the money left before the cut.",
            ),
            Guess(
                "Into the channel from bob to ann", "It left before the cut and came after it.", right=True
            ),
            Guess("Nowhere", "Then 30 would be missing in the end."),
        ),
    ),
    Stop(
        12,
        "cyd hears of the snapshot for the first time, and notes 75. The channel from ann is empty: it ends here.",
    ),
    Stop(13, "The 40 of ann come after her marker, so they do not belong to the snapshot."),
    Stop(14, "The 20 of cyd were sent before cyd noted 75: another one that was on its way."),
    Stop(
        17,
        "The last marker to ann. She reports 100, and 30 and 20 on her channels. With 75 and 75 that is 300.",
    ),
)

LATE = (
    Stop(6, "ann notes 100. On the right the markers leave 20 ms later than that."),
    Stop(
        7,
        "ann pays 40 to cyd.",
        ask="On the right no marker goes ahead of that money. What happens?",
        guesses=(
            Guess("The 40 are lost", "They are with cyd, whose balance is still to be noted."),
            Guess(
                "The 40 are counted twice", "In ann's 100 and in the balance that cyd will note.", right=True
            ),
        ),
    ),
    Stop(
        13, "The 40 reach cyd. Left, a marker came before them, and cyd has noted 75. Right, none has come."
    ),
    Stop(
        18,
        "Left all have reported: 300. Right, ann's markers leave only now; cyd will note 115, which makes 340.",
    ),
)
