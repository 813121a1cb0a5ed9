"""A configuration centre and the discovery of services, on one member of etcd."""

from distsys.core import Timeout
from distsys.core.units import S
from distsys.core.values import EMPTY
from distsys.services.etcd import recipes
from distsys.services.etcd.api import CompactionRequest, LeaseGrantRequest
from distsys.services.etcd.recipes import Setting
from etcd_nodes import Alone, responses


def test_of_two_who_change_a_setting_at_once_one_is_refused_and_told_what_it_is():
    alone = Alone()
    known = recipes.setting(b"limit", alone.ask(recipes.read(b"limit")))
    assert known == Setting(b"limit", None, 0)
    first, second = recipes.change(known, b"10"), recipes.change(known, b"20")
    assert recipes.changed(known, b"10", alone.ask(first)) == Setting(b"limit", b"10", 2)
    assert recipes.changed(known, b"20", alone.ask(second)) == Setting(b"limit", b"10", 2)


def test_a_change_is_taken_back_by_the_value_of_an_earlier_revision_until_that_is_compacted():
    alone = Alone()
    known = Setting(b"limit", None, 0)
    for value in (b"10", b"bad"):
        known = recipes.changed(known, value, alone.ask(recipes.change(known, value)))
    before = recipes.setting(b"limit", alone.ask(recipes.read(b"limit", revision=2)))
    assert alone.ask(recipes.roll_back(known, before)).succeeded
    assert recipes.setting(b"limit", alone.ask(recipes.read(b"limit"))) == Setting(b"limit", b"10", 4)
    alone.ask(CompactionRequest(3))
    assert alone.ask(recipes.read(b"limit", revision=2)).code == "OUT_OF_RANGE"


def test_a_setting_that_was_not_set_is_unset_again_and_may_be_set_anew():
    alone = Alone()
    before = recipes.setting(b"limit", alone.ask(recipes.read(b"limit")))
    known = recipes.changed(before, b"10", alone.ask(recipes.change(before, b"10")))
    known = recipes.changed(known, None, alone.ask(recipes.roll_back(known, before)))
    assert known == before == recipes.setting(b"limit", alone.ask(recipes.read(b"limit")))
    assert alone.ask(recipes.change(known, b"20")).succeeded


def test_who_reads_and_then_watches_misses_no_change_in_between():
    alone = Alone(window=9)
    answer = alone.ask(recipes.read(b"limit"))
    alone.ask(recipes.change(Setting(b"limit", None, 0), b"10"))
    found = alone.say(recipes.follow(b"limit", answer))
    assert [event.kv.value for response in found for event in response.events] == [b"10"]


def test_an_instance_that_dies_is_gone_when_its_lease_runs_out():
    alone = Alone(window=9)
    leases = [alone.ask(LeaseGrantRequest(5, id)).id for id in (1, 2)]
    for instance, lease in zip((b"a", b"b"), leases, strict=True):
        alone.ask(recipes.register(b"mail", instance, b"host-" + instance, lease))
    answer = alone.ask(recipes.lookup(b"mail"))
    known = recipes.instances(answer)
    assert list(known.values()) == [b"host-a", b"host-b"]
    alone.say(recipes.follow_all(b"mail", answer))
    effects = alone.handle(Timeout("lease 2", 5 * S))
    events = [event for response in responses(effects) for event in response.events]
    assert recipes.after(known, events) == EMPTY.set(b"services/mail/a", b"host-a")
