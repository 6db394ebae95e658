// Numbers and elements as the page shows them. Text only ever becomes text: nothing here parses HTML.
function factor(ratio) {
  return ratio >= 100 ? ratio.toFixed(0) : ratio >= 10 ? ratio.toFixed(1) : ratio.toFixed(2);
}

function speed(ratio) {
  return ratio >= 0.995 ? `${factor(ratio)}x` : `${factor(1 / ratio)}x slower`;
}

function tick(ratio) {
  const away = ratio >= 1 ? ratio : 1 / ratio;
  const told = away >= 10 ? away.toFixed(0) : String(Number(away.toPrecision(2)));
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

/** Numbers of a log axis that are worth a label: 1, 2 and 5 of each decade within a domain. */
function logTicks([low, high]) {
  const found = [];
  for (let decade = Math.floor(Math.log10(low)); decade <= Math.ceil(Math.log10(high)); decade++)
    for (const first of [1, 2, 5]) {
      const value = first * 10 ** decade;
      if (value >= low * 0.999 && value <= high * 1.001) found.push(value);
    }
  if (found.length < 3) return d3.ticks(low, high, 4);
  return found.length > 8 ? found.filter((value) => /^1e|^1$/.test(value.toExponential().replace(/e.*/, ""))) : found;
}
