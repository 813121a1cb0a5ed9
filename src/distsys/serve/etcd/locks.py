"""The services Lock and Election: recipes of `services.etcd.concurrency`, done by the server for its client.

Who waits for a lock and goes gives its claim up. Source: server/etcdserver/api/v3lock and v3election of etcd 3.5.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from distsys.services.etcd import api, concurrency
from distsys.services.etcd.concurrency import Claim
from distsys.wire.etcd.messages import message
from distsys.wire.etcd.refusals import RefusedError

from .desk import Desk

SESSION_S = 60  # the lease of who brings none
SESSION_EXPIRED = ("UNKNOWN", "mutex: session is expired")
NOT_LEADER, NO_ELECTION = ("UNKNOWN", "election: not leader"), ("UNKNOWN", "election: no leader")
MISSING_KEY = ("UNKNOWN", '"leader" field must be provided')


class Locks:
    """Does the calls of both services by asking `desk`."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    async def answer(self, name: str, request: Any) -> Any:
        """Return the response to one of the unary calls. What is refused is refused without a code, as by etcd."""
        try:
            return await self._answer(name, request)
        except RefusedError as refusal:
            raise RefusedError("UNKNOWN", refusal.text) from None

    async def _answer(self, name: str, request: Any) -> Any:
        match name:
            case "Lock":
                claim, _, revision = await self.acquire(request.name, request.lease)
                return self._made("v3lockpb.LockResponse", revision, key=claim.key)
            case "Unlock":
                gone = await self.desk.ask(api.DeleteRangeRequest(request.key))
                return self._made("v3lockpb.UnlockResponse", gone.header_revision)
            case "Campaign":
                claim, lease, revision = await self.acquire(request.name, request.lease, request.value)
                key = {"name": request.name, "key": claim.key, "rev": claim.revision, "lease": lease}
                return self._made("v3electionpb.CampaignResponse", revision, leader=key)
            case "Leader":
                return await self.leader(request.name)
            case "Proclaim":
                return await self.proclaim(request)
        return await self.resign(request)

    @staticmethod
    def _made(kind: str, revision: int, **values: Any) -> Any:
        return message(kind)(header={"revision": revision}, **values)

    # Waiting for one's turn.

    async def acquire(self, name: bytes, lease: int, value: bytes = b"") -> tuple[Claim, int, int]:
        """Return the claim that has the lock, its lease, and the revision at which that was seen."""
        lease = lease or (await self.desk.ask(api.LeaseGrantRequest(SESSION_S))).id
        response = await self.desk.ask(concurrency.claim(name, lease, value))
        claim, at_once = concurrency.claimed(name, lease, response)
        if not response.succeeded and value and response.responses[0].kvs[0].value != value:
            response = await self.desk.ask(concurrency.proclaim(claim, lease, value))
        if at_once:
            return claim, lease, response.header_revision
        try:
            revision = await self._wait(name, claim)
            held = await self.desk.ask(concurrency.still_there(claim))
        except BaseException:
            await self.desk.ask(concurrency.release(claim))
            raise
        if not concurrency.is_held(claim, held):
            raise RefusedError(*SESSION_EXPIRED)
        return claim, lease, revision

    async def _wait(self, name: bytes, claim: Claim) -> int:
        """Return when nobody is before this claim, with the revision of that."""
        while True:
            before = await self.desk.ask(concurrency.predecessor(name, claim))
            watch = concurrency.awaited(before)
            if watch is None:
                return int(before.header_revision)
            await self._until_deleted(watch)

    async def _until_deleted(self, watch: api.WatchCreateRequest) -> None:
        stream = self.desk.open_stream()
        try:
            stream.say(watch)
            async for response in stream.responses():
                if response.canceled or any(event.type is api.EventType.DELETE for event in response.events):
                    return
        finally:
            stream.close()

    # Elections.

    async def leader(self, name: bytes) -> Any:
        """Return who leads."""
        response = await self.desk.ask(concurrency.first(name))
        kv = concurrency.leader(response)
        if kv is None:
            raise RefusedError(*NO_ELECTION)
        return self._led(response.header_revision, kv)

    def _led(self, revision: int, kv: api.KeyValue) -> Any:
        fields = ("key", "create_revision", "mod_revision", "version", "value", "lease")
        values = {field: getattr(kv, field) for field in fields}
        return self._made("v3electionpb.LeaderResponse", revision, kv=values)

    async def proclaim(self, request: Any) -> Any:
        """Let the leader say something else."""
        if not request.HasField("leader"):
            raise RefusedError(*MISSING_KEY)
        claim = Claim(request.leader.key, request.leader.rev)
        response = await self.desk.ask(concurrency.proclaim(claim, request.leader.lease, request.value))
        if not response.succeeded:
            raise RefusedError(*NOT_LEADER)
        return self._made("v3electionpb.ProclaimResponse", response.header_revision)

    async def resign(self, request: Any) -> Any:
        """Let the leader go."""
        if not request.HasField("leader"):
            raise RefusedError(*MISSING_KEY)
        claim = Claim(request.leader.key, request.leader.rev)
        response = await self.desk.ask(concurrency.resign(claim))
        return self._made("v3electionpb.ResignResponse", response.header_revision)

    async def observe(self, name: bytes) -> AsyncIterator[Any]:
        """Yield who leads and what it proclaims, each time that changes."""
        prefix = concurrency.prefix_of(name)
        first = concurrency.first(name)
        stream, seen = self.desk.open_stream(), None
        try:
            stream.say(api.WatchCreateRequest(prefix, first.range_end))
            async for _ in stream.responses():
                response = await self.desk.ask(first)
                kv = concurrency.leader(response)
                if kv is not None and (kv.key, kv.mod_revision) != seen:
                    seen = (kv.key, kv.mod_revision)
                    yield self._led(response.header_revision, kv)
        finally:
            stream.close()
