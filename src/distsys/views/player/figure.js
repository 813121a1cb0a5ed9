// <dist-trace>: a run, or two side by side, or several to choose from, over one cursor. The element holds its data in a
// <script type="application/json"> and, for readers without scripts, a still picture and a table; both stay where they
// are, and show when the page is printed or the data cannot be read.

const ICONS = {
  play: "M-5 -7L7 0L-5 7z", pause: "M-5 -6H-1V6H-5zM2 -6H6V6H2z", back: "M5 -6L-3 0L5 6zM-6 -6H-4V6H-6z", step: "M-5 -6L3 0L-5 6zM4 -6H6V6H4z",
  "last-fault": "M7 -6L1 0L7 6zM-1 -6L-7 0L-1 6z", "next-fault": "M-7 -6L-1 0L-7 6zM1 -6L7 0L1 6z",
};
const icon = (name) => h("svg", { width: 16, height: 16, viewBox: "-9 -9 18 18", "aria-hidden": "true" }, h("path", { d: ICONS[name] }));
const SPEEDS = [0.5, 1, 2, 4];

class DistTrace extends HTMLElement {
  connectedCallback() {
    if (!this.isConnected) return;
    if (document.readyState === "loading") {
      document.addEventListener("DOMContentLoaded", () => this.connectedCallback(), { once: true });
      return;
    }
    addEventListener("hashchange", this);
    addEventListener("click", this);
    if (this.shadowRoot) return;
    const root = this.attachShadow({ mode: "open" });
    this.still = h("div", { class: "still waits" }, h("slot"));
    root.append(h("style", {}, STYLE), this.still);
    this.name = this.closest("figure")?.id || this.id || "figure";
    this.observer = whenSeen(this, () => this.begin(), (seen) => seen || this.pause());
    this.followHash();
  }

  disconnectedCallback() {
    this.pause();
    removeEventListener("hashchange", this);
    removeEventListener("click", this);
  }

  begin() {
    if (this.panes || this.failed) return;
    try {
      this.data = dataOf(this);
      this.runs = this.data.runs.map((run) => ({ ...run, run: readRun(run.data) }));
      if (!this.runs[0].run.steps.length) throw new Error(t("no-steps"));
      this.build();
    } catch (problem) {
      this.failed = true;
      this.app?.remove();
      this.panes = null;
      this.shadowRoot.append(h("p", { class: "bad", role: "alert" }, `${problem.name === "Error" ? problem.message : t("bad-data")} ${t("still-below")}`));
      this.shadowRoot.append(this.still);
      this.still.className = "still stays";
    }
  }

  build() {
    Object.assign(this, { chosen: 0, active: 0, stop: 0, answers: new Map(), veil: "", limit: Infinity, cone: false, speed: 1, playing: null, opened: null, follow: null });
    this.say = h("p", { class: "say", tabindex: 0, "aria-live": "polite", "aria-atomic": "true" });
    this.panel = h("div", { class: "panel", tabindex: -1, hidden: true });
    this.box = h("div", { class: "panes" });
    this.main = h("div", { class: "main" }, this.box, this.panel);
    this.app = h("div", { class: "app", role: "group", "aria-label": t("run-of", { system: this.runs[0].run.system }), onkeydown: (event) => this.key(event) },
      this.controls(), this.doings(), this.say, this.main);
    this.choose(0);
    this.extras = EXTENSIONS.map((extend) => extend(this));
    this.still.className = "still";
    this.shadowRoot.append(this.app);
    this.panes.forEach((pane) => pane.arrange());
    this.seek(this.data.at ? this.momentOf(this.data.at) : this.moments.length - 1);
    if (this.data.open) this.open(this.data.open);
    if (this.data.cone) this.toggleCone();
    let width = this.box.clientWidth;
    new ResizeObserver(() => {
      if (Math.abs(this.box.clientWidth - width) < 2) return;
      width = this.box.clientWidth;
      this.panes.forEach((pane) => pane.arrange());
    }).observe(this.box);
  }

