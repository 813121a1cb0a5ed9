"""Show what Jupyter Book says while it builds, and say again at the end what was wrong."""

import re
import sys
from pathlib import Path
from typing import TextIO

COLOUR = re.compile(r"\x1b\[[0-9;]*m")
SETTINGS = re.compile(r"(MdParserConfig|NbParserConfig)\(")
COMPLAINT = re.compile(r"(WARNING|ERROR|CRITICAL): ")
TRACEBACK = "Traceback (most recent call last):"
NOTEBOOK_ERROR = "nbclient.exceptions."
EXCEPTION = re.compile(r"[\w.]+(Error|Exception): \S")
SHOWN_AGAIN = 30


class BuildLog:
    """Passes lines on as they come and keeps all of them in a file; tracebacks of the tools stay there.

    What stays of a traceback is what a reader can act on: the cell of a notebook that failed with its own
    error, and the last line of any other exception.
    """

    def __init__(self, path: Path, screen: TextIO = sys.stdout) -> None:
        """Keep everything in `path`, and show on `screen` what matters."""
        self.screen = screen
        self.file = path.open("w", encoding="utf-8")
        self.complaints: list[str] = []
        self.in_traceback = False
        self.in_cell = False

    def take(self, line: str) -> None:
        """Take one line of the build's output."""
        plain = COLOUR.sub("", line).rstrip()
        self.file.write(plain + "\n")
        self.in_traceback = self.in_traceback or plain == TRACEBACK
        if plain.startswith("The above exception was the direct cause"):
            self.in_cell = False
        elif self.in_traceback and plain.startswith(NOTEBOOK_ERROR):
            self.in_cell = True
        if COMPLAINT.search(plain) or (self.in_traceback and not self.in_cell and EXCEPTION.match(plain)):
            self.complaints.append(plain)
        if self.in_cell or not (self.in_traceback or SETTINGS.search(plain)):
            print(line.rstrip("\n") if self.screen.isatty() else plain, file=self.screen, flush=True)

    def close(self, good: bool) -> None:
        """Close the file; after a failure say again what was wrong, each thing once."""
        self.file.close()
        if good:
            return
        things = list(dict.fromkeys(self.complaints))
        print("\nThe book was not built. What was wrong:", file=self.screen)
        for thing in things[:SHOWN_AGAIN]:
            print(f"  {thing}", file=self.screen)
        more = len(things) - SHOWN_AGAIN
        print(f"  and {more} more" if more > 0 else "", file=self.screen)
        print(f"The whole log is in {self.file.name}", file=self.screen)
