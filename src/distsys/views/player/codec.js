// From what a figure carries (distsys.views.payload says how it is written) to a run: steps, values, states; and back
// to the file form of the trace, byte for byte.

const TAGS = ["$list", "$map", "$set", "$bytes", "$int", "$log", "$dice", "$log+", "$tail", "$put", "$more", "$object"];

class Rec { // a record: its class and its fields in the order of the code; of an enum member `is`
  constructor(tag, fields, values) {
    Object.assign(this, fields[0] === 0 ? { tag, is: values[0], fields: [], values: [] } : { tag, fields, values });
  }
  get name() { return this.tag.slice(this.tag.lastIndexOf(".") + 1); }
  get(field) { return this.values[this.fields.indexOf(field)]; }
}

class Many { // a tuple, map (key, value, key, value, ...), set, log, or something else with a tag
  constructor(tag, items) { Object.assign(this, { tag, items }); }
  get pairs() { return this.items.flatMap((key, place) => (place % 2 ? [] : [[key, this.items[place + 1]]])); }
  get(key) { return (this.pairs.find(([other]) => other === key) || [])[1]; }
}

function unpacker(shapes, table) {
  const known = [];
  return function unpacked(form) {
    if (!Array.isArray(form)) return form;
    const [head, ...rest] = form;
    if (form.length === 1 && head >= 0) return (known[head] ??= unpacked(table[head]));
    if (head < 0) return new Many(TAGS[-1 - head], rest.map(unpacked));
    const [tag, ...fields] = shapes[head - 1];
    return new Rec(tag, fields, fields.length ? rest.map(unpacked) : []);
  };
}

const byCode = (a, b) => (a < b ? -1 : a > b ? 1 : 0);

// The canonical JSON of a value, as distsys.core.canonical writes it.
function canonical(value) {
  if (value instanceof Rec) {
    const inner = value.is ? [["is", value.is]] : value.fields.map((field, place) => [field, value.values[place]]);
    return object([["$", value.tag], ...inner]);
  }
  if (!(value instanceof Many)) return JSON.stringify(value);
  if (value.tag === "$object") return object(value.pairs);
  const items = value.tag === "$map" ? value.pairs.map(([k, v]) => `[${canonical(k)},${canonical(v)}]`) : value.items.map(canonical);
  if (value.tag === "$list") return `[${items}]`;
  return `{"${value.tag}":${["$bytes", "$int", "$dice"].includes(value.tag) ? items[0] : `[${items}]`}}`;
}

function object(pairs) {
  return `{${pairs.sort(([a], [b]) => byCode(a, b)).map(([key, value]) => `${JSON.stringify(key)}:${canonical(value)}`)}}`;
}

// Returns {names, head, steps, states, ...}; throws an error that a reader can understand.
function readRun(data) {
  if (data?.v !== 1) throw new Error(t("bad-version", { version: String(data?.v) }));
  const unpacked = unpacker(data.shapes, data.table);
  const head = unpacked(data.head);
  const run = { ...data, head, system: head.get("system"), seed: head.get("seed"), steps: [], first: [1] };
  const event = (tag, fields, values) => new Rec(`events.${tag}`, fields, values);
  let at = 0;
  for (const row of data.steps) {
    const [dt, kind, node = 0, cause = 0, effects = 0, changes = 0, handler = 0, given = 0, detail = 0, kept = 0] = row;
    at += dt;
    const step = {
      number: run.steps.length + 1, at, kind: data.kinds[kind], node: node ? data.names[node - 1] : "", lane: node - 1, atomic: data.atomic,
      cause: null, event: null, effects: (effects || []).map(unpacked), handler: data.handlers[handler - 1] || "",
      detail: detail ? unpacked(detail) : null, changes: (changes || []).map((part, place) => (place % 2 ? unpacked(part) : part)),
    };
    if (!KINDS.includes(step.kind)) throw new Error(t("bad-kind", { kind: String(step.kind), step: step.number }));
    step.kept = kept ? kept - 1 : step.effects.length;
    if (cause) step.cause = causeOf(run, cause);
    const source = step.cause && step.cause.effect;
    const now = at + (typeof given === "number" ? given : 0);
    if (Array.isArray(given)) step.event = unpacked(given);
    else if (source && source.name === "Send" && !UNHANDLED.includes(step.kind))
      step.event = event("Deliver", ["sender", "message", "now"], [step.cause.step.node, source.get("message"), now]);
    else if (source && source.name === "SetTimer") step.event = event("Timeout", ["timer", "now"], [source.get("timer"), now]);
    run.steps.push(step);
    run.first.push(run.first.at(-1) + step.effects.length);
  }
  run.states = statesOf(run);
  run.broken = data.end.violations;
  return run;
}

