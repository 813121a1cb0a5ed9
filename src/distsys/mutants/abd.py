"""ABD gone wrong. Each class is one small change; most give up one line of the proof that the cell is atomic."""

from __future__ import annotations

from typing import Any

from distsys.core.systems import NodeMutant
from distsys.core.values import EMPTY, Map
from distsys.protocols.abd import Client, Reader, Replica, Writer
from distsys.protocols.abd_messages import Held, Phase, Store, Stored, Tag

ABD = "Attiya, Bar-Noy and Dolev 1995"
LYNCH = "Lynch and Shvartsman 1997"
ORDER = "order of tags"


class ReadsWithoutWritingBack(Reader):
    """ABD-01."""

    def must_write_back(self, newest: Held, held: list[Held]) -> bool:
        return False


class HalfIsEnough(Client):
    """ABD-02."""

    def quorum(self) -> int:
        return max(1, len(self.replicas) // 2)


class ReaderForWhomHalfIsEnough(HalfIsEnough, Reader):
    """ABD-02."""


class WriterForWhomHalfIsEnough(HalfIsEnough, Writer):
    """ABD-02."""


class TagsWithoutAName(Client):
    """ABD-03."""

    def next_tag(self, newest: Tag) -> Tag:
        return Tag(newest.number + 1, "any")


class CountsByItself(Client):
    """ABD-04."""

    def write(self, value: Any) -> None:
        self.store(self.next_tag(self.ended), value)


class StoresWhateverComes(Replica):
    """ABD-05."""

    def is_news(self, message: Store) -> bool:
        return True


class ForgetsInACrash(Replica):
    """ABD-06."""

    def keep(self, message: Store) -> None:
        self.tag, self.value = message.tag, message.value


class GoesOnUnderItsOldName(Client):
    """ABD-07."""

    def next_tag(self, newest: Tag) -> Tag:
        return Tag(newest.number + 1, self.name)


class CountsAnAnswerTwice(Client):
    """ABD-08."""

    def count(self, sender: str, message: Held | Stored) -> None:
        self.answers = self.answers.set(f"{sender}/{len(self.answers)}", message)


class CountsOldAnswers(Client):
    """ABD-09."""

    def is_current(self, message: Held | Stored) -> bool:
        return self.phase is (Phase.QUERY if isinstance(message, Held) else Phase.STORE)


class AsksOnce(Client):
    """ABD-10."""

    def restart_retry_timer(self) -> None:
        """Wait for ever."""


class ReaderThatAsksOnce(AsksOnce, Reader):
    """ABD-10."""


class WriterThatAsksOnce(AsksOnce, Writer):
    """ABD-10."""


class ComesBackWithAnEmptyDisk(Replica):
    """ABD-11."""

    def __init__(self, name: str, disk: Map[str, Any] = EMPTY, **settings: Any) -> None:
        super().__init__(name, EMPTY, **settings)


MUTANTS = (
    NodeMutant(
        id="ABD-01",
        title="A read does not write back",
        system="abd",
        classes={"reader": ReadsWithoutWritingBack},
        breaks=ORDER,
        depth=8,
        source=f"{ABD}: the second phase of a read",
        story=(
            "A reader returns the newest value that a majority told it of, and that value may be on one copy only, for "
            "its write has not ended yet. The next reader asks the other copies, and returns the value from before."
        ),
    ),
    NodeMutant(
        id="ABD-02",
        title="Half of the copies are enough",
        system="abd",
        classes={"reader": ReaderForWhomHalfIsEnough, "writer": WriterForWhomHalfIsEnough},
        breaks=ORDER,
        depth=5,
        source=f"{ABD}: majorities, and why fewer do not do",
        story=(
            "A phase ends when half of the copies have answered. One half holds what was written, and the other half "
            "is asked by the next reader. They have no copy in common."
        ),
    ),
    NodeMutant(
        id="ABD-03",
        title="Tags without a name",
        system="abd-multi",
        classes={"client": TagsWithoutAName},
        breaks="one value for a tag",
        depth=7,
        source=f"{LYNCH}: a tag is a number and the name of its writer",
        story=(
            "Two writers ask at the same time, hear of the same newest number, and both take the next one. Copies that "
            "have got one of the two values do not take the other, for its tag is not newer."
        ),
    ),
    NodeMutant(
        id="ABD-04",
        title="A writer does not ask first",
        system="abd-multi",
        classes={"client": CountsByItself},
        breaks=ORDER,
        depth=6,
        source=f"{LYNCH}: the first phase of a write",
        story=(
            "A writer takes a number above the last one that it knows itself, as a single writer may. Another "
            "writer is "
            "ahead of it. The copies have something newer, refuse the value, and the write returns as if it were done."
        ),
    ),
    NodeMutant(
        id="ABD-05",
        title="A copy takes whatever comes",
        system="abd",
        classes={"replica": StoresWhateverComes},
        breaks="copies do not go back",
        depth=10,
        source=f"{ABD}: a copy takes a value only if its number is greater",
        story=(
            "A copy does not compare tags. A message that was late, or that the network has doubled, brings an "
            "old value, "
            "and the copy takes it in place of a newer one that it had confirmed."
        ),
        leads_to=ORDER,
        leads_to_by="distsys.lab.scenarios_abd:LATE_STORE",
    ),
    NodeMutant(
        id="ABD-06",
        title="A copy forgets in a crash",
        system="abd",
        classes={"replica": ForgetsInACrash},
        breaks="durable before revealed",
        depth=4,
        source=f"{ABD} assumes that who crashes stays down; with crash and recovery a copy needs a disk",
        story=(
            "A copy keeps its value in memory only. It says that it has stored it, crashes, and comes back as "
            "it was at "
            "the beginning. The law speaks up before that, when it tells of a tag that is not on its disk."
        ),
        leads_to=ORDER,
    ),
    NodeMutant(
        id="ABD-07",
        title="A writer goes on under its old name",
        system="abd-multi",
        classes={"client": GoesOnUnderItsOldName},
        breaks="one value for a tag",
        klass="D",
        seeds_max=5_000,
        depth=10,
        scenario="distsys.lab.scenarios_abd:OLD_NAME",
        source="found while this course was written",
        story=(
            "A writer gives a write up, or crashes, when few copies have got it. Its next write asks a majority "
            "that has "
            "not, and takes the same number again, under the same name. One tag now stands for two values."
        ),
    ),
    NodeMutant(
        id="ABD-08",
        title="An answer that comes twice counts twice",
        system="abd-multi",
        classes={"client": CountsAnAnswerTwice},
        breaks=ORDER,
        depth=8,
        source=f"{ABD} assumes links that double nothing",
        story=(
            "A client counts answers and not who has answered. The network doubles a message, or a question is asked "
            "again, and one copy that answers twice is taken for a majority."
        ),
    ),
    NodeMutant(
        id="ABD-09",
        title="Answers to an older question count",
        system="abd-multi",
        classes={"client": CountsOldAnswers},
        breaks=ORDER,
        depth=10,
        source=f"{LYNCH}: each phase has a number, and answers carry it",
        story=(
            "A client does not look at which question an answer belongs to. What a copy said to an earlier question "
            "arrives late, and counts for the one that is open now, though a newer value was stored in between."
        ),
    ),
    NodeMutant(
        id="ABD-10",
        title="Nobody asks again",
        system="abd",
        classes={
            "reader": ReaderThatAsksOnce,
            "writer": WriterThatAsksOnce,
        },
        breaks="clients are served in the end",
        klass="L",
        source=f"{ABD} assumes that messages between nodes that are up arrive",
        story=(
            "A client asks once and waits. Its question to two of three copies is lost, or they were down, and "
            "it waits "
            "for ever although all are up again. Nothing wrong is read, and nothing at all is."
        ),
    ),
    NodeMutant(
        id="ABD-11",
        title="A copy comes back with an empty disk",
        system="abd",
        classes={"replica": ComesBackWithAnEmptyDisk},
        breaks="copies do not go back",
        depth=4,
        source="Chandra, Griesemer and Redstone 2007, Paxos Made Live, disk corruption",
        story=(
            "A copy finds that its disk is damaged, starts with an empty one, and answers at once. It was one of a "
            "majority that held a value, and now no majority does."
        ),
        leads_to=ORDER,
    ),
)
