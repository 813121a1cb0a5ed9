// Where everything of a scene stands, and its markup. Heights are fixed once for a width; only the rows near the
// cursor are ever in the page, so a long run costs no more than a short one.

const SIZE = 12, LINE = 15, ROW = 24, MARK = 9, LEFT = 82, RIGHT = 96, GAP = 84, GAP_MOST = 190;
const CHUNK = 40; // rows that are drawn beyond those that are seen
const HUES = ["1", "2", "3", "4", "5", "6"];
const ROLES = { leader: 7, primary: 7, coordinator: 7, candidate: 4 }; // px: role is shown by width, and by the shape of its badge
const measuring = document.createElement("canvas").getContext("2d");
const widths = new Map();

function widthOf(text) {
  if (!widths.has(text)) {
    measuring.font = `${SIZE}px Helvetica, Arial, "Liberation Sans", sans-serif`;
    if (widths.size > 5000) widths.clear();
    widths.set(text, measuring.measureText(text).width);
  }
  return widths.get(text);
}

function cutTo(text, most) {
  if (widthOf(text) <= most) return text;
  let low = 0, high = text.length;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (widthOf(text.slice(0, middle) + "...") <= most) low = middle;
    else high = middle - 1;
  }
  return text.slice(0, low).trimEnd() + "...";
}

// A text as at most two lines; a vector of numbers stays whole.
function broken(text, most) {
  const words = text.replace(/\[[\d ]+\]/g, (vector) => vector.replace(/ /g, "\u00a0")).split(/ +/);
  let line = "";
  while (words.length && widthOf(line + words[0]) <= most) line += words.shift() + " ";
  if (!line) return [cutTo(text, most)];
  return words.length ? [line.trimEnd(), cutTo(words.join(" "), most)] : [text];
}

// The places of a scene at this width: {gap, tops, bottom, x(lane), y(row), sides, texts}.
function planOf(scene, width) {
  const lanes = Math.max(scene.names.length - 1, 1);
  const gap = Math.max(GAP, Math.min(GAP_MOST, (width - LEFT - RIGHT) / lanes));
  const plan = { scene, gap, tops: [], labels: new Map(), width: Math.max(width, LEFT + gap * (scene.names.length - 1) + RIGHT) };
  plan.x = (lane) => LEFT + lane * gap;
  plan.y = (row) => (row === BEFORE ? 0 : row >= plan.tops.length ? plan.bottom : plan.tops[row] + 12);
  plan.bottom = 0;
  place(plan, () => false);
  const left = sidesOf(plan);
  place(plan, (mark) => left.has(mark));
  return plan;
}

function place(plan, isLeft) {
  let y = 4;
  plan.scene.rows.forEach((row, number) => {
    if (row.steps.includes(plan.scene.differs)) y += LINE + 3; // room for the words above the line
    plan.tops[number] = y;
    let tallest = row.wide ? 1 : 0;
    for (const mark of row.marks) {
      const lines = linesOf(plan, mark, isLeft(mark), row.marks.length > 1);
      plan.labels.set(mark, { lines, left: isLeft(mark) });
      tallest = Math.max(tallest, lines.length);
    }
    y += Math.max(ROW, tallest * LINE + 9 + row.drop) + (row.marks.some((mark) => mark.broken) ? 6 : 0);
  });
  plan.bottom = y + 6;
}

function linesOf(plan, mark, left, shared) {
  let room = Math.max(104, plan.gap - 24);
  if (shared) room = plan.gap - 2 * MARK;
  else if (mark.shape === "lost" || mark.shape === "refused" || mark.shape === "copy") room = Math.max(150, room);
  else if (!left && mark.lane === plan.scene.names.length - 1) room = plan.width - plan.x(mark.lane) - MARK - 4;
  const joined = [];
  for (const [role, text] of mark.texts.flatMap(([role, text]) => broken(printable(text), room).map((line) => [role, line]))) {
    const last = joined.at(-1);
    if (last && last[0] === "state" && role === "state" && widthOf(`${last[1]}, ${text}`) <= room) last[1] += `, ${text}`;
    else joined.push([role, text]);
  }
  return joined;
}

