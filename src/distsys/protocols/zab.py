"""Zab: a leader of an epoch broadcasts transactions in order, and every next leader goes on where it ended.

ZooKeeper's servers do not send each other commands but *state changes*: the primary executes a command and broadcasts
what it did. A change fits only the state that the primary had, so two things must hold that no plain sequence of
agreements gives: the changes of a primary come in its order, none left out, and before a new primary broadcasts it
has everything that will ever be delivered of the primaries before it. This is *primary order*, and it is why
the zxid of a transaction has two parts, an epoch and a counter in it.

The protocol has four phases, and here each is a class in a file of its own, which stands on the one below:

    zab_election    phase 0  whom to follow: the most recent history wins
    zab_recovery    phase 1  discovery: an epoch of its own; phase 2  synchronisation: one history for a quorum
    zab_broadcast   phase 3  proposals, acknowledgements, commits; observers only hear what is committed
    zab_links       what a leader says arrives in order, or not at all
    zab_history     what stands on the disk, and delivery

A server that hears nothing of its leader, and a leader that hears nothing of a quorum, go back to phase 0.
"""

from __future__ import annotations

from typing import ClassVar

from .zab_election import ZabElection


class Zab(ZabElection):
    """A Zab server: a voter if its name is among `voters`, an observer if it is among `observers`.

    State, durable: `accepted_epoch`, `current_epoch`, `history`, `last_snapshot`, `connection`; the rest is volatile,
    and each class says its part.
    Messages: those of `zab_messages`; from the host Propose and Compact. Outputs: Committed, NotLeader, Restored.
    Timers: "notify" and "decide" while it looks, "connect" while it waits for the leader's first word, "ping" while it
    leads, "patience".
    Keeps: the laws of `zab_laws`.
    Assumes: crash and recovery, a disk that keeps what it said it has; messages may be lost, doubled, late and
    overtaken. Progress needs a majority of the voters that is up, and messages that take much less time than
    `election_ms` and `decide_ms`.
    Leaves out: sessions, forwarding of commands to the leader, weights of servers, members that change.
    Source: Junqueira, Reed and Serafini, "Zab: High-performance broadcast for primary-backup systems", DSN 2011.
    """

    declared: ClassVar[dict[str, str]] = {
        "role": "role",
        "epoch": "current_epoch",
        "phase": "phase",
        "log": "history",
        "commit": "last_applied",
    }
