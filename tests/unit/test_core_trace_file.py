"""The file of a trace: it comes back byte for byte, and whatever is wrong with it is refused by its line."""

import hashlib
import json
from typing import Any

import pytest

from determinism import busy
from distsys.core import MS, Deliver, Map, Persist, Send, Trace, systems
from distsys.core.errors import ArgumentError, DistsysError, TraceError
from distsys.core.systems import Request
from distsys.core.trace import place_names
from distsys.drivers import Simulator, Swarm, during, faults, link, simulate

assert busy.BUSY.name == "busy"


def small() -> Trace:
    """Return a run of a few steps with a log, a stall, a crash, a loss and a duplicate in it."""
    return Simulator(
        systems.build("busy", nodes=2, asks=2),
        4,
        network=link(loss=0.2, duplicate=0.3),
        script=(
            *during(12 * MS, 22 * MS, faults.Stall, "n1"),
            faults.Crash(30 * MS, "n2", 1),
            faults.Wipe(40 * MS, "n2"),
        ),
        requests=[Request(at * MS, "n1", busy.Ask(f"w{at}")) for at in (2, 8, 20)],
        until=45 * MS,
        settle=20 * MS,
    ).run()


TEXT = small().text()
LINES = TEXT.splitlines()


def closed(lines: list[str], **end: Any) -> str:
    """Return the lines with a closing line that fits, as a forger would write it."""
    body = "\n".join(lines) + "\n"
    last = json.loads(LINES[-1]) | {"end": len(lines) - 1}
    del last["sha256"]
    last |= {key: value for key, value in end.items() if key != "sha256"}
    checksum = hashlib.sha256((body + canonical(last) + "\n").encode()).hexdigest()
    return body + canonical({**last, "sha256": checksum, **end}) + "\n"


def canonical(form: Any) -> str:
    return json.dumps(form, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def forged(number: int, **changes: Any) -> str:
    """Return the trace with fields of line `number` changed (None: taken out), and a checksum that fits."""
    lines = LINES[:-1]
    form = json.loads(lines[number - 1])
    for key, value in changes.items():
        form.pop(key, None)
        if value is not None:
            form[key] = value
    lines[number - 1] = canonical(form)
    return closed(lines)


def line_with(*words: str) -> int:
    return next(n for n, line in enumerate(LINES, 1) if n > 1 and all(word in line for word in words))


def refusal(text: str | bytes) -> str:
    with pytest.raises(TraceError) as caught:
        Trace.loads(text)
    assert isinstance(caught.value, ValueError)
    assert isinstance(caught.value, DistsysError)
    assert len(str(caught.value)) < 300 + len(", ".join(systems.names()))  # all systems are named
    return str(caught.value)


def test_a_trace_comes_back_byte_for_byte_and_value_for_value(tmp_path):
    trace = small()
    path = trace.save(tmp_path / "run.jsonl")
    again = Trace.load(path)
    assert again == trace
    assert path.read_bytes() == again.text().encode() == TEXT.encode()
    assert again.digest() == hashlib.sha256(TEXT.encode()).hexdigest()


@pytest.mark.parametrize("seed", range(6))
def test_a_trace_of_any_swarm_comes_back(seed):
    trace = simulate("busy", seed, swarm=Swarm(faults_max=2), until=60 * MS, settle=20 * MS)
    assert Trace.loads(trace.text()) == trace


def test_the_small_trace_has_what_the_format_makes_special():
    for part in (
        "$log+",
        '"kept":',
        '"$set"',
        '"$map"',
        '"$int"',
        '"kind":"duplicate"',
        '"kind":"wipe"',
        '"cause":',
    ):
        assert part in TEXT


def test_a_log_on_disk_is_written_by_what_changed():
    persisted = [line for line in LINES if '["log",{"$log' in line]
    assert sum("$log+" in line for line in persisted) >= 2
    whole = [step for step in small() for e in step.effects if isinstance(e, Persist) and "log" in e.changes]
    assert max(len(e.changes["log"]) for step in whole for e in step.effects if isinstance(e, Persist)) >= 3


def test_a_trace_cut_at_any_byte_is_refused():
    tiny = Simulator(systems.build("busy", nodes=1, asks=1), 2, until=12 * MS, settle=0).run()
    data = tiny.text().encode()
    assert len(tiny) >= 3
    for length in range(len(data)):
        with pytest.raises(TraceError):
            Trace.loads(data[:length])


def test_a_cut_trace_says_where_it_ends():
    assert "line 1: not a trace of distsys, or cut short" in refusal("")
    assert "line 1: not a trace of distsys, or cut short" in refusal(LINES[0][:100])
    assert "line 2: the file is cut short: the last line has no end" in refusal("\n".join(LINES[:2]))
    assert f"line {len(LINES) - 1}: the file is cut short: the closing line is missing" in refusal(
        "\n".join(LINES[:-1]) + "\n"
    )


def test_any_changed_byte_is_refused():
    data = TEXT.encode()
    for place in [*range(0, len(data) - 250, 97), *range(len(data) - 250, len(data))]:
        with pytest.raises(TraceError):
            Trace.loads(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])


