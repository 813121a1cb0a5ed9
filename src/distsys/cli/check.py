"""`distsys check`: judge a history that a file holds."""

from __future__ import annotations

import argparse
import difflib
from typing import Any

from distsys.checkers import CONSISTENCIES, SPECS, STEPS_MAX, History

from .commands import UsageError, say

ABOUT = """\
Judge a history of operations: could one object, used by one client at a time, have given these answers? FILE holds JSON
lines, an event a line:

  {"process": "ann", "type": "invoke", "f": "put", "key": "x", "value": 1}
  {"process": "ann", "type": "ok",     "f": "put", "key": "x"}

or a trace whose nodes output operations. The type is invoke, ok, fail (it certainly did not happen) or info (nobody
knows). The verdict is OK with an order that works, ILLEGAL with what cannot be placed, or UNKNOWN when the steps were
used up."""

EXAMPLES = """\
examples:
  distsys check history.jsonl --model key-value
  distsys check history.jsonl --model register --consistency sequential
  distsys check --models

exit codes: 0 OK; 1 ILLEGAL or UNKNOWN; 2 the file or the command cannot be used"""


def add(subs: Any, make: Any) -> None:
    """Add the command to the parser; `make` makes a parser in the style of the others."""
    parser = make(
        subs.add_parser, "check", help="judge a history of operations", description=ABOUT, epilog=EXAMPLES
    )
    parser.add_argument("file", nargs="?", metavar="FILE", help="a history (JSON lines) or a trace")
    names = f"the object: {', '.join(SPECS)}; `--models` explains them"
    parser.add_argument("--model", metavar="NAME", help=names)
    kinds = f"what is asked of the history: {', '.join(CONSISTENCIES)} (default linearizable)"
    parser.add_argument("--consistency", default="linearizable", metavar="NAME", help=kinds)
    budget = f"give up, with UNKNOWN, after N steps of the model (default {STEPS_MAX})"
    parser.add_argument("--steps-max", type=_steps, default=STEPS_MAX, metavar="N", help=budget)
    parser.add_argument("--models", action="store_true", help="show all models with their operations")
    parser.add_argument("--draw", action="store_true", help="draw the operations as intervals first")
    parser.add_argument("--quiet", action="store_true", help="print the verdict alone")
    parser.set_defaults(run=check)


def _steps(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(
            f"steps-max must be a whole number of at least 1, but it is {text!r}"
        )
    return int(text)


def check(chosen: argparse.Namespace) -> int:
    """Judge a file, or show the models."""
    if chosen.models:
        return _show_models()
    if chosen.file is None:
        raise UsageError("say which file to judge (try `distsys check --help`)")
    if chosen.model is None:
        raise UsageError(f"say what the object is, with --model; there are: {', '.join(SPECS)}")
    _known("model", chosen.model, list(SPECS))
    _known("consistency", chosen.consistency, list(CONSISTENCIES))
    history = History.load(chosen.file)
    if chosen.draw:
        say(history.text(), "")
    verdict = CONSISTENCIES[chosen.consistency](history, chosen.model, steps_max=chosen.steps_max)
    say(*(verdict.explain().splitlines()[:1] if chosen.quiet else [verdict.explain()]))
    return 0 if verdict.ok else 1


def _known(what: str, name: str, names: list[str]) -> None:
    if name not in names:
        close = difflib.get_close_matches(name, names, 1, 0.5)
        guess = f"did you mean {close[0]}? " if close else ""
        raise UsageError(f"there is no {what} named {name!r}; {guess}there are: {', '.join(names)}")


def _show_models() -> int:
    for model in SPECS.values():
        say(f"{model.name}: {model.says}")
        wide = max(map(len, model.operations))
        say(*(f"  {f:{wide}}  {form}".rstrip() for f, form in model.operations.items()), "")
    say("Before -> is the value of the invoke, after it that of the ok. Consistencies:")
    say(f"  {', '.join(CONSISTENCIES)}")
    return 0
