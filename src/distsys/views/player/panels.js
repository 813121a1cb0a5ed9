// What opens beside the diagram: states, steps, details of an event or a message, nodes, laws, sharing, keys.
// A panel is a function of the figure that returns elements; where it has to follow the cursor it gives {elements, follow}.

const button = (text, onclick, attributes = {}) => h("button", { type: "button", onclick, ...attributes }, text);
const goTo = (figure, step, text = t("go-to", { step })) => button(text, () => figure.seekStep(step), { class: "link" });

const PANELS = {
  state(figure) {
    const { run } = figure.pane;
    const rows = run.names.map((name) => h("tr"));
    const follow = () => run.names.forEach((name, lane) => {
      const html = stateRow(run, name, lane, figure.step());
      if (rows[lane].dataset.is !== html) {
        rows[lane].innerHTML = html;
        rows[lane].dataset.is = html;
      }
    });
    const head = h("tr", {}, ["", ...run.fields].map((name) => h("th", { scope: "col" }, name || h("span", { class: "sr" }, t("where")))));
    const shown = rows.filter((row, lane) => run.states[lane].length);
    return { elements: [h("table", {}, h("thead", {}, head), h("tbody", {}, shown))], follow };
  },

  details(figure) {
    const box = h("div");
    const follow = () => box.replaceChildren(...(figure.picked ? messageDetails(figure, ...figure.picked) : stepDetails(figure, figure.step())));
    return { elements: [box], follow };
  },

  steps(figure) {
    const { run } = figure.pane, { first, last } = figure.pane, body = h("tbody");
    let current = null, from = 0, to = -1;
    const fill = (step) => { // some hundred rows at most
      [from, to] = [Math.max(first, step - 150), Math.min(last, step + 150)];
      body.replaceChildren(...run.steps.slice(from - 1, to).map((one) => h("tr", { "data-step": one.number },
        h("td", {}, goTo(figure, one.number, String(one.number))), h("td", {}, shownTime(one.at)), h("td", {}, one.node || t("network")), h("td", {}, printable(deed(one))))));
    };
    const follow = () => {
      const step = figure.step();
      if (step < from || step > to) fill(step);
      if (current) current.removeAttribute("aria-current");
      current = body.children[step - from];
      if (!current) return;
      current.setAttribute("aria-current", "step");
      const panel = figure.panel;
      const away = current.offsetTop - panel.scrollTop;
      if (away < 0 || away + current.offsetHeight > panel.clientHeight) panel.scrollTop = current.offsetTop - 40;
    };
    const head = ["step", "time", "where", "what"].map((key) => h("th", { scope: "col" }, t(key)));
    return { elements: [h("table", {}, h("thead", {}, h("tr", {}, head)), body)], follow };
  },

  nodes(figure) {
    const { run, hidden } = figure.pane;
    const set = (names, place = 0) => {
      figure.panes.forEach((pane) => pane.hide(names));
      figure.open("nodes");
      figure.refresh();
      figure.panel.querySelectorAll("input")[place].focus();
    };
    const rows = run.names.map((name, place) => {
      const box = h("input", { type: "checkbox", onchange: (event) => set(run.names.filter((other) => (other === name ? !event.target.checked : hidden.has(other))), place) });
      box.checked = !hidden.has(name);
      if (box.checked && hidden.size === run.names.length - 1) box.disabled = true;
      return h("p", {}, h("label", {}, box, " ", name), " ", run.names.length > 2 ? button(t("only"), () => set(run.names.filter((other) => other !== name), place), { "aria-label": t("only-this", { name }) }) : null);
    });
    return { elements: [h("p", { class: "quiet" }, t("nodes-hint")), ...rows, hidden.size ? button(t("all-nodes"), () => set([])) : null] };
  },

  laws(figure) {
    const items = figure.panes.flatMap((pane, place) => lawsOf(pane.run).map(([name, says, violation]) => {
      const light = h("span", { class: "light" });
      const step = violation && (violation.step || pane.run.steps.length);
      const proof = violation && h("span", { class: "proof" }, ` ${printable(violation.evidence)}`);
      const jump = violation && (step <= pane.last ? button(t("go-to", { step }), () => {
        figure.active = place;
        figure.seekStep(step);
      }, { class: "link" }) : ` ${t("go-to", { step })}`);
      const item = h("li", {}, pane.title ? h("i", {}, `${pane.title}: `) : "", light, h("b", {}, ` ${name}. `), says, proof || "", jump || "");
      return { item, light, violation, broken: () => isBroken(figure, place, violation) };
    })).sort((a, b) => !!b.violation - !!a.violation); // a law that will be broken stands first
    const follow = () => items.forEach(({ item, light, broken }) => {
      setAttribute(item, "class", broken() ? "broken" : "kept");
      setText(light, t(broken() ? "law-broken" : "law-kept"));
    });
    return { elements: [h("ul", { class: "laws" }, items.map(({ item }) => item))], follow };
  },

  share(figure) {
    const { run } = figure.pane, said = h("p", { role: "status" });
    const copy = (text) => copied(text).then((done) => setText(said, t(done ? "copied" : "not-copied")));
    const field = h("input", { readonly: true, "aria-label": t("link-here") });
    const { code } = figure.data.runs[figure.chosen || figure.active];
    const follow = () => (field.value = figure.link());
    return { follow, elements: [
      h("p", {}, h("label", {}, t("link-here"), " ", field), button(t("copy-link"), () => copy(figure.link()))),
      h("p", {}, button(t("save-svg"), () => saved(`${figure.name}-${figure.step()}.svg`, "image/svg+xml", figure.picture())), " ",
        button(t("save-trace"), () => saved(`${figure.name}.jsonl`, "application/jsonl", fileForm(run)))),
      code ? h("p", {}, t("code-hint")) : null, code ? h("pre", { tabindex: 0 }, code) : null,
      code ? button(t("copy-code"), () => copy(code)) : null, said] };
  },

  help() {
    const rows = KEYS.map(([keys, words]) => h("tr", {}, h("td", {}, keys), h("td", {}, t(words))));
    return { elements: [h("table", {}, h("tbody", {}, rows)), h("p", { class: "quiet" }, t("signs"))] };
  },
};

