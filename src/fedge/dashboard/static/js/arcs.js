// Moves on the map: an arc from the old site to the new one over the move's real duration, slowed by a printed factor; then a tick.
// Neighbours: map.js calls it each frame; words.js knows the steps. Wall times are performance.now() ms, move times ms of the run.

import { siteColour, theme } from "./palette.js";
import { words } from "./map_live.js";
import { endOf, startOf, stepsOf } from "./words.js";

const FRESH_MS = 3000; // moves older than this when first seen are history, not news
const AIM_MS = 2600; // about how long an arc should last on the screen
const FACTORS = [1, 2, 5, 10, 20, 50];
const LINGER_MS = 1400;
const TICK_MS = 90000;
const WORD_FOR = { PLANNED: "planned", WARMING: "warming", COPYING: "copying", FROZEN: "frozen", ACTIVATED: "activated", STEERED: "steered", CONFIRMED: "confirmed", RELEASED: "released" };

export class Arcs {
  constructor() {
    this.forget();
    this.slow = 10;
  }

  forget() {
    this.seen = new Set();
    this.running = new Map(); // move id → {from_ms (wall), slow}
    this.ticks = new Map(); // move id → {x, y (m), at_ms, site, aborted}
    this.drawn = 0;
  }

  /** Looks for new moves in a picture; `placeOf(session)` is the player's place in m. `jumped` after a seek: nothing is news. */
  look(view, placeOf, now, jumped) {
    for (const [id, move] of Object.entries(view.moves)) {
      const start = startOf(move);
      const age = view.at_ms - start;
      if (!this.seen.has(id) && Number.isFinite(start)) { // before its first step a move has nowhere to begin
        this.seen.add(id);
        if (age < FRESH_MS && !jumped) this.running.set(id, { from_ms: now, slow: this.slow });
      }
      if (!this.ticks.has(id) && age < 20000 && (move.steps.ACTIVATED || move.outcome === "aborted")) {
        const place = placeOf(move.session);
        if (place) this.ticks.set(id, { ...place, at_ms: endOf(move, view.at_ms), site: move.to, aborted: move.outcome === "aborted" });
      }
    }
    for (const id of this.ticks.keys()) if (this.ticks.size > 400) this.ticks.delete(id);
    if (jumped) this.running.clear();
    this.#chooseFactor(view);
  }

