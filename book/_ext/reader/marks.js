// A box to tick under each exercise, a page that is read when its end comes into view, and a tick beside such pages in
// the table of contents. The style sheet keeps their places free.

function offerTick(box) {
  const title = box.querySelector(".admonition-title");
  const input = h("input", {
    type: "checkbox",
    autocomplete: "off",
    onchange: () => note((record) => {
      record.done = record.done.filter((id) => id !== box.id).concat(input.checked ? [box.id] : []);
    }),
  });
  input.checked = recall(PAGE).done.includes(box.id);
  box.append(h("label", { class: "ds-done" }, input, ` ${t("done")}`, h("span", { class: "ds-sr" }, ` ${title ? title.textContent : box.id}`)));
}

function markPages() {
  for (const link of document.querySelectorAll("nav.bd-links a[href]")) {
    const read = recall(pageOf(link)).read;
    const mark = link.querySelector(".ds-read");
    if (mark && !read) mark.remove();
    if (read && !mark) {
      link.append(h("span", { class: "ds-read" }, sign(true), h("span", { class: "ds-sr" }, ` (${t("read")})`)));
    }
  }
}

// An element without height behind the last line tells when the end is seen.
function watchEnd(article) {
  const end = h("div", { "aria-hidden": "true" });
  article.append(end);
  const observer = new IntersectionObserver((entries) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    observer.disconnect();
    note((record) => { record.read = true; });
    markPages();
    window.dispatchEvent(new Event("storage"));  // the page of progress counts itself too
  });
  observer.observe(end);
}

document.querySelectorAll("div.exercise[id]").forEach(offerTick);
markPages();
const article = document.querySelector(".bd-article");
if (article && /^(book|chapters)\//.test(PAGE)) watchEnd(article);
