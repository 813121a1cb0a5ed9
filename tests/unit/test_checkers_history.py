"""`History`: what it accepts, what it refuses and how, and that it reads back what it wrote."""

import pytest

from distsys.checkers import History, HistoryError
from distsys.core import Map, Operation
from distsys.core.errors import ArgumentTypeError, DistsysError
from distsys.core.events import Note, Output, Timeout
from distsys.core.trace import Header, Step, Trace


def op(process, type, f="get", key="x", value=None, at=0):
    return Operation(process, type, f, key, value, at)


def line(**fields):
    import json

    return json.dumps({"process": "c1", "type": "invoke", "f": "get", **fields}) + "\n"


def test_an_operation_is_an_invoke_and_its_end():
    history = History(
        [op("c1", "invoke", "put", value=1), op("c2", "invoke"), op("c1", "ok", "put"), op("c2", "ok")]
    )
    put, get = history.calls
    assert (put.process, put.f, put.key, put.asked, put.answer, put.type) == ("c1", "put", "x", 1, None, "ok")
    assert (put.start, put.end, get.start, get.end) == (1, 3, 2, 4)
    assert not put.before(get)
    assert not get.before(put)


def test_real_time_order_is_the_order_of_events_whatever_their_times_say():
    history = History(
        [op("c1", "invoke", at=9), op("c1", "ok", at=9), op("c2", "invoke", at=9), op("c2", "ok", at=1)]
    )
    first, second = history.calls
    assert first.before(second)
    assert not second.before(first)


@pytest.mark.parametrize("events", [[op("c1", "invoke")], [op("c1", "invoke"), op("c1", "info")]])
def test_an_invoke_that_never_ends_counts_as_info_and_stays_open_for_ever(events):
    (call,) = History(events).calls
    assert (call.type, call.end, call.known) == ("info", None, False)


def test_a_process_goes_on_after_ok_and_after_fail():
    events = [op("c1", "invoke"), op("c1", "fail"), op("c1", "invoke"), op("c1", "ok"), op("c1", "invoke")]
    assert [call.type for call in History(events).calls] == ["fail", "ok", "info"]


@pytest.mark.parametrize(
    ("events", "says"),
    [
        ([op("c1", "ok")], "event 1: process 'c1' ends 'get' with ok, but it has no open operation"),
        ([op("c1", "invoke"), op("c2", "ok")], "event 2: process 'c2' ends 'get'"),
        (
            [op("c1", "invoke"), op("c1", "invoke", "put")],
            "event 2: process 'c1' invokes 'put' while its",
        ),
        (
            [op("c1", "invoke"), op("c1", "ok", "put")],
            "event 2: f must be that of the invoke (event 1), ",
        ),
        (
            [op("c1", "invoke"), op("c1", "ok", key="y")],
            "event 2: key must be that of the invoke (event 1), 'x', but",
        ),
        (
            [op("c1", "invoke"), op("c1", "info"), op("c1", "invoke")],
            "event 3: process 'c1' goes on after its info (",
        ),
        (
            [op("c1", "invoke"), op("c1", "info"), op("c1", "ok")],
            "event 3: process 'c1' goes on after its info (",
        ),
        ([op("c1", "invoke"), op("c1", "ok"), op("c1", "ok")], "event 3: process 'c1' ends 'get' with ok"),
        ([op("", "invoke")], "event 1: process must be a text"),
        ([op("c1", "invoke", "")], "event 1: f must be a text"),
    ],
)
def test_a_malformed_history_is_refused_with_the_event_that_is_wrong(events, says):
    with pytest.raises(HistoryError) as caught:
        History(events)
    assert str(caught.value).startswith(says)


def test_what_is_no_operation_is_refused():
    with pytest.raises(ArgumentTypeError, match="number 2 is 'put' of type str"):
        History([op("c1", "invoke"), "put"])


# Files


FULL = [
    op("c1", "invoke", "cas", ("a", 1), (None, (2, b"x"))),
    op("c2", "invoke", "put", None, Map({"k": frozenset({1, 2})}), 2**60),
    op("c1", "ok", "cas", ("a", 1), True, 7),
    op("c2", "info", "put", None, 2**70),
    op("c3 \N{SNOWMAN}", "invoke", "read", 0, ""),
]


def test_what_is_written_reads_back_equal(tmp_path):
    history = History(FULL)
    assert History.load(history.save(tmp_path / "history.jsonl")) == history
    assert History.loads(history.lines()).operations == tuple(FULL)
    assert hash(History.loads(history.lines())) == hash(history)
    assert History.loads("") == History([]) != history


