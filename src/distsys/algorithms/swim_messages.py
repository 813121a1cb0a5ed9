"""What members of SWIM tell each other, and what they believe of each other."""

from __future__ import annotations

import enum

from distsys.core import record


@record
class Status(enum.Enum):
    """What is believed of a member; a later one beats an earlier one of the same incarnation."""

    ALIVE = 0
    SUSPECT = 1
    FAULTY = 2


@record
class News:
    """Member `member` is believed to be `status`, as far as its incarnation `incarnation` goes.

    It is what members believe, what they tell each other, and what they output.
    """

    member: str
    incarnation: int
    status: Status

    @property
    def rank(self) -> tuple[int, int]:
        """Return where this stands among the news of one member: greater beats smaller.

        >>> News("a", 0, Status.FAULTY).rank < News("a", 1, Status.ALIVE).rank < News("a", 1, Status.SUSPECT).rank
        True
        """
        return self.incarnation, self.status.value


@record
class Ping:
    """Answer if you are alive, in probe `number` of `asker`, who may have asked the sender to send this."""

    number: int
    asker: str
    news: tuple[News, ...] = ()


@record
class PingReq:
    """Send `target` a ping for me, in my probe `number`: it does not answer me."""

    number: int
    target: str
    news: tuple[News, ...] = ()


@record
class Ack:
    """`target` has answered probe `number` of `asker`."""

    number: int
    target: str
    asker: str
    news: tuple[News, ...] = ()
