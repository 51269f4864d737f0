// Starts the page: the stream feeds the pictures, each picture is drawn at the pace its part needs, routes open panels.
// Neighbours: every module here. `window.fedgeView` is the picture on the screen, for tests and consoles.

import { drawGaps, drawHops } from "./charts.js";
import { fill, h, keyed, setText } from "./dom.js";
import { showFeed, showNoFeed } from "./feed.js";
import { drawSparks, glideFigures, showFigures } from "./figures.js";
import "./find.js";
import { drawMap, forget, showPicture } from "./map.js";
import { glyph, learnSites, onTheme } from "./palette.js";
import { fullCells, served, showQuality } from "./panel_quality.js";
import { focusPanel, openPanel, showPanel } from "./panels.js";
import * as pictures from "./pictures.js";
import { go, href, onRoute, rememberMoment, route } from "./router.js";
import { goLive, sayNotKept, setLost, showScrubber } from "./scrubber.js";
import { connect } from "./stream.js";
import { keepToken, token } from "./token.js";
import { clock, lasting, operatorWords, plural, sentenceCase } from "./words.js";

const byId = (id) => document.getElementById(id);
const SLOW_MS = 250; // text and charts: four times a second is as fast as people read
let connection = { state: "starting", since_ms: Date.now(), retry_at_ms: null, error: null };
let wantedMoment = route().at_ms;
let lastAt_ms = null;
let lastSlow = 0;
let lastFrame = performance.now();
let dirty = false;

Object.defineProperty(window, "fedgeView", { get: () => pictures.shown(), configurable: false });

const stream = connect({
  onView(view) {
    learnSites(Object.keys(complete(view).sites));
    pictures.receive(view);
  },
  onConnection(next) {
    connection = next;
    document.body.dataset.connection = next.state;
    setLost(next.state === "lost");
    showConnection();
  },
});

/** Absent maps are empty maps: the platform may still be starting. */
function complete(view) {
  for (const key of ["sites", "cells", "ues", "links", "moves", "hops"]) view[key] ??= {};
  view.area ??= { width_m: 1000, height_m: 1000 };
  view.figures ??= { players: 0 };
  view.interruptions ??= { bin_ms: 2, counts: [], tick_ms: 16.67 };
  return view;
}

pictures.subscribe((view, { restarted }) => {
  if (restarted) forget();
  const jumped = lastAt_ms === null || view.at_ms < lastAt_ms || view.at_ms - lastAt_ms > 2500 || restarted;
  lastAt_ms = view.at_ms;
  showPicture(view, jumped);
  if (jumped) lastSlow = 0;
  dirty = true;
});

function frame(now) {
  const elapsed = Math.min(1000, now - lastFrame);
  lastFrame = now;
  pictures.advance(elapsed, connection.state !== "live");
  const moving = connection.state === "live" || !pictures.isLive();
  drawMap(now, moving && pictures.isPlaying());
  glideFigures(now);
  if (dirty && now - lastSlow >= SLOW_MS) {
    lastSlow = now;
    dirty = false;
    showSlow(pictures.shown());
  }
  requestAnimationFrame(frame);
}

function showSlow(view) {
  if (!view) return;
  const live = pictures.isLive();
  if (wantedMoment !== null) {
    if (!pictures.seek(wantedMoment)) sayNotKept(wantedMoment);
    if (!pictures.isLive()) pictures.play(false);
    wantedMoment = null;
    return;
  }
  showRun(view);
  showSites(view);
  showFigures(view);
  drawSparks(view);
  showQuality(view);
  showFeed(view);
  drawHops(view);
  drawGaps(view);
  showScrubber();
  showPanel(view, { live, lost: connection.state === "lost" });
  rememberMoment(pictures.replayAt());
  showEmpty(view);
  showConnection();
}

