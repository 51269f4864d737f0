// A move as bars of its states on a millisecond axis. Neighbours: feed.js (thin), panels (tall, with an axis).

import { h } from "./dom.js";
import { known, number, startOf, endOf, stepsOf } from "./words.js";

/** The segments of a move: [{step, from_ms, to_ms}], the last one open until `at_ms` while the move runs. */
export function segments(move, at_ms) {
  const steps = stepsOf(move);
  const end = endOf(move, at_ms);
  const out = steps.map((s, i) => ({ step: s.step, from_ms: s.at_ms, to_ms: steps[i + 1]?.at_ms ?? Math.max(end, s.at_ms) }));
  return move.outcome === "released" ? out.filter((s) => s.step !== "RELEASED") : out;
}

/** A bar element; `span_ms` is the axis length, `from_ms` its start (default: the move's own). */
export function stateBar(move, at_ms, { span_ms, from_ms, tall = false } = {}) {
  const start = from_ms ?? startOf(move);
  const span = span_ms ?? Math.max(1, endOf(move, at_ms) - start);
  const bar = h("div", { class: tall ? "bars tall" : "bars", aria_hidden: "true" });
  for (const s of segments(move, at_ms)) {
    const left = Math.max(0, s.from_ms - start);
    const right = Math.min(span, s.to_ms - start);
    if (right < 0 || left > span) continue;
    const piece = h("i", { data_step: s.step, title: `${s.step} ${number(s.to_ms - s.from_ms)} ms` });
    piece.style.left = `${(left / span) * 100}%`;
    piece.style.width = `${(Math.max(0, right - left) / span) * 100}%`;
    bar.append(piece);
  }
  if (!move.outcome) bar.classList.add("open");
  return bar;
}

/** Marks of a ms axis from 0 to `span_ms`, at round steps. */
export function axis(span_ms, unit = "ms") {
  const step = niceStep(span_ms / 4);
  const el = h("div", { class: "axis", aria_hidden: "true" });
  for (let v = 0; v <= span_ms * 1.0001; v += step) {
    const mark = h("span", {}, `${Number(v.toPrecision(6))} ${unit}`);
    mark.style.left = `${(v / span_ms) * 100}%`;
    el.append(mark);
  }
  return el;
}

/** 1, 2 or 5 times a power of ten, at least `rough`. */
export function niceStep(rough) {
  const power = 10 ** Math.floor(Math.log10(Math.max(rough, 1e-6)));
  return [1, 2, 5, 10].map((n) => n * power).find((n) => n >= rough * 0.999);
}

/** The axis length that holds every move given, rounded up to a nice end. */
export function commonSpan(moves, at_ms) {
  const longest = Math.max(1, ...moves.map((m) => endOf(m, at_ms) - startOf(m)).filter((v) => known(v) && Number.isFinite(v)));
  const step = niceStep(longest / 4);
  return Math.ceil(longest / step) * step;
}

/** What the colours of a bar mean, with words. */
export function swatches() {
  return h("div", { class: "swatches" }, [["prepare", "planned, warming"], ["copy", "copying"], ["frozen", "frozen: nobody serves"], ["after", "new site serves"], ["late", "confirmed"]]
    .map(([key, text]) => h("span", {}, h("i", { class: `sw-${key}` }), text)));
}
