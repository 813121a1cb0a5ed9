"""Write constraints.txt: the exact version of every package that the project installs, on every platform.

    python3 tools/lock.py              keep the versions that stand there, add what is new, drop what is gone
    python3 tools/lock.py --upgrade    take the newest versions that fit together
    python3 tools/lock.py --check      change nothing; show that it resolves everywhere from wheels

It resolves pyproject.toml (all extras) and requirements.txt with `uv`, which it installs into a temporary
environment, so nothing else on the machine changes. A version that holds only on some platform or Python
carries a marker. After --upgrade run `make notebooks` and read the diff: figures may change with matplotlib.
"""

import argparse
import re
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CONSTRAINTS = ROOT / "constraints.txt"
UV = "uv>=0.9,<1"
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
PLATFORMS = ("x86_64-manylinux_2_28", "aarch64-manylinux_2_28", "aarch64-apple-darwin")
HEADER = """\
# The exact version of everything that requirements.txt and the extras in pyproject.toml bring, for
# Python 3.11 to 3.14 on Linux and macOS. Written by `python3 tools/lock.py`; do not edit by hand.
"""


def install_uv(folder: Path) -> str:
    """Make a throw-away environment in `folder` and return the path of the `uv` in it."""
    venv.create(folder, with_pip=True)
    subprocess.run([str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", UV], check=True)
    return str(folder / "bin" / "uv")


def resolve(uv: str, output: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Resolve the whole project into `output`; versions that already stand in it are preferred."""
    command = [uv, "pip", "compile", "--quiet", "--all-extras", "--no-header", "--no-annotate"]
    command += ["--no-emit-package", "distsys", "--only-binary", ":all:", "--output-file", str(output)]
    command += [*options, "pyproject.toml", "requirements.txt"]
    return subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)


def write(uv: str, upgrade: bool) -> int:
    """Write constraints.txt anew and say how many versions it names."""
    before = CONSTRAINTS.read_text(encoding="utf-8") if CONSTRAINTS.exists() else ""
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "constraints.txt"
        output.write_text("" if upgrade else before, encoding="utf-8")
        # requirements.txt names constraints.txt: while we choose versions, it must not bind us.
        CONSTRAINTS.write_text("", encoding="utf-8")
        found = resolve(
            uv, output, "--universal", "--python-version", PYTHONS[0], "--fork-strategy", "fewest"
        )
        lines = [line for line in output.read_text(encoding="utf-8").splitlines() if line and line[0] != "#"]
    if found.returncode != 0:
        CONSTRAINTS.write_text(before, encoding="utf-8")
        print(found.stderr, file=sys.stderr)
        return 1
    CONSTRAINTS.write_text(HEADER + "\n".join(lines) + "\n", encoding="utf-8")
    changed = len(set(before.splitlines()) ^ set(CONSTRAINTS.read_text(encoding="utf-8").splitlines()))
    print(f"constraints.txt: {len(lines)} versions, {changed} lines changed")
    return 0


def check(uv: str) -> int:
    """Resolve with the constraints on every supported Python and platform; return how many of them failed."""
    failures = 0
    for python in PYTHONS:
        for platform in PLATFORMS:
            with tempfile.TemporaryDirectory() as folder:
                output = Path(folder) / "resolved.txt"
                found = resolve(uv, output, "--python-version", python, "--python-platform", platform)
                count = len(re.findall("==", output.read_text(encoding="utf-8"))) if output.exists() else 0
            print(f"Python {python} on {platform}: " + (f"{count} packages" if count else "does not resolve"))
            if found.returncode != 0 or count == 0:
                failures += 1
                print(found.stderr, file=sys.stderr)
    return failures


def main() -> int:
    """Read the command line and do what it asks."""
    first, _, rest = (__doc__ or "").partition("\n")
    parser = argparse.ArgumentParser(
        description=first, epilog=rest, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--upgrade", action="store_true", help="take the newest versions")
    parser.add_argument("--check", action="store_true", help="resolve on every platform, change nothing")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        uv = install_uv(Path(folder))
        return check(uv) if arguments.check else write(uv, arguments.upgrade)


if __name__ == "__main__":
    sys.exit(main())
