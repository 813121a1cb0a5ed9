"""The order of commands in EPaxos: who depends on whom, and in which order each replica executes them.

Only that much of Egalitarian Paxos (Moraru, Andersen and Kaminsky 2013), as its quorum arithmetic needs: no ballots, no
recovery, no messages.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

Dependencies = Mapping[str, frozenset[str]]


def dependencies(seen: Mapping[str, str], quorums: Mapping[str, Iterable[str]]) -> dict[str, frozenset[str]]:
    """Return on which commands each command depends: on those that a replica of its quorum saw before it.

    `seen` gives for each replica the order in which commands, of one letter each, reached it; all of them interfere.

    >>> order = {"r1": "xy", "r2": "yx", "r3": "yx"}
    >>> {one: sorted(on) for one, on in dependencies(order, {"x": ("r1", "r2"), "y": ("r2", "r3")}).items()}
    {'x': ['y'], 'y': []}
    """
    return {
        command: frozenset(
            earlier for name in quorum for earlier in seen[name].partition(command)[0] if earlier in quorums
        )
        for command, quorum in quorums.items()
    }


def execution_order(depends: Dependencies) -> list[str]:
    """Return the commands in the order of execution: what a command depends on comes first.

    Commands that depend on each other, a strongly connected component, come one after the other, by their names.
    The components are found as Tarjan 1972 does it: a component is complete as soon as all that it leads to is.

    >>> execution_order({"x": frozenset("y"), "y": frozenset("xz"), "z": frozenset()})
    ['z', 'x', 'y']
    """
    number: dict[str, int] = {}  # in which order commands were entered
    lowest: dict[str, int] = {}  # the first one that can be reached, of those that are open
    open_: list[str] = []
    done: list[str] = []

    def enter(command: str) -> None:
        number[command] = lowest[command] = len(number)
        open_.append(command)
        for other in sorted(depends[command]):
            if other not in number:
                enter(other)
            if other in open_:
                lowest[command] = min(lowest[command], lowest[other])
        if (
            lowest[command] == number[command]
        ):  # nothing older is reached from here: the component is complete
            place = open_.index(command)
            done.extend(sorted(open_[place:]))
            del open_[place:]

    for command in sorted(depends):
        if command not in number:
            enter(command)
    return done
