// What a space-time diagram shows, before any pixel: a lane for each node, a row for each step, and what lasts over rows.
// The same decisions as distsys.views.staging makes for the still picture.

const BEFORE = -1, AFTER = 1e9; // rows of what lies outside the picture
const QUIET = ["Ack", "Heartbeat"]; // classes of messages that are drawn thin
const TERMS = ["term", "epoch", "ballot", "view"];

// options: first and last step, classes of messages that are left out, lanes that are hidden.
function sceneOf(run, { first, last, without = [], hidden = new Set(), differs = 0 }) {
  const names = run.names.filter((name) => !hidden.has(name));
  const lane = new Map(names.map((name, place) => [name, place]));
  const scene = { run, names, lane, first, last, differs, rows: [], rowOf: new Map(), arrows: [], spells: [], bands: [], reigns: [] };
  const short = run.names.length <= 6 ? run.names : [];
  const known = run.names.map(() => null);
  const lasting = lastingOf(scene);
  for (const step of run.steps.slice(0, last)) {
    const seen = step.number >= first && (!step.node || lane.has(step.node)) && !leftOut(run, step, without);
    if (seen) addRow(scene, step, short, known);
    if (step.event && step.lane >= 0) known[step.lane] = stateAt(run, step.lane, step.number)?.[1] || null;
    lasting.follow(step, step.number < first ? BEFORE : scene.rows.length - 1);
  }
  lasting.close();
  for (const step of run.steps.slice(0, last))
    step.effects.slice(0, step.kept).forEach((effect, position) => {
      if (effect.name === "Send" && !classNames(effect.get("message")).some((name) => without.includes(name))) addArrows(scene, step, position, effect);
    });
  return scene;
}

function leftOut(run, step, without) {
  const send = sentBy(step), carries = (effect) => classNames(effect.get("message")).some((name) => without.includes(name));
  if (!send || !carries(send)) return false;
  const speaks = step.effects.slice(0, step.kept).some((e) => e.name === "Output" || e.name === "Note" || (e.name === "Send" && !carries(e)));
  return !speaks && !run.broken.some((violation) => violation.step === step.number);
}

function addRow(scene, step, short, known) {
  const { rows, run } = scene, last = rows.at(-1);
  const broken = run.broken.some((violation) => violation.step === step.number);
  const here = step.node && step.kind !== "cut" && step.kind !== "link";
  const mark = here && markOf(scene, step, short, known, broken);
  const free = mark && last && last.at === step.at && !last.marks.some((m) => m.lane === mark.lane);
  const joins = free && (step.atomic || (step.kind === "start" && last.calm && !broken));
  if (joins) {
    last.marks.push(mark);
    last.steps.push(step.number);
  } else {
    const words = faultWords(step);
    const wide = here ? "" : words[0].toUpperCase() + words.slice(1);
    rows.push({ at: step.at, steps: [step.number], marks: mark ? [mark] : [], wide, calm: step.kind === "start" && !broken, drop: step.atomic && step.kind !== "start" ? LINE : 0 }); // labels stand below arrows that lie
  }
  scene.rowOf.set(step.number, rows.length - 1);
}

// A mark: {step, lane, shape, texts: [[role, text]], broken, toward}.
function markOf(scene, step, short, known, broken) {
  const lane = scene.lane.get(step.node), [shape, head] = EXTENSIONS.shape?.(step, short) || shapeOf(step, short);
  const texts = head[1] ? [head] : [];
  const news = step.event ? newsOf(scene.run, step, short, known) : [];
  for (const effect of step.event ? step.effects.slice(0, step.kept) : []) {
    if (effect.name === "Note") texts.push(["note", effect.get("text")]);
    else if (effect.name === "Output") {
      const whole = brief(effect.get("value"), short), value = label(effect.get("value"), short);
      if (!news.some(([, text]) => text.length > 3 && whole.includes(text))) texts.push(["out", head[1].endsWith(value) ? t("outputs-it") : t("outputs", { value })]);
    }
  }
  if (!EXTENSIONS[step.kind]) texts.push(...news.map(([name, text]) => ["state", `${name} ${text}`]));
  if (step.kept < step.effects.length) texts.push(["fault", t("stops-after", { kept: step.kept, all: step.effects.length })]);
  const other = detailOf(step, shape === "refused" ? "from" : "to");
  return { step: step.number, lane, shape, texts, broken, toward: scene.lane.get(other) ?? lane };
}

