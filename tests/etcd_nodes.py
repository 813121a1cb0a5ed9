"""One member of etcd driven by hand: it leads alone, and what it sends is looked at."""

from distsys.core import Deliver, Send, SetTimer, Start, Timeout
from distsys.services.etcd.streams import EtcdServer, Received, ToClient, ToMember
from distsys.services.kv import Call
from distsys.services.replicated import Reply


class Alone:
    """A member that is the whole cluster."""

    def __init__(self, kind=EtcdServer, **settings):
        self.node = kind("n1", voters=("n1",), **settings)
        self.effects = []
        self.now = self.number = self.said = 0
        self.handle(Start(7))
        self.handle(Timeout("raft/election"))

    def handle(self, event):
        effects = self.node.handle(event)
        self.effects += effects
        return effects

    def ask(self, request, client="c"):
        """Return the response to a request."""
        self.number += 1
        effects = self.handle(Deliver(client, Call(client, self.number, request), self.now))
        return replies(effects)[-1] if replies(effects) else None

    def say(self, request, client="w", stream=1):
        """Say something on a stream, and return the responses of watches."""
        self.said += 1
        first = stream > self.node.streams[client].number if client in self.node.streams else True
        message = ToMember(stream, 1 if first else self.said + 1, request)
        return responses(self.handle(Deliver(client, message, self.now)))

    def received(self, sequence, client="w", stream=1):
        """Take responses in, and return those that follow."""
        return responses(self.handle(Deliver(client, Received(stream, sequence), self.now)))


def replies(effects):
    return [e.message.result for e in effects if isinstance(e, Send) and isinstance(e.message, Reply)]


def responses(effects):
    return [e.message.response for e in effects if isinstance(e, Send) and isinstance(e.message, ToClient)]


def timers(effects):
    return {e.timer: e.low for e in effects if isinstance(e, SetTimer)}
