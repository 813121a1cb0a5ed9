"""Real clients of a served etcd, while its leader is killed and cut off: what they saw is judged."""

import pytest

pytest.importorskip("grpc")
pytest.importorskip("aetcd")

from distsys.serve import processes
from distsys.serve.etcd.histories import Ended, Guarded, judged
from nemesis import Clients, Nemesis, broken


def test_what_clients_see_while_the_leader_is_killed_and_cut_off_keeps_every_promise(tmp_path):
    with (
        processes("raft-etcd", folder=tmp_path) as cluster,
        Clients("etcd_load.py", cluster, seed=1) as clients,
    ):
        nemesis = Nemesis(cluster, clients, seed=1)
        nemesis.strike("kill_the_leader", "cut_off_the_leader")
        clients.until(lambda: clients.counts[Ended] and clients.counts[Guarded])
    assert broken(judged(clients.said)) == {}
