// The story: one sentence a move, newest first, and the incidents between them. Every entry is a link to its detail.
// Neighbours: words.js (sentences), bars.js (states), router.js (addresses).

import { stateBar } from "./bars.js";
import { h, fill, keyed, setText } from "./dom.js";
import { glyph } from "./palette.js";
import { href } from "./router.js";
import { causeWords, clock, known, plural, sentence, siteName, startOf } from "./words.js";

const list = document.getElementById("move-feed");
const count = document.getElementById("feed-count");
const empty = document.getElementById("feed-empty");
const SHOWN = 60;
const KEPT = 200; // moves that a picture has at most
let first = true;

/** Turns the pieces of a sentence into elements. */
export function tell(view, parts) {
  return parts.map((part) => {
    if (typeof part === "string") return part;
    if (part.strong) return h("b", {}, part.strong);
    if (part.verdict) return h("span", { class: "verdict" }, part.verdict);
    return h("span", {}, glyph(part.site), h("b", {}, siteName(view, part.site)));
  });
}

export function showFeed(view) {
  const moves = Object.entries(view.moves).map(([id, move]) => ({ key: id, id, move, at_ms: startOf(move) }));
  const incidents = Object.entries(view.sites).filter(([, s]) => known(s.lost_at_ms))
    .map(([id, site]) => ({ key: `lost-${id}-${site.lost_at_ms}`, id, site, at_ms: site.lost_at_ms }));
  const items = [...moves, ...incidents].filter((i) => Number.isFinite(i.at_ms)).sort((a, b) => b.at_ms - a.at_ms || (a.key < b.key ? 1 : -1)).slice(0, SHOWN);
  keyed(list, items, (i) => i.key, (item) => h("li", first ? {} : { class: "new" }, h("a", { class: "story" })), (li, item) => {
    const link = li.firstChild;
    if (item.site) incident(link, view, item);
    else move(link, view, item);
  });
  first = false;
  const running = moves.filter((i) => !i.move.outcome).length;
  const { moves_released: released = 0, moves_aborted: aborted = 0 } = view.figures;
  setText(count, `${moves.length >= KEPT ? `last ${KEPT}: ` : ""}${released} released, ${aborted} aborted${running ? `, ${running} in progress` : ""}`);
  empty.hidden = items.length > 0;
  if (!items.length) {
    fill(empty, String(Object.keys(view.ues).length === 0), () => [
      h("b", {}, "No move yet"),
      Object.keys(view.ues).length === 0 ? "Moves begin when players join and walk between cells." :
        "A session moves when another site would answer sooner by more than the hysteresis, or when someone orders it.",
    ]);
  }
}

/** Before the first picture. */
export function showNoFeed() {
  empty.hidden = false;
  fill(empty, "starting", () => [h("b", {}, "The story of each move"), "One sentence a move, as it happens, with the time of each step."]);
}

function move(link, view, { id, move }) {
  const running = !move.outcome;
  const signature = `${move.state}|${move.outcome}|${move.silent_ms}|${move.bytes_after_trigger}|${move.warmed_before_ms}|${running ? Math.floor(view.at_ms / 200) : ""}`;
  fill(link, signature, () => [
    h("time", {}, clock(startOf(move))),
    h("div", {}, h("p", { title: move.reason ?? "" }, tell(view, sentence(move))),
      h("p", { class: "why" }, `${causeWords(move.cause)}${move.reason ? `: ${move.reason}` : ""}`), stateBar(move, view.at_ms)),
  ]);
  link.href = href("move", id);
  link.dataset.move = id;
  link.dataset.state = move.state;
  link.dataset.outcome = move.outcome ?? "";
}

function incident(link, view, { id, site }) {
  const back = site.state !== "lost";
  fill(link, `${site.state}|${site.restarted_elsewhere}`, () => [
    h("time", {}, clock(site.lost_at_ms)),
    h("div", {}, h("p", {}, glyph(id), h("b", {}, site.name), " ", h("span", { class: "verdict" }, back ? "was lost and is back" : "is lost"),
      `: ${plural(site.restarted_elsewhere ?? 0, "session")} restarted elsewhere`), h("p", { class: "why" }, "incident")),
  ]);
  link.href = href("site", id);
  link.classList.add("incident");
  link.dataset.site = id;
}
