"""Clients of a served etcd, in a process of their own: gRPC stubs and messages of the unmodified package aetcd.

    python tests/etcd_load.py SEED ADDRESS ...

Writers put, delete, and compare and set; watchers read on from where they were cut off, each at another member;
lockers take a lock, write under it, and give it back or fall asleep. Each line on standard output is a record of
`distsys.serve.etcd.histories`, in canonical form. When standard input ends they stop, each member tells what it has,
and the process ends.
"""

import asyncio
import contextlib
import sys
import time

import aetcd
import grpc
from aetcd import rpc

from distsys.core.canonical import encode
from distsys.core.dice import Dice, derive
from distsys.core.operations import FAIL, INFO, INVOKE, OK, Operation
from distsys.serve.etcd.front import WORDS
from distsys.serve.etcd.histories import GUARDED, Dropped, Ended, Guarded, Held, Promised, Told
from distsys.services.etcd import api, concurrency, maintenance
from distsys.services.etcd.kv_client import KINDS, Wish
from distsys.services.etcd.lock_client import Locked
from distsys.services.etcd.watch_client import Watched
from distsys.wire.etcd.messages import message
from distsys.wire.etcd.translate import Translator

TRANSLATOR = Translator(WORDS)
CALL_S, QUIET_S, PAUSE_S = 3.0, 1.5, 0.05  # for one call; without a word on a watch; after a failure
KEYS, TTL = 2, 2
OPTIONS = {"grpc.initial_reconnect_backoff_ms": 100, "grpc.max_reconnect_backoff_ms": 500}
METHODS = {
    api.RangeRequest: ("kvstub", "Range"),
    api.PutRequest: ("kvstub", "Put"),
    api.DeleteRangeRequest: ("kvstub", "DeleteRange"),
    api.TxnRequest: ("kvstub", "Txn"),
    api.LeaseGrantRequest: ("leasestub", "LeaseGrant"),
    api.LeaseRevokeRequest: ("leasestub", "LeaseRevoke"),
    maintenance.HashKVRequest: ("maintenancestub", "HashKV"),
}


def now():
    return time.monotonic_ns() // 1000


def say(record):
    """Write a record; the order of lines is the order in which things happened, for one thread writes them."""
    sys.stdout.write(encode(record) + "\n")
    sys.stdout.flush()


def theirs(record):
    """Return a record as aetcd's own message."""
    said = TRANSLATOR.message_of(record)
    return getattr(rpc, said.DESCRIPTOR.name).FromString(said.SerializeToString())


def ours(said):
    """Return a message of aetcd as a record."""
    return TRANSLATOR.record_of(message(said.DESCRIPTOR.full_name).FromString(said.SerializeToString()))


@contextlib.asynccontextmanager
async def watching(client, request):
    """Give the stream of a watch, and close it."""
    await client.connect()
    call = rpc.WatchStub(client.channel).Watch()
    try:
        await call.write(rpc.WatchRequest(create_request=theirs(request)))
        yield call
    except (TimeoutError, rpc.AioRpcError, asyncio.InvalidStateError) as problem:
        raise FailedError(str(problem)) from None
    finally:
        call.cancel()


class FailedError(Exception):
    """A call was not answered; nobody knows what came of it."""


class Someone:
    """A client that asks one member at a time, and another when that fails."""

    def __init__(self, name, number, seed, addresses):
        self.name, self.dice = name, Dice(derive(seed, name))
        self.clients = [
            aetcd.Client(*address.split(":"), timeout=CALL_S, options=OPTIONS) for address in addresses
        ]
        self.at = number % len(addresses)

    def below(self, limit):
        number, self.dice = self.dice.below(limit)
        return number

    @property
    def client(self):
        return self.clients[self.at]

    def turn(self):
        """Ask another member from now on."""
        self.at = (self.at + 1) % len(self.clients)

    async def ask(self, request):
        """Return the response to a request; `FailedError` where there is none."""
        stub, method = METHODS[type(request)]
        await self.client.connect()
        try:
            call = getattr(getattr(self.client, stub), method)
            return ours(await call(theirs(request), timeout=CALL_S))
        except rpc.AioRpcError as error:
            self.turn()
            raise FailedError(error.details()) from None

    async def run(self, stopping):
        """Do one thing after the other."""
        while not stopping.is_set():
            try:
                await self.one(stopping)
            except FailedError:
                await asyncio.sleep(PAUSE_S)

    async def close(self):
        for client in self.clients:
            await client.close()


