"""The hand-made runs of Chubby: every order of events is chosen, so that one idea is seen at a time.

Each function performs one schedule with the correct code or with a mutant; where the two part, moves that cannot happen
are left out. A message that no move delivers is lost.

>>> old_master("LOCK-06b").violation.law, old_master().violation
('single master', None)
"""

from __future__ import annotations

from distsys.core import MS, S, Trace, systems
from distsys.drivers import perform
from distsys.drivers.schedules import Flowed, Move, Scenario, crash, deliver, restart, timeout
from distsys.protocols.multipaxos_leases import AskLease, GrantLease
from distsys.protocols.multipaxos_messages import Accept, Accepted, Decided, InstallSnapshot, Prepare, Promise
from distsys.services.chubby.clients import Guarded
from distsys.services.chubby.talk import Answer, Ask, Elsewhere, KeepAlive, KeptAlive, OtherEpoch

Story = tuple[Move | Flowed, ...]


def leads(master: str, other: str, at: int) -> Story:
    """Let a replica get the promise of another, and begin to lead."""
    return (
        timeout(master, "paxos/election", at=at),
        deliver(master, other, Prepare),
        deliver(other, master, Promise),
    )


def votes(master: str, other: str, count: int = 1) -> Story:
    """Let so many slots be decided by the master and another replica."""
    return count * (deliver(master, other, Accept), deliver(other, master, Accepted))


def session(client: str, at: int = 0) -> Story:
    """Let a client begin a session at n1 and open its file; a client of a lock asks for that, too."""
    asked = (deliver(client, "n1", Ask), deliver("n1", client, Answer))
    return (timeout(client, "next", at=at), *asked, *asked)


def ends(at: int) -> Story:
    """Let n1, alone in its cell, find that leases are over."""
    return (timeout("n1", "paxos/heartbeat", at=at), timeout("n1", "act", at=at))


ALONE: Story = (timeout("n1", "paxos/election", at=400 * MS),)  # n1 is the master of a cell of one

# A server that looks at no sequencer (LOCK-01): the request of a lost holder is slow.

SLOW_REQUEST = Scenario(
    (
        *ALONE,
        *session("c1"),
        deliver("c1", "n1", Ask),
        deliver("n1", "c1", Answer),  # the lock, and a request under it
        *ends(1_500 * MS),
        *session("c2"),
        deliver("c2", "n1", Ask),
        deliver("n1", "c2", Answer),
        deliver("c2", "r1", Guarded),
        deliver("c1", "r1", Guarded),
    ),
    seed=0,
)

# No lock-delay (LOCK-03).

LOST_HOLDER = Scenario(
    (
        *ALONE,
        *session("c1"),
        deliver("c1", "n1", Ask),
        *ends(1_500 * MS),
        *session("c2"),
        deliver("c2", "n1", Ask),
    ),
    seed=0,
)

# A lease that begins when the answer arrives (LOCK-04).

SLOW_ANSWER: Story = (
    *ALONE,
    timeout("c1", "next"),
    deliver("c1", "n1", Ask),
    deliver("n1", "c1", Answer, at=690 * MS),
    *ends(701 * MS),
    timeout("c1", "retry", at=710 * MS),
)

# A write that waits for no cache (LOCK-05).

OLD_READ = Scenario(
    (
        *ALONE,
        *session("c1"),
        *session("c2"),
        timeout("c1", "next"),
        deliver("c1", "n1", Ask),
        deliver("n1", "c1", Answer),  # a copy
        timeout("c2", "next"),
        deliver("c2", "n1", Ask),  # a write
        deliver("n1", "c2", Answer),
        timeout("c1", "next"),
    ),
    seed=1,
)

# A new master that ends all sessions (LOCK-06).

NO_LEASES: Story = (
    *ALONE,
    timeout("c1", "next"),
    deliver("c1", "n1", Ask),
    crash("n1"),
    restart("n1"),
    timeout("n1", "paxos/election", at=800 * MS),
    timeout("n1", "act"),
)

