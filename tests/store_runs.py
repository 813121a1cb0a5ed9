"""The replicated log of `log_runs` with clients that put and get, for tests of the views of operations and quorums.

A read is answered from what the leader has committed, without asking anybody: a leader that was cut off answers with
what was true before.
"""

from distsys.core import MS, law, record, systems
from distsys.core.laws import FINALLY
from distsys.core.node import Node
from distsys.core.operations import Operation
from distsys.core.systems import System, alike, peers_of
from distsys.core.values import EMPTY
from distsys.drivers import Simulator, faults, link
from distsys.views import Placed
from log_runs import AskVote, Entry, Replica, Role


@record
class Ask:
    number: int
    f: str
    value: int | None


@record
class Answer:
    number: int
    value: int | None


class Store(Replica):
    declared = {  # noqa: RUF012
        **Replica.declared, "vote": "vote", "votes": "votes", "match": "stored"
    }  # fmt: skip

    def __init__(self, name, disk=EMPTY, *, peers):
        super().__init__(name, disk, peers=peers)
        self.vote = None
        self.waiting = EMPTY  # index -> (client, number)

    def on_timeout(self, timer):
        super().on_timeout(timer)
        if timer == "election":
            self.vote = self.name

    def on_message(self, sender, message):
        if getattr(message, "term", 0) > self.term:
            self.vote, self.waiting = None, EMPTY
        match message:
            case Ask(number, "put", value) if self.role is Role.LEADER:
                self.log = self.log.append(Entry(self.term, f"x={value}"))
                self.persist(log=self.log)
                self.waiting = self.waiting.set(self.log.last_index, (sender, number))
            case Ask(number, "get", _) if self.role is Role.LEADER:
                done = self.log.slice(1, self.commit)
                self.send(sender, Answer(number, int(done[-1].command[2:]) if done else None))
            case AskVote(term) if term == self.term and self.vote not in (None, sender):
                pass
            case _:
                super().on_message(sender, message)
                if isinstance(message, AskVote) and message.term == self.term and self.role is Role.FOLLOWER:
                    self.vote = sender
        for index, (client, number) in self.waiting.items():
            if index <= self.commit:
                self.send(client, Answer(number, None))
                self.waiting = self.waiting.remove(index)


class Client(Node):
    """Asks one thing after another of the server it believes to lead; after 120 ms without an answer, of the next."""

    def __init__(self, name, disk=EMPTY, *, servers, puts):
        super().__init__(name, disk)
        self.servers, self.puts = servers, puts
        self.number, self.lives, self.place, self.busy = 0, 0, 0, False

    @property
    def process(self):
        return self.name if not self.lives else f"{self.name}.{self.lives + 1}"

    def operation(self, kind, value):
        f = "put" if self.puts else "get"
        self.output(Operation(self.process, kind, f, "x", value, self.now))

    def on_start(self):
        self.set_timer("next", 320 * MS, 340 * MS)

    def on_timeout(self, timer):
        if timer == "answer" and self.busy:
            self.operation("info", None)
            self.busy = False
            self.lives += 1
            self.place = (self.place + 1) % len(self.servers)
        self.number += 1
        value = self.number if self.puts else None
        self.operation("invoke", value)
        self.busy = True
        self.send(self.servers[self.place], Ask(self.number, "put" if self.puts else "get", value))
        self.set_timer("answer", 120 * MS)

    def on_message(self, sender, message):
        if self.busy and message.number == self.number:
            self.operation("ok", message.value)
            self.busy = False
            self.cancel_timer("answer")
            self.set_timer("next", 30 * MS, 110 * MS)


@law("one leader per term", "Two leaders never have the same term.")
def one_leader(world):
    terms = {}
    for name, node in world.nodes.items():
        if getattr(node, "role", None) is Role.LEADER:
            if node.term in terms:
                return f"{terms[node.term]} and {name} both lead term {node.term}"
            terms[node.term] = name
    return None


@law("a leader at last", "After the faults somebody leads.", when=FINALLY)
def a_leader(world):
    return (
        None
        if any(getattr(node, "role", None) is Role.LEADER for node in world.nodes.values())
        else "nobody leads"
    )


def members(names, options):
    servers = {name: ("server", {"peers": peers_of(name, names)}) for name in names}
    clients = {
        f"c{number}": ("client", {"servers": names, "puts": number == 1})
        for number in range(1, 1 + options["clients"])
    }
    return {**servers, **clients}


SYSTEM = systems.register(
    System(
        "test-store", "Keeps one value.", {"server": Store, "client": Client}, members, (one_leader, a_leader),
        options={"clients": 2}, clients=("client",), history="key-value",
    )
)  # fmt: skip


def store_run(script=(), until=900 * MS, settle=400 * MS, seed=1, clients=2, **settings):
    """Return a run of three servers and their clients."""
    cluster = systems.build("test-store", clients=clients)
    return Simulator(
        cluster, seed, network=link(delay=4 * MS), script=script, until=until, settle=settle, **settings
    ).run()


def with_faults(**settings):
    """Return a run in which the leader crashes, a server pauses and the network splits."""
    f = faults
    script = (
        f.Crash(500 * MS, "n1"),
        f.Pause(560 * MS, "n2"),
        f.Resume(580 * MS, "n2"),
        f.Restart(800 * MS, "n1"),
    )
    return store_run((*script, f.Partition(640 * MS, (("n1", "n3", "c1"), ("n2", "c2")))), **settings)


def in_order(trace):
    """Return a verdict that says OK, with the operations that were answered in the order of their ends."""
    from distsys.views.calls import calls_of, positioned

    calls = calls_of(positioned(trace))
    return Placed(
        "OK", tuple(n for _, n in sorted((call.stop, n) for n, call in enumerate(calls) if call.stop))
    )


class Joint(Store):
    """A server whose configuration changes: a majority of the old voters and one of the new must agree."""

    declared = {**Store.declared, "voters": "voters"}  # noqa: RUF012

    def __init__(self, name, disk=EMPTY, *, peers):
        super().__init__(name, disk, peers=peers)
        self.voters = (frozenset({"n1", "n2", "n3"}), ("n2", "n3"))


class Acceptor(Node):
    """A node of another protocol, in which n1 proposes: promises and acceptances instead of votes and matches."""

    declared = {"ballot": "ballot", "promises": "promises", "accepted": "accepted"}  # noqa: RUF012

    def __init__(self, name, disk=EMPTY, *, peers):
        super().__init__(name, disk)
        self.ballot, self.promises, self.accepted = 4, frozenset(), frozenset()

    def on_start(self):
        if self.name == "n1":
            self.promises, self.accepted = frozenset({"n1", "n2"}), frozenset({"n2", "n3"})


for name, kind in (("test-joint", Joint), ("test-acceptors", Acceptor)):
    systems.register(System(name, "For tests of quorums.", {"process": kind}, alike(), ()))
