// The map: keeps smooth positions, draws a frame, and turns pointer and keys into routes.
// Neighbours: projection.js, map_ground.js, map_live.js, walk.js, arcs.js, router.js.

import { Arcs } from "./arcs.js";
import { context2d, h } from "./dom.js";
import { drawGround } from "./map_ground.js";
import { drawChosen, drawFull, drawLinks, drawPlayers, drawSites, drawTrail, STATION_R } from "./map_live.js";
import { onTheme, theme } from "./palette.js";
import { fullCells, qualityWords } from "./panel_quality.js";
import { history } from "./pictures.js";
import { Projection } from "./projection.js";
import { go, route } from "./router.js";
import { dotAt, step, walkTo } from "./walk.js";
import { kindWords, ms, siteName } from "./words.js";

const canvas = document.getElementById("map");
const tip = document.getElementById("tip");
const slowNote = document.getElementById("slow");
const p = new Projection();
const arcs = new Arcs();
const ground = document.createElement("canvas");
const places = new Map(); // UE → its dot (walk.js)
let groundKey = "";
let themeTurn = 0;
let view = null;
let receivedAt = 0;
let hover = null;
let cursor = -1;
let walk = [];
onTheme(() => themeTurn++);

/** Takes the picture to draw; `jumped` when it does not follow the one before. */
export function showPicture(next, jumped) {
  view = next;
  receivedAt = performance.now();
  for (const [id, ue] of Object.entries(view.ues)) {
    if (ue.x_m === null) { places.delete(id); continue; } // its subscriber has not consented
    const place = places.get(id);
    if (!place || jumped) places.set(id, dotAt(ue.x_m, ue.y_m, receivedAt));
    else walkTo(place, ue.x_m, ue.y_m, receivedAt);
  }
  for (const id of places.keys()) if (!view.ues[id]) places.delete(id);
  arcs.look(view, placeOfSession, receivedAt, jumped);
  canvas.dataset.players = String(Object.keys(view.ues).length);
  canvas.dataset.ticks = String(arcs.ticks.size);
}

export const forget = () => { arcs.forget(); places.clear(); };

function placeOfSession(session) {
  const id = view.ues[session] ? session : Object.keys(view.ues).find((u) => view.ues[u].session === session);
  return id && view.ues[id].x_m !== null ? { x: view.ues[id].x_m, y: view.ues[id].y_m } : null;
}

/** One animation frame. */
export function drawMap(now, moving) {
  const box = context2d(canvas);
  if (!box || !view) return;
  const { g, width, height, ratio } = box;
  p.fit(view.area, width, height);
  const key = [p.key, width, height, ratio, themeTurn, Object.keys(view.cells).length].join();
  if (key !== groundKey) {
    groundKey = key;
    ground.width = canvas.width;
    ground.height = canvas.height;
    const gg = ground.getContext("2d");
    gg.setTransform(ratio, 0, 0, ratio, 0, 0);
    drawGround(gg, p, view, width, height);
  }
  for (const dot of places.values()) step(dot, now);
  g.setTransform(1, 0, 0, 1, 0, 0);
  g.drawImage(ground, 0, 0);
  g.setTransform(ratio, 0, 0, ratio, 0, 0);
  const selected = route();
  const at_ms = view.at_ms + (moving ? Math.min(500, now - receivedAt) : 0);
  drawFull(g, p, fullCells(view));
  drawLinks(g, p, view, selected);
  arcs.drawTicks(g, p, view, selected);
  if (selected.kind === "player") drawTrail(g, p, view, selected.id, history());
  drawPlayers(g, p, view, places);
  const running = arcs.draw(g, p, view, now, at_ms, selected);
  drawSites(g, p, view, selected);
  drawChosen(g, p, places, selected);
  arcs.drawLabels(g);
  if (cursor >= 0 && document.activeElement === canvas && walk[cursor]) focusRing(g);
  if (canvas.dataset.arcs !== String(running)) canvas.dataset.arcs = String(running);
  const note = `Moves drawn ${arcs.slow === 1 ? "at life's speed" : `${arcs.slow} × slower than life`}`;
  if (slowNote.textContent !== note) slowNote.textContent = note;
}

function focusRing(g) {
  const at = pixelOf(walk[cursor]);
  if (!at) return;
  g.beginPath();
  g.arc(at.x, at.y, walk[cursor].kind === "site" ? STATION_R + 9 : 14, 0, Math.PI * 2);
  g.strokeStyle = theme().accent;
  g.lineWidth = 2;
  g.stroke();
}

function pixelOf({ kind, id }) {
  const place = kind === "site" ? view?.sites[id] && { x: view.sites[id].x_m, y: view.sites[id].y_m } : places.get(id);
  return place ? { x: p.x(place.x), y: p.y(place.y) } : null;
}

/** What is under a pixel: a player, a site, a move's tick, a link; null when nothing is near. */
function find(x, y) {
  if (!view) return null;
  let best = null;
  const near = (kind, id, px, py, reach) => {
    const d = Math.hypot(px - x, py - y);
    if (d <= reach && (!best || d < best.d)) best = { kind, id, d };
  };
  for (const [id, place] of places) near("player", id, p.x(place.x), p.y(place.y), 11);
  if (best) return best;
  for (const [id, s] of Object.entries(view.sites)) near("site", id, p.x(s.x_m), p.y(s.y_m), STATION_R + 6);
  for (const [id, t] of arcs.ticks) if (view.moves[id] && view.at_ms - t.at_ms < 90000) near("move", id, p.x(t.x), p.y(t.y), 7);
  if (best) return best;
  for (const [id, link] of Object.entries(view.links)) {
    const a = view.sites[link.a];
    const b = view.sites[link.b];
    if (a && b && distance(x, y, p.x(a.x_m), p.y(a.y_m), p.x(b.x_m), p.y(b.y_m)) < 6) return { kind: "link", id };
  }
  return null;
}

