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

// It as a sentence.
function memorySentence(step) {
  const { kind, node } = step, { through, refused, ...rest } = operationOf(step), where = through ? t("in-buffer", { node }) : "";
  if (kind === "swap") return t(refused ? "would-swap" : "swaps", rest);
  return t(kind === "write" ? "writes-cell" : "reads-cell", { ...rest, where }) + (kind === "write" || rest.old === undefined ? "" : `: ${rest.old}`);
}

// It in short: "read 1", "write 2", "swap 1 to 2", "no swap: 1".
function cellWords(step, short) {
  const { kind } = step, { cell, through, value, old, refused } = operationOf(step, short);
  if (kind === "swap") return t(refused ? "no-swap" : "swap", { old, value });
  return [t(`mem-${kind}`), through ? cell : "", kind === "write" ? value : old].filter((word) => word).join(" ");
}

function begin(given) {
  kit = given;
  Object.assign(kit.CELLS, { sentence: memorySentence, words: cellWords });
}

const place = customElements.get("dist-trace");
if (place) begin(place.kit);
else globalThis.distCells = begin;