// The two ends of an arrow in px.
function endsAt(plan, arrow) {
  const side = Math.sign(arrow.to - arrow.from), y1 = plan.y(arrow.start), y2 = plan.y(arrow.stop);
  if (arrow.stop === AFTER) return [plan.x(arrow.from), y1, plan.x(arrow.from) + 40 * side, y1 + 15];
  if (arrow.start === BEFORE) return [plan.x(arrow.to) - 40 * side, y2 - 15, plan.x(arrow.to), y2];
  return [plan.x(arrow.from), y1, plan.x(arrow.kind === "lost" ? arrow.from + side / 2 : arrow.to), y2];
}

const crossAt = (plan, mark) => {
  const side = Math.sign(mark.toward - mark.lane);
  return mark.shape === "lost" ? plan.x(mark.lane + side / 2) + (side ? 0 : 18) : mark.shape === "refused" ? plan.x(mark.lane) + 13 * (side || 1) : plan.x(mark.lane);
};

// The labels that stand better to the left of their marks: fewer messages and lanes under them.
function sidesOf(plan) {
  const rows = plan.scene.rows.map(() => []), left = new Set();
  for (const arrow of plan.scene.arrows) {
    const from = Math.max(0, arrow.start === BEFORE ? arrow.stop - 1 : arrow.start);
    const to = Math.min(arrow.stop === AFTER ? arrow.start + 1 : arrow.stop, rows.length - 1, from + 40), ends = endsAt(plan, arrow);
    for (let row = from; row <= to; row++) if (rows[row].length < 30) rows[row].push(ends); // what is crowded has no good side
  }
  plan.scene.rows.forEach((row, number) => {
    const [mark] = row.marks;
    if (row.marks.length !== 1 || !mark.texts.length) return;
    if (costOf(plan, mark, true, number, rows[number]) < costOf(plan, mark, false, number, rows[number])) left.add(mark);
  });
  return left;
}

function costOf(plan, mark, left, number, segments) {
  const lines = linesOf(plan, mark, left, false), wide = Math.max(...lines.map(([, text]) => widthOf(text)));
  const x = crossAt(plan, mark) + (left ? -MARK - wide : MARK), y = plan.y(number);
  const middle = y + ((lines.length - 1) * LINE) / 2;
  const crosses = ([x1, y1, x2, y2]) => {
    const at = x1 + ((x2 - x1) * (middle + 2 - y1)) / (y2 - y1 || 1);
    return at > x && at < x + wide ? 30 : 0;
  };
  const outside = Math.max(0, LEFT - 8 - x) + Math.max(0, x + wide - plan.width);
  const lanes = plan.scene.names.filter((name, lane) => x < plan.x(lane) && plan.x(lane) < x + wide).length;
  return outside * 50 + lanes * 8 + segments.reduce((sum, segment) => sum + crosses(segment), 0) + lines.length * 10 + (left ? 1 : 0);
}

// Markup. Rows `from` to `to` and all that passes through them.

const tag = (name, attributes, inner = "") => `<${name}${Object.entries(attributes).map(([key, value]) => ` ${key}="${escaped(value)}"`).join("")}>${inner}</${name}>`;
const textAt = (role, x, y, text, anchor = "start") => tag("text", { class: role, x: round(x), y, "text-anchor": anchor }, escaped(text));
const round = (x) => Math.round(x * 10) / 10;

