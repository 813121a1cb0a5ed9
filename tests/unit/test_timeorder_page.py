"""What the page on time and order shows: the story, the cone, the pairs; and the cone as a picture."""

import pytest

from distsys.algorithms.clock_laws import verdicts
from distsys.algorithms.vectorclock import Order
from distsys.core.errors import ArgumentError
from distsys.lab import timeorder_measures as measures
from distsys.lab import timeorder_runs as runs
from distsys.mutants.clocks import AnyIsEnough, Lexicographic
from distsys.views import draw, play
from distsys.views.cone import cone_of


def test_sorted_by_the_walls_the_money_is_taken_before_the_order_comes():
    lines = [what for *_, what in sorted(runs.log(runs.parcel()))]
    assert lines.index("takes the money for 7") < lines.index("order 7 comes")
    assert lines.index("hears: 7 is sent") < lines.index("sends parcel 7")


@pytest.mark.parametrize("kind", ["lamport", "vector", "hybrid"])
def test_every_other_clock_keeps_the_order_of_the_story(kind):
    trace = runs.parcel(kind)
    stamps = {step: stamp for stamp, step, *_ in runs.log(trace)}
    pasts = trace.happened_before()
    for a in stamps:
        for b in stamps:
            if a in pasts[b - 1]:
                one, other = stamps[a], stamps[b]
                assert one.compare(other) is Order.BEFORE if kind == "vector" else one < other


def test_all_clocks_of_the_story_see_the_same_steps():
    steps = [
        [(s.number, s.node, s.at) for s in runs.parcel(kind)]
        for kind in ("wall", "lamport", "vector", "hybrid")
    ]
    assert steps[1:] == steps[:1] * 3


def test_lamport_orders_most_of_the_concurrent_pairs():
    found = measures.shares(seeds=10, nodes=8)
    assert found["before a after b"] == 0
    assert round(found["told apart"] / found["concurrent"], 2) == 0.91
    assert round(found["concurrent"] / (found["concurrent"] + found["ordered"]), 2) == 0.51


def test_the_ordered_pairs_of_the_table_are_as_many_as_the_text_says():
    assert sum(measures.shares(seeds=10, nodes=nodes)["ordered"] for nodes in (2, 4, 8)) == 62_226


def test_the_total_order_of_lamport_respects_happened_before():
    trace = runs.talk()
    place = {step: at for at, (_, _, step) in enumerate(measures.lamport_ties(trace))}
    pasts = trace.happened_before()
    assert all(place[a] < place[b] for b in place for a in pasts[b - 1])


@pytest.mark.parametrize("kind", [AnyIsEnough, Lexicographic])
def test_a_lying_comparison_orders_what_is_concurrent(kind):
    assert verdicts(kind)["concurrency"] is not None


def test_the_cone_is_a_first_part_and_a_last_part_of_each_lane():
    trace = runs.talk()
    pasts = trace.happened_before()
    for number in range(5, len(trace) + 1):
        cone = cone_of(trace, number)
        for step in trace:
            before = step.number in pasts[number - 1]
            after = number in pasts[step.number - 1]
            assert before == (step.number <= cone.past.get(step.node, 0) and step.number != number)
            assert after == (step.number >= cone.future.get(step.node, 99) and step.number != number)


def test_a_still_with_a_cone_marks_past_and_future_and_one_without_does_not():
    trace = runs.talk()
    plain, marked = draw(trace, alt="Letters."), draw(trace, alt="Letters.", cone=12)
    assert 'class="before"' not in plain.svg
    assert marked.svg.count('<line class="c-past"') == 2
    assert marked.svg.count('<line class="c-next"') == 3


def test_a_cone_of_a_part_stays_inside_the_picture():
    trace = runs.talk()
    assert draw(trace, alt="Letters.", first=20, cone=12).svg.count('<line class="c-next"') == 3
    assert draw(trace, alt="Letters.", last=8, cone=12).svg.count('<line class="c-next"') == 0


def test_a_figure_opens_with_the_cone_where_it_is_asked_for():
    trace = runs.talk()
    figure = play(trace, name="fig-x", alt="Letters.", at=12, cone=True)
    assert '"cone":1' in figure.data
    assert '"cone"' not in play(trace, name="fig-x", alt="Letters.", at=12).data


def test_a_fault_has_no_cone():
    with pytest.raises(ArgumentError, match="step 4 is a fault"):
        cone_of(runs.parcel(), 4)
