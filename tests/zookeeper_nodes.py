"""Servers of ZooKeeper by hand: every message waits until it is delivered, dropped, or delivered twice."""

from itertools import count

from distsys.core import EMPTY, CancelTimer, Deliver, Send, SetTimer, Start, Timeout
from distsys.core.node import Inner
from distsys.services.zookeeper.requests import CreateRequest
from distsys.services.zookeeper.server import (
    Answered,
    Connect,
    Connected,
    HangUp,
    Hear,
    Noticed,
    Say,
    ZooKeeperServer,
)


class Ensemble:
    """A few servers that have elected n1, or whoever is the last; clients are names that only hear."""

    def __init__(self, *names, kind=ZooKeeperServer, **settings):
        self.names = names or ("n1",)
        settings = {"voters": self.names, "tick_ms": 100, **settings}
        self.nodes = {name: kind(name, EMPTY, **settings) for name in self.names}
        self.settings, self.kind = settings, kind
        self.mail = []  # (sender, to, message)
        self.timers = {name: set() for name in self.names}
        self.heard = {}
        self.now = 0
        for name in self.names:
            self.handle(name, Start(1))
        self.run()
        for name in self.names:
            self.fire(name, "zab/decide")
        self.run()
        self.leader = next(node for node in self.nodes.values() if node.serving and node.leads())

    def handle(self, name, event):
        effects = self.nodes[name].handle(event)
        for effect in effects:
            match effect:
                case Send(to, message):
                    if to in self.nodes:
                        self.mail.append((name, to, message))
                    else:
                        self.heard.setdefault(to, []).append(message)
                case SetTimer(timer):
                    self.timers[name].add(timer)
                case CancelTimer(timer):
                    self.timers[name].discard(timer)
        return effects

    def fire(self, name, timer):
        """Let a timer fire, if it runs."""
        if timer in self.timers[name]:
            self.timers[name].discard(timer)
            return self.handle(name, Timeout(timer, self.now))
        return ()

    def deliver(self, sender, to, message):
        return self.handle(to, Deliver(sender, message, self.now))

    def take(self, test=lambda sender, to, message: True):
        """Take messages out of the mail, and return them."""
        taken = [letter for letter in self.mail if test(*letter)]
        self.mail = [letter for letter in self.mail if letter not in taken]
        return taken

    def run(self, keep=lambda sender, to, message: False):
        """Deliver all messages, in order, but those that are kept."""
        kept = []
        while self.mail:
            letter = self.mail.pop(0)
            if keep(*letter):
                kept.append(letter)
            else:
                self.deliver(*letter)
        self.mail = kept

    # A client.

    def client(self, name="c1", server=None, **settings):
        return Client(self, name, server or self.leader.name, **settings)


class Client:
    """A connection of a client, and what it has heard on it."""

    numbers = count(1)

    def __init__(self, ensemble, name, server, session=0, password=b"", zxid=0, runs=True):
        self.ensemble, self.name, self.server, self.number = ensemble, name, server, next(self.numbers)
        self.said = 0
        self.connect = Connect(self.number, session, password, 400, zxid)
        ensemble.deliver(name, server, self.connect)
        if runs:
            ensemble.run()

    @property
    def all(self):
        return [
            message for message in self.ensemble.heard.get(self.name, ()) if message.connection == self.number
        ]

    @property
    def said_to(self):
        """What the server has said, in order."""
        return [
            m.message for m in sorted((m for m in self.all if isinstance(m, Hear)), key=lambda m: m.sequence)
        ]

    @property
    def connected(self):
        return next((said for said in self.said_to if isinstance(said, Connected)), None)

    @property
    def session(self):
        return self.connected.session

    @property
    def is_hung_up(self):
        return any(isinstance(message, HangUp) for message in self.all)

    def say(self, request, runs=True):
        self.said += 1
        say = Say(self.number, self.said, request, self.connected.ticket)
        self.ensemble.deliver(self.name, self.server, say)
        if runs:
            self.ensemble.run()
        return say

    def answers(self):
        """Return {number: response}."""
        return {said.sequence: said.response for said in self.said_to if isinstance(said, Answered)}

    def ask(self, request):
        """Return the answer to a request."""
        self.say(request)
        return self.answers()[self.said]

    def events(self):
        return [said.event for said in self.said_to if isinstance(said, Noticed)]

    def again(self, server=None, zxid=0, runs=True):
        """Return the next connection of this session."""
        known = self.connected
        return Client(
            self.ensemble, self.name, server or self.server, known.session, known.password, zxid, runs
        )


def is_kind(*kinds):
    """Return a test for messages of these classes, also on their way between embedded servers."""

    def test(sender, to, message):
        return isinstance(message.message if isinstance(message, Inner) else message, kinds)

    return test


def made(*paths):
    """Return requests that create znodes."""
    return [CreateRequest(path) for path in paths]
