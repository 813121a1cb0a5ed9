"""The simulated network: delays, loss, copies, order, bytes, and who reaches whom."""

import math
from collections import Counter
from random import Random
from typing import Any

import pytest

from distsys.core import EMPTY, MS, Map, Node, encode, record, systems
from distsys.core.errors import ArgumentError, ArgumentTypeError, DistsysError
from distsys.core.systems import Request, System, alike
from distsys.drivers import (
    Cut,
    Exponential,
    Fixed,
    Heal,
    HeavyTail,
    Link,
    Partition,
    SetLink,
    Simulator,
    Uniform,
    link,
)
from distsys.drivers.transit import message_bytes


@record
class Parcel:
    number: int
    filling: str = ""


@record
class Order:
    to: str
    number: int = 0
    filling: str = ""


class Sender(Node):
    """Sends what clients order, and outputs what arrives."""

    def __init__(self, name: str, disk: Map[str, Any] = EMPTY, *, peers: tuple[str, ...]) -> None:
        super().__init__(name, disk)
        self.peers = peers

    def on_message(self, sender: str, message: Any) -> None:
        if isinstance(message, Order):
            self.send(message.to, Parcel(message.number, message.filling))
        else:
            self.output((self.now, sender, message.number))


systems.register(System("unit-mail", "sends on order", {"process": Sender}, alike(), ()))


def run(orders, *, network=None, script=(), nodes=3, until=1000 * MS, seed=1, settle=0):
    """Run the mail system; `orders` are (at, sender, to, number)."""
    requests = [Request(at, sender, Order(to, number)) for at, sender, to, number in orders]
    return Simulator(
        systems.build("unit-mail", nodes=nodes),
        seed,
        network=network or link(delay=10 * MS),
        script=script,
        requests=requests,
        until=until,
        settle=settle,
    ).run()


def arrivals(trace, name="n2"):
    return trace.outputs()[name]


def drops(trace):
    return [
        (s.at, s.node, s.detail["from"], s.detail["to"], s.detail["why"]) for s in trace if s.kind == "drop"
    ]


# Delays.


def sample(delay, count=20_000):
    random = Random(5).random
    return [delay.draw(random) for _ in range(count)]


def mean_and_error(drawn):
    mean = sum(drawn) / len(drawn)
    variance = sum((x - mean) ** 2 for x in drawn) / (len(drawn) - 1)
    return mean, 4 * math.sqrt(variance / len(drawn))


def test_a_fixed_delay_is_always_the_same_and_draws_nothing():
    assert Fixed(7).draw(None) == 7


@pytest.mark.parametrize(
    ("delay", "mean", "least", "most"),
    [
        (Uniform(10, 20), 15, 10, 20),
        (Uniform(1000, 10_000), 5500, 1000, 10_000),
        (Exponential(5000), 5000 - 0.5, 0, None),
        (Exponential(3000, low=1000), 4000 - 0.5, 1000, None),
        (HeavyTail(1000, most=50_000), 2000 - 1000**2 / 50_000 - 0.5, 1000, 50_000),
    ],
    ids=str,
)
def test_a_delay_has_the_mean_and_the_range_of_its_distribution(delay, mean, least, most):
    drawn = sample(delay)
    measured, error = mean_and_error(drawn)
    assert abs(measured - mean) < error
    assert min(drawn) >= least
    if most is not None:
        assert max(drawn) <= most


def test_a_uniform_delay_takes_every_value_with_both_ends_equally_often():
    counts = Counter(sample(Uniform(3, 7), 10_000))
    assert sorted(counts) == [3, 4, 5, 6, 7]
    assert sum((n - 2000) ** 2 / 2000 for n in counts.values()) < 18.5  # 4 degrees of freedom, p = 0.001


def test_an_exponential_delay_falls_off_exponentially():
    drawn = sample(Exponential(1000))
    for times in (0.5, 1, 2, 3):
        share = sum(x >= times * 1000 for x in drawn) / len(drawn)
        exact = math.exp(-times)
        assert abs(share - exact) < 4 * math.sqrt(exact * (1 - exact) / len(drawn))


def test_a_heavy_tail_falls_off_with_the_square():
    drawn = sample(HeavyTail(1000))
    for times in (2, 5, 10):
        share, exact = sum(x >= times * 1000 for x in drawn) / len(drawn), 1 / times**2
        assert abs(share - exact) < 4 * math.sqrt(exact * (1 - exact) / len(drawn))


