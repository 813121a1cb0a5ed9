"""Play the scenarios against running servers and show, step by step, where they do something else than the real one.

    python tools/compare_zookeeper.py --only multi 127.0.0.1:2181            # a server that was just started
    python tools/compare_zookeeper.py --start 'python -m distsys serve zookeeper --nodes 3'
    python tools/compare_zookeeper.py --ours --only multi                    # ours, started as each scenario wants it
    python tools/compare_zookeeper.py --real                                 # the real one, does it do the same twice?

Every scenario wants new servers. With --start the command is run anew for each; what it prints until the first line
with an address names the servers, and it is killed when the scenario is over. With addresses, one scenario is played.

Names of zxids and times (z7, t3) are given in the order in which they appear, so one zxid too few or too many changes
all that follow. Differences in these names alone are counted apart, and the first of them is shown.
"""

import argparse
import contextlib
import json
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

from zookeeper_ours import OurZooKeeper
from zookeeper_player import Control, played
from zookeeper_scenarios import CRASHES, SCENARIOS, differences, play, recorded

ADDRESS = re.compile(r"\b(?:127\.0\.0\.1|localhost):\d+\b")
NAMED = re.compile(r"\b[zt]\d+\+*")
TIMED = re.compile(r"\bt\d+\+*")
FEW = 10


@contextlib.contextmanager
def started(command: str) -> Iterator[list[str]]:
    """Run a command in a group of its own, and give the addresses it prints."""
    with subprocess.Popen(
        shlex.split(command), stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        try:
            assert process.stdout is not None, "no output"
            addresses = next((found for line in process.stdout if (found := ADDRESS.findall(line))), None)
            if addresses is None:
                raise SystemExit(f"this printed no address: {command}")
            yield addresses
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def nameless(came: Any) -> str:
    """Return what came without the names of zxids and times."""
    return NAMED.sub("", json.dumps(came, sort_keys=True))


def compared(
    addresses: list[str], name: str, *, ours: bool, shown: int, control: Control | None = None
) -> int:
    """Play a scenario, print the first differences, and return how many there are."""
    transcript = recorded(name)
    came = list(played(addresses, [step for step, _ in transcript], control))
    unlike = list(differences(transcript, came, ours=ours))
    numbers = [each for each in unlike if nameless(each[2]) == nameless(each[3])]
    others = [each for each in unlike if each not in numbers]
    for number, step, due, found in others[:shown] + numbers[:1]:
        print(f"{name} {number}: {json.dumps(step)[:400]}")
        print(f"  due:  {json.dumps(due)[:1200]}\n  here: {json.dumps(found)[:1200]}")
    print(
        f"{name}: {len(transcript)} steps compared, {len(unlike)} differ, {len(numbers)} of them in numbers alone"
    )
    return len(unlike)


def timeless(came: Any) -> Any:
    """Return what came without the names of times: two changes may be of one millisecond, or not."""
    return json.loads(TIMED.sub("t", json.dumps(came)))


def compared_with_ours(name: str, shown: int) -> int:
    """Start our servers as a scenario wants them, print what differs but times, and return how much that is."""
    scenario = SCENARIOS[name]
    with OurZooKeeper(scenario.nodes, {**scenario.settings, **scenario.options}) as ours:
        came = [timeless(each) for _, each in play(ours.addresses, name, ours)]
    due = [(step, timeless(each)) for step, each in recorded(name)]
    unlike = list(differences(due, came))
    for number, step, wanted, found in unlike[:shown]:
        print(f"{name} {number}: {step}\n  due:  {wanted}\n  here: {found}")
    print(f"{name}: {len(due)} steps compared, {len(unlike)} differ")
    return len(unlike)


def main() -> int:
    """Compare."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("addresses", nargs="*", help="where servers that were just started listen")
    parser.add_argument("--start", metavar="COMMAND", help="starts new servers for each scenario")
    parser.add_argument("--real", action="store_true", help="start the real servers")
    parser.add_argument("--ours", action="store_true", help="start ours, with the settings of the scenario")
    parser.add_argument("--only", choices=SCENARIOS, action="append")
    parser.add_argument("--shown", type=int, default=FEW, help=f"differences of a scenario shown ({FEW})")
    chosen = parser.parse_args()
    names = chosen.only or list(SCENARIOS)
    if bool(chosen.addresses) + bool(chosen.start) + chosen.real + chosen.ours != 1:
        parser.error("say one of ADDRESS..., --start, --ours and --real")
    if chosen.addresses and len(names) != 1:
        parser.error("a server that was just started plays one scenario: say --only NAME")
    unlike = 0
    for name in names:
        if chosen.real:
            with SCENARIOS[name].real() as real:
                unlike += compared(real.addresses, name, ours=False, shown=chosen.shown, control=real)
            continue
        if chosen.ours:
            unlike += compared_with_ours(name, chosen.shown)
            continue
        if name in CRASHES:
            print(f"{name}: left out, for nobody here can kill servers")
            continue
        servers = started(chosen.start) if chosen.start else contextlib.nullcontext(chosen.addresses)
        with servers as addresses:
            unlike += compared(addresses, name, ours=True, shown=chosen.shown)
    return min(unlike, 1)


if __name__ == "__main__":
    sys.exit(main())
