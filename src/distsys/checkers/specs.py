"""All specs by name: `spec("key-value")`."""

from __future__ import annotations

import difflib

from ..core.errors import ArgumentTypeError, UnknownNameError, shown
from .spec import Spec
from .spec_collections import COUNTER, LIST, QUEUE, SET
from .spec_lock import LOCK
from .spec_revisions import REVISIONS
from .spec_stores import KEY_VALUE, MULTI_KEY, REGISTER
from .spec_znodes import ZNODES

SPECS: dict[str, Spec] = {
    found.name: found
    for found in (REGISTER, KEY_VALUE, LIST, COUNTER, LOCK, QUEUE, SET, MULTI_KEY, REVISIONS, ZNODES)
}


def spec(name: str | Spec) -> Spec:
    """Return the spec of that name; a spec is returned as it is. An error lists what there is.

    >>> spec("queue").says
    'first in, first out'
    """
    if isinstance(name, Spec):
        return name
    if not isinstance(name, str):
        raise ArgumentTypeError(f"spec must be a Spec or the name of one, but it is {shown(name)}")
    if name not in SPECS:
        close = difflib.get_close_matches(name, SPECS, 1, 0.5)
        guess = f"did you mean {close[0]}? " if close else ""
        raise UnknownNameError(f"there is no model named {name!r}; {guess}there are: {', '.join(SPECS)}")
    return SPECS[name]
