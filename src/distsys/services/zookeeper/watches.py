"""Watches: who is to be told of what, at one server.

A watch belongs to a connection, lives in the memory of the server that it was set at, and is told of a change before
the client can see the change there. There are two tables. In the one of *data* stand those who want to know of a znode:
made, given other data, gone; in the one of *children* those who want to know of its children, or that it is gone. A
STANDARD watch is told once. In each table a connection has one mode for a path, and the later one counts.

Source: org.apache.zookeeper.server.watch.WatchManager and DataTree of ZooKeeper 3.8.0.
"""

from __future__ import annotations

from distsys.core.values import record

from .. import ordered
from ..ordered import EMPTY_TREE, Tree
from . import paths
from .requests import Event, EventType, WatcherType, WatchMode

DATA, CHILDREN = WatcherType.DATA, WatcherType.CHILDREN
TABLES = {
    EventType.CREATED: (DATA,),
    EventType.DATA_CHANGED: (DATA,),
    EventType.CHILDREN_CHANGED: (CHILDREN,),
    EventType.DELETED: (DATA, CHILDREN),
}


@record
class Watches:
    """Both tables, (path, connection) -> mode, and what each connection has in them, (connection, table, path)."""

    data: Tree = EMPTY_TREE
    children: Tree = EMPTY_TREE
    owned: Tree = EMPTY_TREE

    def table(self, type: WatcherType) -> Tree:
        """Return one of the tables."""
        return self.data if type is DATA else self.children

    def of(self, connection: str) -> tuple[tuple[WatcherType, str], ...]:
        """Return (table, path) of all that a connection watches."""
        pairs = ordered.items(self.owned, (connection, 0, ""), (connection, 9, ""))
        return tuple((WatcherType(table), path) for (_, table, path), _ in pairs)


def added(
    watches: Watches, type: WatcherType, path: str, connection: str, mode: WatchMode = WatchMode.STANDARD
) -> Watches:
    """Return the watches with one more."""
    table = ordered.put(watches.table(type), (path, connection), mode)
    owned = ordered.put(watches.owned, (connection, type.value, path), None)
    return _with(watches, type, table, owned)


def removed(watches: Watches, type: WatcherType, path: str, connection: str) -> Watches:
    """Return the watches without one; the same where there is none."""
    table = ordered.remove(watches.table(type), (path, connection))
    if table is watches.table(type):
        return watches
    return _with(watches, type, table, ordered.remove(watches.owned, (connection, type.value, path)))


def _with(watches: Watches, type: WatcherType, table: Tree, owned: Tree) -> Watches:
    if type is DATA:
        return Watches(table, watches.children, owned)
    return Watches(watches.data, table, owned)


def forgotten(watches: Watches, connection: str) -> Watches:
    """Return the watches without those of a connection."""
    for type, path in watches.of(connection):
        watches = removed(watches, type, path, connection)
    return watches


def watches_path(watches: Watches, type: WatcherType, path: str, connection: str) -> bool:
    """Return whether a connection watches a path in this table, itself and not by what is above it."""
    return ordered.get(watches.table(type), (path, connection)) is not None


def told(watches: Watches, event: Event) -> tuple[Watches, tuple[str, ...]]:
    """Return what is left of the watches when an event has happened, and the connections that are told of it, sorted.

    >>> told(added(Watches(), DATA, "/a", "c1"), Event(EventType.CREATED, "/a"))[1]
    ('c1',)
    """
    hearers: dict[str, None] = {}
    for type in TABLES[event.type]:
        for place in (event.path, *paths.above(event.path)):
            for (_, connection), mode in tuple(
                ordered.items(watches.table(type), (place, ""), (place + "\0", ""))
            ):
                is_recursive = mode is WatchMode.PERSISTENT_RECURSIVE
                if is_recursive and event.type is EventType.CHILDREN_CHANGED:
                    continue
                if is_recursive or place == event.path:
                    hearers[connection] = None
                if mode is WatchMode.STANDARD and place == event.path:
                    watches = removed(watches, type, place, connection)
    return watches, tuple(sorted(hearers))