  // Show another of the runs; side by side, all of them.
  choose(number) {
    this.chosen = number;
    const beside = this.data.mode === "beside";
    const shown = beside ? this.runs : [this.runs[number]];
    this.panes = shown.map((run, place) => new Pane({ run: run.run, title: beside ? run.label : "", first: run.first, last: run.last, without: this.data.without || [] }, (what) => this.picked_(what, place)));
    this.panes.forEach((pane) => pane.stage.setAttribute("aria-label", t("diagram", { system: pane.run.system })));
    this.box.className = beside ? "panes two" : "panes";
    this.box.replaceChildren(...this.panes.map((pane) => pane.element));
    this.moments = momentsOf(this.panes);
    this.panes.forEach((pane) => (pane.scene.differs = pane.differs));
    this.marks = [...new Set(this.panes.flatMap((pane, place) => landmarksOf(pane, this.moments, place)))].sort((a, b) => a - b);
    this.range.max = String(this.moments.length - 1);
    this.lights.hidden = !this.panes.some((pane) => lawsOf(pane.run).length);
    this.picked = null;
    this.at = this.moments.length - 1;
    if (this.chooser) this.chooser.value = number;
  }

  // The pane that panels, links and causes are about.
  get pane() { return this.panes[this.active]; }

  // Controls.

  controls() {
    const key = (name, act) => h("button", { type: "button", "aria-label": t(name), title: t(name), onclick: act }, icon(name));
    this.playButton = key("play", () => this.toggle());
    this.range = h("input", { type: "range", min: 0, max: 1, step: 1, "aria-label": t("step"), onchange: () => this.tell(),
      oninput: () => {
        setAttribute(this.say, "aria-live", "off");
        this.seek(Number(this.range.value));
      } });
    this.count = h("span", { class: "count" });
    const speeds = SPEEDS.map((speed) => h("option", { value: speed, selected: speed === 1 }, t("times", { speed })));
    this.lastFault = key("last-fault", () => this.jump(-1));
    this.nextFault = key("next-fault", () => this.jump(1));
    this.backButton = key("back", () => this.seek(this.at - 1));
    this.stepButton = key("step", () => this.seek(this.at + 1));
    return h("div", { class: "bar top" }, this.lastFault, this.backButton, this.playButton, this.stepButton, this.nextFault, this.range, this.count,
      h("select", { "aria-label": t("speed"), onchange: (event) => (this.speed = Number(event.target.value)) }, speeds));
  }

  doings() {
    const run = this.runs[0].run;
    const panel = (name, key) => h("button", { type: "button", class: "small", "data-panel": name, "aria-expanded": "false", onclick: () => this.open(this.opened === name ? null : name) }, t(key));
    this.lights = panel("laws", "laws");
    this.lights.classList.add("lights");
    this.coneButton = h("button", { type: "button", class: "small", "aria-pressed": "false", onclick: () => this.toggleCone() }, t("causes"));
    this.chooser = h("select", { onchange: () => this.change(Number(this.chooser.value)) }, this.runs.map((one, place) => h("option", { value: place }, one.label)));
    return h("div", { class: "bar" }, this.runs.length > 1 ? h("label", { class: "runs" }, `${t("run")} `, this.chooser) : null, this.data.tour?.length ? panel("tour", "tour") : null, run.fields.length ? panel("state", "state") : null, panel("details", "details"),
      this.coneButton, panel("steps", "steps"), run.names.length > 1 ? panel("nodes", "nodes") : null, this.lights, panel("share", "share"), panel("help", "help"));
  }

  change(number) {
    const opened = this.opened === "tour" ? null : this.opened;
    this.pause();
    this.open(null);
    if (this.data.mode === "beside") {
      this.active = number;
      this.chooser.value = number;
      this.refresh();
    } else {
      this.choose(number);
      this.panes.forEach((pane) => pane.arrange());
      this.seek(this.moments.length - 1);
    }
    this.open(opened);
  }

  // The cursor.

