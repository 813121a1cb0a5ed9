// Who voted and who acknowledged, as circles with brackets; and who is in both of two quorums, which is why they agree.
// Which declared fields hold a quorum comes with the figure (distsys.views.projections.QUORUMS).

const SPACE = 96, MIDDLE = 44; // px: between two nodes, their height

const namesIn = (value) => (!value?.items ? [] : value.tag === "$map" ? value.pairs.map(([name]) => name) : value.items);

// The last state up to a step in which some node had collected something, of the highest term: {node, step, values, number, now}.
function holderOf(run, quorum, step, wanted) {
  const place = run.fields.indexOf(quorum.field), role = run.fields.indexOf("role"), count = run.fields.indexOf(quorum.number);
  let best = null;
  run.names.forEach((node, lane) => {
    const list = run.states[lane];
    for (let i = list.length - 1; i >= 0; i--) {
      const [since, values] = list[i];
      if (since > step || !values || !namesIn(values[place]).length) continue;
      if (quorum.roles.length && role >= 0 && !quorum.roles.includes(kit.brief(values[role]).toLowerCase())) continue;
      const number = typeof values[count] === "number" ? values[count] : 0;
      if (wanted != null && number !== wanted) continue;
      if (!best || number > best.number || (number === best.number && since > best.step))
        best = { node, step: since, values, number, now: kit.stateAt(run, lane, step)?.[0] === since };
      break;
    }
  });
  return best;
}

// Whom a holder counts: all that it collected, or of a map from names to places those that reach the level.
function membersOf(run, quorum, holder, wanted) {
  const value = holder.values[run.fields.indexOf(quorum.field)];
  if (!quorum.level) return { members: namesIn(value), level: null };
  const level = wanted ?? holder.values[run.fields.indexOf(quorum.level)] ?? 0, log = holder.values[run.fields.indexOf("log")];
  if (!level) return { members: [], level };
  const reached = value.pairs?.filter(([, upTo]) => upTo >= level).map(([name]) => name) || [];
  const own = !namesIn(value).includes(holder.node) && (log?.tag !== "$log" || lastOf(log) >= level);
  return { members: own ? [holder.node, ...reached] : reached, level };
}

const lastOf = (log) => log.items[0] + log.items.length - 1;

// The sets of voters that must each have a majority: one, or two while a configuration changes.
function votersOf(run, quorum, holder) {
  const value = holder.values[run.fields.indexOf("voters")];
  if (!value?.items?.length) {
    const declared = run.head.get("declared");
    return [run.names.filter((name) => namesIn(declared.get(name)).includes(quorum.field))];
  }
  return value.items.every((item) => item?.items) ? value.items.map(namesIn) : [namesIn(value)];
}

function quorumOf(run, quorum, step, chosen) {
  const holder = holderOf(run, quorum, step, quorum.level ? null : chosen);
  if (!holder) return null;
  const { members: found, level } = membersOf(run, quorum, holder, quorum.level ? chosen : null), members = run.names.filter((name) => found.includes(name)), sets = votersOf(run, quorum, holder);
  const counts = sets.map((voters) => [voters.filter((name) => members.includes(name)).length, voters.length]);
  return { ...quorum, holder, members, level, sets, counts, enough: counts.every(([count, all]) => count * 2 > all) };
}

function quorumWords({ holder, says, members, level, counts, enough }) {
  const whole = says.replace("{node}", holder.node).replace("{number}", holder.number).replace("{level}", level);
  const count = counts.map(([count, all], place) => `${counts.length > 1 ? `${t(place ? "new" : "old")} ` : ""}${t("of", { count, all })}`).join(", ");
  const asOf = holder.now ? "" : ` (${t("as-of", { node: holder.node, step: holder.step })})`;
  return kit.printable(`${whole}: ${members.join(", ") || t("nobody")}. ${count}: ${t(enough ? "a-quorum" : "none-yet")}${asOf}.`);
}

function bothWords(found) {
  const both = found[0].members.filter((name) => found[1].members.includes(name));
  return both.length ? kit.printable(t("both", { names: both.join(", ") })) : t(found.every((one) => one.enough) ? "both-none" : "both-few");
}