function showRun({ run, operator }) {
  if (!run) return;
  const [gateway, amiss] = operatorWords(operator);
  fill(byId("run"), JSON.stringify([run, operator]), () => [["Engine", run.engine], ["Policy", run.policy], ["Operator", gateway, amiss ? "amiss" : "", amiss], ["Seed", run.seed, "extra"], ["Time", `${run.time_scale} × life`, "extra"], ["Version", run.version, "extra"]]
    .filter(([, v]) => v).map(([k, v, extra, title]) => h("div", { class: extra ?? "", title: title ?? "" }, h("dt", {}, k), h("dd", {}, String(v)))));
  const list = run.simulated ?? [];
  byId("simulated").hidden = list.length === 0;
  byId("simulated").title = `Simulated here: ${list.join(", ")}`;
  fill(byId("simulated"), list.join(), () => [h("b", {}, "Simulated: "), list.join(", ")]);
  document.title = `Fedge: ${run.engine}, seed ${run.seed}`;
}

function showSites(view) {
  const { kind, id: open } = route();
  const kinds = new Set(Object.values(view.cells).map((c) => c.kind));
  const flows = served(view).length > 0;
  const full = fullCells(view).length > 0;
  fill(byId("legend"), `${[...kinds].sort().join()}|${flows}|${full}`, () => [["nr", "5G NR", ""], ["nsa", "5G NSA", "7 2.5"], ["lte", "LTE", "4.4 2.5"], ["wifi", "Wi-Fi", "1.5 2.5"]].filter(([k]) => kinds.has(k)).map(([, name, dash]) => h("span", {}, ring(dash), name)).concat(h("span", {}, h("i", { class: "tick-key" }), "place of a move")).concat(flows ? [h("span", {}, h("i", { class: "flow-key" }), "quality on demand")] : [], full ? [h("span", { class: "full-key" }, ring("6 2 1 2"), "full cell")] : []));
  keyed(byId("site-strip"), Object.entries(view.sites), ([id]) => id, ([id]) => h("a", { href: href("site", id), data_testid: `site-${id}` }), (el, [id, site]) => {
    fill(el, `${site.name}|${site.sessions}|${site.capacity}|${site.state}`, () => [glyph(id, 13), h("b", {}, site.name), h("span", {}, `${site.sessions} / ${site.capacity}`), site.state === "ready" ? null : h("em", {}, site.state)]);
    el.dataset.state = site.state;
    el.setAttribute("aria-current", String(kind === "site" && open === id));
    el.setAttribute("aria-label", `${site.name}, ${site.state}, ${site.sessions} of ${site.capacity} sessions`);
  });
}

function ring(dash) {
  const NS = "http://www.w3.org/2000/svg";
  const el = document.createElementNS(NS, "svg");
  for (const [k, v] of Object.entries({ width: 14, height: 14, viewBox: "-7 -7 14 14", "aria-hidden": "true" })) el.setAttribute(k, v);
  const circle = document.createElementNS(NS, "circle");
  for (const [k, v] of Object.entries({ r: 5.5, fill: "none", stroke: "currentColor", "stroke-width": 1.4, "stroke-dasharray": dash || "none" })) circle.setAttribute(k, v);
  el.append(circle);
  return el;
}

function showEmpty(view) {
  const sites = Object.keys(view.sites).length;
  const players = Object.keys(view.ues).length;
  const text = sites === 0 ? "sites" : players === 0 ? "players" : "";
  fill(byId("map-empty"), text, () => (text === "sites" ? [h("b", {}, "No site has reported yet"), h("span", {}, "Sites appear here when their agents connect.")]
    : text === "players" ? [h("b", {}, "No player has joined yet"), h("span", {}, plural(sites, "site"), " ready to serve. Start players with ", h("code", {}, "fedge demo"))] : []));
}

