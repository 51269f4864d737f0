// Round trip by hop, stacked over time; and the histogram of interruptions with the one-tick line.
// Neighbours: words.js, palette.js. Bands differ in lightness and carry their names, so that colour is never alone.

import { niceStep } from "./bars.js";
import { context2d, setText } from "./dom.js";
import { theme } from "./palette.js";
import { bound, clock, known, number, startOf } from "./words.js";

export const HOPS = ["radio", "backhaul", "gateway", "server"];
const hopCanvas = document.getElementById("hop-chart");
const gapCanvas = document.getElementById("gap-chart");
const read = document.getElementById("hops-read");
const WINDOW_S = 120;
const SOON_MS = 15000;
let pointer = null; // second under the pointer, or null
let last = null;

hopCanvas.addEventListener("pointermove", (e) => { pointer = e.offsetX; if (last) drawHops(last); });
hopCanvas.addEventListener("pointerleave", () => { pointer = null; if (last) drawHops(last); });

export function drawHops(view) {
  last = view;
  const box = context2d(hopCanvas);
  if (!box) return;
  const { g, width, height } = box;
  const c = theme();
  g.clearRect(0, 0, width, height);
  const plot = { l: 34, r: width - 134, t: 8, b: height - 17 };
  const seconds = Object.keys(view.hops).map(Number).sort((a, b) => a - b);
  const end = Math.max(1, view.at_ms / 1000);
  const start = end - WINDOW_S;
  const shown = seconds.filter((s) => s >= start - 1);
  const total = (s) => HOPS.reduce((sum, hop) => sum + (view.hops[s][hop] ?? 0), 0);
  const objective = view.figures.objective_ms;
  const peak = Math.max(1, ...shown.map(total));
  const step = niceStep((peak * 1.12) / 3);
  const top = Math.ceil((peak * 1.12) / step) * step;
  const X = (s) => plot.l + ((s - start) / WINDOW_S) * (plot.r - plot.l);
  const Y = (v) => plot.b - (v / top) * (plot.b - plot.t);
  axes(g, c, plot, top, step, Y);
  g.textAlign = "center";
  g.textBaseline = "alphabetic";
  for (let s = Math.ceil(Math.max(0, start) / 30) * 30; s <= end; s += 30) if (X(s) > plot.l + 12 && X(s) < plot.r - 12) g.fillText(clock(s * 1000), X(s), height - 3);
  if (shown.length < 2) return nothing(g, c, width, height, view.at_ms < SOON_MS || shown.length ? "The first seconds are being measured" : "No round trip is told here", hopCanvas);

  g.save();
  g.beginPath();
  g.rect(plot.l, 0, plot.r - plot.l, height);
  g.clip();
  const base = shown.map(() => 0);
  for (const hop of HOPS) {
    const upper = shown.map((s, i) => base[i] + (view.hops[s][hop] ?? 0));
    g.beginPath();
    shown.forEach((s, i) => (i ? g.lineTo(X(s), Y(upper[i])) : g.moveTo(X(s), Y(upper[i]))));
    for (let i = shown.length - 1; i >= 0; i--) g.lineTo(X(shown[i]), Y(base[i]));
    g.closePath();
    g.fillStyle = c[`hop_${hop}`];
    g.fill();
    g.beginPath();
    shown.forEach((s, i) => (i ? g.lineTo(X(s), Y(upper[i])) : g.moveTo(X(s), Y(upper[i]))));
    g.strokeStyle = c.card;
    g.lineWidth = 1;
    g.stroke();
    upper.forEach((v, i) => (base[i] = v));
  }
  g.strokeStyle = c.soft;
  g.lineWidth = 1;
  for (const move of Object.values(view.moves)) {
    const x = X(startOf(move) / 1000);
    if (!(x > plot.l)) continue;
    g.beginPath();
    g.moveTo(x, plot.b);
    g.lineTo(x, plot.b + 4);
    g.stroke();
  }
  g.restore();
  if (known(objective) && objective <= top) line(g, c, plot.l, plot.r, Y(objective), `objective ${bound(objective)}`);

  const atPointer = pointer === null ? null : shown.reduce((best, s) => (Math.abs(X(s) - pointer) < Math.abs(X(best) - pointer) ? s : best));
  const second = atPointer ?? shown[shown.length - 1];
  if (atPointer !== null) {
    g.fillStyle = c.text;
    g.fillRect(Math.round(X(second)), plot.t, 1, plot.b - plot.t);
  }
  labels(g, c, view.hops[second], shown, plot, Y, width);
  setText(read, atPointer === null ? `total ${number(total(second))} ms` : `at ${clock(second * 1000)}: total ${number(total(second))} ms`);
  hopCanvas.setAttribute("aria-label", `Round trip by hop, median of the last second: ${HOPS.map((hop) => `${hop} ${number(view.hops[second][hop])} ms`).join(", ")}; total ${number(total(second))} ms`);
}

