"""What the files of the site say, without a browser: links, alternatives, footers, formulas, weight."""

import json
import re
import tomllib
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
import yaml

from site_pages import name, pages, soup, written

pytestmark = pytest.mark.site

ROOT = Path(__file__).resolve().parents[2]
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf8"))["project"]["version"]


def table_of_contents() -> list[str]:
    """Return the names of all pages in `_toc.yml`."""
    found: list[str] = []

    def walk(part: object) -> None:
        if isinstance(part, dict):
            found.extend(str(value) for key, value in part.items() if key in ("root", "file"))
            for value in part.values():
                walk(value)
        elif isinstance(part, list):
            for value in part:
                walk(value)

    walk(yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf8")))
    return found


def test_the_pages_of_the_table_of_contents_are_the_pages_of_the_site(built_site):
    assert sorted(table_of_contents()) == sorted(name(built_site, page)[:-5] for page in written(built_site))


def test_the_front_door_leads_to_the_landing_page(built_site):
    door = soup(built_site / "index.html").find("meta", attrs={"http-equiv": "Refresh"})
    assert door["content"].split("url=")[1] == "book/intro.html"


def test_every_page_of_the_book_says_something(built_site):
    for page in written(built_site):
        words = soup(page).select_one("article").get_text(" ").split()
        assert len(words) >= 60, f"{name(built_site, page)} has only {len(words)} words"


def test_every_link_leads_somewhere(built_site):
    anchors: dict[Path, set[str]] = {}

    def anchors_of(page: Path) -> set[str]:
        if page not in anchors:
            anchors[page] = {tag["id"] for tag in soup(page).find_all(id=True)} | {"", "top"}
        return anchors[page]

    dead = []
    for page in pages(built_site):
        for tag in soup(page).find_all(["a", "link", "script", "img"]):
            url = tag.get("href") or tag.get("src")
            if not url or url.startswith(("http:", "https:", "mailto:", "data:")):
                continue
            parts = urlsplit(url)
            target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
            if url.startswith("/") or not target.is_file():
                dead.append(f"{name(built_site, page)} -> {url}")
            elif target.suffix == ".html" and unquote(parts.fragment).split("@")[0] not in anchors_of(target):
                dead.append(f"{name(built_site, page)} -> {url} (no such place on that page)")
    assert dead == []


def test_no_link_of_a_page_loads_something_from_another_origin(built_site):
    for page in pages(built_site):
        for tag in soup(page).find_all(
            ["script", "img", "iframe", "source", "video", "audio", "object", "embed"]
        ):
            for key in ("src", "href", "data", "srcset"):
                address = tag.get(key, "")  # a picture that stands in its own address asks nobody
                assert address.startswith("data:image/") or "//" not in address, name(built_site, page)
        for tag in soup(page).find_all("link"):
            assert "//" not in tag.get("href", ""), f"{name(built_site, page)}: {tag}"
        text = page.read_text(encoding="utf8")
        for word in (
            "jsdelivr",
            "unpkg",
            "cdnjs",
            "googleapis",
            "thebe",
            "mermaid",
            "require.js",
            "html-manager",
        ):
            scripts = " ".join(str(tag) for tag in soup(page).find_all("script"))
            assert word not in scripts, f"{name(built_site, page)} names {word} in a script"
        assert "application/vnd.jupyter.widget" not in text, (
            f"{name(built_site, page)} holds the state of a widget"
        )


def test_every_picture_has_words_for_those_who_cannot_see_it(built_site):
    for page in pages(built_site):
        for image in soup(page).find_all("img"):
            assert image.get("alt", "").strip() or image.get("role") == "presentation", (
                f"{name(built_site, page)}: {image}"
            )
        for svg in soup(page).select("article svg"):
            if (
                svg.get("aria-hidden") == "true"
                or svg.find_parent(["button", "svg"])
                or "sd-octicon" in svg.get("class", [])
            ):
                continue
            named = [svg.find(id=part) for part in svg.get("aria-labelledby", "").split()]
            assert None not in named, (
                f"{name(built_site, page)}: an svg names a description that is not there"
            )
            words = " ".join([svg.get("aria-label", ""), *(tag.get_text() for tag in named)])
            role = "group" if svg.select("a") else "img"  # links inside an image would not be heard
            assert svg.get("role") == role, f"{name(built_site, page)}: an svg without role={role}"
            assert all(link.get("aria-label") for link in svg.select("a")), name(built_site, page)
            assert len(words.split()) >= 3, f"{name(built_site, page)}: an svg that says only {words!r}"


def test_no_column_of_a_table_is_without_a_name(built_site):
    for page in written(built_site):
        nameless = [head for head in soup(page).select("article th") if not head.get_text(strip=True)]
        assert nameless == [], (
            f"{name(built_site, page)}: {nameless[0].find_parent('table').get_text(' ', strip=True)[:80]}"
        )


def test_no_name_stands_twice_on_a_page(built_site):
    for page in written(built_site):
        names = [tag["id"] for tag in soup(page).select("article [id]")]
        twice = sorted({one for one in names if names.count(one) > 1})
        assert twice == [], name(built_site, page)


def test_there_is_one_search_field(built_site):
    for page in written(built_site):
        assert len(soup(page).select("input[type=search]")) == 1, name(built_site, page)
        assert len(soup(page).select("button.search-button-field")) == 1, name(built_site, page)


def test_search_knows_each_documented_object_once(built_site):
    text = (built_site / "searchindex.js").read_text(encoding="utf8")
    index = json.loads(text.removeprefix("Search.setIndex(").removesuffix(")"))
    objects = {f"{module}.{entry[4]}" for module, entries in index["objects"].items() for entry in entries}
    assert "distsys.drivers.sweep.sweep" in objects
    places = {id for entry in index["indexentries"].values() for _, id, _ in entry}
    assert "term-quorum" in places
    assert places.isdisjoint(objects)


def test_every_page_says_its_version_and_where_errors_are_listed(built_site):
    for page in pages(built_site):
        footer = soup(page).select_one(".ds-footer")
        assert footer is not None, name(built_site, page)
        assert f"Version {VERSION}" in " ".join(footer.get_text(" ").split())
        links = {link.get_text(): link["href"].rsplit("/", 1)[-1] for link in footer.find_all("a")}
        wanted = {"Errata": "errata.html#", "Licence": "contributing.html#licence"}
        wanted["How this page was tested"] = "how-to.html#how-this-page-was-tested"
        for text, target in wanted.items():
            file, place = target.split("#")
            own = f"#{place}" if page.name == file else target.rstrip("#")
            assert links[text] == own, f"{name(built_site, page)}: {text} leads to {links[text]}"


def test_previous_and_next_lead_through_the_whole_book_in_its_order(built_site):
    order = table_of_contents()
    page, seen = built_site / f"{order[0]}.html", []
    while page is not None:
        seen.append(name(built_site, page)[:-5])
        link = soup(page).select_one(".prev-next-area a.right-next")
        page = (page.parent / link["href"]).resolve() if link else None
    assert seen == order


def test_formulas_are_mathml(built_site):
    formulas = 0
    for page in written(built_site):
        for box in soup(page).select("span.math, div.math"):
            assert box.find("math") is not None, f"{name(built_site, page)}: {box.get_text()[:60]}"
            assert not box.find("merror"), f"{name(built_site, page)}: {box.get_text()[:60]}"
            formulas += 1
        left = re.search(r"\$\$|\\\(|\\begin\{", "".join(
            text for text in soup(page).select_one("article").find_all(string=True)
            if text.find_parent(["pre", "code", "script"]) is None))  # fmt: skip
        assert left is None, f"{name(built_site, page)} shows the source of a formula near {left}"
    assert formulas > 0


def test_the_mathematics_font_holds_every_character_of_every_formula(built_site):
    import base64
    import io

    from fontTools.ttLib import TTFont

    style = (built_site / "_static" / "math.css").read_text(encoding="ascii")
    font = TTFont(io.BytesIO(base64.b64decode(re.search(r"base64,([^\"]+)", style)[1])))
    held = set(font.getBestCmap())
    wanted = {
        char for page in pages(built_site) for math in soup(page).find_all("math") for char in math.get_text()
    }
    missing = sorted(
        char
        for char in wanted
        if ord(char) not in held and not char.isspace() and ord(char) not in range(0x2061, 0x2065)
    )
    assert missing == []
    assert "MATH" in font


def test_no_control_is_dead_while_the_repository_has_no_address(built_site):
    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf8"))
    known = {"dropdown-toggle", "primary-toggle", "secondary-toggle", "theme-switch-button", "search-button"}
    known |= {"search-button__button", "btn-fullscreen-button"}
    known |= {"btn-download-source-button", "btn-download-pdf-button"}
    launchers = {"btn-source-repository-button", "btn-source-edit-button", "btn-source-issues-button"}
    for page in written(built_site):
        header = soup(page).select_one(".bd-header-article")
        for control in header.select("button, a"):
            classes = set(control.get("class", []))
            if classes & launchers or control.find(string=re.compile("Binder")):
                assert control["href"].startswith("https://"), f"{name(built_site, page)}: {control}"
                assert config["repository"]["url"] or "github" in control["href"]
            else:
                assert classes & known, f"{name(built_site, page)}: a control that no test knows: {control}"
                assert control.get("title") or control.get("aria-label"), (
                    f"{name(built_site, page)}: {control}"
                )
        for link in soup(page).select("a[href]"):
            here = link.find_parent("li", class_="current") or link.find_parent(class_="ds-footer")
            here = here or "navbar-brand" in link.get("class", [])  # "#" is the page itself
            assert here or link["href"] not in ("", "#", "#!"), f"{name(built_site, page)}: {link}"
            assert not link["href"].startswith("javascript:"), f"{name(built_site, page)}: {link}"


def test_the_landing_page_is_light(built_site):
    page = built_site / "book" / "intro.html"
    loaded = [page]
    for tag in soup(page).find_all(["script", "link", "img"]):
        url = tag.get("src") or (tag.get("href") if tag.get("rel") == ["stylesheet"] else None)
        if url and not url.startswith("data:"):
            loaded.append((page.parent / urlsplit(url).path).resolve())
    weight = sum(path.stat().st_size for path in loaded)
    assert weight < 900_000, f"the landing page loads {weight:,} bytes in {len(loaded)} files"


def test_nothing_of_this_machine_or_of_the_clock_is_in_the_site(built_site):
    for page in pages(built_site):
        text = page.read_text(encoding="utf8")
        for trace in (str(ROOT), "Last updated", "docbuild:last-update"):
            assert trace not in text, f"{name(built_site, page)} holds {trace!r}"
