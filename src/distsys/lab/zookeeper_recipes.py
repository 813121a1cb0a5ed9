"""The recipes of ZooKeeper through kazoo, each shown to do what it says.

Three clients use each recipe: `ann`, `bob` and `eve`, every one with a session of its own. Who waits does so in a
thread, for kazoo's recipes return when the wait is over. Nothing here sleeps: each step waits for what it needs.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from queue import SimpleQueue
from typing import Any

PATIENCE_S = 60.0
Say = Callable[[str], None]


class Waiter:
    """Somebody who does something that may take long; `result` waits for its end."""

    def __init__(self, call: Callable[[], Any]) -> None:
        self._results: list[Any] = []
        self._thread = threading.Thread(target=lambda: self._results.append(call()), daemon=True)
        self._thread.start()

    @property
    def waits(self) -> bool:
        """Whether it is still at it."""
        return self._thread.is_alive()

    def result(self) -> Any:
        """Return what came of it."""
        self._thread.join(PATIENCE_S)
        return self._results[0]


def until(test: Callable[[], bool]) -> None:
    """Return when something is so: ask the servers again and again."""
    while not test():
        pass


def lock(ann: Any, bob: Any, eve: Any, say: Say) -> None:
    """One has it, the others stand in line, and the next gets it."""
    hers, his = ann.Lock("/lock", "ann"), bob.Lock("/lock", "bob")
    hers.acquire()
    waiter = Waiter(his.acquire)
    until(lambda: len(hers.contenders()) == 2)
    say(
        f"lock: {hers.contenders()} in line; eve, who will not wait, has it: {eve.Lock('/lock').acquire(False)}"
    )
    hers.release()
    say(f"ann lets go, bob has it: {waiter.result()}")
    his.release()


def read_write_lock(ann: Any, bob: Any, eve: Any, say: Say) -> None:
    """Readers share it, a writer has it alone."""
    reads = [who.ReadLock("/paper", name) for who, name in ((ann, "ann"), (bob, "bob"))]
    say(f"two read at a time: {[one.acquire(False) for one in reads]}")
    write = eve.WriteLock("/paper", "eve")
    waiter = Waiter(write.acquire)
    until(lambda: "eve" in write.contenders())
    say(f"a writer waits: {waiter.waits}; who would read behind it: {ann.ReadLock('/paper').acquire(False)}")
    for one in reads:
        one.release()
    say(f"both readers let go, the writer has it: {waiter.result()}")
    write.release()


def election(ann: Any, bob: Any, eve: Any, say: Say) -> None:
    """The first leads until it ends, and then the next."""
    leads: SimpleQueue[str] = SimpleQueue()
    ends = {name: threading.Event() for name in ("ann", "bob")}

    def lead(name: str) -> None:
        leads.put(name)
        ends[name].wait(PATIENCE_S)

    terms = []
    for who, name in ((ann, "ann"), (bob, "bob")):
        term = who.Election("/election", name)
        terms.append(Waiter(partial(term.run, lead, name)))
        until(partial(is_in_line, term, name))
    say(f"election: {leads.get(timeout=PATIENCE_S)} leads, bob waits: {terms[1].waits and leads.empty()}")
    ends["ann"].set()
    say(f"her term ends: {leads.get(timeout=PATIENCE_S)} leads")
    ends["bob"].set()
    for term in terms:
        term.result()


def is_in_line(term: Any, name: str) -> bool:
    """Return whether somebody stands in the line of an election."""
    return name in term.contenders()


def barrier(ann: Any, bob: Any, eve: Any, say: Say) -> None:
    """Nobody passes while it stands."""
    ann.Barrier("/barrier").create()
    bob.sync("/")
    waiter = Waiter(bob.Barrier("/barrier").wait)
    say(f"barrier: bob waits: {waiter.waits}; eve after no time: {eve_passes(eve)}")
    ann.Barrier("/barrier").remove()
    say(f"it falls, bob passes: {waiter.result()}")


def eve_passes(eve: Any) -> bool:
    """Return whether the barrier is down, without waiting for it."""
    eve.sync("/")
    passed: bool = eve.Barrier("/barrier").wait(0)
    return passed


def double_barrier(ann: Any, bob: Any, eve: Any, say: Say) -> None:
    """All begin together, and all end together."""
    inside = [who.DoubleBarrier("/double", 3) for who in (ann, bob, eve)]
    entering = [Waiter(one.enter) for one in inside[:2]]
    until(lambda: len(eve.get_children("/double")) == 2 if eve.exists("/double") else False)
    say(f"double barrier of 3: two have come, and wait: {[one.waits for one in entering]}")
    entering.append(Waiter(inside[2].enter))
    for one in entering:
        one.result()
    say(f"the third comes, all are in: {[one.participating for one in inside]}")
    leaving = [Waiter(one.leave) for one in inside]
    for one in leaving:
        one.result()
    ann.sync("/double")
    say(f"all have left: {ann.get_children('/double') == []}")


def queue(ann: Any, bob: Any, eve: Any, say: Say) -> None:
    """What is put in is taken out once, in order; and only who has done it says that it is done."""
    line = ann.Queue("/queue")
    for value, priority in ((b"second", 100), (b"third", 100), (b"first", 1)):
        line.put(value, priority)
    bob.sync("/queue")
    say(f"queue: {[bob.Queue('/queue').get().decode() for _ in range(3)]}, then {bob.Queue('/queue').get()}")
    jobs, hers = ann.LockingQueue("/jobs"), eve.LockingQueue("/jobs")
    jobs.put(b"a job")
    eve.sync("/jobs")
    taken = hers.get(PATIENCE_S).decode()
    say(f"eve takes {taken!r}; there is still {len(jobs)}; she is done: {hers.consume()}")
    ann.sync("/jobs")
    say(f"now there is {len(jobs)}")


def party(ann: Any, bob: Any, eve: Any, say: Say) -> None:
    """Who is there is a list of ephemerals, and who is gone is not on it."""
    guest = client_beside(eve)
    for who, name in ((ann, "ann"), (bob, "bob"), (guest, "dan")):
        who.Party("/party", name).join()
    eve.sync("/party")
    seen = eve.Party("/party")
    say(f"party: {sorted(seen)}")
    guest.stop()  # it does not say goodbye to the party, but its session ends
    guest.close()
    until(lambda: len(seen) < 3)
    say(f"a session ends: {sorted(seen)}")


def configuration(ann: Any, bob: Any, eve: Any, say: Say) -> None:
    """Whoever watches a setting knows its value after each change, also that it is gone."""
    news: SimpleQueue[Any] = SimpleQueue()
    ann.ensure_path("/config/limit")
    bob.sync("/config/limit")

    def changed(value: bytes | None, stat: Any) -> None:
        news.put(None if value is None else (value.decode(), stat.version))

    bob.DataWatch("/config/limit", changed)
    seen = [news.get(timeout=PATIENCE_S)]
    for value in (b"10", b"20", None):
        if value is None:
            ann.delete("/config/limit")
        else:
            ann.set("/config/limit", value)
        seen.append(news.get(timeout=PATIENCE_S))
    say(f"configuration: {seen}")


def discovery(ann: Any, bob: Any, eve: Any, say: Say) -> None:
    """Instances are ephemerals, and who uses the service watches the list."""
    news: SimpleQueue[list[str]] = SimpleQueue()
    ann.ensure_path("/services/mail")
    bob.sync("/services/mail")
    bob.ChildrenWatch("/services/mail", lambda names: news.put(sorted(names)))
    seen = [news.get(timeout=PATIENCE_S)]
    instances = [client_beside(eve) for _ in range(2)]
    for instance, address in zip(instances, ("10.0.0.1:25", "10.0.0.2:25"), strict=True):
        instance.create(f"/services/mail/{address}", ephemeral=True)
        seen.append(news.get(timeout=PATIENCE_S))
    for instance in instances:
        instance.stop()
        instance.close()
        seen.append(news.get(timeout=PATIENCE_S))
    say(f"discovery: {seen}")


def client_beside(client: Any) -> Any:
    """Return another client, with a session of its own, of the same servers."""
    from .zookeeper_kazoo import client_of

    return client_of(",".join(f"{host}:{port}" for host, port in client.hosts))


RECIPES = (
    lock,
    read_write_lock,
    election,
    barrier,
    double_barrier,
    queue,
    party,
    configuration,
    discovery,
)
