// The moving part of the map: links, session lines, players, stations with load rings.
// Neighbours: map.js gives it smoothed positions; palette.js gives each site its colour and shape.

import { siteColour, siteShape, theme, tracePath } from "./palette.js";
import { clock } from "./words.js";

const TURN = Math.PI * 2;

export function drawLinks(g, p, view, selected) {
  const c = theme();
  const crowded = Object.keys(view.links).length > MANY_LINKS;
  for (const [id, link] of Object.entries(view.links)) {
    const a = view.sites[link.a];
    const b = view.sites[link.b];
    if (!a || !b) continue;
    const chosen = selected.kind === "link" && selected.id === id;
    const ofSite = selected.kind === "site" && (link.a === selected.id || link.b === selected.id);
    if (crowded && !chosen && !ofSite) continue; // a full mesh of many sites would hide the players
    const broken = a.state === "lost" || b.state === "lost";
    g.setLineDash(broken ? [2, 6] : link.path === "direct" ? [] : [8, 5]);
    g.strokeStyle = chosen ? c.text : c.map_link;
    g.lineWidth = chosen ? 2 : 1;
    g.globalAlpha = chosen ? 1 : 0.55;
    g.beginPath();
    g.moveTo(p.x(a.x_m), p.y(a.y_m));
    g.lineTo(p.x(b.x_m), p.y(b.y_m));
    g.stroke();
  }
  g.setLineDash([]);
  g.globalAlpha = 1;
}

/** Cells in which packets wait: a heavy ring, and while they are few, for how long. */
export function drawFull(g, p, cells) {
  const c = theme();
  g.strokeStyle = c.warn;
  g.lineWidth = 2;
  g.setLineDash([10, 3, 2, 3]);
  for (const [, cell] of cells) {
    g.beginPath();
    g.arc(p.x(cell.x_m), p.y(cell.y_m), cell.radius_m * p.scale, 0, TURN);
    g.stroke();
  }
  g.setLineDash([]);
  if (cells.length <= MANY_FULL) for (const [, cell] of cells) words(g, c, `full${cell.queue_ms ? `, waits ${cell.queue_ms} ms` : ""}`, p.x(cell.x_m), p.y(cell.y_m) + 12, "center", c.warn, 11);
}

/** Lines and dots, one path per site: 500 players cost a handful of strokes. `places` maps UE to {x, y} in m. */
export function drawPlayers(g, p, view, places) {
  const c = theme();
  const groups = new Map();
  for (const [id, ue] of Object.entries(view.ues)) {
    const place = places.get(id);
    if (!place) continue;
    const site = ue.site ?? "";
    if (!groups.has(site)) groups.set(site, []);
    groups.get(site).push({ id, ue, x: p.x(place.x), y: p.y(place.y) });
  }
  const many = Object.keys(view.ues).length > 150;
  for (const [site, list] of groups) {
    const station = view.sites[site];
    if (!station || station.state === "lost") continue;
    g.beginPath();
    for (const { ue, x, y } of list) {
      if (ue.state === "away") continue;
      g.moveTo(x, y);
      g.lineTo(p.x(station.x_m), p.y(station.y_m));
    }
    g.strokeStyle = siteColour(site);
    g.lineWidth = 1;
    g.globalAlpha = many ? 0.16 : 0.36;
    g.stroke();
  }
  g.globalAlpha = 1;
  const r = many ? 3.2 : 4.4;
  for (const [site, list] of groups) {
    const solid = list.filter(({ ue }) => ue.state === "serving" || ue.state === "moving");
    const hollow = list.filter(({ ue }) => ue.state !== "serving" && ue.state !== "moving");
    g.beginPath();
    for (const { x, y } of solid) tracePath(g, siteShape(site), x, y, r);
    g.strokeStyle = c.map_ground;
    g.lineWidth = 2.5;
    g.stroke();
    g.fillStyle = siteColour(site);
    g.fill();
    g.beginPath();
    for (const { x, y } of hollow) tracePath(g, siteShape(site), x, y, r);
    g.fillStyle = c.map_ground;
    g.fill();
    g.strokeStyle = site ? siteColour(site) : c.soft;
    g.lineWidth = 1.5;
    g.stroke();
    for (const { ue, x, y } of list) if (ue.quality) flow(g, c, ue.quality, x, y, r);
    for (const { id, ue, x, y } of list) if (ue.state !== "serving") mark(g, c, id, ue, x, y, many);
  }
}

/** The chosen player, above everything: its name must not hide behind a station. */
export function drawChosen(g, p, places, { kind, id }) {
  const place = kind === "player" ? places.get(id) : null;
  if (place) ring(g, theme(), p.x(place.x), p.y(place.y), id);
}

/** A bar over a player whose flow the network was asked to keep; broken where it says that it does not. */
function flow(g, c, { kept }, x, y, r) {
  g.fillStyle = kept === false ? c.bad : c.text;
  g.fillRect(x - 5, y - r - 5, kept === false ? 4 : 10, 2);
  if (kept === false) g.fillRect(x + 1, y - r - 5, 4, 2);
}

