"""Clients that ask a served cluster from threads until they are told to stop, for the tests with real processes."""

import fcntl
import threading

from distsys.checkers.history import History
from distsys.checkers.linearizability import linearizable
from distsys.core.operations import OK

PATIENCE_S = 300
OPERATIONS_A_KEY = 60  # then the next key: the checker judges each key apart


class Load:
    """Keeps `clients` threads busy. `more(n)` returns when n more operations have been acknowledged.

    A call may take long: each one of which nobody knows the outcome doubles what the checker has to try.
    """

    def __init__(self, cluster, clients=4, **settings):
        settings = {"timeout_s": 60, **settings}
        self.history, self.problems = [], []
        self.acknowledged = 0
        self.news = threading.Condition()
        self.stopping = threading.Event()
        self.threads = [
            threading.Thread(
                target=self.work, args=(cluster.client(f"c{number}", history=self.history, **settings),)
            )
            for number in range(clients)
        ]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *problem):
        self.stopping.set()
        for thread in self.threads:
            thread.join()

    def work(self, client):
        """Ask one thing after the other."""
        try:
            with client:
                number, seen = 0, None
                while not self.stopping.is_set():
                    number += 1
                    key = f"k{self.acknowledged // OPERATIONS_A_KEY}"
                    answer, seen = self.one(client, number, key, seen)
                    with self.news:
                        self.acknowledged += answer.ok
                        self.news.notify_all()
        except Exception as problem:
            self.problems.append(problem)

    def one(self, client, number, key, seen):
        """Do one operation; return its answer, and what was read last."""
        mine = f"<{client.session}:{number}>"
        match number % 4:
            case 0:
                answer = client.get(key)
                return answer, answer.value
            case 1 | 2:
                return client.append(key, mine), seen
        return client.cas(key, seen, f"{seen or ''}{mine}"), seen

    def more(self, count):
        """Return when `count` more operations have been acknowledged."""
        with self.news:
            enough = self.acknowledged + count
            assert self.news.wait_for(lambda: self.acknowledged >= enough or self.problems, PATIENCE_S)
        assert self.problems == []


def verdict(load):
    """Return what the checker of linearizability says of the history."""
    assert load.problems == []
    return linearizable(History(load.history), "key-value")


def lost(load, client):
    """Return the acknowledged appends that are not in the store, or stand there more than once."""
    found = []
    for event in load.history:
        if event.type == OK and event.f == "append":
            value = client.get(event.key).value or ""
            if value.count(event.value) != 1:
                found.append(event)
    return found


def keys(load):
    """Return all keys of a history."""
    return sorted({event.key for event in load.history})


def wait_until_gone(folder):
    """Return when no process holds the lock of a folder."""
    with (folder / "lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
