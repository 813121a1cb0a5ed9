// The history that the reader stretches: a row for each process, a bar for each operation, a handle at each end, and what
// the models say of it at once. Only the order of the ends counts, so all ends stand equally far apart.

const STRETCHES = `
@media screen { .app { display: block; height: auto; padding: 8px; container-type: inline-size; } }
p { margin: 0 0 8px; } .rows { position: relative; margin: 0 4px 8px; }
.row { position: relative; height: 74px; border-bottom: 1px dotted var(--k-quiet); }
.who { font-weight: bold; } .track { position: absolute; left: 0; right: 0; top: 22px; height: 50px; }
.span { position: absolute; top: 14px; height: 22px; border: 2px solid var(--k-1); background: var(--k-panel); border-radius: 4px; pointer-events: none; }
.what { position: absolute; top: -6px; font-size: 13px; line-height: 18px; white-space: nowrap; pointer-events: none; text-shadow: 0 0 3px var(--k-ground), 0 0 3px var(--k-ground); }
.grip { position: absolute; top: 8px; width: 26px; min-width: 26px; height: 34px; margin-left: -13px; padding: 0; border: none; background: none; cursor: ew-resize; touch-action: none; }
.grip::before { content: ""; position: absolute; left: 9px; top: 2px; width: 8px; height: 30px; border-radius: 3px; background: var(--k-1); border: 1px solid var(--k-ground); }
.grip.held::before, .grip:focus-visible::before { background: var(--k-2); }
.heard { display: flex; flex-wrap: wrap; gap: 4px 14px; margin: 4px 0 8px; } .heard label { display: flex; gap: 6px; align-items: center; }
table { width: 100%; } th { font-weight: 600; } tbody tr:nth-child(-n+2) td { height: 3.6em; } td.why { overflow-wrap: anywhere; font-size: 13px; }
.yes { color: var(--k-good); font-weight: bold; } .no { color: var(--k-bad); font-weight: bold; white-space: nowrap; }
.no::before { content: "\\2715\\00a0"; } .yes::before { content: "\\2713\\00a0"; } .yes { white-space: nowrap; }
@container (max-width: 560px) { tbody tr:nth-child(-n+2) td { height: 8.5em; } }
@container (max-width: 420px) { th, td { padding-right: 4px; font-size: 13px; } .what { font-size: 12px; } }
@media (forced-colors: active) { .grip::before, .span { border-color: CanvasText; background: Canvas; } .grip:focus-visible::before { background: Highlight; } }
`;

class StretchElement extends HTMLElement {
  connectedCallback() {
    if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", () => this.wake(), { once: true });
    else this.wake();
  }

  wake() {
    try {
      const data = dataOf(this);
      if (!data || data.version !== 1 || this.shadowRoot) return;
      this.data = data;
      this.build();
    } catch {
      // the still picture stays
    }
  }

  // A setting is the order of the ends ("0a" begins operation 0, "0b" ends it), and what each read returned.
  get setting() {
    return { order: [...this.order], values: this.values.slice() };
  }

  set setting({ order, values }) {
    this.order = [...order];
    if (values) this.values = values.slice();
    this.draw();
  }

  build() {
    const { operations, order } = this.data;
    this.order = [...order];
    this.values = operations.map((call) => call.value);
    this.processes = [...new Set(operations.map((call) => call.process))];
    this.grips = new Map();
    this.spans = operations.map(() => h("div", { class: "span" }));
    this.labels = operations.map(() => h("div", { class: "what" }));
    this.tracks = new Map(this.processes.map((process) => [process, h("div", { class: "track" })]));
    operations.forEach((call, number) => {
      const grips = ["a", "b"].map((side) => this.grip(number + side));
      this.tracks.get(call.process).append(this.spans[number], this.labels[number], ...grips);
    });
    this.rows = h("div", { class: "rows", role: "group", "aria-label": t("stretch-group", { count: operations.length, processes: this.processes.join(", ") }) },
      ...this.processes.map((process) => h("div", { class: "row" }, h("span", { class: "who" }, process), this.tracks.get(process))));
    this.spoken = h("p", { class: "sr", "aria-live": "polite" });
    this.attachShadow({ mode: "open" }).append(
      h("style", {}, STYLE + STRETCHES),
      h("div", { class: "app" }, h("p", { class: "quiet" }, t("stretch-how")), this.rows, this.heard(), this.table(),
        h("div", { class: "bar" }, h("button", { type: "button", onclick: () => this.reset() }, t("stretch-reset"))), this.spoken),
      h("slot", { class: "still" }));
    this.draw();
  }