function newsOf(run, step, short, known) {
  const now = stateAt(run, step.lane, step.number)?.[1] || [], before = known[step.lane] || [], fresh = step.kind.endsWith("start");
  return run.fields.flatMap((name, field) => {
    const value = now[field];
    if (value === undefined || (fresh ? isEmpty(value) : before[field] !== undefined && canonical(before[field]) === canonical(value))) return [];
    return [[name, shortened(value, short)]];
  });
}

const isEmpty = (value) => {
  const inner = value instanceof Rec && value.fields[0] === "counts" ? value.values[0] : value;
  return inner === null || (inner instanceof Many && inner.items.length === (inner.tag === "$log" ? 1 : 0) && inner.tag !== "$int");
};

// A declared value in a few words; of what is long, how much it holds.
function shortened(value, short) {
  if (value?.tag === "$log" && value.items.length > 5) return t("log-of", { count: value.items[0] + value.items.length - 1, last: brief(value.items.at(-1), short) });
  if (value !== null && isEmpty(value)) return t("empty");
  const words = brief(value, short);
  const many = (value?.tag === "$list" || value?.tag === "$set") && words.length > 24 && words.slice(1).includes("(");
  return many ? t(value.items.length === 1 ? "item" : "items", { count: value.items.length }) : words;
}

function shapeOf(step, short) {
  const { event, kind } = step;
  switch (kind) {
    case "start": return ["start", ["what", ""]];
    case "restart": return ["start", ["what", t("restarts")]];
    case "timeout": return ["timeout", ["what", t("timer", { timer: timerName(event.get("timer")) })]];
    case "invoke": return ["invoke", ["what", `${event.get("sender")}: ${label(event.get("message"), short)}`]];
    case "deliver": return ["dot", [isQuiet(event.get("message")) ? "quiet" : "what", label(event.get("message"), short)]];
    case "drop": return [lossOf(step), ["fault", dropWords(step, short)]];
    case "duplicate": return ["copy", ["fault", t("second-copy", { to: detailOf(step, "to") })]];
    case "crash": return ["crash", ["fault", t(detailOf(step, "why") === "disk full" ? "full-crashes" : "crashes")]];
    case "skew": return ["clock", ["fault", t("clock", { what: rateWords(detailOf(step, "ppm") ?? 0) })]];
    case "clock": return ["clock", ["fault", t("clock", { what: `${detailOf(step, "by") >= 0 ? "+" : ""}${shownTime(detailOf(step, "by") ?? 0)}` })]];
  }
  if (`is-${kind}` in STRINGS.en) return ["fault", ["fault", t(`is-${kind}`)]];
  if (TOLD.includes(kind)) return ["cell", ["what", told(step)]];
  return ["cell", ["what", [kind, ...(step.detail ? step.detail.pairs.map(([, value]) => brief(value)) : [])].join(" ")]];
}

function dropWords(step, short) {
  const to = detailOf(step, "to"), why = detailOf(step, "why"), sent = sentBy(step);
  const message = sent ? label(sent.get("message"), short) : t("message");
  return t(why === "down" ? "lost-down" : why === "partition" ? "lost-blocked" : "lost-way", { message, to });
}

const isQuiet = (message) => QUIET.includes(classNames(message).at(-1));
const lossOf = (step) => (step.node === detailOf(step, "from") && detailOf(step, "why") !== "down" ? "lost" : "refused");

// Where a message ended: the steps that its send caused, by "step:position".
function endsOf(run) {
  if (!run.ends) {
    run.ends = new Map();
    for (const step of run.steps) if (step.cause) {
      const key = `${step.cause.step.number}:${step.cause.position}`;
      run.ends.set(key, [...(run.ends.get(key) || []), step]);
    }
  }
  return run.ends;
}

