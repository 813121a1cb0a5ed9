"""Plays the steps of a scenario against servers of etcd's protocol, the real one or ours, and says what came of each.

A step is a dictionary. One of these keys says what kind it is:

    call    a call of gRPC, with its `request` as JSON, {"call": "etcdserverpb.KV/Put", "request": {"key": "YQ=="}}
    watch   opens a stream of watches under a name: `say` it requests, and `take` so many responses
    on      the same on a stream that is open; `close` closes it
    http    a request of HTTP: method and path, with a `body`
    aetcd   a method of that client, with `args` and `kwargs`
    gw      the same of etcd3gw
    ctl     a command line of etcdctl; `stdin` is what it reads

`at` says which of the servers is asked. What no two clusters have in common (ids, terms, times, addresses) is replaced
by words before anything is compared. What etcd itself leaves to chance, for it walks through a Go map, is put in one
order: the watches that one change concerns, and the keys of a lease.
"""

import asyncio
import http.client
import inspect
import itertools
import json
import os
import queue
import re
import shlex
import signal
import subprocess
import threading
from typing import Any

import grpc
from etcd_client_calls import AETCD, GW, coded, shown
from google.protobuf import json_format

from distsys.wire.etcd.messages import calls, message

PATIENCE_S, STREAM_S = 8.0, 15.0
UNLIKE = {
    "cluster_id": "CLUSTER",
    "member_id": "MEMBER",
    "raft_term": "TERM",
    "raftTerm": "TERM",
    "raftIndex": "INDEX",
    "raftAppliedIndex": "INDEX",
    "leader_id": "MEMBER",
    "dbSize": "SIZE",
    "dbSizeInUse": "SIZE",
    "db_size": "SIZE",
    "hash": "HASH",
    "raft_index": "INDEX",
}
URLS = {"peerURLs", "clientURLs", "peer_urls", "client_urls"}


