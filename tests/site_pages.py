"""What the tests of the site share: its pages, a small server, and a browser that can reach nothing else."""

from __future__ import annotations

import functools
import http.server
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bs4 import BeautifulSoup

FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)  # fmt: skip
COLOURED = re.compile(r'<span class="\w+">([^<]*)</span>')  # a word of code
UNDER = "some/where/deep"  # the server serves the site under a path, as a public host may do


@functools.cache
def pages(site: Path) -> tuple[Path, ...]:
    """Return all pages of the site, sorted, but those that only send the reader on to another page."""
    found = sorted(site.rglob("*.html"), key=lambda path: path.relative_to(site).as_posix())
    return tuple(page for page in found if not is_redirect(page))


def written(site: Path) -> tuple[Path, ...]:
    """Return the pages that somebody wrote: all but listings of source code and indexes made by Sphinx."""
    return tuple(page for page in pages(site) if page.relative_to(site).parts[0] in ("book", "chapters"))


def without_listings(site: Path) -> tuple[Path, ...]:
    """Return all pages but the listings of source code, which are many and made from one template."""
    return tuple(page for page in pages(site) if page.relative_to(site).parts[0] != "_modules")


@functools.cache
def soup(page: Path) -> BeautifulSoup:
    """Return the parsed text of a page; of a listing without the marks that colour its words, which are most of it."""
    text = page.read_text(encoding="utf8")
    return BeautifulSoup(COLOURED.sub(r"\1", text) if "_modules" in page.parts else text, "html.parser")


def name(site: Path, page: Path) -> str:
    """Return how a page is called in messages and addresses."""
    return page.relative_to(site).as_posix()


def is_redirect(page: Path) -> bool:
    """Return whether a page only sends the reader on to another one."""
    return b'<meta http-equiv="refresh"' in page.read_bytes()[:1000].lower()


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves a folder under the path UNDER, and says nothing."""

    def translate_path(self, path: str) -> str:
        path = urlsplit(path).path
        return super().translate_path(
            path.removeprefix(f"/{UNDER}") if path.startswith(f"/{UNDER}/") else "/none"
        )

    def log_message(self, *arguments: object) -> None:
        pass


class InPieces(Quiet):
    """Sends the first `place` bytes of a page, and what follows when `go` is set."""

    place, go = 0, threading.Event()

    def copyfile(self, source: Any, outputfile: Any) -> None:
        whole = source.read()
        if self.path.endswith(".html"):
            outputfile.write(whole[: self.place])
            outputfile.flush()
            self.go.wait()
            whole = whole[self.place :]
        outputfile.write(whole)


@contextmanager
def served(site: Path, kind: type[Quiet] = Quiet) -> Iterator[str]:
    """Serve the site on this machine; yield its address."""
    handler = functools.partial(kind, directory=str(site))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/{UNDER}/"
        finally:
            server.shutdown()
