"""Play the scenarios against the real ZooKeeper and store what came of each step, to be read before it is committed.

sudo apt-get install --no-install-recommends zookeeper    # Debian's 3.8.0, which brings a jar and needs a Java
python tools/record_zookeeper.py                          # writes tests/golden/zookeeper/*.jsonl
python tools/record_zookeeper.py --only multi
python tools/compare_zookeeper.py --real                  # the real one again: does it do the same twice?
"""

import argparse

from zookeeper_scenarios import GOLDEN, SCENARIOS, golden, play, written


def main() -> None:
    """Record."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", choices=SCENARIOS, action="append")
    chosen = parser.parse_args().only or list(SCENARIOS)
    GOLDEN.mkdir(parents=True, exist_ok=True)
    for name in chosen:
        with SCENARIOS[name].real() as servers:
            golden(name).write_text(written(play(servers.addresses, name, servers)), encoding="utf-8")
        print(f"{name}: {len(SCENARIOS[name].steps)} steps recorded")


if __name__ == "__main__":
    main()
