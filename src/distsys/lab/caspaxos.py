"""CASPaxos: a register that many change, by the rules of Paxos and without a log (Rystsov 2018).

In Paxos a proposer that hears of a value asks for votes for the same value. Here it asks for votes for what the
operation makes of it. Everything else is `protocols.paxos`: ballots, promises, votes, the disk, quorums.

An operation ends as *ok*, or it ends as *unknown* when its ballot is beaten in phase 2: somebody may have voted for its
new value, and a later proposer may go on from there. To ask again could do it twice. In phase 1 nobody has heard of it
yet, so there it may be tried again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from distsys.core import systems
from distsys.core.dice import Dice, derive
from distsys.core.operations import INFO, INVOKE, OK, Operation
from distsys.core.systems import Members, Request, System
from distsys.core.units import MS, S
from distsys.core.values import EMPTY, Map, record
from distsys.protocols.paxos import Paxos
from distsys.protocols.paxos_laws import durable_before_revealed, one_value_in_a_ballot, promises_are_kept
from distsys.protocols.paxos_messages import Accept, Accepted, Phase, Reject
from distsys.protocols.paxos_systems import TIMING
from distsys.protocols.raft_systems import CONSENSUS_FAULTS

NOTHING = (None,)  # the state of the register before anybody wrote: a tuple, for None is no value of Paxos


@record
class Do:
    """From the host: read, write a value, or compare and set a pair; `id` names the operation in the history."""

    id: str
    f: str
    value: Any = None


def applied(do: Do, state: Any) -> tuple[Any, Any]:
    """Return the next state of the register, and the answer.

    >>> applied(Do("ann", "cas", (1, 2)), 1), applied(Do("bob", "read"), 1)
    ((2, True), (1, 1))
    """
    match do.f:
        case "write":
            return do.value, None
        case "cas":
            expected, new = do.value
            return (new, True) if state == expected else (state, False)
    return state, state


class Register(Paxos):
    """A process of CASPaxos: an acceptor, and a proposer for the operations of its host, one at a time.

    State: that of `Paxos`; volatile besides `open`, the operation under way, `waiting`, and `answer`.
    Messages: those of Paxos; from the host Do. Outputs: `Operation`.
    Keeps: its histories are linearizable.
    Leaves out: the round trip less of a proposer that is alone, changes of the members, deletion.
    Source: Rystsov 2018, "CASPaxos: Replicated State Machines without logs", section 2.2.
    """

    def __init__(self, name: str, disk: Map[str, Any] = EMPTY, **settings: Any) -> None:
        super().__init__(name, disk, **settings)
        self.open: Do | None = None
        self.waiting: tuple[Do, ...] = ()
        self.answer: Any = None

    def on_message(self, sender: str, message: Any) -> None:
        """Take an operation, or act as in Paxos."""
        if isinstance(message, Do):
            self.waiting += (message,)
            self.begin()
        else:
            super().on_message(sender, message)

    def begin(self) -> None:
        """Phase 1 for the next operation, if none is under way."""
        if self.open is None and self.waiting:
            self.open, self.waiting = self.waiting[0], self.waiting[1:]
            self.output(Operation(self.open.id, INVOKE, self.open.f, None, self.open.value))
            self.prepare()

    def last_state(self) -> Any:
        """Return the state of the highest ballot that the promises tell of (P2c)."""
        last = max(self.promises.values(), key=lambda promise: promise.voted_ballot)
        return last.voted_value or NOTHING

    def value_to_propose(self) -> Any:
        """Return what the operation makes of the last state."""
        assert self.open is not None, f"{self.name} has no operation"
        state, self.answer = applied(self.open, self.last_state()[0])
        return (state,)

    def on_accept(self, sender: str, message: Accept) -> None:
        """Phase 2b: vote, unless a higher ballot was promised, and tell the proposer alone."""
        if message.ballot < self.promised:
            self.send(sender, Reject(message.ballot, self.promised))
            return
        self.vote(message)
        accepted = Accepted(message.ballot, message.value)
        if sender == self.name:
            self.on_accepted(sender, accepted)
        else:
            self.send(sender, accepted)

    def on_accepted(self, sender: str, message: Accepted) -> None:
        """Answer once a quorum has voted in this ballot."""
        if self.phase is Phase.ACCEPT and message.ballot == self.ballot:
            self.votes = self.votes.set(sender, message)
            if self.quorums.is_phase2_quorum(self.voters(self.ballot)):
                self.end(OK)

    def on_reject(self, message: Reject) -> None:
        """Try again later if the ballot was beaten in phase 1; in phase 2 nobody knows what becomes of it."""
        beaten_in_phase_2 = message.ballot == self.ballot and self.phase is Phase.ACCEPT
        super().on_reject(message)
        if beaten_in_phase_2:
            self.end(INFO)

    def on_timeout(self, timer: str) -> None:
        """No answer came in time."""
        if self.phase is Phase.ACCEPT:
            self.end(INFO)
        elif self.open is not None:
            self.prepare()

    def end(self, how: str) -> None:
        """End the operation, and begin the next."""
        assert self.open is not None, f"{self.name} ends what it has not begun"
        self.output(Operation(self.open.id, how, self.open.f, None, self.answer if how == OK else None))
        self.open, self.phase = None, Phase.IDLE
        self.cancel_timer("retry")
        self.begin()


def acceptors(names: tuple[str, ...], options: Mapping[str, Any]) -> Members:
    """Return processes that all propose and accept."""
    settings = {option: options[option] for option in TIMING}
    return {name: ("process", {"acceptors": names, **settings}) for name in names}


def operations(names: tuple[str, ...], options: Mapping[str, Any], seed: int) -> tuple[Request, ...]:
    """Return operations at random times; every value is written once, and a cas expects an earlier one."""
    dice = Dice(derive(seed, "operations"))
    requests: list[Request] = []
    for number in range(1, options["commands"] + 1):
        name, dice = dice.choose(names)
        at, dice = dice.below(options["commands"] * 100 * MS)
        f, dice = dice.choose(("read", "read", "write", "cas"))
        guess, dice = dice.below(number)
        value = {"read": None, "write": f"v{number}", "cas": (f"v{guess}" if guess else None, f"v{number}")}[
            f
        ]
        requests.append(Request(at, name, Do(f"{name}.{number}", f, value)))
    return tuple(sorted(requests, key=lambda request: (request.at, request.node)))


def system_of(name: str, process: type[Paxos]) -> System:
    """Return a system of such processes, so that a saved run finds it by its name."""
    return systems.register(
        System(
            name=name,
            says="A register that many change, by the rules of Paxos and without a log (CASPaxos).",
            classes={"process": process},
            members=acceptors,
            laws=(promises_are_kept, one_value_in_a_ballot, durable_before_revealed),
            options={"commands": 12, **TIMING},
            workload=operations,
            tolerates=CONSENSUS_FAULTS,
            settle=10 * S,
            untimed=True,
        )
    )


# The broken versions.


class TakesTheFirstState(Register):
    """A proposer goes on from the first state that it hears of, and not from that of the highest ballot."""

    def last_state(self) -> Any:
        """Return the state of the first promise that tells of one."""
        told = [promise.voted_value for promise in self.promises.values() if promise.voted_value]
        return told[0] if told else NOTHING


class TrustsItsMemory(Register):
    """A proposer goes on from its own last vote: it asks for promises, and does not read them."""

    def last_state(self) -> Any:
        """Return the state for which this process voted last."""
        return self.voted_value or NOTHING


class DoesItAgain(Register):
    """A proposer tries again when its ballot is beaten, also in phase 2."""

    def on_reject(self, message: Reject) -> None:
        """Wait for the timer, and begin again."""
        Paxos.on_reject(self, message)

    def on_timeout(self, timer: str) -> None:
        """Begin again."""
        if self.open is not None:
            self.prepare()


CASPAXOS = system_of("caspaxos", Register)
BROKEN = {
    "the first state": system_of("caspaxos-first-state", TakesTheFirstState),
    "its own memory": system_of("caspaxos-own-memory", TrustsItsMemory),
    "does it again": system_of("caspaxos-does-it-again", DoesItAgain),
}
