"""`Front`: answers the calls of etcd's real clients for the member that runs in this process.

The member does what a request asks; the front adds what belongs to the server that answers: the header with the ids of
cluster and member and the term, addresses, versions. Watches and keep-alives are streams, and each is read no faster
than its client takes it.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import resource
import shutil
import tempfile
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from distsys.drivers.runtime import Runtime
from distsys.services.etcd import api, maintenance
from distsys.services.etcd.member import LOCAL, member_id
from distsys.wire.etcd.door import Door
from distsys.wire.etcd.gateway import Gateway
from distsys.wire.etcd.messages import CallShape, message
from distsys.wire.etcd.refusals import AUTH_IS_OFF, NO_ROLE, NO_ROOT, NO_USER, TOO_LARGE, RefusedError
from distsys.wire.etcd.server import grpc_server
from distsys.wire.etcd.translate import Translator

from .desk import Desk, WatchStream
from .locks import Locks

CONNECTIONS_MAX, FILES = 2000, 200  # of clients; files that this process needs for all else
VERSION, CLUSTER_VERSION = "3.5.1", "3.5.0"  # whose API this is
REQUEST_MAX = 3 * 2**19  # bytes of a request that enters the log
AUTH_REFUSALS = {
    "AuthEnable": NO_ROOT,
    "Authenticate": AUTH_IS_OFF,
    "UserAdd": AUTH_IS_OFF,
    "RoleAdd": AUTH_IS_OFF,
}
WORDS = {
    name: kind
    for room in (api, maintenance)
    for name, kind in vars(room).items()
    if isinstance(kind, type) and kind.__module__ == room.__name__
}


class Front:
    """Serves gRPC and JSON for the member of `runtime`, at the port of its transport.

    addresses  member -> "host:port" of all members
    token      of the cluster; its id follows from it
    """

    def __init__(self, runtime: Runtime, addresses: Mapping[str, str], token: str) -> None:
        self.runtime, self.addresses = runtime, dict(addresses)
        self.desk = Desk(runtime)
        self.locks = Locks(self.desk)
        self.translator = Translator(WORDS)
        self.member_id = member_id(runtime.name)
        self.cluster_id = int.from_bytes(hashlib.sha256(token.encode()).digest()[:8], "big")
        self.folder = tempfile.mkdtemp(prefix="distsys-")
        path = str(Path(self.folder) / "grpc")
        self.server = grpc_server(self, path)
        self.door = Door(path, Gateway(self).answer, most=connections_max())

    async def start(self) -> None:
        """Let clients come."""
        await self.server.start()
        self.runtime.transport.guest = self.door.guest

    async def stop(self) -> None:
        """Send all clients away."""
        self.runtime.transport.guest = None
        await self.door.close()
        await self.server.stop(0)
        shutil.rmtree(self.folder, ignore_errors=True)

    # The header.

    @property
    def revision(self) -> int:
        """The revision of the store as this member has it."""
        return int(self.runtime.node.state.store.revision)  # type: ignore[attr-defined]

    def headed(self, response: Any) -> Any:
        """Return the response with the rest of its header."""
        header = response.header
        header.cluster_id, header.member_id = self.cluster_id, self.member_id
        header.raft_term = self.runtime.node.protocol.current_term  # type: ignore[attr-defined]
        return response

    # Calls with one answer.

    async def answer(self, call: CallShape, request: Any) -> Any:
        """Return the response to a call."""
        if call.service == "etcdserverpb.Auth":
            return await self._auth(call)
        if call.service in ("v3lockpb.Lock", "v3electionpb.Election"):
            return self.headed(await self.locks.answer(call.name, request))
        if call.name == "Defragment":
            return message("DefragmentResponse")()  # there is no file to make smaller
        asked = self.translator.record_of(request)
        if not isinstance(asked, LOCAL) and request.ByteSize() > REQUEST_MAX:
            raise RefusedError(*TOO_LARGE)
        return self.headed(self._finished(await self.desk.ask(asked)))

    async def _auth(self, call: CallShape) -> Any:
        """Users and roles are left out: each call is answered as where authentication is off and there are none."""
        if call.name not in ("AuthStatus", "AuthDisable", "UserList", "RoleList"):
            raise RefusedError(
                *AUTH_REFUSALS.get(call.name, NO_USER if call.name.startswith("User") else NO_ROLE)
            )
        response = message(call.response)(header={"revision": self.revision})
        if call.name == "AuthStatus":
            response.authRevision = 1
        return self.headed(response)

    def _finished(self, record: Any) -> Any:
        """Return the message of a response, with what only the front knows."""
        if isinstance(record, maintenance.StatusResponse):
            leader = member_id(record.leader) if record.leader is not None else 0
            said = self.translator.message_of(replace(record, leader=leader))  # type: ignore[arg-type]
            said.version, said.dbSizeInUse = VERSION, record.db_size
            return said
        said = self.translator.message_of(record)
        if isinstance(record, maintenance.MemberListResponse):
            for member in said.members:
                url = f"http://{self.addresses[member.name]}"
                member.peerURLs.append(url)
                member.clientURLs.append(url)
            said.members.sort(key=lambda member: member.ID)
            said.header.revision = 0
        return said

    # Streams.

    def stream(self, call: CallShape, requests: AsyncIterator[Any]) -> AsyncIterator[Any]:
        """Return the responses of a stream."""
        match call.name:
            case "Watch":
                return self._watch(requests)
            case "LeaseKeepAlive":
                return self._keep_alive(requests)
        return self._observe(requests)

    async def _keep_alive(self, requests: AsyncIterator[Any]) -> AsyncIterator[Any]:
        async for request in requests:
            yield await self.answer_record(self.translator.record_of(request))

    async def answer_record(self, asked: Any) -> Any:
        """Return the response to a record."""
        return self.headed(self._finished(await self.desk.ask(asked)))

    async def _observe(self, requests: AsyncIterator[Any]) -> AsyncIterator[Any]:
        async for request in requests:
            async for led in self.locks.observe(request.name):
                yield self.headed(led)

    async def _watch(self, requests: AsyncIterator[Any]) -> AsyncIterator[Any]:
        stream = self.desk.open_stream()
        listening = asyncio.ensure_future(self._listen(requests, stream))
        try:
            async for response in stream.responses():
                yield self.headed(self.translator.message_of(response))
            await listening  # it ended the stream: what it cannot hand on, it raises
        finally:
            listening.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await listening
            stream.close()

    async def _listen(self, requests: AsyncIterator[Any], stream: WatchStream) -> None:
        """Hand on what a client asks on a stream of watches. One that asks no more may still listen."""
        try:
            async for request in requests:
                if request.WhichOneof("one_of") is not None:
                    stream.say(self.translator.record_of(request))
        except RefusedError:
            stream.end()
            raise

    # What the gateway asks beside.

    def version(self) -> dict[str, str]:
        """Return the versions."""
        return {"etcdserver": VERSION, "etcdcluster": CLUSTER_VERSION}

    async def health(self) -> tuple[bool, str]:
        """Return whether this member can read what is committed, and no alarm is raised."""
        try:
            await self.desk.ask(api.RangeRequest(b"health", limit=1))
            alarms = await self.desk.ask(maintenance.AlarmRequest())
        except RefusedError as refusal:
            return False, refusal.text
        return (not alarms.alarms), "".join(f"ALARM {alarm.alarm.name}" for alarm in alarms.alarms[:1])


def connections_max() -> int:
    """Return how many connections may be open at a time: three files each, of those that this process may open.

    Where the operating system lets a process ask for more than it was given, it does.
    """
    given, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 3 * CONNECTIONS_MAX + FILES
    if given < wanted:
        given = wanted if most == resource.RLIM_INFINITY else min(wanted, most)
        resource.setrlimit(resource.RLIMIT_NOFILE, (given, most))
    return max(1, min(CONNECTIONS_MAX, (given - FILES) // 3))
