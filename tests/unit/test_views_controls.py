"""Controls: in a live session each change makes a run and shows it; on a page the same call shows runs made before."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from distsys.core import MS, ArgumentError, ArgumentTypeError, DistsysError, Map, UnknownNameError, systems
from distsys.core.systems import Request
from distsys.drivers import Crash, Cut, Heal, Partition, Simulator, fork
from distsys.lab.scenarios import overtaking_reply
from distsys.views import controls
from distsys.views.choices import MOVES, RETURNS, choices, last_before_healing
from distsys.views.controls import explore, is_live
from distsys.views.panel import SEED_MOST, STAYS, Panel

ROOT = Path(__file__).resolve().parents[2]
WIDGET = "application/vnd.jupyter.widget-view+json"
ALONE = {"no fault": (), "n1 is cut off": (Partition(20 * MS, (("n1",),)),)}
SMALL: dict[str, Any] = {
    "name": "fig-explore", "alt": "A run.", "seeds": range(1, 4), "nodes": (3, 4), "faults": ALONE,
    "until": 60 * MS, "settle": 1500 * MS,
}  # fmt: skip
USUAL: dict[str, Any] = {
    "seeds": (1, 2), "nodes": (3,), "faults": ALONE, "fork": True, "steps_max": 2_000, "runs_max": 8, "last": None,
    "options": {}, "settings": {"until": 60 * MS, "settle": 1500 * MS},
}  # fmt: skip


@pytest.fixture
def seen(monkeypatch):
    """Return what was shown, as (labels and runs, caption, what else), in place of pictures."""
    shown: list[tuple[dict[str, Any], str, dict[str, Any]]] = []

    class Page:
        def _repr_html_(self):
            return "<p>picture</p>"

    def figure(runs, name, alt, caption, show):
        shown.append((dict(runs), caption, dict(show)))
        return Page()

    monkeypatch.setattr(controls, "_figure", figure)
    return shown


@pytest.fixture
def live(monkeypatch):
    monkeypatch.setattr(controls, "is_live", lambda: True)


def said(panel):
    """Return the sentence under the controls, without its markup."""
    found = re.fullmatch(r'<p role="status">(.*)</p>', panel.says.value)
    assert found, panel.says.value
    return found[1]


def make(seed, nodes=3, script=(), **settings):
    cluster = systems.build("causal-broadcast", nodes=nodes)
    return Simulator(
        cluster, seed, script=script, steps_max=2_000, **{"until": 60 * MS, "settle": 1500 * MS} | settings
    ).run()


# Without a kernel.


def test_a_page_gets_the_runs_of_all_choices_and_a_fork_under_labels_that_tell_them_apart(seen):
    explore("causal-broadcast", **SMALL, caption="What happens?")
    runs, caption, _ = seen[0]
    expected = {
        f"seed {seed}, {nodes} nodes, {label}": make(seed, nodes, script)
        for seed in (1, 2) for nodes in (3, 4) for label, script in ALONE.items()
    }  # fmt: skip
    (extra,) = set(runs) - set(expected)
    assert {label: run.digest() for label, run in runs.items() if label != extra} == {
        label: run.digest() for label, run in expected.items()
    }
    first = expected["seed 1, 3 nodes, no fault"]
    number = (last_before_healing(first) + 1) // 2
    name = first.step(number).node
    assert extra == f"seed 1, 3 nodes, no fault; after step {number} {name} crashes"
    assert runs[extra].digest() == fork(first, number, Crash(0, name)).digest()
    assert caption == "What happens? Choose among 9 runs, computed when this page was built."


def test_labels_name_only_what_differs(seen):
    explore("causal-broadcast", **SMALL | {"nodes": (3,), "faults": {"calm": ()}}, fork=False)
    explore(
        "causal-broadcast",
        **SMALL | {"nodes": (("ann", "bob"), 3), "faults": {"calm": ()}, "seeds": (5,)},
        fork=False,
    )
    explore("causal-broadcast", **SMALL | {"nodes": (3,), "faults": {"calm": ()}, "seeds": (5,)}, fork=False)
    assert [list(runs) for runs, _, _ in seen] == [
        ["seed 1", "seed 2", "seed 3"],
        ["ann, bob", "3 nodes"],
        ["seed 5"],
    ]
    assert seen[2][1] == ""  # one run is no choice


def test_forks_are_those_that_the_author_names_or_none(seen):
    named = {
        "Then n2 crashes": (9, Crash(0, "n2")),
        "Then two things happen": (5, Cut(0, "n1", "n2"), Heal(9 * MS)),
    }
    explore("causal-broadcast", **SMALL, fork=named)
    explore("causal-broadcast", **SMALL, fork=False)
    assert list(seen[0][0])[-2:] == list(named)
    assert seen[0][0]["Then n2 crashes"].steps == fork(make(1), 9, Crash(0, "n2")).steps
    assert len(seen[0][0]) == len(seen[1][0]) + 2


def test_the_usual_fork_lies_in_the_part_of_the_run_that_is_shown(seen):
    explore("causal-broadcast", **SMALL | {"show": {"last": 10, "without": ("Ack",)}})
    assert "after step 5 " in list(seen[0][0])[-1]
    assert seen[0][2] == {"last": 10, "without": ("Ack",)}


def test_where_there_are_too_many_runs_fewer_seeds_are_run(seen):
    explore("causal-broadcast", **SMALL, fork=False, runs_max=7)
    assert [label.split(",")[0] for label in seen[0][0]] == ["seed 1"] * 4
    with pytest.raises(
        ArgumentError, match="runs_max must be at least 4, one for each size with each kind of fault"
    ):
        explore("causal-broadcast", **SMALL, runs_max=3)


def test_a_function_may_make_the_runs(seen):
    asked = []

    def mine(seed, nodes, faults):
        asked.append((seed, nodes, faults))
        return overtaking_reply()

    explore(mine, name="fig-x", alt="x", seeds=(4,), nodes=("few",), faults=ALONE)
    assert asked == [(4, "few", ALONE["no fault"]), (4, "few", ALONE["n1 is cut off"])]
    assert len(seen[0][0]) == 3


def test_a_run_that_was_not_simulated_gets_no_fork(seen):
    import dataclasses

    trace = make(1)
    real = dataclasses.replace(
        trace, header=dataclasses.replace(trace.header, driver=Map({"kind": "runtime"}))
    )
    explore(lambda seed, nodes, faults: real, name="fig-x", alt="x", seeds=(4,))
    assert list(seen[0][0]) == ["seed 4"]


def test_a_mistake_of_the_author_is_an_error_when_the_page_is_made():
    for wrong, kind, says in (
        ({"make": "causal-brodcast"}, UnknownNameError, "make must be the name of a system or a function"),
        ({"make": 5}, ArgumentTypeError, "make must be the name of a system, or a function of seed"),
        ({"seeds": ()}, ArgumentError, "seeds must hold at least one choice"),
        ({"nodes": ()}, ArgumentError, "nodes must hold at least one choice"),
        ({"faults": {}}, ArgumentError, "faults must hold at least one choice"),
        ({"seeds": (-1,)}, ArgumentError, "a seed must be at least 0"),
        ({"steps_max": 0}, ArgumentError, "steps_max must be at least 1"),
        ({"runs_max": "x"}, ArgumentTypeError, "runs_max must be a whole number"),
        ({"faults": {"x": (Crash(5, "n9"),)}}, UnknownNameError, "Crash.node must be one of n1, n2, n3"),
        ({"fork": {"x": (5, Crash(0, "n9"))}}, UnknownNameError, "Crash.node must be one of n1, n2, n3"),
        ({"make": lambda seed, nodes, faults: 5, "until": 5}, ArgumentTypeError, "has its own settings"),
    ):
        settings = {"make": "causal-broadcast", "name": "fig-x", "alt": "x", **wrong}
        with pytest.raises(kind, match=says):
            explore(settings.pop("make"), **settings)
    with pytest.raises(ArgumentTypeError, match="make must return a Trace, but it returns 5"):
        explore(lambda seed, nodes, faults: 5, name="fig-x", alt="x")


def test_the_static_figure_shows_itself_and_holds_no_widget():
    html = explore("causal-broadcast", **SMALL)._repr_html_()
    assert "<svg" in html or "<dist-trace" in html
    for label in ("seed 1, 3 nodes, no fault", "seed 2, 4 nodes, n1 is cut off"):
        assert label in html
    assert WIDGET not in html


def test_a_static_session_never_imports_widgets():
    code = (
        "import sys\nfrom distsys.views.controls import explore\n"
        "explore('lamport-clock', name='fig-x', alt='x', until=9000, settle=0)._repr_html_()\n"
        "print(sorted({name.split('.')[0] for name in sys.modules} & {'ipywidgets', 'IPython', 'matplotlib'}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
    )  # fmt: skip
    assert done.stdout == "[]\n"


def test_this_process_has_no_kernel_and_a_shell_in_a_terminal_has_none(monkeypatch):
    assert not is_live()
    monkeypatch.setenv("DISTSYS_STATIC", "0")
    assert not is_live()
    import IPython.core.getipython

    for shell, expected in ((object(), False), (type("Shell", (), {"kernel": 1})(), True)):
        monkeypatch.setattr(IPython.core.getipython, "get_ipython", lambda shell=shell: shell)
        assert is_live() is expected
    monkeypatch.setenv("DISTSYS_STATIC", "1")
    assert not is_live()


# With a kernel.


def test_in_a_live_session_the_call_returns_controls_and_shows_the_first_run(live, seen):
    panel = explore("causal-broadcast", **SMALL, caption="What happens?")
    assert isinstance(panel, Panel)
    assert len(seen) == 1
    ((label, run),) = seen[0][0].items()
    assert (label, run.digest(), seen[0][1]) == (
        "seed 1, 3 nodes, no fault",
        make(1).digest(),
        "What happens?",
    )
    assert panel.output.outputs[0]["data"]["text/html"] == "<p>picture</p>"
    assert said(panel) == f"{len(run)} steps. All 5 laws were kept."


def test_each_control_makes_a_new_run(live, seen):
    panel = explore("causal-broadcast", **SMALL)
    for control, value, expected in (
        (panel.seed, 9, make(9)),
        (panel.size, "4 nodes", make(9, 4)),
        (panel.faults, "n1 is cut off", make(9, 4, ALONE["n1 is cut off"])),
        (panel.seed, 12345, make(12345, 4, ALONE["n1 is cut off"])),
    ):
        count = len(seen)
        control.value = value
        assert len(seen) == count + 1
        (run,) = seen[-1][0].values()
        assert run.digest() == expected.digest()


def test_a_fork_is_shown_beside_its_run_at_the_step_where_they_part(live, seen):
    panel = explore("causal-broadcast", **SMALL)
    panel.step.value, panel.node.value = 9, "n2"
    assert list(seen[-1][0]) == ["seed 1, 3 nodes, no fault"]
    panel.move.value = "crashes"
    runs, _, show = seen[-1]
    other = fork(make(1), 9, Crash(0, "n2"))
    assert list(runs) == ["seed 1, 3 nodes, no fault", "after step 9 n2 crashes"]
    assert [run.digest() for run in runs.values()] == [make(1).digest(), other.digest()]
    assert show == {"beside": True, "at": 10}
    assert "In the fork, step 10 is the first that differs." in said(panel)
    panel.seed.value = 2
    assert [run.digest() for run in seen[-1][0].values()] == [
        make(2).digest(), fork(make(2), 9, Crash(0, "n2")).digest(),
    ]  # fmt: skip
    panel.move.value = STAYS
    assert len(seen[-1][0]) == 1


@pytest.mark.parametrize("move", MOVES)
@pytest.mark.parametrize("system", ["causal-broadcast", "lamport-clock"])
def test_everything_that_can_happen_to_a_node_can_be_chosen_and_nothing_else(live, seen, move, system):
    panel = explore(system, **SMALL)
    restarts = systems.find(system).restarts
    assert panel.move.options == (STAYS, *(m for m in MOVES if restarts or m != RETURNS))
    if move in panel.move.options:
        panel.move.value = move
        assert "cannot be made" not in said(panel)
        changes = move in ("crashes", "is paused", "is cut off from all others", "no longer hears the others")
        assert ("is the first that differs" in said(panel)) == changes
        assert ("The fork changes nothing" in said(panel)) != changes
        assert len(seen[-1][0]) == (2 if changes else 1)


def test_the_controls_of_a_fork_offer_the_steps_and_nodes_of_the_run(live, seen):
    panel = explore("causal-broadcast", **SMALL)
    first = make(1)
    assert (panel.step.min, panel.step.max) == (1, last_before_healing(first))
    assert panel.step.value == (panel.step.max + 1) // 2
    assert panel.node.options == ("n1", "n2", "n3")
    panel.node.value = "n3"
    panel.step.value = panel.step.max
    panel.move.value = "is paused"
    panel.size.value = "4 nodes"
    assert (panel.node.options, panel.node.value) == (("n1", "n2", "n3", "n4"), "n3")
    assert panel.step.max == last_before_healing(make(1, 4))
    panel.node.value = "n4"
    count = len(seen)
    panel.size.value = "3 nodes"
    assert len(seen) == count + 1  # what the controls change themselves makes no run
    assert panel.node.value == "n1"  # n4 is not there any more
    assert panel.step.value <= panel.step.max
    assert "cannot be made" not in said(panel)


def test_every_control_has_a_label_and_only_those_that_offer_a_choice_are_there(live, seen):
    whole = explore("causal-broadcast", **SMALL)
    assert [c.description for c in whole.controls] == [
        "Seed",
        "Nodes",
        "Faults",
        "After step",
        "Node",
        "What it does",
    ]
    assert all(c.tooltip for c in whole.controls)
    assert all(c.style.description_width == "initial" for c in whole.controls)
    few = explore("causal-broadcast", **SMALL | {"nodes": (3,), "faults": {"calm": ()}}, fork=False)
    assert few.controls == (few.seed,)
    inside = [widget for row in few.box.children for widget in getattr(row, "children", [row])]
    assert inside == [few.seed, few.says, few.output]


def test_a_run_that_cannot_be_forked_shows_no_controls_for_it(live, seen):
    import dataclasses

    def mine(seed, nodes, faults):
        trace = make(seed)
        driver = Map({"kind": "runtime"}) if seed == 7 else trace.header.driver
        return dataclasses.replace(trace, header=dataclasses.replace(trace.header, driver=driver))

    panel = explore(mine, name="fig-x", alt="x")
    forks = (panel.step, panel.node, panel.move)
    assert [control.layout.display for control in forks] == [None] * 3
    panel.move.value = "crashes"
    panel.seed.value = 7
    assert [control.layout.display for control in forks] == ["none"] * 3
    assert panel.move.value == STAYS
    panel.seed.value = 8
    assert [control.layout.display for control in forks] == [None] * 3
    assert panel.move.options[1:] == tuple(m for m in MOVES if m != RETURNS)


def test_an_error_is_one_sentence_and_no_picture_of_another_run_stays(live, seen):
    def mine(seed, nodes, faults):
        if seed == 7:
            raise KeyError("seven\nis bad <b>")
        return make(seed, script=(Crash(5, "n9"),) if seed == 8 else ())

    panel = explore(mine, name="fig-x", alt="x")
    panel.seed.value = 7
    assert said(panel) == "This run cannot be made: KeyError: &#x27;seven\\nis bad &lt;b&gt;&#x27;"
    assert panel.output.outputs == ()
    panel.seed.value = 8
    assert said(panel).startswith("This run cannot be made: Crash.node must be one of n1, n2, n3")
    panel.seed.value = 3
    assert said(panel).endswith("steps. All 5 laws were kept.")
    assert len(panel.output.outputs) == 1


def test_no_run_is_longer_than_the_bound_whatever_the_reader_chooses(live, seen):
    panel = explore("causal-broadcast", **SMALL, steps_max=50)
    assert len(make(1)) > 50
    assert len(next(iter(seen[-1][0].values()))) == 50
    assert (
        said(panel)
        == "50 steps. All 5 laws were kept, as far as the run went: it stopped at its budget of steps."
    )
    mine = explore(lambda seed, nodes, faults: make(seed), name="fig-x", alt="x", steps_max=50)
    assert re.search(r"the run has \d+ steps, and a figure like this one shows at most 50$", said(mine))
    panel.seed.value = 10**30
    assert panel.seed.value == SEED_MOST
    assert "cannot be made" not in said(panel)


def test_a_tour_stands_only_where_the_first_run_is(live, seen):
    show = {"tour": ("stop",), "at": 4, "last": 12, "without": ("Ack",)}
    panel = explore("causal-broadcast", **SMALL, show=show)
    assert seen[-1][2] == show
    panel.seed.value = 2
    assert seen[-1][2] == {"last": 12, "without": ("Ack",)}
    panel.step.value, panel.move.value = 11, "crashes"
    assert seen[-1][2] == {"last": 22, "without": ("Ack",), "beside": True, "at": 12}
    panel.seed.value = 1
    assert seen[-1][2]["tour"] == ("stop",)


def test_a_front_end_without_widgets_still_gets_the_figure(live, seen):
    panel = explore("causal-broadcast", **SMALL)
    shown = panel._repr_mimebundle_()
    assert shown["text/html"] == "<p>picture</p>"
    assert shown[WIDGET]["model_id"] == panel.box.model_id


def test_choices_can_be_used_without_any_control():
    chosen = choices("causal-broadcast", **USUAL)
    assert chosen.first() == (1, "3 nodes", "no fault")
    assert chosen.run(5, "3 nodes", "no fault").digest() == make(5).digest()
    assert chosen.label(5, "3 nodes", "no fault") == "seed 5, no fault"
    request = Request(0, "n1", next(s.event.message for s in make(1) if s.kind == "invoke"))
    assert chosen.forked(make(1), 5, (request,)).step(6).kind == "invoke"
    with pytest.raises(DistsysError, match="at_step must be at most"):
        chosen.forked(make(1), 10**6, (request,))


# In a real kernel.

CELLS = (
    "from distsys import MS\nfrom distsys.views.controls import explore",
    "shown = explore('causal-broadcast', name='fig-x', alt='A run.', seeds=(1, 2), until=60 * MS, settle=1500 * MS)\n"
    "shown",
    "shown.seed.value, shown.move.value = 9, 'crashes'\nshown.says.value" ,
)  # fmt: skip


def executed(static: bool, cells: tuple[str, ...]) -> nbformat.NotebookNode:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    environment = {name: value for name, value in os.environ.items() if name != "DISTSYS_STATIC"}
    environment |= {"PYTHONPATH": str(ROOT / "src")} | ({"DISTSYS_STATIC": "1"} if static else {})
    NotebookClient(notebook, timeout=120, kernel_name="python3").execute(env=environment)
    return notebook


def test_a_kernel_of_a_page_outputs_no_widget():
    notebook = executed(True, CELLS[:2])
    (output,) = notebook.cells[1].outputs
    assert set(output.data) == {"text/html", "text/plain"}
    assert "widgets" not in notebook.metadata
    assert "2 runs" not in output.data["text/html"]  # two seeds and the usual fork
    assert "Choose among 3 runs" in output.data["text/html"]


def test_a_live_kernel_outputs_controls_and_answers_to_them():
    notebook = executed(False, CELLS)
    (output,) = notebook.cells[1].outputs
    assert WIDGET in output.data
    assert "text/html" in output.data
    states = notebook.metadata.widgets["application/vnd.jupyter.widget-state+json"]["state"].values()
    labels = {entry["state"].get("description") for entry in states}
    assert {"Seed", "After step", "Node", "What it does"} <= labels
    assert "is the first that differs" in notebook.cells[2].outputs[0].data["text/plain"]
