"""A small replicated log with elections, for tests of the views: roles, terms, logs with committed entries, disks.

It is no protocol of the book: it leaves out what makes consensus safe. It meets what a picture of consensus must show.
"""

import enum

from distsys.core import MS, Log, Node, record, systems
from distsys.core.systems import Request, System, alike
from distsys.core.values import EMPTY
from distsys.drivers import Simulator, faults, link


@record
class Role(enum.Enum):
    FOLLOWER = 1
    CANDIDATE = 2
    LEADER = 3


@record
class Entry:
    term: int
    command: str


@record
class Command:
    text: str


@record
class AskVote:
    term: int


@record
class Vote:
    term: int


@record
class Append:
    term: int
    previous: int
    entries: tuple[Entry, ...]
    commit: int


@record
class Stored:
    term: int
    last: int


class Replica(Node):
    declared = {"role": "role", "term": "term", "log": "log", "commit": "commit"}  # noqa: RUF012

    def __init__(self, name, disk=EMPTY, *, peers):
        super().__init__(name, disk)
        self.peers = peers
        self.term = disk.get("term", 0)
        self.log = disk.get("log", Log())
        self.role = Role.FOLLOWER
        self.commit = 0
        self.votes = frozenset()
        self.stored = EMPTY

    def on_start(self):
        self.set_timer("election", 150 * MS, 300 * MS)

    def on_timeout(self, timer):
        if timer == "heartbeat":
            self.tell_all()
            return
        self.role, self.term, self.votes = Role.CANDIDATE, self.term + 1, frozenset({self.name})
        self.persist(term=self.term)
        self.broadcast(self.peers, AskVote(self.term))
        self.set_timer("election", 150 * MS, 300 * MS)

    def tell_all(self):
        for peer in self.peers:
            known = self.stored.get(peer, 0)
            entries = self.log.slice(known + 1, self.log.last_index) if known < self.log.last_index else ()
            self.send(peer, Append(self.term, known, entries[:4], self.commit))
        self.set_timer("heartbeat", 50 * MS)

    def on_message(self, sender, message):
        if getattr(message, "term", 0) > self.term:
            self.term, self.role = message.term, Role.FOLLOWER
            self.persist(term=self.term)
        match message:
            case Command(text) if self.role is Role.LEADER:
                self.log = self.log.append(Entry(self.term, text))
                self.persist(log=self.log)
            case AskVote(term) if term == self.term and self.role is Role.FOLLOWER:
                self.send(sender, Vote(term))
                self.set_timer("election", 150 * MS, 300 * MS)
            case Vote(term) if term == self.term and self.role is Role.CANDIDATE:
                self.votes |= {sender}
                if len(self.votes) * 2 > len(self.peers) + 1:
                    self.role, self.stored = Role.LEADER, EMPTY
                    self.cancel_timer("election")
                    self.tell_all()
            case Append(term, previous, entries, commit) if term == self.term:
                self.on_append(sender, previous, entries, commit)
            case Stored(term, last) if term == self.term and self.role is Role.LEADER:
                self.stored = self.stored.set(sender, last)
                ranks = sorted([self.log.last_index, *(self.stored.get(peer, 0) for peer in self.peers)])
                self.commit = max(self.commit, ranks[(len(ranks) - 1) // 2])

    def on_append(self, sender, previous, entries, commit):
        self.set_timer("election", 150 * MS, 300 * MS)
        if previous <= self.log.last_index:
            if entries:
                self.log = self.log.truncate(previous).append(*entries)
                self.persist(log=self.log)
            self.commit = max(self.commit, min(commit, self.log.last_index))
        self.send(sender, Stored(self.term, self.log.last_index))


SYSTEM = systems.register(System("test-log", "Keeps a log.", {"process": Replica}, alike(), ()))


def log_run(steps_max=600, nodes=3, seed=1):
    """Return a run with elections, commands, a crash of the first leader and its return."""
    cluster = systems.build("test-log", nodes=nodes)
    commands = [Request(at * 20 * MS, f"n{1 + at % nodes}", Command(f"x={at}")) for at in range(15, 90)]
    f = faults
    script = (
        f.Crash(700 * MS, "n1"),
        f.Restart(1200 * MS, "n1"),
        f.Crash(1500 * MS, "n2"),
        f.Restart(1800 * MS, "n2"),
    )
    settings = {"network": link(delay=5 * MS), "script": script, "requests": commands, "until": 30_000 * MS}
    return Simulator(cluster, seed, **settings, settle=0, steps_max=steps_max).run()
