"""Pages with figures for the tests of the player: made of the package alone, opened from a file, without the site."""

from distsys.views.script import script

HEAD = (
    "<!doctype html><html lang=en><head><meta charset=utf-8><title>Figures</title>"
    "<meta name=viewport content='width=device-width, initial-scale=1'>"
    "<style>body{margin:8px;font-family:sans-serif;background:Canvas;color:CanvasText;color-scheme:light dark}</style>"
    "</head><body><main><h1>Figures</h1>"
)


def without_script(figure):
    """Return the HTML of a figure as the site has it: the script stands elsewhere."""
    html = figure if isinstance(figure, str) else figure._repr_html_()
    return html[: html.rindex("</figure>") + len("</figure>")]


def write_page(path, *figures, after=""):
    """Write a page with figures and the scripts of shared memory and of all; return its address."""
    body = "".join(map(without_script, figures))
    code = f"<script>{script('cells')}</script><script>{script()}</script>"
    path.write_text(f"{HEAD}{body}{after}</main>{code}</body></html>", encoding="utf-8")
    return path.as_uri()


def write_judged(path, *figures, scripts=("judges", "trace")):
    """Write a page with figures of the judges and both scripts, in this order; return its address."""
    body = "".join(map(without_script, figures))
    code = "".join(f"<script>{script(kind)}</script>" for kind in scripts)
    path.write_text(f"{HEAD}{body}</main>{code}</body></html>", encoding="utf-8")
    return path.as_uri()


def opened(browser, address, **options):
    """Return a page that records what goes wrong in `page.problems`, and asks nobody for anything."""
    page = browser.new_page(**{"viewport": {"width": 1280, "height": 900}, **options})
    page.problems = []
    page.on("pageerror", lambda error: page.problems.append(f"error: {error}"))
    page.on(
        "console", lambda said: page.problems.append(said.text) if said.type in ("error", "warning") else None
    )
    page.on(
        "request",
        lambda request: page.problems.append(request.url) if request.url.startswith("http") else None,
    )
    page.goto(address)
    return page


def begun(page, name):
    """Scroll to a figure, wait until it plays, and return a handle of its element."""
    figure = page.locator(f"#{name} dist-trace")
    figure.scroll_into_view_if_needed()
    page.wait_for_function("name => document.querySelector(`#${name} dist-trace`).panes", arg=name)
    return figure
