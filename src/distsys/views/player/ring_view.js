// How the playable ring looks: the picture, and the element with its controls. What it counts is in the part before.

const RING_RADIUS = 134, RING_LANES = 116, RING_CELL = 13;
const RING_DASHES = ["none", "9 3", "3 3", "14 3 3 3", "6 6", "1.5 3"];
const RING_SHAPES = [  // circle, square, triangle, diamond, triangle down, cross, hourglass, bar
  "M-3 0a3 3 0 1 0 6 0a3 3 0 1 0-6 0", "M-2.7-2.7h5.4v5.4h-5.4z", "M0-3.6L3.5 2.6H-3.5z", "M0-4L4 0 0 4-4 0z",
  "M0 3.6L3.5-2.6H-3.5z", "M-1.2-3.6h2.4v2.4h2.4v2.4h-2.4v2.4h-2.4v-2.4h-2.4v-2.4h2.4z",
  "M-3.2-3.4h6.4L-3.2 3.4h6.4z", "M-4-1.6h8v3.2h-8z",
];
const RINGS = `
@media screen { .app { display: block; height: auto; padding: 0; border: none; container-type: normal; } }
.cols { display: flex; flex-wrap: wrap; gap: 4px 20px; justify-content: space-between; }
.cols > div { flex: 1 1 290px; min-width: 0; max-width: 370px; container-type: inline-size; }
.cols > div + div { flex-basis: 326px; max-width: 430px; }
.picture svg { display: block; width: 100%; height: auto; } text { font-size: 13px; } text.big { font-size: 38px; font-weight: bold; }
.arc { fill: none; } .arc:not([stroke-width]) { stroke-width: 14; }
p { margin: 4px 0 8px; } .told { min-height: 4.5em; font-weight: 600; text-wrap: pretty; }
.knob { min-height: 5.6em; margin: 10px 0; } .knob p { margin: 0; }
input[type="number"] { width: 72px; min-height: 34px; background: var(--k-panel); border: 1px solid var(--k-quiet); border-radius: 5px; padding: 2px 6px; }
table { width: 100%; font-size: 13px; line-height: 1.3; font-variant-numeric: tabular-nums; } caption { text-align: left; font-weight: 600; padding: 4px 0; }
th, td { vertical-align: middle; padding: 2px 3px; height: 39px; } thead th { white-space: nowrap; height: 24px; color: var(--k-quiet); font-weight: 400; }
.number, td:last-child { text-align: right; }
tbody th { font-weight: 600; white-space: nowrap; } .none th { font-weight: 400; color: var(--k-quiet); } .none svg { opacity: .4; }
.name { display: inline-block; max-width: 7em; overflow: hidden; text-overflow: ellipsis; vertical-align: middle; }
.swatch { vertical-align: middle; margin-right: 6px; } .off { visibility: hidden; }
td select { padding: 2px; width: 44px; } td button { min-width: 66px; padding: 2px 4px; } .less, .plain :is(th, td):nth-child(2) { display: none; }
.methods :is(th, td) { height: 32px; padding: 0 3px; } .methods label { display: flex; align-items: center; gap: 6px; min-height: 32px; cursor: pointer; }
.methods input { margin: 0; width: 17px; height: 17px; accent-color: var(--k-1); } .methods .wide { width: 40%; }
.track { position: relative; display: block; height: 14px; background: var(--k-panel); }
.track i { position: absolute; top: 0; height: 14px; border: 1px solid var(--k-1); background: var(--k-1); }
.track .old { border: 1px dashed var(--k-bad); background: repeating-linear-gradient(45deg, var(--k-bad) 0 3px, var(--k-ground) 3px 6px); }
.track .fair { top: -4px; height: 22px; border-width: 0 0 0 2px; border-color: var(--k-ink); background: none; }
a { color: var(--k-1); } details { margin-top: 8px; } ul { margin: 4px 0; padding-left: 1.2em; max-height: 140px; overflow: auto; overflow-wrap: anywhere; }
summary { cursor: pointer; min-height: 28px; width: fit-content; }
@container (max-width: 380px) {
  .methods thead th { white-space: normal; } .methods .wide { width: 30%; }
  .more { display: none; } .less { display: inline; font-size: 17px; font-weight: bold; } td button { min-width: 34px; }
  .servers :is(th, td) { padding: 2px 1px; font-size: 12px; } .name { max-width: 3.2em; } .swatch { width: 26px; margin-right: 3px; }
}
@container (max-width: 330px) { text { font-size: 15px; } .methods :is(th, td) { font-size: 12px; padding: 0 1px; } .methods .wide { width: 22%; } }
@container (max-width: 284px) { .servers :is(th, td):nth-child(6) { display: none; } }
@media (prefers-reduced-motion: no-preference) {
  .moved { animation: land .5s ease-out; transform-box: fill-box; transform-origin: center; }
  @keyframes land { from { transform: scale(2.4); } }
}
@media (forced-colors: active) {
  .app { --k-ink: CanvasText; --k-quiet: CanvasText; --k-bad: CanvasText; --k-ground: Canvas; --k-panel: Canvas; --k-1: CanvasText;
    --k-2: CanvasText; --k-3: CanvasText; --k-4: CanvasText; --k-5: CanvasText; --k-6: CanvasText; }
  .track { outline: 1px solid; }
}
`;

