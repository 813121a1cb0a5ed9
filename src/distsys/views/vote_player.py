"""`VotePlayer`: the game against four voters, as a figure of a page that needs no server.

The page knows the rules of the voters and nothing of valence. What can still be decided in each position of a split
round is a text of 6**4 signs, `table`: "b" for both, "0", "1". The package computes it from all configurations.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from distsys.core.errors import ArgumentError, shown

from .drawing import figure_name
from .embedding import live_script
from .markup import escaped

KIND = "flp"  # which script plays it
SIGNS = re.compile(r"[01b]{1296}")
ROOM = (
    ".ds-flp dist-flp{display:block;min-height:760px}"
    "@media print,(scripting:none){.ds-flp dist-flp{min-height:0}}"
)


@dataclass(frozen=True)
class VotePlayer:
    """The game: its table, and one round of it in words, for readers without scripts.

    rows     (turn, what was delivered, what can still be decided), of a round that somebody has played
    """

    name: str
    alt: str
    caption: str
    table: str
    rows: Sequence[tuple[int, str, str]]

    def __post_init__(self) -> None:
        """Refuse a name that cannot stand in a link, and a table that is none."""
        figure_name(self.name)
        if not SIGNS.fullmatch(self.table):
            raise ArgumentError(f"table must be 1,296 signs 0, 1 or b, but it is {shown(self.table)}")

    def __repr__(self) -> str:
        return f"<VotePlayer: {self.alt}>"

    def __str__(self) -> str:
        return "\n".join(f"{turn:>4}  {what}: {said}" for turn, what, said in self.rows)

    def payload(self) -> str:
        """Return the table as JSON that can stand inside a script element."""
        return json.dumps({"version": 1, "name": self.name, "table": self.table}, separators=(",", ":"))

    def still(self) -> str:
        """Return the round in words."""
        lines = "".join(
            f"<tr><td>{turn}</td><td>{escaped(what)}</td><td>{escaped(said)}</td></tr>"
            for turn, what, said in self.rows
        )
        head = "<tr><th>Turn</th><th>Delivered</th><th>Can still be decided</th></tr>"
        return f'<table aria-label="{escaped(self.alt)}"><thead>{head}</thead><tbody>{lines}</tbody></table>'

    def _repr_html_(self) -> str:
        """The figure: a round in words until the script is there, in print, and where scripts are taken away."""
        data = f'<script type="application/json">{self.payload()}</script>'
        return (
            f'<figure class="ds-run ds-flp" id="{self.name}" style="margin:1em 0;padding:0"><style>{ROOM}</style>'
            f"<dist-flp>{self.still()}{data}</dist-flp>"
            f"<figcaption>{escaped(self.caption)}</figcaption>{live_script(KIND)}</figure>"
        )