/** The bands' names at the right, top band first, with the values of one second. */
function labels(g, c, hops, shown, plot, Y, width) {
  const gap = 17;
  let y = Math.max(plot.t + 8, (plot.t + plot.b) / 2 - gap * 1.5);
  g.font = `11.5px ${c.font}`;
  for (const hop of [...HOPS].reverse()) {
    g.fillStyle = c[`hop_${hop}`];
    g.fillRect(plot.r + 10, y - 4, 8, 8);
    g.strokeStyle = c.line_strong;
    g.lineWidth = 1;
    g.strokeRect(plot.r + 10.5, y - 3.5, 7, 7);
    g.textBaseline = "middle";
    g.textAlign = "left";
    g.fillStyle = c.soft;
    g.fillText(hop, plot.r + 24, y + 0.5);
    g.textAlign = "right";
    g.fillStyle = c.text;
    g.fillText(`${number(hops[hop])} ms`, width - 1, y + 0.5);
    y += gap;
  }
}

function axes(g, c, plot, top, step, Y) {
  g.font = `11px ${c.font}`;
  g.textAlign = "right";
  g.textBaseline = "middle";
  g.lineWidth = 1;
  for (let v = 0; v <= top + 1e-9; v += step) {
    const y = Math.round(Y(v)) + 0.5;
    g.fillStyle = v === 0 ? c.line_strong : c.line;
    g.fillRect(plot.l, y - 0.5, plot.r - plot.l, 1);
    g.fillStyle = c.muted;
    g.fillText(String(Number(v.toPrecision(6))), plot.l - 6, y);
  }
}

function line(g, c, l, r, y, text) {
  g.strokeStyle = c.text;
  g.setLineDash([4, 4]);
  g.beginPath();
  g.moveTo(l, Math.round(y) + 0.5);
  g.lineTo(r, Math.round(y) + 0.5);
  g.stroke();
  g.setLineDash([]);
  g.textAlign = "left";
  g.textBaseline = y < 20 ? "top" : "bottom";
  g.fillStyle = c.soft;
  g.fillText(text, l + 6, y + (y < 20 ? 4 : -1));
}

export function drawGaps(view) {
  const box = context2d(gapCanvas);
  if (!box) return;
  const { g, width, height } = box;
  const c = theme();
  const { bin_ms, counts = [], tick_ms } = view.interruptions;
  g.clearRect(0, 0, width, height);
  const plot = { l: 24, r: width - 4, t: 20, b: height - 17 };
  const n = counts.reduce((a, b) => a + b, 0);
  if (n === 0) return nothing(g, c, width, height, "No interruption measured yet", gapCanvas);
  const span = Math.max(counts.length * bin_ms, tick_ms * 1.5);
  const peak = Math.max(...counts);
  const step = Math.max(1, niceStep(peak / 3));
  const top = Math.ceil((peak * 1.05) / step) * step;
  const X = (v) => plot.l + (v / span) * (plot.r - plot.l);
  const Y = (v) => plot.b - (v / top) * (plot.b - plot.t);
  axes(g, c, plot, top, step, Y);
  g.textAlign = "center";
  g.textBaseline = "alphabetic";
  const mark = niceStep(span / 5);
  for (let v = 0; v < span - mark * (counts.at(-1) > 0 ? 1 : 0.3); v += mark) g.fillText(String(Number(v.toPrecision(6))), X(v), height - 3);
  g.textAlign = "right";
  g.fillText(counts.at(-1) > 0 ? `≥ ${(counts.length - 1) * bin_ms} ms` : "ms", plot.r, height - 3);
  let over = 0;
  let astride = 0; // in the bin that holds the tick: not known on which side
  counts.forEach((count, i) => {
    const late = i * bin_ms >= tick_ms;
    if (late) over += count;
    else if ((i + 1) * bin_ms > tick_ms) astride += count;
    if (!count) return;
    const x = X(i * bin_ms) + 1;
    const w = Math.max(1.5, X((i + 1) * bin_ms) - X(i * bin_ms) - 2);
    g.fillStyle = late ? c.bad : c.bar;
    g.beginPath();
    g.roundRect(x, Y(count), w, plot.b - Y(count), [2, 2, 0, 0]);
    g.fill();
  });
  const tx = Math.round(X(tick_ms)) + 0.5;
  g.strokeStyle = c.text;
  g.setLineDash([4, 3]);
  g.lineWidth = 1.25;
  g.beginPath();
  g.moveTo(tx, 6);
  g.lineTo(tx, plot.b);
  g.stroke();
  g.setLineDash([]);
  g.fillStyle = c.text;
  g.textBaseline = "middle";
  const right = tx + 100 < width;
  g.textAlign = right ? "left" : "right";
  g.fillText(`one tick, ${number(tick_ms)} ms`, tx + (right ? 5 : -5), 10);
  const said = `${astride ? "≥ " : ""}${n - over - astride} of ${n} in a tick`;
  gapCanvas.setAttribute("aria-label", `Interruptions of moves: ${said} of ${number(tick_ms)} ms`);
  setText(document.querySelector("#gaps .unit"), said);
}

function nothing(g, c, width, height, text, canvas) {
  g.fillStyle = c.soft;
  g.font = `12.5px ${c.font}`;
  g.textAlign = "center";
  g.textBaseline = "middle";
  g.fillText(text, width / 2, height / 2);
  canvas.setAttribute("aria-label", text);
}
