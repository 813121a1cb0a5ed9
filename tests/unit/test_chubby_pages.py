"""What the pages on Chubby measure: leases, KeepAlives, copies, lock-delays; and the clients in their stories."""

import pytest

from distsys.lab import chubby_costs, chubby_stories
from distsys.lab.chubby_stories import OneCell, read, said, stored
from distsys.services.chubby.calls import Acquire, GetContentsAndStat, Open, Refused, Release
from distsys.services.chubby.locking import DELAYED, HELD, Mode
from distsys.views.reproduce import code_of

FIFTH = 200_000


@pytest.mark.parametrize(("there", "back"), [(5, 5), (20, 40), (1, 90)])
def test_at_worst_a_lease_outlives_the_client_by_the_way_of_the_keep_alive(there, back):
    margin = chubby_costs.margin_ms(-FIFTH, FIFTH, there_ms=there, back_ms=back)
    assert margin == pytest.approx(there, abs=1e-3)


@pytest.mark.parametrize("client", [-FIFTH, 0, FIFTH])
@pytest.mark.parametrize("master", [-FIFTH, 0, FIFTH])
def test_the_client_is_never_the_last_to_know_whatever_the_clocks_do(client, master):
    assert chubby_costs.margin_ms(client, master) > 4.999


@pytest.mark.parametrize("back", [10, 40])
def test_counted_from_the_answer_it_is_the_last_to_know_by_the_way_of_the_answer(back):
    margin = chubby_costs.margin_ms(-FIFTH, FIFTH, back_ms=back, mutant="LOCK-04")
    assert margin == pytest.approx(-back, abs=1e-3)


@pytest.mark.parametrize("hold", [50, 200, 450])
def test_a_client_costs_one_keep_alive_each_hold(hold):
    assert chubby_costs.kept(hold, seconds=9).keep_alives == 9_000 / hold


@pytest.mark.parametrize("drift", [0.2, 0.3, 0.4])
def test_a_client_is_in_jeopardy_from_the_limit_of_the_hold_on(drift):
    kappa = (1 - drift) / (1 + drift)
    limit = int(kappa * (1_000 - 10) / (2 - kappa))
    found = [
        chubby_costs.kept(hold, seconds=5, drift_ppm=int(drift * 1e6)).jeopardies
        for hold in (limit - 1, limit + 1)
    ]
    assert found[0] == 0 < found[1]


def test_an_idle_session_writes_nothing():
    assert chubby_costs.kept(400, seconds=2).entries == chubby_costs.kept(400, seconds=20).entries == 3


@pytest.mark.parametrize("copies", [0, 1, 7])
def test_a_write_waits_for_one_round_more_however_many_copies_there_are(copies):
    cost = chubby_costs.written(copies, reads=4)
    assert (cost.ms, cost.calls, cost.invalidations) == (30 if copies else 20, 2 + 2 * copies, 2 * copies)


@pytest.mark.parametrize("delay", [0, 100, 500])
def test_each_millisecond_of_a_lock_delay_covers_one_of_a_request(delay):
    covered, late = (chubby_stories.slow_request("LOCK-01", delay, 1_385 + delay + more) for more in (0, 1))
    assert (covered.violation, late.violation.law) == (None, "fencing")
    assert (stored(covered), stored(late)) == ([("c1", 1), ("c2", 2)], [("c2", 2), ("c1", 1)])


def test_a_reader_that_is_told_to_read_in_jeopardy_waits_and_keeps_its_session():
    trace = chubby_stories.fail_over()
    assert read(trace, "ann") == [("n7", False), ("n7", False)]
    assert not any("no session" in line for line in said(trace, "ann"))


def test_a_new_master_that_finds_no_leases_breaks_the_law():
    assert chubby_stories.fail_over(server="LOCK-06").violation.law == "session survives fail-over"


@pytest.mark.parametrize("seed", [1, 2, 7, 9])
def test_a_master_that_is_cut_off_is_silent_before_the_next_one_begins(seed):
    trace = chubby_stories.split(seed=seed)
    (_, first), (begins, second) = chubby_stories.masters(trace)
    assert trace.violation is None
    assert (first, second != "n1") == ("n1", True)
    assert chubby_stories.spoke(trace)["n1"][1] + 5 < begins


def test_a_master_that_looks_at_no_lease_goes_on():
    trace = chubby_stories.split("LOCK-06b")
    (_, _), (begins, _) = chubby_stories.masters(trace)
    assert trace.violation.law == "single master"
    assert chubby_stories.spoke(trace)["n1"][1] > begins


def test_one_cell_gives_a_lock_refuses_it_and_remembers_the_entry_in_which_it_was_lost():
    cell = OneCell("ann", "bob")
    ann = cell.ask("ann", Open("/lock", create="file")).handle
    bob = cell.ask("bob", Open("/lock")).handle
    assert cell.ask("ann", Acquire(ann, Mode.EXCLUSIVE, 1_000)).sequencer.generation == 1
    assert cell.ask("bob", Acquire(bob)) == Refused(HELD)
    cell.lose("ann")
    lost_at = cell.state.tree["/lock"].lock.lost_at
    cell.free("/lock", lost_at - 1)
    assert cell.ask("bob", Acquire(bob)) == Refused(DELAYED)
    cell.free("/lock", lost_at)
    assert cell.ask("bob", Acquire(bob)).sequencer.generation == 2
    assert cell.ask("bob", Release(bob)) is None
    assert cell.ask("bob", GetContentsAndStat(ann)) == Refused("there is no such handle")


def test_the_code_under_a_figure_makes_its_run_again():
    trace = chubby_stories.late_copy("LOCK-08")
    made = {}
    exec(code_of(trace), made)
    assert made["trace"].digest() == trace.digest()
