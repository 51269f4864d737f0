// The second level: which panel is open, its header, and its refresh. The panels themselves are in panel_*.js.
// Neighbours: router.js (what is open), main.js (calls showPanel with each picture).

import { fill, h } from "./dom.js";
import { linkPanel } from "./panel_link.js";
import { movePanel } from "./panel_move.js";
import { playerPanel } from "./panel_player.js";
import { qualityPanel } from "./panel_quality.js";
import { sitePanel } from "./panel_site.js";
import { href } from "./router.js";

const root = document.getElementById("panel");
const PANELS = { player: playerPanel, site: sitePanel, link: linkPanel, move: movePanel, quality: qualityPanel };
const NARROW = 860; // there the page scrolls (layout.css)
let open = null; // {kind, id, update, title, gone}

/** Opens the panel of a route, or closes it for the overview. */
export function openPanel({ kind, id }) {
  document.body.dataset.level = kind === "overview" ? "overview" : "detail";
  root.hidden = kind === "overview";
  open?.close?.();
  if (kind === "overview") {
    open = null;
    root.replaceChildren();
    return;
  }
  const body = h("div", { class: "body", tabindex: "-1" });
  const title = h("h2", { id: "panel-title" });
  root.replaceChildren(h("header", {}, h("span", { class: "kind" }, kind[0].toUpperCase() + kind.slice(1)), title,
    h("a", { class: "close", href: href("overview"), data_testid: "panel-close" }, "Close")), body);
  root.setAttribute("aria-labelledby", "panel-title");
  root.dataset.kind = kind;
  root.dataset.id = id;
  const panel = PANELS[kind](body, id);
  open = { kind, id, title, body, panel, gone: false, close: panel.close };
}

/** Brings the open panel up to a picture. */
export function showPanel(view, state) {
  if (!open) return;
  if (!open.panel.exists(view)) {
    fill(open.title, "gone", () => [open.id]);
    if (!open.gone) open.body.replaceChildren(h("div", { class: "empty", data_testid: "panel-gone" }, h("b", {}, `No ${open.kind} of that name`),
      open.kind === "move" ? "The platform keeps the last 200 moves." : "It may have left, or this picture is from before it came."));
    open.gone = true;
    return;
  }
  if (open.gone) {
    openPanel({ kind: open.kind, id: open.id });
    return showPanel(view, state);
  }
  fill(open.title, open.panel.titleKey?.(view) ?? open.id, () => open.panel.title(view));
  open.panel.update(view, state);
}

/** Moves the keyboard's focus into the panel, after a person opened it. */
export const focusPanel = () => root.hidden || root.focus({ preventScroll: innerWidth > NARROW });