function quorumsPanel(figure) {
  const { run } = figure.pane, { list, shows } = figure.data.quorums, chosen = list.map(() => null);
  const box = h("div", { class: "circles", tabindex: 0, role: "group", "aria-label": t("circles") }), says = h("div"), declared = run.head.get("declared");
  const nodes = run.names.filter((name) => namesIn(declared.get(name)).some((field) => list.some((one) => one.field === field)));
  const shown = new Map();
  const put = (element, html) => {
    if (shown.get(element) !== html) element.innerHTML = html;
    shown.set(element, html);
  };
  const follow = () => {
    const found = list.map((quorum, place) => quorumOf(run, quorum, figure.step(), chosen[place])), pair = [1, 2].map((phase) => found.find((one) => one?.phase === phase)).filter(Boolean);
    put(box, drawing(pair));
    put(says, pair.map((one, place) => `<p>${swatch(place, one.phase)} ${escaped(quorumWords(one))}</p>`).join("") +
      (pair.length > 1 ? `<p class="both"><svg width="26" height="18" aria-hidden="true">${path("common", "M4 2h18v14h-18z")}</svg> ${escaped(bothWords(pair))}</p>` : "") ||
      `<p>${t("no-quorum")}</p>`);
  };
  const swatch = (place, phase) => `<svg width="26" height="12" aria-hidden="true">${path(`bracket p${phase}`, "M2 3V8H24V3")}</svg>`;
  const drawing = (pair) => {
    const defs = '<defs><pattern id="q" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><path class="stripe" d="M0 0V6"/></pattern></defs>';
    const low = MIDDLE + 62 + 15 * shows.length, height = low + 4 + 18 * pair.length;
    const body = nodes.map((name, place) => node(name, 58 + place * SPACE, pair)).join("") + pair.map((one, place) => bracket(one, low + 18 * place)).join("");
    return `<svg width="${20 + SPACE * nodes.length}" height="${height}" aria-hidden="true">${defs}${body}</svg>`;
  };
  const bracket = ({ members, phase }, y) => {
    const xs = members.map((name) => nodes.indexOf(name)).filter((place) => place >= 0).sort((a, b) => a - b).map((place) => 58 + place * SPACE);
    return xs.length ? path(`bracket p${phase}`, `M${xs[0] - 12} ${y}H${xs.at(-1) + 12}${xs.map((x) => `M${x} ${y}v-8`).join("")}`) + xs.map((x) => path(`knob p${phase}`, `M${x - 4} ${y - 10}h8v8h-8z`)).join("") : "";
  };
  const node = (name, x, pair) => {
    const values = kit.stateAt(run, run.names.indexOf(name), figure.step())?.[1], value = (field) => values?.[run.fields.indexOf(field)];
    const both = pair.length > 1 && pair.every((one) => one.members.includes(name)), member = pair.some((one) => one.members.includes(name));
    const term = value(list[0].number), role = value("role");
    const inside = !values ? words("fault", x, MIDDLE + 4, t("is-down"), "middle") : `<g transform="translate(${x} ${MIDDLE})">${kit.badge({ role: role == null ? "" : kit.brief(role), term: typeof term === "number" ? term : 0 })}</g>`;
    const circle = (r) => `M${x - r} ${MIDDLE}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 -${2 * r} 0z`;
    const lines = shows.filter((field) => value(field) != null).map((field) => `${field} ${kit.printable(kit.brief(value(field)))}`);
    return (both ? path("common", circle(28)) + words("bold", x, 11, t("in-both"), "middle") : "") + path(`node${member ? " member" : ""}${values ? "" : " gone"}`, circle(21)) + inside +
      words("bold", x, MIDDLE + 44, kit.printable(name), "middle") + lines.map((line, place) => words("quiet", x, MIDDLE + 60 + 15 * place, line, "middle")).join("");
  };
  return { elements: [...choosers(run, list, chosen, follow), box, says], follow };
}

// Which term, and which entry: the latest unless a reader chooses another.
function choosers(run, list, chosen, follow) {
  return list.map((quorum, place) => {
    const field = run.fields.indexOf(quorum.level ? "log" : quorum.number), all = run.states.flat().flatMap(([, values]) => (values ? [values] : []));
    const most = quorum.level ? all.map((values) => (values[field]?.tag === "$log" ? lastOf(values[field]) : 0)) : [];
    const some = quorum.level ? Array.from({ length: Math.max(0, ...most) }, (_, index) => index + 1)
      : [...new Set(all.filter((values) => namesIn(values[run.fields.indexOf(quorum.field)]).length).map((values) => values[field]))].filter((one) => typeof one === "number").sort((a, b) => a - b);
    if (!some.length) return null;
    const menu = h("select", { onchange: () => {
      chosen[place] = menu.value ? Number(menu.value) : null;
      follow();
    } }, h("option", { value: "" }, t("latest")), some.map((one) => h("option", { value: one }, one)));
    return h("label", { class: "which" }, `${quorum.level ? quorum.entry : quorum.number} `, menu, " ");
  });
}
