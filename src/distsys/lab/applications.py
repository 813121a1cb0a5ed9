"""The published numbers of the page on applications, each with its unit, its year and its source.

They stand in `data/applications.json`; the page computes from them. Nobody has audited them: `kind` says whether a
number was measured, designed for, stated by those who run the system, or estimated.

>>> fact("sf").value, fact("sf").unit, fact("sf").per, fact("sf").source
(11100000000, 'parcels', 'year', 'sfparcels2023')
>>> round(fact("sf").per_second)
352
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType

from ..core.errors import ArgumentError, UnknownNameError, shown

FILE = Path(__file__).resolve().parent / "data" / "applications.json"
SECONDS: Mapping[str, int] = MappingProxyType(
    {"second": 1, "minute": 60, "hour": 3_600, "day": 86_400, "year": 365 * 86_400}
)
KINDS = ("measured", "designed", "stated", "estimated")
LOADS: Mapping[str, str] = MappingProxyType(
    {
        "Facebook": "facebook",
        "CERN": "cern",
        "Alibaba": "alibaba",
        "Google": "google",
        "Twitter": "twitter",
        "JD": "jd",
        "Visa": "visa",
        "SF": "sf",
        "Census": "census",
        "911": "911",
    }
)
KIND_OF_LOAD: Mapping[str, str] = MappingProxyType(
    {
        "Facebook": "not said",
        "CERN": "design",
        "Alibaba": "peak",
        "Google": "mean",
        "Twitter": "peak",
        "JD": "peak",
        "Visa": "peak",
        "SF": "mean",
        "Census": "capacity",
        "911": "mean",
    }
)  # which number was published


@dataclass(frozen=True)
class Fact:
    """One number that somebody has published.

    per     the time that it is counted over, such as "day", or "" where it is no rate
    year    the year that it speaks of; None where its source bears no date
    kind    how it came about, one of `KINDS`
    source  the key in book/references.bib
    """

    name: str
    value: float
    unit: str
    per: str
    year: int | None
    kind: str
    source: str

    @property
    def per_second(self) -> float:
        """The mean rate; a year has 365 days here."""
        if not self.per:
            raise ArgumentError(f"{self.name} is no rate: it counts {self.unit}")
        return self.value / SECONDS[self.per]


@cache
def facts() -> Mapping[str, Fact]:
    """Return all facts by name."""
    rows = json.loads(FILE.read_text(encoding="utf-8"))
    return MappingProxyType({row["name"]: Fact(**row) for row in rows})


def fact(name: str) -> Fact:
    """Return one fact."""
    if name not in facts():
        raise UnknownNameError(f"there is no fact {shown(name)}; there are {', '.join(facts())}")
    return facts()[name]


def value(name: str) -> float:
    """Return the number of a fact, as it was published."""
    return fact(name).value


def loads() -> dict[str, float]:
    """Return what ten applications do, per second, the greatest first; `KIND_OF_LOAD` says which number it is.

    >>> [(who, round(rate)) for who, rate in loads().items()][-3:]
    [('SF', 352), ('Census', 278), ('911', 8)]
    """
    found = {label: fact(name).per_second for label, name in LOADS.items()}
    return dict(sorted(found.items(), key=lambda pair: -pair[1]))


def machines(per_second: float, each: float = 10_000) -> int:
    """Return how many machines a load takes at least, where each does so many operations a second.

    >>> machines(583_000), machines(8)
    (59, 1)
    """
    if each <= 0:
        raise ArgumentError(f"each must be greater than 0, but it is {shown(each)}")
    return max(1, -int(-per_second // each))
