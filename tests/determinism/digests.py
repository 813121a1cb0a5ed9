"""Prints the digest of the trace of each seed in a range: python -m determinism.digests FIRST COUNT UNTIL_MS."""

import sys

from determinism import busy
from distsys.core import MS
from distsys.drivers import Swarm, simulate

if __name__ == "__main__":
    first, count, until = map(int, sys.argv[1:4])
    assert busy.BUSY.name == "busy"
    for seed in range(first, first + count):
        trace = simulate("busy", seed, swarm=Swarm(faults_max=2), until=until * MS, settle=until * MS // 2)
        print(seed, trace.digest(), len(trace), trace.ended, flush=True)
