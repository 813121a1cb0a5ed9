"""What the page on shared memory says of its figures, held against their runs."""

from distsys.drivers import states
from distsys.lab import shared_memory_runs as runs
from distsys.models.cells import Answer


def happens(trace, number):
    """Return what a step of a cell is: its kind, the process, the cell and what is written or answered."""
    step = trace.step(number)
    message = step.event.message
    operation = getattr(message, "operation", message)
    answers = [
        effect.message.value for effect in step.effects if isinstance(getattr(effect, "message", 0), Answer)
    ]
    value = getattr(operation, "value", answers[0] if answers else None)
    return step.kind, step.event.sender, getattr(message, "cell", step.node), value


def at(trace, number):
    return {name: node.get("at") for name, node in states(trace)[number - 1].items() if "at" in node}


def lost():
    trace = runs.broken("adders")
    assert [happens(trace, number) for number in (4, 6, 8, 10)] == [
        ("read", "p1", "x", 0), ("read", "p2", "x", 0), ("write", "p1", "x", 1), ("write", "p2", "x", 1),
    ]  # fmt: skip
    assert (trace.violation.step, trace.violation.evidence) == (11, "2 increments are done, and x is 1")


def peterson():
    trace = runs.peterson()
    told = [happens(trace, number) for number in range(6, 26, 2)]
    assert told == [
        ("write", "p1", "flag-p1", True),
        ("write", "p2", "flag-p2", True),
        ("write", "p2", "turn", "p1"),
        ("write", "p1", "turn", "p2"),
        ("read", "p2", "flag-p1", True),
        ("read", "p2", "turn", "p2"),
        ("read", "p1", "flag-p2", True),
        ("read", "p1", "turn", "p2"),
        ("write", "p2", "flag-p2", False),
        ("read", "p1", "flag-p2", False),
    ]
    assert (at(trace, 17)["p2"], at(trace, 21)["p1"], at(trace, 25)["p1"]) == (
        "critical",
        "see_flag",
        "critical",
    )
    assert trace.violation is None


def turn_first():
    trace = runs.turn_first()
    assert [happens(trace, number) for number in range(6, 20, 2)] == [
        ("write", "p1", "turn", "p2"),
        ("write", "p2", "turn", "p1"),
        ("write", "p2", "flag-p2", True),
        ("read", "p2", "flag-p1", False),
        ("write", "p1", "flag-p1", True),
        ("read", "p1", "flag-p2", True),
        ("read", "p1", "turn", "p1"),
    ]
    assert at(trace, 13)["p2"] == "critical"
    assert (trace.violation.law, trace.violation.step, trace.header.mutant) == (
        "mutual exclusion",
        19,
        "MUTEX-01",
    )


def buffered():
    trace = runs.buffered()
    assert [happens(trace, number) for number in (8, 10, 13, 15, 17, 20)] == [
        ("write", "p1", "flag-p1", True),
        ("write", "p1", "turn", "p2"),
        ("read", "buffer-p1", "flag-p2", False),
        ("write", "p2", "flag-p2", True),
        ("write", "p2", "turn", "p1"),
        ("read", "buffer-p2", "flag-p1", False),
    ]
    assert [trace.step(number).node for number in (8, 10, 12, 15, 17, 19)] == ["buffer-p1"] * 3 + [
        "buffer-p2"
    ] * 3
    assert (at(trace, 14)["p1"], trace.violation.step) == ("critical", 21)
    held = states(trace)[-1]
    assert [len(held[name]["waiting"]) for name in ("buffer-p1", "buffer-p2")] == [2, 2]
    assert [held[name]["value"] for name in ("flag-p1", "flag-p2")] == [False, False]


def inversion():
    trace = runs.inversion()
    assert [happens(trace, number) for number in (4, 5, 7)] == [
        ("write", "writer", "x", 1), ("read", "reader", "x", 1), ("read", "reader", "x", 0),
    ]  # fmt: skip
    assert not [step for step in trace if step.kind == "timeout"], "the write has not ended"
    assert (trace.violation.law, trace.violation.step) == ("no new-old inversion", 8)


def three():
    trace = runs.three_by_test_and_set()
    assert [happens(trace, number) for number in range(8, 20, 2)] == [
        ("write", "p1", "input-p1", 1),
        ("write", "p2", "input-p2", 2),
        ("swap", "p2", "first", True),
        ("write", "p3", "input-p3", 3),
        ("swap", "p3", "first", True),
        ("read", "p3", "input-p1", 1),
    ]
    assert states(trace)[12]["p2"]["decided"] == 2
    assert (trace.violation.law, trace.violation.evidence) == ("agreement", "p2 decides 2 and p3 decides 1")


def starved():
    trace = runs.starved()
    assert [happens(trace, number)[:2] for number in (4, 6, 8, 10)] == [
        ("read", "p1"), ("read", "p2"), ("swap", "p2"), ("swap", "p1"),
    ]  # fmt: skip
    x = [shot["x"]["value"] if "x" in shot else None for shot in states(trace)]
    assert [x[number - 1] for number in (7, 8, 10, 16, 18, 24, 26)] == [0, 1, 1, 2, 2, 3, 3]
    assert len(trace) == 27
    assert runs.comes_back(4)


CLAIMS = {
    "fig-memory-lost": lost,
    "fig-memory-peterson": peterson,
    "fig-memory-turn-first": turn_first,
    "fig-memory-buffered": buffered,
    "fig-memory-inversion": inversion,
    "fig-memory-three": three,
    "fig-memory-starved": starved,
}
