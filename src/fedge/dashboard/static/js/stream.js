// The connection to the platform: one whole view, then patches; says since when it was lost, and tries again.
// Neighbours: merge.js, pictures.js. Source: GET /api/v1/view and /api/v1/view/stream (Server-Sent Events).

import { mergePatch } from "./merge.js";

const SILENCE_MS = 4000; // the platform patches its clock several times a second: silence this long is a loss
const RETRY_MS = [500, 1000, 2000, 3000];

/** Connects and reports through `onView(view)` and `onConnection({state, since_ms, retry_at_ms, error})`; wall ms. */
export function connect({ onView, onConnection }) {
  let view = null;
  let source = null;
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
    source?.close();
    source = null;
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
      const answer = await fetch("/api/v1/view", { cache: "no-store", signal: AbortSignal.timeout(SILENCE_MS) });
      if (!answer.ok) return lose(await problem(answer));
    } catch {
      return lose({ code: "unreachable", message: "the platform does not answer" });
    }
    source = new EventSource("/api/v1/view/stream");
    source.onerror = () => lose({ code: "closed", message: "the stream was closed" });
    source.addEventListener("view", (event) => accept(JSON.parse(event.data)));
    source.addEventListener("patch", (event) => view && accept(mergePatch(view, JSON.parse(event.data))));
    heard();
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
