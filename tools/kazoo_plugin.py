"""Points the tests that kazoo ships at running servers; a plugin of pytest, used in an environment of its own.

    python -m venv kazoo && kazoo/bin/pip install "kazoo[test]==2.11.0" "pyOpenSSL<25"
    export PYTHONPATH=$PWD/tools && cd kazoo       # away from the tests and the settings of this project
    bin/pytest -p kazoo_plugin --servers kazoo_plugin:real --timeout 180 --pyargs kazoo.tests
    bin/pytest -p kazoo_plugin --servers 127.0.0.1:2181,127.0.0.1:2182,127.0.0.1:2183 --pyargs kazoo.tests

kazoo's own harness starts and ends servers for each class of tests. Here they are started once, and each test has a
root of its own below "/". --servers MODULE:FUNCTION names a function that is called with local_sessions=False, or True
for the test that wants servers with sessions of their own; it returns a context manager, and that gives an object with
`addresses` and with `kill(node)` and `start(node)`, for some tests stop servers and start them again. Where only
addresses are given, those tests are skipped.

The real ZooKeeper 3.8.0, three servers, kazoo 2.11.0: of 493 tests 485 pass and 8 are skipped, in less than 5 minutes.

    6  test_sasl           PureSASL and Kerberos are not installed, and these servers have no SASL
    1  TestSSLClient       no TLS here; kazoo's own harness makes keys for it
    1  test_build          compares a version, in kazoo's own CI alone

What they want beside the protocol: TestReconfig an ensemble that takes and loses an observer, by the user `super` with
the password `test`; TestReadOnlyMode a server that reads on when the two others are killed, with sessions of its own;
test_update_host_list and test_request_queuing_* a server that is killed and is back within five seconds. With nothing
but addresses the last ten are skipped too: 475 pass and 18 are skipped.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import os
import sys
import types
from typing import Any, Protocol

import pytest

SUPER, DIGEST = (
    "zookeeper.DigestAuthenticationProvider.superDigest", "super:D/InIHSb7yEEbrWz8b9l71RjZJU=",
)  # fmt: skip
FIXED = "these servers cannot be stopped from here"
READING = "ZOOKEEPER_LOCAL_SESSION_RO"  # kazoo's wish for servers that read on alone


class Servers(Protocol):
    """What runs servers."""

    addresses: list[str]

    def kill(self, node: int) -> None:
        """End a server at once."""

    def start(self, node: int) -> None:
        """Start it again."""


def real(*, local_sessions: bool) -> contextlib.AbstractContextManager[Servers]:
    """Return three of the real servers as these tests want them; the password of `super` is `test`."""
    from zookeeper_real import RealZooKeeper

    local = str(local_sessions).lower()
    return RealZooKeeper(
        3,
        settings={
            "reconfigEnabled": "true", "localSessionsEnabled": local, "localSessionsUpgradingEnabled": local,
        },
        options={
            "readonlymode.enabled": "true", SUPER: DIGEST,
        },
    )  # fmt: skip


def ours(*, local_sessions: bool) -> contextlib.AbstractContextManager[Servers]:
    """Return three of ours; they have no sessions of one server alone, but serve who would only read all the same."""
    from zookeeper_ours import OurZooKeeper

    return OurZooKeeper(3, {"readonlymode.enabled": "true", SUPER: DIGEST})


class Server:
    """One server, as kazoo's harness sees it."""

    def __init__(self, address: str, node: int, servers: Servers | None) -> None:
        self.address, self.node, self.servers, self.running = address, node, servers, True
        self.client_port = int(address.rsplit(":", 1)[1])

    def stop(self) -> None:
        """Kill it."""
        if self.servers is None:
            pytest.skip(FIXED)
        if self.running:
            self.servers.kill(self.node)
        self.running = False

    def run(self) -> None:
        """Start it again."""
        if self.servers is not None and not self.running:
            self.servers.start(self.node)
        self.running = True


class Cluster(list[Server]):
    """All servers, as kazoo's harness sees them."""

    def start(self) -> None:
        """Start those that were stopped."""
        for server in self:
            server.run()

    def stop(self) -> None:
        """Leave them as they are."""

    terminate = reset = stop

    def get_logs(self) -> list[str]:
        """Return no logs."""
        return []

    def get_ssl_client_configuration(self) -> Any:
        """Skip the test."""
        pytest.skip("these servers speak no TLS")


class Running:
    """The servers of this run; they are started anew when a test wants others."""

    def __init__(self, named: str) -> None:
        module, _, function = named.partition(":")
        self.addresses = named.split(",") if function.split(",")[0].isdigit() else []
        self.factory = None if self.addresses else getattr(importlib.import_module(module), function)
        self.held, self.local = contextlib.ExitStack(), False
        self.cluster: Cluster | None = None

    def __call__(self) -> Cluster:
        """Return the servers that the test wants."""
        local = os.environ.get(READING) == "true"
        if (
            local and self.factory is None
        ):  # its setUp is not over, so its tearDown would leave the wish to others
            del os.environ[READING]
            pytest.skip(FIXED)
        if self.cluster is None or (local != self.local and self.factory is not None):
            self.held.close()
            self.local, self.cluster = local, self.started(local)
        return self.cluster

    def started(self, local: bool) -> Cluster:
        """Start servers, or take those that run."""
        servers = self.held.enter_context(self.factory(local_sessions=local)) if self.factory else None
        addresses = servers.addresses if servers else self.addresses
        return Cluster(Server(address, node, servers) for node, address in enumerate(addresses))


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option."""
    parser.addoption("--servers", required=True, help="MODULE:FUNCTION, or addresses with commas between")


def pytest_configure(config: pytest.Config) -> None:
    """Put our servers in the place of those that kazoo would start.

    Its harness makes keys for TLS, which nobody speaks here: the packages for that need not be there.
    """
    for name in ("jks", "OpenSSL"):
        if importlib.util.find_spec(name) is None:
            sys.modules[name] = types.ModuleType(name)
    harness = importlib.import_module("kazoo.testing.harness")
    running = Running(config.getoption("--servers"))
    harness.get_global_cluster = running  # type: ignore[attr-defined]
    config.add_cleanup(running.held.close)
