// The other pictures: ranked bars, numbers of workers, crossings, history, interpreters, where time goes, energy.
const DODGE = 20;
/** Pixels that the label of a tick takes: beside the next one, a speed-up or a duration; and above it. */
const TICK_WIDTH = 42, DURATION_WIDTH = 56, TICK_HEIGHT = 18;

/** A domain with a little more at either end, so that no mark lies on the edge. */
function padded(low, high) {
  const more = Math.max(1.03, (high / low) ** 0.05);
  return [low / more, high * more];
}

function bars(id, workload, models, width) {
  const shown = workload.contestants.filter((one) => one.ratio && models(one.model)).sort((a, b) => b.ratio - a.ratio).slice(0, 24);
  if (shown.length < 2) return null;
  shown.forEach((one, n) => { one.text = `${one.label}: ${speed(one.ratio)}${one.low ? ` [${factor(one.low)}, ${factor(one.high)}]` : ", interval unknown"}, ${duration(one.seconds)} a round${one.recommended ? ", recommended" : one.equal ? ", not told from it" : ""}`; one.place = n; });
  const ends = shown.flatMap((one) => [one.ratio, one.low && Math.max(one.low, one.ratio / 8), one.high && Math.min(one.high, one.ratio * 8)]).filter(Boolean);
  const domain = [Math.min(0.9, ...ends), Math.max(1.15, ...ends)];
  const left = Math.min(190, width * 0.42);
  return picture(id, `Ranking: ${workload.name}.`, `Speed-up over the plain loop, with 95 % intervals (${workload.basis}). ★ is recommended; hollow: interval unknown.`, Plot.plot({
    width, height: shown.length * DODGE + 50, marginLeft: left, marginRight: 14, marginBottom: 36,
    x: { type: "log", domain, ticks: logTicks(domain, tick, width - left - 14, TICK_WIDTH), tickFormat: tick, label: "speed-up", grid: true },
    y: { type: "band", domain: shown.map((one) => one.label), label: null, tickSize: 0,
      tickFormat: (label) => `${shown.find((one) => one.label === label).recommended ? "★ " : ""}${label}` },
    marks: [
      Plot.ruleX([1], { stroke: "var(--ink)" }),
      Plot.ruleY(shown.filter((one) => one.low), { y: "label", x1: (one) => Math.max(one.low, domain[0]), x2: (one) => Math.min(one.high, domain[1]), stroke: (one) => colour(one.family), strokeWidth: 2.5, strokeOpacity: 0.55 }),
      Plot.dot(shown, { x: "ratio", y: "label", r: 5, fill: (one) => one.low ? colour(one.family) : "var(--ground)", stroke: (one) => colour(one.family), strokeWidth: 2, ariaLabel: "text" }),
    ],
  }));
}

/** Places for labels on a log axis of so many pixels, each at least a line from the next; highest first. */
function apart(points, [low, high], pixels) {
  const line = Math.exp((Math.log(high / low) / pixels) * 13);
  let above = Infinity;
  return [...points].sort((a, b) => b.ratio - a.ratio).map((one) => {
    above = Math.min(one.ratio, above / line);
    return { ...one, at: above };
  });
}

