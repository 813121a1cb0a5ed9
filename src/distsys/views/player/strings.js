// Every word that a reader sees stands in one table, STRINGS: a language is one more entry of it, filled by the parts
// that come after, each with the words of its own figure. {name} is filled in. The page chooses (<html lang>), and
// English is what is left.

const STRINGS = { en: {} };

function t(key, values = {}) {
  const language = (document.documentElement.lang || "en").slice(0, 2);
  const text = (STRINGS[language] || STRINGS.en)[key] ?? STRINGS.en[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? values[name] : whole));
}