@pytest.mark.parametrize(
    "text",
    ["{}\n{}\n{}\n", "[1]\n", "hello\n", "\n\n\n", '{"distsys":"novel"}\n', "PK\x03\x04",
     '{"a":NaN}\n', "\ufeff" + TEXT,
     "[" * 100_000, '{"distsys":' + "9" * 5000 + "}\n", "\x00" * 50],
    ids=["objects", "list", "words", "empty lines", "another", "zip", "nan", "bom", "deep", "huge number", "zeros"],
)  # fmt: skip
def test_a_foreign_file_is_refused_in_its_first_line(text):
    assert "line 1: not a trace of distsys" in refusal(text)


def test_a_file_that_is_no_text_is_refused():
    assert "it is not UTF-8 text (byte 3)" in refusal(b"abc\xff\xfe")


@pytest.mark.parametrize("version", [0, 2, "1", 1.5, None, [], True])
def test_another_version_is_refused_by_number(version):
    message = refusal(forged(1, version=version))
    assert "line 1: " in message
    if version != 1.5:
        assert "reads version 1" in message or "not in canonical form" in message


def test_a_missing_file_is_the_operating_system_s_to_tell(tmp_path):
    with pytest.raises(FileNotFoundError):
        Trace.load(tmp_path / "none.jsonl")


def test_an_edited_line_is_found_by_the_checksum():
    edited = TEXT.replace('"at":0,', '"at":0, ', 1)
    assert f"line {len(LINES)}: the checksum does not fit" in refusal(edited)


def test_a_line_that_is_missing_twice_or_out_of_order_is_named():
    lines = LINES[:-1]
    assert "line 5: the steps are numbered from 1 without gaps: 4 is due, but 5" in refusal(
        closed(lines[:4] + lines[5:])
    )
    assert "line 6: the steps are numbered from 1 without gaps: 5 is due, but 4" in refusal(
        closed([*lines[:5], lines[4], *lines[5:]])
    )
    assert f"line {len(LINES)}: the closing line counts 7 steps" in refusal(closed(lines, end=7))


PERSIST = {"$": "events.Persist", "changes": {"$map": [["log", {"$log+": [0, "a"]}]]}}
DELIVERY = line_with('"kind":"deliver"')
LAST = len(LINES) - 1


@pytest.mark.parametrize(
    ("number", "changes", "says"),
    [
        (2, {"kind": "party"}, "unknown kind of step 'party'"),
        (2, {"kind": []}, "not a step"),
        (2, {"kind": None}, "not a step"),
        (2, {"event": None}, "a step of the kind start has an event, but this one has none"),
        (2, {"event": 5}, "event must be a Start, Deliver or Timeout, but it is 5"),
        (2, {"event": {"$": "nobody.Knows"}}, "unknown record 'nobody.Knows'"),
        (2, {"at": -1}, "at must not go back"),
        (LAST, {"at": 0}, "at must not go back: the step before was at"),
        (2, {"at": "0"}, "at must be of type int, but it is '0'"),
        (2, {"at": False}, "at must be of type int, but it is False"),
        (2, {"at": None}, "not a step"),
        (2, {"i": True}, "not in canonical form"),
        (2, {"node": 5}, "node must be of type str, but it is 5"),
        (2, {"effects": "x"}, "effects must be of type list"),
        (2, {"effects": [5]}, "an effect must be one of Send, SetTimer, ..., but it is 5"),
        (2, {"effects": [{"$": "events.Persist"}]}, "not a step"),
        (2, {"effects": [PERSIST]}, "the log before"),
        (2, {"kept": 99}, "kept must be between 0 and the 2 effects, but it is 99"),
        (2, {"kept": -1}, "kept must be between 0"),
        (2, {"kept": True}, "kept must be of type int, but it is True"),
        (2, {"kept": 2}, "not in canonical form"),
        (2, {"more": 1}, "not in canonical form"),
        (2, {"detail": [1]}, "detail must be of type Map"),
        (DELIVERY, {"cause": [LAST, 0]}, "cause must be an earlier step"),
        (DELIVERY, {"cause": [1, 55]}, "cause must be an effect of step 1, but it is number 55"),
        (DELIVERY, {"cause": [0, 0]}, "cause must be an earlier step, but it is 0"),
        (DELIVERY, {"cause": [1]}, "not a step"),
        (DELIVERY, {"cause": 1}, "not a step"),
        (DELIVERY, {"cause": ["1", 0]}, "cause must be of type int"),
        (1, {"system": "no-such"}, "there is no system named 'no-such'"),
        (1, {"system": ["x"]}, "there is no system named"),
        (1, {"system": None}, "the header lacks 'system'"),
        (1, {"mutant": "XX-1"}, "busy has no mutant named 'XX-1'"),
        (1, {"options": [1]}, "options must be of type Map"),
        (1, {"seed": "7"}, "seed must be of type int"),
        (1, {"names": [1]}, "a name must be of type str"),
        (1, {"names": 3}, "not iterable"),
        (1, {"laws": [{}]}, "a law must be of type str"),
        (1, {"driver": 5}, "driver must be of type Map"),
        (1, {"declared": None}, "the header lacks 'declared'"),
        (1, {"more": 1}, "not in canonical form"),
    ],
    ids=lambda value: str(value)[:40],
)  # fmt: skip
def test_hostile_content_with_a_checksum_that_fits_is_refused_by_its_line(number, changes, says):
    message = refusal(forged(number, **changes))
    assert says in message
    assert f"line {number}: " in message


