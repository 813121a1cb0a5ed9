"""The scenario that the real etcd was asked, step by step: its transcripts stand in tests/golden/etcd."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("grpc")
pytest.importorskip("aetcd")
pytest.importorskip("etcd3gw")

import compare_etcd
from etcd_state_steps import SPACE, STATE
from etcd_steps import API, CTL

INSTALL = ".venv/bin/pip install -c constraints.txt -e '.[real]' (Linux on x86-64)"


def compared(name, *options):
    """Return the last line of what the tool says, which starts members of ours and plays a scenario.

    It is played once more if a step differs: leases of 1 and 2 s run out in it by the clock, and on a busy machine a
    step after one may come late. What differs for another reason differs again.
    """
    tool = Path(compare_etcd.__file__)
    command = [sys.executable, str(tool), "--only", name, *options]
    environment = {**os.environ, "PYTHONPATH": str(tool.parent.parent / "src")}
    for _ in range(2):
        run = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
        if run.returncode == 0:
            break
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout.splitlines()[-1]


@pytest.mark.parametrize(("name", "steps"), [("api", API), ("ctl", CTL), ("state", STATE), ("space", SPACE)])
def test_a_transcript_was_recorded_from_the_scenario_as_it_stands(name, steps):
    assert [step for step, _ in compare_etcd.recorded(name)] == steps, (
        "record it anew: python tools/compare_etcd.py --etcd PATH --record"
    )


def test_the_scenario_has_at_least_150_steps():
    assert sum(len(compare_etcd.recorded(name)) for name in compare_etcd.SCENARIOS) >= 150


def test_grpc_json_aetcd_and_etcd3gw_are_answered_as_by_the_real_one():
    assert compared("api") == f"{len(API)} steps compared, 0 differ"


@pytest.mark.parametrize(("name", "steps"), [("ctl", CTL), ("space", SPACE)])
def test_etcdctl_is_answered_as_by_the_real_one(require_tool, name, steps):
    etcdctl = require_tool("etcdctl", install=INSTALL)
    assert compared(name, "--etcdctl", etcdctl) == f"{len(steps)} steps compared, 0 differ"


@pytest.mark.parametrize("name", compare_etcd.SCENARIOS)
def test_the_real_one_still_does_what_the_transcript_says(require_tool, name):
    etcd, etcdctl = (require_tool(tool, install=INSTALL) for tool in ("etcd", "etcdctl"))
    steps = len(compare_etcd.SCENARIOS[name])
    assert compared(name, "--etcd", etcd, "--etcdctl", etcdctl) == f"{steps} steps compared, 0 differ"


def test_corners_of_the_store_are_as_in_the_real_one():
    assert compared("state") == f"{len(STATE)} steps compared, 0 differ"


def test_we_differ_on_purpose_in_one_step_and_the_transcript_shows_that_the_real_one_does_otherwise():
    steps = [pair for name in compare_etcd.SCENARIOS for pair in compare_etcd.recorded(name)]
    ((step, real),) = [(step, came) for step, came in steps if "ours" in step]
    (_, shown), (_, shown_here) = real, step["ours"]
    assert [event["kv"]["mod_revision"] for event in shown["events"]] == ["6"]
    assert [event["kv"]["mod_revision"] for event in shown_here["events"]] == ["5", "6"]