function distance(x, y, ax, ay, bx, by) {
  const l2 = (bx - ax) ** 2 + (by - ay) ** 2 || 1;
  const t = Math.max(0, Math.min(1, ((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / l2));
  return Math.hypot(x - ax - t * (bx - ax), y - ay - t * (by - ay));
}

function describe({ kind, id }) {
  if (kind === "player") {
    const ue = view.ues[id];
    return [id, `${siteName(view, ue.site)} · ${ms(ue.rtt_ms)} round trip`, `${kindWords(ue.kind)} ${ue.cell ?? ""} · ${Math.round(ue.signal_dbm)} dBm · ${ue.state}`, ...(ue.quality ? [`Quality on demand: ${qualityWords(ue.quality)[0]}`] : [])];
  }
  if (kind === "site") {
    const s = view.sites[id];
    return [s.name, `${s.sessions} of ${s.capacity} sessions · load ${Math.round(s.load * 100)} %`, s.state];
  }
  if (kind === "link") {
    const l = view.links[id];
    return [`${siteName(view, l.a)} – ${siteName(view, l.b)}`, `${ms(l.rtt_ms)} round trip · ${l.path} · loss ${(l.loss * 100).toFixed(1)} %`];
  }
  const m = view.moves[id];
  return [id, `${m.session}: ${siteName(view, m.from)} → ${siteName(view, m.to)}`, m.outcome ?? m.state];
}

function showTip(x, y) {
  tip.hidden = !hover;
  canvas.classList.toggle("over", Boolean(hover));
  if (!hover) return;
  const [name, ...lines] = describe(hover);
  tip.replaceChildren(h("b", {}, name), ...lines.map((line) => h("span", {}, line)));
  tip.style.left = `${Math.min(x + 16, canvas.clientWidth - tip.offsetWidth - 8)}px`;
  tip.style.top = `${Math.min(y + 14, canvas.clientHeight - tip.offsetHeight - 8)}px`;
}

function zoom(factor, x, y) { p.zoomBy(factor, x, y); hover = null; showTip(); }

let drag = null;
canvas.addEventListener("pointerdown", (e) => { drag = { x: e.offsetX, y: e.offsetY, moved: false }; canvas.setPointerCapture(e.pointerId); });
canvas.addEventListener("pointermove", (e) => {
  if (drag && Math.hypot(e.offsetX - drag.x, e.offsetY - drag.y) > (drag.moved ? 0 : 4)) {
    p.panBy(e.offsetX - drag.x, e.offsetY - drag.y);
    drag = { x: e.offsetX, y: e.offsetY, moved: true };
  }
  hover = drag?.moved ? null : find(e.offsetX, e.offsetY);
  showTip(e.offsetX, e.offsetY);
});
canvas.addEventListener("pointerup", (e) => {
  const hit = drag && !drag.moved ? find(e.offsetX, e.offsetY) : null;
  if (drag && !drag.moved) hit ? go(hit.kind, hit.id) : go("overview");
  drag = null;
});
canvas.addEventListener("pointerleave", () => { hover = null; showTip(); });
canvas.addEventListener("wheel", (e) => { e.preventDefault(); zoom(Math.exp(-e.deltaY / 400), e.offsetX, e.offsetY); }, { passive: false });
canvas.addEventListener("dblclick", (e) => zoom(1.8, e.offsetX, e.offsetY));
document.getElementById("zoom-in").onclick = () => zoom(1.5);
document.getElementById("zoom-out").onclick = () => zoom(1 / 1.5);
document.getElementById("zoom-fit").onclick = () => p.reset();

canvas.addEventListener("keydown", (e) => {
  if (!view) return;
  const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[e.key];
  if (step) {
    walk = [...Object.keys(view.sites).map((id) => ({ kind: "site", id })), ...Object.keys(view.ues).map((id) => ({ kind: "player", id }))];
    cursor = (cursor + step + walk.length + (cursor < 0 && step < 0 ? 1 : 0)) % walk.length;
    hover = walk[cursor];
    const at = pixelOf(hover);
    showTip(at.x, at.y);
  } else if (e.key === "Enter" && walk[cursor]) go(walk[cursor].kind, walk[cursor].id);
  else if (e.key === "+" || e.key === "=") zoom(1.5);
  else if (e.key === "-") zoom(1 / 1.5);
  else if (e.key === "0") p.reset();
  else return;
  e.preventDefault();
});
canvas.addEventListener("blur", () => { cursor = -1; hover = null; showTip(); });

// For tests and consoles: where things are on the page, in CSS px of the viewport.
window.fedgeMap = Object.freeze({
  positionOf(kind, id) {
    const at = pixelOf({ kind, id });
    const box = canvas.getBoundingClientRect();
    return at && { x: at.x + box.left, y: at.y + box.top };
  },
  linkMiddle(id) {
    const link = view?.links[id];
    if (!link) return null;
    const [a, b] = [pixelOf({ kind: "site", id: link.a }), pixelOf({ kind: "site", id: link.b })];
    const box = canvas.getBoundingClientRect();
    return { x: (a.x + b.x) / 2 + box.left, y: (a.y + b.y) / 2 + box.top };
  },
});
