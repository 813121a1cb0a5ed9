"""Build the site into _build/html when something changed: `make book`.

Every warning is an error, and a notebook that fails stops the build. When only pages changed, only those
pages are executed and written again. When the package, the configuration, an extension or a pinned version
changed, everything is, because any page may rest on it. After a build that failed everything is built again
too: Sphinx would not repeat the warnings of pages that it has read already.

With --stored no notebook is executed, and pages show the outputs that the notebooks hold. `make test` builds so,
because it executes each notebook itself and compares each output with the stored one; `make book` does not take
such a site for its own.
"""

import argparse
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import kernels
import stamps
from build_log import BuildLog

PAGES = ("book", "chapters")
REST = ("_config.yml", "_toc.yml", "src", "vectors", "requirements.txt", "constraints.txt", "tools/book.py")
SITE = stamps.BUILD / "html"
STAMP = stamps.BUILD / "site.stamp"


def is_page(name: str) -> bool:
    """Return whether the file `name` is a page: it concerns no other page when it changes."""
    return name.split("/")[0] in PAGES and name.endswith((".md", ".ipynb"))


def build(everything: bool, stored: bool) -> int:
    """Run Jupyter Book and return its exit code."""
    command = [str(Path(sys.executable).parent / "jupyter-book"), "build", ".", "-W", "-n", "--keep-going"]
    stamps.BUILD.mkdir(exist_ok=True)
    log = BuildLog(stamps.BUILD / "book.log")
    variables = kernels.variables() | {"DISTSYS_OUTPUTS": "stored" if stored else "executed"}
    with subprocess.Popen(
        command + ["--all"] * everything,
        cwd=stamps.ROOT, env=variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, encoding="utf-8", errors="replace",
    ) as process:  # fmt: skip
        assert process.stdout is not None, "it was asked for a pipe"
        for line in process.stdout:
            log.take(line)
    log.close(good=process.returncode == 0)
    return process.returncode


def main() -> int:
    """Build if needed; end by saying where to open the site."""
    parser = argparse.ArgumentParser(description="Build the site.")
    parser.add_argument(
        "--stored", action="store_true", help="execute nothing: show the outputs that are stored"
    )
    stored = parser.parse_args().stored
    now = stamps.digest(stamps.ROOT, PAGES + REST) | {
        "BOOK_REPOSITORY_URL": os.environ.get("BOOK_REPOSITORY_URL", ""),
        "outputs": "stored" if stored else "executed",
    }
    before = stamps.read(STAMP) if (SITE / "index.html").exists() else {}
    names = stamps.changed(before, now)
    if stored and names == ["outputs"]:
        names = []  # a site of executed notebooks is as good
    if names:
        everything = not before or not all(is_page(name) for name in names)
        count = sum(name.endswith((".md", ".ipynb")) for name in now)
        print(
            f"Building {'all of' if everything else 'what changed in'} the book ({count} pages and notebooks)"
        )
        sys.stdout.flush()
        STAMP.unlink(missing_ok=True)
        if everything:
            shutil.rmtree(SITE, ignore_errors=True)
        started = time.monotonic()
        if build(everything, stored) != 0:
            return 1
        stamps.write(STAMP, now)
        print(f"\nThe book is built ({time.monotonic() - started:.0f} s).")
    else:
        print("The book is up to date.")
    print(f"Open it in a browser: {(SITE / 'index.html').as_uri()}")
    print("or serve it on this machine with: make serve")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        print("\nStopped. Run the same command again to go on.", file=sys.stderr)
        sys.exit(130)
