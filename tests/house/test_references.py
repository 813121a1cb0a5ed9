"""The bibliography, the glossary and the notation page keep what they promise.

Every entry of `book/references.bib` has a line in `book/references-evidence.jsonl` that says where it was
looked up and what was confirmed there; a field that nobody confirmed may not stand in the entry. Every
citation and every `{term}` on a page leads somewhere, every term has its Chinese word, and the numbers on the
notation page are computed again, by code that does not share a line with the package.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pybtex.database import parse_string  # type: ignore[import-untyped]  # it publishes no types

from distsys.core import canonical, dice, systems, units
from distsys.core.events import Send
from distsys.core.log import Log
from distsys.core.values import Map

ROOT = Path(__file__).parents[2]
BOOK = ROOT / "book"
BIB = BOOK / "references.bib"
EVIDENCE = BOOK / "references-evidence.jsonl"
GLOSSARY = BOOK / "glossary.md"
NOTATION = BOOK / "notation.md"

HAN = re.compile(r"[\u4e00-\u9fff]")
CITE = re.compile(r"\{cite(?::[a-z]+)?\}`([^`]+)`")
TERM = re.compile(r"\{term\}`([^`]+)`")
# In parts, so that the names of these hosts stand in no file of the project.
REGISTRY_HOSTS = tuple(
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("npmjs", "com"),
        ("npmjs", "org"),
        ("crates", "io"),
        ("anaconda", "org"),
        ("maven", "org"),
        ("proxy", "golang", "org"),
    )
)
CONFIRMED_AS = {  # a field of an entry -> what the evidence must say was confirmed
    "author": "author",
    "title": "title",
    "journal": "venue",
    "booktitle": "venue",
    "year": "year",
    "volume": "volume",
    "number": "number",
    "pages": "pages",
    "edition": "edition",
    "isbn": "isbn",
    "doi": "doi",
    "eprint": "eprint",
}


def entries() -> dict[str, Any]:
    """Return the entries by key; pybtex refuses what does not parse, and a key that stands twice."""
    return dict(parse_string(BIB.read_text(encoding="utf-8"), "bibtex").entries)


def evidence() -> dict[str, dict[str, Any]]:
    """Return the evidence by key; a key that stands twice is an error."""
    found: dict[str, dict[str, Any]] = {}
    for number, line in enumerate(EVIDENCE.read_text(encoding="utf-8").splitlines(), start=1):
        record = json.loads(line)
        assert record["key"] not in found, f"line {number}: a second line for {record['key']}"
        found[record["key"]] = record
    return found


def fields_of(entry: Any) -> dict[str, str]:
    """Return the fields of a pybtex entry, names in lower case, authors as one text."""
    fields = {name.lower(): str(value) for name, value in entry.fields.items()}
    people = entry.persons.get("author", [])
    if people:
        fields["author"] = " and ".join(str(person) for person in people)
    return fields


def pages() -> Iterator[tuple[str, str]]:
    """Yield (name, text) for each page of the book; of a notebook only what is written in Markdown."""
    for path in sorted([*BOOK.rglob("*.md"), *(ROOT / "chapters").rglob("*.md")]):
        yield str(path.relative_to(ROOT)), path.read_text(encoding="utf-8")
    for path in sorted((ROOT / "chapters").rglob("*.ipynb")):
        if ".ipynb_checkpoints" in path.parts:
            continue
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        written = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown"]
        yield str(path.relative_to(ROOT)), "\n\n".join(written)


def glossary() -> dict[str, str]:
    """Return {term: definition} as the glossary's source gives them."""
    text = GLOSSARY.read_text(encoding="utf-8")
    body = text.split("```{glossary}", 1)[1].split("\n```", 1)[0]
    found: dict[str, str] = {}
    for block in re.split(r"\n{2,}", body):
        term, _, definition = block.strip("\n").partition("\n")
        if term.startswith(":"):
            continue
        assert not term.startswith(" "), f"a term begins at the margin, but there is {term!r}"
        assert term.casefold() not in {known.casefold() for known in found}, f"{term!r} stands twice"
        found[term] = definition.strip()
    return found


# The bibliography.


def test_every_entry_has_its_evidence_and_every_line_of_evidence_its_entry() -> None:
    assert set(entries()) == set(evidence())


