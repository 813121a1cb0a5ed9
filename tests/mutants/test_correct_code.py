"""Correct code keeps its laws in every run of the swarm, and the runs are not boring."""

import json
from pathlib import Path

import pytest

from distsys import S, systems
from interesting import interesting, notice
from swarm_runs import (
    FEWER,
    FEWER_LONG,
    HUNDRED,
    SEEDS,
    SEEDS_LONG,
    SIXTY,
    SLOW_LONG,
    SYSTEMS,
    UNTIMED,
    WALKS,
    WALKS_LONG,
    long_survey,
    long_walked,
    seeds_of,
    usual_survey,
    walked,
)

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("system", SYSTEMS)
def test_correct_code_keeps_its_laws(system, record_property):
    seen, bad = usual_survey(system, notice)
    record_property("runs", f"{system}: {seen['steps']} steps, {dict(sorted(seen.items()))}")
    assert not bad, "\n" + "\n".join(bad)


@pytest.mark.parametrize("system", ["paxos", "multi-paxos", "zab"])
def test_runs_are_at_rest_long_before_the_system_must_be(system):
    seen, _ = usual_survey(system, notice)
    assert systems.find(system).settle == 90 * S
    assert seen["at rest late"] == 0


def test_the_page_says_how_many_seeds_each_system_gets():
    cells = json.loads((ROOT / "chapters/4-code/how-we-know.ipynb").read_text(encoding="utf-8"))["cells"]
    text = "".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")
    *first, last = (f"`{name}`" for name in HUNDRED)
    get_100 = f"{', '.join(first)} and {last} get 100"
    *first, last = (f"`{name}`" for name in SIXTY)
    get_60 = f"{', '.join(first)} and {last} get 60"
    assert f"in `make test`, {get_100}, {get_60}" in text
    assert (len(FEWER), set(FEWER.values())) == (12, {100, 60})
    assert f"`make test` simulates {SEEDS} seeds of each system, `make long` {SEEDS_LONG:,}." in text
    bounds = [
        count // 3 // 10**zeros * 10**zeros
        for count, zeros in ((100, 0), (60, 0), (300, 0), (FEWER_LONG, 1), (SEEDS_LONG, 1))
    ]
    assert bounds == [33, 20, 100, 160, 660]
    assert f"in `make long` each of the twelve gets {FEWER_LONG:,}" in text
    few = " and ".join(f"`{name}` with {count}" for name, count in SLOW_LONG.items())
    assert f"but for {few}." in text
    for bound in (*bounds, *(count // 3 // 10 * 10 for count in SLOW_LONG.values())):
        assert f"1 in {bound:,}" in text


@pytest.mark.parametrize(("system", "share"), [("zab", 0.65), ("multi-paxos", 0.77)])
def test_in_so_many_runs_something_is_committed(system, share):
    """In most of the others no command comes while somebody leads, and none is repeated."""
    seen, _ = usual_survey(system, notice)
    assert share < seen["committed"] / SEEDS < share + 0.1


@pytest.mark.parametrize("system", UNTIMED)
def test_correct_code_keeps_its_laws_of_safety_in_walks(system):
    bad = walked(system, range(WALKS))
    assert not bad, "\n" + "\n".join(bad)


@pytest.mark.parametrize("system", SYSTEMS)
def test_the_runs_reach_what_is_interesting(system):
    seen, _ = usual_survey(system, notice)
    missing = [state for state in interesting(system) if seen[state] < 3]
    assert not missing, f"{system} hardly ever saw {missing}; it saw {dict(sorted(seen.items()))}"


@pytest.mark.parametrize("system", [name for name in SYSTEMS if not systems.find(name).restarts])
def test_in_a_crash_stop_system_nobody_comes_back(system):
    seen, _ = usual_survey(system, notice)
    assert seen["crash"] > 0
    assert seen["restart"] == 0


@pytest.mark.long
@pytest.mark.parametrize("system", SYSTEMS)
def test_correct_code_keeps_its_laws_for_long(system, record_property, capsys):
    seeds = seeds_of(system, long=True)
    seen, bad = long_survey(system, seeds, notice)
    line = f"{system}: {seeds} seeds, {seen['steps']} steps, {len(bad)} violations"
    record_property("runs", line)
    with capsys.disabled():
        print("\n" + line)
    assert not bad, "\n" + "\n".join(bad)


@pytest.mark.long
@pytest.mark.parametrize("system", UNTIMED)
def test_correct_code_keeps_its_laws_of_safety_in_many_walks(system):
    bad = long_walked(system, WALKS_LONG)
    assert not bad, "\n" + "\n".join(bad)
