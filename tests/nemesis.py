"""A served cluster under clients and faults: what the clients saw, and a nemesis whose faults are drawn from a seed."""

import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path

from distsys.core.canonical import parse, value_of
from distsys.core.dice import Dice, derive
from distsys.core.operations import OK, Operation

PATIENCE_S = 120
HERE = Path(__file__).parent
SOURCES = ":".join(str(HERE.parent / folder) for folder in ("src", "tools"))


class Clients:
    """The clients, in a process of their own. `more(n)` returns when n more operations have been acknowledged.

    script  a file beside this one, "etcd_load.py" or "zookeeper_load.py", which is told a seed and the addresses
    more    is told to it as well, as "name=value"
    """

    def __init__(self, script, cluster, seed, **more):
        addresses = [cluster.addresses[name] for name in sorted(cluster.addresses)]
        self.said, self.acknowledged = [], 0
        self.counts = Counter()  # of the records of each kind
        self.news = threading.Condition()
        self.process = subprocess.Popen(
            [sys.executable, str(HERE / script), str(seed), *addresses,
             *(f"{name}={value}" for name, value in more.items())],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={"PYTHONPATH": SOURCES},
        )  # fmt: skip
        self.reader = threading.Thread(target=self.read)

    def read(self):
        for line in self.process.stdout:
            record = value_of(parse(line))
            with self.news:
                self.said.append(record)
                self.acknowledged += isinstance(record, Operation) and record.type == OK
                self.counts[type(record)] += 1
                self.news.notify_all()
        with self.news:
            self.acknowledged = -1  # the clients have ended
            self.news.notify_all()

    def __enter__(self):
        self.reader.start()
        return self

    def __exit__(self, *problem):
        if problem[0] is not None:
            self.process.kill()
        self.process.stdin.close()
        try:
            self.process.wait(PATIENCE_S)
        finally:
            self.process.kill()  # so that what reads from it ends in any case
            self.reader.join()
        self.process.stdout.close()
        if problem[0] is None:
            assert self.process.returncode == 0

    def until(self, enough):
        with self.news:
            assert self.news.wait_for(lambda: self.acknowledged < 0 or enough(), PATIENCE_S), "no progress"
        assert self.acknowledged >= 0, "the clients have ended"

    def more(self, count):
        wanted = self.acknowledged + count
        self.until(lambda: self.acknowledged >= wanted)


class Nemesis:
    """Does harm to a cluster while `clients` ask it; what comes next follows from the seed alone.

    calm, faulty  how many operations are acknowledged between two faults, and while one lasts
    """

    def __init__(self, cluster, clients, seed, *, calm=40, faulty=60):
        self.cluster, self.clients, self.calm, self.faulty = cluster, clients, calm, faulty
        self.dice = Dice(derive(seed, "nemesis"))

    def choose(self, among):
        chosen, self.dice = self.dice.choose(tuple(among))
        return chosen

    def leader(self):
        """Return a node that says that it leads, or any node while none does."""
        return (self.cluster.leaders() or [self.choose(sorted(self.cluster.addresses))])[0]

    def node(self):
        return self.choose(sorted(self.cluster.addresses))

    def follower(self):
        leader = self.leader()
        return self.choose(name for name in sorted(self.cluster.addresses) if name != leader)

    def kill_the_leader(self):
        self.cluster.kill_and_wait(self.leader())

    def kill_one(self):
        self.cluster.kill_and_wait(self.node())

    def kill_all(self):
        self.cluster.kill_and_wait(*sorted(self.cluster.addresses))

    def cut_off(self, alone):
        self.cluster.block([[alone], [name for name in self.cluster.addresses if name != alone]])
        self.clients.more(self.faulty)
        self.cluster.heal()

    def cut_off_the_leader(self):
        self.cut_off(self.leader())

    def cut_off_one(self):
        self.cut_off(self.node())

    def cut_off_a_follower(self):
        self.cut_off(self.follower())

    def pause(self, name):
        self.cluster.pause(name)
        self.clients.more(self.faulty)
        self.cluster.resume(name)

    def pause_the_leader(self):
        self.pause(self.leader())

    def pause_a_follower(self):
        self.pause(self.follower())

    def shuffled(self, names):
        order = []
        for left in range(len(names), 0, -1):
            place, self.dice = self.dice.below(left)
            order.append([name for name in names if name not in order][place])
        return order

    def strike(self, *faults):
        """Let faults happen one after the other, each after some more operations."""
        for fault in faults:
            self.clients.more(self.calm)
            getattr(self, fault)()
        self.clients.more(self.calm)


FAULTS = (
    "kill_the_leader", "kill_one", "kill_all", "cut_off_the_leader", "cut_off_one", "pause_the_leader"
)  # fmt: skip


def broken(findings):
    """Return the laws that do not hold, each with its evidence."""
    return {law: evidence for law, evidence in findings.items() if evidence is not None}
