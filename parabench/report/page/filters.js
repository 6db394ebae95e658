// What is shown: filters live in the fragment of the address, so that a view can be kept and sent.
const FILTERS = ["machine", "interpreter", "workload", "model", "commit", "tag"];
/** These two choose a panel, each without the other: several computers may have the same interpreter. */
const OF_PANEL = { machine: "interpreter", interpreter: "machine" };
/** Rows and tables show what is so now; these two choose among all sessions, which only the history shows. */
const OF_HISTORY = new Set(["commit", "tag"]);
const PANELS = [...document.querySelectorAll(".panel")];
const packed = JSON.parse(document.getElementById("data").textContent);
const ready = new Map();

function chosen() {
  const found = new URLSearchParams(location.hash.slice(1));
  return Object.fromEntries([...FILTERS, "view"].map((name) => [name, found.get(name) ?? ""]));
}

function choose(changes) {
  const kept = Object.entries({ ...chosen(), ...changes }).filter(([, value]) => value);
  history.replaceState(null, "", `#${new URLSearchParams(kept)}`);
  apply();
}

function panelOf(choice) {
  const found = PANELS.find((panel) => (!choice.machine || panel.dataset.machine === choice.machine) &&
    (!choice.interpreter || panel.dataset.interpreter === choice.interpreter));
  return found ?? PANELS[0];
}

function matches(value, pattern) {
  return !pattern || pattern.split(",").includes(value);
}

function selectOf(name, values, value) {
  const select = element("select", { id: `filter-${name}` });
  if (!OF_PANEL[name]) select.append(element("option", { value: "", textContent: "all" }));
  for (const one of values) select.append(element("option", { value: one, textContent: one, selected: one === value }));
  select.addEventListener("change", () => choose({ [name]: select.value, ...(OF_PANEL[name] ? { [OF_PANEL[name]]: "" } : {}) }));
  return element("label", {}, OF_HISTORY.has(name) ? `${name} (history only)` : name, select);
}

function optionsOf(name, panel, pictures) {
  const rows = [...panel.querySelectorAll(".use tbody tr")], heads = [...panel.querySelectorAll(".heat th[data-model]")];
  const labels = [...new Set(PANELS.map((one) => one.dataset.interpreter))];
  if (name === "interpreter") return labels;
  if (name === "machine") return labels.length < PANELS.length ? PANELS.map((one) => one.dataset.machine) : [];
  if (name === "workload") return rows.map((row) => row.dataset.workload);
  if (name === "model") return heads.map((head) => head.dataset.model);
  const sessions = pictures ? pictures.history.sessions : [];
  const found = name === "commit" ? sessions.map((one) => one.commit) : sessions.flatMap((one) => one.tags);
  return [...new Set(found.filter(Boolean))].reverse().slice(0, 200);
}

function showFilters(choice, panel, pictures) {
  const form = document.getElementById("filters");
  const focused = document.activeElement?.id;
  form.replaceChildren(...FILTERS.map((name) => [name, optionsOf(name, panel, pictures)]).filter(([, values]) => values.length > 1)
    .map(([name, values]) => selectOf(name, values, OF_PANEL[name] ? panel.dataset[name] : choice[name])));
  const all = element("button", { type: "button", id: "all-columns", textContent: document.body.classList.contains("showall") ? "fewer columns" : "all columns" });
  all.addEventListener("click", () => { document.body.classList.toggle("showall"); showFilters(chosen(), panelOf(chosen()), ready.get(panel)); });
  form.append(all);
  form.hidden = false;
  if (focused && form.querySelector(`#${CSS.escape(focused)}`)) form.querySelector(`#${CSS.escape(focused)}`).focus();
}

function showTables(choice, panel) {
  for (const row of panel.querySelectorAll("tr[data-workload], details[data-workload]")) row.hidden = !matches(row.dataset.workload, choice.workload);
  for (const cell of panel.querySelectorAll(".heat [data-model]"))
    cell.hidden = !matches(cell.dataset.model, choice.model) && cell.dataset.model !== "sequential";
  const heads = [...panel.querySelectorAll(".heat th[data-model]")];
  let first = 0;
  for (const family of panel.querySelectorAll(".heat th[data-models]")) {
    const seen = heads.slice(first, first + Number(family.dataset.models)).filter((head) => !head.hidden).length;
    first += Number(family.dataset.models);
    family.hidden = seen === 0;
    if (seen) family.colSpan = seen;
  }
}

async function unpackedPictures(panel) {
  if (!ready.has(panel)) {
    const text = packed.pictures[Number(panel.dataset.panel)];
    const pictures = await unpackedJson(text);
    pictures.numbers = await unpackedSeries(pictures.history.packed, pictures.history.cells.length, pictures.history.sessions.length);
    ready.set(panel, pictures);
  }
  return ready.get(panel);
}

function draw(choice, panel, pictures) {
  const place = panel.querySelector(".pictures"), focused = document.activeElement?.id;
  const width = Math.max(300, Math.min(1100, place.clientWidth - 2)), half = width > 760 ? Math.floor(width / 2) - 12 : width;
  const models = (name) => matches(name, choice.model) || name === "sequential";
  const workloads = pictures.workloads.filter((one) => matches(one.name, choice.workload));
  const focus = workloads.find((one) => one.name === choice.view) ??
    d3.greatest(workloads, (one) => one.timelines.length * 100 + one.contestants.length);
  if (!focus) { place.replaceChildren(element("p", {}, "No workload is left by the filters.")); return; }
  const id = (name) => `picture-${panel.dataset.panel}-${name}`;
  const select = element("select", { id: id("view"), "aria-label": "workload of the pictures" });
  for (const one of workloads) select.append(element("option", { value: one.name, textContent: one.name, selected: one === focus }));
  select.addEventListener("change", () => choose({ view: select.value }));
  const wide = [
    focus.timelines.length ? timelinePicture(id("timeline"), focus, width) : null,
  ];
  const narrow = [
    bars(id("bars"), focus, models, half), scaling(id("scaling"), focus, models, half),
    costs(id("costs"), focus, models, half), thrift(id("thrift"), focus, models, half),
    interpretersPicture(id("interpreters"), focus, pictures.alternating, models, half),
  ];
  const isChosen = choice.workload || choice.model
    ? (cell) => matches(cell.workload, choice.workload) && matches(cell.model, choice.model)
    : (cell) => cell.recommended;
  const past = histories(id("history"), pictures.history, pictures.numbers, isChosen,
    (session) => matches(session.commit, choice.commit) && (!choice.tag || session.tags.includes(choice.tag)), width);
  place.replaceChildren(
    element("h2", {}, "Pictures of ", select),
    ...wide.filter(Boolean), element("div", { className: "side" }, ...narrow.filter(Boolean)),
    ...[crossings(id("crossings"), workloads, models, half), past].filter(Boolean));
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
}

let turn = 0;
async function apply() {
  const mine = ++turn, choice = chosen(), panel = panelOf(choice);
  for (const one of PANELS) one.hidden = one !== panel;
  showTables(choice, panel);
  showFilters(choice, panel, ready.get(panel));
  const pictures = await unpackedPictures(panel);
  if (mine !== turn) return;
  showFilters(choice, panel, pictures);
  draw(choice, panel, pictures);
  document.documentElement.dataset.drawn = String(mine);
}

for (const region of document.querySelectorAll(".scroll")) walkableTable(region);
addEventListener("hashchange", apply);
let waiting = 0;
addEventListener("resize", () => { clearTimeout(waiting); waiting = setTimeout(apply, 150); });
apply();
