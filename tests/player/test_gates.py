"""The weight of a figure, the work of a seek, and traces that are not what they should be."""

import gzip
import importlib.util
import json
from pathlib import Path
from statistics import mean

import pytest

import views_runs
from distsys import S, simulate
from distsys.views import play
from distsys.views.payload import as_json, payload
from log_runs import log_run
from player_pages import begun, opened, without_script, write_page

ROOT = Path(__file__).resolve().parents[2]
BROADCASTS = ("best-effort-broadcast", "reliable-broadcast", "causal-broadcast")
EVIL = "<img src=x onerror=alert(1)>"
HOSTILE = (
    "</script><script>document.title='run'</script>",
    "<img src=x onerror=\"document.title='run'\">",
    "<!--<script>",
)


def zipped(text):
    return len(gzip.compress(text.encode(), 9))


def extension(name):
    spec = importlib.util.spec_from_file_location(name, ROOT / "book" / "_ext" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# Weight.


KINDS = [
    ("trace", 24_000),
    ("ring", 24_000),
    ("stretch", 24_000),
    ("flp", 24_000),
    ("judges", 12_000),
    ("cells", 4_000),
]


@pytest.mark.parametrize(("kind", "most"), KINDS)
def test_the_script_of_a_figure_weighs_at_most_24_000_bytes_and_what_adds_to_it_less(
    kind, most, record_property
):
    if importlib.util.find_spec("minify") is None:
        pytest.skip("tdewolff-minify has no wheel for this machine")
    weight = zipped(extension("ds_player").small_script(kind))
    record_property("bytes of the script, gzipped", weight)
    assert weight <= most


@pytest.mark.parametrize("system", BROADCASTS)
def test_an_event_of_a_broadcast_weighs_at_most_100_bytes(system):
    traces = [simulate(system, seed=seed) for seed in range(10)]
    sizes = [len(as_json(payload(trace)).encode()) / len(trace) for trace in traces if len(trace) >= 50]
    assert len(sizes) > 5
    assert max(sizes) <= 100


def test_an_event_of_a_consensus_with_logs_weighs_at_most_250_bytes():
    trace = log_run(600)
    assert len(as_json(payload(trace)).encode()) / len(trace) <= 250


def test_a_figure_of_500_events_weighs_at_most_12_000_bytes():
    figure = play(log_run(500), name="fig-log", alt="A log.", caption="A log of 500 events.")
    assert zipped(without_script(figure)) <= 12_000


# Work.

COUNT = """([first, count]) => {
  const figure = document.querySelector('dist-trace');
  const watch = new MutationObserver(() => {});
  watch.observe(figure.shadowRoot, {subtree: true, childList: true, attributes: true, characterData: true});
  const counts = [];
  for (let i = 0; i < count; i++) {
    figure.seek((first * (i + 1) * 7919) % figure.moments.length);
    counts.push(watch.takeRecords().length);
  }
  return counts;
}"""


def mutations(browser, tmp_path, events):
    address = write_page(
        tmp_path / f"{events}.html", play(log_run(events), name="fig-log", alt="A.", panel="state")
    )
    page = opened(browser, address)
    begun(page, "fig-log")
    near, far = (page.evaluate(COUNT, [first, 200]) for first in (1, 389))
    page.close()
    return near, far


def test_a_seek_changes_little_and_no_more_in_a_longer_run(browser, tmp_path, record_property):
    small, large = mutations(browser, tmp_path, 500), mutations(browser, tmp_path, 2000)
    record_property(
        "changes of the page in a seek (most at 500, most at 2,000 events)",
        (max(map(max, small)), max(map(max, large))),
    )
    for few, many in zip(small, large, strict=True):
        assert max(few) <= 40
        assert max(many) <= 1.3 * max(few)
        assert mean(many) <= 1.3 * mean(few)


def test_the_page_holds_only_the_rows_near_the_cursor(browser, tmp_path):
    sizes = []
    for events in (500, 2000):
        page = opened(
            browser, write_page(tmp_path / f"{events}.html", play(log_run(events), name="fig-log", alt="A."))
        )
        figure = begun(page, "fig-log")
        figure.evaluate("figure => figure.seek(250)")
        sizes.append(figure.evaluate("figure => figure.shadowRoot.querySelectorAll('.field *').length"))
        page.close()
    assert sizes[1] <= 1.3 * sizes[0]


def test_a_figure_that_was_never_seen_has_done_nothing(browser, tmp_path):
    figures = [play(log_run(300), name=f"fig-{n}", alt="A.") for n in range(4)]
    page = opened(browser, write_page(tmp_path / "four.html", *figures))
    begun(page, "fig-0")
    assert page.evaluate("document.querySelector('#fig-3 dist-trace').panes") is None
    page.close()


# Traces that are not what they should be.


def edited(change):
    """Return the HTML of a figure whose data was changed by `change`."""
    figure = play(views_runs.broken(), name="fig-bad", alt="The still picture.", caption="A figure.")
    data = json.loads(figure.data)
    change(data["runs"][0]["data"])
    html = without_script(figure)
    return html.replace(figure.data, as_json(data))


def set_to(key, value):
    return lambda data: data.__setitem__(key, value)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (set_to("v", 2), "This trace is of version 2, not of version 1."),
        (set_to("kinds", ["start", EVIL]), f"Step 4 is of an unknown kind, {EVIL}"),
        (set_to("steps", []), "This trace holds no step."),
        (lambda data: data["steps"][5].__setitem__(3, 9999), "goes back to an effect that is not there"),
        (set_to("table", []), "Step 4 goes back to an effect that is not there"),
        (lambda data: data.pop("shapes"), "cannot be"),
    ],
    ids=["version", "kind", "empty", "cause", "table", "shapes"],
)  # fmt: skip
def test_a_bad_trace_gives_a_clear_message_above_the_still_picture(browser, tmp_path, change, says):
    page = opened(browser, write_page(tmp_path / "bad.html", edited(change)))
    figure = page.locator("#fig-bad")
    alert = figure.get_by_role("alert")
    alert.wait_for()
    assert says in alert.inner_text()
    assert "The still picture stands below." in alert.inner_text()
    assert figure.locator("img").is_visible()
    assert page.problems == []
    page.close()


