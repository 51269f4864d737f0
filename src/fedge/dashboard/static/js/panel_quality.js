// Quality on demand and full cells: whose flows the network was asked to keep, whether it does, and where packets have to wait.
// Neighbours: panels.js, panel_player.js (one player's), map_live.js (the marks). Source: view.ues[].quality, view.cells[]; docs/quality.md.

import { fill, h, setText } from "./dom.js";
import { facts, heading } from "./panel_parts.js";
import { href } from "./router.js";
import { kindWords, known, left, number, plural } from "./words.js";

const FULL = 0.95; // share of its capacity in use
const LONG_WAIT_MS = 10; // a packet's, in the queues of its cell
const line = document.getElementById("quality-line");

/** The players that a quality session is held for: [id, ue]. */
export const served = (view) => Object.entries(view.ues).filter(([, ue]) => ue.quality);

/** The cells in which packets wait: [id, cell], the longest wait first. */
export const fullCells = (view) => Object.entries(view.cells).filter(([, cell]) => cell.used >= FULL || cell.queue_ms >= LONG_WAIT_MS)
  .sort(([, a], [, b]) => (b.queue_ms ?? 0) - (a.queue_ms ?? 0));

/** "good" while the network keeps it, "bad" when it says that it does not, "" while nothing is served. */
export const verdict = ({ kept }) => (!known(kept) ? "" : kept ? "good" : "bad");

/** [the state in words, the rest]. */
export function qualityWords(asked) {
  if (!asked) return ["best effort", "nobody asked the network for more"];
  const state = asked.status !== "AVAILABLE" ? asked.status.toLowerCase() : asked.kept ? "✓ kept" : "▲ not kept";
  return [`${asked.profile} ${state}`, `asked by ${asked.by}${known(asked.left_s) ? `, ${left(asked.left_s)}` : ""}`];
}

/** How full a cell is: [share in use, the wait]; what is not told is not known. */
export const loadWords = (cell) => (!known(cell?.used) ? "not known" : [`${Math.round(cell.used * 100)} %`, cell.queue_ms ? `waits ${cell.queue_ms} ms` : ""]);

/** One line on the first screen, where there is any quality session or full cell. */
export function showQuality(view) {
  const all = served(view).map(([, ue]) => ue.quality);
  const bad = all.filter((one) => verdict(one) === "bad").length;
  const waiting = all.filter((one) => verdict(one) === "").length;
  const full = fullCells(view);
  line.hidden = all.length === 0 && full.length === 0;
  fill(line, [all.length, bad, waiting, full.length, full[0]?.[1].queue_ms].join(), () => [
    all.length ? h("span", {}, h("b", {}, "Quality"), ` ${plural(all.length, "session")} `,
      h("span", { data_verdict: bad ? "bad" : waiting ? "" : "good" }, bad ? `${bad} not kept` : waiting ? `${waiting} not served yet` : "all kept")) : null,
    full.length ? h("span", { data_verdict: "bad" }, `${plural(full.length, "full cell")}${full[0][1].queue_ms ? `, ≤ ${full[0][1].queue_ms} ms wait` : ""}`) : null]);
}

export function qualityPanel(body) {
  const grid = h("dl", { class: "facts" });
  const rows = h("div", { class: "table", data_testid: "quality-sessions" });
  const note = h("p", { class: "note" });
  const cells = h("div", { class: "table", data_testid: "full-cells" });
  body.append(grid, rows, note, heading("Full cells", "in use, and what packets wait there"), cells);
  return {
    exists: () => true,
    title: () => ["on demand"],
    update(view) {
      const all = served(view);
      const count = (wanted) => String(all.filter(([, ue]) => verdict(ue.quality) === wanted).length);
      facts(grid, [["Kept", count("good")], ["Not kept", count("bad")], ["Not served", count("")]]);
      fill(rows, JSON.stringify(all.map(([id, ue]) => [id, ue.quality, ue.cell, ue.rtt_ms])), () => all.map(([id, ue]) => {
        const [state, more] = qualityWords(ue.quality);
        return h("a", { class: "row", href: href("player", id), data_verdict: verdict(ue.quality) }, h("b", {}, id), h("span", {}, state),
          h("small", {}, `${more}; ${ue.cell ? `${kindWords(ue.kind)} ${ue.cell}, ` : ""}${known(ue.rtt_ms) ? `${number(ue.rtt_ms)} ms round trip` : "no round trip measured"}`));
      }));
      setText(note, all.length ? "Kept or not is what the network says of the guaranteed rate. Of a player with several sessions the newest is shown." :
        "No quality session is held. A game asks for one with its QoSPolicy, a studio with CAMARA Quality on Demand, anybody with fedge qod create.");
      const full = fullCells(view);
      const inside = (id) => Object.values(view.ues).filter((ue) => ue.cell === id).length;
      fill(cells, JSON.stringify(full.map(([id, cell]) => [id, cell.used, cell.queue_ms, inside(id)])), () => (full.length ? full.map(([id, cell]) =>
        h("div", { class: "row" }, h("span", {}, h("b", {}, id), ` ${kindWords(cell.kind)}`), h("span", {}, plural(inside(id), "player")), h("span", {}, loadWords(cell).join(" ")))) :
        [h("p", { class: "note" }, "No cell says that it is full.")]));
    },
  };
}
