// Small tools for the page: elements, text that is safe in markup, one style for all figures, what this device keeps.

const SVG = "http://www.w3.org/2000/svg";

// h("button", {type: "button", onclick: f, "aria-label": "Play"}, "text", child) makes an element. A property whose
// name begins with "on" is a listener; null, undefined and false are left out; true is an empty attribute.
function h(name, attributes = {}, ...children) {
  const svg = name === "svg" || name === "g" || name === "path" || name === "rect";
  const element = svg ? document.createElementNS(SVG, name) : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value == null || value === false) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child != null && child !== false));
  return element;
}

// Text inside markup stays text, whatever it holds.
function escaped(text) {
  return String(text).replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`).replace(/[\0-\x08\x0b\x0c\x0e-\x1f\x7f]/g, "?");
}

// Set a text or an attribute only where it differs: what does not change costs nothing.
function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function setAttribute(element, name, value) {
  if (element.getAttribute(name) !== String(value)) element.setAttribute(name, value);
}

// What is inside <script type="application/json"> of an element, or null.
function dataOf(element) {
  const holder = element.querySelector(':scope > script[type="application/json"]');
  return holder && JSON.parse(holder.textContent);
}

// Run `ready` when the element is near the part of the page that is seen, and tell `seen(yes)` from then on.
function whenSeen(element, ready, seen = () => {}) {
  let begun = false;
  const observer = new IntersectionObserver((entries) => {
    const yes = entries.some((entry) => entry.isIntersecting);
    if (yes && !begun) {
      begun = true;
      ready();
    }
    if (begun) seen(yes);
  }, { rootMargin: "200px" });
  observer.observe(element);
  return observer;
}
