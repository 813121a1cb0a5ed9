"""Run every benchmark in benchmarks/ and keep what they print in _build/bench.txt: `make bench`.

Each one measures our code and its peers side by side in one run, because only figures of the same machine
and the same minute can be compared.
"""

import subprocess
import sys

import stamps


def main() -> int:
    """Run them one after the other; return how many failed."""
    scripts = sorted((stamps.ROOT / "benchmarks").glob("[a-z]*.py"))
    if not scripts:
        print("There is no benchmark in benchmarks/", file=sys.stderr)
        return 1
    stamps.BUILD.mkdir(exist_ok=True)
    failures = 0
    with (stamps.BUILD / "bench.txt").open("w", encoding="utf-8") as record:
        for number, script in enumerate(scripts, start=1):
            print(f"\n[{number}/{len(scripts)}] {script.relative_to(stamps.ROOT)}", flush=True)
            process = subprocess.Popen(
                [sys.executable, str(script)], cwd=stamps.ROOT, stdout=subprocess.PIPE, text=True
            )
            assert process.stdout is not None, "it was asked for a pipe"
            for line in process.stdout:
                print(line, end="", flush=True)
                record.write(line)
            failures += process.wait() != 0
    return failures


if __name__ == "__main__":
    sys.exit(main())
