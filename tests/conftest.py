"""Fixtures for all tests."""

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

if sys.platform != "win32":
    import fcntl

ROOT = Path(__file__).resolve().parent.parent


def nothing_may_be_missing() -> bool:
    """Return whether a missing tool is a failure: it is in CI, where .ci/run installs everything."""
    return any(os.environ.get(name, "") not in ("", "0", "false") for name in ("CI", "DISTSYS_REQUIRE_ALL"))


def missing(what: str, install: str) -> None:
    """Skip the test with one line that says what to install; fail where nothing may be missing."""
    line = f"needs {what}: {install}"
    if nothing_may_be_missing():
        pytest.fail(line, pytrace=False)
    pytest.skip(line)


# Where macOS keeps a browser that is no command, and where the environment keeps its own commands.
APPLICATIONS = {
    "chromium": "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "google-chrome": "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
}
PLACES = os.pathsep.join([os.environ.get("PATH", os.defpath), str(Path(sys.executable).parent)])


def find_tool(*names: str) -> str | None:
    """Return the path of the first program of these names that is there, in the order given."""
    for name in names:
        path = shutil.which(name, path=PLACES) or shutil.which(APPLICATIONS.get(name, ""))
        if path and runs(path):
            return path
    return None


def runs(path: str) -> bool:
    """Return whether a program is more than the stub that macOS puts in the place of a JDK."""
    if Path(path).name not in ("java", "javac"):
        return True
    return subprocess.run([path, "-version"], check=False, capture_output=True).returncode == 0


@pytest.fixture(scope="session")
def require_tool() -> Callable[..., str]:
    """Return a function that finds a program, or skips the test and says what to install.

    def test_page(require_tool):
        chromium = require_tool("chromium", "google-chrome", install="sudo apt-get install chromium")
    """

    def require(*names: str, install: str) -> str:
        path = find_tool(*names)
        if path is None:
            missing(names[0], install)
        assert path is not None
        return path

    return require


@pytest.fixture(scope="session")
def require_zookeeper(require_tool: Callable[..., str]) -> None:
    """Skip the test where the real ZooKeeper cannot run, and say what to install."""
    import zookeeper_real  # here, for this file is also tried alone

    require_tool("java", install="sudo apt-get install default-jre-headless")
    if zookeeper_real.installed() is None:
        missing("the real ZooKeeper", zookeeper_real.INSTALL)


@pytest.fixture(scope="session")
def built_site() -> Path:
    """Return the folder of the built site, once no build is under way; without one, skip and say how to build it."""
    lock = ROOT / "_build" / "site.lock"
    if lock.exists() and sys.platform != "win32":
        with lock.open() as held:
            fcntl.flock(held, fcntl.LOCK_SH)
    site = ROOT / "_build" / "html"
    if not (site / "index.html").exists():
        missing("the built site", "run `make book` (or `jupyter-book build .`) first")
    return site


@pytest.fixture(scope="session")
def require_network() -> Callable[[], None]:
    """Return a function that a test calls when it found that the network is away."""
    return lambda: missing("a network to the package registries", "connect this machine and run it again")


@pytest.fixture(autouse=True)
def a_loop_may_run(request: pytest.FixtureRequest) -> Iterator[None]:
    """Let a test run an event loop, although the loop of a browser waits in another greenlet of this thread."""
    waiting = None if "browser" in request.fixturenames else asyncio._get_running_loop()
    if waiting is not None:
        asyncio._set_running_loop(None)
    yield
    if waiting is not None:
        asyncio._set_running_loop(waiting)


@pytest.fixture(scope="session")
def browser(require_tool: Callable[..., str]) -> Iterator[object]:
    """Start Chromium without a screen; it can reach this machine only."""
    chromium = require_tool(
        "chromium", "chromium-browser", "google-chrome", "google-chrome-stable",
        install="sudo apt-get install chromium",
    )  # fmt: skip
    from site_pages import FLAGS  # here, for this file is also tried alone

    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright: pip install playwright")
    with playwright.sync_playwright() as started:
        running = started.chromium.launch(executable_path=chromium, args=list(FLAGS))
        yield running
        running.close()
