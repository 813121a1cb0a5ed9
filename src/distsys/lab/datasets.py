"""Real keys for the notebooks, from an installed package: nothing is downloaded when a notebook runs.

The airports of the world come from the PyPI package `airportsdata` (MIT licence), which constraints.txt
pins to one release, so that every reader has the same keys.
"""

from __future__ import annotations

from functools import cache

from ..core.errors import DistsysError


class DataSetError(DistsysError, ImportError):
    """The package that carries a data set is not installed."""


@cache
def airports() -> dict[str, dict[str, object]]:
    """Return the airports of the world: ICAO code -> {"name", "city", "country", "subd", "lat", "lon", ...}."""
    try:
        import airportsdata
    except ImportError:
        raise DataSetError(
            "the airports come with the package airportsdata, which is not installed: "
            "run `pip install -r requirements.txt`"
        ) from None
    records = airportsdata.load("ICAO")
    return {code: dict(records[code]) for code in sorted(records)}


def airport_codes() -> tuple[str, ...]:
    """Return the ICAO codes of all airports, sorted, such as "EDDF" for Frankfurt.

    >>> codes = airport_codes()
    >>> len(codes) > 10_000, "ZBAA" in codes
    (True, True)
    """
    return tuple(airports())


def airport_countries() -> dict[str, str]:
    """Return ICAO code -> country code (ISO 3166-1 alpha-2): a grouping that is skewed by nature."""
    return {code: str(record["country"]) for code, record in airports().items()}