const KEYS = [["Space", "play"], ["Left, Right", "step"], ["Home, End", "key-ends"], ["P, N", "next-fault"], ["M", "key-message"], ["C", "causes"],
  ["D", "details"], ["S", "state"], ["T", "steps"], ["L", "copy-link"], ["?", "help"], ["Esc", "close"]];

// The laws of a run: [name, what it says, its violation]; a broken law that is not in the header (an assertion) as well.
function lawsOf(run) {
  const names = [...new Set([...Object.keys(run.laws), ...run.broken.map((violation) => violation.law)])];
  return names.map((name) => [name, Object.hasOwn(run.laws, name) ? run.laws[name] : "", run.broken.find((violation) => violation.law === name)]);
}

// A law that is broken at the end (step 0) turns red when the end is reached.
const isBroken = (figure, place, violation) => violation && figure.step(place) >= (violation.step || figure.panes[place].run.steps.length);

function stateRow(run, name, lane, number) {
  const [since, values] = stateAt(run, lane, number) || [0, null];
  const before = since === number ? stateAt(run, lane, number - 1)?.[1] : values;
  const commit = run.fields.findIndex((field) => /^commit(ted)?(_?index)?$/.test(field));
  const cells = values ? run.fields.map((field, place) => {
    const value = values[place];
    if (value === undefined) return "<td></td>";
    const isNew = since === number && (!before || before[place] === undefined || canonical(before[place]) !== canonical(value));
    const inner = value?.tag === "$log" ? logCells(value, typeof values[commit] === "number" ? values[commit] : null) : escaped(printable(brief(value)));
    return `<td${isNew ? ' class="new"' : ""}>${inner}${isNew ? `<span class="sr"> (${t("changed")})</span>` : ""}</td>`;
  }).join("") : `<td colspan="${run.fields.length || 1}">${t("is-down")}</td>`;
  return `<th scope="row">${escaped(name)}</th>${cells}`;
}

