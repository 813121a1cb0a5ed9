"""Real clients of a served ensemble, while its leader is killed and cut off: what they saw is judged."""

from distsys.serve import processes
from distsys.serve.zookeeper.exchanges import Refused
from distsys.serve.zookeeper.histories import judged
from distsys.services.zookeeper.witness import Told
from nemesis import Clients, Nemesis, broken


def test_what_clients_see_while_the_leader_is_killed_and_cut_off_keeps_every_promise(tmp_path):
    with (
        processes("zookeeper", folder=tmp_path / "d", options=("tick_ms=200",)) as cluster,
        Clients("zookeeper_load.py", cluster, seed=1) as clients,
    ):
        Nemesis(cluster, clients, seed=1, calm=15, faulty=20).strike("kill_the_leader", "cut_off_the_leader")
        clients.until(lambda: clients.counts[Refused] and clients.counts[Told])
    assert broken(judged(clients.said)) == {}
