"""Record what real clients of ZooKeeper send and get. So tests/golden/zookeeper/clients.jsonl was made.

    sudo apt-get install zookeeper libcommons-cli-java     # 3.8: the server, and its command line
    pip install kazoo                                      # in an environment of its own
    python tools/record_zookeeper_clients.py --kazoo ENVIRONMENT/bin/python

They speak through a proxy that writes down each frame. A line is a frame: the client, "asks" or "is told", its bytes in
hex. A test reads each, and packs it again to the same bytes.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import tempfile
from pathlib import Path

from record_zookeeper_frames import ROOT, Server

OUT = ROOT / "tests" / "golden" / "zookeeper" / "clients.jsonl"
MAIN = "org.apache.zookeeper.ZooKeeperMain"

KAZOO = """
import sys, time
from kazoo.client import KazooClient
from kazoo.exceptions import NoNodeError
from kazoo.security import OPEN_ACL_UNSAFE

client = KazooClient(sys.argv[1], timeout=5)
client.start()
client.add_auth("digest", "a:b")
client.create("/k", b"x")
client.create("/k/s-", b"1", ephemeral=True, sequence=True, include_data=True)
seen = []
client.get("/k", watch=seen.append)
client.set("/k", b"y")
client.exists("/k", watch=seen.append)
client.get_children("/k", watch=seen.append, include_data=True)
client.get_children("/k")
client.sync("/k")
client.get_acls("/k")
client.set_acls("/k", OPEN_ACL_UNSAFE)
right = client.transaction()
right.create("/t", b"1")
right.set_data("/t", b"2")
right.check("/t", 1)
right.delete("/t")
right.commit()
wrong = client.transaction()
wrong.check("/k", 99)
wrong.delete("/k")
wrong.commit()
try:
    client.get("/nowhere")
except NoNodeError:
    pass
client.delete("/k", recursive=True)
time.sleep(3)  # so that it pings
client.stop()
"""

COMMANDS = """
create -c /c
create -t 50000 /t
create -e -s /e x
getAllChildrenNumber /
getEphemerals /
whoami
addWatch -m PERSISTENT /c
addWatch /
set /c hello
ls -s -w /
get -s -w /c
stat -w /c
getAcl -s /c
setAcl /c world:anyone:cdrwa
sync /c
removewatches /c
config
reconfig -members {members}
addauth digest a:b
delete /c
close
quit
"""


class Proxy:
    """Hands bytes on, and writes frames down."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.lines: list[dict[str, str]] = []
        self.client = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        behind_reader, behind_writer = await asyncio.open_connection("127.0.0.1", self.port)
        await asyncio.gather(
            self._hand_on(reader, behind_writer, "asks"), self._hand_on(behind_reader, writer, "is told")
        )

    async def _hand_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, what: str) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                head = await reader.readexactly(4)
                frame = head + await reader.readexactly(int.from_bytes(head, "big"))
                self.lines.append({"client": self.client, what: frame.hex()})
                writer.write(frame)
                await writer.drain()
        writer.close()


async def record(server: Server, jar: str, kazoo: str) -> list[dict[str, str]]:
    """Return what the clients said and were told."""
    proxy = Proxy(int(server.address.rpartition(":")[2]))
    listening = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    address = f"127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    proxy.client = "kazoo"
    python = await asyncio.create_subprocess_exec(kazoo, "-c", KAZOO, address)
    await python.wait()
    proxy.client = "zkCli"
    path = ":".join([jar, *(str(Path(jar).parent / name) for name in ("commons-cli.jar", "jline2.jar"))])
    java = await asyncio.create_subprocess_exec(
        "java", "-Xmx64m", "-cp", path, MAIN, "-server", address,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    await java.communicate(COMMANDS.format(members=server.members).encode())
    listening.close()
    return proxy.lines


def main() -> None:
    """Write the file."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--jar", default="/usr/share/java/zookeeper.jar")
    parser.add_argument("--kazoo", default="python", help="a Python that has kazoo")
    parser.add_argument("--port", type=int, default=21810)
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        Server(options.jar, Path(folder), options.port) as server,
    ):
        lines = asyncio.run(record(server, options.jar, options.kazoo))
    options.out.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")


if __name__ == "__main__":
    main()
