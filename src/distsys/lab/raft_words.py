"""Words that stories about Raft have in common: who wins an election, who gets the next entries."""

from __future__ import annotations

from collections.abc import Iterable

from distsys.drivers.schedules import Flowed, Move, deliver, timeout
from distsys.protocols.raft_messages import Appended, AppendEntries, RequestVote, Vote
from distsys.protocols.raft_stability import PreVote, RequestPreVote

Story = tuple[Move | Flowed, ...]


def wins(name: str, *voters: str, late: int = 0) -> Story:
    """Return the moves by which `name` wins an election in the heart of Raft; so many older requests are still late."""
    moves: list[Move | Flowed] = [timeout(name, "election")]
    for voter in voters:
        moves += [deliver(name, voter, RequestVote, over=late), deliver(voter, name, Vote)]
    return tuple(moves)


def elected(name: str, *voters: str, forget: Iterable[str] = (), inside: str = "") -> Story:
    """Return the moves by which `name` wins pre-vote and election with `voters`.

    `forget` heard their leader long ago. `inside` is "raft/" where a host embeds Raft under that name.
    """
    moves: list[Move | Flowed] = [timeout(other, f"{inside}alive") for other in forget]
    moves.append(timeout(name, f"{inside}election"))
    for ask, answer in ((RequestPreVote, PreVote), (RequestVote, Vote)):
        moves += [deliver(name, voter, ask) for voter in voters]
        moves += [deliver(voter, name, answer) for voter in voters]
    return tuple(moves)


def replicated(leader: str, *followers: str) -> Story:
    """Return the moves by which each follower gets the oldest AppendEntries under way, and the leader its answer."""
    pairs = ((deliver(leader, name, AppendEntries), deliver(name, leader, Appended)) for name in followers)
    return tuple(move for pair in pairs for move in pair)
