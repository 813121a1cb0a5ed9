"""A progress bar on a terminal; silent where nobody looks."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator

WIDTH = 30


def with_progress(items: Iterable[int], total: int, what: str) -> Iterator[int]:
    """Yield the items, and show on standard error how many are done, if that is a terminal and there are several."""
    stream = sys.stderr
    if total < 2 or not stream.isatty():
        yield from items
        return
    shown = -1
    try:
        for done, item in enumerate(items):
            full = done * WIDTH // total
            if full != shown or done % 10 == 0:
                shown = full
                stream.write(f"\r[{'#' * full}{'.' * (WIDTH - full)}] {done} of {total} {what}")
                stream.flush()
            yield item
    finally:
        stream.write("\r\x1b[K")
        stream.flush()


def bar(what: str) -> Callable[[int, int], None]:
    """Return a function that shows (done, total) on standard error, if that is a terminal, and clears it at the end."""
    stream = sys.stderr
    if not stream.isatty():
        return lambda done, total: None

    def show(done: int, total: int) -> None:
        full = done * WIDTH // total
        line = f"\r[{'#' * full}{'.' * (WIDTH - full)}] {done} of {total} {what}"
        stream.write(line if done < total else "\r\x1b[K")
        stream.flush()

    return show
