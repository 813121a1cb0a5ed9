"""Operations, quorums and lights of laws beside a diagram: the same record as in Python, by mouse and by keys."""

import json

import pytest

from axe import violations
from distsys import MS, simulate
from distsys.drivers import faults
from distsys.views import Placed, play
from distsys.views.calls import calls_of, faults_of, positioned
from player_pages import begun, opened, write_judged
from store_runs import in_order, store_run, with_faults

# Make all of the axis seen, so that nothing is left out for being far away.
WIDE = "f => { f.panel.querySelector('.axis').style.width = '8000px'; f.refresh(); }"


def cut_off():
    """Return a run with a cut, and a verdict that is made up to be shown: three in order, the next has no place."""
    script = (faults.Partition(600 * MS, (("n1", "c2"), ("n2", "n3", "c1"))),)
    trace = store_run(script, seed=7)
    calls = calls_of(positioned(trace))
    ended = sorted((call.stop, number) for number, call in enumerate(calls) if call.stop)
    return trace, Placed("ILLEGAL", tuple(number for _, number in ended[:3]), (ended[3][1],))


@pytest.fixture(scope="module")
def runs():
    trace, verdict = cut_off()
    return {"good": with_faults(seed=1), "bad": trace, "verdict": verdict}


@pytest.fixture(scope="module")
def address(tmp_path_factory, runs):
    good, bad = runs["good"], runs["bad"]
    return write_judged(
        tmp_path_factory.mktemp("page") / "judges.html",
        play(good, name="fig-good", alt="Good.", caption="Good.", panel="operations", verdict=in_order(good)),
        play(bad, name="fig-bad", alt="Bad.", caption="Bad.", panel="operations", verdict=runs["verdict"]),
        play(good, name="fig-quorums", alt="Quorums.", caption="Quorums.", panel="quorums"),
        play(
            {"good": good, "bad": bad}, name="fig-two", alt="Two.", caption="Two.", beside=True,
            verdict={"bad": runs["verdict"]},
        ),
    )  # fmt: skip


@pytest.fixture
def page(browser, address):
    page = opened(browser, address)
    yield page
    assert page.problems == []
    page.close()


def seek(figure, step):
    figure.evaluate("(figure, step) => figure.seekStep(step)", step)


def step_of(figure):
    return figure.evaluate("figure => figure.step()")


def lamp(figure, name):
    return figure.locator(".lamp", has_text=name)


# Operations.


def tags(figure):
    return figure.locator(".tag").evaluate_all("tags => tags.map(tag => tag.getAttribute('aria-label'))")


def expected(calls, found):
    places = {number: place for place, number in enumerate(found.order, 1)}
    for number, call in enumerate(calls):
        says = f"{call.label} by {call.process}, "
        says += f"steps {call.start} to {call.stop}" if call.stop else f"from step {call.start} on"
        under = (
            "no place"
            if number in found.stuck
            else {"ok": "", "fail": "failed", "info": "no answer"}[call.ending]
        )
        yield ", ".join(
            filter(None, (says, under, number in places and f"number {places[number]} in the order"))
        )


def test_each_operation_is_a_button_that_says_what_python_knows_of_it(page, runs):
    for name, trace, found in (
        ("fig-good", runs["good"], in_order(runs["good"])),
        ("fig-bad", runs["bad"], runs["verdict"]),
    ):
        figure = begun(page, name)
        figure.evaluate(WIDE)
        assert tags(figure) == list(expected(calls_of(positioned(trace)), found))


def test_the_faults_of_the_run_stand_on_the_same_axis(page, runs):
    figure = begun(page, "fig-good")
    figure.evaluate(WIDE)
    words = figure.locator(".axis text.fault").all_text_contents()
    assert words == [fault.words for fault in faults_of(runs["good"])]
    assert "n1 down" in words


