"""The address of the built site, served on this machine."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from site_pages import served


@pytest.fixture(scope="session")
def address(built_site: Path) -> Iterator[str]:
    with served(built_site) as url:
        yield url