function scaling(id, workload, models, width) {
  const groups = d3.group(workload.contestants.filter((one) => one.ratio && one.chunk === "1" && one.model !== "sequential" && models(one.model)), (one) => one.model);
  const points = [...groups.values()].filter((of) => new Set(of.map((one) => one.workers)).size > 1).flat().sort((a, b) => a.workers - b.workers);
  if (!points.length) return null;
  points.forEach((one) => { one.told = `${one.label}: ${speed(one.ratio)}`; });
  const x = d3.extent(points, (one) => one.workers), best = d3.max(points, (one) => one.ratio);
  const last = [...d3.group(points, (one) => one.model).values()].map((of) => of[of.length - 1]);
  const low = Math.min(0.9, d3.min(points, (one) => one.ratio)), high = Math.max(1.2, best * 1.1);
  const laws = workload.laws.filter((law) => models(law.model)).flatMap((law) => law.points.map(([workers, ratio]) => ({ model: law.model, workers, ratio, beyond: workers === law.extrapolated })));
  const within = laws.filter((one) => !one.beyond), beyond = laws.filter((one) => one.beyond || one.workers === d3.max(within.filter((other) => other.model === one.model), (other) => other.workers));
  const bestOf = workload.laws.filter((law) => law.best && models(law.model)).map((law) => `${law.model} is best with ${Math.round(law.best)}${law.slowerBeyond ? `, slower beyond ${Math.round(law.slowerBeyond)}` : ""}`);
  const overtaken = workload.crossings.filter((one) => models(one.faster) && models(one.slower)).map((one) => `${one.faster} overtakes ${one.slower} between ${one.low} and ${one.high} workers`);
  x[1] = Math.max(x[1], d3.max(laws, (one) => one.workers) ?? 0);
  const ideal = [x[0], x[1]].map((workers) => ({ workers, ratio: workers })).filter((one) => one.ratio <= high * 3);
  return picture(id, `Number of workers: ${workload.name}.`, "Speed-up over the plain loop by workers; the grey line is one more worker, one more time as fast." + (laws.length ? ` Lines are fitted laws, dashed beyond what was measured: ${bestOf.join("; ")}.` : "") + (overtaken.length ? ` For sure ${overtaken.join("; ")}.` : ""), Plot.plot({
    width, height: 260, marginLeft: 48, marginRight: 130, marginBottom: 36,
    x: { type: "log", domain: [x[0] * 0.9, x[1] * 1.1], ticks: [...new Set(points.map((one) => one.workers))], tickFormat: String, label: "workers" },
    y: { type: "log", domain: [low, high], ticks: logTicks([low, high], tick, 200, TICK_HEIGHT), tickFormat: tick, label: "speed-up", grid: true },
    marks: [
      Plot.line(ideal, { x: "workers", y: "ratio", stroke: "var(--soft)", strokeDasharray: "4,3", clip: true }),
      Plot.line(points.filter((one) => !within.some((law) => law.model === one.model)), { x: "workers", y: "ratio", z: "model", stroke: (one) => colour(one.family) }),
      Plot.line(within, { x: "workers", y: "ratio", z: "model", curve: "monotone-x", stroke: (one) => colour(groups.get(one.model)[0].family) }),
      Plot.line(beyond, { x: "workers", y: "ratio", z: "model", strokeDasharray: "5,4", stroke: (one) => colour(groups.get(one.model)[0].family) }),
      Plot.dot(points, { x: "workers", y: "ratio", r: 4, fill: (one) => colour(one.family), ariaLabel: "told" }),
      Plot.text(apart(last, [low, high], 200), { x: "workers", y: "at", text: "model", dx: 8, textAnchor: "start", fill: (one) => colour(one.family), fontWeight: 600 }),
    ],
  }));
}

function crossings(id, workloads, models, width) {
  const points = [];
  for (const workload of workloads.filter((one) => one.kind === "scaling")) {
    const alone = workload.contestants.find((one) => one.model === "sequential");
    if (!alone?.tasks) continue;
    for (const one of workload.contestants)
      if (one.ratio && one.model !== "sequential" && models(one.model))
        points.push({ ...one, length: alone.seconds / alone.tasks, told: `${one.label} on tasks of ${duration(alone.seconds / alone.tasks)}: ${speed(one.ratio)}` });
  }
  if (new Set(points.map((one) => one.length)).size < 2) return null;
  points.sort((a, b) => a.length - b.length);
  const last = [...d3.group(points, (one) => one.label).values()].map((of) => of[of.length - 1]);
  const domain = [Math.min(0.9, d3.min(points, (one) => one.ratio)), Math.max(1.2, d3.max(points, (one) => one.ratio))];
  return picture(id, "From which length of a task does a model pay?", "Speed-up over the plain loop by the length of a task; a model pays where its line is above 1x.", Plot.plot({
    width, height: 280, marginLeft: 56, marginRight: 150, marginBottom: 36,
    x: { type: "log", label: "length of a task", tickFormat: duration, ticks: 4 },
    y: { type: "log", domain, ticks: logTicks(domain, tick, 220, TICK_HEIGHT), tickFormat: tick, label: "speed-up", grid: true },
    marks: [
      Plot.ruleY([1], { stroke: "var(--ink)" }),
      Plot.line(points, { x: "length", y: "ratio", z: "label", stroke: (one) => colour(one.family) }),
      Plot.dot(points, { x: "length", y: "ratio", r: 4, fill: (one) => colour(one.family), ariaLabel: "told" }),
      Plot.text(apart(last, domain, 220), { x: "length", y: "at", text: "label", dx: 8, textAnchor: "start", fill: (one) => colour(one.family), fontWeight: 600 }),
    ],
  }));
}

