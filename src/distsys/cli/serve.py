"""`distsys serve`: a cluster as processes on this machine."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
from typing import Any

from . import commands

ABOUT = """\
Run a system as processes on this machine: one for each node, over TCP, with its data on the disk.

The address of each node is printed, one a line, when clients can use it. What happens to the processes is
said on standard error. Ctrl-C stops all of them. A process that ends is started again, and goes on with what
is on its disk; so does the whole cluster when it is started again with the same directory."""

EXAMPLES = """\
examples:
  distsys serve raft-kv --nodes 3 --port 0 --data-dir data
  distsys serve zab-kv --nodes 5 --port 4000 --data-dir data --record
  kill -9 $(cat data/n2/lock)      # it comes back

from Python:
  from distsys.serve import Client
  client = Client("127.0.0.1:4000")
  client.put("x", 1)"""


def add(subs: Any, parser_of: Any, count: Any, nodes: Any) -> None:
    """Add the subcommand."""
    parser = parser_of(
        subs.add_parser, "serve", help="run a system as processes", description=ABOUT, epilog=EXAMPLES
    )
    add = parser.add_argument
    add("protocol", metavar="SYSTEM", help="the name of a system, see `distsys list`")
    add("--nodes", type=nodes, default=3, metavar="N", help="how many nodes (default 3)")
    add(
        "--port",
        type=count("port"),
        default=0,
        metavar="P",
        help="of the first node, the others follow; 0 (the default) takes any that are free",
    )
    add(
        "--data-dir",
        required=True,
        metavar="D",
        help="where the nodes keep their data; it is made if need be",
    )
    add("--host", default="127.0.0.1", metavar="ADDRESS", help="where to listen (default 127.0.0.1)")
    beyond = "allow a --host that other machines can reach: there is no encryption and no password"
    add("--beyond-loopback", action="store_true", help=beyond)
    add("--record", action="store_true", help="keep diaries of all steps, for `--save-trace`")
    add(
        "--restart",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="start a process again that ended",
    )
    add("--mutant", metavar="ID", help="run a known bug in place of the correct system")
    add(
        "--option",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="an option of the system, see `list`",
    )
    add(
        "--until-input-ends",
        action="store_true",
        help="stop when standard input ends, for who starts this from a program",
    )
    saved = "do not run anything: put the diaries in D together, and write the run as a trace"
    add("--save-trace", metavar="FILE", help=saved)
    parser.set_defaults(run=run)


def run(chosen: argparse.Namespace) -> int:
    """Serve until Ctrl-C."""
    from distsys.serve.supervisor import Supervisor, recorded, served_cluster

    if chosen.save_trace:
        trace = recorded(chosen.data_dir)
        commands.say(f"{trace!r}", f"saved as {trace.save(chosen.save_trace)}")
        return 0
    supervisor = Supervisor(
        served_cluster(chosen.protocol, mutant=chosen.mutant, **commands.options_of(chosen)),
        chosen.data_dir,
        port=chosen.port,
        host=chosen.host,
        beyond_loopback=chosen.beyond_loopback,
        record=chosen.record,
        restart=chosen.restart,
        on_address=_say_address,
        on_event=_tell,
    )
    asyncio.run(_until_stopped(supervisor, chosen.until_input_ends))
    return 0


def _say_address(name: str, address: str) -> None:
    commands.say(address)
    sys.stdout.flush()


def _tell(line: str) -> None:
    sys.stderr.write(f"distsys: {line}\n")
    sys.stderr.flush()


async def _until_stopped(supervisor: Any, with_input: bool) -> None:
    loop = asyncio.get_running_loop()
    if with_input:
        loop.add_reader(sys.stdin.fileno(), _stop_at_end_of_input, supervisor)
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, supervisor.stop)
    await supervisor.run()


def _stop_at_end_of_input(supervisor: Any) -> None:
    if not os.read(sys.stdin.fileno(), 4096):
        asyncio.get_running_loop().remove_reader(sys.stdin.fileno())
        supervisor.stop()
