"""The messages and calls of etcd's API, version 3.5, as a table: names, numbers and types of the fields.

The numbers are the protocol: with them any implementation reads the bytes of any other. A line declares a message by
its fields, `type name = number`; `*` says that a field is repeated, `?` that it belongs to the one group of which at
most one is set. What a server never looks into (the requests about users and roles) is declared without fields.

Source: rpc.proto, kv.proto, v3lock.proto and v3election.proto of etcd 3.5.
"""

from __future__ import annotations

ENUMS = {
    "mvccpb.Event.EventType": "PUT DELETE",
    "etcdserverpb.RangeRequest.SortOrder": "NONE ASCEND DESCEND",
    "etcdserverpb.RangeRequest.SortTarget": "KEY VERSION CREATE MOD VALUE",
    "etcdserverpb.Compare.CompareResult": "EQUAL GREATER LESS NOT_EQUAL",
    "etcdserverpb.Compare.CompareTarget": "VERSION CREATE MOD VALUE LEASE",
    "etcdserverpb.WatchCreateRequest.FilterType": "NOPUT NODELETE",
    "etcdserverpb.AlarmType": "NONE NOSPACE CORRUPT",
    "etcdserverpb.AlarmRequest.AlarmAction": "GET ACTIVATE DEACTIVATE",
}

