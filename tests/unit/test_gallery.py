"""The gallery: which figures of a page it lists, with which words and which picture."""

import base64

from bs4 import BeautifulSoup
from ds_gallery import BEGIN, END, card, figures_in, filled

SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 2 2"><path id="p" d="M0 0"/></svg>'
URL = "data:image/svg+xml;base64," + base64.b64encode(SVG.encode()).decode()
PLAYER = (
    '<figure class="ds-run" id="fig-crash" data-title="Ann &amp; a crash"><dist-trace>'
    f'<img src="{URL}" alt="Three lanes."/></dist-trace><figcaption>Ann tells Bob.</figcaption></figure>'
)
BLOCK = (
    '<div class="ds-run docutils container" id="ring"><div class="ds-figure">'
    '<svg viewBox="0 0 9 9" role="img" aria-label="A ring."><g/></svg></div>'
    '<p class="ds-caption">Four  servers\n on <em>one</em> ring.</p></div>'
)


def figures(source):
    return list(figures_in(f"<article>{source}</article>", "chapters/x/page"))


def test_a_figure_of_the_player_gives_its_title_its_words_and_its_picture():
    (figure,) = figures(PLAYER)
    assert (figure.place, figure.title, figure.alt) == ("fig-crash", "Ann & a crash", "Three lanes.")
    assert figure.still == ("svg", SVG.encode())


def test_a_figure_without_a_title_is_called_by_its_caption():
    (figure,) = figures(BLOCK)
    assert (figure.place, figure.title, figure.alt) == ("ring", "Four servers on one ring.", "A ring.")


def test_a_drawing_in_the_page_becomes_a_file_that_stands_alone_and_keeps_the_case_of_its_attributes():
    (figure,) = figures(BLOCK)
    kind, content = figure.still
    assert kind == "svg"
    assert content.startswith(b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"')
    assert content.endswith(b"<g/></svg>")


def test_a_drawing_with_drawings_inside_it_is_taken_whole_and_described_by_its_own_words():
    inner = '<svg x="1"><path d="M0 0"/></svg>'
    svg = f'<svg xmlns="http://www.w3.org/2000/svg"><desc>Ann tells Bob.</desc>{inner}{inner}<g/></svg>'
    (figure,) = figures(f'<div class="ds-run" id="a"><div class="ds-figure">{svg}</div><p>{inner}</p></div>')
    assert figure.still == ("svg", svg.encode())
    assert figure.alt == "Ann tells Bob."


def test_the_picture_of_a_figure_is_its_own_and_not_that_of_the_next():
    (bare, other) = figures(
        '<figure class="ds-run" id="bare"><figcaption>Words.</figcaption></figure>' + PLAYER
    )
    assert bare.still is None
    assert other.still is not None


def test_a_figure_without_an_id_and_an_id_without_a_figure_are_not_listed():
    assert figures('<figure class="ds-run"><svg></svg></figure><figure id="x"><svg></svg></figure>') == []


def test_a_long_caption_is_cut_at_a_word():
    (figure,) = figures(f'<figure class="ds-run" id="a"><figcaption>{"word " * 90}</figcaption></figure>')
    assert len(figure.title) < 170
    assert figure.title.endswith("word ...")


def test_a_card_leads_to_the_figure_and_its_still_waits_until_it_is_seen():
    (figure,) = figures(PLAYER)
    item = BeautifulSoup(card(figure, "book/figures", "A <page>", "en"), "html.parser")
    assert item.a["href"] == "../chapters/x/page.html#fig-crash"
    assert item.a.get_text() == "Ann & a crash"
    assert item.img["src"] == "../_images/figures/chapters-x-page-fig-crash.svg"
    assert (item.img["alt"], item.img["loading"]) == ("Three lanes.", "lazy")
    assert "A <page>" in item.get_text()
    assert item.find(id=True) is None


def test_what_stood_between_the_comments_is_replaced():
    once = filled(f"a{BEGIN}{END}b", "<li>1</li>")
    assert filled(once, "<li>1</li>") == once
    assert filled(once, "") == f"a{BEGIN}{END}b"
