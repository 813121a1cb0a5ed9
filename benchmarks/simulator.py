"""The simulator beside SimPy 4: random forwarding among 10 nodes with 50 messages in flight, all in one run.

Every contestant does the same work. Fifty messages are under way at any time; when one arrives at a node, the
node sends it on to another node, chosen at random, and it takes 1 to 10 ms to get there. What differs is
how much a simulator gives for its time: ours hands a frozen event to `Node.handle`, takes effects back, passes
each message through the fault model, and records a trace that replays; SimPy and the bare loop only
schedule. Contestants take turns within each repetition, and the time is CPU time of this process, so that what
else the machine does matters little. The ratios say more than the rates, and travel better.

    .venv/bin/python benchmarks/simulator.py            about a minute
    .venv/bin/python benchmarks/simulator.py --profile  where our own time goes
"""

from __future__ import annotations

import argparse
import gc
import heapq
import platform
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

from distsys.core import EMPTY, MS, Dice, Map, Node, record, systems
from distsys.drivers import Simulator, link

NODES, IN_FLIGHT, LOW, HIGH = 10, 50, 1 * MS, 10 * MS
EACH = IN_FLIGHT // NODES


@record
class Token:
    """One of the messages that travel around."""

    number: int


class Forwarder(Node):
    """Sends every message on to another node, chosen at random by its own dice."""

    def __init__(self, name: str, disk: Map[str, Any] = EMPTY, *, peers: tuple[str, ...]) -> None:
        super().__init__(name, disk)
        self.peers = peers
        self.dice = Dice(0)

    def on_start(self) -> None:
        self.dice = Dice(self.seed)
        for number in range(EACH):
            self.on_message(self.name, Token(number))

    def on_message(self, sender: str, message: Token) -> None:
        peer, self.dice = self.dice.choose(self.peers)
        self.send(peer, message)


systems.register(
    systems.System("forwarding", "sends messages on at random", {"process": Forwarder}, systems.alike(), ())
)


def ours(deliveries: int, *, faults: bool) -> int:
    """Run the package's simulator: trace on, and with `faults` some messages are lost and some doubled."""
    network = link(delay=(LOW, HIGH), loss=0.01 if faults else 0.0, duplicate=0.01 if faults else 0.0)
    mean = (LOW + HIGH) // 2
    trace = Simulator(
        systems.build("forwarding", nodes=NODES),
        seed=1,
        network=network,
        until=2 * deliveries * mean // IN_FLIGHT,
        settle=0,
        steps_max=deliveries + NODES,
    ).run()
    assert len(trace) >= deliveries
    return sum(step.kind == "deliver" for step in trace)


def simpy_store(deliveries: int, *, cable: bool) -> int:
    """SimPy with a Store and a process for each node.

    A message is on its way as a process of its own (`cable`, as in SimPy's example "Event latency"), or
    as a bare timeout whose callback puts it into the Store.
    """
    import simpy

    random = Random(1)
    env = simpy.Environment()
    stores = [simpy.Store(env) for _ in range(NODES)]
    count = 0
    done = env.event()

    def travel(store: Any, message: int) -> Iterator[Any]:
        yield env.timeout(LOW + int(random.random() * (HIGH - LOW + 1)))
        store.put(message)

    def send(store: Any, message: int) -> None:
        if cable:
            env.process(travel(store, message))
        else:
            env.timeout(LOW + int(random.random() * (HIGH - LOW + 1)), message).callbacks.append(
                lambda event: store.put(event.value)
            )

    def node(me: int) -> Iterator[Any]:
        nonlocal count
        others = [store for number, store in enumerate(stores) if number != me]
        for number in range(EACH):
            send(random.choice(others), number)
        while True:
            message = yield stores[me].get()
            count += 1
            if count == deliveries:
                done.succeed()
            send(random.choice(others), message)

    for me in range(NODES):
        env.process(node(me))
    env.run(until=done)
    return count


