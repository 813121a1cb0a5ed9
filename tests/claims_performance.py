"""What the page on performance says of its figure, held against its run."""

from distsys.core.units import MS
from distsys.lab.group_commit import Sync, run


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


CLAIMS = {"fig-group-commit": group_commit}
