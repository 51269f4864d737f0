// One link between two sites: path kind, latency with its recent course, loss, and the moves that crossed it.
// Neighbours: panels.js. Source: view.links.

import { h, setText } from "./dom.js";
import { sparkline } from "./figures.js";
import { facts, heading, moveRows, siteLink } from "./panel_parts.js";
import { glyph } from "./palette.js";
import { history } from "./pictures.js";
import { bytes, known, number, siteName } from "./words.js";

export function linkPanel(body, id) {
  const grid = h("dl", { class: "facts", data_testid: "link-facts" });
  const trend = h("canvas", { class: "spark-wide", role: "img" });
  const trendUnit = h("span", { class: "unit" });
  const moves = h("div");
  body.append(grid, h("h3", {}, "Round trip", trendUnit), trend, heading("Moves over this link", "states on one axis"), moves);
  return {
    exists: (view) => Boolean(view.links[id]),
    titleKey: (view) => `${siteName(view, view.links[id].a)}${siteName(view, view.links[id].b)}`,
    title: (view) => {
      const { a, b } = view.links[id];
      return [glyph(a, 14), h("span", {}, siteName(view, a)), h("span", { class: "kind" }, "–"), glyph(b, 14), h("span", {}, siteName(view, b))];
    },
    update(view) {
      const link = view.links[id];
      const over = Object.entries(view.moves).filter(([, m]) => (m.from === link.a && m.to === link.b) || (m.from === link.b && m.to === link.a));
      facts(grid, [
        ["Round trip", `${number(link.rtt_ms)} ms`],
        ["Path", link.path],
        ["Loss", `${(link.loss * 100).toFixed(link.loss && link.loss < 0.001 ? 2 : 1)} %`],
        ["Between", siteLink(view, link.a)],
        ["And", siteLink(view, link.b)],
        ["State moved", bytes(over.reduce((sum, [, m]) => sum + (m.bytes_total ?? 0), 0))],
      ]);
      const past = history().filter((v) => v.at_ms <= view.at_ms && v.at_ms > view.at_ms - 120000).map((v) => ({ x: v.at_ms, y: v.links[id]?.rtt_ms }));
      sparkline(trend, past);
      const values = past.map((q) => q.y).filter(known);
      setText(trendUnit, values.length ? `kept pictures: ${number(Math.min(...values))} to ${number(Math.max(...values))} ms` : "");
      trend.setAttribute("aria-label", trendUnit.textContent);
      moveRows(moves, view, over, "No session moved over this link.");
    },
  };
}
