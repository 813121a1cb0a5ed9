// One style sheet for the inside of every figure. Colours are the page's --ds- variables; elsewhere the fall-backs of
// distsys.views.theme, which stand in THEME when the script is put together.

const PICTURE = `
svg { font: 12px Helvetica, Arial, "Liberation Sans", sans-serif; fill: var(--k-ink); }
text { paint-order: stroke; stroke: var(--k-ground); stroke-width: 3px; stroke-linejoin: round; }
.ground { fill: var(--k-ground); }
.n, .quiet { fill: var(--k-quiet); } .n, .b { font-weight: bold; }
.l { stroke: var(--k-quiet); stroke-width: 1.5; fill: none; }
.out { fill: var(--k-good); } .state { fill: var(--k-1); } .note { fill: var(--k-quiet); font-style: italic; } text.fault { fill: var(--k-warn); }
.m { stroke: var(--k-ink); stroke-width: 1.4; fill: none; } .bar { stroke-width: 3; } .thin { stroke: var(--k-quiet); stroke-width: 1; }
.copy { stroke-dasharray: 9 3; } .flying { stroke: var(--k-quiet); stroke-dasharray: 2 3; } .m.lost, .m.refused { stroke: var(--k-warn); stroke-dasharray: 5 4; }
.x { stroke: var(--k-warn); stroke-width: 2.5; fill: none; } .o { stroke: var(--k-ink); stroke-width: 1.6; fill: var(--k-ground); }
.w { stroke: var(--k-warn); stroke-width: 1.6; fill: var(--k-ground); } .k { stroke: var(--k-bad); stroke-width: 3; fill: none; }
.ring { stroke: var(--k-bad); stroke-width: 2.5; fill: none; } .down { fill: url(#h); stroke: var(--k-bad); } .hatch { fill: var(--k-crash); }
.hatch-line { stroke: var(--k-bad); stroke-width: 1.5; } .pause { fill: var(--k-pause); stroke: var(--k-warn); stroke-width: 1.2; }
.stall { fill: var(--k-pause); stroke: var(--k-warn); stroke-dasharray: 5 3; } .full { fill: none; stroke: var(--k-warn); stroke-width: 2; stroke-dasharray: 1 4; }
.split { fill: var(--k-partition); } .wall { stroke: var(--k-4); stroke-width: 3; stroke-dasharray: 10 4 2 4; fill: none; }
.edge { stroke: var(--k-4); stroke-dasharray: 10 4 2 4; fill: none; } .badge { fill: var(--k-ground); stroke-width: 2; }
.head-a { fill: var(--k-ink); } .head-r { fill: var(--k-warn); } .hit { fill: none; stroke: none; }
.cursor { fill: var(--k-panel); stroke: var(--k-quiet); stroke-width: .5; } .veil { fill: var(--k-ground); opacity: .62; pointer-events: none; } .veil.all { opacity: .98; }
.picked { stroke: var(--k-2); stroke-width: 8; opacity: .4; fill: none; pointer-events: none; } .here { stroke: var(--k-2); stroke-width: 2.5; fill: none; pointer-events: none; }
.before { stroke: var(--k-1); stroke-width: 12; opacity: .4; fill: none; pointer-events: none; } .after { stroke: var(--k-2); stroke-width: 12; stroke-dasharray: 7 5; opacity: .4; fill: none; pointer-events: none; }
HUES`.replace("HUES", ["1", "2", "3", "4", "5", "6"].map((hue) => `.h${hue} { stroke: var(--k-${hue}); }`).join(""));

