// One run as a space-time diagram with a cursor: what is past is shown, what is to come is veiled.

class Pane {
  // options: run, title, first, last, without; `on` is told of what is picked: {step}, {message} or {node}.
  constructor(options, on) {
    Object.assign(this, options, { on, hidden: new Set(), width: 0, drawn: [0, -1], cursor: options.last });
    this.rows = h("g");
    this.layers = Object.fromEntries(["cursor", "veil", "after", "before", "picked", "here"].map((name) => [name, h("path", { class: name })]));
    this.field = h("svg", { class: "field", "aria-hidden": "true" });
    this.field.innerHTML = `<defs>${["a", "r"].map((id) => `<marker id="${id}" viewBox="0 0 10 10" refX="16" refY="5" markerWidth="9" ` +
      'markerHeight="9" markerUnits="userSpaceOnUse" orient="auto"><path class="head-' + id + '" d="M0 1L10 5L0 9z"/></marker>').join("")}` +
      '<pattern id="h" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><path class="hatch" d="M0 0H6V6H0z"/>' +
      '<path class="hatch-line" d="M0 0V6"/></pattern></defs>';
    const { cursor, after, before, picked, here, veil } = this.layers;
    this.field.append(cursor, this.rows, veil, before, after, picked, here);
    this.heads = h("div", { class: "heads" });
    this.stage = h("div", { class: "stage", tabindex: 0, role: "group", onscroll: () => this.fill(), onclick: (event) => this.pick(event) }, this.heads, this.field);
    this.scene = sceneOf(this.run, this);
    this.element = h("div", { class: "pane" }, options.title ? h("p", { class: "title" }, options.title) : null, this.stage);
  }

  // Leave some nodes out.
  hide(names) {
    this.hidden = new Set(names);
    this.scene = sceneOf(this.run, this);
    this.arrange();
  }

  // Lay the run out anew, for another width.
  arrange(width = this.stage.clientWidth) {
    if (!width) return;
    this.width = width;
    this.plan = planOf(this.scene, width);
    this.field.setAttribute("width", this.plan.width);
    this.field.setAttribute("height", this.plan.bottom);
    this.heads.style.width = `${this.plan.width}px`;
    this.heads.replaceChildren(...this.scene.names.map((name, lane) => {
      const text = cutTo(printable(name), this.plan.gap - 34);
      return h("button", { type: "button", class: "head", style: `left:${round(this.plan.x(lane))}px`, title: printable(name), "aria-label": t(this.run.fields.length ? "node" : "node-last", { name }), onclick: () => this.on({ node: name }) },
        h("span", {}, text), h("span", { class: "role" }));
    }));
    this.drawn = [0, -1];
    this.show(this.cursor);
  }

  // The row of a step, or of the nearest step on that side that is shown.
  rowOf(step, side = -1) {
    for (let number = step; number >= this.first && number <= this.last; number += side) if (this.scene.rowOf.has(number)) return this.scene.rowOf.get(number);
    return -1;
  }

  show(step, { veil = this.veil, cone = this.cone, picked = null } = {}) {
    Object.assign(this, { cursor: step, veil, cone });
    if (!this.plan) return;
    const { plan, scene, layers } = this, row = this.rowOf(step);
    const top = row < 0 ? 0 : plan.tops[row], low = row < 0 ? 0 : (plan.tops[row + 1] ?? plan.bottom);
    const mark = row < 0 ? null : scene.rows[row].marks.find((m) => m.step === step);
    this.reveal(top, low, mark && plan.x(mark.lane));
    this.fill();
    setAttribute(layers.cursor, "d", row < 0 ? "" : `M0 ${top}H${plan.width}V${low}H0z`);
    setAttribute(layers.veil, "class", veil === "all" ? "veil all" : "veil");
    setAttribute(layers.veil, "d", veil ? `M0 ${low}H${plan.width}V${plan.bottom}H0z` : "");
    setAttribute(layers.here, "d", mark ? `M${round(crossAt(plan, mark)) - 9} ${plan.y(row)}a9 9 0 1 0 18 0a9 9 0 1 0 -18 0z` : "");
    const touches = (arrow) => (picked ? arrow.step === picked[0] && arrow.position === picked[1] : arrow.end === step || (arrow.step === step && !veil));
    setAttribute(layers.picked, "d", scene.arrows.filter(touches).map((arrow) => pathOf(plan, arrow)).join(""));
    this.showCone(cone ? step : 0);
    scene.names.forEach((name, lane) => this.showRole(lane, name, step));
  }

  showRole(lane, name, step) {
    const values = stateAt(this.run, this.run.names.indexOf(name), step)?.[1] || [];
    const [role, term] = [values[this.run.fields.indexOf("role")], values[this.run.fields.findIndex((field) => TERMS.includes(field))]];
    const html = typeof term === "number" ? `<svg width="22" height="22" viewBox="-11 -11 22 22" aria-hidden="true">${badge({ role: role == null ? "" : brief(role), term })}</svg>` : "";
    const place = this.heads.children[lane]?.lastChild;
    if (place && place.innerHTML !== html && place.dataset.is !== html) {
      place.innerHTML = html;
      place.dataset.is = html;
    }
  }

