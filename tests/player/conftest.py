"""What the tests of figures in a page share."""

from collections.abc import Iterator
from typing import Any

import pytest


@pytest.fixture
def tab(browser: Any) -> Iterator[Any]:
    """A tab that fails the test when the page throws, logs an error, or asks anybody for anything."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    tab = context.new_page()
    wrong: list[str] = []
    tab.on("pageerror", lambda error: wrong.append(str(error)))
    tab.on("console", lambda message: message.type == "error" and wrong.append(message.text))
    tab.on("request", lambda asked: asked.url.startswith(("file:", "data:")) or wrong.append(asked.url))
    yield tab
    context.close()
    assert wrong == []
