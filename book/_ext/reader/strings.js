// Every word that the script says, in one table: a translation is one more entry. {name} is filled in. The page chooses
// the language (<html lang>).

const STRINGS = {
  en: {
    "check": "Check",
    "again": "Try again",
    "choose": "Choose an answer first.",
    "complete": "Right, and complete.",
    "incomplete": "Right so far, but not complete: {count} more.",
    "not right": "Not right.",
    "was right": "You were right.",
    "was wrong": "You were wrong.",
    "done": "Done",
    "read": "read",
    "yes": "yes",
    "of": "{done} of {all}",
    "sum": "{read} of {pages} pages read, {right} of {questions} questions answered right, {done} of {exercises} exercises done.",
    "not kept": "This browser lets the page remember nothing beyond this visit.",
    "export": "Export",
    "import": "Import",
    "clear": "Clear",
    "exported": "Saved as the file {file}.",
    "imported": "What the file holds was added.",
    "not imported": "This file holds no progress of this book. Nothing was changed.",
    "sure": "Forget what you have read, answered and done in this book?",
    "cleared": "Everything is forgotten.",
    "close": "Close",
    "glossary": "In the glossary",
  },
};

function t(key, values = {}) {
  const language = (document.documentElement.lang || "en").slice(0, 2);
  const text = (STRINGS[language] || STRINGS.en)[key] ?? STRINGS.en[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? values[name] : whole));
}
