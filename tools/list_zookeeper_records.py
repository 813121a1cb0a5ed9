"""List the records that ZooKeeper declares, one a line. So tests/golden/zookeeper/records.txt was made.

git show release-3.8.0:zookeeper-jute/src/main/resources/zookeeper.jute > zookeeper.jute
python tools/list_zookeeper_records.py zookeeper.jute > tests/golden/zookeeper/records.txt

A test holds our classes against the list.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

MODULES = ("data", "proto")  # what clients and servers exchange


def records(text: str) -> Iterator[str]:
    r"""Yield a line for each record: its name, and type and name of each field.

    >>> list(records("module a.data {\n  class Id {\n    ustring scheme;\n    ustring id; // x\n  }\n}"))
    ['Id: ustring scheme, ustring id']
    """
    for module, body in re.findall(r"module (\S+) \{(.*?)\n\}", text, re.DOTALL):
        if module.rpartition(".")[2] in MODULES:
            for name, inside in re.findall(r"class (\w+) \{(.*?)\n *\}", body, re.DOTALL):
                fields = re.findall(r"^\s*(vector<[\w.]+>|[\w.]+)\s*(\w+);", inside, re.MULTILINE)
                yield f"{name}: " + ", ".join(f"{_short(kind)} {field}" for kind, field in fields)


def _short(kind: str) -> str:
    return kind.replace("org.apache.zookeeper.data.", "")


if __name__ == "__main__":
    sys.stdout.writelines(f"{line}\n" for line in records(Path(sys.argv[1]).read_text(encoding="utf-8")))