function markup(plan, from, to) {
  const { scene } = plan, passes = (part) => part.start <= to && (part.stop === BEFORE ? false : part.stop >= from);
  const low = plan.y(to + 1), parts = [];
  for (const band of scene.bands.filter(passes)) parts.push(bandMarkup(plan, band));
  scene.names.forEach((name, lane) => parts.push(tag("path", { class: "l", d: `M${round(plan.x(lane))} 0V${plan.bottom}` })));
  for (const reign of scene.reigns.filter(passes)) parts.push(reignMarkup(plan, reign));
  for (const spell of scene.spells.filter(passes)) parts.push(spellMarkup(plan, spell));
  for (const arrow of scene.arrows.filter(passes)) parts.push(arrowMarkup(plan, arrow));
  const unit = unitOf(scene.rows);
  for (let row = from; row <= Math.min(to, scene.rows.length - 1); row++) parts.push(rowMarkup(plan, row, unit));
  return parts.join("") + `<!--${low}-->`;
}

function unitOf(rows) {
  const most = Math.max(0, ...rows.slice(-1).map((row) => row.at));
  if (most >= 1e6) return ["s", most < 1e7 ? 3 : 2, 1e6];
  return ["ms", rows.every((row) => row.at % 1000 === 0) ? 0 : 1, 1e3];
}

function bandMarkup(plan, band) {
  const top = band.start === BEFORE ? 0 : plan.tops[band.start] + 1, low = band.stop === AFTER ? plan.bottom : plan.tops[band.stop] - 1;
  const [left, right] = band.lanes ? band.lanes.map(plan.x) : [LEFT - 14, plan.width];
  const edges = [top, low].map((y) => `M${round(left)} ${y}H${round(right)}`).join("");
  const walls = band.walls.map((lane) => `M${round(plan.x(lane + 0.5))} ${top}V${low}`).join("");
  return tag("path", { class: "split", d: `M${round(left)} ${top}H${round(right)}V${low}H${round(left)}z` }) + tag("path", { class: "edge", d: edges }) +
    (walls && tag("path", { class: "wall", d: walls })) + (band.start === BEFORE ? textAt("fault", LEFT - 8, 12, cutTo(band.words, plan.width - LEFT)) : "");
}

function reignMarkup(plan, reign) {
  const x = round(plan.x(reign.lane)), y = plan.y(reign.start);
  const hue = reign.term === null ? "" : ` h${HUES[reign.term % 6]}`;
  return tag("path", { class: `l${hue}`, style: `stroke-width:${ROLES[reign.role.toLowerCase()] || 2}`, d: `M${x} ${y}V${plan.y(reign.stop)}` }) +
    (reign.term === null || reign.start === BEFORE ? "" : `<g transform="translate(${x - 16} ${y})">${badge(reign)}</g>`);
}

// A role and its term: a square leads, a diamond would like to, a circle follows.
function badge({ role, term }) {
  const width = ROLES[role.toLowerCase()] || 2;
  const d = width === 7 ? "M-8 -8H8V8H-8z" : width === 4 ? "M0 -10L10 0L0 10L-10 0z" : "M-8 0A8 8 0 1 1 8 0A8 8 0 1 1 -8 0z";
  return tag("path", { class: `badge h${HUES[term % 6]}`, d }) + textAt("b", 0, 4, term, "middle");
}

function spellMarkup(plan, spell) {
  const half = { down: 5, pause: 7, stall: 7, full: 10 }[spell.kind], x = plan.x(spell.lane);
  const y1 = plan.y(spell.start), y2 = Math.max(plan.y(spell.stop), y1 + 2);
  return tag("path", { class: spell.kind, d: `M${round(x - half)} ${y1}H${round(x + half)}V${y2}H${round(x - half)}z` });
}

function pathOf(plan, arrow) {
  const [x1, y1, x2, y2] = endsAt(plan, arrow).map(round);
  if (arrow.from !== arrow.to) return `M${x1} ${y1}L${x2} ${y2}`;
  const low = arrow.stop === AFTER ? y1 + 20 : y2;
  return `M${x1 + 4} ${y1}C${x1 + 26} ${y1} ${x1 + 26} ${low} ${x1 + 4} ${low}`;
}

