// The words for steps on the cells of a shared memory.

Object.assign(STRINGS.en, {
  "in-buffer": " in {node}", "writes-cell": "{who} writes {value} to {cell}{where}", "reads-cell": "{who} reads {cell}{where}",
  "would-swap": "{who} would swap {cell} to {value}, but {old} is there", "swaps": "{who} swaps {cell} from {old} to {value}", "goes-on": "{node} goes on",
  "mem-read": "read", "mem-write": "write", "swap": "swap {old} to {value}", "no-swap": "no swap: {old}",
});