def test_a_history_can_be_written_by_hand():
    text = """
    # Two clients. A comment and an empty line are passed over.

    {"process": 0, "type": "invoke", "f": "cas", "value": [1, [2, 3]]}
    {"process": "1", "type": "invoke", "f": "read"}
    {"process": 0, "type": "ok", "f": "cas", "value": true, "at": 5}
    """
    cas, read = History.loads(text).calls
    assert (cas.process, cas.asked, cas.answer, cas.key) == ("0", (1, (2, 3)), True, None)
    assert read.process == "1"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("put x 1\n", "the history, line 1: not JSON"),
        ('{"process": "c1", "type": "invoke"}', "the history, line 1: f is missing"),
        ("[1]", "the history, line 1: a line must be an object"),
        (
            line() + "\n# two\n" + line(type="done"),
            "the history, line 4: type must be one of invoke, ok, fail, info",
        ),
        (line(type=["ok"]), "the history, line 1: type must be one of"),
        (line(proces="c1"), "the history, line 1: unknown field 'proces'"),
        (line(process=1.5), "the history, line 1: a number must be whole"),
        (line(process=True), "the history, line 1: process must be a text"),
        (line(process=None), "the history, line 1: process must be a text"),
        (line(f=3), "the history, line 1: f must be a text"),
        (line(at=-1), "the history, line 1: at must be whole microseconds"),
        (line(at="soon"), "the history, line 1: at must be whole microseconds"),
        (line(value=0.5), "the history, line 1: a number must be whole, but it is 0.5"),
        (line(value={"a": 1}), "the history, line 1: value: unknown tag"),
        (line(value={"$set": [["a"], 1]}) + line(), "the history, line 2: process 'c1' invokes 'get' while"),
        (line(value={"$": "nobody.Knows"}), "the history, line 1: value: unknown record"),
        (line() + "\n\n" + line(type="ok", key="y"), "the history, line 4: key must be that of the invoke"),
        ('{"process": "a", "process": "b"}', "the history, line 1: a key stands twice"),
        (line(value="x")[:-4], "the history, line 1: not JSON"),
        ("[" * 100_000, "the history, line 1: not JSON"),
        (b"\xff\xfe", "the history is not a history: it is not UTF-8"),
    ],
)
def test_a_malformed_file_is_refused_with_the_line_that_is_wrong(text, says):
    with pytest.raises(HistoryError) as caught:
        History.loads(text)
    assert str(caught.value).startswith(says)


def test_what_is_no_sequence_and_no_path_is_refused():
    with pytest.raises(
        ArgumentTypeError, match="operations must hold records of the class Operation, but it is 5"
    ):
        History(5)
    with pytest.raises(ArgumentTypeError, match="path must be the path of a file, but it is 5"):
        History.load(5)
    with pytest.raises(ArgumentTypeError, match="path must be the path of a file, but it is 5"):
        History([]).save(5)


def test_a_text_that_is_no_text_is_refused():
    with pytest.raises(ArgumentTypeError, match="text must be a str or bytes"):
        History.loads(7)


# Traces


def trace(*steps):
    header = Header("lamport-clock", Map(), None, 0, ("c1",), Map(), Map())
    return Trace(
        header,
        tuple(
            Step(n, n, "timeout", "c1", Timeout("t"), effects, kept)
            for n, (effects, kept) in enumerate(steps, 1)
        ),
    )


def test_the_history_of_a_run_is_what_its_nodes_output_and_a_crash_did_not_swallow():
    run = trace(
        ((Output("hello"), Output(op("c1", "invoke"))), 2),
        ((Note("x"), Output(op("c1", "ok", value=1)), Output(op("c1", "invoke"))), 2),
    )
    assert History.of(run).operations == (op("c1", "invoke"), op("c1", "ok", value=1))


def test_a_run_whose_operations_make_no_history_is_refused_with_the_step(tmp_path):
    run = trace(((Output(op("c1", "invoke")),), 1), ((), 0), ((Output(op("c1", "invoke")),), 1))
    with pytest.raises(
        HistoryError, match=r"step 3: process 'c1' invokes 'get' while its 'get' \(step 1\) is open"
    ):
        History.of(run)
    with pytest.raises(DistsysError, match="trace must be a Trace"):
        History.of("run.trace")


def test_a_saved_trace_is_read_as_its_history(tmp_path):
    run = trace(((Output(op("c1", "invoke")),), 1))
    assert History.load(run.save(tmp_path / "run.trace")) == History.of(run)


# Pictures


def test_a_history_draws_itself_as_intervals():
    history = History(
        [op("ann", "invoke", "put", value=1), op("bob", "invoke"), op("ann", "ok", "put"), op("bob", "ok", value=1),
         op("c", "invoke", "put", value=2)]
    )  # fmt: skip
    assert history.text() == ("ann |put x 1|\nbob   |get x -> 1|\nc                  |put x 2 -> ?~~")


def test_a_wide_picture_is_drawn_in_blocks_that_fit():
    events = [op("c1", kind, value=n) for n in range(20) for kind in ("invoke", "ok")]
    text = History(events).text(columns=40)
    assert max(map(len, text.splitlines())) <= 40
    assert text.count("\n\n") >= 5
    with pytest.raises(DistsysError, match="columns must be at least 20"):
        History(events).text(columns=3)


def test_a_history_says_what_it_is():
    history = History([op("c1", "invoke"), op("c1", "fail"), op("c2", "invoke")])
    assert repr(history) == "<History: 2 operations of 2 processes; 1 fail, 1 info>"
    assert repr(History([])) == "<History: 0 operations of 0 processes; empty>"
    assert len(history) == 3
    assert list(history) == list(history.operations)
