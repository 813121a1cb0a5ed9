"""axe-core, the engine that finds what keeps people out of a page, run inside a page of the browser.

No rule is switched off. One is asked less often: text of an article that has the colour, the size and the grounds of
text before it, and flows in the same box, is not measured for contrast again, for a page holds thousands of such
words. In code and in signatures such words lose the mark that only colours them, for axe looks at every element, and
half of those of a page are such marks. The long tests leave them in and measure each. axe looks into open shadow roots
by itself.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

AGAIN = """() => {
  const style = e => getComputedStyle(e);
  const grounds = new Map();
  const ground = e => {
    if (!e) return '';
    if (!grounds.has(e)) {
      const s = style(e);
      const flows = s.position === 'static' && s.float === 'none';
      const own = [s.backgroundColor, s.backgroundImage, s.opacity, flows || grounds.size].join();
      grounds.set(e, (own === 'rgba(0, 0, 0, 0),none,1,true' ? '' : own + ';') + ground(e.parentElement));
    }
    return grounds.get(e);
  };
  const seen = new Set(), firsts = new Set();
  for (const e of document.querySelectorAll('article *')) {
    if (!(e instanceof HTMLElement) || e.closest('label, button, input, select, textarea, [aria-disabled]')) continue;
    if (![...e.childNodes].some(c => c.nodeType === Node.TEXT_NODE && c.data.trim())) continue;
    const s = style(e);
    const key = [s.color, s.fontSize, s.fontWeight, s.display, s.visibility, s.textShadow, ground(e)].join();
    if (seen.has(key)) e.dataset.again = '';
    else firsts.add(e);
    seen.add(key);
  }
  // Innermost first: a mark that holds no other, and is no first of its kind, leaves its words to what is around.
  for (const e of [...document.querySelectorAll('article :is(pre, dt, code) :is(span, em)')].reverse()) {
    const only_colours = e.getAttributeNames().every(name => name === 'class' || name === 'data-again');
    if (only_colours && !e.childElementCount && !firsts.has(e)) e.replaceWith(...e.childNodes);
  }
}"""
RUN = """async () => {
  axe.configure({rules: [{id: 'color-contrast', selector: '*:not([data-again])'}]});
  const found = await axe.run(document, {resultTypes: ['violations'], preload: false});
  const why = n => n.failureSummary.split('\\n').slice(1).join(' ').trim();
  return found.violations.flatMap(v => v.nodes.map(n =>
    [v.id, v.impact, n.target.flat().join(' '), `${v.help}: ${why(n)}`]));
}"""


class Violation(NamedTuple):
    """One place of a page that breaks one rule."""

    rule: str
    impact: str
    target: str
    help: str


def source() -> str:
    """Return the text of axe-core's script; the package that carries it is in the extra `dev`."""
    spec = find_spec("axe_playwright_python")
    assert spec is not None, "axe-core is missing: pip install axe-playwright-python"
    assert spec.origin is not None, "the package is a folder with an __init__.py"
    return (Path(spec.origin).parent / "axe.min.js").read_text(encoding="utf8")


def violations(page: Any, *, all_words: bool = False) -> list[Violation]:
    """Return everything that axe finds wrong with what `page` shows now; `all_words` measures each word."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(source())
    if not all_words:
        page.evaluate(AGAIN)
    return [Violation(*found) for found in page.evaluate(RUN)]