const ringHue = (server) => server % 6 + 1;
const ringForm = (server) => `class="arc h${ringHue(server)}" stroke-dasharray="${RING_DASHES[(server + (server > 5)) % 6]}"`;
const ringShape = (server, scale = 1) =>
  `<path style="fill:var(--k-${ringHue(server)})" transform="scale(${scale})" d="${RING_SHAPES[server]}"/>`;

// The arcs of each server as one path; on the way the tokens, and their names where there is room.
function ringArcs(data, side, point, fresh) {
  const tokens = ringTokens(data, side), paths = {}, drawn = [];
  let start = tokens[tokens.length - 1] >> 3, named = -1;
  tokens.forEach((token, at) => {
    const end = token >> 3, server = token & 7;
    if (tokens.length <= 60) drawn.push(`<path class="m" d="M${point(end, 125)}L${point(end, 146)}"/>`);
    if (tokens.length <= 24 && end - named > data.size / (75 - 40 * Math.abs(Math.cos(2 * Math.PI * end / data.size)))) {
      const angle = 2 * Math.PI * end / data.size, name = data.pool[server], across = Math.sin(angle);
      const [x, y] = point(end, 151);
      const anchor = Math.abs(across) < 0.25 ? "middle" : across > 0 ? "start" : "end";
      drawn.push(`<text x="${x}" y="${(+y + 4 - 5 * Math.cos(angle)).toFixed(1)}" text-anchor="${anchor}">${escaped(name.length > 5 ? name.slice(0, 4) + "." : name)}</text>`);
      named = end;
    }
    if (at + 1 < tokens.length && (tokens[at + 1] & 7) === server) return;
    const large = ((end - start + data.size) % data.size || data.size) * 2 > data.size;
    const arc = (to, long) => `A${RING_RADIUS} ${RING_RADIUS} 0 ${+long} 1 ${point(to, RING_RADIUS)}`;
    const whole = start === end ? arc(end + data.size / 2, 0) : "";
    paths[server] = `${paths[server] || ""}M${point(start, RING_RADIUS)}${whole}${arc(end, large && !whole)}`;
    start = end;
  });
  const arcs = Object.entries(paths).map(([server, d]) =>
    `<path ${ringForm(+server)} ${+server === fresh ? 'stroke-width="24"' : ""} d="${d}"/>`);
  return arcs.join("") + drawn.join("");
}

// A row for each key: keys that lie close together stand in rows towards the middle, so that none hides another.
function ringLanes(data) {
  const rows = [0, 1, 2, 3, 4, 5].map((row) => ({ row, last: -data.size }));
  const lane = [];
  const order = data.places.map((_, key) => key).sort((a, b) => data.places[a] - data.places[b]);
  for (const key of order) {
    const place = data.places[key];
    const room = ({ row, last, first = place }) =>
      Math.min(place - last, first + data.size - place || data.size) * 2 * Math.PI * (RING_LANES - row * RING_CELL) / data.size;
    const best = rows.find((row) => room(row) >= RING_CELL) || rows.reduce((one, other) => (room(other) > room(one) ? other : one));
    best.first ??= place;
    best.last = place;
    lane[key] = best.row;
  }
  return lane;
}

