// The operations of clients beside a diagram: one row for each process, an interval for each operation, faults above on
// the same axis, the witness of a verdict, and a line that stands where the run stands.

const ENDINGS = { ok: "", fail: "failed", info: "no-answer" }, NEAR = 600; // px that are drawn beyond what is seen
const at = (x) => Math.round(x * 10) / 10;
const path = (kind, d) => `<path class="${kind}" d="${d}"/>`;
const words = (role, x, y, text, anchor = "start") => `<text class="${role}" x="${at(x)}" y="${y}" text-anchor="${anchor}">${escaped(text)}</text>`;

function judgedWords(verdict, calls) {
  if (!verdict) return t("judged-none");
  const names = verdict.stuck.map((number) => t("by", calls[number])).join(", ");
  return t(`judged-${verdict.outcome}`, { count: verdict.order.length, all: calls.length, rest: names && t("then", { names }) });
}

function operationsPanel(figure) {
  const { run, first, last } = figure.pane, calls = callsOf(run), { verdict } = entryOf(figure);
  const plan = timelineOf(calls, faultsOf(run), verdict?.order || []), stuck = verdict?.stuck || [];
  const top = 4 + STRIP * (1 + Math.max(-1, ...plan.strips.map(([, line]) => line))), bottom = top + ROW * plan.processes.length;
  const rowOf = (process) => top + ROW * plan.processes.indexOf(process) + 25;
  const points = plan.points.map(([x, number]) => [x, rowOf(calls[number].process)]), places = new Map(plan.points.map(([, number], place) => [number, place + 1]));
  const field = h("svg", { width: at(plan.end + 14), height: bottom + 24, "aria-hidden": "true" }), drawn = h("g");
  const veil = h("path", { class: "veil" }), head = h("path", { class: "playhead" }), tags = h("div");
  field.append(drawn, veil, head);
  const axis = h("div", { class: "axis", onscroll: () => fill(), onclick: (event) => pick(event) }, field, tags);
  const who = h("div", { class: "who", style: `padding-top:${top}px` }, plan.processes.map((name) => h("b", { title: name }, name)), h("span", { class: "quiet" }, t("step")));
  let from = 1, to = 0;

  const pick = (event) => {
    const call = calls[event.target.dataset.call];
    if (call) figure.seekStep(call.stop && figure.step() === call.start ? call.stop : call.start);
  };
  const fill = () => {
    const seen = [axis.scrollLeft, axis.scrollLeft + (axis.clientWidth || 600)];
    if (seen[0] >= from && seen[1] <= to) return;
    [from, to] = [seen[0] - NEAR, seen[1] + NEAR];
    const focused = figure.shadowRoot.activeElement?.dataset.call, near = (x1, x2) => x1 <= to && x2 >= from;
    const shown = calls.flatMap((call, number) => (near(plan.x(call.start), Math.max(plan.stop(call), plan.x(call.start) + kit.widthOf(call.label))) ? [number] : []));
    const thread = points.length > 1 ? path("thread", `M${points.map(([x, y]) => `${at(x)} ${y}`).join("L")}`) : "";
    drawn.innerHTML = faultMarks(near) + plan.processes.map((name) => path("lane", `M0 ${rowOf(name)}H${plan.end}`)).join("") + thread +
      shown.map(bar).join("") + points.flatMap(([x, y], place) => (near(x, x) ? [point(x, y, place + 1)] : [])).join("") + numbers(near);
    tags.innerHTML = shown.map(tagOf).join("");
    if (focused) tags.querySelector(`[data-call="${focused}"]`)?.focus({ preventScroll: true });
  };
  const faultMarks = (near) => plan.strips.map(([fault, line]) => {
    const x1 = plan.x(fault.start), x2 = fault.stop ? plan.x(fault.stop) : plan.end, y = 4 + STRIP * line, moment = fault.kind === "mark";
    if (!near(x1, Math.max(x2, x1 + kit.widthOf(fault.words) + 20))) return "";
    const low = fault.kind === "split" ? bottom : y + STRIP - 3;
    return (moment ? path("w", `M${at(x1 - 5)} ${y + 15}l5 -10l5 10z`) : path(`spell ${fault.kind}`, `M${at(x1)} ${y}H${at(x2)}V${low}H${at(x1)}z`)) + words("fault", x1 + (moment ? 8 : 4), y + 13, fault.words);
  }).join("");
  const bar = (number) => {
    const call = calls[number], x1 = at(plan.x(call.start)), x2 = at(plan.stop(call)), y = rowOf(call.process), lost = stuck.includes(number);
    const under = lost ? "no-place" : ENDINGS[call.ending], wide = at(kit.widthOf(call.label)), count = Math.max(1, Math.floor((x2 - x1) / 26));
    const crosses = Array.from({ length: count }, (_, place) => `M${at(x1 + ((x2 - x1) * (place + 0.5)) / count - 5)} ${y - 5}l10 10m0 -10l-10 10`).join("");
    return path(`span${lost ? " stuck" : call.stop ? "" : " unanswered"}`, `M${x1} ${y}H${x2}`) + path("cap", `M${x1} ${y - 7}v14${call.stop ? `M${x2} ${y - 7}v14` : `M${x2 - 7} ${y - 5}l7 5l-7 5`}`) +
      (lost ? path("cross", crosses) : call.ending === "fail" ? path("cap", `M${at((x1 + x2) / 2 - 5)} ${y + 7}l10 -14`) : "") + words("what", x1, y - 11, call.label) +
      (call.ending === "fail" ? path("strike", `M${x1} ${y - 15}h${wide}`) : "") + (under ? words(lost ? "lost" : "quiet", x1 + 4, y + 20, t(under)) : "");
  };
  const point = (x, y, place) => {
    const half = Math.max(18, kit.widthOf(String(place)) + 8) / 2;
    return `<rect class="point" x="${at(x - half)}" y="${y - 9}" width="${at(2 * half)}" height="18" rx="9"/>${words("b", x, y + 4, place, "middle")}`;
  };
  const numbers = (near) => {
    let free = 0;
    return plan.columns.map((step, place) => {
      const x = plan.xs[place], half = kit.widthOf(String(step)) / 2;
      if (x - half < free) return "";
      free = x + half + 6;
      return near(x, x) ? words("quiet", x, bottom + 16, step, "middle") : "";
    }).join("");
  };
  const tagOf = (number) => {
    const call = calls[number], x = plan.x(call.start), under = stuck.includes(number) ? "no-place" : ENDINGS[call.ending];
    const says = [t(call.stop ? "call" : "call-open", call), under && t(under), places.has(number) && t("place", { place: places.get(number) })].filter(Boolean).join(", ");
    return `<button type="button" class="tag" data-call="${number}" aria-label="${escaped(says)}" title="${escaped(says)}" style="left:${at(x - 3)}px;top:${rowOf(call.process) - 24}px;width:${at(Math.max(plan.stop(call) - x, kit.widthOf(call.label)) + 6)}px"></button>`;
  };
  const follow = () => {
    const step = figure.step(), x = step < first ? 0 : step >= run.steps.length ? plan.end : plan.x(step), room = axis.clientWidth;
    if (room && (x < axis.scrollLeft + 20 || x > axis.scrollLeft + room - 40)) axis.scrollLeft = Math.max(0, x - room * 0.6);
    fill();
    setAttribute(head, "d", `M${at(x)} 0V${bottom}M${at(x - 5)} ${bottom + 6}l5 -6l5 6z`);
    setAttribute(veil, "class", figure.veil === "all" ? "veil all" : "veil");
    setAttribute(veil, "d", step < last || figure.veil ? `M${at(x)} 0H${at(plan.end + 14)}V${bottom + 24}H${at(x)}z` : "");
  };
  figure.main.classList.add("wide");
  return { elements: [h("p", { class: verdict && verdict.outcome !== "OK" ? "bad" : "" }, judgedWords(verdict, calls)), h("div", { class: "ops", role: "group", "aria-label": t("axis") }, who, axis)], follow,
    close: () => figure.main.classList.remove("wide") };
}

// What a figure carries of the run that its active pane shows: its verdict, and the laws that are judged at the end.
const entryOf = (figure, pane = figure.pane) => figure.runs.find((entry) => entry.run === pane.run);