class Writer(Someone):
    """Asks what `services.etcd.kv_client` asks; after an outcome that nobody knows it goes on under another name."""

    life, number = 1, 0

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.seen = {}

    async def one(self, stopping):
        self.number += 1
        who, f = f"{self.name}.{self.life}", KINDS[self.below(len(KINDS))]
        key, value = f"k{self.below(KEYS)}", f"{who}:{self.number}"
        wish = Wish(f, key, value, self.seen.get(key, 0), f == "put" and self.number % 2 == 0)
        asked = {"put": value, "cas": (wish.expected, value)}.get(f)
        say(Operation(who, INVOKE, f, key, asked, now()))
        try:
            answer = wish.answer(await self.ask(wish.request()))
        except FailedError:
            say(Operation(who, FAIL if f == "get" else INFO, f, key, asked, now()))
            self.life += f != "get"
            raise
        say(Operation(who, OK, f, key, answer, now()))
        if f == "get":
            self.seen[key] = answer[1]
        elif f == "put":
            self.seen[key] = answer


class Watcher(Someone):
    """Watches the keys of the operations, one of them, or those of the lock; resumes elsewhere when nothing comes."""

    stream, next_revision = 0, 0

    def wanted(self):
        """Return a watch that goes on where the last one ended, or begins a little before."""
        back = self.below(8)
        start = max(1, self.next_revision - max(0, back - 3)) if self.next_revision else back // 4
        key, end = ((b"k", b"l"), (b"k", b"l"), (b"k0", b""), (b"lock/", b"lock0"))[self.below(4)]
        filters = {0: (api.Filter.NOPUT,), 1: (api.Filter.NODELETE,)}.get(self.below(8), ())
        return api.WatchCreateRequest(key, end, start, filters=filters)

    async def one(self, stopping):
        self.stream += 1
        self.turn()
        request, name = self.wanted(), f"{self.name}.{self.stream}"
        async with watching(self.client, request) as call:
            for number in range(60 + self.below(60)):
                response = await asyncio.wait_for(call.read(), QUIET_S)
                if response is grpc.aio.EOF or stopping.is_set():
                    return
                self.take_in(name, request, ours(response))
                if number % 7 == 3:
                    await call.write(rpc.WatchRequest(progress_request=rpc.WatchProgressRequest()))

    def take_in(self, name, request, response):
        say(Watched(name, request, response))
        for event in response.events:
            if event.type is api.EventType.DELETE and event.kv.key.startswith(b"lock/"):
                say(Ended(event.kv.key, now()))
        newest = response.events[-1].kv.mod_revision if response.events else response.header_revision
        if not response.created or not request.start_revision:
            self.next_revision = max(self.next_revision, newest + 1)


