"""A real program that is given ever more workers: processes that fetch pages, count words, and keep equal tables.

    crawled("free", workers=4, seconds=1.0).pages_per_s

A worker fetches a page, counts its words, takes the lock that all share, appends the counts to a log and syncs it,
tells the others over TCP, one after the other, each of which acknowledges, and releases the lock. So every worker has
the whole table at any time. Processes, sockets, the lock and the file are real. Two timers stand for what one machine
has not got: `FETCH_S` for a remote server, `ROUND_TRIP_S` for a network between the workers. Both leave the processor
free, so that more workers than cores make sense.

Three kinds: "free", each worker goes on by itself; "rounds", all begin each page together; and "one", one process with
as many threads, which need not tell each other anything because they share the table.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import selectors
import socket
import struct
import tempfile
import threading
import time
from collections import Counter
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from distsys.core.errors import DistsysError, UnknownNameError, shown, whole_number

KINDS = ("free", "rounds", "one")
FETCH_S = 0.300
ROUND_TRIP_S = 0.006
WORDS = tuple(f"word{number:03}" for number in range(100))
HEAD = struct.Struct("!I")
ACK = b"+"


@dataclass(frozen=True)
class Crawled:
    """What so many workers did: the kind, pages in all, and pages a second."""

    kind: str
    workers: int
    pages: int
    pages_per_s: float


def fetched(page: int) -> str:
    """Return the text of a page after the time that a fetch takes: 60 words."""
    time.sleep(FETCH_S)
    return " ".join(Random(page).choices(WORDS, k=60))


class Worker:
    """One worker process: its table, its connections to the others, and the thread that hears of their counts."""

    def __init__(
        self, number: int, doors: list[socket.socket], lock: AbstractContextManager[Any], folder: Path
    ) -> None:
        self.number, self.lock = number, lock
        self.table: Counter[str] = Counter()
        self.log = opened(folder / "log")
        self.door = doors[number]
        self.others = [door.getsockname() for place, door in enumerate(doors) if place != number]
        self.lines: list[socket.socket] = []
        threading.Thread(target=self.listen, daemon=True).start()

    def connect(self) -> None:
        """Open a connection to every other worker."""
        for address in self.others:
            line = socket.create_connection(address)
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.lines.append(line)

    def listen(self) -> None:
        """Add what others tell to the table, and acknowledge it."""
        selector = selectors.DefaultSelector()
        selector.register(self.door, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                if key.fileobj is self.door:
                    line, _ = self.door.accept()
                    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    selector.register(line, selectors.EVENT_READ)
                elif (told := received(key.fileobj)) is None:  # type: ignore[arg-type]
                    selector.unregister(key.fileobj)
                else:
                    self.table.update(json.loads(told))
                    key.fileobj.sendall(ACK)  # type: ignore[union-attr]

    def publish(self, text: str) -> None:
        """Count the words of a page, and do not return before the log and all tables have them."""
        counts = Counter(text.split())
        told = json.dumps(counts).encode()
        with self.lock:
            self.table.update(counts)
            os.write(self.log, told + b"\n")
            os.fsync(self.log)
            for line in self.lines:
                time.sleep(ROUND_TRIP_S)
                line.sendall(HEAD.pack(len(told)) + told)
                if line.recv(1) != ACK:
                    raise DistsysError(f"worker {self.number} got no acknowledgement")


def opened(path: Path) -> int:
    """Return a file to append to."""
    return os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)


def received(line: socket.socket) -> bytes | None:
    """Return the next message of a connection, or None at its end."""
    head = line.recv(HEAD.size, socket.MSG_WAITALL)
    return line.recv(HEAD.unpack(head)[0], socket.MSG_WAITALL) if len(head) == HEAD.size else None


def crawled(kind: str, workers: int, seconds: float) -> Crawled:
    """Return what so many workers do in that time. All tables must be equal in the end, and hold all pages."""
    if kind not in KINDS:
        raise UnknownNameError(f"kind must be one of {', '.join(KINDS)}, but it is {shown(kind)}")
    whole_number("workers", workers, at_least=1, at_most=200)
    with tempfile.TemporaryDirectory() as folder:
        run = _threads if kind == "one" else _processes
        pages, took = run(kind, workers, seconds, Path(folder))
        lines = (Path(folder) / "log").read_bytes().count(b"\n")
    if lines != pages:
        raise DistsysError(f"{pages} pages were counted, but the log has {lines}")
    return Crawled(kind, workers, pages, round(pages / took, 2))


def _threads(_: str, workers: int, seconds: float, folder: Path) -> tuple[int, float]:
    """One process: as many fetches under way, one table and one lock."""
    table: Counter[str] = Counter()
    done: list[int] = []
    lock, log = threading.Lock(), opened(folder / "log")

    def work(number: int) -> None:
        page = number
        while time.monotonic() < end:
            counts = Counter(fetched(page).split())
            with lock:
                table.update(counts)
                os.write(log, json.dumps(counts).encode() + b"\n")
                os.fsync(log)
                done.append(page)
            page += workers

    threads = [threading.Thread(target=work, args=(number,)) for number in range(workers)]
    began = time.monotonic()
    end = began + seconds
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    os.close(log)
    return len(done), time.monotonic() - began


def _processes(kind: str, workers: int, seconds: float, folder: Path) -> tuple[int, float]:
    """Many processes, which are forked when all listen already."""
    context = multiprocessing.get_context("fork")
    doors = [socket.create_server(("127.0.0.1", 0), backlog=256) for _ in range(workers)]
    lock, over = context.Lock(), context.Value("b", 0, lock=False)
    end = context.Value("d", 0.0, lock=False)

    def look_at_the_clock() -> None:
        now = time.monotonic()
        end.value = end.value or now + seconds
        over.value = now >= end.value

    together = context.Barrier(workers, action=look_at_the_clock)
    results = context.SimpleQueue()

    def work(number: int) -> None:
        worker = Worker(number, doors, lock, folder)
        worker.connect()
        together.wait()
        began, pages = time.monotonic(), 0
        while not (over.value if kind == "rounds" else time.monotonic() >= end.value):
            worker.publish(fetched(pages * workers + number))
            pages += 1
            if kind == "rounds":
                together.wait()
        ended = time.monotonic()
        together.wait()
        results.put((pages, began, ended, sorted(worker.table.items())))

    team = [context.Process(target=work, args=(number,)) for number in range(workers)]
    for process in team:
        process.start()
    found = [results.get() for _ in team]
    for process in team:
        process.join()
    for door in doors:
        door.close()
    pages = sum(number for number, *_ in found)
    if any(table != found[0][3] for *_, table in found) or sum(n for _, n in found[0][3]) != 60 * pages:
        raise DistsysError("the tables of the workers differ")
    return pages, max(ended for _, _, ended, _ in found) - min(began for _, began, _, _ in found)