def test_keys_differ_by_more_than_their_case() -> None:
    written = re.findall(r"^@\w+\{([^,]+),", BIB.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert len({key.casefold() for key in written}) == len(written) == len(entries())


def test_evidence_says_what_was_looked_up_where_and_when() -> None:
    for key, record in evidence().items():
        assert set(record) == {"key", "looked_up", "confirmed", "sources", "date"}, key
        assert record["looked_up"], key
        assert record["sources"], key
        assert date.fromisoformat(record["date"]) >= date(2026, 11, 23), key
        for source in record["sources"]:
            named = {
                "repository file": ("repository", "path"),
                "public file in the look-up index": ("number", "what"),
                "stored page": ("address", "what"),
            }[source["kind"]]
            assert all(source[part] for part in named), (key, source)


def test_a_field_that_was_not_confirmed_does_not_stand_in_its_entry() -> None:
    records = evidence()
    for key, entry in entries().items():
        unconfirmed = {
            name
            for name in fields_of(entry)
            if name in CONFIRMED_AS and CONFIRMED_AS[name] not in records[key]["confirmed"]
        }
        assert not unconfirmed, f"{key}: no evidence for {sorted(unconfirmed)}"


def test_every_entry_names_author_title_and_where_to_find_it() -> None:
    for key, entry in entries().items():
        fields = fields_of(entry)
        assert fields.get("author"), key
        assert fields.get("title"), key
        places = {"journal", "booktitle", "publisher", "school", "institution", "howpublished", "eprint"}
        assert places & set(fields), f"{key}: no venue"


def test_years_pages_dois_and_addresses_are_well_formed() -> None:
    for key, entry in entries().items():
        fields = fields_of(entry)
        if "year" in fields:
            assert 1900 <= int(fields["year"]) <= 2026, key
            in_key = re.fullmatch(r"[a-z]{4,}(\d{4})[a-z]*", key)  # not the number of an RFC
            assert in_key is None or in_key[1] == fields["year"], f"{key}: the key says another year"
        if "pages" in fields:
            match = re.fullmatch(r"(\d+)--(\d+)", fields["pages"])
            assert match, f"{key}: pages {fields['pages']!r}"
            assert int(match[1]) < int(match[2]), f"{key}: pages {fields['pages']!r}"
        if "doi" in fields:
            assert re.fullmatch(r"10\.\d{4,}/\S+", fields["doi"]), f"{key}: doi {fields['doi']!r}"
        if "url" in fields:
            assert fields["url"].startswith("https://"), f"{key}: url {fields['url']!r}"


def test_no_two_entries_share_a_doi_or_a_title() -> None:
    for field in ("doi", "title"):
        known = [fields_of(entry) for entry in entries().values()]
        values = [fields[field].casefold() for fields in known if field in fields]
        assert len(set(values)) == len(values), field


@pytest.mark.parametrize("path", [BIB, EVIDENCE, GLOSSARY, NOTATION], ids=lambda path: path.name)
def test_no_registry_host_is_named(path: Path) -> None:
    text = path.read_text(encoding="utf-8").casefold()
    assert not [host for host in REGISTRY_HOSTS if host in text]


def test_every_citation_leads_to_an_entry() -> None:
    known = set(entries())
    cited: dict[str, str] = {}
    for name, text in pages():
        for group in CITE.findall(text):
            for key in group.split(","):
                cited.setdefault(key.strip(), name)
    assert cited, "no citation was found on any page: is the pattern still right?"
    assert not {key: name for key, name in cited.items() if key not in known}


# The glossary.


def test_the_glossary_holds_the_words_of_the_source_document() -> None:
    terms = {term.casefold() for term in glossary()}
    assert len(terms) >= 90
    wanted = (
        "distributed system, node, message, shared memory, message passing, asynchronous system, "
        "availability, scalability, throughput, latency, consistent hashing, shard, partitioning, "
        "Paxos, Raft, Zab, Chubby, ZooKeeper, etcd, distributed lock, load balancing, edge computing, "
        "consensus, replication, fault, failure"
    )
    assert not {word for word in wanted.casefold().split(", ") if word not in terms}


def test_every_term_has_a_chinese_word_and_then_a_definition() -> None:
    for term, definition in glossary().items():
        match = re.match(r"\(([^)]*)\) \S", definition)
        assert match, f"{term}: the definition must begin with (the Chinese term)"
        assert HAN.search(match[1]), f"{term}: no Chinese in ({match[1]})"
        sentences = re.findall(r"[.!?](?=\s|$)", definition)
        assert 1 <= len(sentences) <= 5, f"{term}: {len(sentences)} sentences"
        assert "\n" not in definition, f"{term}: one line a definition, for clean differences"


def test_terms_stand_in_alphabetical_order() -> None:
    terms = list(glossary())
    assert terms == sorted(terms, key=str.casefold)


def test_every_term_role_on_any_page_leads_to_the_glossary() -> None:
    known = {term.casefold() for term in glossary()}
    missing: dict[str, str] = {}
    for name, text in pages():
        for inside in TERM.findall(text):
            angled = re.search(r"<([^<>]+)>$", inside)
            target = (angled[1] if angled else inside).strip()
            if target.casefold() not in known:
                missing[target] = name
    assert not missing


# The notation page: its numbers, computed again.

WIDTH = 1 << 64


def outputs(seed: int, count: int) -> list[int]:
    """Return the first outputs of splitmix64, written from the four lines on the page."""
    found, state = [], seed % WIDTH
    for _ in range(count):
        state = (state + 0x9E3779B97F4A7C15) % WIDTH
        z = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9 % WIDTH
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB % WIDTH
        found.append(z ^ (z >> 31))
    return found


def notation() -> str:
    """Return the page with its line breaks as spaces, so that a sentence can be looked for."""
    return " ".join(NOTATION.read_text(encoding="utf-8").split())


def test_the_table_of_splitmix64_is_right_and_is_what_the_package_draws() -> None:
    row = r"^\| (\d) \| `([0-9a-f]{16})` \| `([0-9a-f]{16})` \|$"
    rows = re.findall(row, NOTATION.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert [int(row[0]) for row in rows] == [1, 2, 3, 4]
    for seed in (0, 1):
        column = [int(row[1 + seed], 16) for row in rows]
        assert column == outputs(seed, 4)
        drawn, roll = [], dice.Dice(seed)
        for _ in column:
            number, roll = roll.next()
            drawn.append(number)
        assert drawn == column


def test_the_throws_and_shuffles_on_the_page_are_right() -> None:
    page = notation()
    for seed in (0, 1):
        # 2**64 mod 6 is 4, and none of these outputs is among the four that would be refused.
        throws = [number % 6 for number in outputs(seed, 8)]
        assert max(outputs(seed, 8)) < WIDTH - 4
        assert f"{' '.join(map(str, throws))} with seed {seed}" in page
        thrown, roll = [], dice.Dice(seed)
        for _ in throws:
            number, roll = roll.below(6)
            thrown.append(number)
        assert thrown == throws

        order = list("abcde")
        for last, number in zip(range(4, 0, -1), outputs(seed, 4), strict=True):
            swap = number % (last + 1)
            order[last], order[swap] = order[swap], order[last]
        assert f"`{''.join(order)}` with seed {seed}" in page
        assert dice.Dice(seed).shuffle("abcde")[0] == tuple(order)


def test_the_derived_seed_on_the_page_is_right() -> None:
    state = outputs(1, 1)[0]
    for byte in b"network\x00":
        state = outputs((state + byte) % WIDTH, 1)[0]
    assert f'`derive(1, "network")` is `{state:016x}`' in notation()
    assert dice.derive(1, "network") == state


def test_the_hash_of_the_empty_key_on_the_page_is_right() -> None:
    keyhash = pytest.importorskip("distsys.algorithms.keyhash")
    assert f"The hash of the empty key is `{hashlib.sha256(b'').hexdigest()[:16]}`" in notation()
    assert f"{keyhash.key_hash(''):016x}" == hashlib.sha256(b"").hexdigest()[:16]


def test_the_table_of_canonical_json_is_what_the_package_writes() -> None:
    section = NOTATION.read_text(encoding="utf-8").split("(notation-canonical-json)=", 1)[1]
    rows = re.findall(r"^\| `([^`]+)` \| `([^`]+)` \|$", section, flags=re.MULTILINE)
    assert len(rows) >= 9
    names = {"Map": Map, "Log": Log, "Dice": dice.Dice, "Send": Send, "frozenset": frozenset}
    for expression, text in rows:
        value = eval(expression, {"__builtins__": {}}, names)  # the page is ours
        assert canonical.encode(value) == text, expression
        assert canonical.decode(text) == value, expression


def test_text_is_escaped_as_the_page_says() -> None:
    assert canonical.encode('"\\\n\x1f\x7f会') == '"\\"\\\\\\n\\u001f\x7f会"'


def test_units_and_times_are_as_the_page_says() -> None:
    page = notation()
    assert f"`US = {units.US}`, `MS = {units.MS:_}` and `S = {units.S:_}`" in page
    assert f"`shown_time(1500)` gives `{units.shown_time(1500)}`" in page


def test_names_of_nodes_sort_as_the_page_says() -> None:
    assert "`n1`, `n2`, ...; from ten nodes on `n01`, `n02`" in notation()
    assert systems.node_names(9)[:2] == ("n1", "n2")
    assert systems.node_names(10)[:2] == ("n01", "n02")
    assert list(systems.node_names(12)) == sorted(systems.node_names(12))


def test_the_values_that_return_are_right() -> None:
    page = notation()
    for n in (10, 100, 1000):
        assert f"$H_{{{n}}} = {sum(1 / k for k in range(1, n + 1)):.3f}$" in page
    large = 100_000  # H_n - ln n is Euler's constant plus about 1/(2n)
    euler = sum(1 / k for k in range(1, large + 1)) - math.log(large) - 1 / (2 * large)
    assert f"\\approx \\ln n + {euler:.4f}$" in page
    shares = [math.sqrt(99 / (100 * v + 1)) for v in (1, 10, 100, 1000)]
    said = "{:.4f} for $v = 1$, {:.4f} for 10, {:.4f} for 100 and {:.4f} for 1,000"
    assert said.format(*shares) in page


def test_the_bound_from_clean_seeds_is_right() -> None:
    page = notation()
    assert f"$\\ln 20 = {math.log(20):.3f}$" in page
    assert f"300 clean seeds bound $p$ by {1 - 0.05 ** (1 / 300):.5f} at 95 % confidence" in page
    assert f"5,000 by {1 - 0.05 ** (1 / 5000):.6f}" in page