const STYLE = `
:host { display: block; direction: ltr; color: var(--k-ink); background: var(--k-ground); font: 14px/1.5 Helvetica, Arial, "Liberation Sans", sans-serif; text-align: left; }
[hidden] { display: none !important; }
* { box-sizing: border-box; }
button, select, input { font: inherit; color: inherit; }
button, select { min-height: 34px; min-width: 34px; padding: 1px 8px; background: var(--k-panel); border: 1px solid var(--k-quiet); border-radius: 5px; cursor: pointer; }
button svg { display: block; margin: auto; fill: currentColor; }
button[aria-pressed="true"], button[aria-expanded="true"] { background: var(--k-ink); color: var(--k-ground); }
[aria-disabled="true"] { opacity: .45; cursor: default; }
button.link { min-height: 24px; padding: 0 4px; background: none; border: none; text-decoration: underline; color: var(--k-1); }
.small { font-size: 13px; min-height: 30px; padding: 1px 7px; }
:focus-visible { outline: 3px solid var(--k-2); outline-offset: 2px; }
.app { display: flex; flex-direction: column; gap: 6px; height: var(--h, 560px); padding: 8px; border: 1px solid var(--k-quiet); border-radius: 6px; container-type: inline-size; }
.bar { display: flex; flex-wrap: wrap; gap: 6px; align-items: center; flex: none; }
.bar input[type="range"] { flex: 1 1 90px; min-width: 80px; height: 34px; margin: 0; accent-color: var(--k-2); }
.count { min-width: 4.5em; text-align: right; }
.grow { flex: 1; } .runs { display: contents; } .runs select { max-width: 100%; }
.lights::before { content: ""; display: inline-block; width: 9px; height: 9px; margin-right: 6px; border-radius: 50%; background: var(--k-good); border: 1px solid var(--k-ground); }
.lights.red { font-weight: bold; } .lights.red::before { border-radius: 0; background: var(--k-bad); transform: rotate(45deg); }
.say { flex: none; unicode-bidi: plaintext; margin: 0; height: 4.6em; overflow-y: auto; padding: 2px 6px; background: var(--k-panel); border-radius: 4px; overflow-wrap: anywhere; }
.main { flex: 1; min-height: 0; display: flex; gap: 8px; } .panes { flex: 1; min-width: 0; min-height: 0; display: flex; gap: 8px; }
.pane { flex: 1; min-width: 0; min-height: 0; display: flex; flex-direction: column; } .title { margin: 0 0 2px; font-weight: bold; }
.stage { flex: 1; min-height: 0; overflow: auto; position: relative; }
.heads { position: sticky; top: 0; height: 30px; background: var(--k-ground); z-index: 1; }
.head { position: absolute; top: 0; transform: translateX(-50%); display: flex; gap: 4px; align-items: center; min-height: 26px; padding: 0 7px; font-size: 13px; font-weight: bold; white-space: nowrap; }
.field { display: block; } .field g[data-step], .field g[data-send] { cursor: pointer; } .field .hit { stroke: transparent; stroke-width: 14px; pointer-events: all; }
.panel { flex: 0 0 46%; min-width: 0; overflow: auto; padding: 0 8px 8px; border-left: 1px solid var(--k-quiet); font-size: 13px; }
.panel .bar:first-child { position: sticky; top: 0; background: var(--k-ground); padding: 2px 0 4px; z-index: 1; } .panel p { margin: .4em 0; }
.panel pre { overflow-x: auto; white-space: pre-wrap; overflow-wrap: anywhere; background: var(--k-panel); padding: 6px; margin: 6px 0; }
.options { display: flex; flex-direction: column; gap: 6px; margin: 6px 0; } .options button { text-align: left; }
table { border-collapse: collapse; } th, td { text-align: left; vertical-align: top; padding: 2px 8px 2px 0; border-bottom: 1px solid var(--k-panel); }
tr[aria-current] { outline: 2px solid var(--k-2); outline-offset: -2px; } td.new { font-weight: bold; border-bottom: 2px solid var(--k-2); }
.log { white-space: nowrap; } .cell { display: inline-block; border: 1.5px solid var(--hue, var(--k-quiet)); border-radius: 3px; padding: 0 3px; margin: 1px; }
.cell i { font-size: 12px; color: var(--k-quiet); margin-right: 3px; } .cell.open { border-style: dashed; }
.laws { padding-left: 0; list-style: none; } .laws li { margin: .4em 0; } .kept .proof { display: none; } .light { font-weight: bold; color: var(--k-good); } .broken .light, .bad { color: var(--k-bad); font-weight: bold; }
.good { color: var(--k-good); font-weight: bold; } .quiet { color: var(--k-quiet); }
.panel input:not([type="checkbox"]) { width: 100%; background: var(--k-ground); border: 1px solid var(--k-quiet); padding: 3px; } .panel input[type="checkbox"] { width: 18px; height: 18px; vertical-align: middle; }
.sr { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.still { display: none; } .still.waits { display: block; height: var(--h, 560px); overflow: hidden; } .still.stays { display: block; }
@container (max-width: 620px) { .main { flex-direction: column; } .panel { flex: 0 0 52%; border-left: none; border-top: 1px solid var(--k-quiet); } .panes.two { flex-direction: column; } }
@media (max-width: 620px) { .app, .still.waits { height: calc(var(--h, 560px) + 160px); } }
@media print { .app { display: none; } .still, .still.waits { display: block; height: auto; overflow: visible; } }
${PICTURE}
@media (forced-colors: active) { .cursor { fill: none; } .veil { fill: Canvas; } text { stroke: Canvas; fill: CanvasText; } .m, .l, .k, .o, .x, .w, .here, .edge, .wall { stroke: CanvasText; }
  .picked { stroke: Highlight; } button[aria-pressed="true"], button[aria-expanded="true"] { border: 3px double; } }`;

const COLOURS = "THEME"; // those of this kind of figure; a page may show several kinds
if (!document.head.textContent.includes(COLOURS)) document.head.append(h("style", {}, COLOURS));
