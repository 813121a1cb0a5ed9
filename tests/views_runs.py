"""Runs for the tests of the views: a small system that meets every fault, and one run by hand with all of them."""

import os
from pathlib import Path

from distsys.core import MS, Map, Node, Start, law, record, systems
from distsys.core.events import CancelTimer, Deliver, Note, Output, Persist, Send, SetTimer, Timeout
from distsys.core.laws import Violation
from distsys.core.systems import Request, System, alike
from distsys.core.trace import Header, Step, Trace
from distsys.core.values import EMPTY
from distsys.drivers import Simulator, faults, link
from distsys.drivers.swarm import ALL

GOLDEN = Path(__file__).resolve().parent / "golden" / "views"


@record
class Ping:
    number: int


class Pinger(Node):
    declared = {"count": "number"}  # noqa: RUF012 - as every node writes it

    def __init__(self, name, disk=EMPTY, *, peers):
        super().__init__(name, disk)
        self.peers = peers
        self.number = disk.get("number", 0)

    def on_start(self):
        self.set_timer("again", 10 * MS, 20 * MS)

    def on_timeout(self, timer):
        self.number += 1
        self.persist(number=self.number)
        self.broadcast(self.peers, Ping(self.number))
        self.send(self.name, Ping(0))
        self.set_timer("again", 10 * MS, 20 * MS)

    def on_message(self, sender, message):
        if message.number:
            self.output((sender, message.number))


@law("at most two", "No process counts beyond two.")
def at_most_two(world):
    for node in world.nodes.values():
        if node.number > 2:
            return f"{node.name} counts {node.number}"
    return None


SYSTEM = systems.register(
    System("test-pinger", "Counts and tells.", {"process": Pinger}, alike(), (at_most_two,), tolerates=ALL)
)


def every_fault():
    """Return a run with every kind of step that the simulator writes."""
    f = faults
    script = (
        f.Crash(8 * MS, "n1", keep=2),
        f.Restart(40 * MS, "n1"),
        f.Partition(20 * MS, (("n3",),)),
        f.Pause(32 * MS, "n2"),
        f.Resume(45 * MS, "n2"),
        f.Heal(50 * MS),
        f.ClockStep(52 * MS, "n3", -50 * MS),
        f.Skew(53 * MS, "n2", -500),
        f.Cut(56 * MS, "n1", "n2"),
        f.Wipe(60 * MS, "n3"),
        f.Restart(62 * MS, "n3"),
        f.Stall(64 * MS, "n1"),
        f.Unstall(75 * MS, "n1"),
        f.DiskFull(76 * MS, "n2"),
        f.SetLink(77 * MS, "n1", "*", link(delay=50 * MS)),
    )
    return Simulator(
        systems.build("test-pinger", nodes=3),
        5,
        network=link(loss=0.1, duplicate=0.5),
        script=script,
        requests=(Request(5 * MS, "n2", Ping(7)),),
        laws=(),
        until=90 * MS,
        settle=20 * MS,
    ).run()


def broken():
    """Return a run that ends where its law is broken."""
    cluster = systems.build("test-pinger", nodes=3)
    return Simulator(cluster, 3, network=link(loss=0.3), until=90 * MS, settle=0).run()


def by_hand(text="Lunch?", name="n2", evidence="because"):
    """Return a trace that no driver made: all texts can be chosen."""
    header = Header("test-pinger", Map({"nodes": 3}), None, 0, ("n1", name), EMPTY, EMPTY, ("at most two",))
    note, send = Note(text), Send(name, text)
    steps = (
        Step(1, 0, "start", "n1", Start(0), (send, note, Output(text)), 3),
        Step(2, 0, "start", name, Start(0), (SetTimer("t", 5, 5), CancelTimer("t")), 2),
        Step(3, 10, "deliver", name, Deliver("n1", text), (Persist(Map({"x": 1})),), 1, (1, 0)),
        Step(4, 2_000_000, "timeout", "n1", Timeout(text)),
        Step(5, 2_000_001, "write", "cell", detail=Map({"value": text})),
    )
    return Trace(header, steps, (Violation(text, evidence, 3), Violation("at the end", evidence, 0)))


def agrees_with_golden(name, text):
    """Compare a text with the stored one; DISTSYS_REGENERATE=1 stores it instead."""
    path = GOLDEN / name
    if os.environ.get("DISTSYS_REGENERATE"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
    assert path.read_bytes().decode() == text, f"{name} differs: DISTSYS_REGENERATE=1 stores it anew"