function showConnection() {
  const { state, since_ms, retry_at_ms, error } = connection;
  const view = pictures.liveView();
  const asks = state !== "live" && ["UNAUTHENTICATED", "PERMISSION_DENIED"].includes(error?.code);
  setText(byId("connection").querySelector("span"), asks ? "Token wanted" : state === "lost" ? "Platform lost" : state === "starting" ? "Starting" : pictures.isLive() ? "Live" : "Replay");
  const banner = byId("banner");
  banner.hidden = state !== "lost" && !asks;
  if (asks) fill(banner, `asks|${token()}|${view?.at_ms}`, () => askWho(view));
  else if (state === "lost") {
    const at = new Date(since_ms).toLocaleTimeString([], { hourCycle: "h23" });
    fill(banner, `${since_ms}|${view?.at_ms}`, () => [h("b", {}, `Platform lost since ${at}`), h("span", {}, `Nothing is live: this is the last picture, ${clock(view?.at_ms ?? 0)} of the run.`), h("span", { class: "wait" }), h("button", { type: "button", onclick: () => stream.retryNow() }, "Try now")]);
    const left = Math.max(0, retry_at_ms - Date.now());
    setText(banner.querySelector(".wait"), `${lasting(Date.now() - since_ms)} ago, ${left > 300 ? `trying again in ${lasting(Math.max(1000, left))}` : "trying now"}`);
  }
  if (state === "starting") {
    showNoFeed();
    fill(byId("map-empty"), `starting|${error?.code}|${error?.message}`, () => [h("b", {}, asks ? "The platform asks who you are" : error ? "The platform is not ready" : "Waiting for the platform"), h("span", { class: "pulse", aria_hidden: "true" }),
      h("span", {}, error ? `${sentenceCase(error.message)} (${error.code}). The page keeps trying.` : "The first picture comes when the control plane answers.")]);
  }
}

/** From the first tenant on reads need a token: the operator's, or a tenant's, which sees its own. */
function askWho(view) {
  const input = h("input", { type: "password", autocomplete: "off", spellcheck: "false", aria_label: "Token", data_testid: "who-token" });
  const submit = (event) => {
    event.preventDefault();
    keepToken(input.value.trim());
    stream.retryNow();
  };
  return [h("b", {}, "The platform asks who you are"),
    h("span", {}, `${token() ? "It does not know the token of this tab" : "It keeps tenants apart, so that reading needs a token"}${view ? `; this is the last picture, ${clock(view.at_ms)} of the run` : ""}. The operator's token is in the file that fedge up names; a tenant's sees its own.`),
    h("form", { onsubmit: submit }, input, h("button", { type: "submit" }, "Use this token"))];
}

setInterval(() => connection.state !== "live" && showConnection(), 500);

let opened = "overview/null";
let opener = null; // who had the keyboard's focus before the first panel
function openRoute(next, byPerson) {
  if (next.at_ms !== null && byPerson) wantedMoment = next.at_ms;
  const key = `${next.kind}/${next.id}`;
  if (opened === "overview/null") opener = document.activeElement;
  if (key !== opened) openPanel(next);
  opened = key;
  lastSlow = 0;
  dirty = true;
  if (byPerson && next.kind !== "overview" && document.activeElement !== byId("map")) focusPanel();
  else if (byPerson && next.kind === "overview" && (document.activeElement === document.body || byId("panel").contains(document.activeElement))) opener?.focus({ preventScroll: true });
}
onRoute((next) => openRoute(next, true));
openRoute(route(), false);

onTheme(() => { lastSlow = 0; dirty = true; });
addEventListener("resize", () => { lastSlow = 0; dirty = true; });
addEventListener("keydown", (e) => {
  if (e.target.closest?.("input, textarea, dialog") || e.ctrlKey || e.metaKey || e.altKey) return;
  if (e.key === "Escape") go("overview");
  else if (e.key === "l") goLive();
  else if (e.key === " " && !e.target.closest("button, a")) { pictures.play(!pictures.isPlaying()); e.preventDefault(); }
});
byId("skip").addEventListener("click", (e) => { e.preventDefault(); byId("move-feed").focus(); });
requestAnimationFrame(frame);
