"""Serve the built site on 127.0.0.1: `make serve`, or `make serve PORT=9000`."""

import argparse
import functools
import socketserver
import sys
from http.server import SimpleHTTPRequestHandler

import stamps

SITE = stamps.BUILD / "html"
PORTS_TRIED = 20


class Server(socketserver.ThreadingTCPServer):
    """A web server that starts at once: the standard one first asks the network for this machine's name."""

    daemon_threads = True
    allow_reuse_address = True


class Handler(SimpleHTTPRequestHandler):
    """Serves files, and reports only what went wrong."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Keep quiet about a request that was answered."""


def open_server(port: int) -> Server:
    """Return a server on the first free port from `port` on."""
    handler = functools.partial(Handler, directory=str(SITE))
    for candidate in range(port, port + PORTS_TRIED):
        try:
            return Server(("127.0.0.1", candidate), handler)
        except OSError:
            continue
    raise SystemExit(
        f"No port from {port} to {port + PORTS_TRIED - 1} is free; choose one: make serve PORT=9000"
    )


def main() -> int:
    """Serve until the reader presses Ctrl-C."""
    parser = argparse.ArgumentParser(description="Serve the built site on 127.0.0.1.")
    parser.add_argument("--port", type=int, default=8000, help="the first port to try (default 8000)")
    port = parser.parse_args().port
    if not 1 <= port <= 65535 - PORTS_TRIED:
        raise SystemExit(f"--port is {port}; it must be between 1 and {65535 - PORTS_TRIED}")
    if not (SITE / "index.html").exists():
        raise SystemExit("There is no site yet. Build it first: make book")
    with open_server(port) as server:
        print(f"The book is at http://127.0.0.1:{server.server_address[1]}/ (Ctrl-C stops it)", flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print("\nStopped.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