  step(pane = this.active) { return this.moments[this.at][pane]; }

  momentOf(step) {
    const place = this.moments.findIndex((moment) => moment[this.active] >= step);
    return place < 0 ? this.moments.length - 1 : place;
  }

  seekStep(step) { this.seek(this.momentOf(step)); }

  seek(at) { // not beyond an open question
    const place = Math.max(0, Math.min(at, this.moments.length - 1, this.limit));
    if (place !== this.at) this.picked = null;
    this.at = place;
    this.refresh();
  }

  refresh() {
    const veil = this.veil || (this.at < this.moments.length - 1 ? "some" : "");
    this.panes.forEach((pane, place) => pane.show(this.step(place), { veil, cone: this.cone && place === this.active, picked: place === this.active ? this.picked : null }));
    const words = this.panes.map((pane, place) => (this.step(place) ? sentence(pane.run, pane.run.steps[this.step(place) - 1]) + endWords(pane.run, this.step(place)) : t("not-begun")));
    const handler = this.pane.run.steps[Math.max(0, this.step() - 1)].handler;
    this.told = words.length > 1 ? words.map((text, place) => `${this.runs[place].label}: ${text}`).join(" ") : words[0];
    setText(this.say, `${this.told}${this.coneWords()}${handler ? ` ${t("code", { handler: handler.split(", ").at(-1) })}` : ""}`);
    this.range.value = String(this.at);
    setAttribute(this.range, "aria-valuetext", t("step-of", { step: this.step(), last: this.pane.last }));
    setText(this.count, this.panes.map((pane, place) => `${this.step(place)} / ${pane.last}`).join(" | "));
    for (const [control, off] of [[this.backButton, !this.at], [this.stepButton, this.at === this.moments.length - 1], [this.lastFault, !this.landmark(-1)], [this.nextFault, !this.landmark(1)]])
      setAttribute(control, "aria-disabled", off);
    this.light();
    this.extras.forEach((follow) => follow());
    const focused = this.shadowRoot.activeElement;
    this.follow?.();
    if (focused && !this.shadowRoot.activeElement) this.panel.focus({ preventScroll: true });
  }

  // Let a screen reader say the sentence again.
  tell() {
    const text = this.say.textContent;
    setAttribute(this.say, "aria-live", "polite");
    this.say.textContent = "";
    this.say.textContent = text;
  }

  coneWords() {
    if (!this.cone) return "";
    const cone = this.causes();
    return ` ${t("cone-counts", { before: cone.before, after: cone.after })}`;
  }

  light() {
    const broken = this.panes.flatMap((pane, place) => lawsOf(pane.run).filter(([, , violation]) => isBroken(this, place, violation)));
    setAttribute(this.lights, "class", `small lights ${broken.length ? "red" : "green"}`);
    setText(this.lights, broken.length ? t("laws-broken", { law: broken[0][0] }) : t("laws-kept", { count: lawsOf(this.panes[0].run).length }));
  }

  // Faults, changes of role and broken laws.
  landmark(side) {
    return this.marks[side > 0 ? "find" : "findLast"]((place) => (place - this.at) * side > 0);
  }

  jump(side) {
    const place = this.landmark(side);
    if (place !== undefined) this.seek(place);
  }

  // Playing.

  toggle() { this.playing ? this.pause() : this.play(); }

  play() {
    if (this.at === this.moments.length - 1) this.seek(0);
    setAttribute(this.say, "aria-live", "off");
    const next = () => {
      this.playing = setTimeout(() => {
        const before = this.at;
        this.seek(before + 1);
        this.at > before && this.at < this.moments.length - 1 ? next() : this.pause();
      }, 1100 / this.speed);
    };
    next();
    this.showPlaying();
  }

  pause() {
    if (!this.playing) return;
    clearTimeout(this.playing);
    this.playing = null;
    this.tell();
    this.showPlaying();
  }

