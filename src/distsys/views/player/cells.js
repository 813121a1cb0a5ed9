// How a step on a cell of a shared memory is told; hooked into <dist-trace>, whichever of the two scripts comes first.

let kit; // what the script of <dist-trace> gives

// An operation on a cell, or on a store buffer before it, taken apart.
function operationOf(step, short) {
  const message = step.event.get("message"), through = message.fields.includes("operation");
  const operation = through ? message.get("operation") : message, has = (name) => operation.fields.includes(name);
  const words = (name) => kit.brief(operation.get(name), short);
  const [old] = step.effects.map((effect) => effect.name === "Send" && effect.get("message")).filter((sent) => sent.name === "Answer")
    .map((answer) => kit.brief(answer.get("value"), short));
  return {
    who: has("reader") ? operation.get("reader") : step.event.get("sender"), cell: through ? message.get("cell") : step.node, through,
    value: words("value"), old, refused: has("expected") && words("expected") !== old,
  };
}

// It as a sentence; nothing where the step is told as any other.
function sentence(step) {
  const { kind, node, event } = step;
  if (event?.name !== "Deliver") return "";
  if (kind === "deliver") return step.atomic && event.get("message").name === "Answer" ? t("goes-on", { node }) : "";
  if (!kit.EXTENSIONS[kind]) return "";
  const { through, refused, ...rest } = operationOf(step), where = through ? t("in-buffer", { node }) : "";
  if (kind === "swap") return t(refused ? "would-swap" : "swaps", rest);
  return t(kind === "write" ? "writes-cell" : "reads-cell", { ...rest, where }) + (kind === "write" || rest.old === undefined ? "" : `: ${rest.old}`);
}

// It in short: "read 1", "write 2", "swap 1 to 2", "no swap: 1".
function cellWords(step, short) {
  const { kind } = step, { cell, through, value, old, refused } = operationOf(step, short);
  if (kind === "swap") return t(refused ? "no-swap" : "swap", { old, value });
  return [t(`mem-${kind}`), through ? cell : "", kind === "write" ? value : old].filter((word) => word).join(" ");
}

// The mark of a step: [shape, [role, text]]; nothing where it is drawn as any other.
function shape(step, short) {
  if (kit.EXTENSIONS[step.kind]) return step.event && ["cell", ["what", cellWords(step, short)]];
  return step.kind === "deliver" && step.atomic && step.cause && ["dot", ["what", ""]];
}

function begin(given) {
  kit = given;
  Object.assign(kit.EXTENSIONS, { read: true, write: true, swap: true, sentence, shape });
}

const place = customElements.get("dist-trace"), earlier = globalThis.distMore;
if (place) begin(place.kit);
else globalThis.distMore = (given) => {
  earlier?.(given);
  begin(given);
};