function ringPicture(data, state, { now, was, moved }) {
  const point = (place, radius) => {
    const angle = 2 * Math.PI * place / data.size;
    return [(radius * Math.sin(angle)).toFixed(1), (-radius * Math.cos(angle)).toFixed(1)];
  };
  const isMoved = new Set(moved);
  const keys = data.places.map((place, key) => {
    const names = { key: data.keys[key], is: data.pool[now[key]], was: was && data.pool[was[key]] };
    const shape = isMoved.has(key) ? `<g class="moved"><circle class="o" r="6.4"/>${ringShape(now[key], 1.2)}</g>` : ringShape(now[key]);
    return `<g transform="translate(${point(place, RING_LANES - RING_CELL * data.lanes[key])})"><title>${escaped(t(isMoved.has(key) ? "ring-key-moved" : "ring-key", names))}</title>${shape}</g>`;
  });
  const fresh = state.before && ringChange(state).server;
  const ring = state.method === "ring" ? ringArcs(data, state.now, point, fresh) : `<circle class="l" r="${RING_RADIUS}"/>`;
  const [count, words] = state.before ? [moved.length, "ring-moved-count"] : [data.keys.length, "ring-keys"];
  return `<svg viewBox="-178 -168 356 336" role="img" aria-label="${escaped(t("ring-alt", { method: t(`ring-${state.method}`), servers: state.now.members.length, keys: data.keys.length }))}">`
    + `<path class="l" d="M0-146V-153"/><text text-anchor="middle" y="-157">0</text>${ring}${keys.join("")}`
    + `<text class="big" text-anchor="middle" y="8">${count}</text><text text-anchor="middle" y="27">${escaped(t(words))}</text></svg>`;
}

class RingElement extends HTMLElement {
  connectedCallback() {
    if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", () => this.wake(), { once: true });
    else this.wake();
  }

  disconnectedCallback() {
    window.removeEventListener("hashchange", this.asked);
  }

  wake() {
    try {
      this.data ??= ringData(this);
    } catch {
      return;  // the still picture stays
    }
    if (!this.data || !this.isConnected) return;
    this.asked = () => this.follow();
    window.addEventListener("hashchange", this.asked);
    if (!this.follow()) whenSeen(this, () => this.build());
  }

  // Go to the setting in the page's address, if it names this figure.
  follow() {
    const [figure, text] = location.hash.slice(1).split("@");
    if (figure !== this.data.name || !text) return false;
    this.build();
    if (text !== this.setting && ringSetting(text, this.data)) this.act(ringSetting(text, this.data));
    this.scrollIntoView({ block: "nearest" });
    return true;
  }

  get setting() {
    return ringText(this.state);
  }

  set setting(text) {
    this.build();
    const state = ringSetting(text, this.data);
    if (!state) throw new RangeError(`no setting of this ring: ${text}`);
    this.act(state);
  }

  build() {
    if (this.shadowRoot) return;
    const { data } = this;
    data.lanes = ringLanes(data);
    this.first = this.state = ringSetting(data.first, data);
    this.past = [];
    this.picture = h("div", { class: "picture" });
    this.count = h("p", { class: "told" });
    this.spoken = h("p", { class: "sr", "aria-live": "polite" });
    this.back = h("button", { type: "button", onclick: () => this.undo() }, t("ring-undo"));
    this.again = h("button", { type: "button", onclick: () => this.act(this.first) }, t("ring-reset"));
    this.link = h("a", { onclick: () => this.say(t("ring-linked")) }, t("ring-link"));
    this.list = h("ul", { tabindex: 0 });
    this.summary = h("summary");
    this.details = h("details", { open: this.clientWidth >= 636 }, this.summary, this.list);
    this.attachShadow({ mode: "open" }).append(
      h("style", {}, STYLE + RINGS),
      h("div", { class: "app" },
        h("div", { class: "cols" },
          h("div", {}, this.picture, this.count, h("div", { class: "bar" }, this.link, this.back, this.again), this.details),
          h("div", {}, this.serverTable(), this.knobs(), this.methodTable())),
        this.spoken),
      h("slot", { class: "still" }));
    this.draw();
  }

