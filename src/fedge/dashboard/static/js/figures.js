// The four figures: players within their objective, p99 round trip, p99 interruption, inputs lost; with small histories.
// Neighbours: pictures.js (history), words.js. A number glides only when it changed meaningfully.

import { context2d, h, setText } from "./dom.js";
import { theme } from "./palette.js";
import { history } from "./pictures.js";
import { bound, grouped, known, ms, number, plural } from "./words.js";

const root = document.getElementById("figures");
const MEANINGFUL = 0.08; // relative change worth a glide

const FIGURES = [
  { id: "within", label: "Players within objective", short: "In objective", unit: "%", value: (f) => (f.players > 0 && known(f.within_objective) ? f.within_objective * 100 : null),
    digits: (v) => (v === 100 ? "100" : v.toFixed(v > 99 ? 1 : 0)),
    under: (f) => (f.players > 0 ? `${plural(f.players, "player")}, ≤ ${bound(f.objective_ms)}` : "no player yet"),
    verdict: (f) => (f.players === 0 ? "" : f.within_objective >= 0.95 ? "good" : "bad"), spark: { max: 100, min: 0 } },
  { id: "rtt", label: "Round trip, p99", short: "RTT p99", unit: "ms", value: (f) => f.rtt_p99_ms, digits: number,
    under: (f) => (!known(f.rtt_p50_ms) ? "no round trip measured yet" : `p50 ${ms(f.rtt_p50_ms)}, wanted ≤ ${bound(f.objective_ms)}`),
    verdict: (f) => (!known(f.rtt_p99_ms) ? "" : f.rtt_p99_ms <= f.objective_ms ? "good" : "bad"), spark: { line: (f) => f.objective_ms } },
  { id: "interruption", label: "Interruption, p99", short: "Interruption", unit: "ms", value: (f) => f.interruption_p99_ms, digits: number,
    under: (f, view) => (known(f.interruption_p99_ms) ? `one tick is ${number(view.interruptions.tick_ms)} ms` : "no move measured yet"),
    verdict: (f, view) => (!known(f.interruption_p99_ms) ? "" : f.interruption_p99_ms <= view.interruptions.tick_ms ? "good" : "bad"),
    spark: { line: (f, view) => view.interruptions.tick_ms } },
  { id: "lost", label: "Acknowledged inputs lost", short: "Inputs lost", unit: "", value: (f) => f.inputs_lost, digits: (v) => String(Math.round(v)),
    under: (f) => (f.sessions_lost > 0 ? `${plural(f.sessions_lost, "session")} lost with ${f.sessions_lost === 1 ? "its" : "their"} site`
      : known(f.inputs_lost) ? `of\u00a0${grouped(f.inputs_acknowledged)} acknowledged` : "no input acknowledged yet"),
    verdict: (f) => (f.inputs_lost > 0 || f.sessions_lost > 0 ? "bad" : known(f.inputs_lost) ? "good" : "") },
];

const shownValue = new Map();
const glides = new Map();

function build() {
  root.replaceChildren(...FIGURES.map((figure) => h("dl", { class: "figure", data_testid: `figure-${figure.id}`, data_figure: figure.id },
    h("dt", {}, h("span", { class: "long" }, figure.label), h("span", { class: "short" }, figure.short)), h("dd", {}, h("span", {}, "–"), h("small", {}, "")), h("p", {}, ""),
    figure.spark ? h("canvas", { aria_hidden: "true" }) : null)));
}

build(); // the first screen has its shape before its numbers

export function showFigures(view) {
  FIGURES.forEach((figure, i) => {
    const box = root.children[i];
    const value = figure.value(view.figures);
    const before = shownValue.get(figure.id);
    setText(box.querySelector("small"), known(value) ? figure.unit : "");
    const under = box.querySelector("p");
    setText(under, figure.under(view.figures, view));
    under.dataset.verdict = figure.verdict(view.figures, view);
    shownValue.set(figure.id, value);
    if (!known(value)) setText(box.querySelector("dd span"), "–");
    else if (known(before) && Math.abs(value - before) > Math.abs(before) * MEANINGFUL && !matchMedia("(prefers-reduced-motion: reduce)").matches) {
      glides.set(figure.id, { from: before, to: value, start: performance.now() });
    } else if (!glides.has(figure.id)) setText(box.querySelector("dd span"), figure.digits(value));
    else glides.get(figure.id).to = value;
  });
}

/** One animation frame of the gliding numbers. */
export function glideFigures(now) {
  for (const [id, glide] of glides) {
    const i = FIGURES.findIndex((f) => f.id === id);
    const t = Math.min(1, (now - glide.start) / 350);
    setText(root.children[i].querySelector("dd span"), FIGURES[i].digits(glide.from + (glide.to - glide.from) * (1 - (1 - t) ** 3)));
    if (t === 1) glides.delete(id);
  }
}

/** Small histories from the kept pictures, up to the shown moment. */
export function drawSparks(view) {
  const past = history().filter((v) => v.at_ms <= view.at_ms).slice(-120);
  FIGURES.forEach((figure, i) => {
    const canvas = root.children[i].querySelector("canvas");
    if (canvas) sparkline(canvas, past.map((v) => ({ x: v.at_ms, y: figure.value(v.figures) })), {
      min: figure.spark.min, max: figure.spark.max, line: figure.spark.line?.(view.figures, view) });
  });
}

/** A plain line of {x, y} with an optional dashed reference `line`; gaps where y is unknown. */
export function sparkline(canvas, points, { min, max, line, colour } = {}) {
  const box = context2d(canvas);
  if (!box) return;
  const { g, width, height } = box;
  const c = theme();
  g.clearRect(0, 0, width, height);
  const usable = points.filter((q) => known(q.y));
  if (usable.length < 2) return;
  const low = min ?? 0;
  const high = max ?? (Math.max(...usable.map((q) => q.y * 1.15), (line ?? 0) * 1.05) || 1);
  const x0 = points[0].x;
  const dx = points[points.length - 1].x - x0 || 1;
  const X = (x) => 1 + ((x - x0) / dx) * (width - 5);
  const Y = (y) => height - 2 - ((y - low) / (high - low)) * (height - 5);
  if (known(line)) {
    g.strokeStyle = c.line_strong;
    g.setLineDash([3, 3]);
    g.beginPath();
    g.moveTo(0, Math.round(Y(line)) + 0.5);
    g.lineTo(width, Math.round(Y(line)) + 0.5);
    g.stroke();
    g.setLineDash([]);
  }
  g.strokeStyle = colour ?? c.soft;
  g.lineWidth = 1.5;
  g.lineJoin = "round";
  g.beginPath();
  let open = false;
  for (const q of points) {
    if (!known(q.y)) { open = false; continue; }
    open ? g.lineTo(X(q.x), Y(q.y)) : g.moveTo(X(q.x), Y(q.y));
    open = true;
  }
  g.stroke();
  const last = usable[usable.length - 1];
  g.fillStyle = colour ?? c.text;
  g.beginPath();
  g.arc(X(last.x), Y(last.y), 2.25, 0, Math.PI * 2);
  g.fill();
}
