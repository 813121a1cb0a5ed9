"""A second explorer, as naive as can be: whole states, deep copies, nothing interned and nothing remembered.

It shares no code with `distsys.drivers.explorer`. `everything` lists the distinct states that are reachable when the
rules of the explorer hold. With `generous=True` it also does what the explorer leaves out as making no difference: it
crashes a node before the first effect of a step, and after any effect; it delivers to nodes that are down; and
it loses messages without end.
"""

from copy import deepcopy

from distsys.core import Deliver, Map, Output, Persist, Send, SetTimer, Start, Timeout, derive
from distsys.core.events import CancelTimer


class World:
    def __init__(self, cluster):
        self.cluster = cluster
        self.names = cluster.names
        self.up = {}
        self.disks = {name: Map() for name in cluster.names}
        self.timers = {name: set() for name in cluster.names}
        self.flying = []
        self.outputs = {name: [] for name in cluster.names}
        self.left = {}
        self.memories = {}

    def __deepcopy__(self, memo):
        twin = World(self.cluster)
        for field in ("up", "disks", "timers", "flying", "outputs", "left", "memories"):
            setattr(twin, field, deepcopy(getattr(self, field), memo))
        return twin

    def key(self, with_outputs):
        return (
            tuple(self.up[n].snapshot() if n in self.up else None for n in self.names),
            tuple(self.disks[n] for n in self.names),
            tuple(frozenset(self.timers[n]) for n in self.names),
            tuple(sorted(map(repr, self.flying))),
            tuple(tuple(self.outputs[n]) for n in self.names) if with_outputs else (),
            tuple(sorted(self.left.items())),
            tuple(sorted(self.memories.items())),
        )

    def seen(self):
        """What a law can see of the nodes."""
        return tuple(self.up[n].snapshot() if n in self.up else None for n in self.names)


class Step:
    def __init__(self, kind):
        self.kind = kind


class View:
    def __init__(self, world, kind):
        self.nodes = {n: world.up[n] for n in world.names if n in world.up}
        self.names = world.names
        self.outputs = world.outputs
        self.step = Step(kind)


def everything(cluster, *, laws=(), requests=(), with_outputs=False, generous=False, **left):
    """Return the keys of all reachable states, the number of transitions, and what laws could see."""
    first = World(cluster)
    first.left = {"crashes": 0, "losses": 0, "duplicates": 0, "timeouts": 0, **left}
    first.left["requests"] = tuple(range(len(requests)))
    first.memories = {law.name: law.start for law in laws}
    seen = set()
    for name in cluster.names:
        first = handle(first, name, "start", start(name), laws)
        seen.add(first.seen())
    known = {first.key(with_outputs)}
    level, transitions, depth = [first], 0, 0
    while level:
        following = []
        for world in level:
            for after in choices(world, laws, requests, generous):
                transitions += 1
                key = after.key(with_outputs)
                if key not in known:
                    known.add(key)
                    seen.add(after.seen())
                    following.append(after)
        level = following
        depth += bool(level)
    return known, transitions, depth, seen


def start(name):
    return Start(derive(0, "start", name, 1))


def leaves_something(effect):
    return isinstance(effect, (Send, Persist, Output))


def handle(world, name, kind, event, laws, keep=None):
    """Return the world after a node handled an event; with `keep`, it crashes after so many effects."""
    world = deepcopy(world)
    if kind in ("start", "restart"):
        world.up[name] = world.cluster.make(name, world.disks[name])
        world.timers[name] = set()
    if kind == "timeout":
        world.timers[name].remove(event.timer)
    effects = world.up[name].handle(event)
    for effect in effects if keep is None else effects[:keep]:
        match effect:
            case Send(to, message):
                world.flying.append((name, to, message))
            case SetTimer(timer):
                world.timers[name].add(timer)
            case CancelTimer(timer):
                world.timers[name].discard(timer)
            case Persist(changes):
                world.disks[name] = world.disks[name].update(changes)
            case Output(value):
                world.outputs[name].append(value)
    if keep is not None:
        go_down(world, name)
    fold(world, kind, laws)
    if keep is not None:
        fold(world, "crash", laws)
    return world


def go_down(world, name):
    del world.up[name]
    world.timers[name] = set()
    world.flying = [m for m in world.flying if not (m[0] == name and m[1] == name)]
    world.left["crashes"] -= 1


def fold(world, kind, laws):
    for law in laws:
        world.memories[law.name], evidence = law.fold(world.memories[law.name], View(world, kind))
        assert evidence is None, evidence


def every_way(world, name, kind, event, laws, generous):
    """Yield the world after an event, and after each crash in the middle of it."""
    yield handle(world, name, kind, event, laws)
    if world.left["crashes"]:
        probe = deepcopy(world)
        if kind == "restart":
            probe.up[name] = probe.cluster.make(name, probe.disks[name])
        effects = probe.up[name].handle(event)
        for keep in range(len(effects) + 1) if generous else range(1, len(effects)):
            if generous or (
                leaves_something(effects[keep - 1]) and any(map(leaves_something, effects[keep:]))
            ):
                yield handle(world, name, kind, event, laws, keep)


def spend(world, what):
    world = deepcopy(world)
    world.left[what] -= 1
    return world


def choices(world, laws, requests, generous):
    tried = []
    for message in world.flying:
        if message in tried:
            continue
        tried.append(message)
        sender, to, body = message
        without = deepcopy(world)
        without.flying.remove(message)
        if to in world.up:
            yield from every_way(without, to, "deliver", Deliver(sender, body), laws, generous)
        elif generous:
            yield without
        if sender != to:
            if generous:
                yield without
            elif world.left["losses"]:
                yield spend(without, "losses")
            if world.left["duplicates"]:
                more = spend(world, "duplicates")
                more.flying.append(message)
                yield more
    for name in world.names:
        if name in world.up:
            if world.left["timeouts"]:
                for timer in sorted(world.timers[name]):
                    yield from every_way(
                        spend(world, "timeouts"), name, "timeout", Timeout(timer), laws, generous
                    )
            for number in world.left["requests"]:
                if requests[number].node == name:
                    asked = deepcopy(world)
                    asked.left["requests"] = tuple(n for n in world.left["requests"] if n != number)
                    event = Deliver("client", requests[number].message)
                    yield from every_way(asked, name, "invoke", event, laws, generous)
            if world.left["crashes"]:
                crashed = deepcopy(world)
                go_down(crashed, name)
                fold(crashed, "crash", laws)
                yield crashed
        elif world.cluster.system.restarts:
            yield from every_way(world, name, "restart", start(name), laws, generous)
