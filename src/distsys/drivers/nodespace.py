"""The states of a cluster of nodes, and the actions that lead from one to the next.

A state is a tuple of four numbers, each of which stands for a value in a table:

    configuration   the local states of all nodes (`localsteps.Local`: node, disk, running timers)
    network         the messages in flight, as a multiset
    purse           what is left of the bounds (`bounds.Purse`)
    memories        what the laws remember (`lookout.Lookout`)

Two runs that lead to equal values lead to the same four numbers, and are explored once from there on. Each part of
an action is remembered too: what a message does to a configuration, what a bundle of messages does to a
network. So most actions cost a few look-ups in dictionaries.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from distsys.core.events import Deliver, Timeout
from distsys.core.systems import Cluster, Request

from .bounds import CRASHES, DUPLICATES, LOSSES, TICKS, Bounds, Purse, Purses
from .localsteps import Entry, Keeping, LocalSteps
from .lookout import Lookout

State = tuple[int, int, int, int]
CLIENT = "client"


class Act(NamedTuple):
    """An action: what happens, the local step, how many of its effects are kept, and the message it takes."""

    what: str  # deliver, timeout, invoke, restart, crash, wipe, lose, duplicate, refuse, tick
    entry: Entry | None = None
    kept: int | None = None  # None: all
    message: int = -1


class Move(NamedTuple):
    """What a local step does to a configuration; `cuts` are what it does when a crash cuts it off."""

    entry: Entry
    after: int  # configuration
    sent: int
    act: Act
    cuts: tuple[tuple[int, int, Act], ...]  # configuration, messages sent, action


class Standing(NamedTuple):
    """What can happen in a configuration whatever is in flight."""

    timers: tuple[tuple[int, str, Any], ...]  # place, timer, cause
    up: tuple[int, ...]  # places of nodes that may crash
    down: tuple[int, ...]  # places of nodes that may restart


class NodeSpace:
    """The state space of a cluster within bounds."""

    def __init__(
        self,
        cluster: Cluster,
        bounds: Bounds,
        requests: tuple[Request, ...],
        table: LocalSteps,
        lookout: Lookout,
        keeping: Keeping,
    ) -> None:
        self.cluster, self.table, self.lookout, self.keeping = cluster, table, lookout, keeping
        self.requests = requests
        self.purses = Purses(bounds, cluster.names, len(requests), keeping.causes)
        self.confs: list[tuple[int, ...]] = []
        self._conf_ids: dict[tuple[int, ...], int] = {}
        self._standings: dict[int, Standing] = {}
        self._moves: dict[tuple[int, int, Any], Move | None] = {}
        self._branches: dict[int, tuple[tuple[int, int], ...]] = {}
        self._joined: dict[tuple[int, int], int] = {}
        self._left: dict[tuple[int, int], int] = {}
        exposed = cluster.servers if bounds.may_crash is None else bounds.may_crash
        self._exposed = frozenset(place for place, name in enumerate(cluster.names) if name in exposed)

    # Numbers for values.

    def conf(self, locals_: tuple[int, ...]) -> int:
        """Return the number of a configuration."""
        found = self._conf_ids.get(locals_)
        if found is None:
            found = self._conf_ids[locals_] = len(self.confs)
            self.confs.append(locals_)
        return found

    def changed(self, conf: int, place: int, local: int) -> int:
        """Return the configuration in which one node has another local state."""
        locals_ = self.confs[conf]
        return self.conf((*locals_[:place], local, *locals_[place + 1 :]))

    def branches(self, net: int) -> tuple[tuple[int, int], ...]:
        """Return, for each distinct message of a network, the message and the network without one copy of it."""
        found = self._branches.get(net)
        if found is None:
            messages = self.table.bundles[net]
            found = self._branches[net] = tuple(
                (message, self.table.bundle((*messages[:at], *messages[at + 1 :])))
                for at, message in enumerate(messages)
                if at == 0 or messages[at - 1] != message
            )
        return found

    def joined(self, net: int, sent: int) -> int:
        """Return the network with the messages of a bundle added."""
        found = self._joined.get((net, sent))
        if found is None:
            both = sorted((*self.table.bundles[net], *self.table.bundles[sent]))
            found = self._joined[net, sent] = self.table.bundle(tuple(both))
        return found

    def left(self, net: int, place: int) -> int:
        """Return the network after a crash: what a node had sent to itself goes with it."""
        found = self._left.get((net, place))
        if found is None:
            found = self._left[net, place] = self.table.bundle(
                tuple(m for m in self.table.bundles[net] if not self._own(m, place))
            )
        return found

    def _own(self, message: int, place: int) -> bool:
        sender, to, _, _ = self.table.messages[message]
        return to == place and sender == self.cluster.names[place]

    def standing(self, conf: int) -> Standing:
        """Return what can happen in a configuration beside deliveries and requests."""
        found = self._standings.get(conf)
        if found is None:
            locals_ = [self.table.locals[number] for number in self.confs[conf]]
            up = tuple(x.place for x in locals_ if x.node is not None and x.place in self._exposed)
            down = tuple(x.place for x in locals_ if x.node is None and self.cluster.system.restarts)
            timers = tuple((x.place, timer, cause) for x in locals_ for timer, cause in x.timers)
            found = self._standings[conf] = Standing(timers, up, down)
        return found

    # The first state.

    def initial(self) -> tuple[list[Act], list[State]]:
        """Return the starts of all nodes, in order of their names, and the states after each of them."""
        conf = self.conf(tuple(self.table.never_started(place) for place in range(len(self.cluster.names))))
        state: State = (conf, 0, self.purses.first, self.lookout.first)
        acts: list[Act] = []
        states: list[State] = []
        for place in range(len(self.cluster.names)):
            conf, net, budget, memories = self.lookout.state = state
            purse = self.purses.purses[budget]
            number = purse.number + 1 if self.keeping.causes else 0
            entry = self.table.start(self.confs[conf][place], "start", purse.now, number)
            move = self._move(conf, entry, Act("restart", entry))
            paid = self.purses.pay(budget, -1, 1)
            state = (move.after, self.joined(net, move.sent), paid, self._looked(memories, move))
            acts.append(move.act)
            states.append(state)
            if state[3] in self.lookout.broken:
                break
        return acts, states

    # The next states.

    def successors(self, state: State) -> list[tuple[Act, State]]:
        """Return every action that is possible in a state, with the state that it leads to."""
        conf, net, budget, memories = self.lookout.state = state
        out: list[tuple[Act, State]] = []
        purse = self.purses.purses[budget]
        paid, stamp = self.purses.pay(budget, -1, 1), purse.stamp
        crash_in_step = self.purses.pay(budget, CRASHES, 2)
        moves, joined, looked = self._moves, self._joined, self._looked
        for message, rest in self.branches(net):
            key = (conf, message, stamp)
            move = moves[key] if key in moves else self._delivery(conf, message, purse)
            if move is None:
                continue  # the receiver is down: what never arrives is as good as lost
            after = joined.get((rest, move.sent))
            if after is None:
                after = self.joined(rest, move.sent)
            out.append((move.act, (move.after, after, paid, looked(memories, move))))
            if crash_in_step >= 0 and move.cuts:
                self._cut(out, rest, crash_in_step, memories, move)
        standing = self.standing(conf)
        for place, timer, cause in standing.timers:
            spent = self.purses.pay_timeout(budget, place, timer)
            if spent >= 0:
                move = self._timeout(conf, place, timer, cause, purse)
                self._apply(out, state, move, net, spent)
        if purse.left[7]:
            self._make_requests(out, state, purse)
        if standing.down:
            self._restart(out, state, standing, purse)
        if any(purse.left[:4]) or purse.left[TICKS]:
            self._suffer(out, state, standing, purse)
        return out

    def _looked(self, memories: int, move: Move) -> int:
        """Return the memories after a step that was carried out whole."""
        if move.entry.failure is not None:
            return self.lookout.failed(memories, move.entry)
        if self.lookout.silent:
            return memories
        entry = move.entry
        return self.lookout.look(memories, move.after, self.confs[move.after], entry, len(entry.effects))

    def _apply(self, out: list[tuple[Act, State]], state: State, move: Move, net: int, spent: int) -> None:
        """Append what a step leads to, and what it leads to when a crash cuts it off."""
        memories = state[3]
        out.append((move.act, (move.after, self.joined(net, move.sent), spent, self._looked(memories, move))))
        crashed = self.purses.pay(spent, CRASHES, 1)
        if crashed >= 0 and move.cuts:
            self._cut(out, net, crashed, memories, move)

    def _cut(self, out: list[tuple[Act, State]], net: int, spent: int, memories: int, move: Move) -> None:
        """Append the states in which the node crashed between two effects of a step."""
        entry = move.entry
        place = self.table.places[entry.name]
        for after, sent, act in move.cuts:
            assert act.kept is not None, "a cut keeps a number of effects"
            seen = memories
            if not self.lookout.silent:
                seen = self.lookout.look(seen, after, self.confs[after], entry, act.kept)
                if seen not in self.lookout.broken:
                    crash = self.crash_after(entry, after)
                    seen = self.lookout.look(seen, after, self.confs[after], crash, 0)
            out.append((act, (after, self.joined(self.left(net, place), sent), spent, seen)))

    def crash_after(self, entry: Entry, after: int) -> Entry:
        """Return the crash in the middle of a step that leads to the configuration `after`."""
        local = self.confs[after][self.table.places[entry.name]]
        number = entry.number + 1 if self.keeping.causes else 0
        return self.table.fault(local, "crash", "in the middle of a step", entry.now, number)

    def _move(self, conf: int, entry: Entry, act: Act) -> Move:
        place = self.table.places[entry.name]
        cuts: tuple[tuple[int, int, Act], ...] = ()
        if place in self._exposed:
            cuts = tuple(
                (self.changed(conf, place, cut.after), cut.sent, act._replace(kept=cut.kept))
                for cut in entry.cuts
            )
        return Move(entry, self.changed(conf, place, entry.after), entry.sent, act, cuts)

    def _delivery(self, conf: int, message: int, purse: Purse) -> Move | None:
        local = self.confs[conf][self.table.messages[message].to]
        move: Move | None = None
        if self.table.locals[local].node is not None:
            entry = self.table.deliver(local, message, purse.now, self._next(purse))
            move = self._move(conf, entry, Act("deliver", entry, None, message))
        self._moves[conf, message, purse.stamp] = move
        return move

    def _next(self, purse: Purse) -> int:
        """Return the number of the next step, where states keep it."""
        return purse.number + 1 if self.keeping.causes else 0

    def _timeout(self, conf: int, place: int, timer: str, cause: Any, purse: Purse) -> Move:
        key = (conf, -1 - place, (timer, purse.stamp))
        move = self._moves.get(key)
        if move is None:
            event = Timeout(timer, purse.now)
            entry = self.table.handle(
                self.confs[conf][place], "timeout", event, purse.now, self._next(purse), cause
            )
            move = self._moves[key] = self._move(conf, entry, Act("timeout", entry))
        return move

    def _make_requests(self, out: list[tuple[Act, State]], state: State, purse: Purse) -> None:
        conf, net, budget, memories = state
        for number in self.purses.requests(budget):
            request = self.requests[number]
            local = self.confs[conf][self.table.places[request.node]]
            spent = self.purses.pay_request(budget, number)
            if self.table.locals[local].node is not None:
                event = Deliver(CLIENT, request.message, purse.now)
                entry = self.table.handle(local, "invoke", event, purse.now, self._next(purse))
                self._apply(out, state, self._move(conf, entry, Act("invoke", entry)), net, spent)
            elif self.purses.bounds.in_order:  # nobody hears it, and the next may come
                out.append((Act("refuse", None, number), (conf, net, spent, memories)))

    def _restart(self, out: list[tuple[Act, State]], state: State, standing: Standing, purse: Purse) -> None:
        conf, net, budget, _ = state
        for place in standing.down:
            entry = self.table.start(self.confs[conf][place], "restart", purse.now, self._next(purse))
            spent = self.purses.pay(budget, -1, 1)
            self._apply(out, state, self._move(conf, entry, Act("restart", entry)), net, spent)

    def _suffer(self, out: list[tuple[Act, State]], state: State, standing: Standing, purse: Purse) -> None:
        """Append the faults: crashes, losses, duplicates, and the passing of time."""
        conf, net, budget, memories = state
        pay = self.purses.pay
        crashed, wiped = pay(budget, CRASHES, 1), self.purses.pay_wipe(budget)
        for place in standing.up if crashed >= 0 else ():
            self._crash(out, state, place, purse, crashed, "crash")
            if wiped >= 0:
                self._crash(out, state, place, purse, wiped, "wipe")
        lost, doubled = pay(budget, LOSSES, 1), pay(budget, DUPLICATES, 1)
        for message, rest in self.branches(net) if lost >= 0 or doubled >= 0 else ():
            sender, to, _, _ = self.table.messages[message]
            if sender == self.cluster.names[to]:
                continue  # a process does not lose what it tells itself
            if lost >= 0:
                out.append((Act("lose", None, None, message), (conf, rest, lost, memories)))
            if doubled >= 0:
                more = self.joined(net, self.table.bundle((message,)))
                out.append((Act("duplicate", None, None, message), (conf, more, doubled, memories)))
        ticked = pay(budget, TICKS, 0)
        if ticked >= 0:
            out.append((Act("tick"), (conf, net, ticked, memories)))

    def _crash(
        self, out: list[tuple[Act, State]], state: State, place: int, purse: Purse, spent: int, what: str
    ) -> None:
        conf, net, _, memories = state
        why = "crash" if what == "crash" else "disk lost"
        number = self._next(purse)
        entry = self.table.fault(self.confs[conf][place], "crash", why, purse.now, number)
        faults = [entry]
        if what == "wipe":
            faults.append(self.table.fault(entry.after, "wipe", "", purse.now, number + 1 if number else 0))
        after = self.changed(conf, place, faults[-1].after)
        for fault in faults:
            if not self.lookout.silent and memories not in self.lookout.broken:
                memories = self.lookout.look(memories, after, self.confs[after], fault, 0)
        out.append((Act(what, entry), (after, self.left(net, place), spent, memories)))