  grip(end) {
    const grip = h("button", { type: "button", class: "grip", role: "slider", "aria-valuemin": 1, "aria-valuemax": this.data.order.length,
      onkeydown: (event) => {
        const by = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, Home: -99, End: 99 }[event.key];
        if (!by) return;
        event.preventDefault();
        this.move(end, by);
      },
      onpointerdown: (event) => {
        grip.setPointerCapture(event.pointerId);
        grip.classList.add("held");
        grip.focus();
        event.preventDefault();
      },
      onpointermove: (event) => {
        if (!grip.classList.contains("held")) return;
        const box = this.rows.getBoundingClientRect();
        const place = Math.round((event.clientX - box.left) / box.width * this.order.length - 0.5);
        this.move(end, place - this.order.indexOf(end));
      },
      onpointerup: () => grip.classList.remove("held"),
      onpointercancel: () => grip.classList.remove("held"),
    });
    this.grips.set(end, grip);
    return grip;
  }

  heard() {
    const { operations } = this.data;
    this.choices = operations.map((call, number) => call.write ? null : h("select", {
      "aria-label": t("stretch-heard-by", { what: call.what, process: call.process }),
      onchange: (event) => { this.values[number] = event.target.value === "" ? null : event.target.value; this.draw(); this.say(); },
    }, ...["", ...operations.filter((other) => other.write && other.key === call.key).map((other) => other.value)].map((value) =>
      h("option", { value }, value || this.data.nothing))));
    return h("div", { class: "heard", role: "group", "aria-label": t("stretch-heard") },
      ...operations.map((call, number) => call.write ? null : h("label", {}, t("stretch-read", { process: call.process, what: call.what }), this.choices[number])));
  }

  table() {
    const head = (key) => h("th", { scope: "col" }, t(key));
    this.lines = Object.keys(stretchVerdicts([])).map((model) => ({ model, verdict: h("td"), why: h("td", { class: "why" }) }));
    return h("table", {}, h("thead", {}, h("tr", {}, head("stretch-model"), head("stretch-verdict"), head("stretch-why"))),
      h("tbody", {}, ...this.lines.map(({ model, verdict, why }) => h("tr", {}, h("th", { scope: "row" }, t(`stretch-${model}`)), verdict, why))));
  }

  // What a reader does.

  move(end, by) {
    const processOf = (other) => this.data.operations[parseInt(other, 10)].process;
    let left = Math.abs(by), order = this.order;
    for (let next = order; left && next; left -= 1) {
      next = stretchMoved(order, end, Math.sign(by), processOf);
      order = next || order;
    }
    if (order === this.order) return;
    this.order = order;
    this.draw();
    this.say();
  }

  reset() {
    this.order = [...this.data.order];
    this.values = this.data.operations.map((call) => call.value);
    this.draw();
    this.say();
  }

  say() {
    const models = this.lines.map(({ model, verdict }) => `${t(`stretch-${model}`)}: ${verdict.textContent}`).join(", ");
    setText(this.spoken, t("stretch-spoken", { models }));
  }

  // What a reader sees.

  label(number) {
    const call = this.data.operations[number];
    return call.write ? call.what : `${call.what} \u2192 ${this.values[number] ?? this.data.nothing}`;
  }

  draw() {
    const { operations } = this.data, count = this.order.length, percent = (place) => `${100 * (place + 0.5) / count}%`;
    const place = (end) => this.order.indexOf(end);
    const name = (end) => t(end.endsWith("a") ? "stretch-begin" : "stretch-end", { label: this.label(parseInt(end, 10)), process: operations[parseInt(end, 10)].process });
    operations.forEach((call, number) => {
      const from = place(`${number}a`), to = place(`${number}b`);
      Object.assign(this.spans[number].style, { left: percent(from), width: `${100 * (to - from) / count}%` });
      Object.assign(this.labels[number].style, from > count / 2 ? { left: "auto", right: `${100 - 100 * (to + 0.5) / count}%` } : { left: percent(from), right: "auto" });
      setText(this.labels[number], this.label(number));
      if (this.choices[number]) this.choices[number].value = this.values[number] ?? "";
    });
    for (const [end, grip] of this.grips) {
      grip.style.left = percent(place(end));
      setAttribute(grip, "aria-label", name(end));
      setAttribute(grip, "aria-valuenow", place(end) + 1);
      setAttribute(grip, "aria-valuetext", place(end) ? t("stretch-after", { what: name(this.order[place(end) - 1]) }) : t("stretch-first"));
    }
    const judged = operations.map((call, number) => ({ ...call, number, value: this.values[number], start: place(`${number}a`), end: place(`${number}b`) }));
    this.found = stretchVerdicts(judged);
    for (const { model, verdict, why } of this.lines) {
      const found = this.found[model], ordered = ["linearizable", "sequential"].includes(model);
      setAttribute(verdict, "class", found ? "yes" : "no");
      setText(verdict, t(found ? "stretch-ok" : "stretch-illegal"));
      const order = ordered && found ? found.map((call) => `${call.process} ${this.label(call.number)}`).join(", ") : "";
      setText(why, order ? t("stretch-order", { order }) : t(found ? "stretch-some-order" : model === "linearizable" ? "stretch-no-order-in-time" : ordered ? "stretch-no-order" : "stretch-none"));
    }
  }
}

customElements.get("dist-stretch") || customElements.define("dist-stretch", StretchElement);
