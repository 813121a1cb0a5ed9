"""What the page on memory from messages measures, and what ABD keeps and its mutants break, one claim at a time."""

import pytest

from distsys import systems
from distsys.core.errors import ArgumentError
from distsys.core.events import Deliver
from distsys.drivers import length, perform
from distsys.lab import abd_measures as measures
from distsys.lab import abd_runs as runs
from distsys.lab import scenarios_abd
from distsys.lab.abd_counter import counted, counting
from distsys.protocols.abd import Replica
from distsys.protocols.abd_laws import order_of_tags
from distsys.protocols.abd_messages import ZERO, Held, Query, Read, Round, Store, Stored, Tag, Write

ROUND = Round(1, 1)


def replica(*tags):
    """Return a replica that was given these tags, in this order."""
    node = Replica("n1")
    for number in tags:
        hear(node, Store(ROUND, Tag(number, "w"), f"v{number}"))
    return node


def hear(node, message):
    return node.handle(Deliver("w", message))


def test_a_replica_keeps_the_greatest_tag_whatever_the_order():
    for order in ((1, 2), (2, 1), (2, 2, 1)):
        node = replica(*order)
        assert (node.tag, node.value) == (Tag(2, "w"), "v2")


def test_a_replica_persists_before_it_answers_and_confirms_old_news_without_persisting():
    assert [type(effect).__name__ for effect in hear(replica(), Store(ROUND, Tag(1, "w"), "x"))] == [
        "Persist", "Send",
    ]  # fmt: skip
    (only,) = hear(replica(2), Store(ROUND, Tag(1, "w"), "x"))
    assert only.message == Stored(ROUND)


def test_a_replica_says_what_it_holds():
    (answer,) = hear(replica(), Query(ROUND))
    assert answer.message == Held(ROUND, ZERO, None)


def test_a_replica_comes_back_with_its_disk():
    node = Replica("n1")
    disk = hear(node, Store(ROUND, Tag(3, "w"), "x"))[0].changes
    assert (Replica("n1", disk).tag, Replica("n1", disk).value) == (Tag(3, "w"), "x")


def test_a_client_refuses_another_way_to_write_back():
    with pytest.raises(ArgumentError, match="write_back must be 'always' or 'unless agreed'"):
        systems.build("abd", write_back="never")


@pytest.mark.parametrize("write_back", ["always", "unless agreed"])
def test_the_opening_is_atomic_with_write_back_and_not_without(write_back):
    assert runs.verdict(runs.inversion(write_back=write_back)).ok
    assert not runs.verdict(runs.inversion("ABD-01")).ok


@pytest.mark.parametrize(
    "story", [runs.same_number, runs.behind, runs.halves], ids=["same number", "behind", "halves"]
)
def test_a_story_is_atomic_with_the_correct_code(story):
    assert runs.verdict(story()).ok
    assert story().violation is None


@pytest.mark.parametrize(
    ("story", "mutant"), [(runs.same_number, "ABD-03"), (runs.behind, "ABD-04"), (runs.halves, "ABD-02")]
)
def test_a_story_is_not_atomic_with_its_mutant(story, mutant):
    assert not runs.verdict(story(mutant)).ok


@pytest.mark.parametrize(
    "mutant", ["ABD-01", "ABD-02", "ABD-03", "ABD-04", "ABD-05", "ABD-06", "ABD-08", "ABD-09", "ABD-11"]
)
def test_the_history_of_the_clients_alone_shows_the_bug_within_200_seeds(mutant):
    assert runs.swarm_finds(mutant) is not None


def test_the_shortest_inversion_has_twelve_events_and_the_correct_code_does_not_break_by_it():
    broken = perform(systems.build("abd", mutant="ABD-01"), scenarios_abd.INVERSION)
    assert (broken.violation.law, length(broken)) == ("order of tags", 12)
    assert perform(systems.build("abd"), scenarios_abd.INVERSION).violation is None


def test_a_late_store_leads_to_an_old_read_where_tags_are_not_compared():
    laws = (order_of_tags,)
    broken = perform(systems.build("abd", mutant="ABD-05"), scenarios_abd.LATE_STORE, laws=laws)
    assert broken.violation.law == "order of tags"
    assert perform(systems.build("abd"), scenarios_abd.LATE_STORE, laws=laws).violation is None


def test_a_write_that_crashed_half_way_happens_when_a_read_finds_it():
    assert [value for *_, value in runs.results(runs.half_written())] == [None, "new", "new"]


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 6])
def test_operations_end_exactly_while_a_majority_is_up(n):
    for down in range(n):
        assert runs.with_down(n, down) == (3 if 2 * down < n else 0)


@pytest.mark.parametrize("n", [1, 2, 3, 4, 6])
def test_a_phase_is_two_messages_a_copy_and_one_round_trip(n):
    assert measures.cost("abd", n, Write("x")) == (2 * n, 1)
    assert measures.cost("abd", n, Read()) == (4 * n, 2)
    assert measures.cost("abd-multi", n, Write("x")) == (4 * n, 2)


def test_the_mean_of_a_phase_to_all_copies_is_the_harmonic_number():
    assert float(measures.phase_mean(3, 3)) == pytest.approx(11 / 6)
    assert float(measures.phase_mean(10_001, 5_001)) == pytest.approx(0.6931, abs=1e-3)


def test_with_one_of_three_silent_a_phase_takes_the_later_of_two_answers():
    assert measures.MEAN_MS * measures.phase_mean(2, 2) == 15
    assert float(measures.MEAN_MS * measures.phase_mean(3, 2)) == pytest.approx(8.33, abs=0.01)


@pytest.mark.parametrize("mutant", ["ABD-07", "ABD-10"])
def test_the_history_of_the_clients_shows_no_bug_in_200_seeds(mutant):
    assert runs.swarm_finds(mutant) is None


def test_a_counter_by_read_then_write_loses_additions_though_the_cell_is_atomic():
    for seed in range(5):
        added, says = counted(seed)
        assert added == 10
        assert says < 10
        assert runs.verdict(counting(seed)).ok
    assert counted(1, clients=1) == (5, 5)