def test_an_operation_leads_to_its_invoke_and_again_to_its_answer(page, runs):
    figure = begun(page, "fig-good")
    seek(figure, 1)
    call = next(call for call in calls_of(positioned(runs["good"])) if call.stop)
    tag = figure.locator(".tag[data-call='0']")
    tag.focus()
    tag.press("Enter")
    assert step_of(figure) == call.start
    tag.press("Enter")
    assert step_of(figure) == call.stop
    assert figure.evaluate("f => f.shadowRoot.activeElement.dataset.call") == "0"


def test_the_playhead_stands_between_the_columns_of_its_step(page, runs):
    figure, calls = begun(page, "fig-good"), calls_of(positioned(runs["good"]))
    x = "f => Number(f.shadowRoot.querySelector('.playhead').getAttribute('d').match(/M([\\d.]+)/)[1])"
    places = {}
    for step in sorted({*range(calls[0].start, calls[-1].start, 4), calls[0].start, calls[0].stop}):
        seek(figure, step)
        places[step] = figure.evaluate(x)
    assert list(places.values()) == sorted(set(places.values()))
    figure.evaluate("f => { f.shadowRoot.querySelector('.axis').scrollLeft = 0; }")
    first = figure.locator(".span").first.get_attribute("d")
    assert first.startswith(f"M{places[calls[0].start]:g} ")
    assert first.endswith(f"H{places[calls[0].stop]:g}")


def test_the_witness_has_a_point_inside_each_interval_and_goes_forward(page, runs):
    figure = begun(page, "fig-good")
    figure.evaluate(WIDE)
    plan = figure.locator(".point").evaluate_all(
        "all => all.map(point => Number(point.getAttribute('x')) + Number(point.getAttribute('width')) / 2)"
    )
    spans = figure.locator(".span").evaluate_all(
        "all => all.map(span => span.getAttribute('d').match(/[\\d.]+/g).map(Number))"
    )
    order = in_order(runs["good"]).order
    assert plan == sorted(plan)
    assert len(plan) == len(order) > 5
    for x, number in zip(plan, order, strict=True):
        assert spans[number][0] < x < spans[number][2]


def test_what_is_to_come_is_veiled_in_the_operations_too(page, runs):
    figure = begun(page, "fig-good")
    seek(figure, len(runs["good"]))
    assert not figure.locator(".axis .veil").get_attribute("d")
    seek(figure, 40)
    assert figure.locator(".axis .veil").get_attribute("d")


def test_an_illegal_history_says_what_has_no_place(page, runs):
    figure, calls = begun(page, "fig-bad"), calls_of(positioned(runs["bad"]))
    stuck = calls[runs["verdict"].stuck[0]]
    says = figure.locator(".panel p").first.inner_text()
    assert says == (
        f"Not linearizable: the longest order has 3 of {len(calls)} operations, and none of these can come next: "
        f"{stuck.label} by {stuck.process}."
    )
    figure.evaluate(WIDE)
    assert figure.locator(".span.stuck").count() == 1
    assert figure.locator(".axis text.lost").all_text_contents() == ["no place"]


def test_o_and_q_open_and_close_the_views(page):
    figure = begun(page, "fig-good")
    stage = figure.locator(".stage")
    for key, title in (("o", None), ("q", "Quorums"), ("o", "Operations"), ("Escape", None)):
        stage.press(key)
        assert figure.locator(".panel").is_visible() == bool(title)
        if title:
            assert figure.locator(".panel .bar b").inner_text() == title


@pytest.mark.parametrize(
    "scripts", [("judges", "trace"), ("trace", "judges"), ("judges", "judges", "trace", "judges")]
)
def test_the_two_scripts_may_come_in_any_order(browser, tmp_path, runs, scripts):
    figure = play(
        runs["good"], name="fig-good", alt="Good.", panel="operations", verdict=in_order(runs["good"])
    )
    page = opened(browser, write_judged(tmp_path / "order.html", figure, scripts=scripts))
    element = begun(page, "fig-good")
    assert element.locator("[data-panel=operations]").count() == 1
    assert element.locator(".tag").count() > 5
    assert page.problems == []
    page.close()


