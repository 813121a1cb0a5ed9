"""The game against four voters: who delivers the letters wants that nobody ever decides.

The rules of the game are a fair schedule: no letter is lost, nobody crashes, and letters of a round go before letters
of the next one. A *turn* delivers one letter. What can still be decided after each choice comes from the graph of all
configurations; within a round that is split two against two it is a table of 6**4 = 1,296 characters.

>>> end = adversary(60)
>>> end.turn >= 60, end.standing(), end.now.decided(VOTING)
(True, 'b', (None, None, None, None))
"""

from __future__ import annotations

from collections import Counter, deque
from functools import cache

from distsys.core.dice import Dice
from distsys.core.errors import whole_number
from distsys.views.vote_player import VotePlayer

from .impossibility_model import NAMES, Configuration, Letter, first, folded, open_letters, steps, taken
from .impossibility_tries import BenOr, Voting
from .impossibility_valence import Graph, graph

VOTING = Voting()
BEGIN = "0011"
SIGNS = "-01b"  # what can still be decided: nothing, 0, 1, both


@cache
def all_rounds() -> Graph:
    """Return all configurations of the game, up to the number of the round and the names of the voters."""
    return graph(VOTING, BEGIN, in_step=True, fold=True)


@cache
def table() -> str:
    """Return what can still be decided within a split round, a sign for each position; see `code`."""
    found, begin = all_rounds(), first(VOTING, BEGIN)
    votes = tuple(map(int, BEGIN))
    signs = ["-"] * 6**4
    seen, waiting = {begin}, deque([begin])
    while waiting:
        now = waiting.popleft()
        signs[code(votes, 0, now)] = SIGNS[found.values[folded(VOTING, now)]]
        if any(state.round == 0 for state in now.states):
            for _, then in steps(VOTING, now, in_step=True):
                if then not in seen:
                    seen.add(then)
                    waiting.append(then)
    return "".join(signs)


def code(votes: tuple[int, ...], number: int, now: Configuration) -> int:
    """Return the place in the table: a digit to the base 6 for each voter, those who vote 0 first.

    0       it has its own vote only
    1, 2, 3 it has a vote of the first, second, third of the others, in the same order
    4, 5    it has counted, and votes 0 or 1 in the next round
    """
    order = sorted(range(4), key=lambda who: (votes[who], who))
    place = 0
    for who in reversed(order):
        state = now.states[who]
        others = [one for one in order if one != who]
        heard = [one for one, _ in state.votes if one != who]
        digit = 4 + state.vote if state.round > number else 1 + others.index(heard[0]) if heard else 0
        place = 6 * place + digit
    return place


class Play:
    """One game: the configuration, how many letters were delivered, and how long each had waited, in turns."""

    def __init__(self, begin: str = BEGIN) -> None:
        self.now = first(VOTING, begin)
        self.turn = self.number = 0
        self.votes = tuple(map(int, begin))
        self.sent = dict.fromkeys(self.now.letters, 0)
        self.waits: list[int] = []
        self.splits = int(sum(self.votes) == 2)

    def choices(self) -> list[Letter]:
        """Return the letters that may be delivered, the oldest first."""
        return sorted(open_letters(VOTING, self.now, in_step=True), key=lambda one: (self.sent[one], one))

    def standing(self, now: Configuration | None = None) -> str:
        """Return what can still be decided: "b" for both, "0" or "1"."""
        if sum(self.votes) != 2:
            return "01"[sum(self.votes) > 2]
        return table()[code(self.votes, self.number, self.now if now is None else now)]

    def after(self, letter: Letter) -> str:
        """Return what can still be decided after this letter."""
        return self.standing(taken(VOTING, self.now, letter))

    def deliver(self, letter: Letter) -> None:
        """Deliver a letter; if its receiver counts, the third letter to it comes right after it, too late."""
        then = taken(VOTING, self.now, letter)
        late = sorted(one for one in self.now.letters - then.letters if one != letter)
        for one in (letter, *late):
            self.turn += 1
            self.waits.append(self.turn - self.sent.pop(one))
        self.sent |= dict.fromkeys(then.letters - self.now.letters, self.turn)
        self.now = then
        if all(state.round > self.number for state in then.states):
            self.number += 1
            self.votes = tuple(state.vote for state in then.states)
            self.splits += sum(self.votes) == 2

    @property
    def decided(self) -> bool:
        """Whether somebody has decided."""
        return any(value is not None for value in self.now.decided(VOTING))


