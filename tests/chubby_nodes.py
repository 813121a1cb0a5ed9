"""A cell of one replica, and a client library, each driven by hand, with a clock that the test sets."""

from distsys import MS
from distsys.core import Deliver, Note, Output, Send, Start, Timeout
from distsys.services.chubby import calls
from distsys.services.chubby.library import Library
from distsys.services.chubby.server import ChubbyServer
from distsys.services.chubby.talk import Answer, Ask, KeepAlive, KeptAlive

LEASE, HOLD = 1_000, 250


class Bench:
    """A node, its clock in milliseconds, and what it has sent and output since the last look."""

    def __init__(self, node):
        self.node = node
        self.now = 0
        self.effects = []
        self.do(Start(1, 0))

    def do(self, event):
        self.effects += self.node.handle(event)

    def at(self, now_ms):
        self.now = now_ms * MS
        return self

    def deliver(self, sender, message):
        self.do(Deliver(sender, message, self.now))
        return self

    def fire(self, timer):
        self.do(Timeout(timer, self.now))
        return self

    def taken(self, kind):
        """Return what was done of one kind, and forget all that was done."""
        done, self.effects = self.effects, []
        return [effect for effect in done if isinstance(effect, kind)]

    def sent(self, kind=object):
        return [effect.message for effect in self.taken(Send) if isinstance(effect.message, kind)]

    def said(self):
        return [effect.value for effect in self.taken(Output)]

    def noted(self):
        return [effect.text for effect in self.taken(Note)]


class OneReplica(Bench):
    """The only replica of a cell, which is the master from 400 ms on."""

    def __init__(self, kind=ChubbyServer, disk=None, **settings):
        options = {"lease_ms": LEASE, "hold_ms": HOLD, "drift_ppm": 0, "election_ms": 400, **settings}
        more = {} if disk is None else {"disk": disk}
        super().__init__(kind("n1", **more, members=("n1",), **options))
        self.sequences = {}

    def become_master(self, now_ms=400):
        self.at(now_ms).fire("paxos/election")
        return self

    def tick(self, now_ms):
        """Renew the lease of the master, and let it act."""
        return self.at(now_ms).fire("paxos/heartbeat").fire("act")

    def begin(self, client, life=1):
        """Let a session begin, and return its name."""
        name = f"{client}.{life}"
        self.deliver(client, Ask(name, 0, 1, calls.BeginSession(client, life)))
        self.sequences[name] = 1
        return name

    def ask(self, session, request, epoch=None):
        """Put a call of a session, and return the answers that came to anybody."""
        self.sequences[session] += 1
        self.taken(Send)
        epoch = self.node.serves if epoch is None else epoch
        self.deliver(session.partition(".")[0], Ask(session, epoch, self.sequences[session], request))
        self.fire("act")
        return self.sent()

    def result(self, session, request):
        """Return the result of a call that is answered at once."""
        (answer,) = (m for m in self.ask(session, request) if isinstance(m, Answer) and m.session == session)
        return answer.result

    def open(self, session, path, **having):
        return self.result(session, calls.Open(path, having.pop("create", "file"), **having)).handle

    def keep_alive(self, session, number, seen=0, epoch=None):
        """Send a KeepAlive, and return the answers that came to anybody."""
        self.taken(Send)
        epoch = self.node.serves if epoch is None else epoch
        self.deliver(session.partition(".")[0], KeepAlive(session, epoch, number, seen))
        self.fire("act")
        return self.sent()


class Puppet(Library):
    """An application that does what a test says, and outputs what it hears."""

    def on_message(self, sender, message):
        if sender == "test":
            self.look_at_the_clock()
            method, *arguments = message
            getattr(self, method)(*arguments)
        else:
            super().on_message(sender, message)

    def on_session(self):
        self.output("begun")

    def on_result(self, request, result):
        self.output(("result", result))

    def on_read(self, path, contents, *, cached):
        self.output(("read", contents.contents, cached))

    def on_event(self, event):
        self.output(event)


class OneClient(Bench):
    """A client, which begins a session at 100 ms and hears of it at 150."""

    def __init__(self, kind=Puppet, **settings):
        options = {"lease_ms": LEASE, "grace_ms": 2_000, "drift_ppm": 0, **settings}
        super().__init__(kind("c1", servers=("n1", "n2"), **options))

    def does(self, method, *arguments):
        return self.deliver("test", (method, *arguments))

    def have_a_session(self):
        self.at(100).does("begin").at(150).begun()
        self.effects = []
        return self

    def begun(self, sequence=None):
        sequence = sequence or self.node.open.sequence
        return self.deliver("n1", Answer(self.node.session, 1, sequence, calls.Begun(1, LEASE * MS)))

    def kept_alive(self, number=1, held=0, events=(), epoch=1):
        return self.deliver("n1", KeptAlive("c1.1", epoch, number, held * MS, LEASE * MS, events))

    def answer(self, result, **having):
        ask = self.node.open
        return self.deliver("n1", Answer("c1.1", having.pop("epoch", 1), ask.sequence, result, **having))