  serverTable() {
    const head = (key, name = "number") => h("th", { scope: "col", class: name }, t(key));
    this.third = head("ring-tokens");
    this.rows = this.data.pool.map((name, server) => {
      const mark = h("span");
      mark.innerHTML = `<svg class="swatch" width="44" height="14" viewBox="0 0 44 14" aria-hidden="true"><path ${ringForm(server)} d="M0 7h28"/><g transform="translate(37 7)">${ringShape(server, 1.4)}</g></svg>`;
      const row = {
        weight: h("select", { "aria-label": t("ring-weight-of", { name }), onchange: () => this.weigh(server, Number(row.weight.value)) },
          ...[1, 2, 3, 4].map((weight) => h("option", { value: weight }, String(weight)))),
        third: h("td", { class: "number" }), was: h("td", { class: "number" }), is: h("td", { class: "number" }), share: h("td", { class: "number" }),
        more: h("span", { class: "more" }), less: h("span", { class: "less" }),
      };
      row.toggle = h("button", { type: "button", onclick: () => this.toggle(server) }, row.more, row.less);
      row.line = h("tr", {}, h("th", { scope: "row" }, mark, h("span", { class: "name", title: name }, name)),
        h("td", {}, row.weight), row.third, row.was, row.is, row.share, h("td", {}, row.toggle));
      return row;
    });
    return this.servers = h("table", { class: "servers" }, h("thead", {}, h("tr", {}, head("ring-server", ""), head("ring-weight", ""), this.third,
      head("ring-was"), head("ring-now"), head("ring-share"), h("th", { scope: "col" }, h("span", { class: "sr" }, t("ring-change"))))),
    h("tbody", {}, ...this.rows.map((row) => row.line)));
  }

  knobs() {
    const knob = (type, label) => h("input", {
      type, min: 1, max: VNODES_MOST, "aria-label": t(label),
      oninput: (event) => this.spread(event.target.value), onchange: () => { this.draw(); this.say(); },
    });
    this.slider = knob("range", "ring-vnodes");
    this.exact = knob("number", "ring-vnodes-exact");
    this.spreads = h("div", { class: "bar" }, h("span", {}, t("ring-vnodes")), this.slider, this.exact);
    this.why = h("p", { class: "quiet" });
    return h("div", { class: "knob" }, this.spreads, this.why);
  }

  methodTable() {
    this.methods = Object.keys(RING_OWNERS).map((method) => {
      const row = {
        method, radio: h("input", { type: "radio", name: "method", onchange: () => this.act({ ...this.state, method }) }),
        forced: h("i"), old: h("i", { class: "old" }), fair: h("i", { class: "fair" }),
        moved: h("td", { class: "number" }), between: h("td", { class: "number" }),
      };
      row.line = h("tr", {}, h("th", { scope: "row" }, h("label", {}, row.radio, t(`ring-${method}`))),
        h("td", { class: "wide" }, h("span", { class: "track" }, row.forced, row.old, row.fair)), row.moved, row.between);
      return row;
    });
    const head = (key, name) => h("th", { scope: "col", class: name }, t(key));
    return h("table", { class: "methods" }, h("caption", {}, t("ring-methods")),
      h("thead", {}, h("tr", {}, head("ring-method"), head("ring-bar"), head("ring-moved-keys", "number"), head("ring-between-old", "number"))),
      h("tbody", {}, ...this.methods.map((row) => row.line)));
  }

  // What a reader does.

  act(state) {
    this.past.push(this.state);
    this.state = state;
    this.draw();
    this.say();
  }

  change(now) {
    this.act({ method: this.state.method, now, before: this.state.now });
  }

  toggle(server) {
    const { vnodes, members } = this.state.now;
    const rest = members.filter(([other]) => other !== server);
    this.change({ vnodes, members: rest.length < members.length ? rest : [...members, [server, 1]] });
  }

  weigh(server, weight) {
    const { vnodes, members } = this.state.now;
    this.change({ vnodes, members: members.map(([other, old]) => [other, other === server ? weight : old]) });
  }

  // Many small steps of the slider are one change.
  spread(value) {
    const vnodes = Math.min(VNODES_MOST, Math.max(1, Math.round(value) || 1)), { method, now, before } = this.state;
    if (vnodes === now.vnodes) return;
    const goesOn = this.spreading === this.state;
    if (!goesOn) this.past.push(this.state);
    this.state = this.spreading = { method, now: { ...now, vnodes }, before: goesOn ? before : now };
    this.draw(false);
  }

  undo() {
    this.state = this.past.pop();
    this.draw();
    this.say(`${t("ring-undone")} ${this.count.textContent}`);
    if (!this.past.length) this.link.focus();
  }

