"""Any script at all: no internal error, one text, and what must hold of every run whatever the faults."""

from collections import Counter, defaultdict

from hypothesis import given, settings
from hypothesis import strategies as st

from determinism import busy
from distsys.core import EMPTY, MS, Deliver, Persist, Send, Start, Trace, systems
from distsys.core.systems import Request
from distsys.drivers import (
    ClockStep,
    Crash,
    Cut,
    DiskFree,
    DiskFull,
    Exponential,
    Heal,
    HeavyTail,
    Partition,
    Pause,
    Restart,
    Resume,
    SetLink,
    Simulator,
    Skew,
    Stall,
    Unstall,
    Wipe,
    link,
    replay,
    resimulate,
)

NAMES = ("n1", "n2", "n3")
UNTIL, SETTLE = 60 * MS, 20 * MS
TIMES = st.integers(0, 30).map(lambda n: n * 2 * MS) | st.integers(0, UNTIL)
NODES = st.sampled_from(NAMES)
DELAYS = st.sampled_from([0, 1 * MS, (0, 9 * MS), (5 * MS, 30 * MS), Exponential(3 * MS), HeavyTail(1 * MS)])
RATES = st.sampled_from([0.0, 0.0, 0.2, 0.9])


@st.composite
def links(draw, fifo=None):
    ordered = draw(st.booleans()) if fifo is None else fifo
    return link(
        delay=draw(DELAYS),
        loss=draw(RATES),
        duplicate=draw(RATES),
        reorder=0.0 if ordered else draw(RATES),
        fifo=ordered,
        bytes_per_second=draw(st.sampled_from([0, 0, 20_000])),
    )


PAIRS = st.permutations(NAMES).map(lambda names: names[:2])
GROUPS = st.sampled_from(
    [(("n1",),), (("n1", "n2"),), (("n1",), ("n2",)), (("n1",), ("n2",), ("n3",)), (NAMES,), ()]
)
ACTIONS = st.one_of(
    *(
        st.builds(kind, TIMES, NODES)
        for kind in (Crash, Restart, Wipe, DiskFull, DiskFree, Pause, Resume, Stall, Unstall)
    ),
    st.builds(Crash, TIMES, NODES, st.integers(0, 5)),
    st.builds(Skew, TIMES, NODES, st.integers(-500_000, 1_000_000)),
    st.builds(ClockStep, TIMES, NODES, st.integers(-100 * MS, 100 * MS)),
    st.builds(Partition, TIMES, GROUPS),
    st.builds(lambda at, pair: Cut(at, *pair), TIMES, PAIRS),
    st.builds(Heal, TIMES),
    st.builds(lambda at, pair, way: SetLink(at, *pair, way), TIMES, PAIRS, st.none() | links()),
    st.builds(
        lambda at, node, way: SetLink(at, node, "*", way), TIMES, NODES | st.just("*"), st.none() | links()
    ),
    st.builds(Request, TIMES, NODES, st.sampled_from("abc").map(busy.Ask)),
)
SCRIPTS = st.lists(ACTIONS, max_size=14)
SERVICES = st.sampled_from([0, 0, 2 * MS, {"n1": 5 * MS}])


def simulator(script, network, seed=1, service=0, settle=SETTLE):
    cluster = systems.build("busy", nodes=3, asks=2)
    return Simulator(
        cluster,
        seed,
        network=network,
        script=script,
        until=UNTIL,
        settle=settle,
        service=service,
        steps_max=3000,
    )


def simulated(*arguments, **settings):
    return simulator(*arguments, **settings).run()


@settings(max_examples=60)
@given(SCRIPTS, links(), st.integers(0, 5), SERVICES, st.sampled_from([0, SETTLE]))
def test_any_script_runs_saves_loads_replays_and_runs_again_to_the_same_bytes(
    script, network, seed, service, settle
):
    trace = simulated(script, network, seed, service, settle)
    text = trace.text()
    loaded = Trace.loads(text)
    assert loaded == trace
    assert loaded.text() == replay(loaded).text() == resimulate(loaded).text() == text
    assert trace.ended in ("complete", "budget")
    assert trace.violations == () or trace.ended == "complete"


@settings(max_examples=60)
@given(SCRIPTS, links(), st.integers(0, 5), SERVICES)
def test_time_never_goes_back_and_causes_come_before_what_they_cause(script, network, seed, service):
    trace = simulated(script, network, seed, service)
    at = 0
    for step in trace:
        assert step.at >= at
        at = step.at
        if step.cause is not None:
            number, position = step.cause
            assert number < step.number
            before = trace.step(number)
            effect = before.effects[position]
            assert position < before.kept  # what was cut off by a crash has no consequences
            if step.kind == "deliver":
                assert (effect.to, before.node, effect.message) == (
                    step.node,
                    step.event.sender,
                    step.event.message,
                )
            if step.kind == "timeout":
                assert (before.node, effect.timer) == (step.node, step.event.timer)


