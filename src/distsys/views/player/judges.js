// Hooks the views of the judges into <dist-trace>, whichever of the two scripts comes first.

const JUDGES = `
.lamps { max-height: 104px; overflow-y: auto; gap: 4px; }
.lamp { display: flex; align-items: center; gap: 6px; min-height: 28px; font-size: 12px; }
.lamp::before { content: ""; width: 10px; height: 10px; flex: none; border: 2px solid var(--k-good); border-radius: 50%; background: var(--k-good); }
.lamp.wait::before { background: none; border: 2px dashed var(--k-quiet); }
.lamp.broken { font-weight: bold; } .lamp.broken::before { border-color: var(--k-bad); background: var(--k-bad); border-radius: 0; transform: rotate(45deg); }
.lamp.unknown::before { border-color: var(--k-warn); background: none; border-radius: 0; }
.laws .wait .light { color: var(--k-quiet); } .laws .unknown .light { color: var(--k-warn); }
.main.wide { flex-direction: column; } .main.wide .panel { flex: 0 1 auto; min-height: 40%; max-height: 62%; border-left: none; border-top: 1px solid var(--k-quiet); }
.ops { display: flex; } .who { flex: none; max-width: 90px; padding-right: 8px; } .who b { display: block; height: 50px; padding-top: 16px; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.axis { flex: 1; min-width: 0; overflow-x: auto; position: relative; } .axis svg { display: block; }
.tag { position: absolute; height: 40px; min-height: 0; min-width: 24px; padding: 0; background: none; border: none; }
.span { stroke: var(--k-ink); stroke-width: 2.5; fill: none; } .unanswered { stroke-dasharray: 7 5; } .stuck { stroke: var(--k-bad); stroke-width: 5; }
.cap { stroke: var(--k-ink); stroke-width: 2; fill: none; } .cross { stroke: var(--k-bad); stroke-width: 2.5; fill: none; } .lane { stroke: var(--k-quiet); stroke-dasharray: 1 5; }
.strike { stroke: var(--k-ink); stroke-width: 1.2; } .thread { stroke: var(--k-1); stroke-width: 1.6; fill: none; } .point { fill: var(--k-ground); stroke: var(--k-1); stroke-width: 2; }
.lost { fill: var(--k-bad); font-weight: bold; } .bold { font-weight: bold; } .playhead { stroke: var(--k-2); stroke-width: 2; fill: var(--k-2); }
.spell.down { fill: var(--k-crash); } .spell.split { stroke: var(--k-4); stroke-dasharray: 10 4 2 4; }
.circles { overflow-x: auto; margin-top: 8px; } .circles svg { display: block; } .which select { min-height: 30px; margin-right: 8px; }
.node { fill: var(--k-ground); stroke: var(--k-quiet); stroke-width: 1.5; } .node.member { stroke: var(--k-ink); stroke-width: 2.5; } .node.gone { stroke-dasharray: 3 4; }
.bracket { fill: none; stroke-width: 3; } .p1 { stroke: var(--k-1); } .p2 { stroke: var(--k-2); } .bracket.p2 { stroke-dasharray: 7 4; }
.knob.p1 { fill: var(--k-1); } .knob.p2 { fill: var(--k-ground); stroke-width: 2; }
.common { fill: url(#q); stroke: var(--k-ink); stroke-width: 1; } .stripe { stroke: var(--k-ink); stroke-width: 2; } .both { font-weight: bold; }
@media (forced-colors: active) { .span, .cap, .cross, .thread, .point, .playhead, .bracket, .node { stroke: CanvasText; } .lamp::before { forced-color-adjust: none; } }`;

const BUTTONS = [["operations", "O", (figure) => figure.data.judges.operations], ["quorums", "Q", (figure) => figure.data.quorums]];

let laws; // the panel of laws of a figure without judges

function begin(given) {
  if (given.judged) return; // by the same script, which came twice
  kit = given;
  kit.judged = true;
  laws = kit.PANELS.laws;
  Object.assign(kit.PANELS, { operations: operationsPanel, quorums: quorumsPanel, laws: (figure) => (figure.data.judges ? lawsPanel : laws)(figure) });
  Object.assign(kit.STRINGS.en, { operations: t("operations"), quorums: t("quorums") });
  kit.KEYS.push(...BUTTONS.map(([name, key]) => [key, name]));
  kit.EXTENSIONS.push(extend);
}

function extend(figure) {
  if (!figure.data.judges) return () => {};
  figure.shadowRoot.append(h("style", {}, JUDGES));
  const toggle = (name) => (figure.opened === name ? figure.closeTo(name) : figure.open(name));
  for (const [name, key, has] of BUTTONS) if (has(figure)) {
    figure.lights.before(h("button", { type: "button", class: "small", "data-panel": name, "aria-expanded": "false", onclick: () => toggle(name) }, t(name)));
    figure.app.addEventListener("keydown", (event) => {
      if (event.key.toUpperCase() !== key || event.ctrlKey || event.metaKey || event.altKey || event.composedPath()[0].matches("input:not([type=range]), select")) return;
      event.preventDefault();
      toggle(name);
    });
  }
  return lamps(figure);
}

const place = customElements.get("dist-trace"), earlier = globalThis.distMore;
if (!place) globalThis.distMore = (given) => {
  earlier?.(given);
  begin(given);
};
else begin(place.kit);