# A client that knows no jeopardy (LOCK-07).

OLD_COPY = Scenario(
    (
        *ALONE,
        *session("c1"),
        timeout("c1", "next"),
        deliver("c1", "n1", Ask),
        deliver("n1", "c1", Answer),
        *ends(1_500 * MS),
        timeout("c1", "next"),
    ),
    seed=0,
)

# A copy that comes after its invalidation (LOCK-08).

LATE_COPY = Scenario(
    (
        *ALONE,
        *session("c1"),
        *session("c2"),
        timeout("c1", "next"),
        deliver("c1", "n1", Ask),  # a read, whose answer is slow
        timeout("c2", "next"),
        deliver("c2", "n1", Ask),  # a write
        deliver("c1", "n1", KeepAlive),
        deliver("n1", "c1", KeptAlive),  # forget your copy
        deliver("c1", "n1", KeepAlive),  # I have
        deliver("n1", "c2", Answer),
        deliver("n1", "c1", Answer),
        timeout("c1", "next"),
    ),
    seed=1,
)

# A word about an old copy that takes a new one away (LOCK-14).

NEWER_COPY = Scenario(
    (
        *ALONE,
        *session("c1"),
        *session("c2"),
        timeout("c1", "next"),
        deliver("c1", "n1", Ask),
        deliver("n1", "c1", Answer),  # a copy
        timeout("c2", "next"),
        deliver("c2", "n1", Ask),  # a write
        deliver("c1", "n1", KeepAlive),
        deliver("n1", "c1", KeptAlive),  # forget your copy; the word that it has is slow
        timeout("c1", "next"),
        deliver("c1", "n1", Ask),  # its own write, so neither waits for it
        deliver("n1", "c1", Answer),
        timeout("c1", "next"),
        deliver("c1", "n1", Ask),
        deliver("n1", "c1", Answer),  # a new copy
        deliver("c1", "n1", KeepAlive),  # I have forgotten the old one
        deliver("n1", "c2", Answer),
        timeout("c2", "next"),
        deliver("c2", "n1", Ask),  # another write
        deliver("n1", "c2", Answer),
        timeout("c1", "next"),
    ),
    seed=80,
)

# A lock that looked free (LOCK-10).


def with_leases(master: str, other: str, at: int) -> Story:
    """Let a replica be the master of a cell of three, with a lease."""
    lease = (deliver(master, other, AskLease), deliver(other, master, GrantLease))
    return (*leads(master, other, at), *lease, *votes(master, other))


def decided_session(client: str) -> Story:
    """Let a client begin a session at n1 and open its file, both of which n2 votes for."""
    decided = (deliver(client, "n1", Ask), *votes("n1", "n2"), deliver("n1", client, Answer))
    return (timeout(client, "next"), *decided, *decided)


BOTH_HAVE_IT = Scenario(
    (
        *with_leases("n1", "n2", 400 * MS),
        *decided_session("c1"),
        *decided_session("c2"),
        deliver("c1", "n1", Ask),
        deliver("c2", "n1", Ask),
        *votes("n1", "n2", 2),
    ),
    seed=0,
)

# A late copy of a call that takes the place of the open one (LOCK-15).

LATE_CALL = Scenario(
    (
        *with_leases("n1", "n2", 400 * MS),
        *decided_session("c1"),
        timeout("c1", "next"),
        deliver("c1", "n1", Ask),
        *votes("n1", "n2"),
        timeout("c1", "retry"),  # it asks again, and that copy is slow
        deliver("n1", "c1", Answer),
        timeout("c1", "next"),
        deliver("c1", "n1", Ask, over=1),  # the next call
        deliver("c1", "n1", Ask),  # the copy of the one before
        *votes("n1", "n2", 2),
    ),
    seed=3,
)

# A session begins while it ends (LOCK-11).

