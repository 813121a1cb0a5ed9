"""All scenarios that are played against the real ZooKeeper and against ours, with the servers that each needs.

    basics     the tree: creates, reads, sets, deletes, versions, stats
    sequences  numbers behind names, ephemerals
    names      which paths are allowed, and which nodes are the server's own
    quotas     what is counted below /zookeeper/quota
    multi      several operations in one
    watches    watches that fire once
    staying    persistent and recursive watches, and how they mix with the others
    returning  a session that comes back and sets its watches again
    acls       who may do what
    sessions   sessions, connections, frames
    super      who may do everything
    time       what expires: sessions, containers, nodes with a time to live
    words      the words of four letters
    cluster    three servers
    reconfig   an ensemble that takes and loses a server
    crash      one server that is killed and started again
    leader     three servers, of which the one that leads is killed
    reading    three servers, of which two are killed and one reads on

A scenario wants new servers: versions of the root and the order of zxids are compared.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from zookeeper_acl_steps import ACLS
from zookeeper_cluster_steps import CLUSTER, CRASH, LEADER, RECONFIG
from zookeeper_multi_steps import MULTI
from zookeeper_player import Control, played
from zookeeper_real import RealZooKeeper
from zookeeper_session_steps import READING, SESSIONS, SUPER, TIME, WORDS
from zookeeper_steps import BASICS, NAMES, QUOTAS, SEQUENCES, Step
from zookeeper_watch_steps import RETURNING, STAYING, WATCHES

GOLDEN = Path(__file__).resolve().parent.parent / "tests" / "golden" / "zookeeper"


@dataclass(frozen=True)
class Scenario:
    """Steps, and the servers they are played against.

    nodes     how many servers
    settings  lines of zoo.cfg; ours is started with the same
    options   properties of Java
    """

    steps: list[Step]
    nodes: int = 1
    settings: dict[str, object] = field(default_factory=dict)
    options: dict[str, str] = field(default_factory=dict)

    def real(self) -> RealZooKeeper:
        """Return the real servers, a context in which they run."""
        return RealZooKeeper(self.nodes, settings=self.settings, options=self.options)


# Ticks of a second, so that a session expires after two; containers are looked at ten times a second.
SOON = {
    "zookeeper.extendedTypesEnabled": "true", "znode.container.checkIntervalMs": "100",
    "znode.container.maxPerMinute": "60000",
}  # fmt: skip
# A server that only reads makes no sessions but its own, so they must be allowed.
LOCAL: dict[str, object] = {"localSessionsEnabled": "true", "localSessionsUpgradingEnabled": "true"}
SUPER_DIGEST = "super:D/InIHSb7yEEbrWz8b9l71RjZJU="  # of the password `test`
SCENARIOS = {
    "basics": Scenario(BASICS),
    "sequences": Scenario(SEQUENCES),
    "names": Scenario(NAMES),
    "quotas": Scenario(QUOTAS),
    "multi": Scenario(MULTI),
    "watches": Scenario(WATCHES),
    "staying": Scenario(STAYING),
    "returning": Scenario(RETURNING),
    "acls": Scenario(ACLS),
    "sessions": Scenario(SESSIONS),
    "super": Scenario(SUPER, options={"zookeeper.DigestAuthenticationProvider.superDigest": SUPER_DIGEST}),
    "time": Scenario(TIME, settings={"tickTime": 1000, "maxSessionTimeout": 40_000}, options=SOON),
    "words": Scenario(WORDS),
    "cluster": Scenario(CLUSTER, nodes=3),
    "reconfig": Scenario(
        RECONFIG,
        nodes=3,
        settings={"reconfigEnabled": "true"},
        options={"zookeeper.DigestAuthenticationProvider.superDigest": SUPER_DIGEST},
    ),
    "crash": Scenario(CRASH),
    "leader": Scenario(LEADER, nodes=3),
    "reading": Scenario(READING, nodes=3, settings=LOCAL, options={"readonlymode.enabled": "true"}),
}

CRASHES = ("crash", "leader", "reading")  # they want somebody who can kill servers

Transcript = list[tuple[Step, dict[str, Any]]]


def play(addresses: list[str], name: str, control: Control | None = None) -> Transcript:
    """Return each step of a scenario with what came of it at the servers that listen at these addresses.

    control  kills servers and starts them again, which `crash` and `leader` want
    """
    steps = SCENARIOS[name].steps
    return list(zip(steps, played(addresses, steps, control), strict=True))


def written(transcript: Transcript) -> str:
    """Return a transcript as it is stored, a step a line."""
    return "".join(json.dumps(list(pair), ensure_ascii=True) + "\n" for pair in transcript)


def golden(name: str) -> Path:
    """Return the file of the transcript of a scenario."""
    return GOLDEN / f"{name}.jsonl"


def recorded(name: str) -> Transcript:
    """Return the stored transcript of a scenario."""
    lines = golden(name).read_text(encoding="utf-8").splitlines()
    return [(step, came) for step, came in map(json.loads, lines)]


def differences(
    due: Transcript, found: list[dict[str, Any]], *, ours: bool = False
) -> Iterator[tuple[int, Step, Any, Any]]:
    """Yield number, step, what should come of it and what came, where these differ.

    ours  takes what a step says under `ours`, where we differ on purpose
    """
    for number, ((step, wanted), came) in enumerate(zip(due, found, strict=True)):
        here = step.get("ours", wanted) if ours else wanted
        if came != here:
            yield number, step, here, came
