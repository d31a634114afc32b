// Plots: the last samples of a number as a line, drawn into an SVG element of the page.

const ns = "http://www.w3.org/2000/svg";
const width = 300, height = 64, margin = 3;

// most bounds what is kept: ten minutes of samples, one every two seconds.
export const most = 300;

export function push(series, value) {
  series.push(value);
  if (series.length > most) series.shift();
}

// least is how many samples the width stands for at first: two minutes.
const least = 60;

// draw replaces what the element shows. Samples that are null are gaps.
export function draw(svg, series, words) {
  const top = Math.max(...series.filter((v) => v !== null), 0) || 1;
  const step = width / (Math.max(series.length, least) - 1);
  const lines = [[]];
  series.forEach((v, i) => {
    if (v === null) { lines.push([]); return; }
    const x = width - (series.length - 1 - i) * step;
    const y = height - margin - (v / top) * (height - 2 * margin);
    lines.at(-1).push(`${x.toFixed(1)},${y.toFixed(1)}`);
  });
  const base = shape("line", { x1: 0, x2: width, y1: height - 1, y2: height - 1 });
  svg.replaceChildren(base, ...lines.filter((l) => l.length > 1).map((l) => shape("polyline", { points: l.join(" ") })));
  svg.setAttribute("aria-label", words);
}

function shape(name, attributes) {
  const e = document.createElementNS(ns, name);
  for (const [k, v] of Object.entries(attributes)) e.setAttribute(k, v);
  return e;
}