  #chooseFactor(view) {
    const lengths = Object.values(view.moves).filter((m) => m.outcome === "released").slice(-20).map((m) => endOf(m, 0) - startOf(m)).sort((a, b) => a - b);
    if (lengths.length === 0 || this.running.size > 0) return; // never changes under a running arc
    const median = Math.max(1, lengths[lengths.length >> 1]);
    this.slow = FACTORS.reduce((best, f) => (Math.abs(Math.log(f * median / AIM_MS)) < Math.abs(Math.log(best * median / AIM_MS)) ? f : best));
  }

  drawTicks(g, p, view, selected) {
    const c = theme();
    for (const [id, tick] of this.ticks) {
      const age = view.at_ms - tick.at_ms;
      const chosen = selected.kind === "move" && selected.id === id;
      if (!chosen && (age > TICK_MS || age < -500)) continue;
      const x = p.x(tick.x);
      const y = p.y(tick.y);
      g.globalAlpha = chosen ? 1 : Math.max(0.15, 0.9 * (1 - age / TICK_MS));
      g.strokeStyle = tick.aborted ? c.bad : siteColour(tick.site);
      g.lineWidth = 2;
      g.beginPath();
      if (tick.aborted) {
        g.moveTo(x - 4, y - 4); g.lineTo(x + 4, y + 4); g.moveTo(x + 4, y - 4); g.lineTo(x - 4, y + 4);
      } else {
        g.moveTo(x, y - 5); g.lineTo(x, y + 5);
      }
      g.stroke();
    }
    g.globalAlpha = 1;
  }

  /** Draws the running arcs; `at_ms` is the run's clock now. Returns how many are on the screen. */
  draw(g, p, view, now, at_ms, selected) {
    let labels = 0;
    this.labels = [];
    this.drawn = 0;
    if (selected.kind === "move" && !this.running.has(selected.id) && view.moves[selected.id]) {
      this.#arc(g, p, view, view.moves[selected.id], 1, 0.9, null);
    }
    for (const [id, run] of this.running) {
      const move = view.moves[id];
      if (!move) { // an older picture is on the screen, or it was long ago
        if (now - run.from_ms > TICK_MS) this.running.delete(id);
        continue;
      }
      const length = Math.max(1, endOf(move, at_ms) - startOf(move));
      const told = (now - run.from_ms) / run.slow;
      const over = (told - length) * run.slow;
      if (move.outcome && over > LINGER_MS) { this.running.delete(id); continue; }
      const fraction = Math.min(move.outcome ? 1 : 0.97, told / length);
      const alpha = move.outcome && over > 0 ? 1 - over / LINGER_MS : 1;
      const step = stepsOf(move).filter((s) => s.at_ms - startOf(move) <= told).at(-1)?.step ?? "PLANNED";
      const word = move.outcome === "aborted" && fraction === 1 ? "aborted" : WORD_FOR[step];
      this.#arc(g, p, view, move, fraction, alpha, labels++ < 6 ? `${move.session} ${word}` : null);
      this.drawn++;
    }
    return this.drawn;
  }

  /** The words at the arcs' heads, above everything; one that would cover another is left out. */
  drawLabels(g) {
    const c = theme();
    const taken = [];
    for (const { label, x, y, alpha, left } of this.labels) {
      if (taken.some((t) => Math.abs(t.x - x) < 130 && Math.abs(t.y - y) < 14)) continue;
      taken.push({ x, y });
      g.globalAlpha = alpha;
      words(g, c, label, x + (left ? -10 : 10), y, left ? "right" : "left", c.text, 11.5, 600);
    }
    g.globalAlpha = 1;
  }

  #arc(g, p, view, move, fraction, alpha, label) {
    const from = view.sites[move.from];
    const to = view.sites[move.to];
    if (!from || !to) return;
    const c = theme();
    const a = { x: p.x(from.x_m), y: p.y(from.y_m) };
    const b = { x: p.x(to.x_m), y: p.y(to.y_m) };
    const dx = b.x - a.x;
    const dy = b.y - a.y;
    const bow = 0.24 * (dx >= 0 ? 1 : -1);
    const m = { x: (a.x + b.x) / 2 + dy * bow, y: (a.y + b.y) / 2 - dx * bow };
    const at = (t) => ({ x: (1 - t) ** 2 * a.x + 2 * (1 - t) * t * m.x + t * t * b.x, y: (1 - t) ** 2 * a.y + 2 * (1 - t) * t * m.y + t * t * b.y });
    g.lineCap = "round";
    g.globalAlpha = 0.45 * alpha;
    g.setLineDash([2, 5]);
    g.strokeStyle = c.soft;
    g.lineWidth = 1.25;
    g.beginPath();
    g.moveTo(a.x, a.y);
    g.quadraticCurveTo(m.x, m.y, b.x, b.y);
    g.stroke();
    g.setLineDash([]);
    const ink = g.createLinearGradient(a.x, a.y, b.x, b.y);
    ink.addColorStop(0, siteColour(move.from));
    ink.addColorStop(1, siteColour(move.to));
    g.strokeStyle = ink;
    g.lineWidth = 2.75;
    g.globalAlpha = alpha;
    g.beginPath();
    g.moveTo(a.x, a.y);
    const pieces = Math.max(2, Math.round(36 * fraction));
    for (let i = 1; i <= pieces; i++) {
      const q = at((fraction * i) / pieces);
      g.lineTo(q.x, q.y);
    }
    g.stroke();
    const head = at(fraction);
    g.fillStyle = c.text;
    g.beginPath();
    g.arc(head.x, head.y, 4, 0, Math.PI * 2);
    g.fill();
    if (move.outcome === "aborted" && fraction === 1) {
      g.strokeStyle = c.bad;
      g.lineWidth = 2.5;
      g.beginPath();
      g.moveTo(head.x - 7, head.y - 7); g.lineTo(head.x + 7, head.y + 7);
      g.moveTo(head.x + 7, head.y - 7); g.lineTo(head.x - 7, head.y + 7);
      g.stroke();
    }
    if (label) this.labels.push({ label, x: head.x, y: head.y - 12, alpha, left: head.x > p.width - 170 });
    g.globalAlpha = 1;
    g.lineCap = "butt";
  }
}
