// The playable ring: servers join and leave under five methods, and every key that moves is drawn and counted.
//
// Whatever is hashed comes from the package; distsys.views.ring_player says in which form. Here we only sort, search
// and count, and a test compares 1,000 settings with the package. A setting is a text, as it stands in a link:
// "ring-v8-abcd2e-v8-abcd" is the method, what is now, and what was before the last change. A letter is a server of
// the pool, in the order of joining, and a digit behind it is its weight.

const RING_SIDES = /^(ring|modulo|rendezvous|jump|maglev)-v(\d+)-(\w+)(?:-v(\d+)-(\w+))?$/;
const WEIGHT_MOST = 4, VNODES_MOST = 256;
const TAKES_WEIGHTS = ["ring", "rendezvous"];

// Numbers of `width` digits each, in the 64 digits of base64.
function ringNumbers(text, width) {
  const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const found = [];
  for (let at = 0; at < text.length; at += width) {
    found.push([...text.slice(at, at + width)].reduce((sum, digit) => sum * 64 + digits.indexOf(digit), 0));
  }
  return found;
}

function ringData(element) {
  const data = dataOf(element);
  if (!data || data.version !== 1) return null;
  const bids = ringNumbers(data.bids, 1).flatMap((pair) => [pair >> 3, pair & 7]);
  const ranks = WEIGHT_MOST * data.pool.length;
  return {
    ...data,
    size: 2 ** data.bits,
    tokens: data.tokens.map((text) => ringNumbers(text, 3)),
    places: ringNumbers(data.places, 3),
    residues: ringNumbers(data.residues, 2),
    jumps: ringNumbers(data.jumps, 2),
    slots: ringNumbers(data.slots, 2),
    bids: data.keys.map((_, key) => bids.slice(key * ranks, (key + 1) * ranks)),
  };
}

// Tokens clockwise, each as 8 * place + server: sorted numbers, so that of two that claim one place the first name is first.
function ringTokens(data, { vnodes, members }) {
  const claims = members.flatMap(([server, weight]) =>
    data.tokens[server].slice(0, vnodes * weight).map((place) => place * 8 + server));
  return Uint32Array.from(claims).sort().filter((token, at, all) => !at || all[at - 1] >> 3 !== token >> 3);
}

function firstAtOrAfter(tokens, place) {
  let low = 0, high = tokens.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (tokens[middle] >> 3 < place) low = middle + 1;
    else high = middle;
  }
  return low % tokens.length;
}

// The server of each key: members are [server, weight] in the order of joining.
const RING_OWNERS = {
  ring(data, side) {
    const tokens = ringTokens(data, side);
    return data.places.map((place) => tokens[firstAtOrAfter(tokens, place)] & 7);
  },
  modulo: (data, { members }) => data.residues.map((residue) => members[residue % members.length][0]),
  rendezvous(data, { members }) {
    const weights = new Map(members);
    return data.bids.map((ranks) => {
      const rank = Array(8).fill(WEIGHT_MOST + 1);  // a server stands there with its largest weight first
      return ranks.find((server) => --rank[server] === weights.get(server));
    });
  },
  jump: (data, { members }) => data.jumps.map((points) => {
    let bucket = members.length - 1;
    while (!(points >> bucket & 1)) bucket -= 1;
    return members[bucket][0];
  }),
  maglev(data, { members }) {
    const servers = members.map(([server]) => server).sort();
    const at = servers.map((server) => data.turns[server][0]);
    const table = [];
    for (let turn = 0; turn < data.table; turn += 1) {
      const node = turn % servers.length;
      while (at[node] in table) at[node] = (at[node] + data.turns[servers[node]][1]) % data.table;
      table[at[node]] = servers[node];
    }
    return data.slots.map((slot) => table[slot]);
  },
};

function ringPlaced(data, method, side) {
  const plain = { ...side, members: side.members.map(([server]) => [server, 1]) };
  return RING_OWNERS[method](data, TAKES_WEIGHTS.includes(method) ? side : plain);
}

