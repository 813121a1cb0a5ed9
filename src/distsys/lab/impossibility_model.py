"""Deterministic processes that send letters, all their runs as a model, and what can still be decided in each state.

The model is that of Fischer, Lynch and Paterson (1985). A configuration is what all processes know and all letters
that are on their way. A step takes one letter out, gives it to its receiver, and puts in what that one sends. Any
letter may be next: that is all that "asynchronous" means. A timer is a letter to oneself that may come at any time.

>>> from distsys.lab.impossibility_tries import FirstTwo
>>> explore_model(runs_of(FirstTwo(), "011")).verdict
'VIOLATED'
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable, Iterable, Iterator
from typing import Any, NamedTuple

from distsys.core.errors import ArgumentError, shown, whole_number
from distsys.core.models import Model
from distsys.drivers.explorer import explore_model

__all__ = ["NAMES", "Algorithm", "Configuration", "Letter", "explore_model", "runs_of", "taken"]

NAMES = "ABCD"
State = Any  # what a process knows: a tuple that each algorithm names for itself
Sends = tuple[tuple[int, Hashable], ...]  # (to whom, what)


class Letter(NamedTuple):
    """One message on its way; processes are numbered from 0."""

    sender: int
    to: int
    message: Any


class Algorithm(ABC):
    """What one process does. An algorithm in rounds also says to which round a state and a message belong."""

    name: str
    processes: int
    shape: type  # the class of its states
    tosses = False  # whether it throws a coin
    turn = 1  # after how many stages everything begins anew

    @abstractmethod
    def begin(self, me: int, value: int) -> tuple[State, Sends]:
        """Return the first state of a process with this input, and what it sends."""

    @abstractmethod
    def receive(self, me: int, state: State, sender: int, message: Any, coin: int = 0) -> tuple[State, Sends]:
        """Return the state after a message, and what is sent; `coin` is the side on which a coin would fall."""

    @abstractmethod
    def decision(self, state: State) -> int | None:
        """Return what a process in this state has decided, or None."""

    def stage(self, state: State) -> int:
        """Return for which round a process takes letters; a letter for a later round waits at its door."""
        return 0

    def stage_of(self, message: Any) -> int:
        """Return to which round a message belongs."""
        return 0

    def moved(self, state: State, by: int) -> State:
        """Return the state with all rounds later by so many."""
        return state

    def moved_message(self, message: Any, by: int) -> Any:
        """Return the message with its round later by so many."""
        return message

    def in_order(self, now: Configuration) -> Configuration:
        """Return the same with the processes put in order, if it is the beginning of a round and they are alike."""
        return now

    def to_all(self, me: int, message: Hashable) -> Sends:
        """Return one message to each of the others."""
        return tuple((to, message) for to in range(self.processes) if to != me)


class Configuration(NamedTuple):
    """What all processes know, what is on its way, and who has crashed (-1: nobody)."""

    states: tuple[State, ...]
    letters: frozenset[Letter]
    down: int = -1

    def decided(self, algorithm: Algorithm) -> tuple[int | None, ...]:
        """Return what each process has decided."""
        return tuple(algorithm.decision(state) for state in self.states)


def inputs_of(algorithm: Algorithm, inputs: str) -> tuple[int, ...]:
    """Return the inputs as numbers, one for each process."""
    if len(inputs) != algorithm.processes or not set(inputs) <= {"0", "1"}:
        raise ArgumentError(
            f"inputs must be {algorithm.processes} digits 0 or 1, one for each process, but it is {shown(inputs)}"
        )
    return tuple(map(int, inputs))


def first(algorithm: Algorithm, inputs: str) -> Configuration:
    """Return the configuration in which all have begun and nothing has arrived."""
    begun = [algorithm.begin(me, value) for me, value in enumerate(inputs_of(algorithm, inputs))]
    letters = (Letter(me, to, text) for me, (_, sends) in enumerate(begun) for to, text in sends)
    return Configuration(tuple(state for state, _ in begun), frozenset(letters))


def lowest(algorithm: Algorithm, now: Configuration) -> int:
    """Return the earliest round in which a process is that has not crashed."""
    return min(algorithm.stage(state) for me, state in enumerate(now.states) if me != now.down)


def open_letters(algorithm: Algorithm, now: Configuration, in_step: bool = False) -> list[Letter]:
    """Return the letters that may be taken now; in step: of the earliest round only."""
    stages = [algorithm.stage(state) for state in now.states]
    limit = lowest(algorithm, now)
    return sorted(
        letter
        for letter in now.letters
        if letter.to != now.down
        and (stage := algorithm.stage_of(letter.message)) == stages[letter.to]
        and (not in_step or stage == limit)
    )


def taken(algorithm: Algorithm, now: Configuration, letter: Letter, coin: int = 0) -> Configuration:
    """Return the configuration after one letter was taken.

    Letters for rounds that their receiver has left are thrown away: to take them changes nothing.
    """
    me, before = letter.to, now.states[letter.to]
    state, sends = algorithm.receive(me, before, letter.sender, letter.message, coin)
    states = (*now.states[:me], state, *now.states[me + 1 :])
    letters = now.letters - {letter}
    stage = algorithm.stage(state)
    if stage != algorithm.stage(before):
        letters = frozenset(
            one for one in letters if one.to != me or algorithm.stage_of(one.message) >= stage
        )
    if sends:
        letters |= {
            Letter(me, to, text)
            for to, text in sends
            if to != now.down and algorithm.stage_of(text) >= algorithm.stage(states[to])
        }
    return Configuration(states, letters, now.down)


def crashed(now: Configuration, who: int) -> Configuration:
    """Return the configuration after a crash: letters to it are lost, those that it sent are still on their way."""
    return Configuration(now.states, frozenset(one for one in now.letters if one.to != who), who)


def never_began(algorithm: Algorithm, now: Configuration, who: int) -> Configuration | None:
    """Return the configuration if `who` had crashed before it sent anything; None if somebody has heard of it."""
    sent = [one for one in now.letters if one.sender == who]
    if now.down >= 0 or len(sent) < algorithm.processes - 1:
        return None
    states = (*now.states[:who], now.states[who]._replace(decided=None), *now.states[who + 1 :])
    return crashed(now._replace(states=states, letters=now.letters.difference(sent)), who)


def folded(algorithm: Algorithm, now: Configuration) -> Configuration:
    """Return a configuration in which the same will happen, up to names and to the number of the round.

    Rounds are counted from the earliest one. If all stand at its beginning, and the algorithm treats all alike, the
    processes are put in order.
    """
    by = -(lowest(algorithm, now) // algorithm.turn * algorithm.turn)
    if by:
        now = Configuration(
            tuple(algorithm.moved(state, by) for state in now.states),
            frozenset(one._replace(message=algorithm.moved_message(one.message, by)) for one in now.letters),
            now.down,
        )
    return algorithm.in_order(now)


def steps(
    algorithm: Algorithm, now: Configuration, *, crashes: int = 0, in_step: bool = False, fold: bool = False
) -> Iterator[tuple[str, Configuration]]:
    """Return all that can happen next, by name."""
    for letter in open_letters(algorithm, now, in_step):
        text = f"{NAMES[letter.to]} takes {letter.message} of {NAMES[letter.sender]}"
        found = dict.fromkeys(taken(algorithm, now, letter, coin) for coin in (0, 1)[: 1 + algorithm.tosses])
        for after in found:
            yield text, folded(algorithm, after) if fold else after
    if crashes and now.down < 0:
        for who in range(algorithm.processes):
            yield f"{NAMES[who]} crashes", crashed(now, who)
            if (silent := never_began(algorithm, now, who)) is not None:
                yield f"{NAMES[who]} has crashed before it sent anything", silent


def disagree(algorithm: Algorithm, now: Configuration) -> str | None:
    """Return who has decided what, if two have decided differently."""
    found = now.decided(algorithm)
    if {0, 1} <= set(found):
        said = zip(NAMES, found, strict=False)
        return ", ".join(f"{name} has decided {value}" for name, value in said if value is not None)
    return None


def runs_of(
    algorithm: Algorithm,
    inputs: str | Iterable[str],
    *,
    crashes: int = 0,
    in_step: bool = False,
    fold: bool = False,
) -> Model[Configuration]:
    """Return all runs as a model: from some inputs, with at most so many crashes (0 or 1).

    in_step   letters of a round go before letters of the next one
    fold      count rounds from the earliest, and name processes in order, so that rounds without end may be
              finitely many configurations
    """
    whole_number("crashes", crashes, at_most=1)
    begins = (inputs,) if isinstance(inputs, str) else tuple(inputs)

    def valid(now: Configuration) -> str | None:
        wrong = {"0", "1"} - set("".join(begins))
        bad = [value for value in now.decided(algorithm) if str(value) in wrong]
        return f"{bad[0]} was decided, and nobody has it as input" if bad else None

    return Model(
        name=algorithm.name,
        says=f"{algorithm.processes} processes that should agree on 0 or 1.",
        initial=tuple(first(algorithm, one) for one in begins),
        next_states=lambda now: steps(algorithm, now, crashes=crashes, in_step=in_step, fold=fold),
        invariants={"agreement": lambda now: disagree(algorithm, now), "validity": valid},
    )