@settings(max_examples=60)
@given(SCRIPTS, links(), st.integers(0, 5), SERVICES)
def test_a_node_that_is_down_or_paused_handles_nothing_and_disks_are_what_the_kept_persists_made(
    script, network, seed, service
):
    run = simulator(script, network, seed, service, settle=0)
    trace = run.run()
    up, paused, lives, disks = set(), set(), Counter(), defaultdict(lambda: EMPTY)
    for step in trace:
        node = step.node
        match step.kind:
            case "start" | "restart":
                assert node not in up
                up.add(node)
                lives[node] += 1
                assert isinstance(step.event, Start)
            case "crash":
                assert node in up
                up.discard(node)
                paused.discard(node)
            case "wipe":
                assert node not in up
                disks[node] = EMPTY
            case "pause":
                assert node in up - paused
                paused.add(node)
            case "resume":
                paused.remove(node)
        if step.event is not None:
            assert node in up
            assert node not in paused
        for effect in step.effects[: step.kept]:
            if isinstance(effect, Persist):
                disks[node] = disks[node].update(effect.changes)
    assert {name: host.disk for name, host in run.hosts.items()} == {name: disks[name] for name in NAMES}
    assert set(run.nodes) == up


@settings(max_examples=60)
@given(SCRIPTS, links(), st.integers(0, 5))
def test_a_message_arrives_once_or_once_more_for_its_copy_and_never_across_a_blocked_link(
    script, network, seed
):
    script = [
        action for action in script if not isinstance(action, (Pause, Stall))
    ]  # else it may wait and be late
    trace = simulated(script, network, seed)
    for _, _, send, ends in trace.messages():
        kinds = Counter(end.kind for end in ends)
        assert isinstance(send, Send)
        assert kinds["duplicate"] <= 1
        assert kinds["deliver"] + kinds["drop"] <= 1 + kinds["duplicate"]
    blocked: set[tuple[str, str]] = set()
    for step in trace:
        if step.kind == "partition":
            sides = step.detail["groups"]
            blocked |= {
                (a, b) for one in sides for other in sides if one != other for a in one for b in other
            }
        elif step.kind == "cut":
            blocked.add((step.node, step.detail["to"]))
        elif step.kind == "heal":
            blocked.clear()
        elif step.kind == "deliver":
            assert (step.event.sender, step.node) not in blocked
        elif step.kind == "drop" and step.detail["why"] == "partition":
            assert (step.detail["from"], step.detail["to"]) in blocked


@settings(max_examples=60)
@given(SCRIPTS, links(fifo=True), st.integers(0, 5), SERVICES)
def test_a_fifo_link_keeps_order_through_every_fault(script, network, seed, service):
    script = [action for action in script if not isinstance(action, (SetLink, Stall))]
    trace = simulated(script, network, seed, service)
    heal = next((s.number for s in trace if s.detail.get("phase") == "settle"), len(trace))
    last: dict[tuple[str, str], tuple[int, int]] = {}
    seen = set()
    for step in trace.steps[:heal]:
        if isinstance(step.event, Deliver) and step.cause is not None:
            key = (*step.cause, step.node)
            if key in seen:
                continue  # a copy of one that came before
            seen.add(key)
            link_of = (step.event.sender, step.node)
            assert last.get(link_of, (0, 0)) <= step.cause
            last[link_of] = step.cause


@settings(max_examples=40)
@given(SCRIPTS, st.integers(0, 5))
def test_after_healing_every_node_is_up_and_every_message_between_nodes_arrives(script, seed):
    trace = simulated(script, link(delay=1 * MS, loss=0.5), seed)
    heal = next(s.number for s in trace if s.detail.get("phase") == "settle")
    assert trace.violations == ()  # "all up" among them
    for step, _, send, ends in trace.messages():
        if step.number > heal and step.at < UNTIL + SETTLE - 2 * MS and send.to != step.node:
            assert [end.kind for end in ends] == ["deliver"]


@settings(max_examples=40)
@given(SCRIPTS, links(), st.integers(0, 5))
def test_the_order_in_which_a_script_is_written_matters_only_at_equal_times(script, network, seed):
    once = {action.at: action for action in script}
    ordered = sorted(once.values(), key=lambda action: action.at)
    texts = {
        simulated(order, network, seed).steps for order in (ordered, ordered[::-1], ordered[1:] + ordered[:1])
    }
    assert len(texts) == 1
