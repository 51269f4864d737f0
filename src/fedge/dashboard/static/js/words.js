// Everything the page says in words: units, times, one sentence a move. Pure functions, no DOM.
// Neighbours: feed.js, panel_*.js, map.js. Source: the move protocol's states.

export const STEPS = ["PLANNED", "WARMING", "COPYING", "FROZEN", "ACTIVATED", "STEERED", "CONFIRMED", "RELEASED"];

export const STEP_MEANING = {
  PLANNED: "written down; the source serves",
  WARMING: "target made ready; the source serves",
  COPYING: "state copied in rounds; the source serves",
  FROZEN: "final delta; nobody serves",
  ACTIVATED: "the target serves from here on",
  STEERED: "packets are sent to the target",
  CONFIRMED: "packets arrive there directly",
  RELEASED: "the source has let go",
};

const CAUSES = { handover: "handover", predicted: "predicted handover", core: "path change by the core", ordered: "ordered", drain: "site drain", rebalance: "rebalance" };
export const causeWords = (cause) => CAUSES[cause] ?? String(cause);

const KINDS = { nr: "5G NR", nsa: "5G NSA", lte: "LTE", wifi: "Wi-Fi" };
/** How the 5G operator's APIs stand: [in a word, what is amiss or ""]; nothing where there is no operator. */
export function operatorWords(operator) {
  if (!operator) return ["", ""];
  const apis = Object.entries(operator);
  const amiss = apis.filter(([, state]) => state !== "ready").map(([api, state]) => `${api}: ${state}`);
  return [amiss.length ? `${apis.length - amiss.length} of ${apis.length} APIs` : "connected", amiss.join("; ")];
}

export const kindWords = (kind) => KINDS[kind] ?? String(kind ?? "no access");

export const known = (value) => value !== null && value !== undefined && !Number.isNaN(value);

/** 3.14159 → "3.1"; finer below 10, whole above 100. */
export function number(value) {
  if (!known(value)) return "–";
  const size = Math.abs(value);
  return value.toFixed(size >= 99.95 ? 0 : size >= 0.095 || size === 0 ? 1 : 2);
}

/** An objective as it was written: 30, not 30.0. */
export const bound = (value) => (Number.isInteger(value) ? `${value} ms` : ms(value));

/** 38012 → "38,012". */
export const grouped = (count) => count.toLocaleString("en");

export const ms = (value) => (known(value) ? (value >= 10000 ? `${(value / 1000).toFixed(1)} s` : `${number(value)} ms`) : "not known");

const whole = (value) => (value < 10 ? ms(value) : `${Math.round(value)} ms`);

/** Bytes with binary units. */
export function bytes(value) {
  if (!known(value)) return "not known";
  if (value < 1024) return `${value} B`;
  if (value < 1024 * 1024) return `${Math.round(value / 1024)} KiB`;
  return `${(value / 1024 / 1024).toFixed(2)} MiB`;
}

/** ms since the run's start → "02:13". */
export function clock(at_ms) {
  const s = Math.max(0, Math.floor(at_ms / 1000));
  const pad = (n) => String(n).padStart(2, "0");
  return s >= 3600 ? `${Math.floor(s / 3600)}:${pad(Math.floor(s / 60) % 60)}:${pad(s % 60)}` : `${pad(Math.floor(s / 60))}:${pad(s % 60)}`;
}

/** A length of time for people: "12 s", "3 min 4 s". */
export function lasting(value_ms) {
  const s = Math.max(0, Math.round(value_ms / 1000));
  return s < 60 ? `${s} s` : `${Math.floor(s / 60)} min ${s % 60} s`;
}

/** A length of time that is still to come, in seconds: "9 min left", "20 days left". */
export const left = (seconds) => (seconds < 120 ? `${seconds} s left` : seconds < 7200 ? `${Math.round(seconds / 60)} min left`
  : seconds < 172800 ? `${Math.ceil(seconds / 3600)} h left` : `${Math.round(seconds / 86400)} days left`);

export const sentenceCase = (text) => text.charAt(0).toUpperCase() + text.slice(1);
export const plural = (n, word) => `${n} ${word}${n === 1 ? "" : "s"}`;
export const siteName = (view, site) => view.sites?.[site]?.name ?? site ?? "no site";

/** The steps a move has taken, in protocol order: [{step, at_ms}]. */
export function stepsOf(move) {
  return STEPS.filter((s) => known(move.steps?.[s])).map((step) => ({ step, at_ms: move.steps[step] }));
}

export const startOf = (move) => Math.min(...Object.values(move.steps ?? {}).filter(known), Infinity);
export const endOf = (move, at_ms) => (move.outcome && move.outcome !== "overdue" ? Math.max(...Object.values(move.steps ?? {}).filter(known)) : at_ms);

/** An interruption is told a second after the new site began. */
export const beingMeasured = (move, at_ms) => !known(move.silent_ms) && move.outcome !== "aborted" && known(move.steps.ACTIVATED) && at_ms - move.steps.ACTIVATED < 2500;

/** What happened, as pieces: text, {site}, {strong}, {verdict}; feed.js and the panels turn them into elements. */
export function sentence(move) {
  const parts = [];
  const facts = [];
  if (move.outcome === "aborted") {
    parts.push({ strong: move.session }, " ", { verdict: "stays" }, " at ", { site: move.from }, ": the move to ", { site: move.to }, ` was aborted while ${PHASE[lastStep(move)] ?? "it was prepared"}`);
    return parts;
  }
  parts.push({ strong: move.session }, " → ", { site: move.to });
  if (known(move.warmed_before_ms)) {
    const early = move.warmed_before_ms >= 0;
    facts.push(`warmed ${whole(Math.abs(move.warmed_before_ms))} ${early ? "before" : "after"} the handover`);
  }
  if (known(move.silent_ms)) facts.push(`silent for ${ms(move.silent_ms)}`);
  if (known(move.bytes_after_trigger) && known(move.silent_ms)) facts.push(`${bytes(move.bytes_after_trigger)} after the trigger`);
  if (move.outcome === "overdue") parts.push(": ", { verdict: "overdue" }, ", activated but not yet confirmed");
  else if (!move.outcome) parts.push(`: ${PHASE[move.state] ?? String(move.state).toLowerCase()}`);
  if (facts.length) parts.push((move.outcome ? (move.outcome === "overdue" ? "; " : ": ") : "; ") + facts.join(", "));
  return parts;
}

const PHASE = {
  PLANNED: "planned", WARMING: "warming an instance", COPYING: "copying state", FROZEN: "handing over",
  ACTIVATED: "served by the new site", STEERED: "steered, waiting for packets", CONFIRMED: "confirmed, releasing", RELEASED: "released",
};

const lastStep = (move) => stepsOf(move).at(-1)?.step ?? "PLANNED";

/** The sentence as plain text. */
export const sentenceText = (view, move) =>
  sentence(move).map((p) => (typeof p === "string" ? p : p.strong ?? p.verdict ?? siteName(view, p.site))).join("");
