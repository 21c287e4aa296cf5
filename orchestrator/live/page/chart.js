// A chart of a few curves: the mean as a line, from the least to the greatest value as a band.

const SVG = "http://www.w3.org/2000/svg";
// By matplotlib's names.
const SHAPES = {
  o: "M6 0A6 6 0 1 1-6 0A6 6 0 1 1 6 0Z",
  D: "M0-7L7 0L0 7L-7 0Z",
  s: "M-5.5-5.5H5.5V5.5H-5.5Z",
  "^": "M0-6.5L6.5 5.5H-6.5Z",
  v: "M0 6.5L6.5-5.5H-6.5Z",
  "<": "M-6.5 0L5.5-6.5V6.5Z",
  ">": "M6.5 0L-5.5 6.5V-6.5Z",
  P: "M-2-6H2V-2H6V2H2V6H-2V2H-6V-2H-2Z",
  X: "M0-2.8L3.2-6L6-3.2L2.8 0L6 3.2L3.2 6L0 2.8L-3.2 6L-6 3.2L-2.8 0L-6-3.2L-3.2-6Z",
  "*": "M0-7.0L1.8-2.4L6.7-2.2L2.9 0.9L4.1 5.7L0 3.0L-4.1 5.7L-2.9 0.9L-6.7-2.2L-1.8-2.4Z",
};

const KEYS = 2; // in a line above a narrow chart

function node(name, attributes, text) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

export function marker(shape, attributes = {}) {
  return node("path", { d: SHAPES[shape] ?? SHAPES.o, ...attributes });
}

// 1, 2 or 5 times a power of ten, so that about so many steps make the range.
function niceStep(range, about, least = 0) {
  const rough = Math.max(range / about, least, Number.MIN_VALUE);
  const power = 10 ** Math.floor(Math.log10(rough));
  return power * [1, 2, 5, 10].find((factor) => factor * power >= rough * 0.999);
}

function linearTicks(low, high, step) {
  const ticks = [];
  for (let i = Math.ceil(low / step - 1e-9) + 0; i * step <= high + step * 1e-9; i += 1) {
    ticks.push(i * step + 0);
  }
  return ticks;
}

function logarithmicTicks(low, high) {
  const ticks = [];
  const last = Math.ceil(Math.log10(high));
  for (let power = Math.floor(Math.log10(low)); power <= last; power += 1) {
    const wide = high / low > 2000;
    for (const factor of wide ? [1] : [1, 2, 5]) ticks.push(factor * 10 ** power);
  }
  return ticks.filter((tick) => tick >= low * 0.999 && tick <= high * 1.001);
}

// How much of a curve is to be seen on both sides of those above it: 1 of the lowest, 0 of the top.
function under(index, curves) {
  return curves.length > 1 ? 1 - index / (curves.length - 1) : 0;
}

export class Chart {
  // xLabel: under the axis. logarithmic: y. format: of a value of y. nothing: what an empty one says.
  constructor(figure, { xLabel, logarithmic, format, nothing }) {
    this.plot = figure.querySelector(".plot");
    this.caption = figure.querySelector("figcaption").textContent;
    this.xLabel = xLabel;
    this.logarithmic = logarithmic;
    this.format = format;
    this.nothing = nothing;
    this.svg = node("svg", { role: "img" });
    this.plot.append(this.svg);
    this.drawn = null;
    new ResizeObserver(() => this.drawn && this.draw(...this.drawn)).observe(this.plot);
  }

  // curves: {label, colour, marker, text, points: [[x, mean, least, greatest]]}; xs: first and last
  // x. Each is narrower than the one before, so that where they lie on each other all are seen.
  draw(curves, xs) {
    this.drawn = [curves, xs];
    const { clientWidth: width, clientHeight: height } = this.plot;
    const em = parseFloat(getComputedStyle(document.documentElement).fontSize);
    const shown = curves.filter((curve) => curve.points.length);
    const values = shown.map((curve) => `${curve.label} ${curve.text}`).join(", ");
    this.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.svg.setAttribute("aria-label", `${this.caption}: ${values || this.nothing}`);
    if (!shown.length || width <= 0) {
      const centre = { x: width / 2, y: height / 2, "text-anchor": "middle" };
      this.svg.replaceChildren(node("text", centre, this.nothing));
      return;
    }
    const wide = width > 24 * em;
    const box = {
      left: 3.4 * em,
      right: width - (wide ? 5.2 : 0.9) * em,
      top: (wide ? 0.9 : 0.9 + 1.3 * Math.ceil(shown.length / KEYS)) * em,
      bottom: height - 2.6 * em,
    };
    const y = this.#vertical(shown, box);
    const [first, last] = xs;
    const x = (value) =>
      last > first
        ? box.left + ((value - first) / (last - first)) * (box.right - box.left)
        : (box.left + box.right) / 2;
    this.svg.replaceChildren(
      ...this.#axes(box, x, xs, y, em),
      ...shown.flatMap((curve, i) => this.#curve(curve, under(i, shown), x, y, box, em)),
      ...this.#ends(shown, x, y, box, em, wide),
    );
  }

  // Value -> pixels, with the ticks.
  #vertical(curves, box) {
    const points = curves.flatMap((curve) => curve.points);
    const means = points.map((point) => point[1]);
    let low = Math.min(...means);
    let high = Math.max(...points.map((point) => point[this.logarithmic ? 3 : 1]));
    const scale = (map) => {
      const [from, to] = [map(low), map(high)];
      return (value) => box.bottom - ((map(value) - from) / (to - from)) * (box.bottom - box.top);
    };
    if (this.logarithmic && low > 0) {
      // Bounds that seldom move, so that the curve does not jump while it grows.
      const power = 10 ** Math.floor(Math.log10(low / 2));
      low = power * [5, 2, 1].find((factor) => factor * power <= low / 2);
      high *= 1.1;
      return { at: scale(Math.log), ticks: logarithmicTicks(low, high), low };
    }
    const step = niceStep(Math.max(high - low, 1), 3);
    low = Math.floor(low / step) * step;
    high = Math.max(low + step, Math.ceil(high / step) * step);
    const fine = niceStep(high - low, 5);
    return { at: scale((value) => value), ticks: linearTicks(low, high, fine), low };
  }

