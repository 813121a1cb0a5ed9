"""Clients that ask a served cluster from threads until they are told to stop, for the tests with real processes."""

import fcntl

from distsys.checkers.history import History
from distsys.checkers.linearizability import linearizable
from distsys.core.operations import OK
from distsys.lab import real_runs

PATIENCE_S = 300
OPERATIONS_A_KEY = 60  # then the next key: the checker judges each key apart


class Load(real_runs.Load):
    """Keeps `clients` threads busy with appends, reads and compare-and-set.

    A call may take long: each one of which nobody knows the outcome doubles what the checker has to try.
    """

    def __init__(self, cluster, clients=4, **settings):
        settings = {"timeout_s": 60, **settings}
        super().__init__(cluster, clients, a_key=OPERATIONS_A_KEY, patience_s=PATIENCE_S, **settings)

    @property
    def acknowledged(self):
        """How many operations have been acknowledged."""
        return self.answered

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
