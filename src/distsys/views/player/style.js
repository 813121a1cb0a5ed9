// One style sheet for the inside of every figure. Colours are the page's --ds- variables; the fall-backs are those of
// distsys.views.theme, put in when the script is put together.

const STYLE = `
:host { display: block; color: var(--k-ink); background: var(--k-ground); font: 14px/1.5 var(--k-font); text-align: left; }
:host([hidden]) { display: none; }
* { box-sizing: border-box; }
button, select, input { font: inherit; color: inherit; }
button, select { min-height: 34px; min-width: 34px; padding: 2px 8px; background: var(--k-panel); border: 1px solid var(--k-quiet);
  border-radius: 5px; cursor: pointer; }
button[aria-pressed="true"], button[aria-selected="true"] { background: var(--k-ink); color: var(--k-ground); }
button:disabled { opacity: .55; cursor: default; }
:focus-visible { outline: 3px solid var(--k-2); outline-offset: 2px; }
.bar { display: flex; flex-wrap: wrap; gap: 6px; align-items: center; }
.quiet { color: var(--k-quiet); }
.bad { color: var(--k-bad); font-weight: bold; }
.sr { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
table { border-collapse: collapse; font-size: 13px; }
th, td { text-align: left; vertical-align: top; padding: 2px 10px 2px 0; border-bottom: 1px solid var(--k-panel); }
.still { display: none; }
@media print { .app { display: none; } .still { display: block; } }
@media (prefers-reduced-motion: no-preference) { .moves { transition: transform .15s linear; } }
`;
