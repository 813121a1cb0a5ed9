// How the game looks: the votes of the last rounds as a strip, a row of letters for each voter, and the score.

const FLP_NAMES = ["A", "B", "C", "D"], FLP_STRIP = 14;
const FLPS = `
@media screen { .app { display: block; height: auto; padding: 0; border: none; container-type: normal; } }
p { margin: 4px 0 8px; } .told { min-height: 4.6em; font-weight: 600; text-wrap: pretty; } .score { min-height: 4.6em; }
.strip svg { display: block; width: 100%; max-width: 420px; height: auto; } text { font-size: 13px; stroke: none; }
.zero { fill: var(--k-ground); stroke: var(--k-1); stroke-width: 2; } .one { fill: var(--k-2); stroke: var(--k-2); stroke-width: 2; }
.on-one { fill: var(--k-ground); font-weight: bold; }
table { width: 100%; font-size: 14px; } th, td { vertical-align: middle; padding: 4px 6px 4px 0; } thead th { color: var(--k-quiet); font-weight: 400; white-space: nowrap; }
.letters { display: grid; grid-template-columns: repeat(3, minmax(0, 1fr)); gap: 6px; min-width: 168px; max-width: 420px; }
.letters button { min-width: 0; overflow-wrap: anywhere; padding: 2px 3px; min-height: 52px; line-height: 1.25; } .mark { display: block; min-height: 2.5em; font-size: 12px; } @media (max-width: 360px) { .mark { min-height: 5em; } .letters button { min-height: 92px; } .told { min-height: 6em; } }
.mark.b { color: var(--k-good); } .mark.s { color: var(--k-bad); font-weight: bold; } .letters button.s { border: 2px dashed var(--k-bad); }
.state { min-height: 1.5em; font-size: 13px; color: var(--k-quiet); fill: none; } .off { visibility: hidden; }
`;

function flpStrip(rounds) {
  const from = Math.max(0, rounds.length - FLP_STRIP), seen = rounds.slice(from);
  const cells = seen.flatMap((votes, column) => votes.map((vote, row) => {
    const x = 40 + 27 * column, y = 12 + 24 * row;
    const mark = vote ? `<rect class="one" x="${x - 9}" y="${y - 9}" width="18" height="18"/>` : `<circle class="zero" cx="${x}" cy="${y}" r="9"/>`;
    return `${mark}<text class="${vote ? "on-one" : ""}" x="${x}" y="${y + 4.5}" text-anchor="middle">${vote}</text>`;
  }));
  const heads = seen.map((_, column) => `<text class="n" x="${40 + 27 * column}" y="114" text-anchor="middle">${from + column + 1}</text>`);
  const names = FLP_NAMES.map((name, row) => `<text x="4" y="${16.5 + 24 * row}">${name}</text>`);
  const words = seen.map((votes, column) => t("flp-history-round", { round: from + column + 1, votes: votes.join(" ") })).join("; ");
  return `<svg viewBox="0 0 420 120" role="img" aria-label="${escaped(`${t("flp-history")}. ${words}`)}">${names.join("")}${cells.join("")}${heads.join("")}</svg>`;
}

function flpSentence(table, before, now) {
  const { from, to, value, turn, next, equal, began } = now.last, name = (who) => FLP_NAMES[who];
  const parts = [t("flp-took", { turn, to: name(to), value, from: name(from) })];
  if (next !== undefined) {
    if (equal) parts.push(t("flp-decides", { to: name(to), next }));
    else parts.push(t("flp-counts", { to: name(to), next, round: before.round + 1 }));
    parts.push(t("flp-late", { to: name(to) }));
  }
  if (began) parts.push(t("flp-round", { round: now.round, votes: now.votes.join(" ") }));
  return `${parts.join("")} ${flpStatus(table, now)}`;
}

function flpStatus(table, now) {
  const names = FLP_NAMES.filter((_, who) => now.decided[who] !== null);
  const standing = flpStanding(table, now);
  if (names.length) return t("flp-decided", { names: names.join(", "), value: standing, turns: now.open });
  return standing === "b" ? t("flp-open") : t("flp-sealed", { value: standing });
}

class FlpElement extends HTMLElement {
  connectedCallback() {
    if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", () => this.wake(), { once: true });
    else this.wake();
  }

  wake() {
    try {
      this.data ??= dataOf(this);
    } catch {
      return;  // the still table stays
    }
    if (this.data?.version === 1 && this.data.table?.length === 6 ** 4 && this.isConnected) whenSeen(this, () => this.build());
  }

