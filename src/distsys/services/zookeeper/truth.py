"""What has really happened to the tree, for the laws: the tree after each change, found by doing the changes again.

A law sees one step at a time. What a server has applied stands in the history of its Zab, and a law does it once more
as soon as the first server has done it in a step that no fault cut short; that servers are equal is a law of its own.
Where a history was compacted before a law could see it, the tree of that server is taken as it is, and the trees in
between stay unknown: nothing is expected of them.
"""

from __future__ import annotations

from distsys.core.laws import World, acted
from distsys.core.values import Map, record

from . import tree
from .broadcasting import Broadcasting
from .forwarding import Proposed, zxid_of
from .tree import DataTree


@record
class TreeTruth:
    """The trees by zxid, as far as entry `index` of the history."""

    index: int = 0
    zxid: int = 0
    trees: Map[int, DataTree] = Map({0: DataTree()})

    @property
    def newest(self) -> DataTree:
        """The last tree."""
        return self.trees[self.zxid]


@record
class Done:
    """A change that was committed, and the tree after it."""

    zxid: int
    proposed: Proposed
    tree: DataTree


def acting(world: World) -> Broadcasting | None:
    """Return the server that handled the last step, if it is up and the step is whole."""
    node = acted(world)
    return node if isinstance(node, Broadcasting) else None


def learned(truth: TreeTruth, world: World) -> tuple[TreeTruth, tuple[Done, ...]]:
    """Return what is known after a step, and what is new in it."""
    server = acting(world)
    if server is None or server.zab.last_applied <= truth.index:
        return truth, ()
    zab, news = server.zab, list[Done]()
    if zab.history.first_index > truth.index + 1:
        state = server.state
        return TreeTruth(zab.last_applied, state.zxid, truth.trees.set(state.zxid, state)), ()
    now = truth.newest
    for index in range(truth.index + 1, zab.last_applied + 1):
        transaction = zab.history[index]
        zxid, proposed = zxid_of(transaction.zxid), transaction.command
        if isinstance(proposed, Proposed):
            now, _, _ = tree.apply(now, zxid, proposed.header, proposed.change)
            news.append(Done(zxid, proposed, now))
    trees = truth.trees.update({done.zxid: done.tree for done in news})
    return TreeTruth(zab.last_applied, now.zxid, trees), tuple(news)
