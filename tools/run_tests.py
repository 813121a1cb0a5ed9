"""Run every test: `make test`. With --lint the linter and the type checker alone; with --long the long tests.

It runs ruff, mypy and one pytest, which executes unit, property and golden tests, the examples in docstrings,
every notebook, and the checks of the built site. The site is built meanwhile, on the side, of the stored outputs,
which the tests of the notebooks compare with fresh ones: the tests that look at the site come last, and wait for
the lock that the build holds. When all of it passed and no file has changed since, it
says so and runs nothing; --force runs it again, and so does CI.
"""

import argparse
import contextlib
import fcntl
import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import kernels
import stamps

STAMP = stamps.BUILD / "tests.stamp"
REPORT = stamps.BUILD / "tests.json"
SUMMARY = stamps.BUILD / "long-summary.txt"
SITE = stamps.BUILD / "html" / "index.html"
LOCK = stamps.BUILD / "site.lock"  # held while the site is built; tests/conftest.py waits for it
BOOK_SAYS = stamps.BUILD / "book-screen.log"
BIN = Path(sys.executable).parent
LINT = (("ruff", (str(BIN / "ruff"), "check", ".")), ("mypy", (str(BIN / "mypy"),)))
HIDDEN_INPUTS = {".ci", ".github", ".gitignore", ".gitattributes", ".pre-commit-config.yaml"}


def everything() -> dict[str, str]:
    """Return the hashes of all files that a test could depend on, and of the environment."""
    names = [
        entry.name for entry in stamps.ROOT.iterdir() if entry.name[0] != "." or entry.name in HIDDEN_INPUTS
    ]
    found = stamps.digest(stamps.ROOT, sorted(set(names) - stamps.SKIPPED))
    found["python"] = sys.version
    found["address"] = os.environ.get("BOOK_REPOSITORY_URL", "")
    found["site"] = site()
    return found


def site() -> str:
    """Return what the site was built of, as its builder remembers it; whether it executed notebooks is all the same."""
    return json.dumps({**stamps.read(stamps.BUILD / "site.stamp"), "outputs": ""}, sort_keys=True)


def run(name: str, command: tuple[str, ...]) -> bool:
    """Run one tool, showing what it prints; return whether it was content."""
    print(f"\n{name}: {' '.join([Path(command[0]).name, *command[1:]])}", flush=True)
    variables = kernels.variables() | {"DISTSYS_REPORT": str(REPORT)}
    return subprocess.call(command, cwd=stamps.ROOT, env=variables) == 0


def pytest_command(*options: str) -> tuple[str, ...]:
    """Return the command of a pytest run; its exit code 5, no test found, is a failure like any other."""
    return (sys.executable, "-m", "pytest", *options)


def workers() -> int:
    """Return how many processes run tests side by side: one a core, and no more than memory bears."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores, 4)


def write_summary(report: dict[str, object]) -> None:
    """Write what the long tests did: where, how long each took, and what it recorded (seeds, states)."""
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=stamps.ROOT, check=False, capture_output=True, text=True
    )
    where = f"Python {platform.python_version()}, {platform.platform()}"
    lines = [
        f"long tests: {report.get('closing')}",
        f"commit {commit.stdout.strip() or 'unknown'}, {where}",
        "",
    ]
    tests = report.get("tests")
    for test in tests if isinstance(tests, list) else []:
        lines.append(f"{test['outcome']:<8}{test['seconds']:>9.2f} s  {test['name']}")
        lines += [f"{'':>21}{key}: {value}" for key, value in test["recorded"]]
    SUMMARY.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n" + "\n".join(lines) + f"\n\nThis summary is kept in {SUMMARY.relative_to(stamps.ROOT)}")


def report_of_pytest() -> dict[str, object]:
    """Return what conftest.py wrote about the last run."""
    try:
        content = json.loads(REPORT.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def long_tests() -> int:
    """Run the tests marked `long`, and write the summary."""
    REPORT.unlink(missing_ok=True)
    good = run("pytest", pytest_command("-m", "long", "-n", str(workers()), "-v", "--durations=10"))
    write_summary(report_of_pytest())
    return 0 if good else 1


@contextlib.contextmanager
def book_on_the_side() -> Iterator[subprocess.Popen[bytes]]:
    """Build the site in a process of its own, which holds the lock until it ends, whatever happens to us."""
    with LOCK.open("w") as lock, BOOK_SAYS.open("wb") as screen:
        fcntl.flock(lock, fcntl.LOCK_EX)
        command = (sys.executable, str(stamps.ROOT / "tools" / "book.py"), "--stored")
        book = subprocess.Popen(
            command, cwd=stamps.ROOT, stdout=screen, stderr=subprocess.STDOUT, pass_fds=[lock.fileno()]
        )
    print(f"The site is built on the side (what that says is kept in {BOOK_SAYS.relative_to(stamps.ROOT)}).")
    try:
        yield book
    finally:
        book.terminate()


def site_is_good(book: subprocess.Popen[bytes]) -> bool:
    """Wait for the build of the site; if it failed, show the end of what it said."""
    good = book.wait() == 0
    if not good:
        said = BOOK_SAYS.read_text(encoding="utf-8", errors="replace").splitlines()
        print("\n".join(["\nsite: tools/book.py", *said[-40:]]))
    return good


def all_tests(force: bool) -> int:
    """Run everything unless nothing changed since all of it passed."""
    now = everything()
    before = stamps.read(STAMP)
    known = SITE.exists() and not stamps.changed({**now, "result": ""}, {**before, "result": ""})
    if known and not force:
        print(f"No file changed since all tests passed: {before['result']}")
        print("`make test FORCE=1` runs them again.")
        return 0
    STAMP.unlink(missing_ok=True)
    REPORT.unlink(missing_ok=True)
    with book_on_the_side() as book:
        verdicts = {name: run(name, command) for name, command in LINT}
        verdicts["pytest"] = run("pytest", pytest_command("-n", str(workers()), "--durations=15"))
        verdicts["site"] = site_is_good(book)
    report = report_of_pytest()
    failed = [name for name, good in verdicts.items() if not good]
    if failed:
        print(f"\nNot all is well: {', '.join(failed)} failed, see above.", file=sys.stderr)
        return 1
    if report.get("missing"):
        print("\nSome tests were skipped because this machine lacks something: see above what to install.")
    else:
        stamps.write(STAMP, {**now, "site": site(), "result": str(report.get("closing"))})
    return 0


def main() -> int:
    """Read the command line and run what it asks for."""
    parser = argparse.ArgumentParser(description="Run the tests.")
    parser.add_argument("--force", action="store_true", help="run them although nothing changed")
    parser.add_argument("--lint", action="store_true", help="only the linter and the type checker")
    parser.add_argument("--long", action="store_true", help="the tests that are too long for every change")
    arguments = parser.parse_args()
    stamps.BUILD.mkdir(exist_ok=True)
    if arguments.lint:
        verdicts = [run(name, command) for name, command in LINT]
        return 0 if all(verdicts) else 1
    if arguments.long:
        return long_tests()
    return all_tests(arguments.force or os.environ.get("CI", "") not in ("", "0", "false"))


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)
        sys.exit(130)