function addArrows(scene, step, position, send) {
  const { run, lane, rowOf, last } = scene;
  const from = lane.get(step.node), to = lane.get(send.get("to")) ?? (run.names.includes(send.get("to")) ? undefined : from);
  if (from === undefined || to === undefined) return;
  const ends = endsOf(run).get(`${step.number}:${position}`) || [];
  const arrivals = ends.filter((end) => end.kind !== "duplicate");
  const starts = [rowOf.get(step.number) ?? BEFORE, ...ends.filter((end) => end.kind === "duplicate" && end.number <= last).map((end) => rowOf.get(end.number) ?? BEFORE)];
  starts.forEach((start, place) => {
    const end = arrivals[place];
    let kind = "flying", stop = AFTER;
    if (end && end.number <= last) {
      stop = rowOf.get(end.number) ?? BEFORE;
      kind = end.kind === "drop" ? lossOf(end) : place ? "copy" : "delivered";
    }
    if (step.atomic) { // a value goes from the process to the cell, or back, in one row
      if (step.kind === "write" || end?.kind === "read" || stop === AFTER) return;
      start = stop;
    }
    if (start === BEFORE && (stop === BEFORE || stop === AFTER)) return;
    scene.arrows.push({ from, to, start, stop, kind, step: step.number, position, end: end ? end.number : 0, quiet: isQuiet(send.get("message")) });
  });
}

// What lasts from one row to another: nodes that are down or paused, a split network, a role in a term.
function lastingOf(scene) {
  const { run, lane } = scene, spells = new Map(), reigns = new Map();
  let bands = [];
  const role = run.fields.indexOf("role"), term = run.fields.findIndex((name) => TERMS.includes(name));
  const end = (map, key, row, list) => {
    const open = map.get(key);
    map.delete(key);
    if (open && row !== BEFORE && !(open.start === BEFORE && row === 0 && list === scene.spells)) list.push({ ...open, stop: row });
  };
  for (const name of run.head.get("names").items)
    if (lane.has(name) && run.steps.some((step) => step.node === name && step.kind.endsWith("start"))) spells.set(`${name} down`, { lane: lane.get(name), kind: "down", start: BEFORE });
  const endBands = (row) => {
    if (row !== BEFORE) scene.bands.push(...bands.map((band) => ({ ...band, stop: row })));
    bands = [];
  };
  return {
    follow(step, row) {
      const { node, kind } = step, here = lane.get(node), closes = { resume: "pause", unstall: "stall", free: "full" }[kind];
      if (kind === "partition" || kind === "cut") bands.push({ start: row, words: faultWords(step), ...split(scene, step) });
      if (kind === "heal") endBands(row);
      if (here === undefined) return;
      const begin = (what) => spells.has(`${node} ${what}`) || spells.set(`${node} ${what}`, { lane: here, kind: what, start: row });
      if (kind.endsWith("start")) end(spells, `${node} down`, row, scene.spells);
      if (kind === "crash") {
        end(spells, `${node} pause`, row, scene.spells);
        begin("down");
        end(reigns, node, row, scene.reigns);
      }
      if (kind === "pause" || kind === "stall" || kind === "full") begin(kind);
      if (closes) end(spells, `${node} ${closes}`, row, scene.spells);
      const values = step.event && stateAt(run, step.lane, step.number)?.[1];
      if (!values || (role < 0 && term < 0)) return;
      const now = { role: values[role] == null ? "" : brief(values[role]), term: typeof values[term] === "number" ? values[term] : null };
      const open = reigns.get(node);
      if (open && open.role === now.role && open.term === now.term) return;
      end(reigns, node, row, scene.reigns);
      reigns.set(node, { lane: here, start: row, ...now });
    },
    close() {
      for (const key of [...spells.keys()]) end(spells, key, AFTER, scene.spells);
      endBands(AFTER);
      for (const key of [...reigns.keys()]) end(reigns, key, AFTER, scene.reigns);
    },
  };
}

// A band of a cut lies between two lanes; of a partition it covers all, with walls where neighbours are apart.
function split(scene, step) {
  if (step.kind === "cut") {
    const pair = [step.node, detailOf(step, "to")].map((name) => scene.lane.get(name) ?? 0).sort((a, b) => a - b);
    return { walls: [], lanes: pair };
  }
  const side = scene.names.map((name) => detailOf(step, "groups")?.items.findIndex((group) => group.items.includes(name)) ?? -1);
  const walls = side.flatMap((group, place) => (place + 1 < side.length && side[place + 1] !== group ? [place] : []));
  return { walls: walls.length === new Set(side).size - 1 ? walls : [], lanes: null };
}
