// The words of the judges: operations, quorums, laws.

Object.assign(STRINGS.en, {
  "operations": "Operations", "quorums": "Quorums",
  "no-answer": "no answer", "failed": "failed", "no-place": "no place", "step": "step",
  "call": "{label} by {process}, steps {start} to {stop}", "call-open": "{label} by {process}, from step {start} on", "place": "number {place} in the order",
  "axis": "Operations of clients on the steps of the run",
  "judged-none": "No checker has judged this history.", "judged-OK": "Linearizable: the numbers are an order that explains every answer.",
  "judged-UNKNOWN": "Not known: the checker stopped at its budget of steps.",
  "judged-ILLEGAL": "Not linearizable: the longest order has {count} of {all} operations{rest}.", "then": ", and none of these can come next: {names}", "by": "{label} by {process}",
  "down": "{node} down", "pause": "{node} paused", "stall": "{node} disk hangs", "full": "{node} disk full", "skew": "{node} clock", "clock": "{node} clock",
  "wipe": "{node} disk lost", "link": "{node} link", "not-to": "{node} not to {to}",
  "holds": "holds", "broken-since": "broken since step {step}", "not-yet": "not judged yet", "at-end": "judged at the end", "never": "not judged in this run",
  "unknown": "not known", "other-laws": "other laws", "of-hold": "{count} of {all} hold", "lamps": "Laws at this step", "is-broken": "The law {law} is broken.", "linearizable": "linearizable", "go-to": "step {step}",
  "no-quorum": "Nobody has collected anything yet.", "of": "{count} of {all}", "a-quorum": "a quorum", "none-yet": "no quorum", "as-of": "as {node} knew it at step {step}",
  "both": "In both: {names}.", "both-none": "Nobody is in both: two such sets need not meet.", "both-few": "Not both are quorums, so they need not meet.",
  "in-both": "in both", "latest": "latest", "is-down": "down", "old": "old", "new": "new", "circles": "Nodes and quorums at this step", "nobody": "nobody",
});
