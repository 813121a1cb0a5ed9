"""The command line: `python -m distsys` or `distsys`. Standard library only.

Exit codes: 0 all is well, 1 a law was broken or a replay differs, 2 the command or its input cannot be used,
130 stopped with Ctrl-C, 141 the reader of the output went away. What a program reads goes to standard output,
errors and the progress bar to standard error. No error of a user shows a traceback.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from distsys.core.errors import DistsysError, ReplayError
from distsys.drivers.judge import HandlerError

from .commands import UsageError
from .parser import build

FINE, BROKEN, BAD_USE, STOPPED, CLOSED = 0, 1, 2, 130, 141


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    try:
        chosen = build().parse_args(arguments)
        code: int = chosen.run(chosen)
        sys.stdout.flush()
    except BrokenPipeError:
        return _closed()
    except KeyboardInterrupt:
        return _complain("stopped", STOPPED)
    except (ReplayError, HandlerError) as problem:
        return _complain(str(problem), BROKEN)
    except (DistsysError, UsageError) as problem:
        return _complain(f"error: {problem}", BAD_USE)
    except OSError as problem:
        where = f"{problem.filename}: " if problem.filename else ""
        return _complain(f"error: {where}{problem.strerror or problem}", BAD_USE)
    return code


def _complain(line: str, code: int) -> int:
    sys.stderr.write(f"distsys: {' '.join(line.split())}\n")
    return code


def _closed() -> int:
    """The reader of our output (`| head`) is gone: be quiet, also when Python closes the stream."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return CLOSED