MESSAGES = {
    "mvccpb": """
KeyValue: bytes key = 1, int64 create_revision = 2, int64 mod_revision = 3, int64 version = 4, \
  bytes value = 5, int64 lease = 6
Event: Event.EventType type = 1, KeyValue kv = 2, KeyValue prev_kv = 3
""",
    "etcdserverpb": """
ResponseHeader: uint64 cluster_id = 1, uint64 member_id = 2, int64 revision = 3, uint64 raft_term = 4
RangeRequest: bytes key = 1, bytes range_end = 2, int64 limit = 3, int64 revision = 4, \
  RangeRequest.SortOrder sort_order = 5, \
  RangeRequest.SortTarget sort_target = 6, bool serializable = 7, bool keys_only = 8, bool count_only = 9, \
  int64 min_mod_revision = 10, int64 max_mod_revision = 11, int64 min_create_revision = 12, \
  int64 max_create_revision = 13
RangeResponse: ResponseHeader header = 1, *mvccpb.KeyValue kvs = 2, bool more = 3, int64 count = 4
PutRequest: bytes key = 1, bytes value = 2, int64 lease = 3, bool prev_kv = 4, bool ignore_value = 5, \
  bool ignore_lease = 6
PutResponse: ResponseHeader header = 1, mvccpb.KeyValue prev_kv = 2
DeleteRangeRequest: bytes key = 1, bytes range_end = 2, bool prev_kv = 3
DeleteRangeResponse: ResponseHeader header = 1, int64 deleted = 2, *mvccpb.KeyValue prev_kvs = 3
RequestOp: ?RangeRequest request_range = 1, ?PutRequest request_put = 2, \
  ?DeleteRangeRequest request_delete_range = 3, \
  ?TxnRequest request_txn = 4
ResponseOp: ?RangeResponse response_range = 1, ?PutResponse response_put = 2, \
  ?DeleteRangeResponse response_delete_range = 3, ?TxnResponse response_txn = 4
Compare: Compare.CompareResult result = 1, Compare.CompareTarget target = 2, bytes key = 3, \
  ?int64 version = 4, \
  ?int64 create_revision = 5, ?int64 mod_revision = 6, ?bytes value = 7, ?int64 lease = 8, \
  bytes range_end = 64
TxnRequest: *Compare compare = 1, *RequestOp success = 2, *RequestOp failure = 3
TxnResponse: ResponseHeader header = 1, bool succeeded = 2, *ResponseOp responses = 3
CompactionRequest: int64 revision = 1, bool physical = 2
CompactionResponse: ResponseHeader header = 1
HashRequest:
HashResponse: ResponseHeader header = 1, uint32 hash = 2
HashKVRequest: int64 revision = 1
HashKVResponse: ResponseHeader header = 1, uint32 hash = 2, int64 compact_revision = 3
SnapshotRequest:
SnapshotResponse: ResponseHeader header = 1, uint64 remaining_bytes = 2, bytes blob = 3
WatchRequest: ?WatchCreateRequest create_request = 1, ?WatchCancelRequest cancel_request = 2, \
  ?WatchProgressRequest progress_request = 3
WatchCreateRequest: bytes key = 1, bytes range_end = 2, int64 start_revision = 3, bool progress_notify = 4, \
  *WatchCreateRequest.FilterType filters = 5, bool prev_kv = 6, int64 watch_id = 7, bool fragment = 8
WatchCancelRequest: int64 watch_id = 1
WatchProgressRequest:
WatchResponse: ResponseHeader header = 1, int64 watch_id = 2, bool created = 3, bool canceled = 4, \
  int64 compact_revision = 5, string cancel_reason = 6, bool fragment = 7, *mvccpb.Event events = 11
LeaseGrantRequest: int64 TTL = 1, int64 ID = 2
LeaseGrantResponse: ResponseHeader header = 1, int64 ID = 2, int64 TTL = 3, string error = 4
LeaseRevokeRequest: int64 ID = 1
LeaseRevokeResponse: ResponseHeader header = 1
LeaseKeepAliveRequest: int64 ID = 1
LeaseKeepAliveResponse: ResponseHeader header = 1, int64 ID = 2, int64 TTL = 3
LeaseTimeToLiveRequest: int64 ID = 1, bool keys = 2
LeaseTimeToLiveResponse: ResponseHeader header = 1, int64 ID = 2, int64 TTL = 3, int64 grantedTTL = 4, \
  *bytes keys = 5
LeaseLeasesRequest:
LeaseStatus: int64 ID = 1
LeaseLeasesResponse: ResponseHeader header = 1, *LeaseStatus leases = 2
Member: uint64 ID = 1, string name = 2, *string peerURLs = 3, *string clientURLs = 4, bool isLearner = 5
MemberListRequest: bool linearizable = 1
MemberListResponse: ResponseHeader header = 1, *Member members = 2
DefragmentRequest:
DefragmentResponse: ResponseHeader header = 1
AlarmRequest: AlarmRequest.AlarmAction action = 1, uint64 memberID = 2, AlarmType alarm = 3
AlarmMember: uint64 memberID = 1, AlarmType alarm = 2
AlarmResponse: ResponseHeader header = 1, *AlarmMember alarms = 2
StatusRequest:
StatusResponse: ResponseHeader header = 1, string version = 2, int64 dbSize = 3, uint64 leader = 4, \
  uint64 raftIndex = 5, \
  uint64 raftTerm = 6, uint64 raftAppliedIndex = 7, *string errors = 8, int64 dbSizeInUse = 9, \
  bool isLearner = 10
AuthStatusResponse: ResponseHeader header = 1, bool enabled = 2, uint64 authRevision = 3
AuthRequest:
AuthResponse: ResponseHeader header = 1
""",
    "v3lockpb": """
LockRequest: bytes name = 1, int64 lease = 2
LockResponse: etcdserverpb.ResponseHeader header = 1, bytes key = 2
UnlockRequest: bytes key = 1
UnlockResponse: etcdserverpb.ResponseHeader header = 1
""",
    "v3electionpb": """
LeaderKey: bytes name = 1, bytes key = 2, int64 rev = 3, int64 lease = 4
CampaignRequest: bytes name = 1, int64 lease = 2, bytes value = 3
CampaignResponse: etcdserverpb.ResponseHeader header = 1, LeaderKey leader = 2
LeaderRequest: bytes name = 1
LeaderResponse: etcdserverpb.ResponseHeader header = 1, mvccpb.KeyValue kv = 2
ResignRequest: LeaderKey leader = 1
ResignResponse: etcdserverpb.ResponseHeader header = 1
ProclaimRequest: LeaderKey leader = 1, bytes value = 2
ProclaimResponse: etcdserverpb.ResponseHeader header = 1
""",
}  # fmt: skip