  #axes(box, x, [first, last], y, em) {
    const found = [];
    for (const tick of y.ticks) {
      const at = y.at(tick);
      found.push(node("line", { class: "grid", x1: box.left, x2: box.right, y1: at, y2: at }));
      const place = { x: box.left - 0.5 * em, y: at, dy: "0.33em", "text-anchor": "end" };
      found.push(node("text", place, this.format(tick)));
    }
    const digits = last.toLocaleString("en").length;
    const about = Math.max(2, (box.right - box.left) / ((digits + 2) * 0.85 * em));
    for (const tick of linearTicks(first, last, niceStep(last - first, about, 1))) {
      const place = { x: x(tick), y: box.bottom + 1.15 * em, "text-anchor": "middle" };
      found.push(node("text", place, tick.toLocaleString("en")));
    }
    const middle = (box.left + box.right) / 2;
    const place = { x: middle, y: box.bottom + 2.35 * em, "text-anchor": "middle" };
    found.push(node("text", place, this.xLabel));
    return found;
  }

  #curve(curve, under, x, y, box, em) {
    const at = (value) => Math.min(Math.max(y.at(Math.max(value, y.low)), box.top), box.bottom);
    const path = (points) => `M${points.map(([a, b]) => `${a.toFixed(1)} ${b.toFixed(1)}`).join("L")}`;
    const up = curve.points.map((point) => [x(point[0]), at(point[3])]);
    const down = curve.points.map((point) => [x(point[0]), at(point[2])]).reverse();
    const mean = curve.points.map((point) => [x(point[0]), at(point[1])]);
    const width = (0.18 + 0.24 * under) * em;
    return [
      node("path", { class: "band", d: `${path([...up, ...down])}Z`, fill: curve.colour }),
      node("path", { class: "line", d: path(mean), stroke: curve.colour, "stroke-width": width }),
    ];
  }

  // A marker where each curve ends, and its value: beside it, or above where there is no room.
  #ends(curves, x, y, box, em, wide) {
    const found = [];
    const gap = 1.3 * em;
    const ends = curves.map((curve) => {
      const [step, value] = curve.points.at(-1);
      return { curve, x: x(step), y: Math.min(Math.max(y.at(value), box.top), box.bottom) };
    });
    const labels = [...ends].sort((a, b) => a.y - b.y);
    labels.forEach((end, index) => {
      const above = labels[index - 1];
      end.label = above ? Math.max(end.y, above.label + gap) : end.y;
    });
    const over = Math.max(0, (labels.at(-1)?.label ?? 0) - box.bottom);
    for (const [index, end] of ends.entries()) {
      const scale = (em / 16) * (0.95 + 0.2 * under(index, curves));
      const transform = `translate(${end.x.toFixed(1)} ${end.y.toFixed(1)}) scale(${scale})`;
      found.push(marker(end.curve.marker, { class: "mark", fill: end.curve.colour, transform }));
      const key = wide
        ? { x: end.x + 1.1 * em, y: end.label - over }
        : {
            x: box.left + (index % KEYS) * ((box.right - box.left) / KEYS) + 0.8 * em,
            y: (1 + 1.3 * Math.floor(index / KEYS)) * em,
          };
      const small = `translate(${key.x.toFixed(1)} ${key.y.toFixed(1)}) scale(${(em / 16) * 0.7})`;
      if (curves.length > 1 || !wide) {
        found.push(marker(end.curve.marker, { fill: end.curve.colour, transform: small }));
      }
      const place = { class: "value", x: key.x + 0.55 * em, y: key.y, dy: "0.34em" };
      found.push(node("text", place, end.curve.text));
    }
    return found;
  }
}
