// The connection to the platform: one whole view, then patches; says since when it was lost, and tries again.
// Neighbours: merge.js, pictures.js, token.js. Source: GET /api/v1/view and /api/v1/view/stream (Server-Sent Events, read by hand:
// an EventSource cannot say who asks).

import { mergePatch } from "./merge.js";
import { get } from "./token.js";

const SILENCE_MS = 4000; // the platform patches its clock several times a second: silence this long is a loss
const RETRY_MS = [500, 1000, 2000, 3000];

/** Connects and reports through `onView(view)` and `onConnection({state, since_ms, retry_at_ms, error})`; wall ms. */
export function connect({ onView, onConnection }) {
  let view = null;
  let following = null;
  let silence = 0;
  let retry = 0;
  let attempt = 0;
  let connection = { state: "starting", since_ms: Date.now(), retry_at_ms: null, error: null };
  const say = (change) => onConnection((connection = { ...connection, ...change }));

  const heard = () => {
    clearTimeout(silence);
    silence = setTimeout(() => lose({ code: "silent", message: `nothing heard for ${SILENCE_MS / 1000} s` }), SILENCE_MS);
  };

  function lose(error) {
    following?.abort();
    following = null;
    clearTimeout(silence);
    clearTimeout(retry);
    const wait_ms = RETRY_MS[Math.min(attempt++, RETRY_MS.length - 1)];
    const first = connection.state !== "lost";
    // Before the first picture there is nothing to lose: the page is still starting.
    say({ state: view ? "lost" : "starting", since_ms: first && view ? Date.now() : connection.since_ms, error,
      retry_at_ms: Date.now() + wait_ms });
    retry = setTimeout(open, wait_ms);
  }

  async function open() {
    clearTimeout(retry);
    try {
      const answer = await get("/api/v1/view", { signal: AbortSignal.timeout(SILENCE_MS) });
      if (!answer.ok) return lose(await problem(answer));
    } catch {
      return lose({ code: "unreachable", message: "the platform does not answer" });
    }
    following = new AbortController();
    heard();
    follow(following);
  }

  async function follow(mine) {
    try {
      const answer = await get("/api/v1/view/stream", { signal: mine.signal });
      if (!answer.ok) return mine === following && lose(await problem(answer));
      for await (const { event, data } of events(answer.body)) {
        if (mine !== following) return;
        if (event === "view") accept(JSON.parse(data));
        else if (event === "patch" && view) accept(mergePatch(view, JSON.parse(data)));
      }
    } catch {
      // aborted, or broken off: said below
    }
    if (mine === following) lose({ code: "closed", message: "the stream was closed" });
  }

  function accept(next) {
    heard();
    view = next;
    if (connection.state !== "live") {
      attempt = 0;
      say({ state: "live", since_ms: Date.now(), retry_at_ms: null, error: null });
    }
    onView(view);
  }

  say({});
  open();
  return { retryNow: () => connection.state !== "live" && open() };
}

/** Server-sent events as {event, data}; the platform sends one line of each. */
async function* events(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    text += value;
    const whole = text.split("\n\n");
    text = whole.pop();
    for (const one of whole) {
      const line = (name) => one.split("\n").find((each) => each.startsWith(`${name}: `))?.slice(name.length + 2);
      if (line("event") && line("data")) yield { event: line("event"), data: line("data") };
    }
  }
}

/** The platform's `{code, message}`, or the plain status when the answer is not that. */
export async function problem(answer) {
  try {
    const body = await answer.json();
    if (body.code) return { code: String(body.code), message: String(body.message ?? "") };
  } catch {
    // not JSON: the status is all there is
  }
  return { code: String(answer.status), message: answer.statusText || "the platform refused" };
}