@pytest.mark.parametrize(
    ("end", "says"),
    [
        ({"violations": 5}, "not a closing line"),
        ({"violations": [5]}, "not a closing line"),
        (
            {"violations": [{"law": "x", "evidence": "y", "step": 10**6}]},
            "step of a violation must be between 0 and",
        ),
        ({"violations": [{"law": "x", "evidence": 5, "step": 1}]}, "evidence must be of type str"),
        ({"ended": 5}, "ended must be of type str"),
        ({"sha256": None}, "the checksum does not fit"),
        ({"more": 1}, "not in canonical form"),
    ],
    ids=str,
)
def test_a_closing_line_that_is_wrong_is_refused(end, says):
    message = refusal(closed(LINES[:-1], **end))
    assert says in message
    assert f"line {len(LINES)}: " in message


def test_a_text_that_no_file_can_hold_is_refused_when_the_trace_is_written():
    text = TEXT.replace('"w2"', '"\\ud800"', 1)
    assert "a text that is not valid Unicode" in refusal(closed(text.splitlines()[:-1]))


def test_a_deeply_nested_line_is_refused():
    lines = [*LINES[:2], '{"at":0,"detail":' + "[" * 3000 + "]" * 3000 + ',"i":2,"kind":"note"}']
    assert "line 3: " in refusal(closed(lines))


def test_line_ends_of_another_system_are_refused():
    assert "the checksum does not fit" in refusal(TEXT.replace("\n", "\r\n"))


# What a trace tells.


def test_steps_are_found_by_their_number_and_a_wrong_number_is_refused():
    trace = small()
    assert trace.step(1) is trace[0] is trace.steps[0]
    assert [step.number for step in trace] == list(range(1, len(trace) + 1))
    assert trace.slice(2, 4) == trace.steps[1:4]
    for number in (0, len(trace) + 1):
        with pytest.raises(ArgumentError, match="number must be at"):
            trace.step(number)
    with pytest.raises(DistsysError, match="number must be a whole number"):
        trace.step("1")  # type: ignore[arg-type]


def test_messages_tell_where_each_message_went():
    trace, ended = small(), set()
    for step, position, send, ends in trace.messages():
        assert trace.step(step.number).effects[position] == send
        assert isinstance(send, Send)
        for end in ends:
            assert end.cause == (step.number, position)
            ended.add(end.kind)
            if end.kind == "deliver":
                assert isinstance(end.event, Deliver)
                assert (end.node, end.event.sender, end.event.message) == (send.to, step.node, send.message)
    assert ended == {"deliver", "drop", "duplicate"}


def test_a_message_whose_send_was_cut_off_by_a_crash_was_never_sent():
    trace = small()
    cut = next(step for step in trace if step.kept < len(step.effects))
    assert all(position < cut.kept for step, position, _, _ in trace.messages() if step is cut)


def test_happened_before_is_the_transitive_closure_of_order_at_a_node_and_messages():
    trace = small()
    pairs = set()
    for b in trace:
        for a in trace.steps[: b.number - 1]:
            if a.event is None or b.event is None:
                continue
            if a.node == b.node or (b.cause and b.cause[0] == a.number and isinstance(b.event, Deliver)):
                pairs.add((a.number, b.number))
    while True:  # the definition itself, slowly
        more = {(a, d) for a, b in pairs for c, d in pairs if b == c} - pairs
        if not more:
            break
        pairs |= more
    assert {(a, b) for b, past in enumerate(trace.happened_before(), 1) for a in past} == pairs


def test_outputs_of_a_trace_are_those_that_were_kept():
    trace = small()
    expected: dict[str, list[Any]] = {name: [] for name in trace.header.names}
    for step in trace:
        for effect in step.effects[: step.kept]:
            if type(effect).__name__ == "Output":
                expected[step.node].append(effect.value)  # type: ignore[union-attr]
    assert trace.outputs() == {name: tuple(values) for name, values in expected.items()}
    assert any(expected.values())


def test_lanes_are_the_nodes_and_then_other_places_as_they_appear():
    assert place_names(small().header, small().steps) == ("n1", "n2")


def test_a_trace_says_in_one_line_what_it_is():
    assert repr(small()).startswith("<Trace busy, seed=4: ")
    assert repr(small()).endswith("steps, no violation of 3 laws>")


def test_the_header_holds_what_is_needed_to_run_again():
    head = small().header
    assert (head.system, head.mutant, head.seed, head.names) == ("busy", None, 4, ("n1", "n2"))
    assert head.options == Map({"nodes": 2, "asks": 2})
    assert head.laws == ("log is words", "steps", "all up")
    assert head.driver["kind"] == "simulator"