function mark(g, c, id, ue, x, y, many) {
  if (ue.state === "moving") {
    g.beginPath();
    g.arc(x, y, 8.5, 0, TURN);
    g.strokeStyle = c.text;
    g.lineWidth = 1.25;
    g.stroke();
    if (!many) words(g, c, id, x + 12, y, "left", c.text, 11);
  } else if (ue.state === "blocked") {
    g.strokeStyle = c.bad;
    g.lineWidth = 2;
    g.strokeRect(x - 8, y - 8, 16, 16);
    words(g, c, `${id} blocked`, x + 12, y, "left", c.bad, 11);
  }
}

function ring(g, c, x, y, id) {
  g.beginPath();
  g.arc(x, y, 12, 0, TURN);
  g.strokeStyle = c.text;
  g.lineWidth = 1.75;
  g.stroke();
  words(g, c, id, x + 17, y, "left", c.text, 12, 600);
}

/** Text with a halo of the ground, readable over anything. */
export function words(g, c, text, x, y, align, colour, size = 12, weight = 400) {
  g.font = `${weight} ${size}px ${c.font}`;
  g.textAlign = align;
  g.textBaseline = "middle";
  g.lineJoin = "round";
  g.lineWidth = 3.5;
  g.strokeStyle = c.map_ground;
  g.strokeText(text, x, y);
  g.fillStyle = colour;
  g.fillText(text, x, y);
}

export const STATION_R = 17;
const MANY_SITES = 14;
const MANY_LINKS = 60;
const MANY_FULL = 6;
const TRAIL_MS = 120000;

export function drawSites(g, p, view, selected) {
  const c = theme();
  const many = Object.keys(view.sites).length > MANY_SITES && p.zoom < 3;
  for (const [id, site] of Object.entries(view.sites)) {
    const chosen = selected.kind === "site" && selected.id === id;
    station(g, c, id, site, p.x(site.x_m), p.y(site.y_m), chosen, many ? 10 : STATION_R, !many || chosen || site.state !== "ready");
  }
}

/** Draws one station of radius `R` px; with many sites only some carry their names, the others answer the pointer. */
function station(g, c, id, site, x, y, chosen, R, named) {
  const lost = site.state === "lost";
  const colour = siteColour(id);
  g.beginPath();
  g.arc(x, y, R + 4, 0, TURN);
  g.fillStyle = c.map_ground;
  g.globalAlpha = 0.86;
  g.fill();
  g.globalAlpha = 1;
  g.beginPath();
  g.arc(x, y, R, 0, TURN);
  g.setLineDash(site.state === "ready" ? [] : [3, 3]);
  g.strokeStyle = c.line_strong;
  g.lineWidth = R / 5.6;
  g.stroke();
  g.setLineDash([]);
  if (!lost && site.load > 0) {
    g.beginPath();
    g.arc(x, y, R, -TURN / 4, -TURN / 4 + TURN * Math.min(1, site.load));
    g.strokeStyle = colour;
    g.lineWidth = R / 4.8;
    g.stroke();
  }
  g.beginPath();
  tracePath(g, siteShape(id), x, y, R * 0.44);
  g.fillStyle = colour;
  g.globalAlpha = lost ? 0.45 : 1;
  g.fill();
  g.globalAlpha = 1;
  if (chosen) {
    g.beginPath();
    g.arc(x, y, R + 6, 0, TURN);
    g.strokeStyle = c.text;
    g.lineWidth = 1.75;
    g.stroke();
  }
  if (!named) return;
  words(g, c, site.name, x, y + R + 13, "center", lost ? c.soft : c.text, 12.5, 600);
  if (lost) strike(g, c, site, x, y, R);
  else words(g, c, `${site.sessions} / ${site.capacity}${site.state === "ready" ? "" : ` · ${site.state}`}`, x, y + R + 28, "center",
    site.state === "ready" ? c.soft : c.warn, 11.5);
}

function strike(g, c, site, x, y, R) {
  g.strokeStyle = c.bad;
  g.lineWidth = 2.5;
  g.beginPath();
  g.moveTo(x - R - 3, y + R + 3);
  g.lineTo(x + R + 3, y - R - 3);
  g.stroke();
  g.font = `600 12.5px ${c.font}`;
  const half = g.measureText(site.name).width / 2 + 3;
  g.beginPath();
  g.moveTo(x - half, y + R + 13.5);
  g.lineTo(x + half, y + R + 13.5);
  g.lineWidth = 1.5;
  g.stroke();
  words(g, c, `lost at ${clock(site.lost_at_ms ?? 0)} · ${site.restarted_elsewhere ?? 0} restarted elsewhere`, x, y + R + 28, "center", c.bad, 11.5, 600);
}

/** Where the chosen player went: a line from the kept pictures, in the colour of the site that served it then. */
export function drawTrail(g, p, view, id, past) {
  let before = null;
  for (const old of past) {
    const ue = old.ues[id];
    const age_ms = view.at_ms - old.at_ms;
    if (age_ms < 0) break;
    if (ue && before && ue.x_m !== null && before.x_m !== null && age_ms < TRAIL_MS) {
      g.beginPath();
      g.moveTo(p.x(before.x_m), p.y(before.y_m));
      g.lineTo(p.x(ue.x_m), p.y(ue.y_m));
      g.strokeStyle = siteColour(ue.site);
      g.globalAlpha = 0.9 * (1 - age_ms / TRAIL_MS) + 0.1;
      g.lineWidth = 2.5;
      g.stroke();
    }
    before = ue ?? null;
  }
  g.globalAlpha = 1;
}
