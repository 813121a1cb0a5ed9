"""Shared memory: atomic steps, the machine that takes them, and what the page says of all orders."""

from math import comb

import pytest

from distsys import Trace, replay, simulate, systems
from distsys.core import Node
from distsys.core.errors import ArgumentError
from distsys.core.events import Deliver, Send
from distsys.drivers import explore_model
from distsys.lab import shared_memory_runs as runs
from distsys.lab.shared_memory_graph import graph, outcomes, overtaking, stuck, tickets_up_to
from distsys.models.agreement import agree_always, two_step_tables
from distsys.models.cells import (
    Answer,
    Cell,
    CompareAndSet,
    Exchange,
    OverlappedCell,
    Read,
    StoreBuffer,
    Through,
    Write,
)
from distsys.models.interleaving import Machine
from distsys.models.process import Process
from distsys.views import draw
from distsys.views.staging import scene
from naive_peterson import explored

ALL = [
    runs.peterson(), runs.turn_first(), runs.buffered(), runs.fenced(), runs.inversion(), runs.inversion(True),
    runs.three_by_test_and_set(), runs.starved(), runs.broken("adders"), runs.broken("look-then-raise"),
]  # fmt: skip


def answers(cell, *operations):
    """Return what a cell answers to these operations, in order."""
    found = []
    for operation in operations:
        effects = cell.handle(Deliver("p", operation, 0))
        found += [effect.message.value for effect in effects if isinstance(effect, Send)]
    return found


def test_a_cell_does_one_operation_at_a_time():
    operations = (Read(), Write(2), Read(), CompareAndSet(1, 9), CompareAndSet(2, 3), Exchange(4), Read())
    assert answers(Cell("x", value=1), *operations) == [1, None, 2, 2, 2, 3, 4]


@pytest.mark.parametrize(("kind", "seen"), [("safe", (0, 1, 2)), ("regular", (0, 2))])
def test_a_read_that_meets_a_write_has_the_choice_of_its_kind_of_register(kind, seen):
    cell = OverlappedCell("x", value=0, kind=kind, domain=(0, 1, 2))
    assert cell.choices(Read()) == (Read(),)
    assert answers(cell, Write(2)) == []
    assert tuple(choice.value for choice in cell.choices(Read())) == seen
    assert cell.choices(Write(1)) == (Write(1),)


def test_a_register_of_another_kind_and_an_operation_that_it_lacks_are_refused():
    with pytest.raises(ArgumentError, match="kind must be 'safe' or 'regular'"):
        OverlappedCell("x", kind="strong")
    with pytest.raises(ArgumentError, match="can be read and written"):
        answers(OverlappedCell("x"), Exchange(1))


def test_a_buffer_shows_its_own_writes_to_its_owner_only_and_in_their_order():
    buffer = StoreBuffer("b", owner="p")
    assert answers(buffer, Through("x", Write(1)), Through("x", Write(2)), Through("x", Read())) == [
        None,
        None,
        2,
    ]
    asked = buffer.handle(Deliver("p", Through("y", Read()), 0))
    assert [effect.to for effect in asked if isinstance(effect, Send)] == ["y"]
    assert buffer.waiting == (("x", 1), ("x", 2))
    with pytest.raises(ArgumentError, match="takes reads, writes and fences"):
        answers(buffer, Through("x", Exchange(1)))


class Greedy(Process):
    """Does two operations in one step."""

    def begin(self, memory):
        memory.write("x", memory.read("x"))


class Idle(Process):
    """Does no operation in its step."""

    def begin(self, memory):
        self.at = "done"


class Fencing(Process):
    """Has a fence, and no buffer."""

    def begin(self, memory):
        memory.fence()


def started(kind):
    from distsys.core.events import Start

    process = kind("p")
    process.handle(Start(0, 0))
    return process


def test_a_step_does_exactly_one_operation():
    with pytest.raises(ArgumentError, match="a step does one operation, but after the first one comes"):
        started(Greedy).handle(Deliver("x", Answer(1), 0))
    with pytest.raises(ArgumentError, match="does no operation on the memory"):
        started(Idle)
    with pytest.raises(ArgumentError, match="but no store buffer"):
        started(Fencing)


def test_a_process_takes_answers_only():
    with pytest.raises(ArgumentError, match="takes answers of cells only"):
        Machine("peterson").cluster.make("p1").handle(Deliver("x", "hello", 0))


@pytest.mark.parametrize("trace", ALL, ids=lambda trace: trace.header.system)
def test_a_run_of_atomic_steps_is_saved_loaded_and_replayed_to_the_same_bytes(trace):
    again = Trace.loads(trace.text())
    assert again == trace
    assert replay(again).text() == trace.text()


@pytest.mark.parametrize("trace", ALL, ids=lambda trace: trace.header.system)
def test_an_atomic_step_is_one_row_of_the_picture_and_no_arrow_leaves_its_row(trace):
    made = scene(trace)
    rows = [row for row in made.rows if row.numbers]
    assert [row.at for row in rows] == sorted({step.at for step in trace})
    assert all(arrow.start == arrow.stop for arrow in made.arrows)
    assert len(made.arrows) >= len(rows) - 1 - sum(
        "end" in mark.lines[0][1] for row in rows for mark in row.marks if mark.lines
    )
    assert draw(trace, alt="atomic steps").svg


def test_a_step_that_cannot_be_taken_is_refused_with_those_that_can():
    with pytest.raises(
        ArgumentError, match="entry 2 is 'p9', but what can happen then is: p1 writes turn = p2; p2"
    ):
        Machine("peterson").run(["p1", "p9"])


