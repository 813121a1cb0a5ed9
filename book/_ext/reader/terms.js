// A word of the glossary opens its definition, which waits in a <template> of the page, beside it. A browser without
// popovers, and a click that asks for a new tab, follow the link to the glossary.

const GAP = 6;  // pixels between the definition and its word, or the edge

function offerTerms() {
  if (!("popover" in HTMLElement.prototype)) return;
  const templates = new Map([...document.querySelectorAll("template[data-term]")].map((one) => [one.dataset.term, one]));
  const links = [...document.querySelectorAll("a:has(> .std-term)")].filter((link) => templates.has(link.hash.slice(1)));
  if (!links.length) return;
  let opener;  // the link whose definition is open, or was
  let pressed;  // the link that was pressed while its definition was open: this press closes it

  const title = h("strong", { id: "ds-term-name" });
  const body = h("div");
  const more = h("a", {}, t("glossary"));
  const close = h("button", { type: "button", class: "ds-button", onclick: () => box.hidePopover() }, t("close"));
  const box = h("div", { popover: "auto", role: "dialog", "aria-labelledby": title.id, class: "ds-term", tabindex: -1 },
    title, body, h("div", { class: "ds-row" }, more, close));

  const isOpen = () => box.matches(":popover-open");

  // Below the word, or above where only there is room; never over the edge of the window.
  function put(link) {
    const word = link.getClientRects()[0];
    const { width, height } = box.getBoundingClientRect();
    const left = Math.max(GAP, Math.min(word.left, document.documentElement.clientWidth - width - GAP));
    const above = word.bottom + GAP + height > innerHeight && word.top - GAP - height > 0;
    const top = above ? word.top - GAP - height : word.bottom + GAP;
    box.style.left = `${left + scrollX}px`;
    box.style.top = `${top + scrollY}px`;
  }

  function open(link) {
    const template = templates.get(link.hash.slice(1));
    title.textContent = template.dataset.name;
    body.replaceChildren(template.content.cloneNode(true));
    more.href = link.href;
    if (isOpen()) box.hidePopover();
    opener = link;
    link.focus({ preventScroll: true });  // the place to which the browser gives the focus back
    box.showPopover({ source: link });
    put(link);
    box.focus({ preventScroll: true });
  }

  box.addEventListener("beforetoggle", (event) => opener.setAttribute("aria-expanded", event.newState === "open"));
  document.addEventListener("keydown", (event) => {  // the theme takes the Escape key away from the browser
    if (event.key === "Escape" && isOpen()) box.hidePopover();
  });
  for (const link of links) {
    link.setAttribute("aria-haspopup", "dialog");
    link.setAttribute("aria-expanded", "false");
    link.addEventListener("pointerdown", () => { pressed = isOpen() && opener; });
    link.addEventListener("click", (event) => {
      if (event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
      event.preventDefault();
      if (pressed !== link) open(link);
      pressed = null;
    });
  }
  document.body.append(box);
}

offerTerms();
