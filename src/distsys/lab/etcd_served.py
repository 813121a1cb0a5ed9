"""Small programs without a client library, against a member of etcd's protocol: JSON over HTTP, and bare bytes."""

from __future__ import annotations

import http.client
import json
import threading
from base64 import b64decode, b64encode
from typing import Any

from .strangers import answer_to as answer_to

PATIENCE_S = 30.0


def coded(text: str) -> str:
    """Return a key or a value as the gateway wants it.

    >>> coded("k"), decoded(coded("k"))
    ('aw==', 'k')
    """
    return b64encode(text.encode()).decode()


def decoded(text: str) -> str:
    """Return a key or a value that the gateway gave."""
    return b64decode(text).decode()


def asked(address: str, path: str, **request: Any) -> tuple[int, Any]:
    """Return the status and the answer of a request to the JSON gateway, `/v3/` + `path`."""
    line = http.client.HTTPConnection(address, timeout=PATIENCE_S)
    try:
        line.request("POST", f"/v3/{path}", json.dumps(request))
        answer = line.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        line.close()


def revision_after_put(address: str, key: str, value: str) -> int:
    """Put, and return the revision of the store after it."""
    return int(asked(address, "kv/put", key=coded(key), value=coded(value))[1]["header"]["revision"])


def two_who_lock(address: str, other: str) -> list[str]:
    """Let two clients want one lock of etcd's lock service, at two members, and say what came of it."""
    said: list[str] = []
    for lease in (11, 12):
        asked(address, "lease/grant", ID=lease, TTL=60)
    first = asked(address, "lock/lock", name=coded("jobs-queue"), lease=11)[1]
    said.append(f"the first has it, by the key {decoded(first['key'])}")
    second: list[Any] = []
    waits = threading.Thread(
        target=lambda: second.append(asked(other, "lock/lock", name=coded("jobs-queue"), lease=12)[1])
    )
    waits.start()
    prefix, end = coded("jobs-queue/"), coded("jobs-queue0")
    while int(asked(address, "kv/range", key=prefix, range_end=end)[1].get("count", 0)) < 2:
        pass  # the second has put its key when there are two
    said.append(f"two keys are there, and the second waits: {waits.is_alive()}")
    asked(address, "lock/unlock", key=first["key"])
    waits.join(PATIENCE_S)
    said.append(f"after the unlock the second has it, by the key {decoded(second[0]['key'])}")
    return said
