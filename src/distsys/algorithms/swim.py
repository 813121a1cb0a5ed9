"""SWIM: a few members ask a few others, and the news of who is gone rides on the questions.

In each period a member pings one other. If no answer comes, it asks a few helpers to ping that one; if none comes
then, it suspects it. Suspicions, refutations and verdicts are not sent by themselves: each ping and each answer
carries a few of them. So what a member sends in a period does not grow with the group.
"""

from __future__ import annotations

from typing import Any

from distsys.core import EMPTY, MS, Dice, Map, Node
from distsys.core.laws import outputs
from distsys.core.systems import Sight, System, peers_of
from distsys.core.trace import Step

from .detector import TOLERATED
from .swim_laws import SWIM_LAWS
from .swim_messages import Ack, News, Ping, PingReq, Status

PERIOD = 200 * MS  # one probe in each
PATIENCE = 60 * MS  # for the direct answer; the rest of the period is for the helpers
SUSPICION = 3 * PERIOD  # how long a suspect has time to refute
HELPERS = 2
TELLINGS = 3  # an item of news is told 3 times for each binary digit of the size of the group
ITEMS = 4  # as many a message carries, and one more for the receiver


class Swim(Node):
    """Believes of each peer that it is alive, suspect or faulty, and in the end is right.

    State, all volatile: own `incarnation`; `beliefs` of the peers as {peer: News}, and those that are not alive once
    more as `doubts`, to be shown; `owed`, how often news of a member are still to be told; the `round` of peers that
    are still to be pinged before all are shuffled anew; `number` and `target` of the probe of this period, and
    whether it was `answered`; the `dice`.
    Messages: Ping, PingReq, Ack, each with news.
    Timers: period; helpers, when the target was silent for `PATIENCE`; suspect:<peer>, when its time to refute is over.
    Outputs: News, whenever what is believed of a member changes, and for itself when it refutes.
    Keeps: strong completeness, eventual strong accuracy; news of a member only go up; only a member raises its own
    incarnation; who is suspected has its time to refute; each peer is pinged within 2(n-1)-1 periods.
    Assumes: crash-stop processes and partial synchrony, with a bound that is *known*: in the end an answer takes
    at most `PATIENCE`. (The heartbeat detector learns its bound, this one does not.)
    Leaves out: joining and leaving; shorter periods for faulty members, which the round asks like the others.
    Differs from the paper in that the verdict *faulty* can be refuted, by a higher incarnation; and in that
    a ping or answer to a member that is not believed alive says so to it. HashiCorp's memberlist does both.
    Source: Das, Gupta and Motivala 2002, sections 3 and 4.
    """

    declared = {"incarnation": "incarnation", "doubts": "doubts", "target": "target"}

    def __init__(
        self, name: str, disk: Map[str, Any] = EMPTY, *, peers: tuple[str, ...], helpers: int = HELPERS
    ) -> None:
        super().__init__(name, disk)
        self.peers = peers
        self.helpers = helpers
        self.incarnation = 0
        self.beliefs = Map({peer: News(peer, 0, Status.ALIVE) for peer in peers})
        self.doubts: Map[str, str] = Map()
        self.owed: Map[str, int] = Map()
        self.round: tuple[str, ...] = ()
        self.number = 0
        self.target = ""
        self.answered = True
        self.dice = Dice(0)

    def on_start(self) -> None:
        self.dice = Dice(self.seed)
        self.begin_period()

    def on_message(self, sender: str, message: Any) -> None:
        self.hear(message.news)
        match message:
            case Ping(number, asker):
                self.send(sender, Ack(number, self.name, asker, self.news_for(sender)))
            case PingReq(number, target):
                self.on_ping_req(sender, number, target)
            case Ack():
                self.on_ack(message)

    def on_timeout(self, timer: str) -> None:
        match timer.split(":"):
            case ["period"]:
                self.end_period()
                self.begin_period()
            case ["helpers"]:
                self.ask_helpers()
            case ["suspect", peer]:
                self.on_no_refutation(peer)

    # The failure detector.

    def begin_period(self) -> None:
        """Ping the next peer."""
        if self.peers:
            self.number += 1
            self.target = self.choose_target()
            self.answered = False
            self.send(self.target, Ping(self.number, self.name, self.news_for(self.target)))
            self.set_timer("helpers", PATIENCE)
        self.set_timer("period", PERIOD)

    def choose_target(self) -> str:
        """Return the next of the round; when all had their turn, shuffle them anew."""
        if not self.round:
            self.round, self.dice = self.dice.shuffle(self.peers)
        target, *rest = self.round
        self.round = tuple(rest)
        return target

    def ask_helpers(self) -> None:
        """Ask a few others to ping the target, for the way from us to it may be the only thing that is broken."""
        others, self.dice = self.dice.shuffle(peers_of(self.target, self.peers))
        for helper in others[: self.helpers]:
            self.send(helper, PingReq(self.number, self.target, self.news_for(helper)))

    def on_ping_req(self, asker: str, number: int, target: str) -> None:
        """Ping the target for another; its answer comes back to us, and we pass it on."""
        self.send(target, Ping(number, asker, self.news_for(target)))

    def on_ack(self, ack: Ack) -> None:
        """Note that our target lives, or pass the answer on to whoever asked."""
        if ack.asker != self.name:
            self.send(ack.asker, Ack(ack.number, ack.target, ack.asker, self.news_for(ack.asker)))
        elif (ack.number, ack.target) == (self.number, self.target):
            self.answered = True
            self.cancel_timer("helpers")

    def end_period(self) -> None:
        """Suspect the target if nobody has had an answer of it."""
        if not self.answered:
            belief = self.beliefs[self.target]
            if belief.status is Status.ALIVE:
                self.believe(News(self.target, belief.incarnation, Status.SUSPECT))

    # What is believed.

    def hear(self, news: tuple[News, ...]) -> None:
        """Take in what is news to us; and answer to what is said of ourselves."""
        for item in news:
            if item.member == self.name:
                self.on_accused(item)
            elif self.beats(item, self.beliefs[item.member]):
                self.believe(item)

    def beats(self, item: News, belief: News) -> bool:
        """Return whether an item is newer than what we believe."""
        return item.rank > belief.rank

    def on_accused(self, item: News) -> None:
        """Refute that we are not alive, with a higher incarnation; whoever says so of an older one is told again."""
        if item.status is Status.ALIVE:
            return
        if item.incarnation >= self.incarnation:
            self.incarnation = item.incarnation + 1
            self.output(self.own_news())
        self.owe(self.name)

    def own_news(self) -> News:
        """Return that we are alive."""
        return News(self.name, self.incarnation, Status.ALIVE)

    def believe(self, item: News) -> None:
        """Believe it, tell others, and give a suspect its time."""
        self.beliefs = self.beliefs.set(item.member, item)
        if item.status is not Status.ALIVE:
            self.doubts = self.doubts.set(item.member, item.status.name.lower())
        elif item.member in self.doubts:
            self.doubts = self.doubts.remove(item.member)
        self.output(item)
        self.owe(item.member)
        self.watch(item)

    def watch(self, item: News) -> None:
        """Let the time of a suspect begin; it ends with the suspicion."""
        if item.status is Status.SUSPECT:
            self.set_timer(f"suspect:{item.member}", SUSPICION)
        else:
            self.cancel_timer(f"suspect:{item.member}")

    def on_no_refutation(self, peer: str) -> None:
        """Declare the suspect faulty."""
        belief = self.beliefs[peer]
        if belief.status is Status.SUSPECT:
            self.believe(News(peer, belief.incarnation, Status.FAULTY))

    # Dissemination.

    def owe(self, member: str) -> None:
        """Tell the news of this member a bounded number of times: infection needs log n of them."""
        self.owed = self.owed.set(member, TELLINGS * (len(self.peers) + 1).bit_length())

    def news_for(self, to: str) -> tuple[News, ...]:
        """Return what to tell: what was told least often; and to one that is not believed alive, that it is not."""
        waiting = sorted(self.owed.items(), key=lambda item: (-item[1], item[0]))
        chosen = [member for member, _ in waiting if member != to][:ITEMS]
        for member in chosen:
            left = self.owed[member] - 1
            self.owed = self.owed.set(member, left) if left else self.owed.remove(member)
        told = [self.own_news() if member == self.name else self.beliefs[member] for member in chosen]
        accused = [] if self.beliefs[to].status is Status.ALIVE else [self.beliefs[to]]
        return (*accused, *told)


def believes(status: Status) -> Any:
    """Return a test for steps in which a process comes to believe this of a peer."""

    def seen(step: Step) -> bool:
        return any(item.status is status and item.member != step.node for item in outputs(step, News))

    return seen


def refutes(step: Step) -> bool:
    """Return whether a process refutes what is said of it."""
    return any(item.member == step.node for item in outputs(step, News))


def members(names: tuple[str, ...], options: Any) -> Any:
    """Return members that all know each other."""
    return {
        name: ("member", {"peers": peers_of(name, names), "helpers": options["helpers"]}) for name in names
    }


SWIM = System(
    name="swim",
    says="Members ask each other in turn who is alive, and pass on what they hear.",
    classes={"member": Swim},
    members=members,
    laws=SWIM_LAWS,
    options={"nodes": 5, "helpers": HELPERS},
    tolerates=TOLERATED,
    restarts=False,
    settles_early=True,
    sights=(
        Sight("suspected", "A member suspects another.", believes(Status.SUSPECT)),
        Sight("refuted", "A member refutes what is said of it.", refutes),
        Sight("declared faulty", "A member takes another for faulty.", believes(Status.FAULTY)),
        Sight("taken back", "A member hears that another is alive after all.", believes(Status.ALIVE)),
    ),
)
