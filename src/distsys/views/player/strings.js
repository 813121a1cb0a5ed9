// Every word that a reader sees, in one table: a translation is one more entry of STRINGS. {name} is filled in.
// A language is chosen by the page (<html lang>), and English is what is left.

const STRINGS = {
  en: {
    "play": "Play",
    "pause": "Pause",
  },
};

function t(key, values = {}) {
  const language = (document.documentElement.lang || "en").slice(0, 2);
  const text = (STRINGS[language] || STRINGS.en)[key] ?? STRINGS.en[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? values[name] : whole));
}
