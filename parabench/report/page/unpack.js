// Packed numbers and JSON back from deflate and base64; `packing.py` is the other side.
const STEP = 0.001, UNKNOWN = -32768;

async function inflated(text) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Response(stream).arrayBuffer();
}

async function unpackedJson(text) {
  return JSON.parse(new TextDecoder().decode(await inflated(text)));
}

/** Rows of `length` numbers each; NaN where a number is unknown. */
async function unpackedSeries(text, rows, length) {
  if (!text) return [];
  const view = new DataView(await inflated(text));
  const found = [];
  for (let row = 0, place = 0; row < rows; row++) {
    const numbers = new Float64Array(length);
    for (let n = 0, now = 0; n < length; n++, place += 2) {
      now = ((now + view.getUint16(place, true)) << 16) >> 16;
      numbers[n] = now === UNKNOWN ? NaN : Math.exp(now * STEP);
    }
    found.push(numbers);
  }
  return found;
}
