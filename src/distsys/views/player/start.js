// The end: what another script may add to a figure, and the element itself.
//
// A script with more takes `customElements.get("dist-trace").kit`, or stands before this one and leaves a function
// `distJudges` or `distCells` that is called with the same. It adds to CELLS how steps on cells are told, to PANELS what may be open beside a diagram, to KEYS lines of the
// help, and to EXTENSIONS functions of a figure that is built; what such a function returns is called after each step.

const EXTENSIONS = [];

if (!customElements.get("dist-trace")) {
  DistTrace.kit = { PANELS, KEYS, EXTENSIONS, STRINGS, CELLS, brief, canonical, printable, stateAt, lawsOf, faultWords, shownTime, widthOf, badge };
  globalThis.distJudges?.(DistTrace.kit);
  globalThis.distCells?.(DistTrace.kit);
  customElements.define("dist-trace", DistTrace);
}