def test_a_figure_without_judges_is_left_alone(browser, tmp_path):
    from distsys.lab.scenarios import overtaking_reply

    page = opened(
        browser,
        write_judged(
            tmp_path / "plain.html", play(overtaking_reply(), name="fig-plain", alt="A.", panel="laws")
        ),
    )
    figure = begun(page, "fig-plain")
    assert figure.locator(".lamp, [data-panel=operations], [data-panel=quorums]").count() == 0
    assert figure.locator(".laws .light").first.inner_text() == "kept"
    page.close()


# Quorums.


def said(figure):
    return figure.locator(".panel p").all_inner_texts()


def truth(trace, step):
    """Return the leader of the highest term, who voted for it, and who holds its commit: a second reading."""
    from distsys.drivers.replay import replayed

    nodes = next(nodes for at, nodes, _ in replayed(trace) if at.number == step)
    leader = max(
        (node for node in nodes.values() if getattr(node, "role", None) and node.role.name == "LEADER"),
        key=lambda node: node.term,
    )
    servers = [name for name in nodes if name.startswith("n")]
    holds = [
        name for name in sorted(servers) if name == leader.name or leader.stored.get(name, 0) >= leader.commit
    ]
    return leader, sorted(leader.votes), holds


def test_the_quorums_at_a_step_are_those_of_the_nodes(page, runs):
    figure = begun(page, "fig-quorums")
    for step in (len(runs["good"]), 56):
        seek(figure, step)
        leader, votes, holds = truth(runs["good"], step)
        lines = said(figure)
        assert (
            f"{leader.name} has votes in term {leader.term}: {', '.join(votes)}. {len(votes)} of 3: a quorum."
            in lines[0]
        )
        assert (
            f"Entry {leader.commit} is held, as {leader.name} knows in term {leader.term}: {', '.join(holds)}."
            in lines[1]
        )
        both = [name for name in votes if name in holds]
        assert lines[2].strip() == f"In both: {', '.join(both)}."
        assert figure.locator(".circles .common").count() == len(both)
        assert figure.locator(".circles text", has_text="in both").count() == len(both)


def test_before_anybody_has_collected_anything_the_view_says_so(page):
    figure = begun(page, "fig-quorums")
    seek(figure, 1)
    assert said(figure) == ["Nobody has collected anything yet."]


def test_what_a_node_knew_before_it_fell_is_said_as_of_then(page, runs):
    figure = begun(page, "fig-quorums")
    crash = next(step for step in runs["good"] if step.kind == "crash")
    seek(figure, crash.number)
    assert all(f"(as {crash.node} knew it at step " in line for line in said(figure)[:2])
    assert figure.locator(".circles .gone").count() == 1


def test_another_term_and_another_entry_can_be_chosen(page):
    figure = begun(page, "fig-quorums")
    term, entry = figure.locator(".which select").all()
    term.select_option("1")
    assert "in term 1:" in said(figure)[0]
    entry.select_option("1")
    assert said(figure)[1].strip().startswith("Entry 1 is held")


def quorum_lines(browser, tmp_path, system, until, step):
    trace = simulate(system, seed=1, nodes=3, until=until * MS, settle=0)
    page = opened(
        browser,
        write_judged(tmp_path / "other.html", play(trace, name="fig-other", alt="A.", panel="quorums")),
    )
    figure = begun(page, "fig-other")
    seek(figure, step(trace))
    lines = [line.strip() for line in said(figure)]
    page.close()
    return lines


def test_while_the_configuration_changes_both_sets_of_voters_must_agree(browser, tmp_path):
    lines = quorum_lines(browser, tmp_path, "test-joint", 400, candidacy)
    assert lines == ["n1 has votes in term 1: n1. old 1 of 3, new 0 of 2: no quorum."]
    elected = quorum_lines(browser, tmp_path, "test-joint", 400, len)
    # Enough of the old three, and this toy leads with it; of the new two one is not enough.
    assert elected[0] == "n1 has votes in term 1: n1, n2. old 2 of 3, new 1 of 2: no quorum."