def test_a_message_takes_the_delay_of_its_link():
    trace = run([(5 * MS, "n1", "n2", 1)])
    assert arrivals(trace) == ((15 * MS, "n1", 1),)
    sent, _, _, (arrived,) = next(trace.messages())
    assert (sent.at, arrived.at, arrived.kind, arrived.cause) == (
        5 * MS,
        15 * MS,
        "deliver",
        (sent.number, 0),
    )


def test_a_message_to_oneself_arrives_at_once_whatever_the_network_does():
    trace = run(
        [(5 * MS, "n1", "n1", 1)],
        network=link(delay=10 * MS, loss=1.0),
        script=[Partition(1, (("n1",), ("n2",)))],
    )
    assert arrivals(trace, "n1") == ((5 * MS, "n1", 1),)
    assert drops(trace) == []


# Loss, copies, order, bytes.


def many(count=2000):
    return [(i * 100, "n1", "n2", i) for i in range(count)]


def test_messages_are_lost_with_the_probability_that_was_asked():
    trace = run(many(), network=link(loss=0.3))
    lost = len(drops(trace))
    assert abs(lost / 2000 - 0.3) < 4 * math.sqrt(0.3 * 0.7 / 2000)
    assert len(arrivals(trace)) == 2000 - lost
    assert {(where, why) for _, where, _, _, why in drops(trace)} == {("n1", "lost")}


def test_with_loss_one_nothing_arrives_and_with_loss_zero_everything_does():
    assert arrivals(run(many(50), network=link(loss=1))) == ()
    assert len(arrivals(run(many(50), network=link(loss=0)))) == 50


def test_messages_are_doubled_with_the_probability_that_was_asked_and_at_most_doubled():
    trace = run(many(), network=link(duplicate=0.2))
    copies = Counter(number for _, _, number in arrivals(trace))
    doubled = sum(step.kind == "duplicate" for step in trace)
    assert set(copies.values()) == {1, 2}
    assert sum(n == 2 for n in copies.values()) == doubled
    assert abs(doubled / 2000 - 0.2) < 4 * math.sqrt(0.2 * 0.8 / 2000)


def test_a_duplicate_is_recorded_at_the_sender_with_the_send_as_its_cause():
    trace = run([(0, "n1", "n2", 1)], network=link(duplicate=1, delay=(1, 100)))
    (copy,) = [step for step in trace if step.kind == "duplicate"]
    sent, _, _, ends = next(trace.messages())
    assert (copy.node, copy.at, copy.detail, copy.cause) == (
        "n1",
        sent.at,
        Map({"to": "n2"}),
        (sent.number, 0),
    )
    assert sorted(end.kind for end in ends) == ["deliver", "deliver", "duplicate"]


def test_a_held_back_message_is_overtaken():
    trace = run(many(), network=link(delay=10 * MS, reorder=0.1, reorder_by=20 * MS))
    late = [at - 100 * number - 10 * MS for at, _, number in arrivals(trace)]
    assert max(late) <= 20 * MS
    held = sum(x > 0 for x in late)
    assert abs(held / 2000 - 0.1) < 4 * math.sqrt(0.1 * 0.9 / 2000)
    order = [number for _, _, number in arrivals(trace)]
    assert order != sorted(order)


def test_without_fifo_messages_overtake_and_with_fifo_none_does_not_even_a_copy():
    loose = [number for _, _, number in arrivals(run(many(300), network=link(delay=(0, 50 * MS))))]
    assert loose != sorted(loose)
    trace = run(many(300), network=link(delay=(0, 50 * MS), fifo=True, duplicate=0.3))
    strict = [number for _, _, number in arrivals(trace)]
    assert len(strict) > 300
    first = [number for i, number in enumerate(strict) if number not in strict[:i]]
    assert first == sorted(first)


def test_fifo_orders_each_link_for_itself():
    orders = [(i * 100, sender, "n3", i) for i in range(200) for sender in ("n1", "n2")]
    seen = arrivals(run(orders, network=link(delay=(0, 50 * MS), fifo=True)), "n3")
    for sender in ("n1", "n2"):
        assert [n for _, s, n in seen if s == sender] == list(range(200))
    assert [s for _, s, _ in seen] != ["n1", "n2"] * 200


def test_bytes_queue_up_on_a_link_that_is_slow():
    size = message_bytes(Parcel(1))
    assert size == len(encode(Parcel(1)))
    each = size * 1_000_000 // 10_000
    trace = run([(0, "n1", "n2", n) for n in range(3)], network=link(delay=5 * MS, bytes_per_second=10_000))
    assert [at for at, _, _ in arrivals(trace)] == [5 * MS + each, 5 * MS + 2 * each, 5 * MS + 3 * each]


