"""What a replication protocol and its host say to each other: the same words for Multi-Paxos, Raft and Zab.

A replication protocol is a node that a host embeds. It takes `Propose(command)` and answers with
`NotLeader(command, leader)` where it does not lead. What is decided comes out as `Committed(index, entry)`, in the
order 1, 2, 3 and so on without a gap; `entry.command` is None where the protocol filled a place by itself, and the
host skips that one. `Compact(index, state)` hands the host's state over in place of all up to `index`, and
`Restored(snapshot)` gives it back: begin from `snapshot.state`. The fields `role`, `leader`, `last_applied` and
`last_snapshot` can be read at any time. `services.replicated` is such a host.
"""

from __future__ import annotations

from .raft_messages import Committed, NotLeader, Propose, Role
from .raft_snapshots import Compact, Restored, Snapshot

__all__ = ["Committed", "Compact", "NotLeader", "Propose", "Restored", "Role", "Snapshot"]
