// The scrubber: replays the last minutes from the pictures that the page kept, and always says when it does.
// Neighbours: pictures.js, router.js (?at=). The track shows each kept move as a tick.

import { context2d, setText } from "./dom.js";
import { onTheme, siteColour, theme } from "./palette.js";
import * as pictures from "./pictures.js";
import { clock, endOf, known, lasting, startOf } from "./words.js";

const input = document.getElementById("scrub");
const output = document.getElementById("scrub-at");
const playButton = document.getElementById("play");
const liveButton = document.getElementById("live");
const mark = document.getElementById("replay-mark");
const track = document.getElementById("track");
let lost = false;
let notKept = { text: "", until: 0 };

input.addEventListener("input", () => {
  const { from_ms, to_ms } = pictures.span();
  const share = Number(input.value) / 1000;
  pictures.play(false);
  pictures.seek(share >= 1 && !lost ? null : from_ms + (to_ms - from_ms) * share);
  if (share < 1) pictures.play(false);
  showScrubber();
});
playButton.addEventListener("click", () => { pictures.play(!pictures.isPlaying()); showScrubber(); });
liveButton.addEventListener("click", () => { goLive(); });
onTheme(() => showScrubber());

export function goLive() {
  pictures.seek(null);
  pictures.play(true);
  showScrubber();
}

/** An address named a moment of which this page has no picture: say so for a while, and show what is live. */
export function sayNotKept(at_ms) {
  notKept = { text: `No picture of ${clock(at_ms)} is kept here; this is live`, until: performance.now() + 6000 };
}

/** After the platform was lost there is no live picture: the newest kept one is called the last one. */
export function setLost(value) {
  lost = value;
  showScrubber();
}

export function showScrubber() {
  const { from_ms, to_ms } = pictures.span();
  const live = pictures.isLive();
  const at_ms = pictures.replayAt() ?? to_ms;
  const share = to_ms > from_ms ? (at_ms - from_ms) / (to_ms - from_ms) : 1;
  if (document.activeElement !== input || live) input.value = String(Math.round(share * 1000));
  document.body.dataset.mode = live ? "live" : "replay";
  setText(playButton, pictures.isPlaying() ? "Pause" : "Play");
  playButton.setAttribute("aria-label", pictures.isPlaying() ? "Pause" : "Play from here");
  setText(liveButton, lost ? "Last" : "Live");
  liveButton.setAttribute("aria-pressed", String(live));
  const behind = to_ms - at_ms;
  setText(output, live ? `${clock(to_ms)} of the run` : `${clock(at_ms)}, ${lasting(behind)} ago`);
  input.setAttribute("aria-valuetext", live ? `${lost ? "last picture" : "live"}, ${clock(to_ms)}` : `replay of ${clock(at_ms)}`);
  const excuse = live && performance.now() < notKept.until;
  mark.hidden = live && !excuse;
  if (excuse) setText(mark, notKept.text);
  if (!live) setText(mark, `Replay of ${clock(at_ms)}, not live`);
  drawTrack(from_ms, to_ms, share);
}

function drawTrack(from_ms, to_ms, share) {
  const box = context2d(track);
  const view = pictures.liveView();
  if (!box) return;
  const { g, width, height } = box;
  const c = theme();
  const y = Math.round(height / 2);
  g.clearRect(0, 0, width, height);
  g.fillStyle = c.line_strong;
  g.fillRect(0, y - 1, width, 2);
  g.fillStyle = c.soft;
  g.fillRect(0, y - 1, width * share, 2);
  if (!view || to_ms <= from_ms) return;
  const X = (at) => ((at - from_ms) / (to_ms - from_ms)) * width;
  for (const move of Object.values(view.moves)) {
    const x = X(startOf(move));
    if (x < 0) continue;
    g.fillStyle = move.outcome === "aborted" ? c.bad : siteColour(move.to);
    g.fillRect(x, y - 7, Math.max(1.75, X(endOf(move, view.at_ms)) - x), 5);
  }
  for (const site of Object.values(view.sites)) {
    if (!known(site.lost_at_ms) || X(site.lost_at_ms) < 0) continue;
    g.fillStyle = c.bad;
    g.fillRect(X(site.lost_at_ms), y - 10, 2, 20);
  }
}