// A log as cells: committed entries have a full border, the others a dashed one; the term by hue and number.
function logCells(log, commit) {
  const entries = log.items.slice(1), from = Math.max(0, entries.length - 12), before = log.items[0];
  const cells = entries.slice(from).map((entry, place) => {
    const index = before + from + place + 1, term = entry instanceof Rec ? entry.get("term") : undefined;
    const what = entry instanceof Rec ? entry.values.filter((value, field) => entry.fields[field] !== "term").map((value) => brief(value)).join(" ") : brief(entry);
    const state = commit === null ? "" : index <= commit ? " committed" : " open";
    return `<span class="cell${state}"${typeof term === "number" ? ` style="--hue:var(--k-${HUES[term % 6]})"` : ""}><i>${index}</i>${typeof term === "number" ? `<b>${term}</b> ` : ""}${escaped(printable(what))}</span>`;
  });
  const upTo = commit === null ? "" : `<span class="sr">${t("committed-to", { index: commit })}</span>`;
  return !entries.length ? t("empty") : `<span class="log">${from ? `${t("earlier", { count: from + before })} ` : ""}${cells.join("")}</span>${upTo}`;
}

function stepDetails(figure, number) {
  const { run } = figure.pane, step = run.steps[number - 1], cone = coneOf(run, number);
  const sent = step.effects.slice(0, step.kept).flatMap((effect, position) => (effect.name === "Send" ? [[effect, position]] : []));
  const list = sent.map(([effect, position]) => {
    const end = (endsOf(run).get(`${number}:${position}`) || []).filter((one) => one.kind !== "duplicate")[0];
    return h("li", {}, `${t("to", { message: printable(label(effect.get("message"))), to: effect.get("to") })} `,
      button(t("open-message"), () => figure.pickMessage(number, position), { class: "link" }), " ", end ? goTo(figure, end.number, t(end.kind === "drop" ? "lost-at" : "arrives-at", { step: end.number })) : t("underway"));
  });
  return [
    step.handler ? h("p", {}, t("handlers"), " ", h("code", {}, step.handler)) : null,
    step.cause ? h("p", {}, t("caused-by"), " ", goTo(figure, step.cause.step.number)) : null,
    cone.before + cone.after ? h("p", {}, t("cone-counts", { before: cone.before, after: cone.after })) : null,
    sent.length ? h("ul", {}, list) : null,
    step.event ? h("pre", { tabindex: 0 }, pretty(step.event)) : null,
  ].filter(Boolean);
}

function messageDetails(figure, number, position) {
  const { run } = figure.pane, step = run.steps[number - 1], send = step.effects[position], to = send.get("to");
  const ends = endsOf(run).get(`${number}:${position}`) || [];
  return [
    h("p", {}, t("message-from", { from: step.node, to })),
    h("p", {}, t("sent"), " ", goTo(figure, number), ...ends.flatMap((end) => [" ", goTo(figure, end.number, t({ drop: "lost-at", duplicate: "doubled-at" }[end.kind] || "arrives-at", { step: end.number }))]),
      ends.length ? "" : ` ${t("underway")}`),
    h("pre", { tabindex: 0 }, pretty(send.get("message"))),
  ];
}

// A value over several lines where it is long.
function pretty(value, indent = "") {
  const line = brief(value);
  if (line.length + indent.length < 44 || !(value instanceof Rec || value instanceof Many)) return printable(line);
  const more = indent + "  ";
  const lines = value instanceof Rec ? value.fields.map((field, place) => `${field} = ${pretty(value.values[place], more)}`)
    : value.tag === "$map" ? value.pairs.map(([key, item]) => `${printable(brief(key))}: ${pretty(item, more)}`) : value.items.map((item) => pretty(item, more));
  return `${value instanceof Rec ? value.name : value.tag.slice(1)}(\n${lines.map((one) => more + one).join("\n")})`;
}

const copied = (text) => navigator.clipboard ? navigator.clipboard.writeText(text).then(() => true, () => false) : Promise.resolve(false);

function saved(name, type, text) {
  h("a", { href: URL.createObjectURL(new Blob([text], { type })), download: name }).click();
}
