// Find: type a player, site, link or move, and open it. A combobox that works from the keyboard alone; "/" focuses it.
// Neighbours: pictures.js (what exists), router.js.

import { h } from "./dom.js";
import { glyph } from "./palette.js";
import * as pictures from "./pictures.js";
import { go } from "./router.js";
import { siteName } from "./words.js";

const input = document.getElementById("find");
const list = document.getElementById("find-list");
const SHOWN = 9;
let matches = [];
let chosen = 0;

function everything(view) {
  return [
    ...Object.entries(view.sites).map(([id, s]) => ({ kind: "site", id, name: s.name, more: s.state })),
    { kind: "quality", id: "all", name: "Quality on demand", more: "sessions" },
    ...Object.entries(view.ues).map(([id, u]) => ({ kind: "player", id, name: id, more: siteName(view, u.site), site: u.site })),
    ...Object.entries(view.links).map(([id, l]) => ({ kind: "link", id, name: `${siteName(view, l.a)} – ${siteName(view, l.b)}`, more: "link" })),
    ...Object.entries(view.moves).reverse().map(([id, m]) => ({ kind: "move", id, name: id, more: `${m.session} → ${siteName(view, m.to)}` })),
  ];
}

function refresh() {
  const view = pictures.shown();
  const typed = input.value.trim().toLowerCase();
  const score = (m) => (m.name.toLowerCase() === typed || m.id === typed ? 0 : m.name.toLowerCase().startsWith(typed) ? 1 : m.name.toLowerCase().includes(typed) || m.id.includes(typed) ? 2 : m.more.toLowerCase().includes(typed) ? 3 : 9);
  matches = view ? everything(view).map((m) => ({ ...m, score: score(m) })).filter((m) => m.score < 9).sort((a, b) => a.score - b.score).slice(0, SHOWN) : [];
  chosen = Math.min(chosen, Math.max(0, matches.length - 1));
  list.replaceChildren(...matches.map((m, i) => h("li", { role: "option", id: `find-${i}`, aria_selected: String(i === chosen), onmousedown: (e) => { e.preventDefault(); open(m); } },
    m.kind === "site" ? glyph(m.id) : m.site ? glyph(m.site) : null, m.name, h("span", {}, m.more))));
  if (!matches.length) list.append(h("li", { class: "none" }, view ? "Nothing of that name" : "Waiting for the platform"));
  list.hidden = false;
  input.setAttribute("aria-expanded", "true");
  input.setAttribute("aria-activedescendant", matches.length ? `find-${chosen}` : "");
}

function open(match) {
  close();
  input.value = "";
  input.blur();
  go(match.kind, match.id);
}

function close() {
  list.hidden = true;
  chosen = 0;
  input.setAttribute("aria-expanded", "false");
}

input.addEventListener("input", () => { chosen = 0; refresh(); });
input.addEventListener("focus", refresh);
input.addEventListener("blur", close);
input.addEventListener("keydown", (e) => {
  if (e.key === "ArrowDown" || e.key === "ArrowUp") {
    chosen = (chosen + (e.key === "ArrowDown" ? 1 : -1) + matches.length) % Math.max(1, matches.length);
    refresh();
  } else if (e.key === "Enter" && matches[chosen]) open(matches[chosen]);
  else if (e.key === "Escape") { input.value = ""; input.blur(); }
  else return;
  e.preventDefault();
  e.stopPropagation();
});
addEventListener("keydown", (e) => {
  const typing = e.target.closest?.("input, textarea, dialog");
  if (e.key === "/" && !typing) { e.preventDefault(); input.focus(); }
});
