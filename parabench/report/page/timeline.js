// One traced round of several models on one axis: a lane a worker, a bar a task, split into what it did with its time.
const PARTS = [["running", "running"], ["no core free", "core"], ["waiting, as alone", "wait"], ["GIL or lock", "lock"]];

function timelinePicture(id, workload, width) {
  const models = workload.timelines;
  const rows = [], tasks = [], labels = [], starts = [];
  let top = 0;
  for (const model of models) {
    const height = model.lanes > 16 ? 6 : model.lanes > 6 ? 9 : 14;
    labels.push({ y: top + 8, text: `${model.label}: ${duration(model.end / 1e6)}${model.bars.length < model.tasks ? `, the first ${model.bars.length} of ${model.tasks} tasks` : ""}` });
    top += 16;
    if (model.startUp) starts.push({ x1: -model.startUp, x2: 0, y1: top + 1, y2: top + height - 1, text: `${model.label}: start-up ${duration(model.startUp / 1e6)}` });
    for (const [began, ended, lane, ...parts] of model.bars) {
      const y1 = top + lane * height + 0.5, y2 = y1 + height - 1;
      let x = began;
      const known = parts.some((part) => part !== null);
      PARTS.forEach(([, kind], n) => {
        if (parts[n]) { rows.push({ x1: x, x2: Math.min(ended, x + parts[n]), y1, y2, kind }); x += parts[n]; }
      });
      if (x < ended) rows.push({ x1: x, x2: ended, y1, y2, kind: "unknown" });
      const told = PARTS.map(([name], n) => parts[n] === null ? null : `${name} ${duration(parts[n] / 1e6)}`).filter(Boolean);
      tasks.push({ x1: began, x2: ended, y1, y2, text: `${model.label}, lane ${lane + 1}: from ${duration(began / 1e6)} to ${duration(ended / 1e6)}; ${known ? told.join(", ") : "what it did is unknown: tasks share a thread"}` });
    }
    top += model.lanes * height + 10;
  }
  const ends = Math.max(...models.map((model) => model.end));
  const begin = Math.min(0, ...models.map((model) => -(model.startUp ?? 0)));
  const drawn = Plot.plot({
    width, height: top + 40, marginLeft: 8, marginRight: 12, marginTop: 4, marginBottom: 34,
    x: { domain: [begin, ends], label: "time since the batch began", tickFormat: (t) => duration(t / 1e6), ticks: Math.max(3, width / 110) },
    y: { domain: [top, 0], axis: null, range: [top + 4, 4] },
    marks: [
      Plot.ruleX([0], { stroke: "var(--soft)", strokeDasharray: "3,2" }),
      Plot.rect(starts, { x1: "x1", x2: "x2", y1: "y1", y2: "y2", fill: "var(--t-start)", ariaLabel: "text" }),
      Plot.rect(rows, { x1: "x1", x2: "x2", y1: "y1", y2: "y2", fill: (row) => `var(--t-${row.kind})` }),
      Plot.rect(tasks, { x1: "x1", x2: "x2", y1: "y1", y2: "y2", fill: "transparent", stroke: "var(--ground)", strokeWidth: 0.5, ariaLabel: "text" }),
      Plot.text(labels, { x: begin, y: "y", text: "text", textAnchor: "start", fill: "var(--ink)", fontWeight: 600, stroke: "var(--ground)", strokeWidth: 3 }),
    ],
  });
  const legend = legendOf([...PARTS.map(([name, kind]) => [name, `t-${kind}`]), ["unknown", "t-unknown"], ["start-up", "t-start"]]);
  return picture(id, `Where the time goes: ${workload.name}.`,
    `One traced round on one axis; a lane is a worker, a bar a task. The order of the parts inside a bar is not known.${models.length < 2 ? " A race traces few models; --passes 2 traces all of them." : ""}`, drawn, legend,
    " All its tasks for ui.perfetto.dev: ", element("code", { textContent: workload.trace }));
}
