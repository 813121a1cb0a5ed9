"""The table of messages beside etcd's own classes, and the translation between messages and records."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distsys.services.etcd import api, maintenance
from distsys.wire.etcd import schema
from distsys.wire.etcd.messages import calls, declared, message
from distsys.wire.etcd.refusals import CODES, RefusedError
from distsys.wire.etcd.translate import Translator

grpc = pytest.importorskip("grpc")
json_format = pytest.importorskip("google.protobuf.json_format")

WORDS = {
    name: kind for room in (api, maintenance) for name, kind in vars(room).items()
    if isinstance(kind, type) and kind.__module__ == room.__name__
}  # fmt: skip
TRANSLATOR = Translator(WORDS)
HERE_ONLY = {"etcdserverpb.AuthRequest", "etcdserverpb.AuthResponse", "etcdserverpb.AuthStatusResponse"}


def etcds_own():
    """Return full name -> descriptor of the classes that aetcd brings, made from etcd's own files."""
    kv = pytest.importorskip("aetcd.rpc.kv_pb2")
    rpc = pytest.importorskip("aetcd.rpc.rpc_pb2")
    return {
        one.full_name: one for file in (kv, rpc) for one in file.DESCRIPTOR.message_types_by_name.values()
    }


def test_fields_have_the_numbers_and_types_of_etcds_own_files():
    own = etcds_own()
    for name, fields in declared().items():
        if name in HERE_ONLY or name.startswith("v3"):
            continue
        ours = {(f.name, f.number, f.type, f.is_repeated) for f in message(name).DESCRIPTOR.fields}
        theirs = {(f.name, f.number, f.type, f.is_repeated) for f in own[name].fields}
        assert ours == theirs, name
        assert {f.name for f in fields if f.in_group} == {
            f.name for f in own[name].fields if f.containing_oneof is not None
        }


def test_enums_have_the_names_and_numbers_of_etcds_own_files():
    rpc = pytest.importorskip("aetcd.rpc.rpc_pb2")
    found = dict(rpc.DESCRIPTOR.enum_types_by_name)
    for one in etcds_own().values():
        found |= {f"{one.name}.{name}": enum for name, enum in one.enum_types_by_name.items()}
    for name, values in schema.ENUMS.items():
        theirs = found[name.partition(".")[2]]
        assert [value.name for value in theirs.values] == values.split()


def test_every_call_of_etcds_own_files_is_answered_or_left_out_on_purpose():
    rpc = pytest.importorskip("aetcd.rpc.rpc_pb2")
    theirs = {
        f"{service.full_name}/{method.name}"
        for service in rpc.DESCRIPTOR.services_by_name.values() for method in service.methods
    }  # fmt: skip
    left_out = {
        *(f"etcdserverpb.Cluster/Member{verb}" for verb in ("Add", "Remove", "Update", "Promote")),
        *(f"etcdserverpb.Maintenance/{verb}" for verb in ("Hash", "Snapshot", "MoveLeader", "Downgrade")),
    }
    ours = {name for name in calls() if name.startswith("etcdserverpb")}
    assert theirs - ours == left_out
    assert ours <= theirs


KEYS = st.binary(max_size=3)
NUMBERS = st.integers(-(2**63), 2**63 - 1)
RANGES = st.builds(
    api.RangeRequest, key=KEYS, range_end=KEYS, limit=NUMBERS, revision=NUMBERS, serializable=st.booleans(),
    sort_order=st.sampled_from(api.SortOrder), sort_target=st.sampled_from(api.SortTarget),
)  # fmt: skip
PUTS = st.builds(api.PutRequest, key=KEYS, value=KEYS, lease=NUMBERS, prev_kv=st.booleans())
DELETES = st.builds(api.DeleteRangeRequest, key=KEYS, range_end=KEYS)


@st.composite
def compares(draw):
    target = draw(st.sampled_from(api.CompareTarget))
    value = draw(KEYS if target is api.CompareTarget.VALUE else NUMBERS)
    return api.Compare(draw(st.sampled_from(api.CompareResult)), target, draw(KEYS), value, draw(KEYS))


def transactions(inner):
    parts = st.lists(inner, max_size=3).map(tuple)
    return st.builds(
        api.TxnRequest, compare=st.lists(compares(), max_size=2).map(tuple), success=parts, failure=parts
    )


REQUESTS = st.recursive(st.one_of(RANGES, PUTS, DELETES), transactions, max_leaves=8)


@given(REQUESTS)
def test_a_request_survives_the_bytes_and_the_json(request):
    made = TRANSLATOR.message_of(request)
    again = type(made).FromString(made.SerializeToString())
    assert TRANSLATOR.record_of(again) == request
    read = json_format.Parse(json_format.MessageToJson(made), type(made)())
    assert TRANSLATOR.record_of(read) == request


@pytest.mark.parametrize("response", [
    api.RangeResponse(5, (api.KeyValue(b"k", 2, 3, 2, b"v", 7),), True, 9),
    api.TxnResponse(5, True, (api.PutResponse(5, api.KeyValue(b"k")), api.TxnResponse(0, False, ()))),
    api.LeaseLeasesResponse(3, (1, 2)),
    api.LeaseTimeToLiveResponse(3, 1, 5, 9, (b"a", b"b")),
    api.WatchResponse(5, 1, events=(api.Event(api.EventType.DELETE, api.KeyValue(b"a", mod_revision=5)),)),
    maintenance.AlarmResponse(2, (maintenance.AlarmMember(2**64 - 1, maintenance.AlarmType.NOSPACE),)),
])  # fmt: skip
def test_a_response_comes_back_as_it_was(response):
    made = TRANSLATOR.message_of(response)
    assert TRANSLATOR.record_of(type(made).FromString(made.SerializeToString())) == response


def test_a_part_of_a_transaction_that_is_nothing_is_refused_in_etcds_words():
    with pytest.raises(RefusedError, match="etcdserver: key not found") as refused:
        TRANSLATOR.record_of(message("TxnRequest")(success=[message("RequestOp")()]))
    assert refused.value.code == "INVALID_ARGUMENT"


def test_an_order_that_does_not_exist_is_refused_in_etcds_words():
    with pytest.raises(RefusedError, match="etcdserver: invalid sort option"):
        TRANSLATOR.record_of(message("RangeRequest")(key=b"k", sort_order=9))


def test_codes_have_the_numbers_of_grpc():
    assert {code.name: code.value[0] for code in grpc.StatusCode} == {n: c for n, (c, _) in CODES.items()}
