"""What the built pages hold for their reader: times, questions, definitions, the list of progress, the gallery."""

import re
from urllib.parse import urlsplit

import pytest
from ds_reading import is_timed

from site_pages import name, pages, soup, written

pytestmark = pytest.mark.site


def docname(site, page):
    return name(site, page).removesuffix(".html")


def test_a_page_to_be_read_says_its_time_under_its_title_and_no_other_does(built_site):
    for page in written(built_site):
        line = soup(page).select_one("h1 + .ds-time")
        assert (line is not None) == is_timed(docname(built_site, page)), name(built_site, page)
        assert len(soup(page).select(".ds-time")) == (line is not None), name(built_site, page)


def test_the_time_on_a_card_is_near_the_time_that_the_build_computed(built_site):
    for page in written(built_site):
        card, line = soup(page).select_one(".ds-card"), soup(page).select_one(".ds-time")
        if card is None:
            continue
        said = int(re.search(r"Time\W+about (\d+) minutes", card.get_text(" "))[1])
        computed = int(re.search(r"About (\d+) minutes", line.get_text())[1])
        assert abs(said - computed) <= max(1, computed / 2), f"{name(built_site, page)}: {said}, {computed}"


def test_every_page_loads_the_script_once_and_tells_it_its_name(built_site):
    for page in pages(built_site):
        (script,) = soup(page).select('script[src*="reader.js"]')
        assert script["data-page"] == docname(built_site, page)
        assert "defer" in script.attrs


def test_every_question_has_its_explanations(built_site):
    boxes = [box for page in written(built_site) for box in soup(page).select(".ds-check")]
    assert len(boxes) >= 3
    for box in boxes:
        options = box.select(".ds-option")
        assert 2 <= len(options) <= 5, box["id"]
        assert any("data-right" in option.attrs for option in options), box["id"]
        for option in options:
            verdict = "Right." if "data-right" in option.attrs else "Not right."
            words = option.details.p.get_text().split()
            assert " ".join(words).startswith(verdict), box["id"]
            assert len(words) >= 6, f"{box['id']}: an explanation of {len(words)} words"


def test_every_term_on_a_page_has_its_definition_there_and_no_other(built_site):
    count = 0
    for page in written(built_site):
        links = [link for link in soup(page).select("article a[href]") if link.select(".std-term")]
        wanted = {urlsplit(link["href"]).fragment for link in links if not link["href"].startswith("#")}
        held = [template["data-term"] for template in soup(page).find_all("template")]
        assert sorted(held) == sorted(wanted), name(built_site, page)
        count += len(held)
    assert count > 0


def test_a_definition_shows_the_chinese_term_and_leads_nowhere_by_itself(built_site):
    for page in written(built_site):
        for template in soup(page).find_all("template"):
            inside = template.decode_contents()
            assert 'lang="zh-Hans"' in inside, template["data-term"]
            assert "<a " not in inside, template["data-term"]
            assert " id=" not in inside, template["data-term"]


def test_the_progress_lists_what_every_page_holds(built_site):
    rows = {row["data-page"]: row for row in soup(built_site / "book/progress.html").select("tr[data-page]")}
    assert sorted(rows) == sorted(docname(built_site, page) for page in written(built_site))
    for page in written(built_site):
        row = rows[docname(built_site, page)]
        questions = [box["data-name"] for box in soup(page).select(".ds-check")]
        exercises = [box["id"] for box in soup(page).select("div.exercise[id]")]
        assert row["data-questions"].split() == questions
        assert row["data-exercises"].split() == exercises
        line = soup(page).select_one(".ds-time")
        said = re.search(r"\d+|a minute", line.get_text())[0] if line else ""
        assert row.find_all("td")[0].get_text() == said.replace("a minute", "1")


def test_the_gallery_lists_every_figure_with_an_address_in_the_order_of_the_book(built_site):
    gallery = soup(built_site / "book/figures.html")
    order = [row["data-page"] for row in soup(built_site / "book/progress.html").select("tr[data-page]")]
    wanted = [
        f"../{page}.html#{figure['id']}"
        for page in order
        for figure in soup(built_site / f"{page}.html").select(".ds-run[id]")
    ]
    assert [link["href"] for link in gallery.select(".ds-gallery a")] == wanted
    for image in gallery.select(".ds-gallery img"):
        assert (built_site / "book" / image["src"]).is_file()
        assert image["loading"] == "lazy"


def test_every_figure_of_a_page_has_an_address(built_site):
    bare = []
    for page in written(built_site):
        for figure in soup(page).select("figure.ds-run:not([id])"):
            words = " ".join((figure.figcaption or figure).get_text(" ").split())
            bare.append(f"{name(built_site, page)}: {words[:60]}")
    assert bare == []
