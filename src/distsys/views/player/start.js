// The end: what another script may add to a figure, and the element itself.
//
// A script with more takes `customElements.get("dist-trace").kit`, or stands before this one and leaves a function
// `distMore` that is called with the same. It adds to PANELS what may be open beside a diagram, to KEYS lines of the help,
// and to EXTENSIONS functions of a figure that is built; what such a function returns is called after each step. Shared
// memory sets in EXTENSIONS which kinds of steps are on cells, and how steps are told (`sentence`) and drawn (`shape`).

const EXTENSIONS = [];

if (!customElements.get("dist-trace")) {
  DistTrace.kit = { PANELS, KEYS, EXTENSIONS, STRINGS, brief, canonical, printable, stateAt, lawsOf, faultWords, shownTime, widthOf, badge };
  globalThis.distMore?.(DistTrace.kit);
  customElements.define("dist-trace", DistTrace);
}