// Find the effect with this number over all effects of the run, counted from 1.
function causeOf(run, number) {
  let low = 0, high = run.steps.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (run.first[middle] <= number) low = middle;
    else high = middle - 1;
  }
  const step = run.steps[low], position = number - run.first[low];
  if (!step || !step.effects[position]) throw new Error(t("bad-cause", { step: run.steps.length + 1 }));
  return { step, position, effect: step.effects[position] };
}

const FAULTS = "restart crash pause resume stall unstall wipe full free skew clock drop partition cut heal link".split(" "); // and what ends them
const KINDS = [...FAULTS, ..."start deliver timeout invoke duplicate read write swap return note".split(" ")];

const UNHANDLED = ["drop", "duplicate", "return", "note"]; // where a message ends, and no node handles it

// For each lane the list of [step, values by field or null], where the declared fields changed.
function statesOf(run) {
  const states = run.names.map(() => []);
  for (const step of run.steps) {
    if (step.lane < 0) continue;
    const list = states[step.lane];
    const before = list.length ? list.at(-1)[1] : null;
    if (step.kind === "crash") list.push([step.number, null]);
    else if (step.changes.length || step.kind === "start" || step.kind === "restart") {
      const values = step.kind.endsWith("start") || !before ? [] : [...before];
      for (let i = 0; i < step.changes.length; i += 2) values[step.changes[i]] = changed(values[step.changes[i]], step.changes[i + 1]);
      list.push([step.number, values]);
    }
  }
  return states;
}

function changed(old, news) {
  if (!(news instanceof Many)) return news;
  if (news.tag === "$tail") return new Many(old.tag, [...old.items.slice(0, news.items[0]), ...news.items.slice(1)]);
  if (news.tag === "$more") return new Many("$set", [...old.items, ...news.items]);
  if (news.tag !== "$put") return news;
  const pairs = new Map([...old.pairs, ...news.pairs].map(([key, value]) => [canonical(key), [key, value]]));
  return new Many("$map", [...pairs.values()].sort(([a], [b]) => order(a, b)).flat());
}

function order(a, b) {
  if (typeof a === "number" && typeof b === "number") return a - b;
  return byCode(typeof a === "string" ? a : canonical(a), typeof b === "string" ? b : canonical(b));
}

// The values of a lane after a step, or null where it is down; with {value, at}: since which step.
function stateAt(run, lane, number) {
  const list = run.states[lane];
  let low = 0, high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (list[middle][0] <= number) low = middle + 1;
    else high = middle;
  }
  return low ? list[low - 1] : null;
}

// The file form of the trace: what `Trace.load` reads.
function fileForm(run) {
  const lines = run.steps.map((step) => {
    const parts = [["at", step.at], ["i", step.number], ["kind", step.kind]];
    if (step.node) parts.push(["node", step.node]);
    if (step.event) parts.push(["event", step.event]);
    if (step.effects.length) parts.push(["effects", new Many("$list", step.effects)]);
    if (step.kept !== step.effects.length) parts.push(["kept", step.kept]);
    if (step.cause) parts.push(["cause", new Many("$list", [step.cause.step.number, step.cause.position])]);
    if (step.detail) parts.push(["detail", step.detail]);
    return object(parts);
  });
  return [canonical(run.head), ...lines, sorted(run.end)].join("\n") + "\n";
}

function sorted(value) { // plain JSON types with their keys in order
  if (Array.isArray(value)) return `[${value.map(sorted)}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  return `{${Object.keys(value).sort(byCode).map((key) => `${JSON.stringify(key)}:${sorted(value[key])}`)}}`;
}
