// Pieces that several panels share: facts in a grid, headings, rows of moves on one ms axis.
// Neighbours: panel_player.js, panel_site.js, panel_link.js, panel_move.js.

import { axis, commonSpan, stateBar, swatches } from "./bars.js";
import { fill, h } from "./dom.js";
import { glyph } from "./palette.js";
import { href } from "./router.js";
import { causeWords, clock, known, ms, siteName, startOf } from "./words.js";

/** A grid of [label, value] pairs; a value is text, nodes or [text, small print]. [label, value, "wide"] has a line of its own. */
export function facts(el, pairs) {
  fill(el, JSON.stringify(pairs.map(([k, v]) => [k, v instanceof Node ? v.textContent : v])), () =>
    pairs.map(([label, value, wide]) => h("div", { class: wide }, h("dt", {}, label), h("dd", {}, Array.isArray(value) ? [value[0], " ", h("small", {}, value[1])] : value))));
}

export const heading = (text, unit) => h("h3", {}, text, unit ? h("span", { class: "unit" }, unit) : null);

export const siteLink = (view, id) => (view.sites[id] ? h("a", { href: href("site", id) }, glyph(id), ` ${siteName(view, id)}`) : h("span", {}, id ?? "none"));

/** The moves given, newest first, as bars of states on a common ms axis. */
export function moveRows(el, view, moves, nothing) {
  const list = moves.sort(([, a], [, b]) => startOf(b) - startOf(a)).slice(0, 8);
  const running = list.some(([, m]) => !m.outcome);
  const key = list.map(([id, m]) => `${id}${m.state}${m.outcome}`).join() + (running ? Math.floor(view.at_ms / 250) : "");
  fill(el, key, () => {
    if (!list.length) return [h("p", { class: "note" }, nothing)];
    const span = commonSpan(list.map(([, m]) => m), view.at_ms);
    return [
      ...list.map(([id, m]) => h("a", { class: "move-row", href: href("move", id), data_move: id },
        h("p", {}, h("span", {}, clock(startOf(m))), h("b", {}, `${siteName(view, m.from)} → ${siteName(view, m.to)}`), h("span", {}, causeWords(m.cause)),
          h("span", {}, m.outcome && m.outcome !== "released" ? m.outcome : known(m.silent_ms) ? `silent ${ms(m.silent_ms)}` : m.state.toLowerCase())),
        stateBar(m, view.at_ms, { span_ms: span, tall: true }))),
      axis(span), swatches(),
    ];
  });
}