  showPlaying() {
    const name = this.playing ? "pause" : "play";
    this.playButton.replaceChildren(icon(name));
    this.playButton.setAttribute("aria-label", t(name));
    this.playButton.title = t(name);
  }

  // Panels, and what is picked in the diagram.

  open(name) {
    const focused = this.shadowRoot.activeElement, close = this.shut;
    this.opened = this.follow = this.shut = null;
    close?.();
    const made = name && PANELS[name]?.(this);
    this.opened = made && name;
    this.panel.hidden = !made;
    if (made) {
      this.panel.replaceChildren(h("div", { class: "bar" }, h("b", { class: "grow" }, t(name)), h("button", { type: "button", class: "small", onclick: () => this.closeTo(name) }, t("close"))), ...made.elements.filter(Boolean));
      this.follow = made.follow || null;
      this.shut = made.close || null;
      this.panel.scrollTop = 0;
      this.follow?.();
    }
    for (const control of this.app.querySelectorAll("[data-panel]")) setAttribute(control, "aria-expanded", String(control.dataset.panel === name));
    this.panes.forEach((pane) => (pane.stage.clientWidth !== pane.width ? pane.arrange() : pane.show(pane.cursor)));
    if (focused && !this.shadowRoot.activeElement) (name ? this.panel : this.pane.stage).focus({ preventScroll: true });
  }

  closeTo(name) {
    this.open(null);
    this.app.querySelector(`[data-panel="${name}"]`)?.focus();
  }

  picked_(what, place) {
    this.active = place;
    if (this.data.mode) this.chooser.value = place;
    const { steps, fields } = this.pane.run;
    if (what.step) this.seekStep(what.step);
    else if (what.message) this.pickMessage(...what.message);
    else if (fields.length) this.open("state");
    else { // what this node did last
      this.seekStep(steps.slice(0, this.step()).findLast((step) => step.node === what.node)?.number ?? this.pane.first);
      this.open("details");
    }
  }

  pickMessage(step, position) {
    const { run } = this.pane, end = (endsOf(run).get(`${step}:${position}`) || []).at(-1);
    if (this.step() !== step && this.step() !== end?.number) this.seekStep(Math.min(end?.number ?? step, this.pane.last));
    this.picked = [step, position];
    this.open("details");
    this.refresh();
  }

  // To where a message of this step ended, else back to where the message of this step came from.
  followMessage() {
    const { run } = this.pane, step = run.steps[this.step() - 1];
    const sent = step.effects.findIndex((effect, position) => effect.name === "Send" && endsOf(run).has(`${step.number}:${position}`));
    const end = sent >= 0 && endsOf(run).get(`${step.number}:${sent}`).find((one) => one.kind !== "duplicate");
    const target = end ? end.number : step.cause ? step.cause.step.number : 0;
    if (!target) return;
    this.seekStep(target);
    this.picked = end ? [step.number, sent] : [step.cause.step.number, step.cause.position];
    this.refresh();
  }

  toggleCone() {
    this.cone = !this.cone;
    setAttribute(this.coneButton, "aria-pressed", String(this.cone));
    this.refresh();
  }

