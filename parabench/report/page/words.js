// Numbers and elements as the page shows them. Text only ever becomes text: nothing here parses HTML.
function factor(ratio) {
  return ratio >= 100 ? ratio.toFixed(0) : ratio >= 10 ? ratio.toFixed(1) : ratio.toFixed(2);
}

function speed(ratio) {
  return ratio >= 0.995 ? `${factor(ratio)}x` : `${factor(1 / ratio)}x slower`;
}

function tick(ratio) {
  const away = ratio >= 1 ? ratio : 1 / ratio;
  const told = away >= 10 ? away.toFixed(0) : String(Number(away.toPrecision(3)));
  return ratio >= 1 ? `${told}x` : `1/${told}x`;
}

function duration(seconds) {
  for (const [many, unit] of [[1, "s"], [1e3, "ms"], [1e6, "us"]])
    if (Math.abs(seconds) * many >= 1) return `${Number((seconds * many).toPrecision(3))} ${unit}`;
  return seconds === 0 ? "0" : `${Number((seconds * 1e9).toPrecision(3))} ns`;
}

function element(name, properties = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(properties))
    if (key in made && key !== "role") made[key] = value;
    else made.setAttribute(key, value);
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

const FAMILY_COLOURS = new Set(["baseline", "threads", "asyncio", "greenlets", "interpreters", "processes", "queues", "clusters"]);

function colour(family) {
  return FAMILY_COLOURS.has(family) ? `var(--f-${family})` : "var(--ink)";
}

/** Numbers of a log axis that are worth a label, each different and so many pixels from the next: decades with their 2 and 5,
 * decades, or round numbers between; of these the list with the most that has room. */
function logTicks([low, high], told, pixels, apart) {
  const from = Math.floor(Math.log10(low)), to = Math.ceil(Math.log10(high));
  const decades = d3.range(from, to + 1).map((decade) => Number(`1e${decade}`));
  const within = (values) => values.filter((value) => value >= low * 0.999 && value <= high * 1.001);
  const place = (value) => (Math.log(value / low) / Math.log(high / low)) * pixels;
  const fits = (values) => new Set(values.map(told)).size === values.length && d3.pairs(values).every(([one, next]) => place(next) - place(one) >= apart);
  const lists = [
    decades.flatMap((one) => [one, 2 * one, 5 * one]),
    ...[1, 2, 3, 4].map((step) => decades.filter((_, n) => n % step === 0)),
    ...[5, 4, 3, 2, 1].map((many) => d3.ticks(low, high, many)),
    d3.ticks(low, high, 5).filter((_, n, all) => n === 0 || n === all.length - 1), [low, high],
  ];
  return d3.greatest(lists.map(within).filter(fits), (one) => one.length) ?? [];
}
