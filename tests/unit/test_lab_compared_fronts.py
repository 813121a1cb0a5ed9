"""One front: what the page shows of three protocols under one script, and that the verdict is no formality."""

from collections import Counter

import pytest

from distsys import S, simulate
from distsys.core.errors import ArgumentError, UnknownNameError
from distsys.core.events import Send
from distsys.lab.compared_fronts import SERVICES, cluster_of, front, judged
from distsys.lab.compared_runs import SYSTEMS


def test_the_systems_are_those_of_the_page():
    assert all(list(protocols) == list(SYSTEMS) for protocols in SERVICES.values())


@pytest.mark.parametrize("seed", [2, 5])
def test_one_script_drives_all_and_each_history_is_linearizable(seed):
    runs = {(name, service): front(name, service, seed=seed) for name in SYSTEMS for service in SERVICES}
    assert len({run.header.driver["script"] for run in runs.values()}) == 1
    assert len({run.header.driver["network"] for run in runs.values()}) == 1
    for run in runs.values():
        assert (run.violation, judged(run).verdict) == (None, "linearizable")
        assert judged(run).answered + judged(run).unknown == 2 * 12


@pytest.mark.parametrize("name", SYSTEMS)
def test_what_the_service_is_makes_no_difference_to_the_protocol(name):
    store, locks = (front(name, service, seed=2) for service in SERVICES)
    assert judged(store) == judged(locks)
    assert [(step.kind, step.node, step.at) for step in store] == [
        (step.kind, step.node, step.at) for step in locks
    ]


def test_the_script_of_the_page_does_what_the_page_says():
    driver = front("Zab", seed=2).header.driver
    kinds = Counter(type(action).__name__ for action in driver["script"])
    assert (kinds["Partition"], kinds["Crash"], kinds["Pause"]) == (24, 4, 4)
    assert (driver["network"].loss_ppm, driver["until"]) == (300_000, 5 * S)


def test_messages_are_those_between_servers_while_there_are_faults():
    trace = front("Raft", seed=2)
    sent = [
        (step.node, effect.to, step.at)
        for step in trace
        for effect in step.effects[: step.kept]
        if isinstance(effect, Send)
    ]
    early = [(sender, to) for sender, to, at in sent if at < trace.header.driver["until"]]
    clients = [pair for pair in early if "c1" in pair or "c2" in pair]
    assert judged(trace).messages == len(early) - len(clients)
    assert len(sent) > len(early) > len(clients) > 0


def test_a_store_that_is_wrong_is_told_from_one_that_is_right():
    assert judged(simulate("raft-kv", 7, mutant="RAFT-15")).verdict == "not linearizable"


def test_an_unknown_name_is_answered_with_those_there_are():
    with pytest.raises(
        UnknownNameError, match="service must be one of key-value store, locks, but it is 'q'"
    ):
        cluster_of("Raft", "q")
    with pytest.raises(
        UnknownNameError, match="protocol must be one of Raft, Multi-Paxos, Zab, but it is 'VR'"
    ):
        front("VR", seed=1)
    with pytest.raises(ArgumentError, match="whose clients record a history"):
        judged(simulate("raft", 1))
