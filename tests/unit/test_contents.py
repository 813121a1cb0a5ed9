"""The list of contents beside a page is, made the short way, what Sphinx makes of everything."""

import re

import pytest

from small_book import CONFIGURATION, build, page, write

MENU = """
html_sidebars = {"**": ["menu.html"]}
templates_path = ["."]
"""
PAGES = {
    "index": "# Start\n\n## A heading\n\n```{toctree}\n:caption: One part\n\none\n```\n\n"
    "```{toctree}\n:caption: Other\n\nA title of its own <two>\n```\n",
    "one": "# One\n\n## Above\n\n### Deep\n\n```{toctree}\n\nunder/three\n```\n\n## Below\n",
    "two": "# Two\n\n## A heading\n\n## And another\n",
    "under/three": "# Three\n\n```{py:function} documented()\n```\n\n```{toctree}\n\nfour\n```\n",
    "under/four": "# Four\n\n## The last\n",
}


@pytest.fixture(scope="module")
def books(tmp_path_factory):
    """Return the folders of one book, built with our extension and without it."""
    found = {}
    for kind in ("short", "whole"):
        folder = found[kind] = tmp_path_factory.mktemp(kind)
        write(folder, PAGES)
        (folder / "menu.html").write_text(
            "{% for depth in (1, 2, 3, 4) %}{% for fold in (true, false) %}<nav>"
            "{{ toctree(titles_only=true, collapse=fold, maxdepth=depth, includehidden=true) }}</nav>"
            "{% endfor %}{% endfor %}<aside>{{ toctree(maxdepth=4, collapse=false) }}</aside>"
        )
        extended = CONFIGURATION.replace('"ds_gallery"', '"ds_gallery", "ds_contents"')
        (folder / "conf.py").write_text((extended if kind == "short" else CONFIGURATION) + MENU)
        result = build(folder)
        assert result.returncode == 0, result.stderr
    return found


@pytest.mark.parametrize("name", PAGES)
def test_the_short_way_leads_to_the_same_menu(books, name):
    short, whole = (page(books[kind], name) for kind in ("short", "whole"))
    assert re.findall("<nav>.*?</nav>", short, re.DOTALL) == re.findall("<nav>.*?</nav>", whole, re.DOTALL)
    assert short.count("<nav>") == 8
    assert "Four" in re.findall("<nav>.*?</nav>", short, re.DOTALL)[7]


def test_who_asks_for_headings_gets_them(books):
    short, whole = (page(books[kind], "index") for kind in ("short", "whole"))
    assert "And another" in re.search("<aside>.*?</aside>", short, re.DOTALL)[0]
    assert short == whole
