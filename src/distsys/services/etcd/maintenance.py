"""The rest of etcd's API: alarms, how a member is, who the members are, and a hash to compare them by.

As in `api`, the names and their order are those of `rpc.proto`.
"""

from __future__ import annotations

import enum

from distsys.core.values import record

# Alarms.


@record
class AlarmType(enum.Enum):
    """What is wrong with a member."""

    NONE = 0
    NOSPACE = 1
    CORRUPT = 2


@record
class AlarmAction(enum.Enum):
    """What is done about an alarm."""

    GET = 0
    ACTIVATE = 1
    DEACTIVATE = 2


@record
class AlarmRequest:
    """Ask for the alarms, raise one or end one."""

    action: AlarmAction = AlarmAction.GET
    member_id: int = 0
    alarm: AlarmType = AlarmType.NONE


@record
class AlarmMember:
    """An alarm of a member."""

    member_id: int
    alarm: AlarmType


@record
class AlarmResponse:
    """The alarms that were asked for."""

    header_revision: int
    alarms: tuple[AlarmMember, ...] = ()


# Members.


@record
class StatusRequest:
    """Ask a member how it is."""


@record
class StatusResponse:
    """How a member is; `leader` is a name, as all members have here; `raft_index` is the last that is committed."""

    header_revision: int
    leader: str | None
    raft_term: int
    raft_index: int
    raft_applied_index: int
    db_size: int
    errors: tuple[str, ...] = ()


@record
class Member:
    """A member of the cluster."""

    id: int
    name: str
    is_learner: bool = False


@record
class MemberListRequest:
    """Ask who the members are."""


@record
class MemberListResponse:
    """The members."""

    header_revision: int
    members: tuple[Member, ...] = ()


@record
class HashKVRequest:
    """Ask for a hash of all that is kept up to `revision` (0: the current one)."""

    revision: int = 0


@record
class HashKVResponse:
    """The hash, and the compaction that it was computed above."""

    header_revision: int
    hash: int
    compact_revision: int
