// A light for each law beside the controls: what is known of it at the step that is shown, told by shape and by words.

// [{name, says, evidence, state(): [kind, words, step that a click goes to]}]
function lawStates(figure) {
  const laws = figure.panes.flatMap((pane, place) => {
    const { run } = pane, { final = {}, verdict } = entryOf(figure, pane), end = run.steps.length, now = () => figure.step(place);
    const known = kit.lawsOf(run).map(([name, says, violation]) => {
      const broken = violation && (violation.step || end);
      return { place, name, says, evidence: violation?.evidence, jump: broken, state: () => {
        if (broken && now() >= broken) return ["broken", t("broken-since", { step: broken })];
        if (name in final) return now() < end ? ["wait", t("at-end")] : final[name] ? ["holds", t("holds")] : ["wait", t("never")];
        return now() ? ["holds", t("holds")] : ["wait", t("not-yet")];
      } };
    });
    if (!verdict) return known;
    const calls = callsOf(run), first = calls[verdict.stuck[0]], jump = verdict.outcome === "ILLEGAL" ? first?.stop || end : 0;
    return [...known, { place, name: t("linearizable"), says: judgedWords(verdict, calls), evidence: "", jump, state: () => (now() < end ? ["wait", t("at-end")]
      : { OK: ["holds", t("holds")], ILLEGAL: ["broken", t("broken-since", { step: jump })] }[verdict.outcome] || ["unknown", t("unknown")]) }];
  });
  return laws.sort((a, b) => !!b.jump - !!a.jump); // what will be broken stands first, so that it is seen among many
}

function goToLaw(figure, { place, jump }) {
  figure.active = place;
  figure.seekStep(jump);
}

// Of many laws those that will be broken have a light of their own, and one light stands for the others.
const LAMPS_MOST = 6;

function gathered(figure, laws) {
  if (laws.length <= LAMPS_MOST * figure.panes.length) return laws;
  const others = laws.filter((law) => !law.jump);
  const state = () => {
    const holding = others.filter((law) => law.state()[0] === "holds").length;
    return [holding ? "holds" : "wait", t("of-hold", { count: holding, all: others.length })];
  };
  return [...laws.filter((law) => law.jump), { place: -1, name: t("other-laws"), says: others.map((law) => law.name).join(", "), jump: 0, state }];
}

function lamps(figure) {
  const row = h("div", { class: "bar lamps", role: "group", "aria-label": t("lamps") }), said = h("span", { class: "sr", role: "status" });
  let panes = null, items = [];
  figure.app.children[0].after(row, said);
  return () => {
    if (panes !== figure.panes) {
      panes = figure.panes;
      items = gathered(figure, lawStates(figure)).map((law) => ({ law, words: h("span"), lamp: h("button", { type: "button", class: "small lamp", title: law.says, onclick: () => (law.jump ? goToLaw(figure, law) : figure.open("laws")) }) }));
      items.forEach(({ law, words, lamp }) => lamp.append(`${panes.length > 1 && law.place >= 0 ? `${panes[law.place].title}: ` : ""}${law.name}: `, words));
      row.replaceChildren(...items.map(({ lamp }) => lamp));
      row.hidden = !items.length;
    }
    const broken = items.filter(({ law, words, lamp }) => {
      const [kind, text] = law.state();
      setAttribute(lamp, "class", `small lamp ${kind}`);
      setText(words, text);
      return kind === "broken";
    });
    setText(said, broken.map(({ law }) => t("is-broken", { law: law.name })).join(" "));
  };
}

function lawsPanel(figure) {
  const items = lawStates(figure).map((law) => {
    const light = h("span", { class: "light" }), jump = law.jump && h("button", { type: "button", class: "link", onclick: () => goToLaw(figure, law) }, t("go-to", { step: law.jump }));
    const item = h("li", {}, light, h("b", {}, ` ${law.name}. `), law.says, law.evidence ? h("span", { class: "proof" }, ` ${kit.printable(law.evidence)}`) : "", jump || "");
    return { law, light, item };
  });
  const follow = () => items.forEach(({ law, light, item }) => {
    const [kind, text] = law.state();
    setAttribute(item, "class", `${kind === "broken" ? "broken" : "kept"} ${kind}`);
    setText(light, text);
  });
  return { elements: [h("ul", { class: "laws" }, items.map(({ item }) => item))], follow };
}
