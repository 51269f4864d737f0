// One player: radio, round trip, the ranking of sites with each term and each refusal (explain), and its moves.
// Neighbours: panels.js. Source: GET /api/v1/explain/{session}.

import { fill, h, setText } from "./dom.js";
import { sparkline } from "./figures.js";
import { askDevice, locationFacts } from "./panel_location.js";
import { facts, heading, moveRows, siteLink } from "./panel_parts.js";
import { loadWords, qualityWords } from "./panel_quality.js";
import { glyph } from "./palette.js";
import { history } from "./pictures.js";
import { problem } from "./stream.js";
import { get } from "./token.js";
import { clock, kindWords, known, ms, number, sentenceCase, siteName } from "./words.js";

const ASK_EVERY_MS = 2000;
const TERMS = ["radio", "backhaul", "load"];

export function playerPanel(body, id) {
  const grid = h("dl", { class: "facts" });
  const trend = h("canvas", { class: "spark-wide", role: "img" });
  const trendUnit = h("span", { class: "unit" });
  const because = h("p", { class: "say", data_testid: "explain-because" });
  const ranking = h("div", { class: "ranking", data_testid: "explain" }, h("p", { class: "note" }, "Asking the platform for the ranking"));
  const age = h("p", { class: "note" });
  const moves = h("div", { data_testid: "player-moves" });
  body.append(grid, h("h3", {}, "Round trip", trendUnit), trend, heading("Where it is best served", "expected round trip, ms"), because, ranking, age, heading("Moves", "states on one axis"), moves);
  let asked = 0;
  let answer = null;
  let device = null;
  let closed = false;

  async function ask(view) {
    asked = performance.now();
    askDevice(id).then((got) => { if (got && !closed) device = got; });
    try {
      const got = await get(`/api/v1/explain/${encodeURIComponent(view.ues[id].session ?? id)}`);
      if (closed) return;
      if (got.ok) {
        answer = await got.json();
        showExplain(view);
      } else {
        const { code, message } = await problem(got);
        setText(age, `No ranking: ${message} (${code})`);
      }
    } catch {
      if (!closed && answer) setText(age, `This ranking is from ${clock(answer.at_ms)}; the platform does not answer now.`);
    }
  }

  function showExplain(view) {
    setText(because, "");
    const stays = answer.decision === "stay";
    because.append(h("b", {}, stays ? "Stays" : sentenceCase(String(answer.decision))), `${stays ? " at " : ", served now by "}${siteName(view, answer.serving)}: ${answer.because}`);
    const known_ms = answer.sites.map((s) => s.expected_rtt_ms).filter(known);
    const top = Math.max(1, ...known_ms);
    fill(ranking, JSON.stringify(answer.sites), () => [
      ...[...answer.sites].sort((a, b) => (a.rank ?? 1e9) - (b.rank ?? 1e9)).map((s) => row(view, s, top, answer.serving)),
      h("div", { class: "swatches" }, TERMS.map((t) => h("span", { class: `key t-${t}` }, t)), h("span", { class: "key t-other" }, "cell queue")),
    ]);
    setText(age, `Answered at ${clock(answer.at_ms)}. A site must be better by ${number(answer.hysteresis_ms)} ms to win.`);
  }

  return {
    exists: (view) => Boolean(view.ues[id]),
    titleKey: (view) => `${id}|${view.ues[id].site}|${stateWords(view.ues[id])}`,
    title: (view) => [view.ues[id].site ? glyph(view.ues[id].site, 14) : null, id, h("span", { class: "state-word", data_state: view.ues[id].state }, stateWords(view.ues[id]))],
    close: () => { closed = true; },
    update(view, { live, lost }) {
      const ue = view.ues[id];
      facts(grid, [
        ["Served by", ue.site ? siteLink(view, ue.site) : "no site"],
        ["Cell", ue.cell ? [ue.cell, kindWords(ue.kind)] : "none"],
        ["Cell in use", loadWords(view.cells[ue.cell])],
        ["Round trip", known(ue.rtt_ms) ? [`${number(ue.rtt_ms)} ms`, ue.rtt_ms <= view.figures.objective_ms ? "✓ within" : "▲ over"] : "not measured"],
        ["Last handover", known(ue.handover_gap_ms) ? [ms(ue.handover_gap_ms), "unheard"] : "not known"],
        ["Signal", [`${Math.round(ue.signal_dbm)} dBm`, strength(ue.signal_dbm)]],
        ...(ue.session === id ? [] : [["Session", ue.session ?? "none"]]),
        ["Quality", qualityWords(ue.quality), "wide"],
        ...locationFacts(device, live),
      ]);
      const past = history().filter((v) => v.at_ms <= view.at_ms && v.at_ms > view.at_ms - 120000).map((v) => ({ x: v.at_ms, y: v.ues[id]?.rtt_ms }));
      sparkline(trend, past, { line: view.figures.objective_ms });
      const values = past.map((q) => q.y).filter(known);
      setText(trendUnit, values.length ? `last ${Math.round((past.at(-1).x - past[0].x) / 1000)} s: ${number(Math.min(...values))} to ${number(Math.max(...values))} ms, dashed: objective ${number(view.figures.objective_ms)} ms` : "");
      trend.setAttribute("aria-label", trendUnit.textContent);
      moveRows(moves, view, Object.entries(view.moves).filter(([, m]) => m.session === (ue.session ?? id)), "This session has not moved.");
      if (live && !lost && performance.now() - asked > ASK_EVERY_MS) ask(view);
      if (!live && answer) setText(age, `The ranking was answered at ${clock(answer.at_ms)}; it is not part of the replayed picture.`);
      else if (!live) {
        fill(ranking, "replay", () => []);
        setText(age, "The ranking is asked live; go back to live to see it.");
      }
    },
  };
}

function row(view, s, top, serving) {
  if (!s.feasible) {
    return h("div", { class: "row rank refused", data_site: s.site }, h("span", { class: "n" }, "–"), h("b", {}, siteName(view, s.site)),
      h("span", { class: "rule" }, "refused by ", h("em", {}, s.refused_by ?? "a rule"), s.reason ? `: ${s.reason}` : ""));
  }
  const parts = Object.entries(s.terms_ms ?? {});
  return h("div", { class: `row rank${s.site === serving ? " serving" : ""}`, data_site: s.site },
    h("span", { class: "n" }, String(s.rank ?? "–")), h("b", {}, glyph(s.site), ` ${siteName(view, s.site)}`),
    h("div", { class: "terms", aria_hidden: "true" }, parts.map(([term, value]) => {
      const piece = h("i", { class: TERMS.includes(term) ? `t-${term}` : "t-other" });
      piece.style.width = `${(Math.max(0, value) / top) * 100}%`;
      return piece;
    })), h("span", { class: "ms" }, ms(s.expected_rtt_ms)),
    h("span", { class: "term-words" }, parts.map(([term, value]) => h("span", {}, `${term.replace("_", " ")} ${number(value)}`))));
}

const stateWords = ({ state, reachable }) => `${state}${reachable === false ? "; the network cannot reach it" : ""}`;

/** Plain words for a received power; the steps are common handset ones, for reading only. */
const strength = (dbm) => (dbm > -80 ? "strong" : dbm > -95 ? "good" : dbm > -108 ? "weak" : "at the edge");