  build() {
    if (this.shadowRoot) return;
    this.begin();
    this.strip = h("div", { class: "strip" });
    this.told = h("p", { class: "told" }, t("flp-begin"));
    this.score = h("p", { class: "score quiet" });
    this.spoken = h("p", { class: "sr", "aria-live": "polite" });
    const button = (key, act) => h("button", { type: "button", class: "small", onclick: act }, t(key));
    this.hint = button("flp-hint", () => { this.hints = !this.hints; this.draw(); });
    this.back = button("flp-undo", () => this.undo());
    const bar = h("div", { class: "bar" }, this.hint, this.back,
      button("flp-again", () => { this.begin(); this.draw(); this.say(t("flp-begin")); }),
      button("flp-chance", () => this.chance()),
      button("flp-one", () => this.play(1)), button("flp-many", () => this.play(1000)));
    const head = (key) => h("th", { scope: "col" }, t(key));
    this.rows = FLP_NAMES.map((name, to) => this.row(name, to));
    this.attachShadow({ mode: "open" }).append(
      h("style", {}, STYLE + FLPS),
      h("div", { class: "app" }, this.strip, this.told,
        h("table", {}, h("thead", {}, h("tr", {}, head("flp-process"), head("flp-vote"), head("flp-letters"))),
          h("tbody", {}, ...this.rows.map((row) => row.line))),
        bar, this.score, this.spoken),
      h("slot", { class: "still" }));
    this.draw();
  }

  begin() {
    this.position = flpBegin();
    this.past = [];
    this.rounds = [this.position.votes];
  }

  row(name, to) {
    const letters = FLP_VOTERS.filter((from) => from !== to).map((from) => {
      const mark = h("span", { class: "mark" }), word = h("span");
      return { from, mark, word, button: h("button", { type: "button", onclick: () => this.choose([from, to]) }, word, mark) };
    });
    const vote = h("td"), state = h("div", { class: "state" });
    const line = h("tr", {}, h("th", { scope: "row" }, name), vote,
      h("td", {}, h("div", { class: "letters" }, ...letters.map(({ button }) => button)), state));
    return { line, vote, state, letters };
  }

  // What a reader does.

  choose(letter) {
    const before = this.position;
    this.remember();
    this.step(letter);
    this.draw();
    this.say(flpSentence(this.data.table, before, this.position));
    if (!this.shadowRoot.activeElement || this.shadowRoot.activeElement.classList.contains("off")) {
      (this.shadowRoot.querySelector(".letters button:not(.off)") || this.back).focus();
    }
  }

  remember() {
    this.past.push([this.position, this.rounds]);
  }

  step(letter) {
    const before = this.position;
    this.position = flpDeliver(this.data.table, before, letter);
    if (this.position.round > before.round) this.rounds = [...this.rounds, this.position.votes];
  }

  play(turns) {
    const from = this.position.turn;
    let before = this.position;
    this.remember();
    while (this.position.turn < from + turns) {
      before = this.position;
      this.step(flpAdversary(this.data.table, this.position));
    }
    this.draw();
    this.say(flpSentence(this.data.table, before, this.position));
  }

  chance() {
    const choices = flpChoices(this.position), before = this.position;
    this.remember();
    this.step(choices[Math.floor(Math.random() * choices.length)]);
    this.draw();
    this.say(flpSentence(this.data.table, before, this.position));
  }

  undo() {
    if (!this.past.length) return;
    [this.position, this.rounds] = this.past.pop();
    this.draw();
    this.say(`${t("flp-undone")} ${flpStatus(this.data.table, this.position)}`);
  }

  say(text) {
    setText(this.told, text);
    setText(this.spoken, text);
  }

  // What a reader sees.

  draw() {
    const { position, data: { table } } = this, { votes, heard, next, decided } = position;
    this.strip.innerHTML = flpStrip(this.rounds);
    setAttribute(this.hint, "aria-pressed", Boolean(this.hints));
    setAttribute(this.back, "aria-disabled", !this.past.length);
    this.rows.forEach(({ vote, state, letters }, to) => {
      setText(vote, String(votes[to]));
      setText(state, next[to] !== null
        ? t(decided[to] === null ? "flp-done" : "flp-done-decided", { next: next[to], value: decided[to] })
        : heard[to] === null ? "" : t("flp-has", { value: votes[heard[to]], from: FLP_NAMES[heard[to]] }));
      for (const { from, mark, word, button } of letters) {
        const there = next[to] === null && heard[to] !== from, values = { to: FLP_NAMES[to], from: FLP_NAMES[from], value: votes[from] };
        button.classList.toggle("off", !there);
        setText(word, t("flp-letter", values));
        const standing = there && this.hints ? flpStanding(table, flpDeliver(table, position, [from, to])) : "";
        const words = standing && t(`flp-${standing}`);
        setText(mark, words);
        mark.className = `mark ${standing === "b" ? "b" : "s"}`;
        button.classList.toggle("s", standing === "0" || standing === "1");
        setAttribute(button, "aria-label", t("flp-deliver", values) + (words ? `: ${words}` : ""));
      }
    });
    const waiting = flpChoices(position).map(([from]) => position.turn - position.sent[from]);
    setText(this.score, t("flp-score", { turns: position.turn, round: position.round, open: position.open, wait: Math.max(position.wait, ...waiting) }));
  }
}

customElements.get("dist-flp") || customElements.define("dist-flp", FlpElement);
