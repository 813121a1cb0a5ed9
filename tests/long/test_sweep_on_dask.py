"""A sweep over a cluster of dask, here of two processes on this machine: the same result as with one worker."""

import pytest

from distsys import MS
from distsys.drivers import sweep

PHASES = {"until": 300 * MS, "settle": 500 * MS}


@pytest.mark.long
@pytest.mark.filterwarnings("default")
def test_the_executor_of_dask_gives_the_same_sweep():
    distributed = pytest.importorskip(
        "distributed", reason="dask is not installed: pip install distributed (see book/api-drivers.md)"
    )
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        far = sweep(
            "reliable-broadcast",
            range(100),
            mutant="RB-02",
            executor=client.get_executor(),
            workers=2,
            **PHASES,
        )
    assert far == sweep("reliable-broadcast", range(100), mutant="RB-02", workers=1, **PHASES)
    assert far.violations["no duplication"]