class Player:
    """Plays steps one after the other; it keeps streams and clients open in between."""

    def __init__(self, addresses: list[str], etcdctl: str | None = None) -> None:
        self.addresses, self.etcdctl = addresses, etcdctl
        self.channels = [grpc.insecure_channel(address) for address in addresses]
        self.streams: dict[str, tuple[queue.SimpleQueue[Any], Any]] = {}
        self.members = self.known_members()
        self.loop = asyncio.new_event_loop()
        self.saved: dict[str, Any] = {}
        self._aetcd: Any = None

    def known_members(self) -> dict[int, str]:
        """Return id of member -> its name."""
        call = self.channels[0].unary_unary(
            "/etcdserverpb.Cluster/MemberList",
            request_serializer=message("MemberListRequest").SerializeToString,
            response_deserializer=message("MemberListResponse").FromString,
        )
        return {member.ID: member.name for member in call(message("MemberListRequest")()).members}

    def close(self) -> None:
        """Close everything."""
        if self._aetcd is not None:
            self.loop.run_until_complete(self._aetcd.close())
        for name in tuple(self.streams):
            self.streams.pop(name)[0].put(None)
        for channel in self.channels:
            channel.close()
        self.loop.close()

    def play(self, step: dict[str, Any]) -> Any:
        """Return what came of a step, in words that are the same for equal behaviour."""
        kind = next(name for name in ("call", "watch", "on", "http", "aetcd", "gw", "ctl") if name in step)
        return self.alike(getattr(self, kind)(step))

    # Kinds of steps.

    def call(self, step: dict[str, Any]) -> Any:
        """Make a call of gRPC with one request and one response."""
        shape = calls()[step["call"]]
        stub = self.channels[step.get("at", 0)]
        kind = "stream" if shape.requests_stream else "unary"
        kind += "_stream" if shape.responses_stream else "_unary"
        make = getattr(stub, kind)(
            f"/{step['call']}",
            request_serializer=message(shape.request).SerializeToString,
            response_deserializer=message(shape.response).FromString,
        )
        request = json_format.ParseDict(step["request"], message(shape.request)())
        try:
            made = make(iter([request]) if shape.requests_stream else request, timeout=PATIENCE_S)
            if not shape.responses_stream:
                return self.told(made)
            first = self.told([next(made)])
            made.cancel()
            return first
        except grpc.RpcError as error:
            return {"code": error.code().name, "text": error.details()}

    def told(self, said: Any) -> Any:
        """Return messages as JSON has them."""
        if isinstance(said, list):
            return [self.told(each) for each in said]
        return json_format.MessageToDict(said, preserving_proto_field_name=True)

    def watch(self, step: dict[str, Any]) -> Any:
        """Open a stream of watches."""
        asked: queue.SimpleQueue[Any] = queue.SimpleQueue()
        stub = self.channels[step.get("at", 0)].stream_stream(
            "/etcdserverpb.Watch/Watch",
            request_serializer=message("WatchRequest").SerializeToString,
            response_deserializer=message("WatchResponse").FromString,
        )
        self.streams[step["watch"]] = (asked, stub(iter(asked.get, None), timeout=STREAM_S))
        return self.on({**step, "on": step["watch"]})

    def on(self, step: dict[str, Any]) -> Any:
        """Say something on a stream, and take responses."""
        asked, responses = self.streams[step["on"]]
        for request in step.get("say", ()):
            asked.put(json_format.ParseDict(request, message("WatchRequest")()))
        try:
            taken = [next(responses) for _ in range(step.get("take", 0))]
        except grpc.RpcError as error:
            return {"code": error.code().name, "text": error.details()}
        if step.get("close"):
            asked.put(None)
            responses.cancel()
            del self.streams[step["on"]]
        return self.told(ordered(taken))

    def http(self, step: dict[str, Any]) -> Any:
        """Make a request of HTTP; of a stream, return the first `lines`."""
        method, path = step["http"].split()
        connection = http.client.HTTPConnection(self.addresses[step.get("at", 0)], timeout=PATIENCE_S)
        connection.request(method, path, step.get("body"))
        answer = connection.getresponse()
        if "lines" in step:
            text = b"".join(answer.readline() for _ in range(step["lines"])).decode()
        else:
            text = answer.read().decode()
        kind = answer.getheader("Content-Type")
        connection.close()
        try:
            said: Any = [json.loads(line) for line in text.splitlines()]
        except ValueError:
            said = text
        return {"status": answer.status, "kind": kind, "said": said}

    def aetcd(self, step: dict[str, Any]) -> Any:
        """Call a method of aetcd."""
        return self.loop.run_until_complete(asyncio.wait_for(self._aetcd_call(step), PATIENCE_S))

    async def _aetcd_call(self, step: dict[str, Any]) -> Any:
        import aetcd

        if self._aetcd is None:
            host, port = self.addresses[0].split(":")
            self._aetcd = aetcd.Client(host=host, port=int(port), timeout=PATIENCE_S)
            await self._aetcd.connect()
        client = self._aetcd
        try:
            if step["aetcd"] in AETCD:
                return shown(await AETCD[step["aetcd"]](client, *coded(step.get("args", []))))
            result = getattr(client, step["aetcd"])(
                *coded(step.get("args", [])), **coded(step.get("kwargs", {}))
            )
            if inspect.isasyncgen(result):
                return [shown(each) async for each in result]
            result = await result
            if hasattr(result, "__aiter__"):
                return [shown(each) async for each in result]
            return shown(result)
        except Exception as error:
            return {"raises": type(error).__name__, "text": str(error)[:200]}

    def gw(self, step: dict[str, Any]) -> Any:
        """Call a method of etcd3gw."""
        import etcd3gw

        host, port = self.addresses[step.get("at", 0)].split(":")
        client = etcd3gw.client(host=host, port=int(port), timeout=PATIENCE_S, api_path="/v3/")
        try:
            if step["gw"] in GW:
                return shown(GW[step["gw"]](client, *step.get("args", [])))
            return shown(getattr(client, step["gw"])(*step.get("args", []), **step.get("kwargs", {})))
        except Exception as error:
            return {"raises": type(error).__name__, "text": str(error)[:200]}

    def ctl(self, step: dict[str, Any]) -> Any:
        """Run etcdctl."""
        assert self.etcdctl is not None, "no etcdctl"
        line = step["ctl"]
        for name, value in self.saved.items():
            line = line.replace(f"${name}", value)
        endpoints = self.addresses if step.get("all") else [self.addresses[step.get("at", 0)]]
        code, out, err = run_ctl([self.etcdctl, "--endpoints", ",".join(endpoints), *shlex.split(line)], step)
        if "save" in step:
            name, pattern = step["save"]
            found = re.search(pattern, out)
            self.saved[name] = found.group(1) if found else "none"
        text = out
        for name, value in self.saved.items():
            text = text.replace(value, f"${name}")
        errors = [row for row in err.splitlines() if not row.startswith('{"level"')]
        try:
            said: Any = [json.loads(row) for row in text.splitlines()] if "-w json" in line else text
        except ValueError:
            said = text
        return {"exit": code, "said": said, "errors": "\n".join(errors)}

    # What is not alike.

    def alike(self, said: Any, name: str = "") -> Any:
        """Return what was said with words in place of what differs between any two clusters."""
        match said:
            case dict():
                if "grantedTTL" in said and 0 <= int(said["grantedTTL"]) - int(said["TTL"]) < 8:
                    said = {**said, "TTL": "A LITTLE LESS"}
                if "grantedTTL" in said and "keys" in said:
                    said = {**said, "keys": sorted(said["keys"])}
                return {key: self.alike(value, key) for key, value in said.items()}
            case list() | tuple():
                if name in URLS:
                    return ["ADDRESS"] * len(said)
                values = [self.alike(value) for value in said]
                return sorted(values, key=str) if "peerURLs" in str(values[:1]) else values
            case str() | int() if not isinstance(said, bool):
                if name in ("ID", "leader", "memberID", "member_id", "leader_id", "id") and self.is_member(
                    said
                ):
                    return "MEMBER"
                if name in UNLIKE:
                    return UNLIKE[name]
        return self.words(said) if isinstance(said, str) else said

    def is_member(self, value: Any) -> bool:
        """Return whether this is the id of a member."""
        return str(value).isdigit() and int(value) in self.members

    def words(self, text: str) -> str:
        """Return a text with words in place of addresses, times, ids."""
        text = re.sub(r"(http://)?127\.0\.0\.1:\d+", "ADDRESS", text)
        text = re.sub(r"took = [\d.]+.?s|took [\d.]+.?s", "took TIME", text)
        text = re.sub(r'("ClusterID" : )\d+', r"\1CLUSTER", text)
        text = re.sub(r'("RaftTerm" : )\d+', r"\1TERM", text)
        text = re.sub(r"remaining\(\d+s\)", "remaining(TIME)", text)
        for id in self.members:
            text = text.replace(f"{id:x}", "MEMBER").replace(str(id), "MEMBER")
        text = re.sub(r"(ADDRESS, )(\d+)\b", r"\1HASH", text)
        if ", started, " in text:  # in the order of the ids
            text = "\n".join(sorted(text.split("\n")))
        return re.sub(r"(3\.5\.1, )[\d.]+ k?M?B, (true|false), false, \d+, \d+, \d+", r"\1STATUS", text)


def ordered(responses: list[Any]) -> list[Any]:
    """Return responses of a stream; where several watches tell of the same change, in the order of their ids."""

    def newest(response: Any) -> int:
        return response.events[-1].kv.mod_revision if response.events else 0

    groups = [(revision, list(group)) for revision, group in itertools.groupby(responses, newest)]
    return [
        response
        for revision, group in groups
        for response in (sorted(group, key=lambda each: each.watch_id) if revision else group)
    ]


def run_ctl(command: list[str], step: dict[str, Any]) -> tuple[int | None, str, str]:
    """Return exit code, output and errors of etcdctl; where it would never end, its first `lines` without a code."""
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={"ETCDCTL_API": "3", "PATH": os.environ["PATH"]},
    ) as process:  # fmt: skip
        if "lines" not in step:
            out, err = process.communicate(step.get("stdin", ""), timeout=60)
            return process.returncode, out, err
        assert process.stdout is not None, "no output"
        impatient = threading.Timer(PATIENCE_S, process.kill)
        impatient.start()
        out = "".join(process.stdout.readline() for _ in range(step["lines"]))
        impatient.cancel()
        process.send_signal(signal.SIGINT if step.get("polite") else signal.SIGKILL)
        return None, out, ""