class Locker(Someone):
    """Takes the lock again and again, as etcd's own clients do (`services.etcd.concurrency`)."""

    LOCK = b"lock"
    lease = until = 0
    claim = None

    async def renewed(self, asking):
        """Note what an answer promises of the lease."""
        asked = now()
        response = await asking
        if response is None or not response.ttl:
            raise FailedError("the lease is gone")
        say(Promised(response.id, response.ttl, asked))
        self.lease, self.until = response.id, asked + 1_000_000 * response.ttl

    async def keep_alive(self):
        async def asking():
            await self.client.connect()
            try:
                response = await self.client.refresh_lease(self.lease)
            except aetcd.ClientError as problem:
                raise FailedError(str(problem)) from None
            return None if response is None else ours(response)

        await self.renewed(asking())

    async def one(self, stopping):
        self.claim = None
        await self.renewed(self.ask(api.LeaseGrantRequest(TTL)))
        response = await self.ask(concurrency.claim(self.LOCK, self.lease))
        self.claim, at_once = concurrency.claimed(self.LOCK, self.lease, response)
        revision = response.header_revision if at_once else await self.turn_comes(stopping)
        if revision:
            await self.hold(revision)

    async def turn_comes(self, stopping):
        """Return the revision at which this client has the lock; wait for it, and stay alive while waiting."""
        while not stopping.is_set():
            await self.keep_alive()
            before = await self.ask(concurrency.predecessor(self.LOCK, self.claim))
            watch = concurrency.awaited(before)
            if watch is None:
                there = await self.ask(concurrency.still_there(self.claim))
                if not concurrency.is_held(self.claim, there):
                    raise FailedError("the own key is gone")
                return there.header_revision
            await self.until_deleted(watch)
        return 0

    async def until_deleted(self, watch):
        """Return when the key is gone, or it is time to renew the own lease."""
        with contextlib.suppress(FailedError):
            async with watching(self.client, watch) as call, asyncio.timeout(TTL / 3):
                while (response := await call.read()) is not grpc.aio.EOF:
                    if response.events:
                        return

    async def hold(self, revision):
        """Write under the lock, then give it back, or fall asleep and let the lease run out."""
        begin, end = now(), self.until
        if begin >= end:
            return
        say(Locked(self.LOCK, self.claim.key, revision))
        try:
            for number in range(1 + self.below(6)):
                await self.write(number)
                await self.keep_alive()
                end = self.until
        finally:
            if self.below(4):
                end = min(end, now())
                say(Held(self.name, self.claim.key, begin, end))
                say(Dropped(self.claim.key, now()))
                await self.ask(concurrency.release(self.claim))
            else:
                say(Held(self.name, self.claim.key, begin, end))

    async def write(self, number):
        value = f"{self.claim.revision}:{self.name}:{number}".encode()
        mine = api.Compare(
            api.CompareResult.EQUAL, api.CompareTarget.CREATE, self.claim.key, self.claim.revision
        )
        response = await self.ask(api.TxnRequest((mine,), (api.PutRequest(GUARDED, value),)))
        if not response.succeeded:
            raise FailedError("somebody else has the lock")
        say(Guarded(value, response.header_revision))


class Teller(Someone):
    """Asks each member for all that it has up to one revision: leases still end, and raise it."""

    async def tell(self, members):
        read = await self.patiently(0, lambda: self.ask(api.RangeRequest(b"k")))
        for member in range(members):
            say(await self.patiently(member, lambda: self.told(read.header_revision)))

    async def patiently(self, member, asking):
        """Return what a member answers, sooner or later."""
        while True:
            self.at = member
            try:
                return await asking()
            except FailedError:
                await asyncio.sleep(PAUSE_S)

    async def told(self, revision):
        name = f"n{self.at + 1}"
        events = await self.events(revision)
        return Told(name, events, (await self.ask(maintenance.HashKVRequest(revision))).hash)

    async def events(self, revision):
        """Return all events up to a revision."""
        found = []
        async with watching(self.client, api.WatchCreateRequest(b"\0", b"\0", 1)) as call:
            while not found or found[-1].kv.mod_revision < revision:
                response = await asyncio.wait_for(call.read(), CALL_S)
                if response is grpc.aio.EOF:
                    raise FailedError("the watch has ended")
                found += ours(response).events
        return tuple(event for event in found if event.kv.mod_revision <= revision)


def stop_at_end_of_input(stopping):
    """Nothing is ever said on standard input: what comes is its end."""
    asyncio.get_running_loop().remove_reader(sys.stdin.fileno())
    stopping.set()


async def main(seed, addresses):
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_reader(sys.stdin.fileno(), stop_at_end_of_input, stopping)
    kinds = (Writer, Writer, Writer, Writer, Watcher, Watcher, Watcher, Locker, Locker)
    clients = [
        kind(f"{kind.__name__[0].lower()}{number}-{seed}", number, seed, addresses)
        for number, kind in enumerate(kinds)
    ]
    async with asyncio.TaskGroup() as group:
        for client in clients:
            group.create_task(client.run(stopping))
    teller = Teller("t", 0, seed, addresses)
    await teller.tell(len(addresses))
    for client in (*clients, teller):
        with contextlib.suppress(Exception):
            await client.close()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.argv[2:]))
