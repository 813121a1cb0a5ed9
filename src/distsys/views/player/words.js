// Words for values, messages and steps: the sentences of distsys.views.words, said by the page. A test compares the two
// over many runs, so what a reader hears here is what Python prints.

const PAYLOADS = ["body", "message", "payload"]; // fields that hold what a message carries for somebody else
const UNSEEN = /[\p{C}\p{Z}]/u;

function printable(text) {
  return text.replace(/[\p{C}\p{Z}]/gu, (c) => (c === " " ? c : "?"));
}

function quoted(text) { // as Python writes a text
  const sign = text.includes("'") && !text.includes('"') ? '"' : "'";
  const inner = Array.from(text, (c) => {
    if (c === sign || c === "\\") return `\\${c}`;
    if (c === " " || !UNSEEN.test(c)) return c;
    const code = c.codePointAt(0);
    const short = { 9: "\\t", 10: "\\n", 13: "\\r" }[code];
    return short || (code < 256 ? `\\x${hex(code, 2)}` : code < 65536 ? `\\u${hex(code, 4)}` : `\\U${hex(code, 8)}`);
  });
  return sign + inner.join("") + sign;
}

const hex = (code, digits) => code.toString(16).padStart(digits, "0");

function brief(value, lanes = []) {
  if (typeof value === "string") return /^[\p{L}\p{N}]+$/u.test(value.replace(/[-_]/g, "")) ? value : quoted(value);
  if (value === null || value === undefined) return t("none");
  if (typeof value === "boolean") return t(value ? "yes" : "no");
  if (value instanceof Rec) {
    if (value.is) return value.is;
    if (value.name === "Operation") return [value.values[0], ...value.values.slice(1, 5).filter((item) => item !== null).map((item) => brief(item, lanes))].join(" ");
    if (value.values.length === 1 && value.values[0]?.tag === "$map") return brief(value.values[0], lanes);
    const inside = value.values.map((item) => brief(item, lanes)).join(", ");
    return inside ? `${value.name}(${inside})` : value.name;
  }
  return value instanceof Many ? briefMany(value, lanes) : String(value);
}

function briefMany(value, lanes) {
  const inside = (items) => items.map((item) => brief(item, lanes)).join(", ");
  switch (value.tag) {
    case "$map":
      if (lanes.length && value.items.length && value.pairs.every(([key, count]) => lanes.includes(key) && typeof count === "number"))
        return `[${lanes.map((name) => value.get(name) ?? 0).join(" ")}]`;
      return `{${value.pairs.map(([key, item]) => `${brief(key)}: ${brief(item, lanes)}`).join(", ")}}`;
    case "$list": return `(${inside(value.items)})`;
    case "$log": return `[${inside(value.items.slice(1))}]`;
    case "$set": return `{${inside([...value.items].sort(order))}}`;
    case "$bytes": return quotedBytes(value.items[0].match(/../g) || []);
    case "$int": return value.items[0];
  }
  return canonical(value);
}

function quotedBytes(pairs) { // as Python writes bytes
  const codes = pairs.map((pair) => parseInt(pair, 16));
  const sign = codes.includes(39) && !codes.includes(34) ? 34 : 39;
  const inner = codes.map((code) => {
    if (code === sign || code === 92) return `\\${String.fromCharCode(code)}`;
    const short = { 9: "\\t", 10: "\\n", 13: "\\r" }[code];
    return short || (code < 32 || code > 126 ? `\\x${hex(code, 2)}` : String.fromCharCode(code));
  });
  return `b${String.fromCharCode(sign)}${inner.join("")}${String.fromCharCode(sign)}`;
}

// A message and all that it carries inside, from the outermost to the innermost.
function layers(message) {
  const found = [message];
  for (;;) {
    const last = found.at(-1);
    const field = last instanceof Rec ? PAYLOADS.find((name) => last.fields.includes(name)) : undefined;
    const first = last instanceof Rec ? last.fields.find((name) => PAYLOADS.includes(name)) : field;
    if (first === undefined || last.get(first) === null) return found;
    found.push(last.get(first));
  }
}

const label = (message, lanes) => brief(layers(message).at(-1), lanes);
const classNames = (message) => layers(message).map((layer) => (layer instanceof Rec ? layer.name : ""));

function listed(names) {
  return names.length > 1 ? t("and", { first: names.slice(0, -1).join(", "), last: names.at(-1) }) : names.join("");
}

function shownTime(at) {
  const [size, unit] = Math.abs(at) >= 1e6 ? [1e6, "s"] : [1e3, "ms"];
  const whole = Math.floor(Math.abs(at) / size), rest = String(Math.abs(at) % size).padStart(String(size).length - 1, "0").replace(/0+$/, "");
  return `${at < 0 ? "-" : ""}${whole}${rest ? "." + rest : ""} ${unit}`;
}

const timerName = (timer) => timer.slice(timer.lastIndexOf("/") + 1);
const detailOf = (step, name) => step.detail?.get(name);
const sentBy = (step) => (step.cause && step.cause.effect.name === "Send" ? step.cause.effect : null);

function groupsOf(step) {
  const groups = detailOf(step, "groups");
  return groups ? groups.items.map((group) => group.items.join(", ")).join(" | ") : "";
}