function histories(id, history, numbers, chosen, wanted, width) {
  const places = history.sessions.map((_, n) => n).filter((n) => wanted(history.sessions[n]));
  const cells = history.cells.map((cell, n) => ({ ...cell, row: numbers[n] })).filter(chosen).slice(0, 30);
  if (!cells.length || places.length < 2) return null;
  const points = [], steps = [];
  for (const cell of cells) {
    const known = places.filter((n) => !Number.isNaN(cell.row[n]));
    const middle = d3.median(known, (n) => cell.row[n]);
    for (const n of known) {
      const session = history.sessions[n];
      points.push({ cell: cell.name, n, ratio: cell.row[n] / middle, told: `${cell.name}, session ${session.number ?? n + 1}${session.commit ? ` of ${session.commit}` : ""}: ${duration(cell.row[n])}` });
    }
    for (const change of cell.changes) steps.push({ cell: cell.name, n: history.sessions.findIndex((one) => one.t >= change.t) });
  }
  const columns = Math.max(1, Math.floor(width / 260)), names = cells.map((cell) => cell.name);
  const at = (name) => ({ fx: names.indexOf(name) % columns, fy: Math.floor(names.indexOf(name) / columns) });
  for (const one of [...points, ...steps]) Object.assign(one, at(one.cell));
  const titles = names.map((name) => ({ name, ...at(name) }));
  const ends = d3.extent(points, (one) => one.ratio), pad = Math.max(1.03, Math.sqrt(ends[1] / ends[0]) * 0.2 + 0.9);
  const domain = [ends[0] / pad, ends[1] * pad], share = (ratio) => `${Number((ratio * 100).toPrecision(3))} %`;
  return picture(id, "History.", "Time of each cell over its median, session by session; a rule is a confirmed change.", Plot.plot({
    width, height: Math.ceil(names.length / columns) * 96 + 40, marginLeft: 44, marginTop: 18,
    fx: { axis: null, padding: 0.08 }, fy: { axis: null, padding: 0.25 },
    x: { label: "session", tickFormat: (n) => String(history.sessions[Math.round(n)]?.number ?? ""), ticks: 4 },
    y: { type: "log", domain, label: null, ticks: logTicks(domain, share, 60, TICK_HEIGHT), tickFormat: share },
    marks: [
      Plot.ruleY([1], { stroke: "var(--line)" }),
      Plot.ruleX(steps, { x: "n", fx: "fx", fy: "fy", stroke: "var(--bad)", strokeWidth: 1.5 }),
      Plot.lineY(points, { x: "n", y: "ratio", fx: "fx", fy: "fy", stroke: "var(--f-threads)", strokeWidth: 1 }),
      Plot.dot(points, { x: "n", y: "ratio", fx: "fx", fy: "fy", r: points.length > 2000 ? 1.2 : 2.5, fill: "var(--f-threads)", ariaLabel: "told" }),
      Plot.text(titles, { fx: "fx", fy: "fy", text: "name", frameAnchor: "top-left", dy: -14, fontWeight: 600, fill: "var(--ink)" }),
    ],
  }));
}