def test_a_slow_link_is_free_again_after_its_last_byte_and_other_links_are_not_slowed():
    each = message_bytes(Parcel(1)) * 1_000_000 // 10_000
    orders = [(0, "n1", "n2", 1), (0, "n1", "n3", 2), (50 * MS, "n1", "n2", 3)]
    trace = run(orders, network=link(delay=5 * MS, bytes_per_second=10_000))
    assert [at for at, _, _ in arrivals(trace)] == [5 * MS + each, 55 * MS + each]
    assert [at for at, _, _ in arrivals(trace, "n3")] == [5 * MS + each]


def test_a_longer_message_takes_longer():
    long = Request(0, "n1", Order("n2", 1, "x" * 1000))
    simulator = Simulator(
        systems.build("unit-mail"),
        requests=[long],
        network=link(delay=0, bytes_per_second=1000),
        until=9000 * MS,
        settle=0,
    )
    ((at, _, _),) = simulator.run().outputs()["n2"]
    assert at == message_bytes(Parcel(1, "x" * 1000)) * 1000


# Who reaches whom.


def pairs(at):
    return [(at, a, b, 0) for a in ("n1", "n2", "n3", "n4") for b in ("n1", "n2", "n3", "n4") if a != b]


def reached(trace):
    return {(sender, name) for name, seen in trace.outputs().items() for _, sender, _ in seen}


def test_a_cut_stops_one_direction_only():
    trace = run(pairs(5 * MS), script=[Cut(1 * MS, "n1", "n2")], nodes=4)
    assert {(a, b) for _, a, b, _ in pairs(0)} - reached(trace) == {("n1", "n2")}
    assert drops(trace) == [(5 * MS, "n1", "n1", "n2", "partition")]


def test_a_partition_separates_its_groups_in_both_directions_and_unnamed_nodes_form_one_more_group():
    trace = run(pairs(5 * MS), script=[Partition(1 * MS, (("n1",), ("n2",)))], nodes=4)
    assert reached(trace) == {("n3", "n4"), ("n4", "n3")}
    (split,) = [step for step in trace if step.kind == "partition"]
    assert split.detail == Map({"groups": (("n1",), ("n2",), ("n3", "n4"))})


def test_partitions_and_cuts_add_up_until_a_heal_ends_them_all():
    script = [
        Partition(1 * MS, (("n1", "n2"), ("n3", "n4"))),
        Partition(2 * MS, (("n1", "n3"), ("n2", "n4"))),
        Cut(3 * MS, "n2", "n1"),
        Heal(50 * MS),
    ]
    assert reached(run(pairs(5 * MS), script=script, nodes=4)) == set()
    trace = run(pairs(60 * MS), script=script, nodes=4)
    assert len(reached(trace)) == 12
    assert [step.at for step in trace if step.kind == "heal"] == [50 * MS]


def test_a_message_under_way_is_lost_when_it_would_arrive_across_a_partition():
    trace = run([(5 * MS, "n1", "n2", 1)], script=[Partition(10 * MS, (("n1",),)), Heal(30 * MS)])
    assert arrivals(trace) == ()
    assert drops(trace) == [(15 * MS, "n2", "n1", "n2", "partition")]


def test_a_message_under_way_gets_through_when_the_partition_is_over_before_it_arrives():
    trace = run([(5 * MS, "n1", "n2", 1)], script=[Partition(6 * MS, (("n1",),)), Heal(14 * MS)])
    assert arrivals(trace) == ((15 * MS, "n1", 1),)


def test_a_message_that_was_sent_into_a_partition_stays_lost_after_the_heal():
    trace = run([(5 * MS, "n1", "n2", 1)], script=[Partition(1 * MS, (("n1",),)), Heal(6 * MS)])
    assert arrivals(trace) == ()
    assert drops(trace) == [(5 * MS, "n1", "n1", "n2", "partition")]


def test_a_request_from_outside_is_not_stopped_by_a_partition():
    trace = run([(5 * MS, "n1", "n1", 1)], script=[Partition(1 * MS, (("n1",), ("n2",), ("n3",)))])
    assert arrivals(trace, "n1") == ((5 * MS, "n1", 1),)


def test_a_heal_with_nothing_to_heal_is_not_recorded():
    assert [step.kind for step in run([], script=[Heal(5 * MS)])] == ["start"] * 3


def test_a_link_of_its_own_slows_one_direction_from_then_on():
    orders = [(at, a, b, 0) for at in (5 * MS, 25 * MS) for a, b in (("n1", "n2"), ("n2", "n1"))]
    trace = run(orders, script=[SetLink(20 * MS, "n1", "n2", link(delay=100 * MS))])
    assert [at for at, _, _ in arrivals(trace)] == [15 * MS, 125 * MS]
    assert [at for at, _, _ in arrivals(trace, "n1")] == [15 * MS, 35 * MS]


