// One move: its sentence, its states on a ms axis, a close look at the hand-over against one tick, each step's time.
// Neighbours: panels.js, bars.js.

import { axis, niceStep, stateBar, swatches } from "./bars.js";
import { fill, h } from "./dom.js";
import { tell } from "./feed.js";
import { facts, heading, siteLink } from "./panel_parts.js";
import { href } from "./router.js";
import { beingMeasured, bytes, causeWords, clock, endOf, known, ms, number, sentence, sentenceCase, startOf, STEP_MEANING, STEPS } from "./words.js";

export function movePanel(body, id) {
  const said = h("p", { class: "say", data_testid: "move-sentence" });
  const grid = h("dl", { class: "facts" });
  const whole = h("div", { data_testid: "move-bar" });
  const close = h("div", { class: "zoomed" });
  const closeHeading = heading("The hand-over, close up", "dashed: one tick after the freeze");
  const steps = h("div", { class: "steps", data_testid: "move-steps" });
  body.append(said, grid, heading("Whole move", "ms since it was planned"), whole, closeHeading, close, heading("Steps"), steps);
  return {
    exists: (view) => Boolean(view.moves[id]),
    titleKey: (view) => `${view.moves[id].state}${view.moves[id].outcome}`,
    title: (view) => [id, h("span", { class: "state-word", data_state: ["aborted", "overdue"].includes(view.moves[id].outcome) ? "lost" : "" }, view.moves[id].outcome === "released" ? "" : view.moves[id].outcome ?? view.moves[id].state.toLowerCase())],
    update(view) {
      const move = view.moves[id];
      const player = Object.keys(view.ues).find((u) => view.ues[u].session === move.session) ?? move.session;
      const key = `${move.state}|${move.outcome}|${move.silent_ms}|${move.bytes_total}|${move.outcome ? "" : Math.floor(view.at_ms / 200)}`;
      fill(said, key, () => [...tell(view, sentence(move)), "."]);
      facts(grid, [
        ["Player", h("a", { href: href("player", player) }, move.session)],
        ["From", siteLink(view, move.from)],
        ["To", siteLink(view, move.to)],
        ["Cause", sentenceCase(causeWords(move.cause))],
        ["Silent", known(move.silent_ms) ? [ms(move.silent_ms), `${number(move.silent_ms / view.interruptions.tick_ms)} ticks`] : beingMeasured(move, view.at_ms) ? "being measured" : "not measured"],
        ["Bytes after trigger", [bytes(move.bytes_after_trigger), `of ${bytes(move.bytes_total)}`]],
      ]);
      fill(whole, key, () => {
        const length = Math.max(1, endOf(move, view.at_ms) - startOf(move));
        const step = niceStep(length / 4);
        const span = Math.ceil(length / step) * step;
        return [stateBar(move, view.at_ms, { span_ms: span, tall: true }), axis(span), swatches(), move.reason ? h("p", { class: "note" }, `Why: ${move.reason}`) : null];
      });
      const frozen = move.steps.FROZEN;
      closeHeading.hidden = close.hidden = !known(frozen);
      if (known(frozen)) fill(close, key, () => closeUp(view, move, frozen));
      fill(steps, key, () => STEPS.flatMap((step) => stepRow(move, step)));
    },
  };
}

function closeUp(view, move, frozen) {
  const tick = view.interruptions.tick_ms;
  const until = Math.max(move.steps.STEERED ?? 0, move.steps.ACTIVATED ?? 0, frozen + tick) - frozen;
  const step = niceStep((until * 1.15) / 4);
  const span = Math.ceil((until * 1.15) / step) * step;
  const line = h("div", { class: tick / span > 0.6 ? "tick-line left" : "tick-line", aria_hidden: "true" }, h("span", {}, `one tick, ${number(tick)} ms`));
  line.style.left = `${(tick / span) * 100}%`;
  return [line, stateBar(move, view.at_ms, { from_ms: frozen, span_ms: span, tall: true }), axis(span)];
}

function stepRow(move, step) {
  const at = move.steps[step];
  const start = startOf(move);
  return [
    h("span", { class: known(at) ? "name" : "name todo" }, step),
    h("span", { class: "at" }, known(at) ? `+${number(at - start)} ms` : "–"),
    h("span", { class: "what", title: known(at) ? `${clock(at)} of the run` : "" }, STEP_MEANING[step]),
  ];
}
