"""Keep rows of the matrix of mutants for the bug gallery and its tests: from JSON into tests/golden/matrix.json.

    python -m distsys mutants raft --json rows.json --store tests/golden/counterexamples
    python tools/store_matrix.py rows.json

A row replaces the one of the same mutant. It remembers the commit at which it was computed, and that commit's day.
"""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STORED = ROOT / "tests" / "golden" / "matrix.json"
KEPT = ("id", "caught", "seeds", "law", "length", "explored", "before", "reds", "digest")


def commit() -> dict[str, str]:
    """Return the commit of the tree and its day."""
    command = ["git", "-C", str(ROOT), "log", "-1", "--format=%h %cs"]
    name, day = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    return {"commit": name, "date": day}


def main(paths: list[str]) -> int:
    """Merge the rows of the files into the stored ones."""
    if not paths:
        print("usage: python tools/store_matrix.py ROWS.json ...", file=sys.stderr)
        return 2
    rows = (
        {row["id"]: row for row in json.loads(STORED.read_text(encoding="utf-8"))} if STORED.exists() else {}
    )
    made = commit()
    for path in paths:
        for row in json.loads(Path(path).read_text(encoding="utf-8")):
            rows[row["id"]] = {key: row[key] for key in KEPT} | made
    kept = [{"before": None} | rows[id] for id in sorted(rows)]
    text = json.dumps(kept, indent=1, ensure_ascii=False, sort_keys=True)
    STORED.write_text(text + "\n", encoding="utf-8")
    print(f"{len(rows)} rows in {STORED.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