  // The causal past is a first part of each lane, the future a last part: two paths say it all.
  showCone(step) {
    const { before, after } = this.layers, { plan } = this;
    const cone = step && this.veil !== "all" ? coneOf(this.run, step) : null;
    const line = (lane, from, to) => `M${round(plan.x(lane))} ${from}V${to}`;
    const lanes = cone ? this.scene.names.map((name, lane) => [lane, this.run.names.indexOf(name)]) : [];
    setAttribute(before, "d", lanes.flatMap(([lane, all]) => (cone.past[all] ? [line(lane, 0, plan.y(this.rowOf(cone.past[all])))] : [])).join(""));
    setAttribute(after, "d", lanes.flatMap(([lane, all]) => (this.rowOf(cone.future[all], 1) >= 0 ? [line(lane, plan.y(this.rowOf(cone.future[all], 1)), plan.bottom)] : [])).join(""));
  }

  // Scroll just as far as needed to see a row and a little more.
  reveal(top, low, x) {
    const { stage } = this, room = stage.clientHeight - this.heads.offsetHeight;
    if (room <= 0) return;
    if (low + 30 > stage.scrollTop + room) stage.scrollTop = Math.min(low + 30, this.plan.bottom) - room + 4;
    if (top - 30 < stage.scrollTop) stage.scrollTop = Math.max(0, top - 30);
    if (x != null && Math.abs(x - stage.scrollLeft - stage.clientWidth / 2) > stage.clientWidth / 2 - 40) stage.scrollLeft = x - stage.clientWidth / 2;
  }

  // Draw the rows that are seen and some around them, unless they are there.
  fill() {
    const { plan, stage } = this;
    if (!plan) return;
    const at = (y) => {
      let low = 0, high = plan.tops.length - 1;
      while (low < high) {
        const middle = (low + high + 1) >> 1;
        if (plan.tops[middle] <= y) low = middle;
        else high = middle - 1;
      }
      return low;
    };
    const seen = [at(stage.scrollTop), at(stage.scrollTop + (stage.clientHeight || 400))];
    if (seen[0] >= this.drawn[0] && seen[1] <= this.drawn[1]) return;
    this.drawn = [Math.max(0, seen[0] - CHUNK), Math.min(plan.tops.length - 1, seen[1] + CHUNK)];
    this.rows.innerHTML = markup(plan, ...this.drawn);
  }

  pick(event) {
    const target = event.target.closest?.("[data-step],[data-send]");
    if (!target) return;
    if (target.dataset.send) {
      const [step, position] = target.dataset.send.split(":").map(Number);
      this.on({ message: [step, position], end: Number(target.dataset.end) });
    } else this.on({ step: Number(target.dataset.step) });
  }

  // The picture as it is now, as a file of its own.
  picture(colour) {
    const { plan } = this, style = PICTURE.replace(/var\(--k-([\w-]+)\)/g, (whole, name) => colour(name));
    const names = this.scene.names.map((name, lane) => textAt("b", plan.x(lane), -10, name, "middle")).join("");
    const [from, to] = this.drawn, top = plan.tops[from] || 0, height = plan.y(to + 1) - top + 40;
    return `<svg xmlns="${SVG}" width="${round(plan.width)}" height="${height}" viewBox="0 ${top - 34} ${round(plan.width)} ${height}"><style>${style}</style>` +
      `<path class="ground" d="M0 ${top - 34}H${round(plan.width)}V${top + height}H0z"/><g transform="translate(0 ${top})">${names}</g>${this.field.innerHTML}</svg>`;
  }
}

// For each lane the last step of the causal past and the first of the causal future of a step (0, Infinity: none), and how
// many steps there are in each. Happened-before as in Trace.happened_before.
function coneOf(run, number) {
  const past = run.names.map(() => 0), future = run.names.map(() => Infinity), after = new Set(), steps = run.steps;
  let before = 0;
  const { lane } = steps[number - 1];
  if (lane < 0 || !steps[number - 1].event) return { past, future, before, after: 0 };
  const came = (step) => (step.cause && step.event.name === "Deliver" ? step.cause.step : null);
  past[lane] = future[lane] = number;
  for (let i = number; i >= 1; i--) {
    const step = steps[i - 1];
    if (!step.event || step.lane < 0 || i > past[step.lane]) continue;
    before += i < number;
    const source = came(step);
    if (source) past[source.lane] = Math.max(past[source.lane], source.number);
  }
  for (let i = number; i <= steps.length; i++) {
    const step = steps[i - 1];
    if (!step.event || step.lane < 0) continue;
    const source = came(step);
    if (i < future[step.lane] && !(source && after.has(source.number))) continue;
    after.add(i);
    future[step.lane] = Math.min(future[step.lane], i);
  }
  return { past, future, before, after: after.size - 1 };
}