# Call: request, response, and its path in the JSON gateway. `stream` marks who sends more than one message.
CALLS = """
etcdserverpb.KV/Range: RangeRequest RangeResponse /v3/kv/range
etcdserverpb.KV/Put: PutRequest PutResponse /v3/kv/put
etcdserverpb.KV/DeleteRange: DeleteRangeRequest DeleteRangeResponse /v3/kv/deleterange
etcdserverpb.KV/Txn: TxnRequest TxnResponse /v3/kv/txn
etcdserverpb.KV/Compact: CompactionRequest CompactionResponse /v3/kv/compaction
etcdserverpb.Watch/Watch: stream:WatchRequest stream:WatchResponse /v3/watch
etcdserverpb.Lease/LeaseGrant: LeaseGrantRequest LeaseGrantResponse /v3/lease/grant
etcdserverpb.Lease/LeaseRevoke: LeaseRevokeRequest LeaseRevokeResponse /v3/lease/revoke
etcdserverpb.Lease/LeaseKeepAlive: stream:LeaseKeepAliveRequest stream:LeaseKeepAliveResponse /v3/lease/keepalive
etcdserverpb.Lease/LeaseTimeToLive: LeaseTimeToLiveRequest LeaseTimeToLiveResponse /v3/lease/timetolive
etcdserverpb.Lease/LeaseLeases: LeaseLeasesRequest LeaseLeasesResponse /v3/lease/leases
etcdserverpb.Cluster/MemberList: MemberListRequest MemberListResponse /v3/cluster/member/list
etcdserverpb.Maintenance/Alarm: AlarmRequest AlarmResponse /v3/maintenance/alarm
etcdserverpb.Maintenance/Status: StatusRequest StatusResponse /v3/maintenance/status
etcdserverpb.Maintenance/Defragment: DefragmentRequest DefragmentResponse /v3/maintenance/defragment
etcdserverpb.Maintenance/HashKV: HashKVRequest HashKVResponse /v3/maintenance/hash
etcdserverpb.Auth/AuthStatus: AuthRequest AuthStatusResponse /v3/auth/status
etcdserverpb.Auth/AuthEnable: AuthRequest AuthResponse /v3/auth/enable
etcdserverpb.Auth/AuthDisable: AuthRequest AuthResponse /v3/auth/disable
etcdserverpb.Auth/Authenticate: AuthRequest AuthResponse /v3/auth/authenticate
etcdserverpb.Auth/UserAdd: AuthRequest AuthResponse /v3/auth/user/add
etcdserverpb.Auth/UserGet: AuthRequest AuthResponse /v3/auth/user/get
etcdserverpb.Auth/UserList: AuthRequest AuthResponse /v3/auth/user/list
etcdserverpb.Auth/UserDelete: AuthRequest AuthResponse /v3/auth/user/delete
etcdserverpb.Auth/UserChangePassword: AuthRequest AuthResponse /v3/auth/user/changepw
etcdserverpb.Auth/UserGrantRole: AuthRequest AuthResponse /v3/auth/user/grant
etcdserverpb.Auth/UserRevokeRole: AuthRequest AuthResponse /v3/auth/user/revoke
etcdserverpb.Auth/RoleAdd: AuthRequest AuthResponse /v3/auth/role/add
etcdserverpb.Auth/RoleGet: AuthRequest AuthResponse /v3/auth/role/get
etcdserverpb.Auth/RoleList: AuthRequest AuthResponse /v3/auth/role/list
etcdserverpb.Auth/RoleDelete: AuthRequest AuthResponse /v3/auth/role/delete
etcdserverpb.Auth/RoleGrantPermission: AuthRequest AuthResponse /v3/auth/role/grant
etcdserverpb.Auth/RoleRevokePermission: AuthRequest AuthResponse /v3/auth/role/revoke
v3lockpb.Lock/Lock: LockRequest LockResponse /v3/lock/lock
v3lockpb.Lock/Unlock: UnlockRequest UnlockResponse /v3/lock/unlock
v3electionpb.Election/Campaign: CampaignRequest CampaignResponse /v3/election/campaign
v3electionpb.Election/Proclaim: ProclaimRequest ProclaimResponse /v3/election/proclaim
v3electionpb.Election/Leader: LeaderRequest LeaderResponse /v3/election/leader
v3electionpb.Election/Observe: LeaderRequest stream:LeaderResponse /v3/election/observe
v3electionpb.Election/Resign: ResignRequest ResignResponse /v3/election/resign
"""
