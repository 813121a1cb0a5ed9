"""The ladder of ballots: each ballot is a rung, each acceptor a column, and what was chosen stands out.

    from distsys.views.ballots import ballot_ladder
    ballot_ladder(trace, alt="x is chosen in ballot 1, and ballot 2 asks for x again.", name="fig-ladder")

Lamport's "The Part-Time Parliament" argues with such tables: the smallest ballot stands at the top, and whether a
ballot may ask for a value is read off from the rungs above it. A circle is a promise, with the last vote that it tells
of beside it; a box is a vote, with its value. A rung on which a quorum has voted for one value is chosen: it has a
ground, a thick edge and the word.

The ladder is read from a `Trace` by the names that Paxos has for things (`rungs_of`): messages Prepare, Promise,
Accept and Accepted that carry a `ballot`, and the keys `promised`, `voted_ballot` and `voted_value` of a disk. It
believes no learner: it counts votes itself.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable
from typing import Any

from distsys.core.errors import ArgumentError, ArgumentTypeError, shown, whole_number
from distsys.core.trace import Trace

from .drawing import Drawing
from .markup import escaped
from .measure import SIZE, shortened, width
from .rungs import Rung, rungs_of
from .svg import KEY
from .table import Table, table
from .theme import FONT, HUES, LIGHT, colour, style

Quorum = Callable[[Collection[str]], bool]
LEFT, RIGHT, HEAD, ROW = 62, 98, 30, 50  # px: ballots, what was asked, names, a rung
COLUMN, BOX, BOX_MOST = 62, 26, 74  # px: the least width of an acceptor, and of the box of a vote
RUNGS_MOST = 24


def ballot_ladder(
    trace: Trace,
    *,
    alt: str,
    caption: str = "",
    title: str = "",
    name: str = "",
    acceptors: Iterable[str] | None = None,
    quorum: int | Quorum | None = None,
) -> Drawing:
    """Return the ladder of a run.

    alt        what it shows, for those who cannot see it
    name       its address on the page, such as "fig-ladder"
    acceptors  who has a column; all nodes of the run
    quorum     how many votes choose a value, or a function of the set of voters; more than half
    """
    if not isinstance(trace, Trace):
        raise ArgumentTypeError(f"trace must be a Trace, but it is {shown(trace)}")
    if not isinstance(alt, str) or not alt.strip():
        raise ArgumentError(
            f"alt must be a sentence for those who cannot see the picture, but it is {shown(alt)}"
        )
    names = trace.header.names if acceptors is None else tuple(acceptors)
    if not names or not set(names) <= set(trace.header.names):
        raise ArgumentError(
            f"acceptors must name nodes of the run, {', '.join(trace.header.names)}, but they are {shown(names)}"
        )
    rungs = rungs_of(trace)
    if not 0 < len(rungs) <= RUNGS_MOST:
        raise ArgumentError(
            f"a ladder has from 1 to {RUNGS_MOST} rungs, but this run has {len(rungs)} ballots"
        )
    decided = chosen_on(rungs, names, quorum)
    words = _words(rungs, names, decided)
    drawing = Drawing(
        svg=_Writer(rungs, names, decided).svg(title or caption or "The ladder of ballots", alt),
        text=words.text,
        alt=alt,
        caption=caption,
        words=words.html,
        heading="The ballots in words",
        title=title,
    )
    return drawing.named(name, title) if name else drawing


def chosen_on(
    rungs: Iterable[Rung], names: Collection[str], quorum: int | Quorum | None = None
) -> dict[Any, Any]:
    """Return {ballot: value} of the rungs on which a quorum has voted for one value."""
    if quorum is None:
        quorum = len(names) // 2 + 1
    if callable(quorum):
        enough: Quorum = quorum
    else:
        least = whole_number("quorum", quorum, at_least=1, at_most=len(names))

        def enough(voters: Collection[str]) -> bool:
            return len(voters) >= least

    found: dict[Any, Any] = {}
    for rung in rungs:
        for value in dict.fromkeys(vote.value for votes in rung.votes.values() for vote in votes):
            if enough({voter for voter in rung.voters(value) if voter in names}):
                found.setdefault(rung.ballot, value)
    return found


def _asked(rung: Rung) -> str:
    return " and ".join(str(value) for value in rung.asked)


def _words(rungs: list[Rung], names: tuple[str, ...], decided: dict[Any, Any]) -> Table:
    """Return the ladder as a table."""
    rows = []
    for rung in rungs:
        promises = [
            f"{name} ({f'voted for {told[1]} in {told[0]}' if (told := promise.told) else 'no vote'}"
            f"{'' if promise.durable else ', not on disk'})"
            for name, promise in rung.promises.items()
            if name in names
        ]
        votes = [
            f"{name} for {vote.value}"
            f"{'' if vote.against is None else f', although it promised {vote.against}'}"
            f"{'' if vote.durable else ', not on disk'}"
            for name, cast in rung.votes.items()
            if name in names
            for vote in cast
        ]
        rows.append(
            (
                str(rung.ballot),
                _asked(rung) or "nothing",
                "; ".join(promises) or "nobody",
                "; ".join(votes) or "nobody",
                str(decided.get(rung.ballot, "")) or "nothing",
            )
        )
    return table(rows, ("ballot", "asks for", "promised by", "votes", "chosen"))


class _Writer:
    """Writes the SVG of one ladder."""

    def __init__(self, rungs: list[Rung], names: tuple[str, ...], decided: dict[Any, Any]) -> None:
        self.rungs, self.names, self.decided = rungs, names, decided
        values = list(dict.fromkeys(value for rung in rungs for value in rung.values))
        self.hue = {value: HUES[place % len(HUES)] for place, value in enumerate(values)}
        self.box = min(max([BOX, *(width(str(value)) + 12 for value in values)]), BOX_MOST)
        self.two = max((len(votes) for rung in rungs for votes in rung.votes.values()), default=1)
        told = [
            width(_told(promise.told))
            for rung in rungs
            for promise in rung.promises.values()
            if promise.told is not None
        ]
        self.column = max([COLUMN, 30 + self.two * (self.box + 4), *(wide + 12 for wide in told)])
        self.left = max(LEFT, 14 + max(width(str(rung.ballot)) for rung in rungs))
        self.right = self.left + self.column * len(names)
        self.wide = self.right + RIGHT
        self.bottom = HEAD + ROW * len(rungs)

    def svg(self, title: str, alt: str) -> str:
        """Return the whole picture."""
        legend = self._legend()
        high = self.bottom + 8 + 20 * len(legend)
        body = f'<path class="ground" d="M0 0H{self.wide}V{high}H0z"/>'
        body += "".join([*self._heads(), *(part for rung in self.rungs for part in self._rung(rung))])
        for place, (shape, words) in enumerate(legend):
            y = self.bottom + 18 + 20 * place
            body += f'<g transform="translate(12 {y - 4})">{shape}</g>{_text("quiet", 26, y, words)}'
        rules = "".join(f".{KEY} {part}{{{rule}}}" for part, rule in RULES.items() if _used(part, body))
        rules += "".join(f".{KEY} .h{hue}{{stroke:{colour(hue)}}}" for hue in HUES if f' h{hue}"' in body)
        first = (
            f".{KEY}{{font:{SIZE}px {FONT};fill:{colour('ink')};background:{colour('ground')};display:block}}"
        )
        whole = (
            f'<svg xmlns="http://www.w3.org/2000/svg" class="{KEY}" width="{self.wide}" height="{high}" '
            f'viewBox="0 0 {self.wide} {high}" role="img" aria-labelledby="{KEY}-t {KEY}-d">'
            f'<title id="{KEY}-t">{escaped(title)}</title><desc id="{KEY}-d">{escaped(alt)}</desc>'
            f"<style>{style(KEY, first + rules, LIGHT)}</style>{body}</svg>"
        )
        return whole.replace(KEY, "k" + hashlib.sha256(whole.encode()).hexdigest()[:10])

    def _middle(self, place: int) -> float:
        return self.left + self.column * (place + 0.5)

    def _y(self, rung: Rung) -> int:
        return HEAD + ROW * self.rungs.index(rung) + 20

    def _heads(self) -> list[str]:
        drawn = [_text("quiet", 6, 19, "ballot")]
        for place, name in enumerate(self.names):
            x = self._middle(place)
            drawn.append(_text("name", x, 19, shortened(name, self.column - 6), "middle"))
            drawn.append(f'<path class="post" d="M{x:g} {HEAD - 4}V{self.bottom - 4}"/>')
        return drawn

    def _rung(self, rung: Rung) -> list[str]:
        y, value = self._y(rung), self.decided.get(rung.ballot)
        drawn = []
        if value is not None:
            kind = "clash" if len(set(self.decided.values())) > 1 else "won"
            top, low = y - 18, y + 28
            drawn.append(f'<path class="chosen" d="M2 {top}H{self.wide - 2}V{low}H2z"/>')
            drawn.append(f'<path class="edge {kind}" d="M2 {top}V{low}"/>')
            word = shortened(f"chosen: {value}", RIGHT - 8)
            drawn.append(_text(f"word {kind}", self.right + 4, y + 21, word))
        drawn.append(f'<path class="rung" d="M{self.left - 4} {y}H{self.right}"/>')
        drawn.append(_text("name", 8, y + 4, str(rung.ballot)))
        asked = _asked(rung)
        says = shortened(f"asks for {asked}" if asked else "asks for nothing", RIGHT - 6)
        drawn.append(_text("" if asked else "quiet", self.right + 4, y + 4, says))
        for place, name in enumerate(self.names):
            drawn += self._cell(rung, name, self._middle(place), y)
        return drawn

    def _cell(self, rung: Rung, name: str, x: float, y: int) -> list[str]:
        drawn = []
        votes, promise = rung.votes.get(name, ()), rung.promises.get(name)
        inside = 18 * (promise is not None) + self.box * len(votes) + 4 * max(len(votes) - 1, 0)
        at = x - inside / 2 + (2 if promise is None else 0)
        if promise is not None:
            said = f"{name} promises {rung.ballot} at step {promise.step}"
            drawn.append(
                f'<g transform="translate({at + 7:g} {y})"><title>{escaped(said)}</title>'
                f"{_promise(promise.durable)}</g>"
            )
            at += 18
            if promise.told is not None:
                drawn.append(_text("told", x, y + 24, _told(promise.told), "middle"))
        for vote in votes:
            hue = f"h{self.hue[vote.value]}"
            said = f"{name} votes for {vote.value} in {rung.ballot} at step {vote.step}"
            kind = f"vote{'' if vote.durable else ' said'} {hue}"
            label = shortened(str(vote.value), self.box - 6)
            shape = (
                f'<rect class="{kind}" x="{at:g}" y="{y - 11}" width="{self.box}" height="22" rx="3"/>'
                f'<text x="{at + self.box / 2:g}" y="{y + 4}" text-anchor="middle">{escaped(label)}</text>'
            )
            if vote.against is not None:
                said += f", although it had promised {vote.against}"
                shape += f'<path class="late" d="M{at - 2:g} {y - 13}l{self.box + 4} 26m0 -26l-{self.box + 4} 26"/>'
            drawn.append(f"<g><title>{escaped(said)}</title>{shape}</g>")
            at += self.box + 4
        return drawn

    def _legend(self) -> list[tuple[str, str]]:
        """Return (shape, words) for each sign that the ladder has."""
        promises = [promise for rung in self.rungs for promise in rung.promises.values()]
        votes = [vote for rung in self.rungs for cast in rung.votes.values() for vote in cast]
        box = '<rect class="{}" x="-8" y="-7" width="16" height="14" rx="3"/>'
        late = '<path class="late" d="M-8 -7l16 14m0 -14l-16 14"/>'
        under = any(promise.told is not None for promise in promises)
        signs = [
            (
                promises,
                _promise(True),
                "promise; under it, the last vote that it tells of" if under else "promise",
            ),
            (votes, box.format("vote"), "vote, with its value"),
            (
                any(not promise.durable for promise in promises),
                _promise(False),
                "promise that is not on the disk",
            ),
            (
                any(not vote.durable for vote in votes),
                box.format("vote said"),
                "vote that is not on the disk",
            ),
            (any(vote.against is not None for vote in votes), late, "vote that breaks a promise"),
        ]
        return [(shape, words) for there, shape, words in signs if there]


def _used(selector: str, body: str) -> bool:
    """Return whether a rule has something to colour: all its classes occur."""
    return all(f'"{part}' in body or f" {part}" in body for part in selector.split(".") if part)


def _promise(durable: bool) -> str:
    return f'<circle class="promise{"" if durable else " said"}" r="6"/>'


def _told(told: tuple[Any, Any] | None) -> str:
    return "" if told is None else f"{told[0]}: {told[1]}"


def _text(role: str, x: float, y: float, words: str, anchor: str = "") -> str:
    end = f' text-anchor="{anchor}"' if anchor else ""
    kind = f' class="{role}"' if role else ""
    return f'<text{kind} x="{x:g}" y="{y:g}"{end}>{escaped(words)}</text>'


RULES = {
    ".ground": f"fill:{colour('ground')}",
    ".chosen": f"fill:{colour('panel')}",
    ".edge": "stroke-width:5;fill:none",
    ".edge.won": f"stroke:{colour('good')}",
    ".edge.clash": f"stroke:{colour('bad')};stroke-dasharray:6 3",
    ".word": "font-weight:bold",
    ".word.won": f"fill:{colour('good')}",
    ".word.clash": f"fill:{colour('bad')}",
    ".post": f"stroke:{colour('quiet')};stroke-width:1;stroke-dasharray:1 5",
    ".rung": f"stroke:{colour('quiet')};stroke-width:1",
    ".name": "font-weight:bold",
    ".quiet": f"fill:{colour('quiet')}",
    ".told": f"fill:{colour('quiet')};paint-order:stroke;stroke:{colour('ground')};stroke-width:3px",
    ".promise": f"fill:{colour('ground')};stroke:{colour('ink')};stroke-width:2",
    ".vote": f"fill:{colour('ground')};stroke:{colour('ink')};stroke-width:2.5",
    ".said": "stroke-dasharray:3 3",
    ".late": f"stroke:{colour('bad')};stroke-width:2;fill:none",
}
