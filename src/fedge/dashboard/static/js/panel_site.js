// One site: instances, sessions, utilisation with its age, links, moves; drain; and what became of a lost one.
// Neighbours: panels.js, drain.js. Source: view.sites and view.links; sessions from the players of the same picture.

import { openDrain } from "./drain.js";
import { fill, h, setText } from "./dom.js";
import { facts, heading, moveRows } from "./panel_parts.js";
import { glyph } from "./palette.js";
import { history } from "./pictures.js";
import { href } from "./router.js";
import { clock, known, ms, number, plural, siteName } from "./words.js";

export function sitePanel(body, id) {
  const incident = h("div", { class: "incident-box", data_testid: "site-lost" });
  const grid = h("dl", { class: "facts" });
  const load = h("i");
  const instances = h("div", { class: "table", data_testid: "instances" });
  const links = h("div", { class: "table" });
  const sessions = h("div", { class: "chips", data_testid: "site-sessions" });
  const sessionsUnit = h("span", { class: "unit" });
  const moves = h("div");
  const drain = h("button", { type: "button", class: "danger", data_testid: "drain", onclick: () => openDrain(id) }, "Drain this site…");
  const drainNote = h("span", { class: "note" });
  body.append(incident, grid, h("div", { class: "loadbar", aria_hidden: "true" }, load), heading("Instances"), instances, h("h3", {}, "Sessions", sessionsUnit), sessions,
    heading("Links", "round trip, path, loss"), links, heading("Recent moves", "in and out"), moves, h("div", { class: "actions" }, drainNote, drain));

  return {
    exists: (view) => Boolean(view.sites[id]),
    titleKey: (view) => `${view.sites[id].name}|${view.sites[id].state}`,
    title: (view) => [glyph(id, 15), view.sites[id].name, view.sites[id].state === "ready" ? null : h("span", { class: "state-word", data_state: view.sites[id].state }, view.sites[id].state)],
    update(view, { live, lost }) {
      const site = view.sites[id];
      incident.hidden = !known(site.lost_at_ms);
      if (known(site.lost_at_ms)) fill(incident, `${site.state}|${site.restarted_elsewhere}|${Math.floor(view.at_ms / 1000)}`, () => whatHappened(view, id, site));
      load.style.width = `${Math.min(100, site.load * 100)}%`;
      facts(grid, [
        ["State", site.state],
        ["Sessions", [`${site.sessions}`, `of ${site.capacity}`]],
        ["Visits", String(site.visits)],
        ["Load", [`${Math.round(site.load * 100)} %`, site.state === "lost" ? "last heard" : `${age(site.load_age_ms)} old`]],
        ["Moves in", String(site.moves_in)],
        ["Moves out", String(site.moves_out)],
        ["Plain UDP by", site.forwarding || "not heard yet"],
        ["Place", [`${number(site.x_m)}, ${number(site.y_m)}`, "m"]],
      ]);
      const list = Object.entries(site.instances ?? {});
      fill(instances, JSON.stringify([site.state, list]), () => (list.length ? list.map(([name, i]) => h("div", { class: "row" }, h("b", {}, name), h("span", { class: "state-word", data_state: i.state === "failed" ? "lost" : i.state }, site.state === "lost" ? "last heard" : i.state === "ready" ? "" : i.state), h("span", {}, plural(i.sessions, "session"))))
        : [h("p", { class: "note" }, "No instance runs here.")]));
      const here = Object.entries(view.ues).filter(([, u]) => u.site === id).map(([ue]) => ue);
      setText(sessionsUnit, plural(here.length, "player"));
      fill(sessions, here.join(), () => (here.length ? here.slice(0, 120).map((ue) => h("a", { href: href("player", ue) }, ue)).concat(here.length > 120 ? [h("span", { class: "note" }, `and ${here.length - 120} more`)] : [])
        : [h("p", { class: "note" }, "No session is served here.")]));
      const near = Object.entries(view.links).filter(([, l]) => l.a === id || l.b === id);
      fill(links, JSON.stringify(near.map(([link, l]) => [link, l, heard(view, l)])), () => (near.length ? near.map(([link, l]) => h("div", { class: "row" }, h("a", { href: href("link", link) }, glyph(l.a === id ? l.b : l.a), ` ${siteName(view, l.a === id ? l.b : l.a)}`),
        h("span", {}, ms(l.rtt_ms)), h("span", {}, heard(view, l) ? `${l.path}, ${(l.loss * 100).toFixed(1)} %` : "last heard, not in use"))) : [h("p", { class: "note" }, "No link is known.")]));
      moveRows(moves, view, Object.entries(view.moves).filter(([, m]) => m.from === id || m.to === id), "No session moved here or away.");
      drain.disabled = !live || lost || site.state === "lost" || site.state === "draining";
      setText(drainNote, !live ? "Go live to drain." : lost ? "The platform is lost." : site.state === "draining" ? "It is draining now." : site.state === "lost" ? "A lost site cannot be drained." : "");
    },
  };
}

const age = (value_ms) => (known(value_ms) ? ms(value_ms) : "unknown age");

/** A link with a lost end tells nothing new. */
const heard = (view, l) => view.sites[l.a]?.state !== "lost" && view.sites[l.b]?.state !== "lost";

/** From the page's own pictures: who was here last, and where each is now. */
function whatHappened(view, id, site) {
  const before = history().findLast((v) => v.at_ms < site.lost_at_ms && v.sites[id] && v.sites[id].state !== "lost");
  const back = site.state !== "lost";
  const parts = [h("b", {}, back ? "Was lost" : "Lost"), ` at ${clock(site.lost_at_ms)}${back ? ", and is back" : ""}. ${plural(site.restarted_elsewhere ?? 0, "session")} restarted elsewhere.`];
  if (!before) return parts;
  const were = Object.entries(before.ues).filter(([, u]) => u.site === id).map(([ue]) => ue);
  const now = new Map();
  let nowhere = 0;
  for (const ue of were) {
    const where = view.ues[ue]?.site;
    if (where && (where !== id || back)) now.set(where, (now.get(where) ?? 0) + 1);
    else nowhere++;
  }
  const list = [...now].map(([where, n]) => `${n} at ${siteName(view, where)}`).concat(nowhere ? [`${nowhere} not served yet`] : []);
  parts.push(` Of its ${plural(were.length, "player")}, now: ${list.join(", ") || "none"}.`);
  return parts;
}