// The setting as a text, and back; null where the text says nothing that we can show.
function ringText({ method, now, before }) {
  const side = ({ vnodes, members }) =>
    `-v${vnodes}-${members.map(([server, weight]) => "abcdefgh"[server] + (weight > 1 ? weight : "")).join("")}`;
  return method + side(now) + (before ? side(before) : "");
}

function ringSetting(text, data) {
  const found = RING_SIDES.exec(text);
  const side = (vnodes, letters) => {
    const members = [...letters.matchAll(/([a-h])([2-4]?)/g)].map(([, letter, weight]) =>
      ["abcdefgh".indexOf(letter), Number(weight) || 1]);
    const good = /^([a-h][2-4]?)+$/.test(letters) && vnodes >= 1 && vnodes <= VNODES_MOST
      && members.every(([server]) => server < data.pool.length) && new Map(members).size === members.length;
    return good ? { vnodes: Number(vnodes), members } : null;
  };
  const now = found && side(found[2], found[3]), before = found && found[4] && side(found[4], found[5]);
  return now && before !== null ? { method: found[1], now, before: before || null } : null;
}

// What a change is: its kind, the one server that it is about, and the share of the keys that has a reason to move.
function ringChange({ method, now, before }) {
  const [was, is] = [before, now].map((side) =>
    new Map(side.members.map(([server, weight]) => [server, TAKES_WEIGHTS.includes(method) ? weight : 1])));
  const servers = [...new Set([...was.keys(), ...is.keys()])].filter((server) => was.get(server) !== is.get(server));
  const part = (side, server) => (side.get(server) || 0) / [...side.values()].reduce((sum, weight) => sum + weight, 0);
  const server = servers[0];
  if (!servers.length) return { kind: now.vnodes === before.vnodes ? "unseen" : "vnodes" };
  if (servers.length > 1 || now.vnodes !== before.vnodes) return { kind: "many" };
  const kind = !was.has(server) ? "joins" : !is.has(server) ? "leaves" : "weighs";
  const equal = new Set([...was.values(), ...is.values()]).size === 1;
  return { kind, server, equal, most: Math.max(was.size, is.size), fair: Math.abs(part(is, server) - part(was, server)) };
}

// The moved keys of a change under one method, and how many of them moved between servers that the change is not about.
function ringMoves(data, state) {
  const now = ringPlaced(data, state.method, state.now);
  if (!state.before) return { now, moved: [], between: 0 };
  const was = ringPlaced(data, state.method, state.before), { kind, server } = ringChange(state);
  const moved = now.map((_, key) => key).filter((key) => now[key] !== was[key]);
  return { now, was, moved, between: moved.filter((key) => kind !== "many" && now[key] !== server && was[key] !== server).length };
}

function ringSentence(data, state, { moved, between }) {
  const { now, before } = state, keys = data.keys.length;
  if (!before) return t("ring-rest", { servers: now.members.length, keys });
  const change = ringChange(state), { kind, server, fair } = change;
  const weight = ({ members }) => (members.find(([other]) => other === server) || [])[1];
  const values = {
    name: data.pool[server], was: kind === "weighs" ? weight(before) : before.vnodes,
    is: kind === "weighs" ? weight(now) : now.vnodes, moved: moved.length, keys, share: (moved.length / keys).toFixed(3),
    n: change.most, fair: fair?.toFixed(3), between,
  };
  const parts = [t(kind === "vnodes" ? "ring-vnodes-changed" : `ring-${kind}`, values) + t("ring-moved", values)];
  if (fair) parts[0] += t(change.equal ? "ring-fair" : "ring-fair-weight", values);
  if (fair) parts.push(t(kind === "joins" ? "ring-between" : "ring-between-others", values));
  return `${parts[0]}. ${parts.slice(1).join(" ")}`.trim();
}

// Jump cannot let a server in the middle go; what we show then is a list that was numbered anew.
function ringRenumbers({ method, now, before }) {
  const [short, long] = [before || now, now].map(({ members }) => String(members.map(([server]) => server)))
    .sort((a, b) => a.length - b.length);
  return method === "jump" && !long.startsWith(short);
}