def test_two_explorers_find_the_same_states_of_petersons_lock():
    found = explore_model(Machine("peterson").model())
    seen, transitions, both = explored()
    assert (found.verdict, found.states, found.transitions) == ("HOLDS", 32, 64)
    assert (len(seen), transitions, both) == (32, 64, False)


COUNTS = {
    ("peterson", "safe", False): 68,
    ("peterson", "regular", False): 68,
    ("peterson", "safe", True): 92,
    ("peterson", "regular", True): 92,
}


@pytest.mark.parametrize("case", COUNTS, ids=str)
def test_petersons_lock_holds_in_weaker_cells_with_these_counts(case):
    system, memory, whole = case
    found = explore_model(Machine(system, memory=memory, whole=whole).model())
    assert (found.verdict, found.states) == ("HOLDS", COUNTS[case])


def test_store_buffers_break_petersons_lock_and_a_fence_mends_it():
    open_, fenced = (
        explore_model(Machine("peterson", memory="buffered", fence=f).model()) for f in (False, True)
    )
    assert (open_.verdict, open_.depth) == ("VIOLATED", 6)
    assert (fenced.verdict, fenced.states) == ("HOLDS", 162)


@pytest.mark.parametrize(
    ("mutant", "steps"), [("MUTEX-01", 7), ("MUTEX-02", 7), ("MUTEX-03", 13), ("MUTEX-04", 13)]
)
def test_the_explorer_finds_each_broken_lock_in_so_many_atomic_steps(mutant, steps):
    system = next(each.system for each in systems.mutants() if each.id == mutant)
    found = explore_model(Machine(system, mutant=mutant).model())
    assert (found.verdict, found.violation.law, found.depth) == ("VIOLATED", "mutual exclusion", steps)


@pytest.mark.parametrize("memory", ["atomic", "safe"])
def test_the_bakery_holds_for_two_with_tickets_up_to_three(memory):
    bakery = Machine("bakery", nodes=("p1", "p2"), memory=memory, tickets=3)
    found = explore_model(bakery.model(), prunes=tickets_up_to(bakery, 3))
    assert (found.verdict, found.states) == ("HOLDS", {"atomic": 227, "safe": 718}[memory])


@pytest.mark.parametrize("rounds", [1, 2, 3])
def test_all_orders_are_counted_and_the_smallest_sum_is_two(rounds):
    machine = Machine("adders", rounds=rounds)
    ends = outcomes(machine, lambda end: machine.node(end, "x").value)
    assert ends.total() == comb(4 * rounds, 2 * rounds)
    assert (min(ends), max(ends)) == (min(rounds, 2), 2 * rounds)


def test_two_flags_can_be_stuck_and_petersons_lock_cannot():
    assert {name: stuck(Machine(name))[0] for name in ("two-flags", "peterson", "spin-lock")} == {
        "two-flags": 1, "peterson": 0, "spin-lock": 0,
    }  # fmt: skip


def test_in_petersons_lock_who_waits_is_overtaken_once_at_most():
    said = {
        (lock, most): explore_model(Machine(lock, laws=[overtaking(most)]).model()).verdict
        for lock in ("peterson", "spin-lock")
        for most in (0, 1, 5)
    }
    assert [lock for (lock, _), verdict in said.items() if verdict == "HOLDS"] == ["peterson", "peterson"]


def test_no_pair_of_two_step_tables_agrees_and_the_orders_they_are_judged_by_are_all():
    tables = two_step_tables()
    assert not any(agree_always(one, two) for one in tables for two in tables)
    machine = Machine("agree-by-registers", laws=())
    pairs = {
        tuple(machine.node(end, name).decided for name in ("p1", "p2"))
        for end, after in graph(machine.model()).items()
        if not after
    }
    assert pairs == {(1, 1), (1, 2)}, "p1 sees nothing or 2, p2 sees 1 or nothing; never both nothing"


@pytest.mark.parametrize(("how", "most"), [("test-and-set", 2), ("compare-and-set", 4)])
def test_so_many_processes_agree_by(how, most):
    for count in (2, 3, 4):
        nodes = tuple(f"p{place}" for place in range(1, count + 1))
        found = explore_model(Machine(f"agree-by-{how}", nodes=nodes).model())
        assert found.holds == (count <= most)


def test_agreement_by_compare_and_set_has_the_number_of_states_that_the_exercise_says():
    nodes = ("p1", "p2", "p3", "p4", "p5")
    assert explore_model(Machine("agree-by-compare-and-set", nodes=nodes).model()).states == 1 + 5 * 2**4


def test_a_reader_that_remembers_never_goes_back():
    for memory, remembers, verdict in (
        ("atomic", False, "HOLDS"), ("regular", False, "VIOLATED"), ("regular", True, "HOLDS"),
    ):  # fmt: skip
        assert (
            explore_model(Machine("register", memory=memory, remembers=remembers).model()).verdict == verdict
        )


def test_the_retry_loop_loses_nothing_and_starves_one_for_ever():
    assert explore_model(Machine("retrying-adders", rounds=2).model()).holds
    assert [runs.comes_back(laps) for laps in (1, 2, 3, 4)] == [False, False, False, True]


def test_the_same_program_runs_in_the_simulator_over_messages():
    for system in ("peterson", "bakery"):
        trace = simulate(system, 1)
        assert trace.violation is None
        assert sum(step.kind == "deliver" for step in trace) > 50


def test_processes_are_nodes_and_their_arguments_are_checked():
    assert isinstance(Machine("peterson").cluster.make("turn"), Node)
    with pytest.raises(ArgumentError, match="Peterson's algorithm is for two"):
        Machine("peterson", nodes=("a", "b", "c"))
    with pytest.raises(ArgumentError, match="memory must be one of"):
        Machine("peterson", memory="magic")
    machine = Machine("peterson")
    assert machine.node(machine.start(), "turn").fields()["value"] == "p1"