function interpretersPicture(id, workload, alternating, models, width) {
  const found = workload.interpreters.filter((one) => models(one.contestant.split(/[ ,]/)[0]));
  if (new Set(found.map((one) => one.interpreter)).size < 2) return null;
  found.forEach((one) => { one.told = `${one.contestant} on ${one.interpreter}: ${duration(one.seconds)} (${one.n} ${one.n === 1 ? "session" : "sessions"})`; });
  const names = [...new Set(found.map((one) => one.contestant))], best = d3.least(found, (one) => one.seconds);
  const symbols = ["circle", "square", "triangle", "diamond", "star", "cross", "wye", "hexagon"];
  const order = [...new Set(found.map((one) => one.interpreter))], domain = padded(...d3.extent(found, (one) => one.seconds));
  return picture(id, `Interpreters: ${workload.name}.`, `Time of a round; further left is faster. ${alternating ? "Measured in turns." : "Not measured in turns: a drift of the machine looks like a difference."}`, Plot.plot({
    width, height: order.length * 34 + 60, marginLeft: 84, marginRight: 14, marginBottom: 36,
    x: { type: "log", domain, tickFormat: duration, ticks: logTicks(domain, duration, width - 98, DURATION_WIDTH), label: "time of a round", grid: true },
    y: { type: "band", domain: order, label: null }, symbol: { domain: names, range: symbols },
    marks: [
      Plot.dot(found, { x: "seconds", y: "interpreter", symbol: "contestant", r: 5, stroke: "var(--ink)", fill: (one) => one === best ? "var(--f-threads)" : "transparent", ariaLabel: "told" }),
    ],
  }), legendOf(names.slice(0, 8).map((name, n) => [name, `y-${symbols[n]}`])));
}

const SPLIT = { running: "running", waiting: "wait", core: "core", lock: "lock", unexplained: "unknown", "start up": "start",
  dispatch: "dispatch", serialisation: "pickle", queueing: "queue", "idle tail": "idle" };

function costs(id, workload, models, width) {
  const shown = [...d3.group(workload.contestants.filter((one) => one.parts && models(one.model)), (one) => one.model).values()].map((of) => of[0]);
  if (shown.length < 2) return null;
  const parts = shown.flatMap((one) => one.parts.map(([name, seconds]) => ({ label: one.label, name, seconds, told: `${one.label}: ${name} ${duration(seconds)} of a round` })));
  const names = Object.keys(SPLIT).filter((name) => parts.some((part) => part.name === name));
  return picture(id, `Where a round goes: ${workload.name}.`, "Seconds of a round, by what they went into.", Plot.plot({
    width, height: shown.length * 24 + 54, marginLeft: Math.min(190, width * 0.42), marginRight: 14, marginBottom: 36,
    x: { label: "seconds of a round", tickFormat: duration, ticks: Math.max(3, width / 120) }, y: { type: "band", domain: shown.map((one) => one.label), label: null, tickSize: 0 },
    marks: [Plot.barX(parts, { x: "seconds", y: "label", fill: (part) => `var(--t-${SPLIT[part.name]})`, ariaLabel: "told" })],
  }), legendOf(names.map((name) => [name, `t-${SPLIT[name]}`])));
}

function thrift(id, workload, models, width) {
  const shown = workload.contestants.filter((one) => one.joules && one.ratio && models(one.model));
  if (shown.length < 3) return null;
  const measured = shown.every((one) => one.measured);
  shown.forEach((one) => { one.spent = `${one.label}: ${speed(one.ratio)}, ${Number(one.joules.toPrecision(3))} joules${one.measured ? "" : ", estimated"}`; });
  const domain = padded(...d3.extent(shown, (one) => one.ratio)), energy = padded(...d3.extent(shown, (one) => one.joules));
  const joules = (value) => String(Number(value.toPrecision(3)));
  const source = measured ? "as the machine counts them" : "estimated from CPU time and cores with the averages of a cloud";
  return picture(id, `What speed costs: ${workload.name}.`, `Speed-up against joules of a thousand tasks, ${source}; best is right and below.`, Plot.plot({
    width, height: 260, marginLeft: 56, marginRight: 14, marginBottom: 36,
    x: { type: "log", domain, ticks: logTicks(domain, tick, width - 70, TICK_WIDTH), tickFormat: tick, label: "speed-up", grid: true },
    y: { type: "log", domain: energy, ticks: logTicks(energy, joules, 200, TICK_HEIGHT), tickFormat: joules, label: "joules", grid: true },
    marks: [Plot.dot(shown, { x: "ratio", y: "joules", r: 5, fill: (one) => colour(one.family), ariaLabel: "spent" })],
  }), legendOf([...new Set(shown.map((one) => one.family))].map((family) => [family, `g-${family}`])));
}