function arrowMarkup(plan, arrow) {
  const kind = arrow.kind === "delivered" ? "" : ` ${arrow.kind}`, thin = arrow.quiet && (kind === "" || kind === " copy") ? " thin" : "";
  const head = arrow.kind === "refused" ? "url(#r)" : arrow.kind === "delivered" || arrow.kind === "copy" ? "url(#a)" : null;
  const d = pathOf(plan, arrow), [x1, y1, x2, y2] = endsAt(plan, arrow).map(round);
  const open = arrow.stop === AFTER ? [x2, y2] : arrow.start === BEFORE ? [x1, y1] : null;
  return `<g data-send="${arrow.step}:${arrow.position}" data-end="${arrow.end}">` + tag("path", { class: "hit", d }) +
    tag("path", { class: `m${kind}${thin}`, d, ...(head && { "marker-end": head }) }) + (open ? tag("circle", { class: "o", cx: open[0], cy: open[1], r: 3 }) : "") + "</g>";
}

const SHAPES = {
  dot: '<circle r="4.5"/>', copy: '<circle class="o" r="4"/>', start: '<path class="m bar" d="M-8 0H8"/>',
  timeout: '<circle class="o" r="6"/><path class="m" d="M0 -4V0L3 2"/>', clock: '<circle class="w" r="6"/><path class="x" d="M0 -4V0L3 2"/>',
  invoke: '<path d="M-5 -5H5V5H-5z"/><path class="m" d="M-18 -14L-7 -6M-12 -5L-6 -5L-8 -11"/>', crash: '<path class="k" d="M-7 -7L7 7M-7 7L7 -7"/>',
  fault: '<path class="w" d="M-6 5L0 -6L6 5z"/>', cell: '<path class="o" d="M-5 -5H5V5H-5z"/>',
  lost: '<path class="x" d="M-5 -5L5 5M-5 5L5 -5"/>', refused: '<path class="x" d="M-5 -5L5 5M-5 5L5 -5"/>',
};
const OCTAGON = "M-4.6 -11H4.6L11 -4.6V4.6L4.6 11H-4.6L-11 4.6V-4.6z";

function rowMarkup(plan, number, [, digits, size]) {
  const row = plan.scene.rows[number], y = plan.y(number), before = plan.scene.rows[number - 1];
  const now = (row.at / size).toFixed(digits), steps = row.steps.length > 1 && !row.drop ? `${row.steps[0]}-${row.steps.at(-1)}` : row.steps[0];
  let text = textAt("n", 28, y + 4, steps, "end");
  if (!before || (before.at / size).toFixed(digits) !== now) text += textAt("quiet", 68, y + 4, now, "end");
  if (row.wide) text += textAt("fault", LEFT - 8, y + 4, cutTo(row.wide, plan.width - LEFT));
  for (const mark of row.marks) {
    const x = round(crossAt(plan, mark)), { lines, left } = plan.labels.get(mark), away = MARK + (mark.broken || mark.shape === "start" ? 4 : 0);
    const shape = SHAPES[mark.shape] + (mark.broken ? `<path class="ring" d="${OCTAGON}"/>` : "");
    text += `<g data-step="${mark.step}"><g transform="translate(${x} ${y})">${shape}</g>` +
      lines.map(([role, line], place) => textAt(role, x + (left ? -away : away), y + 4 + row.drop + place * LINE, line, left ? "end" : "start")).join("") + "</g>";
  }
  if (row.steps.includes(plan.scene.differs)) text += tag("path", { class: "edge", d: `M0 ${plan.tops[number] - 2}H${round(plan.width)}` }) + textAt("b", 6, plan.tops[number] - 6, t("first-difference"));
  return `<g data-step="${row.steps[0]}">${tag("path", { class: "hit", d: `M0 ${plan.tops[number]}H${LEFT - 16}V${plan.tops[number] + ROW}H0z` })}${text}</g>`;
}