def candidacy(trace):
    return next(step.number for step in trace if step.kind == "timeout")


def test_another_protocol_that_declares_promises_and_acceptances_has_the_same_view(browser, tmp_path):
    assert quorum_lines(browser, tmp_path, "test-acceptors", 1, len) == [
        "n1 has promises for ballot 4: n1, n2. 2 of 3: a quorum.",
        "n1 has acceptances in ballot 4: n2, n3. 2 of 3: a quorum.",
        "In both: n2.",
    ]


# Lights.


def test_a_law_that_holds_finally_is_judged_at_the_end_and_not_before(page, runs):
    figure = begun(page, "fig-good")
    end = len(runs["good"])
    seek(figure, end - 1)
    assert lamp(figure, "one leader per term").text_content() == "one leader per term: holds"
    assert lamp(figure, "a leader at last").text_content() == "a leader at last: judged at the end"
    assert lamp(figure, "linearizable").text_content() == "linearizable: judged at the end"
    seek(figure, end)
    assert lamp(figure, "a leader at last").text_content() == "a leader at last: holds"
    assert lamp(figure, "linearizable").text_content() == "linearizable: holds"


def test_the_light_of_an_illegal_history_leads_to_what_has_no_place(page, runs):
    figure = begun(page, "fig-bad")
    stuck = calls_of(positioned(runs["bad"]))[runs["verdict"].stuck[0]]
    seek(figure, len(runs["bad"]))
    light = lamp(figure, "linearizable")
    assert light.text_content() == f"linearizable: broken since step {stuck.stop}"
    assert "broken" in light.get_attribute("class").split()
    light.click()
    assert step_of(figure) == stuck.stop


def test_a_broken_law_is_said_politely_and_a_click_leads_there(browser, tmp_path):
    from distsys.lab.scenarios import overtaking_reply

    trace = overtaking_reply("CB-01")
    page = opened(
        browser, write_judged(tmp_path / "broken.html", play(trace, name="fig-eager", alt="A.", lights=True))
    )
    figure, broken = begun(page, "fig-eager"), trace.violation
    status = figure.locator("[role=status]").first
    seek(figure, broken.step - 1)
    assert lamp(figure, broken.law).text_content() == f"{broken.law}: holds"
    assert status.text_content() == ""
    lamp(figure, broken.law).click()
    assert step_of(figure) == broken.step
    assert lamp(figure, broken.law).text_content() == f"{broken.law}: broken since step {broken.step}"
    assert status.text_content() == f"The law {broken.law} is broken."
    others = [law for law in trace.header.laws if law != broken.law]
    assert all(
        "holds" in lamp(figure, law).text_content() or "judged" in lamp(figure, law).text_content()
        for law in others
    )
    page.close()


def test_a_run_that_ended_early_says_which_law_was_never_judged(browser, tmp_path):
    trace = store_run(settle=0)
    page = opened(browser, write_judged(tmp_path / "early.html", play(trace, name="fig-early", alt="A.")))
    figure = begun(page, "fig-early")
    assert lamp(figure, "a leader at last").text_content() == "a leader at last: not judged in this run"
    page.close()


def test_beside_each_other_each_run_has_its_lights(page):
    figure = begun(page, "fig-two")
    names = figure.locator(".lamp").all_text_contents()
    assert sum(name.startswith("good: ") for name in names) == 2
    assert sum(name.startswith("bad: ") for name in names) == 3


def test_the_panel_of_laws_says_the_states_too(page, runs):
    figure = begun(page, "fig-bad")
    seek(figure, len(runs["bad"]) - 1)
    figure.locator("[data-panel=laws]").click()
    lights = figure.locator(".laws .light").all_inner_texts()
    assert lights == ["judged at the end", "holds", "judged at the end"]  # what will be broken stands first


# What a page must be.

