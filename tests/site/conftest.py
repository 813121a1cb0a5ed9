"""A browser for the tests of the site: Chromium without a screen, which can reach this machine only."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from site_pages import FLAGS, served


@pytest.fixture(scope="session")
def browser(require_tool: Callable[..., str]) -> Iterator[object]:
    chromium = require_tool(
        "chromium", "chromium-browser", "google-chrome", "google-chrome-stable",
        install="sudo apt-get install chromium",
    )  # fmt: skip
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright: pip install playwright")
    with playwright.sync_playwright() as started:
        running = started.chromium.launch(executable_path=chromium, args=list(FLAGS))
        yield running
        running.close()


@pytest.fixture(scope="session")
def address(built_site: Path) -> Iterator[str]:
    with served(built_site) as url:
        yield url
