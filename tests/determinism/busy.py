"""A small system that uses everything: timers, dice, a log on disk, sets, maps, an embedded node, requests."""

from typing import Any

from distsys.core import EMPTY, MS, Dice, Log, Map, Node, law, law_with_memory, record, systems
from distsys.core.laws import FINALLY
from distsys.core.systems import Request, System
from distsys.drivers.swarm import ALL


@record
class Rumour:
    words: frozenset[str]
    ranks: Map[tuple[int, str], int]
    big: int


@record
class Ask:
    word: str


@record
class Beat:
    round: int


class Pulse(Node):
    """An embedded node that counts its own beats and those of others."""

    def __init__(self, name: str, disk: Map[str, Any] = EMPTY, *, peers: tuple[str, ...]) -> None:
        super().__init__(name, disk)
        self.peers = peers
        self.round = disk.get("round", 0)
        self.heard: Map[str, int] = EMPTY

    def on_start(self) -> None:
        self.set_timer("beat", 5 * MS, 15 * MS)

    def on_timeout(self, timer: str) -> None:
        self.round += 1
        self.persist(round=self.round)
        self.broadcast(self.peers, Beat(self.round))
        self.set_timer("beat", 5 * MS, 15 * MS)

    def on_message(self, sender: str, message: Beat) -> None:
        self.heard = self.heard.set(sender, max(self.heard.get(sender, 0), message.round))
        self.output((sender, message.round))


class Gossip(Node):
    """Hears words from clients, keeps them in a log on disk, and gossips them to a random peer."""

    def __init__(self, name: str, disk: Map[str, Any] = EMPTY, *, peers: tuple[str, ...]) -> None:
        super().__init__(name, disk)
        self.peers = peers
        self.log: Log[str] = disk.get("log", Log())
        self.words = frozenset(self.log)
        self.dice = Dice(0)
        self.pulse = self.embed("pulse", Pulse(name, disk.under("pulse"), peers=peers))

    def on_start(self) -> None:
        self.dice = Dice(self.seed)
        self.set_timer("gossip", 3 * MS, 9 * MS)

    def on_timeout(self, timer: str) -> None:
        if self.peers:
            peer, self.dice = self.dice.choose(self.peers)
            ranks = Map({(len(word), word): rank for rank, word in enumerate(sorted(self.words))})
            self.send(peer, Rumour(self.words, ranks, 2**60 + self.now))
        self.set_timer("gossip", 3 * MS, 9 * MS)

    def on_message(self, sender: str, message: Rumour | Ask) -> None:
        match message:
            case Ask(word):
                self.send(self.name, Rumour(frozenset({word}), EMPTY, 0))
            case Rumour(words=words):
                for word in sorted(words - self.words):
                    self.learn(word)

    def learn(self, word: str) -> None:
        self.words = self.words | {word}
        self.log = self.log.append(word)
        self.persist(log=self.log)
        self.output(word)
        self.note(f"learned {word}")

    def on_output(self, inner: str, value: Any) -> None:
        self.note(f"{inner} heard {value[0]}")


@law("log is words", "The log of a node holds each of its words once.")
def log_is_words(world: Any) -> str | None:
    for name, node in world.nodes.items():
        if sorted(node.log) != sorted(node.words):
            return f"{name} holds {sorted(node.log)} in its log and {sorted(node.words)} in its set"
    return None


@law_with_memory("steps", "Steps are judged in order.", start=0)
def steps_in_order(last: int, world: Any) -> tuple[int, str | None]:
    return world.step.number, f"{world.step.number} after {last}" if world.step.number < last - 1000 else None


@law("all up", "At the end all nodes are up.", when=FINALLY)
def all_up(world: Any) -> str | None:
    down = [name for name in world.names if name not in world.nodes]
    return f"{', '.join(down)} are down" if down else None


def members(names: tuple[str, ...], options: Any) -> dict[str, tuple[str, dict[str, Any]]]:
    return {name: ("process", {"peers": systems.peers_of(name, names)}) for name in names}


def workload(names: tuple[str, ...], options: Any, seed: int) -> tuple[Request, ...]:
    dice, asked = Dice(seed), []
    for number in range(options["asks"]):
        name, dice = dice.choose(names)
        at, dice = dice.below(60 * MS)
        asked.append(Request(at, name, Ask(f"w{number}")))
    return tuple(asked)


BUSY = systems.register(
    System(
        "busy",
        "gossips words",
        {"process": Gossip},
        members,
        (log_is_words, steps_in_order, all_up),
        options={"asks": 3},
        workload=workload,
        tolerates=ALL,
    )
)