def test_a_star_stands_for_every_node_and_none_for_the_link_of_the_run():
    slow = link(delay=100 * MS)
    script = [
        SetLink(1 * MS, "n1", "*", slow),
        SetLink(1 * MS, "*", "n3", slow),
        SetLink(40 * MS, "*", "*", None),
    ]
    slowed = {(a, b) for a, b in (("n1", "n2"), ("n1", "n3"), ("n1", "n4"), ("n2", "n3"), ("n4", "n3"))}
    trace = run([*pairs(5 * MS), *pairs(50 * MS)], script=script, nodes=4)
    for step, _, send, (end,) in trace.messages():
        pair = (step.node, send.to)
        assert end.at - step.at == (100 * MS if pair in slowed and step.at == 5 * MS else 10 * MS)
    assert [step.node for step in trace if step.kind == "link"] == ["n1", "", ""]


def test_a_message_under_way_keeps_the_delay_that_it_was_sent_with():
    trace = run([(5 * MS, "n1", "n2", 1)], script=[SetLink(6 * MS, "n1", "n2", link(delay=900 * MS))])
    assert arrivals(trace) == ((15 * MS, "n1", 1),)


def test_a_fifo_link_that_becomes_faster_still_keeps_order():
    network = link(delay=100 * MS, fifo=True)
    script = [SetLink(10 * MS, "n1", "n2", link(delay=1 * MS, fifo=True))]
    trace = run([(5 * MS, "n1", "n2", 1), (20 * MS, "n1", "n2", 2)], network=network, script=script)
    assert arrivals(trace) == ((105 * MS, "n1", 1), (105 * MS, "n1", 2))


# Bad input.


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"delay": -1}, "delay must be at least 0, but it is -1"),
        ({"delay": 0.5}, "delay must be a whole number"),
        ({"delay": float("nan")}, "delay must be a whole number"),
        ({"delay": True}, "delay must be a whole number"),
        ({"delay": 2**60}, "delay must be at most"),
        ({"delay": "5"}, "delay must be whole microseconds, a pair"),
        ({"delay": None}, "delay must be whole microseconds, a pair"),
        ({"delay": (5, 4)}, "delay.high must be at least 5, but it is 4"),
        ({"delay": (-5, 4)}, "delay.low must be at least 0, but it is -5"),
        ({"delay": (1, float("nan"))}, "delay.high must be a whole number"),
        ({"delay": (1, 2, 3)}, "delay must be whole microseconds, a pair"),
        ({"loss": 1.5}, "loss must be a probability between 0 and 1, but it is 1.5"),
        ({"loss": -0.1}, "loss must be a probability"),
        ({"loss": float("nan")}, "loss must be a probability between 0 and 1, but it is nan"),
        ({"loss": True}, "loss must be a probability"),
        ({"loss": "0.1"}, "loss must be a probability"),
        ({"duplicate": 2}, "duplicate must be a probability"),
        ({"reorder": None}, "reorder must be a probability"),
        ({"reorder_by": -1}, "reorder_by must be at least 0"),
        ({"reorder_by": 1.5}, "Link.reorder_by must hold an immutable value, but it is 1.5"),
        ({"bytes_per_second": -1}, "bytes_per_second must be at least 0"),
        ({"fifo": 1}, "fifo must be True or False"),
        ({"fifo": True, "reorder": 0.1}, "reorder must be 0 on a fifo link"),
    ],
    ids=str,
)  # fmt: skip
def test_a_link_that_cannot_be_is_refused_by_the_name_of_its_setting(settings, says):
    with pytest.raises(DistsysError, match=says):
        link(**settings)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Fixed(-1),
        lambda: Uniform(5, 4),
        lambda: Uniform(-1, 4),
        lambda: Exponential(0),
        lambda: Exponential(5, -1),
        lambda: HeavyTail(0),
        lambda: HeavyTail(5, 4),
        lambda: Link(loss_ppm=1_000_001),
        lambda: Link(duplicate_ppm=-1),
        lambda: Link(bytes_per_second=-5),
        lambda: Link(fifo=True, reorder_ppm=1),
    ],
)
def test_no_record_of_a_delay_or_link_can_hold_what_makes_no_sense(make):
    with pytest.raises(ArgumentError):
        make()


@pytest.mark.parametrize("delay", [5, None, "x", Map(), Parcel(1)], ids=str)
def test_a_link_is_refused_with_what_is_no_delay(delay):
    with pytest.raises(ArgumentTypeError, match="delay must be Fixed, Uniform, Exponential or HeavyTail"):
        Link(delay=delay)
