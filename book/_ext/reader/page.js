// Which page this is, where the site begins, and a short way to make elements.

const PAGE = document.currentScript.dataset.page;
const ROOT = new URL(document.documentElement.dataset.content_root || "./", location.href);

// h("button", {type: "button", onclick: f}, "text", child) makes an element; "on..." is a listener.
function h(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else element.setAttribute(key, value);
  }
  element.append(...children);
  return element;
}

// A tick or a cross, drawn: a font may lack the sign.
function sign(right) {
  const path = right ? "M2 8l4 4 8-9" : "M3 3l10 10M13 3L3 13";
  const box = h("span", { class: right ? "ds-sign ds-right" : "ds-sign ds-wrong" });
  box.innerHTML = `<svg viewBox="0 0 16 16" width="14" height="14" aria-hidden="true"><path d="${path}" fill="none" stroke="currentColor" stroke-width="2.5"/></svg>`;
  return box;
}

// The page of the book that a link leads to, such as "book/how-to", or "" where it leads out of the book.
function pageOf(link) {
  const url = new URL(link.href);
  if (url.origin !== ROOT.origin || !url.pathname.startsWith(ROOT.pathname)) return "";
  return decodeURI(url.pathname.slice(ROOT.pathname.length)).replace(/\.html$/, "");
}
