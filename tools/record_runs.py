"""Record the stories of `lab/real_runs.py` in real processes. So lab/data/run-*.jsonl were made.

    .venv/bin/python tools/record_runs.py                    all of them, into src/distsys/lab/data
    .venv/bin/python tools/record_runs.py leader-killed      one of them

A run is real: nobody can repeat it to the byte. What is recorded is replayed before it is written, and its history is
judged. The header says on which day it was made, and on what kind of machine.
"""

import argparse
import dataclasses
import datetime
import os
import platform
import tempfile

from distsys import replay
from distsys.checkers import History, linearizable
from distsys.core.operations import Operation
from distsys.core.trace import Trace
from distsys.lab import real_runs
from distsys.serve import processes


def machine() -> str:
    """Return what kind of machine this is."""
    kind = f"{platform.system()} on {platform.machine()}, {os.cpu_count()} processors"
    return f"{kind}, {platform.python_implementation()} {platform.python_version()}"


def record(name: str) -> Trace:
    """Tell one story, and return its run."""
    story, mutant = real_runs.STORIES[name]
    history: list[Operation] = []
    with (
        tempfile.TemporaryDirectory() as folder,
        processes("raft-kv", folder=folder, record=True, mutant=mutant, options=real_runs.QUICK) as cluster,
    ):
        story(cluster, history)
        cluster.stop()
        trace = cluster.trace(history)
    made = {"date": datetime.datetime.now(datetime.UTC).date().isoformat(), "machine": machine()}
    driver = trace.header.driver.update(made)
    return dataclasses.replace(trace, header=dataclasses.replace(trace.header, driver=driver))


def main() -> None:
    """Record what is asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(real_runs.STORIES)}")
    for name in parser.parse_args().names or real_runs.STORIES:
        trace = record(name)
        assert replay(trace) == trace, "it does not replay"
        verdict = linearizable(History.of(trace), "key-value")
        path = trace.save(real_runs.FOLDER / f"run-{name}.jsonl")
        print(
            f"{path.name}: {len(trace)} steps, {trace.ended}, broken {trace.violations}, {verdict.outcome.value}"
        )


if __name__ == "__main__":
    main()