COUNT = """([step]) => {
  const figure = document.querySelector('dist-trace'), watch = new MutationObserver(() => {}), counts = [];
  watch.observe(figure.shadowRoot, {subtree: true, childList: true, attributes: true, characterData: true});
  for (let i = 0; i < 60; i++) {
    figure.seek((step * (i + 1) * 7919) % figure.moments.length);
    counts.push(watch.takeRecords().length);
  }
  return Math.max(...counts);
}"""


@pytest.mark.parametrize("panel", ["operations", "quorums"])
def test_a_seek_changes_little_and_no_more_in_a_longer_run(browser, tmp_path, panel, record_property):
    most = []
    for seconds in (1, 3):
        trace = store_run(until=seconds * 1000 * MS)
        page = opened(
            browser,
            write_judged(tmp_path / f"{seconds}.html", play(trace, name="fig-long", alt="A.", panel=panel)),
        )
        begun(page, "fig-long")
        most.append(page.evaluate(COUNT, [1]))
        page.close()
    record_property(f"changes of the page in a seek with {panel}", most)
    assert max(most) <= 50
    assert most[1] <= 1.3 * most[0]


@pytest.fixture(scope="module")
def small(tmp_path_factory, runs):
    bad, good = runs["bad"], runs["good"]
    return write_judged(
        tmp_path_factory.mktemp("page") / "small.html",
        play(
            bad, name="fig-bad", alt="B.", caption="B.", last=80, panel="operations", verdict=runs["verdict"]
        ),
        play(good, name="fig-quorums", alt="Q.", caption="Q.", last=80, panel="quorums"),
    )


@pytest.mark.parametrize("width", [1280, 390, 320])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_in_the_views_and_nothing_scrolls_sideways(browser, small, theme, width):
    page = opened(browser, small, viewport={"width": width, "height": 900}, color_scheme=theme)
    for name in ("fig-bad", "fig-quorums"):
        seek(begun(page, name), 60)
    assert page.locator(".lamp").count() == 5
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.problems == []
    page.close()


def test_without_scripts_the_picture_of_the_operations_and_their_table_stay(browser, address):
    page = opened(browser, address, java_script_enabled=False)
    figure = page.locator("#fig-good")
    assert figure.locator("img").count() == 2
    assert all(image.is_visible() for image in figure.locator("img").all())
    assert "put x=1" in figure.locator("details").last.text_content()
    assert "put x=1" in page.locator("#fig-quorums details").first.text_content()
    page.close()


def test_hostile_texts_in_operations_are_shown_and_never_run(browser, tmp_path):
    from distsys.core import Map, Start
    from distsys.core.events import Output
    from distsys.core.operations import Operation
    from distsys.core.trace import Header, Step, Trace
    from distsys.core.values import EMPTY

    evil = "<img src=x onerror=\"document.title='run'\">"
    header = Header("test-store", Map({"nodes": 1}), None, 0, ("n1",), EMPTY, EMPTY)
    ends = tuple(Output(Operation(evil, kind, evil, evil, evil)) for kind in ("invoke", "ok"))
    trace = Trace(header, (Step(1, 0, "start", "n1", Start(0), ends, 2),))
    figure = play(trace, name="fig-evil", alt="A.", panel="operations", verdict=Placed("OK", (0,)))
    page = opened(browser, write_judged(tmp_path / "evil.html", figure))
    element = begun(page, "fig-evil")
    assert element.locator(".tag").count() == 1
    assert page.title() == "Figures"
    assert element.evaluate("f => f.shadowRoot.querySelectorAll('img, script').length") == 0
    assert page.problems == []
    page.close()


def test_what_the_judges_add_to_a_figure_is_small(runs):
    plain = play(runs["good"], name="fig-good", alt="A.")
    judged = play(runs["good"], name="fig-good", alt="A.", verdict=in_order(runs["good"]))
    extra = len(judged.data) - len(plain.data)
    assert 0 < extra < 400
    assert json.loads(plain.data)["judges"] == {"operations": True}
