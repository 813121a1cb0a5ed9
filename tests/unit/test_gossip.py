"""Gossip, one event at a time: what is told, what is asked, and what is learned."""

import pytest

from distsys import MS, systems
from distsys.algorithms.gossip import PERIOD, Gossip
from distsys.algorithms.gossip_laws import GOSSIP_LAWS
from distsys.algorithms.gossip_messages import Exchange, Pull, Push, Rumour, Tell
from distsys.core import Deliver, Output, Send, SetTimer, Start, Timeout
from distsys.drivers import Simulator, link

RAIN, SNOW, SUN = Rumour("n2", 1, "rain"), Rumour("n2", 2, "snow"), Rumour("n1", 1, "sun")


def started(mode: str) -> Gossip:
    node = Gossip("n1", peers=("n2", "n3"), mode=mode)
    assert node.handle(Start(7)) == (SetTimer("gossip", 0, PERIOD),)
    return node


def test_what_is_told_is_known_at_once_and_numbered():
    node = started("push")
    assert node.handle(Deliver("client", Tell("sun"))) == (Output(SUN),)
    assert node.handle(Deliver("client", Tell("sun"))) == (Output(Rumour("n1", 2, "sun")),)


@pytest.mark.parametrize(
    ("mode", "empty", "full"),
    [
        ("push", None, Push((SUN,))),
        ("pull", Pull(()), Pull((("n1", 1),))),
        ("push-pull", Exchange(()), Exchange((SUN,))),
    ],
)
def test_each_mode_sends_its_message_to_one_peer_each_period(mode, empty, full):
    node = started(mode)
    *sent, timer = node.handle(Timeout("gossip"))
    assert [effect.message for effect in sent] == ([empty] if empty else [])
    assert timer == SetTimer("gossip", PERIOD, PERIOD)
    node.handle(Deliver("client", Tell("sun")))
    sent, _ = node.handle(Timeout("gossip"))
    assert (sent.message, sent.to in ("n2", "n3")) == (full, True)


def test_what_is_known_is_not_learned_again():
    node = started("push")
    assert node.handle(Deliver("n2", Push((RAIN, SNOW)))) == (Output(RAIN), Output(SNOW))
    assert node.handle(Deliver("n3", Push((SNOW, RAIN)))) == ()


def test_who_asks_gets_what_it_lacks_and_nothing_where_it_lacks_nothing():
    node = started("pull")
    node.handle(Deliver("n2", Push((RAIN, SNOW))))
    assert node.handle(Deliver("n3", Pull((("n2", 1),)))) == (Send("n3", Push((SNOW,))),)
    assert node.handle(Deliver("n3", Pull((("n2", 2), ("n2", 1))))) == ()


def test_an_exchange_goes_both_ways():
    node = started("push-pull")
    node.handle(Deliver("client", Tell("sun")))
    assert node.handle(Deliver("n2", Exchange((RAIN,)))) == (Send("n2", Push((SUN,))), Output(RAIN))


@pytest.mark.parametrize("mode", ["push", "pull", "push-pull"])
def test_in_the_end_all_know_all(mode):
    cluster = systems.build("gossip", nodes=8, mode=mode)
    trace = Simulator(cluster, 3, network=link(delay=10 * MS, loss=0.3)).run()
    assert trace.violations == ()
    assert {len(known) for known in trace.outputs().values()} == {6}


def test_each_law_is_broken_by_a_mutant():
    assert {mutant.breaks for mutant in systems.mutants("gossip")} == {law.name for law in GOSSIP_LAWS}
