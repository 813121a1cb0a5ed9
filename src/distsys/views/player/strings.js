// Every word that a reader sees, in one table: a translation is one more entry of STRINGS. {name} is filled in.
// A language is chosen by the page (<html lang>), and English is what is left.

const STRINGS = {
  en: {
    // Steps as sentences; the same words stand in distsys.views.words, and a test compares them.
    "none": "none", "yes": "yes", "no": "no", "and": "{first} and {last}", "a-message": "a message",
    "every-node": "every node", "clock-true": "runs true again", "clock-fast": "runs {share}% fast", "clock-slow": "runs {share}% slow",
    "drop": "{message} from {from} to {to} is lost ({why})", "why-lost": "on the way", "why-partition": "the way is blocked",
    "why-down": "{to} is down", "duplicate": "the network makes a second copy of {message} from {node} to {to}",
    "splits": "the network splits", "splits-so": "the network splits: {groups}", "cut": "messages from {node} no longer reach {to}",
    "heal": "the network heals", "settle": "all faults end, and the system may settle",
    "link": "messages from {node} to {to} take another link", "skew": "the clock of {node} {rate}",
    "jump-forward": "the clock of {node} jumps forward by {by}", "jump-back": "the clock of {node} jumps back by {by}",
    "crash": "{node} crashes", "at-pause": "{node} is paused: what reaches it waits", "at-resume": "{node} goes on after the pause",
    "at-stall": "{node} has a disk that hangs: what it writes waits", "at-unstall": "{node} has a disk that answers again",
    "at-wipe": "{node} loses its disk", "at-full": "{node} has a full disk", "at-free": "{node} has room on its disk again",
    "sends": "sends {what}", "to": "{message} to {to}", "span": "{low} to {high}", "sets-timer": "sets timer {timer} to {span}",
    "stops-timer": "stops timer {timer}", "writes": "writes {keys} to disk", "outputs": "outputs {value}", "notes": "notes \"{text}\"",
    "start": "{node} starts", "restart": "{node} starts again from its disk", "timeout": "the timer {timer} of {node} fires",
    "handles": "{node} handles {event}", "invoke": "{sender} asks {node}: {message}", "sent-at": ", sent at step {step}",
    "receives": "{node} receives {message} from {sender}{sent}", "stops-after": "stops after {kept} of {all} effects",
    "it": "{what}; it {clauses}", "step-at": "Step {step}, {time}: {deed}.",
    "broken-here": "Here the law {law} is broken: {evidence}",
    "bad-version": "This figure has a trace of version {version}, and this player reads version 1. The still picture stands below.",
    "bad-kind": "This trace cannot be played: step {step} is of an unknown kind, {kind}. The still picture stands below.",
    "bad-cause": "This trace cannot be played: step {step} goes back to an effect that is not there. The still picture stands below.",
    // Beside the marks of a diagram.
    "outputs-it": "outputs it", "restarts": "restarts", "timer": "timer {timer}", "second-copy": "second copy to {to}", "crashes": "crashes",
    "full-crashes": "disk full, crashes", "clock": "clock {what}", "message": "message", "lost-way": "{message} to {to} lost",
    "lost-blocked": "{message} to {to} blocked", "lost-down": "{message} lost: {to} is down", "log-of": "of {count}, last {last}", "empty": "empty",
    "item": "1 item", "items": "{count} items", "is-pause": "pauses", "is-resume": "goes on", "is-stall": "disk hangs", "is-unstall": "disk answers",
    "is-wipe": "disk wiped", "is-full": "disk full", "is-free": "disk has room", "spell-down": "down", "spell-pause": "paused",
    "spell-stall": "the disk hangs", "spell-full": "the disk is full",
    // Controls.
    "play": "Play", "pause": "Pause", "back": "Back", "step": "Step", "next": "Next", "last-fault": "Fault or change before", "next-fault": "Next fault or change",
    "speed": "Speed", "times": "{speed} x", "run": "Run", "run-of": "A run of {system}, to play", "diagram": "Diagram of {system}; arrow keys step through it",
    "node": "State of {name}", "step-of": "step {step} of {last}", "first-difference": "first difference", "code": "Code: {handler}.", "not-begun": "not begun yet",
    "tour": "Tour", "state": "State", "details": "Details", "causes": "Causes", "steps": "Steps", "nodes": "Nodes", "laws": "Laws", "share": "Share", "help": "Keys",
    "laws-kept": "{count} laws kept", "laws-broken": "Broken: {law}", "law-kept": "kept", "law-broken": "broken", "close": "Close", "go-to": "step {step}",
    // Panels.
    "where": "where", "time": "time", "what": "what", "network": "network", "changed": "changed", "is-down": "down", "earlier": "{count} earlier",
    "committed-to": "committed up to {index}", "nodes-hint": "Which nodes are shown?", "only": "only", "only-this": "only {name}", "all-nodes": "Show all",
    "open-message": "open", "arrives-at": "arrives at step {step}", "lost-at": "lost at step {step}", "doubled-at": "copied at step {step}", "underway": "still on its way at the end",
    "handlers": "Code that ran:", "caused-by": "It goes back to", "cone-counts": "Causal past: {before} events. Causal future: {after}.",
    "message-from": "A message from {from} to {to}.", "sent": "Sent at", "link-here": "Link to this event", "copy-link": "Copy link", "the-link": "The link",
    "save-svg": "Save picture (SVG)", "save-trace": "Save trace (JSON lines)", "code-hint": "These lines make the same run again:", "copy-code": "Copy code", "the-code": "The code",
    "copied": "{what} is copied.", "not-copied": "This page may not write to the clipboard: mark the text and copy it.",
    "stop-of": "Stop {stop} of {all}", "right": "Right.", "wrong": "Not so.", "show-me": "Go on without a guess", "end-tour": "End of the tour",
    "key-play": "play, pause", "key-step": "step back, step", "key-ends": "first, last step", "key-fault": "fault or change of role before, next",
    "key-message": "follow the message", "key-cone": "causal past and future", "key-details": "details", "key-state": "state", "key-table": "table of steps",
    "key-link": "copy a link to this event", "key-help": "these keys", "key-close": "close what is open",
    "signs": "Dot: a message arrives. Clock face: a timer. Square: a request from outside. Triangle: a fault. Cross: a crash, or a lost message. Octagon: a law is broken.",
    "no-steps": "This trace holds no step. The still picture stands below.", "bad-data": "The data of this figure cannot be read. The still picture stands below.",
  },
};

function t(key, values = {}) {
  const language = (document.documentElement.lang || "en").slice(0, 2);
  const text = (STRINGS[language] || STRINGS.en)[key] ?? STRINGS.en[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? values[name] : whole));
}
