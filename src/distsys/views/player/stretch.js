// The judge of the history that the reader stretches. A test compares it with the package over all orders of the ends.
//
// An operation is {process, write, key, value, start, end}: value is what was written or returned, null where nothing was
// there; start and end are places in one order of all ends. It is small enough to try everything.

const stretchBefore = { linearizable: (a, b) => a.end < b.start, sequential: (a, b) => a.process === b.process && a.end < b.start };

// An order of all operations, as Wing and Gong look for it, or null: take one that nothing which is left comes before.
function stretchOrder(operations, before, left = operations, held = new Map()) {
  if (!left.length) return [];
  for (const call of left) {
    if (left.some((other) => before(other, call)) || (!call.write && (held.get(call.key) ?? null) !== call.value)) continue;
    const rest = stretchOrder(operations, before, left.filter((other) => other !== call), call.write ? new Map(held).set(call.key, call.value) : held);
    if (rest) return [call, ...rest];
  }
  return null;
}

// Whether session guarantees hold: the least that each read must have seen leaves an order of the writes.
function stretchSession(operations, guarantees) {
  const wants = (name) => guarantees.includes(name), later = new Map(), company = new Map();
  const put = (one, two) => later.set(one, [...(later.get(one) || []), two]);
  const source = (call) => operations.find((other) => other.write && other.key === call.key && other.value === call.value);
  const seen = new Map();
  for (const process of new Set(operations.map((call) => call.process))) {
    const wrote = [], read = [];
    for (const call of operations.filter((other) => other.process === process).sort((a, b) => a.start - b.start)) {
      if (call.write) {
        company.set(call, [...(wants("monotonic-writes") ? wrote : []), ...(wants("writes-follow-reads") ? read : [])]);
        company.get(call).forEach((other) => put(other, call));
        wrote.push(call);
        continue;
      }
      const from = call.value === null ? null : source(call);
      if (from === undefined) return false;  // nobody wrote it
      seen.set(call, [...(wants("read-your-writes") ? wrote : []), ...(wants("monotonic-reads") ? read : []), ...(from ? [from] : [])]);
      if (from) read.push(from);
    }
  }
  for (const [call, demands] of seen) {
    const all = new Set(demands), from = call.value === null ? null : source(call);
    for (const write of all) company.get(write).forEach((other) => all.add(other));
    for (const write of all) {
      if (write.key !== call.key || write === from) continue;
      if (!from) return false;  // it saw nothing, and had to see this
      put(write, from);
    }
  }
  const rounds = (write, path) => path.includes(write) || (later.get(write) || []).some((next) => rounds(next, [...path, write]));
  return !operations.some((call) => call.write && rounds(call, []));
}

const STRETCH_GUARANTEES = ["read-your-writes", "monotonic-reads", "monotonic-writes", "writes-follow-reads"];

// What every model says: {model: order or whether}.
function stretchVerdicts(operations) {
  return {
    linearizable: stretchOrder(operations, stretchBefore.linearizable),
    sequential: stretchOrder(operations, stretchBefore.sequential),
    sessions: stretchSession(operations, STRETCH_GUARANTEES),
    "read-your-writes": stretchSession(operations, ["read-your-writes"]),
    "monotonic-reads": stretchSession(operations, ["monotonic-reads"]),
  };
}

// Move one end by a place (-1 or 1) in the order of all ends; null where it would pass an end of its own process.
function stretchMoved(order, end, by, processOf) {
  const place = order.indexOf(end), other = order[place + by];
  if (other === undefined || processOf(other) === processOf(end)) return null;
  const moved = [...order];
  [moved[place], moved[place + by]] = [other, end];
  return moved;
}
