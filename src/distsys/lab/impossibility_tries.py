"""Six algorithms that want to agree on 0 or 1, and what becomes of each.

>>> FirstTwo().begin(0, 1)
(Heard(values=frozenset({(0, 1)}), decided=None), ((1, 1), (2, 1)))
"""

from __future__ import annotations

from collections import Counter
from typing import Any, NamedTuple

from .impossibility_model import Algorithm, Configuration, Letter, Sends, State

TICK = "time is up"


class Heard(NamedTuple):
    """The inputs that a process has heard of, its own among them, as (whose, value)."""

    values: frozenset[tuple[int, int]]
    decided: int | None = None


class WaitForAll(Algorithm):
    """Send your input to all; when you have all inputs, decide the smallest."""

    name, processes, shape = "wait for all", 3, Heard

    def needed(self) -> int:
        """Return for how many inputs a process waits."""
        return self.processes

    def begin(self, me: int, value: int) -> tuple[State, Sends]:
        """Tell the input to all."""
        return Heard(frozenset({(me, value)})), self.to_all(me, value)

    def receive(self, me: int, state: Heard, sender: int, message: Any, coin: int = 0) -> tuple[State, Sends]:
        """Take an input, and decide if there are enough."""
        values = state.values | {(sender, message)}
        if state.decided is None and len(values) >= self.needed():
            return Heard(values, min(value for _, value in values)), ()
        return state._replace(values=values), ()

    def decision(self, state: Heard) -> int | None:
        """Return what was decided."""
        return state.decided


class FirstTwo(WaitForAll):
    """Send your input to all; when you have two inputs, decide the smaller."""

    name = "wait for two of three"

    def needed(self) -> int:
        """Do not wait for one that may have crashed."""
        return self.processes - 1


class Leader(WaitForAll):
    """A decides its own input and tells the others."""

    name = "A decides"

    def begin(self, me: int, value: int) -> tuple[State, Sends]:
        """A decides and tells; the others wait."""
        own = frozenset({(me, value)})
        return (Heard(own, value), self.to_all(me, value)) if me == 0 else (Heard(own), ())

    def receive(self, me: int, state: Heard, sender: int, message: Any, coin: int = 0) -> tuple[State, Sends]:
        """Decide what A says."""
        return (state._replace(decided=message) if state.decided is None else state), ()


class Impatient(Leader):
    """A decides and tells the others; who has waited too long decides the own input."""

    name = "A decides, or a timeout"

    def begin(self, me: int, value: int) -> tuple[State, Sends]:
        """The others set a timer: a letter to themselves."""
        state, sends = super().begin(me, value)
        return state, sends if me == 0 else ((me, TICK),)

    def receive(self, me: int, state: Heard, sender: int, message: Any, coin: int = 0) -> tuple[State, Sends]:
        """Decide what A says, or the own input when time is up."""
        own = next(value for who, value in state.values if who == me)
        return super().receive(me, state, sender, own if message == TICK else message)


class Voter(NamedTuple):
    """A process that votes: its round, its vote, the votes of this round that it has, and what it has decided."""

    round: int
    vote: int
    votes: frozenset[tuple[int, int]]
    decided: int | None = None
    waited: bool = False