def test_data_that_is_no_json_gives_a_message_too(browser, tmp_path):
    figure = play(views_runs.broken(), name="fig-bad", alt="The still picture.")
    page = opened(
        browser, write_page(tmp_path / "bad.html", without_script(figure).replace(figure.data, "{"))
    )
    assert "cannot be read" in page.locator("#fig-bad").get_by_role("alert").inner_text()
    assert page.locator("#fig-bad img").is_visible()
    page.close()


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_are_shown_and_never_run(browser, tmp_path, text):
    trace = views_runs.by_hand(text, name="n<b>2", evidence=text)
    figure = play(trace, name="fig-evil", alt=text, caption=text, title=text)
    page = opened(browser, write_page(tmp_path / "evil.html", figure))
    element = begun(page, "fig-evil")
    for panel in ("state", "details", "steps", "nodes", "laws", "share"):
        if element.locator(f"[data-panel={panel}]").count():
            element.locator(f"[data-panel={panel}]").click()
        for step in range(1, 6):
            element.evaluate("(figure, step) => figure.seekStep(step)", step)
    assert page.title() == "Figures"
    assert element.evaluate("f => f.shadowRoot.querySelectorAll('img, script').length") == 0
    assert text.split("<")[1].split(" ")[0][:4] in element.evaluate("f => f.sentences.join()")
    assert page.problems == []
    page.close()


def test_ten_thousand_events_can_be_played(browser, tmp_path):
    trace = simulate("membership", seed=7, until=22 * S, settle=24 * S)
    assert len(trace) >= 10_000
    page = opened(
        browser, write_page(tmp_path / "long.html", play(trace, name="fig-long", alt="A.", caption="Long."))
    )
    figure = begun(page, "fig-long")
    figure.locator(".stage").press("Home")
    assert figure.locator(".say").inner_text().startswith("Step 1, ")
    figure.locator(".stage").press("t")
    assert figure.locator("tr[aria-current=step]").get_attribute("data-step") == "1"
    assert figure.evaluate("figure => figure.shadowRoot.querySelectorAll('*').length") < 6000
    page.close()
