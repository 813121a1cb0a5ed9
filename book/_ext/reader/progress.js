// The page of progress: what is remembered, entered into the table that the build wrote; export, import, clear.

const FORMAT = 1;
const MOST_BYTES = 1000000;  // of a file; a whole book needs less than a hundredth of it

// Fill the row of one page, and return its numbers.
function fillRow(row) {
  const names = (key) => row.dataset[key].split(" ").filter(Boolean);
  const record = recall(row.dataset.page);
  const questions = names("questions");
  const exercises = names("exercises");
  const right = questions.filter((name) => record.answers[name] && record.answers[name].right).length;
  const done = exercises.filter((id) => record.done.includes(id)).length;
  const cell = (key) => row.querySelector(`[data-count="${key}"]`);
  cell("read").replaceChildren(...(record.read ? [sign(true), h("span", {}, ` ${t("yes")}`)] : []));
  if (questions.length) cell("questions").textContent = t("of", { done: right, all: questions.length });
  if (exercises.length) cell("exercises").textContent = t("of", { done, all: exercises.length });
  return { pages: 1, read: Number(record.read), questions: questions.length, right, exercises: exercises.length, done };
}

function fillTable(place) {
  const sum = { pages: 0, read: 0, questions: 0, right: 0, exercises: 0, done: 0 };
  for (const row of place.querySelectorAll("tr[data-page]")) {
    for (const [key, value] of Object.entries(fillRow(row))) sum[key] += value;
  }
  place.querySelector(".ds-sum").textContent = t("sum", sum) + (store ? "" : ` ${t("not kept")}`);
}

function exported() {
  const pages = Object.fromEntries(remembered().map((page) => [page, recall(page)]));
  return `${JSON.stringify({ book: BOOK, format: FORMAT, pages }, null, 1)}\n`;
}

function save(text, file) {
  const url = URL.createObjectURL(new Blob([text], { type: "application/json" }));  // it lives as long as the page
  h("a", { href: url, download: file }).click();
}

// Add what a file holds to what is here. What was read or done stays so; the answers of the file win.
function take(text) {
  const content = JSON.parse(text);
  if (content.book !== BOOK || content.format !== FORMAT) throw new Error("another file");
  for (const [page, value] of Object.entries(content.pages)) {
    const theirs = tidy(value);
    const mine = recall(page);
    remember(page, {
      read: mine.read || theirs.read,
      answers: { ...mine.answers, ...theirs.answers },
      done: [...mine.done, ...theirs.done],
    });
  }
}

function offerTools(place) {
  const said = place.querySelector(".ds-said");
  const fill = () => {
    fillTable(place);
    markPages();
  };
  const say = (text) => {
    fill();
    said.textContent = text;
  };
  const read = async () => {
    const [file] = input.files;
    input.value = "";
    if (!file) return;
    try {
      if (file.size > MOST_BYTES) throw new Error("too large");
      take(await file.text());
      say(t("imported"));
    } catch {
      say(t("not imported"));
    }
  };
  const input = h("input", { type: "file", accept: ".json", hidden: "", onchange: read });
  const button = (key, action) => h("button", { type: "button", class: "ds-button", onclick: action }, t(key));
  const write = () => {
    const file = `progress-${BOOK}.json`;
    save(exported(), file);
    say(t("exported", { file }));
  };
  const clear = () => {
    if (!confirm(t("sure"))) return;
    remembered().forEach((page) => remember(page, null));
    say(t("cleared"));
  };
  place.querySelector(".ds-tools").append(button("export", write), button("import", () => input.click()), button("clear", clear), input);
  fill();
  window.addEventListener("storage", fill);  // something was noted, perhaps in another tab
  window.addEventListener("pageshow", (event) => event.persisted && fill());
}

document.querySelectorAll(".ds-progress").forEach(offerTools);
