// A picture that hover and keyboard read alike: every mark with a label can be pointed at, and reached by the arrow keys.
function picture(id, title, about, drawn, legend) {
  const tip = element("div", { className: "tip", hidden: true });
  const said = element("p", { className: "said", "aria-live": "polite" });
  const svg = drawn.tagName.toLowerCase() === "svg" ? drawn : drawn.querySelector("svg");
  drawn.setAttribute("aria-hidden", "true");
  const frame = element("div", {
    className: "frame", tabIndex: 0, role: "group", id,
    "aria-label": `${title}. ${about} The arrow keys go from mark to mark.`,
  }, drawn, tip);
  const figure = element("figure", {}, element("figcaption", {}, element("b", {}, title), ` ${about}`), legend, frame, said);
  const marks = [...svg.querySelectorAll("rect[aria-label], circle[aria-label], path[aria-label], line[aria-label]")];
  let at = -1;

  function show(place, loud) {
    if (at >= 0) marks[at].classList.remove("at");
    at = place;
    tip.hidden = at < 0;
    if (at < 0) return;
    marks[at].classList.add("at");
    tip.textContent = marks[at].getAttribute("aria-label");
    if (loud) said.textContent = tip.textContent;
    const box = marks[at].getBoundingClientRect(), around = frame.getBoundingClientRect();
    const left = Math.min(Math.max(0, box.left + box.width / 2 - around.left - tip.offsetWidth / 2), around.width - tip.offsetWidth);
    const above = box.top - around.top - tip.offsetHeight - 6;
    tip.style.left = `${left + frame.scrollLeft}px`;
    tip.style.top = `${above < 0 ? box.bottom - around.top + 6 : above}px`;
  }

  frame.addEventListener("pointerover", (event) => {
    const place = marks.indexOf(event.target);
    if (place >= 0) show(place, false);
  });
  frame.addEventListener("pointerleave", () => show(-1, false));
  frame.addEventListener("blur", () => show(-1, false));
  frame.addEventListener("keydown", (event) => {
    const last = marks.length - 1;
    const next = {
      ArrowRight: at + 1, ArrowDown: at + 1, ArrowLeft: at < 0 ? last : at - 1, ArrowUp: at < 0 ? last : at - 1,
      Home: 0, End: last, Escape: -1,
    }[event.key];
    if (next === undefined || last < 0) return;
    event.preventDefault();
    show(event.key === "Escape" ? -1 : Math.max(0, Math.min(last, next)), true);
  });
  return figure;
}

function legendOf(entries) {
  return element("p", { className: "legend" }, ...entries.map(([name, kind]) =>
    element("span", { className: "key" }, element("i", { className: `swatch ${kind}` }), name)));
}
