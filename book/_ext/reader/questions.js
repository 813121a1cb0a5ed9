// Self-check questions. The build writes the box with all explanations; here it gets a button, a verdict that is read
// aloud, and a memory. Button and explanations have their place already, so nothing moves when the page is opened.

function ask(box) {
  const name = box.dataset.name;
  const several = "several" in box.dataset;
  const said = box.querySelector(".ds-said");
  const button = h("button", { type: "button", class: "ds-button", onclick: () => (answered() ? forget() : check()) });
  const was = h("span", { class: "ds-was" });
  const options = [...box.querySelectorAll(".ds-option")].map((element) => ({
    element,
    input: element.querySelector("input"),
    right: "right" in element.dataset,
  }));
  const answered = () => "answered" in box.dataset;
  const chosen = () => options.filter((option) => option.input.checked);

  function isRight() {
    return options.every((option) => option.input.checked === option.right);
  }

  // Show that the question is answered, or open again.
  function show(closed) {
    box.toggleAttribute("data-answered", closed);
    button.textContent = t(closed ? "again" : "check");
    for (const { element, input, right } of options) {
      input.disabled = closed;
      if (closed && input.checked) element.dataset.verdict = right ? "right" : "wrong";
      else delete element.dataset.verdict;
    }
  }

  // The explanation of one option, to be said once more.
  function because({ element, right }) {
    const reason = element.querySelector("details p").cloneNode(true);
    for (const place of reason.querySelectorAll("[id]")) place.removeAttribute("id");
    const letter = several ? `${element.querySelector("label b").textContent} ` : "";
    return h("p", {}, sign(right), " ", h("b", {}, letter), ...reason.childNodes);
  }

  function verdict() {
    const missing = options.filter((option) => option.right && !option.input.checked).length;
    const wrong = options.some((option) => !option.right && option.input.checked);
    const text = isRight() ? t("complete") : wrong ? t("not right") : t("incomplete", { count: missing });
    return h("p", {}, sign(isRight()), " ", h("strong", {}, text));
  }

  function check() {
    if (!chosen().length) {
      said.replaceChildren(h("p", {}, t("choose")));
      return;
    }
    note((record) => {
      record.answers[name] = { chosen: chosen().map((option) => option.input.value), right: isRight() };
    });
    said.replaceChildren(...(several ? [verdict()] : []), ...chosen().map(because));
    show(true);
  }

  function forget() {
    note((record) => delete record.answers[name]);
    for (const { element, input } of options) {
      input.checked = false;
      element.querySelector("details").open = false;
    }
    said.replaceChildren();
    was.replaceChildren();
    show(false);
  }

  const kept = recall(PAGE).answers[name];
  for (const { input } of options) input.checked = kept ? kept.chosen.includes(input.value) : false;
  show(chosen().length > 0);
  if (answered()) was.append(sign(isRight()), " ", t(isRight() ? "was right" : "was wrong"));
  box.querySelector(".ds-row").append(button, was);
}

document.querySelectorAll(".ds-check").forEach(ask);