function rateWords(ppm) {
  if (!ppm) return t("clock-true");
  const share = `${Math.floor(Math.abs(ppm) / 1e4)}${`.${String(Math.abs(ppm) % 1e4).padStart(4, "0")}`.replace(/\.?0+$/, "")}`;
  return t(ppm > 0 ? "clock-fast" : "clock-slow", { share });
}

function faultWords(step) {
  const sent = sentBy(step), to = detailOf(step, "to"), node = step.node;
  const message = sent ? label(sent.get("message")) : t("a-message");
  switch (step.kind) {
    case "drop": return t("drop", { message, from: detailOf(step, "from"), to, why: whyWords(step) });
    case "duplicate": return t("duplicate", { message, node, to });
    case "partition": return groupsOf(step) ? t("splits-so", { groups: groupsOf(step) }) : t("splits");
    case "cut": return t("cut", { node, to });
    case "heal": return t(detailOf(step, "phase") === "settle" ? "settle" : "heal");
    case "link": return t("link", { node: node || t("every-node"), to: to === "*" || to == null ? t("every-node") : to });
    case "skew": return t("skew", { node, rate: rateWords(detailOf(step, "ppm") ?? 0) });
    case "clock": {
      const by = detailOf(step, "by") ?? 0;
      return t(by >= 0 ? "jump-forward" : "jump-back", { node, by: shownTime(Math.abs(by)) });
    }
    case "crash": {
      const why = detailOf(step, "why");
      return `${t("crash", { node })}${why == null || why === "crash" ? "" : ` (${why})`}`;
    }
  }
  if (TOLD.includes(step.kind)) return `${node} ${told(step)}`;
  const known = `at-${step.kind}` in STRINGS.en;
  const words = known ? t(`at-${step.kind}`, { node }) : `${node} ${step.kind}${step.detail ? ` ${brief(step.detail)}` : ""}`;
  return words.trim();
}

// What a client tells of itself, who keeps no diary: "asks put x=1", "hears ok".
const TOLD = ["note", "return"];
const told = (step) => (step.detail?.pairs ?? []).map(([key, value]) => `${key} ${value}`).join(" ");

function whyWords(step) {
  const why = detailOf(step, "why") ?? "lost";
  return { lost: t("why-lost"), partition: t("why-partition"), down: t("why-down", { to: detailOf(step, "to") }) }[why] ?? why;
}

// What a node does: one clause for each effect; sends that follow each other are one clause.
function effectWords(effects) {
  const clauses = [];
  for (let place = 0; place < effects.length; place++) {
    const effect = effects[place];
    switch (effect.name) {
      case "Send": {
        const parts = [];
        for (; effects[place]?.name === "Send"; place++) {
          const content = label(effects[place].get("message")), last = parts.at(-1);
          if (last && last[0] === content) last[1].push(effects[place].get("to"));
          else parts.push([content, [effects[place].get("to")]]);
        }
        place--;
        clauses.push(t("sends", { what: parts.map(([message, to]) => t("to", { message, to: listed(to) })).join(", ") }));
        break;
      }
      case "SetTimer": {
        const [low, high] = [effect.get("low"), effect.get("high")];
        const span = low === high ? shownTime(low) : t("span", { low: shownTime(low), high: shownTime(high) });
        clauses.push(t("sets-timer", { timer: timerName(effect.get("timer")), span }));
        break;
      }
      case "CancelTimer": clauses.push(t("stops-timer", { timer: timerName(effect.get("timer")) })); break;
      case "Persist": clauses.push(t("writes", { keys: listed(effect.get("changes").pairs.map(([key]) => key)) })); break;
      case "Output": clauses.push(t("outputs", { value: brief(effect.get("value")) })); break;
      case "Note": clauses.push(t("notes", { text: effect.get("text") })); break;
    }
  }
  return clauses;
}

function beginning(step) {
  const { node, event } = step, name = event.name;
  if (step.kind === "start" || step.kind === "restart") return t(step.kind, { node });
  if (step.kind === "timeout" && name === "Timeout") return t("timeout", { node, timer: timerName(event.get("timer")) });
  const own = EXTENSIONS.sentence?.(step);
  if (own) return own;
  if (name !== "Deliver") return t("handles", { node, event: brief(event) });
  if (step.kind === "invoke") return t("invoke", { node, sender: event.get("sender"), message: brief(event.get("message")) });
  const sent = step.cause ? t("sent-at", { step: step.cause.step.number }) : "";
  return t("receives", { node, message: label(event.get("message")), sender: event.get("sender"), sent });
}

// What one step did, as a sentence without its number.
function deed(step) {
  const clauses = step.event ? effectWords(step.effects.slice(0, step.kept).filter((effect) => !step.atomic || !/Send|Timer/.test(effect.name))) : [];
  if (step.kept < step.effects.length) clauses.push(t("stops-after", { kept: step.kept, all: step.effects.length }));
  const what = step.event ? beginning(step) : faultWords(step);
  const whole = clauses.length ? t("it", { what, clauses: listed(clauses) }) : what;
  return /^(the |all |messages )/.test(whole) ? whole[0].toUpperCase() + whole.slice(1) : whole;
}

function sentence(run, step) {
  const broken = run.broken.filter((violation) => violation.step === step.number)
    .map((violation) => " " + t("broken-here", { law: quoted(violation.law), evidence: violation.evidence })).join("");
  return printable(`${t("step-at", { step: step.number, time: shownTime(step.at), deed: deed(step) })}${broken}`);
}
