"""The picture of the course is made of the contents and of what the cards say; a page that is new is on it."""

import re

import pytest

from small_book import CONFIGURATION, build, page, write


def card(needs):
    return (
        ":::{admonition} What you will be able to do\n:class: ds-card\n\n- Say **it**.\n- Do it.\n\n"
        f"**You need** {needs}.\n**Time**: about 5 minutes. See {{doc}}`/front`.\n:::\n"
    )


PAGES = {
    "index": "# Start\n\n```{toctree}\n:caption: Front\n\nfront\nreference\n```\n\n"
    "```{toctree}\n:caption: One part\n\nchapters/1/map\nchapters/1/a\nchapters/1/b\nchapters/1/c\n```\n",
    "front": "# How to\n",
    "reference": "# Looked up\n\n```{toctree}\n\nunder\n```\n",
    "under": "# Under it\n",
    "chapters/1/map": "# The map\n\n```{course-map}\n```\n",
    "chapters/1/a": "# Alpha & co\n\n" + card("the page {doc}`/front`"),
    "chapters/1/b": "# Beta\n\n" + card("{doc}`a`: this; {doc}`a` and {ref}`x`"),
    "chapters/1/c": "# Gamma\n\n(x)=\n## X\n\n" + card("the page {doc}`b`, and nothing of {term}`y`"),
}
GLOSSARY = "\n```{glossary}\ny\n  A term.\n```\n"


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    folder = tmp_path_factory.mktemp("map")
    write(folder, PAGES | {"front": PAGES["front"] + GLOSSARY})
    (folder / "conf.py").write_text(CONFIGURATION.replace('"ds_gallery"', '"ds_gallery", "ds_map"'))
    result = build(folder)
    assert result.returncode == 0, result.stderr
    return folder


def parted(book):
    text = page(book, "chapters/1/map")
    svg, rest = re.search("<svg.*?</svg>", text, re.DOTALL)[0], text.split('<div class="ds-map-list">')[1]
    return svg, rest


def titles(svg):
    return re.findall('<a href="([^"]*)" aria-label="([^"]*)" class="p([0-9]+)">', svg)


def test_each_page_of_the_course_is_a_box_that_leads_to_it(book):
    assert titles(parted(book)[0]) == [
        ("../../front.html", "How to", "0"),
        ("../../reference.html", "Looked up", "1"),
        ("map.html", "The map", "2"),
        ("a.html", "Alpha &amp; co", "3"),
        ("b.html", "Beta", "4"),
        ("c.html", "Gamma", "5"),
    ]


def test_each_page_that_a_card_names_before_its_time_is_an_arrow(book):
    assert re.findall('<path class="m([0-9]+) m([0-9]+)"', parted(book)[0]) == [
        ("0", "3"),
        ("3", "4"),
        ("4", "5"),
    ]


def test_the_list_says_the_same(book):
    listed = parted(book)[1]
    assert re.findall("<p>(.*?)</p>", listed)[:2] == ["Front", "One part"]
    assert '<a href="b.html">Beta</a><small>after Alpha &amp; co</small>' in listed
    assert '<a href="map.html">The map</a></li>' in listed


def test_boxes_do_not_overlap_and_stay_inside(book):
    svg = parted(book)[0]
    width, height = map(int, re.search('viewBox="-2 0 ([0-9]+) ([0-9]+)"', svg).groups())
    boxes = [
        tuple(map(int, found))
        for found in re.findall('<rect x="(.*?)" y="(.*?)" width="(.*?)" height="(.*?)"', svg)
    ]
    assert len(boxes) == 6
    for x, y, wide, high in boxes:
        assert x >= 0
        assert x + wide <= width - 2
        assert y + high <= height
        others = [box for box in boxes if box != (x, y, wide, high)]
        assert not [box for box in others if abs(box[0] - x) < wide and abs(box[1] - y) < high]


def test_every_page_shows_its_own_arrows(book):
    svg = parted(book)[0]
    for _, _, number in titles(svg):
        assert f".p{number}:is(:hover,:focus-visible)) path.m{number}{{" in svg


FIELD = (
    "# Field\n\n```{field-map} How it hangs together\nModels\n- Messages | a\n- Cells\n"
    "Protocols\n- A register | b | Messages; Cells\n```\n"
)


def test_a_picture_of_written_lines_is_drawn_in_the_same_way(book):
    (book / "chapters/1/map.md").write_text(PAGES["chapters/1/map"] + FIELD.removeprefix("# Field"))
    assert build(book).returncode == 0
    svg = re.findall("<svg.*?</svg>", page(book, "chapters/1/map"), re.DOTALL)[1]
    assert titles(svg) == [("a.html", "Messages", "0"), ("b.html", "A register", "2")]
    assert re.findall('<path class="m([0-9]+) m([0-9]+)"', svg) == [("0", "2"), ("1", "2")]
    assert 'aria-label="How it hangs together"' in svg


@pytest.mark.parametrize("line", ["- A | nowhere", "- A | | Unknown"])
def test_a_line_that_leads_nowhere_stops_the_build(book, line):
    text = FIELD.replace("- Cells", line)
    (book / "chapters/1/map.md").write_text(PAGES["chapters/1/map"] + text.removeprefix("# Field"))
    result = build(book)
    assert result.returncode != 0
    assert line in result.stderr


def test_a_card_that_changes_changes_the_picture(book):
    (book / "chapters/1/map.md").write_text(PAGES["chapters/1/map"])
    (book / "chapters/1/c.md").write_text("# Gamma\n\n(x)=\n## X\n\n" + card("the page {doc}`a`"))
    assert build(book).returncode == 0
    assert ("3", "5") in re.findall('<path class="m([0-9]+) m([0-9]+)"', parted(book)[0])
