// Hover and keyboard read alike: every mark with something to tell can be pointed at, touched, and reached by the arrow keys.
function walkable(frame, marks, textOf, tip, said) {
  let at = -1;

  function show(place, loud) {
    if (at >= 0) marks()[at]?.classList.remove("at");
    const mark = marks()[place];
    at = mark ? place : -1;
    tip.hidden = !mark;
    if (!mark) return;
    mark.classList.add("at");
    tip.textContent = textOf(mark);
    if (loud) {
      said.textContent = tip.textContent;
      mark.scrollIntoView({ block: "nearest", inline: "nearest" });
    }
    const box = mark.getBoundingClientRect(), around = frame.getBoundingClientRect();
    const left = Math.min(Math.max(0, box.left + box.width / 2 - around.left - tip.offsetWidth / 2), Math.max(0, around.width - tip.offsetWidth));
    const above = box.top - around.top - tip.offsetHeight - 6;
    tip.style.left = `${left + frame.scrollLeft}px`;
    tip.style.top = `${above < 0 ? box.bottom - around.top + 6 : above}px`;
  }

  function pointed(event) {
    const place = marks().findIndex((mark) => mark === event.target || mark.contains(event.target));
    if (place >= 0) show(place, false);
  }

  frame.addEventListener("pointerover", pointed);
  frame.addEventListener("click", pointed);
  frame.addEventListener("pointerleave", () => show(-1, false));
  frame.addEventListener("blur", () => show(-1, false));
  frame.addEventListener("keydown", (event) => {
    if (event.target !== frame) return; // a list or a link inside has keys of its own
    const last = marks().length - 1;
    const next = {
      ArrowRight: at + 1, ArrowDown: at + 1, ArrowLeft: at < 0 ? last : at - 1, ArrowUp: at < 0 ? last : at - 1,
      Home: 0, End: last, Escape: -1,
    }[event.key];
    if (next === undefined || last < 0) return;
    event.preventDefault();
    show(event.key === "Escape" ? -1 : Math.max(0, Math.min(last, next)), true);
  });
}

function tipAndSaid() {
  return [element("div", { className: "tip", hidden: true }), element("p", { className: "said", "aria-live": "polite" })];
}

function picture(id, title, about, drawn, legend, ...more) {
  const [tip, said] = tipAndSaid();
  const svg = drawn.tagName.toLowerCase() === "svg" ? drawn : drawn.querySelector("svg");
  drawn.setAttribute("aria-hidden", "true");
  const frame = element("div", {
    className: "frame", tabIndex: 0, role: "group", id,
    "aria-label": `${title}. ${about} The arrow keys go from mark to mark.`,
  }, drawn, tip);
  const marks = [...svg.querySelectorAll("rect[aria-label], circle[aria-label], path[aria-label], line[aria-label]")];
  walkable(frame, () => marks, (mark) => mark.getAttribute("aria-label"), tip, said);
  return element("figure", {}, element("figcaption", {}, element("b", {}, title), ` ${about}`, ...more), legend, frame, said);
}

/** What cells of a table tell on hover is told to the keyboard, too: their titles become tips of our own. */
function walkableTable(region) {
  for (const cell of region.querySelectorAll("[title]")) {
    cell.dataset.told = cell.title;
    cell.removeAttribute("title");
  }
  const [tip, said] = tipAndSaid();
  region.append(tip, said);
  const seen = () => [...region.querySelectorAll("[data-told]")].filter((cell) => cell.offsetParent !== null);
  walkable(region, seen, (cell) => `${cell.closest("tr")?.querySelector("th")?.firstChild.textContent ?? ""}: ${cell.dataset.told}`, tip, said);
}

function legendOf(entries) {
  return element("p", { className: "legend" }, ...entries.map(([name, kind]) =>
    element("span", { className: "key" }, element("i", { className: `swatch ${kind}` }), name)));
}
