// The pictures the page kept, and which one is shown: the live one, or a past one while replaying.
// Neighbours: stream.js feeds it; everything that draws subscribes. Times are ms since the run's start.

const EVERY_MS = 500;
const KEEP_MS = 5 * 60 * 1000;

let live = null;
let kept = [];
let replayAt_ms = null;
let playing = true;
let restarted = false;
const listeners = new Set();

export const subscribe = (listener) => listeners.add(listener);
export const isLive = () => replayAt_ms === null;
export const isPlaying = () => playing;
export const liveView = () => live;
export const history = () => kept;
export const span = () => ({ from_ms: kept[0]?.at_ms ?? 0, to_ms: live?.at_ms ?? 0 });

/** The picture on the screen, or null before the first. */
export function shown() {
  return replayAt_ms === null ? live : pictureAt(replayAt_ms);
}

/** The last kept picture not younger than `at_ms`, or the oldest one. */
export function pictureAt(at_ms) {
  let low = 0;
  let high = kept.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (kept[middle].at_ms <= at_ms) low = middle;
    else high = middle - 1;
  }
  return kept[low] ?? live;
}

/** Takes the next live picture; a new run forgets the old one's pictures. */
export function receive(view) {
  restarted = live !== null && (view.run?.started_at_s !== live.run?.started_at_s || view.at_ms < live.at_ms - 1000);
  if (restarted) {
    kept = [];
    replayAt_ms = null;
    playing = true;
  }
  live = view;
  const last = kept[kept.length - 1];
  if (!last || view.at_ms - last.at_ms >= EVERY_MS) kept.push(view);
  while (kept.length && kept[0].at_ms < view.at_ms - KEEP_MS) kept.shift();
  if (replayAt_ms === null) tell();
}

/** Shows the picture at `at_ms`; null goes back to live. Returns false when that time was not kept. */
export function seek(at_ms) {
  const within = at_ms === null || (kept.length > 0 && at_ms >= kept[0].at_ms - EVERY_MS && at_ms <= live.at_ms);
  if (!within) return false;
  replayAt_ms = at_ms;
  playing = at_ms === null ? true : playing;
  tell();
  return true;
}

/** Plays or pauses; pausing a live picture starts a replay at its moment. */
export function play(wanted) {
  playing = wanted;
  if (!wanted && replayAt_ms === null && live) replayAt_ms = live.at_ms;
  tell();
}

/** Moves a playing replay on by `elapsed_ms`; at the end it becomes live again unless `stopAtEnd`. */
export function advance(elapsed_ms, stopAtEnd) {
  if (replayAt_ms === null || !playing || !live) return;
  const before = pictureAt(replayAt_ms);
  replayAt_ms += elapsed_ms;
  if (replayAt_ms >= live.at_ms) {
    if (stopAtEnd) {
      replayAt_ms = live.at_ms;
      playing = false;
    } else replayAt_ms = null;
    tell();
  } else if (pictureAt(replayAt_ms) !== before) tell();
}

export const replayAt = () => replayAt_ms;

function tell() {
  const view = shown();
  if (view) for (const listener of listeners) listener(view, { live: replayAt_ms === null, restarted });
  restarted = false;
}
