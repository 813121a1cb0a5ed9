r"""Style sheets without the rules that can match nothing, and with masks in the place of an icon font.

A selector is kept when every class, id and element that it asks for occurs in a page or as a word in a script; what
stands inside `:not(...)` is not asked for. A custom property is kept when something uses it, a `@font-face` and
`@keyframes` when a rule names them. Comments that begin with `!` hold licences, and stay.

>>> names = Names(classes={"a"}, elements={"p"})
>>> slimmed({"x": ".a p,.b{color:red} .a:not(.b){top:0} @media print{.b{top:0}}"}, names, set())
{'x': '.a p{color:red}.a:not(.b){top:0}'}
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import tinycss2
from ds_icons import MASK, data_url

NESTED = ("media", "supports", "layer", "container")
ICON_FONT = re.compile(r"Font ?Awesome|Font Awesome\\ |--fa-font|--fa-style", re.IGNORECASE)
ICON_CLASS = re.compile(r"\.fa[bsr]?\b|\.fa-")
ICON_PROPERTIES = ("content", "--fa", "font-family", "font-weight", "font-feature")
PRIVATE = re.compile("[\ue000-\uf8ff]")
WORDS = re.compile(r"[A-Za-z_][\w-]*")
STRING = r'"(?:[^"\\]|\\.)*"' + r"|'(?:[^'\\]|\\.)*'"
DECLARED = re.compile(rf"([{{;])\s*(--[\w-]+)\s*:(?:{STRING}|[^;{{}}\"'])*(?:;|(?=\}}))")
MOVES = re.compile(r"@(?:-webkit-)?keyframes\s+([\w-]+)\s*\{(?:[^{}]*\{[^{}]*\})*[^{}]*\}")
DRAWN = (
    "display:inline-block;width:1em;height:1em;vertical-align:-.125em;background-color:currentColor;"
    f"-webkit-mask:{MASK};mask:{MASK}"
)


@dataclass
class Names:
    """What a rule can match: names in pages, and words in scripts, which may become any kind of name."""

    elements: set[str] = field(default_factory=set)
    classes: set[str] = field(default_factory=set)
    ids: set[str] = field(default_factory=set)
    words: set[str] = field(default_factory=set)

    def has(self, kind: set[str], name: str) -> bool:
        """Return whether a page or a script has `name`; a script may put it together: `bs-` + kind + `-auto`."""
        if name in kind or name in self.words:
            return True
        start, dash, _ = name.partition("-")
        return bool(dash) and f"{start}-" in self.words


def split(tokens: list[Any]) -> Iterator[list[Any]]:
    """Yield the parts of `tokens` between commas."""
    part: list[Any] = []
    for token in tokens:
        if token.type == "literal" and token.value == ",":
            yield part
            part = []
        else:
            part.append(token)
    yield part


def can_match(selector: list[Any], names: Names) -> bool:
    """Return whether every name that a selector asks for occurs."""
    before = ""
    for token in selector:
        if token.type == "ident":
            if before == "." and not names.has(names.classes, token.value):
                return False
            if before not in (".", ":") and not names.has(names.elements, token.lower_value):
                return False
        elif token.type == "hash":
            if not names.has(names.ids, token.value):
                return False
        elif token.type == "function" and not one_of_them_can(token, names):
            return False
        before = token.value if token.type == "literal" else ""
    return True


def one_of_them_can(function: Any, names: Names) -> bool:
    """Return whether one of the selectors inside `:is(...)` can match; other functions ask for nothing."""
    if function.lower_name not in ("is", "where"):
        return True
    return any(can_match(part, names) for part in split(function.arguments))


def is_needed(rule: Any) -> bool:
    """Return whether a rule such as `@font-face` says something: not if it is about icons, or about an encoding."""
    if rule.type != "at-rule" or rule.lower_at_keyword == "charset":
        return False
    return rule.lower_at_keyword != "font-face" or not ICON_FONT.search(tinycss2.serialize(rule.content))


def declarations(text: str) -> list[str]:
    """Return the declarations of a rule as they stand, without the semicolons."""
    found = tinycss2.parse_blocks_contents(text, skip_comments=True, skip_whitespace=True)
    return [item.serialize().strip() for item in found if item.type != "error"]


def drawn(selector: str, parts: list[str]) -> list[str]:
    """Return the declarations of a rule with a mask in the place of a letter of an icon font.

    >>> drawn("a::after", ["content:var(--pst-icon-bell)", "color:red"])
    ['content:""', '--ds-icon:var(--pst-icon-bell)', 'color:red']
    >>> drawn(".fa-bell::before", ["content:var(--fa)"]), drawn("p", ["color:red"])
    ([], ['color:red'])
    """
    result, masked = [], False
    for part in parts:
        name, _, value = part.partition(":")
        if ICON_CLASS.search(selector) and name.startswith(ICON_PROPERTIES):
            continue  # icons.css draws it
        letter = PRIVATE.search(tinycss2.parse_one_component_value(value).value) if '"' in value[:1] else None
        if name in ("font", "font-family") and ICON_FONT.search(value):
            masked = True
        elif name.startswith("--") and letter:
            result.append(f"{name}:{mask_of(letter[0])}")
        elif name == "content" and (letter or re.match(r"var\(--pst-(icon|breadcrumb)", value.strip())):
            result += ['content:""', f"--ds-icon:{mask_of(letter[0]) if letter else value.strip()}"]
        else:
            result.append(part)
    return [*result, DRAWN] if masked else result


def mask_of(letter: str) -> str:
    """Return the address of the icon that an icon font draws for `letter`."""
    return f'url("{data_url(f"{ord(letter):x}")}")'


def kept(rules: list[Any], names: Names) -> Iterator[str]:
    """Yield the text of every rule that can match something."""
    for rule in rules:
        if rule.type == "comment":
            if rule.value.startswith("!"):
                yield f"/*{rule.value}*/\n"
        elif rule.type == "qualified-rule":
            alive = [part for part in split(rule.prelude) if can_match(part, names)]
            selector = ",".join(tinycss2.serialize(part).strip() for part in alive)
            parts = drawn(selector, declarations(tinycss2.serialize(rule.content)))
            if alive and parts:
                yield f"{selector}{{{';'.join(parts)}}}"
        elif rule.type == "at-rule" and rule.content is not None and rule.lower_at_keyword in NESTED:
            inner = "".join(kept(tinycss2.parse_rule_list(rule.content, skip_whitespace=True), names))
            if inner:
                yield f"@{rule.at_keyword} {tinycss2.serialize(rule.prelude).strip()}{{{inner}}}"
        elif is_needed(rule):
            yield rule.serialize()


def variables_used(text: str) -> set[str]:
    """Return the custom properties that a text names, but for those that it only declares.

    >>> sorted(variables_used("--a:1;top:var(--b);left:var( --c, 0)"))
    ['--b', '--c']
    """
    return set(re.findall(r"(?<![\w-])(--[A-Za-z][\w-]*)(?!\s*:|[\w-])", text))


def without_unused(sheets: dict[Any, str], used: set[str]) -> dict[Any, str]:
    """Return the sheets without custom properties and animations that nothing uses."""
    while True:
        alive = used.union(*map(variables_used, sheets.values()))
        everything = "".join(sheets.values())
        moving = set(WORDS.findall(" ".join(re.findall(r"animation(?:-name)?\s*:([^;}]*)", everything))))

        def keep(match: re.Match[str], alive: set[str] = alive) -> str:
            return match[0] if match[2] in alive else match[1]

        def keep_moves(match: re.Match[str], moving: set[str] = moving) -> str:
            return match[0] if match[1] in moving else ""

        smaller = {
            path: re.sub(r"[^{}]*\{\s*\}", "", MOVES.sub(keep_moves, DECLARED.sub(keep, text)))
            for path, text in sheets.items()
        }
        if smaller == sheets:
            return sheets
        sheets = smaller


def slimmed(sheets: dict[Any, str], names: Names, used: set[str]) -> dict[Any, str]:
    """Return the style sheets without what matches nothing; `used` are custom properties used elsewhere."""
    smaller = {
        path: "".join(kept(tinycss2.parse_stylesheet(text, skip_whitespace=True), names))
        for path, text in sheets.items()
    }
    return without_unused(smaller, used)
