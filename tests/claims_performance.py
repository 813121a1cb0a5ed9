"""What the page on performance says of its figures, held against their runs and measurements."""

from distsys.core.units import MS
from distsys.lab import measured_load
from distsys.lab.group_commit import Sync, closed_loop, run
from distsys.lab.scalability import fitted, medians, relative_errors


def group_commit():
    trace = run(4, until=45 * MS, judged=True)
    assert trace.violation is None
    syncs = [
        step.event.message.puts
        for step in trace
        if step.node == "disk" and step.kind == "deliver" and isinstance(step.event.message, Sync)
    ]
    assert [len(puts) for puts in syncs] == [1, 3, 1, 3, 1]
    assert [client for client, _ in syncs[0]] == ["c01"]
    assert [client for client, _ in syncs[1]] == ["c02", "c03", "c04"]


def latency_throughput():
    one, two, many = (closed_loop(n, sync_us=10 * MS, record_us=500) for n in (1, 2, 64))
    assert (round(one.puts_per_s), one.mean_ms) == (87, 11.5)
    assert (round(two.puts_per_s), round(two.mean_ms)) == (95, 21)
    assert (round(many.puts_per_s), round(many.mean_ms)) == (1231, 52)


def fitted_law():
    points = [(p["clients"], p["puts_per_s"]) for p in measured_load.throughput()["points"]]
    rates = [rate for _, rate in medians(points)]
    assert round(rates[0]) == 102
    assert 390 < max(rates) < 400
    assert max(map(abs, relative_errors(medians(points), fitted(medians(points))))) < 0.13


CLAIMS = {
    "fig-group-commit": group_commit,
    "fig-latency-throughput": latency_throughput,
    "fig-fitted-law": fitted_law,
}