ASKED_TWICE: Story = (
    *with_leases("n1", "n2", 400 * MS),
    timeout("c1", "next"),
    deliver("c1", "n1", Ask),
    *votes("n1", "n2"),  # a session, and nobody hears of it
    timeout("c1", "retry", at=1_300 * MS),
    deliver("c1", "n2", Ask),
    deliver("n2", "c1", Elsewhere),
    timeout("n1", "paxos/heartbeat", at=1_390 * MS),
    deliver("n1", "n2", AskLease),
    deliver("n2", "n1", GrantLease),
    deliver("c1", "n1", Ask),
    timeout("n1", "act", at=1_401 * MS),  # its lease is over
    *votes("n1", "n2", 2),
    deliver("n1", "c1", Answer, over=1),  # not the first, which is lost
)

# A master that looks at no lease (LOCK-06b).

OLD_MASTER: Story = (
    *leads("n1", "n2", 400 * MS),
    *votes("n1", "n2"),  # epoch 1
    timeout("c1", "next"),
    deliver("c1", "n1", Ask),
    *votes("n1", "n2"),
    deliver("n1", "c1", Answer),  # a session, and a first KeepAlive to n1, which is slow
    *leads("n3", "n2", 410 * MS),  # n2 has heard of no lease, so it may promise
    *votes("n3", "n2", 3),  # epoch 2
    timeout("c1", "alive"),
    deliver("c1", "n2", KeepAlive),
    deliver("n2", "c1", Elsewhere),
    deliver("c1", "n3", KeepAlive),
    deliver("n3", "c1", OtherEpoch),
    deliver("c1", "n3", KeepAlive),  # n3 tells of the fail-over, as the master of epoch 2
    deliver("c1", "n1", KeepAlive),
    timeout("n1", "act", at=700 * MS),
)


def old_master(mutant: str | None = None) -> Trace:
    """Return a run in which n1 has no lease and does not know that n3 is the master; n1 is asked to keep a session."""
    cluster = systems.build("multipaxos-chubby", mutant=mutant, clients=1)
    return perform(cluster, OLD_MASTER, skip=mutant is None)


# A new master waits for a session whose client is gone (LOCK-12).

DEAD_CLIENT: Story = (
    timeout("n1", "paxos/election", at=400 * MS),
    timeout("c1", "next"),
    deliver("c1", "n1", Ask),  # a session
    crash("c1"),
    restart("c1"),  # and it knows nothing of that session
    crash("n1"),
    restart("n1"),
)


def dead_client(mutant: str | None = None) -> Trace:
    """Return a run in which a master takes over sessions, and the client of one has forgotten it; then 90 s."""
    cluster = systems.build("multipaxos-chubby-locks", mutant=mutant, nodes=1, clients=1)
    return perform(cluster, DEAD_CLIENT, settle=90 * S, skip=mutant is None)


# A leader whose first entry comes in a snapshot of another replica (LOCK-13).

FIRST_ENTRY_IN_A_SNAPSHOT: Story = (
    *leads("n1", "n2", 400 * MS),
    *votes("n1", "n2"),
    deliver("n1", "n2", Decided),  # n2 has applied slot 1
    *leads("n3", "n2", 450 * MS),
    deliver("n3", "n2", Accept),
    deliver("n3", "n2", Accept),
    deliver("n2", "n3", Accepted, over=1),  # slot 2, its own first entry, is decided before slot 1
    deliver("n3", "n2", Decided),
    timeout("n2", "compact"),
    timeout("n3", "paxos/heartbeat"),
    deliver("n3", "n2", Accept),
    deliver("n2", "n3", InstallSnapshot),
)


def first_entry_in_a_snapshot(mutant: str | None = None) -> Trace:
    """Return a run in which n3 leads, and a snapshot tells it what its own first entry has led to; then 90 s."""
    cluster = systems.build("multipaxos-chubby-locks", mutant=mutant, clients=1, snapshot_every=2)
    return perform(cluster, FIRST_ENTRY_IN_A_SNAPSHOT, settle=90 * S, skip=mutant is None)