  say(text = this.count.textContent) {
    setText(this.spoken, text);
  }

  // What a reader sees.

  draw(typed = true) {
    const { data, state } = this, { members, vnodes } = state.now;
    const found = this.found = ringMoves(data, state);
    this.picture.innerHTML = ringPicture(data, state, found);
    setText(this.count, ringSentence(data, state, found));
    this.back.classList.toggle("off", !this.past.length);
    this.again.classList.toggle("off", this.setting === ringText(this.first));
    this.link.href = `#${data.name}@${this.setting}`;
    this.slider.value = vnodes;
    if (typed || this.exact !== this.shadowRoot.activeElement) this.exact.value = vnodes;
    this.spreads.hidden = state.method !== "ring";
    const reasons = [state.method === "ring" ? "" : t(`ring-why-${state.method}`, { last: data.pool[members.at(-1)[0]], table: data.table })];
    if (ringRenumbers(state)) reasons.push(t("ring-renumbered"));
    if (members.length === 1) reasons.push(t("ring-why-one"));
    setText(this.why, reasons.join(" ").trim());
    this.drawServers(found);
    this.drawMethods();
    this.drawList(found);
  }

  drawServers({ now, was }) {
    const { data, state: { method, now: { members, vnodes } } } = this, { length } = members;
    setText(this.third, t({ ring: "ring-tokens", rendezvous: "ring-hashes", maglev: "ring-slots" }[method] || "ring-number"));
    this.servers.classList.toggle("plain", !TAKES_WEIGHTS.includes(method));
    const tokens = method === "ring" && [...ringTokens(data, { members, vnodes })];
    this.rows.forEach((row, server) => {
      const at = members.findIndex(([other]) => other === server), is = at >= 0;
      const turn = members.filter(([other]) => other < server).length;  // Maglev: slots are dealt in the order of names
      const third = method === "ring" ? tokens.filter((token) => (token & 7) === server).length
        : method === "rendezvous" ? 1 : method === "maglev" ? Math.ceil((data.table - turn) / length) : at;
      const keys = now.filter((owner) => owner === server).length;
      row.line.className = is ? "" : "none";
      row.weight.classList.toggle("off", !is);
      if (is) row.weight.value = members[at][1];
      setText(row.third, is ? String(third) : "");
      setText(row.was, was && (is || was.includes(server)) ? String(was.filter((owner) => owner === server).length) : "");
      setText(row.is, is ? String(keys) : "");
      setText(row.share, is ? `${Math.round(100 * keys / now.length)}%` : "");
      const word = is ? "ring-remove" : "ring-add";
      setText(row.more, t(word));
      setText(row.less, is ? "\u2212" : "+");
      setAttribute(row.toggle, "aria-label", t(`${word}-name`, { name: data.pool[server] }));
      row.toggle.classList.toggle("off", is && (length === 1 || (method === "jump" && at < length - 1)));
    });
  }

  drawMethods() {
    const { data, state } = this, percent = (part) => `${100 * part / data.keys.length}%`;
    for (const row of this.methods) {
      const { moved, between } = ringMoves(data, { ...state, method: row.method });
      const { kind, fair } = state.before ? ringChange({ ...state, method: row.method }) : {};
      row.radio.checked = row.method === state.method;
      row.forced.style.width = percent(moved.length - between);
      row.old.style.left = percent(moved.length - between);
      row.old.style.width = percent(between);
      row.fair.style.left = `${100 * fair}%`;
      row.forced.hidden = moved.length === between;
      row.old.hidden = !between;
      row.fair.hidden = !fair;
      setText(row.moved, state.before ? String(moved.length) : "");
      setText(row.between, kind && kind !== "many" ? String(between) : "");
    }
  }

  drawList({ now, was, moved }) {
    const { data } = this, ways = new Map();
    for (const key of moved) {
      const way = t("ring-way", { was: data.pool[was[key]], is: data.pool[now[key]] });
      ways.set(way, [...(ways.get(way) || []), data.keys[key]]);
    }
    setText(this.summary, t("ring-list", { moved: moved.length }));
    this.details.classList.toggle("off", !moved.length);
    this.list.replaceChildren(...[...ways].sort().map(([way, keys]) => h("li", {}, `${way}, ${keys.length}: ${keys.join(", ")}`)));
  }
}

customElements.get("dist-ring") || customElements.define("dist-ring", RingElement);
