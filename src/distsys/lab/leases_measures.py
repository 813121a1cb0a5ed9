"""What the page on leases measures of failure detection: what a lease outlives, how soon another has it, false ends.

In all runs a renews the lease every `renew_ms` by its own clock, whatever it hears, and b waits for it. Clocks are
right here, and each message takes 5 ms.
"""

from __future__ import annotations

from distsys.core.dice import Dice, derive
from distsys.core.laws import outputs
from distsys.core.trace import Trace
from distsys.core.units import MS
from distsys.drivers import Crash, Heal, Partition, SetLink, link
from distsys.drivers.faults import Action

from .leases_cast import Holds, Stops
from .leases_runs import DELAY_MS, cluster, run

BEGIN_MS = 2_000  # a has the lease by then, and has renewed it often


def renewed(renew_ms: int, lease_ms: int, until_ms: int, *script: Action, seed: int = 1) -> Trace:
    """Return a run in which a renews the lease, and b waits for it."""
    return run(
        cluster(lease_ms=lease_ms, renew_ms=renew_ms, begins=(0, 50)), until_ms, script, seed=seed, laws=()
    )


def takes_over_ms(trace: Trace) -> float | None:
    """Return when b has the lease; None if it never has."""
    found = [step.at / MS for step in trace if step.node == "b" and outputs(step, Holds)]
    return found[0] if found else None


def takeover_ms(renew_ms: int, lease_ms: int, phase_ms: int) -> float:
    """Return how long after the crash of a, so long after it has sent a renewal, b has the lease."""
    crash = BEGIN_MS - BEGIN_MS % renew_ms + phase_ms
    trace = renewed(renew_ms, lease_ms, crash + 2 * lease_ms, Crash(crash * MS, "a"))
    at = takes_over_ms(trace)
    assert at is not None, "nobody takes over"
    return at - crash


def outlives(renew_ms: int, lease_ms: int, phase_ms: int, outage_ms: int) -> bool:
    """Return whether a keeps the lease, without a moment in which it may not rely on it, in a cut of this length."""
    begin = BEGIN_MS - BEGIN_MS % renew_ms + phase_ms
    end = begin + outage_ms
    cut: tuple[Action, ...] = (Partition(begin * MS, (("a",), ("locks", "b"))), Heal(end * MS))
    trace = renewed(renew_ms, lease_ms, end + 2 * lease_ms, *cut)
    stops = any(step.node == "a" and outputs(step, Stops) for step in trace)
    return not stops and takes_over_ms(trace) is None


def always_outlives(renew_ms: int, lease_ms: int, outage_ms: int, *, every_ms: int = 5) -> bool:
    """Return whether it does so whenever the cut begins, in steps of `every_ms` between two renewals."""
    return all(outlives(renew_ms, lease_ms, phase, outage_ms) for phase in range(1, renew_ms, every_ms))


def renewals_until_lost(renew_ms: int, lease_ms: int, loss: float, seed: int) -> int:
    """Return how many renewals of a living client are sent until b has the lease, when such a share of them is lost."""
    begin = BEGIN_MS - BEGIN_MS % renew_ms  # the first renewal that may be lost is sent then
    lossy = SetLink(begin * MS, "a", "locks", link(delay=DELAY_MS * MS, loss=loss))
    until, at = begin + 50 * renew_ms, None
    while at is None:
        at = takes_over_ms(renewed(renew_ms, lease_ms, until, lossy, seed=seed))
        until += 4 * (until - begin)
    ended = at - 3 * DELAY_MS  # by the clock of the granter
    return 1 + int((ended - begin - DELAY_MS) // renew_ms)


def tries_until_run(length: int, probability: float, seed: int) -> int:
    """Return how many tries it takes until so many have failed one after the other.

    >>> tries_until_run(3, 1.0, seed=0)
    3
    """
    dice, tries, run_length = Dice(derive(seed, "losses")), 0, 0
    while run_length < length:
        chance, dice = dice.below(1_000_000)
        run_length = run_length + 1 if chance < probability * 1_000_000 else 0
        tries += 1
    return tries
