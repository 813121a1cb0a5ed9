// Operations of clients, faults on the same axis, and where all of it stands: as distsys.views.calls and .timeline do it.

let kit; // what the script of <dist-trace> gives
const READS = ["read", "get"], BEGINS = { crash: "down", pause: "pause", stall: "stall", full: "full" };
const ENDS = { start: "down", restart: "down", resume: "pause", unstall: "stall", free: "full" }, MARKS = ["skew", "clock", "wipe", "link"];
const GAP = 24, POINT = 22, PAD = 10, SPAN = 44, UNDER = 62, ROW = 50, STRIP = 20;

// [{process, f, key, asked, answer, start, stop (0: open), gaveUp, ending, label}] in the order in which they began.
function callsOf(run) {
  const calls = [], open = new Map();
  for (const { number, effects, kept } of run.steps) for (const effect of effects.slice(0, kept)) {
    const value = effect.name === "Output" && effect.get("value");
    if (value?.name !== "Operation" || !value.get("process")) continue;
    const [process, type] = [value.get("process"), value.get("type")];
    if (type === "invoke") {
      const call = { process, f: value.get("f"), key: value.get("key"), asked: value.get("value"), answer: null, start: number, stop: 0, gaveUp: 0, ending: "info" };
      open.set(process, call);
      calls.push(call);
    } else if (open.has(process)) {
      Object.assign(open.get(process), type === "info" ? { gaveUp: number } : { stop: number, ending: type, answer: value.get("value") });
      open.delete(process);
    }
  }
  for (const call of calls) call.label = labelOf(call);
  return calls;
}

function labelOf({ f, key, asked, answer, ending }) {
  const what = (key == null ? "" : ` ${kit.brief(key)}`) + (asked == null ? "" : (key == null ? " " : "=") + kit.brief(asked));
  const says = ending === "ok" && (answer == null ? READS.includes(f) : asked == null || kit.canonical(answer) !== kit.canonical(asked));
  return kit.printable(f + what + (says ? ` -> ${kit.brief(answer)}` : ""));
}

// [{start, stop (0: to the end; start: a moment), kind, words}] in the order in which they began.
function faultsOf(run) {
  const found = [], lasting = new Map();
  const end = (key, at) => {
    if (lasting.has(key)) lasting.get(key).stop = at;
    lasting.delete(key);
  };
  const begin = (key, start, kind, words) => {
    const fault = { start, stop: 0, kind, words: kit.printable(words) };
    lasting.set(key, fault);
    found.push(fault);
  };
  for (const { number, node, kind, detail } of run.steps) {
    const what = BEGINS[kind];
    if (what && !lasting.has(`${node} ${what}`)) {
      if (kind === "crash") end(`${node} pause`, number);
      begin(`${node} ${what}`, number, what, t(what, { node }));
    } else if (ENDS[kind]) end(`${node} ${ENDS[kind]}`, number);
    else if (kind === "partition" || kind === "cut") {
      const sides = detail?.get("groups")?.items.map((group) => group.items.join(", ")).join(" | ") ?? "";
      begin(`split ${found.length}`, number, "split", kind === "cut" ? t("not-to", { node, to: detail?.get("to") }) : sides);
    } else if (kind === "heal") [...lasting].forEach(([key, fault]) => fault.kind === "split" && end(key, number));
    else if (MARKS.includes(kind)) found.push({ start: number, stop: number, kind: "mark", words: kit.printable(t(kind, { node }).trim()) });
  }
  return found;
}

// {columns, xs, end, processes, points: [[x, number of the call]], strips: [[fault, line]], x(step), stop(call)}.
function timelineOf(calls, faults, order) {
  const wide = kit.widthOf, marks = [...calls.flatMap((call) => [call.start, call.stop, call.gaveUp]), ...faults.flatMap((fault) => [fault.start, fault.stop])];
  const columns = [...new Set(marks.filter(Boolean))].sort((a, b) => a - b), column = new Map(columns.map((at, place) => [at, place]));
  let slot = 0;
  const slots = order.map((number) => {
    const { start, stop } = calls[number], from = column.get(start);
    slot = Math.max(slot, from);
    return stop ? Math.min(slot, Math.max(column.get(stop) - 1, from)) : slot;
  });
  const crowd = (place) => slots.filter((one) => one === place).length, step = (place) => Math.max(GAP, POINT * crowd(place) + 2);
  const xs = [], free = new Map(), began = new Map(calls.filter((call) => call.stop).map((call) => [call.stop, call.start])), starting = new Map();
  for (const call of calls) starting.set(call.start, [...(starting.get(call.start) || []), call]);
  columns.forEach((at, place) => {
    let x = place ? xs[place - 1] + step(place - 1) : PAD;
    if (began.get(at) < at) x = Math.max(x, xs[column.get(began.get(at))] + SPAN);
    const here = starting.get(at) || [];
    xs.push(Math.max(x, ...here.map((call) => free.get(call.process) || 0)));
    for (const call of here) free.set(call.process, xs[place] + Math.max(wide(call.label), call.ending === "ok" ? 0 : UNDER) + PAD);
  });
  const plan = { columns, xs, processes: [...new Set(calls.map((call) => call.process))] };
  plan.end = Math.max((xs.at(-1) || 0) + step(columns.length - 1), ...free.values());
  const edges = [...xs, plan.end];
  plan.points = slots.map((one, place) => {
    const same = slots.flatMap((other, index) => (other === one ? [index] : []));
    return [edges[one] + ((edges[one + 1] - edges[one]) * (same.indexOf(place) + 1)) / (same.length + 1), order[place]];
  });
  plan.x = (at) => {
    const place = columns.findIndex((one) => one >= at);
    if (place < 0) return at > columns.at(-1) ? plan.end : 0;
    if (columns[place] === at || !place) return columns[place] === at ? xs[place] : 0;
    return xs[place - 1] + ((at - columns[place - 1]) / (columns[place] - columns[place - 1])) * (xs[place] - xs[place - 1]);
  };
  plan.stop = (call) => (call.stop ? Math.max(plan.x(call.stop), plan.x(call.start) + 8) : plan.end);
  const taken = [];
  plan.strips = faults.map((fault) => {
    const from = plan.x(fault.start), to = fault.stop ? plan.x(fault.stop) : plan.end;
    let line = taken.findIndex((until) => until <= from);
    if (line < 0) line = taken.length;
    taken[line] = Math.max(to, from + wide(fault.words) + 2 * PAD);
    return [fault, line];
  });
  plan.end = Math.max(plan.end, ...taken);
  return plan;
}
