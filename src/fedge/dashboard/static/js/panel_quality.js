// Quality on demand: what the network was asked to serve players' flows with, and whether it does.
// Neighbours: panels.js, panel_player.js (one player's), map_live.js (the mark). Source: view.ues[].quality; docs/quality.md.

import { fill, h, setText } from "./dom.js";
import { facts } from "./panel_parts.js";
import { href } from "./router.js";
import { kindWords, known, left, number, plural } from "./words.js";

const line = document.getElementById("quality-line");

/** The players that a quality session is held for: [id, ue]. */
export const served = (view) => Object.entries(view.ues).filter(([, ue]) => ue.quality);

/** "good" while the network keeps it, "bad" when it says that it does not, "" while nothing is served. */
export const verdict = ({ kept }) => (!known(kept) ? "" : kept ? "good" : "bad");

/** [the state in words, the rest]. */
export function qualityWords(asked) {
  if (!asked) return ["best effort", "nobody asked the network for more"];
  const state = asked.status !== "AVAILABLE" ? asked.status.toLowerCase() : asked.kept ? "✓ kept" : "▲ not kept";
  return [`${asked.profile} ${state}`, `asked by ${asked.by}${known(asked.left_s) ? `, ${left(asked.left_s)}` : ""}`];
}

/** One line on the first screen, where there is any quality session. */
export function showQuality(view) {
  const all = served(view).map(([, ue]) => ue.quality);
  const bad = all.filter((one) => verdict(one) === "bad").length;
  const waiting = all.filter((one) => verdict(one) === "").length;
  line.hidden = all.length === 0;
  fill(line, `${all.length}|${bad}|${waiting}`, () => [h("span", {}, h("b", {}, "Quality on demand"), ` ${plural(all.length, "session")}`),
    h("span", { data_verdict: bad ? "bad" : waiting ? "" : "good" }, bad ? `${bad} not kept` : waiting ? `${waiting} not served yet` : "all kept")]);
}

export function qualityPanel(body) {
  const grid = h("dl", { class: "facts" });
  const rows = h("div", { class: "table", data_testid: "quality-sessions" });
  const note = h("p", { class: "note" });
  body.append(grid, rows, note);
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
    },
  };
}
