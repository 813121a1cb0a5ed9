"""Small systems for the tests of the explorer: an election, a bank that forgets, and protocols drawn from a seed."""

from functools import cache

from distsys.core import EMPTY, MS, Dice, Map, Node, law, law_with_memory, record, systems
from distsys.core.systems import NodeMutant, Request, System, alike


@record
class Candidacy:
    term: int


@record
class Vote:
    term: int


class Voter(Node):
    """Stands for election when its timer fires; a majority of votes of one term makes it the leader."""

    def __init__(self, name, disk=EMPTY, *, peers):
        super().__init__(name, disk)
        self.peers = peers
        self.term = disk.get("term", 0)
        self.voted_for = disk.get("voted_for")
        self.votes = frozenset()
        self.leads = 0

    def on_start(self):
        self.set_timer("election", 10 * MS, 20 * MS)

    def on_timeout(self, timer):
        self.vote(self.term + 1, self.name)
        self.votes = frozenset({self.name})
        self.broadcast(self.peers, Candidacy(self.term))
        self.count()

    def on_message(self, sender, message):
        match message:
            case Candidacy(term):
                if term > self.term or (term == self.term and self.voted_for in (None, sender)):
                    self.vote(term, sender)
                    self.send(sender, Vote(term))
            case Vote(term):
                if term == self.term and self.voted_for == self.name:
                    self.votes |= {sender}
                    self.count()

    def vote(self, term, candidate):
        self.term, self.voted_for = term, candidate
        self.persist(term=term, voted_for=candidate)

    def count(self):
        if 2 * len(self.votes) > len(self.peers) + 1:
            self.leads = self.term


class SendsBeforeItPersists(Voter):
    """The vote leaves before it is durable: a crash between the two lets a voter vote twice."""

    def vote(self, term, candidate):
        self.term, self.voted_for = term, candidate

    def on_message(self, sender, message):
        super().on_message(sender, message)
        if isinstance(message, Candidacy) and self.voted_for == sender:
            self.persist(term=self.term, voted_for=self.voted_for)


class CountsHalf(Voter):
    """Takes half of the votes for a majority."""

    def count(self):
        if 2 * len(self.votes) >= len(self.peers):
            self.leads = self.term


@law_with_memory("one leader a term", "No two nodes lead in one term.", start=Map())
def one_leader_a_term(leaders, world):
    for name, node in world.nodes.items():
        if node.leads:
            if leaders.get(node.leads, name) != name:
                return leaders, f"{leaders[node.leads]} and {name} lead in term {node.leads}"
            leaders = leaders.set(node.leads, name)
    return leaders, None


ELECTION = systems.register(
    System("toy-election", "A leader.", {"voter": Voter}, alike("voter"), (one_leader_a_term,))
)

MUTANTS = (
    NodeMutant("TOY-1", "", "toy-election", {"voter": SendsBeforeItPersists}, "one leader a term", "", ""),
    NodeMutant("TOY-2", "", "toy-election", {"voter": CountsHalf}, "one leader a term", "", ""),
)
systems._MUTANTS.update({mutant.id: mutant for mutant in MUTANTS})


def has_a_leader(world):
    return any(node.leads for node in world.nodes.values())


# Protocols drawn from a seed.

MESSAGES, STATES = 2, 3


@record
class Letter:
    kind: int


class Drawn(Node):
    """Does what a table says: (state, input) -> (state, effects). Its state survives only where it is persisted."""

    def __init__(self, name, disk=EMPTY, *, peers, seed):
        super().__init__(name, disk)
        self.peers = peers
        self.drawn = seed
        self.state = disk.get("state", 0)

    def on_start(self):
        self.react("start")

    def on_message(self, sender, message):
        self.react(f"letter {message.kind}")

    def on_timeout(self, timer):
        self.react("timeout")

    def react(self, what):
        self.state, wanted = draw_table(self.drawn, self.peers)[what, self.state]
        for kind, value in wanted:
            match kind:
                case "send":
                    self.send(value[0], Letter(value[1]))
                case "timer":
                    self.set_timer("t", 1 * MS)
                case "cancel":
                    self.cancel_timer("t")
                case "persist":
                    self.persist(state=self.state)
                case "output":
                    self.output(value)
                case "note":
                    self.note("something")


@cache
def draw_table(seed, peers):
    dice = Dice(seed)
    table = {}
    for what in ("start", "timeout", *(f"letter {kind}" for kind in range(MESSAGES))):
        for state in range(STATES):
            after, dice = dice.below(STATES)
            count, dice = dice.below(4)
            wanted = []
            for _ in range(count):
                kind, dice = dice.choose(("send", "send", "timer", "cancel", "persist", "output", "note"))
                if kind == "send":
                    to, dice = dice.choose(peers)
                    message, dice = dice.below(MESSAGES)
                    wanted.append(("send", (to, message)))
                elif kind == "output":
                    value, dice = dice.below(2)
                    wanted.append(("output", value))
                else:
                    wanted.append((kind, None))
            table[what, state] = (after, tuple(wanted))
    return table


@law_with_memory("memory", "Remembers how many events were handled, modulo three.", start=0)
def counts_events(count, world):
    return ((count + 1) % 3 if world.step is not None and world.step.kind != "crash" else count), None


@law("looks at outputs", "Looks, and never objects.")
def looks_at_outputs(world):
    return None if all(len(values) < 10**6 for values in world.outputs.values()) else "too many"


@law("looks at nodes", "Looks at nodes only, and never objects.")
def looks_at_nodes(world):
    return None if all(node.state < 99 for node in world.nodes.values()) else "no such state"


def drawn_members(names, options):
    return {
        name: ("node", {"peers": names, "seed": options["seed"] * 100 + place})
        for place, name in enumerate(names)
    }


def letters(names, options, seed):
    return tuple(Request(0, name, Letter(place % MESSAGES)) for place, name in enumerate(names))


DRAWN = systems.register(
    System("toy-drawn", "Drawn.", {"node": Drawn}, drawn_members, (looks_at_nodes,), {"seed": 0}, letters)
)