class Voting(Algorithm):
    """Four vote, round after round. Wait for three votes, your own among them; three equal ones decide.

    Then adopt the vote that most have (the smaller of two equal counts), and vote again in the next round; who has
    decided goes on voting. With `patient` a process that has three votes waits for the fourth until its timer fires.
    """

    processes, enough, shape = 4, 3, Voter

    def __init__(self, patient: bool = False) -> None:
        self.patient = patient
        self.name = "patient voting" if patient else "voting"

    def begin(self, me: int, value: int) -> tuple[State, Sends]:
        """Vote for the input in round 0."""
        return self.vote(me, 0, value, None)

    def vote(self, me: int, number: int, value: int, decided: int | None) -> tuple[State, Sends]:
        """Begin a round: send the vote to the others, and set the timer."""
        sends = self.to_all(me, (number, value))
        timer: Sends = ((me, (number, TICK)),) if self.patient else ()
        return Voter(number, value, frozenset({(me, value)}), decided), sends + timer

    def receive(self, me: int, state: Voter, sender: int, message: Any, coin: int = 0) -> tuple[State, Sends]:
        """Take a vote of this round, or the timer, and count if there is nothing to wait for."""
        if message[1] == TICK:
            state = state._replace(waited=True)
        else:
            state = state._replace(votes=state.votes | {(sender, message[1])})
        complete = len(state.votes) == self.processes or not self.patient or state.waited
        return self.count(me, state, coin) if complete and len(state.votes) >= self.enough else (state, ())

    def count(self, me: int, state: Voter, coin: int) -> tuple[State, Sends]:
        """Count the votes of a round, decide if enough are equal, and go to the next round."""
        counts = Counter(value for _, value in state.votes)
        most = max(sorted(counts), key=lambda value: counts[value])
        decided = most if state.decided is None and counts[most] >= self.enough else state.decided
        return self.vote(me, state.round + 1, self.adopted(state, most, coin), decided)

    def adopted(self, state: Voter, most: int, coin: int) -> int:
        """Return for what a process votes in the next round."""
        return most

    def decision(self, state: Voter) -> int | None:
        """Return what was decided."""
        return state.decided

    def stage(self, state: Voter) -> int:
        """Return the round."""
        return state.round

    def stage_of(self, message: Any) -> int:
        """Return the round of a vote or a timer."""
        return int(message[0])

    def moved(self, state: Voter, by: int) -> State:
        """Return the same voter in a later round."""
        return state._replace(round=state.round + by)

    def moved_message(self, message: Any, by: int) -> Any:
        """Return the same vote in a later round."""
        return (message[0] + by, *message[1:])

    def in_order(self, now: Configuration) -> Configuration:
        """At the beginning of a round a process is its vote, and what it has decided."""
        if any(len(state.votes) > 1 or state.waited or state.round for state in now.states) or now.down >= 0:
            return now
        said = sorted((state.vote, -1 if state.decided is None else state.decided) for state in now.states)
        begun = [self.vote(me, 0, vote, None if it < 0 else it) for me, (vote, it) in enumerate(said)]
        letters = (Letter(me, to, text) for me, (_, sends) in enumerate(begun) for to, text in sends)
        return Configuration(tuple(state for state, _ in begun), frozenset(letters))


class CoinAtOnce(Voting):
    """Voting that throws a coin when its three votes differ: the coin in the wrong place."""

    tosses = True

    def __init__(self) -> None:
        super().__init__()
        self.name = "a coin at once"

    def adopted(self, state: Voter, most: int, coin: int) -> int:
        """Return the vote of all three, else the coin."""
        return most if len({value for _, value in state.votes}) == 1 else coin


class Doubter(NamedTuple):
    """A process of Ben-Or's algorithm: its round, whether it proposes already, its value, and what has come."""

    round: int
    proposes: bool
    value: int
    got: frozenset[tuple[int, int | None]]
    decided: int | None = None


class BenOr(Algorithm):
    """Three processes, local coins: report your value; propose it if two reports say it; two proposals decide.

    One proposal is adopted. Who sees none throws a coin (with `coins=False`: takes the other value, 1 - v).
    """

    processes, enough, turn, shape = 3, 2, 2, Doubter

    def __init__(self, coins: bool = True) -> None:
        self.tosses = coins
        self.name = "Ben-Or" if coins else "Ben-Or without coins"

    def begin(self, me: int, value: int) -> tuple[State, Sends]:
        """Report the input in round 0."""
        return self.report(me, 0, value, None)

    def report(self, me: int, number: int, value: int, decided: int | None) -> tuple[State, Sends]:
        """Begin a round: tell the others the value."""
        return (
            Doubter(number, False, value, frozenset({(me, value)}), decided),
            self.to_all(me, (2 * number, value)),
        )

    def receive(
        self, me: int, state: Doubter, sender: int, message: Any, coin: int = 0
    ) -> tuple[State, Sends]:
        """Take a report or a proposal; two of them end a half of a round."""
        got = state.got | {(sender, message[1])}
        if len(got) < self.enough:
            return state._replace(got=got), ()
        values = {value for _, value in got}
        if not state.proposes:
            proposal = values.pop() if len(values) == 1 else None
            return (
                state._replace(proposes=True, got=frozenset({(me, proposal)})),
                self.to_all(me, (2 * state.round + 1, proposal)),
            )
        seen = [value for _, value in got if value is not None]
        value = seen[0] if seen else coin if self.tosses else 1 - state.value
        decided = value if state.decided is None and len(seen) >= self.enough else state.decided
        return self.report(me, state.round + 1, value, decided)

    def decision(self, state: Doubter) -> int | None:
        """Return what was decided."""
        return state.decided

    def stage(self, state: Doubter) -> int:
        """Return the half round: even for reports, odd for proposals."""
        return 2 * state.round + state.proposes

    def stage_of(self, message: Any) -> int:
        """Return the half round of a message."""
        return int(message[0])

    def moved(self, state: Doubter, by: int) -> State:
        """Return the same process in a later round; `by` is even, for a round has two halves."""
        return state._replace(round=state.round + by // 2)

    def moved_message(self, message: Any, by: int) -> Any:
        """Return the same message in a later half round."""
        return (message[0] + by, *message[1:])