def simpy_callbacks(deliveries: int) -> int:
    """SimPy's leanest form: a message is a timeout, a node is the function it calls."""
    import simpy

    random = Random(1)
    env = simpy.Environment()
    others = [[number for number in range(NODES) if number != me] for me in range(NODES)]
    count = 0
    done = env.event()

    def arrive(event: Any) -> None:
        nonlocal count
        me, message = event.value
        count += 1
        if count == deliveries:
            done.succeed()
        send(me, message)

    def send(me: int, message: int) -> None:
        env.timeout(
            LOW + int(random.random() * (HIGH - LOW + 1)), (random.choice(others[me]), message)
        ).callbacks.append(arrive)

    for me in range(NODES):
        for number in range(EACH):
            send(me, number)
    env.run(until=done)
    return count


def bare_loop(deliveries: int) -> int:
    """A heap and a loop: what any simulator in Python has to spend."""
    random = Random(1)
    others = [[number for number in range(NODES) if number != me] for me in range(NODES)]
    due: list[tuple[int, int, int, int]] = []
    counter = 0
    for me in range(NODES):
        for number in range(EACH):
            counter += 1
            heapq.heappush(
                due,
                (LOW + int(random.random() * (HIGH - LOW + 1)), counter, random.choice(others[me]), number),
            )
    for _ in range(deliveries):
        now, _, me, message = heapq.heappop(due)
        counter += 1
        heapq.heappush(
            due,
            (
                now + LOW + int(random.random() * (HIGH - LOW + 1)),
                counter,
                random.choice(others[me]),
                message,
            ),
        )
    return deliveries


CONTESTANTS: dict[str, Callable[[int], int]] = {
    "distsys: Node.handle, 1 % lost, 1 % doubled, full trace": lambda n: ours(n, faults=True),
    "distsys: Node.handle, no faults drawn, full trace": lambda n: ours(n, faults=False),
    "SimPy: a Store per node, a process per message": lambda n: simpy_store(n, cable=True),
    "SimPy: a Store per node, a timeout per message": lambda n: simpy_store(n, cable=False),
    "SimPy: callbacks only": simpy_callbacks,
    "a bare heap and a loop": bare_loop,
}


def measure(deliveries: int, repetitions: int) -> dict[str, list[float]]:
    """Return deliveries per second of each contestant, one figure a repetition."""
    rates: dict[str, list[float]] = {name: [] for name in CONTESTANTS}
    for repetition in range(repetitions + 1):
        for name, contestant in CONTESTANTS.items():
            gc.collect()
            start = time.process_time()
            count = contestant(deliveries)
            passed = time.process_time() - start
            if repetition:  # the first round only warms up
                rates[name].append(count / passed)
        print(f"repetition {repetition} of {repetitions} is done", file=sys.stderr, flush=True)
    return rates


def report(rates: dict[str, list[float]], deliveries: int) -> None:
    import simpy

    first = next(iter(rates))
    print(f"{NODES} nodes, {IN_FLIGHT} messages in flight, random forwarding, {deliveries} deliveries a run")
    print(
        f"CPython {platform.python_version()}, SimPy {simpy.__version__}, {platform.system()} {platform.machine()}"
    )
    print(f"median of {len(rates[first])} interleaved repetitions (lowest to highest)\n")
    print(f"{'':<58}{'deliveries/CPU s':>13}{'':<22}{'distsys is':>12}")
    for name, figures in rates.items():
        ratio = statistics.median(a / b for a, b in zip(rates[first], figures, strict=True))
        spread = f"({min(figures):,.0f} to {max(figures):,.0f})"
        print(f"{name:<58}{statistics.median(figures):>13,.0f} {spread:<21}{ratio:>9.2f} x")


def profile(deliveries: int) -> None:
    import cProfile
    import pstats

    profiler = cProfile.Profile()
    profiler.runcall(ours, deliveries, faults=True)
    pstats.Stats(profiler).sort_stats("tottime").print_stats(25)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument(
        "--deliveries", type=int, default=20_000, help="deliveries in each run (default 20000)"
    )
    parser.add_argument("--repetitions", type=int, default=9, help="repetitions that count (default 9)")
    parser.add_argument("--profile", action="store_true", help="show where the time of our simulator goes")
    chosen = parser.parse_args()
    if chosen.profile:
        profile(chosen.deliveries)
    else:
        report(measure(chosen.deliveries, chosen.repetitions), chosen.deliveries)


if __name__ == "__main__":
    main()
