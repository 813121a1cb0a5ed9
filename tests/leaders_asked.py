"""A run in which whoever leads is asked for a command: a leader that does not take it is refused in the end."""

from dataclasses import replace

from distsys import S, systems
from distsys.core.systems import Request
from distsys.drivers import Simulator
from distsys.protocols.replication import Propose


class HearsNothing:
    """Does nothing about what it is asked for. Stands before the class of a server."""

    def on_propose(self, message):
        pass


def without_faults(system, kind):
    """Return a run without faults of servers of this class, each asked for a command when one leads."""
    cluster = systems.build(system)
    cluster = replace(cluster, system=replace(cluster.system, classes={"server": kind}))
    requests = tuple(Request(2 * S, name, Propose(f"x@{name}")) for name in cluster.names)
    return Simulator(cluster, 1, requests=requests, settle=cluster.system.settle).run()
