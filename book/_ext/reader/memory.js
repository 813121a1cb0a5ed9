// What this browser remembers: one record for each page, {read, answers: {name: {chosen, right}}, done: [ids]}. Under file://
// the store may be missing, or shared by all files of the disk: so a key is the name of the book and the page inside it.

const BOOK = "distributed-systems-architecture";
const PREFIX = `${BOOK}/`;

const store = (() => {
  try {
    localStorage.setItem(`${PREFIX}?`, "1");
    localStorage.removeItem(`${PREFIX}?`);
    return localStorage;
  } catch {
    return null;
  }
})();

// A record of the right form, whatever `value` is: it may come from a file.
function tidy(value) {
  const record = { read: false, answers: {}, done: [] };
  if (value === null || typeof value !== "object") return record;
  record.read = value.read === true;
  if (Array.isArray(value.done)) record.done = [...new Set(value.done.filter((id) => typeof id === "string"))].sort();
  for (const [name, answer] of Object.entries(value.answers || {}).sort()) {
    if (answer && Array.isArray(answer.chosen)) {
      record.answers[name] = { chosen: answer.chosen.map(String), right: answer.right === true };
    }
  }
  return record;
}

function recall(page) {
  try {
    return tidy(JSON.parse(store.getItem(PREFIX + page)));
  } catch {
    return tidy(null);
  }
}

function remember(page, record) {
  const text = JSON.stringify(tidy(record));
  const nothing = text === JSON.stringify(tidy(null));
  try {
    if (nothing) store.removeItem(PREFIX + page);
    else store.setItem(PREFIX + page, text);
  } catch {
    // There is no store, or it is full: the page works on.
  }
}

// Change the record of the page that is open.
function note(change) {
  const record = recall(PAGE);
  change(record);
  remember(PAGE, record);
}

// All pages of which something is remembered, sorted.
function remembered() {
  return Object.keys(store || {}).filter((key) => key.startsWith(PREFIX)).map((key) => key.slice(PREFIX.length)).sort();
}
