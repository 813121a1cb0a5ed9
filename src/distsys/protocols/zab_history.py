"""Zab, the ground: what a server keeps on its disk, and how it delivers.

A *history* is the sequence of transactions that a server has accepted. Its beginning may have been *delivered*, and
no more than that: what lies beyond can still be replaced by another leader. Two epochs are kept beside it, and the
difference between them is half of the protocol: `accepted_epoch` is the last epoch that this server promised to
enter, `current_epoch` the last one that it entered, with the whole initial history of that epoch on its disk.
"""

from __future__ import annotations

from typing import Any

from distsys.core.log import Log
from distsys.core.node import Node
from distsys.core.values import EMPTY, Map

from .replication import Committed, Compact, Restored
from .zab_messages import Transaction, ZabSnapshot, Zxid


class ZabHistory(Node):
    """A history, the epochs, and delivery.

    State, durable: `accepted_epoch`, `current_epoch`, `history`, `last_snapshot`. Volatile: `last_applied`, the
    index of the last transaction that was delivered.
    Messages: from the host Compact. Outputs: Committed, Restored.
    Source: Junqueira, Reed and Serafini 2011.
    """

    def __init__(self, name: str, disk: Map[str, Any] = EMPTY) -> None:
        super().__init__(name, disk)
        self.accepted_epoch: int = disk.get("accepted_epoch", 0)
        self.current_epoch: int = disk.get("current_epoch", 0)
        self.history: Log[Transaction] = disk.get("history", Log())
        self.last_snapshot: ZabSnapshot = disk.get("snapshot", ZabSnapshot())
        self.last_applied = self.last_snapshot.last_index

    def on_start(self) -> None:
        if self.last_snapshot.last_index:
            self.restore()

    def on_message(self, sender: str, message: Any) -> None:
        if isinstance(message, Compact):
            self.on_compact(message)

    # The history.

    def write_history(self, history: Log[Transaction]) -> None:
        """Make `history` the history, durably."""
        self.history = history
        self.persist(history=history)

    def zxid_at(self, index: int) -> Zxid:
        """Return the zxid at `index`; that of the snapshot, or 0.0, just before the first that is held."""
        return self.history[index].zxid if index > self.history.before_index else self.last_snapshot.last_zxid

    def last_zxid(self) -> Zxid:
        """Return the zxid of the last transaction."""
        return self.zxid_at(self.history.last_index)

    def index_up_to(self, zxid: Zxid) -> int:
        """Return the last index whose zxid is at most `zxid`, as far as the history goes back."""
        index = self.history.last_index
        while index > self.history.before_index and self.zxid_at(index) > zxid:
            index -= 1
        return index

    # Delivery.

    def restore(self) -> None:
        """Let the host begin from the snapshot."""
        snapshot: Any = self.last_snapshot
        self.last_applied = self.last_snapshot.last_index
        self.output(Restored(snapshot))

    def deliver(self, zxid: Zxid) -> None:
        """Hand to the host, in order, all up to `zxid` that it has not got."""
        last_index = self.index_up_to(zxid)
        while self.last_applied < last_index:
            self.last_applied += 1
            transaction: Any = self.history[self.last_applied]
            self.output(Committed(self.last_applied, transaction))

    def on_compact(self, message: Compact) -> None:
        """Keep the state of the host in place of what it has applied, if that is news."""
        if self.last_snapshot.last_index < message.index <= self.last_applied:
            snapshot = ZabSnapshot(message.index, self.zxid_at(message.index), message.state)
            self.last_snapshot, self.history = snapshot, self.history.compact(message.index)
            self.persist(snapshot=snapshot, history=self.history)
