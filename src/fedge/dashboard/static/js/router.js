// Every view has an address in the hash: #/, #/player/<id>, #/site/<id>, #/link/<id>, #/move/<id>, #/quality/all, each with ?at=<ms> in a replay.
// Neighbours: main.js reacts to the route; panels and the feed make links with `href`.

const KINDS = new Set(["player", "site", "link", "move", "quality"]);
const listeners = new Set();

/** The hash as {kind, id, at_ms}; kind "overview" when it names nothing known. */
export function parse(hash) {
  const [path, query = ""] = hash.replace(/^#\/?/, "").split("?");
  const [kind, ...rest] = path.split("/");
  const at = new URLSearchParams(query).get("at");
  const at_ms = at !== null && at !== "" && Number.isFinite(Number(at)) ? Number(at) : null;
  let id = rest.join("/");
  try { id = decodeURIComponent(id); } catch { /* a malformed escape stays as it is */ }
  return KINDS.has(kind) && id ? { kind, id, at_ms } : { kind: "overview", id: null, at_ms };
}

export const href = (kind, id) => (kind === "overview" ? "#/" : `#/${kind}/${encodeURIComponent(id)}`);
export const route = () => parse(location.hash);
export const go = (kind, id) => { location.hash = href(kind, id); };
export const onRoute = (listener) => listeners.add(listener);

/** Writes the replayed moment into the address without a new history entry. */
export function rememberMoment(at_ms) {
  const { kind, id } = route();
  const hash = href(kind, id) + (at_ms === null ? "" : `?at=${Math.round(at_ms)}`);
  if (hash !== location.hash) history.replaceState(null, "", hash);
}

addEventListener("hashchange", () => { for (const listener of listeners) listener(route()); });
