"""The shell of the real ZooKeeper, zkCli, against ours: it says what it says when it is connected to the real one."""

import re
import subprocess

import zookeeper_real

from distsys.serve import processes

COMMANDS = """\
ls /
create /a one
create -e /a/e x
create -e /a/e/child x
create -s /a/s- y
create -c /cont
create /cont/kid z
create -t 5000 /ttl q
get -s /a
set -v 0 /a two
set -v 0 /a three
stat /a
ls -R /
ls -s /a
getEphemerals
getAcl /a
addauth digest u:p
create /sec s auth:u:p:cdrwa
getAcl -s /sec
setAcl /a world:anyone:cdrwa
setAcl /sec world:anyone:r
set /sec t
getAllChildrenNumber /
setquota -n 10 /a
listquota /a
delquota /a
addWatch -m PERSISTENT_RECURSIVE /a
set /a four
create /a/kid k
removewatches /a
get -w /a
set /a five
sync /a
version
whoami
delete /a
delete /a/kid
deleteall /a
ls /a
close
quit
"""
WHILE_IT_RUNS = (
    (r"127\.0\.0\.1:\d+", "ADDRESS"),
    (r"\w{3} \w{3} \d\d \d\d:\d\d:\d\d \w+ \d{4}", "TIME"),
)


def said(address):
    """Return what the shell prints of its commands, the events that it was told, and its errors.

    Events are apart: another thread prints them when it comes to it.
    """
    java, jar = zookeeper_real.installed()
    places = f"{jar}:{jar.rpartition('/')[0]}/*"
    shell = (java, "-cp", places, "org.apache.zookeeper.ZooKeeperMain", "-server", address)
    done = subprocess.run(shell, input=COMMANDS, capture_output=True, text=True, timeout=120, check=False)
    texts = []
    for text in (done.stdout, done.stderr):
        for pattern, word in WHILE_IT_RUNS:
            text = re.sub(pattern, word, text)
        texts.append(text)
    lines = [line for line in texts[0].splitlines() if line not in ("", "WATCHER::")]
    events = [line for line in lines if line.startswith("WatchedEvent ")]
    return [line for line in lines if line not in events], events, texts[1].splitlines()


def test_its_shell_says_of_ours_what_it_says_of_the_real_one(require_zookeeper, tmp_path):
    with zookeeper_real.RealZooKeeper(3) as real:
        wanted = said(real.addresses[0])
    with processes("zookeeper", folder=tmp_path) as ours:
        found = said(ours.addresses["n1"])
    assert found == wanted
    plain, events, errors = wanted
    assert "[zookeeper]" in plain
    assert "WatchedEvent state:SyncConnected type:NodeCreated path:/a/kid" in events
    assert "version No is not valid : /a" in errors