def adversary(turns: int) -> Play:
    """Return the game in which the oldest letter that keeps both decisions possible is delivered, again and again."""
    whole_number("turns", turns)
    play = Play()
    while play.turn < turns:
        play.deliver(next(letter for letter in play.choices() if play.after(letter) == "b"))
    return play


def by_chance(seed: int) -> Play:
    """Return the game in which each letter that may be next is equally likely, until somebody has decided."""
    play, dice = Play(), Dice(seed)
    while not play.decided:
        letter, dice = dice.choose(play.choices())
        play.deliver(letter)
    return play


def always_a_way() -> bool:
    """Return whether each configuration in which both decisions are possible has a step after which both still are."""
    found = all_rounds()
    return all(
        any(found.values[then] == 3 for _, then in found.after[now])
        for now, value in found.values.items()
        if value == 3
    )


def free(now: Configuration) -> int:
    """Return how many voters may still vote either way in the next round, whatever they have taken so far."""
    votes = [[value for _, value in state.votes] for state in now.states if state.round == 0]
    return sum(len(mine) == 1 or len(set(mine)) == 2 for mine in votes)


def each_letter_can_be_last() -> bool:
    """Return whether each letter in each bivalent configuration can be delivered so that it stays bivalent.

    Others may be delivered before it. A letter that comes too late is delivered, too.
    """
    found = all_rounds()
    for now, value in found.values.items():
        if value == 3:
            for letter in open_letters(VOTING, now, in_step=True):
                if not _reaches(found, now, letter):
                    return False
    return True


def _reaches(found: Graph, begin: Configuration, letter: Letter) -> bool:
    """Return whether bivalent configurations lead from here to one in which the letter has been delivered."""
    seen, waiting = {begin}, [begin]
    while waiting:
        now = waiting.pop()
        for one in open_letters(VOTING, now, in_step=True):
            then = taken(VOTING, now, one)
            if found.values[folded(VOTING, then)] == 3:
                if letter not in then.letters:
                    return True
                if then not in seen:
                    seen.add(then)
                    waiting.append(then)
    return False


def rounds_of_coins(seed: int) -> int:
    """Return in how many rounds of Ben-Or's algorithm all three throw a coin, until the three coins are equal.

    The schedule is the one that beats it without coins: each first hears from somebody who has another value.
    """
    algorithm, dice, number = BenOr(), Dice(seed), 0
    now = first(algorithm, "001")
    while True:
        letters = open_letters(algorithm, now, in_step=True)
        differ = [one for one in letters if one.message[1] != now.states[one.to].value]
        coin, dice = dice.below(2)
        now = taken(algorithm, now, (differ or letters)[0], coin)
        if all(state.round > number for state in now.states):
            number += 1
            if len({state.value for state in now.states}) == 1:
                return number


def distribution(runs: int) -> Counter[int]:
    """Return how many of so many games by chance had 1, 2, 3, ... split rounds."""
    return Counter(by_chance(seed).splits for seed in range(runs))


POSSIBLE = {"b": "0 and 1", "0": "only 0", "1": "only 1"}


def in_words(turns: int = 12) -> list[tuple[int, str, str]]:
    """Return the beginning of the adversary's game: turn, what was delivered, what can still be decided."""
    play, rows = Play(), []
    while play.turn < turns:
        letter = next(one for one in play.choices() if play.after(one) == "b")
        turn = play.turn + 1
        play.deliver(letter)
        what = f"{NAMES[letter.to]} takes the vote {letter.message[1]} of {NAMES[letter.sender]}"
        rows.append((turn, what, POSSIBLE[play.standing()]))
        if play.turn > turn:
            rows.append((play.turn, f"{NAMES[letter.to]} gets the third letter, too late", rows[-1][2]))
    return rows


def vote_game(*, name: str, alt: str, caption: str) -> VotePlayer:
    """Return the game as a figure."""
    return VotePlayer(name, alt, caption, table(), in_words())