  key(event) {
    const target = event.composedPath()[0], typing = target.matches("input:not([type=range]):not([type=checkbox]), select") && event.key !== "Escape";
    if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === " " && target.matches("button, [type=checkbox]")) return;
    const toggle = (name) => this.app.querySelector(`[data-panel="${name}"]`) && (this.opened === name ? this.closeTo(name) : this.open(name));
    const act = {
      " ": () => this.toggle(), ArrowRight: () => this.seek(this.at + 1), ArrowLeft: () => this.seek(this.at - 1), ArrowDown: () => this.seek(this.at + 1), ArrowUp: () => this.seek(this.at - 1),
      Home: () => this.seek(0), End: () => this.seek(this.moments.length - 1), n: () => this.jump(1), p: () => this.jump(-1), m: () => this.followMessage(),
      c: () => this.toggleCone(), l: () => this.copyLink(), t: () => toggle("steps"), s: () => toggle("state"), d: () => toggle("details"), "?": () => toggle("help"),
      Escape: () => this.opened && this.closeTo(this.opened),
    }[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!act) return;
    event.preventDefault();
    act();
  }

  // What others may ask of a figure: the file form of its run, and its sentences.

  get trace() { return fileForm(this.pane.run); }

  get sentences() { return this.pane.run.steps.map((step) => sentence(this.pane.run, step)); }

  causes() { return coneOf(this.pane.run, this.step()); }

  // Links, and pictures of the present moment.

  link() { // step 9 of the second run is "9.2"
    const run = this.chosen || this.active;
    return `${location.href.split("#")[0]}#${this.name}@${this.step()}${run ? `.${run + 1}` : ""}`;
  }

  copyLink() {
    try {
      history.replaceState(null, "", this.link());
    } catch { /* a frame may not change its address */ }
    copied(this.link()).then((done) => setText(this.say, `${t(done ? "copied" : "not-copied")} ${this.told}`));
  }

  handleEvent(event) { // also for a click on the link that is the address already
    if (event.type !== "click" || event.target.closest?.("a")?.href === location.href) this.followHash();
  }

  followHash() {
    const [, name, step, run = 1] = location.hash.match(/^#([\w-]+)@(\d+)(?:\.(\d+))?$/) || [];
    if (name !== this.name) return;
    this.begin();
    if (!this.panes) return;
    if ((this.chosen || this.active) !== run - 1 && this.runs[run - 1]) this.change(run - 1);
    this.seekStep(Number(step));
    this.scrollIntoView({ block: "start" });
    this.pane.stage.focus({ preventScroll: true });
  }

  picture() {
    const style = getComputedStyle(this);
    return this.pane.picture((name) => style.getPropertyValue(`--k-${name}`).trim());
  }
}

// The moments of a figure: of one run its steps; of two the same steps up to where they differ, then both by time.
function momentsOf(panes) {
  if (panes.length === 1) return range(panes[0].first, panes[0].last).map((step) => [step]);
  const [a, b] = panes, lines = panes.map((pane) => fileForm(pane.run).split("\n"));
  let same = 0;
  while (same < Math.min(a.last, b.last) && lines[0][same + 1] === lines[1][same + 1]) same++;
  panes.forEach((pane) => (pane.differs = same < pane.run.steps.length ? same + 1 : 0));
  const moments = range(Math.max(a.first, b.first), same).map((step) => [step, step]);
  for (let [i, j] = [same, same]; i < a.last || j < b.last;) {
    const next = [a.run.steps[i]?.at ?? Infinity, b.run.steps[j]?.at ?? Infinity];
    const [left, right] = [i < a.last && (next[0] <= next[1] || j >= b.last), j < b.last && (next[1] <= next[0] || i >= a.last)];
    i += left;
    j += right;
    moments.push([i, j]);
  }
  const inside = moments.filter(([left, right]) => left >= a.first || right >= b.first);
  return inside.map(([left, right]) => [Math.max(left, a.first), Math.max(right, b.first)]);
}

const range = (from, to) => Array.from({ length: Math.max(0, to - from + 1) }, (_, place) => from + place);

function landmarksOf(pane, moments, which) {
  const { run, scene, differs } = pane;
  const steps = new Set(run.steps.filter((step) => FAULTS.includes(step.kind)).map((step) => step.number));
  for (const violation of run.broken) steps.add(violation.step || run.steps.length);
  for (const reign of scene.reigns) if (reign.start >= 0) steps.add(scene.rows[reign.start].steps[0]);
  steps.add(differs);
  return moments.flatMap((moment, place) => (steps.has(moment[which]) && moments[place - 1]?.[which] !== moment[which] ? [place] : []));
}

// What is broken at the end of a run, where no step breaks it.
const endWords = (run, step) => run.broken.filter((violation) => !violation.step && step === run.steps.length)
  .map(({ law, evidence }) => ` ${t("broken-end", { law: quoted(law), evidence: printable(evidence) })}`).join("");
