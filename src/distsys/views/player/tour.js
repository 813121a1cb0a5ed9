// A narrated tour: notes bound to steps, and questions whose answer lies behind the veil until somebody has guessed.

PANELS.tour = (figure) => {
  const stops = figure.data.tour, box = h("div");
  if (figure.chosen || figure.active) figure.change(0); // the tour is of the first run
  const show = (place, focus) => {
    figure.stop = place;
    const stop = stops[place], answered = figure.answers.get(place);
    figure.pause();
    figure.limit = Infinity;
    figure.veil = stop.ask && answered === undefined ? "all" : "";
    figure.seekStep(stop.step);
    if (figure.veil) figure.limit = figure.at;
    const note = h("p", { tabindex: -1 }, stop.text);
    const choose = (option) => {
      figure.answers.set(place, option);
      show(place, true);
    };
    const said = answered === undefined ? null : h("p", { role: "status", class: stop.options[answered].right ? "good" : "bad", tabindex: -1 },
      t(stop.options[answered].right ? "right" : "wrong"), " ", stop.options[answered].why);
    box.replaceChildren(
      h("p", { class: "quiet" }, t("stop-of", { stop: place + 1, all: stops.length })),
      note,
      ...(stop.ask ? [h("p", { class: "ask" }, h("b", {}, stop.ask)), h("div", { class: "options", role: "group", "aria-label": stop.ask },
        stop.options.map((option, number) => button(option.text, () => choose(number), { "aria-pressed": String(answered === number) }))), said] : []).filter(Boolean),
      h("div", { class: "bar" }, button(t("back"), () => show(place - 1, true), { disabled: place === 0 }),
        place + 1 < stops.length ? button(t(stop.ask && answered === undefined ? "show-me" : "next"), () => show(place + 1, true), { class: "next" }) : button(t("end-tour"), () => figure.closeTo("tour"))));
    figure.panel.scrollTop = 0;
    if (focus) (said || note).focus({ preventScroll: !said });
  };
  show(figure.stop < stops.length ? figure.stop : 0);
  return { elements: [box], close: () => {
    figure.veil = "";
    figure.limit = Infinity;
    figure.refresh();
  } };
};
