"""Cells under one fault that a test chooses: what the application hears of it, and what clocks may do."""

from itertools import product

import pytest

from distsys import S, Simulator, systems
from distsys.core import Output, Send
from distsys.core.errors import DistsysError
from distsys.drivers import faults
from distsys.services.chubby.clients import FileRead
from distsys.services.chubby.library import Expired, Jeopardy, Safe
from distsys.services.chubby.talk import FailOver

FILES, LOCKS = "multipaxos-chubby", "multipaxos-chubby-locks"


def run(system, *script, seed=1, until=8 * S, **options):
    """Return a run that broke no law, and came to its end."""
    cluster = systems.build(system, **options)
    trace = Simulator(cluster, seed, script=script, until=until, settle=30 * S).run()
    assert trace.violations == ()
    assert trace.ended == "complete"
    return trace


def said(trace, kind, *names):
    """Return what was output of one kind, by these nodes or by all, as (node, value)."""
    return [
        (step.node, effect.value)
        for step in trace
        for effect in step.effects[: step.kept]
        if isinstance(effect, Output)
        and isinstance(effect.value, kind)
        and step.node in (names or [step.node])
    ]


def masters(trace):
    """Return (when, who) each time that a replica begins to be the master."""
    return [
        (step.at, step.node)
        for step in trace
        for effect in step.effects[: step.kept]
        if "is the master of epoch" in getattr(effect, "text", "")
    ]


def master_at(system, at, **options):
    """Return who is the master of a run without faults at some time."""
    return [name for when, name in masters(run(system, until=at, **options)) if when < at][-1]


def test_in_a_run_without_faults_nobody_hears_of_jeopardy_and_copies_are_read():
    trace = run(FILES)
    assert said(trace, (Jeopardy, Expired)) == []
    assert len(masters(trace)) == 1
    assert any(read.cached for _, read in said(trace, FileRead))


@pytest.mark.parametrize("system", [FILES, LOCKS])
def test_2_9_sessions_survive_a_master_that_crashes(system):
    old = master_at(system, 2 * S)
    trace = run(system, faults.Crash(2 * S, old))
    assert len(masters(trace)) >= 2
    assert said(trace, Expired) == []


def test_2_9_each_session_is_told_of_a_fail_over():
    old = master_at(FILES, 2 * S)
    trace = run(FILES, faults.Crash(2 * S, old))
    sends = (e for step in trace for e in step.effects[: step.kept] if isinstance(e, Send))
    told = [send.to for send in sends if FailOver() in dict(getattr(send.message, "events", ())).values()]
    assert set(told) == {"c1", "c2"}


def test_2_8_a_client_that_is_cut_off_for_longer_than_its_lease_is_in_jeopardy_and_its_session_ends():
    trace = run(FILES, faults.Partition(2 * S, (("c1",),)), faults.Heal(4 * S))
    assert ("c1", Jeopardy("c1.1")) in said(trace, Jeopardy)
    assert ("c1", Expired("c1.1")) in said(trace, Expired)
    assert said(trace, (Jeopardy, Expired), "c2") == []


def test_2_8_a_client_that_is_cut_off_together_with_the_fall_of_the_master_may_be_safe_again():
    """All replicas stop for longer than a lease and shorter than the grace period: sessions outlive that."""
    script = [
        fault for name in ("n1", "n2", "n3") for fault in faults.during(2 * S, 3 * S, faults.Crash, name)
    ]
    trace = run(FILES, *script)
    assert {name for name, _ in said(trace, Jeopardy)} == {"c1", "c2"}
    assert {name for name, _ in said(trace, Safe)} == {"c1", "c2"}
    assert said(trace, Expired) == []


@pytest.mark.parametrize(("server", "client"), list(product((-200_000, 200_000), repeat=2)))
def test_2_8_clocks_may_run_a_fifth_too_fast_or_too_slow(server, client):
    """The laws hold, and nobody even loses its session."""
    skews = [faults.Skew(0, name, server) for name in ("n1", "n2", "n3")]
    skews += [faults.Skew(0, name, client) for name in ("c1", "c2")]
    assert said(run(LOCKS, *skews), Expired) == []


@pytest.mark.parametrize(
    "options",
    [
        {"lease_ms": 1},
        {"drift_ppm": 1_000_000},
        {"hold_ms": 2_000},
        {"clients": 0},
        {"files": 0},
        {"alpha": 0},
    ],
)
def test_a_wrong_option_is_answered_before_anything_runs(options):
    with pytest.raises(DistsysError):
        systems.build(FILES, **options)


def test_a_lock_delay_has_a_bound():
    with pytest.raises(DistsysError):
        systems.build(LOCKS, delay_ms=60_001)
