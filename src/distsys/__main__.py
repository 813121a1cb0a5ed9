"""`python -m distsys`: run systems, replay and draw their traces. See `distsys.cli`."""

from __future__ import annotations

import sys

from distsys.cli import main

__all__ = ["main"]

if __name__ == "__main__":
    sys.exit(main())
