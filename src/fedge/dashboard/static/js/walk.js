// Where a player's dot is drawn: it walks evenly from place to place, however seldom places come.

const LEAST_MS = 100; // pictures come at about 10 Hz
const MOST_MS = 1200; // places come once a second; who stood still for long sets off as fast as that

/** A dot at a place in m: `x`, `y` are where it is drawn now. */
export function dotAt(x, y, now) {
  return { x, y, from: { x, y }, to: { x, y }, since: now, takes: LEAST_MS };
}

/** The player is at another place: the dot gets there in the time that the last change of place is ago. */
export function walkTo(dot, x, y, now) {
  if (dot.to.x === x && dot.to.y === y) return;
  dot.takes = Math.max(LEAST_MS, Math.min(MOST_MS, now - dot.since));
  dot.from = { x: dot.x, y: dot.y };
  dot.to = { x, y };
  dot.since = now;
}

/** One animation frame. */
export function step(dot, now) {
  const share = Math.min(1, (now - dot.since) / dot.takes);
  dot.x = dot.from.x + (dot.to.x - dot.from.x) * share;
  dot.y = dot.from.y + (dot.to.y - dot.from.y) * share;
}
