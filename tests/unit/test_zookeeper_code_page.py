"""What the page on the code of ZooKeeper relies on: the program with kazoo, frames by hand, and what is counted."""

import runpy
import sys
from pathlib import Path

import compare_zookeeper
import pytest
import zookeeper_real
from zookeeper_scenarios import CRASHES, SCENARIOS

from distsys.core.errors import DistsysError
from distsys.lab import zookeeper_kazoo, zookeeper_served
from distsys.lab.zookeeper_code_runs import OneTree
from distsys.lab.zookeeper_recipes import RECIPES
from distsys.serve import processes
from distsys.services.zookeeper import tree
from distsys.services.zookeeper.errors import Code
from distsys.services.zookeeper.requests import CloseSessionRequest, CreateRequest, Kind, SetDataRequest
from distsys.wire.zookeeper.codec import request_of

pytest.importorskip("kazoo")


def test_the_real_one_prints_what_is_recorded(require_zookeeper):
    if zookeeper_real.release() != zookeeper_kazoo.RECORDED_FROM:
        pytest.skip(f"the transcript is of ZooKeeper {zookeeper_kazoo.RECORDED_FROM}")
    with zookeeper_real.RealZooKeeper(3) as servers:
        assert zookeeper_kazoo.printed(",".join(servers.addresses)) == zookeeper_kazoo.recorded()


def test_ours_print_what_is_recorded():
    assert zookeeper_kazoo.asked_of_ours() == zookeeper_kazoo.recorded()


def test_a_session_goes_on_when_the_server_of_its_client_is_killed(tmp_path):
    said = []
    with processes("zookeeper", folder=tmp_path / "d") as ensemble:
        zookeeper_kazoo.killed_under(ensemble, said.append)
    assert said == [
        "connected again, so at another server: True",
        "the same session: True, lost: False",
        "its ephemeral znode is there, and its own: True",
        "the client ends its session, and the znode is gone",
    ]


def test_the_program_uses_nine_recipes_and_prints_27_lines():
    assert (len(RECIPES), len(zookeeper_kazoo.recorded())) == (9, 27)


def test_a_program_that_finds_no_server_says_how_it_ended(monkeypatch):
    monkeypatch.setattr(sys, "executable", "false")
    with pytest.raises(DistsysError, match="ended with 1"):
        zookeeper_kazoo.printed("127.0.0.1:1")


def test_the_numbers_of_steps_are_those_of_the_comparison():
    compares = runpy.run_path(str(Path(__file__).with_name("test_zookeeper_like_the_real_one.py")))
    left_out, on_purpose = compares["LEFT_OUT"], compares["ON_PURPOSE"]
    steps = zookeeper_served.recorded_steps()
    assert set(steps) == set(SCENARIOS)
    assert (len(steps), sum(steps.values())) == (18, 976)
    assert sum(steps[name] for name in left_out) == 50
    assert {name: steps[name] for name in left_out} == {"reconfig": 18, "reading": 32}
    assert {name: len(each) for name, each in on_purpose.items()} == {"sessions": 4, "cluster": 1}
    assert len(CRASHES) == 3


def test_the_tool_starts_ours_and_compares(capsys):
    assert compare_zookeeper.compared_with_ours("quotas", 3) == 0
    assert capsys.readouterr().out == "quotas: 15 steps compared, 0 differ\n"


def test_a_difference_is_shown_and_the_notebook_stops(monkeypatch, capsys):
    transcript = compare_zookeeper.recorded("quotas")
    step, came = transcript[3]
    transcript[3] = (step, {**came, "zxid": "z99"})
    monkeypatch.setattr(compare_zookeeper, "recorded", lambda name: transcript)
    assert compare_zookeeper.compared_with_ours("quotas", 3) == 1
    assert "quotas 3:" in capsys.readouterr().out
    with pytest.raises(DistsysError, match="ours did something else"):
        zookeeper_served.compared("no such scenario")


def test_a_frame_by_hand_is_what_the_codec_reads():
    text, pack = zookeeper_served.text, zookeeper_served.struct.pack
    body = (
        pack(">ii", 1, 1)
        + text("/hi")
        + text(b"ho")
        + pack(">i", 1)
        + zookeeper_served.ANYBODY
        + pack(">i", 3)
    )
    header, record = request_of(body)
    assert (header.xid, record.path, record.data, record.flags) == (1, "/hi", b"ho", 3)
    assert [(entry.perms, entry.id.scheme, entry.id.id) for entry in record.acl] == [(31, "world", "anyone")]


def test_what_is_asked_behind_the_end_of_a_session_is_refused_before_anything_is_applied():
    one = OneTree()
    one.prepare(7, CreateRequest("/e1", kind=Kind.EPHEMERAL))
    assert one.prepare(7, CloseSessionRequest()) == tree.CloseSessionChange(("/e1",))
    assert one.prepare(7, CreateRequest("/e2", kind=Kind.EPHEMERAL)) == tree.ErrorChange(Code.SESSION_EXPIRED)
    assert one.state.owned_by(7) == ()
    one.apply()
    assert one.state.owned_by(7) == ()
    assert one.state == one.ahead


def test_a_change_that_is_done_again_leaves_the_znode_as_it_is():
    one = OneTree()
    one.prepare(7, CreateRequest("/a"))
    change = one.prepare(7, SetDataRequest("/a", b"x"))
    one.apply()
    znode = one.state.get("/a")
    again, _, _ = tree.apply(one.state, znode.stat.mzxid, tree.Header(7, 0), change)
    assert again.get("/a") == znode
