// The game: four voters, and a reader who delivers their letters. Here are the rules and no picture.
//
// What can still be decided within a round that is split two against two is a table of 6^4 signs that the package has
// computed from all configurations; distsys.lab.impossibility_game says in which order. Any other round is sealed for
// the vote that three or four have. A position is a value: what a move returns is a new one.

const FLP_VOTERS = [0, 1, 2, 3];

// heard: null, or whose vote came first; next: null, or the vote in the next round; sent, next_sent: the turn in which
// the letters of this round and of the next were sent.
function flpBegin(votes = [0, 0, 1, 1]) {
  return {
    round: 1, turn: 0, votes, heard: votes.map(() => null), next: votes.map(() => null), decided: votes.map(() => null),
    sent: votes.map(() => 0), nextSent: votes.map(() => 0), wait: 0, open: 0,
  };
}

// The letters that may be delivered, the oldest first: [from, to].
function flpChoices({ heard, next, sent }) {
  const letters = FLP_VOTERS.flatMap((from) => FLP_VOTERS.filter((to) => to !== from && next[to] === null && heard[to] !== from)
    .map((to) => [from, to]));
  return letters.sort((a, b) => sent[a[0]] - sent[b[0]] || a[0] - b[0] || a[1] - b[1]);
}

function flpPlace({ votes, heard, next }) {
  const order = [...FLP_VOTERS].sort((a, b) => votes[a] - votes[b] || a - b);
  return order.reduceRight((place, who) => {
    const others = order.filter((one) => one !== who);
    return 6 * place + (next[who] !== null ? 4 + next[who] : heard[who] === null ? 0 : 1 + others.indexOf(heard[who]));
  }, 0);
}

// What can still be decided: "b" both, "0" or "1".
function flpStanding(table, position) {
  const ones = position.votes.reduce((sum, vote) => sum + vote, 0);
  return ones === 2 ? table[flpPlace(position)] : ones > 2 ? "1" : "0";
}

// The position after a letter, and after the late one that comes right behind it if its receiver counts.
function flpDeliver(table, before, [from, to]) {
  const now = { ...before, heard: [...before.heard], next: [...before.next], decided: [...before.decided], nextSent: [...before.nextSent] };
  const arrive = (sender) => {
    now.turn += 1;
    now.wait = Math.max(now.wait, now.turn - before.sent[sender]);
  };
  arrive(from);
  now.last = { from, to, value: before.votes[from], turn: now.turn };
  const first = before.heard[to];
  if (first === null) {
    now.heard[to] = from;
  } else {
    const ones = before.votes[to] + before.votes[first] + before.votes[from];
    now.next[to] = now.last.next = ones > 1 ? 1 : 0;
    now.last.equal = ones % 3 === 0;
    if (now.last.equal && now.decided[to] === null) now.decided[to] = ones / 3;
    arrive(FLP_VOTERS.find((who) => ![to, first, from].includes(who)));
    now.nextSent[to] = now.turn;  // the late one has come; now the letters of the next round leave
  }
  if (now.next.every((vote) => vote !== null)) {
    Object.assign(now, { round: now.round + 1, votes: now.next, heard: now.votes.map(() => null), next: now.votes.map(() => null),
      sent: now.nextSent, nextSent: [0, 0, 0, 0] });
    now.last.began = true;
  }
  if (flpStanding(table, now) === "b") now.open = now.turn;
  return now;
}

// The adversary: the oldest letter after which both decisions stay possible; the oldest of all if there is none.
function flpAdversary(table, position) {
  const choices = flpChoices(position);
  return choices.find((letter) => flpStanding(table, flpDeliver(table, position, letter)) === "b") || choices[0];
}
